"""Routes of the fleet: as good as trying everything on tiny tasks, in time, and told in full."""

from __future__ import annotations

import itertools
import json
from functools import partial

import numpy as np
import pandas as pd
import pytest
from networks import corridor, from_edges, grid
from stranded import broken_rules, fleet, plan_leaving, room_of

import evacroute as er
from evacroute.errors import InputError
from evacroute.rescue.routing import penalties, route, visits_of
from evacroute.rescue.task import Task


def random_task(n: int, vehicles: int, seed: int) -> Task:
    """Pick-ups in a square of 600 m at 1 m/s, each with its own drop-off of three, tight times."""
    rng = np.random.default_rng(seed)
    doors = rng.uniform(0, 600, (3, 2))
    drop = rng.integers(0, 3, n)
    xy = np.concatenate([rng.uniform(0, 600, (vehicles + n, 2)), doors[drop]])
    travel = np.ceil(np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1)))
    persons = rng.integers(1, 5, n)
    service = np.concatenate([np.zeros(vehicles), persons * 10, persons * 10])
    return Task(
        pickup=np.arange(n), drop_off=drop, travel=travel.astype(np.int64)[None],
        service=service.astype(np.int64)[None], type_of=np.zeros(vehicles, np.int64),
        can=np.ones((vehicles, n), bool), earliest=rng.integers(0, 300, n),
        latest=rng.integers(300, 1800, n), persons=persons,
        carried=np.minimum(persons, rng.integers(0, 3, n)), slow=np.zeros(n, np.int64),
        seats=np.full(vehicles, 6), places=np.full(vehicles, 2),
        begin=np.zeros(vehicles, np.int64), end=np.full(vehicles, 3000),
        reason=np.full(n, "", dtype=object),
    )  # fmt: skip


def cost(task: Task, orders: list[list[int]]) -> int:
    """What some routes cost, or -1 where they break a rule."""
    vehicles, n = len(task.seats), len(task)
    total, left = 0, set(range(n))
    for v, order in enumerate(orders):
        visits, aboard, carried, at = visits_of(task, v, order), 0, 0, v
        for visit in visits:
            k = visit.stop - vehicles
            sign, i = (1, k) if k < n else (-1, k - n)
            if k < n and visit.begin > task.latest[i]:
                return -1
            aboard += sign * int(task.persons[i])
            carried += sign * int(task.carried[i])
            if aboard > task.seats[v] or carried > task.places[v]:
                return -1
            left.discard(i)
            total += int(task.travel[0, at, visit.stop] + task.service[0, visit.stop])
            at = visit.stop
        if visits and visits[-1].depart > task.end[v]:
            return -1
    return total + int(penalties(task)[sorted(left)].sum())


def least_alone(task: Task, v: int) -> dict[frozenset[int], int]:
    """Least time of a vehicle for each set of pick-ups that it can take, by trying all orders."""
    vehicles, n = len(task.seats), len(task)
    best: dict[frozenset[int], int] = {frozenset(): 0}
    fines = penalties(task)

    def grow(order: list[int], taken: frozenset[int], aboard: frozenset[int]) -> None:
        if order:
            price = cost(task, [order if u == v else [] for u in range(vehicles)])
            if price < 0:
                return
            if not aboard:
                time = price - int(fines[sorted(set(range(n)) - taken)].sum())
                best[taken] = min(best.get(taken, time), time)
        for i in set(range(n)) - taken:
            grow([*order, vehicles + i], taken | {i}, aboard | {i})
        for i in aboard:
            grow([*order, vehicles + n + i], taken, aboard - {i})

    grow([], frozenset(), frozenset())
    return best


def least(task: Task) -> int:
    """Least cost of all routes of one or two vehicles."""
    sets = [least_alone(task, v) for v in range(len(task.seats))]
    fines, everyone = penalties(task), frozenset(range(len(task)))
    found = []
    for choice in itertools.product(*(one.items() for one in sets)):
        taken = [some for some, _ in choice]
        union = frozenset().union(*taken)
        if len(union) == sum(map(len, taken)):
            left = int(fines[sorted(everyone - union)].sum())
            found.append(left + sum(time for _, time in choice))
    return min(found)


