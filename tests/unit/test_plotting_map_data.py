"""The columns of the web map: packed and taken apart again they say what the plan says."""

from __future__ import annotations

import base64
import dataclasses
import gzip
import json
from typing import Any

import numpy as np
import pytest
from drawn_plans import (
    STEP,
    grid_network,
    make_hazard_plan,
    make_plan,
    make_plan_of_people,
    make_priced_plan,
)
from hypothesis import given
from hypothesis import strategies as st
from networks import from_edges

import evacroute as er
from evacroute.hazards import Closures
from evacroute.plotting._map_data import pack_plan
from evacroute.plotting._packing import Packer
from evacroute.plotting._routes import route_tree
from evacroute.plotting._words import panel_words
from evacroute.reports import LoadReport
from evacroute.scores import PlanScores
from evacroute.streets import pair_links


def unpack(text: str) -> dict[str, Any]:
    """What static/data.js does, in Python."""
    content = gzip.decompress(base64.b64decode(text))
    size = int(np.frombuffer(content[:4], "<u4")[0])
    header = json.loads(content[4 : 4 + size])
    data = {**header["texts"], "meta": header["meta"]}
    for column in header["columns"]:
        begin = 4 + size + column["offset"]
        assert begin % 8 == 0
        kind = np.dtype("<" + column["type"])
        part = content[begin : begin + column["length"] * kind.itemsize]
        values = np.frombuffer(part, kind)
        if column["delta"]:
            values = np.cumsum(values, dtype=np.int64)
        data[column["name"]] = values if column["scale"] == 1 else values * column["scale"]
    return data


def test_numbers_and_texts_survive_packing():
    """Whole, scaled and real numbers, times and texts come back as they went in."""
    packer = Packer()
    packer.whole("whole", [5, -3, 2_000_000_000, 0])
    packer.whole("raw", [1, 200, 40_000], delta=False)
    packer.scaled("scaled", [12.345678, 45.1], resolution=1e-6)
    packer.seconds("seconds", [0.0, 90.0, 2.5])
    packer.real("real", [np.nan, np.inf, 1.5])
    packer.text("text", ["ä", "</script>", ""])
    packer.words("word", ["a", "b", "a"])
    packer.whole("none", [])
    data = unpack(packer.to_text())
    assert data["whole"].tolist() == [5, -3, 2_000_000_000, 0]
    assert data["raw"].tolist() == [1, 200, 40_000]
    np.testing.assert_allclose(data["scaled"], [12.345678, 45.1], atol=1e-9)
    np.testing.assert_allclose(data["seconds"], [0.0, 90.0, 2.5])
    np.testing.assert_array_equal(data["real"], np.array([np.nan, np.inf, 1.5], np.float32))
    assert data["text"] == ["ä", "</script>", ""]
    assert [data["word_table"][i] for i in data["word"]] == ["a", "b", "a"]
    assert data["none"].tolist() == []


def test_packing_is_repeatable():
    """The same columns give the same text, without a time stamp."""
    first, second = Packer(), Packer()
    for packer in (first, second):
        packer.whole("a", range(1000))
    assert first.to_text() == second.to_text()


def test_times_use_the_coarsest_unit():
    """Times that are whole steps need one byte each however long the step is."""
    packer = Packer()
    packer.seconds("t", np.arange(100) * 600.0, delta=False)
    assert packer._columns[0]["type"] == "i1"


@given(st.lists(st.lists(st.integers(0, 5), max_size=6), max_size=20))
def test_route_tree_keeps_every_route(routes: list[list[int]]):
    """Following the tree from a route's first entry gives the route, and no end is kept twice."""
    ptr = np.cumsum([0, *map(len, routes)])
    code = np.array([link for route in routes for link in route], dtype=np.int64)
    link, following, first = route_tree(ptr, code)
    for route, entry in zip(routes, first.tolist(), strict=True):
        walked = []
        while entry >= 0:
            walked.append(int(link[entry]))
            assert following[entry] < entry
            entry = int(following[entry])
        assert walked == route
    ends = {tuple(route[i:]) for route in routes for i in range(len(route))}
    assert len(link) == len(ends)


