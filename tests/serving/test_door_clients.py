"""Other people's clients: KServe's own and tritonclient get right answers, over HTTP and gRPC."""

from __future__ import annotations

import asyncio
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from .doors import PARTY, Door, columns, messages_of, shared
from .triton_grpc import LAT, LON, check, triton_inputs


@pytest.fixture
def served() -> Door:
    """The server that tests share."""
    return shared()


def test_kserve_over_http(served: Door) -> None:
    """KServe's HTTP client gets an answer in V1 and V2, and knows what is ready."""
    from kserve import InferenceRESTClient, InferInput, InferRequest, RESTConfig

    async def ask() -> None:
        v1 = InferenceRESTClient(RESTConfig(protocol="v1", timeout=5, retries=0))
        told = await v1.infer(served.http, {"instances": [PARTY]}, model_name="evacroute")
        assert told["predictions"][0]["shelter"]["id"] == "S00"
        assert await v1.is_model_ready(served.http, "evacroute")
        await v1.close()
        v2 = InferenceRESTClient(RESTConfig(protocol="v2", timeout=5, retries=0))
        assert await v2.is_server_ready(served.http)
        assert await v2.is_model_ready(served.http, "evacroute")
        for binary in (False, True):
            inputs = [InferInput("lon", [2], "FP64"), InferInput("lat", [2], "FP64")]
            for tensor, values in zip(inputs, (LON, LAT), strict=True):
                tensor.set_data_from_numpy(values, binary_data=binary)
            request = InferRequest("evacroute", inputs, request_id="42")
            reply = await v2.infer(served.http, request, model_name="evacroute")
            assert reply.id == "42"
            status = reply.get_output_by_name("status").as_numpy().tolist()
            assert status == ["reserved", "no_safe_route"]
            assert np.isnan(reply.get_output_by_name("shelter_lon").as_numpy()[1])
        await v2.close()

    asyncio.run(ask())


def test_kserve_over_grpc(served: Door) -> None:
    """KServe's gRPC client gets an answer for typed and raw columns, and knows what is ready."""
    from kserve import InferenceGRPCClient, InferInput, InferRequest

    async def ask() -> None:
        client = InferenceGRPCClient(served.grpc, timeout=5, retries=0)
        assert await client.is_server_ready()
        assert await client.is_model_ready("evacroute")
        made = [InferInput(c["name"], c["shape"], c["datatype"], c["data"]) for c in columns(PARTY)]
        raw = [InferInput("lon", [2], "FP64"), InferInput("lat", [2], "FP64")]
        for tensor, values in zip(raw, (LON, LAT), strict=True):
            tensor.set_data_from_numpy(values)
        for inputs, ids in ((made, [b"S00"]), (raw, [b"S03", b""])):
            reply = await client.infer(InferRequest("evacroute", inputs))
            assert reply.get_output_by_name("shelter").as_numpy().tolist() == ids
        await client.close()

    asyncio.run(ask())


@pytest.mark.parametrize("binary", [False, True])
def test_tritonclient_over_http(served: Door, binary: bool) -> None:
    """tritonclient gets answers and metadata over HTTP, as JSON and as raw bytes."""
    import tritonclient.http as http

    client = http.InferenceServerClient(served.http.removeprefix("http://"))
    try:
        assert client.is_server_live()
        assert client.is_server_ready()
        assert client.is_model_ready("evacroute")
        names = {c["name"]: c["datatype"] for c in client.get_model_metadata("evacroute")["inputs"]}
        assert names["lon"] == "FP64"
        assert names["token"] == "BYTES"
        inputs = triton_inputs(http, binary_data=binary)
        named = [
            http.InferRequestedOutput(name, binary_data=binary)
            for name in ("status", "token", "is_safe", "shelter_lat", "route", "directions")
        ]
        decode = bytes.decode if binary else str
        reply = client.infer("evacroute", inputs, outputs=named, request_id="7")
        check(reply, decode)
        assert "LineString" in decode(reply.as_numpy("route")[0])
        assert decode(reply.as_numpy("directions")[1]).split("\n")[1] == "A crew is told."
        # Without names it asks for raw bytes of everything.
        check(client.infer("evacroute", inputs), bytes.decode)
        with pytest.raises(Exception, match="unknown output colour"):
            client.infer("evacroute", inputs, outputs=[http.InferRequestedOutput("colour")])
    finally:
        client.close()


