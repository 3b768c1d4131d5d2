"""Place people by an integer program over the network expanded over time.

Greedy passes, exchanges and chains move few people at a time, so they can leave somebody for whom
many others, of several classes, would have to go elsewhere. A solver looks at all of them at once:
at everyone where the instance is small, else at some (`reseat`).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from evacroute._kernels.reach import open_arcs, reach_backward, reach_forward
from evacroute._kernels.rejoin import book_and_settle
from evacroute.assignment.placing import Placing
from evacroute.assignment.problem import Problem
from evacroute.assignment.time_net import TimeNet, build_time_net

MOST_COLUMNS = 8000
"""Columns up to which a program with everyone is solved."""

MOST_BRANCHES = 100
"""Branches after which the solver gives the best that it has: the clock shall not decide."""

NEARLY = 1e-6
"""What the solver's numbers may be off by."""

OPTIMAL, INFEASIBLE = 0, 2
"""How `milp` says what it found."""

ARC, WAIT, DOOR, START, IN_FILE = range(5)
"""What a column stands for: parties on an arc, that wait, at a door, of a group; whether a
household goes to a shelter one after another."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Parties that are alike, so that one flow holds them all.

    Parameters
    ----------
    class_, size
        Class, and persons in a party.
    group, parties
        Groups with such parties, and how many of each there are to be placed.
    in_file
        Whether it is one household whose persons go one after another, to the same shelter.
    """

    class_: int
    size: int
    group: NDArray[np.int64]
    parties: NDArray[np.int64]
    in_file: bool = False


class Rooms(NamedTuple):
    """Free places as in `Free`, shelters in any order.

    Attributes
    ----------
    link, intake
        Units that may enter each link, persons each door admits, by slot.
    room, free_room
        Places left.
    node
        Node of each shelter in the time net.
    """

    link: NDArray[np.int32]
    intake: NDArray[np.int32]
    room: NDArray[np.int64]
    free_room: NDArray[np.int64]
    node: NDArray[np.int32]


class Way(NamedTuple):
    """A way found: group, shelter, slot of admission, persons, and arcs of the net with slots."""

    group: int
    shelter: int
    admitted: int
    persons: int
    arc: list[int]
    slot: list[int]


class Exact(NamedTuple):
    """Answer of the program with everyone.

    Attributes
    ----------
    placing, left
        What is booked, and persons left of each group; None if no better plan was found.
    is_most
        Whether it is proven that no plan on the same grid, in which nobody waits inside a chain,
        places more than this one, or than there are already.
    """

    placing: Placing | None
    left: NDArray[np.int64] | None
    is_most: bool


def place_exactly(problem: Problem, counted: NDArray[np.bool_], placed: int) -> Exact:
    """Place more persons than are placed so far, as many as any plan can where that is found.

    Parameters
    ----------
    problem
        What is solved.
    counted
        Groups that can be placed at all.
    placed
        Persons of them in the best plan so far.

    Notes
    -----
    Of plans that place equally many one with few of the vulnerable among those left is preferred,
    then one in which people arrive soon; neither is proven best.
    """
    # Most columns are states that somebody may wait in: no need to lay out a large city.
    if problem.table_shape[2] * problem.n_slots > 4 * MOST_COLUMNS:
        return Exact(None, None, False)
    net = build_time_net(problem)
    counted = counted & (problem.ready <= problem.n_slots)
    free, shelters = problem.tables(), problem.scenario.shelters
    node = net.node_index[shelters.node]
    rooms = Rooms(
        free.link,
        free.intake,
        free.room.astype(np.int64),
        free.step_free_room.astype(np.int64),
        node,
    )
    whole = whole_kinds(problem, np.where(counted, problem.scenario.groups.size, 0))
    file = file_kinds(problem, np.flatnonzero(counted))
    program = Program(problem, net, whole, rooms)
    if program.n_columns > MOST_COLUMNS:
        return Exact(None, None, False)
    certain = not file
    if 0 < len(file) <= MOST_COLUMNS - program.n_columns:
        more = Program(problem, net, whole + file, rooms)
        if more.n_columns <= MOST_COLUMNS:
            program, certain = more, True
    ways, solved = program.solve(placed)
    # Without the columns of households that go one after another nothing is proven of them.
    placing, left = _book(problem, net, ways) if ways else (None, None)
    return Exact(placing, left, certain and solved)


