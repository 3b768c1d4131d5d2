"""Hazards on the command line: every form is understood, every fault refused in words."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from networks import corridor, degrees
from scenes import scene
from typer.testing import CliRunner, Result

import evacroute as er
from evacroute._disturbed import FromNow
from evacroute.cli import app
from evacroute.cli.hazards import make_hazards, parse_hazard
from evacroute.cli.inputs import reports_of
from evacroute.hazards import hazard_reports

NETWORK = corridor(4)


@pytest.fixture
def instance(tmp_path: Path) -> Path:
    """A corridor of 400 m with six people at its west and a shelter in its east."""
    folder = tmp_path / "instance"
    er.write_instance(scene(NETWORK, [(0, 6)], [(4, 10)]), folder)
    return folder


@pytest.fixture
def closures(tmp_path: Path) -> Path:
    path = tmp_path / "shut, for a while=1.csv"
    path.write_text("link_id,from,to,speed_factor\nL1,0,30 min,0.5\nL3,50 min,,0\n")
    return path


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def test_plan_with_hazards(instance: Path, closures: Path, tmp_path: Path) -> None:
    """Hazards of the command line are in the plan's scenario, reported, and on its map."""
    fire = tmp_path / "fire.csv"
    lon, lat = degrees(200.0, 60.0)
    fire.write_text(f"lon,lat,start\n{lon},{lat},60 min\n")
    result = run(
        "plan", "--instance", instance, "--out", tmp_path / "plan", "--no-verify",
        "--hazard", f"closures:{closures}", "--hazard", f"fire:{fire},wind=5@90,every=5min",
        "--hazard", "earthquake:seed=3,intensity=6", "--json",
    )  # fmt: skip
    assert result.exit_code == 0, result.output
    reports = json.loads(result.stdout)["reports"]
    assert reports["closures"]["counts"]["closures"] == 2
    assert reports["fire"]["counts"]["seats"] == 1
    counts = reports["hazards"]["counts"]
    assert counts["links closed for some of the time"] >= 2
    assert "class Hazards" in (tmp_path / "plan" / "map.html").read_text("utf-8")


def test_hazards_from_single_files(instance: Path, closures: Path, tmp_path: Path) -> None:
    """With a network, people and shelters of their own files hazards are loaded all the same."""
    lon, lat = degrees(10.0, 0.0)
    people, shelters = tmp_path / "people.csv", tmp_path / "shelters.csv"
    people.write_text(f"lon,lat\n{lon},{lat}\n")
    east = degrees(400.0, 0.0)
    shelters.write_text(f"shelter_id,lon,lat,capacity\nA,{east[0]},{east[1]},4\n")
    words = ("--network", instance, "--people", people, "--hazard", f"closures:{closures}")
    result = run("plan", *words, "--shelters", shelters, "--out", tmp_path / "plan", "--no-verify")
    assert result.exit_code == 0, result.output
    assert "hazards, until the deadline" in result.stdout
    assert run("classes", *words).exit_code == 0
    out = ("--out", tmp_path / "new")
    assert run("convert", *words, "--shelters", shelters, *out).exit_code == 0


