"""HTTP: KServe's routes of V1 and V2 that are served here, and the shell around them."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import orjson
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route, Router
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from evacroute.serving._kserve import DataPlane
from evacroute.serving.bodies import read_json
from evacroute.serving.life import Life
from evacroute.serving.refusals import (
    Encoded,
    Gone,
    NotFound,
    NotReady,
    NotYet,
    Refusal,
    TooLarge,
    TooLate,
)
from evacroute.serving.requests import CURRENT, Fault, Note, Reception, request_id
from evacroute.serving.wire_v2 import JSON_LENGTH, read_request, write_response

_JSON = "application/json"
_PASSED_OVER = 16 << 20
"""How much of a body that is too long is read and dropped [bytes], so that the answer arrives."""
_PASSED_OVER_SECONDS = 2.0
_LONG = 32 << 10
"""Longer bodies [bytes] are read in a thread: 0.5 MB can be made to take 55 ms."""
_BODY_SECONDS = 10.0
"""How long a body may take where no answer's limit holds."""


class _Point:
    """A function of Starlette as an application, without the layers that catch for it: we do."""

    def __init__(self, answer: Callable[[Request], Awaitable[ASGIApp]]) -> None:
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        response = await self._answer(Request(scope, receive))
        await response(scope, receive, send)


