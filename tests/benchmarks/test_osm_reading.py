"""How long a city in OSM takes: 100,000 edges from PBF to network."""

from __future__ import annotations

import random
import sys
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

sys.path.insert(0, str(Path(__file__).parent))

from results import note

from evacroute.load.build import build_network
from evacroute.load.osm import read_osm
from evacroute.network import Network

osmium = pytest.importorskip("osmium")

SIDE = 225
WAY = 8
LIMIT = 20.0
"""The longest that reading may take [s]."""


def write_city(path: Path) -> None:
    """A bent grid of 100,800 edges in ways of eight, each edge with a node in its middle."""
    rng = random.Random(0)
    place = {
        1 + j * SIDE + i: (12 + i * 6e-4 + rng.uniform(-1e-4, 1e-4), 45 + j * 4e-4)
        for j in range(SIDE)
        for i in range(SIDE)
    }
    ways = []
    for j in range(SIDE):
        for start in range(0, SIDE - 1, WAY):
            reach = range(start, min(start + WAY, SIDE - 1) + 1)
            for refs in ([1 + j * SIDE + i for i in reach], [1 + i * SIDE + j for i in reach]):
                way = refs[:1]
                for a, b in pairwise(refs):
                    (x, y), (u, v) = place[a], place[b]
                    middle = len(place) + 1
                    place[middle] = ((x + u) / 2 + 1e-5, (y + v) / 2)
                    way += [middle, b]
                ways.append(way)
    kinds = ("footway", "residential", "pedestrian", "steps", "service")
    with osmium.SimpleWriter(str(path)) as writer:
        for ref, location in place.items():
            writer.add_node(osmium.osm.mutable.Node(id=ref, location=location))
        for k, refs in enumerate(ways):
            tags = {"highway": kinds[k % 5], "name": f"Calle {k % 500}"}
            tags |= {"width": "2.5"} if k % 7 == 0 else {}
            tags |= {"bridge": "yes"} if k % 11 == 0 else {}
            writer.add_way(osmium.osm.mutable.Way(id=k + 1, nodes=refs, tags=tags))


def tell(benchmark: Any, case: str, network: Network) -> None:
    """Print how long reading took, at least and at most of the rounds, and record it."""
    stats = benchmark.stats.stats
    print(f"\n{case}: {stats.min:.2f} to {stats.max:.2f} s, {network.n_links:,} links")
    note("osm_reading", {
        "case": case, "links": network.n_links, "seconds": stats.min, "most_s": stats.max,
    })  # fmt: skip


def read(path: Path) -> Network:
    return build_network(read_osm(path))


def test_city_of_100_000_edges(benchmark: Any, tmp_path: Path) -> None:
    """A PBF of 100,000 edges becomes a network in at most 20 s."""
    path = tmp_path / "city.osm.pbf"
    write_city(path)
    network = benchmark.pedantic(read, args=(path,), rounds=3, warmup_rounds=1)
    tell(benchmark, "OSM PBF of 100,800 edges", network)
    assert network.n_links == 2 * 100_800
    assert benchmark.stats.stats.max <= LIMIT


@pytest.mark.shared
def test_venice_of_2009(benchmark: Any, shared: Path) -> None:
    """The old city of 2009 becomes a network in about a second."""
    path = shared / "data" / "venice" / "venice_2009.osm.pbf"
    network = benchmark.pedantic(read, args=(path,), rounds=3, warmup_rounds=1)
    tell(benchmark, "Venice of 2009, OSM PBF", network)
    assert network.n_links > 10_000
    assert benchmark.stats.stats.max <= 5.0
