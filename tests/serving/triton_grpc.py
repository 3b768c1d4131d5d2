"""tritonclient over gRPC against a server: run with its address, fails where an answer is wrong."""

from __future__ import annotations

import sys
from collections.abc import Callable
from typing import Any

import numpy as np

LON, LAT = np.array([12.3387, 12.365]), np.array([45.4341, 45.43])


def triton_inputs(module: Any, **more: Any) -> list[Any]:
    made = []
    for name, kind, values in (
        ("lon", "FP64", LON), ("lat", "FP64", LAT),
        ("token", "BYTES", np.array(["a", "b"], object)),
        ("step_free", "BOOL", np.array([True, False])),
        ("party_size", "INT32", np.array([1, 2], np.int32)),
    ):  # fmt: skip
        tensor = module.InferInput(name, [2], kind)
        tensor.set_data_from_numpy(values, **more)
        made.append(tensor)
    return made


def check(reply: Any, decode: Callable[[Any], Any]) -> None:
    assert [decode(x) for x in reply.as_numpy("status")] == ["reserved", "no_safe_route"]
    assert [decode(x) for x in reply.as_numpy("token")] == ["a", "b"]
    assert reply.as_numpy("is_safe").tolist() == [True, False]
    assert np.isnan(reply.as_numpy("shelter_lat")[1])


def answers(rpc: Any, client: Any) -> None:
    """Answers, what is ready, metadata, and the parameter that names the route's form."""
    assert client.is_server_live()
    assert client.is_server_ready()
    assert client.is_model_ready("evacroute")
    metadata = client.get_model_metadata("evacroute")
    assert next(c.name for c in metadata.outputs) == "status"
    assert list(metadata.inputs[0].shape) == [-1]
    check(client.infer("evacroute", triton_inputs(rpc)), bytes.decode)
    reply = client.infer(
        "evacroute", triton_inputs(rpc), outputs=[rpc.InferRequestedOutput("route")],
        parameters={"route": "polyline"},
    )  # fmt: skip
    assert reply.as_numpy("route")[0] == b"czhtG{{hjAwV~u@"


def refusals(rpc: Any, client: Any) -> None:
    """Wrong calls get their code and one sentence; those of the repository are shut."""
    from tritonclient.utils import InferenceServerException

    def refused(call: Callable[..., Any], *given: Any) -> tuple[str, str]:
        try:
            call(*given)
        except InferenceServerException as error:
            return str(error.status()), str(error.message())
        raise AssertionError("it was not refused")

    def infer(**fields: Any) -> None:
        tensors = []
        for name, values in {"lon": LON, "lat": LAT, **fields}.items():
            tensors.append(rpc.InferInput(name, list(values.shape), "FP64"))
            tensors[-1].set_data_from_numpy(values)
        client.infer("evacroute", tensors)

    assert refused(client.unload_model, "evacroute")[0] == "StatusCode.UNIMPLEMENTED"
    assert refused(client.load_model, "evacroute")[0] == "StatusCode.UNIMPLEMENTED"
    unknown = ("StatusCode.NOT_FOUND", "no model of that name is served here")
    assert refused(client.is_model_ready, "other") == unknown
    for fields, says in (
        ({"lon": LAT, "lat": LON}, "row 0: lon and lat look swapped"),
        ({"lon": LON * np.nan}, "row 0: lon must be a number from 12.3 to 12.37"),
        ({"helpers": LON}, "column helpers must be of type INT64 or INT32"),
        ({"lon": np.ones(1001), "lat": np.ones(1001)}, "inputs must hold 1 to 1000 parties"),
    ):
        code, text = refused(lambda fields=fields: infer(**fields))
        assert code == "StatusCode.INVALID_ARGUMENT"
        assert text.startswith(says), text
    many = np.ones(40_000)
    assert refused(lambda: infer(lon=many, lat=many))[0] == "StatusCode.RESOURCE_EXHAUSTED"
    assert client.is_model_ready("evacroute")


if __name__ == "__main__":
    import tritonclient.grpc

    opened = tritonclient.grpc.InferenceServerClient(sys.argv[1])
    answers(tritonclient.grpc, opened)
    refusals(tritonclient.grpc, opened)
    opened.close()
