"""V2 over HTTP: JSON, with columns as raw bytes behind it where a client prefers that."""

from __future__ import annotations

import re
from typing import Any

import orjson

from evacroute.serving._kserve import (
    InferInput,
    InferOutput,
    InferRequest,
    InferResponse,
    RequestedOutput,
)
from evacroute.serving.bodies import read_json
from evacroute.serving.codec_v2 import Column
from evacroute.serving.refusals import BadRequest

JSON_LENGTH = "inference-header-content-length"
"""Header that says where the JSON ends and the raw bytes begin, both ways."""

# KServe's own client names the model in the body, too.
_KEYS = dict.fromkeys(("id", "inputs", "outputs", "parameters", "model_name", "model_version"))
_ID = re.compile(r"[ -~]{0,128}")


def read_request(
    body: bytes, json_length: str | None, model: str, request_id: str = ""
) -> InferRequest:
    """Read an inference request; its columns are checked later, by the codec.

    `request_id` is taken where the body has none of its own.


    KServe's own reader answers many faults with the server's error 500, so this one is used.

    Raises
    ------
    BadRequest
        If it does not have the form of one.
    """
    end = len(body)
    if json_length is not None:
        # Digits of other scripts are digits for Python too, and a header may be very long.
        if not re.fullmatch("[0-9]{1,9}", json_length) or int(json_length) > end:
            raise BadRequest(f"the header {JSON_LENGTH} must be a number of bytes of the body")
        end = int(json_length)
    given = read_json(body[:end])
    if not isinstance(given, dict) or not isinstance(given.get("inputs"), list):
        raise BadRequest("the body must be an object with a list of inputs")
    if given.keys() - _KEYS:
        raise BadRequest(f"the body may hold {', '.join(_KEYS)}, nothing else")
    key, parameters = given.get("id"), given.get("parameters")
    if key is not None:
        check_id(key)
    if parameters is not None and not isinstance(parameters, dict):
        raise BadRequest("parameters must be an object")
    inputs = []
    for column in given["inputs"]:
        tensor, end = _tensor(column, body, end)
        inputs.append(tensor)
    if end != len(body):
        raise BadRequest("the raw bytes of the body must be just those of the columns")
    return InferRequest(
        model_name=model,
        infer_inputs=inputs,
        request_id=key or request_id,
        parameters=parameters,
        request_outputs=_outputs(given.get("outputs")),
    )


def check_id(key: object) -> None:
    """Refuse an id that is long or odd: it is sent back.

    Raises
    ------
    BadRequest
        If it is so.
    """
    if not (isinstance(key, str) and _ID.fullmatch(key)):
        raise BadRequest("id must be text of at most 128 plain characters")


def _tensor(column: Any, body: bytes, start: int) -> tuple[InferInput, int]:
    """Make a column whose raw bytes, if it has any, begin at `start`; gives where they end."""
    if not isinstance(column, dict):
        raise BadRequest("each of inputs must be an object with name, datatype, shape and data")
    name, datatype, shape = column.get("name"), column.get("datatype"), column.get("shape")
    if not (isinstance(name, str) and isinstance(datatype, str) and isinstance(shape, list)):
        raise BadRequest("each of inputs must have a name and a datatype (text) and a shape (list)")
    if not all(type(side) is int for side in shape):
        raise BadRequest("each shape must be a list of whole numbers")
    parameters = column.get("parameters") or {}
    size = parameters.get("binary_data_size") if isinstance(parameters, dict) else None
    data = column.get("data")
    tensor = InferInput(name=name, shape=shape, datatype=datatype, data=data or [])
    if size is None:
        if not isinstance(data, list):
            raise BadRequest("each of inputs must have data (a list) or a binary_data_size")
        return tensor, start
    if type(size) is not int or not 0 <= size <= len(body) - start or data is not None:
        raise BadRequest("each binary_data_size must be a number of bytes of the body, and no data")
    # The one way there is to hand KServe's type the bytes as they came.
    tensor._raw_data = body[start : start + size]
    return tensor, start + size


def _outputs(given: Any) -> list[RequestedOutput] | None:
    if given is None:
        return None
    if not isinstance(given, list):
        raise BadRequest("outputs must be a list")
    out = []
    for output in given:
        if not isinstance(output, dict) or not isinstance(output.get("name"), str):
            raise BadRequest("each of outputs must be an object with a name")
        parameters = output.get("parameters") or {}
        if not isinstance(parameters, dict):
            raise BadRequest("the parameters of an output must be an object")
        out.append(RequestedOutput(output["name"], parameters))
    return out


def response_of(
    request: InferRequest, model: str, version: str, columns: list[Column]
) -> InferResponse:
    """Make a response to a request of the columns asked for."""
    outputs = [InferOutput(c.name, list(c.values.shape), c.datatype, c.values) for c in columns]
    if request.from_grpc:
        # KServe asks arrays whether they are true on this way, which only bytes survive.
        for output in outputs:
            output.set_data_from_numpy(output.data)
            output.parameters = None
    return InferResponse(
        response_id=request.id,
        model_name=model,
        model_version=version,
        infer_outputs=outputs,
        use_binary_outputs=request.use_binary_outputs,
        requested_outputs=None if request.from_grpc else request.request_outputs,
    )


def write_response(response: InferResponse) -> tuple[bytes, dict[str, str]]:
    """Write an inference response and the headers that tell how to read it."""
    body, json_length = response.to_rest()
    if json_length is None:
        return orjson.dumps(body), {"content-type": "application/json"}
    headers = {"content-type": "application/octet-stream", JSON_LENGTH: str(json_length)}
    return body, headers
