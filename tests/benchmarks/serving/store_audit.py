"""What the store says in the end, beside what phones were told."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import redis

from evacroute.serving.capacity_store import Places, open_store
from evacroute.serving.place_desk import PlaceDesk


class Hold(NamedTuple):
    """A row of the store."""

    size: int
    step_free: bool
    shelter: str


@dataclass(frozen=True, slots=True)
class Truth:
    """All that the store holds, read past the library's own counts."""

    held: Mapping[str, Hold]
    capacity: Mapping[str, int]
    step_free: Mapping[str, int]
    taken: Mapping[str, int]
    due: int


def truth_of(url: str, event: str = "default") -> Truth:
    """Read everything that a store on Redis keeps of an event."""
    client = redis.Redis.from_url(url, socket_timeout=10)
    key = f"evacroute:{{{event}}}:"
    held = {}
    for token, row in client.hgetall(key + "held").items():
        size, free, _, shelter = row.decode().split(" ", 3)
        held[token.decode()] = Hold(int(size), free == "1", shelter)
    rows = {name.decode(): value for name, value in client.hgetall(key + "places").items()}
    due = int(client.zcard(key + "due"))
    client.close()

    def column(kind: str) -> dict[str, int]:
        return {name[2:]: int(value) for name, value in rows.items() if name[:2] == kind}

    return Truth(held, column("c:"), column("s:"), column("t:"), due)


def hidden(tokens: Sequence[str], secret: bytes) -> list[str]:
    """Tokens as the store sees them."""
    none = Places(version=0, shelter_id=(), capacity=(), step_free=())
    desk = PlaceDesk(open_store("memory:"), none, key=secret, hold_s=1.0)
    return [desk.hidden(one) for one in tokens]


class Told(NamedTuple):
    """Answers that a phone got, in the order in which they came: status and shelter, "" = none."""

    size: int
    answers: list[tuple[str, str]]


def audit(truth: Truth, told: Mapping[str, Told]) -> dict[str, Any]:
    """Hold the store's rows against capacities, and against what each phone was told.

    Parameters
    ----------
    truth
        What the store holds.
    told
        By hidden token, who asked and what they were told.
    """
    persons: Counter[str] = Counter()
    free: Counter[str] = Counter()
    for hold in truth.held.values():
        persons[hold.shelter] += hold.size
        free[hold.shelter] += hold.size * hold.step_free
    out: dict[str, Any] = {
        "oversold": _over(persons, truth.capacity),
        "oversold_step_free": _over(free, truth.step_free),
        "duplicate_places": abs(sum(truth.taken.values()) - sum(persons.values()))
        + abs(truth.due - len(truth.held)),
        "held_by_nobody": len(truth.held.keys() - told.keys()),
        "places": sum(truth.capacity.values()),
        "places_held": sum(persons.values()),
        "parties_held": len(truth.held),
    }
    return {**out, **_kept(truth, told)}


def _kept(truth: Truth, told: Mapping[str, Told]) -> dict[str, Any]:
    """Whether phones have what they were told."""
    count: Counter[str] = Counter()
    sent: Counter[str] = Counter()
    for token, (size, answers) in told.items():
        hold = truth.held.get(token)
        if not answers:
            continue
        status, shelter = answers[-1]
        sure = {place for word, place in answers if word == "reserved"}
        count["told_two_places"] += len({place for _, place in answers if place}) > 1
        count["lost_reservations"] += bool(sure) and hold is None
        if shelter:
            sent[shelter] += size
        if status == "reserved" and hold is not None and hold.shelter != shelter:
            count["reserved_elsewhere"] += hold.shelter not in {place for _, place in answers}
            count["reserved_at_earlier"] += hold.shelter in {place for _, place in answers}
        if status == "unreserved":
            count["promised"] += 1
            count["promised_adopted"] += hold is not None and hold.shelter == shelter
            count["promised_elsewhere"] += hold is not None and hold.shelter != shelter
            count["promised_without"] += hold is None
            count["promised_without_persons"] += size * (hold is None)
        if status == "no_safe_route" and hold is not None:
            count["held_but_told_none"] += 1
    names = (
        "lost_reservations", "told_two_places", "reserved_elsewhere", "reserved_at_earlier",
        "promised", "promised_adopted", "promised_elsewhere", "promised_without",
        "promised_without_persons", "held_but_told_none",
    )  # fmt: skip
    out = {name: int(count[name]) for name in names}
    return {**out, "sent_over_capacity": _over(sent, truth.capacity)}


def _over(persons: Mapping[str, int], capacity: Mapping[str, int]) -> int:
    return sum(max(0, n - capacity.get(name, 0)) for name, n in persons.items())
