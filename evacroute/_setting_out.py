"""Setting out: the walk from where people stand on a link to the node where their group starts.

Nobody is inside a link while it is closed to them, on this walk neither. Whoever cannot leave at
once, as their link is closed or closes before they reach its end, leaves by its other end if that
is open; else they wait where they are until it opens; if it never does, they are cut off.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.class_bins import ClassBins
from evacroute.hazards import LinkTimes, Profile
from evacroute.network import FERRY, Network
from evacroute.people import FirstWalks, Groups, People
from evacroute.streets import pair_links

LEAST = 1e-6
"""Whoever stands nearer to a node than this stands at it [m]."""


@dataclass(frozen=True, slots=True, eq=False)
class Setting:
    """When people set out and when they are at their node; arrays have shape (n_walks,).

    Parameters
    ----------
    leave
        When they leave [s after the alarm]; inf = never.
    arrive
        When they are at the node [s after the alarm]; inf = never.
    """

    leave: NDArray[np.float64]
    arrive: NDArray[np.float64]

    def cut_off(self, groups: Groups) -> NDArray[np.bool_]:
        """Which groups have people who never get to their node, shape (n_groups,)."""
        out = np.zeros(len(groups), np.bool_)
        out[groups.walks.group[np.isinf(self.arrive)]] = True
        out.flags.writeable = False
        return out

    def at_node(self, groups: Groups) -> NDArray[np.float64]:
        """When the last of each group who get there are at the node [s], 0 without a walk."""
        last = np.zeros(len(groups))
        there = np.isfinite(self.arrive)
        np.maximum.at(last, groups.walks.group[there], self.arrive[there])
        return last


def set_out(
    walks: FirstWalks,
    class_: NDArray[np.int32],
    network: Network,
    times: LinkTimes,
    n_classes: int,
    until: float,
) -> Setting:
    """Find when people set out, and when they are at their node.

    A walk takes metres / speed at the factor of the time of setting out. Links of capacity 0 are
    closed for good.

    Parameters
    ----------
    walks
        The walks.
    class_
        Class of each, shape (n_walks,).
    until
        Whoever is not at the node by then, but would be without a hazard, never is [s].
    """
    leave = walks.ready.copy()
    alone = walks.metres / walks.speed
    arrive = leave + alone
    if len(walks) and len(times):
        profile = times.profile(n_classes, until)
        factor = profile.when(walks.link, class_, leave)
        slow = np.divide(1.0, factor, out=np.full(len(factor), np.inf), where=factor > 0)
        slowed = np.flatnonzero(slow != 1.0)
        arrive[slowed] = leave[slowed] + alone[slowed] * slow[slowed]
        shut = np.isinf(slow)
        shut |= profile.closed(walks.link, class_, leave, np.where(shut, leave, arrive))
        # Where the street is so slow that they would be too late, they wait as well.
        shut |= (arrive > until) & (walks.ready + alone <= until)
        for i in np.flatnonzero(shut).tolist():
            begin, of_class = _stretches(profile, int(walks.link[i]), int(class_[i]))
            leave[i], arrive[i] = _opening(begin, of_class, float(leave[i]), float(alone[i]), until)
    never = network.capacity[walks.link] <= 0
    leave[never] = arrive[never] = np.inf
    return Setting(leave, arrive)


def _stretches(
    profile: Profile, link: int, class_: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Give when each stretch of a link begins, and its factor."""
    row = int(np.searchsorted(profile.link, link))
    part = slice(int(profile.ptr[row]), int(profile.ptr[row + 1]))
    return profile.begin[part], profile.factor[class_, part]


def _opening(
    begin: NDArray[np.float64],
    factor: NDArray[np.float64],
    ready: float,
    alone: float,
    until: float,
) -> tuple[float, float]:
    """Find the first time from which a link is open long enough, and when its end is reached.

    Not after `until`, unless that is too soon for them without a hazard too.
    """
    end = np.append(begin[1:], np.inf)
    for j in np.flatnonzero((factor > 0) & (end > ready)).tolist():
        leave = max(ready, float(begin[j]))
        if leave >= until:
            break
        arrive = leave + alone / float(factor[j])
        if arrive > until >= ready + alone:
            continue
        later = slice(j + 1, int(np.searchsorted(begin, arrive, side="left")))
        if not (factor[later] <= 0).any():
            return leave, arrive
    return np.inf, np.inf


