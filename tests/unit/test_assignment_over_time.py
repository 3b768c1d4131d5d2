"""The method over_time: what it starts from, what ends it, and what its settings change."""

from __future__ import annotations

import signal
import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import pytest
from naive import best, check_feasible
from networks import corridor, from_edges, grid
from scenes import WALKER, WHEELCHAIR, on_the_grid, scene, shuffled

import evacroute as er
from evacroute.assignment import over_time
from evacroute.assignment.over_time import OverTime, _Run
from evacroute.assignment.pricing import Pricer
from evacroute.assignment.problem import build_problem
from evacroute.assignment.sweeper import exact_value
from evacroute.errors import InputError

STEP = 10.0


def queue() -> er.Scenario:
    """Sixty people at one end of a narrow corridor; they come out one in a slot."""
    network = corridor(2, 50.0, capacity=0.1)
    return scene(network, [(0, 60)], [(2, 99)], classes=[(1.0, 1.0)], deadline=1800.0)


def city(seed: int = 0, deadline: float = 1800.0) -> er.Scenario:
    """Three classes and a few households in a small town."""
    rng = np.random.default_rng(seed)
    network = on_the_grid(grid(5, 4, spacing=30.0, seed=seed, steps_share=0.2), 10.0)
    capacity = rng.choice([0.1, 0.2, 0.4], network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = [
        (int(rng.integers(20)), int(rng.integers(2, 9)), 10.0 * int(rng.integers(6)),
         int(rng.integers(2)), bool(rng.random() < 0.2))
        for _ in range(14)
    ]  # fmt: skip
    people = sum(row[1] for row in crowd)
    doors = [(int(v), people // 2 + 4) for v in rng.choice(20, 3, replace=False)]
    return scene(network, crowd, doors, classes=[(1.0, 0.5), (0.5, 0.25)], deadline=deadline)


def run_of(scenario: er.Scenario, pool: object) -> _Run:
    return _Run(OverTime(), build_problem(scenario, STEP), None, pool)  # type: ignore[arg-type]


def test_queue_is_priced_exactly() -> None:
    """Of a plain queue the optimum is known: the person who comes out n-th spends n - 1 slots more;
    the plan reaches it and the bound proves it."""
    plan = er.assign(queue(), "over_time", step=STEP, gap=0.0, time_limit=300.0)
    check_feasible(plan)
    exact = sum(100.0 + 10.0 * i for i in range(60))
    assert plan.cost == pytest.approx(exact)
    assert plan.bound is not None
    assert exact - 1e-3 <= plan.bound <= exact + 1e-3


def test_zero_prices_give_the_free_flow_bound() -> None:
    """Without prices the dual value is everyone's time by the shortest way, alone in the city."""
    scenario = city()
    problem = build_problem(scenario, STEP)
    with ThreadPoolExecutor(1) as pool:
        run = run_of(scenario, pool)
        none = np.zeros(len(scenario.shelters))
        pricer = Pricer(run.net, run.terms, run.crowd, problem.n_slots, none, none)
        pricer.start()
        assert pricer.best is not None
        value = exact_value(run.net, run.terms, run.crowd, problem.n_slots, pricer.best) * STEP
        pricer.close()
    free = replace(scenario.network, capacity=np.full(scenario.network.n_links, 99.0))
    room = replace(scenario.shelters, capacity=scenario.shelters.capacity + 999)
    alone = er.Scenario(free, scenario.groups, room, classes=scenario.group_classes,
                        deadline=scenario.deadline_s)  # fmt: skip
    assert value == pytest.approx(er.assign(alone, "earliest_arrival", step=STEP).cost)


def test_same_seed_same_plan() -> None:
    """With one seed two runs give equal movements, prices and bounds; they do not depend on how
    fast the threads are."""
    first, second = (
        er.assign(city(), "over_time", step=STEP, gap=0.0, time_limit=300.0, seed=3)
        for _ in range(2)
    )
    assert first.settings["stopped"] != "time limit"
    assert first.movements.equals(second.movements)
    assert first.bound == second.bound
    assert first.prices is not None
    assert first.prices.equals(second.prices)


def test_weights_that_are_no_mapping() -> None:
    """One clear error, not a traceback from within."""
    with pytest.raises(InputError, match=r"weights is 3, expected a dict"):
        er.assign(city(), "over_time", step=STEP, weights=3)


def test_another_order() -> None:
    """With nodes, links, groups and shelters in another order, over six scenes of two classes and
    households: bounds differ by less than 0.3 % (measured: 0.24 %), costs by less than 1.2 % in the
    mean (0.9 %) and 4 % at most (3.5 %), and no cost is below another's bound."""
    spread = []
    for seed in range(6):
        scenario = city(seed)
        plans = [
            er.assign(s, "over_time", step=STEP, gap=0.0)
            for s in (scenario, *(shuffled(scenario, order) for order in range(2)))
        ]
        for plan in plans:
            check_feasible(plan)
            assert plan.left == 0
            assert plan.bound is not None
        costs, bounds = [plan.cost for plan in plans], [plan.bound or 0.0 for plan in plans]
        assert max(bounds) <= min(costs) + 1e-3
        assert max(bounds) <= 1.003 * min(bounds), f"seed {seed}"
        spread.append(max(costs) / min(costs))
    assert np.mean(spread) <= 1.012
    assert max(spread) <= 1.04


def test_time_limit() -> None:
    """In hardly any time there is still a plan that keeps every rule, and the plan says why it
    stopped."""
    plan = er.assign(city(), "over_time", step=STEP, gap=0.0, time_limit=0.01)
    check_feasible(plan)
    assert plan.settings["stopped"] == "time limit"
    assert plan.left == 0
    assert plan.bound is not None
    assert 0 < plan.bound <= plan.cost + 1e-3
    told = str(plan.summary())
    assert "stopped by the time limit; the gap asked for is 0.00%; the plan is still that" in told


@pytest.mark.parametrize(("nearly", "ended"), [(1.1, True), (0.0, False)])
def test_time_is_up_while_people_are_placed(
    monkeypatch: pytest.MonkeyPatch, nearly: float, ended: bool
) -> None:
    """When time is up while people are placed under prices, the last of them are placed still, so
    that the work was not in vain; if many are missing, the first plan stays."""
    up = []
    placed = over_time.place_in_batches

    def slow(*given: object) -> bool:
        up.append(True)
        done = placed(*given)
        assert done == ended
        return done

    monkeypatch.setattr(over_time, "place_in_batches", slow)
    monkeypatch.setattr(over_time, "NEARLY", nearly)
    monkeypatch.setattr(_Run, "_time_left", lambda run: not run.stopped and not up)
    plan = er.assign(city(3), "over_time", step=STEP, gap=0.0)
    assert up
    assert plan.settings["stopped"] == "time limit"
    assert plan.settings["improved"] == ended
    check_feasible(plan)
    first = er.assign(city(3), "shelter_flow", step=STEP)
    assert plan.left == first.left
    assert plan.cost < first.cost if ended else plan.cost == pytest.approx(first.cost)


def test_a_short_time_is_shared_between_prices_and_people(monkeypatch: pytest.MonkeyPatch) -> None:
    """Prices take no more than their share of the time, then people are placed."""
    monkeypatch.setattr(over_time, "PRICING", 0.0)
    plan = er.assign(city(), "over_time", step=STEP, gap=0.0, time_limit=300.0)
    assert plan.settings["improved"]
    check_feasible(plan)


@pytest.mark.parametrize("word", ["first prices", "prices", "placing", "stage 1"])
def test_ctrl_c(word: str) -> None:
    """Ctrl-C at any time brings back the best plan so far, without an error or a thread left."""

    def press(text: str, share: float) -> None:
        if text.startswith(word + ":"):
            raise KeyboardInterrupt

    before = threading.active_count()
    plan = er.assign(city(), "over_time", step=STEP, gap=0.0, progress=press)
    check_feasible(plan)
    assert plan.settings["stopped"] == "interrupted"
    assert plan.left == 0
    assert plan.bound is not None
    assert 0 < plan.bound <= plan.cost + 1e-3
    assert threading.active_count() == before


@pytest.fixture(scope="module")
def many() -> tuple[er.Scenario, int]:
    """People enough for a signal to come amid the work, and how many of them are left anyway.

    What the signal is to interrupt is compiled, too.
    """
    scenario = er.lagoon(2_000)
    er.assign(scenario, "over_time", step=STEP, gap=0.5)
    return scenario, er.assign(scenario, "shelter_flow", step=STEP).left


@pytest.mark.parametrize("seconds", [0.02, 0.2, 0.6, 1.5])
def test_a_real_signal(seconds: float, many: tuple[er.Scenario, int]) -> None:
    """Whenever the signal comes: no plan yet, so it goes on up, or a plan that keeps every rule."""
    scenario, left = many
    timer = threading.Timer(seconds, lambda: signal.raise_signal(signal.SIGINT))
    timer.start()
    try:
        plan = er.assign(scenario, "over_time", step=STEP, gap=0.0, time_limit=60.0)
    except KeyboardInterrupt:
        return
    finally:
        timer.join()
    check_feasible(plan)
    assert plan.settings["stopped"] in ("interrupted", "gap reached", "no gain")
    assert plan.left == left
    assert plan.bound is None or plan.bound <= plan.cost + 1e-3


def test_progress_shows_cost_bound_and_gap() -> None:
    """Progress tells the bound from the first, then cost and gap, which only get better; the share
    done lies between 0 and 1."""
    told: list[tuple[str, float]] = []
    er.assign(city(), "over_time", step=STEP, gap=0.0, progress=lambda *what: told.append(what))
    assert all("bound" in text and 0 <= share <= 1 for text, share in told)
    stages = [text for text, _ in told if text.startswith("stage")]
    assert stages
    costs = [float(text.split("cost ")[1].split(" min")[0]) for text in stages]
    bounds = [float(text.split("bound ")[1].split(" min")[0]) for text, _ in told]
    assert costs == sorted(costs, reverse=True)
    assert bounds == sorted(bounds)
    assert all("gap" in text and text.endswith("%") for text in stages)


def test_weights() -> None:
    """A class of weight 10 waits less, the other more; the gap is that of the weighted cost."""
    network = corridor(2, 50.0, capacity=0.1)
    crowd = [(0, 20, 0.0, 0), (0, 20, 0.0, 1)]
    scenario = scene(network, crowd, [(2, 99)], classes=[(1.0, 1.0)] * 2, deadline=1800.0)
    for heavy in ("c0", "c1"):
        plan = er.assign(scenario, "over_time", step=STEP, weights={heavy: 10.0}, gap=0.0)
        check_feasible(plan)
        moves = plan.movements
        mean = [
            float(np.average(moves.arrive[mine], weights=moves.size[mine]))
            for k in range(2)
            for mine in [scenario.groups.class_[moves.group] == k]
        ]
        first, last = (mean[0], mean[1]) if heavy == "c0" else (mean[1], mean[0])
        best_first, best_last = 100.0 + 10.0 * 9.5, 100.0 + 10.0 * 29.5
        assert first + last == pytest.approx(best_first + best_last)
        assert best_first - 1e-6 <= first <= 1.1 * best_first
        assert plan.weighted_cost == pytest.approx(20 * (10 * first + last))
        assert plan.gap is not None
        assert -1e-6 <= plan.gap <= 0.5


@pytest.mark.parametrize("method", ["over_time", "shelter_flow"])
@pytest.mark.parametrize("seed", [0, 2])
def test_who_is_named_first_is_placed(seed: int, method: str) -> None:
    """Where places are short the class that is named first gets them, and the setting is kept; by
    default these are the slow."""
    whole = city(seed)
    quick, slow = np.bincount(whole.groups.class_, weights=whole.groups.size, minlength=2)
    room = np.full(len(whole.shelters), int(min(quick, slow)) // len(whole.shelters))
    scenario = er.Scenario(
        whole.network,
        replace(whole.groups, together=np.zeros(len(whole.groups), bool)),
        replace(whole.shelters, capacity=room, step_free_capacity=room, report=None),
        classes=whole.group_classes, deadline=whole.deadline_s,
    )  # fmt: skip
    places = int(room.sum())
    for order, placed in ((None, [0, places]), (["c0"], [places, 0]), (["c1", "c0"], [0, places])):
        plan = er.assign(scenario, method, step=STEP, order=order)
        check_feasible(plan)
        assert plan.by_class()["placed"].tolist() == placed
        assert plan.settings["order"] == order
        assert plan.bound is None or er.verify(plan, bound=True).ok


@pytest.mark.parametrize("more", [0.01, 7.3])
def test_the_size_of_weights_means_nothing(more: float) -> None:
    """All weights so many times greater give the same movements, and bound, prices and weighted
    cost so many times greater; the bound can be checked in both."""
    weights = {"c0": 1.0, "c1": 3.0}
    first, second = (
        er.assign(
            city(1), "over_time", step=STEP, gap=0.0, time_limit=300.0,
            weights={name: factor * weight for name, weight in weights.items()},
        )
        for factor in (1.0, more)
    )  # fmt: skip
    assert first.settings["stopped"] != "time limit"
    assert first.movements.equals(second.movements)
    assert first.bound is not None
    assert first.prices is not None
    assert second.prices is not None
    assert second.bound == pytest.approx(more * first.bound, rel=1e-6)
    assert second.weighted_cost == pytest.approx(more * first.weighted_cost, rel=1e-6)
    assert second.cost == first.cost
    np.testing.assert_allclose(second.prices.weight, [more, 3 * more], rtol=1e-9)
    for name in ("link_price", "room", "penalty"):
        one, two = getattr(first.prices, name), getattr(second.prices, name)
        np.testing.assert_allclose(two, more * one, rtol=1e-6)
    assert er.verify(first, bound=True).ok
    assert er.verify(second, bound=True).ok


def test_the_same_weight_for_all_is_no_weight() -> None:
    """With weight 0.01 for every class the gap is what it is without weights."""
    plans = [
        er.assign(city(2), "over_time", step=STEP, gap=0.0, time_limit=300.0, weights=weights)
        for weights in (None, {"c0": 0.01, "c1": 0.01})
    ]
    assert plans[0].movements.equals(plans[1].movements)
    assert plans[0].gap is not None
    assert plans[1].gap == pytest.approx(plans[0].gap, abs=1e-9)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"weights": {"c0": 0.0}}, "weight of class c0 is 0.0, expected 0.01 to 100"),
        ({"weights": {"c0": float("nan")}}, "weight of class c0 is nan"),
        ({"weights": {"c7": 2.0}}, "no class c7; the classes are c0, c1"),
        ({"order": "c0"}, "order is 'c0', expected a list of class ids"),
        ({"order": ["c0", 3]}, "expected a list of class ids"),
        ({"order": ["c0", "c7"]}, "order: no class c7; the classes are c0, c1"),
        ({"order": ["c1", "c1"]}, "order: c1 named more than once; the classes are c0, c1"),
        ({"gap": -0.1}, "gap is -0.1, expected 0 to 1"),
        ({"gap": float("nan")}, "gap is nan, expected 0 to 1"),
        ({"time_limit": "soon"}, "time_limit"),
        ({"gap": -1, "weights": {"c0": 0.0}}, "2 faults"),
    ],
)
def test_settings_are_checked(settings: dict[str, object], message: str) -> None:
    """Wrong settings are named with what is allowed, all of them at once."""
    with pytest.raises(er.InputError, match=message):
        er.assign(city(), "over_time", step=STEP, **settings)


