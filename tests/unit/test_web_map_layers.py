"""What the web map shows of times, prices, hazards, the tide and the rescue, and its legend."""

from __future__ import annotations

import base64
import gzip
import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Seen
from drawn_plans import (
    grid_network,
    make_hazard_plan,
    make_plan,
    make_plan_of_people,
    make_priced_plan,
)  # fmt: skip
from stranded import fleet, plan_leaving

import evacroute as er
from evacroute.plotting import write_map


@pytest.mark.browser
def test_browser_moves_through_time(seen: Seen, tmp_path: Path):
    """Moving the slider by keyboard shows that moment; at its end everybody placed is safe."""
    plan = make_plan()
    page = seen.open(write_map(plan, tmp_path / "map.html"))
    whole = page.locator(".shelter .filled").first.get_attribute("r")
    page.focus("#moment")
    page.keyboard.press("ArrowRight")
    assert page.is_checked("input[value=moment]")
    assert page.inner_text("#clock").startswith("Minute 1 to 2 after the alarm")
    assert page.locator(".shelter .filled").first.get_attribute("r") != whole
    page.keyboard.press("End")
    assert f": {plan.placed} safe, 0 on the way, 0 not yet left" in page.inner_text("#clock")
    page.select_option("#measure", "share")
    assert "Capacity used" in page.inner_text(".legend")
    page.click("#play")
    assert page.inner_text("#play") == "Pause"
    page.check("input[value=whole]")
    assert page.inner_text("#play") == "Play"


@pytest.mark.browser
def test_browser_shows_prices(seen: Seen, tmp_path: Path):
    """With prices streets can be coloured by them, in all and minute by minute."""
    page = seen.open(write_map(make_priced_plan(), tmp_path / "map.html"))
    page.select_option("#measure", "price")
    assert "one more person costs the others, at most" in page.inner_text(".legend")
    assert "less than 1 s" in page.inner_text(".legend")
    page.focus("#moment")
    page.keyboard.press("ArrowRight")
    assert "in this minute" in page.inner_text(".legend")
    page.fill("#search", "window.broken")
    page.keyboard.press("Enter")
    text = page.inner_text(".leaflet-popup")
    assert "one more person costs the others up to 1 min 30 s" in text
    assert "a price from minute 1 to 3" in text
    page.fill("#search", "campo uno")
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup", has_text="a place costs the others 1 min 5 s").wait_for()


def legend_counts(page: Any) -> dict[str, int]:
    """Streets of each kind of hazard, as the legend has them."""
    found = re.findall(r"(closed to everyone|closed to some only|slower): (\d+)", legend(page))
    return {name: int(number) for name, number in found}


def legend(page: Any) -> str:
    return str(page.inner_text(".legend"))


def dark_share(page: Any) -> float:
    """Share of the hazards' canvas that is painted."""
    share = """() => {
      const canvas = document.querySelector(".leaflet-hazards-pane canvas");
      const copy = new OffscreenCanvas(canvas.width, canvas.height);
      const brush = copy.getContext("2d", { willReadFrequently: true });
      brush.drawImage(canvas, 0, 0);
      const { data } = brush.getImageData(0, 0, canvas.width, canvas.height);
      let painted = 0;
      for (let i = 3; i < data.length; i += 4) painted += data[i] > 0;
      return painted / (data.length / 4);
    }"""
    return float(page.evaluate(share))


@pytest.mark.browser
def test_browser_shows_hazards_in_time(seen: Seen, tmp_path: Path):
    """The slider shows which streets are closed or slower at each moment, and the legend counts."""
    page = seen.open(write_map(make_hazard_plan(), tmp_path / "map.html"))
    assert legend_counts(page) == {
        "closed to everyone": 2, "closed to some only": 1, "slower": 1
    }  # fmt: skip
    assert "at some time closed to everyone" in legend(page)
    whole = dark_share(page)
    assert whole > 0
    page.focus("#moment")
    page.keyboard.press("Home")
    page.keyboard.press("ArrowRight")  # minute 1 to 2: L1 is shut, L4 slow
    assert legend_counts(page) == {
        "closed to everyone": 1, "closed to some only": 0, "slower": 1
    }  # fmt: skip
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")  # minute 3 to 4: L2 is closed to some, L4 slow
    assert legend_counts(page) == {
        "closed to everyone": 0, "closed to some only": 1, "slower": 1
    }  # fmt: skip
    page.wait_for_timeout(300)
    assert 0 < dark_share(page) < whole
    page.uncheck("#show-hazards")
    page.wait_for_timeout(300)
    assert dark_share(page) == 0


