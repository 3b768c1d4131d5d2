"""A simulation on the web map: its columns say what was played, and a browser shows it moving."""

from __future__ import annotations

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Seen, looked_at
from drawn_plans import make_plan
from played import Played, play
from test_plotting_map_data import unpack

from evacroute.errors import InputError
from evacroute.plan import Plan
from evacroute.plotting import write_map
from evacroute.plotting._map_data import pack_plan
from evacroute.plotting._simulation_data import LATE, SAFE, add_simulation, played_until
from evacroute.plotting.web_map import ONLY_WITH
from evacroute.simulation import Simulation, simulate
from evacroute.streets import pair_links

SIZES = (3, 1, 4, 2, 5, 1)
LEGS = ("link", "enter", "leave")


def columns(plan: Plan, run: Played | Simulation) -> dict[str, Any]:
    packer = pack_plan(
        plan, max_routes=0, with_persons=False, until=played_until(run), coarse_s=run.bin_s
    )
    add_simulation(packer, run, plan)
    return unpack(packer.to_text())


def crowded(run: Played, density: float = 5.0) -> Played:
    """The run with so many persons/m2 in its fullest street, and in proportion elsewhere."""
    load = run.load * np.float32(density / run.density().max())
    return dataclasses.replace(run, load=load)


def table(data: dict[str, Any], name: str, values: str, shape: tuple[int, int]) -> np.ndarray:
    """Cells of streets and moments as a whole table."""
    found = np.zeros(shape)
    found[data[f"{name}_street"], data[f"{name}_bin"]] = data[values]
    return found


def test_columns_hold_density_and_waiting() -> None:
    """Densities come back a 32nd too low at the most, and who waits to half a person, by street."""
    plan = make_plan()
    run = crowded(play(plan, slower=2.0))
    data = columns(plan, run)
    bins = data["meta"]["played"]["bins"]
    streets = pair_links(plan.scenario.network)
    expected = run.density()[streets.forward][:, :bins]
    found = table(data, "played", "played_density", expected.shape)
    assert ((found <= expected + 1e-9) & (expected - found < 1 / 32)).all()
    assert ((expected > 0).sum()) == len(data["played_street"])
    waiting = np.stack([streets.total(run.waiting[:, b]) for b in range(bins)], axis=1)
    assert waiting.max() >= 1
    found = table(data, "waiting", "waiting_persons", waiting.shape)
    assert np.abs(found - waiting).max() <= 0.5


@pytest.mark.parametrize("density, shown", [(4.0, True), (3.9999, False)])
def test_danger_begins_at_four(density: float, shown: bool) -> None:
    """A street is packed as 4 persons/m2 or more just where it has so many."""
    plan = make_plan()
    run = play(plan)
    exact = np.where(run.density() > 0, density, 0.0)
    object.__setattr__(run, "density", lambda: exact)
    assert (columns(plan, run)["played_density"] >= 4).all() == shown


def test_coarser_moments_keep_the_worst_minute() -> None:
    """Where a moment of the slider holds several bins, its density is that of the fullest."""
    plan = make_plan()
    run = crowded(play(plan, bin_s=20.0))
    data = columns(plan, run)
    assert data["meta"]["bin_s"] == 60
    bins = data["meta"]["played"]["bins"]
    whole = np.pad(run.density(), ((0, 0), (0, 3 * bins)))[:, : 3 * bins]
    expected = whole.reshape(len(whole), bins, 3).max(axis=2)
    expected = expected[pair_links(plan.scenario.network).forward]
    found = table(data, "played", "played_density", expected.shape)
    assert np.abs(found - expected).max() < 1 / 32
    assert (
        data["played_sheltered"].reshape(-1, bins)[:, -1].tolist() == run.sheltered[:, -1].tolist()
    )


def test_coarse_bins_make_the_slider_coarse() -> None:
    """Moments of the slider are never finer than the simulation's bins."""
    plan = make_plan()
    assert columns(plan, play(plan, bin_s=150.0))["meta"]["bin_s"] == 180


