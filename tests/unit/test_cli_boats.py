"""Boats on the command line: loaded after people and shelters, reported, kept with the plan."""

from __future__ import annotations

import json
import re
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner, Result

import evacroute as er
from evacroute.cli import app
from evacroute.hazards import as_hazards

GTFS = Path(__file__).resolve().parents[2] / "data" / "lagoon_gtfs"
ALARM = "2021-10-05 10:00"


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The lagoon with few people, and some streets of unknown height."""
    folder = tmp_path_factory.mktemp("lagoon") / "instance"
    er.write_instance(er.lagoon(people=200), folder)
    links = pd.read_csv(folder / "link.csv", dtype={"link_id": str})
    links.loc[:19, "elevation"] = np.nan
    links.to_csv(folder / "link.csv", index=False)
    return folder


@pytest.fixture(scope="module")
def planned(instance: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Result]:
    """A plan with boats, and a flood on streets of which some have modelled heights."""
    folder = tmp_path_factory.mktemp("boats") / "plan"
    done = run(
        "plan", "--instance", instance, "--boats", GTFS, "--alarm", ALARM, "--out", folder,
        "--hazard", "flood:tide=1.20", "--method", "earliest_arrival", "--json",
    )  # fmt: skip
    return folder, done


def test_a_plan_with_boats(instance: Path, planned: tuple[Path, Result]) -> None:
    """Boats of a feed are in the plan, in its report and figures, and every rule is kept."""
    folder, done = planned
    assert done.exit_code == 0, done.output
    record = json.loads(done.stdout)
    assert record["reports"]["boats"]["counts"]
    assert record["summary"]["boats"]["trips"] > 20
    assert record["verification"]["ok"]
    rides = pd.read_csv(folder / "instance" / "boats.csv")
    assert record["summary"]["boats"]["rides"] == len(rides)
    streets = er.read_network(instance)
    assert len(pd.read_csv(folder / "instance" / "link.csv")) > streets.n_links


def test_notes_stay_with_the_plan(planned: tuple[Path, Result], tmp_path: Path) -> None:
    """That heights are modelled stays in the folder, also when it is read and saved again."""
    plan = er.read_plan(planned[0])
    plan.save(tmp_path / "again")
    for folder in (planned[0], tmp_path / "again"):
        record = json.loads((folder / "summary.json").read_text("utf-8"))
        told = record["reports"]["hazards"]
        assert any("heights are modelled" in note for one in told for note in one["notes"])
        assert record["reports"]["boats"]["counts"]["rides"] > 0
        assert 0 < record["hazards"]["modelled_heights"] < 0.01
    summary = er.read_plan(tmp_path / "again").summary()
    assert "heights: MODELLED for less than 1 % of the ground" in str(summary)
    assert re.search(r"people aboard, \d+ of whom cannot use steps", str(summary))
    er.write_map(plan, tmp_path / "map.html")
    from evacroute.plotting._words import panel_words

    words = panel_words(plan)
    assert any("heights are modelled" in note for note in words["notes"])
    assert {"Hazards", "Heights", "Boats"} <= {head for head, _ in words["summary"]}


def test_a_plan_folder_with_boats_and_flood_is_used(planned: tuple[Path, Result]) -> None:
    """Such a folder can be verified, drawn and looked at, and says that heights are modelled."""
    folder = planned[0]
    for command in ("verify", "draw", "explain", "info"):
        done = run(command, folder)
        assert done.exit_code == 0, done.output
    assert "heights are modelled" in done.output
    assert "trips" in done.output


def test_notes_stay_with_a_converted_instance(instance: Path, tmp_path: Path) -> None:
    """What `convert` writes holds boats up to the deadline, and the notes of hazards."""
    done = run(
        "convert", "--instance", instance, "--boats", GTFS, "--alarm", ALARM, "--out",
        tmp_path / "new", "--hazard", "flood:tide=1.20", "--deadline", "30min",
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    scenario = er.read_instance(tmp_path / "new")
    assert scenario.boats is not None
    assert scenario.boats.arrive_s.max() <= 1800
    hazards = as_hazards(scenario.hazard)
    told = [one for hazard in hazards for one in getattr(hazard, "reports", ())]
    assert len(told) == 1
    assert "Flood" in told[0].source


def test_people_stand_on_streets(tmp_path: Path) -> None:
    """With files of their own people and shelters are placed as without boats."""
    network = er.lagoon_network()
    er.write_network(network, tmp_path / "streets")
    lon, lat = network.lon, network.lat
    feed_stop = pd.read_csv(GTFS / "stops.txt").iloc[0]
    (tmp_path / "people.csv").write_text(f"lon,lat\n{feed_stop.stop_lon},{feed_stop.stop_lat}\n")
    (tmp_path / "shelters.csv").write_text(f"shelter_id,lon,lat,capacity\nA,{lon[0]},{lat[0]},9\n")
    words = (
        "convert", "--network", tmp_path / "streets", "--people", tmp_path / "people.csv",
        "--shelters", tmp_path / "shelters.csv", "--max-distance", "500",
    )  # fmt: skip
    assert run(*words, "--out", tmp_path / "dry").exit_code == 0
    done = run(*words, "--boats", GTFS, "--alarm", ALARM, "--out", tmp_path / "wet")
    assert done.exit_code == 0, done.output
    assert "boats.csv" in {path.name for path in (tmp_path / "wet").iterdir()}
    for name in ("groups.csv.gz", "shelters.csv"):
        dry, wet = (pd.read_csv(tmp_path / one / name) for one in ("dry", "wet"))
        assert dry.node_id.tolist() == wet.node_id.tolist()


def test_an_instance_with_boats_takes_no_others(
    planned: tuple[Path, Result], tmp_path: Path
) -> None:
    """Where the instance has a boats.csv of its own, --boats is refused with its name."""
    own = planned[0] / "instance"
    words = ("--boats", GTFS, "--alarm", ALARM, "--out", tmp_path / "new")
    done = run("convert", "--instance", own, *words)
    assert done.exit_code == 2
    assert "boats.csv: the folder has boats of its own" in done.output.replace("\n", "")
    assert not (tmp_path / "new").exists()


@pytest.mark.parametrize(
    "words,told",
    [
        (("--boats", GTFS), "needs --alarm"),
        (("--boats", "none.zip", "--alarm", ALARM), "there is no file or folder none.zip"),
        (("--boats", GTFS, "--alarm", "noon"), "--alarm is 'noon', expected a date and time"),
        (("--alarm", ALARM), "--alarm is for --boats with a GTFS feed"),
        (("--low-bridges", GTFS / "stops.txt"), "--low-bridges is for --boats with a GTFS feed"),
        (
            ("--boats", GTFS, "--alarm", ALARM, "--low-bridges", "none.csv"),
            "--low-bridges: there is no file none.csv",
        ),
        (
            ("--boats", GTFS, "--alarm", ALARM, "--low-bridges", GTFS / "stops.txt"),
            "column max_tide_m is missing",
        ),
        (("--boats", GTFS, "--alarm", "1999-10-05 10:00"), "no boat rides from stop to stop"),
    ],
)
def test_odd_boats_are_refused(
    instance: Path, tmp_path: Path, words: tuple[str | Path, ...], told: str
) -> None:
    """Boats without an alarm, an alarm without use, a day without boats: said in words, code 2."""
    done = run("plan", "--instance", instance, "--out", tmp_path / "plan", *words)
    assert done.exit_code == 2, done.output
    assert told in " ".join(done.output.replace("│", " ").split())
    assert not (tmp_path / "plan").exists()


def test_low_bridges_bar_boats(
    instance: Path, planned: tuple[Path, Result], tmp_path: Path
) -> None:
    """Low bridges of a file bar a line under the tide; without any the report says so."""
    table = tmp_path / "low.csv"
    table.write_text("route,max_tide_m\n1,1.1\n4.1,1.3\n")
    done = run(
        "convert", "--instance", instance, "--boats", GTFS, "--alarm", ALARM, "--out",
        tmp_path / "new", "--hazard", "flood:tide=1.20", "--low-bridges", table,
    )  # fmt: skip
    assert done.exit_code == 0, done.output
    assert "no low bridge is given" not in done.output
    (told,) = [line for line in done.output.splitlines() if "low bridges stop" in line]
    assert "trips at this tide" in told
    assert "above 1.10 m" in told
    assert "above 1.30 m" not in told
    scenario = er.read_instance(tmp_path / "new")
    assert scenario.boats is not None
    assert scenario.rides is not None
    line = scenario.network.name[scenario.boats.link]
    assert set(scenario.boats.max_tide[line == "1"]) == {1.1}
    assert {"1", "4.1", "4.2"} == set(line)
    assert {"4.1", "4.2"} == set(scenario.network.name[scenario.rides.link])
    told = json.loads(planned[1].stdout)["reports"]["hazards"]["notes"]
    assert any("no low bridge is given" in note for note in told)
    shuttles = tmp_path / "shuttles.csv"
    shuttles.write_text("from_node_id,to_node_id,seats\n1,2,9\n")
    done = run(
        "convert", "--instance", instance, "--boats", shuttles, "--out", tmp_path / "other",
        "--low-bridges", table,
    )  # fmt: skip
    assert done.exit_code == 2
    assert "has a column max_tide" in " ".join(done.output.replace("│", " ").split())


def test_boats_may_be_given_again(instance: Path, tmp_path: Path) -> None:
    """A feed and a table of shuttles given together both ride."""
    shuttles = tmp_path / "shuttles.csv"
    shuttles.write_text("from_node_id,to_node_id,seats\n1,2,9\n")
    counts = []
    for more in ([], ["--boats", shuttles]):
        done = run(
            "convert", "--instance", instance, "--boats", GTFS, "--alarm", ALARM, *more, "--out",
            tmp_path / f"with {len(more)}",
        )  # fmt: skip
        assert done.exit_code == 0, done.output
        boats = er.read_instance(tmp_path / f"with {len(more)}").boats
        assert boats is not None
        counts.append(len(boats))
    assert (boats.seats == 9).sum() == counts[1] - counts[0] > 0


def test_the_alarm_counts_for_a_dated_tide(tmp_path: Path) -> None:
    """A series without an alarm of its own begins at --alarm; one with its own keeps it."""
    from evacroute.cli.hazards import make_hazards

    table = tmp_path / "tide.csv"
    table.write_text(
        "time,level_m\n" + "".join(f"2021-10-05 {h:02d}:00,{h / 10}\n" for h in range(8, 15))
    )
    network = er.lagoon_network()
    (flood,) = make_hazards([f"flood:series={table}"], None, network, ALARM)
    assert isinstance(flood, er.Flood)
    assert np.isclose(flood.level(0), 1.0)
    own = f"flood:series={table},alarm=2021-10-05 12:00"
    (flood,) = make_hazards([own], None, network, ALARM)
    assert isinstance(flood, er.Flood)
    assert np.isclose(flood.level(0), 1.2)


def test_boats_of_another_network(instance: Path, tmp_path: Path) -> None:
    """Boats whose network is not the folder's with more behind are refused."""
    er.write_network(er.lagoon_network(), tmp_path / "streets")
    network, boats = er.lagoon_boats(until="20 min")
    ids = network.link_id.copy()
    ids[0] = "another"
    from dataclasses import replace

    with pytest.raises(er.BoatError, match="does not begin with the folder's nodes and links"):
        er.read_instance(instance, boats=(replace(network, link_id=ids), boats))
