"""Routes of the phone's page: files, the map, and what is done with places."""

from __future__ import annotations

import asyncio
import gzip
import json
import logging
import time
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pytest

import evacroute as er
from evacroute.errors import InputError, StoreUnavailable
from evacroute.serving.app import places
from evacroute.serving.app.city_map import city_map
from evacroute.streets import pair_links

from .fake_core import FakeCore
from .phones import bundle

pytest.importorskip("kserve", reason="the package 'kserve' is not installed")

HIDDEN = "a-token-that-nobody-may-see"


class Asked:
    """A server in this process, asked without a socket."""

    def __init__(self, runner: asyncio.Runner, *options: str) -> None:
        from evacroute.serving.app import app_routes
        from evacroute.serving.making import make_core
        from evacroute.serving.metrics import Meters
        from evacroute.serving.options import read_options
        from evacroute.serving.server import Server

        line = ["--model_dir", str(bundle()), "--grpc_port", "0", "--store", "memory:", *options]
        told, meters = read_options(line), Meters()
        self.core: Any = make_core(told, meters)
        routes = app_routes(self.core, "evacroute") if told.app else []
        app = Server(self.core, told, meters, routes).rest.config.app
        self._runner = runner
        self._client = httpx.AsyncClient(
            transport=httpx.ASGITransport(app=app), base_url="http://phone"
        )

    def begin(self) -> None:
        """Load the bundle, and wait until the store was reached."""
        self.core.load()

        async def start() -> None:
            await self.core.start()
            while not self.core.ready:
                await asyncio.sleep(0.01)

        self._runner.run(start())

    def end(self) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self.core.stop())

    def get(self, path: str, **headers: str) -> httpx.Response:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return self._runner.run(self._client.get(path, headers=named))

    def place(self, body: Any) -> httpx.Response:
        content = json.dumps(body).encode() if isinstance(body, dict) else body
        return self._runner.run(self._client.post("/app/place", content=content))

    def reserve(self, token: str) -> None:
        network = self.core.answerer.scenario.network
        row = {"token": token, "lon": network.lon[0], "lat": network.lat[0]}
        body = {"instances": [row]}
        told = self._runner.run(self._client.post("/v1/models/evacroute:predict", json=body))
        assert told.json()["predictions"][0]["status"] == "reserved"


@pytest.fixture(scope="module")
def served() -> Iterator[Asked]:
    """A server with the page."""
    with asyncio.Runner() as runner:
        asked = Asked(runner, "--app")
        asked.begin()
        yield asked
        asked.end()


def test_there_is_no_page_unless_it_is_wanted() -> None:
    """Without --app nothing is served under /app."""
    with asyncio.Runner() as runner:
        asked = Asked(runner)
        for path in ("/app", "/app/", "/app/map", "/app/sw.js"):
            assert asked.get(path).status_code == 404
        assert asked.place({"token": HIDDEN, "do": "renew"}).status_code == 404


def test_the_page_needs_a_bundle(served: Asked) -> None:
    """A core without streets is refused, and before the bundle is read the map is not ready."""
    from evacroute.serving.app import app_routes

    with pytest.raises(InputError, match="answers from a bundle"):
        app_routes(FakeCore(), "evacroute")  # type: ignore[arg-type]
    with asyncio.Runner() as runner:
        asked = Asked(runner, "--app")
        assert asked.get("/app/").status_code == 200
        assert asked.get("/app/map").status_code == 503
        assert asked.place({"token": HIDDEN, "do": "renew"}).status_code == 503


