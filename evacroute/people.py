"""People as the assigner and the reports see them: persons, classes of alike walkers, groups."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, PeopleError
from evacroute.network import FERRY, Network
from evacroute.reports import LoadReport

SPACE_PARTS = 64
"""Street space is counted in so many parts of a person's: a power of two, for exact sums."""

DEPTH, DEPTH_STEP_FREE = 0.9, 0.15
"""Deepest water of adults and of wheelchairs [m] (data/capability/passability.csv, assumption)."""


@dataclass(frozen=True, slots=True, eq=False)
class Classes:
    """Bins of people who walk alike.

    Parameters
    ----------
    class_id
        Unique ids, shape (n_classes,).
    speed_flat
        Speed on the level [m/s], shape (n_classes,), > 0.
    speed_steps
        Speed along a link with steps [m/s], shape (n_classes,); 0 = cannot use steps. A class that
        cannot use steps is step-free: it takes step-free places in shelters.
    min_width
        Narrowest way the class can pass [m], shape (n_classes,), >= 0.
    space
        Persons' worth of street that each person takes, shape (n_classes,), 1 to 10; 1 by default.
    depth_limit
        Deepest still water that everyone of the class can wade [m], shape (n_classes,), >= 0; by
        default, and where it is NaN, ``DEPTH_STEP_FREE`` where the class cannot use steps, else
        ``DEPTH``.
    depth_most
        Deepest that anybody of the class can wade [m], shape (n_classes,); by default the limit.
        More than it where the class gathers people who differ, as no flood asked to keep them
        apart.
    depth_assumed
        Whether the limit was not given but assumed, shape (n_classes,).

    Examples
    --------
    >>> import evacroute as er
    >>> classes = er.Classes(
    ...     class_id=["walks", "wheelchair"],
    ...     speed_flat=[1.3, 0.8],
    ...     speed_steps=[0.6, 0.0],
    ...     min_width=[0.5, 0.8],
    ... )
    >>> classes.step_free, classes.depth_limit
    (array([False,  True]), array([0.9 , 0.15]))
    >>> seconds = classes.walk_seconds(er.lagoon_network())
    >>> int((seconds[1] == float("inf")).sum()) > int((seconds[0] == float("inf")).sum())
    True
    """

    class_id: NDArray[Any]
    speed_flat: NDArray[np.float64]
    speed_steps: NDArray[np.float64]
    min_width: NDArray[np.float64]
    space: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    depth_limit: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    depth_most: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    depth_assumed: NDArray[np.bool_] = field(default_factory=lambda: np.empty(0, bool))

    def __post_init__(self) -> None:
        if not np.size(self.space):
            object.__setattr__(self, "space", np.ones(len(self.class_id)))
        self._fill_depths()
        columns: dict[str, Any] = {
            "class_id": object,
            "speed_flat": np.float64,
            "speed_steps": np.float64,
            "min_width": np.float64,
            "space": np.float64,
            "depth_limit": np.float64,
            "depth_most": np.float64,
            "depth_assumed": np.bool_,
        }
        freeze(self, columns, len(self.class_id), PeopleError)
        faults = Faults("classes")
        if len(set(self.class_id.tolist())) != len(self.class_id):
            faults.add("class_id is not unique")
        for i, name in enumerate(self.class_id):
            if not (0 < self.speed_flat[i] < 10):
                speed = self.speed_flat[i]
                faults.add(f"class {name}: speed_flat is {speed} m/s, expected > 0 and < 10")
            if not (0 <= self.speed_steps[i] < 10):
                speed = self.speed_steps[i]
                faults.add(f"class {name}: speed_steps is {speed} m/s, expected >= 0 and < 10")
            if not (0 <= self.min_width[i] < 10):
                width = self.min_width[i]
                faults.add(f"class {name}: min_width is {width} m, expected >= 0 and < 10")
            if not (1 <= self.space[i] <= 10):
                faults.add(f"class {name}: space is {self.space[i]}, expected 1 to 10")
            if not (0 <= self.depth_limit[i] <= 10):
                limit = self.depth_limit[i]
                faults.add(f"class {name}: depth_limit is {limit} m, expected 0 to 10")
            if not (self.depth_limit[i] <= self.depth_most[i] <= 10):
                faults.add(
                    f"class {name}: depth_most is {self.depth_most[i]} m, expected from its "
                    f"depth_limit of {self.depth_limit[i]:g} m to 10"
                )
        faults.raise_if_any(PeopleError)

    def _fill_depths(self) -> None:
        """Assume limits that are not given."""
        n = len(self.class_id)
        given = np.asarray(self.depth_limit if np.size(self.depth_limit) else np.full(n, np.nan))
        if np.isnan(given).any():
            wades = np.where(np.asarray(self.speed_steps) == 0, DEPTH_STEP_FREE, DEPTH)
            object.__setattr__(self, "depth_limit", np.where(np.isnan(given), wades, given))
        if not np.size(self.depth_assumed):
            object.__setattr__(self, "depth_assumed", np.isnan(given))
        if not np.size(self.depth_most):
            object.__setattr__(self, "depth_most", self.depth_limit)

    def __len__(self) -> int:
        return len(self.class_id)

    @property
    def step_free(self) -> NDArray[np.bool_]:
        """Which classes cannot use steps, shape (n_classes,)."""
        return np.asarray(self.speed_steps == 0)

    @property
    def rank(self) -> NDArray[np.int64]:
        """Place of each class in the order of who counts as most vulnerable, 0 = first.

        Those who cannot use steps come before the others, then the slowest first.
        """
        rank: NDArray[np.int64] = np.empty(len(self), np.int64)
        rank[np.lexsort((self.speed_flat, ~self.step_free))] = np.arange(len(self))
        return rank

    def frame(self, persons: NDArray[Any]) -> pd.DataFrame:
        """List the classes, the most vulnerable first.

        Parameters
        ----------
        persons
            Persons of each class, shape (n_classes,).

        Returns
        -------
        DataFrame
            class_id, persons, speed_flat and speed_steps [m/s, 0 = cannot use steps], uses_steps,
            min_width [m], space [persons], depth_limit [m].
        """
        frame = pd.DataFrame(
            {
                "class_id": self.class_id,
                "persons": np.asarray(persons).astype(np.int64),
                "speed_flat": self.speed_flat,
                "speed_steps": self.speed_steps,
                "uses_steps": ~self.step_free,
                "min_width": self.min_width,
                "space": self.space,
                "depth_limit": self.depth_limit,
            }
        )
        return frame.iloc[np.argsort(self.rank)].reset_index(drop=True)

    def walk_seconds(self, network: Network) -> NDArray[np.float64]:
        """Seconds to walk each link, shape (n_classes, n_links); inf where the class cannot.

        A class cannot use a link with steps if its steps speed is 0, one narrower than its
        ``min_width``, one said to be impassable for wheelchairs if it is step-free, nor a ferry.

        Parameters
        ----------
        network
            The streets.

        Returns
        -------
        ndarray
            Seconds without a crowd, hazards or boats.
        """
        stepped = network.steps > 0
        speed = np.where(stepped, self.speed_steps[:, None], self.speed_flat[:, None])
        barred = (
            (speed == 0)
            | (network.width < self.min_width[:, None])
            | (self.step_free[:, None] & (network.wheelchair == -1))
            | (network.kind == FERRY)
        )
        return np.where(barred, np.inf, network.length / np.where(barred, 1.0, speed))

    def equals(self, other: object) -> bool:
        """Whether the other holds equal classes.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than classes.
        """
        return equal_arrays(self, other)