def test_tritonclient_over_grpc() -> None:
    """tritonclient gets answers, metadata and refusals over gRPC.

    In a process of its own: its messages and KServe's have the same names.
    """
    script = Path(__file__).with_name("triton_grpc.py")
    done = subprocess.run(
        [sys.executable, str(script), shared().grpc], capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert "45.4341" not in shared().log.read_text()


def test_bytes_that_are_no_message_are_refused(served: Door) -> None:
    """Bytes that are no message get a sentence, not the text of an exception."""
    import grpc

    with grpc.insecure_channel(served.grpc) as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for body in (b"\xff\xffmarker", b"\x0a\x04\xff\xfe\xfd\xfc"):
            with pytest.raises(grpc.RpcError) as error:
                infer(body, timeout=5)
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert error.value.details() == "the message is not one of this call"


def test_columns_that_contradict_themselves_are_refused(served: Door) -> None:
    """What KServe would refuse by a name that was sent is refused without it."""
    import grpc
    from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages

    def column(name: str, datatype: str = "FP64") -> Any:
        tensor = messages.ModelInferRequest.InferInputTensor
        return tensor(name=name, datatype=datatype, shape=[2])

    raw = [LON.tobytes(), LAT.tobytes()]
    both = column("marker-7Qx9")
    both.contents.fp64_contents.extend(LON.tolist())
    bodies = [
        ([both, column("lat")], raw),
        ([column("lon"), column("lat")], raw[:1]),
        ([column("lon", "marker-7Qx9"), column("lat")], []),
    ]
    with grpc.insecure_channel(served.grpc) as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for inputs, contents in bodies:
            request = messages.ModelInferRequest(
                model_name="evacroute", inputs=inputs, raw_input_contents=contents
            )
            with pytest.raises(grpc.RpcError) as error:
                infer(request.SerializeToString(), timeout=5)
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert error.value.details().startswith("inputs must each have a datatype of V2")


def test_ids_over_grpc_are_as_short_as_over_http(served: Door) -> None:
    """The id in a message comes back, up to 128 plain characters; any other is refused unseen."""
    import grpc
    from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages

    request = messages.ModelInferRequest.FromString(messages_of(PARTY))
    with grpc.insecure_channel(served.grpc) as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        for given in ("a b", "x" * 128):
            request.id = given
            reply = messages.ModelInferResponse.FromString(
                infer(request.SerializeToString(), timeout=5)
            )
            assert reply.id == given
        for given in ("x" * 129, "x" * 200_000, "a\nb", "é"):
            request.id = given
            with pytest.raises(grpc.RpcError) as error:
                infer(request.SerializeToString(), timeout=5)
            assert error.value.code() == grpc.StatusCode.INVALID_ARGUMENT
            assert error.value.details() == "id must be text of at most 128 plain characters"


def test_who_hangs_up_over_grpc_is_counted(served: Door) -> None:
    """A call that its client gives up has a line and a figure like any other."""
    import grpc

    with grpc.insecure_channel(served.grpc) as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        request = messages_of({**PARTY, "party_size": 90})
        under_way = infer.future(request, metadata=[("x-request-id", "hung-up")], timeout=5)
        time.sleep(0.2)
        under_way.cancel()
        assert served.line_of("hung-up")["code"] == "CANCELLED"
    assert 'evacroute_rejected_total{cause="gone"}' in served.get("/metrics").text


def test_ids_are_echoed_over_grpc(served: Door) -> None:
    """A plain id of a request comes back over gRPC, too."""
    import grpc

    with grpc.insecure_channel(served.grpc) as channel:
        ready = channel.unary_unary("/inference.GRPCInferenceService/ServerReady")
        _, call = ready.with_call(b"", metadata=[("x-request-id", "mine")], timeout=5)
        assert ("x-request-id", "mine") in [tuple(pair) for pair in call.trailing_metadata()]
