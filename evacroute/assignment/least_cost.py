"""The plan of least cost for people who are all alike, with the prices that prove it."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.cost_scaling import (
    SLOT,
    Levels,
    link_prices,
    push_down,
    raise_all,
    start,
)
from evacroute._kernels.priced_search import NEVER
from evacroute.assignment.cancelling import is_small
from evacroute.assignment.priced_placing import PricedPlacing
from evacroute.assignment.sweeper import F, PriceSet

AT_ONCE = 3
"""A state is worked on so seldom, by and large, before all levels are raised: one in so many."""


def is_simple(placing: PricedPlacing) -> bool:
    """Whether whoever is left are parties of one class and size, in a small network over time.

    Thin streets and doors, which admit somebody every few slots, are no capacities of such a
    network.
    """
    todo = np.flatnonzero(placing.left > 0)
    if not len(todo) or not is_small(placing.problem, placing.net):
        return False
    places = placing.places
    alike = len(np.unique(placing.class_[todo])) == 1 and len(np.unique(_party(placing)[todo])) == 1
    return bool(alike and places.every.max() <= 1 and places.door_every.max(initial=1) <= 1)


def _party(placing: PricedPlacing) -> NDArray[np.int64]:
    """Persons in a party of each group, of whom nobody has a place yet."""
    return np.where(placing.together, placing.left, 1).astype(np.int64)


def place_all(placing: PricedPlacing, go_on: Callable[[], bool] = lambda: True) -> PriceSet | None:
    """Place all who are left, as `is_simple` says, at the least cost.

    Links that several arcs share, because people start inside a chain, are taken arc by arc: then
    the cost may be a little more than the least.

    Parameters
    ----------
    placing
        Nobody has a place. Its guide's values are where the levels start from.
    go_on
        Asked often.

    Returns
    -------
    PriceSet or None
        Prices that prove the cost; None if not all can be placed or it was told to stop: then
        nobody has been placed.
    """
    todo = np.flatnonzero(placing.left > 0)
    k, z = int(placing.class_[todo[0]]), int(_party(placing)[todo[0]])
    who = np.repeat(todo, placing.left[todo] // z).astype(np.int32)
    levels = _levels(placing, k, who)
    flow = placing.load(np.zeros(0, np.int64), k, z)
    net = placing.paths, placing.guide, placing.places, flow, levels, k, z
    start(*net, len(who))
    done = False
    while not done:
        if not go_on() or not raise_all(*net):
            placing.flow = None
            placing.rebook(placing.squeezed())
            return None
        done = push_down(*net, len(levels.level) // AT_ONCE)
    prices = _prices(placing, levels, k, z)
    np.subtract.at(placing.left, who, z)
    news = placing.unload(np.zeros(0, np.int64), k, z, flow, who)
    placing.rebook(placing.squeezed(news=news))
    return prices


def _levels(placing: PricedPlacing, k: int, who: NDArray[np.int32]) -> Levels:
    """Levels from the guide's values, in whole slots, and everyone where they start."""
    guide, net = placing.guide, placing.net
    n, n_slots, n_shelters = net.n_nodes, placing.problem.n_slots + 1, len(placing.terms.node)
    size = n_slots * n + n_shelters + 1
    value, weight = guide.value[k].astype(np.int64), int(guide.weight[k])
    slots = np.where(value >= NEVER, 2 * n_slots, (value + weight // 2) // weight)
    level = np.zeros(size, np.int64)
    level[: n_slots * n] = slots[np.minimum(np.arange(n_slots), len(slots) - 1)].ravel()
    room = guide.room[k].astype(np.int64)
    level[n_slots * n : -1] = np.where(room >= NEVER, 0, (room + weight // 2) // weight)
    excess = np.zeros(size, np.int64)
    np.add.at(excess, placing.ready[who].astype(np.int64) * n + placing.node[who], 1)
    excess[-1] = -len(who)
    steps = 2 * (len(net.src) + n + n_shelters) * n_slots + 2 * size
    return Levels(
        level=level * SLOT,
        excess=excess,
        queue=np.zeros(size, np.int32),
        waiting=np.zeros(size, np.int8),
        mark=np.zeros(2, np.int64),
        inside=np.zeros(n_shelters, np.int64),
        far=np.empty(size, np.int64),
        closed=np.empty(size, np.bool_),
        heap=np.empty(steps, np.int64),
    )


def _prices(placing: PricedPlacing, levels: Levels, k: int, z: int) -> PriceSet:
    """Turn levels into prices.

    Where there is room for more, a step leads lower than it costs by the least part of a slot at
    most. Levels are cut to whole slots above a part at which the fewest lie, none as a rule: then
    such a step does not lead lower than it costs at all.
    """
    terms, places, problem = placing.terms, placing.places, placing.problem
    n, n_slots = placing.net.n_nodes, problem.n_slots
    parts = np.bincount(levels.level % SLOT, minlength=SLOT)
    level = (levels.level - int(parts.argmin()) - 1) // SLOT
    level -= level[-1]
    weight = float(terms.weight[k])
    table = np.zeros((n_slots + 2, len(terms.link)))
    link_prices(placing.paths, places, k, z, level, table)
    hub = level[(n_slots + 1) * n : -1]
    at_door = level[: (n_slots + 1) * n].reshape(n_slots + 1, n)[:, terms.node]
    door = np.zeros((n_slots + 2, len(hub)), F)
    taken = (places.intake < z).T
    door[:-1] = np.where(taken, np.maximum(at_door - hub, 0) * weight, 0)
    full = np.maximum(hub, 0) * weight
    room = np.where(places.room < z, full, 0)
    free_room = np.where((places.room >= z) & terms.step_free[k], full, 0)
    shut = terms.shut(k)
    door[:, shut], room[shut], free_room[shut] = 0, 0, 0
    used = (table > 0).any(axis=1) | (door > 0).any(axis=1)
    last = int(np.flatnonzero(used)[-1]) if used.any() else 0
    links = np.flatnonzero((table > 0).any(axis=0))
    return PriceSet(
        links=links,
        link=(table[:, links] * (weight / float(terms.space[k]))).astype(F, order="C"),
        room=room.astype(F),
        free_room=free_room.astype(F),
        door=door,
        stay=terms.penalty.astype(F),
        horizon=min(n_slots, last + 2),
    )
