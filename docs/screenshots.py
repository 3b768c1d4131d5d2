"""Take the pictures of docs/screenshots/: site, map, phone's page and board, in a real browser.

python docs/build.py site && python docs/screenshots.py site     needs Chromium; some three minutes
"""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, Page, sync_playwright

import evacroute as er

FOLDER = Path(__file__).resolve().parent / "screenshots"
CHROMIUM = shutil.which("chromium") or shutil.which("google-chrome")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
WIDE = {"width": 1280, "height": 800}
NARROW = {"width": 390, "height": 844}
COLOURS = 128
PARTIES, PARTY, BATCH = 5000, 8, 50


@contextmanager
def page_of(browser: Browser, wide: bool, dark: bool, **more: Any) -> Iterator[Page]:
    """A new page, whose complaints end the script."""
    size = WIDE if wide else NARROW
    scheme = "dark" if dark else "light"
    context = browser.new_context(viewport=size, color_scheme=scheme, locale="en-GB", **more)
    page = context.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.on("requestfailed", lambda request: faults.append(f"not loaded: {request.url}"))
    yield page
    over = page.evaluate("document.documentElement.scrollWidth - innerWidth")
    if over > 0:
        faults.append(f"the page is {over} px wider than the window")
    context.close()
    if faults:
        raise SystemExit(f"{faults}")


def keep(page: Page, name: str) -> None:
    """Save what the window shows, in few colours."""
    path = FOLDER / f"{name}.png"
    page.screenshot(path=path)
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(COLOURS, dither=Image.Dither.NONE)
    few.save(path, optimize=True)
    print(f"{path.name}: {path.stat().st_size / 1000:.0f} kB", flush=True)


def site(browser: Browser, folder: Path) -> None:
    """Home and gallery, light and wide, dark and narrow."""
    for name, file in (("home", "index.html"), ("gallery", "gallery.html")):
        for wide in (True, False):
            with page_of(browser, wide, dark=not wide) as page:
                page.goto((folder / file).resolve().as_uri())
                page.wait_for_timeout(500)
                keep(page, name if wide else f"{name}_narrow_dark")


def the_map(browser: Browser, path: Path) -> None:
    """The whole evacuation, and a moment of it on a phone at night."""
    with page_of(browser, wide=True, dark=False) as page:
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
        keep(page, "map")
    with page_of(browser, wide=False, dark=True) as page:
        page.goto(path.as_uri())
        page.wait_for_selector("body[data-ready]")
        page.locator("[name=mode][value=moment]").check()
        page.locator("#moment").fill("12")
        page.wait_for_timeout(500)
        keep(page, "map_narrow_dark")


@contextmanager
def served(bundle: Path, folder: Path) -> Iterator[str]:
    """Address of a server of the bundle, with page and board, that is ready."""
    log = folder / "log.jsonl"
    line = [
        sys.executable, "-m", "evacroute.serving", "--model_dir", str(bundle), "--store", "memory:",
        "--http_host", "127.0.0.1", "--http_port", "0", "--grpc_port", "0", "--app", "--ops",
    ]  # fmt: skip
    with log.open("wb") as out:
        process = subprocess.Popen(line, stdout=out, stderr=out)
    try:
        url = ""
        while not url or not _is_ready(url):
            if process.poll() is not None:
                raise SystemExit(log.read_text())
            time.sleep(0.2)
            rows = [json.loads(row) for row in log.read_text().split("\n")[:-1]]
            ports = [row["http_port"] for row in rows if row["event"] == "listening"]
            url = f"http://127.0.0.1:{ports[0]}" if ports else ""
        yield url
    finally:
        process.terminate()
        process.wait()


def _is_ready(url: str) -> bool:
    try:
        with urllib.request.urlopen(f"{url}/v2/models/evacroute/ready"):
            return True
    except urllib.error.URLError:
        return False


def ask(url: str, scenario: er.Scenario) -> None:
    """Let many parties ask, so that the board has something to show."""
    network, groups = scenario.network, scenario.groups
    nodes = groups.node[np.random.default_rng(0).integers(len(groups.node), size=PARTIES)]
    for first in range(0, PARTIES, BATCH):
        people = [
            {
                "token": f"screenshot-{first + i:05}",
                "lon": float(network.lon[node]),
                "lat": float(network.lat[node]),
                "party_size": PARTY,
            }
            for i, node in enumerate(nodes[first : first + BATCH])
        ]
        request = urllib.request.Request(
            f"{url}/v1/models/evacroute:predict",
            json.dumps({"instances": people}).encode(),
            {"Content-Type": "application/json"},
        )
        urllib.request.urlopen(request).read()


def phone(browser: Browser, url: str, plan: er.Plan) -> None:
    """A wheelchair user asks where a way without steps begins, by day and by night."""
    scenario = plan.scenario
    step_free = scenario.group_classes.step_free[scenario.groups.class_[plan.movements.group]]
    node = scenario.groups.node[plan.movements.group[np.flatnonzero(step_free)[0]]]
    network = scenario.network
    where = {"longitude": float(network.lon[node]), "latitude": float(network.lat[node])}
    for dark in (False, True):
        allowed = {"geolocation": where, "permissions": ["geolocation"], "has_touch": True}
        with page_of(browser, wide=False, dark=dark, **allowed) as page:
            page.goto(f"{url}/app")
            page.wait_for_selector("body[data-map]")
            page.locator("#position").click()
            page.locator("[name=who]").nth(3).check()
            if not dark:
                keep(page, "phone_question")
            page.locator("#ask").click()
            page.wait_for_selector("#answer:not([hidden])")
            page.wait_for_timeout(500)
            keep(page, "phone_answer_dark" if dark else "phone_answer")


def board(browser: Browser, url: str) -> None:
    """The operator's board while people ask."""
    for wide in (True, False):
        with page_of(browser, wide, dark=not wide) as page:
            page.goto(f"{url}/ops")
            page.wait_for_timeout(2500)
            keep(page, "board" if wide else "board_narrow_dark")


def main() -> None:
    if CHROMIUM is None:
        raise SystemExit("Chromium is not installed")
    FOLDER.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as name, sync_playwright() as player:
        folder = Path(name)
        browser = player.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        site(browser, Path(sys.argv[1] if len(sys.argv) > 1 else "site"))
        scenario = er.lagoon(people=50_000)
        plan = er.assign(scenario, "over_time", gap=0.02, time_limit="30 s")
        the_map(browser, er.write_map(plan, folder / "map.html"))
        plan.save_bundle(folder / "bundle")
        with served(folder / "bundle", folder) as url:
            ask(url, scenario)
            board(browser, url)
            phone(browser, url, plan)
        browser.close()


if __name__ == "__main__":
    main()