@pytest.mark.parametrize(
    ("n", "vehicles", "seed"),
    [*((n, v, s) for n in (1, 2, 3, 4) for v in (1, 2) for s in range(3)), (5, 1, 7), (6, 1, 8)],
)
def test_no_order_of_a_tiny_task_is_better(n: int, vehicles: int, seed: int):
    """On tiny tasks the routes cost just what the best of all orders costs."""
    task = random_task(n, vehicles, seed)
    orders = [[visit.stop for visit in visits] for visits in route(task)]
    assert cost(task, orders) == least(task)


@pytest.mark.parametrize("seed", range(3))
def test_a_longer_search_never_costs_more(seed: int):
    """The second search ends no worse than the first."""
    task = random_task(14, 2, seed)
    short, long = (
        cost(task, [[visit.stop for visit in visits] for visits in route(task, solution_limit=k)])
        for k in (0, 60)
    )
    assert 0 <= long <= short


def test_the_same_task_gives_the_same_routes():
    """Two runs give equal routes, for the limit is solutions, not the clock."""
    network = grid(6, 6, steps_share=0.3, seed=4)
    rng = np.random.default_rng(0)
    plan = plan_leaving(network, *[(int(rng.integers(36)), 2, 0.0, i % 2) for i in range(30)])
    vehicles = fleet(network, ("boat", 0, 6, 2), ("stretcher team", 5, 1, 1))
    one, two = (er.rescue(plan, vehicles, radius=20) for _ in range(2))
    assert one.routes is not None
    pd.testing.assert_frame_equal(one.routes, two.routes)


def test_persons_come_first_then_who_cannot_use_steps():
    """Of two places far apart the one with more persons is reached, else who must be carried."""
    network = corridor(8, 100.0)
    late = partial(plan_leaving, network, shelters=((4, 99),), deadline=480.0)
    boat = fleet(network, ("stretcher team", 4, 4, 4, 1.0, 0.0))
    for rows, best in (
        (((0, 2), (8, 1, 0.0, 1)), "N0"),
        (((0, 1), (8, 1, 0.0, 1)), "N8"),
    ):
        found = er.rescue(late(*rows), boat)
        pickups = found.pickups.set_index("node_id")
        assert pickups.loc[best, "vehicle_id"] == "V0"
        assert found.unreached["reason"].tolist() == ["no vehicle is free in time"]


def test_a_small_boat_makes_several_trips():
    """A boat with two seats fetches six people in three trips."""
    network = corridor(2, 100.0)
    plan = plan_leaving(network, (1, 6), shelters=((2, 99),))
    vehicles = fleet(network, ("boat", 0, 2, 0))
    found = er.rescue(plan, vehicles)
    assert found.routes is not None
    assert found.routes["trip"].max() == 3
    assert found.summary().reached == 6
    assert broken_rules(found, vehicles, room_of(plan)) == []


def test_small_pickups_let_small_vehicles_take_part():
    """With pick-ups of one person a team for one fetches people beside a boat."""
    network = corridor(2, 100.0)
    plan = plan_leaving(network, (1, 6), shelters=((2, 99),))
    crews = fleet(network, ("boat", 0, 6, 0, 2.0, 60.0), ("stretcher team", 1, 1, 0, 2.0, 0.0))
    alone = er.rescue(plan, crews)
    both = er.rescue(plan, crews, largest=1)
    assert alone.routes is not None
    assert both.routes is not None
    assert len(alone.pickups) == 1
    assert (len(both.pickups), both.pickups["persons"].max()) == (6, 1)
    assert set(alone.routes["vehicle_id"]) == {"V0"}
    assert "V1" in set(both.routes["vehicle_id"])