@dataclass(frozen=True, slots=True, eq=False)
class FirstWalks:
    """Walks of persons from where they stand on a link to its end, where their group starts.

    All arrays have shape (n_walks,), one row a party (a person alone, or those who go together).

    Parameters
    ----------
    group
        Position of the party's group.
    link
        The link, in the direction of the walk.
    metres
        How much of it they walk [m], > 0.
    speed
        The party's own speed there [m/s], > 0.
    ready
        When the party can set out on the link [s after the alarm], >= 0.
    """

    group: NDArray[np.int32]
    link: NDArray[np.int32]
    metres: NDArray[np.float64]
    speed: NDArray[np.float64]
    ready: NDArray[np.float64]

    def __post_init__(self) -> None:
        number = ("metres", "speed", "ready")
        columns: dict[str, Any] = {"group": np.int32, "link": np.int32}
        freeze(self, columns | dict.fromkeys(number, np.float64), len(self.group), PeopleError)
        faults = Faults("first walks")
        for i in np.flatnonzero((self.group < 0) | (self.link < 0)):
            faults.add(f"row {i}: group {self.group[i]}, link {self.link[i]}, expected positions")
        for name in number:
            values = getattr(self, name)
            enough = values >= 0 if name == "ready" else values > 0
            for i in np.flatnonzero(~(np.isfinite(values) & enough)):
                faults.add(f"row {i}: {name} is {values[i]}, expected more than 0")
        faults.raise_if_any(PeopleError)

    def __len__(self) -> int:
        return len(self.group)

    @classmethod
    def none(cls) -> FirstWalks:
        """Everyone stands at a node."""
        return cls(*([np.empty(0)] * 5))  # type: ignore[arg-type]

    @classmethod
    def joined(cls, parts: Sequence[FirstWalks]) -> FirstWalks:
        """All rows of several, which speak of the same groups."""
        return cls(
            *(np.concatenate([getattr(part, f.name) for part in parts]) for f in fields(cls))
        )

    def take(self, some: NDArray[np.int64], group: NDArray[Any]) -> FirstWalks:
        """Take some rows, with the groups given for them."""
        return FirstWalks(
            group, self.link[some], self.metres[some], self.speed[some], self.ready[some]
        )

    def equals(self, other: object) -> bool:
        """Whether the other holds equal walks in the same order."""
        return equal_arrays(self, other)


