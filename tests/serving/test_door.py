"""The server over HTTP: what it answers, refuses, counts and writes down."""

from __future__ import annotations

import json
import re
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest

from .doors import PARTY, V1, V2, Door, columns, shared
from .fake_core import SECRET

BARE = {"lon": 12.33, "lat": 45.43}
TEN_MB = b"7" * 10_000_000


@pytest.fixture
def served() -> Door:
    """The server that tests share, with short limits."""
    return shared()


def pieces(body: bytes) -> Iterator[bytes]:
    """A body that does not tell its length."""
    for at in range(0, len(body), 100_000):
        yield body[at : at + 100_000]


def test_a_party_is_answered(served: Door) -> None:
    """A party of V1 is told where to go, and nobody on the way keeps the answer."""
    reply = served.predict(PARTY)
    assert reply.status_code == 200
    assert reply.headers["cache-control"] == "no-store"
    assert "server" not in reply.headers
    (told,) = reply.json()["predictions"]
    assert (told["status"], told["shelter"]["id"]) == ("reserved", "S00")
    assert told["plan"] == "2026-11-23T10:00Z-3"


@pytest.mark.parametrize("kind", [None, "text/plain", "application/x-www-form-urlencoded"])
def test_any_type_of_body_is_taken(served: Door, kind: str | None) -> None:
    """JSON is read whatever type it is said to be, in both protocols, as clients name none."""
    headers = {"content-type": kind} if kind else {}
    for path, body in ((V1, {"instances": [BARE]}), (V2, {"inputs": columns(BARE)})):
        assert served.post(path, body, headers=headers).status_code == 200


@pytest.mark.parametrize(
    "path, body, status, says",
    [
        (V1, b"not json", 400, "the body must be JSON"),
        (V1, b"", 400, "the body must be JSON"),
        (V1, {"instances": [{"lon": 45.43, "lat": 12.33}]}, 400, "lon and lat look swapped"),
        (V1, {"instances": [{**BARE, "party_size": 500}]}, 400, "party_size must be a whole"),
        (V1, {"instances": [BARE] * 1001}, 400, "instances must hold 1 to 1000 parties"),
        (V1, b"[" * 200_000, 400, "nested too deeply"),
        (V1, TEN_MB, 413, "the body is longer than 512 kB, the limit"),
        (V2, TEN_MB, 413, "the body is longer than 512 kB, the limit"),
        (V2, b"{}", 400, "the body must be an object with a list of inputs"),
        (V2, {"inputs": [], "wat": 1}, 400, "the body may hold id, inputs, outputs, parameters"),
        (V2, {"inputs": [7]}, 400, "each of inputs must be an object"),
        (V2, {"inputs": columns({"lon": 45.43, "lat": 12.33})}, 400, "look swapped"),
        (V2, {"inputs": columns(BARE), "id": 7}, 400, "id must be text"),
        (V2, {"inputs": columns(BARE), "outputs": [{"name": "x"}]}, 400, "unknown output x"),
        ("/v1/models/other:predict", {"instances": [BARE]}, 404, "the model is called 'evacroute'"),
        ("/v1/models/evacroute:explain", {"instances": [BARE]}, 404, "nothing is served"),
        ("/v2/models/evacroute/explain", {"inputs": columns(BARE)}, 404, "nothing is served"),
        ("/v2/repository/models/evacroute/unload", b"", 404, "nothing is served"),
        ("/v2/repository/models/evacroute/load", b"", 404, "nothing is served"),
        ("/openai/v1/completions", b"{}", 404, "nothing is served"),
        ("/v1/timeseries/forecast", b"{}", 404, "nothing is served"),
        ("/v2/health/ready", b"", 405, "another method"),
    ],
)
def test_what_is_refused_is_told_why(
    served: Door, path: str, body: Any, status: int, says: str
) -> None:
    """Each wrong request gets its code and one sentence, in JSON."""
    reply = served.post(path, body)
    assert reply.status_code == status
    assert list(reply.json()) == ["error"]
    assert says in reply.json()["error"]


def test_what_kserve_would_show_is_shut(served: Door) -> None:
    """There are no documents of the interface, and a prediction is not to be had by GET."""
    for path in ("/docs", "/openapi.json", "/redoc", "/v2/models/evacroute/versions/1"):
        assert served.get(path).status_code == 404
    assert served.get(V1).status_code == 405


