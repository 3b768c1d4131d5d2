"""What more would save: upper estimates that hold against the exact answer."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from naive import best
from networks import corridor, grid
from scenes import on_the_grid, scene

import evacroute as er
from evacroute.scenario import Scenario

STEP = 10.0


WIDE = [(1.0, 0.5), (1.0, 0.5, 0.0, 1.25), (0.5, 0.25, 0.0, 2.5)]
"""Classes of which two take more than one person's space."""


def drawn(seed: int, *, tight: bool, wide: bool = False) -> Scenario:
    """Narrow streets and little room, on the grid; with `tight` not all can be placed.

    With `wide` people are of the classes `WIDE`, all of whom can pass everywhere.
    """
    rng = np.random.default_rng(seed)
    network = grid(3, 3, spacing=30.0, seed=seed, steps_share=0.0, missing_share=0.3)
    network = on_the_grid(network, 10.0)
    widths = [0.15, 0.26, 0.36] if wide else [0.1, 0.2, 0.3]
    capacity = rng.choice(widths, network.n_links // 2)
    network = replace(network, capacity=np.repeat(capacity, 2))
    crowd = [
        (int(rng.integers(9)), int(rng.integers(1, 10)), float(rng.integers(3) * 10))
        for _ in range(6)
    ]
    people = sum(row[1] for row in crowd)
    doors = [
        (int(v), people // 2 + (2 if not tight else -2), 0, float(rng.choice([0.1, 0.3, np.inf])))
        for v in rng.choice(9, 2, replace=False)
    ]
    if wide:
        crowd = [(*row, i % 3) for i, row in enumerate(crowd)]
    return scene(
        network, crowd, doors, classes=WIDE if wide else [(1.0, 0.5)],
        deadline=150.0 if tight else 600.0,
    )  # fmt: skip


def larger(scenario: Scenario, row: dict[str, object], network_too: np.ndarray) -> Scenario:
    """The scenario with one row's thing made larger, by the words of the table alone."""
    network, shelters = scenario.network, scenario.shelters
    more = float(row["more"])  # type: ignore[arg-type]
    if row["what"] == "street":
        capacity = network.capacity + more * network_too
        network = replace(network, capacity=capacity)
    else:
        s = shelters.shelter_id.tolist().index(row["id"])
        one = np.arange(len(shelters)) == s
        if row["what"] == "door":
            shelters = replace(shelters, intake_rate=shelters.intake_rate + more * one)
        else:
            room = shelters.capacity + int(more) * one
            shelters = replace(shelters, capacity=room)
    return Scenario(
        network, scenario.groups, shelters, classes=scenario.group_classes,
        deadline=scenario.deadline_s,
    )  # fmt: skip


def worth(scenario: Scenario, prices: er.Plan) -> float:
    """Exact optimum, each person left counted with their penalty [person-seconds]."""
    exact = best(scenario, STEP)
    assert prices.prices is not None
    hopeless = scenario.groups.size[prices.prices.hopeless].sum()
    left = scenario.persons - int(hopeless) - exact.most
    # Penalties differ by class, but where nobody is left they do not matter.
    assert left == 0 or len(prices.prices.penalty) == 1
    return exact.cost + left * float(prices.prices.penalty[0])


@pytest.mark.parametrize("tight,wide", [(False, False), (True, False), (False, True)])
def test_never_more_than_the_exact_saving(tight: bool, wide: bool) -> None:
    """The exact optimum of the larger city falls by no more than the row says and the gap."""
    checked = positive = 0
    for seed in range(6):
        scenario = drawn(seed, tight=tight, wide=wide)
        plan = er.assign(scenario, "over_time", step=STEP, gap=0.0, time_limit=2.0)
        assert plan.prices is not None
        before = worth(scenario, plan)
        slack = before - plan.prices.value
        assert slack >= -1e-3
        table = er.marginal_value(plan, 4, person_s=0.1)
        for row in table.to_dict("records"):
            link = scenario.network.link_id
            pair = np.isin(link, [row["id"], f"{row['id']}-r", str(row["id"]).removesuffix("-r")])
            after = worth(larger(scenario, row, pair), plan)  # type: ignore[arg-type]
            assert before - after <= row["saves_at_most"] + slack + 1e-3
            checked += 1
            positive += before - after > 1e-6
    assert checked >= 12
    assert positive >= 3


@pytest.mark.parametrize("people,per_slot", [(83, 5), (47, 10), (31, 2)])
def test_saturated_corridor_meets_the_formula(people: int, per_slot: int) -> None:
    """At the best prices of a queue a person more a slot is worth step x m (m - 1) / 2, with m
    slots until the last has gone; any prices say as much or more, but for their gap."""
    network = corridor(1, 60.0, capacity=per_slot / STEP)
    plan = er.assign(
        scene(network, [(0, people)], [(1, people)]), "over_time", step=STEP, gap=1e-4,
        time_limit=60.0,
    )  # fmt: skip
    m = -(-people // per_slot)
    formula = STEP * m * (m - 1) / 2
    row = er.marginal_value(plan, person_s=1 / STEP).iloc[0]
    assert (row["what"], row["id"], row["from_s"]) == ("street", "L0", 0.0)
    assert plan.prices is not None
    wider = replace(network, capacity=network.capacity + 1 / STEP)
    after = er.assign(scene(wider, [(0, people)], [(1, people)]), step=STEP).cost
    assert plan.cost - after <= row["saves_at_most"] + plan.cost - plan.prices.value + 1e-3
    # Whoever enters in a slot holds up each later one by a slot: the closed form of the prices.
    slot = np.arange(m - 1, dtype=np.int32)
    known = replace(
        plan.prices,
        link=np.zeros(m - 1, np.int32),
        link_slot=slot,
        link_price=STEP * (m - 1.0 - slot),
    )
    row = er.marginal_value(replace(plan, prices=known), person_s=1 / STEP).iloc[0]
    assert row["saves_at_most"] == pytest.approx(formula)
    assert row["until_s"] == STEP * (m - 2)
    assert plan.cost - after <= formula


def test_a_place_is_worth_the_way_it_saves() -> None:
    """With a near shelter full and one 120 s farther, a place more in the near one saves 120 s."""
    scenario = scene(corridor(3, 60.0), [(0, 30)], [(1, 20), (3, 30)])
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=60.0)
    row = er.marginal_value(plan).iloc[0]
    assert (row["what"], row["id"], row["unit"]) == ("place", "S0", "persons")
    assert row["saves_at_most"] == pytest.approx(120.0, rel=0.05)
    assert np.isnan(row["from_s"])
    assert er.marginal_value(plan, places=5)["saves_at_most"].iloc[0] == pytest.approx(
        5 * row["saves_at_most"]
    )


def test_a_step_free_place_has_its_own_row() -> None:
    """Where step-free places alone are short, making one step-free is what saves."""
    scenario = scene(
        corridor(3, 60.0), [(0, 10, 0.0, 1)], [(1, 20, 4), (3, 30)],
        classes=[(1.0, 0.5), (1.0, 0.0)],
    )  # fmt: skip
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=60.0)
    row = er.marginal_value(plan).iloc[0]
    assert (row["what"], row["id"]) == ("step-free place", "S0")
    assert row["saves_at_most"] == pytest.approx(120.0, rel=0.05)


def test_check_solves_again_and_brackets() -> None:
    """With check the first rows say what was saved, within what is proven; the grid stays."""
    scenario = scene(corridor(3, 60.0), [(0, 30)], [(1, 20), (3, 30)])
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=60.0)
    table = er.marginal_value(plan, places=3, check=1)
    row = table.iloc[0]
    assert row["saved"] == pytest.approx(3 * 120.0)
    assert row["proven_least"] <= 360.0 + 1e-6 <= row["proven_most"] + 2e-3
    assert row["saved"] <= row["saves_at_most"] + plan.cost - plan.bound + 1e-3
    assert table["saved"].iloc[1:].isna().all()


