"""Place people who are left: those who stand in their way are taken out and all placed anew.

Exchanges move people of one class, chains move few. Here parties of all classes are taken out round
somebody who is left, those of them whose way is wanted most first, and an integer program places
all of them in what is then free. It counts only if more persons are placed; else all is as before.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.exchange import put, take_over
from evacroute._kernels.graph import FAR
from evacroute._kernels.reach import vote
from evacroute._kernels.rejoin import put_if_free
from evacroute.assignment.exact import Program, Rooms, Way, file_kinds, whole_kinds
from evacroute.assignment.priced_placing import PricedPlacing

OUT = (8, 24, 72)
"""Movements taken out, try by try."""

MOST_COLUMNS = 3000
"""Columns of a program; one that has more is not solved."""

MOST_CELLS = 3_000_000
"""Arcs x slots of the net up to which it is worth its time."""

MOST_STATES = 100_000
"""Places looked at for who stands in the way of one party."""


def reseat(
    placing: PricedPlacing,
    todo: NDArray[np.int64],
    *,
    tries: int,
    seed: int,
    go_on: Callable[[], bool] = lambda: True,
) -> int:
    """Place persons of the groups `todo`, in turn, where others can go elsewhere.

    Parameters
    ----------
    placing
        Changed.
    todo
        Groups of which some are left.
    tries
        Programs solved in vain, in a row, before it ends.
    seed
        Of who is taken out.
    go_on
        Asked before each try.

    Returns
    -------
    int
        Persons placed.
    """
    net = placing.net
    if len(net.src) * (placing.problem.n_slots + 1) > MOST_CELLS:
        return 0
    before, vain = int(placing.left.sum()), 0
    rng = np.random.default_rng(seed)
    late = [_latest(placing, k) for k in range(len(placing.no_room))]
    turn = 0
    while vain < tries and go_on():
        todo = todo[placing.left[todo] > 0]
        if not len(todo):
            break
        group, out = int(todo[turn % len(todo)]), OUT[turn % len(OUT)]
        # The same for all groups in turn, then for all again with another of the numbers.
        turn += 1 + (len(todo) % len(OUT) == 0 and turn % len(todo) == len(todo) - 1)
        vain = 0 if _try(placing, group, out, late, rng) else vain + 1
    placing.rebook(placing.squeezed())
    return before - int(placing.left.sum())


def _latest(placing: PricedPlacing, k: int) -> NDArray[np.int64]:
    """Last slot from which one of class k can come to any shelter in time, by node; < 0 = none."""
    net = placing.net
    late = np.full(net.n_nodes, FAR, np.int64)
    late[placing.terms.node] = 0
    may = net.tau[k] < FAR
    src, dst, tau = net.src[may], net.dst[may], net.tau[k, may].astype(np.int64)
    while True:
        old = late.copy()
        np.minimum.at(late, src, np.minimum(late[dst] + tau, FAR))
        if np.array_equal(old, late):
            return placing.problem.n_slots - late


def _try(
    placing: PricedPlacing,
    group: int,
    most: int,
    late: list[NDArray[np.int64]],
    rng: np.random.Generator,
) -> bool:
    """Take out so many movements, about, and place all anew; False if that places no more."""
    placing.reserve(8 * most + 1000)
    b, places, class_ = placing.booked, placing.places, placing.class_
    persons = np.zeros(len(placing.left), np.int64)
    persons[group] = placing.left[group]
    votes = np.zeros(int(b.count[0]), np.int64)
    out: list[int] = []

    def ask(g: int) -> None:
        # A household that is too large for a narrow place goes one after another.
        for z in {1, int(persons[g]) if placing.together[g] else 1}:
            vote(
                placing.paths, places, placing.space, b, int(class_[g]), z, int(placing.node[g]),
                int(placing.ready[g]), late[class_[g]], MOST_STATES, votes,
            )  # fmt: skip

    ask(group)
    while len(out) < most and votes.any():
        x = int(rng.choice(len(votes), p=votes / votes.sum()))
        g = int(b.group[x])
        # Those who go one after another to the same shelter are taken out together.
        mine = np.flatnonzero(b.group[: len(votes)] == g) if placing.fixed[g] else np.array([x])
        for y in mine[b.alive[mine]].tolist():
            put(b, places, y, int(class_[g]), -1)
            persons[g] += b.size[y]
            out.append(y)
        ask(g)
        votes[out] = 0
    ways = _place(placing, persons, group, int(b.size[out].sum())) if out else []
    if not ways or not _book(placing, ways):
        for x in reversed(out):
            put(b, places, x, int(class_[b.group[x]]), 1)
        return False
    np.add.at(placing.left, b.group[out], b.size[out].astype(np.int64))
    placing.fixed[persons > 0] = False
    for way in ways:
        placing.left[way.group] -= way.persons
        size = int(placing.problem.scenario.groups.size[way.group])
        placing.fixed[way.group] |= bool(placing.together[way.group]) and way.persons < size
    return True


def _place(placing: PricedPlacing, persons: NDArray[np.int64], group: int, taken: int) -> list[Way]:
    """Find ways for more than so many of some persons in what is free; none if that fails."""
    places, problem = placing.places, placing.problem
    rooms = Rooms(places.link, places.intake, places.room, places.free_room, placing.terms.node)
    some = np.flatnonzero(persons)
    must = some[placing.fixed[some] | (some == group)]
    whole = whole_kinds(problem, persons)
    for file in (some, must):
        program = Program(problem, placing.net, whole + file_kinds(problem, file), rooms)
        if program.n_columns <= MOST_COLUMNS:
            return program.solve(taken)[0]
    return []


def _book(placing: PricedPlacing, ways: list[Way]) -> bool:
    """Book ways; False, and nothing booked, if something that they need is not free."""
    b = placing.booked
    counts = b.count.copy()
    begin = int(counts[0])
    group, shelter, admitted, size = (
        np.array([way[i] for way in ways], np.int32) for i in range(4)
    )
    arc = np.array([a for way in ways for a in way.arc], np.int32)
    slot = np.array([t for way in ways for t in way.slot], np.int32)
    ptr = np.cumsum([0, *(len(way.arc) for way in ways)])
    class_ = placing.class_
    if not take_over(
        b, placing.paths, placing.space, class_, group, shelter, admitted, size, ptr, arc, slot
    ):
        b.count[:] = counts
        return False
    booked = np.zeros(len(ways), np.bool_)
    put_if_free(b, placing.places, begin, class_, booked)
    if booked.all():
        return True
    for i in np.flatnonzero(booked):
        put(b, placing.places, begin + int(i), int(class_[group[i]]), -1)
    b.count[:] = counts
    return False
