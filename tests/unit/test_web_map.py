"""The web map: one file, safe and small; a real browser shows it from disk without internet."""

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
    NASTY,
    grid_network,
    make_hazard_plan,
    make_plan,
    make_plan_of_people,
    make_priced_plan,
)  # fmt: skip
from stranded import fleet, plan_leaving

import evacroute as er
from evacroute.errors import InputError
from evacroute.network import FERRY
from evacroute.plotting import write_map
from evacroute.plotting.web_map import ONLY_WITH, SCRIPTS
from evacroute.scores import PlanScores

PLAIN = [name for name in SCRIPTS if name not in ONLY_WITH]
"""Scripts of a map with neither hazards nor a rescue nor a simulation."""


def test_one_file_holds_everything(tmp_path: Path):
    """The page names no other file or address, and is written whole."""
    path = write_map(make_plan(), tmp_path / "map.html")
    page = path.read_text("utf-8")
    assert [entry.name for entry in tmp_path.iterdir()] == ["map.html"]
    assert not re.search(r"<(script|img|iframe)[^>]*\ssrc=|<link\b|sourceMappingURL|@import", page)
    assert page.count("<script>") == len(PLAIN)


def test_two_hundred_people_stay_small(tmp_path: Path):
    """A map of 200 people is below 1.5 MB."""
    plan = make_plan(tuple([2] * 100))
    assert write_map(plan, tmp_path / "map.html").stat().st_size < 1.5e6


def test_prices_add_little(tmp_path: Path):
    """Prices add no more than a few kilobytes to a map."""
    plain, priced = (
        write_map(plan, tmp_path / name).stat().st_size
        for name, plan in (("a.html", make_plan()), ("b.html", make_priced_plan()))
    )
    assert plain < priced < plain + 2000


def test_only_a_map_with_hazards_grows(tmp_path: Path):
    """Without hazards a map holds nothing of them; with them it holds all, and little more."""
    plain, hazardous = (
        write_map(plan, tmp_path / name).read_text("utf-8")
        for name, plan in (("a.html", make_plan()), ("b.html", make_hazard_plan()))
    )
    assert "class Hazards" not in plain
    assert ".hazard-mark {" not in plain
    assert hazardous.count("<script>") == plain.count("<script>") + 1
    assert len(plain) < len(hazardous) < len(plain) + 12_000


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


def test_names_cannot_break_out(tmp_path: Path):
    """A title or name that holds markup stays text; only the library's own scripts may run."""
    page = write_map(make_plan(), tmp_path / "m.html", title=NASTY).read_text("utf-8")
    assert NASTY not in page
    assert "window.broken" in page
    assert "<script>window.broken" not in page
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', page)
    assert policy
    assert policy[1].count("sha256-") == len(PLAIN)
    assert "script-src &#x27;sha256" in policy[1]
    assert "https:" not in policy[1]


def test_the_same_plan_gives_the_same_file(tmp_path: Path):
    """Writing twice gives the same bytes."""
    first, second = (write_map(make_plan(), tmp_path / name) for name in ("a.html", "b.html"))
    assert first.read_bytes() == second.read_bytes()


@pytest.mark.parametrize("tiles", ["https://tile.example.org/1.png", "file:///{z}/{x}/{y}.png"])
def test_odd_tiles_are_refused(tmp_path: Path, tiles: str):
    """An address of tiles without places for zoom, x and y, or not of the web, is an error."""
    with pytest.raises(InputError, match="tiles is"):
        write_map(make_plan(), tmp_path / "map.html", tiles=tiles)
    assert not list(tmp_path.iterdir())


def test_negative_max_routes_is_refused(tmp_path: Path):
    """A number of routes below 0 is an error."""
    with pytest.raises(InputError, match="max_routes is -1"):
        write_map(make_plan(), tmp_path / "map.html", max_routes=-1)


def test_tiles_are_allowed_when_asked_for(tmp_path: Path):
    """With tiles the page may load pictures from the web, without it may not."""
    address = "https://tile.openstreetmap.org/{z}/{x}/{y}.png"
    page = write_map(make_plan(), tmp_path / "map.html", tiles=address).read_text("utf-8")
    assert "img-src data: https:" in page


