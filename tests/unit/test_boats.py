"""The timetable of boats checks itself, and knows which network it belongs to."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from networks import from_edges

from evacroute.boats import Boats
from evacroute.errors import BoatError
from evacroute.network import Network
from evacroute.reports import LoadReport


def harbour() -> Network:
    """Ferries N0 to N1 and N1 to N2 (links L0, L1), and a street N0 to N2 (L2, back L2-r)."""
    return from_edges(
        [(0, 0), (300, 0), (600, 0)],
        [(0, 1), (1, 2), (0, 2)],
        kind=["ferry", "ferry", "calle"],
        one_way=(0, 1),
    )


def boats(**changes: Any) -> Boats:
    """Trip X over both ferries, trip Y over the second."""
    columns: dict[str, Any] = {
        "link": [0, 1, 1],
        "trip_id": ["X", "X", "Y"],
        "leave_s": [60.0, 200.0, 0.0],
        "arrive_s": [180.0, 300.0, 100.0],
        "seats": [210, 210, 50],
        "wheelchair_places": [4, 4, 0],
        "boarders": [120, 120, 50],
    }
    return Boats(**{**columns, **changes})


def test_arrays_are_typed_and_read_only() -> None:
    """Lists become read-only arrays of the documented types; without low bridges no tide bars."""
    made = boats()
    assert len(made) == 3
    assert made.link.dtype == made.seats.dtype == np.int32
    assert made.max_tide.tolist() == [np.inf] * 3
    with pytest.raises(ValueError, match="read-only"):
        made.leave_s[0] = 1.0
    assert made.before().tolist() == [-1, 0, -1]
    made.check(harbour())


def test_no_ride_is_a_timetable_too() -> None:
    """Boats may have no ride at all."""
    nothing = boats().take([])
    assert len(nothing) == 0
    nothing.check(harbour())


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"leave_s": [60.0, 200.0]}, r"leave_s: shape is \(2,\)"),
        ({"leave_s": [180.0, 200.0, 0.0]}, "ride 0 .*arrive_s is 180 s, expected more than"),
        ({"leave_s": [-1.0, 200.0, 0.0]}, "leave_s is -1 s, expected a number >= 0"),
        ({"arrive_s": [180.0, np.nan, 100.0]}, "arrive_s is nan s"),
        ({"seats": [3, 210, 50]}, "ride 0 .*wheelchair_places is 4, expected 0 to its 3 seats"),
        ({"seats": [1, 210, 50]}, "wheelchair_places is 4, expected 0 to its 1 seat$"),
        ({"seats": [210, 210, -1]}, "seats is -1 persons"),
        ({"boarders": [120, -2, 50]}, "boarders is -2 persons"),
        ({"link": [0, -1, 1]}, "link is -1"),
        ({"trip_id": ["X", " ", "Y"]}, "ride 1: trip_id is empty"),
        ({"max_tide": [1.0, np.nan, 1.0]}, "max_tide is nan m"),
        ({"leave_s": [60.0, 179.0, 0.0]}, "ride 1 .*not before its ride before .*arrives at 180 s"),
    ],
)
def test_faults_are_named(changes: dict[str, Any], message: str) -> None:
    """A ride that cannot be is refused by its number, its trip, the value and what is allowed."""
    with pytest.raises(BoatError, match=message):
        boats(**changes)


def test_all_faults_at_once() -> None:
    """Faults of several rides stand in one error."""
    with pytest.raises(BoatError, match=r"(?s)2 faults.*seats is -5.*boarders is -1"):
        boats(seats=[210, 210, -5], boarders=[-1, 0, 0], wheelchair_places=0 * np.arange(3))


def test_boats_must_fit_their_network() -> None:
    """Rides over streets or over no link, and trips that jump, are refused together."""
    with pytest.raises(BoatError, match=r"link L2 is of kind calle, expected ferry"):
        boats(link=[0, 1, 2]).check(harbour())
    with pytest.raises(BoatError, match=r"(?s)2 faults.*link is 9.*leaves from N0, expected N1"):
        boats(link=[0, 0, 9]).check(harbour())


def test_equals_compares_rides_not_reports() -> None:
    """Equal rides are equal whatever was reported; one number makes a difference."""
    assert boats().equals(replace(boats(), report=LoadReport("x")))
    assert not boats().equals(boats(seats=[210, 210, 51]))


def test_a_tide_bars_the_rest_of_a_trip() -> None:
    """A ride above whose tide the water stands is left out with all later rides of its trip."""
    made = boats(max_tide=[1.1, np.inf, np.inf])
    assert made.below(1.1).equals(made)
    assert made.below(1.2).trip_id.tolist() == ["Y"]
    assert made.below([1.0, 9.0, 9.0]).equals(made)


def test_joined_timetables_keep_all_rides() -> None:
    """Joined boats hold the rides and counts of all; a trip in two of them is refused."""
    first = replace(boats(), report=LoadReport("a", {"rides": 3}, notes=["one"]))
    second = replace(
        boats(trip_id=["P", "P", "Q"], max_tide=[1.0, 1.0, 1.0]),
        report=LoadReport("b", {"rides": 3}, set_aside={"stops": 2}),
    )
    joined = Boats.join(first, second)
    assert joined.trip_id.tolist() == ["X", "X", "Y", "P", "P", "Q"]
    assert joined.max_tide.tolist() == [np.inf] * 3 + [1.0] * 3
    assert joined.report is not None
    assert joined.report.counts == {"rides": 6}
    assert joined.report.set_aside == {"stops": 2}
    assert joined.report.notes == ["a: one"]
    with pytest.raises(BoatError, match="trip_id 'X' is in two timetables"):
        Boats.join(boats(), boats())
    with pytest.raises(BoatError, match="nothing to join"):
        Boats.join()


def test_frame_speaks_in_ids() -> None:
    """The table names links and nodes by their ids."""
    frame = boats().frame(harbour())
    assert frame["link_id"].tolist() == ["L0", "L1", "L1"]
    assert frame["from_node_id"].tolist() == ["N0", "N1", "N1"]
    assert frame["to_node_id"].tolist() == ["N1", "N2", "N2"]
