"""Widths and capacities by documented tables."""

from __future__ import annotations

import csv

import numpy as np
import pytest

from evacroute._data_dir import data_path
from evacroute.load.street_capacity import (
    MIN_EFFECTIVE_WIDTH,
    capacities,
    default_widths,
    kind_of_name,
    name_word,
)
from evacroute.network import KINDS

CALLE, BRIDGE = KINDS.index("calle"), KINDS.index("bridge")


@pytest.mark.parametrize(
    ("width", "steps", "kind", "expected"),
    [
        (3.0, 0, CALLE, 1.3 * 2.6),
        (3.0, 0, BRIDGE, 1.3 * 2.7),
        (3.0, 20, BRIDGE, 1.0 * 2.7),
        (3.0, 1, KINDS.index("steps"), 1.0 * 2.7),
        (0.5, 0, CALLE, 1.3 * MIN_EFFECTIVE_WIDTH),
    ],
)
def test_capacity_is_flow_times_effective_width(
    width: float, steps: int, kind: int, expected: float
) -> None:
    """Capacity is specific flow times the width less a layer at each side, never nothing."""
    got = capacities(np.array([width]), np.array([steps]), np.array([kind]))
    assert got == pytest.approx([expected])


@pytest.mark.parametrize(
    ("name", "word", "kind"),
    [
        ("Calle dei Fabbri", "calle", "calle"),
        ("CALLE LARGA SAN MARCO", "calle larga", "calle"),
        ("Sottoportego del Cavalletto", "sotoportego", "underpass"),
        ("Rio Terà San Leonardo", "rio tera", "calle"),
        ("Rio Terrà dei Nomboli", "rio tera", "calle"),
        ("Fondamente Nove", "fondamenta", "quay"),
        ("Riva degli Schiavoni", "riva", "quay"),
        ("Campielo de la Cason", "campiello", "square"),
        ("Ponte dei Pugni", "ponte", "bridge"),
        ("Al Volto, Ramo del Volto", "ramo", "calle"),
        ("Rio de la Sensa", "", ""),
        ("", "", ""),
    ],
)
def test_names_tell_the_kind(name: str, word: str, kind: str) -> None:
    """A name's first word, however it is spelled, tells the kind of street."""
    assert (name_word(name), kind_of_name(name)) == (word, kind)


def test_width_goes_by_name_then_kind() -> None:
    """Defaults follow the name where it tells something, else the kind; bridges go by kind."""
    kind = np.array([KINDS.index(k) for k in ("calle", "calle", "bridge", "square")])
    name = np.array(["", "Ramo Primo", "Ramo Primo", "Piazza San Marco"], dtype=object)
    assert default_widths(kind, name).tolist() == [2.8, 1.8, 3.0, 12.0]


@pytest.mark.parametrize("table", ["specific_flow.csv", "default_width.csv"])
def test_every_row_has_a_source_and_a_status(table: str) -> None:
    """Each figure of the tables says where it is from and how sure it is."""
    with data_path("streets", table).open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows
    assert all(row["source"] and row["status"] for row in rows)


def test_every_kind_has_a_width() -> None:
    """No kind of street is without a default."""
    kinds = np.arange(len(KINDS))
    assert (default_widths(kinds, np.full(len(KINDS), "", dtype=object)) > 0).all()
