"""What OSM tags say about a street: whether people may walk it, and what it is like.

OSM files, Overpass answers and OSMnx graphs share these rules. A value may be text or, where OSMnx
has merged several ways into one edge, a list of texts; the strictest of them counts.
"""

from __future__ import annotations

import ast
import math
import re
from collections.abc import Mapping, MutableMapping
from typing import Any

from evacroute.load.street_capacity import kind_of_name

Tags = Mapping[str, Any]

OPEN = frozenset({
    "footway", "pedestrian", "steps", "path", "living_street", "residential", "unclassified",
    "service", "track", "road", "tertiary", "tertiary_link", "secondary", "secondary_link",
    "primary", "primary_link",
})  # fmt: skip
"""Values of ``highway`` that people may walk unless something bars them."""

ON_REQUEST = frozenset({
    "cycleway", "bridleway", "trunk", "trunk_link", "motorway", "motorway_link", "busway",
})  # fmt: skip
"""Values of ``highway`` that need a word for pedestrians (``foot=yes``, a sidewalk)."""

WHEELED = (OPEN | ON_REQUEST) - {"footway", "pedestrian", "steps", "path", "track", "bridleway"}
"""Values of ``highway`` made for wheels: their bridges have no steps."""

ALLOWED = frozenset({
    "yes", "designated", "permissive", "official", "destination", "public", "customers",
})  # fmt: skip
BARRED = frozenset({
    "no", "private", "restricted", "military", "emergency", "permit", "use_sidepath",
    "use_sidewalk", "delivery", "agricultural", "forestry", "employees",
})  # fmt: skip
NO = frozenset({"no", "false", "0", "none", ""})

NO_WAY = "not a way to walk"
"""What `barred` says of ways that are no street at all: rivers, buildings."""

NAMES = ("name", "official_name", "loc_name", "alt_name", "visible_name")
"""Where a street's name is looked for, in this order."""

_NUMBER = r"[0-9]+(?:[.,][0-9]+)?"
_METRIC = re.compile(
    rf"~?\s*({_NUMBER})(?:\s*-\s*{_NUMBER})?\s*(m|metres?|meters?|metri|cm|ft|feet)?"
)
_FEET = re.compile(rf"({_NUMBER})\s*'\s*(?:({_NUMBER})\s*(?:\"|''))?")
_SLOPE = re.compile(rf"([+-]?)\s*({_NUMBER})\s*(%|°)")
_RATIO = re.compile(rf"([+-]?)\s*1\s*[:/]\s*({_NUMBER})")
_UNIT = {"": 1.0, "cm": 0.01, "ft": 0.3048, "feet": 0.3048}
MAX_WIDTH = 200.0
"""A wider street is a typing error [m]."""


def street_of_tags(
    tags: Tags, unread: MutableMapping[str, int] | None = None
) -> dict[str, Any] | None:
    """Turn a way's tags into arguments of `RawStreets.add`; None where people may not walk it.

    Parameters
    ----------
    tags
        OSM tags of the way.
    unread
        Counts values that could not be read (key -> number of times); they stand as unknown.

    Returns
    -------
    dict or None
        kind, name, width, steps, wheelchair, surface, incline, directed. ``directed`` means one way
        for people, against the line where `foot_direction` is -1.

    Notes
    -----
    Pedestrians ignore ``oneway``. A bridge without a word about steps has unknown ones (-1), but
    none where it carries cars or bicycles. Steps with a wheelchair ramp are walked as a ramp: they
    have no steps, since whoever cannot climb may pass.

    Examples
    --------
    >>> street = street_of_tags({"highway": "steps", "bridge": "yes", "step_count": "23"})
    >>> street["kind"], street["steps"]
    ('bridge', 23)
    """
    if barred(tags):
        return None
    kind, name = _kind_and_name(tags)
    return {
        "kind": kind,
        "name": name,
        "width": _width(tags, unread),
        "steps": _steps(tags, kind, unread),
        "wheelchair": _wheelchair(tags),
        "surface": next(iter(_values(tags, "surface")), ""),
        "incline": _incline(tags, unread),
        "directed": foot_direction(tags) != 0,
    }


