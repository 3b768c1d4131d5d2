"""Replicas and their store, broken while phones ask: nobody is left out, nothing is sold twice."""

from __future__ import annotations

import importlib.util
import random
import shutil
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from benchmarks.serving.bundles import with_places
from benchmarks.serving.processes import REDIS, Redis, Server, replica
from benchmarks.serving.store_audit import Told, audit, hidden, truth_of
from conftest import missing

import evacroute as er
from evacroute.answering import bundle_of, read_bundle
from evacroute.answering.answerer import Answerer

PERSONS = 600
"""Places in all shelters together."""

SECRET = b"a secret of the replicas"

Answer = tuple[str, str]
"""Status and shelter, "" = none."""


class Fleet:
    """Three replicas of one bundle on one store, and one of a bundle that was tampered with."""

    def __init__(self, folder: Path) -> None:
        plan = er.assign(er.lagoon(people=1500), method="over_time", time_limit=2.0)
        bundle_of(plan).save(folder / "all")
        bundle = with_places(folder / "all", folder / "bundle", PERSONS)
        # Kernels that are not cached yet are compiled here, once, not by all servers at a time.
        Answerer(read_bundle(bundle)).warm()
        broken = folder / "broken"
        shutil.copytree(bundle, broken)
        content = bytearray((broken / "prices.npz").read_bytes())
        content[len(content) // 2] ^= 1
        (broken / "prices.npz").write_bytes(content)
        (folder / "key").write_bytes(SECRET)
        self.redis = Redis(folder / "redis")

        def server(bundle: Path, name: str) -> Server:
            line = (self.redis.url, folder / "key", folder / f"{name}.log", "--drain", "1s")
            return replica(bundle, *line)

        self.servers = [server(bundle, f"replica{i}") for i in range(3)]
        self.broken = server(broken, "broken")
        network = plan.scenario.network
        self.places = list(zip(network.lon.tolist(), network.lat.tolist(), strict=True))
        self.told: dict[str, Told] = {}
        self._lock = threading.Lock()

    def start(self) -> None:
        for one in (*self.servers, self.broken):
            one.start()
        self.alive(3)

    def alive(self, n: int) -> list[Server]:
        """Servers that live; those that have ended are started again where there are too few."""
        for one in self.servers:
            if sum(other.lives for other in self.servers) < n and not one.lives:
                one.start()
        living = [one for one in self.servers if one.lives]
        for one in living:
            one.wait_until_ready()
        return living

    def party(self, token: str) -> dict[str, Any]:
        chance = random.Random(token)
        lon, lat = chance.choice(self.places)
        size = chance.randint(1, 3)
        return {"token": token, "lon": lon, "lat": lat, "party_size": size, "mobility": "none"}

    def ask(self, token: str, servers: Sequence[Server]) -> Answer:
        """Ask one server after another until one answers; what it says is noted."""
        party = self.party(token)
        for server in [*servers, *servers]:
            status, said = server.predict(party)
            if status == 200:
                (one,) = said
                assert one["token"] == token
                answer = one["status"], (one["shelter"] or {"id": ""})["id"]
                with self._lock:
                    told = self.told.setdefault(token, Told(party["party_size"], []))
                    told.answers.append(answer)
                return answer
            assert status in (0, 503), said
        raise AssertionError("no server has answered")

    def audit(self) -> dict[str, Any]:
        """What the store holds, beside all that was told so far."""
        told = dict(zip(hidden(list(self.told), SECRET), self.told.values(), strict=True))
        return audit(truth_of(self.redis.url), told)

    def close(self) -> None:
        for one in (*self.servers, self.broken):
            one.close()
        self.redis.go_on()
        self.redis.kill()


@pytest.fixture(scope="module")
def fleet(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    if REDIS is None:
        missing("no redis-server on this machine (Debian: apt-get install redis-server)")
    for package in ("kserve", "redis"):
        if importlib.util.find_spec(package) is None:
            missing(f"the package '{package}' is not installed")
    made = Fleet(tmp_path_factory.mktemp("fleet"))
    try:
        made.start()
        yield made
    finally:
        made.close()


def crowd(asks: Sequence[Callable[[], Answer]]) -> Iterator[Answer]:
    """Let eight phones at a time ask; answers as they come."""
    with ThreadPoolExecutor(8) as pool:
        yield from pool.map(lambda ask: ask(), asks)


def turns(servers: Sequence[Server], i: int) -> list[Server]:
    """Servers, beginning with another each time."""
    at = i % len(servers)
    return [*servers[at:], *servers[:at]]


def sound(found: dict[str, Any]) -> None:
    """Nothing is sold twice or lost."""
    names = (
        "oversold", "oversold_step_free", "duplicate_places", "held_by_nobody",
        "lost_reservations", "reserved_elsewhere",
    )  # fmt: skip
    assert {name: found[name] for name in names} == dict.fromkeys(names, 0)


def test_duplicates_in_any_order_hold_one_place(fleet: Fleet) -> None:
    """Requests that come three times, in any order and at any replica, hold one place each."""
    servers = fleet.alive(2)
    sent = [(f"twin-{i}", i + k) for i in range(40) for k in range(3)]
    random.Random(1).shuffle(sent)
    answers = list(crowd([lambda t=t, k=k: fleet.ask(t, turns(servers, k)) for t, k in sent]))
    assert {status for status, _ in answers} == {"reserved"}
    of_each = {token: {place for _, place in fleet.told[token].answers} for token, _ in sent}
    assert {len(places) for places in of_each.values()} == {1}
    sound(fleet.audit())


def test_a_store_that_stands_still_leaves_nobody_unanswered(fleet: Fleet) -> None:
    """While the store stands still all are answered, without a place or with a promise in a share.

    When it goes on, all promises are written in, and no shelter holds more than it has room for.
    One thing may take the place of a promise: a wish that the store had in time, and answered too
    late, of a party that was told meanwhile that the share has no place for it. The store keeps
    that place for when the party asks again.
    """
    servers = fleet.alive(2)
    for i in range(20):
        fleet.ask(f"before-{i}", turns(servers, i))
    time.sleep(1.5)  # Replicas have looked since.
    before = fleet.audit()
    fleet.redis.stop()
    asks = [lambda i=i: fleet.ask(f"outage-{i}", turns(servers, i)) for i in range(160)]
    statuses = [status for status, _ in crowd(asks)]
    fleet.redis.go_on()
    assert len(statuses) == 160
    assert set(statuses) <= {"unreserved", "no_safe_route"}
    promised = statuses.count("unreserved")
    assert promised > 40
    sizes = [told.size for told in fleet.told.values() if told.answers[-1][0] == "unreserved"]
    assert sum(sizes) <= PERSONS - before["places_held"]
    until = time.monotonic() + 15
    while (found := fleet.audit())["promised_adopted"] < promised - 3 * found["held_but_told_none"]:
        assert time.monotonic() < until, found
        time.sleep(0.2)
    sound(found)
    assert found["sent_over_capacity"] == 0


def test_a_replica_that_is_killed_takes_no_place_along(fleet: Fleet) -> None:
    """After kill -9 of a replica under load the store holds all that was told, once, and no more.

    Phones that got no answer ask another replica, and there are more of them than places.
    """
    servers = fleet.alive(2)
    asks = [lambda i=i: fleet.ask(f"kill-{i}", turns(servers, i)) for i in range(300)]
    for seen, _ in enumerate(crowd(asks)):
        if seen == 60:
            servers[0].kill()
    found = fleet.audit()
    sound(found)
    assert sum(fleet.told[f"kill-{i}"].answers[-1][0] == "reserved" for i in range(300)) > 50


def test_a_replica_that_is_told_to_end_answers_all_it_took(fleet: Fleet) -> None:
    """SIGTERM under load cuts off nobody: it is not ready any more, answers, and ends with 0."""
    servers = fleet.alive(2)
    ending, others = servers[0], servers[1:]
    is_ready, lost = True, []

    def ask(i: int) -> Answer:
        token = f"end-{i}"
        if is_ready and i % 2 == 0:
            status, said = ending.predict(fleet.party(token))
            if status != 200:
                lost.append((status, said))
            return "", ""
        return fleet.ask(token, others)

    for seen, _ in enumerate(crowd([lambda i=i: ask(i) for i in range(200)])):
        if seen == 20:
            ending.tell(signal.SIGTERM)
        if seen > 20 and is_ready:
            is_ready = ending.get("/v2/health/ready") == 200
    assert not lost
    assert ending.process is not None
    assert ending.process.wait(20) == 0


def test_a_bundle_that_was_tampered_with_never_gets_ready(fleet: Fleet) -> None:
    """A bundle with one bit changed leaves its server alive and not ready, with the reason."""
    server, until = fleet.broken, time.monotonic() + 120
    while True:
        status, said = server.ask("GET", "/v2/health/ready")
        assert status in (0, 503)
        if status == 503 and "prices.npz" in said["error"]:
            break
        assert time.monotonic() < until, said
        time.sleep(0.05)
    assert server.get("/v2/health/live") == 200
    assert server.predict(fleet.party("x"))[0] == 503
