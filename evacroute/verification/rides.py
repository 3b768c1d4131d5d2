"""Rules about boats: legs on ferries are rides of the timetable, and nobody is aboard too many."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from evacroute.verification.check import Check, judge
from evacroute.verification.evidence import Evidence, Legs, link_name, who


def rides_of_passages(e: Evidence, link: NDArray[np.int64], enter: NDArray[np.float64],
                      leave: NDArray[np.float64]) -> NDArray[np.int64]:  # fmt: skip
    """Find the ride of each passage of a ferry, -1 = none.

    Rides with the same slots count as one, of the first.
    """
    rides, step = e.instance.rides, e.step
    aboard, ashore = slots_of(e)
    known: dict[tuple[int, int, int], int] = {}
    whole = np.stack([rides.link, aboard, ashore]).T
    for i, (a, b, c) in enumerate(whole.tolist()):
        known.setdefault((a, b, c), i)
    keys = zip(
        link.tolist(), np.rint(enter / step).tolist(), np.rint(leave / step).tolist(), strict=True
    )
    return np.array([known.get((int(a), int(b), int(c)), -1) for a, b, c in keys], np.int64)


def slots_of(e: Evidence) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Slots in which people step aboard each ride, and in which they are ashore.

    Aboard at the last whole step before the boat casts off, ashore at the first after it has
    arrived; those who ride on are in time for the trip's next ride all the same.
    """
    rides, step = e.instance.rides, e.step
    aboard = np.floor(rides.leave_s / step + 1e-9)
    ashore = np.ceil(rides.arrive_s / step - 1e-9)
    on = np.floor(rides.next_s / step + 1e-9)
    ashore = np.where(on < ashore, on, ashore)
    return aboard.astype(np.int64), np.maximum(ashore, aboard + 1).astype(np.int64)


def most_aboard(e: Evidence) -> NDArray[np.float64]:
    """Most whom a ferry takes in a slot of the grid, where all step aboard, shape (n_links,)."""
    rides = e.instance.rides
    aboard, _ = slots_of(e)
    most = np.zeros(len(e.instance.link_id))
    if len(aboard):
        together, row = np.unique(
            np.column_stack([rides.link, aboard]), axis=0, return_inverse=True
        )
        seats = np.bincount(row.ravel(), weights=np.minimum(rides.seats, rides.boarders))
        np.maximum.at(most, together[:, 0], seats)
    return most


def checks(e: Evidence, legs: Legs) -> Iterator[Check]:
    """Check the legs on ferries against the timetable, and how many are aboard."""
    rides = e.instance.rides
    ferry = np.flatnonzero(e.instance.ferry[e.link])
    ride = rides_of_passages(e, e.link[ferry], e.enter[ferry], e.leave[ferry])
    missing = np.zeros(len(e.link))
    missing[ferry] = ride < 0
    yield judge(
        "rides",
        "a leg on a ferry is a ride of boats.csv that no tide bars, from the last step before the "
        "boat casts off to the first after it has arrived, or in which its next ride begins",
        missing,
        lambda k: (
            f"{who(e, legs.movement[k])}: {link_name(e, k)} from {e.enter[k]:g} s to "
            f"{e.leave[k]:g} s is no ride"
        ),
        unit="legs",
    )
    real = ride >= 0
    leg, ride = ferry[real], ride[real]
    # Rides that share link and slots have their places together.
    aboard, ashore = slots_of(e)
    step = np.float64(e.step)
    first = rides_of_passages(e, rides.link, aboard * step, ashore * step)
    n = len(rides.link)
    size = e.size[legs.movement[leg]]
    aided = e.instance.speed_steps[legs.class_[leg]] == 0
    of_leg = np.full(len(e.link), -1, np.int64)
    of_leg[leg] = ride
    before = np.where(legs.first[leg], -1, of_leg[leg - 1])
    same = (before >= 0) & (rides.trip_id[before] == rides.trip_id[ride])
    for name, rule, persons, places in (
        ("boat seats", "no boat carries more than it has seats", size, rides.seats),
        (
            "wheelchair places",
            "no boat carries more who cannot use steps than it has wheelchair places",
            size * aided,
            rides.wheelchair_places,
        ),
        (
            "boarding",
            "no more step aboard for a ride than can while the boat waits",
            size * ~same,
            rides.boarders,
        ),
    ):
        room = np.bincount(first, weights=places, minlength=n)
        aboard = np.bincount(ride, weights=persons, minlength=n)
        told = [
            f"trip {trip} from {time:g} s: {a:g} persons, room for {r:g}"
            for trip, time, a, r in zip(rides.trip_id, rides.leave_s, aboard, room, strict=True)
        ]
        over = np.where(aboard > 0, aboard - room, 0.0)
        yield judge(name, rule, over, told.__getitem__, unit="persons over")
