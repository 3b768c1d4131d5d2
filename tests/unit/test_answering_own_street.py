"""Answers to those whose own street a hazard closes, slows, or is about to close."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from asked import ask, point_on
from networks import corridor
from own_street import street

import evacroute as er
from evacroute.answering import Answerer, Answers, Place

LENGTH = 50.0
L4, L4_BACK = 8, 9
"""From N4 to N5, and back."""


def flooded(
    shelters: tuple[int, ...], *rows: tuple[int, float, float, float], **more: Any
) -> Answerer:
    """The street with link times: link, from, to and speed factor, for everybody."""
    link, begin, end, factor = (list(column) for column in zip(*rows, strict=True))
    times = er.LinkTimes(link, [-1] * len(link), begin, end, factor)
    network = corridor(8, LENGTH)
    return street([(v, 9) for v in shelters], network=network, hazard=times, **more)


def asks(who: Answerer, share: float, now: float, **columns: Any) -> Answers:
    """What somebody on L4 is told."""
    spot = point_on(who.scenario.network, L4, share)
    return who.answer(ask([spot], **columns), now=now, directions=True)


def shut(begin: float, end: float = np.inf) -> list[tuple[int, float, float, float]]:
    """Both directions of L4 closed from then on."""
    return [(v, begin, end, 0.0) for v in (L4, L4_BACK)]


@pytest.mark.parametrize("share", [0.02, 0.3, 0.7])
def test_nobody_is_led_across_what_a_hazard_has_closed(share: float) -> None:
    """With the only shelter beyond, who stands on a street that is closed is cut off by it."""
    told = asks(flooded((8,), *shut(10.0), crowd_at=8), share, 1000.0)
    assert (told.status[0], told.reason[0]) == ("no_safe_route", "cut off by a hazard")
    assert told.p_safe[0] == 0
    assert len(told.directions[0]) >= 3


def test_foot_of_a_closed_street() -> None:
    """Who stands as good as at one end of a closed street leaves by it, others are cut off."""
    who = flooded((0, 8), *shut(10.0))
    told = [asks(who, share, 1000.0) for share in (0.1, 0.3, 0.7, 0.9)]
    assert [one.shelter_id[0] for one in told] == ["S0", "", "", "S1"]


def test_open_direction_is_taken() -> None:
    """Where a street is closed one way only they leave the other way, though it is farther."""
    who = flooded((3, 6), (L4, 100.0, np.inf, 0.0))
    assert asks(who, 0.7, 0.0).shelter_id[0] == "S1"
    assert asks(who, 0.7, 1000.0).shelter_id[0] == "S0"


def test_street_that_closes_before_one_is_through() -> None:
    """Who gets through in time goes on, who does not leaves by the other end, or is cut off."""
    both, beyond = flooded((3, 8), *shut(100.0)), flooded((8,), *shut(100.0))
    for now, first, reason in ((60.0, "S1", ""), (80.0, "", "cut off by a hazard")):
        told = asks(beyond, 0.3, now)
        assert told.shelter_id[0] == ("S0" if first else ""), now
        assert not reason or told.reason[0] == reason
    assert asks(both, 0.3, 80.0).shelter_id[0] == "S0"
    assert asks(both, 0.5, 95.0).reason[0] == "cut off by a hazard"


def test_slow_street_takes_longer() -> None:
    """Wading counts: the first stretch takes as much longer as its speed factor says."""
    slow = flooded((8,), (L4, 0.0, np.inf, 0.25), (L4_BACK, 0.0, np.inf, 0.25))
    dry = flooded((8,), (0, 0.0, np.inf, 0.25))
    late, soon = (asks(who, 0.5, 5.0).q50[0] for who in (slow, dry))
    alone = 0.5 * LENGTH / 1.34
    assert late - soon == pytest.approx(3 * alone, rel=0.15)


def test_depth_counts_by_class() -> None:
    """A street that closes to one class alone is open to the others."""
    times = er.LinkTimes([L4, L4_BACK], [1, 1], [10.0] * 2, [np.inf] * 2, [0.0] * 2)
    who = street([(8, 9)], network=corridor(8, LENGTH), hazard=times)
    spot = point_on(who.scenario.network, L4, 0.3)
    asked = ask([spot] * 2, mobility=["none", "wheelchair_electric"])
    told = who.answer(asked, now=1000.0)
    assert told.status.tolist() == ["unreserved", "no_safe_route"]
    assert told.reason[1] == "cut off by a hazard"


def test_full_shelters_are_no_hazard() -> None:
    """With one end shut and all shelters behind the other full, room is what is missing."""
    who = flooded((0,), (L4, 10.0, np.inf, 0.0))
    spot = point_on(who.scenario.network, L4, 0.3)
    told = who.answer(ask([spot]), now=1000.0, book=lambda w: [Place(-1, False, np.nan) for _ in w])
    assert told.reason[0] == "no shelter with room"


def test_hazard_elsewhere_changes_nothing() -> None:
    """A hazard that does not touch the street one stands on leaves the answer as it was."""
    far = flooded((3,), (14, 10.0, np.inf, 0.0))
    none = street([(3, 9)], network=corridor(8, LENGTH))
    one, other = asks(far, 0.3, 100.0), asks(none, 0.3, 100.0)
    assert one.q50[0] == other.q50[0]
    assert one.distance[0] == other.distance[0]


def test_news_and_hazard_together() -> None:
    """Off what news close one gets by the nearer end, unless a hazard is there too."""
    who = flooded((0, 8), (L4_BACK, 10.0, np.inf, 0.0))
    closed = np.zeros(who.scenario.network.n_links, bool)
    closed[[L4, L4_BACK]] = True
    who.follow(closed=closed)
    assert asks(who, 0.3, 0.0).status[0] == "no_safe_route"
    assert asks(who, 0.7, 1000.0).shelter_id[0] == "S1"
