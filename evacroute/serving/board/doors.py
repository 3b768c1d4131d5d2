"""The board's routes: pages, state, map, acts."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path
from typing import TYPE_CHECKING, Any

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from evacroute.serving.board.acts import FIELDS, read_act
from evacroute.serving.board.guard import check_origin, log_act
from evacroute.serving.board.refused import Conflict
from evacroute.serving.bodies import read_json
from evacroute.serving.refusals import Refusal
from evacroute.serving.rest import read_body_in_time

if TYPE_CHECKING:
    from evacroute.serving.board.board import Board

STATIC = Path(__file__).parent / "static"

TYPES = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}

FILES = ("board.css", "board.js", "chart.js", "icon.svg", "map.js", "table.js", "words.js")

MOST = 64 * 1024
"""The longest body of an act [bytes]."""

SAFE = {
    "content-security-policy": (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
        "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    ),
    "x-frame-options": "DENY",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
}


class Doors:
    """The routes, as functions of Starlette.

    Parameters
    ----------
    board
        What they ask.
    """

    def __init__(self, board: Board) -> None:
        self._board = board
        self._files = {name: (STATIC / name).read_bytes() for name in ("board.html", *FILES)}

    def routes(self) -> list[BaseRoute]:
        """All of them."""
        return [
            Route("/ops", self._page),
            Route("/ops/", self._page),
            *(Route(f"/ops/{name}", self._file) for name in FILES),
            Route("/ops/state", self._state),
            Route("/ops/map", self._map),
            *(Route(f"/ops/{act}", self._act, methods=["POST"]) for act in FIELDS),
        ]

    async def _page(self, request: Request) -> Response:
        # Addresses in the page are relative, so that a gateway may serve it under a prefix.
        page = self._files["board.html"]
        base = b"" if request.url.path.endswith("/") else b"ops/"
        page = page.replace(b'="./', b'="' + base)
        return Response(page, headers=SAFE, media_type="text/html")

    async def _file(self, request: Request) -> Response:
        name = request.url.path.rpartition("/")[2]
        kind = TYPES["." + name.rpartition(".")[2]]
        return Response(self._files[name], headers=SAFE, media_type=kind)

    async def _state(self, request: Request) -> Response:
        return _json(await self._board.state())

    async def _map(self, request: Request) -> Response:
        packed, tag = await self._board.map()
        headers = {**SAFE, "etag": tag, "vary": "accept-encoding", "cache-control": "no-cache"}
        if tag in [one.strip() for one in request.headers.get("if-none-match", "").split(",")]:
            return Response(status_code=304, headers=headers)
        if "gzip" in request.headers.get("accept-encoding", ""):
            headers["content-encoding"] = "gzip"
            return Response(packed, headers=headers, media_type="application/json")
        content = await asyncio.to_thread(gzip.decompress, packed)
        return Response(content, headers=headers, media_type="application/json")

    async def _act(self, request: Request) -> Response:
        board, word = self._board, request.url.path.rpartition("/")[2]
        about: dict[str, Any] = {}
        try:
            check_origin(request.headers)
            body = read_json(await read_body_in_time(request, MOST))
            names = await board.names()
            # Names that are not there are looked for among thousands.
            act = await asyncio.to_thread(read_act, word, body, names, board.now())
            about = board.called(act)
            done = await board.do(act)
        except Conflict as error:
            log_act(request.headers, word, done=False, why=error.cause, **about)
            said = {"error": str(error), "version": error.version, "changed": error.changed}
            return _json(said, error.status)
        except Refusal as error:
            log_act(request.headers, word, done=False, why=error.cause, **about)
            raise
        log_act(request.headers, word, done=True, **about, **done)
        return _json(done)


def _json(content: Any, status: int = 200) -> Response:
    return Response(orjson.dumps(content), status, SAFE, "application/json")
