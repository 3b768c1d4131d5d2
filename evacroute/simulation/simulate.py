"""`simulate`: play a plan, or what people do without one, person by person."""

from __future__ import annotations

import time
from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.crowd import (
    ASIDE,
    N_OUT,
    N_TRACK,
    N_WALKING,
    SQUEEZED,
    STATE,
    WALKER,
    Record,
    Scene,
    Streets,
)
from evacroute._kernels.crowd_fields import fill_tree
from evacroute._kernels.crowd_moves import play_bin, try_again
from evacroute._street_arrays import lay_boats, lay_streets
from evacroute.assignment import Progress
from evacroute.errors import Faults, InputError
from evacroute.physics import Physics
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.simulation.behaviour import Behaviour, as_behaviour
from evacroute.simulation.crowd import gather, to_kernel
from evacroute.simulation.result import Simulation
from evacroute.simulation.traces import Delays, Tracks
from evacroute.units import seconds

BIN = 60.0
"""Length of the bins in which densities and delays are kept [s]."""

MOST_SIZES = 8
"""Parties of so many different sizes are told apart of where there is room for them."""

LONGEST = 7 * 86_400.0
"""No run goes on for longer [s]."""

LEAST_STEP = 0.1
"""Shortest step of the densities [s]."""

BY_BIN = (
    "load", "standing", "pace", "wait", "entries", "in_at",
    "door_wait", "door_entries", "door_in_at",
)  # fmt: skip
"""Tables of a record with a column a bin."""

FIRST_BINS = 64
"""Tables begin with room for so many bins, and grow with the run."""

LONGER = 1.5
"""By default a run goes on for so many times the deadline, so that the late are seen to arrive."""


def simulate(
    what: Plan | Scenario,
    *,
    behaviour: Behaviour | str | None = None,
    compliance: float | None = None,
    physics: Physics | None = None,
    seed: int = 0,
    until: float | str | None = None,
    dt: float = 1.0,
    keep_times: bool = False,
    tracks: int = 0,
    progress: Progress | None = None,
    **others: Any,
) -> Simulation:
    """Play a plan, or a scenario without one, with people who are slower, later and less obedient.

    Every person, or household that moves as one, has a speed of their own and walks link by link.
    The denser a street, the slower all in it; a link lets in no more than its capacity, a crowded
    one no more than it passes on, and a full one nobody, so that queues reach back over the links
    behind. Who comes the other way takes room and pace. Hazards close and slow links as they do for
    the planner; boats leave by their timetable, with the places they have; a full shelter turns
    people away, who are told at its door where there is room.

    Parameters
    ----------
    what
        A plan; or a scenario, for what people do without one.
    behaviour
        What people do beside following the plan; or "nearest", "crowd" or "lost" for everybody:
        then nobody follows the plan, and its figures are shown beside.
    compliance
        Share of parties who follow the plan, where the behaviour does not say.
    physics
        How density and narrow places hold people up.
    seed
        The same seed gives the same run.
    until
        The run ends then, at a whole minute [s after the alarm, or text such as "2 h"], 7 days at
        the most; by default at 1.5 times the deadline. It ends earlier when nobody is on the way
        any more.
    dt
        Step of the densities, 0.1 to 10 [s]; people reach the ends of links at times of their own.
    keep_times
        Whether who follows the plan waits on the way as long as it says, where they come too soon;
        else only its times of setting out are kept. Only where a plan is followed.
    tracks
        Keep where so many parties were and when, evenly chosen, to show them walking.
    progress
        Called with the stage and the share of it that is done (0..1).
    **others
        Refused; figures of `Physics` and `Behaviour` with a word on where they belong.

    Returns
    -------
    Simulation
        When and where everybody arrived, how dense it got.

    Raises
    ------
    InputError
        If a parameter is out of its range, compliance is given twice, or compliance or
        ``keep_times`` without a plan to follow.
    TypeError
        If there is an argument of another name.

    Notes
    -----
    Mesoscopic: streets are queues with a travel time by density (`Physics`), people are single. Who
    the plan leaves without a place stays, and counts as left. Walks from where people stand to
    their first node are taken from the plan, and not slowed by a crowd. Nobody but who follows a
    plan takes a boat. At a shelter's door people wait outside for their turn, beside the street.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300))
    >>> run = er.simulate(plan, compliance=0.9, seed=1)
    >>> run.safe <= plan.placed
    True
    """
    _check_names(others)
    scenario = what.scenario if isinstance(what, Plan) else what
    if not isinstance(scenario, Scenario):
        raise InputError(f"what is {what!r}, expected a plan or a scenario")
    beside = what if isinstance(what, Plan) else None
    if beside is None and compliance is not None:
        raise InputError("compliance is for plans, but what is a scenario: there is none to follow")
    plan = None if isinstance(behaviour, str) else beside
    if until is None:
        end = min(LONGER * scenario.deadline_s, LONGEST)
    else:
        end = seconds(until, "until", most=LONGEST)
    _check(behaviour, physics, seed, dt, tracks)
    _check_keeps(keep_times, plan, behaviour)
    acts = as_behaviour(behaviour, compliance)
    physics = Physics() if physics is None else physics
    began = time.perf_counter()
    keeps = bool(keep_times)
    game = _Game(scenario, plan, acts, physics, seed, end, float(dt), keeps, tracks)
    game.play(progress)
    return game.result(time.perf_counter() - began, beside)


