"""What it costs each origin to reach the shelters that it may be offered."""

from __future__ import annotations

from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.distances import origins_to_shelters, to_shelters
from evacroute._kernels.graph import FAR
from evacroute.assignment.finish import origin_costs
from evacroute.assignment.parties import Origins
from evacroute.assignment.problem import Problem
from evacroute.assignment.regions import Region, Regions
from evacroute.assignment.room import SLACK, Offers, all_offers
from evacroute.assignment.soonest import Soonest

WIDER = 3
"""In a large city an origin's pairs go so many times further than those offered first."""


class Costs(Protocol):
    """Pairs of origins and shelters, at any expected delays."""

    def offers(self, delay: NDArray[np.float64] | None = None) -> Offers:
        """Pairs with their costs; `delay` is added to each arc's time [slots], shape (n_arcs,)."""
        ...


class EveryPair:
    """Every origin with every shelter: for cities whose table of distances is small."""

    def __init__(
        self, problem: Problem, origins: Origins, distances: NDArray[np.int32]
    ) -> None:
        self.problem, self.origins, self.distances = problem, origins, distances

    def offers(self, delay: NDArray[np.float64] | None = None) -> Offers:
        """List all pairs with a way."""
        table = self.distances if delay is None else self.problem.distances(delay)
        return all_offers(origin_costs(self.problem, self.origins, table, delay))


class NearPairs:
    """Origins with the shelters of the regions they lie in, as far as these could be of use."""

    def __init__(
        self, problem: Problem, soonest: Soonest, regions: Regions
    ) -> None:
        self.problem, self.origins, self.regions = problem, soonest.origins, regions
        price = problem.static_price
        n_shelters = len(price)
        best = soonest.to(np.ones(n_shelters, np.bool_), price).astype(np.int64)
        self.jobs: list[tuple[Region, int, NDArray[Any], NDArray[Any], NDArray[Any]]] = []
        step_free = problem.step_free[self.origins.class_]
        key = []
        for region in regions.regions:
            at = region.local(self.origins.node)
            inside = np.flatnonzero(at >= 0)
            for k in np.unique(self.origins.class_[inside]).tolist():
                mine = inside[self.origins.class_[inside] == k]
                cost = self._table(region, k, at[mine], None)
                limit = best[mine] + WIDER * SLACK
                useful = step_free[mine][:, None] | (
                    cost + price[region.shelters] <= limit[:, None]
                )
                pairs = np.flatnonzero(useful & (cost < FAR))
                self.jobs.append((region, k, at[mine], pairs, cost.ravel()[pairs]))
                width = len(region.shelters)
                key.append(mine[pairs // width] * n_shelters + region.shelters[pairs % width])
        every = np.concatenate(key)
        self.order = np.argsort(every, kind="stable")
        self.key = every[self.order]

    def offers(self, delay: NDArray[np.float64] | None = None) -> Offers:
        """List the pairs, which are the same at any delay."""
        if delay is None:
            cost = [job[4] for job in self.jobs]
        else:
            extra = np.rint(delay).astype(np.int64)
            cost = [
                self._table(region, k, at, extra).ravel()[pairs]
                for region, k, at, pairs, _ in self.jobs
            ]
        n_shelters = len(self.problem.static_price)
        return Offers(
            self.key // n_shelters, self.key % n_shelters, np.concatenate(cost)[self.order]
        )

    def _table(
        self, region: Region, k: int, node: NDArray[np.int32], extra: NDArray[np.int64] | None
    ) -> NDArray[np.int32]:
        """Slots from nodes of a region to its shelters, shape (n_nodes, n_shelters)."""
        graph = region.for_class(self.problem.graph, k, region.shelters, extra)
        table = np.empty((1, len(region.shelters), len(region.heads)), np.int32)
        to_shelters(graph, graph.arc_time, graph.shelter_head, table)
        delay = np.zeros(len(region.arcs), np.int64) if extra is None else extra[region.arcs]
        out = np.empty((len(node), len(region.shelters)), np.int32)
        origins_to_shelters(graph, delay, table, node, np.zeros(len(node), np.int32), out)
        return out
