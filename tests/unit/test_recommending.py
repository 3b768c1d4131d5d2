"""Where one person should go: what is ranked, what is barred, and what is said of it."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from networks import corridor, diamond, grid
from odds import by_one
from scenes import WALKER, WHEELCHAIR, scene

import evacroute as er
from evacroute._kernels.advice import fill_from
from evacroute._street_arrays import lay_streets
from evacroute.asking import Person
from evacroute.judging import places_left
from evacroute.recommending import Recommender, recommend

NEAR = by_one("slack_s", 3300.0)
"""Who walks less than 300 s of an hour is likely safe."""

INF = float("inf")


def street(**other: Any) -> er.Scenario:
    """Seven nodes 50 m apart, a shelter at either end and one in the middle."""
    shelters = other.pop("shelters", [(0, 9), (3, 2), (6, 9)])
    return scene(corridor(6, 50.0), [(2, 3)], shelters, **other)


def at(scenario: er.Scenario, node: int, **other: Any) -> dict[str, Any]:
    """Somebody at a node who can leave at once."""
    return {"node_id": scenario.network.node_id[node], "ready_time_s": 0, **other}


def test_the_nearest_safe_one_is_first() -> None:
    """Shelters come with those advised as safe first, then by time; ways lead there."""
    scenario = street(shelters=[(0, 9), (3, 9), (6, 9)])
    who, plan = at(scenario, 2, age=30, mobility="none"), er.assign(scenario)
    told = recommend(who, scenario, plan, scorer=NEAR)
    assert [option.shelter_id for option in told.options] == ["S1", "S0", "S2"]
    assert told.is_safe
    # Of streets of which no load is known nobody is advised.
    alone = recommend(who, scenario, scorer=NEAR)
    assert [option.shelter_id for option in alone.options] == ["S1", "S0", "S2"]
    assert not alone.is_safe
    assert "nobody is advised as safe" in str(alone)
    best = told.best
    assert best is not None
    assert scenario.network.to_node[best.route[-1]] == scenario.shelters.node[best.shelter]
    assert scenario.network.from_node[best.route[0]] == 2
    assert best.length_m == pytest.approx(scenario.network.length[best.route].sum(), rel=1e-5)
    assert best.q10 <= best.q50 <= best.q90
    assert "the nearest" in best.reason
    assert told.options[0].cost <= told.options[1].cost <= told.options[2].cost


def test_odds_go_before_nearness() -> None:
    """A shelter that is advised as safe is ranked before nearer ones that are not."""
    scenario = street()
    far = by_one("length_m", 120.0)
    told = recommend(at(scenario, 2), scenario, scorer=far)
    assert [option.shelter_id for option in told.options] == ["S2", "S1", "S0"]
    assert [option.p_safe > 0.9 for option in told.options] == [True, False, False]


def test_one_s_own_place_is_always_told() -> None:
    """Where others are likelier safe the place in the plan is told all the same, the last."""
    scenario = er.lagoon(people=300)
    plan = er.assign(scenario, "earliest_arrival")
    assert plan.roster is not None
    name = str(plan.roster.person_id[np.flatnonzero(plan.roster.movement >= 0)[0]])
    (own,) = [o for o in recommend(name, scenario, plan).options if o.planned]
    ask = Recommender(scenario, plan, by_one("length_m", own.length_m + 1))
    assert [option.planned for option in ask.recommend(name, top=3).options] == [False, False, True]
    assert [option.planned for option in ask.recommend(name, top=1).options] == [True]


def test_doubts_are_told() -> None:
    """What may go wrong where some do not follow the plan is told where odds are low, not else."""
    groups = [(2, 3), (4, 8)]
    planned = scene(corridor(6, 50.0), groups, [(0, 9), (3, 4), (6, 9)])
    scenario = scene(corridor(6, 50.0), groups, [(0, 9), (3, 5), (6, 9)])
    plan, who = replace(er.assign(planned), scenario=scenario), at(scenario, 2)
    assert np.bincount(plan.movements.shelter, plan.movements.size)[1] == 4
    low, high = (
        {o.shelter_id: o.reason for o in recommend(who, scenario, plan, scorer=scorer).options}
        for scorer in (by_one("length_m", 1e6), by_one("length_m", -1.0))
    )
    # Eleven are nearest to it, a quarter of whom leaves none of its five places.
    assert "may be full when they come, if some do not follow the plan" in low["S1"]
    assert "too late, if they are held up for" in low["S0"]
    assert all("if" not in reason for reason in high.values())


def test_top_keeps_the_first() -> None:
    """Of many options only the first are told."""
    scenario = street()
    whole, first = (recommend(at(scenario, 2), scenario, scorer=NEAR, top=t) for t in (None, 2))
    assert [o.shelter for o in first.options] == [o.shelter for o in whole.options[:2]]


def test_full_shelters_are_barred() -> None:
    """A shelter that the plan fills is no option, and the next nearest says why it is first."""
    scenario = street(shelters=[(0, 9), (3, 3), (6, 9)])
    plan = er.assign(scenario)
    assert set(plan.movements.shelter.tolist()) == {1}
    told = recommend(at(scenario, 2), scenario, plan, scorer=NEAR)
    assert [(bar.shelter_id, bar.reason) for bar in told.barred] == [("S1", "no room")]
    assert told.best is not None
    assert "the nearest that can be had (S1: no room)" in told.best.reason
    assert not any("nothing is known" in note for note in told.notes)


def test_room_is_for_the_whole_party() -> None:
    """A party finds no room where only some of them would."""
    scenario = street()
    told = recommend(at(scenario, 2, party_size=3), scenario, scorer=NEAR)
    assert [bar.reason for bar in told.barred] == ["no room for 3"]


def test_closed_shelters_are_barred() -> None:
    """A shelter without any room is called closed."""
    scenario = street(shelters=[(0, 9), (3, 0), (6, 9)])
    told = recommend(at(scenario, 2), scenario, scorer=NEAR)
    assert [bar.reason for bar in told.barred] == ["closed"]


def test_wheelchairs_find_step_free_ways_alone() -> None:
    """Nobody who cannot use steps is sent over them, nor to a shelter without a place for them."""
    network = diamond()
    stepped = replace(network, steps=np.full(network.n_links, 10, np.int16))
    for classes in ([WALKER], [WALKER, WHEELCHAIR]):
        scenario = scene(stepped, [(0, 1)], [(3, 9)], classes=classes)
        told = recommend(at(scenario, 0, mobility="wheelchair"), scenario, scorer=NEAR)
        assert told.options == ()
        assert [bar.reason for bar in told.barred] == ["no step-free way"]
        assert recommend(at(scenario, 0, mobility="none"), scenario, scorer=NEAR).options
    scenario = scene(network, [(0, 1)], [(3, 9, 0)])
    told = recommend(at(scenario, 0, mobility="wheelchair"), scenario, scorer=NEAR)
    assert [bar.reason for bar in told.barred] == ["no step-free place left"]


def test_own_pace_counts() -> None:
    """Who is slower by age walks longer, and a party no faster than one of them."""
    scenario = street()
    young, old, party = (
        recommend(at(scenario, 2, mobility="none", **who), scenario, scorer=NEAR).options[0].walk_s
        for who in ({"age": 25}, {"age": 85}, {"age": 25, "party_size": 2})
    )
    assert old > 1.3 * young
    assert party >= young
    speed = er.capabilities([25], [""], ["none"]).speed_flat[0]
    assert young == pytest.approx(50.0 / speed, rel=1e-4)


def test_closed_streets_are_no_way() -> None:
    """A street that closes before one has passed bars what lies behind; one that closes later is
    told of."""
    network = corridor(6, 50.0)
    ahead = [i for i in range(network.n_links) if network.from_node[i] == 4]
    link = next(i for i in ahead if network.to_node[i] == 5)
    for closes, barred in ((30.0, True), (400.0, False)):
        hazard = er.LinkTimes([link], [-1], [closes], [INF], [0.0])
        scenario = street().with_hazard(hazard)
        told = recommend(at(scenario, 2, age=30, mobility="none"), scenario, scorer=NEAR)
        reasons = {bar.shelter_id: bar.reason for bar in told.barred}
        assert ("S2" in reasons) == barred
        if barred:
            assert reasons["S2"] == "no way that stays open until they have passed"
        else:
            words = next(o.reason for o in told.options if o.shelter_id == "S2")
            assert "min after they pass" in words


def test_rows_of_a_class_count_for_who_is_as_able() -> None:
    """Somebody of no class of the scenario is barred by rows of who can wade no deeper."""
    scenario = street(classes=[WALKER, WHEELCHAIR])
    every = np.arange(scenario.network.n_links)
    n = len(every)
    rows = er.LinkTimes(every, np.ones(n), np.zeros(n), np.full(n, INF), np.zeros(n))
    flooded = scenario.with_hazard(rows)
    assert not recommend(at(flooded, 2, mobility="wheelchair"), flooded, scorer=NEAR).options
    assert recommend(at(flooded, 2, age=30, mobility="none"), flooded, scorer=NEAR).options


def wading(network: er.Network, hazard: object) -> er.Scenario:
    """Three people who wade 0.9 m deep, amid a street with a shelter at either end."""
    base = scene(network, [(2, 3)], [(0, 9), (6, 9)])
    classes = er.Classes(
        class_id=np.array(["walk"], object), speed_flat=[1.2], speed_steps=[0.5], min_width=[0.0],
        space=[1.0], depth_limit=[0.9], depth_most=[0.9], depth_assumed=[False],
    )  # fmt: skip
    return er.Scenario(
        network, base.groups, base.shelters, classes=classes, deadline=3600.0, hazard=hazard
    )


@pytest.mark.parametrize("read", [False, True])
def test_water_too_deep_for_the_asker_is_no_way(read: bool) -> None:
    """Who wades less deep than all classes of the scenario is sent round the water, however told.

    In memory the flood knows how deep it is; rows that were read are only known to be not too deep
    for others.
    """
    network = corridor(6, 50.0)
    ends = zip(network.from_node.tolist(), network.to_node.tolist(), strict=True)
    deep = np.array([{a, b} == {3, 4} for a, b in ends])
    if read:
        link, n = np.flatnonzero(deep), int(deep.sum())
        hazard: Any = er.LinkTimes(
            link, np.zeros(n), np.zeros(n), np.full(n, INF), np.full(n, 0.5), water=np.ones(n, bool)
        )
    else:
        network = replace(network, elevation=np.where(deep, 0.5, 2.0))
        hazard = er.Flood(1.0)
    scenario = wading(network, hazard)
    wades, not_ = (
        {o.shelter_id for o in recommend(at(scenario, 3, age=40, mobility=m), scenario).options}
        for m in ("none", "wheelchair_electric")
    )
    assert wades == {"S0", "S1"}
    assert not_ == {"S0"}


def test_a_street_that_closes_while_one_queues_is_not_advised() -> None:
    """However good the odds: who would still stand in a queue when the street shuts is not safe."""
    network = replace(corridor(6, 50.0), capacity=np.full(12, 0.2))
    dry = scene(network, [(1, 60)], [(0, 99), (6, 99)])
    crowded = er.assign(dry, "nearest")
    first = int(np.flatnonzero((network.from_node == 1) & (network.to_node == 0))[0])
    shut = dry.with_hazard(er.LinkTimes([first], [-1], [100.0], [INF], [0.0]))
    told = recommend(at(shut, 1, mobility="none"), shut, crowded, scorer=NEAR)
    before = recommend(at(dry, 1, mobility="none"), dry, crowded, scorer=NEAR)
    found = [{o.shelter_id: o for o in one.options}["S0"] for one in (before, told)]
    assert [o.is_safe for o in found] == [True, False]
    assert "closes before they have passed" in found[1].reason


def test_who_has_a_place_is_told_the_plan_s_own_way() -> None:
    """Persons with a place are told the plan's way, times and odds, before other safe shelters."""
    scenario = er.lagoon(people=400, deadline="40 min")
    plan = er.assign(scenario, "shelter_flow")
    scores = er.score(plan)
    ask = Recommender(scenario, plan)
    assert plan.roster is not None
    moves, differs = plan.movements, 0
    for i in range(0, len(plan.roster.person_id), 7):
        m = int(plan.roster.movement[i])
        if m < 0:
            continue
        told = ask.recommend(str(plan.roster.person_id[i]))
        (own,) = [o for o in told.options if o.planned]
        assert own.shelter == moves.shelter[m]
        assert (
            own.route.tolist() == moves.leg_link[moves.leg_ptr[m] : moves.leg_ptr[m + 1]].tolist()
        )
        assert own.depart_s == moves.depart[m]
        assert told.options[0].planned or not own.is_safe
        # The plan walks at the pace of the class, the person at their own.
        differs += abs(own.p_safe - scores.p_safe[m]) > 0.05
    assert differs < 5