class _Sent:
    """JSON that is sent as it is; a `Response` can more and costs more."""

    __slots__ = ("_content",)

    def __init__(self, content: bytes) -> None:
        self._content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        length = str(len(self._content)).encode()
        headers = [(b"content-length", length), (b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": self._content})


class Rest:
    """The routes, as functions of Starlette.

    Parameters
    ----------
    name
        What the model is called in the address.
    plane
        KServe's data plane, with our answers to what is ready.
    life, reception
        What they say.
    max_body
        The longest body [bytes].
    """

    def __init__(
        self, name: str, plane: DataPlane, life: Life, reception: Reception, max_body: int
    ) -> None:
        self._name = name
        self._plane = plane
        self._life = life
        self._reception = reception
        self._max_body = max_body
        self._aside = ThreadPoolExecutor(1, thread_name_prefix="long bodies")

    def routes(self) -> list[BaseRoute]:
        """Every route there is: none to load or unload, to explain, or to read documents of."""
        v1, v2 = f"/v1/models/{self._name}", f"/v2/models/{self._name}"
        return [
            Route(f"{v1}:predict", _Point(self._predict), methods=["POST"]),
            Route(f"{v2}/infer", _Point(self._infer), methods=["POST"]),
            Route("/", self._alive),
            Route("/v2/health/live", self._live),
            Route("/v2/health/ready", self._ready),
            Route(v1, self._model_ready),
            Route(f"{v2}/ready", self._model_ready),
            Route("/v1/models", self._models),
            Route("/v2/models", self._models),
            Route(v2, self._model_metadata),
            Route("/v2", self._metadata),
            Route("/metrics", self._metrics),
        ]

    async def nothing(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer for every other address."""
        raise NotFound(f"nothing is served at this address; the model is called '{self._name}'")

    async def _predict(self, request: Request) -> ASGIApp:
        with self._reception.reading() as turn:
            body = await read_body(request, self._max_body)
            turn.arrived()
            payload = await self._read(read_json, body)
            answer, _ = await self._plane.infer(self._name, payload)
            return _Sent(orjson.dumps(answer, option=orjson.OPT_SERIALIZE_NUMPY))

    async def _infer(self, request: Request) -> ASGIApp:
        with self._reception.reading() as turn:
            body = await read_body(request, self._max_body)
            turn.arrived()
            json_length, key = request.headers.get(JSON_LENGTH), CURRENT.get().request_id
            asked = await self._read(read_request, body, json_length, self._name, key)
            answer, _ = await self._plane.infer(self._name, asked)
            content, headers = write_response(answer)
            return Response(content, headers=headers)

    async def _read(self, read: Callable[..., Any], body: bytes, *more: Any) -> Any:
        if len(body) <= _LONG:
            return read(body, *more)
        return await asyncio.get_running_loop().run_in_executor(self._aside, read, body, *more)

    async def _alive(self, request: Request) -> Response:
        return _json(await self._plane.live())

    async def _live(self, request: Request) -> Response:
        return _json({"live": True})

    async def _ready(self, request: Request) -> Response:
        if not await self._plane.ready():
            raise NotYet("not ready")
        return _json({"ready": True})

    async def _model_ready(self, request: Request) -> Response:
        if not await self._plane.model_ready(self._name):
            raise NotYet("not ready")
        return _json({"name": self._name, "ready": True})

    async def _models(self, request: Request) -> Response:
        return _json({"models": [self._name]})

    async def _model_metadata(self, request: Request) -> Response:
        return _json(await self._plane.model_metadata(self._name))

    async def _metadata(self, request: Request) -> Response:
        return _json(self._plane.metadata())

    async def _metrics(self, request: Request) -> Response:
        text, content_type = self._reception.meters.text(request.headers.get("accept", ""))
        return Response(text, headers={"content-type": content_type})


class Shell:
    """What every request over HTTP goes through: id, refusals, line and figures.

    Written for ASGI itself: each layer of middleware costs as much as an answer.
    """

    def __init__(
        self, rest: Rest, life: Life, reception: Reception, more: Iterable[BaseRoute] = ()
    ) -> None:
        routes = [*rest.routes(), *more]
        self._router = Router(routes, redirect_slashes=False, default=rest.nothing)
        # The router would try one pattern after another.
        self._points = {
            route.path: route
            for route in routes
            if isinstance(route, Route) and isinstance(route.endpoint, _Point)
        }
        self._life = life
        self._reception = reception

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request."""
        headers = Headers(scope=scope)
        note = Note(request_id(headers.get("x-request-id")), "rest")
        CURRENT.set(note)
        # With it in the scope the router raises what it would else write by itself.
        scope["app"] = self
        code = 0
        extra = [
            (b"x-request-id", note.request_id.encode()),
            (b"x-content-type-options", b"nosniff"),
        ]
        if self._life.draining:
            extra.append((b"connection", b"close"))

        async def reply(message: Message) -> None:
            nonlocal code
            if message["type"] == "http.response.start":
                code = message["status"]
                given = [*message["headers"], *extra]
                if b"cache-control" not in [name for name, _ in given]:
                    given.append((b"cache-control", b"no-store"))
                message["headers"] = given
            await send(message)

        refusal: Refusal | None = None
        try:
            with self._reception.tracer.span(headers, note):
                point = self._points.get(scope["path"])
                if point is not None and scope["method"] in (point.methods or ()):
                    scope["route"] = point
                    await point.app(scope, receive, reply)
                else:
                    await self._router(scope, receive, reply)
        except asyncio.CancelledError:
            # Only the end of the server does this. It is said, so that another replica is asked.
            self._life.draining = True
            refusal = self._refusal(NotReady("not ready"), note)
        except Exception as error:
            refusal = self._refusal(error, note)
        if refusal is not None:
            if not code and not isinstance(refusal, Gone):
                await _written(refusal, self._text(refusal, note))(scope, receive, reply)
            code = code or refusal.status
        route = scope.get("route")
        note.route = route.path if isinstance(route, Route) else "other"
        self._reception.end(note, code, is_fault=isinstance(refusal, Fault))

    def _refusal(self, error: Exception, note: Note) -> Refusal:
        if isinstance(error, HTTPException):
            made = _Http(_WORDS.get(error.status_code, "the request is not served"))
            made.http = error
            error = made
        return self._reception.refusal(error, note)

    def _text(self, refusal: Refusal, note: Note) -> dict[str, str]:
        if isinstance(refusal, NotReady):
            return {"error": f"not ready: {self._life.reason}"}
        said = {"error": str(refusal)}
        return {**said, "request_id": note.request_id} if isinstance(refusal, Fault) else said


_WORDS = {405: "this address is asked with another method"}


class _Http(Refusal):
    """What Starlette refuses by itself."""

    cause = "http"
    http: HTTPException


def _written(refusal: Refusal, content: dict[str, str]) -> Response:
    status, headers = refusal.status, dict(refusal.headers)
    if isinstance(refusal, _Http):
        status, headers = refusal.http.status_code, dict(refusal.http.headers or {})
    return Response(orjson.dumps(content), status, headers, _JSON)


def _json(content: Any) -> Response:
    return Response(orjson.dumps(content), media_type=_JSON)


async def read_body(request: Request, most: int) -> bytes:
    """Read a body, whatever its type is said to be, up to `most` bytes.

    Raises
    ------
    TooLarge
        If it is longer. It is counted as it comes, so a body that does not tell its length, or a
        wrong one, is stopped too.
    Encoded
        If it is compressed: a few bytes could become gigabytes.
    """
    # Of several the first counts.
    headers = dict(reversed(request.scope["headers"]))
    if headers.get(b"content-encoding", b"identity") != b"identity":
        raise Encoded("the body must not be compressed")
    length = headers.get(b"content-length", b"")
    told = int(length) if length.isdigit() and len(length) < 19 else 0
    if told > most:
        if told <= _PASSED_OVER and b"expect" not in headers:
            await _pass_over(request)
        raise _too_large(most)
    parts: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise Gone("whoever asked has gone")
        part: bytes = message.get("body", b"")
        size += len(part)
        if size > most:
            if message.get("more_body"):
                await _pass_over(request)
            raise _too_large(most)
        if not message.get("more_body"):
            return b"".join((*parts, part)) if parts else part
        parts.append(part)


async def read_body_in_time(request: Request, most: int) -> bytes:
    """Read a body as `read_body` does, within 10 seconds.

    Raises
    ------
    TooLarge, Encoded
        As that does.
    TooLate
        If it has not all come by then: whoever sends a byte now and then would be waited for
        without end.
    """
    try:
        async with asyncio.timeout(_BODY_SECONDS):
            return await read_body(request, most)
    except TimeoutError:
        raise TooLate(f"the body did not come within {_BODY_SECONDS:g} s, the limit") from None


def _too_large(most: int) -> TooLarge:
    return TooLarge(f"the body is longer than {most // 1024} kB, the limit")


async def _pass_over(request: Request) -> None:
    """Read on and drop it for a while: hung up on in the middle, a client sees no answer at all."""
    size = 0
    try:
        async with asyncio.timeout(_PASSED_OVER_SECONDS):
            while size < _PASSED_OVER:
                message = await request.receive()
                size += len(message.get("body", b""))
                if message["type"] == "http.disconnect" or not message.get("more_body"):
                    return
    except TimeoutError:
        return
