"""The generator of the lagoon sample."""

from __future__ import annotations

import csv
import re
from pathlib import Path

import networkx as nx
import numpy as np
import pytest

from evacroute._data_dir import data_path
from evacroute.errors import NetworkError
from evacroute.load.lagoon import make_lagoon
from evacroute.load.lagoon_files import FILES, write_lagoon
from evacroute.network import KINDS, Network
from evacroute.units import to_metres

BRIDGE = KINDS.index("bridge")


@pytest.fixture(scope="module")
def city() -> Network:
    return make_lagoon()


def streets(network: Network, keep: np.ndarray | None = None) -> nx.Graph:
    """All nodes, and the streets (each of them one way) that are kept."""
    keep = np.ones(network.n_links, dtype=bool) if keep is None else keep
    graph = nx.Graph()
    graph.add_nodes_from(range(network.n_nodes))
    graph.add_edges_from(
        zip(network.from_node[keep].tolist(), network.to_node[keep].tolist(), strict=True)
    )
    return graph


def great_crossings(network: Network) -> np.ndarray:
    return np.array([name.startswith("Ponte Grande") for name in network.name])


@pytest.mark.parametrize("seed", [7, 1, 2])
def test_size(seed: int) -> None:
    """Every seed must draw a city of the stated size, in one piece."""
    network = make_lagoon(seed)
    assert 6500 <= network.n_nodes <= 7500
    assert 190 <= network.length.sum() / 2000 <= 210
    assert 425 <= (network.kind == BRIDGE).sum() / 2 <= 435
    islands = nx.number_connected_components(streets(network, network.kind != BRIDGE))
    assert 115 <= islands <= 125
    assert nx.is_connected(streets(network))


def test_great_canal(city: Network) -> None:
    """The great canal must be crossed by exactly four bridges: without them the city is in two."""
    great = great_crossings(city)
    assert great.sum() / 2 == 4
    banks = list(nx.connected_components(streets(city, ~great)))
    assert len(banks) == 2
    assert min(map(len, banks)) > 1500
    for name in np.unique(city.name[great]):
        assert nx.is_connected(streets(city, ~great | (city.name == name)))


def test_widths(city: Network) -> None:
    """Widths must spread as an old city's do: most alleys narrow, some barely passable."""
    assert city.width.min() >= 0.8
    assert city.width.max() <= 12
    calle = city.width[city.kind == KINDS.index("calle")]
    low, middle, high = np.quantile(calle, [0.1, 0.5, 0.9])
    assert 1.0 < low < 1.6 < middle < 3.0 < high < 5.0
    for kind in ("calle", "bridge", "square", "quay", "underpass"):
        assert (city.kind == KINDS.index(kind)).sum() >= 150
    assert not city.width_assumed.any()
    assert not city.capacity_assumed.any()


def test_bridges(city: Network) -> None:
    """Most bridges must have steps, a few none, and nothing else has steps."""
    bridge = city.kind == BRIDGE
    assert not city.steps[~bridge].any()
    step_free = bridge & (city.steps == 0)
    assert 10 <= step_free.sum() / 2 <= 40
    assert (city.wheelchair[step_free] == 1).all()
    assert not great_crossings(city)[step_free].any()
    assert 20 <= np.median(city.steps[bridge & ~step_free]) <= 28


def test_heights(city: Network) -> None:
    """Pavements must lie above the tide, and heights change smoothly from street to street."""
    assert city.elevation.min() > 0.6
    assert city.elevation.max() <= 2.0
    assert np.ptp(city.elevation) > 0.5
    lowest = np.full(city.n_nodes, np.inf)
    highest = np.full(city.n_nodes, -np.inf)
    for node in (city.from_node, city.to_node):
        np.minimum.at(lowest, node, city.elevation)
        np.maximum.at(highest, node, city.elevation)
    assert np.quantile(highest - lowest, 0.99) < 0.15