@dataclass(frozen=True, slots=True, eq=False)
class Groups:
    """People who share node, class and ready time.

    Parameters
    ----------
    group_id
        Unique ids, shape (n_groups,).
    node
        Node positions where they start, shape (n_groups,).
    class_
        Positions in the classes, shape (n_groups,).
    ready_time
        When they can leave [s after the alarm], shape (n_groups,), >= 0.
    size
        Persons, shape (n_groups,), >= 1.
    together
        True where the group moves as one (a household), shape (n_groups,).
    walks
        Walks to the node of those who stand part-way on a link; they end by the ready time.

    Examples
    --------
    >>> import evacroute as er
    >>> groups = er.Groups(
    ...     group_id=["A", "B"],
    ...     node=[0, 7],
    ...     class_=[0, 1],
    ...     ready_time=[0.0, 120.0],
    ...     size=[40, 2],
    ...     together=[False, True],
    ... )
    >>> groups.persons, groups.as_one([0, 1], [40, 2])
    (42, array([1, 2], dtype=int32))
    """

    group_id: NDArray[Any]
    node: NDArray[np.int32]
    class_: NDArray[np.int32]
    ready_time: NDArray[np.float64]
    size: NDArray[np.int32]
    together: NDArray[np.bool_]
    walks: FirstWalks = field(default_factory=FirstWalks.none)

    def __post_init__(self) -> None:
        columns: dict[str, Any] = {
            "group_id": object,
            "node": np.int32,
            "class_": np.int32,
            "ready_time": np.float64,
            "size": np.int32,
            "together": np.bool_,
        }
        freeze(self, columns, len(self.group_id), PeopleError)
        faults = Faults("groups")
        if len(set(self.group_id.tolist())) != len(self.group_id):
            faults.add("group_id is not unique")
        ready = self.ready_time
        for i in np.flatnonzero(~(np.isfinite(ready) & (ready >= 0))):
            faults.add(f"group {self.group_id[i]}: ready_time is {ready[i]} s, expected >= 0")
        for i in np.flatnonzero(self.size < 1):
            faults.add(f"group {self.group_id[i]}: size is {self.size[i]}, expected >= 1")
        for i in np.flatnonzero((self.node < 0) | (self.class_ < 0)):
            faults.add(f"group {self.group_id[i]}: node or class is unknown")
        for i in np.flatnonzero(self.walks.group >= len(self.group_id)):
            faults.add(f"first walk {i}: group {self.walks.group[i]} does not exist")
        faults.raise_if_any(PeopleError)

    def __len__(self) -> int:
        return len(self.group_id)

    @property
    def persons(self) -> int:
        """Number of persons in all groups."""
        return int(self.size.sum())

    def as_one(self, group: NDArray[Any], size: NDArray[Any]) -> NDArray[np.int32]:
        """Count persons who go as one of so many of some groups, which is 1 but for households.

        Parameters
        ----------
        group
            Positions of groups, shape (n,).
        size
            How many persons of each, shape (n,).

        Returns
        -------
        ndarray of int32
            ``size`` where the group moves as one, else 1, shape (n,).
        """
        return np.where(self.together[group], size, 1).astype(np.int32)

    def equals(self, other: object) -> bool:
        """Whether the other holds equal groups.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than groups.
        """
        return (
            isinstance(other, Groups)
            and self.walks.equals(other.walks)
            and equal_arrays(self, other, skip=("walks",))
        )