@pytest.mark.parametrize(
    "text,words",
    [
        ("storm:5", "expected one of flood:tide=1.40"),
        ("flood", "expected one of"),
        ("flood:", "not of the form key=value"),
        ("flood:tide=high", "tide is 'high', expected a level"),
        ("flood:level=1", "'level' is not among tide, series"),
        ("flood:tide=1,series=no.csv", "expected one of tide and series"),
        ("flood:alarm=2019-11-12T21:00", "expected one of tide and series"),
        ("flood:tide=1,alarm=2019-11-12T21:00", "alarm is for a series"),
        ("flood:tide=1,unit=ft", "unit is 'ft', expected m or cm"),
        ("flood:tide=1,unit=cm", "looks like metres; say unit=m"),
        ("flood:tide=140", "say so: flood:tide=140,unit=cm"),
        ("flood:tide=1,tide=2", "tide is given twice"),
        ("flood:tide=1,turbid=perhaps", "turbid is 'perhaps', expected 0 or 1"),
        ("flood:series=none.tsv", "there is no file none.tsv"),
        ("closures:", "the file is missing"),
        ("closures:none.csv", "there is no file none.csv"),
        ("fire:none.csv,wind=5@40", "there is no file none.csv"),
        ("earthquake:seed=one", "seed is 'one', expected a whole number"),
        ("earthquake:seed=", "seed is empty"),
        ("earthquake:magnitude=7", "'magnitude' is not among seed, intensity, building, table"),
        ("earthquake:table=none.csv", "there is no file none.csv"),
        ("earthquake:table=none.csv,intensity=8", "table takes the place"),
    ],
)
def test_odd_hazards_are_refused(instance: Path, tmp_path: Path, text: str, words: str) -> None:
    """A wrong text is one message with code 2 before anything is written."""
    out = tmp_path / "plan"
    result = run("plan", "--instance", instance, "--out", out, "--hazard", text)
    assert result.exit_code == 2
    plain = " ".join(result.stderr.replace("│", " ").split())
    assert words in plain
    assert not out.exists()


def test_odd_values_that_the_hazard_itself_refuses(instance: Path, tmp_path: Path) -> None:
    """What only the hazard knows to be wrong is bad input too."""
    words = ("plan", "--instance", instance, "--out", tmp_path / "plan", "--hazard")
    result = run(*words, "earthquake:intensity=XII")
    assert result.exit_code == 2
    assert "intensity is 'XII'" in result.stderr
    fire = tmp_path / "fire.csv"
    fire.write_text("lon,lat\n12.334,45.437\n")
    result = run(*words, f"fire:{fire},wind=strong")
    assert result.exit_code == 2
    assert "wind is 'strong'" in result.stderr
    result = run(*words[:-1], "--heights", fire)
    assert result.exit_code == 2
    assert "--heights is for --hazard flood" in result.stderr


def test_the_file_may_hold_commas_and_signs(closures: Path) -> None:
    """Only known keys end the name of a file."""
    assert parse_hazard(f"closures:{closures}").file == closures
    one = parse_hazard(f"fire:{closures},every=60,wind=3@10")
    assert (one.file, one.settings) == (closures, {"every": "60", "wind": "3@10"})


