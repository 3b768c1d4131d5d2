"""Links that lead nowhere: between Markdown pages as they lie here, and within the built site."""

from __future__ import annotations

import re
from collections import Counter
from functools import lru_cache
from html.parser import HTMLParser
from itertools import pairwise
from pathlib import Path
from urllib.parse import unquote, urlsplit

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
SITE_ONLY = re.compile(r"^(`{3,}|:{3,})\{.*?^\1\s*$", re.MULTILINE | re.DOTALL)


def markdown_pages() -> list[Path]:
    """All pages that are read as they lie here: at the top, in docs/ and examples/."""
    places = "*.md", "docs/*.md", "docs/how_to/*.md", "examples/**/*.md", "data/**/*.md"
    return sorted(page for place in places for page in ROOT.glob(place))


def broken_in_page(page: Path) -> list[str]:
    """Links of a Markdown page to files or headings that do not exist."""
    text = SITE_ONLY.sub("", page.read_text(encoding="utf-8"))
    links = [
        str(child.attrs["href" if child.type == "link_open" else "src"])
        for token in MarkdownIt().enable("table").parse(text)
        for child in token.children or ()
        if child.type in ("link_open", "image")
    ]
    broken = []
    for link in links:
        if "://" in link or link.startswith("mailto:"):
            continue
        place, _, heading = link.partition("#")
        target = page.parent / unquote(place) if place else page
        if not target.exists() or (heading and heading not in _headings(target)):
            broken.append(f"{page.relative_to(ROOT)}: {link}")
    return broken


@lru_cache
def _headings(page: Path) -> frozenset[str]:
    """Anchors as GitHub makes them: lower case, words joined by hyphens, repeated ones counted."""
    names: Counter[str] = Counter()
    found = set()
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    for token, text in pairwise(tokens):
        if token.type == "heading_open":
            name = re.sub(r"[^\w\- ]", "", text.content.lower()).replace(" ", "-")
            found.add(f"{name}-{names[name]}" if names[name] else name)
            names[name] += 1
    return frozenset(found)


class _Page(HTMLParser):
    """What a page of the site links to, and the anchors that it has."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.anchors: set[str] = set()
        self.links: list[str] = []
        self.feed(path.read_text(encoding="utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        for name, value in attrs:
            if name in ("id", "name") and value:
                self.anchors.add(value)
            elif name in ("href", "src") and value:
                self.links.append(value)


def broken_in_site(site: Path) -> list[str]:
    """Links of the built site to files or anchors that it does not have."""
    site = site.resolve()
    found = [path for path in site.rglob("*.html") if "_static" not in path.parts]
    pages = {path: _Page(path) for path in found}
    broken = []
    for path, page in pages.items():
        for link in page.links:
            parts = urlsplit(link)
            if parts.scheme or parts.netloc:
                continue
            target = (path.parent / unquote(parts.path)).resolve() if parts.path else path
            anchors = pages[target].anchors if target in pages else set()
            if not target.exists() or (parts.fragment and unquote(parts.fragment) not in anchors):
                broken.append(f"{path.relative_to(site)}: {link}")
    return sorted(set(broken))
