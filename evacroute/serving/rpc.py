"""gRPC: KServe's inference service, with the routes of its repository shut."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import grpc
from grpc import aio

from evacroute.serving._kserve import (
    GRPCServer,
    InferenceServicer,
    InferRequest,
    InvalidInput,
    add_servicer,
)
from evacroute.serving.life import Life
from evacroute.serving.refusals import BadRequest, Gone, NotReady, Refusal
from evacroute.serving.requests import CURRENT, Fault, Note, Reception, request_id
from evacroute.serving.wire_v2 import check_id


class _Shut(Refusal):
    """A call that is not served."""

    code, cause = "UNIMPLEMENTED", "not_found"


_UNREAD = object()

_NEVER_S = 1e6

_MIXED = (
    "inputs must each have a datatype of V2, and either contents of their own or, all of them, "
    "raw_input_contents"
)


def _reader(read: Callable[[bytes], Any]) -> Callable[[bytes], Any]:
    """Read a message, where grpc would answer bytes that are none with an exception's text."""

    def safely(body: bytes) -> Any:
        try:
            return read(body)
        except Exception:  # protobuf has one for each way of reading
            return _UNREAD

    return safely


class Servicer(InferenceServicer):
    """KServe's service; answers are found as over HTTP, within limits."""

    def __init__(self, plane: Any, reception: Reception) -> None:
        super().__init__(plane, None)
        self._reception = reception

    async def ModelInfer(self, request: Any, context: Any) -> Any:
        """Answer columns."""
        left = context.time_remaining()
        with self._reception.admitted(left):
            check_id(request.id)
            try:
                self.validate_grpc_request(request)
                asked = InferRequest.from_grpc(request)
            except InvalidInput:
                # Its text repeats names that were sent.
                raise BadRequest(_MIXED) from None
            answer, _ = await self._data_plane.infer(request.model_name, asked)
            return answer.to_grpc()

    async def RepositoryModelLoad(self, request: Any, context: Any) -> Any:
        """Refuse: what is loaded is the operator's to say."""
        raise _Shut("models are not loaded from outside")

    async def RepositoryModelUnload(self, request: Any, context: Any) -> Any:
        """Refuse: what is loaded is the operator's to say."""
        raise _Shut("models are not unloaded from outside")


class Shell(aio.ServerInterceptor):
    """What every call goes through: id, refusals, line and figures."""

    def __init__(self, life: Life, reception: Reception) -> None:
        self._life = life
        self._reception = reception
        self.busy = 0

    async def intercept_service(
        self, continuation: Callable[[Any], Awaitable[Any]], details: Any
    ) -> Any:
        """Wrap the handler of a call."""
        handler = await continuation(details)
        if handler is None or handler.unary_unary is None:
            return handler
        inner = handler.unary_unary
        route = details.method.rpartition("/")[2]

        async def answered(request: Any, context: Any) -> Any:
            # Those whose names end in -bin are bytes.
            pairs = context.invocation_metadata() or ()
            headers = {key: value for key, value in pairs if isinstance(value, str)}
            note = Note(request_id(headers.get("x-request-id")), "grpc", route)
            CURRENT.set(note)
            trailer: tuple[tuple[str, str], ...] = (("x-request-id", note.request_id),)
            context.set_trailing_metadata(trailer)
            self.busy += 1
            # Until the answer is sent, not only found.
            context.add_done_callback(self._done)
            try:
                if request is _UNREAD:
                    raise BadRequest("the message is not one of this call")
                with self._reception.tracer.span(headers, note):
                    response = await inner(request, context)
            except asyncio.CancelledError:
                # Their time is over, or they have hung up; it counts all the same.
                gone = self._reception.refusal(Gone("whoever asked has gone"), note)
                self._reception.end(note, gone.code, is_fault=False)
                raise
            except Exception as error:
                refusal = self._reception.refusal(error, note)
                self._reception.end(note, refusal.code, is_fault=isinstance(refusal, Fault))
                text = str(refusal)
                if isinstance(refusal, NotReady):
                    text = f"not ready: {self._life.reason}"
                trailer += tuple((k, v) for k, v in refusal.headers.items() if k == "retry-after")
                await context.abort(grpc.StatusCode[refusal.code], text, trailer)
            else:
                self._reception.end(note, "OK", is_fault=False)
                return response

        return grpc.unary_unary_rpc_method_handler(
            answered, _reader(handler.request_deserializer), handler.response_serializer
        )

    def _done(self, _: Any) -> None:
        self.busy -= 1


class GrpcServer(GRPCServer):
    """KServe's gRPC server with our shell and limits.

    Parameters
    ----------
    host, port
        Where it listens.
    max_body
        The longest message [bytes].
    """

    def __init__(
        self, host: str, port: int, plane: Any, life: Life, reception: Reception, max_body: int
    ) -> None:
        super().__init__(port, plane, None, {})
        self._host = host
        self._shell = Shell(life, reception)
        self._reception = reception
        self._max_body = max_body

    async def start(self, max_workers: int = 1) -> None:
        """Listen, and return at once."""
        self._server = aio.server(
            interceptors=(self._shell,),
            options=[
                ("grpc.max_receive_message_length", self._max_body),
                ("grpc.max_metadata_size", 8192),
                # Else two processes could share the port without noticing.
                ("grpc.so_reuseport", 0),
            ],
        )
        add_servicer(Servicer(self._data_plane, self._reception), self._server)
        host = f"[{self._host}]" if ":" in self._host else self._host
        self._server.add_insecure_port(f"{host}:{self._port}")
        await self._server.start()

    async def stop(self, grace: float, hurry: asyncio.Event) -> bool:
        """Take no more calls; wait for those under way `grace` seconds, or until told to hurry.

        Returns whether any was cut off that had been sent to the end.
        """
        if self._server is None:
            return False
        # A stop whose time ends while another's does cancels calls of a server that is gone, and
        # the process ends with signal 11. So gRPC's own limit is never reached: ours is kept here.
        stopping = asyncio.create_task(self._server.stop(_NEVER_S))
        hurried = asyncio.create_task(hurry.wait())
        first = asyncio.FIRST_COMPLETED
        await asyncio.wait((stopping, hurried), timeout=grace, return_when=first)
        hurried.cancel()
        cut = False
        if not stopping.done():
            cut = self._shell.busy > 0
            await self._server.stop(None)
        await stopping
        return cut
