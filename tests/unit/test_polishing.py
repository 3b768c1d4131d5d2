"""Plans are polished: whoever cannot be safe sooner is left in peace, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from networks import corridor
from scenes import scene

import evacroute as er
from evacroute.assignment.ledger import Ledger
from evacroute.assignment.parties import whole_groups
from evacroute.assignment.placing import Placing
from evacroute.assignment.polish import Chance
from evacroute.assignment.problem import build_problem
from evacroute.assignment.soonest import Soonest


def slow_doors(seed: int, n_shelters: int, places: float) -> er.Scenario:
    """The lagoon with some shelters, drawn by the seed, whose doors admit one person in 3 s.

    `places` is how many there are for each of the 800 people; a tenth of them are step-free.
    """
    city = er.lagoon(800, seed=seed)
    room = np.zeros(len(city.shelters), np.int64)
    drawn = np.random.default_rng(seed).choice(len(room), n_shelters, replace=False)
    room[drawn] = int(places * 800 / n_shelters)
    shelters = replace(
        city.shelters, capacity=room, step_free_capacity=room // 10,
        intake_rate=np.full(len(room), 0.3), report=None,
    )  # fmt: skip
    return er.Scenario(city.network, city.people, shelters, deadline="60 min")


@pytest.mark.parametrize("seed, n_shelters, places", [(0, 10, 1.1), (0, 40, 1.1), (1, 40, 1.1)])
def test_who_is_not_tried_would_gain_nothing(
    seed: int, n_shelters: int, places: float, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is that of trying everybody, with fewer tries; polishing is of use in it."""
    monkeypatch.setattr("evacroute.assignment.polish.FEW", 0)
    scenario = slow_doors(seed, n_shelters, places)
    withdraw, tried = Ledger.withdraw, [0]

    def counted(ledger: Ledger, movement: int) -> tuple[int, int]:
        tried[-1] += 1
        return withdraw(ledger, movement)

    monkeypatch.setattr(Ledger, "withdraw", counted)
    quick = er.assign(scenario, "shelter_flow")
    tried.append(0)
    monkeypatch.setattr(Chance, "may_be_sooner", lambda chance, movement: True)
    slow = er.assign(scenario, "shelter_flow")
    assert quick.movements.equals(slow.movements)
    assert tried[0] < tried[1]
    unpolished = er.assign(scenario, "shelter_flow", polish=0)
    assert quick.times.mean < unpolished.times.mean


def test_a_full_shelter_gets_room_when_its_own_people_try_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With all shelters full, who waited at the door may be sooner, and who did not may not."""
    monkeypatch.setattr("evacroute.assignment.polish.FEW", 0)
    scenario = scene(corridor(1), [(0, 1), (0, 1)], [(1, 2, 2, 0.1)])
    problem = build_problem(scenario, 10.0)
    placing = Placing(problem, problem.distances())
    left = placing.place(whole_groups(scenario.groups), np.arange(2))
    assert not left.any()
    assert not placing.free.room.any()
    chance = Chance(placing, Soonest.of(problem))
    admitted = placing.store.admitted[:2]
    assert [chance.may_be_sooner(i) for i in np.argsort(admitted)] == [False, True]
