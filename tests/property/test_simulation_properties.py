"""Whatever is played, people are conserved, rooms and closures kept, and a seed is a run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
from conftest import drawn
from drawn_hazards import boats, link_times
from drawn_scenes import CLASSES, scenes
from hypothesis import given, settings
from hypothesis import strategies as st
from lattices import FOUR_PACES, lattice
from networks import grid
from scenes import on_the_grid, scene

import evacroute as er
from evacroute.network import FERRY
from evacroute.simulation import STATES, Behaviour, Physics

SAFE, LATE, LEFT = STATES.index("safe"), STATES.index("late"), STATES.index("left")


@st.composite
def behaviours(draw: st.DrawFn) -> Behaviour:
    """Any behaviour."""
    share = st.sampled_from([0.0, 0.3, 1.0])
    return Behaviour(
        compliance=draw(st.sampled_from([0.0, 0.5, 1.0])),
        nearest=draw(st.sampled_from([0.2, 1.0])),
        crowd=draw(share),
        lost=draw(share),
        lost_time=draw(st.sampled_from([0.0, 60.0])),
        delay=draw(st.sampled_from([0.0, 30.0])),
        speed_spread=draw(st.sampled_from([0.0, 0.13, 0.5])),
    )


@st.composite
def games(draw: st.DrawFn) -> tuple[er.Scenario, bool, dict[str, Any]]:
    """Any small scenario, hazards and boats or not, whether it is planned, and how it is played."""
    scenario = draw(scenes())
    if draw(st.booleans()):
        scenario = replace(scenario, hazard=draw(link_times(scenario)))
    if draw(st.booleans()):
        scenario = draw(boats(scenario))
    planned = draw(st.booleans())
    return scenario, planned, {
        "behaviour": draw(behaviours()),
        "physics": Physics(law=draw(st.sampled_from(["weidmann", "sfpe"]))),
        "seed": draw(st.integers(0, 9)),
        "dt": draw(st.sampled_from([0.5, 1.0, 5.0])),
        "keep_times": planned and draw(st.booleans()),
    }  # fmt: skip


def play(game: tuple[er.Scenario, bool, dict[str, Any]]) -> er.Simulation:
    """A run of what was drawn, with tracks of everybody."""
    scenario, planned, settings_ = game
    what = er.assign(scenario, "shelter_flow") if planned else scenario
    return er.simulate(what, **settings_, tracks=1000)


def inside(run: er.Simulation) -> np.ndarray:
    """Parties who are in a shelter."""
    return np.isin(run.state, (SAFE, LATE))


def check_rooms(run: er.Simulation) -> None:
    """No shelter holds more people, or people who need step-free places, than it has room for."""
    scenario, came = run.scenario, inside(run)
    n = len(scenario.shelters)
    free = scenario.group_classes.step_free[scenario.groups.class_[run.group]]
    total = np.bincount(run.shelter[came], weights=run.size[came], minlength=n)
    wheels = np.bincount(run.shelter[came & free], weights=run.size[came & free], minlength=n)
    assert (total <= scenario.shelters.capacity).all()
    assert (wheels <= scenario.shelters.step_free_capacity).all()


def check_tracks(run: er.Simulation) -> None:
    """Nobody is where they cannot be, tracks hang together, and no boat is too full."""
    scenario, tracks = run.scenario, run.tracks
    network, classes = scenario.network, scenario.group_classes
    profile = scenario.link_times.profile(len(classes), 1e6)
    walk = classes.walk_seconds(network)
    row = dict(zip(profile.link.tolist(), range(len(profile.link)), strict=True))
    ferry = network.kind == FERRY
    for t, agent in enumerate(tracks.agent.tolist()):
        k = int(scenario.groups.class_[run.group[agent]])
        legs = range(int(tracks.ptr[t]), int(tracks.ptr[t + 1]))
        at = int(scenario.groups.node[run.group[agent]])
        time = float(run.depart[agent])
        for leg in legs:
            link, enter = int(tracks.link[leg]), float(tracks.enter[leg])
            assert network.from_node[link] == at
            assert enter >= time - 1e-6
            assert tracks.leave[leg] >= enter - 1e-6
            at, time = int(network.to_node[link]), enter
            if ferry[link]:
                continue
            assert np.isfinite(walk[k, link])
            assert network.capacity[link] > 0
            if link in row:
                first, last = profile.ptr[row[link]], profile.ptr[row[link] + 1]
                begin = profile.begin[first:last]
                now = first + int(np.searchsorted(begin, enter, side="right")) - 1
                assert profile.factor[k, now] > 0
        if inside(run)[agent] and run.shelter[agent] >= 0:
            assert scenario.shelters.node[run.shelter[agent]] == at
            assert run.arrive[agent] >= time - 1e-6
    check_boats(run, ferry)


def check_boats(run: er.Simulation, ferry: np.ndarray) -> None:
    """No ride takes more people or wheelchairs than it has places."""
    scenario, tracks, rides = run.scenario, run.tracks, run.scenario.rides
    if rides is None or not len(rides):
        assert not ferry[tracks.link].any()
        return
    agent = np.repeat(tracks.agent, np.diff(tracks.ptr))
    aboard: dict[tuple[int, float], list[int]] = {}
    for i in np.flatnonzero(ferry[tracks.link]).tolist():
        party = int(agent[i])
        wheels = bool(scenario.group_classes.step_free[scenario.groups.class_[run.group[party]]])
        size = int(run.size[party])
        place = aboard.setdefault((int(tracks.link[i]), float(tracks.enter[i])), [0, 0])
        place[0] += size
        place[1] += size * wheels
    for (link, leave), (people, wheels) in aboard.items():
        mine = (rides.link == link) & (rides.leave_s == leave)
        assert mine.any()
        assert people <= rides.seats[mine].sum()
        assert wheels <= rides.wheelchair_places[mine].sum()


@settings(max_examples=drawn(120), deadline=None)
@given(game=games())
def test_everybody_is_somewhere(game: tuple[er.Scenario, bool, dict[str, Any]]) -> None:
    """Everybody is in one state, all add up, none arrives before they set out or in a full room."""
    run = play(game)
    assert sum(run.counts.values()) == run.scenario.persons
    came = inside(run)
    assert (np.isfinite(run.arrive) == came).all()
    assert ((run.shelter >= 0) == came).all()
    assert (run.arrive[came] >= run.depart[came] - 1e-6).all()
    assert (run.depart[run.state != LEFT] >= run.ready[run.state != LEFT]).all()
    late = run.arrive > run.scenario.deadline_s + 1e-6
    assert ((run.state == LATE) == late).all()
    check_rooms(run)
    assert run.sheltered[:, -1:].sum() <= run.size[came].sum()
    assert (run.load >= 0).all()
    assert (run.waiting <= run.load + 1e-3).all()


@settings(max_examples=drawn(120), deadline=None)
@given(game=games())
def test_ways_are_walkable(game: tuple[er.Scenario, bool, dict[str, Any]]) -> None:
    """Nobody enters a link closed to them, leaps from street to street, or overfills a boat."""
    run = play(game)
    check_tracks(run)


@settings(max_examples=drawn(40), deadline=None)
@given(scenario=scenes(), seed=st.integers(0, 99))
def test_same_seed_same_run(scenario: er.Scenario, seed: int) -> None:
    """The same seed plays the same, to the last digit."""
    acts = Behaviour(compliance=0.5, delay=20.0)
    plan = er.assign(scenario, "shelter_flow")
    one, two = (er.simulate(plan, behaviour=acts, seed=seed) for _ in range(2))
    for name in ("arrive", "state", "shelter", "load", "turned_away"):
        assert np.array_equal(getattr(one, name), getattr(two, name), equal_nan=True), name


def test_other_seed_other_run() -> None:
    """Another seed draws other paces, and so other arrivals."""
    plan = er.assign(er.lagoon(people=500), "shelter_flow")
    one, two = (er.simulate(plan, seed=seed) for seed in (1, 2))
    assert not np.array_equal(one.arrive, two.arrive)


@settings(max_examples=drawn(60), deadline=None)
@given(data=st.data(), seed=st.integers(0, 999), step=st.sampled_from([5.0, 10.0]))
def test_light_load_keeps_the_plan(data: st.DataObject, seed: int, step: float) -> None:
    """Where streets are all but empty everybody who complies arrives when the plan says."""
    network = on_the_grid(grid(4, 4, seed=seed, steps_share=0.2), step)
    network = replace(network, width=network.width * 0 + 50.0, capacity=network.width * 0 + 50.0)
    node = st.integers(0, network.n_nodes - 1)
    rows = [
        (data.draw(node), 1, 10.0 * data.draw(st.integers(0, 9)), 0)
        for _ in range(data.draw(st.integers(1, 6)))
    ]
    plan = er.assign(
        scene(network, rows, [(data.draw(node), 9)], classes=[(1.0, 0.5)]), "shelter_flow",
        step=step,
    )  # fmt: skip
    run = er.simulate(plan, behaviour=Behaviour(speed_spread=0.0), physics=Physics(patience=1.0))
    assert plan.left == 0
    # Who enters a link at once with others is let in 0.02 s apart.
    assert (run.arrive <= plan.movements.arrive[run.movement] + 1.0).all()
    kept = er.simulate(plan, behaviour=Behaviour(speed_spread=0.0), keep_times=True)
    assert np.abs(kept.arrive - plan.movements.arrive[kept.movement]).max() <= 1.0


@settings(max_examples=drawn(30), deadline=None)
@given(seed=st.integers(0, 99), led=st.sampled_from(["nearest", "crowd", "lost"]))
def test_everybody_finds_a_shelter_in_the_end(seed: int, led: str) -> None:
    """With room for all and time enough, everybody who can get anywhere is in, however led."""
    scenario = lattice(9, 7, persons=300, homes=30, shelters=3, classes=FOUR_PACES, seed=seed)
    run = er.simulate(scenario, behaviour=led, until="6 h", seed=seed)
    assert run.counts["on the way"] == 0
    stuck = run.state == STATES.index("stuck")
    wheels = scenario.group_classes.step_free[scenario.groups.class_[run.group]]
    cut = scenario.cut_off[run.group]
    # Shelters are told of only while there is room for the largest party; here all are single.
    assert (cut[stuck] | wheels[stuck]).all()


@settings(max_examples=drawn(40), deadline=None)
@given(seed=st.integers(0, 99), size=st.integers(2, 6))
def test_households_move_whole(seed: int, size: int) -> None:
    """A household arrives as one party, in a shelter with room for all of it."""
    network = grid(3, 3, seed=seed, steps_share=0.0)
    rows: list[tuple[Any, ...]] = [(v, size, 0.0, 0, True) for v in (0, 4, 8)] + [(2, 5, 0.0, 0)]
    rooms = [(1, size + 2), (7, 2 * size + 3)]
    run = er.simulate(scene(network, rows, rooms, classes=CLASSES), behaviour="nearest", seed=seed)
    assert sorted(run.size.tolist()) == [1] * 5 + [size] * 3
    check_rooms(run)
    assert run.counts["safe"] + run.counts["stuck"] == 5 + 3 * size
