"""The board on a real server: two replicas on one store, and the page in a browser."""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from boards import bundle
from browsing import Seen


class Server:
    """A server with its board, in a process of its own."""

    def __init__(self, folder: Path, name: str) -> None:
        self.log = folder / f"{name}.log"
        line = [
            sys.executable, "-m", "evacroute.serving", "--model_dir", str(bundle()), "--ops",
            "--http_host", "127.0.0.1", "--http_port", "0", "--grpc_port", "0", "--drain", "0s",
            "--store", f"sqlite:///{folder / 'places.sqlite'}", "--replan_limit", "1s",
        ]  # fmt: skip
        with self.log.open("wb") as out:
            self.process = subprocess.Popen(line, stdout=out, stderr=out, env=dict(os.environ))
        self.url = ""

    def wait(self) -> None:
        port = self.line("listening")["http_port"]
        self.url = f"http://127.0.0.1:{port}"
        end = time.monotonic() + 60
        while True:
            with contextlib.suppress(urllib.error.HTTPError):
                if self.ask("/v2/health/ready")["ready"]:
                    return
            assert time.monotonic() < end, self.log.read_text()
            time.sleep(0.05)

    def line(self, event: str) -> Any:
        end = time.monotonic() + 60
        while time.monotonic() < end:
            rows = [json.loads(x) for x in self.log.read_text().split("\n")[:-1]]
            for row in rows:
                if row["event"] == event:
                    return row
            assert self.process.poll() is None, self.log.read_text()
            time.sleep(0.05)
        raise AssertionError(self.log.read_text())

    def ask(self, path: str, body: Any = None) -> Any:
        content = None if body is None else json.dumps(body).encode()
        headers = {"X-Evacroute-Act": "1"}
        request = urllib.request.Request(self.url + path, content, headers)
        with urllib.request.urlopen(request, timeout=10) as answer:
            return json.load(answer)

    def until(self, true: Callable[[Any], bool], seconds: float = 30.0) -> float:
        """How long it took until the state was so."""
        begin = time.monotonic()
        while not true(state := self.ask("/ops/state")):
            assert time.monotonic() - begin < seconds, state
            time.sleep(0.05)
        return time.monotonic() - begin


@pytest.fixture(scope="module")
def servers(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Server]]:
    """Two replicas that share a store."""
    pytest.importorskip("kserve", reason="kserve is not installed")
    folder = tmp_path_factory.mktemp("replicas")
    made = [Server(folder, name) for name in ("one", "two")]
    try:
        for one in made:
            one.wait()
        yield made
    finally:
        for one in made:
            one.process.terminate()
        for one in made:
            with contextlib.suppress(subprocess.TimeoutExpired):
                one.process.wait(10)
            one.process.kill()


def test_two_replicas_follow(servers: list[Server]) -> None:
    """What is done on the board of one holds for the other in seconds, new prices too."""
    one, two = servers
    two.until(lambda s: s["store"]["replicas"] == 2)
    first = two.ask("/ops/state")["plan"]["served"]
    done = one.ask("/ops/close", {"version": 0, "names": ["Calle 1"]})
    assert done["replan"]
    took = two.until(lambda s: [x["name"] for x in s["closures"]["streets"]] == ["Calle 1"])
    assert took < 10
    for server in servers:
        server.until(lambda s: s["plan"]["served"] == f"{first}+r2")
    assert two.ask("/ops/state")["planning"]["state"] == "idle"
    # The boards of both may act.
    assert two.ask("/ops/open", {"version": 2, "names": ["Calle 1"]})["version"] == 3
    for server in servers:
        server.until(lambda s: s["plan"]["served"] == first and not s["closures"]["streets"])


@pytest.mark.browser
def test_an_operator_closes_a_bridge_and_opens_it(browser: Any, servers: list[Server]) -> None:
    """Closed by name it is listed, the plan served is another; undone, it is the first again.

    Then nothing says of the other that it is served.
    """
    from playwright.sync_api import expect

    # Long, as replicas, browser and other tests share two cores; what holds is seen at once.
    expect.set_options(timeout=30_000)
    page_url = servers[0].url
    first = servers[0].ask("/ops/state")["plan"]["bundle"]
    data = servers[0].ask("/ops/map")
    bridge = next(name for name in data["names"] if name.startswith("Ponte"))
    context = browser.new_context(viewport={"width": 1280, "height": 800}, locale="en-GB")
    context.set_default_timeout(20_000)
    page = context.new_page()
    seen = Seen(page)
    page.goto(f"{page_url}/ops")
    page.wait_for_selector("body[data-ready]")
    assert page.locator("#rows tr").count() == len(data["shelters"])
    assert "No alarm yet" in page.locator("#alarm").inner_text()
    # A name that is not there is told with those that are near.
    page.fill("#street", bridge[:-1] + "xx")
    page.click("#close button")
    page.click("#yes")
    expect(page.locator("#alert")).to_contain_text("no link")
    page.fill("#street", bridge)
    page.keyboard.press("Enter")
    assert bridge in page.locator("#confirm-text").inner_text()
    # What may not be undone by one key is not what one key does.
    assert page.evaluate("document.activeElement.id") == "no"
    page.click("#yes")
    expect(page.locator("#closed")).to_contain_text(f"{bridge},")
    expect(page.locator("#facts")).to_contain_text(f"{first}+r")
    expect(page.locator("#planning")).to_have_class("good")
    # What was done before is not told beside what could not be done now.
    expect(page.locator("#said")).to_contain_text(bridge)
    page.fill("#street", bridge[:-1] + "xx")
    page.click("#close button")
    page.click("#yes")
    expect(page.locator("#alert")).to_contain_text("no link")
    expect(page.locator("#said")).to_have_text("")
    page.click("#alarm-now")
    page.click("#yes")
    expect(page.locator("#alert")).to_contain_text("Alarm.")
    page.select_option("#language", "it")
    assert page.evaluate("document.documentElement.lang") == "it"
    page.click("#undo")
    page.click("#yes")
    expect(page.locator("#closed")).to_have_text("Nulla è chiuso.")
    expect(page.locator("#facts")).not_to_contain_text(f"{first}+r")
    expect(page.locator("#planning")).to_contain_text(f"ora è in uso {first}.")
    expect(page.locator("#planning")).not_to_have_class("good")
    assert page.evaluate("document.documentElement.scrollWidth") <= 1280
    context.close()
    # The refused name is told of by the browser too.
    complaints = [x for x in seen.faults if not x.startswith(f"request: {page_url}/ops")]
    assert [x for x in complaints if "400 (Bad Request)" not in x] == []
