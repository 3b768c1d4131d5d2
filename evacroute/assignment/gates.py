"""Streets that change over time, as copies that are open in some slots only.

The graph of the search knows no time. So a link that is slower or closed for a while is taken out
of the chains and put in as several arcs, one for each pace at which it is walked. Before the link
each copy has a gate: a place in the reservation table that lets everyone in while the copy is open
and nobody else, so that every search, exchange and price heeds it without a word on hazards. Copies
with the same open slots share a gate.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.fingerprints import fingerprints
from evacroute.boats import Boats
from evacroute.hazards import LinkTimes, Profile


@dataclass(frozen=True, slots=True, eq=False)
class Gates:
    """Copies of links, and when each may be entered.

    Parameters
    ----------
    varying
        Which links are copies, and no part of a chain, shape (n_links,).
    link, gate
        Link and row of `open_` of each copy, shape (n_copies,).
    time
        Slots to walk each copy, not rounded, inf = not for this class; shape (n_classes, n_copies).
    open_
        Slots in which one may enter, shape (n_gates, n_slots + 1).
    chair
        Row of `chairs` that a copy takes a place of besides, -1 = none; none by default.
    chairs
        Places on boats for those who cannot use steps, shape (n_chairs, n_slots + 1).
    seats
        Rides by link, slot and gate: columns link, slot, gate, seats; shape (n, 4). Their gates let
        in so many.
    """

    varying: NDArray[np.bool_]
    link: NDArray[np.int32]
    gate: NDArray[np.int32]
    time: NDArray[np.float64]
    open_: NDArray[np.bool_]
    chair: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    chairs: NDArray[np.int32] = field(default_factory=lambda: np.zeros((0, 0), np.int32))
    seats: NDArray[np.int64] = field(default_factory=lambda: np.zeros((0, 4), np.int64))

    def __post_init__(self) -> None:
        if len(self.chair) != len(self.link):
            object.__setattr__(self, "chair", np.full(len(self.link), -1, np.int32))

    def __len__(self) -> int:
        return len(self.link)

    @property
    def n_gates(self) -> int:
        """Number of gates."""
        return len(self.open_)

    @property
    def n_rows(self) -> int:
        """Rows of the reservation tables besides those of links: gates, then chairs."""
        return len(self.open_) + len(self.chairs)

    @property
    def ferries(self) -> NDArray[np.int64]:
        """Links that boats ride on."""
        return np.unique(self.seats[:, 0])


def no_gates(n_classes: int, n_links: int, n_slots: int) -> Gates:
    """Nothing changes over time."""
    none = np.zeros(0, np.int32)
    return Gates(
        np.zeros(n_links, np.bool_), none, none, np.zeros((n_classes, 0)),
        np.zeros((0, n_slots + 1), np.bool_),
    )  # fmt: skip


def steady_walk(profile: Profile, walk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Find walking times [s] with what holds all the time; inf also where it is never open.

    Parameters
    ----------
    profile
        Of the link times.
    walk
        Walking times without them [s], shape (n_classes, n_links), inf = barred.

    Returns
    -------
    numpy.ndarray
        Links that change keep their time without a hazard unless they are never open.
    """
    walk = walk.copy()
    steady = np.diff(profile.ptr) == 1
    link, factor = profile.link[steady], profile.factor[:, profile.ptr[:-1][steady]]
    with np.errstate(divide="ignore"):
        walk[:, link] = np.where(factor > 0, walk[:, link] / factor, np.inf)
    if len(profile.link):
        ever = np.maximum.reduceat(profile.factor, profile.ptr[:-1], axis=1)
        walk[:, profile.link] = np.where(ever > 0, walk[:, profile.link], np.inf)
    return walk


def slowest_walk(profile: Profile, walk: NDArray[np.float64]) -> NDArray[np.float64]:
    """Longest time that each class ever walks on each link [s], from `steady_walk`."""
    walk = walk.copy()
    change = np.diff(profile.ptr) > 1
    if not change.any():
        return walk
    least = np.minimum.reduceat(
        np.where(profile.factor > 0, profile.factor, np.inf), profile.ptr[:-1], axis=1
    )[:, change]
    link = profile.link[change]
    walk[:, link] = np.where(np.isfinite(least), walk[:, link] / least, np.inf)
    return walk


