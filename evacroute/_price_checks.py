"""What arrays of prices must be like, so that a broken file gives a clear error."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from evacroute.errors import Faults

_NUMBERS = {"step": float, "n_slots": int, "horizon": int, "units": int, "value": float}
_COLUMNS: dict[str, tuple[Any, int]] = {
    "link": (np.int32, 1),
    "link_slot": (np.int32, 1),
    "link_price": (np.float64, 1),
    "door": (np.int32, 1),
    "door_slot": (np.int32, 1),
    "door_price": (np.float64, 1),
    "room": (np.float64, 1),
    "step_free_room": (np.float64, 1),
    "weight": (np.float64, 1),
    "penalty": (np.float64, 1),
    "unit": (np.int32, 1),
    "hopeless": (np.int32, 1),
    "arc_ptr": (np.int64, 1),
    "arc_link": (np.int32, 1),
    "arc_slots": (np.int32, 2),
    "arc_gate": (np.int32, 1),
    "gate_ptr": (np.int64, 1),
    "gate_first": (np.int32, 1),
    "gate_last": (np.int32, 1),
    "link_id": (np.str_, 1),
    "link_name": (np.str_, 1),
    "link_kind": (np.str_, 1),
    "link_limit": (np.float64, 1),
    "shelter_id": (np.str_, 1),
    "shelter_name": (np.str_, 1),
}
"""Type and number of dimensions of each array."""


def checked(values: Mapping[str, Any], source: str) -> dict[str, Any]:
    """Give the values in their types, read-only; one error names all that is wrong."""
    faults = Faults(source)
    out: dict[str, Any] = {}
    for name, number in _NUMBERS.items():
        value = np.asarray(values[name])  # of one value, as a file has no less
        if value.size != 1 or value.dtype.kind not in "iuf" or not np.isfinite(value).all():
            faults.add(f"{name} is {values[name]}, expected a number")
        else:
            out[name] = number(value.item())
    for name, (dtype, dimensions) in _COLUMNS.items():
        value = np.asarray(values[name])
        kinds = {np.str_: "UO", np.float64: "iuf"}.get(dtype, "iu")
        if value.ndim != dimensions or (value.dtype.kind not in kinds and value.size):
            what = "text" if dtype is np.str_ else "numbers" if kinds == "iuf" else "whole numbers"
            faults.add(
                f"{name} is {value.dtype} of shape {value.shape}, expected {what} in "
                f"{dimensions} dimension{'s' * (dimensions > 1)}"
            )
            continue
        out[name] = value.astype(dtype)
        out[name].flags.writeable = False
    faults.raise_if_any()
    _check_numbers(out, faults)
    _check_lengths(out, faults)
    # What follows looks things up in each other.
    faults.raise_if_any()
    _check_ranges(out, faults)
    faults.raise_if_any()
    return out


def _check_numbers(v: Mapping[str, Any], faults: Faults) -> None:
    if not v["step"] > 0:
        faults.add(f"step is {v['step']:g} s, expected > 0")
    if not v["n_slots"] >= 1:
        faults.add(f"n_slots is {v['n_slots']}, expected >= 1")
    if not 0 <= v["horizon"] <= v["n_slots"]:
        faults.add(f"horizon is {v['horizon']}, expected 0 to n_slots = {v['n_slots']}")
    if not v["units"] >= 1 or (v["unit"] < v["units"]).any():
        faults.add("unit holds less than `units`, what a person takes, or units is below 1")
    for name in ("link_price", "door_price", "room", "step_free_room", "penalty"):
        bad = np.flatnonzero(~(np.isfinite(v[name]) & (v[name] >= 0)))
        if len(bad):
            faults.add(f"{name}[{bad[0]}] is {v[name][bad[0]]}, expected a number >= 0", len(bad))
    for k in np.flatnonzero(~(np.isfinite(v["weight"]) & (v["weight"] > 0))):
        faults.add(f"weight[{k}] is {v['weight'][k]}, expected a number > 0")


def _check_lengths(v: Mapping[str, Any], faults: Faults) -> None:
    n_links = len(np.unique(v["link"]))
    n_arcs = max(len(v["arc_ptr"]) - 1, 0)
    expected = {
        "link_slot": len(v["link"]),
        "link_price": len(v["link"]),
        "door_slot": len(v["door"]),
        "door_price": len(v["door"]),
        **dict.fromkeys(("link_id", "link_name", "link_kind", "link_limit"), n_links),
        **dict.fromkeys(("room", "step_free_room", "shelter_name"), len(v["shelter_id"])),
        **dict.fromkeys(("penalty", "unit"), len(v["weight"])),
    }
    for name, n in expected.items():
        if len(v[name]) != n:
            faults.add(f"{name} has {len(v[name])} values, expected {n}")
    if len(v["arc_gate"]) != n_arcs:
        faults.add(f"arc_gate has {len(v['arc_gate'])} values, expected {n_arcs}")
    ptr, n = v["gate_ptr"], len(v["gate_first"])
    if not len(ptr) or ptr[0] != 0 or ptr[-1] != n or (np.diff(ptr) < 0).any():
        faults.add(f"gate_ptr does not rise from 0 to the length of gate_first, {n}")
    if len(v["gate_last"]) != n:
        faults.add(f"gate_last has {len(v['gate_last'])} values, expected {n}")
    shape = (len(v["weight"]), n_arcs)
    if v["arc_slots"].shape != shape:
        faults.add(f"arc_slots has shape {v['arc_slots'].shape}, expected {shape}")
    ptr, n = v["arc_ptr"], len(v["arc_link"])
    if not len(ptr) or ptr[0] != 0 or ptr[-1] != n or (np.diff(ptr) < 1).any():
        faults.add(f"arc_ptr does not rise from 0 to the length of arc_link, {n}")


def _check_ranges(v: Mapping[str, Any], faults: Faults) -> None:
    most = {
        "link_slot": v["horizon"] - 1,
        "door_slot": v["horizon"],
        "door": len(v["shelter_id"]) - 1,
        **dict.fromkeys(("link", "arc_link", "hopeless"), np.iinfo(np.int32).max),
    }
    for name, highest in most.items():
        bad = np.flatnonzero((v[name] < 0) | (v[name] > highest))
        if len(bad):
            said = f"0 to {highest}" if highest < np.iinfo(np.int32).max else ">= 0"
            faults.add(f"{name}[{bad[0]}] is {v[name][bad[0]]}, expected {said}", len(bad))
    gates = len(v["gate_ptr"]) - 1
    if ((v["arc_gate"] < -1) | (v["arc_gate"] >= gates)).any():
        faults.add(f"arc_gate holds {v['arc_gate'].max()}, expected -1 to {gates - 1}")
    first, last = v["gate_first"], v["gate_last"]
    if ((first < 0) | (last < first) | (last > v["n_slots"])).any():
        faults.add(f"gate_first and gate_last are no spans of slots 0 to {v['n_slots']}")
    for place, slot in (("link", "link_slot"), ("door", "door_slot")):
        here, when = np.diff(v[place]), np.diff(v[slot])
        bad = np.flatnonzero((here < 0) | ((here == 0) & (when <= 0)))
        if len(bad):
            faults.add(f"{place} is not sorted by {place} and slot at {bad[0] + 1}", len(bad))
    if (np.diff(v["hopeless"]) <= 0).any():
        faults.add("hopeless is not rising")
