"""Messages of the library are told in options to those who typed options."""

from __future__ import annotations

import ast
from functools import lru_cache
from pathlib import Path

import pytest

import evacroute as er
from evacroute.cli.words import OPTIONS, in_options


@lru_cache(maxsize=1)
def literals() -> list[str]:
    """Every text in the package outside the command line; what is filled in is "{}"."""
    found = []
    root = Path(er.__file__).parent
    for path in root.rglob("*.py"):
        if path.parent.name == "cli":
            continue
        for node in ast.walk(ast.parse(path.read_text("utf-8"))):
            if isinstance(node, ast.Constant) and isinstance(node.value, str):
                found.append(node.value)
            elif isinstance(node, ast.JoinedStr):
                parts = [p.value if isinstance(p, ast.Constant) else "{}" for p in node.values]
                found.append("".join(map(str, parts)))
    return found


@pytest.mark.parametrize("said,typed", OPTIONS)
def test_the_library_still_says_so(said: str, typed: str) -> None:
    """Each phrase that is put into options stands in a message of the library, and then goes."""
    assert any(said in text for text in literals())
    assert in_options(f"x.csv: {said}.") == f"x.csv: {typed}."


def test_other_messages_stay() -> None:
    """A message without such a phrase is told as it is."""
    text = "people.csv: row 3: age is 'x', expected a number from 0 to 120"
    assert in_options(text) == text
