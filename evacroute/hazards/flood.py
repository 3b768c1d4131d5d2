"""Flood: a tide over pavements of different heights slows those who wade, and closes streets."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import HazardError, InputError
from evacroute.hazards.decks import Decks
from evacroute.hazards.hazard import Hazard
from evacroute.hazards.heights import MODELLED_SHARE, Heights
from evacroute.hazards.link_times import EVERY, LinkTimes
from evacroute.hazards.tide import Tide
from evacroute.hazards.wading import is_dry, wading_factor
from evacroute.hazards.walkways import Walkways
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.reports import LoadReport
from evacroute.units import seconds

TOLERANCE = 1e-9
"""Water this much deeper than a limit is not [m]: heights and levels are decimal figures."""


@dataclass(frozen=True, slots=True, eq=False)
class Flood:
    """A flood by the tide, as a hazard.

    The water on a link is as deep as the level stands above its height. It slows everyone by the
    law of ``data/flood/wading.csv`` and closes the link to a class where it is deeper than the
    class can wade. Bridges and stairs rise from their ends: there the water is waded as far as the
    steps take to rise out of it, and the rest is dry. Over each interval of ``every`` the highest
    level counts, so nothing is promised drier than it will be; after the last interval its level
    stays.

    Parameters
    ----------
    tide
        A level that does not change [m over the datum], or a `Tide`; see `read_tide`.
    heights
        Heights of the links; by default the network's elevation column, and the model where it is
        empty; "model" models all. Modelled heights give the right share of flooded streets, but
        which streets are flooded is made up.
    walkways
        Raised walkways, from `add_walkways`.
    turbid
        Whether people cannot see the ground: turbid water, or the dark.
    every
        Length of the intervals [s, or text such as "10 min"].
    factor_step
        Speed factors are rounded down to multiples of this, so that a link changes seldom.
    max_depth
        Nobody wades deeper than this, whatever their class [m]; no such limit by default.

    Raises
    ------
    HazardError
        If a parameter is not what it must be.

    Examples
    --------
    >>> import evacroute as er
    >>> scenario = er.lagoon(people=300)
    >>> flood = er.Flood(tide=1.40)
    >>> round(flood.flooded_share(scenario.network, 1.40), 2)
    0.49
    >>> times = flood.link_times(scenario.network, scenario.group_classes, 5400)
    >>> bool((times.speed_factor == 0).any())
    True
    """

    tide: float | Tide
    heights: Heights | str | None = None
    walkways: Walkways | None = None
    turbid: bool = field(default=False, kw_only=True)
    every: float | str = field(default="10 min", kw_only=True)
    factor_step: float = field(default=0.05, kw_only=True)
    max_depth: float | None = field(default=None, kw_only=True)
    wades: ClassVar[bool] = True

    def __post_init__(self) -> None:
        if isinstance(self.tide, int | float | np.number):
            object.__setattr__(self, "tide", Tide.constant(float(self.tide)))
        elif not isinstance(self.tide, Tide):
            raise HazardError(
                f"tide is {self.tide!r}, expected a level in metres or a Tide; read a file with "
                "er.read_tide(path, alarm=...)"
            )
        if isinstance(self.heights, str) and self.heights == "model":
            pass
        elif not (self.heights is None or isinstance(self.heights, Heights)):
            raise HazardError(
                f"heights is {self.heights!r}, expected Heights, 'model' or None; read a file "
                "with er.read_heights(path, network)"
            )
        if not (self.walkways is None or isinstance(self.walkways, Walkways)):
            raise HazardError(f"walkways is {self.walkways!r}, expected those of er.add_walkways")
        try:
            object.__setattr__(self, "every", seconds(self.every, "every"))
        except InputError as fault:
            raise HazardError(str(fault)) from None
        if not 0 < self.factor_step <= 0.5:
            raise HazardError(f"factor_step is {self.factor_step}, expected > 0 and at most 0.5")
        if self.max_depth is not None and not self.max_depth >= 0:
            raise HazardError(f"max_depth is {self.max_depth} m, expected a number >= 0")

    @property
    def series(self) -> Tide:
        """The tide, also where one level was given."""
        assert isinstance(self.tide, Tide)  # for the type checker: set at the door
        return self.tide

    def level(self, begin: float, end: float | None = None) -> float:
        """Highest level from ``begin`` to ``end`` [s after the alarm], or at one time [m].

        Parameters
        ----------
        begin, end
            From when to when [s after the alarm]; without an end at ``begin`` alone.

        Returns
        -------
        float
            Level [m over the tide datum].

        Raises
        ------
        HazardError
            If the tide's series does not cover that time.
        """
        return self.series.level(begin, end)

    def heights_of(self, network: Network) -> Heights:
        """Heights of a network's links, those of walkways their decks, NaN of what floats.

        Parameters
        ----------
        network
            The streets.

        Returns
        -------
        Heights
            Of all its links, in their order.

        Raises
        ------
        HazardError
            If heights were given and are not those of this network.
        """
        if isinstance(self.heights, Heights):
            heights = self.heights
            heights.check_fits(network)
        elif self.heights == "model":
            heights = Heights.model(network)
        else:
            heights = Heights.of_network(network)
        afloat = network.floating & ~np.isnan(heights.height_m)
        if afloat.any():
            heights = replace(
                heights,
                height_m=np.where(afloat, np.nan, heights.height_m),
                modelled=heights.modelled & ~afloat,
            )
        if self.walkways is None or not len(self.walkways):
            return heights
        decks, modelled = heights.height_m.copy(), heights.modelled.copy()
        links = network.link_positions(self.walkways.link_id)
        decks[links], modelled[links] = self.walkways.height_m, False
        return Heights(decks, modelled, heights.source, heights.report)

    def depth(self, network: Network, time: float) -> NDArray[np.float64]:
        """Depth of the water on each link at a time [m], shape (n_links,), 0 where it is dry.

        Of bridges and stairs at their feet.

        Parameters
        ----------
        network
            The streets.
        time
            Seconds after the alarm.

        Returns
        -------
        ndarray
            Depth [m], >= 0.
        """
        height = self.heights_of(network).height_m
        depth = _depth(height, self.level(time))
        return np.where(Decks.of(network, height).dry, 0.0, depth)

    def flooded_share(self, network: Network, level: float) -> float:
        """Share of the walkable ground (length times width, no ferries) below a level [m].

        Parameters
        ----------
        network
            The streets.
        level
            Water level [m over the tide datum].

        Returns
        -------
        float
            From 0 to 1.
        """
        return self.heights_of(network).flooded_share(network, level)

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Find when which link is slower, and to whom it is closed.

        Parameters
        ----------
        network
            The streets.
        classes
            Who walks: how deep they can wade.
        until
            The tide is followed up to here [s after the alarm]; its level then stays.

        Returns
        -------
        LinkTimes
            Which links are wet or closed, to whom and when.

        Raises
        ------
        HazardError
            If the tide's series ends before ``until``, or the heights are not of this network.
        """
        return self._link_times(network, self.heights_of(network), classes, until)

    def report(self, network: Network, classes: Classes, until: float) -> LoadReport:
        """Count the links that get wet and those that close, and say what is modelled.

        What was read, repaired and set aside of the tide and the heights is counted too. If the
        highest level of the series lies outside the time up to ``until``, a note warns of it.

        Parameters
        ----------
        network
            The streets.
        classes
            Who walks.
        until
            Seconds after the alarm.

        Returns
        -------
        LoadReport
            Prints as a table.

        Raises
        ------
        HazardError
            As `link_times` does.
        """
        heights = self.heights_of(network)
        times = self._link_times(network, heights, classes, until)
        begin, end = self._intervals(until)
        highest = float(self.series.levels(begin, end).max())
        until_text = ""
        if not self.series.is_constant:
            until_text = f"{self.level(0):.2f} m at second 0, at most {highest:.2f} m planned for, "
        report = LoadReport(f"Flood({until_text}{self.tide}, {heights})")
        for part in (self.series.report, heights.report):
            if part is not None:
                report.counts |= part.counts
                report.repaired |= part.repaired
                report.set_aside |= part.set_aside
                report.notes += [note for note in part.notes if note not in report.notes]
        if not self.series.is_constant:
            report.counts["cm, level at second 0"] = 100 * self.level(0)
        report.counts["cm, highest level"] = 100 * highest
        decks = Decks.of(network, heights.height_m)
        wet = (_depth(heights.height_m, highest) > 0) & ~decks.dry
        report.counts["links get wet"] = int(wet.sum())
        rising = int((wet & (decks.feet > 0)).sum())
        if rising:
            report.counts["of them bridges and stairs, wet at their feet alone"] = rising
        closed = times.speed_factor == 0
        for i, name in enumerate(classes.class_id):
            mine = closed & np.isin(times.class_, (EVERY, i))
            report.counts[f"links close to class {name}"] = len(np.unique(times.link[mine]))
        report.shares["of the walkable ground under water at the highest level"] = float(
            heights.flooded_share(network, highest)
        )
        report.shares[MODELLED_SHARE] = heights.modelled_share(network)
        report.notes += _who_wades(classes)
        when, peak = self.series.peak
        if highest < peak - TOLERANCE:
            report.notes.insert(
                0,
                f"WARNING: the highest level of the series, {peak:.2f} m "
                f"({self.series.when(when)}), is not met in the {until / 60:g} min planned, in "
                f"which it is {highest:.2f} m at most: give another alarm to plan for it",
            )
        return report

    def deepest(
        self, network: Network, nodes: NDArray[np.int32], until: float
    ) -> NDArray[np.float64]:
        """Depth of the deepest street at each of some nodes at the highest level [m].

        Parameters
        ----------
        network
            The streets.
        nodes
            Positions of nodes, shape (n,).
        until
            The highest level up to here counts [s after the alarm].

        Returns
        -------
        ndarray
            Depth [m], 0 where it stays dry, shape (n,).
        """
        level = float(self.series.levels(*self._intervals(until)).max())
        depth = _depth(self.heights_of(network).height_m, level)
        at_node = np.zeros(network.n_nodes)
        for ends in (network.from_node, network.to_node):
            np.maximum.at(at_node, ends, depth)
        return at_node[nodes]

    def _intervals(self, until: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
        """Begin and end of each interval [s]; one alone where the level does not change."""
        if self.series.is_constant:
            return np.zeros(1), np.array([float(until)])
        begin = np.arange(0.0, until, float(self.every))
        return begin, np.append(begin[1:], until)

    def _link_times(
        self, network: Network, heights: Heights, classes: Classes, until: float
    ) -> LinkTimes:
        begin, end = self._intervals(until)
        level = self.series.levels(begin, end)
        # Shape (n_links, n_intervals) from here on; most links are never wet.
        depth = _depth(heights.height_m[:, None], level)
        decks = Decks.of(network, heights.height_m)
        depth[decks.dry] = 0.0
        absent = self._absent(network, begin, end, level)
        # Limits that differ, the strictest first; beyond the last the link is closed to all.
        wades = classes.depth_limit
        if self.max_depth is not None:
            wades = np.minimum(wades, self.max_depth)
        limits = np.unique(wades)
        shut = np.searchsorted(limits + TOLERANCE, depth, side="left")
        shut[absent] = len(limits)
        step = self.factor_step
        wet = decks.wet_share(depth)
        waded = 1 / (1 - wet + wet / wading_factor(depth, turbid=self.turbid))
        steps = np.floor(waded / step + TOLERANCE)
        factor = np.where(is_dry(depth), 1.0, np.clip(steps * step, step, 1.0))
        factor[shut == len(limits)] = 0.0
        parts = [LinkTimes.of_table(factor, begin)]
        for i, limit in enumerate(limits):
            closed = np.where((shut > i) & (shut < len(limits)), 0.0, 1.0)
            for class_ in np.flatnonzero(wades == limit).tolist():
                parts.append(LinkTimes.of_table(closed, begin, class_))
        rows = LinkTimes.joined(parts)
        return replace(rows, water=np.ones(len(rows), np.bool_))

    def _absent(
        self,
        network: Network,
        begin: NDArray[np.float64],
        end: NDArray[np.float64],
        high: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Where a walkway is taken away, shape (n_links, n_intervals)."""
        absent = np.zeros((network.n_links, len(begin)), bool)
        if self.walkways is not None and len(self.walkways):
            low = self.series.levels(begin, end, lowest=True)
            links = network.link_positions(self.walkways.link_id)
            absent[links] = ~self.walkways.are_there(low, high)
        return absent

    def __repr__(self) -> str:
        heights: str | Heights
        if self.heights is None:
            heights = "heights of the network, MODELLED where it has none"
        elif isinstance(self.heights, Heights):
            heights = self.heights
        else:
            heights = "all heights MODELLED"
        extra = ", turbid" if self.turbid else ""
        extra += f", {self.walkways}" if self.walkways is not None else ""
        return f"Flood({self.tide}, {heights}{extra})"


def check_one_flood(hazards: Sequence[Hazard]) -> None:
    """Refuse several floods at once.

    Raises
    ------
    HazardError
        If there is more than one `Flood`.
    """
    floods = sum(isinstance(one, Flood) for one in hazards)
    if floods > 1:
        raise HazardError(
            f"there are {floods} floods, whose water would count twice; expected one, "
            "with the highest level of all"
        )


def _depth(height: NDArray[np.float64], level: float | NDArray[np.float64]) -> NDArray[np.float64]:
    """Depth [m]; 0 where it is dry or there is no height (ferries)."""
    return np.asarray(np.nan_to_num(np.maximum(level - height, 0.0), nan=0.0))


def _who_wades(classes: Classes) -> list[str]:
    """Say where limits of wading are assumed, and where a class gathers people who differ."""
    told = []
    assumed = np.flatnonzero(classes.depth_assumed)
    if len(assumed):
        limits = ", ".join(
            f"{classes.class_id[i]} {classes.depth_limit[i]:g} m" for i in assumed.tolist()
        )
        told.append(
            f"no depth_limit is given of {len(assumed)} of {len(classes)} classes, so how deep "
            f"their people can wade is ASSUMED: {limits}; give the column depth_limit [m] in "
            "classes.csv, or persons (people.csv, --people), whose limits go by age and aid"
        )
    mixed = np.flatnonzero(classes.depth_most > classes.depth_limit + TOLERANCE)
    if len(mixed):
        ranges = ", ".join(
            f"{classes.class_id[i]} {classes.depth_limit[i]:g} to {classes.depth_most[i]:g} m"
            for i in mixed.tolist()
        )
        told.append(
            f"{len(mixed)} of {len(classes)} classes gather people who can wade differently, and "
            f"all of a class count as its weakest, so more may be left than need be: {ranges}; "
            "give persons (people.csv, --people) with the flood, which then keeps them apart"
        )
    return told
