"""The ways of a plan as GeoJSON: one line for each way that is walked."""

from __future__ import annotations

import json
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from evacroute.plan import Plan


def routes_geojson(plan: Plan) -> str:
    """Make a GeoJSON FeatureCollection of the ways people walk.

    A way is a row of links to a shelter; people who walk it at different times are counted
    together. Who starts at the shelter's own node gets a point. Coordinates are rounded to 1e-6
    degrees, some 10 cm.

    Properties: `from_node_id`, `shelter_id`, `persons`, `length` [m], `first_depart_s`,
    `last_arrive_s` [s after the alarm].
    """
    moves, scenario = plan.movements, plan.scenario
    network, shelters = scenario.network, scenario.shelters
    way, first = distinct_ways(moves.leg_ptr, moves.leg_link, moves.shelter)
    n = len(first)
    persons = np.bincount(way, weights=moves.size, minlength=n).astype(np.int64)
    depart = np.full(n, np.inf)
    np.minimum.at(depart, way, moves.depart)
    arrive = np.full(n, -np.inf)
    np.maximum.at(arrive, way, moves.arrive)
    metres = np.concatenate([[0.0], np.cumsum(network.length[moves.leg_link])])
    length = metres[moves.leg_ptr[first + 1]] - metres[moves.leg_ptr[first]]

    start = scenario.groups.node[moves.group[first]]
    node_points = [f"[{x:.6f},{y:.6f}]" for x, y in zip(network.lon, network.lat, strict=True)]
    node_names = [json.dumps(str(name)) for name in network.node_id]
    shelter_names = [json.dumps(str(name)) for name in shelters.shelter_id]
    links = _link_points(plan)
    ptr, leg_link = moves.leg_ptr.tolist(), moves.leg_link.tolist()
    rows = zip(
        first.tolist(),
        start.tolist(),
        moves.shelter[first].tolist(),
        persons.tolist(),
        length.tolist(),
        depart.tolist(),
        arrive.tolist(),
        strict=True,
    )
    features = []
    for movement, node, shelter, people, way_length, begins, ends in rows:
        legs = leg_link[ptr[movement] : ptr[movement + 1]]
        if legs:
            points = node_points[node] + "".join([links[link] for link in legs])
            geometry = f'"LineString","coordinates":[{points}]'
        else:
            geometry = f'"Point","coordinates":{node_points[node]}'
        features.append(
            f'{{"type":"Feature","properties":{{"from_node_id":{node_names[node]},'
            f'"shelter_id":{shelter_names[shelter]},"persons":{people},'
            f'"length":{way_length:.1f},"first_depart_s":{begins:.10g},"last_arrive_s":{ends:.10g}}},'
            f'"geometry":{{"type":{geometry}}}}}'
        )
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"


def distinct_ways(
    ptr: NDArray[np.int64], link: NDArray[np.int32], shelter: NDArray[np.int32]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Find the distinct ways: return the way of each movement and a movement of each way.

    Ways are ordered by shelter and last links, so that like ways stand together and pack well.
    """
    text = link[::-1].astype(">i4").tobytes()
    n = len(link)
    ends = [(4 * (n - end), 4 * (n - begin)) for begin, end in pairwise(ptr.tolist())]
    keys = [
        (room, text[begin:end]) for room, (begin, end) in zip(shelter.tolist(), ends, strict=True)
    ]
    number = {key: i for i, key in enumerate(sorted(set(keys)))}
    way = np.array([number[key] for key in keys], dtype=np.int64)
    _, first = np.unique(way, return_index=True)
    return way, first


def _link_points(plan: Plan) -> list[str]:
    """Make the points of each link but its first as JSON, each with a comma before it."""
    network = plan.scenario.network
    pairs = zip(network.geometry_lon.tolist(), network.geometry_lat.tolist(), strict=True)
    points = [f",[{x:.6f},{y:.6f}]" for x, y in pairs]
    ends = zip(
        network.lon[network.to_node].tolist(), network.lat[network.to_node].tolist(), strict=True
    )
    straight = [f",[{x:.6f},{y:.6f}]" for x, y in ends]
    return [
        "".join(points[begin + 1 : end]) if end - begin > 1 else straight[link]
        for link, (begin, end) in enumerate(pairwise(network.geometry_ptr.tolist()))
    ]
