"""Read a tide: a constant level, a table, or the file form of the lagoon's tide gauges."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import Faults, HazardError, InputError
from evacroute.hazards.tide import Tide, check_levels
from evacroute.load.tables import name_of, note_unread, numbers, read_table, row_name, words
from evacroute.reports import LoadReport
from evacroute.units import seconds

GAP = 1.5
"""A step this many times the median step is a gap."""

MAX_GAP = "60 min"
"""Steps up to this long are read, unless it is said otherwise: hourly tables are."""

SLACK = 1.1
"""A step this many times the longest allowed is read: an hourly reading may be late."""

_ZONE = r"[T ]\d\d[\d:.,]*\s*(?:Z|[+-]\d\d(?::?\d\d)?)$"
"""A zone at the end of a date and time; the day of a date alone is none."""

UNITS = {"m": 1.0, "cm": 0.01}

_TIMES = ("time_s", "time", "data", "ora")

_GAUGE = {"ordine", "temperatura", "lido", "ventoms", "ventomax", "dirventogn"}
"""What the gauge's file has besides; nobody who uses it misses these."""

Moment = str | dt.datetime | float

_ALIASES = {
    "level": "level_m", "altezza": "level_m", "livello": "level_m", "tide_m": "level_m",
    "datetime": "time", "timestamp": "time", "date": "data", "hour": "ora",
}  # fmt: skip


def read_tide(
    source: float | str | Path | pd.DataFrame | Sequence[tuple[float, float]],
    *,
    alarm: Moment | None = None,
    until: float | str | None = None,
    unit: str = "m",
    max_gap: float | str = MAX_GAP,
) -> Tide:
    """Read a tide.

    Parameters
    ----------
    source
        A level that does not change; pairs of (seconds after the alarm, level); a DataFrame or CSV
        (commas or tabs) with ``level_m`` and one of ``time_s``, ``time`` (date and time as ISO 8601
        has it), or ``data`` (dd/mm/yy) with ``ora`` (decimal hours). The last is how the gauge at
        Punta della Salute is written, with ``altezza`` for the level; its three digits stand for
        whole minutes, so times are rounded to the minute.
    alarm
        Which moment of the series is second 0: a date and time for dated series, seconds for
        others. By default the first sample of a dated series (see `Tide.around_peak` for another),
        and second 0 of others. The report says which moment it is.
    until
        Refuse a series that does not reach this far after the alarm [s, or text such as "90 min"],
        and drop what lies beyond.
    unit
        Of the levels, m or cm.
    max_gap
        Longest time from one level to the next (a tenth more is let pass); longer steps are refused
        [s, or text]. Shorter ones of more than 1.5 times the median are gaps, filled by straight
        lines and counted. Where levels are more than 60 min apart throughout, the report says that
        a peak between them is not seen.

    Returns
    -------
    Tide
        Its report says what was read, filled and which moment second 0 is.

    Raises
    ------
    HazardError
        If the source cannot be read, a level is missing or looks like the other unit, times do not
        rise or are given twice with different levels, a gap is too long, or the series does not
        cover the alarm.

    Examples
    --------
    >>> read_tide([(0, 110), (600, 121), (1200, 128)], unit="cm").peak
    (1200.0, 1.28)
    """
    if unit not in UNITS:
        raise HazardError(f"unit is {unit!r}, expected one of {', '.join(UNITS)}")
    if isinstance(source, int | float | np.number):
        if alarm is not None:
            raise HazardError("a level that does not change has no alarm to begin at")
        _refuse_metres(abs(float(source)) * UNITS[unit], unit, "tide")
        return Tide.constant(float(source) * UNITS[unit])
    given = source
    if not isinstance(source, str | Path | pd.DataFrame):
        try:
            given = pd.DataFrame([tuple(pair) for pair in source], columns=["time_s", "level_m"])
        except (TypeError, ValueError) as fault:
            raise HazardError(
                f"tide is {source!r}, expected a level, a table, a path, or pairs of time and level"
            ) from fault
    try:
        longest = seconds(max_gap, "max_gap")
        end = None if until is None else seconds(until, "until")
    except InputError as fault:
        raise HazardError(str(fault)) from None
    frame = _table(given)  # type: ignore[arg-type]
    report = LoadReport(name_of(source))
    frame.attrs["unread"] = [name for name in frame.attrs["unread"] if name not in _GAUGE]
    note_unread(report, frame, ("level_m", *_TIMES))
    faults = Faults(report.source)
    time, dated = _times(frame, faults)
    level = numbers(frame, "level_m", faults, unit=unit) * UNITS[unit]
    faults.raise_if_any(HazardError)
    check_levels(level, [row_name(frame, i) for i in range(len(frame))], faults)
    faults.raise_if_any(HazardError)
    _refuse_metres(float(np.abs(level).max()), unit, report.source)
    time, level = _in_order(frame, time, level, report)
    if len(time) < 2:
        raise HazardError(
            f"{report.source}: there is one level, expected at least two; give a level that does "
            "not change as a number"
        )
    report.counts["levels read"] = len(time)
    time, level = _without_gaps(time, level, longest, report)
    shift = _second_0(alarm, time, dated, report.source)
    time = time - shift
    _check_begin(time, report.source, alarm, dated, shift)
    if dated is None:
        tide = Tide(time, level, report)
    else:
        moment = (dated + pd.to_timedelta(round(shift * 1000), unit="ms")).to_pydatetime()
        tide = Tide(time, level, report, alarm=moment)
        why = "the alarm" if alarm is not None else "the first level, since no alarm was given"
        report.notes.append(tide.moment(why))
    if end is not None:
        tide.check_covers(0.0, end)
        first = max(int(np.searchsorted(time, 0.0, side="right")) - 1, 0)
        last = int(np.searchsorted(time, end, side="left")) + 1
        # Two samples at least: one alone would hold for ever.
        tide = replace(tide, time_s=time[first:last], level_m=level[first:last])
    return tide


