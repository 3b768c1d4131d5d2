"""Where one more person a second, or one more place, is worth most: read off the prices."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.analysis.again import part_of, problem_of, solve_again, weights_of
from evacroute.analysis.streets import street_of_link
from evacroute.assignment import Movements, OverTime, Problem, Progress
from evacroute.assignment.capacity_slots import per_slot, street_slots
from evacroute.assignment.problem import with_gates
from evacroute.errors import Faults, InputError
from evacroute.network import KINDS, Network
from evacroute.plan import Plan
from evacroute.prices import Prices
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters
from evacroute.units import seconds

STREET, PLACE, STEP_FREE, DOOR = "street", "place", "step-free place", "door"
"""What there may be more of."""


@dataclass(frozen=True, slots=True, eq=False)
class _More:
    """One thing that could be made larger.

    Parameters
    ----------
    what
        One of the words above.
    where
        The links of the street, or the one shelter.
    saves
        What it saves at most [person-seconds].
    slots
        First and last slot with a price, (-1, -1) for places.
    """

    what: str
    where: NDArray[np.int64]
    saves: float
    slots: tuple[int, int]


def marginal_value(
    plan: Plan,
    n: int | None = 20,
    *,
    person_s: float = 1.0,
    places: int = 1,
    check: int = 0,
    time_limit: float | str | None = None,
    progress: Progress | None = None,
) -> pd.DataFrame:
    """Tell what more capacity would save, street by street and shelter by shelter, at most.

    For every bridge or street, shelter and shelter's door that has a price: by how much the total
    time from ready to safe can fall if ``person_s`` more persons a second may enter (on all its
    links, in both directions), if there were ``places`` more places, or if so many of the places
    there became step-free.

    **What the figures are.** The prices are a subgradient of the proven bound as a function of the
    capacities. With capacity b raised by d, the same prices prove the bound ``value - price x d``,
    so the best plan can save no more than ``price x d`` plus what the plan at hand still lies above
    its bound (its gap). They are upper estimates: exact for the first unit where the prices are the
    only best ones and the gap is 0; a second unit saves no more than the first; two streets in a
    row that are equally tight may each have a price though widening one alone saves nothing. Read
    the other way they are lower estimates: d less costs at least ``price x d`` less the gap.
    Nothing is said of streets that are shut or do not exist, since they have no price, nor of
    people too wide for a street at this step who might pass it if it were larger.

    **Wide persons and ceilings.** Where some class takes more than one person's space, streets are
    counted in 64ths of a person, as on the plan's grid, and prices are for one person's space.
    Under a ceiling on the density a street takes no more than that however much it is enlarged.

    In a plan that leaves people for want of room, a person left counts ``Prices.penalty`` of their
    class: what the last one who is placed costs the others. A place there saves the seconds given
    if as many are left as before; used for one person more it saves that person instead. With class
    weights the seconds are weighted ones.

    Parameters
    ----------
    plan
        A plan with prices, as the method "over_time" makes it.
    n
        How many rows; None for all that save anything.
    person_s
        What is added to streets and doors [person/s]; what counts is by how much the whole units a
        slot grow: persons at doors, and on streets persons or 64ths of one.
    places
        What is added to shelters [persons].
    check
        Solve again with the change of this many of the first rows, under the plan's own ceiling on
        the density.
    time_limit
        For each of those solutions [s, or text]; the plan's own by default.
    progress
        Called with the stage and the share of all that is done (0..1).

    Returns
    -------
    DataFrame
        what ("street", "place", "step-free place", "door"), name, kind, id (of the shelter, or of
        the street's dearest link), links (how many), more, unit ("person/s", "persons"),
        saves_at_most [person-seconds], from_s and until_s (when the first and last who pay enter
        [s after the alarm], NaN for places), sorted by saves_at_most. With ``check`` also saved (by
        the plan made anew; its own gap blurs it), and proven_least and proven_most, between which
        the saving of the best plan lies; NaN in rows not checked.

    Raises
    ------
    InputError
        If the plan has no prices, an argument is out of range, or ``check`` is asked of a
        re-planned plan that does not say what was taken before it.
    KeyboardInterrupt
        If Ctrl-C is pressed: nothing is given then.

    Notes
    -----
    In a plan that `replan` has made the figures are those of the people who were still on the way.
    ``check`` solves again with them where they stood, and with the places on streets and at doors
    that were left then; whoever was nearly safe may change too.

    Without ``check`` it takes less than a second. With it each row takes half as long again as the
    plan did, at most ``time_limit`` and some seconds more: 12 s on Venice with 100,000 people,
    where the plan at a gap of 2 % took 8 s (2026-11-27). Each starts from the plan's prices.

    A place in a shelter all of whose places are step-free is step-free too. Elsewhere "place" is
    one that is not, and "step-free place" is one of those there made step-free; a new one that is
    step-free is worth both.

    Examples
    --------
    A single alley, one metre wide, that 300 people have to pass:

    >>> import evacroute as er, networkx as nx, pandas as pd
    >>> graph = nx.Graph([(1, 2, {"width": 1.0})])
    >>> nx.set_node_attributes(graph, {1: 12.334, 2: 12.336}, "x")
    >>> nx.set_node_attributes(graph, 45.437, "y")
    >>> network = er.read_network(graph)
    >>> people = er.read_people(pd.DataFrame({"lon": [12.334] * 300, "lat": 45.437}), network)
    >>> shelters = er.read_shelters(pd.DataFrame({"node_id": ["2"], "capacity": [300]}), network)
    >>> plan = er.assign(er.Scenario(network, people, shelters), "over_time", gap=0.05)
    >>> table = er.marginal_value(plan, 1)
    >>> table["what"].tolist(), table["unit"].tolist(), bool(table["saves_at_most"].iloc[0] > 0)
    (['street'], ['person/s'], True)
    """
    prices = _prices_of(plan)
    faults = Faults("marginal_value")
    if not (isinstance(person_s, int | float) and 0 < person_s < 1e6):
        faults.add(f"person_s is {person_s!r}, expected a number of person/s > 0")
    if not (isinstance(places, int) and 0 < places < 1e9):
        faults.add(f"places is {places!r}, expected a whole number of persons > 0")
    if not (isinstance(check, int) and check >= 0):
        faults.add(f"check is {check!r}, expected a whole number of rows >= 0")
    faults.raise_if_any()
    limit = None if time_limit is None else seconds(time_limit, "time_limit")
    rows = _streets(plan, prices, float(person_s)) + _doors(plan, prices, float(person_s))
    rows += _places(plan, prices, places)
    rows.sort(key=lambda row: (-row.saves, row.what, row.where[0]))
    rows = rows[:n]
    frame = pd.DataFrame(
        [_told(plan, prices, row, float(person_s), places) for row in rows],
        columns=["what", "name", "kind", "id", "links", "more", "unit", "saves_at_most",
                 "from_s", "until_s"],
    )  # fmt: skip
    if check:
        found = np.full((len(rows), 3), np.nan)
        density = plan.settings.get("max_density")
        problem, method = problem_of(plan), _method(plan, limit)
        again = min(check, len(rows))
        for i, row in enumerate(rows[:check]):
            more = places if row.what in (PLACE, STEP_FREE) else float(person_s)
            larger = _enlarged(problem, row, more, density)
            tell = part_of(progress, f"solving {i + 1} of {again} again", i, again)
            found[i] = _solve_again(plan, prices, larger, method, tell)
        frame[["saved", "proven_least", "proven_most"]] = found
    return frame


def _prices_of(plan: Plan) -> Prices:
    if plan.prices is None:
        raise InputError(
            f"the plan of method {plan.method!r} has no prices; make it with method='over_time'"
        )
    return plan.prices


def _streets(plan: Plan, prices: Prices, person_s: float) -> list[_More]:
    scenario, density = plan.scenario, plan.settings.get("max_density")
    _, _, units, before, _ = street_slots(scenario, prices.step, density)
    every = np.arange(scenario.network.n_links)
    _, after, _ = _wider(scenario, every, person_s, prices.step, density)
    more = (after - before) / units
    street = street_of_link(scenario.network)
    saves = prices.link_price * more[prices.link]
    found = _by_item(street[prices.link], saves, prices.link_slot)
    return [
        _More(STREET, np.flatnonzero(street == one), saves, slots) for one, saves, slots in found
    ]


def _doors(plan: Plan, prices: Prices, person_s: float) -> list[_More]:
    rate = plan.scenario.shelters.intake_rate[prices.door]
    after, _ = per_slot(rate + person_s, prices.step)
    before, _ = per_slot(rate, prices.step)
    more = (after - before).astype(np.float64)
    found = _by_item(prices.door, prices.door_price * more, prices.door_slot)
    return [_More(DOOR, np.array([one]), saves, slots) for one, saves, slots in found]


def _places(plan: Plan, prices: Prices, places: int) -> list[_More]:
    shelters = plan.scenario.shelters
    all_free = shelters.step_free_capacity >= shelters.capacity
    place = prices.room + np.where(all_free, prices.step_free_room, 0)
    free = np.where(all_free, 0, prices.step_free_room)
    return [
        _More(what, np.array([s]), float(price[s]) * places, (-1, -1))
        for what, price in ((PLACE, place), (STEP_FREE, free))
        for s in np.flatnonzero(price > 0)
    ]


def _by_item(
    item: NDArray[Any], saves: NDArray[np.float64], slot: NDArray[np.int32]
) -> list[tuple[int, float, tuple[int, int]]]:
    """Add up by street or shelter: its number, what it saves, first and last slot."""
    some = np.flatnonzero(saves > 0)
    order = some[np.argsort(item[some], kind="stable")]
    unique, first = np.unique(item[order], return_index=True)
    parts = np.split(order, first[1:]) if len(unique) else []
    return [
        (int(one), float(saves[mine].sum()), (int(slot[mine].min()), int(slot[mine].max())))
        for one, mine in zip(unique, parts, strict=True)
    ]


def _wider(
    scenario: Scenario,
    links: NDArray[np.int64],
    person_s: float,
    step: float,
    max_density: float | None,
) -> tuple[Network, NDArray[np.int32], NDArray[np.int32]]:
    """Let so much more into these links, but not into shut ones, and not those whom they bar.

    Returns
    -------
    tuple
        The network, units that may enter each link in a slot, slots between entries.
    """
    walk = street_slots(scenario, step, max_density)[0]
    capacity = scenario.network.capacity.copy()
    capacity[links] += person_s * (capacity[links] > 0)
    network = replace(scenario.network, capacity=capacity)
    larger = _changed(scenario, network, scenario.shelters)
    _, _, _, slot, every = street_slots(larger, step, max_density, np.isinf(walk))
    return network, slot, every


def _changed(scenario: Scenario, network: Network, shelters: Shelters) -> Scenario:
    """Give the same people another network and other shelters."""
    return Scenario(
        network, scenario.groups, shelters, classes=scenario.group_classes,
        deadline=scenario.deadline_s, hazard=scenario.link_times, boats=scenario.rides,
    )  # fmt: skip


def _told(plan: Plan, prices: Prices, row: _More, person_s: float, places: int) -> dict[str, Any]:
    """One row of the table."""
    network, shelters = plan.scenario.network, plan.scenario.shelters
    if row.what == STREET:
        paid = np.bincount(prices.link, prices.link_price, minlength=network.n_links)[row.where]
        link = row.where[int(np.argmax(paid))]
        kind = KINDS[network.kind[link]]
        name, id_ = network.name[link], network.link_id[link]
    else:
        s = row.where[0]
        name, kind, id_ = shelters.name[s], shelters.kind[s], shelters.shelter_id[s]
    timed = row.slots[0] >= 0
    first, last = (slot * prices.step if timed else np.nan for slot in row.slots)
    return {
        "what": row.what,
        "name": name,
        "kind": kind,
        "id": id_,
        "links": len(row.where) if row.what == STREET else 0,
        "more": person_s if timed else float(places),
        "unit": "person/s" if timed else "persons",
        "saves_at_most": row.saves,
        "from_s": first,
        "until_s": last,
    }


def _enlarged(problem: Problem, row: _More, more: float, max_density: float | None) -> Problem:
    """Make one thing larger; the grid and all walking times stay as they are."""
    scenario = problem.scenario
    network, shelters = scenario.network, scenario.shelters
    link_slot, link_every = problem.link_slot, problem.link_every
    if row.what == STREET:
        network, slot, every = _wider(scenario, row.where, more, problem.step, max_density)
        link_slot, link_every = with_gates(slot, every, problem.gates, problem.units)
    elif row.what == DOOR:
        rate = shelters.intake_rate.copy()
        rate[row.where] += more
        shelters = replace(shelters, intake_rate=rate)
    else:
        all_free = shelters.step_free_capacity >= shelters.capacity
        room, free = shelters.capacity.copy(), shelters.step_free_capacity.copy()
        s, extra = row.where, int(more)
        if row.what == PLACE:
            free[s] += np.where(all_free[s], extra, 0)
            room[s] += extra
        else:
            free[s] = np.minimum(free[s] + extra, room[s])
        shelters = replace(shelters, capacity=room, step_free_capacity=free)
    intake_slot, intake_every = per_slot(shelters.intake_rate, problem.step)
    return replace(
        problem,
        scenario=_changed(scenario, network, shelters),
        graph=problem.graph._replace(link_every=link_every),
        link_slot=link_slot,
        link_every=link_every,
        intake_slot=intake_slot,
        intake_every=intake_every,
    )


def _method(plan: Plan, limit: float | None) -> OverTime:
    """Set up the solver as the plan's was."""
    given = {key: plan.settings[key] for key in ("gap", "time_limit", "order")
             if key in plan.settings}  # fmt: skip
    if limit is not None:
        given["time_limit"] = limit
    return OverTime(**given, weights=weights_of(plan) or None, seed=plan.seed)


def _solve_again(
    plan: Plan, prices: Prices, problem: Problem, method: OverTime, progress: Progress | None
) -> tuple[float, float, float]:
    """Solve with a change: what the new plan saves, and the proven limits of what can be saved."""
    outcome = solve_again(method, problem, warm=prices, penalty=prices.penalty, progress=progress)
    before = _worth(plan.scenario, plan.movements, prices)
    after = _worth(plan.scenario, outcome.movements, prices)
    least = max(0.0, prices.value - after)
    most = np.inf if outcome.prices is None else before - outcome.prices.value
    return before - after, least, most


def _worth(scenario: Scenario, moves: Movements, prices: Prices) -> float:
    """Cost as the bound counts it: weighted seconds, and the penalties of whoever is left."""
    class_, ready = scenario.groups.class_, scenario.groups.ready_time
    weight = prices.weight[class_[moves.group]]
    cost = (weight * (moves.arrive - ready[moves.group]) * moves.size).sum()
    counted = ~np.isin(moves.left_group, prices.hopeless)
    left = (prices.penalty[class_[moves.left_group]] * moves.left_size)[counted].sum()
    return float(cost + left)