def _check(behaviour: Any, physics: Any, seed: Any, dt: Any, tracks: Any) -> None:
    """Refuse what is not as it must be, all at once."""
    faults = Faults("simulate")
    if not (behaviour is None or isinstance(behaviour, Behaviour | str)):
        faults.add(f"behaviour is {behaviour!r}, expected a Behaviour or its name")
    if not (physics is None or isinstance(physics, Physics)):
        faults.add(f"physics is {physics!r}, expected a Physics")
    known = isinstance(dt, int | float) and not isinstance(dt, bool) and LEAST_STEP <= dt <= 10
    if not (known and abs(round(BIN / dt) * dt - BIN) < 1e-9):
        faults.add(f"dt is {dt!r} s, expected {LEAST_STEP:g} to 10, and to divide {BIN:g} s")
    for name, value in (("seed", seed), ("tracks", tracks)):
        whole = isinstance(value, int | np.integer) and not isinstance(value, bool)
        if not (whole and value >= 0):
            faults.add(f"{name} is {value!r}, expected a whole number >= 0")
    faults.raise_if_any(InputError)


def _check_names(others: dict[str, Any]) -> None:
    for name in others:
        where = "expected the parameters that help(evacroute.simulate) names"
        for kind in (Physics, Behaviour):
            if name in {field.name for field in fields(kind)}:
                where = f"expected {kind.__name__.lower()}=er.{kind.__name__}({name}=...)"
        raise TypeError(f"simulate has no parameter {name!r}; {where}")


def _check_keeps(keep_times: Any, plan: Plan | None, behaviour: Any) -> None:
    if not isinstance(keep_times, bool | np.bool_):
        raise InputError(f"keep_times is {keep_times!r}, expected True or False")
    if keep_times and plan is None:
        named = isinstance(behaviour, str)
        why = f"with behaviour={behaviour!r}" if named else "in a scenario"
        raise InputError(f"keep_times is for those who follow a plan, but {why} nobody does")


