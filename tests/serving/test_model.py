"""The model by itself, as a server of KServe's own would call it."""

from __future__ import annotations

import asyncio
import json
import threading
from typing import Any

import pytest

from .doors import PARTY, V1, V2, Asked, columns, need
from .fake_core import FakeCore


@pytest.fixture
def model() -> Any:
    """A model whose core is loaded."""
    need("kserve")
    from evacroute.serving.model import EvacrouteModel

    core = FakeCore()
    core.load()
    return EvacrouteModel("evacroute", core)


def test_it_answers_both_protocols(model: Any) -> None:
    """Bodies and requests that KServe has read are answered in their protocol."""
    from kserve import InferRequest
    from kserve.protocol.rest.v2_datamodels import InferenceRequest

    told, headers = asyncio.run(model({"instances": [PARTY]}))
    assert (told["predictions"][0]["status"], headers) == ("reserved", {})
    read = InferenceRequest.model_validate({"id": "7", "inputs": columns(PARTY)})
    asked = InferRequest.from_inference_request(read, "evacroute")
    body, _ = asyncio.run(model.predict(asked)).to_rest()
    assert (body["id"], body["model_version"]) == ("7", "2026-11-23T10:00Z-3")
    assert body["outputs"][0]["data"] == ["reserved"]


def test_it_refuses_as_kserve_expects(model: Any) -> None:
    """Faults of users are InvalidInput, a core that is not ready is ModelNotReady."""
    from kserve.errors import InvalidInput, ModelNotReady
    from kserve.model import InferenceVerb

    with pytest.raises(InvalidInput, match="instances must hold"):
        asyncio.run(model.predict({}))
    with pytest.raises(NotImplementedError):
        asyncio.run(model({"instances": [PARTY]}, verb=InferenceVerb.EXPLAIN))
    model.core.ready = False
    with pytest.raises(ModelNotReady):
        asyncio.run(model.predict({"instances": [PARTY]}))
    assert model.load() is False
    assert asyncio.run(model.healthy()) is False


@pytest.mark.parametrize("form", ["codec_v1", "codec_v2"])
def test_large_bodies_do_not_hold_up_the_loop(
    model: Any, form: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A body of many parties is read and written beside the event loop, one of a few on it."""
    from kserve import InferRequest
    from kserve.protocol.rest.v2_datamodels import InferenceRequest

    from evacroute.serving import codec_v1, codec_v2
    from evacroute.serving.model import MANY

    codec: Any = {"codec_v1": codec_v1, "codec_v2": codec_v2}[form]
    where: list[bool] = []
    for name in ("decode", "encode"):
        work = getattr(codec, name)

        def watched(*given: Any, work: Any = work) -> Any:
            where.append(threading.current_thread() is threading.main_thread())
            return work(*given)

        monkeypatch.setattr(codec, name, watched)
    for n, on_the_loop in ((MANY, True), (MANY + 1, False)):
        rows = [{**PARTY, "token": f"t{i}"} for i in range(n)]
        body: Any = {"instances": rows}
        if form == "codec_v2":
            inputs = [{"name": k, "shape": [n], "datatype": "FP64", "data": [PARTY[k]] * n}
                      for k in ("lon", "lat")]  # fmt: skip
            read = InferenceRequest.model_validate({"inputs": inputs})
            body = InferRequest.from_inference_request(read, "evacroute")
        asyncio.run(model.predict(body))
        assert where[-2:] == [on_the_loop] * 2


@pytest.mark.parametrize("path", [V1, V2])
def test_long_bodies_are_read_beside_the_loop(path: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """JSON of many bytes is read in a thread, and refused as any; a short body on the loop."""
    need("kserve")
    from evacroute.serving import rest
    from evacroute.serving.metrics import Meters
    from evacroute.serving.options import read_options
    from evacroute.serving.server import Server

    core, where = FakeCore(), []
    core.load()
    options = read_options(["--model_dir", ".", "--grpc_port", "0"])
    ask = Asked(Server(core, options, Meters()).rest.config.app)
    name = "read_json" if path == V1 else "read_request"
    read = getattr(rest, name)

    def watched(*given: Any) -> Any:
        where.append(threading.current_thread() is threading.main_thread())
        return read(*given)

    monkeypatch.setattr(rest, name, watched)
    good = {"instances": [PARTY]} if path == V1 else {"inputs": columns(PARTY)}
    short = json.dumps(good).encode()
    assert ask(path, short)[0] == ask(path, short + b" " * 40_000)[0] == 200
    status, _, told = ask(path, b'{"a": 1, "a": 2}' + b" " * 40_000)
    assert (status, told) == (400, b'{"error":"the body names a key twice in one object"}')
    assert where == [True, False, False]
