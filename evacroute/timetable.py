"""A plan as a timetable that is kept while the city changes: the part that takes no thought."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.playing import LATE, SAFE, STUCK, factors_at, play
from evacroute.assignment import Movements
from evacroute.hazards import LinkTimes
from evacroute.network import FERRY
from evacroute.scenario import Scenario

__all__ = ["LATE", "SAFE", "STUCK", "Played", "Timetable"]


@dataclass(frozen=True, slots=True, eq=False)
class Played:
    """What came of each movement.

    Parameters
    ----------
    state
        `SAFE`, `STUCK` (stands before a link that is closed, or would close around it, or has
        missed its boat) or `LATE`, shape (n_movements,).
    end
        When it arrived or was stopped [s after the alarm]; of the late, when it is clear that they
        are late; shape (n_movements,).
    stop
        Leg that it could not enter, -1 = none, shape (n_movements,).
    held
        Link that keeps it where its people stand, before any leg, -1 = none, shape (n_movements,).
    """

    state: NDArray[np.uint8]
    end: NDArray[np.float64]
    stop: NDArray[np.int64]
    held: NDArray[np.int64]


class Timetable:
    """Movements made ready to be played through one set of link times after another.

    Everyone keeps to their way and is nowhere before the plan's time; what holds them up makes
    all that follows later, but for waits of the plan, which are shortened first. A leg takes the
    plan's time plus what its link's speed factor at the time of entering adds to length / speed.
    Nobody goes back or round, and nobody waits for a link to open again, or for another boat than
    the plan's.

    Parameters
    ----------
    scenario
        What the movements answer; its link times are those that their times reckon with.
    movements
        The movements.
    step
        Time step of the plan [s].
    """

    def __init__(self, scenario: Scenario, movements: Movements, step: float) -> None:
        network, classes = scenario.network, scenario.group_classes
        self.movements = movements
        self.n_links, self.n_classes = network.n_links, len(classes)
        self.class_ = _frozen(scenario.groups.class_[movements.group])
        self.walk = _frozen(classes.walk_seconds(network))
        n_legs = np.diff(movements.leg_ptr)
        planned = np.ones(len(movements.leg_link))
        if len(scenario.link_times):
            factors_at(
                movements.leg_link, _frozen(np.repeat(self.class_, n_legs)), movements.leg_enter,
                *self._lookup(scenario.link_times, scenario.deadline_s), planned,
            )  # fmt: skip
            # Whoever planned to walk a closed link had not heard of it.
            planned[planned == 0.0] = 1.0
        self.planned = _frozen(planned)
        self.step = step
        self.is_ride = _frozen(network.kind[movements.leg_link] == FERRY)

    def play(self, scenario: Scenario) -> Played:
        """Play all movements in a scenario with the same network, groups and classes."""
        deadline = scenario.deadline_s
        moves, n = self.movements, len(self.movements)
        held = np.full(n, -1, np.int64)
        played = Played(np.empty(n, np.uint8), np.empty(n), np.empty(n, np.int64), held)
        walks = scenario.groups.walks
        there = scenario.setting.at_node(scenario.groups)[moves.group]
        play(
            moves.leg_ptr, moves.leg_link, moves.leg_enter, moves.leg_leave,
            _frozen(np.maximum(moves.depart, there)),
            moves.arrive, self.class_, self.walk, self.planned, self.is_ride,
            self._cast_off(scenario), *self._lookup(scenario.link_times, deadline), deadline,
            played.state, played.end, played.stop,
        )  # fmt: skip
        never = np.flatnonzero(np.isinf(scenario.setting.arrive))
        keeps = np.full(len(scenario.groups), -1, np.int64)
        keeps[walks.group[never]] = walks.link[never]
        cut = np.flatnonzero(scenario.cut_off[moves.group])
        held[cut] = keeps[moves.group[cut]]
        played.state[cut], played.stop[cut] = STUCK, -1
        played.end[cut] = scenario.groups.ready_time[moves.group[cut]]
        hot = scenario.hot_from[moves.shelter] < deadline
        played.state[hot & (played.state == SAFE)] = STUCK
        return played

    def _cast_off(self, scenario: Scenario) -> NDArray[np.float64]:
        """Find until when one can be aboard for each leg; -inf where no such ride is made."""
        moves, step, boats, made = self.movements, self.step, scenario.boats, scenario.made
        latest = np.where(self.is_ride, -np.inf, np.inf)
        legs = np.flatnonzero(self.is_ride)
        if len(legs) and boats is not None and made is not None and made.any():
            # Rides alike on the plan's grid are told by the last of them.
            link, leave = boats.link[made], boats.leave_s[made]
            aboard, ashore = (slot[made] for slot in boats.slots(step))
            order = np.lexsort((-leave, _key(link, aboard, ashore)))
            key, at = np.unique(_key(link, aboard, ashore)[order], return_index=True)
            mine = _key(
                moves.leg_link[legs], moves.leg_enter[legs] / step, moves.leg_leave[legs] / step
            )
            found = np.minimum(np.searchsorted(key, mine), len(key) - 1)
            real = key[found] == mine
            latest[legs[real]] = leave[order][at][found[real]]
        return _frozen(latest)

    def _lookup(
        self, link_times: LinkTimes, until: float
    ) -> tuple[NDArray[np.int32], NDArray[np.int64], NDArray[np.float64], NDArray[np.float64]]:
        profile = link_times.profile(self.n_classes, until)
        row = np.full(self.n_links, -1, np.int32)
        row[profile.link] = np.arange(len(profile.link))
        # One layout of the kernel's arguments, so that it is compiled once.
        return (
            _frozen(row),
            _frozen(profile.ptr.astype(np.int64)),
            _frozen(profile.begin),
            _frozen(profile.factor),
        )


def _key(link: NDArray[np.int32], aboard: NDArray[Any], ashore: NDArray[Any]) -> NDArray[np.int64]:
    """Tell rides apart by link and slots; slots are below 2**20."""
    slots = [np.minimum(np.rint(slot), 2**20 - 1).astype(np.int64) for slot in (aboard, ashore)]
    return np.asarray((link.astype(np.int64) * 2**20 + slots[0]) * 2**20 + slots[1])


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array = np.ascontiguousarray(array)
    if array.flags.writeable:
        array = array.view()
        array.flags.writeable = False
    return array
