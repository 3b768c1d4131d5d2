"""Plans are polished: whoever cannot be safe sooner is left in peace, and nothing else changes."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

import evacroute as er
from evacroute.assignment.ledger import Ledger
from evacroute.assignment.polish import Chance


def short_of_places(seed: int, n_shelters: int, people: int = 800) -> er.Scenario:
    """The lagoon with a few shelters, drawn by the seed, for nine in ten of the people."""
    city = er.lagoon(people, seed=seed)
    room = np.zeros(len(city.shelters), np.int64)
    drawn = np.random.default_rng(seed).choice(len(room), n_shelters, replace=False)
    room[drawn] = 9 * people // (10 * n_shelters)
    shelters = replace(
        city.shelters, capacity=room, step_free_capacity=room // 10, report=None
    )  # fmt: skip
    return er.Scenario(city.network, city.people, shelters, deadline="60 min")


@pytest.mark.parametrize("seed, n_shelters", [(0, 3), (1, 6), (2, 40)])
def test_who_is_not_tried_would_gain_nothing(
    seed: int, n_shelters: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The plan is that of trying everybody, and where places are short few are tried."""
    scenario = short_of_places(seed, n_shelters)
    withdraw, tried = Ledger.withdraw, [0, 0]

    def counted(ledger: Ledger, movement: int) -> tuple[int, int]:
        tried[-1] += 1
        return withdraw(ledger, movement)

    monkeypatch.setattr(Ledger, "withdraw", counted)
    quick = er.assign(scenario, "shelter_flow")
    tried[0], tried[1] = tried[1], 0
    monkeypatch.setattr(Chance, "may_be_sooner", lambda chance, movement: True)
    slow = er.assign(scenario, "shelter_flow")
    assert quick.movements.equals(slow.movements)
    assert quick.left == slow.left
    assert tried[0] < tried[1] / 2
