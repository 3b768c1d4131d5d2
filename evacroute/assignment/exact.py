"""Place people of a small instance by an integer program over the network expanded over time.

Greedy passes, exchanges and chains move few people at a time, so they can leave somebody for whom
many others, of several classes, would have to go elsewhere. Where the instance is small a solver
looks at all of them at once.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_matrix

from evacroute._kernels.graph import FAR
from evacroute._kernels.rejoin import book_and_settle
from evacroute.assignment.placing import Placing
from evacroute.assignment.problem import Problem
from evacroute.assignment.time_net import TimeNet, build_time_net

MOST_COLUMNS = 20_000
"""Arcs in time, of all kinds of parties together, up to which the program is solved."""

MOST_BRANCHES = 100
"""Branches after which the solver gives the best that it has: the clock shall not decide."""

NEARLY = 1e-6
"""What the solver's numbers may be off by."""

ARC, WAIT, DOOR, START, IN_FILE = range(5)
"""What a column stands for: parties on an arc, that wait, at a door, of a group; whether a household
goes to a shelter one after another."""


@dataclass(frozen=True, slots=True, eq=False)
class Kind:
    """Parties that are alike, so that one flow holds them all.

    Parameters
    ----------
    class_, size
        Class, and persons in a party.
    group
        Groups of such parties.
    in_file
        Whether it is one household whose persons go one after another, to the same shelter.
    """

    class_: int
    size: int
    group: NDArray[np.int64]
    in_file: bool = False


def place_exactly(
    problem: Problem, counted: NDArray[np.bool_], placed: int
) -> tuple[Placing, NDArray[np.int64]] | None:
    """Place more persons than are placed so far, as many as any plan can where that is found.

    Parameters
    ----------
    problem
        What is solved.
    counted
        Groups that can be placed at all.
    placed
        Persons of them in the best plan so far.

    Returns
    -------
    tuple or None
        What is booked, and persons left of each group; None if the instance is too large, or
        nothing better exists or was found.

    Notes
    -----
    Of plans that place equally many one with few of the vulnerable among those left is preferred,
    then one in which people arrive soon; neither is proven best.
    """
    net = build_time_net(problem)
    if net.n_nodes * (problem.n_slots + 1) > MOST_COLUMNS:
        return None
    counted = counted & (problem.ready <= problem.n_slots)
    whole = whole_kinds(problem, counted)
    for kinds in (whole + file_kinds(problem, counted), whole):
        program = _Program(problem, net, kinds)
        if program.n_columns <= MOST_COLUMNS:
            return program.solve(placed)
    return None


def whole_kinds(problem: Problem, counted: NDArray[np.bool_]) -> list[Kind]:
    """List the kinds of parties, households whole."""
    groups = problem.scenario.groups
    size = np.where(groups.together, groups.size, 1)
    mine = np.flatnonzero(counted)
    pairs = sorted({(int(groups.class_[g]), int(size[g])) for g in mine})
    return [
        Kind(k, z, mine[(groups.class_[mine] == k) & (size[mine] == z)]) for k, z in pairs
    ]


def file_kinds(problem: Problem, counted: NDArray[np.bool_]) -> list[Kind]:
    """List the households, each by itself, that may go one after another."""
    groups = problem.scenario.groups
    some = np.flatnonzero(counted & groups.together & (groups.size > 1))
    return [Kind(int(groups.class_[g]), 1, some[i : i + 1], True) for i, g in enumerate(some)]


