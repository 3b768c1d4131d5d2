"""The sheets: whole, safe and printable; what they say is what the plan holds."""

from __future__ import annotations

import itertools
import json
import re
import shutil
from dataclasses import replace
from html import unescape
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from conftest import missing
from drawn_plans import NASTY, make_hazard_plan, make_plan, make_plan_of_people
from networks import corridor, from_edges
from plans import empty_plan, small_plan
from scenes import scene

import evacroute as er
from evacroute._sheet_page import INKS, UNBROKEN
from evacroute.errors import InputError
from evacroute.hazards.link_times import LinkTimes
from evacroute.languages import LANGUAGES
from evacroute.network import FERRY
from evacroute.sheets import _in_order

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
VOID = {"meta", "br", "hr", "img", "input", "link"}


class Outline(HTMLParser):
    """Tags, headings and attributes of a page; fails on tags that are not closed."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.headings: list[str] = []
        self.feed(page)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))
        if tag not in VOID:
            self.open.append(tag)
        if re.fullmatch("h[1-6]", tag):
            self.headings.append(tag)

    def handle_startendtag(self, tag: str, attrs: Any) -> None:
        self.tags.append((tag, dict(attrs)))

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def read(path: Path) -> str:
    return path.read_text("utf-8")


def words_of_page(page: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "\n", page.split("</style>")[1]))


def test_a_sheet_for_each_shelter(tmp_path: Path) -> None:
    """There is a page a shelter, an index that links them all, and a list for programs."""
    plan = make_plan()
    written = er.write_sheets(plan, tmp_path / "out")
    assert [path.name for path in written] == ["index.html", "shelter-S0.html", "shelter-S1.html"]
    names = {path.name for path in written}
    assert {path.name for path in (tmp_path / "out").iterdir()} == names | {"sheets.json"}
    links = [attrs["href"] for tag, attrs in Outline(read(written[0])).tags if tag == "a"]
    assert links == ["shelter-S0.html", "shelter-S1.html"]
    record = json.loads(read(tmp_path / "out" / "sheets.json"))
    assert sum(row["persons"] for row in record["sheets"]) == plan.placed
    assert [entry.name for entry in tmp_path.iterdir()] == ["out"]


@pytest.mark.parametrize("contrast", ["plain", "high"])
@pytest.mark.parametrize("language", LANGUAGES)
def test_pages_can_be_read_by_all(language: str, contrast: str, tmp_path: Path) -> None:
    """Pages are well-formed, name their language, have headings in order and describe the map."""
    for path in er.write_sheets(
        make_plan(), tmp_path / "out", language=language, contrast=contrast
    ):
        outline = Outline(read(path))
        tags = dict(outline.tags)
        assert tags["html"]["lang"] == {"zh": "zh-Hans"}.get(language, language)
        levels = [int(tag[1]) for tag in outline.headings]
        assert levels[0] == 1
        assert levels.count(1) == 1
        assert all(b <= a + 1 for a, b in itertools.pairwise(levels))
        if path.name != "index.html":
            assert tags["svg"]["role"] == "img"
            assert len(tags["svg"]["aria-label"] or "") > 10
        assert "{" not in words_of_page(read(path))


def test_pages_load_nothing(tmp_path: Path) -> None:
    """A page names no other file or address, and its policy forbids scripts and pictures."""
    for path in er.write_sheets(make_plan(), tmp_path / "out"):
        page = read(path)
        assert not re.search(r"<(script|img|iframe|link)\b|@import|url\(|https?:", page)
        assert "default-src 'none'" in page
        assert "@page{size:A4" in page


def test_names_cannot_break_out(tmp_path: Path) -> None:
    """A name that holds markup stays text on the sheet, on the map and in the index."""
    plan = make_plan()
    for path in er.write_sheets(plan, tmp_path / "out", starts=50, ways=50):
        assert "<script" not in read(path)
        assert "<b>" not in read(path)
        Outline(read(path))
    everything = "".join(read(path) for path in (tmp_path / "out").glob("*.html"))
    assert NASTY.split(",")[0][:9] in unescape(everything)


def test_the_sheet_counts_its_people(tmp_path: Path) -> None:
    """The people by start sum to those the plan sends to the shelter."""
    plan = make_plan(tuple(range(1, 30)))
    written = er.write_sheets(plan, tmp_path / "out", starts=3)
    filled = plan.shelters_frame()["filled"].tolist()
    for path, persons in zip(written[1:], filled, strict=True):
        listed = re.search(r'<ul class="starts">(.*?)</ul>', read(path))
        assert listed
        assert listed[1].count("<li>") == 4
        assert sum(map(int, re.findall(r": (\d+) p", listed[1]))) == persons


def ways_of(page: str) -> list[list[str]]:
    """Lines of each way on a sheet; those of the main ways come first."""
    return [re.findall("<li>(.*?)</li>", way) for way in re.findall(r"<ol>(.*?)</ol>", page)]


def followed(ways: list[list[str]], way: list[str]) -> list[str]:
    """Lines of a way with its references followed."""
    found = re.fullmatch(r"Then as on way (\d+), from line (\d+)\.", way[-1])
    if not found:
        return way
    other, line = int(found[1]), int(found[2])
    assert way is not ways[other - 1]
    return way[:-1] + followed(ways, ways[other - 1])[line - 1 :]


def test_the_main_ways_are_the_plans(tmp_path: Path) -> None:
    """The ways on a sheet are told as `directions` tells them, but for when to leave."""
    plan = make_plan()
    page = unescape(read(er.write_sheets(plan, tmp_path / "out", ways=9)[1]))
    told = [
        er.directions(plan, movement=m).text[1:]
        for m in np.flatnonzero(plan.movements.shelter == 0).tolist()
    ]
    bare = [
        [re.sub(r" Expect to wait.*", "", line) for line in text if "Wait here" not in line]
        for text in told
    ]
    ways = ways_of(page)
    assert ways
    assert all(followed(ways, way) in bare for way in ways)


def test_an_end_that_ways_share_is_told_once(tmp_path: Path) -> None:
    """A way that ends as one before it refers to its line, and says the same when followed."""
    scenario = er.lagoon(people=600)
    plan = er.assign(scenario)
    shared = 0
    for path in er.write_sheets(plan, tmp_path / "out", ways=6)[1:]:
        ways = ways_of(unescape(read(path)))
        shared += sum("Then as on way" in way[-1] for way in ways)
        assert all(followed(ways, way)[-1].startswith("You are there") for way in ways)
        ends = [tuple(way[-3:]) for way in ways if len(way) > 2 and "Then as" not in way[-1]]
        assert len(ends) == len(set(ends))
    assert shared > 5


def test_ways_by_boat_tell_all_departures(tmp_path: Path) -> None:
    """A way by boat tells each time at which its people's boats cast off, and to be early."""
    network = corridor(3)
    kind = network.kind.copy()
    kind[2:4] = FERRY
    boats = er.Boats(
        link=[2, 2], trip_id=["A", "B"], leave_s=[240.0, 600.0], arrive_s=[300.0, 700.0],
        seats=[3, 9], wheelchair_places=[1, 1], boarders=[9, 9],
    )  # fmt: skip
    base = scene(network, [(0, 5)], [(3, 50)], classes=[(1.0, 0.5)], deadline=3600.0)
    plan = er.assign(replace(base, network=replace(network, kind=kind), boats=boats))
    page = read(er.write_sheets(plan, tmp_path / "out")[1])
    assert "The boat casts off after the alarm, in minutes: 4, 10. Be at the stop 2 min" in page
    page = read(er.write_sheets(plan, tmp_path / "out", alarm="10:30")[1])
    assert "The boat casts off at 10:34, 10:40." in page
    assert "Wait for the boat" not in page


