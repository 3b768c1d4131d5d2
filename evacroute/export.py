"""Write a plan's routes, links or shelters as GeoJSON, for GIS programs and notebooks."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import InputError
from evacroute.metrics import link_loads
from evacroute.network import KINDS
from evacroute.plan import Plan
from evacroute.routes import routes_geojson
from evacroute.streets import link_lines
from evacroute.writing import atomic_path, plain, write_gzip

What = Literal["routes", "links", "shelters"]


def to_geojson(plan: Plan, path: str | Path, what: What = "routes") -> Path:
    """Write a plan as GeoJSON (EPSG:4326), packed with gzip where ``path`` ends in ``.gz``.

    Parameters
    ----------
    plan
        What to write.
    path
        The file; written whole or not at all.
    what
        ``"routes"``: a line for each way that is walked, with how many walk it and when.
        ``"links"``: a line for each directed link, used or not, with how many walk it in all
        (``persons``) and in its fullest five minutes (``peak_persons``, ``peak_end_s``).
        ``"shelters"``: a point for each, with how full it gets.

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        If ``what`` is none of these, or the file cannot be written.

    Examples
    --------
    >>> import evacroute as er, json, tempfile
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = er.to_geojson(plan, f"{folder}/shelters.geojson", "shelters")
    ...     features = json.loads(path.read_text())["features"]
    >>> len(features), features[0]["geometry"]["type"]
    (40, 'Point')
    """
    if what not in get_args(What):
        raise InputError(f"what is {what!r}, expected one of {', '.join(get_args(What))}")
    makers = {"routes": routes_geojson, "links": _links, "shelters": _shelters}
    text = makers[what](plan)
    with atomic_path(path) as temporary:
        if str(path).endswith(".gz"):
            write_gzip(text, temporary)
        else:
            temporary.write_text(text, encoding="utf-8", newline="")
    return Path(path)


def _links(plan: Plan) -> str:
    network, moves = plan.scenario.network, plan.movements
    persons = np.repeat(moves.size, np.diff(moves.leg_ptr))
    loads = link_loads(moves.leg_link, moves.leg_enter, persons)
    total = np.zeros(network.n_links, dtype=np.int64)
    peak = np.zeros(network.n_links, dtype=np.int64)
    peak_end = np.full(network.n_links, np.nan)
    total[loads.link], peak[loads.link] = loads.persons, loads.peak
    peak_end[loads.link] = loads.peak_end
    columns = {
        "link_id": network.link_id,
        "from_node_id": network.node_id[network.from_node],
        "to_node_id": network.node_id[network.to_node],
        "name": network.name,
        "kind": np.array(KINDS, dtype=object)[network.kind],
        "length": np.round(network.length, 2),
        "width": np.round(network.width, 2),
        "width_assumed": network.width_assumed,
        "steps": network.steps,
        "capacity": np.round(network.capacity, 4),
        "persons": total,
        "peak_persons": peak,
        "peak_end_s": peak_end,
    }
    ptr, lon, lat = link_lines(network)
    points = np.round(np.column_stack([lon, lat]), 6).tolist()
    ends = ptr.tolist()
    lines = [points[ends[link] : ends[link + 1]] for link in range(network.n_links)]
    return _collection(columns, [("LineString", line) for line in lines])


def _shelters(plan: Plan) -> str:
    shelters = plan.scenario.shelters
    frame = plan.shelters_frame()
    columns = {name: frame[name].to_numpy() for name in frame.columns}
    columns["share"] = np.round(columns["share"], 4)
    columns["intake_rate"] = shelters.intake_rate
    columns["kind"] = shelters.kind
    places = np.round(np.column_stack([shelters.lon, shelters.lat]), 6).tolist()
    return _collection(columns, [("Point", place) for place in places])


def _collection(columns: dict[str, NDArray[Any]], shapes: list[tuple[str, list[Any]]]) -> str:
    rows = zip(*(plain(values) for values in columns.values()), strict=True)
    features = []
    for row, (kind, coordinates) in zip(rows, shapes, strict=True):
        feature = {
            "type": "Feature",
            "properties": dict(zip(columns, row, strict=True)),
            "geometry": {"type": kind, "coordinates": coordinates},
        }
        features.append(json.dumps(feature, ensure_ascii=False, separators=(",", ":")))
    return '{"type":"FeatureCollection","features":[\n' + ",\n".join(features) + "\n]}\n"
