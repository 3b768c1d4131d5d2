"""How the gRPC server ends: once, in time or in a hurry, without loss where there is time."""

from __future__ import annotations

import signal
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from .doors import SLOW, door, messages_of, need

# A signal would end the tests too, so the servers are another process's.
MANY = """
import asyncio
from evacroute.serving.rpc import GrpcServer

async def main():
    for turn in range(200):
        server = GrpcServer("127.0.0.1", 0, None, None, None, 1024)
        await server.start()
        hurry = asyncio.Event()
        ending = asyncio.create_task(server.stop(turn % 2 * 9.0, hurry))
        for _ in range(turn // 2 % 12):
            await asyncio.sleep(0)
        hurry.set()
        await ending

asyncio.run(main())
"""


@pytest.fixture(autouse=True)
def _kserve() -> None:
    need("kserve")


def test_told_to_hurry_at_any_time_it_ends() -> None:
    """Hurry may come before, in or after each step of an end; gRPC ended such processes by 11."""
    done = subprocess.run([sys.executable, "-c", MANY], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr


def ask(target: str) -> str:
    """Ask for a slow answer; returns the code it ends with."""
    import grpc

    with grpc.insecure_channel(target) as channel:
        infer = channel.unary_unary("/inference.GRPCInferenceService/ModelInfer")
        while True:
            try:
                infer(messages_of(SLOW), timeout=20)
            except grpc.RpcError as error:
                if "try again" in error.details():  # A loop that came late on a busy machine.
                    continue
                return str(error.code().name)
            return "OK"


@pytest.mark.parametrize("times, code, exits", [(1, "OK", 0), (2, "UNAVAILABLE", 1)])
def test_a_call_that_is_under_way(times: int, code: str, exits: int, tmp_path: Path) -> None:
    """Told to end, it answers what is under way and ends with 0; told twice, it cuts and says 1."""
    options = ("--drain", "0s", "--timeout", "15s")
    wait = {"FAKE_WAIT": "3" if times == 1 else "12"}
    with door(tmp_path, *options, **wait) as served, ThreadPoolExecutor(1) as pool:
        served.wait_for("ready")
        waiting = pool.submit(ask, served.grpc)
        limit = time.monotonic() + 10
        while "evacroute_in_flight 1.0" not in served.get("/metrics").text:
            assert time.monotonic() < limit
            time.sleep(0.02)
        for _ in range(times):
            served.tell(signal.SIGTERM)
            served.wait_for("draining")
        assert served.end() == exits
        assert waiting.result() == code
        assert served.lines()[-1]["cut"] is bool(exits)