@pytest.mark.browser
def test_browser_says_when_a_street_is_closed_to_whom(seen: Seen, tmp_path: Path):
    """A street's explanation says when it is closed to whom, when slower, and which way alone."""
    page = seen.open(write_map(make_hazard_plan(), tmp_path / "map.html"))

    def explanation(link: str) -> str:
        page.fill("#search", link)
        page.keyboard.press("Enter")
        popup = page.locator(".leaflet-popup", has_text=f"{link} and {link}-r")
        popup.wait_for()
        return str(popup.inner_text())

    assert "to everyone from minute 1 to 2.5" in explanation("L1")
    assert "to those who can't use steps from minute 3 on" in explanation("L2")
    assert "link L3-r: to everyone from minute 4 on" in explanation("L3")
    assert "50 % of the pace all the time" in explanation("L4")
    assert "Closed" not in explanation("L6")


@pytest.mark.browser
def test_browser_opens_with_no_street_under_the_legend(browser: Any, tmp_path: Path):
    """On a wide screen the whole city is seen beside the open legend."""
    path = write_map(make_plan(), tmp_path / "map.html")
    context = browser.new_context(viewport={"width": 1366, "height": 800})
    context.add_init_script(
        "let lib; Object.defineProperty(window, 'L', { get: () => lib, set: (value) => {"
        " lib = value; value.Map?.addInitHook(function () { window.shown = this; }); } })"
    )
    view = Seen(context.new_page())
    page = view.open(path)
    data = grid_network()
    east, lat = float(data.lon.max()), float(data.lat.max())
    x = page.evaluate(f"window.shown.latLngToContainerPoint([{lat}, {east}]).x")
    map_, legend_ = (page.locator(name).bounding_box() for name in ("#map", ".legend"))
    assert map_["x"] + x < legend_["x"]
    context.close()
    assert view.faults == []


@pytest.mark.browser
@pytest.mark.parametrize("size", [(390, 844), (844, 390)])
def test_browser_keeps_the_legend_small_on_a_phone(
    browser: Any, tmp_path: Path, size: tuple[int, int]
):
    """On a phone the legend is a button; open it leaves most of the map free; a touch closes it."""
    path = write_map(make_hazard_plan(), tmp_path / "map.html")
    context = browser.new_context(viewport={"width": size[0], "height": size[1]})
    view = Seen(context.new_page())
    page = view.open(path)

    def share() -> float:
        box, map_ = (page.locator(name).bounding_box() for name in (".legend", "#map"))
        return float(box["width"] * box["height"] / map_["width"] / map_["height"])

    assert share() < 0.05
    page.click(".legend summary")
    assert "shelter, full" in legend(page)
    assert share() < 0.4
    page.mouse.click(size[0] - 300, 150)
    assert page.locator(".legend[open]").count() == 0
    context.close()
    assert view.faults == []


@pytest.mark.browser
def test_browser_shows_the_tide_beside_the_clock(seen: Seen, tmp_path: Path):
    """The clock tells the tide's level at the end of the moment shown, or its range over all."""
    plan = make_plan()
    n = plan.scenario.network.n_links
    heights = er.Heights(np.full(n, 3.0), np.zeros(n, bool))
    flood = er.Flood(er.Tide([0.0, 600.0], [1.0, 1.5]), heights)
    wet = replace(plan, scenario=replace(plan.scenario, hazard=flood, deadline=600.0))
    page = seen.open(write_map(wet, tmp_path / "map.html"))
    assert "; tide 1.00 m to 1." in page.inner_text("#clock")
    page.focus("#moment")
    page.keyboard.press("ArrowRight")
    assert page.inner_text("#clock").endswith("; tide at minute 2: 1.10 m, rising")


