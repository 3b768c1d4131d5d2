"""A server with the phone's page, and phones in a browser that look at it."""

from __future__ import annotations

import atexit
import importlib.util
import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from typing import Any

import httpx
from conftest import missing

import evacroute as er

LOST = "Failed to load resource: "
PHONE: dict[str, Any] = {
    "viewport": {"width": 360, "height": 740}, "has_touch": True, "locale": "en-GB",
    "reduced_motion": "reduce",
}  # fmt: skip


@cache
def bundle() -> Path:
    """The made-up city with a quick plan; one a process of tests."""
    if importlib.util.find_spec("kserve") is None:
        missing("the package 'kserve' is not installed")
    folder = Path(tempfile.mkdtemp(prefix="evacroute-phone-"))
    atexit.register(shutil.rmtree, folder, True)
    er.assign(er.lagoon(people=300), method="nearest").save_bundle(folder / "bundle")
    return folder / "bundle"


@cache
def served() -> str:
    """Address of a server with the page, ready; one a process of tests, as it costs seconds."""
    line = [
        sys.executable, "-m", "evacroute.serving", "--model_dir", str(bundle()), "--http_host",
        "127.0.0.1", "--http_port", "0", "--grpc_port", "0", "--store", "memory:", "--app",
    ]  # fmt: skip
    log = bundle().parent / "log.txt"
    with log.open("wb") as out:
        process = subprocess.Popen(line, stdout=out, stderr=out, env=dict(os.environ))
    atexit.register(_end, process)
    until = time.monotonic() + 120
    while time.monotonic() < until and process.poll() is None:
        lines = [json.loads(one) for one in log.read_text().split("\n")[:-1]]
        ports = [one["http_port"] for one in lines if one["event"] == "listening"]
        address = f"http://127.0.0.1:{ports[0]}" if ports else ""
        if ports and httpx.get(f"{address}/v2/models/evacroute/ready").status_code == 200:
            return address
        time.sleep(0.1)
    raise AssertionError(log.read_text())


def _end(process: subprocess.Popen[bytes]) -> None:
    process.kill()
    process.wait()


@cache
def stranded() -> tuple[float, float]:
    """A place from where no way without steps leads to a shelter, as lon and lat."""
    network = er.lagoon(people=10).network
    places = [
        {"lon": float(lon), "lat": float(lat), "step_free": True}
        for lon, lat in zip(network.lon[300:500], network.lat[300:500], strict=True)
    ]
    body = {"instances": places, "parameters": {"route": "none", "directions": False}}
    told = httpx.post(f"{served()}/v1/models/evacroute:predict", json=body).json()["predictions"]
    found = [p for p, one in zip(places, told, strict=True) if one["status"] == "no_safe_route"]
    return found[0]["lon"], found[0]["lat"]


class Phone:
    """A page on a phone, with everything it complained of, and what it sent."""

    def __init__(self, context: Any, *, is_lost: bool) -> None:
        self.context, self.page = context, context.new_page()
        self.faults: list[str] = []
        self.sent: list[tuple[str, dict[str, Any]]] = []
        self._is_lost = is_lost
        self.page.on("console", lambda message: self._complained(message.text))
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        context.on("request", self._asked)

    def _complained(self, text: str) -> None:
        if not (self._is_lost and text.startswith(LOST)):
            self.faults.append(f"console: {text}")

    def _asked(self, request: Any) -> None:
        if not request.url.startswith(served() + "/"):
            self.faults.append(f"request: {request.url}")
        if request.method == "POST":
            self.sent.append((request.url.rsplit("/", 1)[1], json.loads(request.post_data)))

    def open(self) -> Any:
        self.page.goto(f"{served()}/app")
        self.page.wait_for_selector("body[data-map]")
        return self.page

    def tap_map(self, x: float = 0.5, y: float = 0.5) -> None:
        """Tap the map, at shares of its width and height."""
        self.page.locator("#pad").scroll_into_view_if_needed()
        box = self.page.locator("#pad").bounding_box()
        self.page.touchscreen.tap(box["x"] + x * box["width"], box["y"] + y * box["height"])

    def ask(self, who: str = "walk") -> None:
        """Say who asks, and ask."""
        self.page.locator(f"label:has([value={who}])").click()
        self.page.locator("#ask").click()

    def get_answer(self) -> None:
        """Open the page, tap the map, and wait for the answer."""
        self.open()
        self.tap_map()
        self.ask()
        self.page.wait_for_selector("#answer:not([hidden])")

    def until(self, selector: str, text: str) -> None:
        """Wait until an element has a text; the page's policy lets nothing wait inside it."""
        self.page.locator(selector, has_text=text).wait_for()

    def is_kept(self) -> None:
        """Wait until the page and its map are there without a network."""
        self.page.evaluate("""async () => {
          await navigator.serviceWorker.ready;
          while (!(await caches.match('map'))) await new Promise((done) => setTimeout(done, 20));
        }""")

    def kept(self) -> dict[str, Any]:
        """What the phone keeps."""
        text = self.page.evaluate("() => localStorage.getItem('evacroute')")
        return json.loads(text) if text else {}

    def tokens(self) -> set[str]:
        """Every token that was sent with a question."""
        return {body["instances"][0]["token"] for _, body in self.sent if "instances" in body}


@contextmanager
def phone(browser: Any, *, is_lost: bool = False, **settings: Any) -> Iterator[Phone]:
    """A phone that has no complaints at the end, but of requests that fail where `is_lost`."""
    context = browser.new_context(**{**PHONE, **settings})
    context.set_default_timeout(10_000)
    made = Phone(context, is_lost=is_lost)
    yield made
    context.close()
    assert made.faults == []
