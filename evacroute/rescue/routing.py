"""Routes of the fleet, by OR-Tools' vehicle routing: people are picked up, then brought."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import SolverError
from evacroute.rescue.task import NEVER, Task

EFFORT, MOST_SOLUTIONS = 6_000, 1_000
"""The second search looks at `EFFORT` / pick-ups solutions, at the most at `MOST_SOLUTIONS`: some
6 s for 6 pick-ups or 200."""

ATTEMPTS = 20
"""The second search also ends after so many branches a solution; some 5 are usual."""

STRENGTH = 0.5
"""How much guided local search charges for ways it has used too often."""

FEW = 60
"""Up to so many pick-ups the slow neighbourhoods are searched too, which rebuild whole routes."""

_REBUILD = (
    "use_global_cheapest_insertion_path_lns",
    "use_local_cheapest_insertion_path_lns",
    "use_relocate_path_global_cheapest_insertion_insert_unperformed",
    "use_global_cheapest_insertion_visit_types_lns",
    "use_local_cheapest_insertion_visit_types_lns",
)

_LARGEST = 2**60
"""Penalties add up to less than this, so that the solver's integers hold them."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One stop of a vehicle.

    Parameters
    ----------
    stop
        Number of the stop in the task.
    arrive, begin, depart
        When the vehicle comes, when boarding or alighting begins and ends [s after the alarm].
    """

    stop: int
    arrive: int
    begin: int
    depart: int


def penalties(task: Task) -> NDArray[np.int64]:
    """Price leaving each pick-up: persons first, then how vulnerable, then any time.

    One person more weighs more than all who cannot use steps, one of these more than all who are
    slow, and one slow person more than all the time that vehicles can spend.
    """
    longest = int(task.latest.max(initial=0)) + 2 * int(
        np.where(task.travel < NEVER, task.travel, 0).max(initial=0) + task.service.max(initial=0)
    ) * (int(task.seats.max(initial=1)) + 1)
    time = longest * len(task.seats) + 1
    total = int(task.persons.sum()) + 1
    # With very many people the steps between the levels get smaller, for integers to hold them.
    level = total
    while level > 2 and time * level * level * total > _LARGEST:
        level //= 2
    if time * level * level * total > _LARGEST:
        raise SolverError(f"{total - 1:,} people are too many to be routed at once")
    return time * (task.persons * level * level + task.carried * level + task.slow)


def route(
    task: Task, *, solution_limit: int | None = None, time_limit: float | None = None
) -> list[list[Visit]]:
    """Route the fleet: fewest persons left, most vulnerable first, then least vehicle time.

    Each pick-up is a pair of stops, the people and their drop-off, on one vehicle in this order, or
    is left out at its penalty. Seats and places for those who cannot use steps are capacity
    dimensions that a drop-off frees again, so a vehicle makes as many trips as pay. A vehicle's
    time is that of its ways and of boarding; waiting costs nothing.

    First pick-ups are inserted where they cost least and the routes are improved until no change of
    the neighbourhoods helps. Then guided local search goes on from there, under penalties small
    enough that it leaves pick-ups out to try others; of all routes it comes by, the best by the
    true penalties are kept. Nothing is random: the same task gives the same routes, unless
    `time_limit` stops a search.

    Parameters
    ----------
    task
        What to route.
    solution_limit
        Solutions of the second search; 0 leaves it out, None = `EFFORT` / pick-ups.
    time_limit
        Stop each search after half this time [s].

    Returns
    -------
    list
        Visits of each vehicle, in order.

    Raises
    ------
    SolverError
        If the solver finds no routes at all (leaving everyone is a solution, so it never should).
    """
    orders: list[list[int]] = [[] for _ in task.seats]
    if len(task):
        orders = _descend(task, time_limit) or orders
        usual = min(MOST_SOLUTIONS, EFFORT // len(task))
        more = usual if solution_limit is None else solution_limit
        if more > 0:
            orders = _go_on(task, orders, more, time_limit)
    return [visits_of(task, v, order) for v, order in enumerate(orders)]


def cost(task: Task, orders: list[list[int]]) -> int:
    """Cost of some routes: the vehicles' time, and the penalties of whom they leave."""
    vehicles, n = len(task.seats), len(task)
    fines = penalties(task).tolist()
    total = int(sum(fines))
    for v, order in enumerate(orders):
        kind = task.type_of[v]
        for before, stop in pairwise([v, *order]):
            total += int(task.travel[kind, before, stop] + task.service[kind, stop])
            if stop < vehicles + n:
                total -= fines[stop - vehicles]
    return total


def _descend(task: Task, time_limit: float | None) -> list[list[int]] | None:
    """Insert and improve until nothing helps; None where the time is over before any routes."""
    model, manager = _model(task, penalties(task))
    solution = model.SolveWithParameters(_parameters(task, time_limit))
    if solution is None and time_limit is None:
        raise SolverError(f"the vehicle routing found no routes (status {model.status()})")
    return None if solution is None else _orders(model, manager, solution.Value)


