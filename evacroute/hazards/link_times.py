"""Link times: when which links are slower or closed to whom; what a hazard is to the planner."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute._kernels.link_times import multiply
from evacroute.errors import Faults, HazardError
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.reports import LoadReport

EVERY = -1
"""Class of a row that counts for every class."""


COLUMNS = ("link", "class_", "from_s", "to_s", "speed_factor", "water")
"""Arrays of `LinkTimes` with one entry a row."""

FLOOD = "flood"
"""Word for rows of water in tables."""


@dataclass(frozen=True, slots=True, eq=False)
class LinkTimes:
    """Rows of (link, class, from, to, speed factor), in parallel read-only arrays.

    From ``from_s`` up to, not including, ``to_s`` the class walks the link at its speed times the
    factor; 0 = closed: nobody may be inside. Rows that meet are multiplied; where there is none the
    factor is 1. The factor at the time of entering holds for the whole link.

    Parameters
    ----------
    link
        Position in the network, shape (n_rows,).
    class_
        Position in the classes, -1 = every class, shape (n_rows,).
    from_s, to_s
        When it begins and ends [s after the alarm]; to_s may be inf, shape (n_rows,).
    speed_factor
        0 to 1, shape (n_rows,).
    water
        Which rows are the water of a flood, shape (n_rows,); none where it is not given. A later
        flood takes their place, see `replan`.
    reports
        What the hazards behind the rows told of themselves, where the rows were read; not compared.
    hot_node, hot_s
        Nodes that the heat of a fire reaches, and when [s after the alarm], where that was read;
        not compared, shape (n_hot,).

    Raises
    ------
    HazardError
        If a time or factor is not what it must be.

    Examples
    --------
    Link 0 is closed to everyone from minute 10 to minute 20, link 1 slow for good:

    >>> import evacroute as er
    >>> times = er.LinkTimes([0, 1], [-1, -1], [600, 0], [1200, float("inf")], [0.0, 0.5])
    >>> scenario = er.lagoon(people=300, hazard=times)
    >>> scenario.link_times.frame(scenario.network, scenario.group_classes)["speed_factor"].tolist()
    [0.0, 0.5]
    >>> len(times.clipped(0, 600))
    1
    """

    link: NDArray[np.int32]
    class_: NDArray[np.int32]
    from_s: NDArray[np.float64]
    to_s: NDArray[np.float64]
    speed_factor: NDArray[np.float64]
    water: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, np.bool_), kw_only=True)
    reports: tuple[LoadReport, ...] = field(default=(), kw_only=True)
    hot_node: NDArray[np.int32] = field(default_factory=lambda: np.empty(0, np.int32), kw_only=True)
    hot_s: NDArray[np.float64] = field(default_factory=lambda: np.empty(0), kw_only=True)

    def __post_init__(self) -> None:
        columns: dict[str, Any] = {
            "link": np.int32,
            "class_": np.int32,
            "from_s": np.float64,
            "to_s": np.float64,
            "speed_factor": np.float64,
            "water": np.bool_,
        }
        if not len(self.water):
            object.__setattr__(self, "water", np.zeros(len(self.link), np.bool_))
        freeze(self, columns, len(self.link), HazardError)
        hot: dict[str, Any] = {"hot_node": np.int32, "hot_s": np.float64}
        freeze(self, hot, len(self.hot_node), HazardError)
        faults = Faults("link times")
        begin, end, factor = self.from_s, self.to_s, self.speed_factor
        for i in np.flatnonzero((self.link < 0) | (self.class_ < EVERY)):
            faults.add(f"row {i}: link {self.link[i]}, class {self.class_[i]}, expected positions")
        for i in np.flatnonzero(~(np.isfinite(begin) & (end > begin))):
            faults.add(f"row {i}: from {begin[i]:g} s to {end[i]:g} s, expected from < to")
        for i in np.flatnonzero(~((factor >= 0) & (factor <= 1))):
            faults.add(f"row {i}: speed_factor is {factor[i]}, expected 0 (closed) to 1")
        faults.raise_if_any(HazardError)

    def __len__(self) -> int:
        return len(self.link)

    @classmethod
    def none(cls) -> LinkTimes:
        """Give no rows: nothing is slower or closed.

        Returns
        -------
        LinkTimes
            Without rows.
        """
        return cls(*([np.empty(0)] * 5))  # type: ignore[arg-type]

    @classmethod
    def joined(cls, parts: Sequence[LinkTimes]) -> LinkTimes:
        """Put all rows of several behind each other.

        Parameters
        ----------
        parts
            Of one network and its classes.

        Returns
        -------
        LinkTimes
            Their rows, in the order given.
        """
        if not parts:
            return cls.none()
        columns: dict[str, Any] = {
            name: np.concatenate([getattr(part, name) for part in parts]) for name in COLUMNS
        }
        return cls(**columns)

    @classmethod
    def of_table(
        cls, factor: NDArray[np.float64], begin: NDArray[np.float64], class_: int = EVERY
    ) -> LinkTimes:
        """Make rows of a table of factors by link and interval.

        Equal neighbours are one row, a factor of 1 is none.

        Parameters
        ----------
        factor
            Speed factors, shape (n_links, n_intervals).
        begin
            When each interval begins [s], rising; the last one does not end.
        class_
            Whom it concerns.

        Returns
        -------
        LinkTimes
            Sorted by link and time.
        """
        some = np.flatnonzero((factor != 1).any(axis=1))
        table = factor[some]
        change = np.ones(table.shape, bool)
        change[:, 1:] = table[:, 1:] != table[:, :-1]
        link, first = np.nonzero(change)
        # A stretch lasts until the next change of the same link.
        end = np.full(len(link), np.inf)
        same = np.flatnonzero(link[1:] == link[:-1])
        end[same] = begin[first[same + 1]]
        value = table[link, first]
        kept = value != 1
        whom = np.full(int(kept.sum()), class_)
        return cls(some[link][kept], whom, begin[first][kept], end[kept], value[kept])

    def clipped(self, begin: ArrayLike, end: ArrayLike) -> LinkTimes:
        """Give what the rows do from one time to another [s], of all or of each row.

        Parameters
        ----------
        begin, end
            From when to when [s]: one number, or one for each row.

        Returns
        -------
        LinkTimes
            Rows that have something left.
        """
        first, last = np.maximum(self.from_s, begin), np.minimum(self.to_s, end)
        kept = np.flatnonzero(first < last)
        columns = {name: getattr(self, name)[kept] for name in COLUMNS}
        return replace(self, **columns | {"from_s": first[kept], "to_s": last[kept]})

    def dry_from(self, now: float) -> LinkTimes:
        """Give the same rows, those of water up to a time only [s].

        Parameters
        ----------
        now
            When the water is taken away [s after the alarm].

        Returns
        -------
        LinkTimes
            All other rows stay.
        """
        return self.clipped(-np.inf, np.where(self.water, now, np.inf))

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Be a hazard oneself: these rows, whatever the classes are called.

        Parameters
        ----------
        network, classes
            Whose positions the rows hold.
        until
            Not used.

        Returns
        -------
        LinkTimes
            These rows.

        Raises
        ------
        HazardError
            If a link or class does not exist.
        """
        faults = Faults("link times")
        for i in np.flatnonzero(self.link >= network.n_links):
            faults.add(f"row {i}: link {self.link[i]}, the network has {network.n_links}")
        for i in np.flatnonzero(self.class_ >= len(classes)):
            faults.add(f"row {i}: class {self.class_[i]}, there are {len(classes)}")
        faults.raise_if_any(HazardError)
        return self

    def hot_from(
        self, network: Network, nodes: NDArray[np.int32], until: float
    ) -> NDArray[np.float64]:
        """Say when each of some nodes gets hot, as far as that was read.

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
            When it does [s after the alarm], inf = never, shape (n,).
        """
        first = np.full(network.n_nodes, np.inf)
        np.minimum.at(first, self.hot_node, self.hot_s)
        return first[nodes]

    def profile(self, n_classes: int, until: float) -> Profile:
        """Resolve the rows into stretches of time in which nothing changes, link by link.

        Parameters
        ----------
        n_classes
            Number of classes.
        until
            Changes from here on do not count [s].

        Returns
        -------
        Profile
            For the assigner; see ``evacroute.hazards.link_times``.
        """
        begin, end = np.clip(self.from_s, 0, until), np.clip(self.to_s, 0, until)
        some = np.flatnonzero(begin < end)
        link, row = np.unique(self.link[some], return_inverse=True)
        row = row.ravel()
        every = np.arange(len(link))
        inner = end[some] < until
        of = np.concatenate([every, row, row[inner]])
        time = np.concatenate([np.zeros(len(link)), begin[some], end[some][inner]])
        order = np.lexsort((time, of))
        of, time = of[order], time[order]
        new = np.append(True, (np.diff(of) != 0) | (np.diff(time) != 0))[: len(of)]
        of, time = of[new], time[new]
        ptr = np.searchsorted(of, np.arange(len(link) + 1))
        factor = np.ones((n_classes, len(time)))
        multiply(
            ptr, time, row, self.class_[some], begin[some], end[some], self.speed_factor[some],
            factor,
        )  # fmt: skip
        # Stretches alike the one before are one with it.
        first = np.zeros(len(time), bool)
        first[ptr[:-1]] = True
        kept = first.copy()
        kept[1:] |= (factor[:, 1:] != factor[:, :-1]).any(axis=0)
        return Profile(
            link=link.astype(np.int32),
            ptr=np.concatenate([[0], np.cumsum(kept)])[ptr],
            begin=time[kept],
            factor=factor[:, kept],
        )

    def frame(self, network: Network, classes: Classes) -> pd.DataFrame:
        """List the rows by id.

        Parameters
        ----------
        network, classes
            Whose positions the rows hold.

        Returns
        -------
        DataFrame
            link_id, class_id ("*" = every), from_s, to_s, speed_factor, hazard ("flood" for the
            water of a flood, else "").
        """
        return pd.DataFrame(
            {
                "link_id": network.link_id[self.link],
                "class_id": np.append(classes.class_id, "*")[self.class_],
                "from_s": self.from_s,
                "to_s": self.to_s,
                "speed_factor": self.speed_factor,
                "hazard": np.where(self.water, FLOOD, ""),
            }
        )

    def equals(self, other: object) -> bool:
        """Whether the other holds equal rows in the same order.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than link times.
        """
        return equal_arrays(self, other, skip=("reports", "hot_node", "hot_s"))


