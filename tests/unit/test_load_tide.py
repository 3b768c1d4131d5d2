"""Tide series: what is read, repaired and refused; levels never lower than the neighbours'."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evacroute.errors import HazardError
from evacroute.hazards.tide import Tide
from evacroute.load.tide import read_tide

NOVEMBER = ("data", "venice", "venice_2019-11_10min.tsv")


def series(*rows: tuple[Any, ...], columns: tuple[str, ...] = ("time_s", "level_m")) -> Any:
    return pd.DataFrame(list(rows), columns=list(columns))


def every_10_min(*levels: float) -> Any:
    return series(*[(600.0 * i, level) for i, level in enumerate(levels)])


def test_a_number_is_a_level_that_does_not_change() -> None:
    """A number is the level at any time, in the unit that is said."""
    tide = read_tide(1.4)
    assert tide.is_constant
    assert tide.level(-1e6, 1e6) == tide.level(5) == 1.4
    assert read_tide(140, unit="cm").level(0) == pytest.approx(1.4)


def test_november_2019(shared: Path) -> None:
    """The gauge's file gives 864 levels and the peak of 1.87 m at 22:50 on 12 November 2019."""
    tide = read_tide(shared.joinpath(*NOVEMBER), alarm="2019-11-12 21:30", until="3 h")
    assert tide.report is not None
    assert tide.report.counts["levels read"] == 864
    assert not tide.report.repaired
    assert tide.peak == (80 * 60.0, 1.87)
    assert (tide.time_s[0], tide.time_s[-1]) == (0, 3 * 3600)


def test_a_level_is_the_highest_of_the_samples_around() -> None:
    """Between samples the higher neighbour counts, at a sample its own, over a time the highest."""
    tide = Tide([0, 600, 1200, 1800], [1.0, 1.3, 1.2, 0.9])
    assert tide.level(1) == 1.3
    assert tide.level(600) == 1.3
    assert tide.level(1200, 1800) == 1.2
    assert tide.level(1201, 1300) == 1.2
    assert tide.level(0) == 1.0
    assert tide.levels([0, 1200], [700, 1800], lowest=True).tolist() == [1.0, 0.9]


@pytest.mark.parametrize("begin,end", [(-1, 10), (0, 1801), (1900, 1950)])
def test_a_series_says_nothing_outside(begin: float, end: float) -> None:
    """A time before the first or after the last sample is refused, with what there is."""
    tide = Tide([0, 1800], [1.0, 1.3])
    with pytest.raises(HazardError, match="the series goes from 0 s to 1800 s"):
        tide.level(begin, end)


def test_the_alarm_is_second_0() -> None:
    """The alarm shifts the series, by seconds or by date; by default dates begin at the first."""
    assert read_tide(every_10_min(1, 1.1, 1.2), alarm=600).time_s.tolist() == [-600, 0, 600]
    rows = [("2026-11-23T10:00", 1.0), ("2026-11-23T10:10", 1.1), ("2026-11-23T10:20", 1.2)]
    dated = series(*rows, columns=("time", "level"))
    assert read_tide(dated).time_s.tolist() == [0, 600, 1200]
    assert read_tide(dated, alarm="2026-11-23 10:10").time_s.tolist() == [-600, 0, 600]


def test_a_zone_is_minded() -> None:
    """Times with a zone want an alarm with a zone, which may be another."""
    rows = [("2026-11-23T10:00+01:00", 1.0), ("2026-11-23T10:10+01:00", 1.1)]
    dated = series(*rows, columns=("time", "level"))
    assert read_tide(dated, alarm="2026-11-23T09:00Z").time_s[0] == 0
    with pytest.raises(HazardError, match="with a zone"):
        read_tide(dated, alarm="2026-11-23 10:00")


