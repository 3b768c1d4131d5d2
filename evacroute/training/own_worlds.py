"""Worlds of one's own: streets and shelters of an instance folder, to train on."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from evacroute.errors import Faults, InputError
from evacroute.load.gmns import file_in, read_gmns
from evacroute.load.shelters import UNLIMITED, read_shelters
from evacroute.network import KINDS, Network
from evacroute.shelters import Shelters

TABLES = ("node.csv", "link.csv", "shelters.csv")
"""What a world is made of; people are drawn, and what else lies there is not read."""

LEAST_NODES = 100
"""Draws put up to five crowds at the corners of a twentieth of the city."""

LEAST_PLACES = 2

LIVED_IN = ("calle", "square", "quay")
"""Kinds of link along which people are drawn."""


def is_own(name: object) -> bool:
    """Whether the name of a world is the path of a folder; made-up worlds have plain names."""
    return isinstance(name, str) and Path(name).is_absolute()


def short_name(name: str) -> str:
    """Name of a world without the way to its folder, for cards."""
    return Path(name).name


def named_worlds(given: Sequence[str | Path], made_up: Sequence[str]) -> tuple[str, ...]:
    """Give worlds the names by which draws know them.

    Parameters
    ----------
    given
        Names of made-up worlds, or instance folders.
    made_up
        The made-up worlds that may be learned from.

    Returns
    -------
    tuple
        Made-up names as they are, folders as absolute paths, so that every process finds them.

    Raises
    ------
    InputError
        If there is no such folder, or two have one name.
    """
    faults, names = Faults("worlds"), []
    for one in given:
        if str(one) in made_up:
            names.append(str(one))
        elif Path(one).is_dir():
            names.append(str(Path(one).resolve()))
        else:
            faults.add(f"{one}: is neither an instance folder nor one of {', '.join(made_up)}")
    short = [short_name(name) for name in names]
    for name in sorted({name for name in short if short.count(name) > 1}):
        faults.add(f"{name} is given more than once, expected worlds of different names")
    if not len(given):
        faults.add("none is given, expected one or more")
    faults.raise_if_any(InputError)
    return tuple(names)


def digest(name: str) -> str:
    """Hash of the tables of a world of one's own; "" of a made-up one, which the code makes."""
    if not is_own(name):
        return ""
    found = hashlib.sha256()
    for table in TABLES:
        found.update(file_in(Path(name), table).read_bytes())
    return found.hexdigest()


def read_own(name: str) -> tuple[Network, Shelters]:
    """Read streets and shelters, closed ones too.

    Raises
    ------
    InputError
        If the folder is not what it must be, or scenarios cannot be drawn on it.
    """
    network = read_gmns(name)
    shelters = read_shelters(file_in(Path(name), TABLES[-1]), network)
    faults = Faults(name)
    if network.n_nodes < LEAST_NODES:
        faults.add(f"has {network.n_nodes} nodes, expected at least {LEAST_NODES} to draw on")
    if not np.isin(network.kind, [KINDS.index(kind) for kind in LIVED_IN]).any():
        faults.add(f"has no link of kind {', '.join(LIVED_IN)}, where people are drawn")
    if (n_open := int((shelters.capacity > 0).sum())) < LEAST_PLACES:
        faults.add(f"has {n_open} open shelters, expected at least {LEAST_PLACES} to choose among")
    for i in np.flatnonzero(shelters.capacity >= UNLIMITED):
        faults.add(
            f"shelter {shelters.shelter_id[i]}: capacity is inf, expected a number of persons: "
            "each scenario shares out its places as these are"
        )
    faults.raise_if_any(InputError)
    return network, shelters
