"""From the numbers of a draw to its scenario and its plan."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.hazards import Closures, Earthquake, Fire, Flood, Hazard, Tide
from evacroute.load.people import ready_prior
from evacroute.load.synthesize import synthesize_people
from evacroute.people import People
from evacroute.plan import Plan
from evacroute.planning import assign
from evacroute.scenario import Scenario
from evacroute.scoring.scorer import Scorer
from evacroute.shelters import Shelters
from evacroute.training.sampler import Draw
from evacroute.training.worlds import World, take_shelters, world
from evacroute.units import to_metres

PLANNED_FLOW = 1.3
"""Persons per second and metre of effective width that plans reckon with on the level."""


def build(drawn: Draw) -> Scenario:
    """Make the scenario of a draw.

    The plan reckons with the network's capacities, 1.3 persons/s a metre on the level, whatever
    the physics of the draw. Hazards are known to the plan.

    Parameters
    ----------
    drawn
        From `draw`, or `Draw.from_dict`.

    Returns
    -------
    Scenario
        Of persons in households, with their own ready times.

    Examples
    --------
    >>> from evacroute.training.sampler import draw
    >>> drawn = draw(0, 3)
    >>> build(drawn).persons == drawn.people
    True
    """
    place = world(drawn.world)
    return Scenario(
        place.network,
        _people(drawn, place),
        _shelters(drawn, place),
        deadline=drawn.deadline_s,
        hazard=_hazard(drawn, place),
    )


def make_plan(
    drawn: Draw, scenario: Scenario, *, step: float = 10.0, scorer: Scorer | None = None
) -> Plan:
    """Plan a draw's scenario by its method.

    What `shelter_flow` does in the end to plans of few people is left out: it takes most of the
    time where places are scarce, and plans of whole cities go without it.

    Parameters
    ----------
    drawn, scenario
        The draw, and what `build` made of it.
    step
        Of the plan's grid [s].
    scorer
        Odds by it are in the cost, with the draw's own weight; without it, time alone.
    """
    settings: dict[str, Any] = {"polish": 0} if drawn.method == "shelter_flow" else {}
    if scorer is not None and drawn.safety_weight > 0:
        settings |= {"scorer": scorer, "safety_weight": drawn.safety_weight}
    return assign(scenario, drawn.method, step=step, seed=0, **settings)


def _chance(drawn: Draw, stream: int) -> np.random.Generator:
    return np.random.default_rng([drawn.key, stream])


def _nearest_first(drawn: Draw, place: World) -> NDArray[np.int64]:
    """Corners of the city by their distance from one that is drawn, where the people are."""
    network = place.network
    x, y = to_metres(network.lon, network.lat, network.origin)
    node = int(_chance(drawn, 3).integers(network.n_nodes))
    return np.argsort(np.hypot(x - x[node], y - y[node]), kind="stable")


def _people(drawn: Draw, place: World) -> People:
    """Made-up people, who are ready by the prior of their like times the draw's multiplier."""
    chance = _chance(drawn, 0)
    network, order = place.network, _nearest_first(drawn, place)
    part = order[: math.ceil(drawn.part * network.n_nodes)]
    crowds = chance.choice(part, drawn.crowds, replace=False)
    inside = np.isin(network.from_node, part)
    people = synthesize_people(
        network,
        drawn.people,
        weights=place.weights(crowds=crowds, share=drawn.crowd_share) * inside,
        visitors=drawn.visitors,
        seed=int(chance.integers(2**53)),
    )
    mean = drawn.premovement * ready_prior(people.mobility, people.household_id, None)
    names, household = np.unique(people.household_id.astype(str), return_inverse=True)
    sigma = drawn.premovement_sigma
    z = chance.standard_normal(len(names))
    own = mean * np.exp(sigma * z[household] - sigma**2 / 2)
    # A household leaves when its last member is ready.
    ready = np.zeros(len(names))
    np.maximum.at(ready, household, own)
    return replace(people, ready_time=ready[household])


def _shelters(drawn: Draw, place: World) -> Shelters:
    """Shelters that are open, their room shared out as their full room is."""
    every, count = place.shelters, min(drawn.places_open, len(place.shelters))
    rank = np.argsort(_nearest_first(drawn, place))
    near = np.argsort(rank[every.node], kind="stable")[: 2 * count]
    some = np.zeros(len(every), bool)
    some[_chance(drawn, 1).choice(near, count, replace=False)] = True
    chosen = take_shelters(every, some)
    room = _shared(chosen.capacity / chosen.capacity.sum(), round(drawn.room * drawn.people))
    share = chosen.step_free_capacity / chosen.capacity
    step_free = np.minimum(np.ceil(share * room), room).astype(np.int64)
    return replace(chosen, capacity=room, step_free_capacity=step_free)


def _shared(share: NDArray[np.float64], total: int) -> NDArray[np.int64]:
    """Share out a whole number in whole parts; the sum is kept."""
    upto = np.rint(np.cumsum(share) * total)
    return np.diff(upto, prepend=0.0).astype(np.int64)


def _hazard(drawn: Draw, place: World) -> Hazard | None:
    """Make the hazard; where heights are not said they are modelled."""
    chance = _chance(drawn, 2)
    if drawn.hazard == "tide":
        if not drawn.tide_rise_m:
            return Flood(drawn.tide_m)
        time = np.linspace(0.0, drawn.deadline_s, 13)
        level = drawn.tide_m - drawn.tide_rise_m * (1 - time / drawn.deadline_s)
        # The level stays: simulators look beyond the deadline.
        return Flood(Tide(np.append(time, 1e6), np.append(level, drawn.tide_m)))
    if drawn.hazard == "closures":
        bridges = place.bridges
        # At least one stays open, so that the city does not fall apart for good.
        count = min(drawn.closed, len(bridges) - 1)
        if count < 1:
            return None
        shut = chance.choice(bridges, count, replace=False).tolist()
        return Closures([{"link_id": name, "from_s": drawn.closed_from_s} for name in shut])
    if drawn.hazard == "fire":
        near = _nearest_first(drawn, place)[: place.network.n_nodes // 4]
        node = int(chance.choice(near))
        lon, lat = float(place.network.lon[node]), float(place.network.lat[node])
        return Fire([(lon, lat, drawn.fire_from_s)], wind=(drawn.wind_ms, drawn.wind_from))
    if drawn.hazard == "earthquake":
        return Earthquake(seed=int(chance.integers(2**53)), intensity=drawn.intensity)
    return None
