"""Instance folders become scenarios."""

from __future__ import annotations

import time
from pathlib import Path

import numpy as np
import pytest
from networks import corridor

from evacroute.errors import InputError, PeopleError
from evacroute.load.instance import read_instance
from evacroute.writing import write_instance, write_network

TABLES = {
    "shelters.csv": "shelter_id,node_id,capacity\nA,N3,20\n",
    "classes.csv": "class_id,speed_flat,speed_steps,min_width\nadult,1.3,0.9,\nchair,0.7,0,0.8\n",
    "groups.csv": "group_id,node_id,class_id,ready_time,size,together\n"
    "g0,N0,adult,60,3,1\ng1,N1,chair,0,1,\n",
}


def folder(path: Path, **changes: str | None) -> Path:
    """An instance folder; a table given as None is left out."""
    write_network(corridor(), path / "case")
    tables = TABLES | {f"{name}.csv": text for name, text in changes.items()}
    for name, text in tables.items():
        if text is not None:
            (path / "case" / name).write_text(text)
    return path / "case"


def test_groups_and_classes(tmp_path: Path) -> None:
    """Groups and classes are read with their optional columns, the deadline by keyword."""
    scenario = read_instance(folder(tmp_path), deadline="45 min")
    assert scenario.deadline_s == 2700
    assert scenario.groups.node.tolist() == [0, 1]
    assert scenario.groups.class_.tolist() == [0, 1]
    assert scenario.groups.size.tolist() == [3, 1]
    assert scenario.groups.together.tolist() == [True, False]
    assert scenario.group_classes.min_width.tolist() == [0, 0.8]
    assert scenario.group_classes.step_free.tolist() == [False, True]
    assert scenario.group_classes.space.tolist() == [1, 1]


def test_street_space_is_read_and_written(tmp_path: Path) -> None:
    """Street space is a column of classes.csv, 1 where empty, kept when written again."""
    text = "class_id,speed_flat,speed_steps,space\nadult,1.3,0.9,\nchair,0.7,0,2.515625\n"
    scenario = read_instance(folder(tmp_path, classes=text))
    assert scenario.group_classes.space.tolist() == [1, 2.515625]
    write_instance(scenario, tmp_path / "again")
    assert read_instance(tmp_path / "again").group_classes.equals(scenario.group_classes)


def test_depth_limits_are_read_and_written(tmp_path: Path) -> None:
    """A limit not given is assumed and flagged, also when written again; depth_most is kept."""
    text = (
        "class_id,speed_flat,speed_steps,depth_limit,depth_most\nadult,1.3,0.9,,\n"
        "chair,0.7,0,0.15,0.6\n"
    )
    scenario = read_instance(folder(tmp_path, classes=text))
    classes = scenario.group_classes
    assert classes.depth_limit.tolist() == [0.9, 0.15]
    assert classes.depth_most.tolist() == [0.9, 0.6]
    assert classes.depth_assumed.tolist() == [True, False]
    write_instance(scenario, tmp_path / "again")
    assert read_instance(tmp_path / "again").group_classes.equals(classes)
    wrong = text.replace("0.15,0.6", "0.15,0.1")
    with pytest.raises(PeopleError, match=r"chair: depth_most is 0.1 m, expected from its"):
        read_instance(folder(tmp_path / "wrong", classes=wrong))


def test_columns_not_read_are_noted(tmp_path: Path) -> None:
    """A misspelt column of classes or groups is named in the network's report, with its table."""
    text = "class_id,speed_flat,speed_steps,depthlimit\nadult,1.3,0.9,0.5\nchair,0.7,0,0.1\n"
    groups = TABLES["groups.csv"].replace("together", "to gether")
    report = read_instance(folder(tmp_path, classes=text, groups=groups)).network.report
    assert report is not None
    told = "\n".join(report.notes)
    assert "classes.csv: columns not read: depthlimit (meant: depth_limit?)" in told
    assert "groups.csv: columns not read: to gether (meant: together?)" in told