def test_slider_goes_on_to_the_end_of_what_was_played() -> None:
    """A simulation that takes longer makes the slider longer; quiet bins at its end do not."""
    plan = make_plan()
    short = columns(plan, play(plan))["meta"]["bins"]
    run = play(plan, slower=3.0)
    # The stuck party leaves the street free, so that nothing happens after the last arrival.
    last = int(run.arrive[np.isfinite(run.arrive)].max() // 60) + 1
    load = run.load.copy()
    load[run.tracks.link[-1]] = 0
    quiet = dataclasses.replace(
        run, load=np.pad(load, ((0, 0), (0, 50))), waiting=np.pad(run.waiting, ((0, 0), (0, 50))),
        sheltered=np.pad(run.sheltered, ((0, 0), (0, 50)), mode="edge"), n_bins=run.n_bins + 50,
    )  # fmt: skip
    data = columns(plan, quiet)
    assert data["meta"]["played"]["bins"] == last > short
    assert data["meta"]["bins"] == last


def test_columns_count_who_is_safe_late_and_out() -> None:
    """By the end of each moment so many have set out, are safe, and came too late."""
    plan = make_plan(SIZES)
    scenario = dataclasses.replace(plan.scenario, deadline="5 min")
    plan = dataclasses.replace(plan, scenario=scenario)
    run = play(plan, slower=2.0)
    data = columns(plan, run)
    assert {SAFE, LATE} <= set(run.state.tolist())
    for bin_ in range(data["meta"]["played"]["bins"]):
        end = 60.0 * (bin_ + 1)
        for name, state in (("safe", SAFE), ("late", LATE)):
            came = (run.state == state) & (run.arrive <= end)
            assert data[f"played_{name}"][bin_] == run.size[came].sum()
        assert data["played_out"][bin_] == run.size[run.depart <= end].sum()
    assert dict(data["meta"]["played"]["states"]) == run.counts
    assert data["meta"]["played"]["going"] == sum(SIZES) - 1
    assert data["played_turned_away"].tolist() == [1, 0]


def test_who_never_started_is_not_out() -> None:
    """A party that did not start by the end is not among those on the way, whatever its time."""
    plan = make_plan()
    run = play(plan)
    state = run.state.copy()
    state[0] = 4
    data = columns(plan, dataclasses.replace(run, state=state))
    gone = np.isfinite(run.depart)
    assert data["played_out"][-1] == run.size[gone].sum() - run.size[0]


def test_tracks_come_back() -> None:
    """Each track's links and times come back to half a second, without errors that add up."""
    plan = make_plan(tuple([2] * 40))
    run = play(plan, slower=1.0137)
    data = columns(plan, run)
    code = pair_links(plan.scenario.network).code
    walked = np.flatnonzero(np.diff(run.tracks.ptr))
    assert len(data["track_route"]) == len(walked) < len(run.tracks.agent)
    leg = 0
    for row, track in enumerate(walked):
        entry, time = data["track_route"][row], 0.0
        for i in range(run.tracks.ptr[track], run.tracks.ptr[track + 1]):
            assert data["track_link"][entry] == code[run.tracks.link[i]]
            time += data["track_gap"][leg]
            assert time == pytest.approx(run.tracks.enter[i], abs=0.51)
            time += data["track_take"][leg]
            left = min(run.tracks.leave[i], run.bin_s * run.n_bins)
            assert time == pytest.approx(left, abs=0.51)
            entry, leg = data["track_next"][entry], leg + 1
        assert entry == -1
        agent = run.tracks.agent[track]
        assert data["track_unsafe"][row] == (run.state[agent] != SAFE)
        until = run.arrive[agent] if run.state[agent] == SAFE else run.bin_s * run.n_bins
        assert data["track_until"][row] == pytest.approx(until, abs=0.51)
    assert leg == len(data["track_take"])


def test_a_simulation_without_tracks_is_shown() -> None:
    """No tracks mean no dots, and everything else as ever."""
    plan = make_plan()
    data = columns(plan, play(plan, tracks=0))
    assert data["track_route"].tolist() == []
    assert len(data["played_street"])


def test_only_a_map_with_a_simulation_grows(tmp_path: Path) -> None:
    """Without a simulation a map holds none of its scripts, styles or columns; with it, all."""
    plan = make_plan()
    plain = write_map(plan, tmp_path / "a.html").read_text("utf-8")
    played = write_map(plan, tmp_path / "b.html", simulation=play(plan)).read_text("utf-8")
    marks = ("class Simulation", "class Dots", "class PlayedStreets", ".dot-mark {")
    assert [mark in plain for mark in marks] == [False] * 4
    assert [mark in played for mark in marks] == [True] * 4
    own = [name for name, column in ONLY_WITH.items() if column == "played_street"]
    assert played.count("<script>") == plain.count("<script>") + len(own) - 1
    assert len(played) < len(plain) + 40_000


def test_no_ids_of_parties_are_packed() -> None:
    """Tracks say where somebody walks, not who: no column names a party, group or person."""
    plan = make_plan()
    packed = (
        columns(plan, play(plan)).keys()
        - unpack(pack_plan(plan, max_routes=0, with_persons=False).to_text()).keys()
    )
    assert packed == {
        "played_street", "played_bin", "played_density", "waiting_street", "waiting_bin",
        "waiting_persons", "played_out", "played_safe", "played_late", "played_sheltered",
        "played_turned_away", "track_route", "track_link", "track_next", "track_gap",
        "track_take", "track_until", "track_unsafe",
    }  # fmt: skip


def test_a_simulation_of_another_place_is_refused(tmp_path: Path) -> None:
    """A run on other links or shelters is an error that names both, and no file is written."""
    plan = make_plan()
    run = play(plan)
    network = run.scenario.network
    other = dataclasses.replace(network, link_id=network.link_id[::-1])
    shelters = dataclasses.replace(run.scenario.shelters, shelter_id=np.array(["A", "B"], object))
    elsewhere = dataclasses.replace(run.scenario, network=other, shelters=shelters)
    with pytest.raises(InputError, match=r"(?s)2 faults.*74 links are not.*2 shelters are not"):
        write_map(
            plan, tmp_path / "m.html", simulation=dataclasses.replace(run, scenario=elsewhere)
        )
    assert not list(tmp_path.iterdir())


def test_a_simulation_of_another_plan_is_refused(tmp_path: Path) -> None:
    """A run of another plan is an error; one without a plan is shown beside any."""
    plan, other = make_plan(), make_plan((3, 1, 4, 2, 4, 1))
    run = dataclasses.replace(play(other), scenario=plan.scenario)
    with pytest.raises(InputError, match="another plan, of 6 movements, expected this one of 6"):
        write_map(plan, tmp_path / "m.html", simulation=run)
    free = dataclasses.replace(run, plan=None)
    assert write_map(plan, tmp_path / "m.html", simulation=free).exists()


def test_a_run_of_the_simulator_is_packed() -> None:
    """What the simulator hands back fits: the same figures, which run it is, and all its tracks."""
    plan = make_plan()
    run = simulate(plan, tracks=100)
    data = columns(plan, run)
    told = dict(data["meta"]["played"]["facts"])
    assert told["Run"] == "compliance 1, weidmann, seed 0"
    assert told["Mean"] == f"{run.times.mean / 60:.1f} min from ready to safe, of who arrived"
    cut = columns(plan, simulate(plan, until=60))["meta"]["played"]["facts"]
    assert dict(cut)["Ended"] == "at 1 min, before the deadline"
    assert dict(cut)["Arrived"] == "nobody"
    assert dict(data["meta"]["played"]["states"]) == run.counts
    assert data["played_safe"][-1] == run.counts["safe"] > 0
    assert len(data["track_route"]) == np.count_nonzero(np.diff(run.tracks.ptr)) > 0
    assert data["played_density"].max() == pytest.approx(run.density().max(), abs=1 / 32)


def painted(page: Any, pane: str) -> int:
    """Pixels of a pane's canvas that are painted."""
    script = """(pane) => {
      const canvas = document.querySelector(`.leaflet-${pane}-pane canvas`);
      if (!canvas) return 0;
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const brush = copy.getContext("2d", { willReadFrequently: true });
      brush.drawImage(canvas, 0, 0);
      const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
      let painted = 0;
      for (let i = 3; i < data.length; i += 4) painted += data[i] > 0;
      return painted;
    }"""
    return int(page.evaluate(script, pane))


def seconds(page: Any) -> int:
    """What the running clock shows."""
    minutes, rest = page.inner_text("#running").split(":")
    return 60 * int(minutes) + int(rest)


def slide(page: Any, bin_: int) -> None:
    page.focus("#moment")
    page.keyboard.press("Home")
    for _ in range(bin_):
        page.keyboard.press("ArrowRight")


@pytest.mark.browser
def test_browser_plays_the_simulation(seen: Seen, tmp_path: Path) -> None:
    """Played out, streets show densities with danger named, on a small scale over the dots; the
    plan's own view comes back."""
    plan = make_plan()
    page = seen.open(write_map(plan, tmp_path / "m.html", simulation=crowded(play(plan))))
    assert page.is_checked("input[value=plan]")
    assert page.locator("#speed").is_hidden()
    assert "Persons in all" in page.inner_text(".legend")
    page.check("input[value=played]")
    legend = page.inner_text(".legend")
    assert "Simulated persons/m², at the fullest time" in legend
    assert "4 and more: dangerous (1 street)" in legend
    assert page.locator("#measure").is_hidden()
    page.wait_for_timeout(300)
    assert painted(page, "danger") > 0
    assert painted(page, "dots") == 0
    order = "(name) => Number(getComputedStyle(document.querySelector(name)).zIndex)"
    panes = (".leaflet-dots-pane", ".leaflet-danger-pane")
    for clicks, above in ((0, False), (4, True)):
        for _ in range(clicks):
            page.click(".leaflet-control-zoom-out")
            page.wait_for_timeout(400)
        dots, danger = (page.evaluate(order, pane) for pane in panes)
        assert (danger > dots) == above
    page.check("input[value=plan]")
    page.wait_for_timeout(300)
    assert painted(page, "danger") == 0
    assert "Persons in all" in page.inner_text(".legend")
    assert page.locator("#measure").is_visible()


@pytest.mark.browser
def test_browser_shows_figures_of_the_simulation(seen: Seen, tmp_path: Path) -> None:
    """Beside the plan's clock stand the simulated persons safe, on the way, late, not yet left."""
    plan = make_plan()
    run = play(plan, slower=2.0)
    data = columns(plan, run)
    page = seen.open(write_map(plan, tmp_path / "m.html", simulation=run))
    assert page.inner_text("#played").startswith(f"Simulated: {run.counts['safe']} safe, 0 late, ")
    assert "1 left" in page.inner_text("#played")
    shown = page.inner_text("#summary").replace("\n", "\t")
    assert "Run\tcompliance 0.9, weidmann, seed 4" in shown
    assert f"Last arrival\t{run.times.clearance / 60:.1f} min after the alarm" in shown
    assert page.inner_text("#in-short") == "In short"
    page.check("input[value=played]")
    assert page.inner_text("#in-short") == "As planned"
    page.check("input[value=plan]")
    assert page.inner_text("#in-short") == "In short"
    assert "Turned away\t1 time somebody found a shelter full" in page.inner_text(
        "#summary"
    ).replace("\n", "\t")
    slide(page, 3)
    assert ", as planned: " in page.inner_text("#clock")
    out, safe = (int(data[f"played_{name}"][3]) for name in ("out", "safe"))
    assert page.inner_text("#played") == (
        f"Simulated: {safe} safe so far, {out - safe} on the way, 0 late, "
        f"{sum(SIZES) - 1 - out} not yet left"
    )


@pytest.mark.browser
def test_browser_says_where_the_simulation_ends(seen: Seen, tmp_path: Path) -> None:
    """After the end of a shorter simulation the figures stay, and say until when it was played."""
    plan = make_plan()
    run = play(plan)
    cut = {name: getattr(run, name)[:, :2] for name in ("load", "waiting", "sheltered")}
    state = np.where(run.arrive <= 120, run.state, 2).astype(np.uint8)
    arrive = np.where(run.arrive <= 120, run.arrive, np.nan)
    short = dataclasses.replace(run, n_bins=2, state=state, arrive=arrive, **cut)
    page = seen.open(write_map(plan, tmp_path / "m.html", simulation=short))
    slide(page, 1)
    assert "played until" not in page.inner_text("#played")
    page.keyboard.press("End")
    assert page.inner_text("#played").endswith("(played until minute 2)")


@pytest.mark.browser
def test_browser_moves_the_dots(seen: Seen, tmp_path: Path) -> None:
    """Play moves time on at the speed chosen, with dots; at a pause it stands, at the end too."""
    plan = make_plan()
    page = seen.open(write_map(plan, tmp_path / "m.html", simulation=play(plan, slower=3.0)))
    page.check("input[value=played]")
    slide(page, 1)
    assert seconds(page) == 120
    assert painted(page, "dots") > 0
    page.select_option("#speed", "60")
    page.click("#play")
    page.wait_for_timeout(1500)
    page.click("#play")
    assert page.inner_text("#play") == "Play"
    stood = seconds(page)
    assert 120 + 30 < stood < 120 + 60 * 4
    assert page.input_value("#moment") == str(stood // 60)
    page.wait_for_timeout(300)
    assert seconds(page) == stood
    page.select_option("#speed", "300")
    page.click("#play")
    page.wait_for_function("() => document.getElementById('play').textContent === 'Play'")
    assert seconds(page) == 60 * (int(page.get_attribute("#moment", "max")) + 1)


@pytest.mark.browser
def test_browser_puts_dots_where_their_tracks_are(seen: Seen, tmp_path: Path) -> None:
    """A dot stands on its link in proportion to the time since it was entered."""
    plan = make_plan((1, 1, 1))
    run = play(plan, slower=3.0)
    legs = {name: getattr(run.tracks, name)[: run.tracks.ptr[1]] for name in LEGS}
    one = dataclasses.replace(
        run.tracks, agent=run.tracks.agent[:1], ptr=run.tracks.ptr[:2], **legs
    )
    path = write_map(plan, tmp_path / "m.html", simulation=dataclasses.replace(run, tracks=one))
    seen.page.add_init_script(
        "let lib; Object.defineProperty(window, 'L', { get: () => lib, set: (value) => {"
        " lib = value; value.Map?.addInitHook(function () { window.shown = this; }); } })"
    )
    page = seen.open(path)
    page.check("input[value=played]")
    slide(page, 1)
    assert one.enter[0] < 120 < one.leave[-1]
    leg = int(np.searchsorted(one.enter, 120.0, "right")) - 1
    share = min(1.0, (120.0 - one.enter[leg]) / (one.leave[leg] - one.enter[leg]))
    network = plan.scenario.network
    a, b = network.from_node[one.link[leg]], network.to_node[one.link[leg]]
    lat, lon = (x[a] + share * (x[b] - x[a]) for x in (network.lat, network.lon))
    found = page.evaluate(
        """([lat, lon]) => {
          const canvas = document.querySelector(".leaflet-dots-pane canvas");
          const { width, height } = canvas;
          const { data } = canvas.getContext("2d").getImageData(0, 0, width, height);
          let [x, y, n] = [0, 0, 0];
          for (let i = 3; i < data.length; i += 4) {
            if (data[i] < 128) continue;
            x += ((i - 3) / 4) % width; y += Math.floor((i - 3) / 4 / width); n++;
          }
          const point = window.shown.latLngToContainerPoint([lat, lon]);
          return [n, x / n + 0.5 - point.x, y / n + 0.5 - point.y];
        }""",
        [float(lat), float(lon)],
    )
    assert found[0] > 0
    assert np.hypot(*found[1:]) < 2.5


@pytest.mark.browser
def test_browser_explains_streets_and_shelters_as_simulated(seen: Seen, tmp_path: Path) -> None:
    """A click says how dense a street got and who waits; a shelter who came and was turned away."""
    plan = make_plan()
    run = crowded(play(plan, slower=2.0))
    page = seen.open(write_map(plan, tmp_path / "m.html", simulation=run))
    page.check("input[value=played]")
    slide(page, 3)
    link = int(np.argmax(run.density().max(axis=1)))
    at = int(np.argmax(run.density()[link]))
    page.fill("#search", str(plan.scenario.network.link_id[link]))
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup", has_text="Simulated over time")
    popup.wait_for()
    text = popup.inner_text()
    assert f"persons/m² in minute {at} to {at + 1}, dangerous (4 and more)" in text
    assert "Waiting" in text
    assert "This minute" in text
    page.fill("#search", "campo uno")
    page.keyboard.press("Enter")
    popup = page.locator(".leaflet-popup", has_text="Shelter Campo Uno")
    popup.wait_for()
    text = popup.inner_text()
    assert "1 person (simulated)" in text
    assert f"{run.sheltered[0, 3]} at minute 4, {run.sheltered[0, -1]} at the end" in text


@pytest.mark.browser
def test_browser_fills_shelters_as_simulated(seen: Seen, tmp_path: Path) -> None:
    """Discs of shelters are of the persons planned, or played out, at the moment shown."""
    plan = make_plan()
    run = play(plan)
    none = dataclasses.replace(run, sheltered=np.zeros_like(run.sheltered))
    page = seen.open(write_map(plan, tmp_path / "m.html", simulation=none))
    label = page.locator(".shelter").first
    assert "0 % filled" not in label.get_attribute("aria-label")
    page.check("input[value=played]")
    assert label.get_attribute("aria-label").endswith(" 0 % filled")


@pytest.mark.browser
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_browser_plays_on_a_phone(browser: Any, tmp_path: Path, scheme: str) -> None:
    """On a small phone nothing spills over the side, in either colour scheme, and dots are seen."""
    plan = make_plan()
    path = write_map(plan, tmp_path / "m.html", simulation=play(plan, slower=3.0))
    size = {"width": 320, "height": 640}
    with looked_at(browser, viewport=size, color_scheme=scheme, device_scale_factor=2) as view:
        page = view.open(path)
        page.check("input[value=played]")
        slide(page, 1)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert painted(page, "dots") > 0


@pytest.mark.browser
def test_browser_knows_how_large_the_map_is(seen: Seen, tmp_path: Path) -> None:
    """Where the lines under the map grow, map and canvas of the dots are smaller."""
    plan = make_plan()
    page = seen.open(write_map(plan, tmp_path / "m.html", simulation=play(plan, slower=2.0)))
    page.check("input[value=played]")
    slide(page, 1)
    size = """(name) => {
      const { width, height } = document.querySelector(name).getBoundingClientRect();
      return [Math.round(width), Math.round(height)];
    }"""
    before = page.evaluate(size, "#map")
    page.evaluate("document.getElementById('time').style.paddingBottom = '100px'")
    page.wait_for_timeout(300)
    after = page.evaluate(size, "#map")
    assert after[1] < before[1]
    assert page.evaluate(size, ".leaflet-dots-pane canvas") == after
