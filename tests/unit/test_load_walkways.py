"""Raised walkways: new links beside the streets, there while the tide is in their range."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor

from evacroute.errors import HazardError
from evacroute.hazards import Flood, Heights, Tide
from evacroute.hazards.walkways import Walkways
from evacroute.load.read import read_network
from evacroute.load.street_capacity import capacities
from evacroute.load.walkways import add_walkways
from evacroute.network import KINDS, Network
from evacroute.people import Classes
from evacroute.writing import write_network

ONE = {"link_id": "L1", "height": 1.6, "width": 1.2, "tide_from": 1.1, "tide_to": 1.5}


def city() -> Network:
    return replace(corridor(3), elevation=np.full(6, 1.0))


def rows(*changes: dict[str, Any]) -> pd.DataFrame:
    return pd.DataFrame([{**ONE, **change} for change in changes])


def walkers() -> Classes:
    return Classes(
        np.array(["walk", "chair"], dtype=object), np.array([1.3, 0.8]), np.array([0.7, 0.0]),
        np.array([0.5, 0.8]),
    )  # fmt: skip


def test_two_links_are_added_behind_the_others() -> None:
    """Ids and positions of what was there stay; both directions come behind it."""
    before = city()
    network, walkways = add_walkways(before, rows({}))
    assert network.link_id.tolist() == [*before.link_id, "walkway-0", "walkway-0-r"]
    for column in ("from_node", "to_node", "length", "width", "capacity", "geometry_lon"):
        old = getattr(before, column)
        assert (getattr(network, column)[: len(old)] == old).all()
    assert (network.from_node[6:].tolist(), network.to_node[6:].tolist()) == ([1, 2], [2, 1])
    assert network.length[6:].tolist() == before.length[2:4].tolist()
    assert (network.geometry(6) == before.geometry(2)).all()
    assert (network.geometry(7) == before.geometry(3)).all()
    assert network.elevation[6:].tolist() == [1.6, 1.6]
    assert {KINDS[kind] for kind in network.kind[6:]} == {"walkway"}
    assert network.capacity[6:] == pytest.approx(capacities(np.array([1.2]), [0], [0])[0])
    assert walkways.link_id.tolist() == ["walkway-0", "walkway-0-r"]


def test_a_walkway_between_two_nodes_is_straight() -> None:
    """Without a street it goes straight from node to node."""
    table = rows({"link_id": "", "from_node_id": "N0", "to_node_id": "N3", "walkway_id": "W"})
    network, walkways = add_walkways(city(), table)
    assert network.length[6:] == pytest.approx([300, 300], rel=1e-3)
    assert walkways.link_id.tolist() == ["W", "W-r"]
    assert len(network.geometry(6)) == 2


def test_it_is_open_within_its_range_only() -> None:
    """Dry while the tide is in its range, closed to everyone below and above."""
    network, walkways = add_walkways(city(), rows({}))
    tide = Tide([0, 600, 1200, 1800, 2400], [1.0, 1.0, 1.3, 1.3, 1.6])
    flood = Flood(tide, walkways=walkways)
    profile = flood.link_times(network, walkers(), 2400).profile(2, 2400)
    on = [profile.at(t, 8)[:, 6].tolist() for t in (0, 600, 1200, 1800)]
    assert on == [[0, 0], [0, 0], [1, 1], [0, 0]]
    street = [profile.at(t, 8)[0, 2] for t in (0, 600, 1200, 1800)]
    assert street[0] == 1
    assert 0 < street[3] <= street[2] < 1


def test_its_deck_counts_whatever_the_heights() -> None:
    """Under modelled heights too a walkway is as high as its table says, and not flagged."""
    network, walkways = add_walkways(city(), rows({}))
    heights = Flood(1.2, "model", walkways).heights_of(network)
    assert heights.height_m[6:].tolist() == [1.6, 1.6]
    assert heights.modelled.tolist() == [True] * 6 + [False] * 2


def test_wheelchairs_need_to_be_let_on() -> None:
    """A walkway bars wheelchairs unless its table says yes."""
    table = rows({"walkway_id": "a"}, {"walkway_id": "b", "wheelchair": "yes"})
    network, _ = add_walkways(city(), table)
    chair = walkers().walk_seconds(network)[1]
    assert np.isinf(chair[6:8]).all()
    assert np.isfinite(chair[8:]).all()


def test_a_network_with_walkways_can_be_written_and_read(tmp_path: Path) -> None:
    """Written and read again the network is the same, walkways included."""
    network, _ = add_walkways(city(), rows({}))
    write_network(network, tmp_path / "net")
    again = read_network(tmp_path / "net")
    assert again.link_id.tolist() == network.link_id.tolist()
    assert again.kind.tolist() == network.kind.tolist()
    assert again.elevation.tolist() == network.elevation.tolist()


def test_heights_must_know_the_walkways() -> None:
    """Heights made before the walkways do not fit, and the error says so."""
    heights = Heights.of_network(city())
    network, walkways = add_walkways(city(), rows({}))
    with pytest.raises(HazardError, match="after add_walkways"):
        Flood(1.2, heights, walkways).depth(network, 0)


@pytest.mark.parametrize(
    "change,message",
    [
        ({"link_id": "L9"}, "row 0: link_id 'L9' is not in the network"),
        ({"link_id": ""}, "row 0: no place"),
        ({"link_id": "", "from_node_id": "N0", "to_node_id": "X"}, "node 'X' is not in"),
        ({"link_id": "", "from_node_id": "N0", "to_node_id": "N0"}, "both ends are at one place"),
        ({"height": 160}, "height is 160"),
        ({"height": np.nan}, "height is empty"),
        ({"width": 0}, "width is 0"),
        ({"tide_to": 1.0}, "tide_from is 1.1 m and tide_to 1 m"),
        ({"tide_to": np.nan}, "tide_to is empty"),
        ({"wheelchair": "maybe"}, "wheelchair is 'maybe'"),
        ({"walkway_id": "L1"}, "'L1' is a link of the network"),
    ],
)
def test_bad_rows_are_named(change: dict[str, Any], message: str) -> None:
    """A row without a place, or of no possible walkway, is an error that names it."""
    with pytest.raises(HazardError, match=message):
        add_walkways(city(), rows(change))


def test_no_beginning_is_always() -> None:
    """Without tide_from a walkway lies at any low tide."""
    _, walkways = add_walkways(city(), rows({}).drop(columns="tide_from"))
    assert walkways.are_there(np.array([-1.0]), np.array([1.5])).all()
    assert not walkways.are_there(np.array([-1.0]), np.array([1.51])).any()


def test_walkways_check_themselves() -> None:
    """A range that ends before it begins is refused, by hand too."""
    with pytest.raises(HazardError, match="expected from < to"):
        Walkways(np.array(["W"], object), np.ones(1), np.ones(1), np.ones(1))
