"""Whatever is sent, the door answers in words, and repeats nothing of what was sent."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from conftest import drawn
from hypothesis import given, settings
from hypothesis import strategies as st

from .doors import PARTY, V1, V2, Asked, columns, need

MARKS = ("marker-7Qx9", "338712", "434198")
VALUES = st.one_of(
    st.none(), st.booleans(), st.integers(), st.floats(), st.text(max_size=20), st.just([]),
    st.just({}), st.just([{}]), st.just("x" * 200), st.integers(10**30, 10**40),
    st.sampled_from(["", "wheelchair_manual", "marker-7Qx9", 12.3387123, 45.4341987, -1, 0, 1, 2]),
)  # fmt: skip
JSON = st.recursive(
    VALUES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(
        st.sampled_from(["instances", "inputs", "parameters", "outputs", "lon", "name", "data"]),
        inner, max_size=3,
    ), max_leaves=12,
)  # fmt: skip


@pytest.fixture(scope="module")
def asked() -> Asked:
    """The application of a server that is ready, without a socket."""
    need("kserve")
    from evacroute.serving.metrics import Meters
    from evacroute.serving.options import read_options
    from evacroute.serving.server import Server

    from .fake_core import FakeCore

    core = FakeCore()
    core.load()
    options = read_options(["--model_dir", str(Path()), "--grpc_port", "0"])
    return Asked(Server(core, options, Meters()).rest.config.app)


def check(status: int, body: bytes) -> None:
    """An answer, or one sentence that holds no mark of what was sent."""
    assert status == 200 or 400 <= status < 500, (status, body)
    if status != 200:
        told = json.loads(body)
        assert list(told) == ["error"]
        assert "\n" not in told["error"]
        assert len(told["error"]) < 500
        assert not any(mark in told["error"] for mark in MARKS), told


def body_v1() -> Any:
    other = {**PARTY, "token": "marker-2"}
    return {"instances": [dict(PARTY), other], "parameters": {"route": "polyline"}}


def body_v2() -> Any:
    inputs = columns(PARTY, {**PARTY, "token": "marker-2"})
    return {"id": "7", "inputs": inputs, "outputs": [{"name": "route"}, {"name": "status"}]}


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """Every place in a value of JSON."""
    inner: list[Any] = []
    if isinstance(value, dict):
        inner = list(value.items())
    elif isinstance(value, list):
        inner = list(enumerate(value))
    return [path, *(p for key, item in inner for p in places(item, (*path, key)))]


@st.composite
def mutated(draw: Any, whole: Any) -> Any:
    """A right body with one to three values replaced, taken away or named otherwise."""
    body = copy.deepcopy(whole)
    for _ in range(draw(st.integers(1, 3))):
        *above, last = draw(st.sampled_from([p for p in places(body) if p] or [("x",)]))
        holder = body
        for key in above:
            holder = holder[key]
        how = draw(st.sampled_from(["put", "drop", "rename"]))
        if how == "put" or isinstance(holder, list):
            # A copy: what is drawn may be drawn again, and would hold itself.
            holder[last] = copy.deepcopy(draw(VALUES | JSON))
        elif how == "drop":
            holder.pop(last, None)
        else:
            holder[draw(st.text(max_size=8))] = holder.pop(last, None)
    return body


@settings(max_examples=drawn(400))
@given(path=st.sampled_from([V1, V2]), body=JSON)
def test_any_json_is_answered_in_words(asked: Asked, path: str, body: Any) -> None:
    """Any value of JSON as a body is told what is wrong with it."""
    status, _, told = asked(path, json.dumps(body).encode())
    check(status, told)


@settings(max_examples=drawn(600))
@given(body=mutated(body_v1()))
def test_mutations_of_v1_are_answered_in_words(asked: Asked, body: Any) -> None:
    """A right body of V1 with something changed is answered, or told what is wrong."""
    status, _, told = asked(V1, json.dumps(body).encode())
    check(status, told)


@settings(max_examples=drawn(600))
@given(body=mutated(body_v2()))
def test_mutations_of_v2_are_answered_in_words(asked: Asked, body: Any) -> None:
    """A right body of V2 with something changed is answered, or told what is wrong."""
    status, _, told = asked(V2, json.dumps(body).encode())
    check(status, told)


def raw_body() -> tuple[bytes, int]:
    """A right body of V2 whose columns are bytes behind the JSON."""
    import numpy as np

    text = b"\x09\x00\x00\x00marker-77"
    parts = [np.array([12.3387123]).tobytes(), np.array([45.4341987]).tobytes(), text]
    kinds = {"lon": "FP64", "lat": "FP64", "token": "BYTES"}
    inputs = [
        {"name": n, "shape": [1], "datatype": k, "parameters": {"binary_data_size": len(part)}}
        for (n, k), part in zip(kinds.items(), parts, strict=True)
    ]
    head = json.dumps({"inputs": inputs, "parameters": {"binary_data_output": True}}).encode()
    return head + b"".join(parts), len(head)


@settings(max_examples=drawn(400))
@given(
    at=st.integers(0, 400), put=st.binary(max_size=6), cut=st.integers(0, 12),
    off=st.sampled_from([0, 0, 0, 1, -1, 10**6]),
    odd=st.sampled_from([None, None, "", "x", "-1", "²"]),
)  # fmt: skip
def test_mutations_of_raw_bytes_are_answered_in_words(
    asked: Asked, at: int, put: bytes, cut: int, off: int, odd: str | None
) -> None:
    """A body of raw bytes with some changed, taken away or miscounted is answered or refused."""
    body, length = raw_body()
    body = body[:at] + put + body[at + cut :]
    told_length = str(length + off) if odd is None else odd
    status, _, told = asked(V2, body, {"inference-header-content-length": told_length})
    check(status, told)


def test_the_right_bodies_are_right(asked: Asked) -> None:
    """What is mutated here is right itself, so that the tests above start from answers."""
    body, length = raw_body()
    sizes = {"inference-header-content-length": str(length)}
    for path, sent, headers in (
        (V1, json.dumps(body_v1()).encode(), {}),
        (V2, json.dumps(body_v2()).encode(), {}),
        (V2, body, sizes),
    ):
        status, found, told = asked(path, sent, headers)
        assert status == 200, told
        assert found["cache-control"] == "no-store"
