"""Bridges and stairs in a flood: their feet are waded, their decks are dry."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from networks import from_edges

from evacroute.hazards import Flood, Heights
from evacroute.hazards.decks import Decks
from evacroute.hazards.wading import wading_factor, wading_table
from evacroute.network import KINDS, Network
from evacroute.people import Classes

RUN = wading_table()["foot_run"]


def city(steps: list[int], length: float = 60.0, **kinds: list[str]) -> Network:
    """A straight way of streets and, where there are steps, bridges, all of one length [m]."""
    n = len(steps)
    xy = [(length * i, 0.0) for i in range(n + 1)]
    network = from_edges(xy, [(i, i + 1) for i in range(n)], steps=steps)
    kind = network.kind.copy()
    for i, word in enumerate(kinds.get("kind", [])):
        kind[2 * i : 2 * i + 2] = KINDS.index(word)
    return replace(network, kind=kind)


def at(network: Network, depths: list[float], limit: float = 0.9) -> np.ndarray:
    """Speed factor of each street or bridge when the water is so deep there [m]."""
    heights = Heights(np.repeat(2.0 - np.array(depths), 2), np.zeros(network.n_links, bool))
    who = Classes(
        np.array(["C"], dtype=object), np.array([1.3]), np.array([0.7]), np.zeros(1),
        np.ones(1), np.array([limit]),
    )  # fmt: skip
    times = Flood(2.0, heights, factor_step=0.001).link_times(network, who, 600)
    factor: np.ndarray = times.profile(1, 600).at(0, network.n_links)[0, ::2]
    return factor


def test_a_bridge_is_waded_at_both_feet() -> None:
    """Its time is that of the wet steps at the wading pace, and of the rest at the dry one."""
    network, law = city([0, 30, 0]), float(wading_factor(0.5))
    street, bridge, _ = at(network, [0.5, 0.5, 0.5])
    assert street == pytest.approx(law, abs=0.001)
    wet = 2 * RUN * 0.5
    assert 60 / bridge == pytest.approx(wet / law + 60 - wet, rel=0.002)


def test_a_short_bridge_is_waded_all_along() -> None:
    """A bridge shorter than the wet steps of both feet is no faster than a street as deep."""
    assert at(city([0, 9, 0], length=4.0), [0.5] * 3) == pytest.approx(
        [float(wading_factor(0.5))] * 3, abs=0.001
    )


def test_steps_that_end_under_water_keep_nobody_dry() -> None:
    """Where the counted steps rise less than the water is deep, the deck is waded all along."""
    law = float(wading_factor(0.5))
    low, high, unknown = (at(city([0, n, 0]), [0.5] * 3)[1] for n in (4, 10, 1))
    assert low == pytest.approx(law, abs=0.001)
    assert high == unknown > law + 0.3
    stairs = city([0, 4], kind=["calle", "steps"])
    assert at(stairs, [0.2] * 2)[1] > float(wading_factor(0.2)) + 0.2
    assert at(stairs, [0.3] * 2)[1] == pytest.approx(wading_factor(0.3), abs=0.001)


def test_a_foot_too_deep_closes_the_bridge() -> None:
    """However dry the deck, nobody gets to it where a foot is deeper than they can wade."""
    assert at(city([0, 30, 0]), [0.1, 0.4, 0.4], limit=0.3).tolist()[1:] == [0, 0]
    assert at(city([0, 30, 0]), [0.1, 0.4, 0.4], limit=0.4)[1] > 0.8


def test_inner_parts_of_a_bridge_are_dry_and_open() -> None:
    """Of a bridge in three parts the first and last have one foot each, the landing none."""
    network = city([0, 12, 0, 12, 0], kind=["calle", "bridge", "bridge", "bridge", "calle"])
    assert Decks.of(network, np.ones(10)).feet[::2].tolist() == [-1, 1, 0, 1, -1]
    factor = at(network, [0.5] * 5)
    assert factor[2] == 1
    assert 60 / factor[1] == pytest.approx(
        60 + RUN * 0.5 * (1 / float(wading_factor(0.5)) - 1), rel=0.002
    )
    assert at(network, [0.5] * 5, limit=0.2).tolist() == [0, 0, 1, 0, 0]


def test_what_does_not_rise_is_waded_all_along() -> None:
    """A bridge without steps, and a street with some steps in it, are as deep as a street."""
    network = city([0, 0, 3, 0], kind=["calle", "bridge", "calle", "calle"])
    assert (Decks.of(network, np.ones(8)).feet == -1).all()
    assert at(network, [0.5] * 4) == pytest.approx([float(wading_factor(0.5))] * 4, abs=0.001)


def test_a_height_of_its_own_holds_all_along() -> None:
    """A deck that is said to lie higher than the streets, and is wet, is wet all along."""
    assert at(city([0, 30, 0]), [0.8, 0.3, 0.8])[1] == pytest.approx(wading_factor(0.3), abs=0.001)


def test_the_end_of_a_dead_end_is_a_foot() -> None:
    """Stairs that end where nothing goes on stand on the ground at both ends."""
    network = city([0, 12], kind=["calle", "steps"])
    assert Decks.of(network, np.ones(4)).feet.tolist() == [-1, -1, 2, 2]