def test_crowds_are_told_of() -> None:
    """A street where the plan's people queue is named, with the wait; without a plan it is not."""
    network = replace(corridor(6, 50.0), capacity=np.full(12, 0.2))
    scenario = scene(network, [(1, 60)], [(0, 99), (6, 99)])
    # All set out at once, as capacities are ignored.
    crowded = er.assign(scenario, "nearest")
    told = recommend(at(scenario, 1, mobility="none"), scenario, crowded, scorer=NEAR)
    quiet = recommend(at(scenario, 1, mobility="none"), scenario, scorer=NEAR)
    reasons = {option.shelter_id: option.reason for option in told.options}
    # 60 come in the first minute and 12 get in: 48 are ahead at its end, 24 in the mean.
    assert "crowded at that time (2 min wait)" in reasons["S0"]
    assert "crowded" not in reasons["S1"]
    assert not any("crowded" in option.reason for option in quiet.options)


def test_prices_alone_say_so() -> None:
    """With prices, places that are dear are said to be sought after, and the load to be unknown."""
    people = [(2, 1, 10.0 * i) for i in range(8)]
    scenario = scene(corridor(6, 50.0), people, [(0, 9), (3, 2), (6, 9)])
    plan = er.assign(scenario, "over_time")
    assert plan.prices is not None
    dear = replace(plan.prices, room=np.array([0.0, 100.0, 0.0]))
    told = recommend(at(scenario, 2, mobility="none"), scenario, dear, scorer=NEAR)
    sought = {o.shelter_id for o in told.options if "sought after" in o.reason}
    assert sought == {"S1"}
    assert "of the prices those of shelters count" in told.notes[-1]
    free = recommend(at(scenario, 2, mobility="none"), scenario, scorer=NEAR)
    costs = [{o.shelter_id: o.cost for o in one.options} for one in (told, free)]
    assert costs[0]["S1"] - costs[1]["S1"] == pytest.approx(100.0)