@pytest.mark.browser
def test_browser_opens_the_map_from_disk(seen: Seen, tmp_path: Path):
    """The map opens from disk without errors or requests, and shows figures and shelters."""
    plan = make_plan()
    page = seen.open(write_map(plan, tmp_path / "map.html"))
    assert f"{plan.placed} of {plan.placed + plan.left} people" in page.inner_text("#summary")
    assert "no step-free way to any shelter" in page.inner_text("#summary")
    assert page.locator(".shelter").count() == 2
    assert page.locator("#map canvas").count() == 1
    assert not page.locator(".badge").count()


@pytest.mark.browser
def test_browser_says_synthetic(seen: Seen, tmp_path: Path):
    """The map of a made-up city says so at the top."""
    page = seen.open(write_map(make_plan(synthetic=True), tmp_path / "map.html"))
    assert "SYNTHETIC" in page.inner_text(".badge")


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


@pytest.mark.browser
def test_browser_finds_links(seen: Seen, tmp_path: Path):
    """A link of either direction is found by its id, gone to and marked, with its price in time."""
    page = seen.open(write_map(make_priced_plan(), tmp_path / "map.html"))
    for _ in range(3):
        page.click(".leaflet-control-zoom-out")
        page.wait_for_timeout(400)
    scale = page.locator(".leaflet-control-scale-line")
    far = scale.inner_text()
    page.fill("#search", "L0-R")
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup .price-table").wait_for()
    text = page.inner_text(".leaflet-popup")
    assert "L0 and L0-r" in text
    rows = [row.inner_text().split("\t") for row in page.locator(".price-table tbody tr").all()]
    assert rows == [["1 to 2", "1 min 30 s", ""], ["2 to 3", "", "7 s"]]
    assert page.locator(".price-table thead th").all_inner_texts() == ["Minute", "L0", "L0-r"]
    assert page.locator("path.found-street").count() == 1
    page.wait_for_timeout(600)
    assert scale.inner_text() != far
    line, view = (page.locator(at).bounding_box() for at in ("path.found-street", "#map"))
    assert line
    assert view
    assert view["x"] < line["x"] < line["x"] + line["width"] < view["x"] + view["width"]
    assert view["y"] < line["y"] < line["y"] + line["height"] < view["y"] + view["height"]
    page.click(".leaflet-popup-close-button")
    page.wait_for_function("() => !document.querySelector('path.found-street')")
    page.fill("#search", "L4")
    page.keyboard.press("Enter")
    page.locator(".leaflet-popup", has_text="L4 and L4-r").wait_for()


@pytest.mark.browser
def test_browser_finds_the_very_id_first(seen: Seen, tmp_path: Path):
    """Of all kinds the very id or name comes first, then what begins so, each kind in its turn."""
    page = seen.open(write_map(make_plan(tuple([2] * 60)), tmp_path / "map.html"))

    def found(text: str) -> list[str]:
        page.fill("#search", text)
        return [entry.strip() for entry in page.locator("#results li").all_inner_texts()]

    assert found("s1") == ["Shelter S1"]
    assert found("campo uno") == ["Shelter S0 Campo Uno"]
    assert found("s0") == ["Shelter S0 Campo Uno"]
    assert found("calle 1")[0] == "Street Calle 1"
    assert found("l4")[0] == "Link L4 Calle 4"
    assert found("g1")[0] == "Group G1"
    kinds = {entry.split()[0] for entry in found("1")}
    assert kinds == {"Person", "Household", "Group", "Shelter", "Street", "Link"}


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
def test_browser_offers_no_prices_where_there_are_none(seen: Seen, tmp_path: Path):
    """A plan without prices gives no choice to colour by them, and nothing is said of them."""
    page = seen.open(write_map(make_plan(), tmp_path / "map.html"))
    assert page.locator("#measure option").count() == 2
    page.fill("#search", "calle 3")
    page.keyboard.press("Enter")
    assert "costs the others" not in page.inner_text(".leaflet-popup")


@pytest.mark.browser
def test_browser_finds_a_person(seen: Seen, tmp_path: Path):
    """Searching for a person draws their way and gives the times of the plan."""
    plan = make_plan()
    moves = plan.movements
    page = seen.open(write_map(plan, tmp_path / "map.html"))
    page.fill("#search", "p003")
    page.keyboard.press("Enter")
    text = page.inner_text("#found")
    movement = int(plan.roster.movement[3])  # type: ignore[union-attr]
    arrive = int(moves.arrive[movement])
    assert "Person P003" in text
    assert f"{arrive // 60}:{arrive % 60:02d}" in text
    legs = int(moves.leg_ptr[movement + 1] - moves.leg_ptr[movement])
    assert f"Every link ({legs})" in text
    assert page.locator("path.route").count() == 1
    assert page.locator("path.route").get_attribute("d").startswith("M")
    page.click("#found .close")
    assert page.locator("path.route").count() == 0


