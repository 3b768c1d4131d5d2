"""News in whatever order: answers are those of who heard but the last of each."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from asked import ask, drawn_prices, point_on, priced_bundle, rows_alike
from conftest import drawn
from networks import grid
from numpy.typing import NDArray
from scenes import WALKER, WHEELCHAIR, crowd, doors, paces

import evacroute as er
from evacroute.answering import Answerer
from evacroute.answering.bundle import Bundle
from evacroute.capability import MOBILITIES
from evacroute.prices import Prices

PARTIES, SHELTERS = 10, 6
WORDS = [word for word in MOBILITIES if word != "child"]


def drawn_town(rng: np.random.Generator, seed: int) -> tuple[Bundle, list[Prices]]:
    """A grid with six shelters, some with streets that change, and two sets of prices."""
    network = grid(6, 5, spacing=40.0, seed=seed, steps_share=0.1, missing_share=0.3)
    nodes = rng.choice(network.n_nodes, SHELTERS, replace=False).tolist()
    hazard = None
    if seed % 2:
        changes = np.sort(rng.choice(network.n_links, 4, replace=False))
        hazard = er.LinkTimes(
            link=changes, class_=[-1] * 4, from_s=[0.0, 55.0, 100.0, 0.0],
            to_s=[63.0, np.inf, 300.0, np.inf], speed_factor=[0.0, 0.0, 0.5, 0.5],
        )  # fmt: skip
    deadline = (1500.0, 405.0)[seed // 2 % 2]
    scenario = er.Scenario(
        network, crowd((4, 2), (12, 3)), doors(network, *((v, 9) for v in nodes)),
        classes=paces(WALKER, WHEELCHAIR), deadline=deadline, hazard=hazard,
    )  # fmt: skip
    horizon = min(int(deadline // 10.0), 40)
    prices = [drawn_prices(scenario, s, horizon=horizon) for s in (5, 6)]
    return priced_bundle(scenario, prices[0]), prices


def some_news(rng: np.random.Generator, prices: list[Prices], n_links: int) -> dict[str, Any]:
    """Some of what may change, each by lot."""
    shelters = lambda: rng.random((2, SHELTERS)) < 0.3  # noqa: E731
    kinds: dict[str, Any] = {
        "prices": lambda: prices[rng.integers(2)], "closed": lambda: rng.random(n_links) < 0.1,
        "shut": shelters, "full": shelters,
    }  # fmt: skip
    told = {name: draw() for name, draw in kinds.items() if rng.random() < 0.5}
    return {**told, "now": float(rng.choice([0.0, 30.0, 70.0, 420.0, 1600.0]))}


def both_kinds(mask: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """A mask of shelters in which one for nobody is none for who needs step-free places."""
    return np.stack([mask[0], mask[0] | mask[1]])


@pytest.mark.parametrize("seed", range(drawn(12)))
def test_order_of_news_does_not_matter(seed: int) -> None:
    """However prices, closures and full shelters came, with rests or without, one is answered as
    by who was told the last of each at once; nobody is sent where nobody may go."""
    rng = np.random.default_rng(seed)
    bundle, prices = drawn_town(rng, seed)
    network, who = bundle.scenario.network, Answerer(bundle)
    nothing = np.zeros((2, SHELTERS), bool)
    last: dict[str, Any] = {"shut": nothing, "full": nothing}
    for _ in range(6):
        news = some_news(rng, prices, network.n_links)
        who.follow(**news, rest=(lambda: None) if rng.random() < 0.5 else None)
        last |= news
        fresh = Answerer(bundle)
        fresh.follow(**last)
        links = rng.integers(network.n_links, size=PARTIES).tolist()
        asked = ask(
            [point_on(network, v, float(rng.choice([0.0, 1.0, rng.random()]))) for v in links],
            mobility=rng.choice(WORDS, PARTIES).tolist(), party_size=rng.integers(1, 9, PARTIES),
        )  # fmt: skip
        now = last["now"] + float(rng.choice([0.0, 35.0]))
        told, alike = (one.answer(asked, now=now, directions=True) for one in (who, fresh))
        assert all(rows_alike(told, p, alike, p) for p in range(PARTIES))
        _, parties, _ = who._parties(asked, now, who._now)
        free = who.likes.classes.step_free[parties.class_].astype(int)
        none = both_kinds(last["shut"]) | both_kinds(last["full"])
        assert not none[free, told.shelter][told.shelter >= 0].any()
