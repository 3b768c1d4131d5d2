"""Water on the way: directions and sheets of a plan for a flood tell of it, and how far it goes."""

from __future__ import annotations

from dataclasses import replace
from html import unescape
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor, degrees
from scenes import WHEELCHAIR, scene

import evacroute as er
from evacroute._water import is_waded, tide_made_for, waded_metres
from evacroute.hazards.link_times import LinkTimes
from evacroute.languages import LANGUAGES
from evacroute.network import FERRY
from evacroute.route_words import words_of

DRY, WET = 3.0, 1.4
"""Heights of streets [m]."""

PART = "Part of this way is under water (100 metres)"


def flooded(
    tide: float | er.Tide = 1.5, heights: tuple[float, ...] = (DRY, WET, DRY), **options: Any
) -> er.Plan:
    """A group walks along three streets of given heights; its shelter is at their end."""
    network = corridor(len(heights), length=100.0)
    network = replace(network, elevation=np.repeat(np.array(heights), 2))
    base = scene(network, [(0, 5)], [(len(heights), 50)], **options)
    return er.assign(base.with_hazard(er.Flood(tide)))


def text_of(pages: list[Path]) -> list[str]:
    return [unescape(page.read_text("utf-8")) for page in pages]


def test_who_wades_is_told_first_and_how_far() -> None:
    """The first line tells the tide and the metres waded; the lines of the way stay as they are."""
    told = er.directions(flooded(), movement=0)
    assert told.water == (
        f"Made for a tide of up to 1.50 m. {PART}: "
        "walk slowly, keep to the middle, mind the edge of canals."
    )
    assert told.water_m == pytest.approx(100)
    assert str(told).splitlines()[0] == told.water
    assert str(told).splitlines()[1].lstrip().startswith("1. ")
    assert told.water not in told.text
    assert (told.to_dict()["water"], told.to_dict()["water_m"]) == (told.water, told.water_m)


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_tells_tide_and_metres(language: str) -> None:
    """Tide and metres stand in the line, the tide with the comma or point of the language."""
    said = er.directions(flooded(), movement=0, language=language).water
    assert ("1.50" if language in ("en", "zh") else "1,50") in said
    assert words_of(language).metres(100) in said
    assert "  " not in said


def test_a_dry_way_is_not_told_of_water() -> None:
    """Where the tide stays off the way, or only wets the ground, nothing is said of water."""
    for plan in (flooded(heights=(DRY, DRY)), flooded(tide=1.42)):
        told = er.directions(plan, movement=0)
        assert (told.water, told.water_m) == ("", 0.0)
        assert str(told).splitlines()[0].lstrip().startswith("1. ")


def test_other_hazards_are_not_water() -> None:
    """Whoever is slowed by anything but water is told nothing of it, also beside a flood."""
    slow = LinkTimes([0], [-1], [0.0], [np.inf], [0.5])
    plan = flooded()
    for hazard, metres in (([slow], 0.0), ([slow, plan.scenario.hazard], 100.0)):
        other = er.assign(plan.scenario.with_hazard(hazard))
        assert waded_metres(other.scenario, other.movements) == pytest.approx([metres])
        told = er.directions(other, movement=0)
        assert told.water_m == pytest.approx(metres)
        assert bool(told.water) == bool(metres)


def test_water_counts_when_and_for_whom_it_is_there() -> None:
    """A link is waded by those who enter it while it is slower for them, and is not closed."""
    water = LinkTimes(
        [0, 0, 2], [-1, 1, -1], [100.0, 200.0, 0.0], [300.0, 300.0, 50.0], [0.5, 0.0, 0.5],
        water=np.ones(3, bool),
    )  # fmt: skip
    network = corridor(2)
    base = scene(network, [(0, 1), (0, 1, 0.0, 1)], [(2, 5)], classes=[(1.0, 0.5), WHEELCHAIR])
    scenario = base.with_hazard(water)
    rows = [(0, 0, 99), (0, 0, 100), (0, 0, 250), (0, 1, 250), (0, 0, 300), (2, 0, 0), (1, 0, 150)]
    link, class_, enter = np.array(rows).T
    found = is_waded(scenario, link.astype(np.int32), class_.astype(np.int32), enter.astype(float))
    assert found.tolist() == [False, True, True, False, False, True, False]


