"""Hazards of any kind: factors from 0 to 1, more fire never helps, several multiply."""

from __future__ import annotations

import dataclasses
import pickle

import numpy as np
import pytest
from conftest import drawn
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from networks import degrees, grid
from scenes import paces, scene

import evacroute as er
from evacroute.hazards import LinkTimes
from evacroute.hazards.ground import polygons_of_geometry, sample

NETWORK = grid(7, 7, seed=5)
CLASSES = paces((1.0, 0.5), (0.8, 0.0))
UNTIL = 3600.0
SIDE = 360.0


def factors(times: LinkTimes) -> np.ndarray:
    """Factors every minute, shape (minutes, classes, links)."""
    profile = times.profile(len(CLASSES), UNTIL)
    return np.stack([profile.at(t, NETWORK.n_links) for t in np.arange(0, UNTIL, 60)])


seats = st.tuples(st.floats(-100, SIDE + 100), st.floats(-100, SIDE + 100), st.floats(0, 3000)).map(
    lambda s: (*map(float, degrees(s[0], s[1])), s[2])
)
laws = st.builds(
    er.FireLaw,
    rate=st.floats(0, 30),
    heat_margin=st.floats(0, 40),
    smoke_reach=st.floats(0, 150),
    extinction=st.floats(0, 20),
    max_radius=st.floats(0, 500),
)
winds = st.none() | st.tuples(st.floats(0, 25), st.floats(0, 360))
link_ids = st.sampled_from(NETWORK.link_id.tolist())
closure_rows = st.builds(
    lambda link, begin, span, factor, class_id: {
        "link_id": link, "from": begin, "to": begin + span, "speed_factor": factor,
        "class_id": class_id,
    },
    link_ids, st.integers(0, 50).map(lambda m: 60 * m), st.integers(1, 30).map(lambda m: 60 * m),
    st.floats(0, 1), st.sampled_from(["*", "c0", "c1"]),
)  # fmt: skip
closures = st.lists(closure_rows, min_size=1, max_size=12).map(er.Closures)
quakes = st.builds(
    er.Earthquake, seed=st.integers(0, 1000), intensity=st.sampled_from(["VII", "IX", "X"])
)
fires = st.builds(
    lambda places, law, wind: er.Fire(places, law=law, wind=wind),
    st.lists(seats, min_size=1, max_size=3), laws, winds,
)  # fmt: skip
hazards = st.one_of(closures, quakes, fires)


@settings(max_examples=drawn(60))
@given(hazards)
def test_factors_are_from_0_to_1(hazard: er.Hazard) -> None:
    """Factors lie from 0 to 1, and a copy for another process gives the same rows."""
    times = hazard.link_times(NETWORK, CLASSES, UNTIL)
    assert ((times.speed_factor >= 0) & (times.speed_factor <= 1)).all()
    assert times.equals(pickle.loads(pickle.dumps(hazard)).link_times(NETWORK, CLASSES, UNTIL))


@settings(max_examples=drawn(60))
@given(seats, laws, winds, st.floats(0, 20), st.floats(0, 50), st.floats(0, 5), seats)
def test_a_bigger_fire_never_opens_or_quickens_a_link(
    seat: tuple[float, ...],
    law: er.FireLaw,
    wind: tuple[float, float] | None,
    faster: float,
    wider: float,
    denser: float,
    another: tuple[float, ...],
) -> None:
    """More rate, margin, smoke, room to grow, wind or seats: no link is quicker at any time."""
    more = dataclasses.replace(
        law,
        rate=law.rate + faster,
        heat_margin=law.heat_margin + wider,
        extinction=law.extinction + denser,
        smoke_reach=law.smoke_reach + wider,
        max_radius=law.max_radius + 10 * wider,
    )
    small = factors(er.Fire([seat], law=law, wind=wind).link_times(NETWORK, CLASSES, UNTIL))
    stronger = None if wind is None else (wind[0] + faster, wind[1])
    for big in (
        er.Fire([seat], law=more, wind=wind),
        er.Fire([seat, another], law=law, wind=wind),
        er.Fire([seat], law=law, wind=stronger),
    ):
        assert (factors(big.link_times(NETWORK, CLASSES, UNTIL)) <= small + 1e-12).all()