@pytest.mark.parametrize("zone", ["+01", " +01", "+0100", "+01:00"])
def test_zones_of_two_digits_are_minded(zone: str) -> None:
    """A zone may have two digits or four; a local alarm does not fit, a zoned one is exact."""
    rows = [(f"2019-11-12 {h}:00{zone}", 1.0 + h / 100) for h in (21, 22, 23)]
    dated = series(*rows, columns=("time", "level"))
    assert read_tide(dated, alarm="2019-11-12 22:00+01:00").level(0) == 1.22
    with pytest.raises(HazardError, match="with a zone"):
        read_tide(dated, alarm="2019-11-12 22:00")
    tide = read_tide(dated)
    assert tide.report is not None
    assert "second 0 is 2019-11-12 21:00+01:00 (the first level" in tide.report.notes[0]
    local = series(("2019-11-12", 1), ("2019-11-12 01:00", 1), columns=("time", "level"))
    assert read_tide(local, alarm="2019-11-12").time_s.tolist() == [0, 3600]


def test_the_moment_of_second_0_is_told(shared: Path) -> None:
    """The report of a dated series says which moment second 0 is, and when the peak comes."""
    tide = read_tide(shared.joinpath(*NOVEMBER))
    assert tide.report is not None
    assert tide.report.notes == [
        "second 0 is 2019-11-12 04:00 (the first level, since no alarm was given); the highest "
        "level, 1.87 m, comes 1,130 min later (2019-11-12 22:50)"
    ]
    assert "peak 1.87 m at 2019-11-12 22:50" in repr(tide)
    met = tide.around_peak(5400)
    assert met.peak == (45 * 60, 1.87)
    assert str(met.alarm) == "2019-11-12 22:05:00"
    assert met.report is not None
    assert len(met.report.notes) == 1
    assert "2019-11-12 22:05 (so that the highest level is met" in met.report.notes[0]
    given = read_tide(shared.joinpath(*NOVEMBER), alarm="2019-11-12 21:30", until="3 h")
    assert given.report is not None
    assert "2019-11-12 21:30 (the alarm)" in given.report.notes[0]


def test_a_peak_that_lasts_is_centred_on_its_middle() -> None:
    """A highest level from 10:20 to 10:40 lies around the middle of the time planned, whether the
    same level comes again later or not."""
    for later in (1.0, 1.5):
        levels = [1.0, 1.2, 1.5, 1.5, 1.5, 1.2, 1.0, later, 1.0]
        tide = Tide(np.arange(9) * 600.0, np.array(levels)).around_peak(3000)
        assert tide.time_s[2:5].tolist() == [900, 1500, 2100]


def test_a_series_on_the_clock_of_a_plan() -> None:
    """Second 0 becomes the plan's; a series that begins later is as its first level until then,
    and one that lacks levels, dates or a zone is refused with both moments."""
    rows = [(f"2019-11-12 {10 + i // 6}:{i % 6}0", 1 + i / 10) for i in range(9)]
    tide = read_tide(pd.DataFrame(rows, columns=["time", "level"])).around_peak(1200)
    at = dt.datetime(2019, 11, 12, 10, 10)
    moved = tide.on_clock(at, 600, 3600)
    assert moved.time_s[:3].tolist() == [-600, 0, 600]
    assert moved.alarm == at
    assert moved.report is not None
    assert [note for note in moved.report.notes if note.startswith("second 0 is")] == [
        "second 0 is 2019-11-12 10:10 (the plan's, since no alarm was given); the highest level, "
        "1.80 m, comes 70 min later (2019-11-12 11:20)"
    ]
    late = tide.on_clock(at - dt.timedelta(minutes=20), 600, 3600)
    assert late.time_s[:3].tolist() == [0, 600, 1200]
    assert late.level_m[:3].tolist() == [1.0, 1.0, 1.1]
    assert late.report is not None
    assert "the series begins 2019-11-12 10:00" in late.report.notes[-1]
    for moment, words in (
        (at - dt.timedelta(minutes=21), "expected from 2019-11-12 09:59 to 2019-11-12 10:49"),
        (at + dt.timedelta(minutes=11), "the plan's second 0 is 2019-11-12 10:21"),
        (at.replace(tzinfo=dt.UTC), "both with a zone or both without"),
    ):
        with pytest.raises(HazardError, match=words):
            tide.on_clock(moment, 600, 3600)
    with pytest.raises(HazardError, match="no dates"):
        Tide([0.0, 600.0], [1.0, 1.1]).on_clock(at, 0, 600)


