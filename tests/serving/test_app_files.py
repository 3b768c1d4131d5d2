"""Files of the phone's page: words, colours, and nothing from elsewhere."""

from __future__ import annotations

import json
import re
from itertools import product
from pathlib import Path

import pytest

from evacroute.languages import LANGUAGES

STATIC = Path(__file__).resolve().parents[2] / "evacroute" / "serving" / "app" / "static"
WORDS = {
    path.stem: json.loads(path.read_text("utf-8")) for path in (STATIC / "words").glob("*.json")
}
ENGLISH = WORDS["en"]
FILES = sorted(path for path in STATIC.rglob("*") if path.is_file())

TEXT, SIGN = 4.5, 3.0
PAIRS = [
    *product(("ink", "quiet", "main", "good", "warn", "bad"), ("paper", "card"), (TEXT,)),
    *product(("ink",), ("good-card", "warn-card", "bad-card"), (TEXT,)),
    ("good", "good-card", TEXT), ("warn", "warn-card", TEXT), ("bad", "bad-card", TEXT),
    ("on-main", "main", TEXT),
    *product(("paper",), ("good", "warn", "bad"), (TEXT,)),
    *product(("line", "main"), ("paper",), (SIGN,)),
    *product(("street", "bridge", "main", "bad", "ink"), ("map",), (SIGN,)),
    ("main", "casing", SIGN),
]  # fmt: skip
"""Ink, ground, and the least ratio WCAG 2.2 AA asks for: text, and edges and signs."""


def palette(*, dark: bool) -> dict[str, str]:
    light, _, rest = (STATIC / "app.css").read_text().partition("prefers-color-scheme: dark")
    colours = dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", light))
    return (
        {**colours, **dict(re.findall(r"--([\w-]+): (#[0-9a-f]{6});", rest))} if dark else colours
    )


def luminance(colour: str) -> float:
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    linear = [x / 12.92 if x <= 0.04045 else ((x + 0.055) / 1.055) ** 2.4 for x in parts]
    return sum(w * x for w, x in zip((0.2126, 0.7152, 0.0722), linear, strict=True))


@pytest.mark.parametrize("dark", [False, True])
def test_colours_stand_apart(dark: bool) -> None:
    """Every ink stands out from its ground as WCAG AA asks, by day and by night."""
    colours = palette(dark=dark)
    low = []
    for ink, ground, least in PAIRS:
        bright, dim = sorted((luminance(colours[ink]), luminance(colours[ground])), reverse=True)
        ratio = (bright + 0.05) / (dim + 0.05)
        if ratio < least:
            low.append((ink, ground, round(ratio, 2)))
    assert low == []


@pytest.mark.parametrize("language", LANGUAGES)
def test_every_language_has_all_words(language: str) -> None:
    """Each of the library's languages has each text, with the values that belong in it."""
    words = WORDS[language]
    assert words.keys() == ENGLISH.keys()
    for key, text in words.items():
        assert text or key == "between"
        assert set(re.findall(r"{\w+}", text)) == set(re.findall(r"{\w+}", ENGLISH[key])), key


def test_the_page_says_the_same_before_its_words_are_there() -> None:
    """What stands in the page itself is the English text of the same name."""
    page = (STATIC / "index.html").read_text("utf-8")
    marked = re.findall(r'data-t="(\w+)"[^>]*>([^<]*)<', page)
    marked += re.findall(r'data-label="(\w+)" aria-label="([^"]*)"', page)
    assert len(marked) > 30
    assert [(key, text) for key, text in marked if ENGLISH[key] != text] == []


def test_words_that_are_used_exist_and_the_others_are_used() -> None:
    """The scripts and the page name no text that is missing, and none stands there unused."""
    source = "".join(p.read_text("utf-8") for p in FILES if p.suffix in {".js", ".html"})
    named = set(
        re.findall(r'\bt\("(\w+)"', source) + re.findall(r'data-(?:t|label)="(\w+)"', source)
    )
    assert named <= ENGLISH.keys()
    made = re.compile(
        r"(status|why|helped|odds|meaning|todo|told|sure|age|need|street|not_held)_|(denied|refused)$"
    )
    loose = {key for key in ENGLISH if f'"{key}"' not in source and not made.match(key)}
    assert loose == set()


def test_nothing_comes_from_elsewhere() -> None:
    """No file names another host, holds a script or style in the page, or sets a cookie."""
    for path in FILES:
        text = path.read_text("utf-8").replace("http://www.w3.org/2000/svg", "")
        assert not re.search(r"https?://|//\w+\.\w+/|document\.cookie|innerHTML|eval\(", text), path
    page = (STATIC / "index.html").read_text("utf-8")
    assert not re.search(r"<style|\sstyle=|\son\w+=|<script(?![^>]*src=)", page)


def test_all_scripts_are_fetched_at_once() -> None:
    """The page names each of its scripts, so that a slow network is waited for once."""
    page = (STATIC / "index.html").read_text("utf-8")
    scripts = {path.name for path in STATIC.glob("*.js")} - {"sw.js"}
    assert set(re.findall(r'(?:href|src)="(\w+\.js)"', page)) == scripts
