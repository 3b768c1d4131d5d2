"""A street of nine nodes with shelters, for tests of the answers, and who asks amid it."""

from __future__ import annotations

from typing import Any

from asked import ALL_SAFE, ask, point_on
from networks import corridor
from scenes import WALKER, WHEELCHAIR, crowd, doors, paces

import evacroute as er
from evacroute.answering import Answerer, Questions, bundle_of


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
