"""Properties of a street as GeoJSON features and graph edges carry them, under many names."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

from evacroute.errors import Faults
from evacroute.load.osm_tags import metres, street_of_tags
from evacroute.load.street_capacity import kind_of_name
from evacroute.network import KINDS

NAMES = {
    "id": ("link_id", "street_id", "seg_id", "id"),
    "source_id": ("osmid", "osm_id", "@id", "fid"),
    "length": ("length", "length_m"),
    "width": ("width", "width_m", "net_width_m"),
    "steps": ("steps", "step_count", "steps_total"),
    "name": ("name",),
    "kind": ("kind",),
    "capacity": ("capacity",),
    "elevation": ("elevation", "elevation_m", "ele"),
    "surface": ("surface",),
    "wheelchair": ("wheelchair",),
    "incline": ("incline",),
    "directed": ("directed",),
    "from_id": ("from_node_id", "from_id", "u"),
    "to_id": ("to_node_id", "to_id", "v"),
}
"""Argument of `RawStreets.add` -> property names that stand for it, the first present counts."""

_YES = {"1", "1.0", "true", "yes", "t", "y", "viaduct", "aqueduct", "boardwalk", "movable"}
_NO = {"", "0", "0.0", "false", "no", "f", "n", "none", "nan", "null"}


def find(properties: Mapping[str, Any], what: str) -> Any:
    """First property that stands for `what` (a key of `NAMES`), None where there is none."""
    for name in NAMES[what]:
        value = properties.get(name)
        if value is not None and value != "":
            return value
    return None


def street_of_properties(
    properties: Mapping[str, Any], label: str, faults: Faults
) -> dict[str, Any] | None:
    """Turn properties into arguments of `RawStreets.add`; None where OSM tags bar pedestrians.

    With a property ``highway`` (and no ``kind``) they are read as OSM tags, completed by length,
    capacity and the like.

    Parameters
    ----------
    properties
        Name -> value, as text or number.
    label
        What the street is called in faults.
    faults
        Where values that cannot be are noted.
    """
    street: dict[str, Any] = {
        "length": _number(properties, "length", label, faults),
        "capacity": _number(properties, "capacity", label, faults, low=0),
        "elevation": _number(properties, "elevation", label, faults),
    }
    for end in ("from_id", "to_id"):
        value = find(properties, end)
        street[end] = None if value is None else as_id(value)
    if street["from_id"] is None or street["to_id"] is None:
        street["from_id"] = street["to_id"] = None
    if properties.get("kind") is None and properties.get("highway"):
        tagged = street_of_tags(properties)
        return None if tagged is None else street | tagged
    name = str(find(properties, "name") or "").strip()
    steps = _steps(properties, label, faults)
    return street | {
        "name": name,
        "kind": _kind(properties, name, steps, label, faults),
        "steps": steps,
        "width": _width(properties, label, faults),
        "surface": str(find(properties, "surface") or ""),
        "wheelchair": _wheelchair(properties, label, faults),
        "incline": _number(properties, "incline", label, faults),
        "directed": bool(_flag(find(properties, "directed"))),
    }


def as_id(value: Any) -> str:
    """Turn an id into text; 7.0 is "7"."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value)


def _flag(value: Any) -> bool | None:
    """Yes, no, or None where nothing is said."""
    if value is None:
        return None
    text = str(value).strip().lower()
    if text in _NO:
        return False
    return True if text in _YES else None


def _kind(properties: Mapping[str, Any], name: str, steps: int, label: str, faults: Faults) -> str:
    given = find(properties, "kind")
    if given is not None:
        if given not in KINDS:
            faults.add(f"{label}: kind is {given!r}, expected one of {', '.join(KINDS)}")
            return "calle"
        return str(given)
    bridge = _flag(properties.get("bridge"))
    if bridge:
        return "bridge"
    if steps > 0:
        return "steps"
    if _flag(properties.get("tunnel")):
        return "underpass"
    told = kind_of_name(name)
    # A street that is said to be no bridge is not made one by its name.
    return "calle" if not told or (told == "bridge" and bridge is False) else told


def _number(
    properties: Mapping[str, Any],
    what: str,
    label: str,
    faults: Faults,
    low: float = -math.inf,
) -> float:
    value = find(properties, what)
    if value is None or str(value).strip().lower() in _NO - {"0", "0.0"}:
        return math.nan
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = math.inf
    if not math.isfinite(number) or number < low:
        allowed = "a number" if low == -math.inf else f"a number >= {low:g}"
        faults.add(f"{label}: {what} is {value!r}, expected {allowed}")
        return math.nan
    return number


def _width(properties: Mapping[str, Any], label: str, faults: Faults) -> float:
    value = find(properties, "width")
    if isinstance(value, str) and not math.isnan(width := metres(value)):
        return width
    return _number(properties, "width", label, faults)


def _steps(properties: Mapping[str, Any], label: str, faults: Faults) -> int:
    value = find(properties, "steps")
    if value is None:
        return -1
    text = str(value).strip().lower()
    if text in {"yes", "true"}:
        return 1
    if text in {"no", "false"}:
        return 0
    number = _number(properties, "steps", label, faults, low=-1)
    if math.isnan(number):
        return -1
    if number != int(number) or number > 10_000:
        faults.add(f"{label}: steps is {value!r}, expected a whole number from 0 to 10000")
        return -1
    return int(number)


def _wheelchair(properties: Mapping[str, Any], label: str, faults: Faults) -> int:
    value = find(properties, "wheelchair")
    text = "" if value is None else str(value).strip().lower()
    table = {"yes": 1, "designated": 1, "true": 1, "1": 1, "no": -1, "false": -1, "-1": -1}
    table |= {"": 0, "0": 0, "limited": 0, "unknown": 0, "nan": 0, "none": 0}
    if text not in table:
        faults.add(f"{label}: wheelchair is {value!r}, expected yes, limited, no, 1, 0 or -1")
    return table.get(text, 0)