def _refuse_metres(highest: float, unit: str, where: str) -> None:
    """Refuse levels in centimetres that are so low that they must be metres."""
    if unit == "cm" and 0 < highest < 0.04:
        raise HazardError(
            f"{where}: the highest level is {highest * 100:g} cm, which looks like metres; read it "
            'with unit="m"'
        )


def _table(source: str | Path | pd.DataFrame) -> pd.DataFrame:
    """Read the table; a file with tabs too."""
    if not isinstance(source, pd.DataFrame):
        path = Path(source)
        if path.is_file() and not path.name.lower().endswith(".gz"):
            with path.open("rb") as file:
                tabs = b"\t" in file.readline()
            if tabs:
                source = _tabs(path)
    return read_table(
        source,
        required=("level_m",),
        optional=_TIMES,
        text=("time", "data"),
        aliases=_ALIASES,
        what="level",
        error=HazardError,
    )


def _tabs(path: Path) -> pd.DataFrame:
    try:
        frame = pd.read_csv(path, sep="\t", dtype=str, encoding="utf-8-sig", index_col=False)
    except (ValueError, OSError) as fault:
        why = str(fault).strip()
        raise HazardError(f"{path}: cannot be read as a table with tabs: {why}") from None
    frame.index = pd.RangeIndex(2, len(frame) + 2)  # rows as a spreadsheet counts them
    return frame


def _times(frame: pd.DataFrame, faults: Faults) -> tuple[NDArray[np.float64], pd.Timestamp | None]:
    """Seconds of each row, and the moment they count from (None: from second 0)."""
    if "time_s" in frame.columns:
        return numbers(frame, "time_s", faults, unit="s"), None
    if "time" in frame.columns:
        text = words(frame, "time")
        moment = pd.to_datetime(pd.Series(text), format="ISO8601", errors="coerce", utc=True)
        zoned = pd.Series(text).str.contains(_ZONE, regex=True, case=False)
        if zoned.any() and not zoned.all():
            faults.add("column time has hours with and without a zone, expected one or the other")
        allowed = "a date and time such as 2019-11-12 22:50"
        if not zoned.all():
            moment = moment.dt.tz_localize(None)
    elif {"data", "ora"} <= set(frame.columns):
        text = words(frame, "data")
        days = pd.Series(text)
        moment = pd.to_datetime(days, format="%d/%m/%y", errors="coerce")
        moment = moment.fillna(pd.to_datetime(days, format="%d/%m/%Y", errors="coerce"))
        hours = numbers(frame, "ora", faults, low=0, high=24, unit="h")
        moment = moment + pd.to_timedelta(np.rint(np.nan_to_num(hours) * 60), unit="min")
        allowed = "a date such as 12/11/19 (day, month, year)"
    else:
        faults.add(
            f"there is no time; the columns are {', '.join(frame.columns)}; "
            "expected time_s, or time, or data and ora"
        )
        return np.zeros(len(frame)), None
    for i in np.flatnonzero(moment.isna()).tolist():
        faults.add(f"{row_name(frame, i)}: {text[i]!r} is no time, expected {allowed}")
    if faults.count:
        return np.zeros(len(frame)), None
    zero = moment.iloc[0]
    if zero.tzinfo is not None:
        zero = zero.tz_convert(pd.Timestamp(text[0]).tz)  # as it was written
    since = moment - moment.iloc[0]
    return np.asarray(since.dt.total_seconds(), np.float64), zero


