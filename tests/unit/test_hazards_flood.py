"""Flood: how deep, how slow, closed to whom and when."""

from __future__ import annotations

import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor

from evacroute.class_bins import bin_classes
from evacroute.errors import HazardError
from evacroute.hazards import Flood, Heights, LinkTimes, Tide, hazard_reports, wades
from evacroute.hazards.wading import wading_factor
from evacroute.load.heights import read_heights
from evacroute.load.lagoon_boats import lagoon_boats
from evacroute.load.people import read_people
from evacroute.load.read import read_network
from evacroute.load.samples import lagoon
from evacroute.load.tide import read_tide
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.planning import assign
from evacroute.plotting._words import notes
from evacroute.scenario import Scenario


def streets(*heights: float) -> Network:
    """A corridor of streets of these heights [m]."""
    return replace(corridor(len(heights)), elevation=np.repeat(heights, 2))


def classes(*limits: float) -> Classes:
    """Classes by the depth that they can wade [m]."""
    n = len(limits)
    names = np.array([f"C{i}" for i in range(n)], dtype=object)
    return Classes(
        names, np.full(n, 1.3), np.full(n, 0.7), np.zeros(n), np.ones(n), np.array(limits)
    )


def factors(flood: Flood, network: Network, who: Classes, at: float, until: float = 5400) -> Any:
    """Speed factor of every class on the first direction of each street."""
    profile = flood.link_times(network, who, until).profile(len(who), until)
    return profile.at(at, network.n_links)[:, ::2]


def test_the_wading_law() -> None:
    """Measured losses of Li et al. at 0.35 m are met within 4 points; there is a floor."""
    assert wading_factor([0.0, 0.03]).tolist() == [1, 1]
    assert wading_factor(0.35) == pytest.approx(1 - (0.386 + 0.448) / 2, abs=0.04)
    assert wading_factor(5.0) == 0.35
    assert wading_factor(0.35, turbid=True) == pytest.approx(0.6 * wading_factor(0.35))
    assert wading_factor(0.02, turbid=True) == 1


def test_depth_slows_and_closes() -> None:
    """Dry is 1, wet is the law rounded down, too deep is closed to that class alone."""
    network, who = streets(1.5, 1.38, 1.3, 1.2, 0.4), classes(0.9, 0.15)
    flood = Flood(1.4)
    walk, chair = factors(flood, network, who, 0)
    law = np.floor(wading_factor([0.1, 0.2, 1.0]) / 0.05) * 0.05
    assert walk == pytest.approx([1, 1, law[0], law[1], 0])
    assert chair == pytest.approx([1, 1, law[0], 0, 0])
    assert flood.depth(network, 60)[::2] == pytest.approx([0, 0.02, 0.1, 0.2, 1.0])


def test_assumed_and_gathered_limits_are_told() -> None:
    """A flood says which limits of wading nobody gave, and which classes count as their weakest."""
    network, who = streets(1.0), classes(0.9, 0.15)
    bare = replace(who, depth_limit=np.array([np.nan, 0.15]), depth_assumed=np.empty(0, bool))
    mixed = replace(who, depth_most=np.array([0.9, 0.6]))
    told = [Flood(1.4).report(network, one, 5400).notes for one in (who, bare, mixed)]
    assert not any("classes" in note for note in told[0])
    (assumed,) = [note for note in told[1] if "ASSUMED" in note]
    assert "1 of 2 classes" in assumed
    assert "C0 0.9 m" in assumed
    assert "C1" not in assumed
    (gathered,) = [note for note in told[2] if "count as its weakest" in note]
    assert "C1 0.15 to 0.6 m" in gathered
    assert "C0" not in gathered


def test_a_wheelchair_stops_at_15_cm() -> None:
    """Fifteen centimetres are passable for a wheelchair class, a millimetre more is not."""
    network = streets(1.25, 1.249)
    chair = factors(Flood(1.4), network, classes(0.15), 0)[0]
    assert chair[0] > 0
    assert chair[1] == 0


def test_nobody_wades_deeper_than_max_depth() -> None:
    """A limit for all closes to those who could wade deeper, and leaves a stricter limit."""
    network, who = streets(1.25, 1.15, 0.95), classes(0.9, 0.2)
    found = factors(Flood(1.4, max_depth=0.3), network, who, 0)
    assert (found > 0).tolist() == [[True, True, False], [True, False, False]]


def test_rising_water_closes_in_time() -> None:
    """Each interval has its highest level: slower and closed before the water is there."""
    tide = Tide([0, 600, 1200, 1800], [1.0, 1.2, 1.4, 1.2])
    network, who = streets(1.1), classes(0.25)
    times = Flood(tide, every="10 min").link_times(network, who, 1800)
    assert factors(Flood(tide), network, who, 0, 1800)[0, 0] == pytest.approx(0.8)  # 10 cm deep
    assert factors(Flood(tide), network, who, 599, 1800)[0, 0] == pytest.approx(0.8)
    assert factors(Flood(tide), network, who, 600, 1800)[0, 0] == 0  # 30 cm: closed till it falls
    assert factors(Flood(tide), network, who, 1799, 1800)[0, 0] == 0
    closed = times.speed_factor == 0
    assert set(times.from_s[closed]) == {600}
    assert np.isinf(times.to_s[closed]).all()


