"""The folder of a sweep: what is done is kept, so that it can be gone on with."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

from evacroute.errors import Faults, InputError
from evacroute.plan import Plan
from evacroute.writing import atomic_path, plain, write_json

FORMAT = 1
HEAD, ROWS, PLANS = "sweep.json", "draws.jsonl", "plans"
TABLE = "draws.csv"
FILES = (HEAD, ROWS, TABLE, PLANS)


class Record:
    """A folder with ``sweep.json`` (what the sweep is) and ``draws.jsonl`` (a line a draw).

    A line is written when its draw is done, whole or, if the program ends meanwhile, not to be
    read; what is half-written is cut off when the folder is opened again.

    Parameters
    ----------
    folder
        A new or empty folder, or one of a sweep of the same.
    prints
        Digests of what the rows depend on: scenario, plan, method, settings, version.

    Raises
    ------
    InputError
        If the folder holds anything else, or a sweep of something else.
    """

    def __init__(self, folder: str | Path, prints: dict[str, str]) -> None:
        self.folder = Path(folder)
        self.rows: dict[int, dict[str, Any]] = {}
        there = self.folder.iterdir() if self._is_there() else ()
        # A program that was killed while it put a file in place has left one with a dot.
        names = sorted(path.name for path in there if not path.name.startswith("."))
        others = [name for name in names if name not in FILES]
        if others or (names and HEAD not in names):
            name = (others or names)[0]
            raise InputError(
                f"{folder}: holds {name!r}, so it is not the folder of a sweep; expected a new or "
                "empty folder, or that of a sweep to go on with"
            )
        if HEAD in names:
            self._check(prints)
            self._read()
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            if HEAD not in names:
                with atomic_path(self.folder / HEAD) as path:
                    write_json({"format": FORMAT, "fingerprint": prints}, path)
        except OSError as error:
            raise InputError(f"{folder}: cannot be written: {error.strerror or error}") from error

    def _is_there(self) -> bool:
        if self.folder.exists() and not self.folder.is_dir():
            raise InputError(f"{self.folder}: is a file, expected a folder")
        return self.folder.exists()

    def _check(self, prints: dict[str, str]) -> None:
        path = self.folder / HEAD
        try:
            head = json.loads(path.read_text(encoding="utf-8"))
        except (OSError, ValueError) as error:
            raise InputError(f"{path}: cannot be read as JSON: {error}") from error
        known = head.get("fingerprint") if isinstance(head, dict) else None
        if not isinstance(known, dict) or head.get("format") != FORMAT:
            raise InputError(f"{path}: is not the head of a sweep of format {FORMAT}")
        differ = [name for name in prints if prints[name] != known.get(name)]
        if differ:
            raise InputError(
                f"{self.folder}: holds a sweep of another {', '.join(differ)}; "
                "give another folder, or delete this one to begin anew"
            )

    def _read(self) -> None:
        path = self.folder / ROWS
        if not path.exists():
            return
        content = path.read_bytes()
        whole = content[: content.rfind(b"\n") + 1]
        if len(whole) < len(content):
            with path.open("r+b") as file:
                file.truncate(len(whole))
        faults = Faults(str(path))
        for i, line in enumerate(whole.splitlines()):
            try:
                row = json.loads(line)
                number = int(row["draw"])
            except (ValueError, KeyError, TypeError):
                faults.add(f"line {i + 1}: is not the row of a draw")
                continue
            self.rows.setdefault(number, row)
        faults.raise_if_any()

    def done(self, hazards: dict[int, str]) -> dict[int, dict[str, Any]]:
        """Give the rows of draws that are done already.

        Parameters
        ----------
        hazards
            Digest of each draw's hazard.

        Raises
        ------
        InputError
            If a row is of another hazard than its draw.
        """
        faults = Faults(str(self.folder))
        for number, row in sorted(self.rows.items()):
            if number in hazards and row.get("hazard") != hazards[number]:
                faults.add(
                    f"draw {number}: was made of another hazard; give another folder, or delete "
                    "this one to begin anew"
                )
        faults.raise_if_any()
        return {number: row for number, row in self.rows.items() if number in hazards}

    def add(self, row: dict[str, Any]) -> None:
        """Write the row of a draw, so that it is there whatever happens next."""
        line = json.dumps(plain(row), ensure_ascii=False, allow_nan=False) + "\n"
        with (self.folder / ROWS).open("ab") as file:
            file.write(line.encode())
            file.flush()
            os.fsync(file.fileno())

    def plan_folder(self, number: int) -> Path:
        """Give the folder of a draw's plan."""
        return self.folder / PLANS / f"{number:04d}"

    def save(self, number: int, plan: Plan) -> None:
        """Write the plan of a draw."""
        plan.save(self.plan_folder(number))