def make_gates(profile: Profile, walk: NDArray[np.float64], step: float, n_slots: int) -> Gates:
    """Lay the links that change on the time grid.

    A class may enter a link in a slot if it is open then and stays open for it until all have left:
    the whole slots of its walk, rounded up.

    Parameters
    ----------
    profile
        Of the link times.
    walk
        From `steady_walk`.
    step
        Length of a slot [s].
    n_slots
        Slots until the deadline.
    """
    n_classes, n_links = walk.shape
    of = profile.of_stretch
    many = (np.diff(profile.ptr) > 1)[of]
    last = np.zeros(len(of), np.bool_)
    last[profile.ptr[1:] - 1] = True
    factor = profile.factor
    # Slots s with begin <= s x step < end of each stretch.
    begin = np.ceil(profile.begin / step - 1e-9)
    end = np.where(last, n_slots + 1, np.append(begin[1:], 0))
    # When the link is next closed, after each stretch.
    nth = np.arange(len(of))
    closed = np.where(factor <= 0, nth, len(of))
    later = np.minimum.accumulate(closed[:, ::-1], axis=1)[:, ::-1]
    later = np.concatenate([later[:, 1:], np.full((n_classes, 1), len(of))], axis=1)
    inside = later < profile.ptr[1:][of]
    shut_s = np.where(inside, np.append(profile.begin, np.inf)[later], np.inf)
    base = walk[:, profile.link[of]] / step
    with np.errstate(divide="ignore", invalid="ignore"):
        time = np.where(factor > 0, base / factor, np.inf)
    whole = np.maximum(np.ceil(np.where(np.isfinite(time), time, 0) - 1e-6), 1)
    until = np.minimum(end - 1, np.floor(shut_s / step + 1e-9) - whole)
    until = np.where(np.isfinite(time), until, -1)
    use = many & (until >= begin)
    class_, stretch = np.nonzero(use)
    varying = np.zeros(n_links, np.bool_)
    varying[profile.link[np.diff(profile.ptr) > 1]] = True
    if not len(stretch):
        return replace(no_gates(n_classes, n_links, n_slots), varying=varying)
    # One copy for the classes that share a stretch and its last slot.
    key = stretch * np.int64(n_slots + 2) + until[class_, stretch].astype(np.int64)
    unique, copy = np.unique(key, return_inverse=True)
    of_copy, upto = unique // (n_slots + 2), unique % (n_slots + 2)
    slots = np.full((n_classes, len(unique)), np.inf)
    slots[class_, copy.ravel()] = time[class_, stretch]
    link, first = profile.link[of[of_copy]], begin[of_copy].astype(np.int64)
    # Copies of a link at the same paces are one, open in the spans of both.
    row = np.arange(0, len(unique) * n_classes + 1, n_classes)
    paces = fingerprints(row, [slots.T.ravel().view(np.uint64)], [link])
    _, kept, same = np.unique(paces, return_index=True, return_inverse=True)
    spans = np.lexsort((first, same.ravel()))
    ptr = np.searchsorted(same.ravel()[spans], np.arange(len(kept) + 1))
    first, upto = first[spans], upto[spans]
    _, gate_at, gate = np.unique(
        fingerprints(ptr, [first, upto], []), return_index=True, return_inverse=True
    )
    open_ = np.zeros((len(gate_at), n_slots + 1), np.bool_)
    for i, copy_ in enumerate(gate_at.tolist()):
        for j in range(ptr[copy_], ptr[copy_ + 1]):
            open_[i, first[j] : upto[j] + 1] = True
    return Gates(
        varying=varying,
        link=link[kept].astype(np.int32),
        gate=gate.ravel().astype(np.int32),
        time=slots[:, kept],
        open_=open_,
    )


