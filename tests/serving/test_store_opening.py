"""Addresses, wrong input, refusals and errors: what a caller is told, and what is never told."""

from __future__ import annotations

import os
import sys
import traceback
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from evacroute.errors import (
    InputError,
    MissingExtraError,
    StoreConflict,
    StoreError,
    StoreUnavailable,
)
from evacroute.serving.capacity_store import (
    MAX_NOTICE,
    CapacityStore,
    Held,
    Places,
    Refusal,
    Refused,
    Wish,
    is_as_promised,
    open_store,
)

PLACES = Places(version=3, shelter_id=("A", "B"), capacity=(3, 2), step_free=(1, 2))
WISH: dict[str, Any] = {
    "token": "x", "candidates": ("A",), "size": 1, "step_free": False, "hold_s": 9,
}  # fmt: skip


def wish(token: str, *candidates: str, size: int = 1, step_free: bool = False) -> Wish:
    return Wish(token=token, candidates=candidates, size=size, step_free=step_free, hold_s=60)


@pytest.mark.parametrize(
    "url",
    [
        "", "memory", "memory://", "sqlite:", "sqlite://", "sqlite:///", "sqlite:///:memory:",
        "sqlite:///folder/", "redis://", "redis:///0", "http://geheim@h", "redis://h/geheim",
        "redis://u:geheim@h:port", "redis://u:gehe#im@h", "redis://u:geheim@h?socket_timeout=99",
        "redis://u:geheim@h?ssl_ca_certs=x", "redis://[geheim", "rediss://h?db=geheim",
    ],
)  # fmt: skip
def test_wrong_addresses(url: str) -> None:
    """Any other address is refused with the forms allowed, and never shown."""
    with pytest.raises(InputError, match="expected memory: or sqlite:///") as caught:
        open_store(url)
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


def test_password_is_never_shown() -> None:
    """A server out of reach is named without the password, in the whole trace."""
    with (
        closing(open_store("redis://user:geheim@127.0.0.1:1/0", timeout_s=0.2)) as store,
        pytest.raises(StoreUnavailable, match=r"127\.0\.0\.1:1: out of reach") as caught,
    ):
        store.ping()
    assert "geheim" not in "".join(traceback.format_exception(caught.value))


def test_redis_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without redis the store on Redis alone says what to install."""
    monkeypatch.setitem(sys.modules, "redis", None)
    with pytest.raises(MissingExtraError, match=r"evacroute\[serving\]"):
        open_store("redis://localhost")
    open_store("memory:").close()


@pytest.mark.parametrize("event", ["", "a b", "{x}", "x" * 65, "è"])
def test_wrong_events(event: str) -> None:
    """An event's name is made of what a key may have."""
    with pytest.raises(InputError, match="event: "):
        open_store("memory:", event=event)


@pytest.mark.parametrize("timeout_s", [0, -1, float("nan"), float("inf"), True])
def test_wrong_timeouts(timeout_s: float) -> None:
    """A timeout is a time."""
    with pytest.raises(InputError, match="timeout_s is "):
        open_store("memory:", timeout_s=timeout_s)


@pytest.mark.parametrize(
    "wrong, says",
    [
        ({"token": ""}, "0 characters"),
        ({"token": "x" * 65}, "65 characters"),
        ({"token": "caffè"}, "printable ASCII"),
        ({"token": "a\nb"}, "printable ASCII"),
        ({"token": 7}, "an object of type int"),
        ({"candidates": ()}, "no candidates"),
        ({"candidates": ("A\n",)}, "printable"),
        ({"candidates": ("",)}, "printable"),
        ({"size": 0}, "size is 0"),
        ({"size": 1.5}, "size is 1.5"),
        ({"size": True}, "size is True"),
        ({"step_free": 1}, "step_free is 1"),
        ({"hold_s": 0}, "hold_s is 0"),
        ({"hold_s": float("nan")}, "hold_s is nan"),
        ({"hold_s": 1e9}, "up to 172800"),
        ({"by": "x" * 17}, "up to 16 letters or digits"),
        ({"by": "a b"}, "by is 'a b'"),
        ({"promised_at": float("nan")}, "promised_at is nan"),
    ],
)
def test_wrong_wishes(wrong: dict[str, Any], says: str) -> None:
    """A wish that cannot be is refused when it is made, so it spoils nobody's batch."""
    with pytest.raises(InputError, match=says) as caught:
        Wish(**(WISH | wrong))
    assert "caffè" not in str(caught.value)


