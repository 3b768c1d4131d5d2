"""Physics, Behaviour, fit_law and simulate refuse what is not as it must be, all at once."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from networks import corridor
from scenes import scene

import evacroute as er
from evacroute.errors import InputError
from evacroute.simulation import Behaviour, Physics, fit_law


@pytest.mark.parametrize(
    "given, message",
    [
        ({"law": "greenshields"}, "law is 'greenshields', expected one of weidmann, sfpe"),
        ({"slowing": "none"}, "slowing is 'none', expected one of crowd, share"),
        ({"jam_density": 1.9}, r"jam_density is 1.9 persons/m2, expected 2 to 12"),
        ({"gamma": float("nan")}, "gamma is nan 1/m2, expected 0.1 to 20"),
        ({"slope": None}, "slope is None m2, expected 0.05 to 0.5"),
        ({"free_speed": "1.3"}, "free_speed is '1.3' m/s, expected 0.3 to 3"),
        ({"specific_flow": True}, "specific_flow is True person/s/m, expected 0.2 to 4"),
        ({"counterflow_loss": 1.1}, "counterflow_loss is 1.1, expected 0 to 1"),
        ({"least_pace": 0.0}, "least_pace is 0.0, expected 0.01 to 0.5"),
        ({"patience": 0.0}, "patience is 0.0 s, expected 1 to 3600"),
        ({"patience": 0.0, "law": ""}, "2 faults"),
    ],
)
def test_physics_refuses(given: dict[str, Any], message: str) -> None:
    """A figure out of its range is named with what is allowed."""
    with pytest.raises(InputError, match=message):
        Physics(**given)


@pytest.mark.parametrize("law, jam, free", [("weidmann", 5.4, 1.34), ("sfpe", 1 / 0.266, 1.2)])
def test_laws(law: str, jam: float, free: float) -> None:
    """People walk freely where it is empty, at least pace in a jam, never faster when denser."""
    physics = Physics(law=law)
    assert (physics.jam, physics.free) == (pytest.approx(jam), free)
    density = np.linspace(0, 2 * jam, 500)
    ratio = physics.speed_ratio(density)
    assert ratio[0] == 1.0
    assert (np.diff(ratio) <= 0).all()
    assert ratio[-1] == physics.least_pace
    assert physics.flow(0.5) == pytest.approx(0.5 * free * float(physics.speed_ratio(0.5)))


def test_sfpe_is_its_equation() -> None:
    """SFPE's speed falls from the free one at 0.54 by its slope, as Eq. 59 has it."""
    physics = Physics(law="sfpe", least_pace=0.01)
    for d in (0.54, 1.0, 2.0, 3.0):
        expected = (1 - 0.266 * d) / (1 - 0.266 * 0.54)
        assert float(physics.speed_ratio(d)) == pytest.approx(expected)


def test_tables_follow_the_law() -> None:
    """The kernels' table is the law at every 64th of a person a square metre."""
    physics = Physics()
    law = physics.tables()
    at = np.arange(len(law.ratio)) / law.per_step
    assert law.ratio == pytest.approx(physics.speed_ratio(at))
    assert at[-1] >= 1.5 * physics.jam
    peak = int(law.peak)
    assert physics.flow(at[peak]) == pytest.approx(physics.flow(at).max())
    assert (law.inflow[: peak + 1] > 1e6).all()
    assert law.inflow[peak + 1 :] == pytest.approx(physics.flow(at[peak + 1 :]))


@pytest.mark.parametrize(
    "given, message",
    [
        ({"compliance": 1.5}, "compliance is 1.5, expected 0 to 1"),
        ({"compliance": float("nan")}, "compliance is nan, expected 0 to 1"),
        ({"lost_time": -1.0}, "lost_time is -1.0 s, expected 0 to 36000"),
        ({"delay": "1 min"}, "delay is '1 min' s, expected 0 to 36000"),
        ({"speed_spread": 0.6, "delay_sigma": 3.0}, "2 faults"),
        ({"nearest": 0.0, "crowd": 0.0, "lost": 0.0}, "nearest, crowd and lost are all 0"),
    ],
)
def test_behaviour_refuses(given: dict[str, Any], message: str) -> None:
    """A figure out of its range is named with what is allowed."""
    with pytest.raises(InputError, match=message):
        Behaviour(**given)


