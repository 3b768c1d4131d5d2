"""Networks that scenarios are drawn on."""

from __future__ import annotations

import time

import numpy as np
import pytest
from networks import grid

from evacroute.errors import InputError, NetworkError
from evacroute.network import KINDS, Network
from evacroute.training.cutting import cut, middle_nodes
from evacroute.training.grid_city import make_grid_city
from evacroute.training.worlds import TRAINING, UNSEEN, world

ALL = TRAINING + UNSEEN


def pieces(network: Network, keep: np.ndarray | None = None) -> int:
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    keep = np.ones(network.n_links, bool) if keep is None else keep
    ends = (network.from_node[keep], network.to_node[keep])
    joined = coo_matrix((np.ones(len(ends[0])), ends), shape=(network.n_nodes,) * 2)
    return int(connected_components(joined, connection="strong")[0])


def test_split() -> None:
    """There are four worlds or more to train on and two or more for judging, and none is both."""
    assert len(TRAINING) >= 4
    assert len(UNSEEN) >= 2
    assert not set(TRAINING) & set(UNSEEN)


def test_no_two_are_alike() -> None:
    """No world has the streets of another: those for judging are truly unseen."""
    streets = [tuple(np.sort(world(name).network.length)[-50:].tolist()) for name in ALL]
    assert len(set(streets)) == len(ALL)


@pytest.mark.parametrize("name", ALL)
def test_world(name: str) -> None:
    """Each is a network in one piece, with bridges, lines and several places of known room."""
    made = world(name)
    network, places = made.network, made.shelters
    assert made.name == name
    assert pieces(network) == 1
    assert len(places) >= 4
    assert (places.capacity > 0).all()
    assert (places.step_free_capacity > 0).all()
    assert np.array_equal(network.lon[places.node], places.lon)
    assert len(made.bridges) >= 3
    assert set(made.bridges) <= set(network.link_id.tolist())
    assert network.geometry(0).shape[0] >= 2
    ends = network.geometry_ptr
    assert np.allclose(network.geometry_lon[ends[:-1]], network.lon[network.from_node])
    assert np.allclose(network.geometry_lat[ends[1:] - 1], network.lat[network.to_node])


@pytest.mark.parametrize("name", ALL)
def test_quick_and_the_same(name: str) -> None:
    """A world is made in under 3 s of the processor, the same each time, and kept in memory."""
    first = world(name)
    begin = time.process_time()
    again = world.__wrapped__(name)
    assert time.process_time() - begin < 3
    assert again.network.equals(first.network)
    assert again.shelters.equals(first.shelters)
    assert world(name) is first


def test_unknown_world() -> None:
    """A name that is none is refused with those that are."""
    with pytest.raises(InputError, match="world is 'atlantis', expected one of lagoon_large, "):
        world("atlantis")


def test_weights() -> None:
    """People live on calli, squares and quays; crowds take their share near their middles."""
    made = world("district")
    base = made.weights()
    assert base.sum() == pytest.approx(1)
    assert base[made.network.kind == KINDS.index("bridge")].max() == 0
    node = int(made.network.from_node[np.argmax(base)])
    crowded = made.weights(crowds=np.array([node]), share=0.5, radius=40.0)
    assert crowded.sum() == pytest.approx(1)
    near = (made.network.from_node == node) | (made.network.to_node == node)
    assert crowded[near].sum() > 5 * base[near].sum()


def test_river_has_few_bridges() -> None:
    """Without its bridges a grid city falls into its two banks; every second one has steps."""
    network, _ = make_grid_city(3, columns=20, rows=16, bridges=4)
    bridge = network.kind == KINDS.index("bridge")
    assert bridge.sum() == 8
    assert sorted((network.steps[bridge] > 0).tolist()) == [False] * 4 + [True] * 4
    assert pieces(network) == 1
    assert pieces(network, ~bridge) == 2


def test_alleys_are_narrow() -> None:
    """Half of the alleys of a grid city are narrower than 2.5 m, none is under 1 m."""
    network, _ = make_grid_city(3)
    alley = network.kind == KINDS.index("calle")
    assert np.median(network.width[alley]) < 2.5
    assert network.width.min() >= 1.0
    assert {"calle", "square", "quay", "bridge"} == {KINDS[k] for k in np.unique(network.kind)}


def test_grid_city_refuses() -> None:
    """All parameters out of their range are named at once."""
    with pytest.raises(NetworkError, match=r"4 faults(.|\n)*columns is 5, expected 8 to 100"):
        make_grid_city(0, columns=5, rows=400, spacing=1.0, bridges=0)


def test_cut() -> None:
    """A part keeps the links between its nodes, with their ids, lines and figures."""
    network = grid(6, 6, seed=1)
    keep = middle_nodes(network, 16)
    assert 4 <= keep.sum() <= 16
    part, index = cut(network, keep)
    assert pieces(part) == 1
    assert part.node_id.tolist() == network.node_id[keep].tolist()
    inside = keep[network.from_node] & keep[network.to_node]
    assert part.link_id.tolist() == network.link_id[inside].tolist()
    for new, old in enumerate(np.flatnonzero(inside)):
        assert np.array_equal(part.geometry(new), network.geometry(int(old)))
        assert part.length[new] == network.length[old]
        assert part.from_node[new] == index[network.from_node[old]]
