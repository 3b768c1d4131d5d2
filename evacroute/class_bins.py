"""Parties of people who walk as one, and the few classes that stand for their paces."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._capability_tables import tables
from evacroute._class_cuts import cut_classes
from evacroute._frozen import equal_arrays, freeze
from evacroute.capability import capabilities, group_factor, steps_speed, street_space
from evacroute.errors import PeopleError
from evacroute.people import SPACE_PARTS, Classes, People
from evacroute.units import to_metres


@dataclass(frozen=True, slots=True, eq=False)
class ClassBins:
    """Parties, their own pace, and the class that stands for it.

    A party is a person alone, or the members of a household who can start together. Persons whom
    the loader set aside (node -1) are in no party.

    Parameters
    ----------
    classes
        The classes, fastest first.
    node
        Node position where the party's way starts, that of its slowest member, shape (n_parties,).
    class_of_party
        Positions in `classes`, shape (n_parties,).
    ready_time
        When the party stands at its node with its last member [s], shape (n_parties,).
    size
        Persons, shape (n_parties,).
    slowest
        Position of the slowest member in the people, shape (n_parties,).
    speed_flat, speed_steps
        The party's own pace [m/s], group factor included, shape (n_parties,); speed_steps is 0
        where a member cannot use steps.
    min_width
        Narrowest way that all members can pass [m], shape (n_parties,).
    party_of_person
        Positions in the parties, -1 for persons set aside, shape (n_people,).
    largest_error_flat, largest_error_steps
        Largest of |class speed / party's own speed - 1|.
    mean_error_flat, mean_error_steps
        Its mean over persons (for steps: over persons who can use them).
    split_households
        Households whose members stand too far apart to go as one.
    """

    classes: Classes
    node: NDArray[np.int32]
    class_of_party: NDArray[np.int32]
    ready_time: NDArray[np.float64]
    size: NDArray[np.int32]
    slowest: NDArray[np.int32]
    speed_flat: NDArray[np.float64]
    speed_steps: NDArray[np.float64]
    min_width: NDArray[np.float64]
    party_of_person: NDArray[np.int32]
    largest_error_flat: float
    largest_error_steps: float
    mean_error_flat: float
    mean_error_steps: float
    split_households: int

    def __post_init__(self) -> None:
        whole = ("node", "class_of_party", "size", "slowest")
        number = ("ready_time", "speed_flat", "speed_steps", "min_width")
        columns: dict[str, Any] = dict.fromkeys(whole, np.int32)
        columns |= dict.fromkeys(number, np.float64)
        freeze(self, columns, len(self.node), PeopleError)
        freeze(self, {"party_of_person": np.int32}, len(self.party_of_person), PeopleError)

    def paces(
        self, party: NDArray[Any], classes: Classes, class_: NDArray[Any]
    ) -> NDArray[np.float64]:
        """Own speeds of parties over those of given classes, flat and steps, shape (n_rows, 2).

        Where either cannot use steps the second is that of the flat.
        """
        flat = self.speed_flat[party] / classes.speed_flat[class_]
        steps = np.divide(
            self.speed_steps[party], classes.speed_steps[class_], out=flat.copy(),
            where=(classes.speed_steps[class_] > 0) & (self.speed_steps[party] > 0),
        )  # fmt: skip
        return np.column_stack([flat, steps])

    def equals(self, other: object) -> bool:
        """Whether the other holds equal parties and classes."""
        return (
            isinstance(other, ClassBins)
            and self.classes.equals(other.classes)
            and equal_arrays(self, other, skip=("classes",))
        )


DEPTH_BANDS = (0.15, 0.25, 0.48, 0.9)
"""Classes keep these apart where water counts [m]: wheelchairs; aids and pushchairs; children;
adults (data/capability). A class can wade what each of its members can."""


def bin_classes(people: People, *, max_classes: int = 12, by_depth: bool = False) -> ClassBins:
    """Gather persons into parties and parties into at most `max_classes` classes.

    - Members of a household within 150 m (straight) of its slowest member are one party; those
      farther away make a party of their own in the same way. The slowest is who cannot use steps,
      then who walks slowest on the flat.
    - The party meets at its slowest member, the others walking 1.3 times the straight distance at
      their own speed, then walks to the street and along it to that member's node. Its pace is the
      least over its members, separately on the flat, up and down, times the group factor; its width
      the greatest; it uses steps only if all members can.
    - Classes first keep apart who can use steps and who needs which width, so that no class may go
      where one of its members cannot. Within these the largest relative speed error is made small
      by cuts and joins (`cut_classes`).
    - A class walks at the harmonic mean over its persons, so their total walking time over any way
      of one kind is unbiased.
    - It takes the mean street space over its persons, rounded up to a 64th.
    - It can wade what each of its members can; with `by_depth` parties of different bands of depth
      (`DEPTH_BANDS`) are kept apart like those of different widths.

    Parameters
    ----------
    people
        Persons with their own speeds.
    max_classes
        At most so many classes.
    by_depth
        Whether classes keep apart who can wade how deep.

    Returns
    -------
    ClassBins
        Parties and classes.

    Raises
    ------
    InputError
        If `max_classes` is less than the combinations of widths, depths and use of steps among the
        people.

    Notes
    -----
    Speed on steps is the harmonic mean of up and down: a bridge is half climbed, half descended.

    With 12 classes the largest speed error among 100,000 residents and visitors of Venice (speeds
    by age, sex and aid) is below 20 %, its mean below 7 %. Individual spread widens the range of
    speeds tenfold, then the largest is below 45 % and the mean below 12 %. Every party keeps its
    own pace in `ClassBins` for its own time of arrival.
    """
    parties = _gather(people)
    first, size, flat, steps, width, depth, ready, party_of_person, split = parties
    band = np.searchsorted(DEPTH_BANDS, depth + 1e-9)
    deep = np.concatenate([[0.0], DEPTH_BANDS])[band] if by_depth else np.zeros(len(flat))
    kinds = np.column_stack([steps == 0, width, deep, flat, steps]).astype(np.float64)
    unique, kind_of_party = np.unique(kinds, axis=0, return_inverse=True)
    kind_of_party = kind_of_party.ravel()
    weight = np.bincount(kind_of_party, weights=size, minlength=len(unique)).astype(np.float64)
    if len(unique):
        class_of_kind, classes = cut_classes(unique, weight, max_classes)
    else:
        class_of_kind, classes = np.empty(0, np.int32), _visitor()
    class_of_party = class_of_kind[kind_of_party]
    wades = np.full(len(classes), np.inf)
    np.minimum.at(wades, class_of_party, depth)
    wades = np.where(np.isinf(wades), classes.depth_limit, wades)
    most = wades.copy()
    if not by_depth:  # bands are as far apart as people are kept where water counts
        np.maximum.at(most, class_of_party, depth)
    classes = replace(
        classes,
        space=_class_space(people, party_of_person, class_of_party, classes),
        depth_limit=wades,
        depth_most=most,
        depth_assumed=np.zeros(len(classes), bool),
    )
    error_flat = np.abs(classes.speed_flat[class_of_party] / flat - 1)
    walkers = steps > 0
    error_steps = np.abs(classes.speed_steps[class_of_party][walkers] / steps[walkers] - 1)
    return ClassBins(
        classes=classes,
        node=people.node[first],
        class_of_party=class_of_party,
        ready_time=ready,
        size=size,
        slowest=first,
        speed_flat=flat,
        speed_steps=steps,
        min_width=width,
        party_of_person=party_of_person,
        largest_error_flat=float(error_flat.max(initial=0.0)),
        largest_error_steps=float(error_steps.max(initial=0.0)),
        mean_error_flat=_mean(error_flat, size),
        mean_error_steps=_mean(error_steps, size[walkers]),
        split_households=split,
    )


def _visitor() -> Classes:
    """Make the one class that stands by where nobody is near a street."""
    visitor = capabilities([np.nan], [""], ["unknown"])
    steps = steps_speed(visitor.speed_up, visitor.speed_down)
    name = np.array(["unknown_visitor"], dtype=object)
    return Classes(name, visitor.speed_flat, steps, visitor.min_width)


def _class_space(
    people: People,
    party_of_person: NDArray[np.int32],
    class_of_party: NDArray[np.int32],
    classes: Classes,
) -> NDArray[np.float64]:
    """Mean street space over the persons of each class, rounded up to whole parts."""
    near = np.flatnonzero(party_of_person >= 0)
    class_ = class_of_party[party_of_person[near]]
    n = len(classes)
    persons = np.bincount(class_, minlength=n)
    space = np.bincount(class_, weights=street_space(people.mobility[near]), minlength=n)
    mean = np.where(persons > 0, space / np.maximum(persons, 1), 1.0)
    return np.ceil(mean * SPACE_PARTS - 1e-9) / SPACE_PARTS


def _mean(error: NDArray[np.float64], size: NDArray[np.int32]) -> float:
    return float(error @ size / size.sum()) if len(size) else 0.0


def _gather(people: People) -> tuple[Any, ...]:
    """Parties: slowest member, size, pace on flat and steps, width, depth, ready time, members."""
    near = np.flatnonzero(people.node >= 0)
    household = _codes(people.household_id[near])
    can_step = (people.speed_up[near] > 0) & (people.speed_down[near] > 0)
    speed = people.speed_flat[near]
    order = np.lexsort(
        (
            people.offset[near],
            people.node[near],
            steps_speed(people.speed_up[near], people.speed_down[near]),
            speed,
            can_step,
            household,
        )
    )
    near, household = near[order], household[order]
    x, y = _metres(people, near)
    limits = tables().limits
    # Each round makes one party of each household that has members left, slowest first.
    leader = np.full(len(near), -1)
    away = np.zeros(len(near))
    rest = np.arange(len(near))
    while len(rest):
        begins = np.r_[True, household[rest][1:] != household[rest][:-1]]
        head = rest[begins][np.cumsum(begins) - 1]
        apart = np.hypot(x[rest] - x[head], y[rest] - y[head])
        with_head = apart <= limits["party_distance"]
        leader[rest[with_head]] = head[with_head]
        away[rest[with_head]] = apart[with_head]
        rest = rest[~with_head]

    # Parties are numbered by their first member in the people's order.
    party_key = near[leader] if len(near) else near
    person = np.argsort(near)
    _, seen, inverse = np.unique(party_key[person], return_index=True, return_inverse=True)
    rank = np.empty(len(seen), dtype=np.int64)
    rank[np.argsort(seen)] = np.arange(len(seen))
    party = np.empty(len(near), dtype=np.int64)
    party[person] = rank[inverse.ravel()]
    n = len(seen)
    by_party = np.argsort(party, kind="stable")
    starts = np.searchsorted(party[by_party], np.arange(n))
    members = near[by_party]

    def least(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.minimum.reduceat(values[members], starts) if n else np.empty(0)

    def most(values: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.maximum.reduceat(values, starts) if n else np.empty(0)

    size = np.bincount(party, minlength=n).astype(np.int32)
    factor = group_factor(size)
    first = np.empty(n, dtype=np.int32)
    first[party] = near[leader] if n else near
    flat = least(people.speed_flat) * factor
    steps = steps_speed(least(people.speed_up), least(people.speed_down)) * factor
    walk = away[by_party] * limits["meeting_detour"] / people.speed_flat[members]
    to_node = people.distance[first] + people.offset[first]
    ready = most(people.ready_time[members] + walk) + to_node / flat
    party_of_person = np.full(len(people), -1, dtype=np.int32)
    party_of_person[near] = party
    split = int((np.bincount(household[leader == np.arange(len(near))]) > 1).sum()) if n else 0
    width = most(people.min_width[members])
    depth = least(people.depth_limit)
    return first, size, flat, steps, width, depth, ready, party_of_person, split


def _codes(values: NDArray[Any]) -> NDArray[np.int64]:
    table: dict[Any, int] = {}
    return np.array([table.setdefault(value, len(table)) for value in values.tolist()], np.int64)


def _metres(
    people: People, near: NDArray[np.int64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    if not len(near):
        return np.empty(0), np.empty(0)
    lon, lat = people.lon[near], people.lat[near]
    middle = float((lon.min() + lon.max()) / 2), float((lat.min() + lat.max()) / 2)
    return to_metres(lon, lat, middle)