@pytest.mark.parametrize("space", ["0.9", "10.1", "wide"])
def test_impossible_street_space(tmp_path: Path, space: str) -> None:
    """A space below 1, above 10 or in words is refused with its row."""
    text = f"class_id,speed_flat,speed_steps,space\nadult,1.3,0.9,{space}\nchair,0.7,0,1\n"
    with pytest.raises(PeopleError, match=f"space is .*{space}"):
        read_instance(folder(tmp_path, classes=text))


def test_written_instance_reads_back_equal(tmp_path: Path) -> None:
    """What write_instance wrote is the same scenario."""
    scenario = read_instance(folder(tmp_path))
    write_instance(scenario, tmp_path / "again")
    again = read_instance(tmp_path / "again")
    assert again.network.equals(scenario.network)
    assert again.groups.equals(scenario.groups)
    assert again.group_classes.equals(scenario.group_classes)
    assert again.shelters.equals(scenario.shelters)


def test_people_instead_of_groups(tmp_path: Path) -> None:
    """A folder with people.csv is read through read_people."""
    network = corridor()
    people = f"person_id,lon,lat\nP,{network.lon[1]},{network.lat[1]}\n"
    scenario = read_instance(folder(tmp_path, groups=None, classes=None, people=people))
    assert scenario.persons == 1
    assert scenario.groups.node.tolist() == [1]


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"groups": None}, "neither of groups.csv and people.csv"),
        ({"people": "lon,lat\n12,45\n"}, "both of groups.csv and people.csv"),
        ({"classes": None}, "there is no classes.csv"),
        ({"shelters": None}, "there is no shelters.csv"),
        ({"groups": "node_id,class_id,size\nN0,adult,1\n"}, "column ready_time is missing"),
        ({"classes": "class_id,speed_flat,speed_steps\nadult,0,1\n"}, "row 2: speed_flat is 0 m/s"),
    ],
)
def test_wrong_folders(tmp_path: Path, changes: dict[str, str | None], words: str) -> None:
    """A missing, doubled or wrong table is named."""
    with pytest.raises(InputError) as caught:
        read_instance(folder(tmp_path, **changes))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("g,N9,adult,0,1", "row 2: node_id is 'N9', expected an id of node.csv"),
        ("g,N0,robot,0,1", "row 2: class_id is 'robot', expected an id of classes.csv"),
        ("g,N0,adult,-5,1", "row 2: ready_time is -5 s, expected a number >= 0"),
        ("g,N0,adult,0,0", "row 2: size is 0 persons"),
        ("g,N0,adult,0,1.5", "row 2: size is 1.5 persons, expected a whole number"),
        ("g,N0,adult,0,1\ng,N0,adult,0,1", "row 3: group_id 'g' appears more than once"),
    ],
)
def test_wrong_groups(tmp_path: Path, row: str, words: str) -> None:
    """A wrong group is named with value and what is allowed."""
    text = f"group_id,node_id,class_id,ready_time,size\n{row}\n"
    with pytest.raises(PeopleError) as caught:
        read_instance(folder(tmp_path, groups=text))
    assert words in str(caught.value)


def test_deadline_and_folder_must_be(tmp_path: Path) -> None:
    """A deadline of 0 and a folder that is not there are refused."""
    with pytest.raises(InputError, match="deadline"):
        read_instance(folder(tmp_path), deadline=0)
    with pytest.raises(InputError, match="no such folder"):
        read_instance(tmp_path / "none")


def test_bench_folder(shared: Path) -> None:
    """The fixed instance of 100,000 persons loads, fast."""
    start = time.perf_counter()
    scenario = read_instance(shared / "bench" / "venice_100k")
    assert time.perf_counter() - start < 3  # 0.2 s where the machine is not shared
    assert scenario.persons == 100_000
    assert (len(scenario.groups), len(scenario.shelters)) == (65_275, 43)
    assert np.isinf(scenario.shelters.intake_rate).sum() == 0
