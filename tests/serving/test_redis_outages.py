"""What a Redis server loses, and does not lose, when it is killed, stopped, cut off or emptied."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import closing
from dataclasses import replace

import pytest

from evacroute.errors import StoreError, StoreUnavailable
from evacroute.serving.capacity_store import (
    RETENTION_S,
    CapacityStore,
    Held,
    Places,
    Refusal,
    Refused,
    Wish,
    is_as_promised,
    open_store,
)
from evacroute.serving.capacity_store.redis import RedisStore

from .hammer import check_sums
from .servers import RedisServer

redis = pytest.importorskip("redis", reason="redis is not installed")

PLACES = Places(version=1, shelter_id=("A", "B"), capacity=(400, 400), step_free=(0, 0))
KINDS = ("places", "held", "due", "gone", "beats", "notice", "made")


def ask(token: str, *candidates: str, size: int = 1, hold_s: float = 1000) -> Wish:
    return Wish(token=token, candidates=candidates, size=size, step_free=False, hold_s=hold_s)


def fill(store: CapacityStore, tokens: list[str]) -> None:
    """Reserve for each token; all must be answered with a place."""
    for begin in range(0, len(tokens), 7):
        answers = store.reserve([ask(token, "A", "B") for token in tokens[begin : begin + 7]])
        assert all(isinstance(answer, Held) for answer in answers)


def lost(store: CapacityStore, tokens: list[str]) -> list[str]:
    return [token for token, place in check_sums(store, set(tokens)).items() if place is None]


@pytest.fixture
def own_store(own_redis: RedisServer) -> Iterator[CapacityStore]:
    with closing(open_store(own_redis.url, timeout_s=0.3)) as store:
        yield store


def test_killed_server_loses_nothing(own_redis: RedisServer, own_store: CapacityStore) -> None:
    """A server killed right after its last answer comes back with every reservation answered."""
    own_store.declare(PLACES)
    tokens = [f"t{k}" for k in range(600)]
    fill(own_store, tokens)
    own_store.publish(b"closed: Ponte")
    own_redis.kill()
    with pytest.raises(StoreUnavailable, match=r"out of reach \(ConnectionError\)"):
        own_store.look()
    own_redis.start()
    assert lost(own_store, tokens) == []
    assert sum(own_store.look().taken) == 600
    assert own_store.notice(0) == (1, b"closed: Ponte")


def test_power_cut_loses_the_tail_alone(own_redis: RedisServer, own_store: CapacityStore) -> None:
    """Of a log cut anywhere what came before is whole, and who asks again gets a place again."""
    own_store.declare(PLACES)
    tokens = [f"t{k}" for k in range(800)]
    fill(own_store, tokens[:400])
    safe = own_redis.log.stat().st_size
    fill(own_store, tokens[400:])
    own_redis.kill()
    end = own_redis.log.stat().st_size
    cut = safe + (end - safe) // 3 + 5
    with own_redis.log.open("r+b") as log:
        log.truncate(cut)
    own_redis.start()
    gone = lost(own_store, tokens)
    assert gone
    assert not set(gone) & set(tokens[:400])
    newcomers = [f"new{k}" for k in range(len(gone) // 2)]
    fill(own_store, newcomers)
    answers = own_store.reserve([ask(token, "A", "B") for token in gone])
    places = [isinstance(answer, Held) for answer in answers]
    assert sum(places) == len(gone) - len(newcomers)
    assert all(answer == Refused(Refusal.FULL) for answer in answers if isinstance(answer, Refused))
    lost(own_store, [*tokens, *newcomers])
    assert own_store.look().taken == (400, 400)


def test_stopped_server(own_redis: RedisServer, own_store: CapacityStore) -> None:
    """A server that stands still is told as out of reach, on old and new links; then all works."""
    own_store.declare(PLACES)
    own_redis.stop()
    begin = time.monotonic()
    try:
        with pytest.raises(StoreUnavailable, match="TimeoutError"):
            own_store.reserve([ask("x", "A")])
        with pytest.raises(StoreUnavailable, match="TimeoutError"):
            own_store.ping()
    finally:
        own_redis.go_on()
    assert time.monotonic() - begin < 5
    answers = own_store.reserve([ask("x", "A")])
    assert isinstance(answers[0], Held)
    assert own_store.look().taken == (1, 0)


def test_emptied_server(own_redis: RedisServer, own_store: CapacityStore) -> None:
    """A server that lost script and data says that it knows no shelter, and can be filled again."""
    own_store.declare(PLACES)
    own_store.reserve([ask("x", "B")])
    with redis.Redis(port=own_redis.port) as client:
        client.flushall()
        client.script_flush()
    assert own_store.reserve([ask("y", "A")]) == [Refused(Refusal.UNDECLARED)]
    own_store.declare(PLACES)
    promise = ask("x", "B")
    assert is_as_promised(own_store.adopt([promise])[0], promise)
    assert own_store.look().taken == (0, 1)


@pytest.mark.parametrize("evicted, left", [("places", "held"), ("held", "due")])
def test_eviction_is_told(redis_server: RedisServer, event: str, evicted: str, left: str) -> None:
    """A server that dropped one part of an event and kept another is not sold from again."""
    with closing(open_store(redis_server.url, event=event)) as store:
        store.declare(PLACES)
        store.reserve([ask("x", "A")])
        with redis.Redis(port=redis_server.port) as client:
            assert client.exists(f"evacroute:{{{event}}}:{left}")
            client.delete(f"evacroute:{{{event}}}:{evicted}")
        with pytest.raises(StoreError, match="noeviction"):
            store.reserve([ask("y", "A")])


def test_full_server(own_redis: RedisServer, own_store: CapacityStore) -> None:
    """A server out of memory is told as out of reach, and keeps what it has."""
    own_store.declare(PLACES)
    own_store.reserve([ask("x", "A")])
    with redis.Redis(port=own_redis.port) as client:
        client.config_set("maxmemory", 1)
        with pytest.raises(StoreUnavailable):
            own_store.reserve([ask("y", "A"), ask("z", "A")])
        client.config_set("maxmemory", 0)
    assert own_store.look().taken == (1, 0)


def test_holds_end_by_the_servers_time(
    redis_server: RedisServer, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A replica whose clock is an hour ahead or behind ends no hold early, and none late."""
    with closing(open_store(redis_server.url, event=event)) as store:
        store.declare(PLACES)
        store.reserve([ask("long", "A", hold_s=600)])
        real = time.time
        for wrong in (3600, -3600):
            monkeypatch.setattr(time, "time", lambda wrong=wrong: real() + wrong)
            (short,) = store.reserve([ask(f"short{wrong}", "A", hold_s=0.1)])
            assert isinstance(short, Held)
            assert 0 < short.expires_in_s <= 0.1
            again = store.renew("long", 1)
            assert again is not None
            assert 500 < again.expires_in_s <= 600
            while store.look().taken != (1, 0):
                time.sleep(0.02)
            assert store.renew(f"short{wrong}", 1) is None
            assert store.beat(f"replica{wrong}", 0.01) >= 1
        time.sleep(0.02)
        assert store.beat("last", 1) == 1


