"""The public surface of the package: every name that is documented, and where it is found.

Run as a script it writes `public_names.txt` anew, where the surface is meant to have changed.
"""

from __future__ import annotations

import enum
import inspect
from collections.abc import Iterable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any, NamedTuple

MODULES = ("evacroute", "evacroute.plotting", "evacroute.serving.capacity_store")
"""Modules all of whose names are public."""

OTHERS = {
    "evacroute.answering": ("Bundle", "Manifest", "bundle_of", "read_bundle"),
    "evacroute.errors": ("StoreConflict", "StoreError", "StoreUnavailable"),
    "evacroute.network": ("KINDS",),
}
"""Modules of which some names are public."""


PINNED = Path(__file__).with_name("public_names.txt")
"""One line a name, with its parameters: a change in it is a change for users."""


class Public(NamedTuple):
    """A public name."""

    name: str
    """As it is asked for: "evacroute.Plan.save"."""
    value: Any
    """What it names; of a property the property itself."""
    owner: type | None
    """The class that has it, None of a name of a module."""


def top_names() -> list[Public]:
    """List the names of modules."""
    whole = {module: tuple(import_module(module).__all__) for module in MODULES}
    return [
        Public(f"{module}.{name}", getattr(import_module(module), name), None)
        for module, names in {**whole, **OTHERS}.items()
        for name in names
    ]


def members(public: Public) -> Iterator[Public]:
    """List the methods and properties of a class that the package itself defines."""
    for name in dir(public.value):
        home = next((c for c in public.value.__mro__ if name in vars(c)), None)
        if name.startswith("_") or home is None or not home.__module__.startswith("evacroute"):
            continue
        raw = vars(home)[name]
        if isinstance(raw, property):
            yield Public(f"{public.name}.{name}", raw, public.value)
        elif isinstance(raw, classmethod | staticmethod) or inspect.isfunction(raw):
            yield Public(f"{public.name}.{name}", getattr(public.value, name), public.value)


def all_names() -> list[Public]:
    """List the names of modules, each class followed by its methods and properties."""
    found = []
    for public in top_names():
        found.append(public)
        if inspect.isclass(public.value):
            found.extend(members(public))
    return found


def told(parameters: Iterable[inspect.Parameter]) -> str:
    """Write parameters as they are given: "=" has a default, all behind "*" go by name."""
    words, by_name = [], False
    for one in parameters:
        if one.kind is one.KEYWORD_ONLY and not by_name:
            words.append("*")
        by_name |= one.kind in (one.KEYWORD_ONLY, one.VAR_POSITIONAL)
        star = {one.VAR_POSITIONAL: "*", one.VAR_KEYWORD: "**"}.get(one.kind, "")
        words.append(f"{star}{one.name}{'' if one.default is one.empty else '='}")
    return ", ".join(words)


def line_of(public: Public) -> str:
    """Write a name as it can be used."""
    value = public.value
    if inspect.isclass(value) and issubclass(value, enum.Enum):
        return f"{public.name}: {', '.join(value.__members__)}"
    if isinstance(value, dict | tuple):
        return f"{public.name}: {', '.join(value)}"
    is_class = inspect.isclass(value)
    if is_class and (issubclass(value, Exception) or getattr(value, "_is_protocol", False)):
        return public.name
    if not is_class and not inspect.isroutine(value):
        return public.name
    parameters = list(inspect.signature(value).parameters.values())
    if public.owner is not None and parameters and parameters[0].name == "self":
        parameters = parameters[1:]
    return f"{public.name}({told(parameters)})"


def surface() -> list[str]:
    """Write all public names, and the settings of each method of `assign`."""
    lines = [line_of(public) for public in all_names()]
    methods = import_module("evacroute").METHODS
    return lines + [
        f"evacroute.assign, method {name}({told(inspect.signature(method).parameters.values())})"
        for name, method in methods.items()
    ]


if __name__ == "__main__":
    PINNED.write_text("".join(f"{line}\n" for line in surface()), encoding="utf-8")