def test_nobody() -> None:
    """With nobody in the city there is an empty plan."""
    network = corridor(2, 50.0)
    some = scene(network, [(0, 1)], [(2, 9)])
    none = er.Scenario(
        network,
        replace(some.groups, **{
            name: getattr(some.groups, name)[:0]
            for name in ("group_id", "node", "class_", "ready_time", "size", "together")
        }),
        some.shelters, classes=some.group_classes, deadline=600.0,
    )  # fmt: skip
    plan = er.assign(none, "over_time", step=STEP)
    check_feasible(plan)
    assert len(plan.movements) == 0


def test_nobody_can_be_placed() -> None:
    """Where no plan helps anyone, everyone is left with a reason and nothing is searched."""
    network = from_edges([(0, 0), (50, 0), (400, 0)], [(0, 1)], steps={0: 10})
    scenario = scene(network, [(0, 3, 0.0, 1), (2, 2)], [(1, 9)], classes=[WALKER, WHEELCHAIR])
    plan = er.assign(scenario, "over_time", step=STEP)
    check_feasible(plan)
    assert plan.left == 5
    assert set(plan.left_by_reason) == {
        "no step-free way to any shelter", "no way to any shelter",
    }  # fmt: skip


def test_one_slot() -> None:
    """A deadline of one slot is enough for those who are a slot away, and for those at the door."""
    network = corridor(2, 10.0, capacity=0.3)
    scenario = scene(network, [(0, 5), (1, 5), (2, 5)], [(2, 99)], classes=[(1.0, 1.0)],
                     deadline=STEP)  # fmt: skip
    plan = er.assign(scenario, "over_time", step=STEP)
    check_feasible(plan)
    assert plan.placed == best(scenario, STEP).most == 8


