"""V2: parties are rows of named columns, and so are the answers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import orjson
from numpy.typing import NDArray

from evacroute.answering.answers import Answers
from evacroute.answering.questions import Questions
from evacroute.serving.codec_v1 import routes_of
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

_TEXT, _NUMBER, _WHOLE, _YES_NO = ("BYTES",), ("FP64", "FP32"), ("INT64", "INT32"), ("BOOL",)
INPUTS = {
    "lon": _NUMBER, "lat": _NUMBER, "token": _TEXT, "party_size": _WHOLE, "mobility": _TEXT,
    "step_free": _YES_NO, "age_band": _TEXT, "helpers": _WHOLE, "language": _TEXT,
    "deadline_s": _NUMBER, "hazard": _TEXT,
}  # fmt: skip
"""Name of a column -> types it may come in, the usual one first."""

OUTPUTS = {
    "status": "BYTES", "shelter": "BYTES", "shelter_name": "BYTES", "shelter_lon": "FP64",
    "shelter_lat": "FP64", "depart_in_s": "FP64", "arrive_q10_s": "FP64", "arrive_q50_s": "FP64",
    "arrive_q90_s": "FP64", "p_safe": "FP64", "is_safe": "BOOL", "held_until_s": "FP64",
    "distance_m": "FP64", "reason": "BYTES", "plan": "BYTES", "token": "BYTES", "route": "BYTES",
    "directions": "BYTES", "alternatives": "BYTES",
}  # fmt: skip
"""Name of a column of answers -> its type."""

USUAL = tuple(OUTPUTS)[:16]
"""Columns given where none are named."""

# Clients add some of these by themselves; here they change nothing.
_PASSED_OVER = (
    "binary_data_output", "sequence_id", "sequence_start", "sequence_end", "priority", "timeout",
)  # fmt: skip


class Tensor(Protocol):
    """A column as KServe hands it on: `data` is a list, or empty where the bytes came raw."""

    name: Any
    datatype: Any
    shape: Any
    data: Any

    def as_numpy(self) -> NDArray[Any]:
        """Read the raw bytes."""
        ...


class Request(Protocol):
    """What is used of KServe's `InferRequest`."""

    inputs: Sequence[Tensor]
    parameters: Any
    request_outputs: Any


@dataclass(frozen=True, slots=True, eq=False)
class Column:
    """A column of answers."""

    name: str
    datatype: str
    values: NDArray[Any]


def n_rows(request: Request) -> int:
    """How many rows a request seems to have, before it is checked."""
    first = [tensor.shape[0] for tensor in request.inputs if tensor.shape]
    return max((one for one in first if type(one) is int), default=0)


def decode(request: Request, limits: Limits) -> tuple[Questions, Wanted]:
    """Read a request of V2: who asks, and which columns they want.

    Raises
    ------
    BadRequest
        If something in it is wrong; all faults are counted.
    """
    faults = Faults()
    wanted = _wanted(request, faults)
    named: dict[str, Tensor] = {}
    for tensor in request.inputs:
        if tensor.name in named:
            faults.add("a column is given twice in inputs")
        named[tensor.name] = tensor
    if odd := named.keys() - INPUTS.keys():
        faults.add(unknown(list(odd), "column", FIELDS))
    for name in ("lon", "lat"):
        if name not in named:
            faults.add(f"column {name} is missing")
    if "lon" not in named:
        faults.stop()
    shape = named["lon"].shape
    n = shape[0] if shape and type(shape[0]) is int else 0
    if not 1 <= n <= limits.max_persons:
        faults.add(f"inputs {rows_text(limits)}")
        faults.stop()
    columns: dict[str, list[Any]] = {}
    for name, types in INPUTS.items():
        if name in named:
            try:
                columns[name] = _values(named[name], n, types)
            except ValueError as error:
                faults.add(f"column {name} {error}")
    if faults.count:
        faults.stop()
    return questions_of(columns, n, limits, faults), wanted


