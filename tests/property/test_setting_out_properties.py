"""Setting out against looking at every second, and plans of persons in drawn hazards."""

from __future__ import annotations

import numpy as np
import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from networks import corridor, degrees

import evacroute as er
from evacroute._setting_out import set_out
from evacroute.people import FirstWalks

UNTIL = 600
NETWORK = corridor(3)
Row = tuple[int, int, int, float]


def rows(n_links: int) -> st.SearchStrategy[list[Row]]:
    """Link times of whole tens of seconds: link, from, length, factor."""
    one = st.tuples(
        st.integers(0, n_links - 1),
        st.integers(0, 50).map(lambda n: 10 * n),
        st.integers(1, 30).map(lambda n: 10 * n),
        st.sampled_from([0.0, 0.0, 0.5, 0.8]),
    )
    return st.lists(one, max_size=8)


def link_times(drawn: list[Row]) -> er.LinkTimes:
    if not drawn:
        return er.LinkTimes.none()
    link, begin, long, factor = (np.array(column) for column in zip(*drawn, strict=True))
    return er.LinkTimes(link, np.full(len(link), -1), begin, begin + long, factor)


def factor_at(drawn: list[Row], time: float) -> float:
    """The product of the rows that hold."""
    found = [f for _, begin, long, f in drawn if begin <= time < begin + long]
    return float(np.prod(found)) if found else 1.0


def is_open(drawn: list[Row], begin: float, end: float) -> bool:
    """Whether no closed row has a part of the time."""
    return not any(
        f == 0 and max(b, begin) < min(b + long, end) for _, b, long, f in drawn
    ) and bool(factor_at(drawn, begin))


@given(rows(1), st.integers(0, 300), st.integers(1, 99))
def test_nobody_could_have_been_out_sooner(drawn: list[Row], ready: int, metres: int) -> None:
    """The walk is open and as long as it takes; at no second before could they have gone."""
    walks = FirstWalks([0], [0], [metres], [1.0], [ready])
    found = set_out(walks, np.zeros(1, np.int32), NETWORK, link_times(drawn), 1, UNTIL)
    leave, arrive = float(found.leave[0]), float(found.arrive[0])
    if np.isfinite(leave):
        assert leave >= ready
        assert is_open(drawn, leave, arrive)
        assert np.isclose(arrive - leave, metres / factor_at(drawn, leave))
    for t in range(ready, min(UNTIL, int(min(leave, UNTIL)))):
        there = t + metres / max(factor_at(drawn, t), 1e-9)
        assert there > UNTIL >= ready + metres or not is_open(drawn, t, there)


@given(
    rows(NETWORK.n_links),
    st.lists(st.integers(1, 299), min_size=1, max_size=6),
    st.sampled_from(["earliest_arrival", "shelter_flow"]),
)
def test_plans_of_persons_keep_every_rule(drawn: list[Row], at: list[int], method: str) -> None:
    """In drawn hazards everyone has a place or a reason, and every rule is kept."""
    lon, lat = degrees([float(x) for x in at], [0.0] * len(at))
    table = {
        "lon": lon,
        "lat": lat,
        "mobility": np.where(np.arange(len(at)) % 3 == 0, "wheelchair_manual", "none"),
        "ready_time_s": [float(x % 7) * 30 for x in at],
    }
    people = er.read_people(pd.DataFrame(table), NETWORK)
    rooms = {"shelter_id": ["A", "B"], "node_id": ["N0", "N3"], "capacity": [9, 9]}
    shelters = er.read_shelters(pd.DataFrame(rooms), NETWORK)
    scenario = er.Scenario(
        NETWORK, people, shelters, deadline=float(UNTIL), hazard=link_times(drawn)
    )
    plan = er.assign(scenario, method)
    assert plan.placed + plan.left == len(at)
    assert er.verify(plan).broken == ()
    played = er.evaluate(plan, [scenario])
    assert int(played.table["safe"][0]) == plan.safe
    dry = er.evaluate(er.assign(scenario.with_hazard(None), method), [scenario])
    assert int(dry.table[["safe", "stuck", "late", "left"]].sum(axis=1)[0]) == len(at)
