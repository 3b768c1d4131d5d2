"""Slow, obvious twins of what answers phones: the value table by a plain loop, ways by search."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np

from evacroute._kernels.advice import fill_from
from evacroute._street_arrays import lay_streets
from evacroute.network import Network
from evacroute.prices import Prices
from evacroute.scenario import Scenario
from evacroute.scoring.outlook import BIN

INF = float("inf")

LATE = 1e5
"""No way is so dear that it is worth being late [s]."""


@dataclass(frozen=True)
class Arc:
    """Where a chain of links leads, in how many slots, and which links are entered how much later.

    `gate` is -1 where it may be entered at any time.
    """

    tail: int
    head: int
    slots: int
    links: tuple[int, ...]
    offs: tuple[int, ...]
    gate: int


@dataclass
class Table:
    """Least cost [s] of going on from each slot and node, for one class of a scenario.

    Everything costs seconds: a second of time `weight`, a link its price at the slot it is entered
    in times `space`, a place its price. Whoever comes after the deadline pays `LATE` besides. After
    the deadline all is as in the last slot.

    Parameters
    ----------
    walk
        Seconds of the class on each link, inf = barred.
    like
        Class of the prices whose paces and weight hold.
    slots
        Slots that the class takes for each arc, None = those of `like`.
    room
        Price of a place in each shelter [s], inf = shut.
    closed
        Links that nobody may enter.
    """

    network: Network
    prices: Prices
    shelter_node: Sequence[int]
    walk: np.ndarray
    like: int
    room: np.ndarray
    space: float = 1.0
    slots: np.ndarray | None = None
    closed: np.ndarray | None = None
    arcs: list[Arc] = field(init=False)
    chains: dict[int, tuple[int, ...]] = field(init=False)
    out: dict[int, list[Arc]] = field(init=False)
    value: np.ndarray = field(init=False)

    def __post_init__(self) -> None:
        p = self.prices
        self.step, self.last = p.step, p.n_slots + 1
        self.weight = float(p.weight[self.like])
        self.link_price = {
            (int(v), int(t)): float(price) * self.space
            for v, t, price in zip(p.link, p.link_slot, p.link_price, strict=True)
        }
        self.door_price = {
            (int(s), int(t)): float(price)
            for s, t, price in zip(p.door, p.door_slot, p.door_price, strict=True)
        }
        slots = p.arc_slots[self.like] if self.slots is None else self.slots
        self.arcs, self.chains = [], {}
        for a, took in enumerate(slots.tolist()):
            links = tuple(p.arc_link[p.arc_ptr[a] : p.arc_ptr[a + 1]].tolist())
            self.chains.update((link, links) for link in links)
            if took <= 0 or (self.closed is not None and self.closed[list(links)].any()):
                continue
            before = np.cumsum([0.0, *self.walk[list(links)][:-1]])
            self.arcs.append(
                Arc(
                    int(self.network.from_node[links[0]]), int(self.network.to_node[links[-1]]),
                    int(took), links, tuple(np.floor(before / p.step + 1e-9).astype(int).tolist()),
                    int(p.arc_gate[a]),
                )
            )  # fmt: skip
        self.out = {}
        for arc in self.arcs:
            self.out.setdefault(arc.tail, []).append(arc)
        self._fill()

    def is_open(self, arc: Arc, t: int) -> bool:
        """Whether an arc may be entered in a slot."""
        if arc.gate < 0:
            return True
        p, now = self.prices, min(t, self.prices.n_slots)
        spans = range(int(p.gate_ptr[arc.gate]), int(p.gate_ptr[arc.gate + 1]))
        return any(p.gate_first[i] <= now <= p.gate_last[i] for i in spans)

    def arc_cost(self, arc: Arc, t: int) -> float:
        """What an arc costs who enters it in a slot."""
        paid = sum(
            self.link_price.get((link, t + off), 0.0)
            for link, off in zip(arc.links, arc.offs, strict=True)
        )
        return self.weight * arc.slots * self.step + paid

    def in_cost(self, s: int, t: int) -> float:
        """What it costs to be let in at a shelter in a slot."""
        late = LATE if t > self.prices.n_slots else 0.0
        return float(self.room[s]) + self.door_price.get((s, t), 0.0) + late

    def _fill(self) -> None:
        n = self.network.n_nodes
        self.value = np.full((self.last + 1, n), INF)
        here, changed = self.value[self.last], True
        for s, v in enumerate(self.shelter_node):
            here[v] = min(here[v], self.in_cost(s, self.last))
        while changed:
            changed = False
            for arc in self.arcs:
                cost = here[arc.head] + self.weight * arc.slots * self.step
                if self.is_open(arc, self.last) and cost < here[arc.tail] - 1e-9:
                    here[arc.tail], changed = cost, True
        for t in range(self.last - 1, -1, -1):
            now = self.value[t]
            now[:] = self.value[t + 1] + self.weight * self.step
            for s, v in enumerate(self.shelter_node):
                now[v] = min(now[v], self.in_cost(s, t))
            for arc in self.arcs:
                if self.is_open(arc, t):
                    there = self.value[min(t + arc.slots, self.last), arc.head]
                    now[arc.tail] = min(now[arc.tail], self.arc_cost(arc, t) + there)

    def rest(
        self, link: int, seconds: float, now: float, pace: float
    ) -> tuple[float, float, int, tuple[int, ...]] | None:
        """Walk a link to its end, then the rest of its chain: cost, time, head and links after it.

        The first link itself has no price: one is in it already.
        """
        chain = self.chains.get(link)
        if chain is None or not np.isfinite(seconds):
            return None
        after = chain[chain.index(link) + 1 :]
        shut = () if self.closed is None else np.flatnonzero(self.closed).tolist()
        if any(one in shut or not np.isfinite(self.walk[one]) for one in after):
            return None
        time, paid = now + seconds, 0.0
        for one in after:
            paid += self.link_price.get((one, int(time / self.step)), 0.0)
            time += float(self.walk[one]) / pace
        return self.weight * (time - now) + paid, time, int(self.network.to_node[chain[-1]]), after

    def slot(self, time: float) -> int:
        """The slot nearest to a time."""
        return int(np.ceil(time / self.step - 0.5))

    def optimum(self, ends: Sequence[tuple[int, float]], now: float, pace: float) -> float:
        """Least cost of anybody between two ends of a street: (link, seconds to its end) each."""
        best = INF
        for link, seconds in ends:
            found = self.rest(link, seconds, now, pace)
            if found is not None:
                cost, time, head, _ = found
                best = min(best, cost + self.value[min(self.slot(time), self.last), head])
        return best

    def way_cost(
        self,
        first: tuple[int, float],
        links: Sequence[int],
        shelter: int,
        now: float,
        pace: float,
        waits: int | None,
    ) -> float:
        """Least cost of a given way, waiting so many slots in all (None = as it likes).

        `first` is the link that is walked to its end, and the seconds that takes; inf where the way
        is none.
        """
        found = self.rest(*first, now, pace)
        if found is None or tuple(links[: len(found[3])]) != found[3]:
            return INF
        cost, time, node, after = found
        states = {(self.slot(time), 0): cost}
        todo = tuple(links[len(after) :])
        most = self.last if waits is None else waits
        while True:
            spread: dict[tuple[int, int], float] = {}
            for (t, waited), paid in states.items():
                for more in range(most - waited + 1):
                    key = t + more, waited + more
                    spread[key] = min(spread.get(key, INF), paid + self.weight * more * self.step)
            if not todo:
                break
            states, took = {}, 0
            for arc in self.out.get(node, ()):
                if arc.links != todo[: len(arc.links)]:
                    continue
                took = len(arc.links)
                for (t, waited), paid in spread.items():
                    if self.is_open(arc, t):
                        key, c = (t + arc.slots, waited), paid + self.arc_cost(arc, t)
                        states[key] = min(states.get(key, INF), c)
            if not states:
                return INF
            # Arcs of one link differ in pace alone, so all that fit are as long.
            node = int(self.network.to_node[todo[took - 1]])
            todo = todo[took:]
        if self.shelter_node[shelter] != node:
            return INF
        return min(
            (
                paid + self.in_cost(shelter, t)
                for (t, waited), paid in spread.items()
                if waits is None or waited == waits
            ),
            default=INF,
        )


def soonest(
    scenario: Scenario,
    class_: int,
    pace: tuple[float, float],
    ends: Sequence[tuple[int, float]],
    now: float,
    closed: np.ndarray | None = None,
) -> np.ndarray:
    """When somebody could be at each shelter who walks without a stop, inf = never: `fill_from`.

    Parameters
    ----------
    pace
        Over the class's, on the flat and on steps.
    ends
        Nodes by which the street is left, and the walk to each [s].
    """
    streets = lay_streets(scenario, scenario.deadline_s)
    if closed is not None:
        streets.walk[:, closed] = np.inf
    n_links, n_nodes = scenario.network.n_links, scenario.network.n_nodes
    best = np.full(len(scenario.shelters), np.inf)
    heap = np.empty(2 * n_links + 64, np.int64)
    for node, seconds in ends:
        if not np.isfinite(seconds):
            continue
        when, behind = np.empty(n_nodes), np.empty(n_nodes, np.int32)
        fill_from(streets, class_, *pace, int(node), now + seconds, heap, when, behind)
        best = np.minimum(best, when[scenario.shelters.node])
    return best


def factor(scenario: Scenario, class_: int, link: int, time: float) -> float:
    """Product of the rows of link times that hold for a class at a time."""
    rows = scenario.link_times
    holds = (rows.link == link) & ((rows.class_ == class_) | (rows.class_ < 0))
    # After the deadline nothing changes any more.
    time = min(time, np.nextafter(scenario.deadline_s, 0))
    holds &= (rows.from_s <= time) & (time < rows.to_s)
    return float(np.prod(rows.speed_factor[holds]))


def crossed(
    scenario: Scenario,
    class_: int,
    link: int,
    metres: tuple[float, float],
    enter: float,
    dry: float,
    at_end: float = 10.0,
) -> float:
    """Seconds to the end of a street that one stands on, inf = it closes before.

    Parameters
    ----------
    metres
        To the end, and to the other.
    enter, dry
        When the walk on it begins, and what it takes if nothing slows it [s].
    at_end
        Whoever is no farther from the nearer end is let off by it though it is closed [m].
    """
    rows = scenario.link_times
    mine = (rows.link == link) & ((rows.class_ == class_) | (rows.class_ < 0))
    speed = factor(scenario, class_, link, enter)
    leave = enter + dry / speed if speed > 0 else INF
    begins = rows.from_s[mine & (rows.speed_factor == 0)].tolist()
    if speed > 0 and not any(
        enter < begin <= leave and begin < scenario.deadline_s for begin in begins
    ):
        return leave - enter
    return dry if metres[0] <= min(metres[1], at_end) else INF


def fault_of_way(
    scenario: Scenario,
    class_: int,
    pace: tuple[float, float],
    node: int,
    links: Sequence[int],
    shelter: int,
    depart: float,
    queue: np.ndarray | None = None,
    closed: np.ndarray | None = None,
) -> str:
    """Say what is wrong with a way from a node at a time; "" = it can be walked to the door.

    Parameters
    ----------
    queue
        Seconds to wait on each link, by link and bin of time, None = there are none.
    """
    network, classes = scenario.network, scenario.group_classes
    walk = classes.walk_seconds(network)[class_]
    rows = scenario.link_times
    time = depart
    for link in links:
        name = network.link_id[link]
        if network.from_node[link] != node:
            return f"{name} does not begin where the way is"
        if not np.isfinite(walk[link]) or (closed is not None and closed[link]):
            return f"the class cannot use {name}"
        if network.capacity[link] <= 0:
            return f"{name} lets nobody in"
        own = pace[1] if network.steps[link] > 0 else pace[0]
        speed = factor(scenario, class_, link, time)
        if speed == 0:
            return f"{name} is closed when entered at {time:g}"
        leave = time + walk[link] / own / speed
        if queue is not None:
            leave += queue[link, min(int(time / BIN), queue.shape[1] - 1)]
        mine = (rows.link == link) & ((rows.class_ == class_) | (rows.class_ < 0))
        for begin in rows.from_s[mine & (rows.speed_factor == 0)].tolist():
            if time < begin < min(leave, scenario.deadline_s) - 1e-6:
                return f"{name} closes at {begin:g}, they leave it at {leave:g}"
        time, node = leave, int(network.to_node[link])
    if node != scenario.shelters.node[shelter]:
        return "it does not end at the shelter"
    return ""
