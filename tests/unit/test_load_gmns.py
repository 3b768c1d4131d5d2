"""GMNS folders: ids rule, and an instance keeps the order of its rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from networks import corridor

from evacroute.errors import NetworkError
from evacroute.load.gmns import read_gmns
from evacroute.network import KINDS
from evacroute.writing import write_network

NODES = "node_id,x_coord,y_coord\n1,12.334,45.437\n2,12.335,45.437\n003,12.336,45.437\n"
LINKS = "link_id,from_node_id,to_node_id,directed,length,width,steps,capacity\n"


def folder(path: Path, links: str, nodes: str = NODES) -> Path:
    (path / "node.csv").write_text(nodes)
    (path / "link.csv").write_text(links)
    return path


def test_directed_rows_are_links_in_order(tmp_path: Path) -> None:
    """Where all rows are directed, row number is link position and nothing is changed."""
    rows = "b,2,1,1,5.5,2,1,2.44\na,1,2,1,5.5,2,1,2.44\nc,2,003,1,0.3,2,0,0\n"
    network = read_gmns(folder(tmp_path, LINKS + rows))
    assert network.link_id.tolist() == ["b", "a", "c"]
    assert network.node_id.tolist() == ["1", "2", "003"]
    assert network.length.tolist() == [5.5, 5.5, 0.3]
    assert network.capacity.tolist() == [2.44, 2.44, 0]
    assert [KINDS[kind] for kind in network.kind] == ["steps", "steps", "calle"]
    assert not network.capacity_assumed.any()
    assert network.report is not None
    assert network.report.counts["streets kept"] == 2


def test_undirected_rows_are_two_links(tmp_path: Path) -> None:
    """A row with directed 0 is walked both ways, as X and X-r."""
    network = read_gmns(folder(tmp_path, LINKS + "a,1,2,0,80,2,0,\nb,2,003,1,80,2,0,1\n"))
    assert network.link_id.tolist() == ["a", "a-r", "b"]


def test_what_is_missing_is_derived(tmp_path: Path) -> None:
    """Length, width, steps and capacity may be left out; the defaults are marked as assumed."""
    rows = "link_id,from_node_id,to_node_id,kind,name\na,1,2,bridge,Ponte X\nb,2,003,,Ruga Y\n"
    network = read_gmns(folder(tmp_path, rows))
    assert network.length == pytest.approx(78.0, abs=0.2)
    assert network.width.tolist() == [3.0, 4.0]
    assert network.steps.tolist() == [1, 0]
    assert network.width_assumed.all()
    assert network.capacity_assumed.all()


def test_written_network_reads_back_equal(tmp_path: Path) -> None:
    """What write_network wrote, read_gmns reads as an equal network."""
    network = corridor()
    write_network(network, tmp_path / "net")
    assert read_gmns(tmp_path / "net").equals(network)


def test_nodes_without_links_stay(tmp_path: Path) -> None:
    """Nodes keep their order, used or not."""
    network = read_gmns(folder(tmp_path, LINKS + "a,003,2,1,80,2,0,1\n"))
    assert network.node_id.tolist() == ["1", "2", "003"]
    assert network.from_node.tolist() == [2]


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ("a,1,9,1,5,2,0,1", ["row 2", "to_node_id is '9'", "an id of node.csv"]),
        ("a,1,2,1,x,2,0,1", ["row 2", "length is 'x'", "> 0"]),
        ("a,1,2,1,0,2,0,1", ["row 2", "length is 0 m", "> 0"]),
        ("a,1,2,1,5,-2,0,1", ["row 2", "width is -2 m", "> 0"]),
        ("a,1,2,1,5,2,0.5,1", ["row 2", "steps is 0.5", "whole"]),
        ("a,1,2,1,5,2,0,-1", ["row 2", "capacity is -1 person/s", ">= 0"]),
        ("a,1,2,1,5,2,0,1\na,2,1,1,5,2,0,1", ["row 3", "'a' appears more than once"]),
        ("a,1,2,2,5,2,0,1", ["row 2", "directed is '2'", "0 or 1"]),
        ("a,1,2,1,5,2,0,1800", ["1800", "vehicles per hour", "persons per second"]),
    ],
)
def test_wrong_rows(tmp_path: Path, row: str, words: list[str]) -> None:
    """A wrong row is named with value and what is allowed."""
    with pytest.raises(NetworkError) as caught:
        read_gmns(folder(tmp_path, LINKS + row + "\n"))
    assert all(word in str(caught.value) for word in ["link.csv", *words])


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("kind", "alley", "kind is 'alley', expected calle, bridge"),
        ("wheelchair", "perhaps", "wheelchair is 'perhaps', expected yes, no"),
        ("geometry", "POINT (1 2)", "expected LINESTRING"),
        ("elevation", "high", "elevation is 'high'"),
    ],
)
def test_wrong_optional_columns(tmp_path: Path, column: str, value: str, words: str) -> None:
    """Optional columns are checked too."""
    text = f"link_id,from_node_id,to_node_id,{column}\na,1,2,{value}\n"
    with pytest.raises(NetworkError, match="row 2") as caught:
        read_gmns(folder(tmp_path, text))
    assert words in str(caught.value)


@pytest.mark.parametrize(
    ("nodes", "words"),
    [
        ("node_id,x_coord\n1,12\n", "column y_coord is missing"),
        ("node_id,x_coord,y_coord\n1,291000,5035000\n", "metres of a map projection"),
        ("node_id,x_coord,y_coord\n1,12,45\n1,12,45\n", "appears more than once"),
        ("node_id,x_coord,y_coord\n1,12,95\n", "y_coord is 95"),
    ],
)
def test_wrong_nodes(tmp_path: Path, nodes: str, words: str) -> None:
    """Faults in node.csv are named."""
    with pytest.raises(NetworkError, match=r"node\.csv") as caught:
        read_gmns(folder(tmp_path, LINKS + "a,1,2,1,5,2,0,1\n", nodes))
    assert words in str(caught.value)


def test_folder_without_tables(tmp_path: Path) -> None:
    """A folder that holds no network says what is missing."""
    with pytest.raises(NetworkError, match=r"there is no node\.csv"):
        read_gmns(tmp_path)


def test_bench_folder(shared: Path) -> None:
    """The fixed instance loads row by row."""
    network = read_gmns(shared / "bench" / "venice_100k")
    assert (network.n_nodes, network.n_links) == (6699, 15564)
    assert network.link_id.tolist() == [str(i) for i in range(15564)]
    rows: Any = np.loadtxt(shared / "bench" / "venice_100k" / "link.csv", delimiter=",", skiprows=1)
    np.testing.assert_array_equal(network.length, rows[:, 4])
    np.testing.assert_array_equal(network.capacity, rows[:, 7])