@pytest.mark.parametrize("levels,first", [([3, 1, 1, 1, 1], 0), ([1, 1, 1, 1, 3], -1200)])
def test_around_the_peak_stays_within_the_series(levels: list[float], first: float) -> None:
    """Where the peak is at an end of the series, the time planned still lies inside it."""
    tide = Tide(np.arange(5) * 600.0, np.array(levels)).around_peak(1200)
    assert tide.time_s[0] == first
    assert tide.level(0, 1200) == 3


def test_levels_far_apart_are_refused() -> None:
    """Steps above max_gap are refused even where all are alike; hourly tables are read."""
    rows = [(h * 3600, 1 + h / 10) for h in (0, 5, 10)]
    with pytest.raises(HazardError, match="one level in 300 min, expected one in 60 min at least"):
        read_tide(series(*rows))
    tide = read_tide(series(*rows), max_gap="6 h")
    assert tide.report is not None
    assert tide.report.notes == [
        "there is one level in 300 min: a peak between two of them is not seen"
    ]
    late = read_tide(series((0, 1.0), (3700, 1.1), (7200, 1.2), (10800, 1.2)))
    assert late.report is not None
    assert not late.report.notes
    assert not late.report.repaired


def test_a_constant_is_checked_as_a_series_is() -> None:
    """1.4 cm looks like metres, and 140 m like centimetres; nought is nought in both."""
    with pytest.raises(HazardError, match=r'1\.4 cm, which looks like metres.*unit="m"'):
        read_tide(1.4, unit="cm")
    with pytest.raises(HazardError, match=r'look like centimetres.*unit="cm"'):
        read_tide(140)
    assert read_tide(0, unit="cm").level(0) == 0


def test_short_gaps_are_filled_and_counted() -> None:
    """A gap up to the limit gets levels on a straight line, and the report counts them."""
    rows = [(0, 1.0), (600, 1.0), (1200, 1.0), (1800, 1.0), (3600, 1.3), (4200, 1.3)]
    tide = read_tide(series(*rows))
    assert tide.time_s.tolist() == list(range(0, 4201, 600))
    assert tide.level(2400) == pytest.approx(1.1)
    assert tide.report is not None
    assert tide.report.repaired == {"gaps filled by straight lines": 1, "levels in them": 2}


def test_long_gaps_are_refused() -> None:
    """A longer gap is an error that says how long it is and where; a larger limit lets it pass."""
    rows = [(0, 1.0), (600, 1.0), (1200, 1.0), (1800, 1.0), (6000, 1.3)]
    with pytest.raises(HazardError, match=r"no level for 70 min after row number 4"):
        read_tide(series(*rows))
    assert read_tide(series(*rows), max_gap="2 h").level(6000) == 1.3


def test_centimetres_are_told() -> None:
    """Levels in centimetres are refused with the option that reads them, which then does."""
    with pytest.raises(HazardError, match=r'3 of 3 levels look like centimetres.*unit="cm"'):
        read_tide(every_10_min(110, 120, 130))
    tide = read_tide(every_10_min(110, 120, 130), unit="cm")
    assert tide.level_m.tolist() == pytest.approx([1.1, 1.2, 1.3])
    with pytest.raises(HazardError, match="looks like metres"):
        read_tide(every_10_min(1.1, 1.2, 1.3), unit="cm")


def test_a_row_given_twice_is_dropped_and_counted() -> None:
    """The same time and level again is repaired and counted."""
    tide = read_tide(series((0, 1.0), (600, 1.1), (600, 1.1), (1200, 1.2)))
    assert len(tide.time_s) == 3
    assert tide.report is not None
    assert tide.report.repaired == {"levels given twice": 1}