def with_rides(
    gates: Gates,
    boats: Boats,
    made: NDArray[np.bool_],
    times: LinkTimes,
    step_free: NDArray[np.bool_],
    step: float,
    n_slots: int,
) -> Gates:
    """Add the rides of boats: a link that one may enter in the slot in which the boat casts off.

    When people are aboard and ashore, `Boats.slots` says. Whoever rides on gets off and on again,
    in the words of the grid: so all who leave a stop on a boat count as stepping aboard. Those who
    cannot use steps take a wheelchair place besides.

    Parameters
    ----------
    gates
        Of the streets.
    boats
        The timetable.
    made
        Which of its rides are made, shape (n_rides,).
    times
        A class may not ride while the ferry is closed to it.
    step_free
        Which classes cannot use steps.
    """
    leave, arrive = boats.slots(step)
    some = np.flatnonzero(made & (arrive <= n_slots))
    if not len(some):
        return gates
    link, leave, took = boats.link[some], leave[some], (arrive - leave)[some]
    seats = np.minimum(boats.seats, boats.boarders)[some].astype(np.int64)
    begin, end = np.float64(step) * leave, np.float64(step) * (leave + took)
    shut = _closed_rides(times, link, begin, end, len(step_free))
    key, copy = np.unique(np.column_stack([link, took, shut]), axis=0, return_inverse=True)
    copy, n = copy.ravel(), len(key)
    open_ = np.zeros((n, n_slots + 1), np.bool_)
    open_[copy, leave] = True
    ferries, row = np.unique(link, return_inverse=True)
    chairs = np.zeros((len(ferries), n_slots + 1), np.int32)
    np.add.at(chairs, (row.ravel(), leave), boats.wheelchair_places[some])
    of_copy = np.searchsorted(ferries, key[:, 0])
    slots = np.where(key[:, 2:].T > 0, np.inf, key[:, 1].astype(np.float64))
    time = np.where(step_free[:, None], np.inf, slots)
    seated = np.where(step_free[:, None], slots, np.inf)
    varying = gates.varying.copy()
    varying[ferries] = True
    gate = gates.n_gates + np.arange(n)
    return Gates(
        varying=varying,
        link=np.concatenate([gates.link, key[:, 0], key[:, 0]]).astype(np.int32),
        gate=np.concatenate([gates.gate, gate, gate]).astype(np.int32),
        time=np.concatenate([gates.time, time, seated], axis=1),
        open_=np.concatenate([gates.open_, open_]),
        chair=np.concatenate([gates.chair, np.full(n, -1), of_copy]).astype(np.int32),
        chairs=chairs,
        seats=np.column_stack([link, leave, gate[copy], seats]),
    )


def _closed_rides(
    times: LinkTimes,
    link: NDArray[np.int32],
    begin: NDArray[np.float64],
    end: NDArray[np.float64],
    n_classes: int,
) -> NDArray[np.int64]:
    """Mark the rides during which the ferry is closed to a class, shape (n_rides, n_classes)."""
    shut = np.zeros((len(link), n_classes), np.int64)
    for row in np.flatnonzero(np.isin(times.link, link) & (times.speed_factor <= 0)):
        hit = (link == times.link[row]) & (times.from_s[row] < end) & (begin < times.to_s[row])
        every = times.class_[row] < 0
        shut[np.ix_(hit, np.arange(n_classes) if every else times.class_[row : row + 1])] = 1
    return shut


def open_spans(
    open_: NDArray[np.bool_],
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """List the spans in which each gate is open.

    Returns
    -------
    tuple
        Where each gate's spans begin; their first and last slots.
    """
    n = len(open_)
    around = np.zeros((n, open_.shape[1] + 2), np.int8)
    around[:, 1:-1] = open_
    step = np.diff(around, axis=1)
    gate, first = np.nonzero(step > 0)
    last = np.nonzero(step < 0)[1] - 1
    ptr = np.searchsorted(gate, np.arange(n + 1)).astype(np.int64)
    return ptr, first.astype(np.int32), last.astype(np.int32)