def test_persons_of_the_scenario() -> None:
    """A person of the scenario keeps their pace, ready time and place in the plan."""
    scenario = er.lagoon(people=300)
    plan = er.assign(scenario, "earliest_arrival")
    assert plan.roster is not None
    i = int(np.flatnonzero(plan.roster.movement >= 0)[0])
    name = str(plan.roster.person_id[i])
    ask = Recommender(scenario, plan, NEAR)
    told = ask.recommend(name)
    mine = int(plan.movements.shelter[plan.roster.movement[i]])
    planned = [option for option in told.options if option.planned]
    assert [option.shelter for option in planned] == [mine]
    assert "has a place here by the plan" in planned[0].reason
    group = int(plan.roster.group[i])
    assert planned[0].depart_s == scenario.groups.ready_time[group]
    with pytest.raises(er.PeopleError, match="'nobody': is not among"):
        ask.recommend("nobody")


def test_a_household_of_the_scenario_finds_no_room_for_some_of_it() -> None:
    """Who belongs to a household asks for all of it, where only their own shelter has room."""
    scenario = er.lagoon(people=300)
    plan = er.assign(scenario, "earliest_arrival")
    groups, moves, roster = scenario.groups, plan.movements, plan.roster
    assert roster is not None
    placed = np.flatnonzero(roster.movement >= 0)
    size = groups.size[moves.group[roster.movement[placed]]]
    together = groups.together[moves.group[roster.movement[placed]]]
    i = int(placed[np.flatnonzero(together & (size >= 2))[0]])
    movement = int(roster.movement[i])
    many, mine = int(moves.size[movement]), int(moves.shelter[movement])
    left = places_left(scenario, moves)[0]
    tight = replace(
        scenario.shelters, capacity=scenario.shelters.capacity - left + many - 1,
        step_free_capacity=np.zeros(len(left), np.int64), report=None,
    )  # fmt: skip
    full = er.Scenario(scenario.network, scenario.people, tight, deadline=scenario.deadline_s)
    told = Recommender(full, replace(plan, scenario=full), NEAR).recommend(str(roster.person_id[i]))
    assert [option.shelter for option in told.options] == [mine]
    assert f"no room for {many}" in {bar.reason for bar in told.barred}


