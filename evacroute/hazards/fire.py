"""Fire: seats that grow by a law, or a fire whose extent over time is given."""

from __future__ import annotations

import csv
import math
from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from functools import lru_cache
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from evacroute._data_dir import data_path
from evacroute.errors import Faults, HazardError
from evacroute.hazards.ground import Polygons, Samples, sample
from evacroute.hazards.link_times import LinkTimes
from evacroute.hazards.raster_cells import DEGREES, cells_at
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.reports import LoadReport
from evacroute.units import seconds, to_metres

SPACING = 10.0
"""A link is in a zone if one of its points is; the points are no farther apart than this [m]."""

PARTS = 10
"""Speed factors are rounded down to tenths; smoke alone never closes."""


@lru_cache(maxsize=1)
def _figures() -> dict[str, float]:
    with data_path("fire", "fire.csv").open(encoding="utf-8", newline="") as file:
        return {row["quantity"]: float(row["value"]) for row in csv.DictReader(file)}


@dataclass(frozen=True, slots=True)
class FireLaw:
    """How a fire grows, and what its heat and smoke do; defaults in ``data/fire/fire.csv``.

    Parameters
    ----------
    rate
        Growth of the burnt radius [m/min], >= 0.
    heat_margin
        Heat closes streets this far beyond what burns [m].
    smoke_reach
        Smoke ends this far beyond the heat [m], downwind farther.
    extinction
        Extinction coefficient at the edge of the heat [1/m]; it falls to 0 in a straight line.
    max_radius
        The burnt radius grows no further than this [m]; it may be inf.
    burns
        A seat is a hazard for so long [s]; by default it does not go out.

    Examples
    --------
    >>> import evacroute as er
    >>> law = er.FireLaw(rate=2.0, burns=1800.0)
    >>> fire = er.Fire([er.lagoon_network().origin], law=law)
    >>> fire.law.rate
    2.0
    """

    rate: float = field(default_factory=lambda: _figures()["rate"])
    heat_margin: float = field(default_factory=lambda: _figures()["heat_margin"])
    smoke_reach: float = field(default_factory=lambda: _figures()["smoke_reach"])
    extinction: float = field(default_factory=lambda: _figures()["extinction"])
    max_radius: float = math.inf
    burns: float = math.inf

    def __post_init__(self) -> None:
        faults = Faults("fire law")
        for one in fields(self):
            value = getattr(self, one.name)
            endless = one.name in ("max_radius", "burns")
            if not value >= 0 or (math.isinf(value) and not endless):
                faults.add(f"{one.name} is {value}, expected a number >= 0")
        faults.raise_if_any(HazardError)


@dataclass(frozen=True, slots=True)
class Seat:
    """Where a fire begins.

    Parameters
    ----------
    lon, lat
        The place [degrees].
    start
        When [s after the alarm]; below 0 it burns already.
    law
        Its own law; None = that of the fire.
    """

    lon: float
    lat: float
    start: float = 0.0
    law: FireLaw | None = None


@dataclass(frozen=True, slots=True)
class Zone:
    """An area that is hot or full of smoke for a while.

    Parameters
    ----------
    area
        Where.
    from_s, to_s
        When [s after the alarm]; to_s may be inf.
    kind
        "heat" closes, "smoke" slows.
    extinction
        Extinction coefficient of the smoke [1/m]; None = that of the law.
    """

    area: Polygons
    from_s: float = 0.0
    to_s: float = math.inf
    kind: Literal["heat", "smoke"] = "heat"
    extinction: float | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Arrival:
    """When the fire reaches the cells of a grid.

    Parameters
    ----------
    west, north
        Corner of the first cell [degrees, or units of `crs`].
    width, height
        Size of a cell, > 0.
    time
        When [s after the alarm], inf = never, shape (rows from the north, columns from the west).
    crs
        Projection of the grid, as text that rasterio reads; degrees by default. Places are turned
        into it, the grid stays as it is.
    turn
        How far the corner moves to the east from row to row, and to the north from column to
        column; 0 where the grid is not turned.
    """

    west: float
    north: float
    width: float
    height: float
    time: NDArray[np.float64]
    crs: str = DEGREES
    turn: tuple[float, float] = (0.0, 0.0)

    def at(self, samples: Samples) -> NDArray[np.float64]:
        """When the fire reaches each point, inf outside the grid."""
        affine = (self.width, self.turn[0], self.west, self.turn[1], -self.height, self.north)
        rows, columns = self.time.shape
        row, column, inside = cells_at(affine, self.crs, (rows, columns), samples.lon, samples.lat)
        return np.where(inside, self.time[row, column], np.inf)


