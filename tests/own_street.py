"""A street of nine nodes, who asks there and who gives places, for tests of the answers."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from asked import ALL_SAFE, ask, point_on
from networks import corridor
from scenes import WALKER, WHEELCHAIR, crowd, doors, paces

import evacroute as er
from evacroute.answering import Answerer, Place, Questions, Wish, bundle_of
from evacroute.languages import LANGUAGES


def street(
    shelters: list[tuple[Any, ...]] | None = None, *, scorer: Any = ALL_SAFE, **more: Any
) -> Answerer:
    """Nine nodes 50 m apart, with a shelter at each even node but where others are given."""
    network = more.pop("network", None) or corridor(8, 50.0)
    rooms = doors(network, *(shelters or [(i, 9) for i in range(0, 9, 2)]))
    scenario = er.Scenario(
        network, crowd((more.pop("crowd_at", 4), 2)), rooms,
        classes=paces(WALKER, WHEELCHAIR), **{"deadline": 3600.0, **more},
    )  # fmt: skip
    return Answerer(bundle_of(er.assign(scenario), scorer=scorer, made=0.0))


def amid(who: Answerer, link: int = 6, **columns: Any) -> Questions:
    """Somebody a little after the begin of a link, by default at N3."""
    return ask([point_on(who.scenario.network, link, 0.1)], **columns)


class Desk:
    """Keeps what was wished for, and answers by a rule of (wish, shelter)."""

    def __init__(self, gives: Callable[[Wish, int], bool]) -> None:
        self.gives, self.rounds = gives, list[list[Wish]]()

    def __call__(self, wishes: list[Wish]) -> list[Place]:
        self.rounds.append(wishes)
        return [
            next(
                (Place(s, True, 900.0) for s in (*w.shelters, *w.also) if self.gives(w, s)),
                Place(-1, False, np.nan),
            )
            for w in wishes
        ]


def crowd_of(who: Answerer, n: int = 60) -> Questions:
    """All kinds of people all over a city."""
    rng, network = np.random.default_rng(0), who.scenario.network
    words = np.array(["none", "cane", "wheelchair_electric", "pushchair", "unknown"], object)
    ages = np.array(["", "6-12", "18-64", "80+"], object)
    return Questions.at(
        rng.uniform(network.lon.min() - 0.001, network.lon.max(), n),
        rng.uniform(network.lat.min(), network.lat.max(), n),
        mobility=rng.choice(words, n), age_band=rng.choice(ages, n), helpers=rng.integers(0, 3, n),
        party_size=rng.integers(1, 6, n), language=rng.choice(np.array(LANGUAGES, object), n),
        token=[str(i) for i in range(n)], within_s=rng.choice([np.nan, 900.0], n),
    )  # fmt: skip
