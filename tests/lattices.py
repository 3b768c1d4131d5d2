"""A lattice city cut by canals, on the grid of 60 s steps: large enough to jam, small to solve."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from networks import from_edges
from scenes import doors, ids, paces

from evacroute.people import Groups
from evacroute.scenario import Scenario

STEP = 60.0
ONE_PACE = [(1.0, 1.0)]
FOUR_PACES = [(1.0, 1.0), (0.5, 0.5), (1 / 3, 1 / 3), (0.25, 0.0)]
"""Speeds [m/s] at which a street of 60 m takes one to four steps; the last cannot use steps."""


def lattice(
    columns: int = 50,
    rows: int = 30,
    *,
    persons: int = 16_000,
    homes: int = 600,
    shelters: int = 8,
    classes: list[tuple[float, float]] = ONE_PACE,
    deadline: float = 5400.0,
    seed: int = 0,
) -> Scenario:
    """Streets of 60 m, canals every ten corners with a bridge at every fifth, half with steps.

    A tenth more places than people, in shelters of uneven size.

    Parameters
    ----------
    columns, rows
        Corners of the lattice.
    persons, homes
        People, and the corners where they are.
    shelters
        How many.
    classes
        Speeds on the level and on steps [m/s]; people are spread over them.
    deadline
        [s].
    seed
        Of everything drawn.
    """
    rng = np.random.default_rng(seed)
    edges, capacity, steps = [], [], []
    for r in range(rows):
        for c in range(columns):
            for across, (dc, dr) in ((c, (1, 0)), (r, (0, 1))):
                if c + dc >= columns or r + dr >= rows:
                    continue
                canal = across % 10 == 9
                along = r if dc else c
                if canal and along % 5 != 2:
                    continue
                edges.append((r * columns + c, (r + dr) * columns + c + dc))
                capacity.append(0.5 if canal else rng.choice([1.0, 2.0, 3.0]))
                steps.append(20 if canal and (along // 5) % 2 else 0)
    network = from_edges(
        [(60.0 * c, 60.0 * r) for r in range(rows) for c in range(columns)],
        edges,
        length=60.0,
        capacity=capacity,
        steps=steps,
    )
    # Of the drawn points the rounding is not wanted: every street takes whole steps.
    network = replace(network, length=np.full(network.n_links, 60.0))
    n = columns * rows
    home = rng.choice(n, homes, replace=False)
    class_ = rng.integers(len(classes), size=homes)
    share = rng.gamma(2.0, size=homes)
    size = 1 + rng.multinomial(persons - homes, share / share.sum())
    groups = Groups(
        ids("G", homes),
        home,
        class_,
        60.0 * rng.integers(6, size=homes),
        size,
        np.zeros(homes, bool),
    )
    weight = rng.gamma(2.0, size=shelters) + 0.5
    room = np.ceil(1.1 * persons * weight / weight.sum()).astype(int)
    place = rng.choice(n, shelters, replace=False)
    return Scenario(
        network,
        groups,
        doors(network, *zip(place.tolist(), room.tolist(), strict=True)),
        classes=paces(*classes),
        deadline=deadline,
    )
