"""Boats: rides from stop to stop by timetable, each with seats, on links of kind ferry."""

from __future__ import annotations

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import BoatError, Faults
from evacroute.network import FERRY, KINDS, Network
from evacroute.reports import LoadReport


@dataclass(frozen=True, slots=True, eq=False)
class Boats:
    """Timetable of boats: one row a ride from one stop to the next, in parallel read-only arrays.

    A person waits at a stop for free, is aboard when the boat casts off, and is at the next stop
    when the ride has arrived; whoever rides on takes the next ride of the same trip.

    Parameters
    ----------
    link
        Position of a link of kind ferry in the network the boats belong to, from stop node to next
        stop node, shape (n_rides,).
    trip_id
        Which run of which boat, text; the same for its consecutive rides, which stand in the order
        in which they are made, shape (n_rides,).
    leave_s
        When the boat casts off, the last moment to be aboard [s after the alarm], >= 0,
        shape (n_rides,).
    arrive_s
        When people are ashore or can ride on [s after the alarm], > leave_s, shape (n_rides,).
    seats
        Persons the boat takes, shape (n_rides,).
    wheelchair_places
        Of them, for people who cannot use steps, in a wheelchair, shape (n_rides,).
    boarders
        Most who may step aboard at this stop for this ride, those who stay aboard from the ride
        before not counted [persons]: boarding rate x dwell, shape (n_rides,).
    max_tide
        The boat cannot make this ride at a higher tide, for a low bridge [m over the tide datum];
        inf where no bridge bars it (the default), shape (n_rides,).
    report
        What the loader counted and warned of.

    Raises
    ------
    BoatError
        If arrays differ in length, a ride does not arrive after it has left, a number is out of its
        range, or a ride leaves before the same trip's ride before it has arrived (all faults
        together).

    Examples
    --------
    >>> import evacroute as er
    >>> network, boats = er.lagoon_boats(until="20 min")
    >>> boats
    Boats(68 rides, 18 trips)
    >>> len(boats.below(0.8)), bool((boats.arrive_s > boats.leave_s).all())
    (68, True)
    >>> boats.frame(network)[["trip_id", "leave_s", "seats"]].head(2)
                         trip_id  leave_s  seats
    0  1-out@2021-10-05T10:00:00      0.0    210
    1  1-out@2021-10-05T10:00:00    270.0    210
    """

    link: NDArray[np.int32]
    trip_id: NDArray[Any]
    leave_s: NDArray[np.float64]
    arrive_s: NDArray[np.float64]
    seats: NDArray[np.int32]
    wheelchair_places: NDArray[np.int32]
    boarders: NDArray[np.int32]
    max_tide: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    report: LoadReport | None = field(default=None)

    def __post_init__(self) -> None:
        if not np.size(self.max_tide):
            object.__setattr__(self, "max_tide", np.full(len(self.link), np.inf))
        columns: dict[str, Any] = {
            "link": np.int32,
            "trip_id": object,
            "leave_s": np.float64,
            "arrive_s": np.float64,
            "seats": np.int32,
            "wheelchair_places": np.int32,
            "boarders": np.int32,
            "max_tide": np.float64,
        }
        freeze(self, columns, len(self.link), BoatError)
        _check(self)

    def __len__(self) -> int:
        return len(self.link)

    def __repr__(self) -> str:
        return f"Boats({len(self)} rides, {len(set(self.trip_id.tolist()))} trips)"

    def equals(self, other: object) -> bool:
        """Whether the other holds equal rides (the report is not compared).

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than boats.
        """
        return equal_arrays(self, other, skip=("report",))

    def before(self) -> NDArray[np.int32]:
        """Row of the same trip's ride before each ride, -1 for the first; shape (n_rides,).

        Returns
        -------
        ndarray of int32
            Positions in these boats.
        """
        last: dict[Any, int] = {}
        rows = np.full(len(self), -1, dtype=np.int32)
        for i, trip in enumerate(self.trip_id.tolist()):
            rows[i] = last.get(trip, -1)
            last[trip] = i
        return rows

    def slots(self, step: float) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Lay the rides on a time grid.

        One is aboard at the last whole step before the boat casts off, and ashore at the first
        after it has arrived; but whoever stays aboard is not put off by rounding: where the trip's
        next ride casts off before that step, one is ashore at the last step before it.

        Parameters
        ----------
        step
            Length of a slot [s].

        Returns
        -------
        tuple
            Slots in which one is aboard and ashore, at least one apart, shape (n_rides,) each.
        """
        aboard = np.floor(self.leave_s / step + 1e-9).astype(np.int64)
        ashore = np.ceil(self.arrive_s / step - 1e-9).astype(np.int64)
        before = self.before()
        later = np.flatnonzero(before >= 0)
        ashore[before[later]] = np.minimum(ashore[before[later]], aboard[later])
        return aboard, np.maximum(ashore, aboard + 1)

    def check(self, network: Network) -> None:
        """Check that the boats belong to a network.

        Parameters
        ----------
        network
            The streets and ferry links.

        Raises
        ------
        BoatError
            If a link is not in the network or not of kind ferry, or a ride leaves from another node
            than that where the same trip's ride before it arrived (all faults together).
        """
        faults = Faults("boats")
        there = (self.link >= 0) & (self.link < network.n_links)
        for i in np.flatnonzero(~there).tolist():
            faults.add(
                f"{_called(self, i)}: link is {self.link[i]}, expected a link position "
                f"0..{network.n_links - 1}"
            )
        safe = np.where(there, self.link, 0)
        for i in np.flatnonzero(there & (network.kind[safe] != FERRY)).tolist():
            link = safe[i]
            faults.add(
                f"{_called(self, i)}: link {network.link_id[link]} is of kind "
                f"{KINDS[network.kind[link]]}, expected ferry"
            )
        before = self.before()
        came = network.to_node[safe[before]]
        goes = network.from_node[safe]
        for i in np.flatnonzero((before >= 0) & there & there[before] & (came != goes)).tolist():
            faults.add(
                f"{_called(self, i)}: leaves from {network.node_id[goes[i]]}, expected "
                f"{network.node_id[came[i]]}, where its ride before (row {before[i]}) arrived"
            )
        faults.raise_if_any(BoatError)

    def take(self, rows: ArrayLike) -> Boats:
        """Pick rides, by position or by True, in the order given; the report goes along.

        Parameters
        ----------
        rows
            Positions, or one truth value a ride.

        Returns
        -------
        Boats
            Those rides.
        """
        picked = np.asarray(rows)
        if not picked.size:
            picked = picked.astype(np.int64)
        arrays = {f.name: getattr(self, f.name)[picked] for f in fields(self)[:-1]}
        return Boats(**arrays, report=self.report)

    def below(self, tide: ArrayLike) -> Boats:
        """Leave out rides that a tide bars, and the rest of their trips, whose boat is stuck.

        Parameters
        ----------
        tide
            Water level [m over the tide datum]: one number, or one for each ride at its time.

        Returns
        -------
        Boats
            Those that remain.
        """
        return self.take(~self.barred(tide))

    def barred(self, tide: ArrayLike) -> NDArray[np.bool_]:
        """Find the rides that `below` leaves out, shape (n_rides,).

        Parameters
        ----------
        tide
            Water level [m over the tide datum]: one number, or one for each ride at its time.

        Returns
        -------
        ndarray of bool
            True where a ride is left out.
        """
        out = np.broadcast_to(np.asarray(tide, dtype=np.float64), (len(self),)) > self.max_tide
        for i, before in enumerate(self.before().tolist()):
            out[i] |= before >= 0 and out[before]
        return out

    def frame(self, network: Network) -> pd.DataFrame:
        """List the rides, one row each, with ids.

        Parameters
        ----------
        network
            The network that the boats belong to.

        Returns
        -------
        DataFrame
            link_id, trip_id, from_node_id, to_node_id, leave_s, arrive_s, seats, wheelchair_places,
            boarders, max_tide.
        """
        return pd.DataFrame(
            {
                "link_id": network.link_id[self.link],
                "trip_id": self.trip_id,
                "from_node_id": network.node_id[network.from_node[self.link]],
                "to_node_id": network.node_id[network.to_node[self.link]],
                "leave_s": self.leave_s,
                "arrive_s": self.arrive_s,
                "seats": self.seats,
                "wheelchair_places": self.wheelchair_places,
                "boarders": self.boarders,
                "max_tide": self.max_tide,
            }
        )

    @staticmethod
    def join(*boats: Boats) -> Boats:
        """Put boats of one network together; trips of the same id in two of them are a fault.

        Where a second timetable was read into the network that the first one returned, the links of
        the first keep their positions, so both belong to the second network.

        Parameters
        ----------
        *boats
            Timetables of one network.

        Returns
        -------
        Boats
            All their rides, in the order given.

        Raises
        ------
        BoatError
            If nothing is given, or a trip_id is in two timetables.
        """
        if not boats:
            raise BoatError("boats: there is nothing to join, expected one timetable or more")
        faults = Faults("boats")
        seen: set[Any] = set()
        for one in boats:
            mine = set(one.trip_id.tolist())
            for trip in sorted(map(str, mine & seen)):
                faults.add(f"trip_id {trip!r} is in two timetables, expected unique ids")
            seen |= mine
        faults.raise_if_any(BoatError)
        names = [f.name for f in fields(Boats)[:-1]]
        arrays = {name: np.concatenate([getattr(b, name) for b in boats]) for name in names}
        reports = [b.report for b in boats if b.report is not None]
        return Boats(**arrays, report=_joined(reports) if reports else None)


def _joined(reports: list[LoadReport]) -> LoadReport:
    """One report of several: numbers are added, notes follow each other."""
    if len(reports) == 1:
        return reports[0]
    joined = LoadReport(" + ".join(report.source for report in reports))
    for report in reports:
        for label, number in report.counts.items():
            joined.counts[label] = joined.counts.get(label, 0) + number
        for mine, theirs in (
            (joined.repaired, report.repaired),
            (joined.set_aside, report.set_aside),
        ):
            for label, count in theirs.items():
                mine[label] = mine.get(label, 0) + count
        joined.notes += [f"{report.source}: {note}" for note in report.notes]
    return joined


def seats_text(n: float) -> str:
    """Write a number of seats.

    Examples
    --------
    >>> seats_text(1), seats_text(12.0)
    ('1 seat', '12 seats')
    """
    return f"{n:g} seat" if n == 1 else f"{n:g} seats"


def _called(boats: Boats, row: int) -> str:
    return f"ride {row} (trip {boats.trip_id[row]})"


def _check(boats: Boats) -> None:
    faults = Faults("boats")
    leave, arrive = boats.leave_s, boats.arrive_s
    for i in np.flatnonzero(boats.link < 0).tolist():
        faults.add(f"{_called(boats, i)}: link is {boats.link[i]}, expected a position >= 0")
    for i in np.flatnonzero([not str(trip).strip() for trip in boats.trip_id]).tolist():
        faults.add(f"ride {i}: trip_id is empty, expected an id")
    for i in np.flatnonzero(~(np.isfinite(leave) & (leave >= 0))).tolist():
        faults.add(f"{_called(boats, i)}: leave_s is {leave[i]:g} s, expected a number >= 0")
    for i in np.flatnonzero(~np.isfinite(arrive)).tolist():
        faults.add(f"{_called(boats, i)}: arrive_s is {arrive[i]:g} s, expected a number")
    for i in np.flatnonzero(np.isfinite(arrive) & (arrive <= leave)).tolist():
        faults.add(
            f"{_called(boats, i)}: arrive_s is {arrive[i]:g} s, expected more than its leave_s of "
            f"{leave[i]:g} s"
        )
    for i in np.flatnonzero(boats.seats < 0).tolist():
        faults.add(f"{_called(boats, i)}: seats is {boats.seats[i]} persons, expected >= 0")
    places = boats.wheelchair_places
    wrong = (places < 0) | (places > np.maximum(boats.seats, 0))
    for i in np.flatnonzero(wrong).tolist():
        faults.add(
            f"{_called(boats, i)}: wheelchair_places is {places[i]}, expected 0 to its "
            f"{seats_text(boats.seats[i])}"
        )
    for i in np.flatnonzero(boats.boarders < 0).tolist():
        faults.add(f"{_called(boats, i)}: boarders is {boats.boarders[i]} persons, expected >= 0")
    for i in np.flatnonzero(np.isnan(boats.max_tide)).tolist():
        faults.add(f"{_called(boats, i)}: max_tide is nan m, expected a level, or inf for none")
    before = boats.before()
    early = (before >= 0) & (leave < arrive[before]) if len(boats) else np.zeros(0, dtype=bool)
    for i in np.flatnonzero(early).tolist():
        faults.add(
            f"{_called(boats, i)}: leave_s is {leave[i]:g} s, expected not before its ride before "
            f"(row {before[i]}) arrives at {arrive[before[i]]:g} s"
        )
    faults.raise_if_any(BoatError)
