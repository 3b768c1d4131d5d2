"""The server: KServe's, begun and ended in our way."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import socket
import threading
from collections.abc import Callable, Iterable
from typing import Any

from starlette.routing import BaseRoute

from evacroute.serving import uvicorn_door
from evacroute.serving._kserve import DataPlane, ModelNotReady, ModelServer, RESTServer
from evacroute.serving.core import Core
from evacroute.serving.life import Life
from evacroute.serving.logs import fault_of, say
from evacroute.serving.metrics import Meters
from evacroute.serving.model import EvacrouteModel
from evacroute.serving.options import Options
from evacroute.serving.requests import Reception
from evacroute.serving.rest import Rest, Shell
from evacroute.serving.rpc import GrpcServer

STOP_S = 8.0
"""What the core may take to stop, once all are answered [s]."""

_SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Plane(DataPlane):
    """KServe's data plane, but ready only when we are, and never loading in a request."""

    def __init__(self, registry: Any, life: Life) -> None:
        super().__init__(registry)
        self._life = life

    async def get_model(self, name: str) -> Any:
        """Find the model; KServe would load one that is not ready, on the event loop."""
        model = self.get_model_from_registry(name)
        if not await model.healthy():
            raise ModelNotReady(name)
        return model

    def metadata(self) -> dict[str, Any]:
        """Name of the server, and what it can beside the least of V2."""
        return {**super().metadata(), "extensions": ["binary_tensor_data"]}

    async def ready(self) -> bool:
        """Whether requests are wanted; KServe always says so."""
        return self._life.ready

    async def model_ready(self, model_name: str, *_: Any, **__: Any) -> bool:
        """Whether requests for a model are wanted."""
        self.get_model_from_registry(model_name)
        return self._life.ready


class RestServer(RESTServer):
    """KServe's HTTP server around our application instead of its own, which all processes share."""

    def __init__(self, app: Shell, plane: Plane, options: Options) -> None:
        super().__init__(
            app,
            plane,
            None,
            options.http_port,
            timeout_keep_alive=options.timeout_keep_alive,
            ssl_certfile=options.ssl_certfile,
            ssl_keyfile=options.ssl_keyfile,
        )
        uvicorn_door.limit(self.config, options.http_host)
        # It would take signals over; when to end is said by whoever runs it.
        self._server.capture_signals = contextlib.nullcontext
        # KServe takes whole seconds.
        self.config.timeout_graceful_shutdown = options.grace

    async def serve(self, listening: socket.socket) -> bool:
        """Answer until told to end, then wait for those under way; returns if any was cut off."""
        await self._server.serve([listening])
        return bool(self._server.server_state.tasks)

    def end(self, *, at_once: bool = False) -> None:
        """Take no more connections; drop those there are, too, if `at_once`."""
        self._server.should_exit = True
        self._server.force_exit = self._server.force_exit or at_once


class Server(ModelServer):
    """Serves one model over HTTP and gRPC, in one process.

    Parameters
    ----------
    core
        What answers; it is loaded when the server runs.
    options
        Limits, ports and times.
    meters
        Where things are counted.
    routes
        More routes of HTTP.
    """

    def __init__(
        self, core: Core, options: Options, meters: Meters, routes: Iterable[BaseRoute] = ()
    ) -> None:
        super().__init__(
            http_port=options.http_port,
            grpc_port=options.grpc_port,
            workers=1,
            enable_grpc=options.grpc_port > 0,
            enable_latency_logging=False,
        )
        self.options = options
        self.life = Life(core)
        reception = Reception(core, meters, most=options.max_in_flight, timeout=options.timeout)
        self._reception = reception
        meters.watch(core, lambda: self.life.ready)
        model = EvacrouteModel(
            options.model_name, core, max_persons=options.max_persons, heard=reception.heard
        )
        self.registered_models.update(model)
        self.dataplane = Plane(self.registered_models, self.life)
        max_body = options.max_body_kb * 1024
        rest = Rest(options.model_name, self.dataplane, self.life, reception, max_body)
        self.rest = RestServer(Shell(rest, self.life, reception, routes), self.dataplane, options)
        self.rpc = GrpcServer(
            options.http_host, options.grpc_port, self.dataplane, self.life, reception, max_body
        )
        self._ending: asyncio.Task[bool] | None = None
        self._hurry = asyncio.Event()
        # What the process ends with if it hangs from now on.
        self._code = 1

    def start(self, models: Any = None) -> int:
        """Serve until told to end; returns the exit code.

        0 means that every request was answered (a call of gRPC that is never sent to its end is
        none), 1 that some were cut off: the time was over, or it was told twice.
        """
        try:
            import uvloop

            factory: Callable[[], asyncio.AbstractEventLoop] | None = uvloop.new_event_loop
        except ImportError:
            factory = None
        with asyncio.Runner(loop_factory=factory) as runner:
            return runner.run(self._run())

    async def _run(self) -> int:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(_quietly)
        options = self.options
        wanted = ("http_port", options.http_port)
        try:
            listening = socket.create_server((options.http_host, options.http_port), backlog=2048)
            if self.enable_grpc:
                wanted = ("grpc_port", options.grpc_port)
                await self.rpc.start()
        except (OSError, RuntimeError) as error:
            # gRPC says in a text of its own why it cannot.
            number = getattr(error, "errno", None)
            why = os.strerror(number) if number else "it cannot be had, or is in use"
            reason = f"--{wanted[0]} {wanted[1]}: {why}"
            say("cannot listen", logging.ERROR, reason=reason, fault=type(error).__name__)
            return 1
        for number in _SIGNALS:
            loop.add_signal_handler(number, self._told)
        port = listening.getsockname()[1]
        if self.enable_grpc and options.ssl_certfile:
            say("gRPC is not encrypted: the certificate is for HTTPS alone", logging.WARNING)
        say("listening", http_port=port, grpc_port=options.grpc_port if self.enable_grpc else 0)
        say("loading", note="where kernels are not compiled yet, half a minute goes by")
        self._reception.keep_beat()
        loading = asyncio.create_task(self.life.begin())
        was_cut = await self.rest.serve(listening)
        loading.cancel()
        if self._ending is not None:
            was_cut |= await self._ending
        try:
            await self.life.core.stop()
        except Exception as error:
            say("stopping failed", logging.ERROR, **fault_of(error))
        say("ended", cut=was_cut)
        self._code = int(was_cut)
        return self._code

    def _told(self) -> None:
        if self._ending is None:
            # Whatever hangs then, a thread of the core for one, the process ends.
            limit = self.options.drain + self.options.grace + STOP_S
            watchdog = threading.Timer(limit, lambda: os._exit(self._code))
            watchdog.daemon = True
            watchdog.start()
            self._ending = asyncio.create_task(self._end())
            return
        self.rest.end(at_once=True)
        self._hurry.set()

    async def _end(self) -> bool:
        """Say no more requests are wanted, wait until that is known, and finish what there is.

        Returns whether calls of gRPC were cut off.
        """
        self.life.draining = True
        say("draining", pause_s=self.options.drain, in_flight=self._reception.busy)
        with contextlib.suppress(TimeoutError):
            await asyncio.wait_for(self._hurry.wait(), self.options.drain)
        self.rest.end()
        return await self.rpc.stop(self.options.grace, self._hurry)


def _quietly(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    error = context.get("exception")
    fields = fault_of(error) if isinstance(error, BaseException) else {}
    say("event loop", logging.ERROR, **fields)
