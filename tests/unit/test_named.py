"""Streets, links and shelters are found by name in any case, or what was meant is asked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from networks import corridor
from scenes import scene

from evacroute._named import Named
from evacroute.errors import Faults


def city() -> Named:
    """A corridor with named streets, two of them alike but for their case, and one shelter L2."""
    network = corridor(5)
    name = network.name.copy()
    for i, text in enumerate(["Ponte degli Scalzi", "Calle Lunga", "calle lunga", "Riva", "s0"]):
        name[2 * i : 2 * i + 2] = text
    shelters = scene(network, [(0, 1)], [(4, 1), (5, 1)]).shelters
    names = shelters.shelter_id.copy()
    names[:] = ["L2", "S0"]
    return Named(replace(network, name=name), replace(shelters, shelter_id=names))


@pytest.mark.parametrize(
    "text,kind,what,name,links",
    [
        ("Ponte degli Scalzi", "", "street", "Ponte degli Scalzi", [0, 1]),
        (" ponte DEGLI scalzi ", "", "street", "Ponte degli Scalzi", [0, 1]),
        ("Calle Lunga", "", "street", "Calle Lunga", [2, 3]),
        ("l0-R", "", "link", "L0-r", [1]),
        ("L2", "links", "link", "L2", [4]),
        ("street:L2", "", "link", "L2", [4]),
        ("S0", "", "shelter", "S0", []),
        ("s0", "", "street", "s0", [8, 9]),
        ("shelter: s0", "", "shelter", "S0", []),
        ("l2", "shelters", "shelter", "L2", []),
    ],
)
def test_a_name_is_found_as_written_or_in_any_case(
    text: str, kind: str, what: str, name: str, links: list[int]
) -> None:
    """The very spelling counts first, then the only one that differs in case alone."""
    faults = Faults("x")
    found = city().find(text, kind, faults)
    assert not faults.count
    assert found is not None
    assert (found.what, found.name) == (what, name)
    assert found.links.nonzero()[0].tolist() == links
    assert found.shelters.sum() == (what == "shelter")


@pytest.mark.parametrize(
    "text,kind,words",
    [
        ("CALLE LUNGA", "", ["'CALLE LUNGA' may be 'Calle Lunga' or 'calle lunga'"]),
        ("L2", "", ["'L2' is that of a street and of a shelter", "'street:L2' or 'shelter:L2'"]),
        ("scalzi", "", ["no link, street or shelter 'scalzi'", "meant: Ponte degli Scalzi?"]),
        ("Ponte delli Scalzi", "links", ["no link or street", "meant: Ponte degli Scalzi?"]),
        ("Rialto", "", ["closures: there is no link, street or shelter 'Rialto'"]),
        ("", "", ["there is no link, street or shelter ''"]),
        ("Riva", "shelters", ["there is no shelter 'Riva'"]),
    ],
)
def test_what_is_unknown_or_twofold_is_asked(text: str, kind: str, words: list[str]) -> None:
    """Nothing is closed by a name that is unknown or means two things; candidates are named."""
    faults = Faults("x")
    assert city().find(text, kind, faults) is None
    assert faults.count == 1
    assert all(word in faults.messages[0] for word in words), faults.messages
