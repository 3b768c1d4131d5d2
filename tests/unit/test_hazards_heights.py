"""Heights of streets: the model keeps to its curve, and nothing modelled goes unflagged."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import from_edges

from evacroute.errors import HazardError
from evacroute.hazards.height_model import lower_ends, venice_curve
from evacroute.hazards.heights import Heights, walkable_ground
from evacroute.load.read import read_network
from evacroute.load.samples import lagoon_network
from evacroute.network import KINDS, Network


def table(shared: Path) -> list[tuple[float, float]]:
    rows = pd.read_csv(shared / "data" / "venice" / "flooded_share_by_tide.csv")
    return [(tide / 100, share / 100) for tide, share in rows.to_numpy(float)]


def worst(network: Network, heights: Heights, curve: list[tuple[float, float]]) -> float:
    """Largest difference to the curve, reckoned from length, width and height alone."""
    ground = np.where(network.kind == KINDS.index("ferry"), 0, network.length * network.width)
    shares = [ground[heights.height_m < tide].sum() / ground.sum() for tide, _ in curve]
    return max(abs(found - share) for found, (_, share) in zip(shares, curve, strict=True))


@pytest.mark.shared
def test_real_venice_is_flooded_as_the_curve_says(shared: Path) -> None:
    """On the streets of Venice each tide floods the share of the ground that the city gives."""
    network = read_network(shared / "data" / "venice" / "venice_segments.geojson.gz")
    curve = table(shared)
    assert len(curve) == 12
    heights = Heights.of_network(network)
    assert heights.modelled.all()
    assert worst(network, heights, curve) < 0.02


def test_the_curve_shipped_is_the_citys(shared: Path) -> None:
    """data/flood holds the figures of the city, and two assumed ends."""
    assert np.array(venice_curve())[1:-1] == pytest.approx(np.array(table(shared)))


@pytest.mark.parametrize("seed", [0, 1, 2])
def test_the_lagoon_is_flooded_as_the_curve_says(seed: int) -> None:
    """On the lagoon too, for any seed; another seed floods other streets."""
    network = lagoon_network()
    heights = Heights.model(network, seed=seed)
    assert worst(network, heights, list(venice_curve())) < 0.02
    assert heights.equals(Heights.model(network, seed=seed))
    assert not heights.equals(Heights.model(network, seed=seed + 1))
    assert np.isfinite(heights.height_m).all()


def test_another_curve_is_kept_to() -> None:
    """A curve that is given counts instead of Venice's."""
    network = lagoon_network()
    curve = [(0.5, 0.0), (1.0, 0.5), (3.0, 1.0)]
    assert worst(network, Heights.model(network, curve=curve), curve) < 0.02


def test_neighbours_lie_alike() -> None:
    """Modelled heights are smooth: streets that meet differ much less than streets far apart."""
    network = lagoon_network()
    height = Heights.model(network).height_m
    at = np.full(network.n_nodes, -1)
    at[network.from_node] = np.arange(network.n_links)
    meets = at[network.to_node]
    near = np.abs(height - height[meets])[meets >= 0].mean()
    far = np.abs(height - np.random.default_rng(0).permutation(height)).mean()
    assert near < far / 4


def test_both_directions_lie_equally_high() -> None:
    """A street is as high one way as the other, modelled or not."""
    network = lagoon_network()
    height = Heights.model(network).height_m
    forth = pd.DataFrame({"a": network.from_node, "b": network.to_node, "l": network.length})
    forth["h"] = height
    back = forth.rename(columns={"a": "b", "b": "a"})
    both = forth.merge(back, on=["a", "b", "l"])
    assert len(both) >= network.n_links
    assert (both["h_x"] == both["h_y"]).all()


def test_a_bridge_lies_as_its_lower_end() -> None:
    """One must wade to a bridge: it is as low as the lowest street at either end, run by run."""
    xy = [(0, 0), (100, 0), (110, 0), (120, 0), (220, 0)]
    network = from_edges(xy, [(0, 1), (1, 2), (2, 3), (3, 4)], steps=[0, 9, 9, 0])
    given = np.array([1.5, 1.5, 3.0, 3.0, np.nan, np.nan, 1.2, 1.2])
    assert lower_ends(network, given).tolist() == [1.5, 1.5, 1.2, 1.2, 1.2, 1.2, 1.2, 1.2]


def test_the_column_counts_and_the_rest_is_flagged() -> None:
    """Known heights are kept, the others modelled, flagged, counted and noted."""
    network = lagoon_network()
    known = np.arange(network.n_links) < 5000
    half = replace(network, elevation=np.where(known, network.elevation, np.nan))
    heights = Heights.of_network(half)
    assert (heights.height_m[known] == network.elevation[known]).all()
    assert not heights.modelled[known].any()
    bridge = network.kind == KINDS.index("bridge")
    assert heights.modelled[~known & ~bridge].all()
    assert "MODELLED" in repr(heights)
    assert heights.report is not None
    assert any("modelled" in note for note in heights.report.notes)
    ground = walkable_ground(network)
    share = ground[heights.modelled].sum() / ground.sum()
    assert heights.modelled_share(half) == pytest.approx(share)
    whole = Heights.of_network(network)
    assert whole.modelled_share(network) == 0
    assert whole.report is not None
    assert not whole.report.notes
    assert "MODELLED" not in repr(whole)


def test_ferries_have_no_height() -> None:
    """No tide floods a ferry, and it is no walkable ground."""
    network = from_edges([(0, 0), (50, 0), (99, 0)], [(0, 1), (1, 2)], kind=["calle", "ferry"])
    heights = Heights.model(network)
    assert np.isnan(heights.height_m).tolist() == [False, False, True, True]
    assert heights.flooded_share(network, 4.0) == 1


@pytest.mark.parametrize(
    "curve",
    [
        [(1.0, 0.0)], [(1.0, 0.0), (0.9, 1.0)], [(1.0, 0.5), (2.0, 0.4)], [(1.0, 0.1), (2.0, 1.0)],
        [(1.0, 0.0), (2.0, 0.9)], [(1.0, 0.0), (np.nan, 1.0)], [1.0, 2.0],
    ],
)  # fmt: skip
def test_a_curve_rises_from_0_to_1(curve: list[tuple[float, float]]) -> None:
    """Anything else is no curve of the flooded share."""
    with pytest.raises(HazardError, match="curve"):
        Heights.model(lagoon_network(), curve=curve)


def test_heights_fit_one_network() -> None:
    """Heights of another network, or with holes, are refused; so is a correlation of 0."""
    network = from_edges([(0, 0), (50, 0)], [(0, 1)])
    with pytest.raises(HazardError, match="heights are of 1 links, the network has 2"):
        Heights(np.ones(1), np.zeros(1)).check_fits(network)
    with pytest.raises(HazardError, match="link L0-r: no height"):
        Heights(np.array([1, np.nan]), np.zeros(2)).check_fits(network)
    with pytest.raises(HazardError, match="link 1: height is inf"):
        Heights(np.array([1, np.inf]), np.zeros(2))
    with pytest.raises(HazardError, match="correlation"):
        Heights.model(network, correlation=0)