def test_positions_are_put_on_streets() -> None:
    """A position has the walk to the street and along it in its time of setting out."""
    scenario = street()
    lon, lat = float(scenario.network.lon[2]), float(scenario.network.lat[2])
    here = recommend({"lon": lon, "lat": lat, "ready_time_s": 0}, scenario, scorer=NEAR)
    off = recommend({"lon": lon, "lat": lat + 2e-4, "ready_time_s": 0}, scenario, scorer=NEAR)
    assert off.options[0].depart_s > here.options[0].depart_s + 10
    with pytest.raises(er.PeopleError, match=r"no street that they can use is within 250 m"):
        recommend({"lon": lon + 1, "lat": lat}, scenario, scorer=NEAR)


def test_unknown_ready_times_are_assumed() -> None:
    """Where it is not said when they can leave, the mean of their like is taken and told."""
    scenario = street()
    told = recommend({"node_id": scenario.network.node_id[2]}, scenario, scorer=NEAR)
    assert told.options[0].depart_s > 0
    assert "min to set out, the mean of their like" in told.notes[0]


def test_all_faults_of_a_person_at_once() -> None:
    """Every value that is not what it must be is named, with what is allowed."""
    with pytest.raises(er.PeopleError) as error:
        Person(
            lon=200.0, age=-1, sex="?", mobility="skates", helpers=-1, party_size=0,
            ready_time_s=float("nan"),
        )  # fmt: skip
    for words in (
        "8 faults", "lon is 200.0", "lat is missing", "sex is '?'", "mobility is 'skates'",
        "age is -1", "ready_time_s is nan", "helpers is -1", "party_size is 0",
    ):  # fmt: skip
        assert words in str(error.value)
    with pytest.raises(er.PeopleError, match="unknown weight; expected some of lon, lat"):
        Person.of({"weight": 80})
    with pytest.raises(er.PeopleError, match="both node_id and lon"):
        Person(node_id="N1", lon=1.0, lat=2.0)