def _in_order(
    frame: pd.DataFrame, time: NDArray[np.float64], level: NDArray[np.float64], report: LoadReport
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Rows once each; refuse times that go back, or two levels at one time."""
    step = np.diff(time)
    again = np.append(False, (step == 0) & (np.diff(level) == 0))
    faults = Faults(report.source)
    for i in (np.flatnonzero((step <= 0) & ~again[1:]) + 1).tolist():
        what = "two levels at one time" if step[i - 1] == 0 else "before the row above it"
        faults.add(f"{row_name(frame, i)}: {what}, expected times that rise")
    faults.raise_if_any(HazardError)
    if again.any():
        report.repaired["levels given twice"] = int(again.sum())
    return time[~again], level[~again]


def _without_gaps(
    time: NDArray[np.float64], level: NDArray[np.float64], longest: float, report: LoadReport
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Fill gaps by straight lines at the usual step."""
    step = np.diff(time)
    usual = float(np.median(step))
    gaps = np.flatnonzero(step > GAP * usual)
    faults = Faults(report.source)
    if usual > SLACK * longest:
        faults.add(
            f"there is one level in {usual / 60:g} min, expected one in {longest / 60:g} min at "
            "least: between two a peak is not seen; give more levels, or a larger max_gap"
        )
        faults.raise_if_any(HazardError)
    for i in np.flatnonzero(step > SLACK * longest).tolist():
        faults.add(
            f"no level for {step[i] / 60:g} min after row number {i + 1} (usually one in "
            f"{usual / 60:g} min), expected at most {longest / 60:g} min: give the levels, or a "
            "larger max_gap"
        )
    faults.raise_if_any(HazardError)
    if usual > SLACK * seconds(MAX_GAP, "max_gap"):
        report.notes.append(
            f"there is one level in {usual / 60:g} min: a peak between two of them is not seen"
        )
    new = [np.arange(time[i] + usual, time[i + 1] - usual / 2, usual) for i in gaps.tolist()]
    filled = np.concatenate([time, *new])
    if gaps.size:
        report.repaired["gaps filled by straight lines"] = len(gaps)
        report.repaired["levels in them"] = len(filled) - len(time)
        report.notes.append(
            f"the longest gap is {step.max() / 60:g} min: a peak inside a gap is not seen"
        )
    filled.sort()
    return filled, np.interp(filled, time, level)


def _second_0(
    alarm: Moment | None, time: NDArray[np.float64], dated: pd.Timestamp | None, where: str
) -> float:
    """Second of the series at which the alarm is raised."""
    if dated is None:
        if alarm is None:
            return 0.0
        try:
            return float(alarm)  # type: ignore[arg-type]
        except (TypeError, ValueError):
            raise HazardError(
                f"alarm is {alarm!r}, expected seconds: {where} counts time in seconds"
            ) from None
    if alarm is None:
        return float(time[0])
    try:
        moment = pd.Timestamp(alarm) if isinstance(alarm, str | dt.datetime) else None
    except ValueError:
        moment = None
    if moment is None or pd.isna(moment):
        raise HazardError(
            f"alarm is {alarm!r}, expected a date and time such as '2019-11-12 21:00': "
            f"{where} has dates"
        )
    if (moment.tzinfo is None) != (dated.tzinfo is None):
        raise HazardError(
            f"alarm is {alarm!r}, and {where} gives its times "
            f"{'without' if dated.tzinfo is None else 'with'} a zone: expected both alike"
        )
    return float((moment - dated).total_seconds())


def _check_begin(
    time: NDArray[np.float64],
    where: str,
    alarm: Moment | None,
    dated: pd.Timestamp | None,
    shift: float,
) -> None:
    if len(time) < 2 or time[0] <= 0 < time[-1]:
        return
    if dated is None:
        span = f"{time[0]:g} s to {time[-1]:g} s after the alarm"
    else:
        ends = (dated + pd.to_timedelta(round(t + shift), unit="s") for t in time[[0, -1]])
        span = " to ".join(end.isoformat(" ", "minutes") for end in ends)
    raise HazardError(
        f"{where}: the series goes from {span}{'' if alarm is None else f' (alarm: {alarm})'}, "
        "expected one that covers the alarm"
    )
