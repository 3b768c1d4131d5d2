"""Downloads, played against a local server that answers as Overpass and Nominatim do."""

from __future__ import annotations

import gzip
import json
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest

from evacroute.errors import FetchError, InputError, MissingExtraError
from evacroute.load.build import build_network
from evacroute.load.fetch import fetch
from evacroute.load.overpass import read_overpass

osmnx = pytest.importorskip("osmnx")

ANSWER: dict[str, Any] = {
    "version": 0.6,
    "osm3s": {"copyright": "OpenStreetMap contributors, ODbL"},
    "elements": [
        {"type": "node", "id": 1, "lon": 12.330, "lat": 45.437},
        {"type": "node", "id": 2, "lon": 12.331, "lat": 45.437},
        {"type": "node", "id": 3, "lon": 12.332, "lat": 45.438},
        {
            "type": "way",
            "id": 10,
            "nodes": [1, 2],
            "tags": {"highway": "footway", "name": "Calle Lunga", "width": "2,5"},
        },
        {
            "type": "way",
            "id": 11,
            "nodes": [2, 3],
            "tags": {"highway": "steps", "bridge": "yes", "step_count": "18"},
        },
    ],
}
PLACE = [
    {
        "place_id": 1,
        "osm_type": "relation",
        "osm_id": 2,
        "lat": "45.437",
        "lon": "12.331",
        "class": "boundary",
        "type": "administrative",
        "place_rank": 16,
        "importance": 0.5,
        "addresstype": "city",
        "name": "Chioggia",
        "display_name": "Chioggia",
        "boundingbox": ["45.43", "45.44", "12.32", "12.34"],
        "geojson": {
            "type": "Polygon",
            "coordinates": [
                [[12.32, 45.43], [12.34, 45.43], [12.34, 45.44], [12.32, 45.44], [12.32, 45.43]]
            ],
        },
    }
]
BOX = "12.32,45.43,12.34,45.44"


class Server:
    """A local server; `answer` and `places` are what it says, `asked` what it was asked."""

    def __init__(self) -> None:
        self.answer: Any = ANSWER
        self.places: Any = PLACE
        self.asked: list[str] = []
        self.agents: set[str] = set()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                outer.agents.add(self.headers["User-Agent"])
                if self.path.endswith("/status"):
                    text = "Connected as: 1\nCurrent time: x\nRate limit: 2\n\n2 slots available\n"
                    self.say(text.encode())
                else:
                    outer.asked.append("place")
                    self.say(json.dumps(outer.places).encode())

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                outer.asked.append("streets")
                self.say(json.dumps(outer.answer).encode())

            def say(self, content: bytes) -> None:
                self.send_response(200)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def log_message(self, *_: Any) -> None:
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_address[1]}"
        threading.Thread(target=self.http.serve_forever, args=(0.02,), daemon=True).start()


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    yield server
    server.http.shutdown()
    server.http.server_close()


def download(server: Server, place: Any, out: Path, **kwargs: Any) -> Path:
    return fetch(
        place,
        out,
        overpass_url=f"{server.url}/api",
        nominatim_url=f"{server.url}/",
        cache=out.parent / "cache",
        **kwargs,
    )


def test_box_is_downloaded_with_all_tags(server: Server, tmp_path: Path) -> None:
    """A bounding box becomes a file that the Overpass reader turns into the same network."""
    stages = []
    out = download(
        server, BOX, tmp_path / "venice.json", progress=lambda stage, share: stages.append(share)
    )
    assert out == tmp_path / "venice.json"
    network = build_network(read_overpass(out))
    assert network.equals(build_network(read_overpass(ANSWER)))
    assert sorted(set(network.steps)) == [0, 18]
    assert stages == sorted(stages)
    assert stages[-1] == 1.0
    assert server.asked == ["streets"]
    assert server.agents == {"evacroute (OSMnx)"}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["venice.json"]