@pytest.mark.browser
def test_browser_tells_odds(seen: Seen, tmp_path: Path):
    """A searched person's route comes with its odds and times, and a word where they are poor."""
    plan = make_plan()
    n = len(plan.movements)
    scores = PlanScores(
        np.full(n, 0.834), np.full(n, 60.0), np.full(n, 90.0), np.full(n, 120.0), np.zeros(n, bool)
    )
    page = seen.open(write_map(replace(plan, scores=scores), tmp_path / "map.html"))
    page.fill("#search", "p003")
    page.keyboard.press("Enter")
    text = page.inner_text("#found")
    assert "83.4 % safe by the deadline: do not rely on it" in text
    assert "arrive 1:00 to 2:00: eight in ten do" in text


@pytest.mark.browser
def test_browser_finds_everything_else(seen: Seen, tmp_path: Path):
    """Groups in parts, people left, households, shelters and streets are found and explained."""
    page = seen.open(write_map(make_plan(), tmp_path / "map.html"))

    def search(text: str) -> str:
        page.fill("#search", text)
        page.keyboard.press("Enter")
        return page.inner_text("#found") if page.is_visible("#found") else ""

    assert "This group walks in parts" in search("G0")
    assert "Household H2: 4 persons" in search("H2")
    left = search("P015")
    assert "No shelter was found" in left
    assert "no step-free way to any shelter" in left
    assert "0 m" in search("G4")
    search("campo uno")
    page.locator(".leaflet-popup", has_text="Shelter Campo Uno").wait_for()
    search("calle 3")
    page.locator(".leaflet-popup", has_text="Calle 3").wait_for()
    page.fill("#search", "there is none such")
    assert "Nothing has this" in page.inner_text("#results")


@pytest.mark.browser
def test_browser_shows_where_persons_stand(seen: Seen, tmp_path: Path):
    """A person's way begins where they stand; who is far from any street is shown at sea."""
    page = seen.open(write_map(make_plan_of_people(), tmp_path / "map.html"))
    assert page.locator("path.stranded").count() == 2
    ids = make_plan_of_people().roster.person_id.tolist()  # type: ignore[union-attr]
    page.fill("#search", ids[0])
    page.keyboard.press("Enter")
    assert page.locator("path.approach").count() == 1
    page.fill("#search", ids[-1])
    page.keyboard.press("Enter")
    assert "no street near enough" in page.inner_text("#found")
    assert page.locator("path.approach").count() == 0


@pytest.mark.browser
def test_browser_shows_a_plan_without_routes(seen: Seen, tmp_path: Path):
    """Without stored routes a group is still found, with its times and why there is no way."""
    page = seen.open(write_map(make_plan(), tmp_path / "map.html", max_routes=0))
    page.fill("#search", "G2")
    page.keyboard.press("Enter")
    assert "not kept in this map (max_routes)" in page.inner_text("#found")


@pytest.mark.browser
def test_browser_shows_a_plan_in_which_nobody_moves(seen: Seen, tmp_path: Path):
    """A plan without movements opens like any other."""
    plan = make_plan(persons=False)
    columns = {name: np.zeros(0) for name in plan.movements.__dataclass_fields__}
    nobody = type(plan.movements)(**{**columns, "leg_ptr": np.zeros(1)})
    still = type(plan)(plan.scenario, nobody, "by hand", 10.0)
    page = seen.open(write_map(still, tmp_path / "map.html"))
    assert "0 of 0 people" in page.inner_text("#summary")