@dataclass(frozen=True, slots=True, eq=False)
class Fire:
    """Heat closes streets, smoke beyond it slows people by how far they see: a hazard.

    Parameters
    ----------
    seats
        Where it begins: ``Seat``, or (lon, lat) or (lon, lat, start [s]).
    law
        How seats grow, and how dense smoke is; the default law where None.
    wind
        (speed [m/s], direction it comes from [degrees from north, clockwise]); None = calm.
    zones
        Areas given from outside, beside the seats.
    arrival
        When the fire reaches each place, given from outside; heat from then on for good.
    every
        The fire is looked at so often [s, or text such as "2 min"]; what it does at the end of such
        a span holds for the whole span.
    report
        What `read_fire` counted.

    Raises
    ------
    HazardError
        If there is no fire at all, or a value is not what it must be.

    Notes
    -----
    A seat that began at s has burnt r = min(rate (t - s), max_radius) far at t. What lies within r
    + heat_margin is closed. Beyond that, up to smoke_reach, the extinction coefficient falls from
    ``extinction`` to 0; that of several fires adds up. With visibility V = 3 / K the speed factor
    is V / (V + 2), rounded down to tenths and at least 0.1. Downwind all distances are stretched by
    up to 1 + 0.1 x wind speed (at most 3), as the cosine of the angle to the wind; upwind and
    across nothing is shortened. A link is as its worst point is, points 10 m apart at most. Water
    does not stop a fire here, nothing goes out unless ``burns`` or a zone's end says so, and
    poison, heat from above and panic are not modelled.

    Examples
    --------
    >>> import evacroute as er
    >>> fire = er.Fire([er.lagoon_network().origin], wind=(5, 60))
    >>> times = er.lagoon(people=300, hazard=fire).link_times
    >>> bool((times.speed_factor == 0).any() and (times.speed_factor > 0).any())
    True
    """

    seats: Sequence[Seat | tuple[float, ...]] = ()
    law: FireLaw | None = field(default=None, kw_only=True)
    wind: tuple[float, float] | None = field(default=None, kw_only=True)
    zones: Sequence[Zone] = field(default=(), kw_only=True)
    arrival: Arrival | None = field(default=None, kw_only=True)
    every: float | str = field(default=120.0, kw_only=True)
    report: LoadReport | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        faults = Faults("fire")
        put = object.__setattr__
        if not len(self.seats) and not len(self.zones) and self.arrival is None:
            faults.add("there is neither seat nor zone nor arrival, expected at least one")
        made = []
        for i, one in enumerate(self.seats):
            if not isinstance(one, Seat):
                try:
                    lon, lat, start = map(float, one if len(one) == 3 else (*one, 0.0))
                except (TypeError, ValueError):
                    faults.add(f"seat {i} is {one!r}, expected (lon, lat) or (lon, lat, start)")
                    continue
                one = Seat(lon, lat, start)
            made.append(one)
            if not (abs(one.lon) <= 180 and abs(one.lat) <= 90 and math.isfinite(one.start)):
                faults.add(
                    f"seat {i} is at ({one.lon}, {one.lat}) from {one.start} s, expected degrees "
                    "(EPSG:4326) and a finite time"
                )
        for i, zone in enumerate(self.zones):
            if zone.kind not in ("heat", "smoke"):
                faults.add(f"zone {i}: kind is {zone.kind!r}, expected heat or smoke")
            if not (math.isfinite(zone.from_s) and zone.to_s > zone.from_s):
                faults.add(f"zone {i}: {zone.from_s:g} s to {zone.to_s:g} s, expected from < to")
            if zone.extinction is not None and not 0 <= zone.extinction < math.inf:
                faults.add(f"zone {i}: extinction is {zone.extinction} 1/m, expected >= 0")
        if self.wind is not None and not (
            len(self.wind) == 2 and 0 <= self.wind[0] < 100 and math.isfinite(self.wind[1])
        ):
            faults.add(
                f"wind is {self.wind}, expected (speed [m/s], direction it comes from [degrees])"
            )
        faults.raise_if_any(HazardError)
        put(self, "seats", tuple(made))
        put(self, "zones", tuple(self.zones))
        put(self, "law", self.law or FireLaw())
        put(self, "every", seconds(self.every, "every"))

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Find the worst that fire does to each link in each span of time.

        Parameters
        ----------
        network
            The streets.
        classes
            Who walks; all are held up alike.
        until
            The fire is looked at up to here [s after the alarm].

        Returns
        -------
        LinkTimes
            Which links are closed or slow, and when.

        Raises
        ------
        HazardError
            If there are zones or an arrival that touch no link, at whatever time.
        MissingExtraError
            If an arrival is not in degrees and rasterio is not installed.
        """
        samples = sample(network, SPACING)
        touched = [bool(zone.area.covers(samples).any()) for zone in self.zones]
        if touched and not any(touched):
            raise HazardError("fire: no zone touches a link of the network")
        if self.arrival is not None and not np.isfinite(self.arrival.at(samples)).any():
            raise HazardError("fire: where it arrives there is no link of the network")
        hot, smoke, begins = self._happenings(samples, until)
        factor: NDArray[np.float64] = speed_in_smoke(smoke)
        factor[hot] = 0.0
        return LinkTimes.of_table(factor, begins)

    def hot_from(
        self, network: Network, nodes: NDArray[np.int32], until: float
    ) -> NDArray[np.float64]:
        """Say when heat first reaches each of some nodes.

        Parameters
        ----------
        network
            The streets.
        nodes
            Positions of nodes, shape (n,).
        until
            Heat that comes later does not count [s after the alarm].

        Returns
        -------
        ndarray
            When it does [s after the alarm], inf = not by ``until``, shape (n,).
        """
        points = Samples(
            np.arange(len(nodes) + 1), network.lon[nodes], network.lat[nodes], network.origin
        )
        hot, _, begins = self._happenings(points, until)
        return np.where(hot.any(axis=1), begins[hot.argmax(axis=1)], np.inf)

    def _happenings(
        self, samples: Samples, until: float
    ) -> tuple[NDArray[np.bool_], NDArray[np.float64], NDArray[np.float64]]:
        """Find heat and smoke, shape (n_links, n_spans), and when each span begins [s]."""
        every, n = float(self.every), len(samples.ptr) - 1
        begins: NDArray[np.float64] = np.asarray(
            every * np.arange(max(1, math.ceil(until / every))), dtype=np.float64
        )
        ends = begins + every
        hot = np.zeros((n, len(begins)), dtype=bool)
        smoke = np.zeros((n, len(begins)))
        for seat in self.seats:
            self._spread(seat, samples, begins, ends, hot, smoke)  # type: ignore[arg-type]
        for zone in self.zones:
            links = np.flatnonzero(samples.any(zone.area.covers(samples)))
            when = np.flatnonzero((begins < zone.to_s) & (ends > zone.from_s))
            if zone.kind == "heat":
                hot[np.ix_(links, when)] = True
            else:
                k = self._law.extinction if zone.extinction is None else zone.extinction
                smoke[np.ix_(links, when)] += k
        if self.arrival is not None:
            hot |= samples.least(self.arrival.at(samples))[:, None] < ends
        return hot, smoke, begins

    def reaching(self, network: Network, within: float = 86_400.0) -> NDArray[np.bool_]:
        """Tell whether each seat's heat or smoke reaches a link within a time from its start.

        Parameters
        ----------
        network
            The streets.
        within
            That time [s].

        Returns
        -------
        ndarray of bool
            True where it does, shape (n_seats,).
        """
        samples = sample(network, SPACING)
        found = np.zeros(len(self.seats), dtype=bool)
        for i, seat in enumerate(self.seats):
            assert isinstance(seat, Seat)  # for the type checker: made one at the door
            law = seat.law or self._law
            burnt = min(law.rate / 60 * min(law.burns, within), law.max_radius)
            smoke = law.smoke_reach if law.extinction > 0 else 0.0
            near = self._near(seat, samples).min()
            found[i] = near <= burnt + law.heat_margin + smoke
        return found

    @property
    def _law(self) -> FireLaw:
        return self.law or FireLaw()

    def _near(self, seat: Seat, samples: Samples) -> NDArray[np.float64]:
        """How far the nearest point of each link is, downwind nearer than it is [m]."""
        x, y = to_metres(samples.lon, samples.lat, (seat.lon, seat.lat))
        return samples.least(np.hypot(x, y) / self._stretch(x, y))

    def _spread(
        self,
        seat: Seat,
        samples: Samples,
        begins: NDArray[np.float64],
        ends: NDArray[np.float64],
        hot: NDArray[np.bool_],
        smoke: NDArray[np.float64],
    ) -> None:
        """Add heat and smoke of a seat, shape (n_links, n_spans)."""
        law = seat.law or self._law
        near = self._near(seat, samples)
        out = seat.start + law.burns
        burns = (ends > seat.start) & (begins < out)
        age = np.clip(np.minimum(ends, out) - seat.start, 0, None)
        radius = np.minimum(law.rate / 60 * age, law.max_radius) + law.heat_margin
        beyond = near[:, None] - radius
        hot |= burns & (beyond <= 0)
        if law.smoke_reach > 0:
            share = 1 - np.clip(beyond, 0, law.smoke_reach) / law.smoke_reach
            smoke += burns * share * law.extinction

    def _stretch(self, x: NDArray[np.float64], y: NDArray[np.float64]) -> NDArray[np.float64]:
        """How many times farther fire and smoke reach in each direction."""
        if self.wind is None:
            return np.ones(len(x))
        figures = _figures()
        longer = min(1 + figures["wind_stretch"] * self.wind[0], figures["wind_stretch_most"])
        to = math.radians(self.wind[1] + 180)
        far = np.maximum(np.hypot(x, y), 1e-9)
        along = (x * math.sin(to) + y * math.cos(to)) / far
        return np.asarray(1 + (longer - 1) * np.maximum(along, 0))


def speed_in_smoke(extinction: NDArray[np.float64]) -> NDArray[np.float64]:
    """Speed factor V / (V + 2) at visibility V = 3 / K, rounded down to tenths, at least 0.1.

    Parameters
    ----------
    extinction
        Extinction coefficient K [1/m], any shape, >= 0.

    Examples
    --------
    >>> speed_in_smoke(np.array([0.0, 1.0, 1.5, 1e6])).tolist()
    [1.0, 0.6, 0.5, 0.1]
    """
    figures = _figures()
    c, half = figures["visibility_constant"], figures["half_speed_visibility"]
    factor = c / (c + half * extinction)
    return np.asarray(np.maximum(np.floor(factor * PARTS + 1e-9), 1) / PARTS)
