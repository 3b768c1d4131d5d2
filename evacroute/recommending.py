"""`recommend`: where one person should go, with honest odds and a reason in words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, fields, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._advice_words import Words
from evacroute._kernels.advice import fill_from
from evacroute._kernels.trips import Outlook, Trips
from evacroute.asking import Asker, Person, Streetwise
from evacroute.assignment import Movements
from evacroute.errors import Faults, InputError, PeopleError
from evacroute.judging import outlook_of, places_left
from evacroute.network import FERRY
from evacroute.people import People
from evacroute.plan import Plan
from evacroute.prices import Prices
from evacroute.recommendation import Barred, Option, Recommendation
from evacroute.scenario import Scenario
from evacroute.scoring.features import COLUMNS, kinds_of, rows_of
from evacroute.scoring.odds import SAFETY_WEIGHT, Odds, find_scorer, odds_of
from evacroute.scoring.scorer import Scorer
from evacroute.scoring.ways import Ways, traced

_ROW = {name: i for i, name in enumerate(COLUMNS)}


@dataclass(slots=True, eq=False)
class Recommender:
    """Answers one person after another: keeps the streets and what is expected on them.

    Parameters
    ----------
    scenario
        Streets, shelters, hazards and people.
    known
        A plan of the scenario: its load on streets, doors and shelters is what is expected. Or
        prices, of which those of shelters are used: then nothing is known of the load. Or None.
    scorer
        A ``Scorer``, the path of its folder, or None for the one that ships.
    safety_weight
        Seconds that a unit of -log of the odds counts for when shelters are ranked.

    Raises
    ------
    InputError
        If the plan or prices are of another instance, the scorer cannot be read or was made for
        other features, or the weight is not a finite number >= 0.

    Examples
    --------
    >>> import evacroute as er
    >>> scenario = er.lagoon(people=300)
    >>> ask = Recommender(scenario, er.assign(scenario))
    >>> x, y = float(scenario.shelters.lon[0]), float(scenario.shelters.lat[0])
    >>> told = ask.recommend({"lon": x, "lat": y, "age": 80, "ready_time_s": 0}, top=3)
    >>> len(told.options) <= 3 and told.options[0].p_safe > 0.5
    True
    """

    scenario: Scenario
    known: Plan | Prices | None = None
    scorer: Scorer | str | None = None
    safety_weight: float = SAFETY_WEIGHT
    expected: Outlook = field(init=False)
    _judge: Scorer = field(init=False)
    _streetwise: Streetwise = field(init=False)
    _price: tuple[NDArray[np.float64], NDArray[np.float64]] = field(init=False)
    _left: NDArray[np.int64] = field(init=False)
    _scratch: tuple[NDArray[np.int64], NDArray[np.float64], NDArray[np.int32]] = field(init=False)

    def __post_init__(self) -> None:
        weight = self.safety_weight
        if not (isinstance(weight, int | float) and 0 <= weight < np.inf):
            raise InputError(f"safety_weight is {weight!r} s, expected a finite number >= 0")
        if not isinstance(self.scenario, Scenario):
            raise InputError(
                f"scenario is {type(self.scenario).__name__}, expected a Scenario; a plan's is "
                "plan.scenario"
            )
        _check_fits(self.scenario, self.known)
        self._judge = find_scorer(self.scorer)
        self._streetwise = Streetwise(self.scenario)
        moves = self.known.movements if isinstance(self.known, Plan) else _nobody()
        self.expected = outlook_of(self.scenario, Ways(self.scenario), moves)
        shelters, network = self.scenario.shelters, self.scenario.network
        self._left = places_left(self.scenario, moves)
        prices = self.known.prices if isinstance(self.known, Plan) else self.known
        none = np.zeros(len(shelters))
        self._price = (none, none) if prices is None else (prices.room, prices.step_free_room)
        self._scratch = (
            np.empty(2 * network.n_links + 64, np.int64),
            np.empty(network.n_nodes),
            np.empty(network.n_nodes, np.int32),
        )

    def recommend(
        self, person: Person | Mapping[str, Any] | str, *, top: int | None = None
    ) -> Recommendation:
        """Rank the shelters for one person.

        Parameters
        ----------
        person
            A `Person`, a mapping of its fields, or the person_id of one of the scenario's persons.
        top
            At most so many options are given; None = all.

        Returns
        -------
        Recommendation
            Options, the best first.

        Raises
        ------
        PeopleError
            If a value is not what it must be, no street that they can use is near, or no person of
            the scenario has the id.
        InputError
            If ``top`` is less than 1.
        """
        if top is not None and (isinstance(top, bool) or not isinstance(top, int) or top < 1):
            raise InputError(f"top is {top!r}, expected a whole number >= 1, or None")
        asker = self._asker(person)
        kit, shelters = asker.kit, self.scenario.shelters
        heap, when, behind = self._scratch
        fill_from(
            kit.streets, kit.class_, asker.pace, asker.pace_steps, asker.node, asker.depart, heap,
            when, behind,
        )  # fmt: skip
        there = when[shelters.node]
        bars = self._bars(asker, np.isinf(there))
        some = np.flatnonzero([bar is None for bar in bars])
        trips = self._as_planned(asker, self._trips(asker, some, behind))
        rows = rows_of(kit.streets, self.expected, trips, kit.classes)
        kind = kinds_of(kit.classes, trips.class_, trips.size, trips.wait, asker.pace)
        odds = odds_of(self._judge, rows, kind, trips.depart)
        words = Words(
            self.scenario, self.expected, asker, trips, rows, there, bars,
            self._prices(asker, some), self._planned(asker),
        )  # fmt: skip
        in_doubt = ~odds.is_safe
        # No odds make up for a street that closes before they are through, and those of streets
        # without load advise nobody.
        knows_load = isinstance(self.known, Plan)
        odds = replace(odds, is_safe=odds.is_safe & ~words.closes & knows_load)
        cost = odds.q50 - asker.depart + self._prices(asker, some)
        cost += self.safety_weight * odds.dread
        # A plan holds if those who have a place in it go there.
        order = np.lexsort((cost, some != self._planned(asker), ~odds.is_safe))
        order = _shortened(order, some[order] == self._planned(asker), top)
        options = tuple(
            self._option(i, some, trips, rows, odds, cost, words, bool(in_doubt[i])) for i in order
        )
        barred = tuple(
            Barred(str(shelters.shelter_id[s]), str(shelters.name[s]), bar)
            for s, bar in enumerate(bars)
            if bar is not None
        )
        return Recommendation(options, barred, (*asker.notes, *self._notes()))

    def _asker(self, person: Person | Mapping[str, Any] | str) -> Asker:
        if isinstance(person, Person):
            return self._streetwise.place(person)
        if isinstance(person, Mapping):
            return self._streetwise.place(Person.of(person))
        if isinstance(person, str):
            return self._of_scenario(person)
        raise PeopleError(
            f"person is {type(person).__name__} {str(person)[:40]!r}, expected a mapping of "
            "lon, lat and more, a Person, or a person_id"
        )

    def _of_scenario(self, person_id: str) -> Asker:
        """Find one of the scenario's persons, at their own pace where it is known."""
        scenario, people = self.scenario, self.scenario.people
        roster = self.known.roster if isinstance(self.known, Plan) else None
        if isinstance(people, People):
            ids, group_of = people.person_id, scenario.group_of_person
        elif roster is not None:
            ids, group_of = roster.person_id, roster.group
        else:
            raise PeopleError(f"person {person_id!r}: the scenario has groups, no persons")
        at = np.flatnonzero(ids == person_id)
        if not len(at) or group_of is None:
            raise PeopleError(f"person {person_id!r}: is not among the scenario's persons")
        i = int(at[0])
        g = int(group_of[i])
        if g < 0 or scenario.cut_off[g]:
            why = "no street that they can use is near" if g < 0 else "a hazard cuts them off"
            raise PeopleError(f"person {person_id!r}: {why}")
        groups, classes, bins = scenario.groups, scenario.group_classes, scenario.bins
        k = int(groups.class_[g])
        pace = pace_steps = 1.0
        if bins is not None:
            party = bins.party_of_person[i : i + 1]
            pace, pace_steps = bins.paces(party, classes, np.array([k]))[0].tolist()
        movement = -1
        if roster is not None:
            rank = np.flatnonzero(roster.person_id == person_id)
            movement = int(roster.movement[rank[0]]) if len(rank) else -1
        size = int(groups.size[g]) if groups.together[g] else 1
        return Asker(
            self._streetwise.own(k), int(groups.node[g]), float(groups.ready_time[g]), size, pace,
            pace_steps, movement,
        )  # fmt: skip

    def _bars(self, asker: Asker, no_way: NDArray[np.bool_]) -> list[str | None]:
        """Say why each shelter is out of the question, None where it is not."""
        shelters = self.scenario.shelters
        step_free = bool(asker.kit.classes.step_free[asker.kit.class_])
        room, free = self._left.copy()
        mine = self._planned(asker)
        if mine >= 0:
            room[mine] += asker.size
            free[mine] += asker.size
        closed = shelters.capacity == 0
        full = room < asker.size
        scarce = (free < asker.size) & step_free
        way = "no step-free way" if step_free else "no way"
        if len(self.scenario.link_times):
            way += " that stays open until they have passed"
        size = f" for {asker.size}" if asker.size > 1 else ""
        bars: list[str | None] = [None] * len(shelters)
        for s in np.flatnonzero(closed | no_way | full | scarce).tolist():
            if closed[s]:
                bars[s] = "closed"
            elif no_way[s]:
                bars[s] = way
            else:
                bars[s] = f"no room{size}" if full[s] else f"no step-free place left{size}"
        return bars

    def _trips(self, asker: Asker, some: NDArray[np.int64], behind: NDArray[np.int32]) -> Trips:
        """Make the trips to some shelters."""
        n = len(some)
        ptr, link = traced(asker.kit.streets, behind, self.scenario.shelters.node[some])
        return Trips(
            ptr=ptr,
            link=link,
            class_=np.full(n, asker.kit.class_, np.int32),
            pace=np.full(n, asker.pace),
            pace_steps=np.full(n, asker.pace_steps),
            size=np.full(n, asker.size, np.int32),
            depart=np.full(n, asker.depart),
            deadline=np.full(n, self.scenario.deadline_s),
            shelter=some.astype(np.int32),
            wait=np.full(n, np.nan),
        )

    def _as_planned(self, asker: Asker, trips: Trips) -> Trips:
        """Put the plan's own way and times where the plan has a place for them.

        Not where it takes a boat, of which the odds know nothing.
        """
        at = np.flatnonzero(trips.shelter == self._planned(asker))
        if not len(at) or not isinstance(self.known, Plan):
            return trips
        i, own = int(at[0]), self.known.movements.take(np.array([asker.movement]))
        if (self.scenario.network.kind[own.leg_link] == FERRY).any():
            return trips
        first, last = int(trips.ptr[i]), int(trips.ptr[i + 1])
        ptr = trips.ptr.copy()
        ptr[i + 1 :] += len(own.leg_link) - (last - first)
        depart, wait = trips.depart.copy(), trips.wait.copy()
        depart[i], wait[i] = own.depart[0], own.waits[0]
        link = np.concatenate([trips.link[:first], own.leg_link, trips.link[last:]])
        return trips._replace(ptr=ptr, link=link.astype(np.int32), depart=depart, wait=wait)

    def _planned(self, asker: Asker) -> int:
        """Give the shelter where the plan has a place for them, -1 = none."""
        if asker.movement < 0 or not isinstance(self.known, Plan):
            return -1
        return int(self.known.movements.shelter[asker.movement])

    def _prices(self, asker: Asker, some: NDArray[np.int64]) -> NDArray[np.float64]:
        """Price of a place for each of some shelters [s]."""
        step_free = bool(asker.kit.classes.step_free[asker.kit.class_])
        return np.asarray(self._price[0][some] + step_free * self._price[1][some])

    def _option(
        self,
        i: int,
        some: NDArray[np.int64],
        trips: Trips,
        rows: NDArray[np.float32],
        odds: Odds,
        cost: NDArray[np.float64],
        words: Words,
        in_doubt: bool,
    ) -> Option:
        shelters, s = self.scenario.shelters, int(some[i])
        return Option(
            shelter=s,
            shelter_id=str(shelters.shelter_id[s]),
            name=str(shelters.name[s]),
            p_safe=float(odds.p_safe[i]),
            is_safe=bool(odds.is_safe[i]),
            q10=float(odds.q10[i]),
            q50=float(odds.q50[i]),
            q90=float(odds.q90[i]),
            depart_s=float(trips.depart[i]),
            walk_s=float(rows[i, _ROW["free_s"]]),
            length_m=float(rows[i, _ROW["length_m"]]),
            route=trips.link[trips.ptr[i] : trips.ptr[i + 1]].copy(),
            cost=float(cost[i]),
            planned=words.planned == s,
            reason=words.reason(i, in_doubt),
        )

    def _notes(self) -> tuple[str, ...]:
        boats: tuple[str, ...] = ()
        if self.scenario.rides is not None and len(self.scenario.rides):
            boats = ("boats are not looked at here, a plan may use them",)
        if isinstance(self.known, Plan):
            return boats
        told = (
            "nothing is known of how many walk where: the odds are those of streets without load, "
            "by which nobody is advised as safe"
        )
        if self.known is not None:
            told += "; of the prices those of shelters count"
        return (*boats, told)


