"""Processes that are measured and broken: replicas, a Redis server, and what they take.

It imports nothing of its neighbours, so that tests of the normal suite can use it too.
"""

from __future__ import annotations

import http.client
import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

REDIS = shutil.which("redis-server")
TICK = os.sysconf("SC_CLK_TCK")
PREDICT = "/v1/models/evacroute:predict"


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


def cpu_of(pid: int) -> float:
    """CPU time a process has taken [s], 0 where it is gone."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(") ")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICK


def memory_of(pid: int) -> float:
    """Resident memory of a process [MiB], 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.split("VmRSS:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


def peak_of(pid: int) -> float:
    """The most resident memory a process has had [MiB], 0 where it is gone."""
    try:
        text = Path(f"/proc/{pid}/status").read_text()
        return int(text.split("VmHWM:")[1].split()[0]) / 1024
    except (OSError, IndexError):
        return 0.0


class Redis:
    """A Redis server of its own; it logs all it writes and flushes the log each second."""

    def __init__(self, folder: Path) -> None:
        if REDIS is None:
            raise RuntimeError("there is no redis-server here (Debian: apt-get install it)")
        folder.mkdir(parents=True, exist_ok=True)
        self.folder, self.port = folder, free_port()
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.start()

    def start(self) -> None:
        self.process = subprocess.Popen(
            [
                str(REDIS), "--port", str(self.port), "--bind", "127.0.0.1",
                "--dir", str(self.folder), "--appendonly", "yes", "--appendfsync", "everysec",
                "--save", "", "--logfile", str(self.folder / "log"),
            ],
            stdout=subprocess.DEVNULL,
        )  # fmt: skip
        until = time.monotonic() + 15
        while not self.answers():
            if self.process.poll() is not None or time.monotonic() > until:
                raise RuntimeError((self.folder / "log").read_text())
            time.sleep(0.01)

    def answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as link:
                link.sendall(b"PING\r\n")
                return link.recv(5) == b"+PONG"
        except OSError:
            return False

    def stop(self) -> None:
        """Let it stand still; connections stay open."""
        self.process.send_signal(signal.SIGSTOP)

    def go_on(self) -> None:
        self.process.send_signal(signal.SIGCONT)

    def kill(self) -> None:
        """End it at once, as kill -9 does; it can be started again."""
        self.process.kill()
        self.process.wait()


@dataclass
class Server:
    """A server of HTTP in a process of its own, on a port that it keeps when started again.

    Parameters
    ----------
    line
        Its command; the word PORT stands for the port.
    log
        File of what it prints; it is added to.
    ready
        Address that answers 200 once requests are wanted.
    env
        Added to the environment.
    """

    line: list[str]
    log: Path
    ready: str = "/v2/health/ready"
    env: Mapping[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    spent: float = 0.0
    """CPU time of processes that have ended [s]."""
    started: float = 0.0
    process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        line = [word.replace("PORT", str(self.port)) for word in self.line]
        with self.log.open("ab") as out:
            self.process = subprocess.Popen(
                line, stdout=out, stderr=out, env={**os.environ, **self.env}
            )
        self.started = time.monotonic()

    @property
    def pid(self) -> int:
        """Number of the process, -1 before the first."""
        return -1 if self.process is None else self.process.pid

    @property
    def lives(self) -> bool:
        return self.process is not None and self.process.poll() is None

    def get(self, path: str, timeout: float = 2.0) -> int:
        """Status of an answer, 0 where there is none."""
        return self.ask("GET", path, timeout=timeout)[0]

    def ask(
        self, method: str, path: str, body: Any = None, timeout: float = 5.0
    ) -> tuple[int, Any]:
        """Status and content of an answer, 0 where there is none."""
        link = http.client.HTTPConnection("127.0.0.1", self.port, timeout=timeout)
        try:
            sent = None if body is None else json.dumps(body)
            link.request(method, path, sent, {"content-type": "application/json"})
            answer = link.getresponse()
            content = answer.read()
            is_json = answer.headers.get_content_type() == "application/json"
            return answer.status, json.loads(content) if is_json else content
        except (OSError, http.client.HTTPException):
            return 0, None
        finally:
            link.close()

    def predict(self, *parties: dict[str, Any], timeout: float = 5.0) -> tuple[int, Any]:
        """Status and predictions; what was said where there are none."""
        status, said = self.ask("POST", PREDICT, {"instances": list(parties)}, timeout)
        return status, said["predictions"] if status == 200 else said

    def wait_until_ready(self, within: float = 60.0) -> float:
        """Wait until requests are wanted; time since the start [s]."""
        until = time.monotonic() + within
        while self.get(self.ready) != 200:
            if not self.lives or time.monotonic() > until:
                raise RuntimeError(f"not ready in time: {self.log.read_text()[-2000:]}")
            time.sleep(0.02)
        return time.monotonic() - self.started

    def tell(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it at once, as kill -9 does."""
        assert self.process is not None
        self.spent += cpu_of(self.pid)
        self.process.kill()
        self.process.wait()

    def end(self, within: float = 40.0) -> int:
        """Tell it to end, and wait; the exit code."""
        assert self.process is not None
        self.tell(signal.SIGTERM)
        until = time.monotonic() + within
        took = cpu_of(self.pid)
        # Not a wait: once that has seen the end, the figures of the process are gone.
        while self.lives and time.monotonic() < until:
            took = max(took, cpu_of(self.pid))
            time.sleep(0.02)
        self.spent += took
        return self.process.wait(1.0)

    def cpu(self) -> float:
        """CPU time of this and of all processes before it [s]."""
        return self.spent + (cpu_of(self.pid) if self.lives else 0.0)

    def close(self) -> None:
        """End what there is of it."""
        if self.process is not None:
            self.process.kill()
            self.process.wait()


def replica(
    bundle: Path, store: str, key_file: Path, log: Path, *more: str, env: Mapping[str, str] = {}
) -> Server:
    """A replica that serves a bundle; it is not started yet."""
    line = [
        sys.executable, "-m", "evacroute.serving", "--model_dir", str(bundle),
        "--http_host", "127.0.0.1", "--http_port", "PORT", "--grpc_port", "0",
        "--store", store, "--key_file", str(key_file), *more,
    ]  # fmt: skip
    return Server(line, log, env=env)


class Watch:
    """Looks at the memory of servers each half second, in a thread."""

    def __init__(self, servers: list[Server]) -> None:
        self.peak, self.last = [0.0] * len(servers), [0.0] * len(servers)
        self._servers = servers
        self._ended = threading.Event()
        self._thread = threading.Thread(target=self._work, daemon=True)
        self._thread.start()

    def _work(self) -> None:
        while not self._ended.wait(0.5):
            for i, server in enumerate(self._servers):
                if server.lives:
                    self.peak[i] = max(self.peak[i], peak_of(server.pid))
                    self.last[i] = memory_of(server.pid)

    def end(self) -> None:
        """Look no more; `peak` and `last` are the most and the last memory of each [MiB]."""
        self._ended.set()
        self._thread.join()


CLOCK = """
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdlib.h>
#include <sys/time.h>
#include <time.h>
static long off(void) { const char *text = getenv("CLOCK_OFF_S"); return text ? atol(text) : 0; }
int clock_gettime(clockid_t clock, struct timespec *out) {
  static int (*real)(clockid_t, struct timespec *);
  if (!real) real = (int (*)(clockid_t, struct timespec *))dlsym(RTLD_NEXT, "clock_gettime");
  int code = real(clock, out);
  if (!code && clock == CLOCK_REALTIME) out->tv_sec += off();
  return code;
}
int gettimeofday(struct timeval *out, void *zone) {
  struct timespec now;
  (void)zone;
  clock_gettime(CLOCK_REALTIME, &now);
  out->tv_sec = now.tv_sec;
  out->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *out) {
  struct timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (out) *out = now.tv_sec;
  return now.tv_sec;
}
"""
"""Shifts a process's clock of the day; clocks that only go on stay as they are."""


def off_clock(folder: Path, seconds: int) -> dict[str, str] | None:
    """Environment in which a process's clock is off by so much [s]; None without a C compiler."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    if compiler is None:
        return None
    library = folder / "off_clock.so"
    line = [compiler, "-shared", "-fPIC", "-O1", "-x", "c", "-", "-o", str(library), "-ldl"]
    done = subprocess.run(line, input=CLOCK, text=True, capture_output=True)
    if done.returncode:
        return None
    env = {"LD_PRELOAD": str(library), "CLOCK_OFF_S": str(seconds)}
    look = [sys.executable, "-S", "-c", "import time; print(time.time())"]
    shown = subprocess.run(look, env={**os.environ, **env}, text=True, capture_output=True)
    is_off = shown.returncode == 0 and abs(float(shown.stdout) - time.time() - seconds) < 30
    return env if is_off else None
