"""Streets and shelters as operators call them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from difflib import get_close_matches
from typing import Any

import numpy as np

from evacroute._named import Named
from evacroute.errors import Faults
from evacroute.scenario import Scenario
from evacroute.serving.refusals import BadRequest

SHOWN = 6


class Names:
    """Finds links and shelters by what people call them, and calls them so.

    Parameters
    ----------
    scenario
        With the streets and shelters.
    """

    def __init__(self, scenario: Scenario) -> None:
        network, shelters = scenario.network, scenario.shelters
        self._named = Named(network, shelters)
        self._link_id = self._named.link_id
        self._position = {one: i for i, one in enumerate(self._link_id.tolist())}
        self._street = self._named.name
        names, counts = np.unique(self._street, return_counts=True)
        self._of = dict(zip(names.tolist(), counts.tolist(), strict=True))
        self._shelter = dict(
            zip(self._named.shelter_id.tolist(), shelters.name.astype(str).tolist(), strict=True)
        )

    def links(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Give the ids of all links that texts name, each an id or the name of a street or bridge.

        Raises
        ------
        BadRequest
            If one is unknown or means several; says what is near.
        """
        found, faults = np.zeros(len(self._link_id), bool), Faults("closures")
        for text in dict.fromkeys(texts):
            one = self._named.find(text, "links", faults)
            if one is not None:
                found |= one.links
        if faults.messages:
            raise BadRequest("; ".join(m.removeprefix("closures: ") for m in faults.messages))
        return tuple(self._link_id[found].tolist())

    def shelters(self, texts: Sequence[str]) -> tuple[str, ...]:
        """Give the ids of shelters, each told by its id or its name, in any case.

        Raises
        ------
        BadRequest
            If one is unknown or means several; says what is near.
        """
        found, faults = [], []
        for text in dict.fromkeys(texts):
            fold = text.strip().casefold()
            same = [one for one in self._shelter if one.casefold() == fold] or [
                one for one, name in self._shelter.items() if name.casefold() == fold
            ]
            if text in self._shelter:
                same = [text]
            if len(same) == 1:
                found += same
            elif same:
                faults.append(f"{text!r} may be shelter {' or '.join(same)}: give its id")
            else:
                faults.append(f"there is no shelter {text!r}{self._near(fold)}")
        if faults:
            raise BadRequest("; ".join(faults))
        return tuple(dict.fromkeys(found))

    def _near(self, fold: str) -> str:
        table = {one.casefold(): one for one in self._shelter}
        table |= {name.casefold(): f"{name} ({one})" for one, name in self._shelter.items() if name}
        near = get_close_matches(fold, table, n=SHOWN, cutoff=0.6)
        near += [key for key in table if len(fold) > 2 and fold in key and key not in near]
        told = ", ".join(dict.fromkeys(table[key] for key in near[:SHOWN]))
        return f"; is one of these meant: {told}?" if told else ""

    def streets(self, link_ids: Iterable[str]) -> list[dict[str, Any]]:
        """Gather links by the name of their street; those without a name stand for themselves.

        Returns
        -------
        list
            name, links (how many of it are named here), of (how many it has), ids.
        """
        out: dict[tuple[str, str], dict[str, Any]] = {}
        for one in link_ids:
            at = self._position.get(one)
            name = "" if at is None else str(self._street[at])
            row = out.setdefault(
                (name, "" if name else one),
                {"name": name or one, "links": 0, "of": self._of[name] if name else 1, "ids": []},
            )
            row["links"] += 1
            row["ids"].append(one)
        return sorted(out.values(), key=lambda row: str(row["name"]))

    def called(self, link_ids: Iterable[str], shelter_ids: Iterable[str]) -> list[str]:
        """Give the names of streets and shelters, for sentences and logs."""
        streets = [str(row["name"]) for row in self.streets(link_ids)]
        return streets + [self.shelter(one) for one in shelter_ids]

    def shelter(self, shelter_id: str) -> str:
        """Give name and id of a shelter."""
        name = self._shelter.get(shelter_id, "")
        return f"{name} ({shelter_id})" if name else shelter_id
