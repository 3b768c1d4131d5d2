"""Render the pages of docs/ as a small site, and fail on any link that leads nowhere.

python docs/build.py [site]
"""

from __future__ import annotations

import re
import shutil
import sys
from html import escape
from pathlib import Path
from urllib.parse import unquote

from markdown_it import MarkdownIt

ROOT = Path(__file__).resolve().parent.parent
PAGES = (
    "README.md", "docs/getting_started.md", "docs/concepts.md", "docs/formats.md",
    "docs/methods.md", "docs/planning_with_prices.md", "docs/hazards.md", "docs/flood.md",
    "docs/boats.md", "docs/gallery.md", "docs/directions.md", "docs/rescue.md",
    "docs/robust.md", "docs/simulation.md", "docs/scorer.md", "docs/model_card.md", "docs/cli.md",
    "docs/serving.md", "docs/capacity_store.md", "docs/deploying.md", "docs/security.md",
    "docs/data_protection.md", "docs/phone_page.md", "docs/operators_board.md",
    "docs/benchmarks.md", "docs/serving_load.md", "CHANGELOG.md", "CONTRIBUTING.md",
)  # fmt: skip
STYLE = """
body { font: 16px/1.55 system-ui, sans-serif; max-width: 52rem; margin: 2rem auto; padding: 0 1rem }
nav a { margin-right: .8rem } table { border-collapse: collapse; display: block; overflow-x: auto }
td, th { border: 1px solid #8886; padding: .25rem .6rem; text-align: left; vertical-align: top }
pre { background: #8881; padding: .8rem; overflow-x: auto } code { font-size: .92em }
:root { color-scheme: light dark }
"""


def anchor(heading: str) -> str:
    """Name of a heading as GitHub makes it: lower case, words joined by hyphens."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def headings(page: Path) -> set[str]:
    tokens = MarkdownIt().parse(page.read_text(encoding="utf-8"))
    return {
        anchor(tokens[i + 1].content)
        for i, token in enumerate(tokens)
        if token.type == "heading_open"
    }


def broken_links(page: Path) -> list[str]:
    """Links of a page to files or headings that do not exist."""
    tokens = MarkdownIt().enable("table").parse(page.read_text(encoding="utf-8"))
    links = [
        str(child.attrs["href" if child.type == "link_open" else "src"])
        for token in tokens
        for child in token.children or ()
        if child.type in ("link_open", "image")
    ]
    broken = []
    for link in links:
        if "://" in link or link.startswith("mailto:"):
            continue
        place, _, heading = link.partition("#")
        target = page.parent / unquote(place) if place else page
        if not target.exists() or (heading and heading not in headings(target)):
            broken.append(f"{page.relative_to(ROOT)}: {link}")
    return broken


def render(page: Path, menu: str) -> str:
    markdown = MarkdownIt().enable("table")
    tokens = markdown.parse(page.read_text(encoding="utf-8"))
    title = "evacroute"
    for i, token in enumerate(tokens):
        if token.type == "heading_open":
            token.attrSet("id", anchor(tokens[i + 1].content))
            if token.tag == "h1":
                title = tokens[i + 1].content
        for child in token.children or ():
            href = str(child.attrs.get("href", ""))
            if child.type == "link_open" and "://" not in href:
                child.attrSet("href", re.sub(r"(?:\w+/)?(\w+)\.md", site_name, href))
    body = markdown.renderer.render(tokens, markdown.options, {})
    return (
        f'<!doctype html><html lang="en"><meta charset="utf-8"><title>{escape(title)}</title>'
        f'<meta name="viewport" content="width=device-width"><style>{STYLE}</style>'
        f"<nav>{menu}</nav>{body}</html>\n"
    )


def site_name(match: re.Match[str]) -> str:
    return "index.html" if match[1] == "README" else f"{match[1].lower()}.html"


def build(site: Path) -> list[str]:
    """Write the site; returns the links that lead nowhere."""
    pages = [ROOT / name for name in PAGES]
    missing = set((ROOT / "docs").glob("*.md")) - set(pages)
    broken = [f"docs/{path.name}: is on no page of the menu" for path in sorted(missing)]
    broken += [link for page in pages for link in broken_links(page)]
    site.mkdir(parents=True, exist_ok=True)
    names = {page: re.sub(r"(\w+)\.md", site_name, page.name) for page in pages}
    menu = "".join(
        f'<a href="{name}">{page.stem.replace("_", " ").capitalize()}</a>'
        for page, name in names.items()
    )
    for page, name in names.items():
        (site / name).write_text(render(page, menu), encoding="utf-8")
    shutil.copy(ROOT / "LICENSE", site / "LICENSE")
    shutil.copytree(ROOT / "docs" / "gallery", site / "gallery", dirs_exist_ok=True)
    return broken


def main() -> int:
    site = Path(sys.argv[1] if len(sys.argv) > 1 else "site")
    broken = build(site)
    for fault in broken:
        print(fault, file=sys.stderr)
    print(f"{len(PAGES)} pages in {site}; {len(broken)} faults")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
