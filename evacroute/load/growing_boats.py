"""Gather stops, ferry links and rides into a network and its boats."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evacroute.boats import Boats
from evacroute.load.ferry_ways import FerryWays
from evacroute.load.growing import Growth, line_length
from evacroute.load.landings import GANGWAY_WIDTH, Landings, add_landing
from evacroute.load.mending import note
from evacroute.load.vessels import Vessel
from evacroute.network import Network
from evacroute.reports import LoadReport

BOARDING_RATE = 2.0
"""Persons who step aboard a second [person/s], assumed."""

DWELL = 60.0
"""How long a boat lies at a stop where its timetable does not say [s], assumed."""

Line = NDArray[np.float64]


@dataclass
class GrowingBoats:
    """A network that grows by stops and ferry links, and the rides on these.

    Parameters
    ----------
    network
        The streets.
    boarding_rate
        Capacity of gangways and, since a ferry link must have one, of ferry links [person/s].
    dwell
        For what is assumed of boats.
    ways
        Ferry ways of the map, which give lines.
    """

    network: Network
    boarding_rate: float
    dwell: float
    ways: FerryWays
    _growth: Growth = field(init=False)
    _stops: dict[str, int] = field(default_factory=dict)
    _ferries: dict[tuple[int, int], int] = field(default_factory=dict)
    _names: dict[int, str] = field(default_factory=dict)
    _rides: list[tuple[int, str, float, float, int, int, int, float]] = field(default_factory=list)
    _drawn: dict[str, int] = field(default_factory=dict)
    _assumed: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self._growth = Growth(self.network)

    def __len__(self) -> int:
        return len(self._rides)

    def landing(
        self,
        name: str,
        title: str,
        lon: float,
        lat: float,
        landings: Landings,
        which: int,
        wheelchair: int = 0,
    ) -> int:
        """Node of a stop; it and its gangway are added when it is first asked for."""
        if name not in self._stops:
            self._stops[name] = add_landing(
                self._growth, landings, which, name=name, title=title, lon=float(lon),
                lat=float(lat), boarding_rate=self.boarding_rate, wheelchair=wheelchair,
            )  # fmt: skip
            self._names[self._stops[name]] = name
        return self._stops[name]

    def ferry(
        self,
        start: int,
        end: int,
        title: str,
        places: Line | None = None,
        pieces: Sequence[Line | None] = (),
    ) -> int:
        """Ferry link from stop to stop; added, with its line, when it is first asked for.

        Parameters
        ----------
        start, end
            Nodes.
        title
            The line's name.
        places
            Longitude and latitude of the stops that the boat comes by, both ends among them
            [degrees], shape (n, 2); by default the two ends.
        pieces
            Line between each of these and the next where it is known.
        """
        if (start, end) in self._ferries:
            return self._ferries[start, end]
        if places is None:
            places = np.array([self._growth.place(start), self._growth.place(end)])
        known = list(pieces) or [None] * (len(places) - 1)
        parts: list[Line] = []
        source = "shapes"
        for a, b, piece in zip(places[:-1], places[1:], known, strict=True):
            if piece is None:
                piece = self.ways.line((float(a[0]), float(a[1])), (float(b[0]), float(b[1])))
                source = "straight" if piece is None else "ferry ways"
            parts.append(np.array([a, b]) if piece is None else piece)
        line = np.concatenate(parts)
        kept = line[np.r_[True, (np.diff(line, axis=0) != 0).any(axis=1)]]
        line = kept if len(kept) > 1 else line[[0, -1]]
        note(self._drawn, f"ferry links drawn {_DRAWN[source]}", 1)
        self._ferries[start, end] = self._growth.link(
            f"boat:{self._name(start)}>{self._name(end)}",
            start,
            end,
            line,
            kind="ferry",
            length=max(1.0, round(line_length(line, self.network.origin), 2)),
            width=GANGWAY_WIDTH,
            capacity=self.boarding_rate,
            title=title,
        )
        return self._ferries[start, end]

    def length(self, link: int) -> float:
        """Length of a ferry link that was added here [m]."""
        return self._growth.length(link)

    def ride(
        self,
        link: int,
        trip_id: str,
        leave: float,
        arrive: float,
        vessel: Vessel,
        boarders: int,
        max_tide: float = np.inf,
    ) -> None:
        """Add a ride; rides of one trip in the order in which they are made."""
        places = vessel.wheelchair_places
        self._rides.append((link, trip_id, leave, arrive, vessel.seats, places, boarders, max_tide))
        if vessel.assumed:
            self._assumed.add(trip_id)

    def finish(self, report: LoadReport) -> tuple[Network, Boats]:
        """Give the network and its boats, in the order in which trips begin; finish the report."""
        first: dict[str, float] = {}
        for ride in self._rides:
            first.setdefault(ride[1], ride[2])
        self._rides.sort(key=lambda ride: (first[ride[1]], ride[1], ride[2]))
        link, trip, leave, arrive, seats, places, boarders, tide = (
            list(column) for column in zip(*self._rides, strict=True)
        )
        report.counts |= {
            "stops joined to the streets": len(self._stops),
            "ferry links": len(self._ferries),
            **self._drawn,
            "boats (trips)": len(first),
            "rides": len(self._rides),
            "seats, all rides": sum(seats),
        }
        if self._assumed:
            report.counts["trips whose number of seats is assumed"] = len(self._assumed)
            report.notes.append(
                "numbers of seats are assumed by vessel (data/boats/vessels.csv); give seats or "
                "vessels where you know them"
            )
        barred = int(np.isfinite(tide).sum())
        if barred:
            report.counts["rides that a low bridge bars above some tide"] = barred
        grown = self._growth.grown()
        boats = Boats(
            link=np.array(link, dtype=np.int32),
            trip_id=np.array(trip, dtype=object),
            leave_s=np.array(leave, dtype=np.float64),
            arrive_s=np.array(arrive, dtype=np.float64),
            seats=np.array(seats, dtype=np.int32),
            wheelchair_places=np.array(places, dtype=np.int32),
            boarders=np.array(boarders, dtype=np.int32),
            max_tide=np.array(tide, dtype=np.float64),
            report=report,
        )
        boats.check(grown)
        return grown, boats

    def _name(self, node: int) -> str:
        """Name of a stop, or id of a node of the network where boats land without one."""
        return self._names.get(node) or str(self.network.node_id[node])


_DRAWN = {
    "shapes": "along the feed's shapes",
    "ferry ways": "along ferry ways of the map",
    "straight": "straight, at least in part",
}