def barred(tags: Tags) -> str:
    """Why people may not walk a way, "" where they may.

    Examples
    --------
    >>> barred({"highway": "motorway"}), barred({"highway": "service", "access": "private"})
    ('no way for pedestrians (highway=motorway)', 'closed to the public (access=private)')
    """
    highway = _values(tags, "highway")
    foot = [value for value in _values(tags, "foot") if value in ALLOWED | BARRED]
    refused = next((value for value in foot if value in BARRED), "")
    if refused:
        return f"closed to pedestrians (foot={refused})"
    if _is(tags, "indoor") or set(highway) & {"corridor", "elevator"}:
        return "inside a building"
    if not foot:
        access = next((value for value in _values(tags, "access") if value in BARRED), "")
        if access:
            return f"closed to the public (access={access})"
        if _is(tags, "motorroad"):
            return "closed to pedestrians (motorroad=yes)"
    if not highway:
        if "ferry" in _values(tags, "route") or "square" in _values(tags, "place"):
            return ""
        return NO_WAY
    asked = bool(foot) or _sidewalk(tags)
    for value in highway:
        if not (value in OPEN or (value in ON_REQUEST and asked)):
            return f"no way for pedestrians (highway={value})"
    if _is(tags, "abandoned") or _is(tags, "disused"):
        return "out of use"
    return ""


def is_area(tags: Tags) -> bool:
    """Whether a closed line with these tags is a surface to walk across, not a round way."""
    if _values(tags, "area"):
        return _is(tags, "area")
    return "square" in _values(tags, "place") and not _values(tags, "highway")


def foot_direction(tags: Tags) -> int:
    """Direction in which people may walk a way: 1 as drawn, -1 against it, 0 both.

    Examples
    --------
    >>> foot_direction({"oneway": "yes"}), foot_direction({"oneway:foot": "-1"})
    (0, -1)
    """
    said = set(_values(tags, "oneway:foot"))
    if "-1" in said or "no" in _values(tags, "foot:forward"):
        return -1
    if said & {"yes", "true", "1"} or "no" in _values(tags, "foot:backward"):
        return 1
    return 0


def carries_wheels(tags: Tags) -> bool:
    """Whether cars or bicycles ride on a way, hence it has no steps."""
    highway = set(_values(tags, "highway"))
    if not highway or "steps" in highway:
        return False
    if highway <= {"cycleway"} or "designated" in _values(tags, "bicycle"):
        return True
    closed = any(
        value == "no"
        for key in ("vehicle", "motor_vehicle", "motorcar")
        for value in _values(tags, key)
    )
    return highway <= WHEELED and not closed


def _kind_and_name(tags: Tags) -> tuple[str, str]:
    highway = _values(tags, "highway")
    name = _name(tags, *NAMES)
    if "ferry" in _values(tags, "route") and not highway:
        return "ferry", name
    if _is(tags, "bridge"):
        return "bridge", _name(tags, "bridge:name", *NAMES)
    if "steps" in highway:
        return "steps", name
    if _is(tags, "tunnel") or _is(tags, "covered"):
        return "underpass", name
    if is_area(tags) or "square" in _values(tags, "place"):
        return "square", name
    told = kind_of_name(name)
    # What is said to be no bridge is none; roads are called after bridges that they lead to.
    if told == "bridge" and ("bridge" in tags or set(highway) & WHEELED):
        told = ""
    return told or "calle", name


def _steps(tags: Tags, kind: str, unread: MutableMapping[str, int] | None) -> int:
    wheelchair = _wheelchair(tags)
    count = _step_count(tags, unread)
    flight = "steps" in _values(tags, "highway")
    if wheelchair == 1 or kind == "ferry":
        return 0
    if count >= 0:
        return max(count, 1) if flight else count
    if flight:
        return 1
    return -1 if kind == "bridge" and not carries_wheels(tags) else 0


def _step_count(tags: Tags, unread: MutableMapping[str, int] | None) -> int:
    """Count steps as the source does, -1 where unknown; those of merged ways add up."""
    total = -1
    for value in _values(tags, "step_count"):
        if re.fullmatch(r"[0-9]{1,4}", value):
            total = max(total, 0) + int(value)
        else:
            _miss(unread, "step_count")
    return total