@pytest.mark.parametrize(
    "rows,message",
    [
        ([(0, 1.0), (600, 1.1), (600, 1.2)], "row 2: two levels at one time"),
        ([(0, 1.0), (1200, 1.1), (600, 1.2)], "row 2: before the row above it"),
        ([(0, 1.0), (600, np.nan)], "row 1: level_m is empty"),
        ([(0, 1.0), (600, "high")], "row 1: level_m is 'high'"),
        ([(0, 1.0), ("noon", 1.1)], "row 1: time_s is 'noon'"),
        ([(0, 1.0)], "there is one level, expected at least two"),
    ],
)
def test_bad_rows_are_named(rows: list[tuple[Any, Any]], message: str) -> None:
    """Whatever is wrong in a row is an error that names the row."""
    with pytest.raises(HazardError, match=message):
        read_tide(series(*rows))


@pytest.mark.parametrize(
    "given,options,message",
    [
        ([(0, 1.0), (600, 1.1)], {"alarm": 700}, "expected one that covers the alarm"),
        ([(600, 1.0), (1200, 1.1)], {}, "expected one that covers the alarm"),
        ([(0, 1.0), (600, 1.1)], {"until": "20 min"}, "expected levels from 0 s to 1200 s"),
        ([(0, 1.0), (600, 1.1)], {"alarm": "2019-11-12 21:00"}, "counts time in seconds"),
        ([(0, 1.0), (600, 1.1)], {"unit": "ft"}, "unit is 'ft'"),
        ([(0, 1.0), (600, 1.1)], {"max_gap": "soon"}, "max_gap is 'soon'"),
        (1.4, {"alarm": 5}, "no alarm"),
        ("no_such.csv", {}, "there is no such file"),
        ([1.0, 1.1], {}, "expected a level, a table, a path"),
    ],
)
def test_bad_calls_are_refused(given: Any, options: dict[str, Any], message: str) -> None:
    """A series that does not cover the time, or a parameter that cannot be, is a clear error."""
    with pytest.raises(HazardError, match=message):
        read_tide(given, **options)


def test_an_alarm_outside_a_dated_series_is_told_by_dates() -> None:
    """Who gave a wrong alarm reads from when to when the series goes, not seconds."""
    dated = series(("2026-01-01T00:00", 1), ("2026-01-01T00:10", 1), columns=("time", "level_m"))
    told = r"goes from 2026-01-01 00:00 to 2026-01-01 00:10 \(alarm: 2030-01-01 10:00\), expected"
    with pytest.raises(HazardError, match=told):
        read_tide(dated, alarm="2030-01-01 10:00")


def test_files_with_commas_and_tabs(tmp_path: Path) -> None:
    """Commas or tabs, day and decimal hours: minutes are whole, faults name the file's row."""
    text = "data\tora\taltezza\n12/11/19\t23.830\t1.2\n13/11/19\t00.000\t1.1\n"
    (tmp_path / "tabs.tsv").write_text(text)
    assert read_tide(tmp_path / "tabs.tsv").time_s.tolist() == [0, 600]
    (tmp_path / "commas.csv").write_text("time_s,level_m\n0,1.0\n600,1.1\n")
    assert read_tide(tmp_path / "commas.csv").level_m.tolist() == [1.0, 1.1]
    (tmp_path / "tabs.tsv").write_text(text + "2019-11-13\t00.166\t1.1\n")
    with pytest.raises(HazardError, match=r"row 4: '2019-11-13' is no time"):
        read_tide(tmp_path / "tabs.tsv")
    with pytest.raises(HazardError, match="expected a date and time"):
        read_tide(tmp_path / "commas.csv", alarm=None) and read_tide(
            series(("2026-01-01T00:00", 1), ("2026-01-01T00:10", 1), columns=("time", "level")),
            alarm="soon",
        )


@pytest.mark.parametrize(
    "time,level",
    [([], []), ([0, 0], [1, 1]), ([0, np.nan], [1, 1]), ([0, 1], [1, np.inf]), ([0, 1], [1, 140])],
)
def test_a_tide_checks_its_samples(time: list[float], level: list[float]) -> None:
    """A tide is made of rising times and levels in metres, or not at all."""
    with pytest.raises(HazardError):
        Tide(np.array(time), np.array(level))