def test_place_is_looked_up_and_answers_are_kept(server: Server, tmp_path: Path) -> None:
    """A place is looked up by name; asked again, everything comes from the cache."""
    first = download(server, "Chioggia", tmp_path / "a.json")
    second = download(server, "Chioggia", tmp_path / "b.json.gz")
    assert server.asked == ["place", "streets"]
    assert json.loads(first.read_text()) == json.loads(gzip.decompress(second.read_bytes()))
    download(server, "Chioggia", tmp_path / "c.json", use_cache=False)
    assert server.asked == ["place", "streets"] * 2


def test_venice_is_the_old_city(server: Server, tmp_path: Path) -> None:
    """The word venice stands for a box, so that nothing is looked up."""
    download(server, "Venice", tmp_path / "a.json")
    assert server.asked == ["streets"]


def test_settings_of_osmnx_are_put_back(server: Server, tmp_path: Path) -> None:
    """A download leaves OSMnx and the look-up of hosts as they were."""
    before = {
        name: value for name, value in vars(osmnx.settings).items() if not name.startswith("__")
    }
    look_up = socket.getaddrinfo
    download(server, BOX, tmp_path / "a.json", timeout=5.5)
    assert {name: getattr(osmnx.settings, name) for name in before} == before
    assert socket.getaddrinfo is look_up


def test_cut_off_cache_is_asked_for_again(server: Server, tmp_path: Path) -> None:
    """A file in the cache that was cut off does not stand in the way."""
    download(server, BOX, tmp_path / "a.json")
    (kept,) = (tmp_path / "cache").rglob("*.json")
    kept.write_text(kept.read_text()[:50])
    download(server, BOX, tmp_path / "a.json")
    assert server.asked == ["streets", "streets"]


@pytest.mark.parametrize(
    "answer, message",
    [
        ({"elements": [], "remark": "runtime error: Query timed out"}, "broke off"),
        ({"elements": []}, "has no ways"),
        (
            {"elements": [{**way, "tags": {"highway": "motorway"}}
                          if (way := dict(e))["type"] == "way" else e
                          for e in ANSWER["elements"]]},
            "none of them a street to walk",
        ),
    ],
)  # fmt: skip
def test_useless_answers_leave_no_file(
    server: Server, tmp_path: Path, answer: Any, message: str
) -> None:
    """An answer broken off or without streets is one clear error, and no file."""
    server.answer = answer
    with pytest.raises(FetchError, match=message):
        download(server, BOX, tmp_path / "a.json")
    assert not (tmp_path / "a.json").exists()


def test_unknown_place(server: Server, tmp_path: Path) -> None:
    """A place that nobody knows is named in the error."""
    server.places = []
    with pytest.raises(FetchError, match="'Nowhere'"):
        download(server, "Nowhere", tmp_path / "a.json")


@pytest.mark.parametrize("place", [BOX, "Chioggia"])
def test_no_connection(tmp_path: Path, place: str) -> None:
    """Without a connection there is one clear error, soon, that names the server."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(FetchError, match=rf"{url}.* cannot be reached \(ConnectionError\)"):
        fetch(place, tmp_path / "a.json", overpass_url=url, nominatim_url=url, cache=tmp_path)


@pytest.mark.parametrize(
    "place, out, timeout, message",
    [
        ("12.34,45.43,12.32,45.44", "a.json", 9, "west < east"),
        ((12.32, 45.43, 12.34, 95.0), "a.json", 9, "west, south, east, north"),
        ((0.0, 40.0, 20.0, 50.0), "a.json", 9, "at most 2,500 km2"),
        ("", "a.json", 9, "place is empty"),
        (BOX, "a.osm", 9, r"\.json"),
        (BOX, "a.json", 0, "timeout is 0"),
    ],
)
def test_bad_input(tmp_path: Path, place: Any, out: str, timeout: float, message: str) -> None:
    """What cannot be asked for is refused before anything is asked."""
    with pytest.raises(InputError, match=message):
        fetch(place, tmp_path / out, timeout=timeout, cache=tmp_path)


def test_missing_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without OSMnx the error names the extra to install."""
    monkeypatch.setitem(__import__("sys").modules, "osmnx", None)
    with pytest.raises(MissingExtraError, match=r"evacroute\[osm\]"):
        fetch(BOX, tmp_path / "a.json")