def test_a_body_without_a_length_is_stopped(served: Door) -> None:
    """A body in chunks is counted as it comes, and one within the limit is taken."""
    url = served.http + V1
    reply = served.client.post(url, content=pieces(TEN_MB))
    assert reply.status_code == 413
    body = json.dumps({"instances": [BARE]}).encode()
    assert served.client.post(url, content=pieces(body)).status_code == 200


def test_a_compressed_body_is_refused(served: Door) -> None:
    """What could swell to gigabytes is not unpacked."""
    reply = served.post(V1, b"\x1f\x8b", headers={"content-encoding": "gzip"})
    assert (reply.status_code, reply.json()) == (415, {"error": "the body must not be compressed"})


def talk(served: Door, sent: bytes, *, whole: bool = False) -> bytes:
    host, port = served.http.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), 5) as sock:
        sock.sendall(sent)
        return b"".join(iter(lambda: sock.recv(4096), b"")) if whole else sock.recv(4096)


def test_long_heads_are_refused(served: Door) -> None:
    """A head beyond 16 kB is refused, whether it ends or not; what follows a head is no head."""
    for end in (b"\r\n\r\n", b""):
        told = talk(served, b"GET / HTTP/1.1\r\nhost: x\r\nx: " + b"y" * 600_000 + end)
        assert b" 431 " in told.split(b"\r\n")[0]
    many = b"GET / HTTP/1.1\r\n" + b"a: bbbbbbbb\r\n" * 2000 + b"\r\n"
    assert b" 431 " in talk(served, many).split(b"\r\n")[0]
    body = json.dumps({"instances": [BARE] * 1000}).encode()
    head = f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n\r\n".encode()
    for sent in (head + body, b"GET / HTTP/1.1\r\nhost: x\r\n\r\n" * 300):
        assert talk(served, sent).startswith(b"HTTP/1.1 200 ")


def test_answers_with_and_without_a_body_come_in_turn(served: Door) -> None:
    """One connection gets each answer whole and in order, though heads wait for their bodies."""
    body = json.dumps({"instances": [PARTY]}).encode()
    ask = f"POST {V1} HTTP/1.1\r\nhost: x\r\ncontent-length: {len(body)}\r\n".encode()
    head = b"HEAD /v2/health/live HTTP/1.1\r\nhost: x\r\n\r\n"
    waits = ask + b"expect: 100-continue\r\n\r\n" + body
    last = ask + b"connection: close\r\n\r\n" + body
    got = talk(served, head + ask + b"\r\n" + body + head + waits + head + last, whole=True)
    codes = re.findall(rb"HTTP/1\.1 (\d+) ", got)
    assert [code for code in codes if code != b"100"] == [b"200"] * 6
    assert got.count(b'{"predictions":') == 3
    assert re.search(rb"\r\n\r\n\{[^\r\n]*\}HTTP/1\.1 ", got)
    assert got.endswith(b"}")
    alone = talk(served, head)
    assert alone.startswith(b"HTTP/1.1 200 ")
    assert alone.endswith(b"\r\n\r\n")


def test_too_long_a_wait_is_cut(served: Door) -> None:
    """Where an answer takes too long that is said, and health answers while a thread is held."""
    with ThreadPoolExecutor(1) as pool:
        waiting = pool.submit(served.predict, {**BARE, "party_size": 92})
        time.sleep(0.1)
        for path in ("/", "/v2/health/live", "/v2/health/ready", "/v2/models/evacroute/ready"):
            assert served.get(path).status_code == 200
        assert not waiting.done()
        reply = waiting.result()
    assert reply.status_code == 504
    assert reply.json() == {"error": "no answer within 1.5 s, the limit; try again"}


def test_too_many_at_a_time_are_sent_away(served: Door) -> None:
    """Of more requests than can be answered at a time, those too many are told to come back."""
    with ThreadPoolExecutor(7) as pool:
        replies = list(pool.map(served.predict, [{**BARE, "party_size": 90}] * 7))
    codes = sorted(reply.status_code for reply in replies)
    assert codes.count(200) >= 4
    away = [reply for reply in replies if reply.status_code == 503]
    assert away
    assert all(reply.headers["retry-after"] == "1" for reply in away)
    assert "4 requests are being answered, the limit" in away[0].json()["error"]


