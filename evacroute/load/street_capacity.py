"""How many persons a second a street lets in: specific flow times effective width.

The figures are tables in ``data/streets``, each row with its source. Where a source gives no width,
a default is taken by the street's kind and by the Venetian word its name begins with; it is marked
as assumed wherever it is used.
"""

from __future__ import annotations

import csv
import re
import unicodedata
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._data_dir import data_path
from evacroute.network import KINDS

MIN_EFFECTIVE_WIDTH = 0.3
"""Effective width is never below this [m]: people pass the narrowest alley in single file."""

BRIDGE, STEPS = KINDS.index("bridge"), KINDS.index("steps")

# Spellings met on maps -> the word of the table.
_SPELLINGS = {
    "cale": "calle", "caleta": "calesela", "calletta": "calesela", "calesele": "calesela",
    "callesela": "calesela", "callesella": "calesela", "calleselle": "calesela",
    "sottoportego": "sotoportego", "sotoportegho": "sotoportego",
    "sottoportico": "sotoportego", "sotoporteghi": "sotoportego", "soroportego": "sotoportego",
    "salizzada": "salizada", "rughetta": "rugheta", "fondamente": "fondamenta", "rive": "riva",
    "campielo": "campiello", "campazo": "campazzo", "corticella": "corte", "merceria": "marzaria",
    "mercerie": "marzaria", "marzarieta": "marzaria", "frezzeria": "frezzaria",
    "crosiera": "crosera", "riotera": "rio tera", "terra": "tera",
}  # fmt: skip


def capacities(
    width: NDArray[np.float64], steps: NDArray[Any], kind: NDArray[Any]
) -> NDArray[np.float64]:
    """Capacity of links [person/s] from width, steps and kind, all of shape (n,).

    Specific flow times effective width, which is the width less a boundary layer at each side and
    never below `MIN_EFFECTIVE_WIDTH`.

    Examples
    --------
    >>> capacities(np.array([3.0]), np.array([0]), np.array([0]))
    array([3.38])
    """
    flow = _flow_table()
    stepped = np.asarray(steps) > 0
    bridge = (np.asarray(kind) == BRIDGE) & ~stepped
    ways = [stepped, bridge]
    specific, boundary = (
        np.select(
            ways,
            [flow["stepped"][i], flow["level_between_parapets"][i]],
            flow["level_between_walls"][i],
        )
        for i in (0, 1)
    )
    effective = np.maximum(np.asarray(width) - 2 * boundary, MIN_EFFECTIVE_WIDTH)
    capacity: NDArray[np.float64] = np.round(specific * effective, 6)
    return capacity


def default_widths(kind: NDArray[Any], name: NDArray[Any]) -> NDArray[np.float64]:
    """Documented widths [m] by kind (positions in `KINDS`) and name, shape (n,).

    The name decides where it begins with a known word; on bridges, steps and ferries the kind does.
    """
    by_kind, by_name = _width_tables()
    widths = np.array([by_kind[word] for word in KINDS])[np.asarray(kind, dtype=np.intp)]
    named = np.isin(kind, [KINDS.index(word) for word in ("calle", "square", "quay", "underpass")])
    for i in np.flatnonzero(named & (np.asarray(name, dtype=object) != "")):
        word = name_word(name[i])
        if word:
            widths[i] = by_name[word][0]
    return widths


def default_steps(
    kind: NDArray[Any], wheelchair: NDArray[Any], length: NDArray[np.float64]
) -> NDArray[np.int16]:
    """Guess steps where the source says nothing: some (1) on flights of steps and on bridges.

    A bridge is taken as step-free if it is said to be passable for wheelchairs, or is longer than
    `CAUSEWAY` (a road bridge).
    """
    bridge = (np.asarray(kind) == BRIDGE) & (np.asarray(wheelchair) != 1) & (length <= CAUSEWAY)
    guess: NDArray[np.int16] = (bridge | (np.asarray(kind) == STEPS)).astype(np.int16)
    return guess


CAUSEWAY = 150.0
"""A single bridge street longer than this [m] is a causeway for vehicles: no steps are assumed."""


def kind_of_name(name: str) -> str:
    """Kind of street that a name's first word tells, "" where it tells nothing.

    Examples
    --------
    >>> kind_of_name("Fondamenta dei Mori"), kind_of_name("Sottoportego de la Bissa")
    ('quay', 'underpass')
    """
    word = name_word(name)
    return _width_tables()[1][word][1] if word else ""


@cache
def name_word(name: str) -> str:
    """Word of the table that a name begins with; of several names (a, b; c) the first that has one.

    Examples
    --------
    >>> name_word("Rio Terà dei Pensieri"), name_word("Al Cavallo, Calle Lunga San Barnaba")
    ('rio tera', 'calle lunga')
    """
    known = _width_tables()[1]
    for part in re.split(r"[,;/]", name):
        words = plain_text(part).split()[:2]
        words = [_SPELLINGS.get(word, word) for word in words]
        for word in (" ".join(words), " ".join(words[:1])):
            if word in known:
                return word
    return ""


def plain_text(text: str) -> str:
    """Put a name in lower case without accents."""
    decomposed = unicodedata.normalize("NFKD", text.strip().lower())
    return "".join(letter for letter in decomposed if not unicodedata.combining(letter))


@cache
def _flow_table() -> dict[str, tuple[float, float]]:
    with data_path("streets", "specific_flow.csv").open(encoding="utf-8", newline="") as file:
        return {
            row["way"]: (float(row["specific_flow"]), float(row["boundary"]))
            for row in csv.DictReader(file)
        }


@cache
def _width_tables() -> tuple[dict[str, float], dict[str, tuple[float, str]]]:
    by_kind: dict[str, float] = {}
    by_name: dict[str, tuple[float, str]] = {}
    with data_path("streets", "default_width.csv").open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["match"] == "kind":
                by_kind[row["word"]] = float(row["width"])
            else:
                by_name[row["word"]] = (float(row["width"]), row["kind"])
    return by_kind, by_name