@pytest.mark.parametrize("law", ["weidmann", "sfpe"])
def test_fit_finds_the_law(law: str) -> None:
    """Speeds made by a law give its figures back, and all others are kept."""
    truth = Physics(law=law, free_speed=1.25, jam_density=4.4, gamma=2.2)
    d = np.linspace(0.3, 4.0, 20)
    found = fit_law(d, truth.free * truth.speed_ratio(d), Physics(law=law, patience=33.0))
    assert found.free == pytest.approx(1.25, abs=1e-3)
    assert found.jam == pytest.approx(4.4, abs=1e-2)
    assert found.patience == 33.0
    if law == "weidmann":
        assert found.gamma == pytest.approx(2.2, abs=1e-2)


@pytest.mark.parametrize(
    "density, speed, message",
    [
        ([1.0, 2.0], [1.0, 0.5], "at least 3"),
        ([1.0, 2.0, 3.0], [1.0, 0.5], "as many of both"),
        ([[1.0, 2.0, 3.0]], [[1.0, 0.5, 0.1]], "shapes"),
        (["a", "b", "c"], [1.0, 0.5, 0.1], "expected numbers"),
        ([1.0, 2.0, 0.0], [1.0, 0.5, 0.1], "point 2: density 0.0, speed 0.1"),
        ([1.0, np.nan, 0.0], [1.0, 0.5, 0.1], "2 faults"),
    ],
)
def test_fit_refuses(density: Any, speed: Any, message: str) -> None:
    """Points that are too few or no numbers above 0 are named."""
    with pytest.raises(InputError, match=message):
        fit_law(density, speed)


@pytest.mark.parametrize(
    "given, message",
    [
        ({"dt": 0.7}, "dt is 0.7 s, expected more than 0 to 10, and to divide 60 s"),
        ({"dt": 0.0}, "dt is 0.0 s"),
        ({"dt": "1 s"}, "dt is '1 s' s"),
        ({"tracks": -1}, "tracks is -1, expected a whole number >= 0"),
        ({"seed": 1.5}, "seed is 1.5, expected a whole number >= 0"),
        ({"behaviour": 3}, "behaviour is 3, expected a Behaviour or its name"),
        ({"behaviour": "panic"}, "behaviour is 'panic', expected one of nearest, crowd, lost"),
        ({"physics": "sfpe"}, "physics is 'sfpe', expected a Physics"),
        ({"until": 0}, "until is 0"),
        ({"compliance": 2.0}, "compliance is 2.0, expected 0 to 1"),
        ({"seed": -1, "tracks": -1, "dt": -1}, "3 faults"),
    ],
)
def test_simulate_refuses(given: dict[str, Any], message: str) -> None:
    """What is not as it must be is refused by name."""
    plan = er.assign(scene(corridor(1, 60.0), [(0, 1)], [(1, 1)]), "nearest")
    with pytest.raises(InputError, match=message):
        er.simulate(plan, **given)


def test_compliance_needs_a_plan() -> None:
    """A scenario has no plan to comply with, and no other thing can be played."""
    scenario = scene(corridor(1, 60.0), [(0, 1)], [(1, 1)])
    with pytest.raises(InputError, match="compliance is for plans"):
        er.simulate(scenario, compliance=0.5)
    with pytest.raises(InputError, match="expected a plan or a scenario"):
        er.simulate(3)  # type: ignore[arg-type]


def test_without_a_plan_compliance_is_of_no_account() -> None:
    """People without a plan share out among the other behaviours alone."""
    scenario = scene(corridor(3, 60.0), [(0, 4000)], [(3, 4000)])
    run = er.simulate(scenario, until="1 min")
    share = np.bincount(run.led_by, minlength=4) / 4000
    assert share[:4] == pytest.approx([0.0, 0.60, 0.25, 0.15], abs=0.04)