def by_boat(ready: float, hazard: Any = None) -> er.Plan:
    """Two groups walk 100 s to a boat that casts off at 600 s; the second is ready later."""
    network = corridor(3)
    kind = network.kind.copy()
    kind[2:4] = FERRY
    boats = er.Boats(
        link=[2], trip_id=["A"], leave_s=[600.0], arrive_s=[700.0],
        seats=[9], wheelchair_places=[1], boarders=[9],
    )  # fmt: skip
    groups = [(0, 2, ready), (0, 3, 500.0)]
    base = scene(network, groups, [(3, 50)], classes=[(1.0, 0.5)], deadline=3600.0)
    network = replace(network, kind=kind)
    return er.assign(replace(base, network=network, boats=boats, hazard=hazard))


@pytest.mark.parametrize(
    "ready,hazard,leave,early",
    [
        (0.0, None, "10:36", "Be at the stop 2 minutes before."),
        (440.0, None, "10:37", "Be at the stop 1 minute before."),
        (500.0, None, "10:38", "You reach the stop only just in time. Do not stop on the way."),
        (0.0, True, "10:38", "You reach the stop only just in time. Do not stop on the way."),
    ],
)
def test_first_leave_and_boat_agree(
    ready: float, hazard: bool | None, leave: str, early: str, tmp_path: Path
) -> None:
    """Who is to be at a stop early leaves early too: the sheet says the same as directions."""
    slow = LinkTimes([0], [-1], [0.0], [60.0], [0.5])
    plan = by_boat(ready, slow if hazard else None)
    page = words_of_page(read(er.write_sheets(plan, tmp_path / "out", alarm="10:30")[1]))
    first = next(line for line in page.splitlines() if line.startswith("Leave "))
    assert f"at {leave}." in first
    assert early in page
    told = [er.directions(plan, movement=m, alarm="10:30") for m in range(len(plan.movements))]
    earliest = min(told, key=lambda one: one.depart_s or 0.0)
    assert earliest.text[0].startswith(first)
    assert early in str(earliest)