def bracketed(table: pd.DataFrame, plan: er.Plan) -> None:
    """What was saved lies between what is proven, and is no more than was said and the gap."""
    rows = table.dropna(subset=["saved"])
    assert len(rows)
    assert plan.prices is not None
    slack = plan.cost - plan.prices.value + 1e-3
    assert (rows["proven_least"] <= rows["saved"] + 1e-3).all()
    assert (rows["saved"] <= rows["proven_most"] + 1e-3).all()
    assert (rows["saved"] <= rows["saves_at_most"] + slack).all()


@pytest.mark.parametrize("space", [1.25, 1.4, 2.5])
def test_check_counts_the_space_of_wide_persons(space: float) -> None:
    """A place more saves as much where some take more than one person's space of the street."""
    scenario = scene(
        corridor(3, 60.0), [(0, 30, 0.0, 0), (0, 4, 0.0, 1)], [(1, 20), (3, 30)],
        classes=[(1.0, 0.5), (1.0, 0.5, 0.0, space)],
    )  # fmt: skip
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=2.0)
    table = er.marginal_value(plan, places=3, check=1)
    row = table.iloc[0]
    assert (row["what"], row["id"]) == ("place", "S0")
    assert row["saved"] == pytest.approx(3 * 120.0)
    assert row["proven_most"] == pytest.approx(3 * 120.0, abs=1.0)
    bracketed(table, plan)


@pytest.mark.parametrize(
    "capacity,space,more", [(0.26, 1.4, 0.03), (0.2, 1.25, 0.09), (0.3, 2.5, 0.2)]
)
def test_parts_of_a_person_count(capacity: float, space: float, more: float) -> None:
    """Where two wide persons fit in a slot and one did before, it is told, in whole 64ths."""
    classes = [(1.0, 0.5, 0.0, space)]
    network = corridor(1, 60.0, capacity=capacity)
    plan = er.assign(
        scene(network, [(0, 30)], [(1, 60)], classes=classes), "over_time", gap=1e-4,
        time_limit=2.0,
    )  # fmt: skip
    wider = replace(network, capacity=network.capacity + more)
    after = er.assign(scene(wider, [(0, 30)], [(1, 60)], classes=classes))
    # One every slot before and two after: 30 x 29 / 2 and 15 x 14 waits of a step.
    real = STEP * (30 * 29 / 2 - 15 * 14)
    assert plan.cost - after.cost == real
    table = er.marginal_value(plan, person_s=more, check=1)
    row = table.iloc[0]
    assert (row["what"], row["more"]) == ("street", more)
    assert row["saved"] == real
    bracketed(table, plan)
    assert plan.prices is not None
    parts = math.floor((capacity + more) * STEP * 64 + 1e-9) - math.floor(
        capacity * STEP * 64 + 1e-9
    )
    assert row["saves_at_most"] == pytest.approx(plan.prices.link_price.sum() * parts / 64)


