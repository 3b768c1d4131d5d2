"""The tide: how high the water stands over its datum, as a function of time."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, HazardError
from evacroute.reports import LoadReport

HIGHEST = 4.0
"""No level is this far from the datum [m]; the highest ever measured in Venice is 1.94 m."""

SECOND_0 = "second 0 is"


@dataclass(frozen=True, slots=True, eq=False)
class Tide:
    """Water level over time, over the zero of Punta della Salute 1897 (ZMPS) or another datum.

    Between two samples the level is taken to be the higher of the two, so that no street is called
    drier than it may be. One sample alone is a level that holds for ever.

    Parameters
    ----------
    time_s
        When each level was taken [s after the alarm], rising, shape (n_samples,).
    level_m
        Level over the datum [m], shape (n_samples,).
    report
        What the reader counted, or None.
    alarm
        Date and time of second 0, where the series has dates.

    Raises
    ------
    HazardError
        If there is no sample, times do not rise, or a level cannot be one in metres.

    Examples
    --------
    >>> tide = Tide([0.0, 600.0, 1200.0], [1.1, 1.3, 1.2])
    >>> tide.level(0, 300), tide.level(700)
    (1.3, 1.3)
    """

    time_s: NDArray[np.float64]
    level_m: NDArray[np.float64]
    report: LoadReport | None = field(default=None)
    alarm: dt.datetime | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        n = len(self.time_s)
        freeze(self, {"time_s": np.float64, "level_m": np.float64}, n, HazardError)
        faults = Faults("tide")
        if not n:
            faults.add("there is no level, expected at least one")
        for i in np.flatnonzero(~np.isfinite(self.time_s)):
            faults.add(f"sample {i}: time is {self.time_s[i]} s, expected a number")
        for i in np.flatnonzero(np.diff(self.time_s) <= 0) + 1:
            before, now = self.time_s[i - 1 : i + 1]
            faults.add(f"sample {i}: time is {now:g} s after {before:g} s, expected rising times")
        check_levels(self.level_m, [f"sample {i}" for i in range(n)], faults)
        faults.raise_if_any(HazardError)

    @classmethod
    def constant(cls, level: float) -> Tide:
        """Give a level that holds for ever.

        Parameters
        ----------
        level
            The level [m over the datum].

        Returns
        -------
        Tide
            Of one sample.
        """
        return cls(np.zeros(1), np.full(1, float(level)))

    @property
    def is_constant(self) -> bool:
        """Whether one level holds for ever."""
        return len(self.time_s) == 1

    @property
    def peak(self) -> tuple[float, float]:
        """When the highest level is reached first [s after the alarm], and that level [m]."""
        i = int(np.argmax(self.level_m))
        return float(self.time_s[i]), float(self.level_m[i])

    def level(self, begin: float, end: float | None = None) -> float:
        """Highest level from ``begin`` to ``end`` [s after the alarm], or at one time [m].

        Parameters
        ----------
        begin, end
            From when to when [s after the alarm]; without an end at ``begin`` alone.

        Returns
        -------
        float
            Level [m over the datum].

        Raises
        ------
        HazardError
            If the series does not cover that time.
        """
        return float(self.levels([begin], [begin if end is None else end])[0])

    def levels(
        self, begin: ArrayLike, end: ArrayLike, *, lowest: bool = False
    ) -> NDArray[np.float64]:
        """Highest (or lowest) level in each of several intervals [m], shape (n,).

        Samples at both ends and the neighbours that enclose them count.

        Parameters
        ----------
        begin, end
            From when to when [s after the alarm], shape (n,).
        lowest
            Whether the lowest is asked for.

        Returns
        -------
        ndarray
            Levels [m over the datum], shape (n,).

        Raises
        ------
        HazardError
            If the series does not cover an interval.
        """
        start, stop = np.asarray(begin, np.float64), np.asarray(end, np.float64)
        if self.is_constant:
            return np.full(start.shape, self.level_m[0])
        if start.size:
            self.check_covers(float(start.min()), float(stop.max()))
        first = np.searchsorted(self.time_s, start, side="right") - 1
        last = np.maximum(np.searchsorted(self.time_s, stop, side="left"), first) + 1
        extreme = np.min if lowest else np.max
        return np.array(
            [extreme(self.level_m[i:j]) for i, j in zip(first, last, strict=True)], np.float64
        )

    def check_covers(self, begin: float, end: float) -> None:
        """Refuse a time that the series says nothing about.

        Parameters
        ----------
        begin, end
            From when to when [s after the alarm].

        Raises
        ------
        HazardError
            If ``begin`` to ``end`` [s after the alarm] is not within the series.
        """
        if self.is_constant:
            return
        first, last = self.time_s[[0, -1]]
        if begin < first or end > last:
            raise HazardError(
                f"tide: the series goes from {first:g} s to {last:g} s after the alarm, "
                f"expected levels from {begin:g} s to {end:g} s: give a longer series, another "
                "alarm, or an earlier deadline"
            )

    def around_peak(self, until: float, begin: float = 0.0) -> Tide:
        """Give the same series with another second 0, so that its peak is met.

        The highest level then falls into the middle of the time from ``begin`` to ``until`` [s
        after the alarm], or as near as the series reaches; where it lasts, the middle of that does.

        Parameters
        ----------
        until, begin
            The end and the begin of that time [s after the alarm].

        Returns
        -------
        Tide
            The same levels at other times.
        """
        if self.is_constant:
            return self
        first, last = float(self.time_s[0]), float(self.time_s[-1])
        top = int(np.argmax(self.level_m))
        lower = np.flatnonzero(self.level_m[top:] < self.level_m[top])
        end = top + int(lower[0]) - 1 if len(lower) else len(self.level_m) - 1
        middle = float(self.time_s[top] + self.time_s[end]) / 2
        shift = max(min(middle - (begin + until) / 2, last - until), first)
        return self._later(shift, "so that the highest level is met, since no alarm was given")

    def on_clock(self, second_0: dt.datetime, begin: float, until: float) -> Tide:
        """Give the same dated series on the clock of a plan that goes on at ``begin``.

        Where the series starts after second 0, its first level is put there: what is before
        ``begin`` does not count.

        Parameters
        ----------
        second_0
            The moment of the plan's second 0.
        begin, until
            From when to when levels are needed [s after second 0].

        Returns
        -------
        Tide
            Its second 0 is that of the plan.

        Raises
        ------
        HazardError
            If one of the two clocks has a zone and the other none, or levels are missing.
        """
        where = self.report.source if self.report is not None else "tide"
        if self.alarm is None:
            raise HazardError(f"{where}: the series has no dates, expected some")
        plan = f"the plan's second 0 is {_written(second_0)}"
        if (self.alarm.tzinfo is None) != (second_0.tzinfo is None):
            raise HazardError(
                f"{where}: {plan}, and the series begins {_written(self.alarm)}: expected both "
                "with a zone or both without one, or an alarm given with the series"
            )
        moved = self._later(
            (second_0 - self.alarm).total_seconds(), "the plan's, since no alarm was given"
        )
        first, last = float(moved.time_s[0]), float(moved.time_s[-1])
        if first > begin or last < until:
            raise HazardError(
                f"{where}: the series goes from {moved.when(first)} to {moved.when(last)}; "
                f"{plan}, so levels are expected from {moved.when(begin)} to {moved.when(until)}: "
                "give a longer series, or an alarm with it"
            )
        if first <= 0:
            return moved
        early = replace(
            moved,
            time_s=np.append(0.0, moved.time_s),
            level_m=np.append(moved.level_m[0], moved.level_m),
        )
        note = (
            f"the series begins {moved.when(first)}: what was before does not count, and is taken "
            "to be as its first level"
        )
        return early._noting(note)

    def _later(self, shift: float, why: str) -> Tide:
        """Move second 0 [s], and say so in the report."""
        alarm = None if self.alarm is None else self.alarm + dt.timedelta(seconds=shift)
        moved = replace(self, time_s=self.time_s - shift, alarm=alarm)
        if self.report is None:
            return moved
        notes = [note for note in self.report.notes if not note.startswith(SECOND_0)]
        return replace(moved, report=replace(self.report, notes=notes))._noting(moved.moment(why))

    def _noting(self, note: str) -> Tide:
        if self.report is None:
            return self
        return replace(self, report=replace(self.report, notes=[*self.report.notes, note]))

    def moment(self, why: str) -> str:
        """Say which moment second 0 is, and when the highest level comes.

        Parameters
        ----------
        why
            Why it is that moment, in some words.

        Returns
        -------
        str
            A sentence for a report.
        """
        when, peak = self.peak
        late = f"{abs(when) / 60:,.0f} min {'later' if when >= 0 else 'earlier'}"
        second_0 = _written(self.alarm) or "another than in the series"
        return (
            f"{SECOND_0} {second_0} ({why}); the highest level, {peak:.2f} m, comes {late} "
            f"({self.when(when)})"
        )

    def when(self, time: float) -> str:
        """Write a time as date and time, or in minutes where none is known.

        Parameters
        ----------
        time
            The time [s after the alarm].

        Returns
        -------
        str
            Such as "10 min after the alarm".
        """
        if self.alarm is None:
            return f"{time / 60:g} min after the alarm"
        return _written(self.alarm + dt.timedelta(seconds=time))

    def equals(self, other: object) -> bool:
        """Whether the other is a tide of equal samples (report and alarm are not compared).

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than a tide.
        """
        return equal_arrays(self, other, skip=("report", "alarm"))

    def __repr__(self) -> str:
        if self.is_constant:
            return f"Tide({self.level_m[0]:.2f} m)"
        when, peak = self.peak
        at = f"{when / 60:g} min" if self.alarm is None else self.when(when)
        return f"Tide({len(self.time_s)} samples, peak {peak:.2f} m at {at})"


def other_clock(old: dt.datetime | None, new: dt.datetime | None) -> str | None:
    """Warn of a new tide whose second 0 is another moment than the plan's; None where it is not."""
    if old is None or new is None:
        return None
    if (old.tzinfo is None) == (new.tzinfo is None):
        late = (new - old).total_seconds()
    else:
        # One has no zone: the same hour on the wall is taken to be the same.
        late = (new.replace(tzinfo=None) - old.replace(tzinfo=None)).total_seconds()
    if not late:
        return None
    return (
        f"WARNING: second 0 of the new tide is {_written(new)}, and that of the plan "
        f"{_written(old)}: its water is taken to come {abs(late) / 60:,.0f} min too "
        f"{'early' if late > 0 else 'late'}; give it the plan's alarm"
    )


def _written(moment: dt.datetime | None) -> str:
    return "" if moment is None else moment.isoformat(" ", "minutes")


def check_levels(level: NDArray[np.float64], names: list[str], faults: Faults) -> None:
    """Note levels that are no numbers, or so high that they must be centimetres."""
    for i in np.flatnonzero(~np.isfinite(level)):
        faults.add(f"{names[i]}: level is {level[i]}, expected a number of metres")
    high = np.flatnonzero(np.isfinite(level) & (np.abs(level) > HIGHEST))
    if len(high):
        faults.add(
            f"{names[high[0]]}: level is {level[high[0]]:g} m, expected {-HIGHEST:g} to "
            f"{HIGHEST:g}: {len(high)} of {len(level)} levels look like centimetres; "
            'read them with er.read_tide(..., unit="cm")',
            count=len(high),
        )