def test_deadline_cuts() -> None:
    """A bridge that lets one across in a slot brings as many as there are slots, the rest are left;
    the bound is that of plans that leave so many."""
    network = corridor(2, 50.0, capacity=0.1)
    scenario = scene(network, [(0, 60)], [(2, 99)], classes=[(1.0, 1.0)], deadline=300.0)
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.0)
    check_feasible(plan)
    exact = best(scenario, STEP)
    assert plan.placed == exact.most == 21
    assert plan.cost == pytest.approx(exact.cost)
    assert plan.bound is not None
    assert 0.97 * exact.cost <= plan.bound <= exact.cost + 1e-3


@pytest.mark.parametrize("seed", [2, 3])
def test_places_for_half(seed: int) -> None:
    """Where half of the people find no place as few are left as can be, and what staying costs in
    the bound is no more than ways cost, so that the bound says something."""
    scenario = city(seed)
    half = np.maximum(scenario.shelters.capacity // 3, 1)
    scenario = replace(scenario, shelters=replace(
        scenario.shelters, capacity=half, step_free_capacity=np.minimum(half, 2), report=None
    ))  # fmt: skip
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.01, time_limit=60.0)
    check_feasible(plan)
    assert plan.left == scenario.persons - best(scenario, STEP).most
    assert plan.left > 0.2 * scenario.persons
    assert plan.bound is not None
    assert plan.bound > 0.1 * plan.cost
    assert er.verify(plan, bound=True).ok
    assert plan.prices is not None
    short = np.unique(scenario.groups.class_[plan.movements.left_group])
    assert (plan.prices.penalty[short] < 2 * scenario.deadline_s).all()


