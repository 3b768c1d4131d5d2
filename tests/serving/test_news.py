"""The news that replicas are told, as the store keeps them."""

from __future__ import annotations

import base64
import json
import random

import numpy as np
import pytest

import evacroute as er
from evacroute.answering import bundle_of
from evacroute.errors import InputError
from evacroute.serving.board.notices import _news
from evacroute.serving.news import News


@pytest.fixture(scope="module")
def notice() -> bytes:
    """News with all there can be in them."""
    prices = bundle_of(er.assign(er.lagoon(people=50))).prices
    return News(1.5, ("7", "9"), ("S1",), "a+r2", prices).to_bytes()


def test_news_are_read_as_they_were_written(notice: bytes) -> None:
    """What is written is read again, prices and all."""
    news = News.of(notice)
    assert (news.alarm_at, news.closed_links, news.closed_shelters) == (1.5, ("7", "9"), ("S1",))
    assert news.plan == "a+r2"
    assert news.prices is not None
    again = News.of(news.to_bytes()).prices
    assert again is not None
    for name, array in news.prices.to_arrays().items():
        assert np.array_equal(array, again.to_arrays()[name])
    assert News.of(News().to_bytes()).prices is None


def test_damaged_news_are_refused_in_one_way(notice: bytes) -> None:
    """Whatever is wrong with the prices, all else holds; what is no notice is an InputError, which
    those who read them expect."""
    chance = random.Random(7)
    record = json.loads(notice)
    whole = base64.b64decode(record["prices"])
    refused = 0
    for _ in range(300):
        bad = bytearray(whole)
        for _ in range(3):
            bad[chance.randrange(len(bad))] = chance.randrange(256)
        damaged = {**record, "prices": base64.b64encode(bytes(bad)).decode()}
        news = News.of(json.dumps(damaged).encode())
        assert news.closed_links == News.of(notice).closed_links
        assert (news.prices is None) == bool(news.refused)
        refused += bool(news.refused)
        assert bool(news.plan) == (not news.refused)
    assert refused > 150
    for bad in (b"", b"[]", b"{}", b"\xff", notice[:-9], json.dumps([*record]).encode()):
        with pytest.raises(InputError, match="notice: cannot be read"):
            News.of(bad)


def test_board_keeps_closures_beside_prices_it_cannot_read(notice: bytes) -> None:
    """Closures whose prices are spoilt are still there when the board writes its next notice."""
    spoilt = json.dumps({**json.loads(notice), "prices": "bm90aGluZw=="}).encode()
    known = _news(spoilt)
    written = News.of(known.with_(closed_shelters=()).to_bytes())
    assert (written.alarm_at, written.closed_links) == (1.5, ("7", "9"))
    assert (written.plan, written.prices, written.refused) == ("", None, "")
