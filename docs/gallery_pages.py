"""Pages of the gallery on the site: one for each example, and the cards that lead to them.

They are written when the site is built, from the scripts, their pictures and what they printed
(``docs/gallery/``, made by ``make gallery``).
"""

from __future__ import annotations

import json
import os
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.errors import ExtensionError

DOCS = Path(__file__).resolve().parent
EXAMPLES = DOCS.parent / "examples"
GALLERY = DOCS / "gallery"
RUNS = GALLERY / "runs.json"
SPELT = {"kserve": "KServe", "osmnx": "OSMnx", "dask": "Dask", "persons": "person's"}
LINK = re.compile(r"\]\((?:\.\./)+examples/(?:notebooks/)?(\w+)\.(py|ipynb)\)")


def stems() -> list[str]:
    """Names of the examples, in their order."""
    return sorted(path.stem for path in EXAMPLES.glob("[0-9]*.py"))


def notebooks() -> list[Path]:
    """Notebooks, kept with what they show."""
    return sorted((EXAMPLES / "notebooks").glob("*.ipynb"))


def runs() -> dict[str, dict[str, Any]]:
    """What each example printed and when, by its name and in their order."""
    kept = json.loads(RUNS.read_text(encoding="utf-8"))
    missing = [stem for stem in stems() if stem not in kept]
    if missing:
        raise ExtensionError(f"not in the gallery yet, 'make gallery' runs them: {missing}")
    return {stem: kept[stem] for stem in stems()}


def write(app: Any) -> None:
    """Write ``gallery/STEM.md`` for each example, and bring the notebooks there."""
    for stem, run in runs().items():
        (GALLERY / f"{stem}.md").write_text(_page(stem, run), encoding="utf-8")
    for notebook in notebooks():
        shutil.copy(notebook, GALLERY / notebook.name)


def _page(stem: str, run: dict[str, Any]) -> str:
    number, _, name = stem.partition("_")
    heading = f"{int(number)}. {name.replace('_', ' ').capitalize()}"
    for word, spelt in SPELT.items():
        heading = re.sub(rf"\b{word}\b", spelt, heading, flags=re.IGNORECASE)
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
    cards = [
        f"```{{grid-item-card}} {run['title'].partition(':')[0].rstrip('.')}\n"
        f":img-top: gallery/{stem}.png\n:img-alt: {run['title']}\n"
        f":link: gallery/{stem}\n:link-type: doc\n```\n"
        for stem, run in runs().items()
    ]
    names = [*stems(), *(notebook.stem for notebook in notebooks())]
    pages = "\n".join(f"gallery/{name}" for name in names)
    menu = f"```{{toctree}}\n:hidden:\n\n{pages}\n```\n"
    source[0] += "\n````{grid} 1 2 3 3\n:gutter: 3\n\n" + "\n".join(cards) + "````\n\n" + menu


def link_examples(app: Any, name: str, source: list[str]) -> None:
    """Let links to a script or a notebook lead to its page."""
    up = os.path.relpath(DOCS, (DOCS / name).parent)

    def page(match: re.Match[str]) -> str:
        return f"]({up}/gallery/{match[1]}.{'md' if match[2] == 'py' else 'ipynb'})"

    source[0] = LINK.sub(page, source[0])