def test_closed_streets_are_on_the_map(tmp_path: Path) -> None:
    """Streets closed at some time are marked, each once, and told apart by whom they stop."""
    plan = make_hazard_plan()
    page = read(er.write_sheets(plan, tmp_path / "out")[1])
    assert "Dense lines across a street: closed to everyone at some time." in page
    assert "Sparse lines across a street: closed to some people at some time." in page
    marks = dict(re.findall(r'<path class="(shut|barred)" d="([^"]*)"', page))
    assert {name: d.count("M") for name, d in marks.items()} == {"shut": 2, "barred": 1}
    dry = read(er.write_sheets(make_plan(), tmp_path / "out")[1])
    assert "closed to" not in dry
    assert 'class="shut"' not in dry


def test_closed_streets_beside_the_map_are_not_told(tmp_path: Path) -> None:
    """The legend names closed streets only where the drawing shows one."""
    network = from_edges(
        [(0, 0), (100, 0), (200, 0), (345, 0), (445, 0)], [(0, 1), (1, 2), (2, 3), (3, 4)]
    )
    base = scene(network, [(0, 3)], [(1, 9)], classes=[(1.0, 0.5)], deadline=900.0)
    told = []
    for link in (2, 4):
        closed = er.Closures([{"link_id": network.link_id[link]}])
        plan = er.assign(replace(base, hazard=closed))
        page = read(er.write_sheets(plan, tmp_path / "out")[1])
        told.append("Dense lines across a street" in page)
        assert told[-1] == ('class="shut"' in page)
    assert told == [True, False]


def test_names_are_not_broken_in_the_index(tmp_path: Path) -> None:
    """Short names of streets stay on one line in the index, long ones may break."""
    index = read(er.write_sheets(make_plan(), tmp_path / "out")[0])
    names = re.findall(r'<span( class="place")?>(.*?)</span>', index)
    assert any(kind for kind, _ in names)
    assert all(bool(kind) == (len(unescape(name)) <= UNBROKEN) for kind, name in names)
    assert ".place{white-space:nowrap}" in index