@dataclass(frozen=True, slots=True, eq=False)
class People:
    """Persons with their own figures, snapped to the network.

    Made by `read_people` or `synthesize_people`; all arrays have shape (n_people,).

    Parameters
    ----------
    person_id, household_id
        Ids, text; a person alone has a household of their own.
    lon, lat
        Where the person is [degrees].
    age
        Years, NaN where unknown.
    sex
        "F", "M" or "" where unknown.
    mobility
        Word of ``capability.MOBILITIES``.
    ready_time
        When the person can leave where they stand [s after the alarm].
    helpers
        People who help this person beside the household.
    speed_flat, speed_up, speed_down
        The person's own speeds [m/s], alone; up or down is 0 where the person cannot use steps.
    min_width
        Narrowest way the person can pass [m].
    depth_limit
        Deepest water the person can wade [m].
    link
        Position of the link the person stands at, -1 where none is near enough.
    along
        Distance from the link's from_node to the point [m].
    node
        Position of the node where their way starts, -1 where no link is near enough.
    offset
        Walk from the point to that node along the link [m].
    distance
        From the person's position to the nearest point of a walkable link [m].
    report
        What the loader counted.

    Examples
    --------
    >>> import evacroute as er
    >>> people = er.lagoon(people=300).people
    >>> len(people), len(set(people.household_id.tolist()))
    (300, 134)
    >>> uses_steps = people.speed_up > 0
    >>> 0 < int((~uses_steps).sum()) < 300
    True
    """

    person_id: NDArray[Any]
    household_id: NDArray[Any]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    age: NDArray[np.float64]
    sex: NDArray[Any]
    mobility: NDArray[Any]
    ready_time: NDArray[np.float64]
    helpers: NDArray[np.int16]
    speed_flat: NDArray[np.float64]
    speed_up: NDArray[np.float64]
    speed_down: NDArray[np.float64]
    min_width: NDArray[np.float64]
    depth_limit: NDArray[np.float64]
    link: NDArray[np.int32]
    along: NDArray[np.float64]
    node: NDArray[np.int32]
    offset: NDArray[np.float64]
    distance: NDArray[np.float64]
    report: LoadReport | None = field(default=None)

    def __post_init__(self) -> None:
        text = dict.fromkeys(("person_id", "household_id", "sex", "mobility"), object)
        number = dict.fromkeys(
            (
                "lon", "lat", "age", "ready_time", "speed_flat", "speed_up", "speed_down",
                "min_width", "depth_limit", "along", "offset", "distance",
            ),
            np.float64,
        )  # fmt: skip
        whole: dict[str, Any] = {"helpers": np.int16, "link": np.int32, "node": np.int32}
        freeze(self, {**text, **number, **whole}, len(self.person_id), PeopleError)

    def __len__(self) -> int:
        return len(self.person_id)

    def equals(self, other: object) -> bool:
        """Whether the other holds equal people (the report is not compared).

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than people.
        """
        return equal_arrays(self, other, skip=("report",))