@pytest.mark.parametrize("seed", [0, 2, 4])
def test_short_places_go_to_the_slow(seed: int) -> None:
    """Where places are all that is short, each is taken, and nobody of the slow class is left but
    those who are more than the places: the quick are left, though placing them costs less."""
    whole = city(seed)
    room = np.maximum(whole.shelters.capacity // 3, 1)
    scenario = er.Scenario(
        whole.network,
        replace(whole.groups, together=np.zeros(len(whole.groups), bool)),
        replace(whole.shelters, capacity=room, step_free_capacity=room, report=None),
        classes=whole.group_classes, deadline=whole.deadline_s,
    )  # fmt: skip
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.01)
    check_feasible(plan)
    quick, slow = np.bincount(scenario.groups.class_, weights=scenario.groups.size, minlength=2)
    places = room.sum()
    slow_left = max(0, slow - places)
    assert plan.by_class()["left"].tolist() == [quick + slow - places - slow_left, slow_left]


def test_shelter_behind_one_bridge() -> None:
    """The better shelter is behind a bridge of little width: as many as optimal cross it."""
    network = from_edges([(0, 0), (20, 0), (40, 0), (-150, 0)], [(0, 1), (1, 2), (0, 3)],
                         capacity=[1.0, 0.1, 1.0], kind={1: "bridge"})  # fmt: skip
    scenario = scene(network, [(0, 40)], [(2, 99), (3, 99)], classes=[(1.0, 1.0)], deadline=1800.0)
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.0)
    check_feasible(plan)
    exact = best(scenario, STEP)
    assert plan.left == 0
    assert plan.cost == pytest.approx(exact.cost)
    assert plan.bound is not None
    assert exact.cost - 1e-3 <= plan.bound <= exact.cost + 1e-3