def test_starts_are_in_the_order_people_look_them_up(tmp_path: Path) -> None:
    """The streets of a sheet stand by name, numbers in them by their value."""
    assert sorted(["Calle 10", "campo 2", "Calle 9", "2"], key=_in_order) == [
        "2", "Calle 9", "Calle 10", "campo 2",
    ]  # fmt: skip
    page = read(er.write_sheets(make_plan(tuple(range(1, 30))), tmp_path / "out")[1])
    listed = re.search(r'<ul class="starts">(.*?)</ul>', page)
    assert listed
    names = [unescape(row).rsplit(":", 1)[0] for row in re.findall("<li>(.*?)</li>", listed[1])]
    names = [name for name in names if name != "Other places nearby"]
    assert names == sorted(names, key=_in_order)


def test_without_steps(tmp_path: Path) -> None:
    """A shelter with step-free places tells a way to them; one without says to wait for a crew."""
    first, second = (read(path) for path in er.write_sheets(make_plan(), tmp_path / "out")[1:])
    assert "These ways have no steps:" in first
    assert "This shelter has no places for people who cannot use steps." in second
    assert "These ways have no steps:" not in second
    for page in (first, second):
        assert "Wait for a crew to fetch you." in page


def test_when_to_leave_by_the_clock(tmp_path: Path) -> None:
    """With the time of the alarm a sheet tells the first and the last leaving by the clock."""
    page = read(er.write_sheets(make_plan(), tmp_path / "out", alarm="10:30")[1])
    depart = make_plan().movements
    first = depart.depart[depart.shelter == 0].min()
    assert f"10:{30 + int(first / 60 + 0.5):02d}" in page


