"""Write the pages of figures from the files of results::

    python docs/write_results.py    # benchmarks.md, evaluation.md, serving_load.md, badges,
                                    # and tables on pages between their words

The words are in docs/templates/, the figures in docs/results/ and data/scorer/. A template names
what it wants in double braces:

- ``{{ table NAME }}``: a table of docs/result_pages/, and a line that says how it was made;
- ``{{ value RESULT CASE COLUMN FORMAT }}``: one figure; ``min.1f`` are minutes of seconds;
- ``{{ ratio RESULT CASE OTHER COLUMN FORMAT }}``: the figure of one case over another's;
- ``{{ made RESULT ... }}``: only the line;
- ``{{ versions RESULT }}``: what it ran on.

A blank within a case is written as ``~``. What is not in the files is an error.

Pages that are written by hand, the README among them, have a table of results between two marks::

    <!-- table NAME: made by docs/write_results.py -->
    <!-- /table -->
"""

from __future__ import annotations

import argparse
import re
from collections.abc import Callable
from pathlib import Path

from result_pages import TABLES, made_line
from result_pages.badges import badges
from result_pages.files import MissingResultError, Results, shown

ROOT = Path(__file__).resolve().parents[1]
DOCS = ROOT / "docs"
TEMPLATES = DOCS / "templates"
BADGES = DOCS / "badges"
PLACE = re.compile(r"\{\{(.*?)\}\}", re.DOTALL)
MARKED = re.compile(
    r"(<!-- table (\w+): made by docs/write_results\.py -->\n)"
    r"(?:(?!<!-- table ).)*?(<!-- /table -->)",
    re.DOTALL,
)


def filled(template: str, results: Results, page: str = "template") -> str:
    """Replace what stands in double braces."""

    def value(result: str, case: str, column: str, form: str = "") -> str:
        return results[result].show(_blank(case), column, form)

    def ratio(result: str, case: str, other: str, column: str, form: str = ".3f") -> str:
        one = results[result]
        found = one.get(_blank(case), column), one.get(_blank(other), column)
        if not found[0] or not found[1]:
            raise MissingResultError(f"{result}: {case} or {other} has no {column}")
        return shown(found[0] / found[1], form)

    def table(name: str) -> str:
        if name not in TABLES:
            raise MissingResultError(f"no table {name!r}, only {list(TABLES)}")
        return TABLES[name](results)

    def made(*names: str) -> str:
        return made_line([results[name] for name in names])

    def versions(name: str) -> str:
        return results[name].versions()

    verbs: dict[str, Callable[..., str]] = {
        "value": value, "ratio": ratio, "table": table, "made": made,
        "versions": versions,
    }  # fmt: skip

    def fill(match: re.Match[str]) -> str:
        words = match[1].split()
        if not words or words[0] not in verbs:
            raise MissingResultError(f"{page}: {match[0]} asks for none of {list(verbs)}")
        try:
            return verbs[words[0]](*words[1:])
        except MissingResultError as error:
            raise MissingResultError(f"{page}: {match[0]}: {error}") from None
        except (TypeError, ValueError) as error:
            raise MissingResultError(f"{page}: {match[0]} is not understood: {error}") from None

    return PLACE.sub(fill, template)


def _blank(case: str) -> str:
    return case.replace("~", " ")


def pages(results: Results | None = None) -> dict[str, str]:
    """Make the pages by name, of the templates and the files."""
    results = results or Results()
    return {
        path.name: filled(path.read_text(encoding="utf-8"), results, path.name)
        for path in sorted(TEMPLATES.glob("*.md"))
    }


def with_tables(text: str, results: Results, page: str = "page") -> str:
    """Return a page with its tables between their marks; as it is where it has none."""

    def fill(match: re.Match[str]) -> str:
        table = filled(f"{{{{ table {match[2]} }}}}", results, page)
        return f"{match[1]}\n{table}\n\n{match[3]}"

    return MARKED.sub(fill, text)


def marked_pages(results: Results | None = None) -> dict[Path, str]:
    """Make the pages that are written by hand and have tables of results."""
    results = results or Results()
    texts = {
        path: path.read_text(encoding="utf-8")
        for path in (ROOT / "README.md", *sorted(DOCS.glob("*.md")), *DOCS.glob("how_to/*.md"))
    }
    return {
        path: with_tables(text, results, path.name)
        for path, text in texts.items()
        if MARKED.search(text)
    }


def main() -> None:
    """Write the pages."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.parse_args()
    results = Results()
    for name, text in pages(results).items():
        (DOCS / name).write_text(text, encoding="utf-8")
    BADGES.mkdir(exist_ok=True)
    for name, drawn in badges(results).items():
        (BADGES / f"{name}.svg").write_text(drawn, encoding="utf-8")
    for path, text in marked_pages(results).items():
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