def recommend(
    person: Person | Mapping[str, Any] | str,
    scenario: Scenario,
    known: Plan | Prices | None = None,
    *,
    scorer: Scorer | str | None = None,
    top: int | None = None,
    safety_weight: float = SAFETY_WEIGHT,
) -> Recommendation:
    """Say where one person should go, with odds, times of arrival and reasons.

    Room, widths, steps and closures are hard rules: a shelter that is full, or that no way leads to
    which they can walk while it is open, is no option, and is told apart with the reason. Ways are
    the quickest at their own pace in empty streets, without boats and without waiting for a street
    to open; the odds know of the load expected on them. Who has a place in the plan (asked by
    person_id) is told the plan's own way and times there, before other shelters that are advised as
    safe alike, and in any case. Without a plan nobody is advised as safe, as the load is not known.
    Nothing is booked: who asks one after another is told of the same last place.

    Parameters
    ----------
    person
        A mapping of the fields of `Person` (lon and lat or node_id; optional age, sex, mobility,
        helpers, party_size, ready_time_s), a `Person`, or the person_id of one of the scenario's
        persons.
    scenario
        Streets, shelters, hazards and people.
    known
        A plan of the scenario, or its prices, or None; see `Recommender`, which is quicker where
        many ask.
    scorer
        A ``Scorer``, the path of its folder, or None for the one that ships.
    top
        At most so many options are given; None = all.
    safety_weight
        Seconds that a unit of -log of the odds counts for when shelters are ranked.

    Returns
    -------
    Recommendation
        Options, the best first.

    Raises
    ------
    PeopleError
        If a value of the person is not what it must be, or no street that they can use is near.
    InputError
        If the plan or prices are of another instance, the scorer cannot be read or was made for
        other features, or a number is not allowed.

    Examples
    --------
    >>> import evacroute as er
    >>> scenario = er.lagoon(people=300)
    >>> person = {"node_id": scenario.network.node_id[0], "age": 80}
    >>> told = er.recommend(person, scenario, er.assign(scenario, "nearest"), top=2)
    >>> len(told.options), 0 <= told.best.p_safe <= 1
    (2, True)
    """
    return Recommender(scenario, known, scorer, safety_weight).recommend(person, top=top)