def whole_kinds(problem: Problem, persons: NDArray[np.int64]) -> list[Kind]:
    """List the kinds of parties, households whole, of so many persons of each group."""
    groups = problem.scenario.groups
    size = np.where(groups.together, np.maximum(groups.size, 1), 1)
    mine = np.flatnonzero(persons)
    kinds = []
    for k, z in sorted({(int(groups.class_[g]), int(size[g])) for g in mine}):
        some = mine[(groups.class_[mine] == k) & (size[mine] == z)]
        kinds.append(Kind(k, z, some, persons[some] // z))
    return kinds


def file_kinds(problem: Problem, some: NDArray[np.int64]) -> list[Kind]:
    """List the households among some groups, each by itself, that may go one after another."""
    groups = problem.scenario.groups
    return [
        Kind(int(groups.class_[g]), 1, np.array([g]), groups.size[g : g + 1].astype(np.int64), True)
        for g in some[groups.together[some] & (groups.size[some] > 1)]
    ]


class Program:
    """The program: columns of each kind in a block, rows by what they limit.

    Parameters
    ----------
    problem, net
        What is solved.
    kinds
        Who is to be placed.
    rooms
        What is free for them.
    """

    def __init__(self, problem: Problem, net: TimeNet, kinds: list[Kind], rooms: Rooms) -> None:
        self.problem, self.net, self.kinds, self.rooms = problem, net, kinds, rooms
        self.layers = problem.n_slots + 1
        columns = [self._columns(i) for i in range(len(kinds))]
        self.kind, self.what, self.at, self.slot, self.most = (
            np.concatenate([c[j] for c in columns]) for j in range(5)
        )
        self.n_columns = len(self.kind)
        self.size = np.array([kind.size for kind in kinds])[self.kind]
        self.class_ = np.array([kind.class_ for kind in kinds])[self.kind]
        self.in_file = np.array([kind.in_file for kind in kinds])[self.kind]

    def _columns(self, i: int) -> tuple[NDArray[np.int64], ...]:
        """Kind, what it is, which and when, and the most parties of each column of a kind."""
        net, kind, problem, rooms = self.net, self.kinds[i], self.problem, self.rooms
        k, z = kind.class_, kind.size
        places = np.minimum(rooms.room, rooms.free_room) if problem.step_free[k] else rooms.room
        house = int(kind.parties[0]) if kind.in_file else z
        enough = np.flatnonzero(places >= house)
        open_ = np.empty((self.layers, len(net.src)), np.bool_)
        wide = z * int(problem.graph.unit[k])
        way = net.item_ptr, net.item_link, net.item_off[k]
        open_arcs(net.tau[k], *way, rooms.link, wide, open_)
        there = np.zeros((self.layers, net.n_nodes), np.bool_)
        safe = np.zeros_like(there)
        start, ready = net.node_index[problem.scenario.groups.node[kind.group]], problem.ready
        there[ready[kind.group], start] = True
        reach_forward(net.ptr, net.dst, net.tau[k], open_, there)
        s, t = np.nonzero(rooms.intake[enough] >= z)
        s = enough[s]
        safe[t, rooms.node[s]] = True
        reach_backward(net.ptr, net.dst, net.tau[k], open_, safe)
        come = there[t, rooms.node[s]]
        go = safe[ready[kind.group], start]
        when, a = np.nonzero(open_ & there[:, net.src])
        useful = safe[when + net.tau[k, a], net.dst[a]]
        wait, node = np.nonzero(there[:-1] & safe[1:])
        parts = [
            (ARC, a[useful], when[useful]),
            (WAIT, node, wait),
            (DOOR, s[come], t[come]),
            (START, kind.group[go], ready[kind.group[go]]),
            (IN_FILE, enough[: len(enough) * kind.in_file], np.zeros(len(enough) * kind.in_file)),
        ]
        count = [len(part[1]) for part in parts]
        most = np.full(sum(count), kind.parties.sum())
        most[sum(count[:3]) :] = np.concatenate([kind.parties[go], np.ones(count[4], np.int64)])
        return (
            np.full(sum(count), i),
            np.repeat([part[0] for part in parts], count),
            np.concatenate([part[1] for part in parts]).astype(np.int64),
            np.concatenate([part[2] for part in parts]).astype(np.int64),
            most,
        )

    def solve(self, placed: int) -> tuple[list[Way], bool]:
        """Solve for more than so many persons.

        Returns
        -------
        tuple
            Ways, none if there is no such plan or none was found, and whether it is proven that
            there are none for more persons.
        """
        persons = self.size * (self.what == DOOR)
        if int((self.size * self.most)[self.what == START].sum()) <= placed:
            return [], True
        # One person more is worth more than all that is gained by who and when.
        people = float(sum((kind.parties * kind.size).sum() for kind in self.kinds))
        soon = 1 - self.slot / self.layers
        gain = persons * (1 + (self._rank()[self.kind] + 0.1 * soon) / people / 2)
        matrix, low, high = self._rows()
        solved = milp(
            -gain,
            constraints=[
                LinearConstraint(matrix, low, high),
                LinearConstraint(csr_matrix(persons[None].astype(float)), placed + 1, np.inf),
            ],
            bounds=Bounds(0, self.most.astype(float)),
            integrality=np.ones(self.n_columns, np.int64),
            options={"mip_rel_gap": 0.2 / people, "node_limit": MOST_BRANCHES},
        )
        certain = solved.status in (OPTIMAL, INFEASIBLE)
        if solved.x is None:
            return [], certain
        x = np.rint(solved.x).astype(np.int64)
        use = matrix @ x
        if persons @ x <= placed or (use < low - NEARLY).any() or (use > high + NEARLY).any():
            return [], False
        return self._ways(x), certain

    def _rank(self) -> NDArray[np.float64]:
        """Give each kind 0 to 0.9, more for the more vulnerable, so that those are left last."""
        # Of the problem the most vulnerable is 0.
        rank = len(self.problem.rank) - 1 - self.problem.rank
        # To go one after another is the second choice.
        return np.array([0.9 * rank[k.class_] / len(rank) - 0.01 * k.in_file for k in self.kinds])

    def _rows(self) -> tuple[csr_matrix, NDArray[np.float64], NDArray[np.float64]]:
        """Give what every plan must keep: matrix, least and most."""
        net, problem, rooms, layers = self.net, self.problem, self.rooms, self.layers
        groups = problem.scenario.groups
        rows = _Rows()
        # As many parties leave each place and slot as come there.
        n_states = net.n_nodes * layers
        state = self.kind * n_states + self.slot
        places = rows.block(len(self.kinds) * n_states, 0.0, np.zeros(1))
        x = np.flatnonzero(self.what == ARC)
        a, k = self.at[x], self.class_[x]
        rows.add(places + state[x] + net.src[a] * layers, x, -1)
        rows.add(places + state[x] + net.dst[a] * layers + net.tau[k, a], x, 1)
        links = rows.block(len(rooms.link) * layers, -np.inf, rooms.link)
        count = np.diff(net.item_ptr)[a]
        y = np.repeat(x, count)
        nth = np.arange(len(y)) - np.repeat(np.cumsum(count) - count, count)
        item = np.repeat(net.item_ptr[a], count) + nth
        link = net.item_link[item]
        enter = self.slot[y] + net.item_off[self.class_[y], item]
        units = self.size[y] * problem.graph.unit[self.class_[y]]
        every = problem.link_every[link]
        for back in range(int(every.max(initial=1))):
            # Of so many slots in a row a thin link lets people in in one.
            mine = (every > back) & (enter >= back)
            row = links + link[mine] * layers + enter[mine] - back
            rows.add(row, y[mine], units[mine], rooms.link[link[mine], enter[mine]])
        x = np.flatnonzero(self.what == WAIT)
        rows.add(places + state[x] + self.at[x] * layers, x, -1)
        rows.add(places + state[x] + self.at[x] * layers + 1, x, 1)
        x = np.flatnonzero(self.what == DOOR)
        s, z, n = self.at[x], self.size[x], len(rooms.node)
        rows.add(places + state[x] + rooms.node[s] * layers, x, -1)
        intake = rows.block(n * layers, -np.inf, rooms.intake)
        rows.add(intake + s * layers + self.slot[x], x, z)
        rows.add(rows.block(n, -np.inf, rooms.room) + s, x, z)
        aided = problem.step_free[self.class_[x]]
        rows.add(rows.block(n, -np.inf, rooms.free_room) + s[aided], x[aided], z[aided])
        # Of a household in file all come into one shelter.
        same = rows.block(len(self.kinds) * n, 0.0, np.zeros(1))
        x = x[self.in_file[x]]
        rows.add(same + self.kind[x] * n + self.at[x], x, 1)
        once = rows.block(len(groups), -np.inf, np.ones(1))
        first = np.array([kind.group[0] for kind in self.kinds])
        x = np.flatnonzero(self.what == IN_FILE)
        rows.add(same + self.kind[x] * n + self.at[x], x, -groups.size[first[self.kind[x]]])
        rows.add(once + first[self.kind[x]], x, 1)
        x = np.flatnonzero(self.what == START)
        node = net.node_index[groups.node[self.at[x]]]
        rows.add(places + state[x] + node * layers, x, 1)
        x = x[groups.together[self.at[x]] & ~self.in_file[x]]
        x = x[self.size[x] > 1]
        rows.add(once + self.at[x], x, 1)
        return rows.matrix(self.n_columns)

    def _ways(self, x: NDArray[np.int64]) -> list[Way]:
        """Take the flow of a solution apart into ways."""
        net, groups = self.net, self.problem.scenario.groups
        out: dict[tuple[int, int, int], list[int]] = {}
        tail = np.where(self.what == WAIT, self.at, 0)
        arc, door = self.what == ARC, self.what == DOOR
        tail[arc], tail[door] = net.src[self.at[arc]], self.rooms.node[self.at[door]]
        for c in np.flatnonzero((x > 0) & (self.what <= DOOR)).tolist():
            key = int(self.kind[c]), int(tail[c]), int(self.slot[c])
            out.setdefault(key, []).append(c)
        ways, rest = [], x.copy()
        for c in np.flatnonzero((x > 0) & (self.what == START)).tolist():
            kind, g = int(self.kind[c]), int(self.at[c])
            while rest[c] > 0:
                node, t = int(net.node_index[groups.node[g]]), int(self.slot[c])
                used, arcs, slots = [c], [], []
                while self.what[used[-1]] != DOOR:
                    # Doors come last in the columns: whoever can go in does.
                    used.append(next(e for e in out[kind, node, t][::-1] if rest[e] > 0))
                    at = int(self.at[used[-1]])
                    if self.what[used[-1]] == WAIT:
                        t += 1
                    elif self.what[used[-1]] == ARC:
                        arcs.append(at)
                        slots.append(t)
                        node, t = int(net.dst[at]), t + int(net.tau[self.class_[c], at])
                many = int(rest[used].min())
                rest[used] -= many
                ways.append(Way(g, at, t, many * int(self.size[c]), arcs, slots))
        return ways


class _Rows:
    """Rows of a program being put together; those without an entry are left out."""

    def __init__(self) -> None:
        self.blocks: list[tuple[int, int, float, NDArray[np.float64]]] = []
        self.begin = 0
        self.parts: list[tuple[NDArray[np.int64], ...]] = []

    def block(self, count: int, low: float, high: NDArray[np.generic]) -> int:
        """Begin so many rows, between `low` and `high` (of each or of all); returns the first."""
        self.blocks.append((self.begin, count, low, np.ravel(high)))
        self.begin += count
        return self.begin - count

    def add(
        self,
        row: NDArray[np.int64],
        column: NDArray[np.int64],
        factor: NDArray[np.int64] | int,
        most: NDArray[np.int32] | None = None,
    ) -> None:
        """Add entries; a row is no more than the least `most` of its entries."""
        factors = np.broadcast_to(np.asarray(factor, np.int64), row.shape)
        high = np.full(len(row), np.iinfo(np.int64).max) if most is None else most.astype(np.int64)
        self.parts.append((row.astype(np.int64), column, factors, high))

    def matrix(self, n_columns: int) -> tuple[csr_matrix, NDArray[np.float64], NDArray[np.float64]]:
        """Give the matrix, and the least and most of its rows."""
        row, column, factor, most = (
            np.concatenate([part[i] for part in self.parts]) for i in range(4)
        )
        used, at = np.unique(row, return_inverse=True)
        at = at.ravel()
        low, high = np.empty(len(used)), np.empty(len(used))
        for begin, count, least, upto in self.blocks:
            first, last = np.searchsorted(used, [begin, begin + count])
            low[first:last] = least
            high[first:last] = upto[0] if len(upto) == 1 else upto[used[first:last] - begin]
        tight = most < np.iinfo(np.int64).max
        lowest = np.full(len(used), np.inf)
        np.minimum.at(lowest, at[tight], most[tight])
        high = np.where(np.isfinite(lowest), lowest, high)
        matrix = csr_matrix((factor.astype(float), (at, column)), shape=(len(used), n_columns))
        return matrix, low, high


def _book(problem: Problem, net: TimeNet, ways: list[Way]) -> tuple[Placing, NDArray[np.int64]]:
    """Book ways from nothing; returns the persons left of each group too."""
    groups = problem.scenario.groups
    placing = Placing(problem, problem.distances())
    count = [len(way.arc) for way in ways]
    n, n_arcs, longest = len(ways), sum(count), max(count, default=0) + 1
    placing.reserve_space(n, n_arcs)
    if longest > len(placing.work.path_arc):
        placing.work = placing.work._replace(
            path_arc=np.empty(longest, np.int32), path_slot=np.empty(longest, np.int32)
        )
    store = placing.store
    for name, column in (("group", 0), ("shelter", 1), ("admitted", 2), ("size", 3)):
        getattr(store, name)[:n] = [way[column] for way in ways]
    store.ptr[: n + 1] = np.cumsum([0, *count])
    store.arc[:n_arcs] = net.way[[a for way in ways for a in way.arc]]
    store.slot[:n_arcs] = [t for way in ways for t in way.slot]
    store.count[:] = n, n_arcs
    book_and_settle(
        problem.graph, placing.free, placing.work, store, groups.node, groups.class_,
        problem.step_free, np.zeros(n, np.bool_),
    )  # fmt: skip
    left = groups.size.astype(np.int64)
    np.subtract.at(left, store.group[:n], store.size[:n].astype(np.int64))
    return placing, left