def _go_on(
    task: Task, orders: list[list[int]], solutions: int, time_limit: float | None
) -> list[list[int]]:
    """Look at so many solutions more by guided local search; give the best of all."""
    from ortools.constraint_solver import routing_enums_pb2

    # Penalties of the size of a trip: with larger ones the search never leaves anybody out.
    ways = np.where(task.travel < NEVER, task.travel, 0)
    trip = int(ways.max(initial=0) + task.service.max(initial=0))
    model, manager = _model(task, trip * (10 * task.persons + task.carried) // 10 + 1)
    parameters = _parameters(task, time_limit)
    searches = routing_enums_pb2.LocalSearchMetaheuristic
    parameters.local_search_metaheuristic = searches.GUIDED_LOCAL_SEARCH
    parameters.guided_local_search_lambda_coefficient = STRENGTH
    parameters.solution_limit = solutions
    # Where no other routes are feasible there are no solutions to count, only attempts.
    model.AddSearchMonitor(model.solver().BranchesLimit(ATTEMPTS * solutions))
    best, least = orders, cost(task, orders)

    def keep() -> None:
        nonlocal best, least
        found = _orders(model, manager, lambda variable: variable.Value())
        price = cost(task, found)
        if price < least:
            best, least = found, price

    model.AddAtSolutionCallback(keep)
    model.CloseModelWithParameters(parameters)
    begin = model.ReadAssignmentFromRoutes(orders, True)
    model.SolveFromAssignmentWithParameters(begin, parameters)
    return best


def _parameters(task: Task, time_limit: float | None) -> Any:
    from ortools.constraint_solver import pywrapcp, routing_enums_pb2
    from ortools.util import optional_boolean_pb2

    parameters = pywrapcp.DefaultRoutingSearchParameters()
    strategies = routing_enums_pb2.FirstSolutionStrategy
    searches = routing_enums_pb2.LocalSearchMetaheuristic
    parameters.first_solution_strategy = strategies.PARALLEL_CHEAPEST_INSERTION
    parameters.local_search_metaheuristic = searches.GREEDY_DESCENT
    # By default a part of the search stops by the clock, and then no two runs are alike.
    parameters.lns_time_limit.seconds = 3600
    if len(task) > FEW:
        for name in _REBUILD:
            setattr(parameters.local_search_operators, name, optional_boolean_pb2.BOOL_FALSE)
    if time_limit is not None:
        parameters.time_limit.FromMilliseconds(max(1, round(500 * time_limit)))
    return parameters


def _orders(model: Any, manager: Any, value: Callable[[Any], int]) -> list[list[int]]:
    """Read the stops of each vehicle."""
    found = []
    for v in range(model.vehicles()):
        order, at = [], value(model.NextVar(model.Start(v)))
        while not model.IsEnd(at):
            order.append(manager.IndexToNode(at))
            at = value(model.NextVar(at))
        found.append(order)
    return found


def _model(task: Task, fines: NDArray[np.int64]) -> tuple[Any, Any]:
    """Set up the solver's model; the last node is an end that costs nothing to go to."""
    from ortools.constraint_solver import pywrapcp

    vehicles, n = len(task.seats), len(task)
    end = vehicles + 2 * n
    manager = pywrapcp.RoutingIndexManager(
        end + 1, vehicles, list(range(vehicles)), [end] * vehicles
    )
    model = pywrapcp.RoutingModel(manager)
    index = [manager.NodeToIndex(stop) for stop in range(vehicles, end)]
    horizon = int(task.latest.max()) + NEVER // 2
    types = []
    for travel, service in zip(task.travel, task.service, strict=True):
        matrix = np.zeros((end + 1, end + 1), np.int64)
        matrix[:end, :end] = travel
        matrix[:end] += service[:, None]
        types.append(model.RegisterTransitMatrix(matrix.tolist()))
    of_vehicle = [types[t] for t in task.type_of.tolist()]
    for v, transit in enumerate(of_vehicle):
        model.SetArcCostEvaluatorOfVehicle(transit, v)
    model.AddDimensionWithVehicleTransits(of_vehicle, horizon, horizon, False, "time")
    time = model.GetDimensionOrDie("time")
    for name, demand, room in (
        ("seats", task.persons, task.seats),
        ("places", task.carried, task.places),
    ):
        change = np.concatenate([np.zeros(vehicles, np.int64), demand, -demand, [0]])
        callback = model.RegisterUnaryTransitVector(change.tolist())
        model.AddDimensionWithVehicleCapacity(callback, 0, room.tolist(), True, name)
    for v in range(vehicles):
        begin, until = int(task.begin[v]), int(min(task.end[v], horizon))
        time.CumulVar(model.Start(v)).SetRange(begin, max(begin, until))
        time.CumulVar(model.End(v)).SetRange(begin, max(begin, until))
    solver = model.solver()
    for i, penalty in enumerate(fines.tolist()):
        pick, drop = index[i], index[n + i]
        time.CumulVar(pick).SetRange(int(task.earliest[i]), int(task.latest[i]))
        # -1 stands for a pick-up that is left out.
        model.VehicleVar(pick).SetValues([-1, *np.flatnonzero(task.can[:, i]).tolist()])
        model.AddPickupAndDelivery(pick, drop)
        solver.Add(model.VehicleVar(pick) == model.VehicleVar(drop))
        solver.Add(time.CumulVar(pick) <= time.CumulVar(drop))
        model.AddDisjunction([pick], penalty)
        model.AddDisjunction([drop], 0)
    return model, manager


def visits_of(task: Task, vehicle: int, order: list[int]) -> list[Visit]:
    """Give the times at which a vehicle is at the stops of its route, each as early as can be."""
    kind, vehicles, n = task.type_of[vehicle], len(task.seats), len(task)
    visits, at, clock = [], vehicle, int(task.begin[vehicle])
    for stop in order:
        arrive = clock + int(task.travel[kind, at, stop])
        begin = arrive
        if stop < vehicles + n:
            begin = max(arrive, int(task.earliest[stop - vehicles]))
        clock = begin + int(task.service[kind, stop])
        visits.append(Visit(stop, arrive, begin, clock))
        at = stop
    return visits