def relative_luminance(colour: str) -> float:
    """Relative luminance of a colour #rrggbb, as WCAG 2.2 defines it."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (
        part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts
    )
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast_ratio(first: str, second: str) -> float:
    """Contrast of two colours as WCAG 2.2 defines it, 1 to 21."""
    light, dark = sorted((relative_luminance(first), relative_luminance(second)), reverse=True)
    return (light + 0.05) / (dark + 0.05)


@pytest.mark.parametrize("inks,least", [("plain", 7), ("high", 15), ("high on screen", 15)])
def test_contrast(inks: str, least: float) -> None:
    """All that is read stands out from the paper by 7 to 1 (WCAG AAA), in high contrast by more."""
    colours = dict(INKS[inks])
    paper = colours.pop("paper")
    colours.pop("street", None)  # streets that nobody takes, only there to find one's way
    for name, colour in colours.items():
        assert contrast_ratio(paper, colour) >= least, name


def test_high_contrast_page(tmp_path: Path) -> None:
    """It uses no other colours than those two."""
    for path in er.write_sheets(make_plan(), tmp_path / "out", contrast="high"):
        page = read(path)
        known = set(INKS["high"].values()) | set(INKS["high on screen"].values())
        assert set(re.findall(r"#[0-9a-f]{3,8}\b", page)) == known
        assert not re.search(r"\b(rgb|hsl|opacity)\b", page)


def test_a_shelter_that_nobody_goes_to(tmp_path: Path) -> None:
    """It has a sheet that says so, with a map and no ways; a plan without movements has too."""
    for path in er.write_sheets(empty_plan(), tmp_path / "out")[1:]:
        page = read(path)
        assert "The plan sends nobody to this shelter." in page
        assert "<ol>" not in page
        Outline(page)


def test_odd_ids_make_safe_names(tmp_path: Path) -> None:
    """Ids with slashes, or alike but for case, become names of files apart."""
    plan = small_plan()
    shelters = replace(
        plan.scenario.shelters, shelter_id=np.array(["../a b", "..\\A?B"], dtype=object)
    )
    scenario = er.Scenario(
        plan.scenario.network, plan.scenario.groups, shelters,
        classes=plan.scenario.classes, deadline=400.0,
    )  # fmt: skip
    names = [p.name for p in er.write_sheets(replace(plan, scenario=scenario), tmp_path / "out")]
    assert names == ["index.html", "shelter-a-b.html", "shelter-A-B-2.html"]


def test_older_sheets_are_replaced_and_nothing_else(tmp_path: Path) -> None:
    """An older folder of sheets is replaced whole, a folder of other pages is left alone."""
    out = tmp_path / "out"
    er.write_sheets(make_plan(), out, contrast="high")
    er.write_sheets(make_plan(), out)
    assert "font-size:20pt" not in read(out / "shelter-S0.html")
    other = tmp_path / "site"
    other.mkdir()
    (other / "index.html").write_text("mine")
    with pytest.raises(InputError, match="not replaced"):
        er.write_sheets(make_plan(), other)
    assert read(other / "index.html") == "mine"


def test_the_same_plan_gives_the_same_sheets(tmp_path: Path) -> None:
    """Writing twice gives the same bytes."""
    first, second = (er.write_sheets(make_plan_of_people(), tmp_path / name) for name in "ab")
    assert [p.read_bytes() for p in first] == [p.read_bytes() for p in second]


@pytest.mark.parametrize(
    "options,message",
    [
        ({"contrast": "low"}, "contrast is 'low', expected one of plain, high"),
        ({"language": "xx"}, "language is 'xx'"),
        ({"alarm": "soon"}, "alarm is 'soon'"),
        ({"starts": 0}, "starts is 0"),
        ({"ways": 0}, "ways is 0"),
    ],
)
def test_bad_wishes_are_refused(options: dict[str, Any], message: str, tmp_path: Path) -> None:
    """What there is none of is an error, and nothing is written."""
    with pytest.raises(InputError, match=message):
        er.write_sheets(make_plan(), tmp_path / "out", **options)
    assert not list(tmp_path.iterdir())


def test_a_made_up_city_says_so(tmp_path: Path) -> None:
    """Sheets of a synthetic city carry a note, those of others do not."""
    note = "a made-up city, not a real place"
    for synthetic in (True, False):
        plan = make_plan(synthetic=synthetic)
        for path in er.write_sheets(plan, tmp_path / "out"):
            assert (note in read(path)) == synthetic


@pytest.mark.browser
@pytest.mark.parametrize(
    "contrast,media", [("plain", "print"), ("high", "print"), ("high", "screen")]
)
def test_browser_shows_a_sheet(contrast: str, media: str, tmp_path: Path) -> None:
    """A sheet opens without a fault or request, fits its paper, and names stay on the map."""
    if CHROMIUM is None:
        missing("no chromium on this machine (Debian: apt-get install chromium)")
    api = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    path = er.write_sheets(make_plan(), tmp_path / "out", contrast=contrast)[2]
    with api.sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=CHROMIUM,
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        page = browser.new_page(viewport={"width": 680, "height": 900})
        faults: list[str] = []
        page.on("console", lambda message: faults.append(message.text))
        page.on("request", lambda request: faults.append(request.url))
        page.emulate_media(media=media)
        page.goto(path.as_uri())
        assert page.evaluate("document.documentElement.scrollWidth") <= 680
        ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
        dark = (contrast, media) == ("high", "screen")
        assert ground == ("rgb(0, 0, 0)" if dark else "rgb(255, 255, 255)")
        sizes = page.evaluate(
            "[...document.querySelectorAll('body *')].filter(e => e.childElementCount == 0"
            " && e.textContent.trim() && e.tagName != 'title')"
            ".map(e => parseFloat(getComputedStyle(e).fontSize)"
            " * (e.closest('svg') ? document.querySelector('svg').clientWidth / 1000 : 1))"
        )
        assert min(sizes) >= (24 if contrast == "high" else 13)  # 24 px are 18 pt
        boxes = page.evaluate(
            "[document.querySelector('svg'), ...document.querySelectorAll('svg .name')]"
            ".map(e => e.getBoundingClientRect()).map(b => [b.left, b.right])"
        )
        assert all(left >= boxes[0][0] and right <= boxes[0][1] for left, right in boxes)
        assert len(boxes) > 1
        browser.close()
    assert [fault for fault in faults if not fault.startswith("file:")] == []
