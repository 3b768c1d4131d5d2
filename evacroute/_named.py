"""Streets, links and shelters found by what people call them."""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field
from difflib import get_close_matches
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults
from evacroute.network import Network
from evacroute.shelters import Shelters

PREFIXES = {"street": "links", "link": "links", "shelter": "shelters"}
"""Words before a colon that say which kind is meant."""

SHOWN = 6


@dataclass(frozen=True, slots=True, eq=False)
class Found:
    """What a text names: "street", "link" or "shelter", how it is spelt, and where it is."""

    what: str
    name: str
    links: NDArray[np.bool_]
    shelters: NDArray[np.bool_]


@dataclass(frozen=True, slots=True, eq=False)
class Named:
    """Names of streets, ids of links and ids of shelters.

    Parameters
    ----------
    network, shelters
        Whose.
    """

    network: Network
    shelters: Shelters
    link_id: NDArray[Any] = field(init=False)
    name: NDArray[Any] = field(init=False)
    shelter_id: NDArray[Any] = field(init=False)

    def __post_init__(self) -> None:
        for column, values in (
            ("link_id", self.network.link_id),
            ("name", self.network.name),
            ("shelter_id", self.shelters.shelter_id),
        ):
            object.__setattr__(self, column, values.astype(str))

    def find(self, text: str, kind: str, faults: Faults) -> Found | None:
        """Find what a text names; where it is unknown or means two things, None and a fault.

        Upper and lower case do not matter where that leaves one spelling alone.

        Parameters
        ----------
        text
            A name or id; "street:" or "shelter:" before it says which is meant.
        kind
            Where to look: "links", "shelters", or "" for both.
        faults
            Takes what is wrong.
        """
        given = text
        word, colon, rest = text.partition(":")
        if not kind and colon and word.strip().lower() in PREFIXES and not self._exact(text, kind):
            kind, text = PREFIXES[word.strip().lower()], rest.strip()
        spelt = self._exact(text, kind)
        if not spelt:
            spelt = self._spelt(text, kind)
            if len(spelt) != 1:
                faults.add(self._told(given, text, kind, spelt))
                return None
        links = (self.link_id == spelt[0]) | (self.name == spelt[0])
        doors = self.shelter_id == spelt[0]
        if kind == "shelters" or not links.any():
            return Found("shelter", spelt[0], np.zeros_like(links), doors)
        if not kind and doors.any():
            faults.add(
                f"closures: the name {given!r} is that of a street and of a shelter; say which: "
                f"'street:{spelt[0]}' or 'shelter:{spelt[0]}'"
            )
            return None
        street = bool((self.name == spelt[0]).any())
        return Found("street" if street else "link", spelt[0], links, np.zeros_like(doors))

    def _columns(self, kind: str) -> list[NDArray[Any]]:
        links, doors = [self.name, self.link_id], [self.shelter_id]
        return {"links": links, "shelters": doors}.get(kind, links + doors)

    def _exact(self, text: str, kind: str) -> list[str]:
        """Give the text, if it is a name or id."""
        there = text and any(bool((column == text).any()) for column in self._columns(kind))
        return [text] if there else []

    def _spelt(self, text: str, kind: str) -> list[str]:
        """Find the spellings that differ from the text in case and blanks around alone."""
        return self._by_fold(kind).get(text.strip().casefold(), [])

    def _by_fold(self, kind: str) -> dict[str, list[str]]:
        table: dict[str, list[str]] = defaultdict(list)
        for column in self._columns(kind):
            for name in np.unique(column).tolist():
                if name and name not in table[name.casefold()]:
                    table[name.casefold()].append(name)
        return table

    def _told(self, given: str, text: str, kind: str, spelt: list[str]) -> str:
        """Say that a text is unknown, or that several are spelt alike, and what there is."""
        if spelt:
            return (
                f"closures: the name {given!r} may be {' or '.join(map(repr, spelt))}: write it "
                "as it is there"
            )
        what = {"links": "link or street", "shelters": "shelter"}.get(
            kind, "link, street or shelter"
        )
        table, fold = self._by_fold(kind), text.strip().casefold()
        near = get_close_matches(fold, table, n=SHOWN, cutoff=0.75)
        if len(fold) > 2:
            near += [name for name in table if fold in name and name not in near]
        names = [name for key in near[:SHOWN] for name in table[key]]
        tail = f"; is one of these meant: {', '.join(names)}?" if names else ""
        return f"closures: there is no {what} {text!r}{tail}"