def test_bad_calls_are_refused() -> None:
    """Plans and prices of another city, strange persons, and numbers that are none are refused."""
    scenario, other = street(), scene(corridor(3, 50.0), [(0, 1)], [(3, 9)])
    person = at(scenario, 2)
    with pytest.raises(er.InputError, match=r"is of 6 links, the scenario has 12"):
        recommend(person, scenario, er.assign(other), scorer=NEAR)
    with pytest.raises(er.InputError, match="prices: "):
        recommend(person, scenario, er.assign(other, "over_time").prices, scorer=NEAR)
    with pytest.raises(er.InputError, match="known is str"):
        recommend(person, scenario, "plan", scorer=NEAR)  # type: ignore[arg-type]
    with pytest.raises(er.PeopleError, match="person is int '3'"):
        recommend(3, scenario, scorer=NEAR)  # type: ignore[arg-type]
    with pytest.raises(er.PeopleError, match="no persons"):
        recommend("P1", scenario, scorer=NEAR)
    with pytest.raises(er.PeopleError, match="node_id"):
        recommend({"node_id": "nowhere"}, scenario, scorer=NEAR)
    with pytest.raises(er.InputError, match="top is 0"):
        recommend(person, scenario, scorer=NEAR, top=0)
    with pytest.raises(er.InputError, match="safety_weight is -1"):
        recommend(person, scenario, scorer=NEAR, safety_weight=-1)