def test_a_person_too_wide_stays_barred() -> None:
    """Enlarging a street lets nobody new in: whoever is too wide for it is no part of the figures,
    nor does their width change what others may do."""
    scenario = scene(
        corridor(1, 60.0, capacity=0.2), [(0, 30, 0.0, 0), (0, 2, 0.0, 1)], [(1, 60)],
        classes=[(1.0, 0.5), (1.0, 0.5, 0.0, 5.0)],
    )  # fmt: skip
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=2.0)
    assert plan.left == 2
    # At 4 persons a slot those of 5 could pass every other slot.
    table = er.marginal_value(plan, person_s=0.2, check=1)
    row = table.iloc[0]
    # 15 slots of two and 7 of four with one of two.
    assert row["saved"] == STEP * (2 * 15 * 14 / 2 - (4 * 7 * 6 / 2 + 2 * 7))
    bracketed(table, plan)


@pytest.mark.parametrize("classes", [[(1.0, 0.5)], [(1.0, 0.5, 0.0, 1.25)]])
def test_more_capacity_above_the_ceiling_saves_nothing(classes: list[tuple[float, ...]]) -> None:
    """A street held to its ceiling on the density gains nothing, one just below it no more than up
    to the ceiling."""
    # 0.1 x 3 m x 1 m/s = 0.3 person/s.
    for capacity, slot in ((4.0, 3), (0.2, 2)):
        network = corridor(1, 60.0, width=3.0, capacity=capacity)
        scenario = scene(network, [(0, 24)], [(1, 60)], classes=classes)
        plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=2.0, max_density=0.1)
        table = er.marginal_value(plan, person_s=1.0, check=1)
        if slot == 3:
            assert "street" not in table["what"].tolist()
            continue
        wider = scene(
            replace(network, capacity=network.capacity + 1.0), [(0, 24)], [(1, 60)],
            classes=classes,
        )  # fmt: skip
        after = er.assign(wider, max_density=0.1)
        row = table.iloc[0]
        assert row["saved"] == plan.cost - after.cost > 0
        assert plan.prices is not None
        assert row["saves_at_most"] == pytest.approx(plan.prices.link_price.sum())
        bracketed(table, plan)


def test_check_keeps_the_ceiling_elsewhere() -> None:
    """Where a place is added, all streets stay held to the ceiling on the density."""
    scenario = scene(
        corridor(2, 60.0), [(0, 24, 0.0, 0), (0, 6, 0.0, 1)], [(1, 20), (2, 30)], classes=WIDE[:2]
    )
    plan = er.assign(scenario, "over_time", gap=1e-4, time_limit=2.0, max_density=0.1)
    table = er.marginal_value(plan, places=3, check=1)
    row = table.iloc[0]
    assert (row["what"], row["id"]) == ("place", "S0")
    assert row["saved"] == 3 * 60.0
    bracketed(table, plan)


def test_check_on_the_lagoon_stays_within_what_is_proven() -> None:
    """In a city of the default classes, some of them wide, check tells what is saved."""
    scenario = er.lagoon(people=20_000)
    assert (scenario.group_classes.space > 1).any()
    plan = er.assign(scenario, "over_time", gap=0.02, time_limit=10.0)
    table = er.marginal_value(plan, 2, person_s=0.5, places=200, check=1, time_limit=5.0)
    assert plan.prices is not None
    row = table.iloc[0]
    # The new plan's own gap blurs what it saves.
    assert abs(row["saved"]) < 0.1 * plan.cost
    assert row["proven_least"] <= row["proven_most"]
    assert row["saved"] <= row["proven_most"] + 1e-3
    assert row["saved"] <= row["saves_at_most"] + plan.cost - plan.prices.value + 1e-3


def test_without_prices_it_says_what_to_do() -> None:
    """A plan without prices is refused, as are amounts that make no sense, all at once."""
    plan = er.assign(scene(corridor(1, 60.0), [(0, 3)], [(1, 3)]))
    with pytest.raises(er.InputError, match="over_time"):
        er.marginal_value(plan)
    priced = er.assign(plan.scenario, "over_time", time_limit=1.0)
    with pytest.raises(
        er.InputError, match=r"person_s is 0(.|\n)*places is 1\.5(.|\n)*check is -1"
    ):
        er.marginal_value(priced, person_s=0, places=1.5, check=-1)  # type: ignore[arg-type]
    assert er.marginal_value(priced).empty
