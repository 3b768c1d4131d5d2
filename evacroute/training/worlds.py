"""Networks that scenarios are drawn on: made here, to train on or unseen to judge by, or given."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import lru_cache, partial
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import InputError
from evacroute.load.build import build_network
from evacroute.load.lagoon import draw_lagoon
from evacroute.network import KINDS, Network
from evacroute.shelters import Shelters
from evacroute.training.cutting import cut, middle_nodes
from evacroute.training.grid_city import make_grid_city
from evacroute.training.own_worlds import is_own, read_own, short_name
from evacroute.units import to_metres

PER_METRE = MappingProxyType({"calle": 1.0, "square": 1.2, "quay": 0.8})
"""Share of the people that a metre of street has, by kind, as in the lagoon sample; others none."""


@dataclass(frozen=True, slots=True, eq=False)
class World:
    """A network with all the places that may serve as shelters.

    Parameters
    ----------
    name
        By which `world` finds it.
    network
        The streets.
    shelters
        All places; a scenario opens some of them, and scales their room.
    """

    name: str
    network: Network
    shelters: Shelters

    def weights(
        self, *, crowds: NDArray[np.int64] | None = None, share: float = 0.0, radius: float = 140.0
    ) -> NDArray[np.float64]:
        """Share of the people on each link, shape (n_links,); their sum is 1.

        Parameters
        ----------
        crowds
            Nodes round which people crowd; none by default.
        share
            Share of the people who stand in those crowds, 0 to 1.
        radius
            Deviation of their distance from the middle of the crowd [m].
        """
        network = self.network
        per_metre = np.array([PER_METRE.get(kind, 0.0) for kind in KINDS])
        base = per_metre[network.kind] * network.length
        base = base / base.sum()
        if crowds is None or not len(crowds):
            return np.asarray(base)
        x, y = to_metres(network.lon, network.lat, network.origin)
        x, y = ((v[network.from_node] + v[network.to_node]) / 2 for v in (x, y))
        weights = (1 - share) * base
        for node in crowds:
            cx, cy = to_metres(network.lon[node], network.lat[node], network.origin)
            near = base * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * radius**2))
            # A crowd in a place where nobody lives is spread over everyone.
            part = near / near.sum() if near.sum() > 0 else base
            weights = weights + share / len(crowds) * part
        return np.asarray(weights)

    @property
    def bridges(self) -> list[str]:
        """Ids of the bridges' links, one a bridge, in the order of the network."""
        network = self.network
        names, met = [], set()
        for i in np.flatnonzero(network.kind == KINDS.index("bridge")):
            name, ends = (
                str(network.link_id[i]),
                (int(network.from_node[i]), int(network.to_node[i])),
            )
            # Its other direction, whatever that is called where the city is given.
            back = (*reversed(ends), float(network.length[i]))
            if not name.endswith("-r") and back not in met:
                met.add((*ends, float(network.length[i])))
                names.append(name)
        return names

    def __repr__(self) -> str:
        return f"World({self.name!r}, {self.network}, {len(self.shelters)} places)"


def _lagoon(seed: int, islands: int, bridges: int, street_km: float) -> tuple[Network, Shelters]:
    drawn = draw_lagoon(seed, islands=islands, bridges=bridges, street_km=street_km)
    network, places = build_network(drawn.streets), drawn.places
    node = network.node_positions(drawn.node_id[place.node] for place in places)
    return network, Shelters(
        shelter_id=np.array([f"L{i:02d}" for i in range(len(places))], dtype=object),
        name=np.array([place.name for place in places], dtype=object),
        node=node,
        lon=network.lon[node],
        lat=network.lat[node],
        capacity=np.array([place.capacity for place in places]),
        step_free_capacity=np.array([place.step_free_capacity for place in places]),
        intake_rate=np.array([place.intake_rate for place in places]),
        kind=np.array([place.kind for place in places], dtype=object),
    )


def _district(
    nodes: int, seed: int, islands: int, bridges: int, street_km: float
) -> tuple[Network, Shelters]:
    """Cut out the middle of a lagoon city, with the places there."""
    network, shelters = _lagoon(seed, islands, bridges, street_km)
    part, index = cut(network, middle_nodes(network, nodes))
    return part, take_shelters(shelters, index[shelters.node] >= 0, index)


def take_shelters(
    shelters: Shelters, some: NDArray[np.bool_], index: NDArray[np.int64] | None = None
) -> Shelters:
    """Take some shelters; `index` says where each node went, where the network was cut."""
    node = shelters.node[some]
    return replace(
        shelters,
        shelter_id=shelters.shelter_id[some],
        name=shelters.name[some],
        node=(node if index is None else index[node]).astype(np.int32),
        lon=shelters.lon[some],
        lat=shelters.lat[some],
        capacity=shelters.capacity[some],
        step_free_capacity=shelters.step_free_capacity[some],
        intake_rate=shelters.intake_rate[some],
        kind=shelters.kind[some],
        report=None,
    )


_Maker = Callable[[], tuple[Network, Shelters]]

_TRAINING: Mapping[str, _Maker] = {
    "lagoon_large": partial(_lagoon, 101, 120, 430, 120.0),
    "lagoon_middle": partial(_lagoon, 102, 90, 250, 80.0),
    "lagoon_small": partial(_lagoon, 103, 60, 130, 50.0),
    "district": partial(_district, 2000, 204, 100, 300, 70.0),
    "grid": partial(make_grid_city, 104, columns=40, rows=30, spacing=42.0, bridges=4),
}
_UNSEEN: Mapping[str, _Maker] = {
    "unseen_lagoon": partial(_lagoon, 201, 100, 330, 100.0),
    "unseen_district": partial(_district, 1500, 105, 100, 300, 90.0),
    "unseen_grid": partial(make_grid_city, 203, columns=32, rows=44, spacing=50.0, bridges=3),
}

TRAINING = tuple(_TRAINING)
"""Names of the worlds to train on."""

UNSEEN = tuple(_UNSEEN)
"""Names of the worlds that no training sees: what is learned is judged there."""


@lru_cache(maxsize=len(_TRAINING) + len(_UNSEEN))
def world(name: str) -> World:
    """Make or read a world, or take it from memory if this process has had it before.

    Parameters
    ----------
    name
        One of `TRAINING` or `UNSEEN`, or the absolute path of an instance folder.

    Raises
    ------
    InputError
        If there is no such world, or scenarios cannot be drawn on it.

    Examples
    --------
    >>> world("grid").name
    'grid'
    """
    if is_own(name):
        network, shelters = read_own(name)
        return World(short_name(name), network, take_shelters(shelters, shelters.capacity > 0))
    makers = {**_TRAINING, **_UNSEEN}
    if name not in makers:
        raise InputError(f"world is {name!r}, expected one of {', '.join(makers)}")
    network, shelters = makers[name]()
    return World(name, network, shelters)
