"""Streets made ready for answers: the value table of each class, and trees to each shelter."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import Streets
from evacroute._kernels.descent import Chains, Slopes
from evacroute._kernels.laying import fill_trees
from evacroute._kernels.leading import Trees
from evacroute._street_arrays import lay_streets
from evacroute.answering.likes import Likes
from evacroute.answering.tables import Table
from evacroute.prices import Prices
from evacroute.scenario import Scenario

F = np.float32

T = TypeVar("T")

_Each = Callable[[Callable[[int], None]], list[None]]

_Grown = tuple[Streets, NDArray[np.float32], NDArray[np.int32]]
"""Streets, time by class, node and shelter, and next link by class, shelter and node."""


@dataclass(frozen=True, slots=True, eq=False)
class Lay:
    """Streets as they are to be walked from now on, for each class.

    Parameters
    ----------
    chains
        Chains of links, the same for all classes.
    slopes
        Value tables of all classes.
    trees
        Quickest ways to each shelter.
    streets
        As the kernels of walking take them.
    """

    chains: Chains
    slopes: Slopes
    trees: Trees
    streets: Streets


@dataclass(slots=True, eq=False)
class Layer:
    """Lays streets again and again: prices change, streets close, shelters fill.

    Parameters
    ----------
    scenario
        Streets, shelters and hazards.
    likes
        Classes, those made for who asks included.
    """

    scenario: Scenario
    likes: Likes
    _walk: NDArray[np.float64] = field(init=False)
    _table: Table | None = field(init=False, default=None)
    _grown: tuple[tuple[float, bytes], _Grown] | None = field(init=False, default=None)

    def __post_init__(self) -> None:
        self._walk = self.likes.classes.walk_seconds(self.scenario.network)

    def lay(self, prices: Prices, *, now: float, closed: NDArray[np.bool_],
            shut: NDArray[np.bool_], rest: Callable[[], object] | None = None) -> Lay:  # fmt: skip
        """Lay the streets.

        Parameters
        ----------
        prices
            Prices of streets in time, doors and places.
        now
            What hazards do at this time counts for the trees [s after the alarm].
        closed
            Links that nobody may enter from now on, shape (n_links,).
        shut
            Shelters that take nobody, or nobody who needs a step-free place, shape (2, n_shelters).
        rest
            Called after each class, so that others get their turn; without it two threads hurry.
        """

        def each(job: Callable[[int], T]) -> list[T]:
            return _each(job, len(self.likes.classes), rest)

        streets, seconds, ahead = self._trees(now, closed, each)
        table = self._table
        if table is None or table.prices is not prices or (table.closed != closed).any():
            table = Table(self.scenario, self.likes, prices, self._walk, closed)
        slopes = table.slopes(shut, each)
        self._table = table
        free = self.likes.classes.step_free[:, None]
        price = prices.room + np.where(free, prices.step_free_room, 0.0)
        weight = prices.weight[self.likes.like]
        return Lay(table.chains, slopes, Trees(seconds, ahead, price, weight), streets)

    def _trees(self, now: float, closed: NDArray[np.bool_], each: _Each) -> _Grown:
        """Find the trees, or those at hand if nothing has changed on the streets."""
        key = now if len(self.scenario.link_times) else 0.0, closed.tobytes()
        if self._grown is None or self._grown[0] != key:
            self._grown = key, self._grow(now, closed, each)
        return self._grown[1]

    def _grow(self, now: float, closed: NDArray[np.bool_], each: _Each) -> _Grown:
        streets = lay_streets(self.likes.scenario, self.scenario.deadline_s)
        streets.walk[:, closed] = np.inf
        roots = self.scenario.shelters.node.astype(np.int64)
        n, shape = len(self.likes.classes), (len(roots), self.scenario.network.n_nodes)
        seconds, ahead = np.empty((n, *shape[::-1]), F), np.empty((n, *shape), np.int32)

        def grow(k: int) -> None:
            own = np.empty(shape, F)
            fill_trees(streets, k, now, roots, own, ahead[k])
            seconds[k] = own.T

        each(grow)
        return streets, seconds, ahead


def _each(job: Callable[[int], T], n: int, rest: Callable[[], object] | None) -> list[T]:
    """Do a job for each class: on two threads, or on this one with a rest after each."""
    if rest is None:
        with ThreadPoolExecutor(2) as pool:
            return list(pool.map(job, range(n)))
    done = []
    for k in range(n):
        done.append(job(k))
        rest()
    return done