class _Game:
    """A run: the arrays that the kernels work on, minute by minute."""

    def __init__(
        self,
        scenario: Scenario,
        plan: Plan | None,
        behaviour: Behaviour,
        physics: Physics,
        seed: int,
        end: float,
        dt: float,
        keep_times: bool,
        tracks: int,
    ) -> None:
        self.scenario, self.plan, self.behaviour, self.physics = scenario, plan, behaviour, physics
        self.seed, self.dt, self.end, self.keep_times = seed, dt, end, keep_times
        self.n_bins = max(1, int(np.ceil(end / BIN)))
        self.rng = np.random.default_rng(seed)
        self.parties = gather(scenario, plan, behaviour, self.rng)
        self.people, self.ways = to_kernel(
            self.parties, scenario, plan, behaviour, self.rng, keep_times=keep_times
        )
        self.streets = lay_streets(scenario, self.n_bins * BIN, physics.flow_scale)
        self.boats = lay_boats(scenario)
        self.law = physics.tables()
        self.sizes = _told_sizes(self.parties.size)
        self.scene = _scene(self.streets, scenario, self.parties.size, self.sizes)
        self.tracked = _tracked(len(self.parties), tracks)
        first = min(self.n_bins, FIRST_BINS)
        self.record = _record(
            self.streets, len(scenario.shelters), first, self.tracked, self.plan, tracks
        )
        # Those who set out at the same time do so in an order drawn, not that of their groups.
        shuffled = self.rng.permutation(len(self.parties))
        self.order = shuffled[np.argsort(self.parties.depart[shuffled], kind="stable")]
        self.heap = np.empty(len(self.streets.link) + len(scenario.shelters) + 1, np.int64)
        self.ahead = np.empty(scenario.network.n_nodes, np.int32)
        self.shelter_node = scenario.shelters.node.astype(np.int64)
        self.classes = np.unique(self.people["class_"]).tolist()
        shape = len(self.scene.near), len(self.streets.step_free), len(scenario.shelters)
        self.told_open = np.zeros(shape, np.bool_)
        self.played = 0

    def play(self, progress: Progress | None) -> None:
        """Play bin by bin until nobody is on the way."""
        degree = int(np.diff(self.streets.in_ptr).max(initial=0)) + 1
        stuck = np.zeros(degree, np.bool_)
        changes = np.unique(self.streets.stretch_begin)
        for bin_ in range(self.n_bins):
            if progress is not None:
                progress("playing", bin_ / self.n_bins)
            begin = bin_ * BIN
            if bin_ >= self.record.load.shape[1]:
                self.record = _grown(self.record, min(2 * bin_, self.n_bins))
            changed = bool(((changes > begin - BIN) & (changes <= begin)).any())
            self._lead(begin, changed or bin_ == 0)
            play_bin(
                self.streets, self.law, self.people, self.scene, self.ways, self.boats,
                self.record, self.order, bin_, BIN, self.dt, self.rng, stuck,
            )  # fmt: skip
            self.played = bin_ + 1
            if self._is_over(begin + BIN, changes):
                break

    def _is_over(self, now: float, changes: NDArray[np.float64]) -> bool:
        count = self.scene.count
        if count[N_OUT] < len(self.order) or count[N_WALKING] or (self.scene.head >= 0).any():
            return False
        if not (self.people["state"] == ASIDE).any():
            return True
        # Who stands by the way is told of what opens later, or that a shelter has just filled.
        told = all(np.array_equal(self._open(k), self.told_open[:, k]) for k in self.classes)
        return told and not (changes > now).any()

    def _open(self, k: int) -> NDArray[np.bool_]:
        """Which shelters count for a class, as in `Scene.near`."""
        scene = self.scene
        free = self.streets.step_free[k]
        left = np.minimum(scene.room, scene.step_free_room) if free else scene.room
        room = (left >= size for size in self.sizes)
        return np.stack([self.scenario.shelters.capacity > 0, *room])

    def _lead(self, now: float, changed: bool) -> None:
        """Find the ways to the nearest shelters anew, where closures or full ones ask for it."""
        scene = self.scene
        for k in self.classes:
            found = self._open(k)
            for told, is_open in enumerate(found):
                if changed or (is_open != self.told_open[told, k]).any():
                    self.told_open[told, k] = is_open
                    out = scene.near[told, k]
                    if told and np.array_equal(is_open, found[told - 1]):
                        out[:] = scene.near[told - 1, k]
                        continue
                    roots = self.shelter_node[is_open]
                    fill_tree(self.streets, k, now, roots, self.heap, out, self.ahead)
        try_again(self.people, scene, len(self.streets.link), now)

    def result(self, spent: float, beside: Plan | None) -> Simulation:
        """Sum up; the figures of the plan `beside` are shown with those of the run."""
        n, steps = self.played, BIN / self.dt
        record, scene = self.record, self.scene
        delays = Delays(
            BIN,
            pace=(1 + record.pace[:, :n] / steps).astype(np.float32),
            wait=_waits(record.wait[:, :n], record.entries[:, :n], record.in_at[:, :n]),
            door_wait=_waits(
                record.door_wait[:, :n], record.door_entries[:, :n], record.door_in_at[:, :n]
            ),
        )
        return Simulation.of(
            scenario=self.scenario,
            plan=self.plan,
            beside=beside,
            until=self.end,
            keep_times=self.keep_times,
            parties=self.parties,
            people=self.people,
            behaviour=self.behaviour,
            physics=self.physics,
            seed=self.seed,
            bin_s=BIN,
            load=(record.load[:, :n] / steps).astype(np.float32),
            waiting=(record.standing[:, :n] / steps).astype(np.float32),
            delays=delays,
            turned_away=scene.turned_away,
            squeezed=int(scene.count[SQUEEZED]),
            tracks=Tracks.of(self.tracked, record, int(scene.count[N_TRACK]), self.people),
            seconds=spent,
        )


