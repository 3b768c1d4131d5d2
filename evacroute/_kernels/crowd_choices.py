"""Where those who follow no plan go on from a node."""

from __future__ import annotations

import math
from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import (
    AT_DOOR,
    CROWD,
    INFORMED,
    LOST,
    NEAREST,
    NOWHERE,
    Scene,
    Streets,
)
from evacroute._kernels.crowd_fields import factor_now, shut_after

TREND = 60.0
"""What others did fades from the memory of those who follow them in about so long [s]."""


@nb.njit(cache=True, nogil=True, inline="always")
def has_room(people: Any, scene: Scene, streets: Streets, s: int, i: int) -> bool:
    """Whether a shelter still has places for a party."""
    if scene.room[s] < people[i].persons:
        return False
    free = streets.step_free[people[i].class_]
    return not free or bool(scene.step_free_room[s] >= people[i].persons)


@nb.njit(cache=True, nogil=True, inline="always")
def can_enter(streets: Streets, k: int, link: int, time: float) -> bool:
    """Whether a class can walk a link at a time, and get through before it closes."""
    walk = streets.walk[k, link]
    if not np.isfinite(walk) or not np.isfinite(streets.link[link].headway):
        return False
    factor = factor_now(streets, k, link, time)
    if factor == 0.0:
        return False
    shut = shut_after(streets, k, link, time)
    return bool(time + walk / factor <= shut)


@nb.njit(cache=True, nogil=True)
def shelter_here(people: Any, scene: Scene, streets: Streets, i: int, full_too: bool) -> int:
    """Shelter at a party's node that has room for it, else any (if asked for), else -1."""
    people, scene, streets = borrowed(people), borrowed(scene), borrowed(streets)
    found = -1
    v = people[i].node
    for j in range(streets.shelter_ptr[v], streets.shelter_ptr[v + 1]):
        s = int(streets.shelter[j])
        if has_room(people, scene, streets, s, i):
            return s
        if full_too and found < 0:
            found = s
    return found


@nb.njit(cache=True, nogil=True)
def down_field(streets: Streets, people: Any, scene: Scene, i: int, told: int) -> int:
    """Link that leads to the nearest shelter soonest, or `NOWHERE`; `told` as in `near`."""
    streets, people, scene = borrowed(streets), borrowed(people), borrowed(scene)
    v, k, now = people[i].node, people[i].class_, people[i].clock
    best, least = NOWHERE, np.inf
    for j in range(streets.out_ptr[v], streets.out_ptr[v + 1]):
        link = streets.out_link[j]
        if can_enter(streets, k, link, now):
            walk = streets.walk[k, link] / factor_now(streets, k, link, now)
            there = walk + scene.near[told, k, streets.link[link].to_node]
            if there < least:
                best, least = link, there
    return best


@nb.njit(cache=True, nogil=True)
def recent(scene: Scene, link: int, now: float) -> float:
    """Persons who entered a link of late."""
    age = max(0.0, now - scene.link[link].trend_at)
    return float(scene.link[link].trend * math.exp(-age / TREND))


@nb.njit(cache=True, nogil=True)
def by_chance(streets: Streets, people: Any, scene: Scene, i: int, came: int, rng: Any) -> int:
    """Link that others have taken of late, the more the likelier, or, of the lost, any.

    Nobody turns round but in a dead end. `NOWHERE` where nobody is to be followed.
    """
    streets, people, scene = borrowed(streets), borrowed(people), borrowed(scene)
    v, k, now = people[i].node, people[i].class_, people[i].clock
    crowd = people[i].lead == CROWD
    back = -1 if came < 0 else streets.link[came].twin
    total = 0.0
    for j in range(streets.out_ptr[v], streets.out_ptr[v + 1]):
        link = streets.out_link[j]
        if link != back and can_enter(streets, k, link, now):
            total += recent(scene, np.int64(link), now) if crowd else 1.0
    if total <= 0.0:
        can_turn = not crowd and back >= 0 and can_enter(streets, k, back, now)
        return back if can_turn else NOWHERE
    mark = rng.random() * total
    found = NOWHERE
    for j in range(streets.out_ptr[v], streets.out_ptr[v + 1]):
        link = streets.out_link[j]
        if link != back and can_enter(streets, k, link, now):
            weight = recent(scene, np.int64(link), now) if crowd else 1.0
            if weight > 0.0:
                found = link
                mark -= weight
                if mark < 0.0:
                    break
    return found


@nb.njit(cache=True, nogil=True)
def choose(streets: Streets, people: Any, scene: Scene, i: int, came: int, rng: Any) -> int:
    """Where a party without a plan goes on from its node; sets the shelter it means to enter."""
    streets, people, scene = borrowed(streets), borrowed(people), borrowed(scene)
    if people[i].lead in (CROWD, LOST) and people[i].clock >= people[i].lost_until:
        people[i].lead = NEAREST
    told = 0
    if people[i].lead == INFORMED:
        told = int(scene.told[people[i].persons])
    wanders = people[i].lead in (CROWD, LOST)
    s = shelter_here(people, scene, streets, i, not wanders and told == 0)
    if s >= 0:
        people[i].shelter = s
        return AT_DOOR
    if told > 0 and scene.near[told, people[i].class_, people[i].node] == 0.0:
        # The last place has just gone: who has come for it waits to be told of another.
        return NOWHERE
    if wanders:
        link = by_chance(streets, people, scene, i, came, rng)
        if link != NOWHERE:
            return link
    return down_field(streets, people, scene, i, told)
