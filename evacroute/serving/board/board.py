"""The board: gathers what it shows, does what it is told, and has prices made anew."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from types import TracebackType
from typing import Any

from starlette.routing import BaseRoute

from evacroute.answering import Answerer
from evacroute.errors import EvacrouteError
from evacroute.serving.board.acts import Act, Closing, apply, is_same
from evacroute.serving.board.doors import Doors
from evacroute.serving.board.figures import Figures
from evacroute.serving.board.names import Names
from evacroute.serving.board.notices import Notices
from evacroute.serving.board.planner import Planner
from evacroute.serving.board.planning import Planned, Task, bytes_of, prices_of
from evacroute.serving.board.refused import Conflict
from evacroute.serving.board.state import tell_state
from evacroute.serving.board.street_map import write_map
from evacroute.serving.logs import fault_of, say
from evacroute.serving.metrics import Meters
from evacroute.serving.news import News
from evacroute.serving.once import Once
from evacroute.serving.place_desk import PlaceDesk
from evacroute.serving.refusals import BadRequest, NotReady
from evacroute.serving.replica import Replica


@dataclass(slots=True)
class _Loaded:
    """What is made once the bundle is there."""

    answerer: Answerer
    desk: PlaceDesk
    names: Names
    notices: Notices
    map: Once[tuple[bytes, str]]


class Board:
    """The operator's board of one replica.

    Parameters
    ----------
    replica
        Whose.
    meters
        What it counts.
    alarm_at
        When the alarm was given by the options [s since 1970], None = it was not.
    limit_s
        How long prices are improved when it is planned anew [s].
    planner
        Plans anew; by default in a process of its own.
    clock
        Seconds since 1970.
    """

    def __init__(
        self,
        replica: Replica,
        meters: Meters,
        *,
        alarm_at: float | None = None,
        limit_s: float = 30.0,
        planner: Planner | None = None,
        clock: Callable[[], float] = time.time,
    ) -> None:
        self.replica, self.figures = replica, Figures(meters)
        self.planner = planner or Planner()
        self._alarm_at, self._limit_s, self._clock = alarm_at, limit_s, clock
        self._loaded: _Loaded | None = None
        self._undo = Closing()

    def __enter__(self) -> Board:
        self.figures.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.figures.stop()
        self.planner.stop("the server ends")

    def now(self) -> float:
        """Time [s since 1970]."""
        return self._clock()

    def routes(self) -> list[BaseRoute]:
        """Routes of the board, all under ``/ops``."""
        return Doors(self).routes()

    async def state(self) -> dict[str, Any]:
        """Tell what goes on."""
        has = await self._has()
        await has.notices.refresh()
        return tell_state(
            self.replica, has.desk, has.answerer, has.notices, has.names, self.figures,
            self.planner.state, self._undo, self._alarm_at, self._clock(),
        )  # fmt: skip

    async def map(self) -> tuple[bytes, str]:
        """Give the map, packed, and its ETag; it is made once."""
        return await (await self._has()).map.get()

    async def names(self) -> Names:
        """Names of streets and shelters."""
        return (await self._has()).names

    async def do(self, act: Act) -> dict[str, Any]:
        """Do an act.

        Returns
        -------
        dict
            version of the news now; changed: whether they were; replan: whether it is planned
            anew.

        Raises
        ------
        Conflict, StoreOut, BadRequest
            If it cannot be done.
        """
        has = await self._has()
        self._check(act)
        if act.word == "replan":
            await has.notices.refresh(within=0.0)
            if has.notices.version != act.version:
                raise Conflict(
                    "something was changed since you looked, so nothing was done",
                    has.notices.version, [],
                )  # fmt: skip
            await self._plan(has)
            return {"version": has.notices.version, "changed": False, "replan": True}
        before: list[News] = []

        def change(news: News, version: int) -> News | None:
            before[:] = [news]
            new = apply(act, news, self._undo)
            return None if is_same(new, news) else new

        changed = await has.notices.publish(act.version, change)
        replan = False
        if changed:
            self._remember(act, before[0], has.notices.news)
            replan = await self._follow_up(act, has)
        elif act.word == "rollback":
            self.planner.stop("rolled back to the plan of the bundle")
        return {"version": has.notices.version, "changed": changed, "replan": replan}

    def called(self, act: Act) -> dict[str, Any]:
        """Say what an act is about, for the log."""
        if act.word == "alarm":
            return {"alarm_at": act.alarm_at}
        what = self._undo if act.word == "undo" else act.what
        if self._loaded is None or not (what.links or what.shelters):
            return {}
        names = self._loaded.names.called(what.links, what.shelters)
        return {"names": names[:20], "links": len(what.links), "shelters": len(what.shelters)}

    def _check(self, act: Act) -> None:
        fixed = self._alarm_at is not None
        if act.word == "alarm" and act.alarm_at is None and fixed and not self._told_alarm():
            raise BadRequest("the alarm was given by the option --alarm, and cannot be taken back")
        if act.word == "undo" and not (self._undo.links or self._undo.shelters):
            raise BadRequest("there is no closing of this board to undo")

    def _told_alarm(self) -> bool:
        return self._loaded is not None and self._loaded.notices.news.alarm_at is not None

    def _remember(self, act: Act, before: News, after: News) -> None:
        """Keep what the last closing has closed, as long as it is."""
        if act.word == "close":
            links = [one for one in after.closed_links if one not in set(before.closed_links)]
            shelters = set(after.closed_shelters) - set(before.closed_shelters)
            self._undo = Closing(tuple(links), tuple(sorted(shelters)))
        elif act.word in ("open", "undo"):
            shut = set(after.closed_links), set(after.closed_shelters)
            self._undo = Closing(
                tuple(one for one in self._undo.links if one in shut[0]),
                tuple(one for one in self._undo.shelters if one in shut[1]),
            )

    async def _follow_up(self, act: Act, has: _Loaded) -> bool:
        """Plan anew after an act where that is of use; says whether."""
        news = has.notices.news
        was_running = self.planner.is_running
        if act.word == "rollback":
            self.planner.stop("rolled back to the plan of the bundle")
            return False
        closed = bool(news.closed_links or news.closed_shelters)
        wanted = was_running if act.word == "alarm" else act.replan
        if closed and wanted:
            await self._plan(has)
            return True
        self.planner.stop("the closures have changed")
        return False

    async def _plan(self, has: _Loaded) -> None:
        news = has.notices.news
        known = news.prices
        content = None if known is None else await asyncio.to_thread(bytes_of, known)
        alarm = self._alarm_at if news.alarm_at is None else news.alarm_at
        task = Task(
            folder=str(self.replica.folder),
            digest=has.answerer.digest,
            closed_links=news.closed_links,
            closed_shelters=news.closed_shelters,
            from_s=0.0 if alarm is None else max(0.0, self._clock() - alarm),
            prices=content,
            limit_s=self._limit_s,
        )
        loop = asyncio.get_running_loop()

        def done(planned: Planned) -> None:
            with contextlib.suppress(RuntimeError):  # The loop has ended meanwhile.
                asyncio.run_coroutine_threadsafe(self._publish(has, news, planned), loop)

        say("planning anew", from_s=round(task.from_s), links=len(task.closed_links))
        self.planner.start(task, done)

    async def _publish(self, has: _Loaded, planned_for: News, planned: Planned) -> None:
        """Publish new prices, unless something was changed while they were made."""
        bundle_plan = has.answerer.manifest.plan
        made: list[str] = []
        try:
            prices = await asyncio.to_thread(prices_of, planned.prices)
            await has.notices.refresh(within=0.0)

            def change(news: News, version: int) -> News | None:
                if not is_same(news, planned_for):
                    return None
                made[:] = [f"{bundle_plan}+r{version}"]
                return news.with_(plan=made[0], prices=prices)

            changed = await has.notices.publish(has.notices.version, change)
        except EvacrouteError as error:
            self.planner.finish(planned, fault=str(error))
            say("planning anew failed", logging.ERROR, reason=str(error))
            return
        except Exception as error:
            self.planner.finish(planned, fault="the new prices could not be published")
            say("planning anew failed", logging.ERROR, **fault_of(error))
            return
        if not changed:
            self.planner.finish(planned, fault="something was changed while it was planned")
            return
        self.planner.finish(planned, plan=made[0])
        say(
            "planned anew", plan=made[0], version=has.notices.version,
            seconds=round(planned.seconds, 1), gain_s=round(planned.gain_s, 1),
        )  # fmt: skip

    async def _has(self) -> _Loaded:
        """Give what is made of the bundle, once it is there."""
        if self._loaded is None:
            answerer, desk = self.replica.answerer, self.replica.desk
            if answerer is None or desk is None:
                raise NotReady("not ready")
            names = await asyncio.to_thread(partial(Names, answerer.scenario))
            if self._loaded is None:
                notices = Notices(desk, names)
                made = Once(partial(write_map, answerer.scenario))
                self._loaded = _Loaded(answerer, desk, names, notices, made)
        return self._loaded
