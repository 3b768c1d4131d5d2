"""What is searched for or clicked on the web map, and how it is explained."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from browsing import Seen
from drawn_plans import NASTY, make_plan, make_plan_of_people, make_priced_plan

from evacroute.network import FERRY
from evacroute.plotting import write_map
from evacroute.scores import PlanScores


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
