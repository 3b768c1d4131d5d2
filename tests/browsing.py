"""A real browser for tests of pages: started headless, and watched for complaints and requests."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser"))), None)
FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-dev-shm-usage",
    "--disable-background-networking",
    "--disable-component-update",
]


class Seen:
    """A page in the browser, with everything it complained of or asked for."""

    def __init__(self, page: Any) -> None:
        self.page = page
        self.faults: list[str] = []
        page.on("console", lambda message: self.faults.append(f"console: {message.text}"))
        page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        page.on("request", lambda request: self._note(request.url))

    def _note(self, url: str) -> None:
        if not url.startswith("file:"):
            self.faults.append(f"request: {url}")

    def open(self, path: Path) -> Any:
        self.page.goto(path.as_uri())
        self.page.wait_for_selector("body[data-ready]", timeout=20_000)
        return self.page


@contextmanager
def looked_at(browser: Any, **settings: Any) -> Iterator[Seen]:
    """A page that must have no complaints and ask for nothing; settings as of Playwright."""
    context = browser.new_context(offline=True, **settings)
    context.set_default_timeout(10_000)
    view = Seen(context.new_page())
    yield view
    context.close()
    assert view.faults == []
