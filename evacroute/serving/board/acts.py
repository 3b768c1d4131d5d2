"""What an operator may do, read from JSON and made a change of the news."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

import numpy as np

from evacroute.serving.board.names import Names
from evacroute.serving.news import News
from evacroute.serving.refusals import BadRequest

MOST_NAMES, LONGEST = 200, 200
"""Names in one act, and characters of one."""

EARLY_S, LATE_S = 24 * 3600.0, 60.0
"""An alarm may have been given so long before now, and so long after it: clocks differ [s]."""

FIELDS: dict[str, set[str]] = {
    "alarm": {"alarm_at"},
    "close": {"names", "shelters", "replan"},
    "open": {"names", "shelters", "replan"},
    "undo": {"replan"},
    "rollback": set(),
    "replan": set(),
}
"""Acts, and what their bodies may hold beside `version`."""


@dataclass(frozen=True, slots=True)
class Closing:
    """Links and shelters that an act closes or opens, by id."""

    links: tuple[str, ...] = ()
    shelters: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """An act, checked.

    Parameters
    ----------
    word
        One of `FIELDS`.
    version
        Version of the news that the operator has seen.
    what
        What is closed or opened.
    alarm_at
        When the alarm was given [s since 1970], None = it is taken back.
    replan
        Whether to plan anew where that is of use.
    """

    word: str
    version: int
    what: Closing = Closing()
    alarm_at: float | None = None
    replan: bool = True


def read_act(word: str, body: Any, names: Names, now: float) -> Act:
    """Read an act.

    Parameters
    ----------
    word
        Which.
    body
        What was sent, as JSON gives it.
    names
        Of streets and shelters.
    now
        Time [s since 1970].

    Raises
    ------
    BadRequest
        If it is not as it must be; in one sentence.
    """
    if not isinstance(body, dict):
        raise BadRequest("the body must be a JSON object")
    unknown = sorted(set(body) - FIELDS[word] - {"version"})
    if unknown:
        allowed = ", ".join(sorted(FIELDS[word] | {"version"}))
        raise BadRequest(f"{unknown[0][:40]!r} is not known here, expected {allowed}")
    version = body.get("version")
    if not isinstance(version, int) or isinstance(version, bool) or not 0 <= version < 2**63:
        raise BadRequest("version must be that of the state that was looked at, a whole number")
    replan = body.get("replan", True)
    if not isinstance(replan, bool):
        raise BadRequest("replan must be true or false")
    if word == "alarm":
        return Act(word, version, alarm_at=_alarm(body, now))
    if word in ("close", "open"):
        links = names.links(_texts(body, "names"))
        shelters = names.shelters(_texts(body, "shelters"))
        if not links and not shelters:
            raise BadRequest("names and shelters are empty: say what to close or open")
        return Act(word, version, Closing(links, shelters), replan=replan)
    return Act(word, version, replan=replan)


def _texts(body: Mapping[str, Any], field: str) -> list[str]:
    value = body.get(field, [])
    if not isinstance(value, list) or len(value) > MOST_NAMES:
        raise BadRequest(f"{field} must be a list of at most {MOST_NAMES} names or ids")
    for one in value:
        known = isinstance(one, str) and 0 < len(one) <= LONGEST and one.isprintable()
        if not known or not one.strip():
            raise BadRequest(f"{field} must hold texts of 1 to {LONGEST} printable characters")
    return list(value)


def _alarm(body: Mapping[str, Any], now: float) -> float | None:
    if "alarm_at" not in body:
        raise BadRequest('alarm_at is missing: a time, "now", or null to take the alarm back')
    value = body["alarm_at"]
    if value is None:
        return None
    if value == "now":
        return now
    at = float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None
    if isinstance(value, str):
        try:
            time = datetime.fromisoformat(value)
        except ValueError:
            time = None
        at = time.timestamp() if time is not None and time.tzinfo is not None else None
    if at is None or not np.isfinite(at):
        raise BadRequest(
            "alarm_at must be a time with its offset, such as 2026-11-23T10:00Z, seconds since "
            '1970, "now", or null'
        )
    if not now - EARLY_S <= at <= now + LATE_S:
        clock = datetime.fromtimestamp(now, UTC)
        raise BadRequest(
            f"alarm_at must lie within the last 24 hours; it is {clock:%Y-%m-%dT%H:%M:%SZ} here"
        )
    return at


def apply(act: Act, news: News, undo: Closing) -> News:
    """Give the news after an act.

    Parameters
    ----------
    act, news
        The act, and the news before.
    undo
        What the last closing has closed.
    """
    if act.word == "alarm":
        return news.with_(alarm_at=act.alarm_at)
    if act.word == "rollback":
        return news.with_(plan="", prices=None)
    links, shelters = dict.fromkeys(news.closed_links), dict.fromkeys(news.closed_shelters)
    if act.word == "close":
        return news.with_(
            closed_links=tuple(links | dict.fromkeys(act.what.links)),
            closed_shelters=tuple(shelters | dict.fromkeys(act.what.shelters)),
        )
    what = undo if act.word == "undo" else act.what
    for one in what.links:
        links.pop(one, None)
    for one in what.shelters:
        shelters.pop(one, None)
    out = news.with_(closed_links=tuple(links), closed_shelters=tuple(shelters))
    # New prices may have been made with it closed, and would lead nobody there: those of the bundle
    # do, until it is planned anew.
    return out if is_same(out, news) else out.with_(plan="", prices=None)


def is_same(a: News, b: News) -> bool:
    """Whether two news say the same, whatever the order."""
    return (
        a.alarm_at == b.alarm_at
        and a.plan == b.plan
        and set(a.closed_links) == set(b.closed_links)
        and set(a.closed_shelters) == set(b.closed_shelters)
        and (a.prices is None) == (b.prices is None)
    )