def test_it_prints_and_gives_plain_types() -> None:
    """A recommendation prints as a table, and gives a frame and plain types."""
    scenario = street(shelters=[(0, 9), (3, 0), (6, 9)])
    told = recommend(at(scenario, 2), scenario, scorer=NEAR)
    assert "S0: the nearest that can be had (S1: closed)" in str(told)
    assert "not to S1: closed" in str(told)
    assert len(told.frame()) == 2
    assert json.loads(json.dumps(told.to_dict()))["barred"][0]["reason"] == "closed"
    nowhere = scene(corridor(6, 50.0), [(2, 1)], [(0, 0)])
    assert "no shelter can be advised" in str(recommend(at(nowhere, 2), nowhere, scorer=NEAR))


@pytest.mark.parametrize("seed", range(6))
def test_forward_search_agrees_with_its_twin(seed: int) -> None:
    """Times of being at every node are those of relaxing every link until nothing changes."""
    chance = np.random.default_rng(seed)
    network = grid(4, 4, spacing=40.0, seed=seed, steps_share=0.3, missing_share=0.2)
    n = network.n_links
    some = chance.choice(n, 12, replace=False)
    begin = chance.integers(0, 200, 12).astype(float)
    hazard = er.LinkTimes(
        some, np.full(12, -1), begin, np.full(12, INF), chance.choice([0.0, 0.5], 12)
    )
    scenario = scene(network, [(0, 1)], [(5, 9)], classes=[WALKER]).with_hazard(hazard)
    streets = lay_streets(scenario, 3600.0)
    when, behind = np.empty(network.n_nodes), np.empty(network.n_nodes, np.int32)
    fill_from(streets, 0, 1.2, 0.8, 0, 30.0, np.empty(2 * n + 64, np.int64), when, behind)
    walk = scenario.group_classes.walk_seconds(network)[0]
    own = np.where(network.steps > 0, 0.8, 1.2)
    factor = dict(zip(some.tolist(), hazard.speed_factor.tolist(), strict=True))
    start = dict(zip(some.tolist(), begin.tolist(), strict=True))
    slow = np.full(network.n_nodes, INF)
    slow[0] = 30.0
    for _ in range(network.n_nodes):
        for link in range(n):
            time = slow[network.from_node[link]]
            f = factor[link] if link in factor and time >= start[link] else 1.0
            if f == 0 or not np.isfinite(time + walk[link]):
                continue
            there = time + walk[link] / own[link] / f
            if factor.get(link) == 0 and start[link] < there:
                continue
            slow[network.to_node[link]] = min(slow[network.to_node[link]], there)
    assert np.allclose(when, slow)