class _Program:
    """The program: columns of each kind in a block, rows by what they limit."""

    def __init__(self, problem: Problem, net: TimeNet, kinds: list[Kind]) -> None:
        self.problem, self.net, self.kinds = problem, net, kinds
        self.free = problem.tables()
        self.shelter_node = net.node_index[problem.scenario.shelters.node]
        self.layers = problem.n_slots + 1
        self.n_states = net.n_nodes * self.layers
        columns = [self._columns(i) for i in range(len(kinds))]
        self.kind, self.what, self.at, self.slot = (
            np.concatenate([c[j] for c in columns]) for j in range(4)
        )
        self.n_columns = len(self.kind)

    def _columns(self, i: int) -> tuple[NDArray[np.int64], ...]:
        """Kind, what it is, arc or node or shelter or group, and slot of each column of a kind."""
        net, kind, problem = self.net, self.kinds[i], self.problem
        shelters = problem.scenario.shelters
        places = shelters.capacity.astype(np.int64)
        if problem.step_free[kind.class_]:
            places = np.minimum(places, shelters.step_free_capacity)
        doors = np.flatnonzero(places >= kind.size)
        tau = net.tau[kind.class_].astype(np.int64)
        may = (tau < FAR) & self._wide_enough(kind)
        start = net.node_index[problem.scenario.groups.node[kind.group]]
        soon = np.full(net.n_nodes, FAR, np.int64)
        np.minimum.at(soon, start, problem.ready[kind.group])
        _relax(soon, net.src[may], net.dst[may], tau[may])
        late = np.full(net.n_nodes, FAR, np.int64)
        late[self.shelter_node[doors]] = 0
        _relax(late, net.dst[may], net.src[may], tau[may])
        late = problem.n_slots - late
        a = np.flatnonzero(may)
        parts = [
            (ARC, *_each(a, soon[net.src[a]], late[net.dst[a]] - tau[a])),
            (WAIT, *_each(np.arange(net.n_nodes), soon, late - 1)),
        ]
        s, t = _each(doors, soon[self.shelter_node[doors]], np.full(len(doors), problem.n_slots))
        open_ = self.free.intake[s, t] >= kind.size
        parts.append((DOOR, s[open_], t[open_]))
        ready = problem.ready[kind.group].astype(np.int64)
        go = ready <= late[start]
        parts.append((START, kind.group[go], ready[go]))
        if kind.in_file:
            enough = doors[places[doors] >= problem.scenario.groups.size[kind.group[0]]]
            parts.append((IN_FILE, enough, np.zeros(len(enough), np.int64)))
        count = [len(part[1]) for part in parts]
        return (
            np.full(sum(count), i),
            np.repeat([part[0] for part in parts], count),
            np.concatenate([part[1] for part in parts]).astype(np.int64),
            np.concatenate([part[2] for part in parts]).astype(np.int64),
        )

    def _wide_enough(self, kind: Kind) -> NDArray[np.bool_]:
        """Arcs whose every link lets in a party of the kind at once."""
        net, problem = self.net, self.problem
        fits = problem.link_slot[net.item_link] >= kind.size * problem.graph.unit[kind.class_]
        narrow = np.bincount(net.arc_of_item[~fits], minlength=len(net.src))
        return np.asarray(narrow == 0)

    def solve(self, placed: int) -> tuple[Placing, NDArray[np.int64]] | None:
        """Solve for more than so many persons; None if there is no such plan, or none was found."""
        door = self.what == DOOR
        size = np.array([kind.size for kind in self.kinds])
        persons = size[self.kind] * door
        # One person more is worth more than all that is gained by who and when.
        people = max(int(self.problem.scenario.groups.persons), 1)
        late = self.slot / self.layers
        rank = self._rank()[self.kind]
        gain = persons * (1 + (rank - 0.1 * late) / people / 2)
        matrix, low, high = self._rows()
        more = csr_matrix(persons[None].astype(float))
        solved = milp(
            -gain,
            constraints=[
                LinearConstraint(matrix, low, high),
                LinearConstraint(more, placed + 1, np.inf),
            ],
            bounds=Bounds(0, self._most()),
            integrality=np.ones(self.n_columns),
            options={"mip_rel_gap": 0.2 / people, "node_limit": MOST_BRANCHES},
        )
        if solved.x is None:
            return None
        x = np.rint(solved.x).astype(np.int64)
        use = matrix @ x
        if persons @ x <= placed or (use < low - NEARLY).any() or (use > high + NEARLY).any():
            return None
        return self._book(x)

    def _rank(self) -> NDArray[np.float64]:
        """Give each kind 0 to 0.9, more for the more vulnerable, so that those are left last."""
        speed = self.problem.scenario.group_classes.speed_flat
        rank = np.empty(len(speed))
        rank[np.lexsort((-speed, self.problem.step_free))] = np.arange(len(speed))
        # A household that goes one after another is the second choice.
        return np.array(
            [0.9 * rank[k.class_] / len(rank) - 0.01 * k.in_file for k in self.kinds]
        )

    def _most(self) -> NDArray[np.float64]:
        """Parties that each column can hold at most."""
        groups = self.problem.scenario.groups
        parties = np.array(
            [groups.size[kind.group].sum() // kind.size for kind in self.kinds], np.float64
        )
        most = parties[self.kind]
        start = self.what == START
        size = np.array([kind.size for kind in self.kinds])[self.kind[start]]
        most[start] = groups.size[self.at[start]] // size
        most[self.what == IN_FILE] = 1
        return most

    def _rows(self) -> tuple[csr_matrix, NDArray[np.float64], NDArray[np.float64]]:
        """Give what every plan must keep: matrix, least and most."""
        net, problem, free = self.net, self.problem, self.free
        groups, n_shelters = problem.scenario.groups, len(self.shelter_node)
        size = np.array([kind.size for kind in self.kinds])[self.kind]
        class_ = np.array([kind.class_ for kind in self.kinds])[self.kind]
        in_file = np.array([kind.in_file for kind in self.kinds])[self.kind]
        n_groups = len(groups)
        everyone = float(groups.persons)
        rows: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64]]] = []
        most: list[NDArray[np.float64]] = []
        least: list[NDArray[np.float64]] = []
        begin = 0

        def block(count: int, low: float, high: NDArray[np.float64] | float) -> int:
            nonlocal begin
            least.append(np.full(count, low))
            most.append(np.broadcast_to(np.asarray(high, np.float64), (count,)))
            begin += count
            return begin - count

        # As many parties leave each place and slot as come there.
        states = block(len(self.kinds) * self.n_states, 0.0, 0.0)

        def state(x: NDArray[np.int64], node: NDArray[np.int64], t: NDArray[np.int64]):  # type: ignore[no-untyped-def]
            return states + self.kind[x] * self.n_states + node * self.layers + t

        def add(row: NDArray[np.int64], x: NDArray[np.int64], factor: object) -> None:
            full = np.broadcast_to(np.asarray(factor, np.int64), (len(x),))
            rows.append((row, x, full))

        x = np.flatnonzero(self.what == ARC)
        a, t = self.at[x], self.slot[x]
        add(state(x, net.src[a], t), x, -1)
        add(state(x, net.dst[a], t + net.tau[class_[x], a]), x, 1)
        # Of so many slots in a row a link lets people in in one.
        links = block(len(free.link) * self.layers, -np.inf, np.repeat(free.link[:, 0], self.layers))
        count = np.diff(net.item_ptr)[a]
        y = np.repeat(x, count)
        nth = np.arange(len(y)) - np.repeat(np.cumsum(count) - count, count)
        item = np.repeat(net.item_ptr[a], count) + nth
        link = net.item_link[item]
        enter = self.slot[y] + net.item_off[class_[y], item]
        units = size[y] * problem.graph.unit[class_[y]]
        every = problem.link_every[link]
        for back in range(int(every.max(initial=1))):
            mine = (every > back) & (enter - back >= 0)
            add(links + link[mine] * self.layers + enter[mine] - back, y[mine], units[mine])
        x = np.flatnonzero(self.what == WAIT)
        add(state(x, self.at[x], self.slot[x]), x, -1)
        add(state(x, self.at[x], self.slot[x] + 1), x, 1)
        x = np.flatnonzero(self.what == DOOR)
        s, t = self.at[x], self.slot[x]
        add(state(x, self.shelter_node[s], t), x, -1)
        intake = np.minimum(free.intake, everyone).astype(np.float64).ravel()
        add(block(n_shelters * self.layers, -np.inf, intake) + s * self.layers + t, x, size[x])
        add(block(n_shelters, -np.inf, free.room.astype(np.float64)) + s, x, size[x])
        aided = problem.step_free[class_[x]]
        add(
            block(n_shelters, -np.inf, free.step_free_room.astype(np.float64)) + s[aided],
            x[aided], size[x][aided],
        )  # fmt: skip
        # A household in file is in one shelter, all of them.
        filed = in_file[x]
        same = block(len(self.kinds) * n_shelters, 0.0, 0.0)
        add(same + self.kind[x[filed]] * n_shelters + s[filed], x[filed], 1)
        x = np.flatnonzero(self.what == IN_FILE)
        persons = groups.size[[self.kinds[i].group[0] for i in self.kind[x]]]
        add(same + self.kind[x] * n_shelters + self.at[x], x, -persons.astype(np.int64))
        once = block(n_groups, -np.inf, 1.0)
        if len(x):
            mine = np.array([self.kinds[i].group[0] for i in self.kind[x]])
            add(once + mine, x, 1)
        x = np.flatnonzero(self.what == START)
        add(state(x, net.node_index[groups.node[self.at[x]]], self.slot[x]), x, 1)
        house = x[groups.together[self.at[x]] & (groups.size[self.at[x]] > 1) & ~in_file[x]]
        add(once + self.at[house], house, 1)
        row, column, factor = (np.concatenate([part[i] for part in rows]) for i in range(3))
        used, row = np.unique(row, return_inverse=True)
        matrix = csr_matrix(
            (factor.astype(float), (row.ravel(), column)), shape=(len(used), self.n_columns)
        )
        return matrix, np.concatenate(least)[used], np.concatenate(most)[used]

    def _book(self, x: NDArray[np.int64]) -> tuple[Placing, NDArray[np.int64]]:
        """Book the parties of a solution, each on a way through the flow of its kind."""
        problem, net, groups = self.problem, self.net, self.problem.scenario.groups
        left = groups.size.astype(np.int64)
        flow: dict[tuple[int, int, int], list[int]] = {}
        rest = x.copy()
        for c in np.flatnonzero((x > 0) & (self.what <= DOOR)).tolist():
            at = int(self.at[c])
            node = at if self.what[c] == WAIT else int(
                net.src[at] if self.what[c] == ARC else self.shelter_node[at]
            )
            flow.setdefault((int(self.kind[c]), node, int(self.slot[c])), []).append(c)
        ways: list[tuple[int, int, int, int, list[tuple[int, int]]]] = []
        for c in np.flatnonzero((x > 0) & (self.what == START)).tolist():
            kind, g = self.kinds[self.kind[c]], int(self.at[c])
            while rest[c] > 0:
                node, t = int(net.node_index[groups.node[g]]), int(self.slot[c])
                steps: list[tuple[int, int]] = []
                used = [c]
                while True:
                    # Doors come after arcs and waits.
                    out = next(e for e in flow[int(self.kind[c]), node, t][::-1] if rest[e] > 0)
                    used.append(out)
                    if self.what[out] == DOOR:
                        break
                    if self.what[out] == WAIT:
                        t += 1
                        continue
                    a = int(self.at[out])
                    steps.append((int(net.way[a]), t))
                    node, t = int(net.dst[a]), t + int(net.tau[kind.class_, a])
                many = int(rest[used].min())
                rest[used] -= many
                ways.append((g, int(self.at[out]), t, many * kind.size, steps))
                left[g] -= many * kind.size
        placing = Placing(problem, problem.distances())
        longest = max((len(way[4]) for way in ways), default=0) + 1
        placing.reserve_space(len(ways), sum(len(way[4]) for way in ways))
        if longest > len(placing.work.path_arc):
            placing.work = placing.work._replace(
                path_arc=np.empty(longest, np.int32), path_slot=np.empty(longest, np.int32)
            )
        store, at = placing.store, 0
        for i, (g, s, t, persons, steps) in enumerate(ways):
            store.group[i], store.shelter[i], store.admitted[i], store.size[i] = g, s, t, persons
            store.ptr[i] = at
            for arc, slot in steps:
                store.arc[at], store.slot[at] = arc, slot
                at += 1
        store.ptr[len(ways)] = at
        store.count[:] = len(ways), at
        book_and_settle(
            problem.graph, placing.free, placing.work, store, groups.node, groups.class_,
            problem.step_free, np.zeros(len(ways), np.bool_),
        )  # fmt: skip
        return placing, left


def _relax(
    best: NDArray[np.int64], from_: NDArray[np.int32], to: NDArray[np.int32], time: NDArray[np.int64]
) -> None:
    """Least slots to each node from the finite entries along arcs, put into `best`."""
    while True:
        before = best.copy()
        np.minimum.at(best, to, np.minimum(best[from_] + time, FAR))
        if np.array_equal(before, best):
            return


def _each(
    what: NDArray[np.int64], first: NDArray[np.int64], last: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Each of some things with each slot from its first to its last."""
    slots = np.maximum(last - first + 1, 0)
    slots[first >= FAR] = 0
    row = np.repeat(np.arange(len(what)), slots)
    nth = np.arange(len(row)) - np.repeat(np.cumsum(slots) - slots, slots)
    return what[row].astype(np.int64), first[row] + nth
