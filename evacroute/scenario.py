"""A scenario: who is where, where they can go, and by when."""

from __future__ import annotations

from collections.abc import Sequence
from copy import copy
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._setting_out import Setting, Starts, set_out, starts
from evacroute.boats import Boats
from evacroute.class_bins import ClassBins, bin_classes
from evacroute.errors import Faults, InputError
from evacroute.hazards import Hazard, LinkTimes, Tide, as_hazards, hot_from, wades
from evacroute.hazards.flood import check_one_flood
from evacroute.hazards.known_tide import tide_of
from evacroute.network import Network
from evacroute.people import Classes, Groups, People
from evacroute.shelters import Shelters
from evacroute.units import seconds


@dataclass(frozen=True, slots=True, eq=False)
class Scenario:
    """Network, people, shelters, hazards and the deadline: one evacuation to plan.

    Parameters
    ----------
    network
        The streets.
    people
        Persons (`People`), or `Groups` with their ``classes``.
    shelters
        Where people can be safe. Whose door a fire makes hot before the deadline takes nobody.
    classes
        Classes of the groups; with persons they are made here.
    deadline
        When everyone must be safe, from the alarm [s, or text such as "45 min"].
    hazard
        What makes streets slower or closes them while people walk: one hazard, several, or None.
        What several do is multiplied.
    boats
        Timetable of boats on the network's ferry links, or None. Rides under bridges that a flood's
        tide makes too low are not made: ``made`` says which are, ``rides`` holds them alone.
    max_classes
        At most so many classes are made of persons.
    ready_step
        Ready times of persons are rounded up to this when they are grouped [s]; each person keeps
        their own in the results.

    Raises
    ------
    InputError
        If a node or class does not exist, classes are missing for groups, the deadline is not
        more than 0, or the hazard is none (then a HazardError).

    Examples
    --------
    >>> import evacroute as er
    >>> network, shelters = er.lagoon_network(), er.lagoon_shelters()
    >>> people = er.synthesize_people(network, 300)
    >>> scenario = er.Scenario(network, people, shelters, deadline="45 min")
    >>> scenario.persons, scenario.deadline_s, scenario.hazard
    (300, 2700.0, None)
    """

    network: Network
    people: People | Groups
    shelters: Shelters
    classes: Classes | None = field(default=None, kw_only=True)
    deadline: float | str = field(default=5400.0, kw_only=True)
    hazard: Hazard | Sequence[Hazard] | None = field(default=None, kw_only=True)
    boats: Boats | None = field(default=None, kw_only=True)
    max_classes: int = field(default=12, kw_only=True)
    ready_step: float = field(default=10.0, kw_only=True)
    gathered: Groups = field(init=False)
    groups: Groups = field(init=False)
    group_of_person: NDArray[np.int32] | None = field(init=False)
    bins: ClassBins | None = field(init=False)
    link_times: LinkTimes = field(init=False)
    rides: Boats | None = field(init=False)
    made: NDArray[np.bool_] | None = field(init=False)
    setting: Setting = field(init=False)
    cut_off: NDArray[np.bool_] = field(init=False)
    all_shelters: Shelters = field(init=False)
    hot_from: NDArray[np.float64] = field(init=False)

    def __post_init__(self) -> None:
        put = object.__setattr__
        put(self, "deadline", seconds(self.deadline, "deadline"))
        put(self, "ready_step", seconds(self.ready_step, "ready_step"))
        if isinstance(self.people, People):
            if self.classes is not None:
                raise InputError("classes are made from persons; give classes only with groups")
            bins = bin_classes(
                self.people, max_classes=self.max_classes, by_depth=wades(as_hazards(self.hazard))
            )
            put(self, "bins", bins)
            put(self, "classes", bins.classes)
            put(self, "link_times", self._resolve())
            begin = starts(self.people, bins, self.network, self.link_times, self.deadline_s)
            groups, group_of_person = _group(bins, begin, self.ready_step)
            put(self, "groups", groups)
            put(self, "group_of_person", group_of_person)
        else:
            if self.classes is None:
                raise InputError("groups need their classes: Scenario(..., classes=...)")
            put(self, "groups", self.people)
            put(self, "group_of_person", None)
            put(self, "bins", None)
        put(self, "gathered", self.groups)
        put(self, "all_shelters", self.shelters)
        self._check()
        if not isinstance(self.people, People):
            put(self, "link_times", self._resolve())
        self._happen()

    def _happen(self) -> None:
        """Find what the hazards do to boats, shelters and those who set out."""
        put = object.__setattr__
        self._set_rides()
        hot = hot_from(
            as_hazards(self.hazard), self.network, self.all_shelters.node, self.deadline_s
        )
        put(self, "hot_from", hot)
        put(self, "shelters", _cool(self.all_shelters, hot >= self.deadline_s))
        groups = self.gathered
        setting = set_out(
            groups.walks, groups.class_[groups.walks.group], self.network, self.link_times,
            len(self.group_classes), self.deadline_s,
        )  # fmt: skip
        put(self, "setting", setting)
        put(self, "cut_off", setting.cut_off(groups))
        there = setting.at_node(groups)
        later = there > groups.ready_time + 1e-6
        if later.any():
            ready = np.where(later, _rounded_up(there, self.ready_step), groups.ready_time)
            groups = replace(groups, ready_time=ready)
        put(self, "groups", groups)

    def _resolve(self) -> LinkTimes:
        check_one_flood(as_hazards(self.hazard))
        parts = [
            one.link_times(self.network, self.group_classes, self.deadline_s)
            for one in as_hazards(self.hazard)
        ]
        return LinkTimes.joined(parts)

    def with_hazard(self, hazard: Hazard | Sequence[Hazard] | None) -> Scenario:
        """Give the same evacuation with another hazard in place of its own.

        People, groups and classes stay as they are, so that one plan can be tried in both; persons
        are not gathered anew, even where the new hazard asks how deep they can wade, and leave
        their street by the same end. Their walk to it may take longer, or cut them off. Boats run
        that the new hazard does not bar.

        Parameters
        ----------
        hazard
            One hazard, several, or None.

        Returns
        -------
        Scenario
            A new one; this one stays as it is.

        Raises
        ------
        HazardError
            If the hazard is none, or does not fit the network.

        Examples
        --------
        >>> import evacroute as er
        >>> scenario = er.lagoon(people=300)
        >>> closed = er.LinkTimes([0], [-1], [0.0], [float("inf")], [0.0])
        >>> len(scenario.link_times), len(scenario.with_hazard(closed).link_times)
        (0, 1)
        """
        other = copy(self)
        object.__setattr__(other, "hazard", hazard)
        object.__setattr__(other, "link_times", other._resolve())
        other._happen()
        return other

    def gathered_as(self, other: Scenario) -> Scenario:
        """Give this scenario with the groups that another has made of the same people.

        Parameters
        ----------
        other
            A scenario of the same people and streets.

        Returns
        -------
        Scenario
            With the other's groups and classes.
        """
        if self.gathered is other.gathered:
            return self
        made = copy(self)
        for name in ("gathered", "group_of_person", "bins"):
            object.__setattr__(made, name, getattr(other, name))
        made._happen()
        return made

    def _set_rides(self) -> None:
        """Find the rides that are made: those that no tide bars."""
        put = object.__setattr__
        put(self, "made", None)
        put(self, "rides", None)
        if self.boats is None:
            return
        self.boats.check(self.network)
        boats, tide = self.boats, np.full(len(self.boats), -np.inf)
        low = np.flatnonzero(np.isfinite(boats.max_tide) & (boats.arrive_s <= self.deadline_s))
        for one in as_hazards(self.hazard):
            level = getattr(one, "level", None)
            if level is not None:
                times = zip(boats.leave_s[low], boats.arrive_s[low], strict=True)
                levels = [level(begin, end) for begin, end in times]
                tide[low] = np.maximum(tide[low], levels)
        made = ~boats.barred(tide)
        made.flags.writeable = False
        put(self, "made", made)
        put(self, "rides", boats if made.all() else boats.take(made))

    def _check(self) -> None:
        faults = Faults("scenario")
        assert self.classes is not None  # for the type checker: set above on both ways
        n, k = self.network.n_nodes, len(self.classes)
        groups, shelters = self.groups, self.shelters
        for i in np.flatnonzero(groups.node >= n):
            faults.add(f"group {groups.group_id[i]}: node {groups.node[i]} is not in the network")
        for i in np.flatnonzero(groups.class_ >= k):
            faults.add(f"group {groups.group_id[i]}: class {groups.class_[i]}, only {k} exist")
        for i in np.flatnonzero(shelters.node >= n):
            node = shelters.node[i]
            faults.add(f"shelter {shelters.shelter_id[i]}: node {node} is not in the network")
        faults.raise_if_any(InputError)

    @property
    def deadline_s(self) -> float:
        """Deadline [s after the alarm]."""
        return float(self.deadline)

    @property
    def tide(self) -> Tide | None:
        """Highest of the hazards' tides; None where there is none, or no series tells of it."""
        return tide_of(as_hazards(self.hazard))

    @property
    def group_classes(self) -> Classes:
        """The classes, given or made."""
        assert self.classes is not None
        return self.classes

    @property
    def persons(self) -> int:
        """Number of persons, those set aside by the loader included."""
        return len(self.people) if isinstance(self.people, People) else self.groups.persons

    def classes_frame(self) -> pd.DataFrame:
        """List the classes that have a name to be weighted by, with how many people are in each.

        Returns
        -------
        DataFrame
            As `Classes.frame` says, the most vulnerable class first.

        Examples
        --------
        >>> import evacroute as er
        >>> table = er.lagoon(people=300).classes_frame()
        >>> int(table["persons"].sum()), bool(table["uses_steps"].iloc[0])
        (300, False)
        """
        classes, groups = self.group_classes, self.groups
        return classes.frame(
            np.bincount(groups.class_, weights=groups.size, minlength=len(classes))
        )

    def __repr__(self) -> str:
        return (
            f"Scenario({self.persons} people in {len(self.groups)} groups and "
            f"{len(self.group_classes)} classes, {len(self.shelters)} shelters, "
            f"deadline {self.deadline_s / 60:g} min)"
        )


