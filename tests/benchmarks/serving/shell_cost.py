"""CPU of the server a request: our door around a core that answers at once, beside bare KServe.

    python tests/benchmarks/serving/shell_cost.py [REQUESTS]

The servers run one after another and are asked over eight kept connections from this process; what
is counted is the CPU time of the server's process alone.
"""

from __future__ import annotations

import asyncio
import json
import os
import socket
import subprocess
import sys
import time
from pathlib import Path

HERE = Path(__file__).parent
ONE = {
    "token": "3f0c2a7e5d", "lon": 12.3387, "lat": 45.4341, "party_size": 2,
    "mobility": "wheelchair_manual", "age_band": "65-79", "helpers": 1, "language": "en",
}  # fmt: skip


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def cpu(pid: int) -> float:
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def v1(rows: int) -> tuple[str, bytes]:
    body = {"instances": [{**ONE, "token": f"t{i}"} for i in range(rows)]}
    return "/v1/models/evacroute:predict", json.dumps(body).encode()


def v2(rows: int) -> tuple[str, bytes]:
    kinds = {float: "FP64", int: "INT64", str: "BYTES"}
    inputs = [
        {"name": k, "shape": [rows], "datatype": kinds[type(v)], "data": [v] * rows}
        for k, v in ONE.items() if k != "token"
    ]  # fmt: skip
    return "/v2/models/evacroute/infer", json.dumps({"inputs": inputs}).encode()


async def ask(port: int, what: tuple[str, bytes], times: int) -> None:
    path, body = what
    head = f"POST {path} HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\n"
    request = f"{head}content-length: {len(body)}\r\n\r\n".encode() + body
    left = times

    async def one() -> None:
        nonlocal left
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        while left > 0:
            left -= 1
            writer.write(request)
            head = await reader.readuntil(b"\r\n\r\n")
            assert b" 200 " in head[:16], head
            length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
            await reader.readexactly(length)
        writer.close()

    await asyncio.gather(*(one() for _ in range(8)))


def measure(command: list[str], what: tuple[str, bytes], times: int) -> float:
    port = free_port()
    line = [sys.executable, *(word.replace("PORT", str(port)) for word in command)]
    with subprocess.Popen(line, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as server:
        try:
            for _ in range(200):
                try:
                    socket.create_connection(("127.0.0.1", port), 1).close()
                    break
                except OSError:
                    time.sleep(0.1)
            time.sleep(0.5)
            asyncio.run(ask(port, what, min(500, times)))
            before = cpu(server.pid)
            asyncio.run(ask(port, what, times))
            return (cpu(server.pid) - before) / times * 1e3
        finally:
            server.kill()


def main() -> None:
    times = int(sys.argv[1]) if len(sys.argv) > 1 else 5000
    bare = str(HERE / "bare.py")
    ours = [str(HERE / "fixed.py"), "--model_dir", "/", "--http_port", "PORT", "--grpc_port", "0"]
    quiet = [*ours, "--log_level", "warning"]
    for name, command, what, share in (
        ("bare KServe, quiet logs, V1 x 1", [bare, "PORT", "quiet"], v1(1), 1),
        ("bare KServe, its defaults, V1 x 1", [bare, "PORT", "default"], v1(1), 1),
        ("ours, quiet logs, V1 x 1", quiet, v1(1), 1),
        ("ours, a line a request, V1 x 1", ours, v1(1), 1),
        ("bare KServe, quiet logs, V1 x 100", [bare, "PORT", "quiet"], v1(100), 10),
        ("ours, quiet logs, V1 x 100", quiet, v1(100), 10),
        ("ours, quiet logs, V2 JSON x 1", quiet, v2(1), 2),
        ("ours, quiet logs, V2 JSON x 100", quiet, v2(100), 10),
    ):
        print(f"{name:36} {measure(command, what, times // share):7.3f} ms", flush=True)


if __name__ == "__main__":
    main()
