"""Hazards on the command line: ``--hazard flood:tide=1.40`` and the like."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import evacroute as er
from evacroute.cli.values import completing
from evacroute.errors import InputError, did_you_mean
from evacroute.hazards import Hazard
from evacroute.hazards.heights import UNITS
from evacroute.network import Network
from evacroute.units import seconds

_PANEL = "Hazards"

FORMS = {
    "flood": "flood:tide=1.40 or flood:series=FILE[,alarm=2019-11-12T21:00], each also with unit=m "
    "or unit=cm",
    "closures": "closures:FILE",
    "fire": "fire:FILE[,wind=SPEED@FROM]",
    "earthquake": "earthquake:seed=1,intensity=VIII or earthquake:table=FILE,seed=1",
}
STARTS = ("flood:tide=", "flood:series=", "closures:", "fire:", "earthquake:seed=")
"""How a hazard begins, for shells to complete."""

_KEYS = {
    "flood": ("tide", "series", "alarm", "unit", "max_gap", "every", "turbid"),
    "closures": (),
    "fire": ("wind", "every", "unit"),
    "earthquake": ("seed", "intensity", "building", "table"),
}

_OF_FILE = ("closures", "fire")
"""Kinds whose text is the path of a file, before any settings."""

_FLAGS = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False}

HazardOption = Annotated[
    list[str] | None,
    typer.Option(
        "--hazard",
        metavar="KIND:...",
        help="What closes or slows streets while people walk; what several do is multiplied. "
        f"{'; '.join(FORMS.values())}.",
        autocompletion=completing(STARTS),
        rich_help_panel=_PANEL,
    ),
]
HeightsOption = Annotated[
    str | None,
    typer.Option(
        "--heights",
        metavar="FILE",
        help="Heights of the streets for a flood: CSV of points or links, or a raster (.tif); in "
        "metres, or FILE,unit=cm.",
        rich_help_panel=_PANEL,
    ),
]


_UNIT = re.compile(r",\s*unit\s*=(.*)$")


@dataclass(frozen=True, slots=True)
class HazardText:
    """A hazard as it was written: its kind, its file and its settings."""

    kind: str
    file: Path | None
    settings: dict[str, str]


def parse_hazard(text: str) -> HazardText:
    """Take a hazard's text apart, checked as far as it can be without loading anything.

    Raises
    ------
    typer.BadParameter
        If the kind or a key is unknown, a value is missing, or a file does not exist.
    """
    kind, colon, rest = text.partition(":")
    kind = kind.strip().lower()
    if kind not in FORMS or not colon:
        forms = "; ".join(FORMS.values())
        near = "" if kind in FORMS else did_you_mean(kind, FORMS)
        raise typer.BadParameter(f"--hazard is {text!r}, expected one of {forms}{near}")
    pairs: list[list[str]] = []
    file = ""
    for part in rest.split(","):
        key, sign, value = part.partition("=")
        if sign and (key.strip() in _KEYS[kind] or kind not in _OF_FILE):
            pairs.append([key.strip(), value])
        elif pairs and pairs[-1][0] in ("series", "table"):
            pairs[-1][1] += f",{part}"  # a comma inside the name of a file
        elif kind in _OF_FILE and not pairs:
            file = f"{file},{part}" if file else part
        else:
            raise _wrong(text, kind, f"{part!r} is not of the form key=value")
    settings: dict[str, str] = {}
    for key, value in pairs:
        if key not in _KEYS[kind]:
            near = did_you_mean(key, _KEYS[kind]).rstrip("?")
            raise _wrong(text, kind, f"{key!r} is not among {', '.join(_KEYS[kind])}{near}")
        if key in settings or not value.strip():
            raise _wrong(text, kind, f"{key} is {'given twice' if key in settings else 'empty'}")
        settings[key] = value.strip()
    if kind in _OF_FILE and not file.strip():
        raise _wrong(text, kind, "the file is missing")
    if kind == "flood" and ("tide" in settings) == ("series" in settings):
        raise _wrong(text, kind, "expected one of tide and series")
    for key in ("alarm", "max_gap"):
        if kind == "flood" and key in settings and "series" not in settings:
            raise _wrong(text, kind, f"{key} is for a series")
    if "table" in settings and {"intensity", "building"} & set(settings):
        raise _wrong(text, kind, "table takes the place of intensity and building")
    for name in (file, settings.get("series"), settings.get("table")):
        if name and not Path(name).is_file():
            raise _wrong(text, kind, f"there is no file {name}")
    made = HazardText(kind, Path(file) if file else None, settings)
    _numbers(text, made)
    return made


def parse_heights(text: str | Path) -> tuple[Path, dict[str, Any]]:
    """Take heights apart into their file and options of `read_heights`.

    Raises
    ------
    typer.BadParameter
        If there is no such file, or the unit is neither m nor cm.
    """
    file, options = Path(text), {}
    found = _UNIT.search(str(text))
    if found and not file.is_file():
        file, unit = Path(str(text)[: found.start()]), found[1].strip()
        if unit not in UNITS:
            raise typer.BadParameter(
                f"--heights is {str(text)!r}: unit is {unit!r}, expected {' or '.join(UNITS)}"
            )
        options = {"unit": unit}
    if not file.is_file():
        raise typer.BadParameter(f"--heights: there is no file {file}")
    return file, options


def make_hazards(
    texts: list[str] | None,
    heights: str | Path | None,
    network: Network,
    alarm: str | None = None,
    *,
    window: tuple[float, float] = (0.0, 5400.0),
    second_0: dt.datetime | None = None,
) -> list[Hazard]:
    """Load the hazards of the command line.

    Parameters
    ----------
    texts, heights
        As they were given.
    network
        The streets.
    alarm
        That of series without one of their own.
    window
        What is planned, from and to [s after the alarm]. Where a dated series has no alarm at all
        its peak is laid into the middle.
    second_0
        The alarm of a plan that goes on: a dated series without an alarm has that one then.

    Raises
    ------
    typer.BadParameter
        If a text is not of its form, or heights are given without a flood.
    HazardError
        If a series lacks levels, or cannot be laid on the clock of the plan that goes on.
    """
    check_hazards(texts, heights)
    made: list[Hazard] = []
    known: er.Heights | None = None
    for text in texts or []:
        one = parse_hazard(text)
        if one.kind == "flood":
            if heights is not None and known is None:
                file, options = parse_heights(heights)
                known = er.read_heights(file, network, **options)
            made.append(_flood(one, known, alarm, window, second_0))
        else:
            made.append(_MAKERS[one.kind](one, network))
    return made


def check_hazards(texts: list[str] | None, heights: str | Path | None) -> None:
    """Check the texts before anything is loaded.

    Raises
    ------
    typer.BadParameter
        If a text is not of its form, or heights are given without a flood or do not exist.
    """
    kinds = [parse_hazard(text).kind for text in texts or []]
    if heights is not None and "flood" not in kinds:
        raise typer.BadParameter("--heights is for --hazard flood:...")
    if heights is not None:
        parse_heights(heights)


def _wrong(text: str, kind: str, what: str) -> typer.BadParameter:
    return typer.BadParameter(f"--hazard is {text!r}: {what}; expected {FORMS[kind]}")


def _numbers(text: str, one: HazardText) -> None:
    """Check the values that are numbers, words or times."""

    def check(key: str, read: Callable[[str], Any], expected: str) -> None:
        if key in one.settings:
            try:
                read(one.settings[key])
            except (ValueError, KeyError, InputError):
                raise _wrong(
                    text, one.kind, f"{key} is {one.settings[key]!r}, expected {expected}"
                ) from None

    check("tide", _finite, "a level [m], or in cm with unit=cm")
    if one.kind == "flood":
        check("unit", UNITS.__getitem__, " or ".join(UNITS))
    check("max_gap", lambda value: seconds(value, "max_gap"), "a time like '2 h'")
    check("every", lambda value: seconds(value, "every"), "a time like '5 min'")
    check("wind", _wind, "speed [m/s] @ direction it comes from [degrees], like 8@45")
    check("seed", _seed, "a whole number >= 0")
    check("turbid", _flag, "0 or 1")


def _finite(text: str) -> float:
    number = float(text)
    if not abs(number) < float("inf"):
        raise ValueError
    return number


def _seed(text: str) -> int:
    if not re.fullmatch(r"\d+", text):
        raise ValueError
    return int(text)


def _flag(text: str) -> bool:
    if text.lower() not in _FLAGS:
        raise ValueError
    return _FLAGS[text.lower()]


def _wind(text: str) -> tuple[float, float]:
    speed, sign, direction = text.partition("@")
    if not sign or _finite(speed) < 0:
        raise ValueError
    return _finite(speed), _finite(direction)


def _flood(
    one: HazardText,
    heights: er.Heights | None,
    alarm: str | None,
    window: tuple[float, float],
    second_0: dt.datetime | None,
) -> er.Flood:
    given = one.settings
    options: dict[str, Any] = {}
    if "tide" in given:
        options["tide"] = float(given["tide"])
        if "unit" in given:
            options["tide"] = er.read_tide(options["tide"], unit=given["unit"])
    else:
        at = given.get("alarm", alarm)
        reading: dict[str, Any] = {} if at is None else {"alarm": at}
        reading |= {key: given[key] for key in ("unit", "max_gap") if key in given}
        tide = er.read_tide(Path(given["series"]), **reading)
        # A dated series begins anywhere; a plan for a dry night of it would be a plan for nothing.
        if at is None and tide.alarm is not None:
            if second_0 is None:
                tide = tide.around_peak(window[1], window[0])
            else:
                tide = tide.on_clock(second_0, *window)
        options["tide"] = tide
    if heights is not None:
        options["heights"] = heights
    if "every" in given:
        options["every"] = seconds(given["every"], "every")
    if "turbid" in given:
        options["turbid"] = _flag(given["turbid"])
    return er.Flood(**options)


def _closures(one: HazardText, network: Network) -> Hazard:
    assert one.file is not None  # for the type checker: checked when it was parsed
    return er.read_closures(one.file, network)


def _fire(one: HazardText, network: Network) -> Hazard:
    assert one.file is not None  # for the type checker: checked when it was parsed
    options: dict[str, Any] = dict(one.settings)
    if "wind" in one.settings:
        options["wind"] = _wind(options["wind"])
    return er.read_fire(one.file, network, **options)


def _earthquake(one: HazardText, network: Network) -> Hazard:
    given: dict[str, Any] = dict(one.settings)
    seed = int(given.pop("seed", 0))
    if "table" in given:
        return er.read_earthquake(given["table"], network, seed=seed)
    return er.Earthquake(seed, **given)


_MAKERS = {"closures": _closures, "fire": _fire, "earthquake": _earthquake}