def test_a_map_that_failed_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the map could not be made whoever asks next has it made again, then it is kept."""
    from evacroute.serving.app import routes

    made: list[Any] = []

    def fails_first(answerer: Any) -> Any:
        made.append(answerer)
        if len(made) == 1:
            raise MemoryError
        return drawn(answerer)

    drawn = routes._drawn
    monkeypatch.setattr(routes, "_drawn", fails_first)
    with asyncio.Runner() as runner:
        asked = Asked(runner, "--app")
        asked.begin()
        codes = [asked.get("/app/map").status_code for _ in range(3)]
        asked.end()
    assert (codes, len(made)) == ([500, 200, 200], 2)


def test_the_page_lets_nothing_in(served: Asked) -> None:
    """Every file comes with a policy that allows our files alone, and no cookie."""
    assert served.get("/app").headers["location"] == "app/"
    for path in ("/app", "/app/", "/app/app.js", "/app/sw.js", "/app/map"):
        headers = served.get(path).headers
        policy = dict(part.split(" ", 1) for part in headers["content-security-policy"].split("; "))
        assert set(policy.values()) <= {"'none'", "'self'"}
        assert policy["default-src"] == policy["frame-ancestors"] == "'none'"
        assert headers["x-content-type-options"] == "nosniff"
        assert headers["referrer-policy"] == "no-referrer"
        assert "set-cookie" not in headers


def test_the_page_knows_its_model_and_the_worker_its_files(served: Asked) -> None:
    """The page tells where to ask; the worker names every file that is served, and a digest."""
    assert 'data-ask="../v1/models/evacroute:predict"' in served.get("/app/").text
    worker = served.get("/app/sw.js").text
    version, files = (line.split(" = ")[1].rstrip(";") for line in worker.splitlines()[:2])
    assert len(json.loads(version)) == 16
    assert {"./", "app.css", "words/it.json", "manifest.webmanifest"} <= set(json.loads(files))
    for name in json.loads(files):
        assert served.get(f"/app/{name.removeprefix('./')}").status_code == 200


@pytest.mark.parametrize(
    "path", ["/app/index.html", "/app/../server.py", "/app/routes.py", "/app/words"]
)
def test_other_files_are_not_served(served: Asked, path: str) -> None:
    """What is none of the page's files is not found, whatever its name."""
    assert served.get(path).status_code == 404


def test_what_has_not_changed_is_not_sent_again(served: Asked) -> None:
    """Who has the newest file or map is told so, also where a proxy made its tag weak."""
    for path in ("/app/map", "/app/app.js"):
        tag = served.get(path).headers["etag"]
        for known in (tag, f"W/{tag}", f'"other", {tag}'):
            again = served.get(path, if_none_match=known)
            assert (again.status_code, again.content) == (304, b"")
        assert served.get(path, if_none_match='"other"').status_code == 200


def test_files_are_compressed_where_that_is_understood(served: Asked) -> None:
    """Who does not take gzip gets the same, plain."""
    assert served.get("/app/map").headers["content-encoding"] == "gzip"
    plain = served.get("/app/map", accept_encoding="gzip;q=0, identity")
    assert "content-encoding" not in plain.headers
    assert plain.content == served.get("/app/map").content


def test_the_map_holds_streets_and_shelters_alone(served: Asked) -> None:
    """Each street is drawn once, with its kind and name; nothing of people, prices or room."""
    told = served.get("/app/map").json()
    scenario = served.core.answerer.scenario
    streets = pair_links(scenario.network)
    assert told.keys() == {
        "format", "bounds", "kinds", "names", "street_kind", "street_name", "street_line",
        "shelters",
    }  # fmt: skip
    assert len(told["street_line"]) == len(streets) == len(set(told["street_line"]))
    kinds = [told["kinds"][k] for k in told["street_kind"]]
    assert kinds.count("bridge") == np.count_nonzero(
        scenario.network.kind[streets.forward] == told["kinds"].index("bridge")
    )
    assert told["shelters"][0].keys() == {"id", "name", "lon", "lat"}
    assert len(told["shelters"]) == len(scenario.shelters)


def test_the_map_of_venice_is_small(shared: Path) -> None:
    """All streets of Venice go through a bad network: 500 kB compressed at the most."""
    folder = shared / "bench" / "venice_100k"
    network = er.read_network(folder)
    shelters = er.read_shelters(folder / "shelters.csv", network)
    bounds = (network.lon.min(), network.lat.min(), network.lon.max(), network.lat.max())
    packed = gzip.compress(city_map(network, shelters, bounds), 9)
    assert network.n_links > 15_000
    assert len(packed) < 500_000