@dataclass(frozen=True, slots=True, eq=False)
class Profile:
    """Speed factors of the links that change, as stretches of time.

    Parameters
    ----------
    link
        The links, rising, shape (n_varying,).
    ptr
        Where each link's stretches begin, shape (n_varying + 1,).
    begin
        When each stretch begins [s], rising from 0 for each link; it lasts until the next.
    factor
        Shape (n_classes, n_stretches); 0 = closed.
    """

    link: NDArray[np.int32]
    ptr: NDArray[np.int64]
    begin: NDArray[np.float64]
    factor: NDArray[np.float64]

    @property
    def of_stretch(self) -> NDArray[np.int64]:
        """Row of `link` of each stretch."""
        return np.repeat(np.arange(len(self.link)), np.diff(self.ptr))

    def at(self, time: float, n_links: int) -> NDArray[np.float64]:
        """Factors of all links at a time [s], shape (n_classes, n_links)."""
        found = np.ones((len(self.factor), n_links))
        if len(self.link):
            # The last stretch that has begun: times are below 1e9 s.
            key = self.of_stretch * 1e10 + self.begin
            now = np.searchsorted(key, np.arange(len(self.link)) * 1e10 + time, side="right") - 1
            found[:, self.link] = self.factor[:, now]
        return found

    def when(
        self, link: NDArray[np.int32], class_: NDArray[np.int32], time: NDArray[np.float64]
    ) -> NDArray[np.float64]:
        """Factors of some links for some classes at some times [s]; arrays of equal length."""
        out = np.ones(len(link))
        row, some = self._rows(link)
        key = self.of_stretch * 1e10 + self.begin
        at = np.searchsorted(key, row * 1e10 + time[some], side="right") - 1
        out[some] = self.factor[class_[some], at]
        return out

    def closed(
        self,
        link: NDArray[np.int32],
        class_: NDArray[np.int32],
        enter: NDArray[np.float64],
        leave: NDArray[np.float64],
    ) -> NDArray[np.bool_]:
        """Whether a link is closed to a class at any time from entering until leaving [s]."""
        out = np.zeros(len(link), np.bool_)
        row, some = self._rows(link)
        if not len(some):
            return out
        key = self.of_stretch * 1e10 + self.begin
        first = np.searchsorted(key, row * 1e10 + enter[some], side="right") - 1
        last = np.searchsorted(key, row * 1e10 + leave[some], side="left") - 1
        upto = np.zeros((len(self.factor), self.factor.shape[1] + 1), np.int64)
        np.cumsum(self.factor <= 0, axis=1, out=upto[:, 1:])
        k = class_[some]
        out[some] = upto[k, np.maximum(last, first) + 1] > upto[k, first]
        return out

    def _rows(self, link: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Rows of those links that vary, and where they stand in `link`."""
        at = np.minimum(np.searchsorted(self.link, link), max(len(self.link) - 1, 0))
        known = self.link[at] == link if len(self.link) else np.zeros(len(link), np.bool_)
        some = np.flatnonzero(known)
        return at[some].astype(np.int64), some
