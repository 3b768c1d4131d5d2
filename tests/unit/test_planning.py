from __future__ import annotations

import pytest
from networks import corridor, grid
from scenes import scene

import evacroute as er


def small() -> er.Scenario:
    return scene(corridor(2, 50.0), [(0, 5)], [(2, 9)])


def test_unknown_method() -> None:
    """A method that does not exist is refused with the names of those that do."""
    with pytest.raises(er.InputError, match=r"'fastest'.*nearest, earliest_arrival, shelter_flow"):
        er.assign(small(), "fastest")


def test_a_method_nearly_spelt_right() -> None:
    """A method that is misspelt is refused with the one that was meant."""
    with pytest.raises(er.InputError, match=r"over_time; did you mean 'shelter_flow'\?$"):
        er.assign(small(), "shelterflow")


def test_unknown_setting() -> None:
    """A setting that the method does not have is refused with the names of those it has."""
    with pytest.raises(er.InputError, match="no setting speed; it has rounds"):
        er.assign(small(), "shelter_flow", speed=2)
    with pytest.raises(er.InputError, match="no setting rounds; it has none"):
        er.assign(small(), "nearest", rounds=2)
    with pytest.raises(er.InputError, match="no setting name"):
        er.assign(small(), "nearest", name="x")


@pytest.mark.parametrize("step", [0, -5, "0 s", "soon", float("nan"), float("inf")])
def test_bad_step(step: object) -> None:
    """A step that is no time greater than 0 is refused."""
    with pytest.raises(er.InputError, match="step"):
        er.assign(small(), step=step)


def test_too_few_or_too_many_steps() -> None:
    """A deadline shorter than a step, or of too many steps, is refused with the numbers."""
    with pytest.raises(er.InputError, match=r"deadline of 3600 s.*0 steps"):
        er.assign(small(), step="2 h")
    with pytest.raises(er.InputError, match=r"3600000 steps.*20,000"):
        er.assign(small(), step=0.001)


@pytest.mark.parametrize("step", [10, 10.0, "10", "10 s", "10s"])
def test_step_as_number_or_text(step: object) -> None:
    """A step is a number of seconds or a text with its unit, and is noted in the plan."""
    plan = er.assign(small(), step=step)
    assert plan.step_s == 10.0


def test_the_plan_says_how_it_was_made() -> None:
    """A plan carries its scenario, method, seed, settings and the seconds it took."""
    scenario = small()
    plan = er.assign(scenario, "shelter_flow", seed=7, rounds=2)
    assert plan.scenario is scenario
    assert (plan.method, plan.seed) == ("shelter_flow", 7)
    assert plan.settings["rounds"] == 2
    assert "name" not in plan.settings
    assert plan.seconds["assign"] > 0


@pytest.mark.parametrize("method", er.METHODS)
def test_progress_is_told(method: str) -> None:
    """The callback hears texts and shares from 0 to 1, and in the end 1."""
    heard: list[tuple[str, float]] = []
    scenario = scene(grid(4, 4, seed=1), [(i, 3) for i in range(12)], [(15, 99)])
    er.assign(scenario, method, progress=lambda stage, share: heard.append((stage, share)))
    assert heard
    assert all(isinstance(stage, str) and stage and 0 <= share <= 1 for stage, share in heard)
    assert heard[-1][1] == 1.0


@pytest.mark.parametrize("method", er.METHODS)
def test_the_same_twice(method: str) -> None:
    """The same scenario and settings give the same plan, whatever was planned in between."""
    groups = [(i % 12, 3, 7.0 * i, i % 3, i % 4 == 0) for i in range(30)]
    scenario = scene(
        grid(4, 4, seed=3),
        groups,
        [(15, 40, 9, 0.4), (3, 60, 5)],
        classes=[(1.3, 0.7), (1.0, 0.5), (0.9, 0.0)],
        deadline=400.0,
    )
    first = er.assign(scenario, method)
    er.assign(small(), method)
    assert first.equals(er.assign(scenario, method))


@pytest.mark.parametrize("rounds", [1, 2, 5])
@pytest.mark.parametrize("sample", [1, 3])
def test_settings_of_shelter_flow(rounds: int, sample: int) -> None:
    """Any number of rounds and any sample gives a plan that keeps every rule."""
    groups = [(i % 12, 2 + i % 3, 5.0 * i) for i in range(20)]
    scenario = scene(grid(4, 4, seed=5), groups, [(15, 30, 0, 0.5), (0, 40)])
    plan = er.assign(scenario, rounds=rounds, sample=sample, toll=1.0, damping=1.0)
    assert er.verify(plan).ok
    assert plan.left == 0


def test_density_is_checked_and_stated() -> None:
    """A ceiling of density must be more than 0, and the plan's settings state it."""
    scenario = scene(corridor(2, 50.0), [(0, 3)], [(2, 9)])
    for wrong in (0.0, -1.0, float("nan"), float("inf"), "2"):
        with pytest.raises(er.InputError, match="max_density"):
            er.assign(scenario, max_density=wrong)
    assert er.assign(scenario, max_density=2.0).settings["max_density"] == 2.0
    assert er.assign(scenario).settings["max_density"] is None