def test_boats_do_not_wade() -> None:
    """A ferry on which water acts is no way under water."""
    network = corridor(1)
    afloat = replace(network, kind=np.full(network.n_links, FERRY, network.kind.dtype))
    rows = LinkTimes([0], [-1], [0.0], [np.inf], [0.5], water=np.ones(1, bool))
    one = np.zeros(1, np.int32)
    for net, wet in ((network, True), (afloat, False)):
        scenario = scene(net, [(0, 1)], [(1, 5)]).with_hazard(rows)
        assert is_waded(scenario, one, one, np.zeros(1)).tolist() == [wet]


def test_the_tide_is_the_highest_until_the_deadline() -> None:
    """A series tells its highest level from the alarm to the deadline, not one that comes later."""
    tide = er.Tide([-600.0, 0.0, 600.0, 1200.0, 7200.0], [1.9, 1.0, 1.5, 1.2, 1.8])
    plan = flooded(tide, deadline=1200.0)
    assert tide_made_for(plan.scenario) == pytest.approx(1.5)
    assert tide_made_for(plan.scenario.with_hazard(None)) is None


def test_a_person_is_told_of_the_water_at_their_door() -> None:
    """Of the street one stands in only the metres that one walks count."""
    network = replace(corridor(2, length=100.0), elevation=np.repeat([WET, DRY], 2))
    lon, lat = degrees([70.0], [0.0])
    table = pd.DataFrame({"person_id": ["anna"], "lon": lon, "lat": lat, "age": [30]})
    people = er.read_people(table, network)
    place = pd.DataFrame({"shelter_id": ["S"], "node_id": [network.node_id[2]], "capacity": [5]})
    shelters = er.read_shelters(place, network)
    plan = er.assign(er.Scenario(network, people, shelters, hazard=er.Flood(1.5)), "nearest")
    assert er.directions(plan, person="anna").water_m == pytest.approx(30, abs=0.5)


def test_a_plan_read_back_tells_the_same(tmp_path: Path) -> None:
    """The folder of a plan keeps the tide and which links are slowed by water."""
    plan = flooded()
    plan.save(tmp_path / "plan")
    back = er.read_plan(tmp_path / "plan")
    assert er.directions(back, movement=0).water == er.directions(plan, movement=0).water != ""


@pytest.mark.parametrize("language", LANGUAGES)
def test_sheets_tell_the_tide_and_mark_wet_ways(language: str, tmp_path: Path) -> None:
    """Sheets and index tell the tide once; the way under water is marked, with its metres."""
    words = words_of(language)
    tide = words.tide(1.5)
    mark = words.gettext("Part of this way is under water ({distance}).")
    mark = mark.format(distance=words.metres(100))
    how = words.gettext(
        "Where there is water: walk slowly, keep to the middle, mind the edge of canals."
    )
    index, sheet = text_of(er.write_sheets(flooded(), tmp_path / "wet", language=language))
    assert (index.count(tide), index.count(mark), index.count(how)) == (1, 0, 0)
    assert (sheet.count(tide), sheet.count(how)) == (1, 1)
    assert mark in sheet
    dry = flooded(heights=(DRY, DRY))
    for page in text_of(er.write_sheets(dry, tmp_path / "dry", language=language)):
        assert page.count(tide) == 1
        assert how not in page


def test_sheets_without_a_flood_tell_no_tide(tmp_path: Path) -> None:
    """A plan without water says nothing of tides or water."""
    slow = LinkTimes([0], [-1], [0.0], [np.inf], [0.5])
    plan = er.assign(flooded().scenario.with_hazard(slow))
    for page in text_of(er.write_sheets(plan, tmp_path / "out")):
        assert "tide" not in page
        assert "under water" not in page


def test_all_who_walk_a_way_count(tmp_path: Path) -> None:
    """A way is marked where the water comes only for the later ones of those who walk it."""
    tide = er.Tide([0.0, 600.0, 1200.0, 7200.0], [1.0, 1.0, 1.5, 1.5])
    network = replace(corridor(1, length=100.0), elevation=np.array([WET, WET]))
    base = scene(network, [(0, 5), (0, 2, 1500.0)], [(1, 50)])
    plan = er.assign(base.with_hazard(er.Flood(tide, every="10 min")))
    assert [bool(er.directions(plan, movement=m).water) for m in range(2)] == [False, True]
    assert f"{PART}." in text_of(er.write_sheets(plan, tmp_path / "out"))[1]
