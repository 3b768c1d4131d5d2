"""V2: columns in, of JSON or of bytes, and columns out."""

from __future__ import annotations

import json
import struct
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pytest

from evacroute.serving.codec_v2 import INPUTS, OUTPUTS, USUAL, decode, encode
from evacroute.serving.fields import Limits, Wanted
from evacroute.serving.refusals import BadRequest

from .doors import PARTY, columns
from .fake_core import BOUNDS, answers_to

LIMITS = Limits(BOUNDS, "flood", 1000)


@dataclass
class Tensor:
    """As KServe's own: a list, or an array made of bytes."""

    name: str
    datatype: str
    shape: list[int]
    data: Any
    array: Any = None

    def as_numpy(self) -> Any:
        if self.array is None:
            raise struct.error("no bytes")
        return self.array


@dataclass
class Output:
    name: str


@dataclass
class Request:
    inputs: list[Tensor]
    parameters: Any = None
    request_outputs: list[Output] = field(default_factory=list)


def request(*rows: dict[str, Any], **more: Any) -> Request:
    return Request([Tensor(**column) for column in columns(*rows)], **more)


def place(lon: Any = (12.33,), lat: Any = (45.43,), shape: Any = (1,), kind: str = "FP64") -> Any:
    return [
        Tensor("lon", kind, list(shape), list(lon)), Tensor("lat", kind, list(shape), list(lat))
    ]  # fmt: skip


def test_every_column_is_read() -> None:
    """Each column of JSON, of text as text or bytes, reaches its column of questions."""
    other = {**PARTY, "token": "another", "party_size": 3, "step_free": False}
    asked = request(PARTY, other)
    asked.inputs[0].data = [text.encode() for text in asked.inputs[0].data]
    q, wanted = decode(asked, LIMITS)
    assert q.token.tolist() == ["marker-7Qx9", "another"]
    assert q.party_size.tolist() == [2, 3]
    assert q.step_free.tolist() == [True, False]
    assert q.language.tolist() == ["it", "it"]
    assert q.within_s.tolist() == [1800, 1800]
    assert wanted == Wanted("geojson", False)


def test_raw_bytes_and_tall_shapes_are_read() -> None:
    """Columns of shape [n, 1], nested or flat, and arrays made of raw bytes are the same."""
    tall = place([[12.33], [12.34]], [45.43, 45.44], (2, 1))
    raw = [
        Tensor("lon", "FP32", [2], [], np.array([12.33, 12.34], np.float32)),
        Tensor("lat", "FP64", [2, 1], None, np.array([[45.43], [45.44]])),
        Tensor("party_size", "INT32", [2], [], np.array([1, 2], np.int32)),
        Tensor("deadline_s", "FP64", [2], [], np.array([np.nan, 60.0])),
        Tensor("token", "BYTES", [2], [], np.array([b"a", b""], object)),
    ]
    for inputs in (tall, raw):
        q, _ = decode(Request(inputs), LIMITS)
        assert np.allclose(q.lon, [12.33, 12.34], atol=1e-5)
        assert np.allclose(q.lat, [45.43, 45.44])
    assert np.isnan(q.within_s[0])
    assert q.within_s[1] == 60


@pytest.mark.parametrize(
    "asked, says",
    [
        (Request([]), "column lon is missing, and 1 more fault"),
        (Request(place()[:1]), "column lat is missing"),
        (Request([*place(), *place()[:1]]), "a column is given twice in inputs"),
        (Request([*place(), Tensor("age", "BYTES", [1], ["x"])]), "unknown column age, expected"),
        (Request(place([], [], (0,))), "inputs must hold 1 to 1000 parties"),
        (Request(place([12.33] * 1001, [45.43] * 1001, (1001,))), "must hold 1 to 1000 parties"),
        (Request(place(shape=())), "inputs must hold 1 to 1000 parties"),
        (Request(place(kind="INT64")), "column lon must be of type FP64 or FP32, and 1 more"),
        (Request(place(shape=(1, 2))), "column lon must have the shape [n] or [n, 1]"),
        (Request(place([12.33, 12.34])), "column lon does not hold n values of type FP64"),
        (Request(place([])), "column lon does not hold n values of type FP64"),
        (Request(place([float("nan")])), "row 0: lon must be a number from 12.3 to 12.37"),
        (Request(place([45.43], [12.33])), "row 0: lon and lat look swapped"),
        (Request([*place(), Tensor("token", "BYTES", [1], [b"\xff"])]), "token must be text in"),
        (Request([*place(), Tensor("token", "BYTES", [1], [["a", "b"]])]), "token must be 1 to"),
        (Request([*place(), Tensor("helpers", "INT64", [1], [True])]), "row 0: helpers must be"),
        (Request(place(), {"colour": 1}), "unknown parameter colour"),
        (Request(place(), {"route": "none"}), "parameters.route must be one of geojson, polyline"),
        (Request(place(), None, [Output("colour")]), "unknown output colour, expected some of"),
        (Request(place(), None, [Output("plan")] * 2), "an output is named twice"),
    ],
)
def test_a_wrong_request_is_told_in_one_sentence(asked: Request, says: str) -> None:
    """Whatever is wrong is told in a sentence that names column, row and limit."""
    with pytest.raises(BadRequest) as error:
        decode(asked, LIMITS)
    assert says in str(error.value)


def test_the_usual_columns_come_unasked() -> None:
    """Scalars come unless others are named, and the token, also where the server made it."""
    for row in (PARTY, {"lon": 12.365, "lat": 45.43}):
        q, wanted = decode(request(row), LIMITS)
        made = encode(answers_to(q, "v3", lines=False, directions=False), q, wanted)
        assert tuple(column.name for column in made) == USUAL
        assert "token" in USUAL
        for column in made:
            kinds = {"BYTES": object, "FP64": np.float64, "BOOL": np.bool_}
            assert column.datatype == OUTPUTS[column.name]
            assert column.values.dtype == kinds[column.datatype]
            assert column.values.shape == (1,)


def test_long_columns_come_where_they_are_named() -> None:
    """Routes, directions and alternatives are text, in the form and the order asked for."""
    outputs = [Output(name) for name in ("route", "directions", "alternatives", "token")]
    for form in ("geojson", "polyline"):
        asked = request(PARTY, parameters={"route": form}, request_outputs=outputs)
        q, wanted = decode(asked, LIMITS)
        assert wanted == Wanted(form, True, ("route", "directions", "alternatives", "token"))
        made = encode(answers_to(q, "v3", lines=True, directions=True), q, wanted)
        route, told, others, token = (column.values[0] for column in made)
        assert told == "Vai a Campo Santo Stefano."
        assert json.loads(others) == [{"shelter": "S00", "p_safe": 0.91}]
        assert token == "marker-7Qx9"
        assert (json.loads(route)["type"] == "LineString") if form == "geojson" else len(route) > 4


def test_what_metadata_say_is_all_there_is() -> None:
    """Every field of a party is a column of V2, and every column can be made."""
    assert set(INPUTS) == set(PARTY)
    q, _ = decode(request(PARTY), LIMITS)
    a = answers_to(q, "v3", lines=True, directions=True)
    assert len(encode(a, q, Wanted(outputs=tuple(OUTPUTS)))) == len(OUTPUTS)
