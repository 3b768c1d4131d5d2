"""The web map: one file, safe and small; a real browser shows it from disk without internet."""

from __future__ import annotations

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from browsing import Seen
from drawn_plans import NASTY, make_hazard_plan, make_plan, make_priced_plan

import evacroute as er
from evacroute.errors import InputError
from evacroute.plotting import write_map
from evacroute.plotting.web_map import ONLY_WITH, SCRIPTS

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
def test_browser_shows_a_plan_in_which_nobody_moves(seen: Seen, tmp_path: Path):
    """A plan without movements opens like any other."""
    plan = make_plan(persons=False)
    columns = {name: np.zeros(0) for name in plan.movements.__dataclass_fields__}
    nobody = type(plan.movements)(**{**columns, "leg_ptr": np.zeros(1)})
    still = type(plan)(plan.scenario, nobody, "by hand", 10.0)
    page = seen.open(write_map(still, tmp_path / "map.html"))
    assert "0 of 0 people" in page.inner_text("#summary")


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
