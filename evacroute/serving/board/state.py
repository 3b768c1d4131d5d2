"""What the board shows, as JSON."""

from __future__ import annotations

import time
from typing import Any

import numpy as np

from evacroute.answering import Answerer
from evacroute.serving.board.acts import Closing
from evacroute.serving.board.figures import Figures
from evacroute.serving.board.names import Names
from evacroute.serving.board.notices import Notices
from evacroute.serving.board.planner import PlanningState
from evacroute.serving.capacity_store import UNLIMITED
from evacroute.serving.place_desk import PlaceDesk
from evacroute.serving.replica import Replica


def tell_state(
    replica: Replica,
    desk: PlaceDesk,
    answerer: Answerer,
    notices: Notices,
    names: Names,
    figures: Figures,
    planning: PlanningState,
    undo: Closing,
    option_alarm: float | None,
    now: float,
) -> dict[str, Any]:
    """Tell all that the board shows; `docs/operators_board.md` says what each field means."""
    news, manifest = notices.news, answerer.manifest
    alarm = option_alarm if news.alarm_at is None else news.alarm_at
    since = None if alarm is None else max(0.0, now - alarm)
    wanted = news.plan or manifest.plan
    read = notices.counts is not None
    return {
        "now": now,
        "version": notices.version,
        "replica": desk.replica,
        "plan": {
            "served": replica.plan, "wanted": wanted, "bundle": manifest.plan,
            "method": manifest.method, "placed": manifest.placed, "left": manifest.left,
            "is_bundles": not news.plan,
        },
        "store": {
            "up": desk.is_up, "replicas": desk.replicas if desk.is_up else None,
            "read_s": round(time.monotonic() - notices.read_at, 1) if read else None,
            "is_lost": notices.is_lost,
        },
        "alarm": {
            "at": alarm, "since_s": since, "deadline_s": manifest.deadline_s,
            "is_fixed": news.alarm_at is None and option_alarm is not None,
        },
        "hazard": _hazard(answerer, 0.0 if since is None else since),
        "shelters": _shelters(desk, notices, answerer),
        "answers": figures.told(),
        "adopted": desk.adopted,
        "oversold": desk.oversold,
        "closures": {
            "streets": names.streets(news.closed_links),
            "shelters": [
                {"id": one, "name": names.shelter(one)} for one in news.closed_shelters
            ],
        },
        "planning": planning.told(),
        "undo": names.called(undo.links, undo.shelters),
    }  # fmt: skip


def _hazard(answerer: Answerer, since: float) -> dict[str, Any]:
    times = answerer.scenario.link_times
    is_on = (times.from_s <= since) & (since < times.to_s)
    return {
        "kinds": answerer.manifest.hazards,
        "time_s": since,
        "closed": len(np.unique(times.link[is_on & (times.speed_factor == 0)])),
        "slow": len(np.unique(times.link[is_on & (times.speed_factor > 0)])),
    }


def _shelters(desk: PlaceDesk, notices: Notices, answerer: Answerer) -> list[dict[str, Any]]:
    places, counts = desk.places, notices.counts
    known = {} if counts is None else {one: i for i, one in enumerate(counts.shelter_id)}
    shut = set(notices.news.closed_shelters)
    out = []
    for i, shelter_id in enumerate(places.shelter_id):
        at = known.get(shelter_id)
        row: dict[str, Any] = {
            "id": shelter_id,
            "name": str(answerer.scenario.shelters.name[i]),
            "capacity": None if places.capacity[i] >= UNLIMITED else places.capacity[i],
            "step_free": None if places.step_free[i] >= UNLIMITED else places.step_free[i],
            "taken": None, "step_free_taken": None, "arrived": None, "left": None,
            "is_closed": shelter_id in shut,
        }  # fmt: skip
        if counts is not None and at is not None:
            row |= {
                "taken": counts.taken[at],
                "step_free_taken": counts.step_free_taken[at],
                "arrived": counts.arrived[at],
            }
            if row["capacity"] is not None:
                row["left"] = max(0, row["capacity"] - counts.taken[at])
        out.append(row)
    return out