def test_wrong_places() -> None:
    """All bad rows of places are named at once, and so are lengths that differ."""
    with pytest.raises(
        InputError, match=r"(?s)4 faults.*version.*row 0: .*row 1: .*row 2: .*twice"
    ):
        Places(version=-1, shelter_id=("", "A", "A"), capacity=(1, -1, 1), step_free=(0, 0, 0))
    with pytest.raises(InputError, match="1 shelters, 2 capacities and 0 step-free"):
        Places(version=1, shelter_id=("A",), capacity=(1, 2), step_free=())


def test_wrong_calls(store: CapacityStore) -> None:
    """Each kind of store refuses what cannot be, and says why."""
    with pytest.raises(InputError, match=r"row 1: 2 shelters, expected the one"):
        store.adopt([wish("x", "A"), wish("y", "A", "B")])
    with pytest.raises(InputError, match="replica: "):
        store.beat("a b", 1)
    with pytest.raises(InputError, match="alive_s is 0"):
        store.beat("a", 0)
    with pytest.raises(InputError, match=f"expected at most {MAX_NOTICE}"):
        store.publish(bytes(MAX_NOTICE + 1))
    with pytest.raises(InputError, match="expected bytes"):
        store.publish("text")  # type: ignore[arg-type]
    with pytest.raises(InputError, match="expected is -1"):
        store.publish(b"", expected=-1)
    for call in (store.arrived, store.cancel, lambda token: store.renew(token, 1)):
        with pytest.raises(InputError, match="token: "):
            call("è")


def test_story(store: CapacityStore) -> None:
    """A place is taken, kept, moved, refused, arrived at and given back, each told plainly."""
    store.ping()
    assert (store.look().version, store.look().shelter_id) == (None, ())
    assert store.reserve([wish("x", "A")]) == [Refused(Refusal.UNDECLARED)]
    store.declare(PLACES)
    first, again, wheels = store.reserve(
        [wish("x", "A", size=2), wish("x", "B", "A", size=2), wish("y", "A", step_free=True)]
    )
    assert isinstance(first, Held)
    assert isinstance(again, Held)
    assert (first.shelter_id, first.is_new, again.shelter_id, again.is_new) == ("A", True, "A", 0)
    assert isinstance(wheels, Held)
    (full,) = store.reserve([wish("x", "B", size=3)])
    assert isinstance(full, Refused)
    assert full.why is Refusal.FULL
    assert full.held is not None
    assert full.held.shelter_id == "A"
    assert store.reserve([wish("z", "nowhere")]) == [Refused(Refusal.UNDECLARED)]
    (moved,) = store.reserve([wish("x", "B", size=2)])
    assert isinstance(moved, Held)
    assert (moved.shelter_id, moved.is_new) == ("B", True)
    there = store.arrived("x")
    assert there is not None
    assert there == store.arrived("x")
    assert there.expires_in_s == float("inf")
    assert store.reserve([wish("x", "A")]) == [there]
    counts = store.look()
    assert (counts.version, counts.taken, counts.arrived) == (3, (1, 2), (0, 2))
    assert counts.step_free_taken == (1, 0)
    assert store.cancel("x")
    assert (store.look().taken, store.look().arrived) == ((1, 0), (0, 0))
    assert not store.cancel("x")
    assert store.reserve([wish("x", "A")]) == [Refused(Refusal.CANCELLED)]
    promises = [wish("x", "B"), wish("z", "B"), wish("v", "B", size=2)]
    pairs = zip(store.adopt(promises), promises, strict=True)
    assert [is_as_promised(*pair) for pair in pairs] == [False, True, False]
    assert store.adopt([]) == []


