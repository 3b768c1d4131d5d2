"""The figures: what is drawn is what the plan says, with words on the axes."""

from __future__ import annotations

import builtins
import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from drawn_plans import grid_network, make_hazard_plan, make_plan, make_priced_plan

import evacroute as er
from evacroute import plotting
from evacroute.errors import InputError, MissingExtraError
from evacroute.hazards import Flood
from evacroute.load.samples import lagoon_network

plt = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    plt.switch_backend("agg")
    yield
    plt.close("all")


PLOTS = ("plot_plan", "plot_arrivals", "plot_shelters")


@pytest.mark.parametrize("name", PLOTS)
def test_plots_have_title_and_labels(name: str):
    """Each figure of a plan has a title and says what its axes are; all of it can be rendered."""
    ax = getattr(plotting, name)(make_plan())
    assert ax.get_title()
    assert ax.get_xlabel()
    ax.figure.canvas.draw()


@pytest.mark.parametrize("name", PLOTS)
def test_plots_draw_on_given_axes(name: str):
    """A figure goes where it is asked to go."""
    _, ax = plt.subplots()
    assert getattr(plotting, name)(make_plan(), ax) is ax
    assert len(plt.get_fignums()) == 1


def test_plot_network_draws_each_street_once():
    """The lines of a network's figure are its streets, not its directed links."""
    network = grid_network()
    ax = plotting.plot_network(network)
    assert sum(len(lines.get_segments()) for lines in ax.collections) == network.n_links // 2
    assert "[m]" in ax.get_xlabel()


@pytest.mark.parametrize(
    "time,counts",
    [
        (0, {"slower": 1}),
        ("1 min", {"slower": 1, "closed to everyone": 1}),
        (200, {"slower": 1, "closed to some": 1}),
        (240, {"slower": 1, "closed to some": 1, "closed to everyone": 1}),
    ],
)
def test_plot_hazard_draws_each_street_as_it_is_then(time: float | str, counts: dict[str, int]):
    """Every street is drawn once, as what it is at that time, and the legend counts them."""
    scenario = make_hazard_plan().scenario
    ax = plotting.plot_hazard(scenario, time)
    drawn = {c.get_label(): len(c.get_segments()) for c in ax.collections}
    n = scenario.network.n_links // 2
    assert drawn.pop(f"open ({n - sum(counts.values()):,})") == n - sum(counts.values())
    assert drawn == {f"{name} ({number})": number for name, number in counts.items()}
    ax.figure.canvas.draw()
    with pytest.raises(InputError, match="time is"):
        plotting.plot_hazard(scenario, -1)


def test_arrival_curve_ends_at_everyone():
    """The curve of everyone rises to the number of people placed, at the last arrival."""
    plan = make_plan()
    line = plotting.plot_arrivals(plan).lines[0]
    x, y = line.get_xdata(), line.get_ydata()
    assert y[-1] == plan.placed
    assert x[np.argmax(y == plan.placed)] == pytest.approx(plan.times.clearance / 60)


def test_no_class_looks_like_everyone():
    """Of many classes each has a line of its own look, and none is black and whole."""
    ax = plotting.plot_arrivals(er.assign(er.lagoon(3000), "nearest"))
    to_rgba = pytest.importorskip("matplotlib.colors").to_rgba
    everyone, *classes = ax.lines[:-1]
    looks = {(to_rgba(line.get_color()), line.get_linestyle()) for line in classes}
    assert len(classes) > 7
    assert len(looks) == len(classes)
    assert to_rgba(everyone.get_color()) not in {colour for colour, _ in looks}


def test_shelter_bars_show_room_and_people():
    """Bars are as long as the room and the people of the shelters."""
    plan = make_plan()
    frame = plan.shelters_frame().sort_values("filled", kind="stable")
    room, people = plotting.plot_shelters(plan).containers
    assert [bar.get_width() for bar in room] == frame["capacity"].tolist()
    assert [bar.get_width() for bar in people] == frame["filled"].tolist()