def test_who_cannot_use_steps_goes_round() -> None:
    """Wheelchair users take the long way, the others leave it to them; no worse than exact."""
    network = from_edges([(0, 0), (50, 0), (25, 60)], [(0, 1), (0, 2), (2, 1)],
                         length=[50, 80, 80], capacity=0.2, steps={0: 20})  # fmt: skip
    scenario = scene(network, [(0, 20), (0, 6, 0.0, 1)], [(1, 99)], classes=[WALKER, WHEELCHAIR],
                     deadline=1800.0)  # fmt: skip
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.0)
    check_feasible(plan)
    assert plan.left == 0
    exact = best(scenario, STEP)
    assert plan.cost == pytest.approx(exact.cost)
    assert plan.bound is not None
    assert 0.99 * exact.cost <= plan.bound <= exact.cost + 1e-3


def test_fewest_left_comes_before_cost(monkeypatch: pytest.MonkeyPatch) -> None:
    """A plan that leaves one person more is not taken, however much less it costs."""
    place = over_time._Run._place

    def careless(self: _Run, placing: object, rest: object, order: np.ndarray) -> bool:
        return place(self, placing, rest, order[1:])  # type: ignore[arg-type]

    monkeypatch.setattr(over_time._Run, "_place", careless)
    crowd = [(0, 1), (0, 40)]
    network = corridor(2, 50.0, capacity=0.1)
    scenario = scene(network, crowd, [(2, 99)], classes=[(1.0, 1.0)], deadline=420.0)
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.0)
    check_feasible(plan)
    assert plan.placed == best(scenario, STEP).most


def test_nobody_is_stranded() -> None:
    """Where the classic greedy strands people whom the exact solver places, over_time does not."""
    bridge = from_edges(
        [(0, 0), (10, 0), (20, 0), (10, 30)], [(0, 1), (1, 2), (0, 3), (3, 2)],
        length=[10, 10, 20, 30], capacity=[4, 0.1, 4, 4], steps={1: 5},
    )  # fmt: skip
    scenario = scene(bridge, [(0, 3), (1, 2, 10.0)], [(2, 9)], classes=[(1.0, 1.0)], deadline=50.0)
    assert er.assign(scenario, "earliest_arrival", step=STEP).left == 1
    plan = er.assign(scenario, "over_time", step=STEP, gap=0.0)
    check_feasible(plan)
    assert plan.left == 0
    assert plan.cost == best(scenario, STEP).cost