def _waits(
    total: NDArray[np.float32], count: NDArray[np.float32], in_at: NDArray[np.float32]
) -> NDArray[np.float32]:
    """Give the mean wait of those who came in each bin.

    Where nobody came, who had would have stood behind those who came before; NaN = nobody waits.
    """
    unknown = np.full(total.shape, np.nan, np.float32)
    mean = np.divide(total, count, out=unknown, where=count > 0)
    last = np.maximum.accumulate(in_at, axis=1)
    for b in range(1, mean.shape[1]):
        # Somebody who comes at any time in the bin, in the mean.
        rest = np.clip(last[:, b - 1] - b * BIN, 0.0, None)
        wait = np.where(rest >= BIN, rest - BIN / 2, rest**2 / (2 * BIN))
        still = np.isnan(mean[:, b]) & (rest > 0)
        mean[still, b] = wait[still]
    return mean


def _told_sizes(size: NDArray[np.int32]) -> list[int]:
    """Sizes of parties that are told apart of where there is room, ascending, the largest last."""
    found = np.unique(size).tolist()
    return found if len(found) <= MOST_SIZES else [*found[: MOST_SIZES - 1], found[-1]]


def _scene(
    streets: Streets, scenario: Scenario, size: NDArray[np.int32], sizes: list[int]
) -> Scene:
    n, n_links, shelters = len(size), len(streets.link), scenario.shelters
    n_nodes, n_classes = scenario.network.n_nodes, len(scenario.group_classes)
    return Scene(
        link=np.zeros(n_links, STATE).view(np.recarray),
        pace=np.ones(n_links, np.float32),
        pace_step=np.zeros(n_links, np.int32),
        head=np.full(n_links + n_nodes, -1, np.int32),
        tail=np.full(n_links + n_nodes, -1, np.int32),
        moved_at=np.zeros(n_links + n_nodes),
        busy=np.zeros(n_nodes, np.int32),
        is_busy=np.zeros(n_nodes, np.bool_),
        walking=np.zeros(n + 1, WALKER).view(np.recarray),
        near=np.full((1 + len(sizes), n_classes, n_nodes), np.inf),
        told=1 + np.searchsorted(sizes, np.arange(int(size.max(initial=0)) + 1)),
        room=shelters.capacity.copy(),
        step_free_room=shelters.step_free_capacity.copy(),
        door_free_at=np.zeros(len(shelters)),
        door_seconds=1.0 / shelters.intake_rate,
        turned_away=np.zeros(len(shelters), np.int64),
        count=np.zeros(6, np.int64),
    )


def _tracked(n: int, tracks: int) -> NDArray[np.int32]:
    """Give each party the number of its track, -1 = none."""
    tracked = np.full(n, -1, np.int32)
    kept = np.unique(np.linspace(0, max(n - 1, 0), min(tracks, n)).astype(np.int64))
    tracked[kept] = np.arange(len(kept))
    return tracked


def _record(
    streets: Streets,
    n_shelters: int,
    n_bins: int,
    tracked: NDArray[np.int32],
    plan: Plan | None,
    tracks: int,
) -> Record:
    shape, doors = (len(streets.link), n_bins), (n_shelters, n_bins)
    # Plans tell how long ways are; who wanders takes several times as many links.
    mean = 100 if plan is None else 1 + len(plan.movements.leg_link) // max(1, len(plan.movements))
    most = 4 * mean * int((tracked >= 0).sum()) if tracks else 0

    def table(shape: tuple[int, int]) -> NDArray[np.float32]:
        return np.zeros(shape, np.float32)

    return Record(
        bin_s=BIN,
        load=table(shape),
        standing=table(shape),
        pace=table(shape),
        wait=table(shape),
        entries=table(shape),
        in_at=table(shape),
        door_wait=table(doors),
        door_entries=table(doors),
        door_in_at=table(doors),
        tracked=tracked,
        track=np.zeros((most, 2), np.int32),
        track_enter=np.zeros(most),
    )


def _grown(record: Record, n_bins: int) -> Record:
    """Give the tables of a record room for more bins: the time of a long run is mostly not used."""

    def wider(table: NDArray[np.float32]) -> NDArray[np.float32]:
        out = np.zeros((len(table), n_bins), np.float32)
        out[:, : table.shape[1]] = table
        return out

    tables: dict[str, Any] = {name: wider(getattr(record, name)) for name in BY_BIN}
    return record._replace(**tables)