def test_every_reason_for_not_being_reached():
    """Who is ready too late, fits no vehicle, is too far or has no drop-off is told so."""
    network = corridor(4, 500.0, steps_at=(3,))
    vehicles = fleet(network, ("stretcher team", 0, 3, 0, 1.0, 0.0))

    def reason(*rows: tuple[float, ...], room: int = 99, deadline: float = 1200.0) -> str:
        plan = plan_leaving(network, *rows, shelters=((1, room),), deadline=deadline)
        return str(er.rescue(plan, vehicles).unreached["reason"].item())

    assert reason((1, 1, 3000.0)) == "not ready by the latest time"
    assert reason((1, 1, 0.0, 1)) == "no vehicle of the fleet can take them"
    assert reason((3, 1)) == "no vehicle gets there by the latest time"
    assert reason((1, 2), room=1) == "no drop-off with room can be reached"
    # Steps count twice on foot.
    assert reason((4, 1), deadline=2499.0) == "no vehicle gets there by the latest time"
    plan = plan_leaving(network, (4, 1), shelters=((1, 9),), deadline=2500.0)
    assert er.rescue(plan, vehicles).summary().reached == 1


def test_a_boat_without_canals_goes_straight_with_a_detour():
    """A boat's time is the straight line times 1.4 by its speed, with canals along them."""
    network = corridor(4, 100.0)
    plan = plan_leaving(network, (2, 1), shelters=((4, 9),))
    vehicles = fleet(network, ("boat", 0, 2, 0, 2.0, 0.0))
    found = er.rescue(plan, vehicles)
    assert found.routes is not None
    assert found.routes["arrive_s"].tolist()[1:] == [140.0, 280.0]
    detour = from_edges(
        [(0.0, 0.0), (100.0, 300.0), (200.0, 0.0), (400.0, 0.0)], [(0, 1), (1, 2), (2, 3)],
        length=[400.0, 400.0, 200.0],
    )  # fmt: skip
    found = er.rescue(plan, vehicles, canals=detour)
    assert found.routes is not None
    assert found.routes["arrive_s"].tolist()[1:] == [400.0, 500.0]
    assert len(found.lines["V0"]) == 4


def test_given_drop_offs_replace_the_shelters():
    """With a table of landings the people are brought there and to no shelter."""
    network = corridor(4, 100.0)
    plan = plan_leaving(network, (2, 1), shelters=((4, 9),))
    table = pd.DataFrame({"lon": network.lon[:1], "lat": network.lat[:1], "drop_off_id": "H"})
    found = er.rescue(plan, fleet(network, ("boat", 0, 2, 0)), drop_offs=table)
    assert found.routes is not None
    assert found.routes["id"].tolist()[-1] == "H"


def test_a_rescue_is_written_whole(tmp_path):
    """The folder holds tables, a GeoJSON and the summary; anybody else's folder is refused."""
    network = corridor(2, 100.0)
    plan = plan_leaving(network, (1, 6), shelters=((2, 99),))
    found = er.rescue(plan, fleet(network, ("boat", 0, 2, 0)))
    found.to_csv(tmp_path / "out")
    names = {path.name for path in (tmp_path / "out").iterdir()}
    assert names == {
        "people.csv", "pickups.csv", "routes.csv", "unreached.csv", "rescue.geojson", "rescue.json",
    }  # fmt: skip
    assert len(pd.read_csv(tmp_path / "out" / "routes.csv")) == len(found.routes)  # type: ignore[arg-type]
    shapes = json.loads((tmp_path / "out" / "rescue.geojson").read_text("utf-8"))["features"]
    kinds = [shape["geometry"]["type"] for shape in shapes]
    assert kinds == ["Point"] * len(found.pickups) + ["LineString"]
    assert "reach 6 people in time" in str(found)
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("mine")
    with pytest.raises(InputError, match=r"letter\.txt"):
        found.to_csv(tmp_path / "mine")


def test_odd_limits_are_refused():
    """A limit below 0 is an error that names it."""
    plan = plan_leaving(corridor(1), (1, 1))
    with pytest.raises(InputError, match="solution_limit is -1"):
        er.rescue(plan, solution_limit=-1)
    with pytest.raises(InputError, match="largest is 0"):
        er.rescue(plan, largest=0)
    with pytest.raises(InputError, match="time_limit"):
        er.rescue(plan, time_limit=0)
