"""Tiny networks for tests: all near Venice, every street walkable both ways unless said."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from evacroute.network import KINDS, Network
from evacroute.units import EARTH_RADIUS

ORIGIN = (12.334, 45.437)
"""(lon, lat) of x = y = 0 [degrees]."""


def degrees(x: Any, y: Any) -> tuple[np.ndarray, np.ndarray]:
    """Longitude and latitude of metres east and north of `ORIGIN`."""
    k = math.radians(1.0) * EARTH_RADIUS
    lon = ORIGIN[0] + np.asarray(x, dtype=float) / (k * math.cos(math.radians(ORIGIN[1])))
    return lon, ORIGIN[1] + np.asarray(y, dtype=float) / k


def _spread(value: Any, default: Any, n: int) -> np.ndarray:
    """One value for all, a sequence, or {edge: value} over the default, as an array."""
    if isinstance(value, Mapping):
        array = np.broadcast_to(np.asarray(default), (n,)).copy()
        for i, one in value.items():
            array[i] = one
        return array
    return np.broadcast_to(np.asarray(default if value is None else value), (n,)).copy()


def from_edges(
    xy: Sequence[tuple[float, float]],
    edges: Sequence[tuple[int, int]],
    *,
    length: Any = None,
    width: Any = 3.0,
    capacity: Any = 4.0,
    steps: Any = None,
    kind: Any = None,
    wheelchair: Any = None,
    bends: Mapping[int, Sequence[tuple[float, float]]] | None = None,
    one_way: Iterable[int] = (),
    node_id: Sequence[str] | None = None,
) -> Network:
    """Network of straight streets between points given in metres.

    Parameters
    ----------
    xy
        Nodes [m].
    edges
        Streets as pairs of node positions; street i becomes links "Li" and "Li-r".
    length, width, capacity, steps, kind, wheelchair
        One value for all streets, a sequence, or a dictionary by street; length defaults to the
        drawn length, kind to "bridge" where there are steps and "calle" elsewhere.
    bends
        Points between the ends of a street [m], by street.
    one_way
        Streets that have no reverse link.
    node_id
        Ids of the nodes; "N0", "N1", ... by default.
    """
    n = len(edges)
    points = [[xy[a], *(bends or {}).get(i, ()), xy[b]] for i, (a, b) in enumerate(edges)]
    drawn = [sum(math.dist(p, q) for p, q in itertools.pairwise(line)) for line in points]
    metres = _spread(length, drawn, n)
    step = _spread(steps, 0, n)
    words = _spread(kind, np.array([""] * n, dtype=object), n).tolist()
    words = [w or ("bridge" if s > 0 else "calle") for w, s in zip(words, step, strict=True)]
    single = set(one_way)
    order = [(i, False) for i in range(n)] + [(i, True) for i in range(n) if i not in single]
    order.sort(key=lambda link: link)
    street = np.array([i for i, _ in order], dtype=int)
    reverse = np.array([r for _, r in order], dtype=bool)
    ends = np.array(edges, dtype=np.int32).reshape(n, 2)[street]
    lines = [np.array(points[i][::-1] if r else points[i], dtype=float) for i, r in order]
    x, y = np.array(xy, dtype=float).T
    lon, lat = degrees(x, y)
    all_points = np.concatenate(lines)
    geometry_lon, geometry_lat = degrees(all_points[:, 0], all_points[:, 1])
    m = len(order)
    return Network(
        node_id=np.array(node_id or [f"N{i}" for i in range(len(xy))], dtype=object),
        lon=lon,
        lat=lat,
        link_id=np.array([f"L{i}" + "-r" * r for i, r in order], dtype=object),
        from_node=np.where(reverse, ends[:, 1], ends[:, 0]),
        to_node=np.where(reverse, ends[:, 0], ends[:, 1]),
        length=metres[street],
        width=_spread(width, 3.0, n)[street],
        steps=step[street],
        capacity=_spread(capacity, 4.0, n)[street],
        kind=np.array([KINDS.index(w) for w in words])[street],
        name=np.array([""] * m, dtype=object),
        elevation=np.full(m, np.nan),
        wheelchair=_spread(wheelchair, 0, n)[street],
        surface=np.array([""] * m, dtype=object),
        incline=np.full(m, np.nan),
        width_assumed=np.zeros(m, dtype=bool),
        capacity_assumed=np.zeros(m, dtype=bool),
        geometry_ptr=np.r_[0, np.cumsum([len(line) for line in lines])],
        geometry_lon=geometry_lon,
        geometry_lat=geometry_lat,
    )


def corridor(
    n_links: int = 3,
    length: float = 100.0,
    *,
    width: float = 3.0,
    capacity: float = 4.0,
    steps_at: Iterable[int] = (),
) -> Network:
    """A straight way of `n_links` streets of `length` [m]; those in `steps_at` have steps."""
    return from_edges(
        [(i * length, 0.0) for i in range(n_links + 1)],
        [(i, i + 1) for i in range(n_links)],
        width=width,
        capacity=capacity,
        steps=dict.fromkeys(steps_at, 20),
    )


def diamond(
    *,
    upper: float = 100.0,
    lower: float = 150.0,
    upper_capacity: float = 1.0,
    lower_capacity: float = 4.0,
    upper_steps: bool = False,
) -> Network:
    """Two ways from N0 to N3: by N1 (two streets of `upper` m) and by N2 (two of `lower` m)."""
    steps = 20 if upper_steps else 0
    return from_edges(
        [(0.0, 0.0), (50.0, 50.0), (50.0, -50.0), (100.0, 0.0)],
        [(0, 1), (1, 3), (0, 2), (2, 3)],
        length=[upper, upper, lower, lower],
        capacity=[upper_capacity, upper_capacity, lower_capacity, lower_capacity],
        steps=[steps, steps, 0, 0],
    )


def two_exit_hall(
    *,
    left: float = 50.0,
    right: float = 80.0,
    left_capacity: float = 1.0,
    right_capacity: float = 2.0,
) -> Network:
    """A hall N0 with a way of `left` m to exit N1 and one of `right` m to exit N2."""
    return from_edges(
        [(0.0, 0.0), (-left, 0.0), (right, 0.0)],
        [(0, 1), (0, 2)],
        capacity=[left_capacity, right_capacity],
    )


def grid(
    columns: int = 5,
    rows: int = 5,
    *,
    spacing: float = 60.0,
    seed: int = 0,
    steps_share: float = 0.2,
    missing_share: float = 0.1,
) -> Network:
    """A connected grid with uneven corners, lengths, widths and capacities.

    A share of the streets has steps; of those not needed to hold it together a share is missing.
    """
    rng = np.random.default_rng(seed)
    shake = rng.uniform(-0.25, 0.25, (columns * rows, 2)) * spacing
    places = [(c * spacing, r * spacing) for r in range(rows) for c in range(columns)]
    xy = [(x + dx, y + dy) for (x, y), (dx, dy) in zip(places, shake, strict=True)]
    edges = []
    for r in range(rows):
        for c in range(columns):
            here = r * columns + c
            # The first column and all rows stay, so that the grid is connected.
            if c + 1 < columns:
                edges.append((here, here + 1))
            if r + 1 < rows and (c == 0 or rng.random() >= missing_share):
                edges.append((here, here + columns))
    n = len(edges)
    width = rng.uniform(1.0, 6.0, n)
    return from_edges(
        xy,
        edges,
        width=width,
        capacity=np.maximum(width - 0.4, 0.3) * 1.3,
        steps=np.where(rng.random(n) < steps_share, 20, 0),
    )