def test_intervals_alike_are_one_row() -> None:
    """While the rounded factor does not change there is one row a link, however many samples."""
    tide = Tide(np.arange(0, 5401, 60.0), np.linspace(1.300, 1.304, 91))
    times = Flood(tide).link_times(streets(1.2), classes(0.9), 5400)
    assert len(times) == 2
    assert times.class_.tolist() == [-1, -1]
    assert (times.from_s.tolist(), times.to_s.tolist()) == ([0, 0], [np.inf, np.inf])


def test_longer_intervals_and_steps_are_never_faster() -> None:
    """Coarser intervals and factors change less often, and at no time promise more."""
    tide = Tide(np.arange(0, 5401, 600.0), 1.2 + 0.3 * np.sin(np.arange(10) / 3))
    network, who = streets(*np.linspace(0.7, 1.5, 40)), classes(0.9, 0.3)
    fine = Flood(tide, every=600, factor_step=0.01)
    coarse = Flood(tide, every=1800, factor_step=0.1)
    for at in range(0, 5400, 300):
        assert (factors(coarse, network, who, at) <= factors(fine, network, who, at) + 1e-12).all()
    assert len(coarse.link_times(network, who, 5400)) < len(fine.link_times(network, who, 5400))


def test_dry_streets_have_no_rows() -> None:
    """Where no water comes there is nothing to say."""
    assert len(Flood(0.3).link_times(streets(1.0, 1.1), classes(0.9, 0.15), 5400)) == 0


def test_a_short_series_is_refused() -> None:
    """A series that ends before the deadline is an error, not a dry street."""
    flood = Flood(Tide([0, 1800], [1.0, 1.1]))
    with pytest.raises(HazardError, match="expected levels from 0 s to 5400 s"):
        flood.link_times(streets(1.0), classes(0.9), 5400)


def test_heights_given_or_modelled() -> None:
    """Heights given count, those of another network are refused, "model" ignores the column."""
    network = streets(1.0, 1.0, 1.0)
    given = Heights(np.full(6, 1.3), np.zeros(6))
    assert Flood(1.4, given).depth(network, 0) == pytest.approx([0.1] * 6)
    assert Flood(1.4).flooded_share(network, 1.2) == 1
    assert Flood(1.4, "model").heights_of(network).modelled.all()
    with pytest.raises(HazardError, match="heights are of 6 links"):
        Flood(1.4, given).depth(streets(1.0), 0)


def test_modelled_heights_are_said() -> None:
    """What is modelled stands in the flood's words and in its report."""
    network = corridor(3)
    flood = Flood(1.4)
    assert "MODELLED where" in repr(flood)
    assert "all heights MODELLED" in repr(Flood(1.4, "model"))
    assert "100% of links MODELLED" in repr(Flood(1.4, Heights.model(network)))
    report = flood.report(network, classes(0.9, 0.15), 5400)
    assert report.shares["of the walkable ground with a modelled height"] == 1
    assert any("made up" in note for note in report.notes)


def test_the_report_counts() -> None:
    """The report counts links that get wet and those that close, class by class."""
    network, who = streets(1.5, 1.3, 1.2, 0.2), classes(0.9, 0.15)
    report = Flood(1.4).report(network, who, 5400)
    assert report.counts == {
        "links with a known height": 8, "links with a modelled height": 0,
        "cm, highest level": 140.0, "links get wet": 6, "links close to class C0": 2,
        "links close to class C1": 4,
    }  # fmt: skip
    assert not report.notes


def test_the_report_keeps_what_its_readers_counted() -> None:
    """What was read, repaired and set aside of the tide and the heights stands in the report."""
    network, who = streets(1.5, 1.3), classes(0.9)
    rows = [(0, 1.0), (600, 1.0), (600, 1.0), (1200, 1.0), (1800, 1.0), (3600, 1.1), (5400, 1.1)]
    tide = read_tide(rows)
    table = pd.DataFrame({"link_id": ["L0", "L1"], "height": [1.4, np.nan]})
    report = Flood(tide, read_heights(table, network)).report(network, who, 5400)
    assert report.counts["levels read"] == 6
    assert report.counts["links read"] == 2
    assert report.repaired == {
        "levels given twice": 1, "gaps filled by straight lines": 2, "levels in them": 4
    }  # fmt: skip
    assert report.set_aside == {"links without a height": 1}
    assert any("a peak inside a gap" in note for note in report.notes)


