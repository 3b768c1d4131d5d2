"""The routes under ``/app``."""

from __future__ import annotations

from functools import partial

import orjson
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import BaseRoute, Route

from evacroute.answering.answerer import Answerer
from evacroute.errors import InputError
from evacroute.serving.app.city_map import city_map
from evacroute.serving.app.files import HEADERS, Sent, static_files
from evacroute.serving.app.places import MOST_BODY, Counter, read_deed
from evacroute.serving.bodies import read_json
from evacroute.serving.core import Core
from evacroute.serving.once import Once
from evacroute.serving.refusals import NotFound, NotReady
from evacroute.serving.replica import Replica
from evacroute.serving.rest import read_body_in_time

EMERGENCY = "112"
"""Number to call where there is no way, in the European Union and on most networks elsewhere."""


def app_routes(
    core: Core, model_name: str, *, timeout: float = 2.0, emergency: str = EMERGENCY
) -> list[BaseRoute]:
    """Give the routes of the phone's page.

    Parameters
    ----------
    core
        What answers; the map and the places are its.
    model_name
        What the model is called in the address.
    timeout
        How long a change of a place may take [s].
    emergency
        Number that the page says to call.

    Raises
    ------
    InputError
        If the core answers from no bundle, so that there is no map.
    """
    if not isinstance(core, Replica):
        raise InputError("app: the phone's page needs a server that answers from a bundle")
    pages = _Pages(core, model_name, timeout, emergency)
    return [
        Route("/app", pages.door),
        Route("/app/", pages.file),
        Route("/app/map", pages.map),
        Route("/app/place", pages.place, methods=["POST"]),
        Route("/app/{name:path}", pages.file),
    ]


class _Pages:
    def __init__(self, core: Replica, model_name: str, timeout: float, emergency: str) -> None:
        self._core = core
        # Relative, so that the page works behind a gateway that serves it under another path.
        ask = f"../v1/models/{model_name}:predict"
        self._files = static_files({"ask": ask, "emergency": emergency})
        self._counter = Counter(timeout)
        self._map: tuple[Answerer, Once[Sent]] | None = None

    async def door(self, request: Request) -> Response:
        """Lead on to where the files' relative addresses hold."""
        return Response(status_code=307, headers={**HEADERS, "location": "app/"})

    async def file(self, request: Request) -> Response:
        """Send a file of the page."""
        sent = self._files.get(request.path_params.get("name", ""))
        if sent is None:
            raise NotFound("the phone's page has no such file")
        return sent.response(request)

    async def map(self, request: Request) -> Response:
        """Send the city's map: made once, in a thread, when it is first asked for."""
        answerer = self._core.answerer
        if answerer is None:
            raise NotReady("not ready")
        if self._map is None or self._map[0] is not answerer:
            self._map = answerer, Once(partial(_drawn, answerer))
        sent = await self._map[1].get()
        return sent.response(request)

    async def place(self, request: Request) -> Response:
        """Do what a phone says of its place."""
        token, deed = read_deed(read_json(await read_body_in_time(request, MOST_BODY)))
        desk = self._core.desk
        if desk is None:
            raise NotReady("not ready")
        told = await self._counter.do(desk, token, deed)
        return Response(orjson.dumps(told), headers=HEADERS, media_type="application/json")


def _drawn(answerer: Answerer) -> Sent:
    scenario = answerer.scenario
    told = city_map(scenario.network, scenario.shelters, answerer.bounds)
    return Sent.of(told, "application/json")