def _wheelchair(tags: Tags) -> int:
    said = set(_values(tags, "wheelchair"))
    if "no" in said:
        # A ramp that is mapped as such outweighs the steps' own "no".
        return 1 if _is(tags, "ramp:wheelchair") else -1
    if said & {"yes", "designated"} or _is(tags, "ramp:wheelchair"):
        return 1
    return 0


def _width(tags: Tags, unread: MutableMapping[str, int] | None) -> float:
    """Narrowest width given [m], NaN where none can be read."""
    for key in ("width", "est_width"):
        read = []
        for value in _values(tags, key):
            width = metres(value)
            if math.isnan(width):
                _miss(unread, key)
            else:
                read.append(width)
        if read:
            return min(read)
    return math.nan


def metres(text: str) -> float:
    """Read a width [m]; NaN where it is not one. Of a range, the lower end.

    Examples
    --------
    >>> metres("2.5"), metres("2,5 m"), metres("250 cm"), round(metres("8'"), 2)
    (2.5, 2.5, 2.5, 2.44)
    """
    text = text.strip().lower()
    value = math.nan
    if match := _METRIC.fullmatch(text):
        unit = match[2] or ""
        value = _float(match[1]) * _UNIT.get(unit, 1.0)
    elif match := _FEET.fullmatch(text):
        value = 0.3048 * (_float(match[1]) + _float(match[2] or "0") / 12)
    return value if 0 < value <= MAX_WIDTH else math.nan


def _incline(tags: Tags, unread: MutableMapping[str, int] | None) -> float:
    """Rise over run along the line, NaN where unknown or only "up" or "down"."""
    for value in _values(tags, "incline"):
        if value in {"up", "down", "yes", "steep"}:
            continue
        if value in NO:
            return 0.0
        slope = rise_over_run(value)
        if not math.isnan(slope):
            return slope
        _miss(unread, "incline")
    return math.nan


def rise_over_run(text: str) -> float:
    """Read an incline; NaN where it is not one, or steeper than 1 in 1.

    Examples
    --------
    >>> rise_over_run("10%"), rise_over_run("-1:20"), round(rise_over_run("5°"), 4)
    (0.1, -0.05, 0.0875)
    """
    text = text.strip()
    slope = math.nan
    if match := _SLOPE.fullmatch(text):
        number = _float(match[2])
        slope = number / 100 if match[3] == "%" else math.tan(math.radians(number))
    elif (match := _RATIO.fullmatch(text)) and _float(match[2]) > 0:
        slope = 1 / _float(match[2])
    if not slope <= 1:
        return math.nan
    return -slope if match and match[1] == "-" else slope


def _values(tags: Tags, key: str) -> list[str]:
    """Values of a tag in lower case, several where they are listed or parted by semicolons."""
    return [part.strip().lower() for text in _texts(tags, key) for part in text.split(";")]


def _name(tags: Tags, *keys: str) -> str:
    """First name given; several of merged ways joined by commas."""
    for key in keys:
        if texts := [text.strip() for text in _texts(tags, key) if text.strip()]:
            return ", ".join(dict.fromkeys(texts))
    return ""


def _texts(tags: Tags, key: str) -> list[str]:
    value = tags.get(key)
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return []
    if isinstance(value, str):
        if not value.startswith("["):
            return [value]
        try:  # GraphML knows no lists: OSMnx writes them as Python would print them
            listed = ast.literal_eval(value)
        except (ValueError, SyntaxError):
            return [value]
        value = listed if isinstance(listed, list) else [value]
    if isinstance(value, bool):
        return ["yes" if value else "no"]
    if isinstance(value, list | tuple | set):
        return [str(item) for item in value]
    return [str(value)]


def _is(tags: Tags, key: str) -> bool:
    return any(value not in NO for value in _values(tags, key))


def _sidewalk(tags: Tags) -> bool:
    return bool(set(_values(tags, "sidewalk")) & {"both", "left", "right", "yes"})


def _float(text: str) -> float:
    return float(text.replace(",", "."))


def _miss(unread: MutableMapping[str, int] | None, key: str) -> None:
    if unread is not None:
        unread[key] = unread.get(key, 0) + 1
