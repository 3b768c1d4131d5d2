"""Closed forms of a corridor, played: free walks, queues, densities, spill-back, counter-flow."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from networks import corridor, from_edges
from scenes import doors, ids, paces, scene

import evacroute as er
from evacroute.people import Groups
from evacroute.simulation import Behaviour, Physics

STEADY = Behaviour(speed_spread=0.0)
"""Everybody has the speed of their class and leaves in time."""

OPEN = {"capacity": 1e6}
"""Streets that only density slows."""


def play(what: er.Scenario | er.Plan, **settings: Any) -> er.Simulation:
    """A run of the nearest shelter for everybody, with no spread."""
    acts = replace(STEADY, compliance=0.0, nearest=1.0, crowd=0.0, lost=0.0)
    return er.simulate(what, **({"behaviour": acts} | settings))


def stream(
    network: er.Network,
    rate: float,
    until: float,
    to: int,
    *,
    node: int = 0,
    speed: float = 1.34,
    deadline: float = 7200.0,
) -> er.Scenario:
    """Single people who set out from a node every 1 / rate seconds, to a shelter for all."""
    times = np.arange(0.0, until, 1 / rate)
    n = len(times)
    groups = Groups(
        ids("G", n), np.full(n, node), np.zeros(n), times, np.ones(n), np.zeros(n, bool)
    )
    return er.Scenario(
        network, groups, doors(network, (to, n)), classes=paces((speed, speed)), deadline=deadline
    )


@pytest.mark.parametrize("dt", [0.1, 0.5, 1.0, 3.0, 10.0])
@pytest.mark.parametrize("speeds", [(1.34, 0.7), (0.57, 0.3), (1.0, 0.0)])
def test_alone_takes_length_over_speed(dt: float, speeds: tuple[float, float]) -> None:
    """Who walks alone is in after length / speed, on the level and on steps, whatever the step."""
    stepped = (1,) if speeds[1] else ()
    network = corridor(4, 33.7, steps_at=stepped)
    run = play(scene(network, [(0, 1, 40.3)], [(4, 1)], classes=[speeds]), dt=dt)
    walk = (4 - len(stepped)) * 33.7 / speeds[0] + sum(33.7 / speeds[1] for _ in stepped)
    assert run.depart[0] == 40.3
    assert run.arrive[0] == pytest.approx(40.3 + walk, abs=1e-6)


@pytest.mark.parametrize("dt", [0.5, 1.0, 10.0])
def test_links_shorter_than_a_step(dt: float) -> None:
    """Who passes many links within a step loses no time at their ends."""
    run = play(scene(corridor(50, 0.7), [(0, 1)], [(50, 1)], classes=[(1.3, 0.6)]), dt=dt)
    assert run.arrive[0] == pytest.approx(50 * 0.7 / 1.3, abs=1e-6)


@pytest.mark.parametrize("dt", [0.1, 1.0, 5.0])
@pytest.mark.parametrize("capacity", [0.1, 0.47, 1.0, 2.35])
@pytest.mark.parametrize("links", [1, 3])
def test_saturated_corridor(dt: float, capacity: float, links: int) -> None:
    """The first of N people is in after L / v, the last (N - 1) / q later, q being the capacity."""
    people = 83
    network = corridor(links, 60.0, capacity=capacity, width=100.0)
    run = play(scene(network, [(0, people)], [(links, people)]), dt=dt)
    arrive = np.sort(run.arrive)
    assert arrive == pytest.approx(60.0 * links + np.arange(people) / capacity, abs=1e-6)


@pytest.mark.parametrize("tight", [0, 1, 2])
def test_tightest_link_rules(tight: int) -> None:
    """A queue is as long as its tightest link makes it, wherever that is on the way."""
    capacity = {tight: 0.3, (tight + 1) % 3: 2.0}
    network = from_edges(
        [(0, 0), (30, 0), (60, 0), (90, 0)], [(0, 1), (1, 2), (2, 3)], width=50.0, length=30.0,
        capacity=capacity,
    )  # fmt: skip
    run = play(scene(network, [(0, 30)], [(3, 30)]))
    assert run.arrive.max() == pytest.approx(90.0 + 29 / 0.3, abs=1e-6)


def test_capacity_is_scaled_by_the_specific_flow() -> None:
    """Physics of another specific flow than 1.3 person/s/m scales every capacity by the ratio."""
    network = corridor(1, 60.0, capacity=1.3, width=100.0)
    run = play(scene(network, [(0, 50)], [(1, 50)]), physics=Physics(specific_flow=1.0))
    assert run.arrive.max() == pytest.approx(60.0 + 49.0, abs=1e-6)


@pytest.mark.parametrize("rate", [0.1, 0.25, 2.0])
def test_intake_bounds_the_last_arrival(rate: float) -> None:
    """A door that admits r a second lets the last of N in (N - 1) / r after the first."""
    network = corridor(2, 50.0, width=100.0, **OPEN)
    run = play(scene(network, [(0, 20)], [(2, 20, 0, rate)]))
    assert run.arrive.max() == pytest.approx(100.0 + 19 / rate, abs=1e-3)


def test_wide_people_take_more_of_the_capacity() -> None:
    """Who takes the room of 1.5 people holds up a narrow place half as long again."""
    network = corridor(1, 60.0, capacity=0.5, width=100.0)
    run = play(scene(network, [(0, 21)], [(1, 21)], classes=[(1.0, 0.5, 0.0, 1.5)]))
    assert run.arrive.max() == pytest.approx(60.0 + 20 * 1.5 / 0.5, abs=1e-6)


@pytest.mark.parametrize("law", ["weidmann", "sfpe"])
@pytest.mark.parametrize("rate", [0.8, 1.6, 2.0])
def test_free_branch(law: str, rate: float) -> None:
    """A corridor fed at a steady rate settles where flow = density x speed, on the free branch."""
    width, length = 2.0, 200.0
    physics = Physics(law=law)
    network = corridor(1, length, width=width, **OPEN)
    run = play(stream(network, rate, 1500.0, 1, speed=physics.free), physics=physics)
    settled = slice(10, 24)
    density = run.density()[0, settled].mean()
    grid = np.linspace(0.0, 1.7, 40_000)
    expected = grid[np.argmax(physics.flow(grid) >= rate / width)]
    late = run.ready > 600
    speed = length / (run.arrive - run.depart)[late].mean()
    assert density == pytest.approx(expected, rel=0.02)
    assert speed == pytest.approx(float(physics.free * physics.speed_ratio(expected)), rel=0.02)
    assert density * speed * width == pytest.approx(rate, rel=0.01)


@pytest.mark.parametrize("law", ["weidmann", "sfpe"])
@pytest.mark.parametrize("exit_rate", [0.8, 1.4, 2.0])
def test_congested_branch(law: str, exit_rate: float) -> None:
    """Behind a narrow exit a crowd settles where the law's dense branch passes on that flow."""
    width, length = 2.0, 60.0
    physics = Physics(law=law)
    network = from_edges(
        [(0, 0), (length, 0), (length + 50, 0)], [(0, 1), (1, 2)], width=[width, 100.0],
        capacity=[1e6, exit_rate],
    )  # fmt: skip
    run = play(stream(network, 2.5, 5400.0, 2, speed=physics.free), physics=physics, until=5400.0)
    density = run.density()[0, 40:90].mean()
    grid = np.linspace(1.9, physics.jam, 40_000)
    expected = grid[np.argmax(physics.flow(grid) <= exit_rate / width)]
    came = np.isfinite(run.arrive) & (run.arrive > 2400) & (run.arrive <= 5400)
    assert came.sum() / 3000 == pytest.approx(exit_rate, rel=0.05)
    assert density == pytest.approx(expected, rel=0.05)


