"""Value tables: kept short without loss, and mended to what they would be made anew."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from asked import ALL_SAFE, ask, drawn_prices, point_on, priced_bundle
from networks import corridor, grid
from numpy.typing import NDArray
from scenes import WALKER, WHEELCHAIR, crowd, doors, paces

import evacroute as er
from evacroute._kernels.laying import FEW, shortened
from evacroute.answering import Answerer, bundle_of
from evacroute.answering.streets import Lay, Layer
from evacroute.answering.ways import ways_of


def town(*, deadline: float = 1500.0, hazard: Any = None) -> Answerer:
    """A grid with six shelters, at prices by lot."""
    network = grid(7, 6, spacing=40.0, seed=3, steps_share=0.1, missing_share=0.3)
    nodes = [0, 8, 17, 24, 33, network.n_nodes - 1]
    scenario = er.Scenario(
        network, crowd((4, 2), (12, 3)), doors(network, *((v, 9) for v in nodes)),
        classes=paces(WALKER, WHEELCHAIR), deadline=deadline, hazard=hazard,
    )  # fmt: skip
    n_slots = int(deadline // 10.0)
    horizon = n_slots if deadline < 1000.0 else 40
    return Answerer(priced_bundle(scenario, drawn_prices(scenario, 5, horizon=horizon)))


def in_full(lay: Lay) -> NDArray[np.float32]:
    """The value tables of all classes by slot and head."""
    slopes = lay.slopes
    slot = np.arange(slopes.horizon + 1)[:, None]
    return np.stack(
        [
            slopes.value[np.minimum(at[:-1] + slot, at[1:] - 1)]
            for at in np.asarray(slopes.at)
        ]
    )  # fmt: skip


def test_a_table_kept_short_tells_every_value() -> None:
    """Past the last that is kept of a head all values are that one."""
    value = np.array([[5, 1, 2], [4, 1, 3], [4, 1, 2], [4, 1, 2]], np.float32)
    at, short = shortened(value)
    assert at.tolist() == [0, 2, 3, 6]
    assert short.tolist() == [5, 4, 1, 2, 3, 2]


opens = er.LinkTimes(link=[4, 9], class_=[-1, -1], from_s=[0.0, 55.0], to_s=[63.0, np.inf],
                     speed_factor=[0.0, 0.0])  # fmt: skip


@pytest.mark.parametrize(
    ("deadline", "hazard"), [(1500.0, None), (405.0, None), (1500.0, opens)]
)  # fmt: skip
def test_mended_tables_are_those_made_anew(deadline: float, hazard: Any) -> None:
    """Whichever shelters fill or empty, no value differs by a bit from a table made at once."""
    who, rng = town(deadline=deadline, hazard=hazard), np.random.default_rng(1)
    n = len(who.scenario.shelters)
    closed = np.zeros(who.scenario.network.n_links, bool)
    layer, shut = Layer(who.scenario, who.likes), np.zeros((2, n), bool)
    for i in range(24):
        shut = shut.copy()
        shut[:, rng.integers(n)] ^= True
        shut[1, rng.integers(n)] |= bool(i % 2)
        shut[1] |= shut[0]
        lays = [
            one.lay(who.prices, now=0.0, closed=closed, shut=shut)
            for one in (layer, Layer(who.scenario, who.likes))
        ]
        mended, anew = lays
        assert np.array_equal(in_full(mended), in_full(anew))
        assert np.array_equal(mended.slopes.at, anew.slopes.at)


def test_few_values_change_where_one_shelter_fills() -> None:
    """So the test above both mends tables and gives up: some change less than others."""
    who = town()
    nothing = np.zeros((2, len(who.scenario.shelters)), bool)
    before = in_full(who._now.lay)
    counts = []
    for s in range(nothing.shape[1]):
        some = nothing.copy()
        some[:, s] = True
        who.follow(full=nothing)
        who.follow(full=some)
        counts.append((in_full(who._now.lay) != before).mean(axis=(1, 2)))
    assert (np.array(counts) < 1 / FEW).any()
    assert (np.array(counts) > 1 / FEW).any()


def test_laying_anew_rests_and_leaves_what_was_given() -> None:
    """Who follows in peace gets its rest for each class, and answers under way keep their table."""
    who, rests = town(), list[int]()
    before = who._now.lay
    kept = in_full(before).copy()
    full = np.zeros((2, len(who.scenario.shelters)), bool)
    full[:, 2] = True
    who.follow(full=full, rest=lambda: rests.append(1))
    assert len(rests) == len(who.likes.classes)
    assert np.array_equal(in_full(before), kept)
    assert not np.array_equal(in_full(who._now.lay), kept)
    after = who._now.lay
    who.follow(full=full, rest=lambda: rests.append(1))
    assert who._now.lay.slopes is after.slopes  # nothing has changed


def test_prices_of_other_classes_lead_nobody_where_they_cannot_go() -> None:
    """Prices of classes in another order fit by their sizes; still nobody is led on steps who
    uses none."""
    network = corridor(8, 50.0, steps_at=[6])
    scenario = er.Scenario(
        network, crowd((4, 2)), doors(network, (0, 9), (6, 0), (8, 9)),
        classes=paces(WALKER, WHEELCHAIR), deadline=3600.0,
    )  # fmt: skip
    who = Answerer(bundle_of(er.assign(scenario), scorer=ALL_SAFE, made=0.0))
    who.follow(prices=replace(who.prices, arc_slots=who.prices.arc_slots[::-1].copy()))
    # Just before the steps.
    _, parties, _ = who._parties(ask([point_on(network, 10, 0.5)]), 0.0, who._now)
    parties.class_[:] = 1  # the plan's own, for whom slots are those of the prices
    open_ = np.ones((1, 3), bool)
    ways = ways_of(who._now.ground, parties, open_, 6)
    assert sorted(ways.trips.shelter.tolist()) == [0, 1]
    assert not network.steps[ways.trips.link].any()
