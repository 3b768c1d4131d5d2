"""What may be said of a party, field by field: checks shared by both protocols."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NoReturn

from evacroute.answering.questions import AGE_BANDS, MOST_HELPERS, MOST_PARTY, Questions
from evacroute.capability import MOBILITIES
from evacroute.languages import LANGUAGES
from evacroute.serving.refusals import BadRequest

ROUTES = ("geojson", "polyline", "none")
"""Forms a route can be given in."""

FIELDS = (
    "token", "lon", "lat", "party_size", "mobility", "step_free", "age_band", "helpers",
    "language", "deadline_s", "hazard",
)  # fmt: skip
"""What may be said of a party; `lon` and `lat` must be."""

MOST_SECONDS = 86_400
"""The latest deadline [s from now]."""

_TOKEN = re.compile(r"[A-Za-z0-9._~:+/=@-]{1,128}")
_PLAIN = re.compile(r"[A-Za-z][A-Za-z_]{0,23}")
_BAD = object()


@dataclass(frozen=True, slots=True)
class Limits:
    """What a request may ask of the plan that is served.

    Parameters
    ----------
    bounds
        Least lon, least lat, most lon, most lat of the city [degrees].
    hazard
        Name of the hazard the plan is for, "" = none.
    max_persons
        The most rows of one request.
    """

    bounds: tuple[float, float, float, float]
    hazard: str
    max_persons: int


@dataclass(frozen=True, slots=True)
class Wanted:
    """What an answer is to hold beside its figures.

    Parameters
    ----------
    route
        One of `ROUTES`.
    directions
        Whether to say what to do.
    outputs
        Names of the columns asked for, in order; empty = the usual ones.
    """

    route: str = "geojson"
    directions: bool = True
    outputs: tuple[str, ...] = ()


class Faults:
    """Counts what is wrong with a request, and keeps the first in order of rows."""

    __slots__ = ("_first", "_row", "count")

    def __init__(self) -> None:
        self.count = 0
        self._row = math.inf
        self._first = ""

    def add(self, text: str, row: float = -1) -> None:
        """Note a fault of a row (-1 = of the whole request)."""
        self.count += 1
        if row < self._row:
            self._row = row
            self._first = text if row < 0 else f"row {row:.0f}: {text}"

    def stop(self) -> NoReturn:
        """Refuse the request: the first fault, and how many more there are."""
        more = self.count - 1
        tail = f", and {more} more fault{'s' * (more > 1)}" if more else ""
        raise BadRequest(self._first + tail)


def unknown(names: Sequence[str], what: str, allowed: Sequence[str]) -> str:
    """Say that names are not known; only such that cannot be a value are repeated."""
    plain = sorted(name for name in names if _PLAIN.fullmatch(name))
    named = f" {', '.join(plain[:3])}" if plain else ""
    return f"unknown {what}{named}, expected some of {', '.join(allowed)}"


def rows_text(limits: Limits) -> str:
    """Say how many rows a request may have."""
    return f"must hold 1 to {limits.max_persons} parties"


def questions_of(
    columns: Mapping[str, Sequence[Any]], n: int, limits: Limits, faults: Faults
) -> Questions:
    """Check columns of plain values (None = not given) and make questions of them.

    Raises
    ------
    BadRequest
        If a value is wrong, or `faults` holds some already.
    """
    lon, lat = columns.get("lon"), columns.get("lat")
    _check_places(lon or [None] * n, lat or [None] * n, limits, faults)
    done: dict[str, Sequence[Any]] = {}
    for name, (default, read, text) in _READERS.items():
        values = columns.get(name)
        if values is None:
            continue
        out = done[name] = [default if v is None else read(v) for v in values]
        if _BAD in out:
            for row, value in enumerate(out):
                if value is _BAD:
                    faults.add(f"{name} {text}", row)
    _check_hazard(columns.get("hazard"), limits, faults)
    _check_tokens(done.get("token", ()), faults)
    if faults.count or lon is None or lat is None:
        faults.stop()
    done["lon"], done["lat"] = lon, lat
    if "deadline_s" in done:
        done["within_s"] = done.pop("deadline_s")
    return Questions.checked(done, n)


def _is_number(value: Any) -> bool:
    return type(value) is float or type(value) is int


def _check_places(lon: Sequence[Any], lat: Sequence[Any], limits: Limits, faults: Faults) -> None:
    west, south, east, north = limits.bounds
    for row, (x, y) in enumerate(zip(lon, lat, strict=True)):
        x_ok = _is_number(x) and west <= x <= east
        y_ok = _is_number(y) and south <= y <= north
        if x_ok and y_ok:
            continue
        ranges = f"from {west:g} to {east:g}", f"from {south:g} to {north:g}"
        if _is_number(x) and _is_number(y) and west <= y <= east and south <= x <= north:
            faults.add(
                f"lon and lat look swapped: lon must be {ranges[0]} and lat {ranges[1]}", row
            )
            continue
        if not x_ok:
            faults.add(f"lon must be a number {ranges[0]} (the city, in degrees)", row)
        if not y_ok:
            faults.add(f"lat must be a number {ranges[1]} (the city, in degrees)", row)


def _check_hazard(values: Sequence[Any] | None, limits: Limits, faults: Faults) -> None:
    for row, value in enumerate(values or ()):
        if value is not None and (type(value) is not str or value not in ("", limits.hazard)):
            known = f"must be '{limits.hazard}'" if limits.hazard else "must be left out"
            faults.add(f"hazard {known}: the plan served here is for no other", row)


def _check_tokens(tokens: Sequence[Any], faults: Faults) -> None:
    if len(tokens) < 2:
        return
    seen: set[Any] = {"", _BAD}
    for row, token in enumerate(tokens):
        if token in seen and token != "" and token is not _BAD:
            faults.add("token is that of another row; each party needs its own", row)
        seen.add(token)


def _token(value: Any) -> Any:
    return value if type(value) is str and (not value or _TOKEN.fullmatch(value)) else _BAD


def _whole(least: int, most: int) -> Callable[[Any], Any]:
    return lambda value: value if type(value) is int and least <= value <= most else _BAD


def _word(allowed: Sequence[str], default: str) -> Callable[[Any], Any]:
    words = {**{word: word for word in allowed}, "": default}
    return lambda value: words.get(value, _BAD) if type(value) is str else _BAD


def _yes_no(value: Any) -> Any:
    return value if type(value) is bool else _BAD


def _language(value: Any) -> Any:
    if value in LANGUAGES:
        return value
    if type(value) is not str or len(value) > 35:
        return _BAD
    tag = re.split(r"[-_.]", value.lower(), maxsplit=1)[0]
    return tag if tag in LANGUAGES else _BAD if value else "en"


def _deadline(value: Any) -> Any:
    # A column of numbers has no other way than NaN to leave one out.
    if type(value) is float and value != value:
        return value
    return value if _is_number(value) and 0 < value <= MOST_SECONDS else _BAD


_READERS: dict[str, tuple[Any, Callable[[Any], Any], str]] = {
    "token": (
        "", _token, "must be 1 to 128 letters, digits or characters of . _ ~ : + / = @ -",
    ),
    "party_size": (1, _whole(1, MOST_PARTY), f"must be a whole number from 1 to {MOST_PARTY}"),
    "mobility": (
        "unknown", _word(MOBILITIES, "unknown"), f"must be one of {', '.join(MOBILITIES)}",
    ),
    "step_free": (False, _yes_no, "must be true or false"),
    "age_band": ("", _word(tuple(AGE_BANDS), ""), f"must be one of {', '.join(AGE_BANDS)}"),
    "helpers": (0, _whole(0, MOST_HELPERS), f"must be a whole number from 0 to {MOST_HELPERS}"),
    "language": ("en", _language, f"must be one of {', '.join(LANGUAGES)}"),
    "deadline_s": (
        math.nan, _deadline,
        f"must be a number above 0 and up to {MOST_SECONDS} (seconds from now)",
    ),
}  # fmt: skip
"""Name -> what stands for nothing given, how a value is read, what is allowed."""