@pytest.mark.parametrize("dt", [0.5, 1.0])
def test_spill_back(dt: float) -> None:
    """A queue fills the link before a narrow place, then holds up the link behind that.

    The link passes the law's densest flow until the people in it make its density the one of the
    dense branch whose flow is the exit's: so many people have then come in, less those gone out.
    """
    exit_rate, rate, width, length = 0.5, 1.5, 1.5, 40.0
    physics = Physics()
    network = from_edges(
        [(0, 0), (200, 0), (200 + length, 0), (300 + length, 0)], [(0, 1), (1, 2), (2, 3)],
        width=[1.5, width, 20.0], capacity=[1e6, 1e6, exit_rate],
    )  # fmt: skip
    run = play(stream(network, rate, 1500.0, 3, deadline=1000.0), dt=dt, until=1500.0,
               physics=physics)  # fmt: skip
    grid = np.linspace(0.0, physics.jam, 40_000)
    branch = grid[(grid > 1.9) & (physics.flow(grid) <= rate / width)][0]
    free = grid[np.argmax(physics.flow(grid) >= rate / width)]
    pace = float(physics.free * physics.speed_ratio(free))
    # In at rate from 200 / pace on, out at exit_rate from (200 + length) / pace on, until at
    # `branch` less is let in than comes.
    begin, first_out = 200 / pace, (200 + length) / pace
    spills = (branch * width * length + rate * begin - exit_rate * first_out) / (rate - exit_rate)
    waits = np.nan_to_num(run.delays.wait[2])
    seen = (np.argmax(waits > 2.0)) * run.bin_s
    assert spills - 30 <= seen <= spills + 90
    assert waits[: int(spills // 60)].max() < 1.0
    assert waits[-1] > 20.0


@pytest.mark.parametrize("loss", [0.0, 0.3, 0.6])
def test_counter_flow(loss: float) -> None:
    """Two equal streams on a street lose half of the loss each, of pace and of capacity."""
    n, length, capacity = 300, 300.0, 1.0
    network = corridor(1, length, width=100.0, capacity=capacity)
    both = scene(network, [(0, n), (1, n)], [(0, n), (1, n)], classes=[(1.34, 0.7)])
    plan = crossing(both)
    run = er.simulate(plan, behaviour=STEADY, physics=Physics(counterflow_loss=loss))
    last = run.arrive.max()
    share = 1 - loss / 2
    expected = length / (1.34 * share) + (n - 1) / (capacity * share)
    # The last few meet fewer than half.
    assert last == pytest.approx(expected, rel=0.01 if loss else 1e-9)
    assert run.delays.pace[:, 2:5] == pytest.approx(1 / share, rel=0.02)


def crossing(scenario: er.Scenario) -> er.Plan:
    """Everybody goes to the shelter at the other end of a corridor of one link, at once."""
    from evacroute.assignment.movements import Movements

    size = scenario.groups.size
    moves = Movements(
        group=np.array([0, 1]), shelter=np.array([1, 0]), size=size, depart=np.zeros(2),
        arrive=np.full(2, 300.0), leg_ptr=np.array([0, 1, 2]), leg_link=np.array([0, 1]),
        leg_enter=np.zeros(2), leg_leave=np.full(2, 300.0), left_group=np.zeros(0, int),
        left_size=np.zeros(0, int), left_reason=np.zeros(0, int),
    )  # fmt: skip
    return er.Plan(scenario, moves, method="by hand", step_s=10.0)


def test_merging_shares_by_width() -> None:
    """Where two full streets meet before a narrow one, they pass in the ratio of their widths."""
    n = 1500
    network = from_edges(
        [(0, 0), (0, 100), (60, 50), (160, 50)], [(0, 2), (1, 2), (2, 3)], length=60.0,
        width=[1.5, 4.5, 20.0], capacity=[5.0, 5.0, 2.0],
    )  # fmt: skip
    shelters = [(3, 2 * n)]
    run = play(scene(network, [(0, n), (1, n)], shelters, classes=[(1.3, 0.6)]), until=900.0)
    came = (run.arrive > 200) & (run.arrive < 800)
    narrow, wide = (int((came & (run.group == g)).sum()) for g in (0, 1))
    assert (narrow + wide) / 600 == pytest.approx(2.0, rel=0.02)
    # 1,200 draws of one in four: a standard deviation of 0.0125.
    assert narrow / (narrow + wide) == pytest.approx(0.25, abs=0.04)


def test_who_stands_behind_is_held_up() -> None:
    """In an alley as wide as a person who goes another way waits behind those held up."""
    network = from_edges(
        [(0, 0), (50, 0), (100, 0), (50, 50)], [(0, 1), (1, 2), (1, 3)], length=50.0,
        width=[0.7, 50.0, 50.0], capacity=[1.0, 0.05, 1.0],
    )  # fmt: skip
    # Two classes, each with a shelter of their own: one too wide for the way to the other.
    rows = [(0, 6, 0.0, 0), (0, 1, 6.5, 1)]
    classes = [(1.0, 0.5), (1.0, 0.0)]
    run = play(scene(network, rows, [(2, 6, 0), (3, 1, 1)], classes=classes))
    behind = run.arrive[run.group == 1][0]
    assert behind >= 50 + 5 / 0.05 + 50 - 1e-6