def test_fewer_places(store: CapacityStore) -> None:
    """Newer places below what is taken stop new ones alone; older ones change nothing."""
    store.declare(PLACES)
    store.reserve([wish("x", "A", size=3)])
    store.declare(Places(version=4, shelter_id=("B",), capacity=(1,), step_free=(0,)))
    store.declare(PLACES)
    counts = store.look()
    assert (counts.version, counts.capacity, counts.taken) == (4, (0, 1), (3, 0))
    again, new = store.reserve([wish("x", "A", size=3), wish("y", "A")])
    assert isinstance(again, Held)
    assert new == Refused(Refusal.FULL)


def test_versions_as_large_as_nanoseconds(store: CapacityStore) -> None:
    """Versions of 19 digits, which no floating number tells apart, are told apart."""
    version = 1_790_000_000_000_000_000
    for k in (1, 0, 2):
        store.declare(Places(version=version + k, shelter_id=("A",), capacity=(k,), step_free=(0,)))
    assert (store.look().version, store.look().capacity) == (version + 2, (2,))


def test_one_batch_counts_its_own(store: CapacityStore) -> None:
    """Within a batch each wish sees what those before it took and gave back, of either kind."""
    store.declare(
        Places(version=1, shelter_id=("A", "B"), capacity=(9, 3), step_free=(2, 1)),
    )
    batch = [wish(f"w{k}", "A", step_free=True) for k in range(3)]
    batch += [wish("p", "B", size=3), wish("q", "B"), wish("p", "A", size=3), wish("q", "B")]
    batch += [wish("w0", "B", step_free=True), wish("w2", "A", step_free=True)]
    answers = store.reserve(batch)
    taken = [isinstance(answer, Held) for answer in answers]
    assert taken == [True, True, False, True, False, True, True, True, True]
    assert (store.look().taken, store.look().step_free_taken) == ((5, 2), (2, 1))


def test_long_batches(store: CapacityStore) -> None:
    """A batch longer than one transaction takes is answered whole and in order."""
    store.declare(Places(version=1, shelter_id=("A",), capacity=(600,), step_free=(0,)))
    answers = store.reserve([wish(f"t{k}", "A") for k in range(700)])
    assert [isinstance(answer, Held) for answer in answers] == [True] * 600 + [False] * 100
    assert store.reserve([]) == []


def test_notices(store: CapacityStore) -> None:
    """Notices count up from 1; the second of two who write at once is told; bytes stay bytes."""
    blob = bytes(range(256)) * (MAX_NOTICE // 256)
    assert store.notice(0) is None
    assert store.publish(b"one", expected=0) == 1
    assert store.publish(blob, expected=1) == 2
    with pytest.raises(StoreConflict, match="current version is 2, expected 1"):
        store.publish(b"late", expected=1)
    assert store.notice(1) == (2, blob)
    assert store.notice(2) is None
    assert store.notice(7) == (2, blob)


def test_closed(store: CapacityStore) -> None:
    """A closed store says so; closing twice is no fault."""
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.look()


def test_kinds(store: CapacityStore) -> None:
    """Each store says its kind, and memory alone is not shared."""
    assert store.is_shared == (store.kind != "memory")


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_after_fork(kind: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A store of another process is refused, with what to do."""
    url = {"memory": "memory:", "sqlite": f"sqlite:///{tmp_path / 'x.db'}"}[kind]
    with closing(open_store(url)) as store:
        pid = os.getpid()
        with monkeypatch.context() as patch:
            patch.setattr(os, "getpid", lambda: pid + 1)
            with pytest.raises(StoreError, match="open a store in each process"):
                store.look()