def _cool(shelters: Shelters, cool: NDArray[np.bool_]) -> Shelters:
    """Give the shelters with no room in those that get hot."""
    if cool.all():
        return shelters
    return replace(
        shelters, capacity=np.where(cool, shelters.capacity, 0),
        step_free_capacity=np.where(cool, shelters.step_free_capacity, 0),
    )  # fmt: skip


def _rounded_up(time: NDArray[np.float64], step: float) -> NDArray[np.float64]:
    return np.asarray(np.ceil(np.round(time / step, 9)) * step)


def _group(bins: ClassBins, begin: Starts, step: float) -> tuple[Groups, NDArray[np.int32]]:
    """Gather parties into groups: households stay whole, persons alone join their likes.

    The party's ready time is that of its last member at the start node, rounded up. Whoever a
    hazard cuts off is in no group with others, nor are people of different streets.
    """
    n_parties = len(bins.node)
    size = np.bincount(bins.party_of_person[bins.party_of_person >= 0], minlength=n_parties)
    ready = _rounded_up(begin.ready, step)
    whole = size > 1
    # A household is its own group: a running number keeps it apart from its likes.
    apart = np.where(whole, np.arange(n_parties) + 1, 0)
    whole_ready = np.rint(ready).astype(np.int64)
    key = np.column_stack(
        [begin.node, bins.class_of_party, whole_ready, apart, begin.street, begin.cut_off]
    )
    unique, first, group_of_party = np.unique(key, axis=0, return_index=True, return_inverse=True)
    group_of_party = group_of_party.ravel()
    groups = Groups(
        group_id=np.array([f"G{i}" for i in range(len(unique))], dtype=object),
        node=unique[:, 0].astype(np.int32),
        class_=unique[:, 1].astype(np.int32),
        ready_time=ready[first],
        size=np.bincount(group_of_party, weights=size, minlength=len(unique)).astype(np.int32),
        together=whole[first],
        walks=replace(begin.walks, group=group_of_party[begin.walks.group].astype(np.int32)),
    )
    of_person = np.full(len(bins.party_of_person), -1, np.int32)
    near = bins.party_of_person >= 0
    of_person[near] = group_of_party[bins.party_of_person[near]]
    of_person.flags.writeable = False
    return groups, of_person
