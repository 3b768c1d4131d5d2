"""Files of results as the pages read them: figures by case and column, and how they were made."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

RESULTS = Path(__file__).resolve().parents[1] / "results"


class MissingResultError(Exception):
    """A page asks for a figure that no file has."""


@dataclass(frozen=True, slots=True)
class Result:
    """A file of results: when and how it was made, and its rows by case."""

    name: str
    about: dict[str, Any]
    rows: dict[str, dict[str, Any]]

    def get(self, case: str, column: str) -> Any:
        """Return one figure, None where it was not known."""
        if case not in self.rows:
            raise MissingResultError(f"{self.name} has no case {case!r}, only {list(self.rows)}")
        row = self.rows[case]
        if column not in row:
            raise MissingResultError(f"{self.name}, {case}: no {column!r}, only {list(row)}")
        return row[column]

    def show(self, case: str, column: str, form: str = "") -> str:
        """Show one figure, nothing where it is not known."""
        return shown(self.get(case, column), form)

    def line(self) -> str:
        """Say when, by which version, on what and by which command it was made."""
        about = self.about
        machine = about["machine"]
        words = [f"Made on {about['made']}", f"version {about['version']}"]
        if about["commit"]:
            words[-1] += f" at `{about['commit']}`"
        words.append(f"{machine['cpus']} cores ({machine['model']})")
        if about.get("others") is not None:
            words.append(f"others kept {about['others']:.1f} cores at work meanwhile")
        if about.get("note"):
            words.append(about["note"])
        return ", ".join(words) + f", by `{about['command']}`."

    def versions(self) -> str:
        """Say which Python and packages it ran on."""
        machine = self.about["machine"]
        names = {"python": "Python", "numpy": "numpy", "numba": "numba", "ortools": "OR-Tools"}
        return ", ".join(f"{word} {machine[key]}" for key, word in names.items())


class Results:
    """The files of a folder, read when they are asked for.

    Parameters
    ----------
    folder
        Where they are.
    used
        Names of those that were asked for.
    """

    def __init__(self, folder: Path = RESULTS) -> None:
        self.folder = folder
        self.used: set[str] = set()
        self._read: dict[str, Result] = {}

    def __getitem__(self, name: str) -> Result:
        self.used.add(name)
        if name not in self._read:
            path = self.folder / f"{name}.json"
            if not path.is_file():
                raise MissingResultError(f"no result {name!r}: {path} does not exist")
            about = json.loads(path.read_text(encoding="utf-8"))
            rows = {row["case"]: row for row in about.pop("rows")}
            self._read[name] = Result(name, about, rows)
        return self._read[name]


def shown(value: Any, form: str = "") -> str:
    """Show a value by a format; ``min`` before it makes minutes of seconds, ``ms`` milliseconds."""
    if value is None:
        return ""
    for unit, factor in (("min", 1 / 60), ("ms", 1e3), ("h", 1 / 3600)):
        if form.startswith(unit):
            return format(value * factor, form.removeprefix(unit))
    return format(value, form)
