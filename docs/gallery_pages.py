"""Pages of the gallery on the site: one for each example, and the cards that lead to them.

They are written when the site is built, from the scripts, their pictures and what they printed
(``docs/gallery/``, made by ``make gallery``).
"""

from __future__ import annotations

import json
import os
import re
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

DOCS = Path(__file__).resolve().parent
EXAMPLES = DOCS.parent / "examples"
GALLERY = DOCS / "gallery"
RUNS = GALLERY / "runs.json"
SPELLING = {"dask": "Dask", "kserve": "KServe", "osmnx": "OSMnx", "persons": "person's"}
"""Words of file names as they are written in headings."""

LINK = re.compile(r"\]\((?:\.\./)+examples/(\d\d_\w+)\.py\)")


def stems() -> list[str]:
    """Names of the examples, in their order."""
    return sorted(path.stem for path in EXAMPLES.glob("[0-9]*.py"))


def write(app: Any) -> None:
    """Write ``gallery/STEM.md`` for each example."""
    runs = json.loads(RUNS.read_text(encoding="utf-8"))
    missing = [stem for stem in stems() if stem not in runs]
    if missing:
        raise ExtensionError(f"not in the gallery yet, 'make gallery' runs them: {missing}")
    for stem in stems():
        page = GALLERY / f"{stem}.md"
        text = _page(stem, runs[stem])
        if not page.exists() or page.read_text(encoding="utf-8") != text:
            page.write_text(text, encoding="utf-8")


def _page(stem: str, run: dict[str, Any]) -> str:
    number, _, name = stem.partition("_")
    words = name.replace("_", " ").capitalize()
    for written, right in SPELLING.items():
        words = re.sub(rf"\b{written}\b", right, words, flags=re.IGNORECASE)
    heading = f"{int(number)}. {words}"
    return "\n".join(
        [
            f"# {heading}",
            "",
            run["title"],
            "",
            f"```{{image}} {stem}.png",
            f":alt: {run['title']}",
            "```",
            "",
            "## The script",
            "",
            f"`python examples/{stem}.py`; `--help` tells its options, a network of your own too.",
            "",
            f"```{{literalinclude}} ../../examples/{stem}.py",
            ":language: python",
            "```",
            "",
            "## What it prints",
            "",
            f"In {run['seconds']:.0f} s, on {run['made']}, with version {run['version']}.",
            "",
            "```text",
            run["printed"].rstrip(),
            "```",
            "",
        ]
    )


def add_cards(app: Any, name: str, source: list[str]) -> None:
    """Put a card for each example at the end of the gallery's page."""
    if name != "gallery":
        return
    runs = json.loads(RUNS.read_text(encoding="utf-8"))
    cards = [
        f"```{{grid-item-card}} {runs[stem]['title'].partition(':')[0].rstrip('.')}\n"
        f":img-top: gallery/{stem}.png\n:img-alt: {runs[stem]['title']}\n"
        f":link: gallery/{stem}\n:link-type: doc\n```\n"
        for stem in stems()
    ]
    menu = (
        "```{toctree}\n:hidden:\n\n" + "\n".join(f"gallery/{stem}" for stem in stems()) + "\n```\n"
    )
    source[0] += "\n````{grid} 1 2 3 3\n:gutter: 3\n\n" + "\n".join(cards) + "````\n\n" + menu


def link_examples(app: Any, name: str, source: list[str]) -> None:
    """Let links to a script lead to its page."""
    up = os.path.relpath(DOCS, (DOCS / name).parent)
    source[0] = LINK.sub(lambda match: f"]({up}/gallery/{match[1]}.md)", source[0])
