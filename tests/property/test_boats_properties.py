"""Whatever the timetable, rides hang together and lie between the alarm and the horizon."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import pytest
from conftest import drawn
from gtfs_files import times, write_feed
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import corridor

from evacroute.errors import BoatError
from evacroute.load.boats_table import boats_table, read_boats_table
from evacroute.load.gtfs import read_boats

DAY = 86_400


def clock(seconds: int) -> str:
    return f"{seconds // 3600:02d}:{seconds // 60 % 60:02d}:{seconds % 60:02d}"


@st.composite
def timetables(draw):
    """Trips as (first departure, [(stop, ride, stay)...]), ride and stay in seconds."""
    trips = []
    for _ in range(draw(st.integers(1, 4))):
        start = draw(st.integers(0, 2 * DAY))
        count = draw(st.integers(2, 6))
        stops = draw(st.lists(st.sampled_from("ABC"), min_size=count, max_size=count))
        steps = draw(
            st.lists(
                st.tuples(st.integers(0, 1800), st.integers(0, 300)), min_size=count, max_size=count
            )
        )
        trips.append((start, list(zip(stops, steps, strict=True))))
    return trips


def naive_rides(trips, alarm, horizon):
    """Rides of trips with a time at every stop, on four service days, by going through all."""
    found = []
    for day in range(-3, 2):
        for start, stops in trips:
            at, here = day * DAY + start - alarm, stops[0][0]
            for stop, (ride, stay) in stops[1:]:
                leave, at = at, at + ride
                if stop != here and leave >= 0 and at <= horizon:
                    found.append((leave, at, here + stop))
                here = stop
                at += stay
    return sorted(found)


@settings(max_examples=drawn(60))
@given(
    trips=timetables(),
    alarm=st.integers(0, DAY - 1),
    horizon=st.integers(60, DAY),
)
def test_rides_hang_together(trips, alarm, horizon):
    """Rides are those of the timetable after the alarm, each trip's one after the other."""
    rows, plain = [], True
    for number, (start, stops) in enumerate(trips):
        at = start
        for i, (stop, (ride, stay)) in enumerate(stops):
            came = at if i == 0 else at + ride
            plain &= i == 0 or ride > 0
            at = came if i == 0 else came + stay
            rows.append(f"T{number},{clock(came)},{clock(at)},{stop},{i}")
    names = "\n".join(f"R1,daily,T{number}" for number in range(len(trips)))
    changes = {
        "stop_times.txt": times(*rows),
        "trips.txt": f"route_id,service_id,trip_id\n{names}\n",
        "agency.txt": None,
    }
    with tempfile.TemporaryDirectory() as folder:
        feed = write_feed(Path(folder) / "feed", changes)
        when = {"alarm": f"2021-10-05 {clock(alarm)}", "until": float(horizon)}
        if plain and not naive_rides(trips, alarm, horizon):
            with pytest.raises(BoatError, match="no boat rides"):
                read_boats(feed, corridor(), **when)
            return
        try:
            network, boats = read_boats(feed, corridor(), **when)
        except BoatError:
            # Trips that take no time, or none of whose rides are between alarm and horizon.
            assume(plain)
            raise
    boats.check(network)
    assert (boats.leave_s >= 0).all()
    assert (boats.arrive_s <= horizon).all()
    assert (boats.boarders <= boats.seats).all()
    before = boats.before()
    later = before >= 0
    assert (boats.leave_s[later] >= boats.arrive_s[before[later]]).all()
    if plain:
        names = [str(network.link_id[i])[5:].replace(">", "") for i in boats.link]
        rides = sorted(zip(boats.leave_s.tolist(), boats.arrive_s.tolist(), names, strict=True))
        assert rides == naive_rides(trips, alarm, horizon)
    assert read_boats_table(boats_table(boats, network), network).equals(boats)
    assert np.isfinite(boats.leave_s).all()
