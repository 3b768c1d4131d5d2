"""A made-up city of another kind: a dense grid of narrow alleys, squares, a river, few bridges."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults, NetworkError
from evacroute.load.build import RawStreets, build_network
from evacroute.load.lagoon import ORIGIN
from evacroute.network import Network
from evacroute.shelters import Shelters
from evacroute.units import EARTH_RADIUS

WIDEST_RIVER = 60.0
"""Length of a bridge over the river at most [m]."""

LARGEST = 1e9
"""No piece has so much to walk [m], so that the largest alone is kept."""

NOTE = "synthetic: a made-up grid city drawn by evacroute.training.grid_city; no real town"
"""What every report about such a city says."""


@dataclass(frozen=True, slots=True)
class Plot:
    """What a grid city is drawn from: corners by column and row, the river under a row."""

    columns: int
    rows: int
    bank: int
    squares: NDArray[np.int64]


def make_grid_city(
    seed: int, *, columns: int = 40, rows: int = 30, spacing: float = 42.0, bridges: int = 4
) -> tuple[Network, Shelters]:
    """Draw a grid city.

    Corners stand unevenly on a grid. Alleys of 1 to 4 m join them, of which a tenth is missing and
    every eighth row or column is a street of 5 m. A river crosses from side to side between two
    quays; only the bridges join its banks, every second one with steps. Heights are not said.

    Parameters
    ----------
    seed
        The same seed draws the same city.
    columns, rows
        Corners from west to east and from south to north, 8 to 100.
    spacing
        From corner to corner [m], 15 to 200.
    bridges
        Over the river, 1 to `columns`.

    Returns
    -------
    tuple
        The streets; squares and ways out at the edge as shelters.

    Raises
    ------
    NetworkError
        If a parameter is out of its range.
    """
    faults = Faults("make_grid_city")
    for name, value in (("columns", columns), ("rows", rows)):
        if not 8 <= value <= 100:
            faults.add(f"{name} is {value}, expected 8 to 100")
    if not 15 <= spacing <= 200:
        faults.add(f"spacing is {spacing} m, expected 15 to 200")
    if not 1 <= bridges <= columns:
        faults.add(f"bridges is {bridges}, expected 1 to {columns}")
    faults.raise_if_any(NetworkError)
    chance = np.random.default_rng(seed)
    n_squares = max(4, columns * rows // 90)
    squares = np.sort(chance.choice(columns * rows, n_squares, replace=False))
    plot = Plot(columns, rows, int(chance.integers(rows // 3, 2 * rows // 3)), squares)
    lon, lat = _corners(chance, plot, spacing)
    raw = _streets(chance, plot, lon, lat, bridges)
    network = build_network(raw, min_component=LARGEST)
    return network, _shelters(chance, plot, network)


def _corners(
    chance: np.random.Generator, plot: Plot, spacing: float
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Positions of the corners [degrees], row by row; the river lies north of its bank."""
    column, row = np.meshgrid(np.arange(plot.columns), np.arange(plot.rows))
    shake = chance.uniform(-0.2, 0.2, (2, plot.rows, plot.columns)) * spacing
    x = (column - plot.columns / 2) * spacing + shake[0]
    river = chance.uniform(0.5, 1.0) * WIDEST_RIVER
    bend = 0.4 * spacing * np.sin(column / plot.columns * 2 * math.pi)
    y = (row - plot.rows / 2) * spacing + shake[1] + bend + np.where(row > plot.bank, river, 0.0)
    degree = math.radians(1.0) * EARTH_RADIUS
    lon = ORIGIN[0] + x.ravel() / (degree * math.cos(math.radians(ORIGIN[1])))
    return np.round(lon, 7), np.round(ORIGIN[1] + y.ravel() / degree, 7)


def _streets(
    chance: np.random.Generator,
    plot: Plot,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    bridges: int,
) -> RawStreets:
    """Streets from each corner to the next east and the next north."""
    raw = RawStreets("grid city")
    raw.report.notes.append(NOTE)
    square = np.isin(np.arange(plot.columns * plot.rows), plot.squares)
    crossing = sorted(chance.choice(plot.columns, bridges, replace=False).tolist())
    for here in range(plot.columns * plot.rows):
        row, column = divmod(here, plot.columns)
        for north, there in ((False, here + 1), (True, here + plot.columns)):
            if (row if north else column) + 1 >= (plot.rows if north else plot.columns):
                continue
            over = north and row == plot.bank
            quay = not north and row in (plot.bank, plot.bank + 1)
            # Drawn for every street, so that what is left out moves nothing else.
            width, missing = chance.lognormal(0.7, 0.35), chance.random()
            if (over and column not in crossing) or (missing < 0.1 and not (over or quay)):
                continue
            kind, steps = "calle", 0
            if over:
                kind, width, steps = "bridge", 1.4 * width, 18 * (crossing.index(column) % 2)
            elif quay:
                kind, width = "quay", 1.8 * width
            elif square[here] or square[there]:
                kind, width = "square", 2.5 * width
            elif (column if north else row) % 8 == 4:
                width = 5.0
            raw.add(
                f"{here}{'n' if north else 'e'}",
                [(lon[here], lat[here]), (lon[there], lat[there])],
                kind=kind, name=f"Bridge {column}" if over else "",
                width=round(min(max(width, 1.0), 8.0), 2), steps=steps,
                from_id=str(here), to_id=str(there),
            )  # fmt: skip
    return raw


def _shelters(chance: np.random.Generator, plot: Plot, network: Network) -> Shelters:
    """Squares, and a way out in the middle of each side, where their corners were kept."""
    sides = (
        plot.columns // 2,
        (plot.rows - 1) * plot.columns + plot.columns // 2,
        (plot.rows // 4) * plot.columns,
        (plot.rows - plot.rows // 4) * plot.columns - 1,
    )
    known = set(network.node_id.tolist())
    named = [(str(i), "square") for i in plot.squares] + [(str(i), "exit") for i in sides]
    places = dict(sorted((name, kind) for name, kind in named if name in known))
    n = len(places)
    node = network.node_positions(places)
    is_exit = np.array([kind == "exit" for kind in places.values()])
    room = np.where(is_exit, 2000, chance.integers(4, 16, n) * 50)
    return Shelters(
        shelter_id=np.array([f"S{i:02d}" for i in range(n)], dtype=object),
        name=np.array([f"{kind} {name}" for name, kind in places.items()], dtype=object),
        node=node,
        lon=network.lon[node],
        lat=network.lat[node],
        capacity=room.astype(np.int64),
        step_free_capacity=np.ceil(room * 0.05).astype(np.int64),
        intake_rate=np.where(is_exit, 12.0, 4.0 + room // 400),
        kind=np.array(list(places.values()), dtype=object),
    )