def test_a_fault_shows_nothing_of_itself(served: Door) -> None:
    """A fault is answered with an id to look for, and the log has its kind and place alone."""
    reply = served.post(
        V1, {"instances": [{**BARE, "party_size": 91}]}, headers={"x-request-id": "fault-1"}
    )
    assert reply.status_code == 500
    assert reply.json() == {"error": "internal error", "request_id": "fault-1"}
    line = served.line_of("fault-1")
    assert line["level"] == "error"
    assert line["fault"] == "RuntimeError"
    assert ":answer:" in line["at"]


def test_ids_of_requests_are_echoed(served: Door) -> None:
    """A plain id comes back, an odd or missing one is replaced by one that was made."""
    for given, same in (("abc-1.2_X", True), ("a b", False), ("x" * 65, False), (None, False)):
        headers = {"x-request-id": given} if given else {}
        found = served.post(V1, {"instances": [BARE]}, headers=headers).headers["x-request-id"]
        assert (found == given) is same
        assert re.fullmatch(r"[A-Za-z0-9._-]{1,64}", found)


def test_readiness_and_metadata_over_http(served: Door) -> None:
    """Every address of health and metadata of V1 and V2 says what it should."""
    told = {
        path: served.get(path).json()
        for path in ("/", "/v1/models", "/v1/models/evacroute", "/v2", "/v2/models",
                     "/v2/health/live", "/v2/health/ready", "/v2/models/evacroute/ready")
    }  # fmt: skip
    ready = {"name": "evacroute", "ready": True}
    assert told.pop("/v2")["extensions"] == ["binary_tensor_data"]
    assert told == {
        "/": {"status": "alive"},
        "/v1/models": {"models": ["evacroute"]}, "/v2/models": {"models": ["evacroute"]},
        "/v1/models/evacroute": ready, "/v2/models/evacroute/ready": ready,
        "/v2/health/live": {"live": True}, "/v2/health/ready": {"ready": True},
    }  # fmt: skip


def test_metrics_tell_what_happened_and_not_to_whom(served: Door) -> None:
    """All figures are there, by route, status, cause and shelter; no label tells who asked."""
    served.predict(PARTY, {"lon": 12.365, "lat": 45.43})
    served.post(V1, b"x")
    text = served.get("/metrics").text
    for line in (
        'evacroute_request_seconds_count{protocol="rest",route="/v1/models/evacroute:predict"}',
        'evacroute_parties_answered_total{status="reserved"}',
        'evacroute_persons_answered_total{status="no_safe_route"}',
        'evacroute_rejected_total{cause="bad_request"}',
        'evacroute_store_seconds_count{call="hello"} 1.0',
        "evacroute_store_up 1.0",
        'evacroute_places_left{shelter="S03"} 7.0',
        'evacroute_plan_info{plan="2026-11-23T10:00Z-3"} 1.0',
        "evacroute_loaded 1.0",
        "evacroute_ready 1.0",
        "evacroute_in_flight 0.0",
        "process_cpu_seconds_total",
    ):
        assert line in text, line
    named = set(re.findall(r"evacroute_\w+\{([^}]*)\}", text))
    labels = {pair.split("=")[0] for found in named for pair in found.split(",")}
    assert labels == {"route", "protocol", "le", "status", "cause", "call", "shelter", "plan"}


def test_logs_hold_nothing_of_who_asked(served: Door) -> None:
    """A request leaves one line: no body, position, token, need, client or query string."""
    one = {"x-request-id": "one"}
    served.post(V1 + "?secret=marker-query", {"instances": [PARTY]}, headers=one)
    served.predict({**PARTY, "party_size": 91})
    served.predict({**PARTY, "age_band": "marker-age"})
    served.get("/marker-path")
    line = served.line_of("one")
    assert set(line) == {
        "time", "level", "event", "request_id", "protocol", "route", "code", "parties", "persons",
        "ms", "plan",
    }  # fmt: skip
    assert (line["route"], line["code"]) == ("/v1/models/evacroute:predict", 200)
    assert (line["parties"], line["persons"]) == (1, 2)
    text = served.log.read_text()
    for mark in ("marker", "338712", "434198", "wheelchair", "65-79", SECRET, "127.0.0.1",
                 "Traceback", "?"):  # fmt: skip
        assert mark not in text, mark
