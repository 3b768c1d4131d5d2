"""News from the store, as a replica follows them."""

from __future__ import annotations

import asyncio
from dataclasses import replace

import pytest
from boards import board, busiest_bridge, crossed, run, ways_of

from evacroute.serving.news import News


def test_closures_hold_with_prices_of_another_bundle(caplog: pytest.LogCaptureFixture) -> None:
    """While two versions of a plan answer, prices may be of the other one: what is closed beside
    them is closed all the same, at the prices of the own bundle."""

    async def work() -> None:
        async with board() as ask:
            replica = ask.replica
            answerer = replica.answerer
            network = answerer.scenario.network
            name, nodes = busiest_bridge(replica)
            assert any(name in crossed(network, line) for line in ways_of(replica, nodes).line)
            own = answerer.prices
            others = replace(own, weight=own.weight[:-1], arc_slots=own.arc_slots[:-1],
                             penalty=own.penalty[:-1], unit=own.unit[:-1])  # fmt: skip
            closed = tuple(network.link_id[network.name == name].astype(str).tolist())
            news = News(closed_links=closed, plan="next+r1", prices=others)
            replica._on_notice(news.to_bytes())
            for _ in range(200):
                await asyncio.sleep(0.05)
                if answerer._now.closed is not None:
                    break
            told = ways_of(replica, nodes)
            assert not any(name in crossed(network, line) for line in told.line)
            assert told.plan == answerer.manifest.plan

    with caplog.at_level("ERROR"):
        run(work)
    assert any("prices refused" in record.getMessage() for record in caplog.records)