def test_lengths_are_those_of_the_lines(city: Network) -> None:
    """Each length must be that of the drawn line, which begins and ends at its nodes."""
    x, y = to_metres(city.geometry_lon, city.geometry_lat, city.origin)
    steps = np.r_[np.hypot(np.diff(x), np.diff(y)), 0.0]
    steps[city.geometry_ptr[1:] - 1] = 0.0
    drawn = np.add.reduceat(steps, city.geometry_ptr[:-1])
    np.testing.assert_allclose(drawn, city.length, atol=0.03, rtol=0.001)
    assert (city.geometry_lon[city.geometry_ptr[:-1]] == city.lon[city.from_node]).all()
    assert (city.geometry_lat[city.geometry_ptr[1:] - 1] == city.lat[city.to_node]).all()


def test_says_it_is_made_up(city: Network) -> None:
    """The report must say synthetic, names must be invented, and it must lie in the open sea."""
    assert city.report is not None
    assert any("synthetic" in note for note in city.report.notes)
    assert all(re.fullmatch(r"[A-Z][a-z]+( Grande)? \d+", name) for name in set(city.name))
    assert 12.95 < city.lon.min() < city.lon.max() < 13.05
    assert 44.88 < city.lat.min() < city.lat.max() < 44.92


def test_seed_decides(city: Network) -> None:
    """The same seed must draw the same city, another seed another one."""
    assert make_lagoon(7).equals(city)
    assert not make_lagoon(8).equals(city)


def test_other_sizes() -> None:
    """A city of another size must have the islands, bridges and length asked for."""
    network = make_lagoon(3, islands=80, bridges=200, street_km=100)
    assert (network.kind == BRIDGE).sum() / 2 == 200
    assert nx.number_connected_components(streets(network, network.kind != BRIDGE)) == 80
    assert network.length.sum() / 2000 == pytest.approx(100, rel=0.01)
    assert nx.is_connected(streets(network))


def test_bad_parameters() -> None:
    """Parameters out of range must be named together in one error."""
    with pytest.raises(NetworkError, match=r"(?s)islands is 5.*bridges is 0.*street_km is -1"):
        make_lagoon(islands=5, bridges=0, street_km=-1)


def test_proportions_of_a_real_lagoon_city(city: Network, shared: Path) -> None:
    """Share of nodes by streets and quantiles of street length must be near those of Venice."""
    from evacroute.load.read import read_network

    venice = read_network(shared / "data" / "venice" / "venice_segments.geojson.gz")
    shares, lengths = [], []
    for network in (city, venice):
        degree = np.bincount(network.from_node)
        shares.append([(degree == k).mean() for k in (1, 2, 3, 4)])
        lengths.append(np.quantile(network.length, [0.5, 0.75, 0.9, 0.95]))
    np.testing.assert_allclose(shares[0], shares[1], atol=0.06)
    np.testing.assert_allclose(lengths[0], lengths[1], rtol=0.25)


def test_shipped_files_come_from_the_seed(tmp_path: Path) -> None:
    """The files that ship must be what the generator writes, to the last digits' rounding."""
    write_lagoon(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == sorted(FILES)
    for name in FILES:
        made = (tmp_path / name).read_text(encoding="utf-8")
        shipped = data_path("lagoon", name).read_text(encoding="utf-8")
        if made != shipped:
            assert_close_tables(made, shipped)
    size = sum(path.stat().st_size for path in data_path("lagoon").iterdir())
    assert size < 2_500_000


def assert_close_tables(made: str, shipped: str) -> None:
    """Cells must be equal as text, or as numbers to about a centimetre."""
    rows, others = (list(csv.reader(text.splitlines())) for text in (made, shipped))
    assert [len(row) for row in rows] == [len(row) for row in others]
    for row, other in zip(rows, others, strict=True):
        for cell, expected in zip(row, other, strict=True):
            if cell != expected:
                numbers, wanted = (re.findall(r"-?[\d.]+", text) for text in (cell, expected))
                assert re.sub(r"-?[\d.]+", "#", cell) == re.sub(r"-?[\d.]+", "#", expected)
                np.testing.assert_allclose(
                    np.array(numbers, dtype=float), np.array(wanted, dtype=float), rtol=1e-8,
                    atol=0.0105,
                )  # fmt: skip
