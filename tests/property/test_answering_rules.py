"""Whatever is drawn, who can reach a shelter is led on a way they can walk, and nobody else is."""

from __future__ import annotations

from typing import Any

import numpy as np
from asked import ALL_SAFE, ask, point_on, read_line
from conftest import drawn
from drawn_hazards import link_times
from drawn_scenes import scenes
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from naive_answers import crossed, fault_of_way, soonest

import evacroute as er
from evacroute.answering import AGE_BANDS, Answerer, bundle_of
from evacroute.capability import MOBILITIES
from evacroute.load.placing import usable_links
from evacroute.load.snap import snap

few = settings(
    max_examples=drawn(30), deadline=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)  # fmt: skip

NO_WAY = ("no way to any shelter", "no step-free way to any shelter")

WORDS = st.sampled_from([word for word in MOBILITIES if word != "child"])


def answerer_of(draw: Any, *, hazard: bool) -> Answerer:
    """An answerer of a drawn scene by a plan that places somebody."""
    scenario = draw(scenes())
    if hazard:
        scenario = scenario.with_hazard(draw(link_times(scenario, factors=(0.0, 0.5))))
    method = draw(st.sampled_from(["shelter_flow", "earliest_arrival"]))
    plan = er.assign(scenario, method)
    assume(plan.placed > 0)
    return Answerer(bundle_of(plan, scorer=ALL_SAFE, made=0.0))


def check(who: Answerer, asked: Any, now: float) -> None:
    """Check all answers."""
    scenario, network, classes = who.likes.scenario, who.scenario.network, who.likes.classes
    told = who.answer(asked, now=now, directions=True)
    walk, shelters = classes.walk_seconds(network), scenario.shelters
    for p in range(len(asked)):
        like = who.likes.of(
            asked.mobility[p], bool(asked.step_free[p]), asked.age_band[p], int(asked.helpers[p]),
            int(asked.party_size[p]),
        )  # fmt: skip
        k, pace = like.class_, (like.pace, like.pace_steps)
        free = bool(classes.step_free[k])
        usable = usable_links(network, free, float(classes.min_width[k]))
        at, along, away = snap(network, asked.lon[p : p + 1], asked.lat[p : p + 1], usable=usable)
        s, link = int(told.shelter[p]), int(at[0])
        if link < 0:
            assert (s, told.reason[p]) == (-1, "no street near enough")
            continue
        own = pace[1] if network.steps[link] > 0 else pace[0]
        share, near = float(along[0] / network.length[link]), float(away[0]) / like.flat
        back = np.flatnonzero(
            (network.from_node == network.to_node[link])
            & (network.to_node == network.from_node[link])
        ).tolist()
        metres = float(network.length[link]) - float(along[0]), float(along[0])
        dry = {link: (metres, (1 - share) * float(walk[k, link]) / own)}
        dry |= {v: (metres[::-1], share * float(walk[k, v]) / own) for v in back}

        def ends_after(
            wait: float, k: int = k, near: float = near, dry: dict[int, Any] = dry
        ) -> dict[int, float]:
            """Say when each end is reached by who waits so long first [s from then]."""
            enter = now + wait + near
            return {v: near + crossed(scenario, k, v, to, enter, t) for v, (to, t) in dry.items()}

        ends = ends_after(0.0)
        there = soonest(
            scenario, k, pace, [(int(network.to_node[v]), t) for v, t in ends.items()], now
        )
        if not np.isfinite(list(ends.values())).any():
            assert told.reason[p] in ("cut off by a hazard", NO_WAY[free])
            assert s < 0
        room = shelters.step_free_capacity if free else shelters.capacity
        can = np.isfinite(there) & (room > 0)
        if s < 0:
            assert not can.any(), f"party {p} could reach {np.flatnonzero(can)}: {told.reason[p]}"
            assert len(told.directions[p]) >= 3
            continue
        assert room[s] > 0
        first, links = read_line(network, told.line[p], list(ends))
        # How long they wait is told to half a minute: they arrive as told if it is just so.
        begin = int(network.to_node[first])
        waits = [told.depart_in_s[p]] if told.depart_in_s[p] >= 30 else [0.0, 10.0, 20.0]
        faults = [
            fault_of_way(scenario, k, pace, begin, links, s, now + wait + ends[first])
            for wait in waits
            if ends_after(wait)[first] < ends[first] + 1e-3
        ]
        assert "" in faults, f"party {p}: {faults}"
        if not can.any():
            assert told.depart_in_s[p] > 0 or told.q50[p] > 0
        if free:
            assert not network.steps[links].any()
        assert told.q10[p] <= told.q50[p] <= told.q90[p]
        walked = float(network.length[links].sum() + away[0])
        walked += float(network.length[first]) * ((1 - share) if first == link else share)
        assert abs(told.distance[p] - walked) < 0.1


@st.composite
def crowds(draw: st.DrawFn, network: er.Network) -> Any:
    """A few parties of any words, amid streets."""
    rows = draw(
        st.lists(
            st.tuples(
                st.integers(0, network.n_links - 1), st.floats(0.1, 0.9), WORDS, st.booleans(),
                st.sampled_from(["", *AGE_BANDS]), st.integers(0, 3), st.integers(1, 9),
            ), min_size=1, max_size=6,
        )
    )  # fmt: skip
    link, share, word, free, age, helpers, size = (list(c) for c in zip(*rows, strict=True))
    return ask(
        [point_on(network, v, x) for v, x in zip(link, share, strict=True)], mobility=word,
        step_free=free, age_band=age, helpers=helpers, party_size=size,
    )  # fmt: skip


@few
@given(st.data())
def test_who_can_is_led(data: Any) -> None:
    """Without hazards those who can reach a shelter with room for their like are led there, on
    links they can use, and nobody else."""
    who = answerer_of(data.draw, hazard=False)
    asked = data.draw(crowds(who.scenario.network))
    check(who, asked, data.draw(st.sampled_from([0.0, 25.0, 5000.0])))


@few
@given(st.data())
def test_who_can_is_led_while_streets_change(data: Any) -> None:
    """Where streets close and slow down nobody is sent where they would be caught, and all are
    led who can get through without a stop."""
    who = answerer_of(data.draw, hazard=True)
    asked = data.draw(crowds(who.scenario.network))
    check(who, asked, data.draw(st.sampled_from([0.0, 25.0, 77.0])))