@settings(max_examples=drawn(60))
@given(fires)
def test_fires_only_grow(fire: er.Fire) -> None:
    """Without an end of burning no link is ever quicker than before."""
    assert (np.diff(factors(fire.link_times(NETWORK, CLASSES, UNTIL)), axis=0) <= 1e-12).all()


@settings(max_examples=drawn(40))
@given(st.lists(hazards, min_size=2, max_size=3))
def test_several_hazards_multiply(several: list[er.Hazard]) -> None:
    """A scenario's factors are the product of those of its hazards, at every minute."""
    base = scene(NETWORK, [(0, 3)], [(8, 10)], classes=[(1.0, 0.5), (0.8, 0.0)], deadline=UNTIL)
    scenario = dataclasses.replace(base, hazard=several)
    product = np.prod([factors(h.link_times(NETWORK, CLASSES, UNTIL)) for h in several], axis=0)
    np.testing.assert_allclose(factors(scenario.link_times), product, atol=1e-12)


@settings(max_examples=drawn(40))
@given(st.lists(closure_rows, min_size=1, max_size=12))
def test_closures_are_the_least_of_their_rows(rows: list[dict[str, object]]) -> None:
    """A link's factor is the least of its rows for everyone x the least of those for the class."""
    found = factors(er.Closures(rows).link_times(NETWORK, CLASSES, UNTIL))
    expected = np.ones_like(found)
    for whom in ("*", "c0", "c1"):
        least = np.ones_like(found)
        for row in rows:
            if row["class_id"] != whom:
                continue
            name = str(row["link_id"]).removesuffix("-r")
            links = NETWORK.link_positions([name, f"{name}-r"])
            span = slice(int(row["from"]) // 60, int(row["to"]) // 60)  # type: ignore[call-overload]
            for link in links:
                least[span, :, link] = np.minimum(least[span, :, link], row["speed_factor"])
        chosen = slice(None) if whom == "*" else slice(int(whom[1]), int(whom[1]) + 1)
        expected[:, chosen] *= least[:, chosen]
    np.testing.assert_allclose(found, expected, atol=1e-12)


@settings(max_examples=drawn(40))
@given(st.integers(0, 10_000), st.sampled_from(["VI", "VII", "VIII", "IX"]))
def test_a_stronger_earthquake_blocks_what_a_weaker_does(seed: int, weak: str) -> None:
    """With the same seed all that is blocked at a degree is blocked at X."""
    one, other = er.Earthquake(seed, weak), er.Earthquake(seed, "X")
    assert (one.blocked(NETWORK) <= other.blocked(NETWORK)).all()


rings = st.lists(
    st.tuples(st.integers(-50, 410), st.integers(-50, 410)), min_size=3, max_size=9, unique=True
)


@settings(max_examples=drawn(80))
@given(st.lists(rings, min_size=1, max_size=3))
def test_polygons_cover_what_shapely_says(parts: list[list[tuple[int, int]]]) -> None:
    """Points of the streets lie inside one of several polygons exactly where shapely has them."""
    shapely = pytest.importorskip("shapely", reason="shapely is not installed")
    outlines = [[list(map(float, degrees(*xy))) for xy in ring] for ring in parts]
    valid = [(ring, shapely.Polygon(ring)) for ring in outlines]
    valid = [(ring, polygon) for ring, polygon in valid if polygon.is_valid and polygon.area > 0]
    assume(valid)
    geometry = {"type": "MultiPolygon", "coordinates": [[ring] for ring, _ in valid]}
    samples = sample(NETWORK)
    found = polygons_of_geometry(geometry).covers(samples)
    points = shapely.points(samples.lon, samples.lat)
    whole = shapely.union_all([polygon for _, polygon in valid])
    clear = shapely.distance(points, whole.boundary) > 1e-9
    np.testing.assert_array_equal(found[clear], shapely.contains(whole, points)[clear])
