"""News from the store, as a replica follows them."""

from __future__ import annotations

import asyncio
import json
from dataclasses import replace

import pytest
from boards import board, busiest_bridge, crossed, run, ways_of

from evacroute.prices import Prices
from evacroute.serving.news import News


@pytest.mark.parametrize("prices", ["of another plan", "too few", "unreadable"])
def test_closures_hold_with_prices_of_another_bundle(
    prices: str, caplog: pytest.LogCaptureFixture
) -> None:
    """While two versions of a plan answer, prices may be of the other one, or be spoilt: what is
    closed beside them is closed all the same, at the prices of the own bundle."""

    async def work() -> None:
        async with board() as ask:
            replica = ask.replica
            answerer = replica.answerer
            network, own = answerer.scenario.network, answerer.manifest.plan
            name, nodes = busiest_bridge(replica)
            assert any(name in crossed(network, line) for line in ways_of(replica, nodes).line)
            closed = tuple(network.link_id[network.name == name].astype(str).tolist())
            news = News(closed_links=closed, plan="2020-01-01T00:00:00Z+r1", prices=answerer.prices)
            if prices == "too few":
                news = news.with_(plan=f"{own}+r1", prices=_less(answerer.prices))
            notice = news.to_bytes()
            if prices == "unreadable":
                notice = json.dumps({**json.loads(notice), "prices": "bm90aGluZw=="}).encode()
            replica._on_notice(notice)
            for _ in range(200):
                await asyncio.sleep(0.05)
                if answerer._now.closed is not None:
                    break
            told = ways_of(replica, nodes)
            assert not any(name in crossed(network, line) for line in told.line)
            assert told.plan == own
            assert answerer._prices is answerer.prices

    with caplog.at_level("ERROR"):
        run(work)
    refused = [r for r in caplog.records if "prices refused" in r.getMessage()]
    assert bool(refused) == (prices != "of another plan")


def _less(prices: Prices) -> Prices:
    """Prices of one class less."""
    names = ("weight", "arc_slots", "penalty", "unit")
    return replace(prices, **{name: getattr(prices, name)[:-1] for name in names})