def _wanted(request: Request, faults: Faults) -> Wanted:
    given = request.parameters or {}
    if odd := set(given) - {"route", *_PASSED_OVER}:
        faults.add(unknown(list(odd), "parameter", ("route", "binary_data_output")))
    route = given.get("route", "geojson")
    # Over gRPC a parameter is a message that holds one of several types.
    route = getattr(route, "string_param", route)
    if not isinstance(route, str) or route not in ROUTES[:2]:
        faults.add(f"parameters.route must be one of {', '.join(ROUTES[:2])}")
        route = "geojson"
    outputs = tuple(output.name for output in request.request_outputs or ())
    if odd := set(outputs) - OUTPUTS.keys():
        faults.add(unknown(list(odd), "output", tuple(OUTPUTS)))
    if len(set(outputs)) < len(outputs):
        faults.add("an output is named twice in outputs")
    return Wanted(route, "directions" in outputs, outputs)


def _values(tensor: Tensor, n: int, types: tuple[str, ...]) -> list[Any]:
    """Give the plain values of a column; a ValueError says in words what is wrong with it."""
    if tensor.datatype not in types:
        raise ValueError(f"must be of type {' or '.join(types)}")
    if list(tensor.shape) not in ([n], [n, 1]):
        raise ValueError("must have the shape [n] or [n, 1], with the n of lon")
    values = tensor.data
    if not isinstance(values, list) or not values:
        try:
            values = tensor.as_numpy().ravel().tolist()
        except Exception:  # whatever is wrong with the bytes, they are not what they say
            raise ValueError(f"does not hold n values of type {tensor.datatype}") from None
    elif all(type(value) is list for value in values):
        values = [value[0] if len(value) == 1 else value for value in values]
    if len(values) != n:
        raise ValueError(f"does not hold n values of type {tensor.datatype}")
    if types is _TEXT:
        try:
            return [v.decode() if type(v) is bytes else v for v in values]
        except UnicodeDecodeError:
            raise ValueError("must be text in UTF-8") from None
    return values


def encode(answers: Answers, questions: Questions, wanted: Wanted) -> list[Column]:
    """Make columns of the answers, shape (n_parties,), NaN and "" where there is none."""
    names = wanted.outputs or USUAL
    return [Column(n, OUTPUTS[n], _MAKERS[n](answers, questions, wanted)) for n in names]


_Maker = Callable[[Answers, Questions, Wanted], NDArray[Any]]


def _texts(values: Sequence[str]) -> NDArray[Any]:
    out = np.empty(len(values), object)
    out[:] = values
    return out


def _field(name: str, dtype: Any = np.float64) -> _Maker:
    return lambda a, q, w: np.ascontiguousarray(getattr(a, name), dtype)


def _words(name: str) -> _Maker:
    return lambda a, q, w: _texts([str(value) for value in getattr(a, name)])


def _routes(a: Answers, q: Questions, w: Wanted) -> NDArray[Any]:
    routes = routes_of(a.line, w.route)
    return _texts([r if isinstance(r, str) else _json(r) if r else "" for r in routes])


def _json(value: Any) -> str:
    return orjson.dumps(value, option=orjson.OPT_SERIALIZE_NUMPY).decode()


def _alternatives(a: Answers, q: Questions, w: Wanted) -> NDArray[Any]:
    rows = [[{"shelter": s, "p_safe": round(p, 4)} for s, p in row] for row in a.alternatives]
    return _texts([_json(row) for row in rows])


_MAKERS: dict[str, _Maker] = {
    "status": _words("status"),
    "shelter": _words("shelter_id"),
    "shelter_name": _words("name"),
    "shelter_lon": _field("lon"),
    "shelter_lat": _field("lat"),
    "depart_in_s": _field("depart_in_s"),
    "arrive_q10_s": _field("q10"),
    "arrive_q50_s": _field("q50"),
    "arrive_q90_s": _field("q90"),
    "p_safe": _field("p_safe"),
    "is_safe": _field("is_safe", np.bool_),
    "held_until_s": _field("held_s"),
    "distance_m": _field("distance"),
    "reason": _words("reason"),
    "plan": lambda a, q, w: _texts([a.plan] * len(a)),
    "token": lambda a, q, w: _texts(q.token.tolist()),
    "route": _routes,
    "directions": lambda a, q, w: _texts(["\n".join(lines) for lines in a.directions]),
    "alternatives": _alternatives,
}