def test_streets_pair_opposite_links():
    """Two directed links of a street are one street; parallel and one-way streets stay apart."""
    network = from_edges(
        [(0, 0), (100, 0)],
        [(0, 1), (0, 1), (0, 1)],
        length=[100.0, 100.0, 120.0],
        one_way=[2],
    )
    streets = pair_links(network)
    assert len(streets) == 3
    ids = network.link_id
    both = zip(streets.forward, streets.backward, strict=True)
    pairs = {(ids[f], ids[b] if b >= 0 else "") for f, b in both}
    assert pairs == {("L0", "L0-r"), ("L1", "L1-r"), ("L2", "")}
    for link in range(network.n_links):
        street, back = divmod(int(streets.code[link]), 2)
        assert (streets.backward if back else streets.forward)[street] == link


def test_links_of_both_directions_have_their_ids():
    """Every link's id is in the map once, under its street and its direction."""
    plan = make_plan()
    network = plan.scenario.network
    streets = pair_links(network)
    data = unpack(pack_plan(plan, max_routes=None, with_persons=True).to_text())
    ids = data["street_id"], data["street_id_back"]
    shown = [ids[code % 2][code // 2] for code in streets.code]
    assert shown == network.link_id.tolist()
    assert [name for name in ids[0] + ids[1] if name] == sorted(shown, key=(ids[0] + ids[1]).index)


def test_columns_tell_each_movement_its_timetable():
    """Routes, waits and walks add up to the links, enter and leave times of the plan."""
    plan = make_plan()
    moves = plan.movements
    streets = pair_links(plan.scenario.network)
    data = unpack(pack_plan(plan, max_routes=None, with_persons=True).to_text())
    leg = 0
    for movement in range(len(moves)):
        entry, time = data["movement_route"][movement], data["movement_depart"][movement]
        for i in range(moves.leg_ptr[movement], moves.leg_ptr[movement + 1]):
            assert data["route_link"][entry] == streets.code[moves.leg_link[i]]
            time += data["leg_wait"][leg]
            assert time == pytest.approx(moves.leg_enter[i])
            time += data["leg_walk"][leg]
            assert time == pytest.approx(moves.leg_leave[i])
            entry, leg = data["route_next"][entry], leg + 1
        assert entry == -1
    assert leg == len(moves.leg_link)


def test_columns_count_who_enters_each_link():
    """The cells of the flow hold every person once for each link they enter, at their minute."""
    plan = make_plan()
    moves = plan.movements
    code = pair_links(plan.scenario.network).code
    expected: dict[tuple[int, int], int] = {}
    for movement in range(len(moves)):
        for i in range(moves.leg_ptr[movement], moves.leg_ptr[movement + 1]):
            cell = (int(code[moves.leg_link[i]]), int(moves.leg_enter[i] // 60))
            expected[cell] = expected.get(cell, 0) + int(moves.size[movement])
    data = unpack(pack_plan(plan, max_routes=2, with_persons=True).to_text())
    found = flow(data, "flow_persons")
    assert {cell: n for cell, n in found.items() if n} == expected


def flow(data: dict[str, Any], column: str) -> dict[tuple[int, int], float]:
    """A column of the flow by link and bin."""
    cells = zip(data["flow_link"].tolist(), data["flow_bin"].tolist(), strict=True)
    return dict(zip(cells, data[column].tolist(), strict=True))


def test_columns_keep_people_on_long_links_in_sight():
    """Who takes minutes over a link is inside it in each of them, and passes it once in all."""
    plan = make_plan()
    moves = plan.movements
    slow = dataclasses.replace(
        moves, depart=moves.depart + 30, leg_enter=3 * moves.leg_enter + 30,
        leg_leave=3 * moves.leg_leave + 30, arrive=3 * moves.arrive + 30,
    )  # fmt: skip
    code = pair_links(plan.scenario.network).code
    inside: dict[tuple[int, int], float] = {}
    passing: dict[tuple[int, int], float] = {}
    for movement in range(len(slow)):
        size = int(slow.size[movement])
        for i in range(slow.leg_ptr[movement], slow.leg_ptr[movement + 1]):
            begin, end = float(slow.leg_enter[i]), float(slow.leg_leave[i])
            for bin_ in range(1000):
                within = min(end, 60.0 * bin_ + 60) - max(begin, 60.0 * bin_)
                if within > 0:
                    cell = int(code[slow.leg_link[i]]), bin_
                    inside[cell] = inside.get(cell, 0) + size
                    passing[cell] = passing.get(cell, 0) + size * within / (end - begin)
    slowed = dataclasses.replace(plan, movements=slow)
    data = unpack(pack_plan(slowed, max_routes=0, with_persons=False).to_text())
    assert max(slow.leg_leave - slow.leg_enter) > 120
    assert flow(data, "flow_inside") == inside
    assert flow(data, "flow_passing") == pytest.approx(passing, abs=0.051)
    entered = sum(flow(data, "flow_persons").values())
    assert sum(inside.values()) > entered == pytest.approx(sum(passing.values()))


def test_columns_hold_the_tide_of_each_minute():
    """The tide is given at both ends of every bin, in proportion between samples, else not."""
    plan = make_plan()
    tide = er.Tide([0.0, 600.0], [1.0, 1.5])
    n = plan.scenario.network.n_links
    flood = er.Flood(tide, er.Heights(np.full(n, 3.0), np.zeros(n, bool)))
    scenario = dataclasses.replace(plan.scenario, hazard=flood, deadline=600.0)
    wet = dataclasses.replace(plan, scenario=scenario)
    meta = unpack(pack_plan(wet, max_routes=0, with_persons=False).to_text())["meta"]
    assert meta["tide"] == [
        pytest.approx(1 + 0.05 * minute, abs=0.001) for minute in range(meta["bins"] + 1)
    ]
    assert "tide" not in unpack(pack_plan(plan, max_routes=0, with_persons=False).to_text())["meta"]


def test_columns_hold_the_highest_price_of_each_minute():
    """The cells of the prices are links and minutes with a price; without prices there are none."""
    plan = make_priced_plan()
    code = pair_links(plan.scenario.network).code
    data = unpack(pack_plan(plan, max_routes=0, with_persons=False).to_text())
    cells = zip(data["price_link"].tolist(), data["price_bin"].tolist(), strict=True)
    found = dict(zip(cells, data["price_seconds"].tolist(), strict=True))
    expected = {(code[0], 1): 90.0, (code[1], 2): 7.0, (code[4], 1): 2.5}
    assert found == pytest.approx(expected)
    assert data["shelter_price_place"].tolist() == [65.0, 0.0]
    assert data["meta"]["priced"]
    none = unpack(pack_plan(make_plan(), max_routes=0, with_persons=False).to_text())
    assert not none["meta"]["priced"]
    assert not [name for name in none if "price" in name]


def test_columns_hold_scores_where_there_are_some():
    """The map tells the odds of each movement; without scores it has no column more."""
    plan = make_plan()
    n = len(plan.movements)
    p = np.linspace(0.5, 1.0, n)
    p[0] = np.nan
    scores = PlanScores(p, np.arange(n), np.arange(n) + 60.0, np.arange(n) + 90.0, p >= 0.9)
    plain = unpack(pack_plan(plan, max_routes=None, with_persons=True).to_text())
    told = unpack(
        pack_plan(
            dataclasses.replace(plan, scores=scores), max_routes=None, with_persons=True
        ).to_text()
    )
    assert told.keys() - plain.keys() == {
        "movement_odds", "movement_q10", "movement_q90", "movement_sure",
    }  # fmt: skip
    assert np.allclose(told["movement_odds"], p, equal_nan=True)
    assert np.allclose(told["movement_q90"], np.arange(n) + 90)
    assert (told["movement_sure"] == (p >= 0.9)).all()


def test_columns_hold_what_hazards_do():
    """Stretches and sets give back the factors of each class on each link; none without hazards."""
    plan = make_hazard_plan()
    scenario = plan.scenario
    streets = pair_links(scenario.network)
    data = unpack(pack_plan(plan, max_routes=0, with_persons=False).to_text())
    n_classes = len(scenario.group_classes)
    sets = data["hazard_factor"].reshape(-1, n_classes)
    ptr = np.r_[0, np.cumsum(data["hazard_stretches"])]
    profile = scenario.link_times.profile(n_classes, scenario.deadline_s)
    for time in (0, 60, 149, 150, 180, 239, 240, 1700):
        found = np.ones((n_classes, scenario.network.n_links))
        rows = zip(data["hazard_street"], data["hazard_way"], strict=True)
        for row, (street, way) in enumerate(rows):
            part = slice(ptr[row], ptr[row + 1])
            last = np.searchsorted(data["hazard_begin"][part], time, side="right") - 1
            factor = sets[data["hazard_set"][part][last]]
            if way != 2:
                found[:, streets.forward[street]] = factor
            if way != 1:
                found[:, streets.backward[street]] = factor
        np.testing.assert_allclose(found, profile.at(time, scenario.network.n_links), atol=1e-9)
    assert data["hazard_way"].tolist() == [0, 0, 2, 0]
    none = unpack(pack_plan(make_plan(), max_routes=0, with_persons=False).to_text())
    assert not [name for name in none if "hazard" in name]


def test_factors_of_hazards_stay_apart_from_open_and_closed():
    """A factor near 0 or 1 is kept, to a twentieth, as slower: never as closed or open."""
    plan = make_plan()
    rows = [{"link_id": "L1", "speed_factor": 0.001}, {"link_id": "L2", "speed_factor": 0.999}]
    scenario = dataclasses.replace(plan.scenario, hazard=Closures(rows))
    other = dataclasses.replace(plan, scenario=scenario)
    data = unpack(pack_plan(other, max_routes=0, with_persons=False).to_text())
    assert sorted(set(data["hazard_factor"].tolist())) == pytest.approx([0.05, 0.95])


def test_notes_of_hazards_are_told():
    """What a hazard's report notes stands among what to know before relying on the map."""
    plan = make_plan()
    report = LoadReport("closures", notes=["MODELLED: by a test"])
    hazard = Closures([{"link_id": "L1"}], report=report)
    scenario = dataclasses.replace(plan.scenario, hazard=hazard)
    words = panel_words(dataclasses.replace(plan, scenario=scenario))
    assert "MODELLED: by a test" in words["notes"]
    assert "MODELLED: by a test" not in panel_words(plan)["notes"]


def test_max_routes_keeps_so_many_routes():
    """With max_routes the map keeps that many ways and all movements."""
    plan = make_plan(tuple([1] * 30))
    data = unpack(pack_plan(plan, max_routes=4, with_persons=True).to_text())
    assert (data["movement_route"] != -2).sum() == 4 == data["meta"]["routes_stored"]
    assert len(data["movement_arrive"]) == len(plan.movements)
    none = unpack(pack_plan(plan, max_routes=0, with_persons=True).to_text())
    assert (none["movement_route"] == -2).all()


def test_persons_can_be_left_out():
    """Without persons the map holds no id of a person or household."""
    data = unpack(pack_plan(make_plan(), max_routes=None, with_persons=False).to_text())
    assert not [name for name in data if name.startswith("person")]


def test_persons_stand_where_they_are():
    """Positions of persons are kept to a metre, with the group and movement of each."""
    plan = make_plan_of_people()
    people = plan.scenario.people
    data = unpack(pack_plan(plan, max_routes=None, with_persons=True).to_text())
    np.testing.assert_allclose(data["person_lon"], people.lon, atol=1e-5)
    np.testing.assert_allclose(data["person_lat"], people.lat, atol=1e-5)
    assert data["person_group"].tolist() == plan.scenario.group_of_person.tolist()
    moved = data["person_movement"] >= 0
    groups = data["movement_group"][data["person_movement"][moved]]
    assert groups.tolist() == data["person_group"][moved].tolist()
    assert data["person_group"][-1] == -1


def test_streets_without_geometry_are_drawn_straight():
    """A link without points of its own is drawn from node to node."""
    plan = make_plan()
    network = grid_network()
    bare = {name: np.zeros(0) for name in ("geometry_lon", "geometry_lat")}
    fields = {
        name: getattr(network, name)
        for name in network.__dataclass_fields__
        if name not in (*bare, "geometry_ptr")
    }
    flat = type(network)(**fields, **bare, geometry_ptr=np.zeros(network.n_links + 1, np.int64))
    scenario = type(plan.scenario)(
        flat, plan.scenario.groups, plan.scenario.shelters, classes=plan.scenario.classes
    )
    drawn = type(plan)(scenario, plan.movements, "by hand", STEP)
    data = unpack(pack_plan(drawn, max_routes=None, with_persons=True).to_text())
    assert set(data["street_points"].tolist()) == {2}
    assert data["street_lon"][0] == pytest.approx(flat.lon[flat.from_node[0]], abs=1e-6)
