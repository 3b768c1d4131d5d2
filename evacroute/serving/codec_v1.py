"""V1: a party is an item of `instances`, an answer an item of `predictions`."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.answering.answers import Answers
from evacroute.answering.questions import Questions
from evacroute.serving.fields import (
    FIELDS,
    ROUTES,
    Faults,
    Limits,
    Wanted,
    questions_of,
    rows_text,
    unknown,
)
from evacroute.serving.polyline import encode_polylines

_TOP = ("instances", "parameters")
_PARAMETERS = ("route", "directions")
_KNOWN = frozenset(FIELDS)
_USUAL = Wanted()


def n_rows(body: Any) -> int:
    """How many rows a body seems to have, before it is checked."""
    found = body.get("instances") if isinstance(body, dict) else None
    return len(found) if isinstance(found, list) else 0


def decode(body: Any, limits: Limits) -> tuple[Questions, Wanted]:
    """Read a body of V1: who asks, and what they want to know.

    Raises
    ------
    BadRequest
        If something in it is wrong; all faults are counted.
    """
    faults = Faults()
    if not isinstance(body, dict):
        faults.add("the body must be an object with 'instances'")
        faults.stop()
    if odd := body.keys() - _TOP:
        faults.add(unknown(list(odd), "key", _TOP))
    wanted = _wanted(body.get("parameters"), faults)
    rows = body.get("instances")
    if not isinstance(rows, list) or not 1 <= len(rows) <= limits.max_persons:
        faults.add(f"instances {rows_text(limits)}")
        faults.stop()
    if len(rows) == 1 and isinstance(rows[0], dict) and rows[0].keys() <= _KNOWN:
        return questions_of({k: [v] for k, v in rows[0].items()}, 1, limits, faults), wanted
    said: set[str] = {"lon", "lat"}
    for i, row in enumerate(rows):
        if not isinstance(row, dict):
            faults.add("each of instances must be an object with lon and lat", i)
            continue
        said.update(row)
        if not row.keys() <= _KNOWN:
            odd = row.keys() - _KNOWN
            said -= odd
            faults.add(unknown(list(odd), "field", FIELDS), i)
    objects = [row if isinstance(row, dict) else {} for row in rows]
    columns = {name: [row.get(name) for row in objects] for name in said}
    return questions_of(columns, len(rows), limits, faults), wanted


def _wanted(given: Any, faults: Faults) -> Wanted:
    if given is None:
        return _USUAL
    if not isinstance(given, dict):
        faults.add("parameters must be an object")
        return Wanted()
    if odd := given.keys() - _PARAMETERS:
        faults.add(unknown(list(odd), "parameter", _PARAMETERS))
    route, directions = given.get("route", "geojson"), given.get("directions", True)
    if not isinstance(route, str) or route not in ROUTES:
        faults.add(f"parameters.route must be one of {', '.join(ROUTES)}")
        return Wanted()
    if not isinstance(directions, bool):
        faults.add("parameters.directions must be true or false")
        return Wanted()
    return Wanted(route, directions)


def encode(answers: Answers, questions: Questions, wanted: Wanted) -> dict[str, Any]:
    """Make a body of V1 of the answers; seconds are whole, places good to 0.1 m."""
    out: list[dict[str, Any]] = []
    lines = [row.line for row in answers.rows]
    columns = zip(
        answers.rows, questions.token.tolist(), routes_of(lines, wanted.route), strict=True
    )
    for a, token, route in columns:
        some = a.shelter >= 0
        row = {
            "token": token,
            "status": a.status,
            "shelter": {
                "id": a.shelter_id, "name": a.name, "lon": round(a.lon, 6), "lat": round(a.lat, 6),
            } if some else None,
            "depart_in_s": _seconds(a.depart_in_s),
            "arrive_s": {"q10": _seconds(a.q10), "q50": _seconds(a.q50), "q90": _seconds(a.q90)}
            if some else None,
            "p_safe": _rounded(a.p_safe, 4),
            "is_safe": a.is_safe,
            "held_until_s": _seconds(a.held_s),
            "distance_m": _rounded(a.distance, 1),
            "route": route,
            "directions": list(a.directions),
            "alternatives": [{"shelter": s, "p_safe": round(p, 4)} for s, p in a.alternatives],
            "reason": a.reason,
            "plan": answers.plan,
        }  # fmt: skip
        out.append(row)
    return {"predictions": out}


def routes_of(lines: Sequence[NDArray[np.float64]], form: str) -> list[Any]:
    """Give lines as GeoJSON or as encoded polylines, None where there is none.

    Coordinates stay arrays, which orjson writes as they are: lists of lists would be thousands of
    objects, and Python looks through all it has each time it made some.
    """
    if form == "none":
        return [None] * len(lines)
    if form == "polyline":
        return [text or None for text in encode_polylines(lines)]
    return [
        {"type": "LineString", "coordinates": np.ascontiguousarray(line.round(6))}
        if len(line)
        else None
        for line in lines
    ]


def _seconds(value: float) -> int | None:
    return round(value) if math.isfinite(value) else None


def _rounded(value: float, decimals: int) -> float | None:
    return round(value, decimals) if math.isfinite(value) else None