def test_prices_are_drawn_over_time():
    """Each of the dearest links is a curve as high as its price in each slot."""
    plan = make_priced_plan()
    ax = plotting.plot_prices(plan, n=2)
    assert len(ax.lines) == 2
    x, y = ax.lines[0].get_xdata(), ax.lines[0].get_ydata()
    assert y.max() == 90.0
    assert x[np.argmax(y)] == pytest.approx(70 / 60)
    assert plan.prices.link_id[0] in ax.get_legend().get_texts()[0].get_text()
    assert ax.get_title()
    assert "[s a person]" in ax.get_ylabel()
    ax.figure.canvas.draw()
    with pytest.raises(InputError, match="no prices to draw"):
        plotting.plot_prices(make_plan())


def test_synthetic_cities_say_so():
    """A figure of a made-up city says SYNTHETIC in its title, one of a real city does not."""
    for synthetic in (True, False):
        plan = make_plan(synthetic=synthetic)
        for name in PLOTS:
            assert ("SYNTHETIC" in getattr(plotting, name)(plan).get_title()) == synthetic
        title = plotting.plot_network(plan.scenario.network).get_title()
        assert ("SYNTHETIC" in title) == synthetic


def test_dollars_in_names_are_no_formulas():
    """A name that looks like broken mathematics is drawn as it is."""
    plan = make_plan()
    shelters = dataclasses.replace(
        plan.scenario.shelters, name=np.array([r"a$\frac$", "b$"], dtype=object)
    )
    scenario = plan.scenario
    scenario = type(scenario)(
        scenario.network, scenario.groups, shelters, classes=scenario.group_classes
    )
    ax = plotting.plot_shelters(type(plan)(scenario, plan.movements, "$", 10.0))
    ax.figure.canvas.draw()


def test_plan_without_movements_can_be_drawn():
    """A plan in which nobody moves gives figures, not errors."""
    plan = make_plan()
    empty = {name: np.zeros(0) for name in plan.movements.__dataclass_fields__}
    nobody = type(plan.movements)(**{**empty, "leg_ptr": np.zeros(1)})
    still = type(plan)(plan.scenario, nobody, "by hand", 10.0)
    for name in PLOTS:
        getattr(plotting, name)(still).figure.canvas.draw()


def test_figures_are_written_beside_a_plan(tmp_path: Path):
    """All figures of a plan are PNG files, without a trace in pyplot."""
    paths = plotting.write_figures(make_plan(), tmp_path)
    assert [path.name for path in paths] == ["plan.png", "arrivals.png", "shelters.png"]
    assert all(path.read_bytes().startswith(b"\x89PNG") for path in paths)
    assert sorted(tmp_path.iterdir()) == sorted(paths)
    assert plt.get_fignums() == []
    with_prices = plotting.write_figures(make_priced_plan(), tmp_path)
    assert [path.name for path in with_prices][3:] == ["prices.png"]


def test_missing_matplotlib_names_the_extra(monkeypatch: pytest.MonkeyPatch):
    """Without matplotlib the error names the pip command."""
    real = builtins.__import__

    def refuse(name: str, *args: Any, **kwargs: Any) -> Any:
        if name.startswith("matplotlib"):
            raise ImportError(name)
        return real(name, *args, **kwargs)

    monkeypatch.setattr(builtins, "__import__", refuse)
    for name in PLOTS:
        with pytest.raises(MissingExtraError, match=r"pip install 'evacroute\[plot\]'"):
            getattr(plotting, name)(make_plan())
    with pytest.raises(MissingExtraError):
        plotting.write_figures(make_plan(), ".")


def test_plot_depth_draws_the_wet_streets_and_warns():
    """Wet streets are drawn by depth, dry ones plain; modelled heights are said in the title."""
    network = lagoon_network()
    ax = plotting.plot_depth(network, Flood(1.2), 0)
    ax.figure.canvas.draw()
    plain, wet = (len(lines.get_segments()) for lines in ax.collections)
    assert wet == (network.elevation < 1.2).sum() / 2
    assert plain + wet == network.n_links / 2
    assert "MODELLED" not in ax.get_title()
    assert "SYNTHETIC" in ax.get_title()
    ax = plotting.plot_depth(network, Flood(1.2, "model"), 0)
    assert "MODELLED heights (100%)" in ax.get_title()
    assert "28% of the ground" in ax.get_title()