def test_a_promise_is_no_newer_for_a_freeze(
    redis_server: RedisServer, event: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A promise that a frozen server writes in late moves nothing that was told after it."""
    with closing(RedisStore(redis_server.url, event=event)) as store:
        store.declare(PLACES)
        promise = replace(ask("x", "A"), by="a", promised_at=time.monotonic())
        time.sleep(0.005)
        store.reserve([replace(ask("x", "B"), by="b")])
        real = store._call

        def late(*values: object) -> object:
            time.sleep(0.1)
            return real(*values)

        monkeypatch.setattr(store, "_call", late)
        (answer,) = store.adopt([promise])
        assert isinstance(answer, Refused)
        assert answer.why is Refusal.ANSWERED
        assert store.look().taken == (0, 1)


def test_holds_of_an_older_version(redis_server: RedisServer, event: str) -> None:
    """What a replica of an older version took, without a trace, is old; both read the same rows."""
    key = f"evacroute:{{{event}}}:"
    with (
        closing(open_store(redis_server.url, event=event)) as store,
        redis.Redis(port=redis_server.port) as client,
    ):
        store.declare(PLACES)
        store.reserve([replace(ask(token, "A"), by="b") for token in ("x", "y")])
        size, free, until, shelter = client.hget(key + "held", "x").split(b" ", 3)
        assert (size, free, shelter) == (b"1", b"0", b"A")
        assert int(until) == client.zscore(key + "due", "x")
        client.hdel(key + "made", "x")
        since = time.monotonic() - 60
        promises = [replace(ask(token, "B"), by="a", promised_at=since) for token in ("x", "y")]
        pairs = zip(store.adopt(promises), promises, strict=True)
        assert [is_as_promised(*pair) for pair in pairs] == [True, False]
        client.hdel(key + "made", "y")
        assert isinstance(store.reserve([ask("y", "A")])[0], Held)
        assert client.hlen(key + "made") == 2
        store.cancel("x")
        store.cancel("y")
        assert client.hlen(key + "made") == 0


def test_many_end_at_once(redis_server: RedisServer, event: str) -> None:
    """More ended holds than one call releases are all released by a look."""
    with closing(open_store(redis_server.url, event=event)) as store:
        store.declare(PLACES)
        store.reserve([ask(f"t{k}", "A", "B", hold_s=0.3) for k in range(700)])
        assert sum(store.look().taken) == 700
        time.sleep(0.4)
        assert store.look().taken == (0, 0)


def test_tombstones_end(redis_server: RedisServer, event: str) -> None:
    """A cancelled token is refused until its tombstone ends, and then served again."""
    with (
        closing(open_store(redis_server.url, event=event)) as store,
        redis.Redis(port=redis_server.port) as client,
    ):
        store.declare(PLACES)
        store.cancel("x")
        assert store.reserve([ask("x", "A")]) == [Refused(Refusal.CANCELLED)]
        client.zadd(f"evacroute:{{{event}}}:gone", {"x": 1})
        assert isinstance(store.reserve([ask("x", "A")])[0], Held)


def test_events_end_by_themselves(redis_server: RedisServer, event: str) -> None:
    """All keys of an event are on one node of a cluster and end at one instant, within 48 h."""
    keys = [f"evacroute:{{{event}}}:{kind}" for kind in KINDS]
    with (
        closing(open_store(redis_server.url, event=event)) as store,
        redis.Redis(port=redis_server.port) as client,
    ):
        store.beat("replica", 10)
        ends = client.pexpiretime(keys[4])
        store.declare(PLACES)
        store.publish(b"notice")
        store.reserve([ask("x", "A")])
        store.cancel("y")
        assert {client.pexpiretime(key) for key in keys} == {ends}
        assert len({redis.crc.key_slot(key.encode()) for key in keys}) == 1
        assert 0 < ends - time.time() * 1000 <= RETENTION_S * 1000 + 1000
        for key in keys:
            client.pexpireat(key, ends - 2 * 3600_000)
        client.hset(keys[0], "ends", ends - 2 * 3600_000)
        store.reserve([ask("x", "A")])
        moved = {client.pexpiretime(key) for key in keys}
        assert len(moved) == 1
        assert moved.pop() >= ends


def test_events_do_not_mix(redis_server: RedisServer, event: str) -> None:
    """Two events on one server know nothing of each other."""
    with (
        closing(open_store(redis_server.url, event=event)) as one,
        closing(open_store(redis_server.url, event=f"{event}-other")) as other,
    ):
        one.declare(PLACES)
        one.reserve([ask("x", "A")])
        assert other.look().shelter_id == ()
        assert other.renew("x", 1) is None
