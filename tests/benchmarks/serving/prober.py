"""Asks servers whether they live and are ready, as a kubelet does, each time anew.

    python prober.py OUT PORT... < START

It is a process of its own, so that nothing but the server holds it up; it ends with its input.
"""

from __future__ import annotations

import asyncio
import sys
import time

import numpy as np

EVERY_S = 0.1
LIMIT_S = 2.0
PATHS = ("/v2/health/live", "/v2/health/ready")


async def look(port: int, path: str) -> tuple[float, int]:
    """Seconds until the answer, and its status, 0 where there is none."""
    begin = time.monotonic()
    status = 0
    try:
        async with asyncio.timeout(LIMIT_S):
            reader, writer = await asyncio.open_connection("127.0.0.1", port)
            head = f"GET {path} HTTP/1.1\r\nhost: x\r\nconnection: close\r\n\r\n"
            writer.write(head.encode())
            line = await reader.readline()
            status = int(line[9:12]) if len(line) > 12 else 0
            writer.close()
    except (OSError, TimeoutError):
        pass
    return time.monotonic() - begin, status


async def probe(ports: list[int], start: float, ended: asyncio.Event) -> list[list[float]]:
    rows: list[list[float]] = []

    async def once(i: int, what: int) -> None:
        begin = time.monotonic()
        seconds, status = await look(ports[i], PATHS[what])
        rows.append([begin - start, i, what, seconds, status])

    turn = 0
    under_way: set[asyncio.Task[None]] = set()
    while not ended.is_set():
        for i in range(len(ports)):
            for what in (0, 1) if turn % 2 == 0 else (0,):
                task = asyncio.create_task(once(i, what))
                under_way.add(task)
                task.add_done_callback(under_way.discard)
        turn += 1
        wait = start + turn * EVERY_S - time.monotonic()
        await asyncio.sleep(max(wait, 0.001))
    await asyncio.gather(*under_way)
    return rows


async def main() -> None:
    out, *ports = sys.argv[1:]
    print("prepared", flush=True)
    loop = asyncio.get_running_loop()
    start = float(await loop.run_in_executor(None, sys.stdin.readline))
    ended = asyncio.Event()

    async def wait() -> None:
        await loop.run_in_executor(None, sys.stdin.read)
        ended.set()

    waiting = asyncio.create_task(wait())
    rows = await probe([int(port) for port in ports], start, ended)
    await waiting
    np.save(out, np.array(rows, float).reshape(-1, 5))


if __name__ == "__main__":
    asyncio.run(main())
