"""From start to end: not ready before it is loaded, refused bundles, and ends without loss."""

from __future__ import annotations

import json
import shutil
import signal
import socket
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from conftest import missing

from evacroute.serving.options import read_options

from .doors import HERE, SLOW, Door, door, need
from .fake_core import FakeCore

ALIVE_ONLY = {
    "/": 200, "/v2/health/live": 200, "/v2/health/ready": 503, "/v2/models/evacroute/ready": 503,
    "/v1/models/evacroute": 503,
}  # fmt: skip


@pytest.fixture(autouse=True)
def _kserve() -> None:
    need("kserve")


def is_ready(served: Door) -> bool:
    """What all addresses of health say, over HTTP and gRPC."""
    import grpc

    with grpc.insecure_channel(served.grpc) as channel:
        said = set()
        for call, body in (("ServerReady", b""), ("ModelReady", b"\x0a\x09evacroute")):
            ask = channel.unary_unary(f"/inference.GRPCInferenceService/{call}")
            said.add(ask(body, timeout=5) == b"\x08\x01")
    codes = {path: served.get(path).status_code for path in ALIVE_ONLY}
    if said == {True}:
        assert set(codes.values()) == {200}
        return True
    assert (said, codes) == ({False}, ALIVE_ONLY)
    return False


def test_it_begins_and_ends_without_loss(tmp_path: Path) -> None:
    """Not ready while it loads; told to end, not ready at once, yet all are answered; code 0."""
    slow = {"FAKE_LOAD": "1", "FAKE_WAIT": "1"}
    with door(tmp_path, "--drain", "0.5s", **slow) as served, ThreadPoolExecutor(1) as pool:
        reply = served.predict(SLOW)
        assert (reply.status_code, reply.json()) == (503, {"error": "not ready: loading"})
        assert reply.headers["retry-after"] == "2"
        assert not is_ready(served)
        assert "evacroute_loaded 0.0" in served.get("/metrics").text
        served.wait_for("ready")
        assert is_ready(served)

        waiting = pool.submit(served.predict, SLOW)
        time.sleep(0.1)
        served.tell(signal.SIGTERM)
        served.wait_for("draining")
        late = served.predict({"lon": 12.33, "lat": 45.43})
        assert late.status_code == 200
        assert late.headers["connection"] == "close"
        assert not is_ready(served)
        assert not waiting.done()
        assert waiting.result().status_code == 200
        assert served.end() == 0
        assert served.lines()[-1]["cut"] is False


def test_a_refused_bundle_stays_not_ready(tmp_path: Path) -> None:
    """A wrong bundle leaves it alive with a reason that shows no folder or key; Ctrl-C ends it.

    A second signal does not wait for the pause to end.
    """
    with door(tmp_path, "--drain", "30s", FAKE_REFUSED="1") as served:
        reason = "manifest.json: the sum of (address) is wrong"
        assert served.wait_for("not ready")["reason"] == reason
        assert not is_ready(served)
        for reply in (served.predict(SLOW), served.get("/v2/health/ready")):
            assert reply.json() == {"error": f"not ready: {reason}"}
        # The party was rejected; who asked whether it is ready had an answer.
        assert 'evacroute_rejected_total{cause="not_ready"} 1.0' in served.get("/metrics").text
        assert served.post("/v2/repository/models/evacroute/load").status_code == 404
        assert not is_ready(served)
        assert "pass@" not in served.log.read_text()
        served.tell(signal.SIGINT)
        served.wait_for("draining")
        served.tell(signal.SIGINT)
        assert served.end(5) == 0


@pytest.mark.parametrize("name, other", [("http_port", "grpc_port"), ("grpc_port", "http_port")])
def test_a_port_that_is_taken(name: str, other: str, tmp_path: Path) -> None:
    """Where it cannot listen it ends with 1, and says which of its ports is in use."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        line = [sys.executable, str(HERE / "fake_core.py"), "--model_dir", str(tmp_path)]
        line += ["--http_host", "127.0.0.1", f"--{name}", str(port), f"--{other}", "0"]
        done = subprocess.run(line, stderr=subprocess.PIPE, timeout=60, check=False)
    # gRPC may write lines of its own.
    (told,) = (json.loads(x) for x in done.stderr.splitlines() if x.startswith(b'{"time"'))
    assert (done.returncode, told["event"]) == (1, "cannot listen")
    assert told["reason"].startswith(f"--{name} {port}: ")
    assert "in use" in told["reason"]


def test_it_answers_over_tls(tmp_path: Path) -> None:
    """With a certificate HTTP goes over TLS; gRPC does not, and that is said."""
    openssl = shutil.which("openssl")
    if openssl is None:
        missing("no openssl on this machine")
    key, cert = tmp_path / "key.pem", tmp_path / "cert.pem"
    line = [openssl, "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    line += ["-subj", "/CN=localhost", "-keyout", str(key), "-out", str(cert)]
    subprocess.run(line, check=True, capture_output=True)
    options = ("--ssl_certfile", str(cert), "--ssl_keyfile", str(key))
    with door(tmp_path, *options) as served:
        served.wait_for("ready")
        served.http = served.http.replace("http:", "https:")
        assert is_ready(served)
        for _ in range(2):
            reply = served.predict({"lon": 12.33, "lat": 45.43})
            assert (reply.status_code, len(reply.json()["predictions"])) == (200, 1)
        assert served.get("/" + "x" * 20_000).status_code == 431
        told = served.wait_for("gRPC is not encrypted: the certificate is for HTTPS alone")
        assert told["level"] == "warning"


def test_the_grace_ends(tmp_path: Path) -> None:
    """Requests that do not end within the grace are told to ask elsewhere; the code says so."""
    options = ("--drain", "0s", "--grace", "1s", "--timeout", "30s")
    with door(tmp_path, *options, FAKE_WAIT="25") as served, ThreadPoolExecutor(1) as pool:
        served.wait_for("ready")
        waiting = pool.submit(served.predict, SLOW)
        time.sleep(0.2)
        served.tell(signal.SIGTERM)
        assert served.end(8) == 1
        reply = waiting.result()
        assert (reply.status_code, reply.json()) == (503, {"error": "not ready: shutting down"})


def test_the_grace_is_that_of_the_option() -> None:
    """uvicorn waits as long as it was told, to the fraction of a second."""
    from evacroute.serving.metrics import Meters
    from evacroute.serving.server import Server

    options = read_options(["--model_dir", "none", "--grace", "2.5s"])
    assert Server(FakeCore(), options, Meters()).rest.config.timeout_graceful_shutdown == 2.5


def test_a_thread_that_hangs_changes_no_code(tmp_path: Path) -> None:
    """Where all were answered and a thread does not end, the process ends all the same, with 0."""
    with door(tmp_path, "--drain", "0s", "--grace", "0.1s", FAKE_HANG="1") as served:
        served.wait_for("ready")
        served.tell(signal.SIGTERM)
        assert served.end() == 0
        assert served.lines()[-1]["event"] == "ended"
