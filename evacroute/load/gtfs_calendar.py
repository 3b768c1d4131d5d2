"""When a GTFS feed's services run, on the clock of the alarm."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import BoatError, Faults
from evacroute.load.gtfs_files import Feed, rows_of

DAYS = ("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday")
DAY = 86_400.0


def clock_seconds(text: pd.Series) -> NDArray[np.float64]:
    """Seconds of ``H:MM:SS`` after the service day's begin, past 24:00:00 too; NaN = unreadable.

    Examples
    --------
    >>> clock_seconds(pd.Series(["9:05:00", "25:00:30", ""])).tolist()
    [32700.0, 90030.0, nan]
    """
    parts = text.str.extract(r"^(\d{1,3}):([0-5]\d):([0-5]\d)$").astype("float64")
    return (parts[0] * 3600 + parts[1] * 60 + parts[2]).to_numpy(dtype=np.float64)


@dataclass(frozen=True)
class Clock:
    """The alarm, and where service days begin beside it.

    Parameters
    ----------
    alarm
        Local time of the city.
    zone
        Time zone of the feed; None where it is unknown, so that no clock is ever put forward.
    """

    alarm: datetime
    zone: tzinfo | None

    def begin(self, day: date) -> float:
        """Begin of a service day [s after the alarm]: noon less 12 h, midnight on most days."""
        noon = datetime.combine(day, time(12), tzinfo=self.zone)
        moments = [moment.astimezone(UTC) if self.zone else moment
                   for moment in (noon, self.alarm)]  # fmt: skip
        return (moments[0] - moments[1]).total_seconds() - DAY / 2

    def days(self, latest: float, until: float) -> list[date]:
        """Service days whose times, up to `latest` [s], can fall between the alarm and `until`."""
        first = self.alarm.date() - timedelta(days=math.ceil(latest / DAY) + 1)
        last = (self.alarm + timedelta(seconds=until)).date() + timedelta(days=1)
        every = [first + timedelta(days=i) for i in range((last - first).days + 1)]
        return [day for day in every if self.begin(day) <= until and self.begin(day) + latest >= 0]


def read_clock(feed: Feed, alarm: str | datetime, notes: list[str]) -> Clock:
    """Put an alarm on the feed's clock, by the time zone in ``agency.txt``.

    Raises
    ------
    BoatError
        If the alarm cannot be read as a date and time.
    """
    if isinstance(alarm, datetime):
        moment = alarm
    else:
        try:
            moment = datetime.fromisoformat(str(alarm).strip())
        except ValueError:
            raise BoatError(
                f"alarm is {alarm!r}, expected a date and time such as '2021-10-05 10:00'"
            ) from None
    zone: tzinfo | None = None
    if feed.has("agency.txt"):
        names = feed.table("agency.txt", optional=("agency_timezone",))["agency_timezone"]
        name = next((name for name in names if name), "")
        try:
            zone = ZoneInfo(name) if name else None
        except (KeyError, ValueError, OSError):
            notes.append(f"time zone {name!r} of agency.txt is not known here; taken as local time")
    if moment.tzinfo is not None:
        moment = moment.astimezone(zone) if zone is not None else moment.replace(tzinfo=None)
    elif zone is not None:
        moment = moment.replace(tzinfo=zone)
    return Clock(moment, zone)


class Services:
    """Which services of a feed run on which days: ``calendar.txt`` with ``calendar_dates.txt``."""

    def __init__(self, feed: Feed, faults: Faults) -> None:
        self.known: set[str] = set()
        self._weeks: list[tuple[str, NDArray[np.bool_], date, date]] = []
        self._added: dict[date, set[str]] = {}
        self._removed: dict[date, set[str]] = {}
        if not (feed.has("calendar.txt") or feed.has("calendar_dates.txt")):
            raise BoatError(
                f"{feed.path}: there is neither calendar.txt nor calendar_dates.txt, expected one "
                "that says on which days boats run"
            )
        if feed.has("calendar.txt"):
            self._read_weeks(feed, faults)
        if feed.has("calendar_dates.txt"):
            self._read_dates(feed, faults)

    def on(self, day: date) -> set[str]:
        """Ids of the services of a day."""
        week = {
            name
            for name, runs, first, last in self._weeks
            if first <= day <= last and runs[day.weekday()]
        }
        return (week | self._added.get(day, set())) - self._removed.get(day, set())

    def span(self) -> str:
        """First and last day on which anything can run, in words."""
        days = [day for _, _, first, last in self._weeks for day in (first, last)]
        days += list(self._added)
        return f"{min(days)} to {max(days)}" if days else "no day"

    def _read_weeks(self, feed: Feed, faults: Faults) -> None:
        name = "calendar.txt"
        frame = feed.table(name, required=("service_id", *DAYS, "start_date", "end_date"))
        first, last = (
            _dates(frame, name, "start_date", faults),
            _dates(frame, name, "end_date", faults),
        )
        for i in range(len(frame)):
            service, row = frame["service_id"].iloc[i], rows_of(frame, name, i)
            flags = [frame[day].iloc[i] for day in DAYS]
            for day, flag in zip(DAYS, flags, strict=True):
                if flag not in ("0", "1"):
                    faults.add(f"{row}: {day} is {flag!r}, expected 0 or 1")
            if not service or service in self.known:
                said = "empty" if not service else f"{service!r}, which is there twice"
                faults.add(f"{row}: service_id is {said}, expected unique ids")
            self.known.add(service)
            begin, end = first[i], last[i]
            if begin is None or end is None:
                continue
            if begin > end:
                faults.add(f"{row}: end_date is before start_date, expected the same day or later")
            self._weeks.append((service, np.array([flag == "1" for flag in flags]), begin, end))

    def _read_dates(self, feed: Feed, faults: Faults) -> None:
        name = "calendar_dates.txt"
        frame = feed.table(name, required=("service_id", "date", "exception_type"))
        days = _dates(frame, name, "date", faults)
        seen: set[tuple[str, date]] = set()
        for i, (service, day, kind) in enumerate(
            zip(frame["service_id"], days, frame["exception_type"], strict=True)
        ):
            if kind not in ("1", "2"):
                faults.add(
                    f"{rows_of(frame, name, i)}: exception_type is {kind!r}, expected 1 (runs "
                    "besides) or 2 (does not run)"
                )
            elif day is not None and (service, day) in seen:
                faults.add(
                    f"{rows_of(frame, name, i)}: {service!r} on {day} is there twice, expected "
                    "one row for a service and a day"
                )
            elif day is not None:
                seen.add((service, day))
                table = self._added if kind == "1" else self._removed
                table.setdefault(day, set()).add(service)
            self.known.add(service)


def _dates(frame: pd.DataFrame, name: str, column: str, faults: Faults) -> list[date | None]:
    """Days of a column ``YYYYMMDD``; others are faults and None."""
    days: list[date | None] = []
    for i, text in enumerate(frame[column]):
        try:
            if len(text) != 8:
                raise ValueError(text)
            days.append(date(int(text[:4]), int(text[4:6]), int(text[6:])))
        except ValueError:
            days.append(None)
            faults.add(
                f"{rows_of(frame, name, i)}: {column} is {text!r}, expected a day as YYYYMMDD"
            )
    return days