def test_a_peak_outside_the_plan_is_warned_of() -> None:
    """If the series is higher at another time than the plan's, the first note says so."""
    tide = Tide([0, 600, 1200, 7200], [1.0, 1.1, 1.0, 1.8])
    network, who = streets(1.5), classes(0.9)
    report = Flood(tide).report(network, who, 1200)
    assert "WARNING: the highest level of the series, 1.80 m (120 min after" in report.notes[0]
    assert "not met in the 20 min planned, in which it is 1.10 m at most" in report.notes[0]
    assert report.source.startswith("Flood(1.00 m at second 0, at most 1.10 m planned for")
    for late in (7200, 6000):
        report = Flood(tide).report(network, who, late)
        assert not any("WARNING" in note for note in report.notes)


@pytest.mark.parametrize(
    "given,message",
    [
        ({"tide": 140}, "look like centimetres"),
        ({"tide": np.nan}, "level is nan"),
        ({"tide": "tide.tsv"}, r"er\.read_tide"),
        ({"tide": 1.4, "heights": "dem.tif"}, r"er\.read_heights"),
        ({"tide": 1.4, "walkways": "table.csv"}, r"er\.add_walkways"),
        ({"tide": 1.4, "every": 0}, "every is 0"),
        ({"tide": 1.4, "factor_step": 0}, "factor_step is 0"),
        ({"tide": 1.4, "max_depth": -1}, "max_depth is -1"),
    ],
)
def test_bad_parameters_are_refused(given: dict[str, Any], message: str) -> None:
    """A parameter that cannot be is an error that says what to give."""
    with pytest.raises(HazardError, match=message):
        Flood(**given)


def test_a_scenario_takes_it() -> None:
    """A scenario with a flood keeps apart who wades how deep, and has its link times."""
    dry = lagoon(people=300)
    flood = Flood(1.4)
    assert wades([flood])
    wet = Scenario(dry.network, dry.people, dry.shelters, hazard=flood, deadline="90 min")
    own = flood.link_times(wet.network, wet.group_classes, wet.deadline_s)
    assert wet.link_times.equals(own)
    assert len(set(wet.group_classes.depth_limit)) > 2


@pytest.mark.shared
def test_all_of_venice_is_fast(shared: Path) -> None:
    """The link times of all Venice in the night of November 2019 take well under 0.3 s."""
    venice = shared / "data" / "venice"
    network = read_network(venice / "venice_segments.geojson.gz")
    people = read_people(venice / "people_100k.csv.gz", network)
    tide = read_tide(venice / "venice_2019-11_10min.tsv", alarm="2019-11-12 21:30")
    flood = Flood(tide)
    who = bin_classes(people, by_depth=True).classes
    spent = []
    for _ in range(5):
        begin = time.perf_counter()
        times = flood.link_times(network, who, 5400)
        spent.append(time.perf_counter() - begin)
    assert min(spent) < 0.3
    profile = times.profile(len(who), 5400)
    assert np.diff(profile.ptr).max() <= 9
    assert flood.level(0, 5400) == 1.87


def test_a_plan_says_that_heights_are_modelled() -> None:
    """What a map says of a plan names modelled heights, and only where there are some."""
    dry = lagoon(people=100)
    said = []
    for heights in (None, "model"):
        wet = Scenario(dry.network, dry.people, dry.shelters, hazard=Flood(1.1, heights))
        said.append(" ".join(notes(assign(wet, "nearest"))))
    assert "which street is high and which low is made up" not in said[0]
    assert "which street is high and which low is made up" in said[1]


def test_hazards_may_report_or_not() -> None:
    """Reports are gathered from hazards that have one, and others are passed over."""
    network, who = streets(1.0), classes(0.9)
    found = hazard_reports([Flood(1.2), LinkTimes.none()], network, who, 5400)
    assert len(found) == 1
    assert found[0].counts["links get wet"] == 2


def test_gangways_float() -> None:
    """No tide wets a gangway, whatever its height is said to be, and boats change no height."""
    streets = lagoon(people=60)
    network, _ = lagoon_boats(streets.network, until="20 min")
    gangway = np.array([str(name).startswith("gangway:") for name in network.link_id])
    assert (network.floating[gangway]).all()
    n = network.n_links
    for heights in (None, "model", Heights(np.full(n, 0.5), np.ones(n, bool))):
        flood = Flood(1.9, heights)
        rows = flood.link_times(network, streets.group_classes, 5400)
        assert len(rows) > 0
        assert not gangway[rows.link].any()
        assert not flood.heights_of(network).modelled[gangway].any()
    before = Heights.model(streets.network)
    after = Heights.model(network)
    assert after.height_m[: len(before)].tolist() == before.height_m.tolist()
    assert after.modelled_share(network) == 1.0


def test_the_same_water_counts_once() -> None:
    """Two floods together are refused: their water would be multiplied."""
    scenario = lagoon(people=50)
    with pytest.raises(HazardError, match="2 floods, whose water would count twice"):
        scenario.with_hazard([Flood(1.2), Flood(1.4)])