@dataclass(frozen=True, slots=True, eq=False)
class Starts:
    """Where each party starts, and when it is there; arrays have shape (n_parties,).

    Parameters
    ----------
    node
        Node where its way starts.
    ready
        When it is there [s after the alarm].
    cut_off
        Whether it never is; `ready` is then as without hazards.
    street
        Link that it stands on, of both directions the first; -1 where it stands at the node.
    walks
        Walks, `group` being the party.
    """

    node: NDArray[np.int32]
    ready: NDArray[np.float64]
    cut_off: NDArray[np.bool_]
    street: NDArray[np.int64]
    walks: FirstWalks


def starts(
    people: People, bins: ClassBins, network: Network, times: LinkTimes, until: float
) -> Starts:
    """Find where parties start: at the node they were put at, or at their link's other end.

    They take the other end only if a hazard keeps them from leaving at once, and only if they are
    there sooner.
    """
    node, ready = bins.node.copy(), bins.ready_time.copy()
    cut_off = np.zeros(len(node), np.bool_)
    street = np.full(len(node), -1, np.int64)
    some = np.flatnonzero(people.offset[bins.slowest] > LEAST).astype(np.int32)
    if not len(some):
        return Starts(node, ready, cut_off, street, FirstWalks.none())
    who = bins.slowest[some]
    at, along = people.link[who], people.along[who]
    back = _backward(network)[at]
    rest = network.length[at] - along
    to_end = (node[some] == network.to_node[at]) & (
        (network.from_node[at] != network.to_node[at])
        | (np.abs(people.offset[who] - rest) <= np.abs(people.offset[who] - along))
    )
    own = np.where(to_end | (back < 0), at, back).astype(np.int32)
    street[some] = np.where(back < 0, at, np.minimum(at, back))
    metres, flat = people.offset[who], bins.speed_flat[some]
    out = np.maximum(ready[some] - metres / flat, 0.0)
    class_ = bins.class_of_party[some].astype(np.int32)
    n = len(bins.classes)
    walks = FirstWalks(some, own, metres, flat, out)
    found = set_out(walks, class_, network, times, n, until)
    hindered = found.leave != out
    if hindered.any():
        # The other end, where there is a link to it that they can use.
        beyond = np.where(to_end, back, at).astype(np.int32)
        far = np.where(to_end, along, rest)
        usable = np.isfinite(bins.classes.walk_seconds(network))[class_, np.maximum(beyond, 0)]
        usable &= network.capacity[np.maximum(beyond, 0)] > 0
        try_ = np.flatnonzero(hindered & (beyond >= 0) & (far > LEAST) & usable)
        other = FirstWalks(some[try_], beyond[try_], far[try_], flat[try_], out[try_])
        there = set_out(other, class_[try_], network, times, n, until)
        sooner = np.flatnonzero(there.arrive < found.arrive[try_])
        turned = try_[sooner]
        node[some[turned]] = network.to_node[beyond[turned]]
        own[turned], metres = beyond[turned], metres.copy()
        metres[turned] = far[turned]
        walks = FirstWalks(some, own, metres, flat, out)
        found = set_out(walks, class_, network, times, n, until)
    cut = np.isinf(found.arrive)
    cut_off[some[cut]] = True
    other_time = ~cut & ((found.leave != out) | (found.arrive != out + people.offset[who] / flat))
    ready[some[other_time]] = found.arrive[other_time]
    return Starts(node, ready, cut_off, street, walks)


def _backward(network: Network) -> NDArray[np.int64]:
    """Give the link of the same street the other way, else any that leads back; -1 = none."""
    streets = pair_links(network)
    back = np.where(
        streets.code % 2 == 1, streets.forward[streets.code // 2],
        streets.backward[streets.code // 2],
    )  # fmt: skip
    lone = np.flatnonzero((back < 0) & (network.kind != FERRY))
    if len(lone):
        n = network.n_nodes
        walked = np.flatnonzero(network.kind != FERRY)
        key = network.from_node[walked].astype(np.int64) * n + network.to_node[walked]
        order = np.lexsort((network.length[walked], key))
        key, link = key[order], walked[order]
        wanted = network.to_node[lone].astype(np.int64) * n + network.from_node[lone]
        place = np.minimum(np.searchsorted(key, wanted), len(key) - 1)
        back[lone] = np.where(key[place] == wanted, link[place], -1)
    return back
