"""What it costs each origin to reach the shelters that it may be offered."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.graph import FAR
from evacroute._kernels.hopes import fill_hopes
from evacroute._kernels.walking import doors_from_nodes, to_doors_within
from evacroute.assignment.finish import origin_costs
from evacroute.assignment.parties import Origins
from evacroute.assignment.problem import Problem
from evacroute.assignment.regions import Region, Regions
from evacroute.assignment.room import SLACK, Offers, all_offers
from evacroute.assignment.soonest import Soonest, no_hopes

WIDER = 3
"""In a large city an origin's pairs go so many times further than those offered first."""

THREADS = min(4, os.cpu_count() or 1)


class Costs(Protocol):
    """Pairs of origins and shelters, at any expected delays."""

    def offers(self, delay: NDArray[np.float64] | None = None) -> Offers:
        """Pairs with their costs; `delay` is added to each arc's time [slots], shape (n_arcs,)."""
        ...


class EveryPair:
    """Every origin with every shelter: for cities whose table of distances is small."""

    def __init__(
        self,
        problem: Problem,
        origins: Origins,
        distances: NDArray[np.int32],
    ) -> None:
        self.problem, self.origins = problem, origins
        self.distances = problem.typical_distances(distances)

    def offers(self, delay: NDArray[np.float64] | None = None) -> Offers:
        """List all pairs with a way."""
        table = self.distances
        if delay is not None:
            table = self.problem.typical_distances(self.problem.distances(delay), delay)
        return all_offers(origin_costs(self.problem, self.origins, table, delay))


class NearPairs:
    """Origins with the shelters of the regions they lie in, as far as these could be of use.

    A step-free origin has all shelters of its regions, as step-free places are scarce.
    """

    def __init__(self, problem: Problem, soonest: Soonest, regions: Regions) -> None:
        self.problem, self.origins = problem, soonest.origins
        n_shelters = len(problem.static_price)
        self.price = problem.static_price.astype(np.int32)
        hopes = self._hopes(None)
        self.jobs: list[_Job] = []
        class_ = self.origins.class_
        for region in regions.regions:
            at = region.local(self.origins.node)
            inside = np.flatnonzero(at >= 0)
            for k in np.unique(class_[inside]).tolist():
                mine = inside[class_[inside] == k]
                self.jobs.append(_Job(region, k, mine, at[mine]))
        key = []
        for job, cost in zip(self.jobs, self._tables(None, hopes, WIDER * SLACK), strict=True):
            width = len(job.region.shelters)
            job.pairs = np.flatnonzero(cost < FAR)
            job.cost = cost.ravel()[job.pairs]
            origin = job.origin[job.pairs // width]
            key.append(origin * n_shelters + job.region.shelters[job.pairs % width])
        every = np.concatenate(key)
        self.order = np.argsort(every, kind="stable")
        self.key = every[self.order]

    def offers(self, delay: NDArray[np.float64] | None = None) -> Offers:
        """List the pairs; at a delay those are left out that it puts too far behind others."""
        if delay is None:
            costs = [job.cost for job in self.jobs]
        else:
            extra = np.rint(delay).astype(np.int64)
            tables = self._tables(extra, self._hopes(extra), 2 * WIDER * SLACK)
            costs = [table.ravel()[job.pairs] for job, table in zip(self.jobs, tables, strict=True)]
        cost = np.concatenate(costs)[self.order]
        n_shelters = len(self.price)
        pairs = Offers(self.key // n_shelters, self.key % n_shelters, cost)
        return pairs if delay is None else pairs.ways(cost < FAR)

    def _hopes(self, extra: NDArray[np.int64] | None) -> NDArray[np.int32]:
        """Least time + price from every head to any shelter, shape (n_classes, n_heads)."""
        graph = self.problem.graph
        if extra is not None:
            time = graph.arc_time
            graph = graph._replace(
                arc_time=np.where(time < FAR, time + extra, FAR).astype(np.int32)
            )
        hopes = no_hopes(graph)
        hopes.is_open[:] = True
        for k in np.unique(self.origins.class_).tolist():
            fill_hopes(graph, k, self.price, hopes)
        return np.asarray(hopes.least)

    def _tables(
        self, extra: NDArray[np.int64] | None, hopes: NDArray[np.int32], slack: int
    ) -> Iterator[NDArray[np.int32]]:
        """Slots from the origins of each job to its shelters, shape (n_origins, n_shelters).

        `FAR` where the price included they are more than `slack` above the least.
        """

        def table(job: _Job) -> NDArray[np.int32]:
            region, k = job.region, job.class_
            graph = region.for_class(self.problem.graph, k, region.shelters, extra)
            at_heads = np.empty((len(region.shelters), len(region.heads)), np.int32)
            limit = np.minimum(hopes[k, region.heads] + slack, FAR - 1)
            if self.problem.step_free[k]:
                limit[:] = FAR - 1
            to_doors_within(graph, self.price[region.shelters], limit, at_heads)
            delay = np.zeros(len(region.arcs), np.int64) if extra is None else extra[region.arcs]
            out = np.empty((len(job.node), len(region.shelters)), np.int32)
            doors_from_nodes(graph, delay, at_heads, job.node, out)
            return out

        with ThreadPoolExecutor(THREADS) as pool:
            yield from pool.map(table, self.jobs)


@dataclass(slots=True, eq=False)
class _Job:
    """Origins of one class in a region: positions, places in the region, pairs, their costs."""

    region: Region
    class_: int
    origin: NDArray[np.int64]
    node: NDArray[np.int32]
    pairs: NDArray[np.int64] = field(default_factory=lambda: np.zeros(0, np.int64))
    cost: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
