"""Writing: exact numbers, the same bytes, and nothing half-written."""

from __future__ import annotations

import gzip
import json
import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from plans import ids, small_network, small_scenario

from evacroute.errors import InputError
from evacroute.load.instance import read_instance
from evacroute.load.read import read_network
from evacroute.writing import (
    atomic_folder,
    atomic_path,
    plain,
    whole,
    write_arrays,
    write_instance,
    write_json,
    write_network,
)


def files(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in sorted(folder.iterdir())}


def test_network_reads_back_equal(tmp_path: Path) -> None:
    """A network written and read is the same network, to the last digit and odd name."""
    network = small_network()
    m = network.n_links
    rng = np.random.default_rng(0)
    network = replace(
        network,
        length=rng.uniform(1, 100, m),
        width=rng.uniform(1, 5, m),
        capacity=np.append(rng.uniform(0, 3, m - 1), 0.0),
        incline=np.where(np.arange(m) % 2, 0.1 + 0.2, np.nan),
        surface=ids(*["sett", ""] * (m // 2)),
        wheelchair=np.arange(m) % 3 - 1,
        width_assumed=np.arange(m) % 2 == 0,
        capacity_assumed=np.arange(m) % 3 == 0,
        kind=np.array([0, 0, 1, 1, 3, 4, 5, 2]),
        name=ids("", "Ramo, lungo", 'detto "el Gobo"', "NA", "è", "null", "1", "a'b"),
    )
    write_network(network, tmp_path / "net")
    assert read_network(tmp_path / "net").equals(network)


def test_instance_reads_back_equal(tmp_path: Path) -> None:
    """A scenario written and read has the same network, shelters, classes and groups."""
    scenario = small_scenario()
    write_instance(scenario, tmp_path / "instance")
    back = read_instance(tmp_path / "instance", deadline=400.0)
    assert back.network.equals(scenario.network)
    assert back.shelters.equals(scenario.shelters)
    assert back.group_classes.equals(scenario.group_classes)
    assert back.groups.equals(scenario.groups)


def test_link_table_has_the_words_of_gmns(tmp_path: Path) -> None:
    """link.csv names its columns as documented, and leaves unknown values empty."""
    write_network(small_network(), tmp_path / "net")
    table = pd.read_csv(tmp_path / "net" / "link.csv", dtype=str, keep_default_na=False)
    assert ",".join(table.columns) == (
        "link_id,from_node_id,to_node_id,directed,length,width,steps,capacity,kind,name,elevation,"
        "wheelchair,surface,incline,width_assumed,capacity_assumed,geometry"
    )
    assert table.elevation.tolist() == ["1.1", *[""] * 7]
    assert set(table.directed) == {"1"}
    assert table.kind.tolist()[:3] == ["calle", "calle", "bridge"]
    assert table.geometry[0].startswith("LINESTRING (12.334 45.437, 12.335")


def test_same_scenario_gives_same_bytes(tmp_path: Path) -> None:
    """Nothing that is written depends on when or where."""
    write_instance(small_scenario(), tmp_path / "a")
    write_instance(small_scenario(), tmp_path / "b")
    write_arrays({"x": np.arange(9)}, tmp_path / "a" / "x.npz")
    write_arrays({"x": np.arange(9)}, tmp_path / "b" / "x.npz")
    assert files(tmp_path / "a") == files(tmp_path / "b")
    assert "groups.csv.gz" in files(tmp_path / "a")
    assert gzip.decompress(files(tmp_path / "a")["groups.csv.gz"]).startswith(b"group_id,")


def test_older_folder_is_replaced_whole(tmp_path: Path) -> None:
    """Writing where a network is replaces it and leaves nothing else behind."""
    target = tmp_path / "net"
    target.mkdir()
    write_network(small_network(), target)
    (target / "link.csv").unlink()
    write_network(small_network(), target)
    assert sorted(files(target)) == ["link.csv", "node.csv"]
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


@pytest.mark.parametrize(
    ("names", "said"),
    [(["photo.jpg"], "photo.jpg"), (["node.csv", "thesis.tex"], "thesis.tex")],
)
def test_folder_of_others_is_refused(names: list[str], said: str, tmp_path: Path) -> None:
    """A folder that holds files of somebody else is neither replaced nor touched."""
    for name in names:
        (tmp_path / name).write_text("mine")
    with pytest.raises(InputError, match=said):
        write_network(small_network(), tmp_path)
    assert files(tmp_path) == dict.fromkeys(sorted(names), b"mine")


def test_instance_is_not_replaced_by_its_network(tmp_path: Path) -> None:
    """Writing only a network over an instance is refused: shelters and people would be lost."""
    write_instance(small_scenario(), tmp_path / "i")
    with pytest.raises(InputError, match=r"classes\.csv"):
        write_network(small_network(), tmp_path / "i")
    assert len(files(tmp_path / "i")) == 5


@pytest.mark.parametrize("failure", [ValueError("no"), KeyboardInterrupt()])
def test_failure_leaves_the_old_folder(failure: BaseException, tmp_path: Path) -> None:
    """Whatever happens while writing, the old folder stays and no other is left."""
    write_network(small_network(), tmp_path / "net")
    before = files(tmp_path / "net")

    def fail() -> None:
        with atomic_folder(tmp_path / "net", marker="node.csv") as new:
            (new / "node.csv").write_text("half")
            raise failure

    with pytest.raises(type(failure)):
        fail()
    assert files(tmp_path / "net") == before
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_failed_swap_brings_the_old_folder_back(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """If the new folder can't take the old one's place, the old one is put back."""
    write_network(small_network(), tmp_path / "net")
    before = files(tmp_path / "net")
    rename = Path.rename

    def refuse(self: Path, target: Path) -> Path:
        if "old" not in target.name and "old" not in self.name:
            raise PermissionError(13, "Permission denied")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", refuse)
    with pytest.raises(InputError, match="Permission denied"):
        write_network(small_network(), tmp_path / "net")
    assert files(tmp_path / "net") == before
    assert [path.name for path in tmp_path.iterdir()] == ["net"]


def test_file_is_whole_or_as_before(tmp_path: Path) -> None:
    """A file written atomically appears only when done, and a failure leaves the old one."""
    target = tmp_path / "new" / "map.html"
    with atomic_path(target) as path:
        path.write_text("one")
        assert not target.exists()
        assert path.suffix == ".html"
    assert target.read_text() == "one"

    def fail() -> None:
        with atomic_path(target) as path:
            path.write_text("tw")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert target.read_text() == "one"
    assert [path.name for path in target.parent.iterdir()] == ["map.html"]


def test_targets_of_the_wrong_kind_are_refused(tmp_path: Path) -> None:
    """A folder in a file's place, a file in a folder's place and a file above it are told."""
    file = tmp_path / "file"
    file.write_text("")
    with pytest.raises(InputError, match="is a folder"), atomic_path(tmp_path):
        pass
    with pytest.raises(InputError, match="is a file"), atomic_folder(file, marker="x"):
        pass
    with pytest.raises(InputError, match="cannot be written"), atomic_path(file / "below"):
        pass
    with pytest.raises(InputError, match="cannot be written"):
        write_network(small_network(), file / "below")


def test_whole_numbers_are_written_without_a_point() -> None:
    """Times that are all whole become integers; others, and numbers too large, stay."""
    assert whole(np.array([0.0, 160.0])).dtype == np.int32
    assert whole(np.array([0.5, 160.0])).dtype == np.float64
    assert whole(np.array([1e10])).dtype == np.float64
    assert whole(np.array([np.nan])).dtype == np.float64
    assert whole(np.zeros(0)).dtype == np.int32


def test_json_has_only_plain_types(tmp_path: Path) -> None:
    """Settings of any kind become valid JSON."""
    record = {
        1: np.float64(0.5),
        "n": np.int32(7),
        "flag": np.bool_(True),
        "row": (np.arange(3), {"x": math.inf}),
        "path": Path("a"),
        "nan": math.nan,
        "none": None,
        "name": "Cà d'Oro",
    }
    write_json(record, tmp_path / "r.json")
    text = (tmp_path / "r.json").read_text(encoding="utf-8")
    assert "Cà d'Oro" in text
    assert json.loads(text) == plain(record)
    assert json.loads(text) == {
        "1": 0.5,
        "n": 7,
        "flag": True,
        "row": [[0, 1, 2], {"x": None}],
        "path": "a",
        "nan": None,
        "none": None,
        "name": "Cà d'Oro",
    }