def _shortened(
    order: NDArray[np.int64], is_planned: NDArray[np.bool_], top: int | None
) -> NDArray[np.int64]:
    """Keep the first, and where the plan has a place, which nobody is to lose sight of."""
    if top is None or len(order) <= top or not is_planned[top:].any():
        return order[:top]
    return np.append(order[: top - 1], order[is_planned])


def _nobody() -> Movements:
    none: Any = np.empty(0)
    columns = {field.name: none for field in fields(Movements)}
    return Movements(**{**columns, "leg_ptr": np.zeros(1, np.int64)})


def _check_fits(scenario: Scenario, known: Plan | Prices | None) -> None:
    """Check that a plan or prices are of a scenario."""
    n_links, n_shelters = scenario.network.n_links, len(scenario.shelters)
    n_classes, n_groups = len(scenario.group_classes), len(scenario.groups)
    faults = Faults("plan" if isinstance(known, Plan) else "prices")
    if isinstance(known, Plan):
        theirs = known.scenario
        for what, found, wanted in (
            ("links", theirs.network.n_links, n_links),
            ("shelters", len(theirs.shelters), n_shelters),
            ("classes", len(theirs.group_classes), n_classes),
            ("groups", len(theirs.groups), n_groups),
        ):
            if found != wanted:
                faults.add(f"is of {found} {what}, the scenario has {wanted}")
        ids = scenario.shelters.shelter_id.tolist()
        if not faults.count and theirs.shelters.shelter_id.tolist() != ids:
            faults.add("its shelters are not those of the scenario")
    elif isinstance(known, Prices):
        for fault in known.misfits(n_links, n_shelters, n_classes, n_groups):
            faults.add(fault)
    elif known is not None:
        raise InputError(
            f"known is {type(known).__name__} {str(known)[:40]!r}, expected a Plan, Prices or None"
        )
    faults.raise_if_any()
