"""Earthquake: who is blocked follows width, height and seed, and nothing else."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import from_edges, grid
from scenes import paces, scene, shuffled

import evacroute as er
from evacroute._data_dir import data_path
from evacroute.hazards.earthquake import units
from evacroute.hazards.link_times import EVERY
from evacroute.network import KINDS

NETWORK = grid(12, 12, seed=3)


def blocked_ids(quake: er.Earthquake, network: er.Network) -> set[str]:
    return set(network.link_id[quake.blocked(network)].tolist())


def test_the_same_seed_gives_the_same_draw_whatever_the_order() -> None:
    """Nodes and links in another order change nothing; another seed does."""
    scenario = scene(NETWORK, [(0, 1)], [(5, 10)])
    quake = er.Earthquake(seed=4, intensity="X")
    here = blocked_ids(quake, NETWORK)
    assert 10 < len(here) < NETWORK.n_links
    for seed in range(3):
        assert blocked_ids(quake, shuffled(scenario, seed).network) == here
    assert blocked_ids(er.Earthquake(seed=5, intensity="X"), NETWORK) != here


def test_both_directions_share_a_draw() -> None:
    """A street is blocked both ways or not at all."""
    here = blocked_ids(er.Earthquake(seed=1, intensity="X"), NETWORK)
    assert {name.removesuffix("-r") + "-r" for name in here} == {n for n in here if n[-2:] == "-r"}


def test_a_bridge_is_one_draw() -> None:
    """Bridge links that touch are one bridge: all blocked or none; other streets are their own."""
    network = from_edges(
        [(0, 0), (10, 0), (20, 0), (30, 0), (130, 0)],
        [(0, 1), (1, 2), (2, 3), (3, 4)],
        steps=[20, 1, 20, 0],
    )
    of = units(network)
    assert len(set(of[:6].tolist())) == 1
    assert of[6] == of[7] != of[0]
    seen = {
        tuple(er.Earthquake(seed=seed, intensity="X").blocked(network)[:6].tolist())
        for seed in range(60)
    }
    assert seen == {(True,) * 6, (False,) * 6}


def test_narrow_streets_among_high_houses_are_blocked_more() -> None:
    """The probability falls with width, rises with height and intensity, and is 0 on wide ways."""
    network = from_edges(
        [(0, 0), (50, 0), (100, 0), (150, 0)], [(0, 1), (1, 2), (2, 3)], width=[2.0, 6.0, 12.1]
    )
    p = er.Earthquake(intensity="IX").probabilities(network)[::2]
    assert p[0] == pytest.approx(0.25)
    assert p[1] == pytest.approx(0.125)
    assert p[2] == 0
    high = er.Earthquake(intensity="IX", building="high").probabilities(network)[::2]
    assert (high[:2] > p[:2]).all()
    named = er.Earthquake(intensity="IX", building={"L1": "high", "*": "mid"})
    assert named.probabilities(network)[::2].tolist() == [p[0], high[1], p[2]]
    levels = [er.Earthquake(intensity=i).probabilities(network)[0] for i in range(6, 11)]
    assert (np.diff(levels) > 0).all()


def test_cutting_a_street_in_parts_changes_nothing() -> None:
    """Four parts of 50 m are as likely all open as one street of 200 m."""
    whole = from_edges([(0, 0), (200, 0)], [(0, 1)], width=3.0)
    parts = from_edges([(50 * i, 0) for i in range(5)], [(i, i + 1) for i in range(4)], width=3.0)
    quake = er.Earthquake(intensity="IX")
    one = 1 - quake.probabilities(whole)[0]
    assert np.prod(1 - quake.probabilities(parts)[::2]) == pytest.approx(one)


def test_draws_follow_the_probabilities() -> None:
    """Over many draws each street is blocked about as often as its probability says."""
    quake = er.Earthquake(seed=0, intensity="X")
    draws = quake.draws(400)
    often = np.mean([one.blocked(NETWORK) for one in draws], axis=0)
    p = quake.probabilities(NETWORK)
    assert np.abs(often - p).max() < 5 * np.sqrt(0.25 / 400)
    assert abs(often.mean() - p.mean()) < 0.02


def test_draws_are_repeatable_and_more_begin_with_fewer() -> None:
    """The seeds of the draws come from the seed alone, all different, the first ones kept."""
    seeds = [one.seed for one in er.Earthquake(seed=7).draws(500)]
    assert len(set(seeds)) == 500
    assert [one.seed for one in er.Earthquake(seed=7).draws(20)] == seeds[:20]
    assert [one.seed for one in er.Earthquake(seed=8).draws(20)] != seeds[:20]
    one = er.Earthquake(seed=7, intensity="IX", building="low").draws(2)[1]
    assert (one.intensity, one.building) == ("IX", "low")


def test_blocked_from_the_alarm_on_for_good() -> None:
    """Blocked links are closed to everyone from 0 to infinity."""
    quake = er.Earthquake(seed=1, intensity="X")
    times = quake.link_times(NETWORK, paces((1.0, 0.5)), 3600)
    np.testing.assert_array_equal(times.link, np.flatnonzero(quake.blocked(NETWORK)))
    assert set(times.class_.tolist()) == {EVERY}
    assert (times.from_s == 0).all()
    assert np.isinf(times.to_s).all()
    assert (times.speed_factor == 0).all()


def test_a_given_table(tmp_path: Path) -> None:
    """Probabilities of a table count for the whole street; what it does not name stays open."""
    path = tmp_path / "p.csv"
    path.write_text("link_id,probability\nL3,1\nL5-r,0\n")
    flat = grid(6, 6, seed=1, steps_share=0.0)
    quake = er.read_earthquake(path, flat, seed=2)
    assert blocked_ids(quake, flat) == {"L3", "L3-r"}
    assert quake.report is not None
    assert quake.report.counts["links with a probability"] == 2
    assert [one.probability for one in quake.draws(2)] == [quake.probability] * 2


def test_faults_of_a_table() -> None:
    """Unknown links and probabilities out of range stand in one error."""
    table = pd.DataFrame({"link_id": ["L1", "zz"], "probability": [1.5, 0.5]})
    with pytest.raises(er.HazardError) as error:
        er.read_earthquake(table, NETWORK)
    assert "probability is 1.5" in str(error.value)
    assert "link_id 'zz' is not in the network" in str(error.value)


@pytest.mark.parametrize(
    "options,words",
    [
        ({"seed": -1}, "seed is -1"),
        ({"seed": 1.5}, "seed is 1.5"),
        ({"intensity": "XII"}, "intensity is 'XII'"),
        ({"intensity": 5}, "intensity is 5"),
        ({"building": "tower"}, "building is 'tower'"),
        ({"building": {"L1": "tower"}}, "building of link L1"),
        ({"probability": {"L1": -0.1}}, "link L1: probability is -0.1"),
    ],
)
def test_odd_earthquakes_are_refused(options: dict[str, Any], words: str) -> None:
    """Each wrong value is an error that says what is allowed."""
    with pytest.raises(er.HazardError, match=words):
        er.Earthquake(**options)
    with pytest.raises(er.HazardError, match="at least one draw"):
        er.Earthquake().draws(0)


def test_ferries_are_never_blocked() -> None:
    """A ferry link has probability 0 whatever the intensity."""
    network = from_edges([(0, 0), (50, 0)], [(0, 1)], width=1.0, kind=["ferry"])
    assert er.Earthquake(intensity="X").probabilities(network).tolist() == [0, 0]
    narrow = dataclasses.replace(network, kind=np.zeros(2, np.uint8))
    assert (er.Earthquake(intensity="X").probabilities(narrow) > 0).all()


def test_every_kind_of_street_has_its_share_of_fronts() -> None:
    """The table of data/earthquake knows every kind that a link can have."""
    assert set(pd.read_csv(data_path("earthquake", "kinds.csv"))["kind"]) == set(KINDS)


def test_nothing_falls_on_gangways_and_boats_change_no_draw() -> None:
    """Gangways and ferries are never blocked; streets are, or not, as without boats."""
    streets = er.lagoon_network()
    network, _ = er.lagoon_boats(streets, until="20 min")
    for seed in range(3):
        quake = er.Earthquake(seed=seed, intensity="X")
        blocked = quake.blocked(network)
        assert blocked.any()
        assert not blocked[network.floating].any()
        assert blocked[: streets.n_links].tolist() == quake.blocked(streets).tolist()