@pytest.mark.browser
def test_browser_draws_the_load_over_hazards(seen: Seen, tmp_path: Path):
    """What hazards do lies under the streets, so that the colour of the load is seen."""
    page = seen.open(write_map(make_hazard_plan(), tmp_path / "map.html"))
    panes = """names => names.map((name) =>
      Number(getComputedStyle(document.querySelector(name)).zIndex))"""
    below, above = page.evaluate(panes, [".leaflet-hazards-pane", ".leaflet-overlay-pane"])
    assert below < above


def rescued_plan() -> tuple[Any, Any]:
    """A plan that leaves people on a grid, and their rescue by a boat and a team."""
    network = grid_network()
    plan = plan_leaving(network, (3, 2), (18, 3, 0.0, 1), (9, 9), shelters=((24, 30),))
    crews = fleet(network, ("boat", 0, 5, 3), ("stretcher team", 2, 3, 1))
    return plan, er.rescue(plan, crews, radius=0)


def test_only_a_map_with_a_rescue_grows(tmp_path: Path):
    """Without a rescue a map holds neither its script nor its styles; with one it holds both."""
    plan, found = rescued_plan()
    plain = write_map(plan, tmp_path / "a.html").read_text("utf-8")
    rescued = write_map(plan, tmp_path / "b.html", rescue=found).read_text("utf-8")
    assert "class RescueLayer" not in plain
    assert ".pickup-count {" not in plain
    assert "class RescueLayer" in rescued
    assert ".pickup-count {" in rescued
    assert rescued.count("<script>") == plain.count("<script>") + 1


def test_the_rescue_brings_no_ids_of_persons(tmp_path: Path):
    """A map with pick-ups but without persons holds no id of a person or household."""
    plan = make_plan_of_people()
    page = write_map(plan, tmp_path / "m.html", with_persons=False, rescue=er.rescue(plan))
    blob = re.search(r'id="plan-data">([^<]*)<', page.read_text("utf-8"))
    assert blob
    text = gzip.decompress(base64.b64decode(blob[1]))
    assert b"pickup_id" in text
    for name in ("person_id", "household", *map(str, plan.roster.person_id)):  # type: ignore[union-attr]
        assert f'"{name}"'.encode() not in text


@pytest.mark.browser
def test_browser_shows_pickups_and_crews(seen: Seen, tmp_path: Path):
    """Pick-ups and crews' ways are drawn and explained, by mouse and by keyboard."""
    plan, found = rescued_plan()
    page = seen.open(write_map(plan, tmp_path / "map.html", rescue=found))
    assert page.locator(".pickup").count() == len(found.pickups)
    used = found.routes["vehicle_id"].nunique()
    assert page.locator("path.crew").count() == used
    first = found.pickups.iloc[0]
    page.locator(f".pickup[aria-label^='Pick-up {first['pickup_id']}:']").press("Enter")
    popup = page.locator(".leaflet-popup", has_text=f"Pick-up {first['pickup_id']}")
    popup.wait_for()
    assert first["needs"] in popup.inner_text()
    page.locator("summary", has_text="Who cannot get out:").press("Enter")
    page.locator("#summary button.link", has_text="boat V0").press("Enter")
    table = page.locator(".crew-table", has_text="boat V0")
    table.wait_for()
    stops = found.routes[found.routes["vehicle_id"] == "V0"]
    assert table.locator("tbody tr").count() == len(stops)


@pytest.mark.browser
def test_browser_hides_what_is_switched_off(seen: Seen, tmp_path: Path):
    """The switches of the legend take pick-ups and ways off the map; asking for one brings all."""
    plan, found = rescued_plan()
    page = seen.open(write_map(plan, tmp_path / "map.html", rescue=found))
    page.locator("#show-pickups").press("Space")
    page.locator("#show-crews").press("Space")
    assert page.locator(".pickup").count() == page.locator("path.crew").count() == 0
    page.locator("summary", has_text="Who cannot get out:").click()
    page.locator("#summary button.link", has_text="R001").click()
    assert page.locator(".pickup").count() == len(found.pickups)
    assert page.locator("#show-pickups").is_checked()


@pytest.mark.browser
def test_browser_shows_no_rescue_unless_asked(seen: Seen, tmp_path: Path):
    """A map without a rescue has neither its legend nor its markers."""
    page = seen.open(write_map(make_plan(), tmp_path / "map.html"))
    assert page.locator(".rescue-legend, .pickup, #show-pickups").count() == 0
