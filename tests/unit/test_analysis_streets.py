"""Which links make one street."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from networks import from_edges

from evacroute.analysis.streets import street_of_link


def of_edges(names: list[str], **given: object) -> list[list[int]]:
    """Streets of a line of five edges (0-1-2-3-4-5) as lists of edges."""
    network = from_edges(
        [(i * 30.0, 0.0) for i in range(6)], [(i, i + 1) for i in range(5)], **given
    )
    network = replace(network, name=np.repeat(np.array(names, dtype=object), 2))
    street = street_of_link(network)
    assert street[::2].tolist() == street[1::2].tolist()
    return [np.flatnonzero(street[::2] == s).tolist() for s in range(street.max() + 1)]


def test_both_directions_and_one_name_are_one_street() -> None:
    """Touching links of one name are a street, both ways; the same name elsewhere is another."""
    assert sorted(of_edges(["A", "A", "B", "A", ""])) == [[0, 1], [2], [3], [4]]


def test_nameless_bridges_that_touch_are_one_but_alleys_are_not() -> None:
    """Ramp and span of a bridge without a name are one row; alleys without a name are not."""
    kind = ["bridge", "bridge", "calle", "calle", "steps"]
    assert sorted(of_edges([""] * 5, kind=kind)) == [[0, 1], [2], [3], [4]]


def test_a_name_does_not_join_kinds() -> None:
    """A bridge is a row of its own, whatever the street that leads on is called."""
    kind = ["calle", "bridge", "calle", "calle", "calle"]
    assert sorted(of_edges(["A"] * 5, kind=kind)) == [[0], [1], [2, 3, 4]]
