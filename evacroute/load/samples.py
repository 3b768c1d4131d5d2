"""Samples that ship with the library: the lagoon, a made-up city (``data/lagoon/README.md``)."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._data_dir import data_path
from evacroute.hazards import Hazard
from evacroute.load.gmns import read_gmns
from evacroute.load.lagoon import SYNTHETIC
from evacroute.load.shelters import read_shelters
from evacroute.load.synthesize import synthesize_people
from evacroute.network import KINDS, Network
from evacroute.people import People
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters
from evacroute.units import to_metres


def lagoon(
    people: int = 50_000,
    *,
    seed: int = 0,
    deadline: float | str = "90 min",
    visitors: float | None = None,
    hazard: Hazard | Sequence[Hazard] | None = None,
) -> Scenario:
    """Load the lagoon sample: a made-up city, its shelters and made-up people.

    The city is as large as Venice: 120 islands, 430 bridges, 200 km of alleys, 40 shelters with
    room for 68,700 persons. Everything is synthetic.

    Parameters
    ----------
    people
        Number of persons.
    seed
        The same seed gives the same people.
    deadline
        When everyone must be safe, from the alarm [s, or text such as "45 min"].
    visitors
        Share of visitors, of whom nothing is known, 0 to 1; by default the recipe's 0.3.
    hazard
        What makes streets slower or closes them: one hazard, several, or None.

    Returns
    -------
    Scenario
        To hand to `assign`.

    Raises
    ------
    InputError
        If a parameter is not what it must be.

    Examples
    --------
    >>> import evacroute as er
    >>> scenario = er.lagoon(people=300, deadline="45 min")
    >>> scenario.persons, scenario.deadline_s, len(scenario.shelters)
    (300, 2700.0, 40)
    """
    network = lagoon_network()
    return Scenario(
        network,
        lagoon_people(network, people, seed=seed, visitors=visitors),
        lagoon_shelters(network),
        deadline=deadline,
        hazard=hazard,
    )


def lagoon_network() -> Network:
    """Load the streets of the lagoon sample, a made-up city.

    Returns
    -------
    Network
        Streets of 120 islands, joined by 430 bridges.

    Examples
    --------
    >>> import evacroute as er
    >>> er.lagoon_network()
    Network(7100 nodes, 16656 links, 200.0 km of streets)
    """
    network = read_gmns(data_path("lagoon"))
    if network.report is not None:
        network.report.source = "lagoon sample"
        network.report.notes.append(SYNTHETIC)
    return network


def lagoon_shelters(network: Network | None = None) -> Shelters:
    """Load the 40 shelters of the lagoon sample.

    Parameters
    ----------
    network
        From `lagoon_network`; loaded where it is not given.

    Returns
    -------
    Shelters
        With room for 68,700 persons.

    Examples
    --------
    >>> import evacroute as er
    >>> len(er.lagoon_shelters())
    40
    """
    if network is None:
        network = lagoon_network()
    shelters = read_shelters(data_path("lagoon", "shelters.csv"), network)
    if shelters.report is not None:
        shelters.report.notes.append(SYNTHETIC)
    return shelters


def lagoon_people(
    network: Network | None = None,
    count: int = 50_000,
    *,
    seed: int = 0,
    visitors: float | None = None,
) -> People:
    """Make up people for the lagoon sample by its recipe.

    Parameters
    ----------
    network
        From `lagoon_network`; loaded where it is not given.
    count
        Number of persons.
    seed
        The same seed gives the same people.
    visitors
        Share of visitors, 0 to 1; by default the recipe's 0.3.

    Raises
    ------
    PeopleError
        If a number is out of its range.
    """
    if network is None:
        network = lagoon_network()
    recipe = _recipe()
    return synthesize_people(
        network,
        count,
        weights=_weights(network, recipe),
        visitors=recipe["visitors"] if visitors is None else visitors,
        seed=seed,
    )


def _recipe() -> dict[str, Any]:
    text = data_path("lagoon", "recipe.json").read_text(encoding="utf-8")
    recipe: dict[str, Any] = json.loads(text)
    return recipe


def _weights(network: Network, recipe: dict[str, Any]) -> NDArray[np.float64]:
    """Share of the people on each link: some by length, the others near the crowded nodes."""
    per_metre = np.array([recipe["weight_per_metre"].get(kind, 0.0) for kind in KINDS])
    base = per_metre[network.kind] * network.length
    base /= base.sum()
    x, y = to_metres(network.lon, network.lat, network.origin)
    x, y = ((v[network.from_node] + v[network.to_node]) / 2 for v in (x, y))
    crowds = recipe["crowds"]
    weights = (1 - crowds["share"]) * base
    for node in network.node_positions(crowds["node_id"]):
        cx, cy = to_metres(network.lon[node], network.lat[node], network.origin)
        near = base * np.exp(-((x - cx) ** 2 + (y - cy) ** 2) / (2 * crowds["radius_m"] ** 2))
        weights += crowds["share"] / len(crowds["node_id"]) * near / near.sum()
    return np.asarray(weights)
