"""KServe's names, and the way it is imported: it reads the command line when it is.

Its parser knows other options than ours and ends the process where it does not like the value of
one, so it is shown an empty line. Nothing else of this package may import kserve by itself.
"""

from __future__ import annotations

import sys

from evacroute.errors import MissingExtraError

_line, sys.argv = sys.argv, sys.argv[:1]
try:
    from kserve import InferInput, InferOutput, InferRequest, InferResponse, Model, ModelServer
    from kserve.errors import InvalidInput, ModelNotFound, ModelNotReady
    from kserve.model import InferenceVerb
    from kserve.protocol.dataplane import DataPlane
    from kserve.protocol.grpc import grpc_predict_v2_pb2 as messages
    from kserve.protocol.grpc.grpc_predict_v2_pb2_grpc import (
        add_GRPCInferenceServiceServicer_to_server as add_servicer,
    )
    from kserve.protocol.grpc.server import GRPCServer
    from kserve.protocol.grpc.servicer import InferenceServicer
    from kserve.protocol.infer_type import RequestedOutput
    from kserve.protocol.rest.server import RESTServer
except ImportError as error:
    raise MissingExtraError("kserve", "serving", "serving a plan") from error
finally:
    sys.argv = _line

__all__ = [
    "DataPlane",
    "GRPCServer",
    "InferInput",
    "InferOutput",
    "InferRequest",
    "InferResponse",
    "InferenceServicer",
    "InferenceVerb",
    "InvalidInput",
    "Model",
    "ModelNotFound",
    "ModelNotReady",
    "ModelServer",
    "RESTServer",
    "RequestedOutput",
    "add_servicer",
    "messages",
]