def test_a_flood_is_handed_on(
    closures: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Tide or series, heights and settings of a flood reach er.Flood as they were given."""
    asked: list[Any] = []

    def flood(**options: Any) -> er.Closures:
        asked.append(options)
        return er.Closures(pd.DataFrame({"link_id": ["L0"]}))

    monkeypatch.setattr(er, "Flood", flood, raising=False)
    monkeypatch.setattr(
        er, "read_tide", lambda path, **options: ("tide", path, options), raising=False
    )
    known = object()
    monkeypatch.setattr(er, "read_heights", lambda path, network: known, raising=False)
    series = tmp_path / "tide, november.tsv"
    series.write_text("x")
    texts = [
        "flood:tide=1.40,every=10min,turbid=1",
        f"flood:series={series},alarm=2019-11-12T21:00",
    ]
    assert len(make_hazards(texts, closures, NETWORK)) == 2
    assert asked == [
        {"tide": 1.4, "every": 600.0, "turbid": True, "heights": known},
        {"tide": ("tide", series, {"alarm": "2019-11-12T21:00"}), "heights": known},
    ]


def test_centimetres_are_metres_times_a_hundred(instance: Path, tmp_path: Path) -> None:
    """A tide and heights in centimetres give the flood of the same figures in metres."""
    heights = tmp_path / "heights, in cm.csv"
    rows = [f"{name},{120 + 10 * i}" for i, name in enumerate(NETWORK.link_id[::2])]
    heights.write_text("link_id,height\n" + "\n".join(rows) + "\n")
    metres = tmp_path / "heights.csv"
    rows = [f"{name},{1.2 + 0.1 * i}" for i, name in enumerate(NETWORK.link_id[::2])]
    metres.write_text("link_id,height\n" + "\n".join(rows) + "\n")
    (a,) = make_hazards(["flood:tide=140,unit=cm"], f"{heights},unit=cm", NETWORK)
    (b,) = make_hazards(["flood:tide=1.4,unit=m"], metres, NETWORK)
    assert isinstance(a, er.Flood)
    assert isinstance(b, er.Flood)
    assert a.depth(NETWORK, 0) == pytest.approx(b.depth(NETWORK, 0))
    assert (a.depth(NETWORK, 0) > 0.01).sum() == 4
    words = ("plan", "--instance", instance, "--out", tmp_path / "plan", "--hazard")
    for text, told in (
        (f"{heights}", "say so: --heights FILE,unit=cm"),
        (f"{heights},unit=inch", "unit is 'inch', expected m or cm"),
        ("none.csv,unit=cm", "there is no file none.csv"),
    ):
        result = run(*words, "flood:tide=1.4", "--heights", text)
        assert result.exit_code == 2
        assert told in " ".join(result.stderr.replace("│", " ").split())


@pytest.fixture
def night(tmp_path: Path) -> Path:
    """A day of hourly levels in centimetres with a peak of 1.87 m at 20:00."""
    path = tmp_path / "tide.csv"
    levels = [40] * 18 + [90, 150, 187, 140, 90, 60]
    rows = [f"2019-11-12 {hour:02d}:00,{level}" for hour, level in enumerate(levels)]
    path.write_text("time,level\n" + "\n".join(rows) + "\n")
    return path


def plan_of_flood(instance: Path, out: Path, flood: str, *more: str) -> dict[str, Any]:
    """Plan with a flood, and give its report."""
    words = ("plan", "--instance", instance, "--out", out, "--method", "nearest", "--no-verify")
    result = run(*words, "--deadline", "60min", "--hazard", flood, "--json", *more)
    assert result.exit_code in (0, 1), result.output
    report: dict[str, Any] = json.loads(result.stdout)["reports"]["flood"]
    assert report in json.loads((out / "summary.json").read_text("utf-8"))["reports"]["hazards"]
    return report


def test_a_dated_series_alone_meets_its_peak(instance: Path, night: Path, tmp_path: Path) -> None:
    """Without an alarm the peak lies in the middle of the time planned, and the report says so."""
    report = plan_of_flood(instance, tmp_path / "plan", f"flood:series={night},unit=cm")
    assert report["counts"]["cm, highest level"] == 187
    assert any(
        "second 0 is 2019-11-12 19:30 (so that the highest level is met, since no alarm was given)"
        in note
        for note in report["notes"]
    )
    assert report["counts"]["levels read"] == 24


def test_an_alarm_in_the_dry_is_warned_of(instance: Path, night: Path, tmp_path: Path) -> None:
    """With an alarm hours before the peak the report warns that the plan does not meet it."""
    flood = f"flood:series={night},unit=cm,alarm=2019-11-12 04:00"
    report = plan_of_flood(instance, tmp_path / "plan", flood)
    assert report["counts"]["cm, highest level"] == 40
    assert (
        "WARNING: the highest level of the series, 1.87 m (2019-11-12 20:00)"
        in (report["notes"][0])
    )


def test_a_replan_tells_of_the_flood_that_comes(
    instance: Path, night: Path, tmp_path: Path
) -> None:
    """`replan` lays the peak between now and the deadline, and prints the report."""
    words = ("--instance", instance, "--out", tmp_path / "plan", "--no-verify")
    assert run("plan", *words, "--deadline", "60min").exit_code == 0
    result = run(
        "replan", tmp_path / "plan", "--now", "20min", "--out", tmp_path / "later",
        "--hazard", f"flood:series={night},unit=cm", "--no-verify",
    )  # fmt: skip
    assert "second 0 is 2019-11-12 19:20" in result.output, result.output
    assert "links closed all the time, to everyone" in result.output
    assert "cm, level at second 0" in result.output


def test_a_replan_keeps_the_clock_of_the_plan(instance: Path, night: Path, tmp_path: Path) -> None:
    """A dated series without an alarm has the plan's second 0, known from the folder; one with
    another alarm is warned of."""
    flood = f"flood:series={night},unit=cm"
    words = ("--instance", instance, "--out", tmp_path / "plan", "--no-verify", "--hazard")
    done = run("plan", *words, f"{flood},alarm=2019-11-12 19:05", "--deadline", "60min")
    assert done.exit_code in (0, 1), done.output
    again = ("replan", tmp_path / "plan", "--now", "20min", "--out", tmp_path / "later")
    same = run(*again, "--no-verify", "--hazard", flood)
    assert "second 0 is 2019-11-12 19:05 (the plan's, since no alarm was given)" in same.output
    assert "WARNING: second 0" not in same.output
    other = run(*again, "--no-verify", "--hazard", f"{flood},alarm=2019-11-12 19:15", "--json")
    (note,) = json.loads(other.stdout)["replan"]["notes"]
    assert "WARNING: second 0 of the new tide is 2019-11-12 19:15" in note
    assert "10 min too early" in note
    short = tmp_path / "short.csv"
    short.write_text("time,level\n2019-11-12 19:20,1.0\n2019-11-12 19:50,1.1\n")
    refused = run(*again, "--no-verify", "--hazard", f"flood:series={short}")
    assert refused.exit_code == 2
    assert "the plan's second 0 is 2019-11-12 19:05" in refused.stderr


def test_an_earthquake_is_told(instance: Path, tmp_path: Path) -> None:
    """The command, its summary and the folder say what is assumed, and how much is blocked."""
    words = ("plan", "--instance", instance, "--out", tmp_path / "plan", "--no-verify")
    result = run(*words, "--hazard", "earthquake:seed=3,intensity=X", "--json")
    assert result.exit_code in (0, 1), result.output
    report = json.loads(result.stdout)["reports"]["earthquake"]
    quake = er.Earthquake(3, "X")
    blocked, p = quake.blocked(NETWORK), quake.probabilities(NETWORK)
    assert blocked.any()
    assert report["source"] == "Earthquake(seed 3, intensity X)"
    counts = {
        "links blocked in this draw, from the alarm on": int(blocked.sum()),
        "bridges blocked, of 0": 0,
        "other streets blocked, of 4": int(blocked.sum()) // 2,
    }
    assert report["counts"] == counts
    assert report["shares"] == {"probability that a street is blocked, on average": p.mean()}
    assert report["notes"][0].startswith("ASSUMED: how likely")
    assert report in json.loads((tmp_path / "plan" / "summary.json").read_text("utf-8"))["reports"][
        "hazards"
    ]  # fmt: skip
    assert "ASSUMED: how likely" in (tmp_path / "plan" / "instance" / "hazards.json").read_text()


def test_closed_throughout_and_for_some_time_are_told_apart(instance: Path, tmp_path: Path) -> None:
    """The summary says how many links are closed all the time, for some of it, or only slower."""
    path = tmp_path / "shut.csv"
    path.write_text(
        "link_id,from,to,speed_factor,both_directions\nL2,,,0,1\nL3,50 min,60 min,0,0\nL1,,,0.5,0\n"
    )
    hazard = er.read_closures(path, NETWORK)
    scenario = er.read_instance(instance, hazard=hazard)
    told = dict(er.assign(scenario, "nearest").summary().happenings())["hazards"]
    assert told == (
        "2 links are closed all the time (2 to everyone, the others to some), 1 for some of the "
        "time, 1 are only slower"
    )


def test_an_earthquake_of_a_table(tmp_path: Path) -> None:
    """A table of probabilities is read with its seed, and reported."""
    path = tmp_path / "p.csv"
    path.write_text("link_id,probability\nL2,1\n")
    hazards = make_hazards([f"earthquake:table={path},seed=5"], None, NETWORK)
    (quake,) = hazards
    assert isinstance(quake, er.Earthquake)
    assert quake.seed == 5
    base = scene(NETWORK, [(0, 6)], [(4, 10)])
    told = quake.told(NETWORK, base.group_classes, base.deadline_s)
    assert told.counts["links with a probability"] == 1
    assert told.counts["other streets blocked, of 4"] == 1
    assert not any("ASSUMED" in note for note in told.notes)
    assert quake.report is not None
    assert len(quake.report.counts) == 2
    assert set(NETWORK.link_id[quake.blocked(NETWORK)]) == {"L2", "L2-r"}


def test_reports_of_hazards_go_by_kind() -> None:
    """A report that a hazard keeps, or makes of the scenario, is told; the second has a number."""

    class Storm:
        def link_times(self, *_: Any) -> er.LinkTimes:
            return er.LinkTimes.none()

        def report(self, network: er.Network, classes: Any, until: float) -> er.LoadReport:
            return er.LoadReport("storm", {"links": network.n_links}, notes=["MODELLED"])

    several = [
        er.read_closures(pd.DataFrame({"link_id": [name]}), NETWORK) for name in ("L0", "L1")
    ]
    base = scene(NETWORK, [(0, 6)], [(4, 10)])
    scenario = dataclasses.replace(base, hazard=[*several, Storm(), er.Earthquake()])
    reports = reports_of(scenario)
    assert list(reports) == ["closures", "closures 2", "storm", "earthquake", "hazards"]
    assert reports["storm"].counts == {"links": NETWORK.n_links}  # type: ignore[attr-defined]


def test_a_hazard_from_now_on_keeps_its_notes() -> None:
    """A flood that comes up later still says that its heights are modelled."""
    scenario = scene(NETWORK, [(0, 6)], [(4, 10)])
    flood = FromNow(er.Flood(tide=1.2, heights="model"), 60.0)
    arguments = (scenario.network, scenario.group_classes, scenario.deadline_s)
    (report,) = hazard_reports([flood], *arguments)
    assert any("heights are modelled" in note for note in report.notes)
    assert len(hazard_reports([flood, flood], *arguments)) == 1


def test_an_instance_of_persons_takes_hazards_beside_its_own(instance: Path) -> None:
    """Link times of a folder and hazards given besides hold together, for persons too."""
    for name in ("groups.csv.gz", "classes.csv"):
        (instance / name).unlink()
    lon, lat = degrees(10.0, 0.0)
    (instance / "people.csv").write_text(f"lon,lat\n{lon},{lat}\n")
    (instance / "link_times.csv").write_text("link_id,from_s,speed_factor\nL0,60,0.5\n")
    hazard = er.Closures([{"link_id": "L2", "from": "5 min", "both_directions": 0}])
    scenario = er.read_instance(instance, hazard=hazard)
    frame = scenario.link_times.frame(scenario.network, scenario.group_classes)
    rows = sorted(frame[["link_id", "from_s", "speed_factor"]].itertuples(index=False, name=None))
    assert rows == [("L0", 60, 0.5), ("L2", 300, 0)]
    assert scenario.persons == 1


def test_replan_takes_a_hazard(tmp_path: Path) -> None:
    """`replan --hazard` closes a street from then on, and the new plan keeps every rule."""
    plan = er.assign(er.lagoon(people=300))
    plan.save(tmp_path / "plan")
    link = plan.scenario.network.link_id[plan.movements.leg_link[-1]]
    closures = tmp_path / "closures.csv"
    closures.write_text(f"link_id,from,to,closed\n{link},300,,1\n")
    done = CliRunner().invoke(
        app,
        ["replan", str(tmp_path / "plan"), "--now", "3min", "--hazard", f"closures:{closures}",
         "--out", str(tmp_path / "later"), "--json"],
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    later = er.read_plan(tmp_path / "later")
    assert len(later.scenario.link_times) > 0
    assert er.verify(later).ok
    bad = CliRunner().invoke(
        app, ["replan", str(tmp_path / "plan"), "--now", "3min", "--hazard", "rain:much",
              "--out", str(tmp_path / "no")]
    )  # fmt: skip
    assert bad.exit_code != 0
    assert "rain" in bad.output