@pytest.mark.browser
def test_browser_explains_a_clicked_street(seen: Seen, tmp_path: Path):
    """A click on a street opens its explanation; its nasty name is text and never runs."""
    page = seen.open(write_map(make_plan(), tmp_path / "map.html", title=NASTY))
    assert page.inner_text("h1") == NASTY
    page.fill("#search", "window.broken")
    page.keyboard.press("Enter")
    assert NASTY in page.inner_text(".leaflet-popup")
    page.wait_for_timeout(600)  # the map glides until the popup is in sight
    tip = page.locator(".leaflet-popup-tip-container").bounding_box()
    page.click(".leaflet-popup-close-button")
    page.wait_for_selector(".leaflet-popup", state="detached")
    page.mouse.click(tip["x"] + tip["width"] / 2, tip["y"] + tip["height"])
    page.locator(".leaflet-popup", has_text="persons a minute").wait_for()
    assert page.evaluate("window.broken") is None


@pytest.mark.browser
def test_browser_fits_a_phone_and_the_dark(browser: Any, tmp_path: Path):
    """On a narrow dark screen nothing spills over the side, and the ground is dark."""
    path = write_map(make_plan(), tmp_path / "map.html")
    context = browser.new_context(viewport={"width": 360, "height": 700}, color_scheme="dark")
    view = Seen(context.new_page())
    page = view.open(path)
    assert page.evaluate("document.documentElement.scrollWidth") <= 360
    ground = page.evaluate("getComputedStyle(document.getElementById('map')).backgroundColor")
    assert max(map(int, re.findall(r"\d+", ground)[:3])) < 60
    context.close()
    assert view.faults == []


@pytest.mark.browser
@pytest.mark.parametrize("width", [320, 1200])
def test_browser_breaks_class_names_between_words(browser: Any, tmp_path: Path, width: int):
    """A long name of a class breaks after an underscore only, also on a small phone, and the table
    does not spill over the side."""
    base = make_plan().scenario
    names = [f"walk_1.27_0.74_deep0.{9 - i}m" for i in range(len(base.group_classes))]
    classes = replace(base.group_classes, class_id=np.array(names, object))
    plan = er.assign(replace(base, classes=classes), "nearest")
    context = browser.new_context(viewport={"width": width, "height": 700})
    view = Seen(context.new_page())
    page = view.open(write_map(plan, tmp_path / "map.html"))
    parts = page.evaluate(
        "[...document.querySelectorAll('#summary table:first-of-type tbody td:first-child')]"
        ".flatMap((cell) => [...cell.childNodes]).filter((node) => node.nodeType === 3)"
        ".map((node) => { const range = document.createRange(); range.selectNode(node);"
        " return [node.data, range.getClientRects().length]; })"
    )
    assert ["deep0.9m", 1] in parts
    assert {lines for _, lines in parts} == {1}
    assert page.inner_text("#summary table td").replace("\n", "") in names
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
    assert view.faults == []


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


@pytest.mark.browser
def test_browser_without_decompression_says_why(browser: Any, tmp_path: Path):
    """A browser too old to unpack the plan says so in the page."""
    path = write_map(make_plan(), tmp_path / "map.html")
    context = browser.new_context()
    page = context.new_page()
    page.add_init_script("delete window.DecompressionStream")
    page.goto(path.as_uri())
    page.wait_for_selector("#notice.problem")
    assert "too old" in page.inner_text("#notice")
    context.close()


def rescued_plan() -> tuple[Any, Any]:
    """A plan that leaves people on a grid, and their rescue by a boat and a team."""
    network = grid_network()
    plan = plan_leaving(network, (3, 2), (18, 3, 0.0, 1), (9, 9), shelters=((24, 30),))
    crews = fleet(network, ("boat", 0, 5, 3), ("stretcher team", 2, 3, 1))
    return plan, er.rescue(plan, crews, radius=0)


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


@pytest.mark.browser
def test_browser_tells_who_is_aboard(seen: Seen, tmp_path: Path):
    """A boat's line says how many are aboard, and nothing of widths or steps."""
    plan = make_plan()
    walked = int(plan.movements.leg_link[0])
    network = plan.scenario.network
    kind = network.kind.copy()
    kind[[walked, walked ^ 1]] = FERRY
    scenario = replace(plan.scenario, network=replace(network, kind=kind))
    page = seen.open(write_map(replace(plan, scenario=scenario), tmp_path / "map.html"))
    page.fill("#search", str(network.link_id[walked]))
    page.press("#search", "Enter")
    popup = page.locator(".leaflet-popup")
    popup.wait_for()
    text = popup.inner_text()
    assert "Aboard" in text
    assert " in all" in text
    assert "Width" not in text
    assert "Steps" not in text
