"""Random calls at a store from threads or processes, and what must hold afterwards."""

from __future__ import annotations

import random
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier

from evacroute.serving.capacity_store import CapacityStore, Held, Places, Refused, Wish, open_store

NAMES = ("A", "B", "C")
PLACES = Places(version=1, shelter_id=NAMES, capacity=(40, 25, 9), step_free=(10, 0, 9))
SHARED = tuple(f"shared-{k}" for k in range(10))

Place = tuple[str, int, bool]


def own_tokens(seed: int) -> tuple[str, ...]:
    return tuple(f"{seed}-{k}" for k in range(25))


def hammer(store: CapacityStore, seed: int, rounds: int) -> dict[str, Place | None]:
    """Call at random, half with tokens that others use too; what each own token holds at last."""
    rng = random.Random(seed)
    own = own_tokens(seed)
    holds: dict[str, Place | None] = {}
    for _ in range(rounds):
        wishes = [_wish(rng, rng.choice((*own, *SHARED))) for _ in range(rng.randint(1, 6))]
        for wish, answer in zip(wishes, store.reserve(wishes), strict=True):
            holds[wish.token] = _place(answer.held if isinstance(answer, Refused) else answer)
        token, act = rng.choice((*own, *SHARED)), rng.random()
        if act < 0.1:
            holds[token] = _place(store.arrived(token))
        elif act < 0.3:
            store.cancel(token)
            holds[token] = None
        elif act < 0.5:
            holds[token] = _place(store.renew(token, 1000))
        check_room(store)
    return {token: holds.get(token) for token in own}


def hammer_at(
    url: str, event: str, seed: int, rounds: int, together: Barrier, pipe: Connection
) -> None:
    """Hammer in a process of its own, from when the others do."""
    store = open_store(url, event=event, timeout_s=20)
    together.wait(60)
    pipe.send(hammer(store, seed, rounds))
    store.close()


def reserve_until_killed(url: str, event: str, together: Barrier, pipe: Connection) -> None:
    """Reserve one after another for ever, and tell of each once it is answered."""
    store = open_store(url, event=event, timeout_s=20)
    together.wait(60)
    rng = random.Random(7)
    k = 0
    while True:
        wish = _wish(rng, f"killed-{k}")
        (answer,) = store.reserve([wish])
        pipe.send((wish.token, _place(answer if isinstance(answer, Held) else None)))
        k += 1


def loaded_modules(pipe: Connection) -> None:
    """Tell whether what only some stores need was imported with the package."""
    import sys

    pipe.send([name for name in ("redis", "kserve") if name in sys.modules])


def check_room(store: CapacityStore) -> None:
    """No shelter has more people than places, of either kind."""
    counts = store.look()
    assert all(taken <= most for taken, most in zip(counts.taken, counts.capacity, strict=True))
    pairs = zip(counts.step_free_taken, counts.step_free, strict=True)
    assert all(taken <= most for taken, most in pairs)


def check_sums(store: CapacityStore, tokens: set[str]) -> dict[str, Place | None]:
    """What is taken is the sum of what the tokens hold, who are all there are; what each holds."""
    check_room(store)
    holds = {token: _place(store.renew(token, 1)) for token in tokens}
    places = [place for place in holds.values() if place]
    counts = store.look()
    for name, taken, free in zip(
        counts.shelter_id, counts.taken, counts.step_free_taken, strict=True
    ):
        assert taken == sum(size for at, size, _ in places if at == name)
        assert free == sum(size for at, size, need in places if at == name and need)
    return holds


def _wish(rng: random.Random, token: str) -> Wish:
    return Wish(
        token=token,
        candidates=tuple(rng.sample(NAMES, rng.randint(1, 3))),
        size=rng.randint(1, 4),
        step_free=rng.random() < 0.3,
        hold_s=1000,
    )


def _place(held: Held | None) -> Place | None:
    return None if held is None else (held.shelter_id, held.size, held.step_free)
