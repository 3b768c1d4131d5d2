import numpy as np
from conftest import drawn
from hypothesis import given, settings
from hypothesis import strategies as st
from networks import degrees, from_edges, grid

from evacroute.load.snap import snap
from evacroute.network import FERRY
from evacroute.units import to_metres


def naive_snap(network, lon, lat, usable, max_distance):
    """Nearest usable link of one position, by trying every segment of every link."""
    x, y = to_metres([lon], [lat], network.origin)
    best = (np.inf, -1, 0.0)
    for link in np.flatnonzero(usable & (network.kind != FERRY)):
        line = network.geometry(link)
        px, py = to_metres(line[:, 0], line[:, 1], network.origin)
        pieces = np.hypot(np.diff(px), np.diff(py))
        for i, piece in enumerate(pieces):
            d = np.array([px[i + 1] - px[i], py[i + 1] - py[i]])
            t = 0.0
            if piece > 0:
                t = np.clip(((x[0] - px[i]) * d[0] + (y[0] - py[i]) * d[1]) / piece**2, 0, 1)
            away = np.hypot(x[0] - px[i] - t * d[0], y[0] - py[i] - t * d[1])
            if away < best[0] - 1e-9:
                gone = (pieces[:i].sum() + t * piece) / max(pieces.sum(), 1e-300)
                best = (away, link, gone * network.length[link])
    return best if best[0] <= max_distance else (np.inf, -1, 0.0)


place = st.tuples(st.integers(-300, 300), st.integers(-300, 300))


@st.composite
def networks_and_points(draw):
    xy = draw(st.lists(place, min_size=2, max_size=8, unique=True))
    nodes = st.integers(0, len(xy) - 1)
    edge = st.tuples(nodes, nodes).filter(lambda e: e[0] != e[1])
    edges = draw(st.lists(edge, min_size=1, max_size=10))
    bends = draw(
        st.dictionaries(st.integers(0, len(edges) - 1), st.lists(place, max_size=3), max_size=4)
    )
    ferries = draw(st.sets(st.integers(0, len(edges) - 1), max_size=2))
    network = from_edges(xy, edges, bends=bends, length=50.0, kind=dict.fromkeys(ferries, "ferry"))
    points = draw(st.lists(st.tuples(*[st.floats(-600, 600)] * 2), min_size=1, max_size=8))
    usable = np.array(
        draw(st.lists(st.booleans(), min_size=network.n_links, max_size=network.n_links))
    )
    limit = draw(st.sampled_from([20.0, 150.0, np.inf]))
    return network, np.array(points), usable, limit


@settings(max_examples=drawn(150))
@given(networks_and_points())
def test_snap_equals_brute_force(case):
    """The grid finds the same distance as trying every segment, and a link that has it."""
    network, points, usable, limit = case
    lon, lat = degrees(points[:, 0], points[:, 1])
    link, along, distance = snap(network, lon, lat, usable=usable, max_distance=limit)
    for i in range(len(points)):
        want, first, reached = naive_snap(network, lon[i], lat[i], usable, limit)
        if abs(want - limit) < 1e-6:
            continue
        assert (link[i] < 0) == (first < 0)
        if first < 0:
            continue
        assert abs(distance[i] - want) < 1e-6
        alone = np.arange(network.n_links) == link[i]
        assert usable[link[i]]
        assert abs(naive_snap(network, lon[i], lat[i], alone, np.inf)[0] - want) < 1e-6
        if link[i] == first:
            assert abs(along[i] - reached) < 1e-3


def test_snap_equals_brute_force_on_a_town():
    """On a grid town the answer for scattered points is that of brute force, link for link."""
    network = grid(9, 7, seed=3)
    rng = np.random.default_rng(1)
    lon, lat = degrees(rng.uniform(-80, 560, 200), rng.uniform(-80, 440, 200))
    link, along, distance = snap(network, lon, lat)
    usable = np.ones(network.n_links, bool)
    for i in range(200):
        want, first, reached = naive_snap(network, lon[i], lat[i], usable, 100.0)
        assert link[i] == first
        if first >= 0:
            assert abs(distance[i] - want) < 1e-6
            assert abs(along[i] - reached) < 1e-6


def test_snapping_is_independent_of_the_other_positions():
    """Each position's answer is its own, whatever the order."""
    network = grid(5, 5)
    rng = np.random.default_rng(0)
    lon, lat = degrees(rng.uniform(-50, 300, 300), rng.uniform(-50, 300, 300))
    whole = snap(network, lon, lat)
    order = rng.permutation(300)
    for first, second in zip(whole, snap(network, lon[order], lat[order]), strict=True):
        assert (first[order] == second).all()