def test_a_place_is_renewed_used_and_given_back(served: Asked) -> None:
    """A place is kept as long as told, then for good, then not at all; twice does no harm."""
    served.reserve("phone-1")
    renewed = served.place({"token": "phone-1", "do": "renew"}).json()
    assert renewed == {"held": True, "arrived": False, "held_until_s": 1800}
    for _ in range(2):
        arrived = served.place({"token": "phone-1", "do": "arrived"}).json()
        assert arrived == {"held": True, "arrived": True, "held_until_s": None}
    for deed in ("cancel", "cancel", "renew", "arrived"):
        told = served.place({"token": "phone-1", "do": deed}).json()
        assert told == {"held": False, "arrived": False, "held_until_s": None}


@pytest.mark.parametrize(
    "body, status, says",
    [
        (b"", 400, "the body must be JSON"),
        (b"[]", 400, "the body must be an object with 'token' and 'do', and nothing else"),
        ({"token": HIDDEN}, 400, "the body must be an object with 'token' and 'do'"),
        ({"token": HIDDEN, "do": "renew", "lon": 1}, 400, "the body must be an object with"),
        ({"token": HIDDEN, "do": "sell"}, 400, "do must be one of arrived, cancel, renew"),
        ({"token": HIDDEN, "do": ["renew"]}, 400, "do must be one of arrived, cancel, renew"),
        ({"token": f"{HIDDEN} ", "do": "renew"}, 400, "token must be 1 to 128 letters"),
        ({"token": "", "do": "renew"}, 400, "token must be 1 to 128 letters"),
        ({"token": 7, "do": "renew"}, 400, "token must be 1 to 128 letters"),
        ({"token": "x" * 2000, "do": "renew"}, 413, "the body is longer than 1 kB, the limit"),
    ],
)  # fmt: skip
def test_what_is_wrong_is_said_in_one_sentence(
    served: Asked, body: Any, status: int, says: str
) -> None:
    """A body that is not as it must be is refused by field and limit, and never repeated."""
    reply = served.place(body)
    assert reply.status_code == status
    assert reply.json()["error"].startswith(says)
    assert HIDDEN not in reply.text


def test_a_store_out_of_reach_is_told(served: Asked, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the store does not answer, is slow, or asked by too many, the phone is to try again."""

    async def away(work: Callable[..., Any]) -> Any:
        raise StoreUnavailable("redis://:secret@host")

    async def slow(work: Callable[..., Any]) -> Any:
        await asyncio.sleep(30)

    body = {"token": HIDDEN, "do": "arrived"}
    monkeypatch.setattr(served.core.desk, "call", away)
    reply = served.place(body)
    assert (reply.status_code, reply.headers["retry-after"]) == (503, "2")
    assert reply.json() == {"error": "the store of places is out of reach; try again"}
    monkeypatch.setattr(served.core.desk, "call", slow)
    counter = places.Counter(0.05)
    with pytest.raises(places.TooLate, match="no answer within"):
        asyncio.run(counter.do(served.core.desk, "t", "renew"))
    monkeypatch.setattr(places, "MOST_AT_ONCE", 0)
    assert served.place(body).status_code == 503


def test_a_body_that_never_ends_is_not_waited_for(
    served: Asked, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of a phone that sends half a body no more is read after the limit; it is told so."""

    async def half() -> AsyncIterator[bytes]:
        yield b'{"token": "t"'
        await asyncio.sleep(5)

    from evacroute.serving import rest

    monkeypatch.setattr(rest, "_BODY_SECONDS", 0.05)
    begin = time.monotonic()
    reply = served.place(half())
    assert time.monotonic() - begin < 2
    assert reply.status_code == 504
    assert reply.json() == {"error": "the body did not come within 0.05 s, the limit"}


def test_logs_tell_nothing_of_a_phone(served: Asked, caplog: pytest.LogCaptureFixture) -> None:
    """A request is logged by its route, without token or what was done."""
    with caplog.at_level(logging.DEBUG):
        served.place({"token": HIDDEN, "do": "cancel"})
        served.place({"token": HIDDEN, "do": "nonsense"})
    lines = [
        {**record.__dict__.get("fields", {}), "said": record.getMessage()}
        for record in caplog.records
    ]
    assert [one["route"] for one in lines if "route" in one] == ["/app/place"] * 2
    assert HIDDEN not in str(lines)
    assert "cancel" not in str(lines)


def test_tokens_are_the_same_as_in_questions() -> None:
    """A token that is good for a question is good for its place."""
    from evacroute.serving import fields

    assert places._TOKEN.pattern == fields._TOKEN.pattern
