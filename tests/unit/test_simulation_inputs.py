"""Physics, Behaviour, fit_law and simulate refuse what is not as it must be, all at once."""

from __future__ import annotations

from pathlib import Path
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
        (
            {"slope": 0.3},
            "slope is 0.3, but the law is 'weidmann'; slope is a figure of",
        ),
        ({"law": "sfpe", "gamma": 2.0}, "gamma is 2.0, but the law is 'sfpe'"),
        ({"law": "sfpe", "slope": 0.3, "jam_density": 4.0}, "expected one of the two"),
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
        ({"delay": "11 h"}, "delay is 39600.0 s, expected 0 to 36000"),
        ({"delay": "soon"}, "delay is 'soon', expected 0 or more: seconds, or text like"),
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
    shape = {"gamma": 2.2} if law == "weidmann" else {}
    truth = Physics(law=law, free_speed=1.25, jam_density=4.4, **shape)
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
        ({"dt": 0.7}, "dt is 0.7 s, expected 0.1 to 10, and to divide 60 s"),
        ({"dt": 0.01}, "dt is 0.01 s, expected 0.1 to 10"),
        ({"dt": "1 s"}, "dt is '1 s' s"),
        ({"tracks": -1}, "tracks is -1, expected a whole number >= 0"),
        ({"seed": 1.5}, "seed is 1.5, expected a whole number >= 0"),
        ({"behaviour": 3}, "behaviour is 3, expected a Behaviour or its name"),
        ({"behaviour": "panic"}, "behaviour is 'panic', expected one of nearest, crowd, lost"),
        ({"physics": "sfpe"}, "physics is 'sfpe', expected a Physics"),
        ({"until": 0}, "until is 0"),
        ({"until": 1e9}, "until is 1000000000.0, expected at most 7 days"),
        ({"until": "1e9 h"}, "until is '1e9 h', expected at most 7 days"),
        ({"until": [1]}, r"until is \[1\], expected more than 0: seconds, or text"),
        ({"until": True}, "until is True, expected more than 0"),
        ({"keep_times": "no"}, "keep_times is 'no', expected True or False"),
        ({"keep_times": True, "behaviour": "lost"}, "with behaviour='lost' nobody does"),
        (
            {"behaviour": Behaviour(compliance=0.5), "compliance": 0.9},
            "compliance is 0.9, but that of the behaviour is 0.5; expected one of the two",
        ),
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
    with pytest.raises(InputError, match="keep_times is for those who follow a plan"):
        er.simulate(scenario, keep_times=True)
    with pytest.raises(InputError, match="expected a plan or a scenario"):
        er.simulate(3)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "name, message",
    [
        ("law", r"no parameter 'law'; expected physics=er.Physics\(law=...\)"),
        ("delay", r"no parameter 'delay'; expected behaviour=er.Behaviour\(delay=...\)"),
        ("sed", "no parameter 'sed'; expected the parameters that help"),
    ],
)
def test_figures_of_others_are_sent_there(name: str, message: str) -> None:
    """An argument of physics or behaviour is refused with a word on where it belongs."""
    scenario = scene(corridor(1, 60.0), [(0, 1)], [(1, 1)])
    with pytest.raises(TypeError, match=message):
        er.simulate(scenario, **{name: 1})


def test_times_of_behaviour_may_be_text() -> None:
    """A delay as text is the same as in seconds, and what stands by default may be given beside."""
    told = Behaviour(delay="2 min", lost_time="5min")
    assert told == Behaviour(delay=120.0)
    assert Behaviour(delay="0").delay_s == 0.0
    assert Physics(law="sfpe", slope=0.25, jam_density=4.0).jam == 4.0


def test_odds_and_maps_need_a_plan(tmp_path: Path) -> None:
    """What is no plan, or no run, is named with what is expected."""
    scenario = scene(corridor(1, 60.0), [(0, 1)], [(1, 1)])
    plan = er.assign(scenario, "nearest")
    for what, name in ((scenario, "Scenario"), (None, "NoneType")):
        with pytest.raises(InputError, match=f"plan is a {name}, expected a Plan"):
            er.score(what)  # type: ignore[arg-type]
        with pytest.raises(InputError, match=f"plan is a {name}, expected a Plan"):
            er.write_map(what, tmp_path / "x.html")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="simulation is a Plan, expected a Simulation"):
        er.write_map(plan, tmp_path / "x.html", simulation=plan)  # type: ignore[arg-type]
    assert not list(tmp_path.iterdir())


def test_without_a_plan_compliance_is_of_no_account() -> None:
    """People without a plan share out among the other behaviours alone."""
    scenario = scene(corridor(3, 60.0), [(0, 4000)], [(3, 4000)])
    run = er.simulate(scenario, until="1 min")
    share = np.bincount(run.led_by, minlength=4) / 4000
    assert share[:4] == pytest.approx([0.0, 0.60, 0.25, 0.15], abs=0.04)
