"""Results of benchmarks as files: what was measured, when, on what machine, by which command.

A script takes the folder from ``--results DIR``, a test from the environment (EVACROUTE_RESULTS).
Where neither is given nothing is written. `docs/write_results.py` makes pages of the files, so what
a benchmark prints and what it leaves here must be the same rows.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import shlex
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Mapping
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]

FOLDER = "EVACROUTE_RESULTS"
"""Names the folder for benchmarks that are tests."""

SIZES = ("EVACROUTE_SCALE", "EVACROUTE_SCALE_SECONDS")
"""Further settings from outside, which belong to the command."""

NOT_TOLD = ("--results", "--out")
"""Options that say where files go: no part of what was measured."""

PACKAGES = ("numpy", "numba", "ortools")

_noted: dict[str, list[dict[str, Any]]] = {}


def add_option(parser: argparse.ArgumentParser) -> None:
    """Let a script be told where to leave its rows."""
    parser.add_argument(
        "--results", type=Path, metavar="DIR", help="also leave the rows in this folder, as JSON"
    )


def check_names(
    parser: argparse.ArgumentParser, asked: Iterable[str], known: Iterable[str]
) -> None:
    """End the program where a name was asked for that there is not."""
    known = list(known)
    wrong = sorted(set(asked) - set(known))
    if wrong:
        parser.error(f"{', '.join(wrong)}: expected some of {', '.join(known)}")


def record(
    name: str,
    rows: Iterable[Mapping[str, Any]],
    command: str | None = None,
    *,
    folder: Path | None = None,
) -> Path | None:
    """Write the rows of a benchmark to ``folder/name.json``, whole or not at all.

    Parameters
    ----------
    name
        Of the benchmark, and of the file.
    rows
        Numbers and words by column; ``case`` names a row and is there once.
    command
        What made them; by default the command line of this process.
    folder
        Where to; by default the one that the environment names.

    Returns
    -------
    Path or None
        The file; None where no folder is named, so nothing was written.
    """
    folder = folder or (Path(os.environ[FOLDER]) if os.environ.get(FOLDER) else None)
    if folder is None:
        return None
    plain = [{key: _plain(value) for key, value in row.items()} for row in rows]
    cases = [row.get("case") for row in plain]
    if not cases or None in cases or len(set(cases)) < len(cases):
        raise ValueError(f"{name}: rows are told apart by their case, got {cases}")
    written = {
        "benchmark": name,
        "made": date.today().isoformat(),
        "version": _version("evacroute"),
        "commit": _COMMIT,
        "command": command or command_line(),
        "machine": machine(),
        **_busy(),
        "rows": plain,
    }
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / f"{name}.json"
    handle, waiting = tempfile.mkstemp(dir=folder, prefix=f".{name}.")
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        file.write(json.dumps(written, indent=1, ensure_ascii=False, allow_nan=False) + "\n")
    Path(waiting).chmod(0o644)
    Path(waiting).replace(target)
    return target


def note(name: str, row: Mapping[str, Any]) -> None:
    """Add a row to those of this process, and record them: for tests, which give one each."""
    rows = _noted.setdefault(name, [])
    rows.append(dict(row))
    record(name, rows)


def command_line() -> str:
    """What this process was started by, without what says where results go."""
    script, words = Path(sys.argv[0]), sys.argv[1:]
    first = f"python {script.name}"
    if script.name == "__main__.py":
        first = f"python -m {script.parent.name}"
    elif script.is_absolute() and script.is_relative_to(ROOT):
        first = f"python {script.relative_to(ROOT)}"
    elif not script.is_absolute():
        first = f"python {script}"
    kept, skip = [], False
    for word in words:
        if not skip and word not in NOT_TOLD:
            kept.append(word)
        skip = word in NOT_TOLD
    sizes = [f"{name}={os.environ[name]}" for name in SIZES if name in os.environ]
    return " ".join([*sizes, first, *map(shlex.quote, kept)])


def commit() -> str:
    """Short name of the commit; ``+`` where code was changed since, '' outside a checkout."""
    run = ["git", "-C", str(ROOT)]
    try:
        name = subprocess.run(
            [*run, "rev-parse", "--short=9", "HEAD"], capture_output=True, text=True, check=True
        ).stdout.strip()
        # What is made here does not change what is measured.
        changed = subprocess.run(
            [*run, "status", "--porcelain", "--", "evacroute", "tests", "data"],
            capture_output=True, text=True, check=True,
        ).stdout.strip()  # fmt: skip
    except (OSError, subprocess.CalledProcessError):
        return ""
    return name + ("+" if changed else "")


def machine() -> dict[str, Any]:
    """Say on what it was measured."""
    model = platform.processor() or platform.machine()
    info = Path("/proc/cpuinfo")
    if info.is_file():
        for line in info.read_text(encoding="utf-8").splitlines():
            if line.startswith("model name"):
                model = line.split(":", 1)[1].strip()
                break
    return {
        "cpus": os.cpu_count(),
        "model": model,
        "python": platform.python_version(),
        **{name: _version(name) for name in PACKAGES},
    }


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return ""


def _at_work() -> float:
    """Seconds that all processors together have worked since the machine started."""
    line = Path("/proc/stat").read_text(encoding="utf-8").split("\n", 1)[0]
    user, nice, system, _, _, irq, softirq = map(int, line.split()[1:8])
    return (user + nice + system + irq + softirq) / os.sysconf("SC_CLK_TCK")


def _own() -> float:
    """Seconds that this process and those it has waited for have worked."""
    times = os.times()
    return times.user + times.system + times.children_user + times.children_system


def _began() -> tuple[float, float, float] | None:
    if not Path("/proc/stat").is_file():
        return None
    return time.monotonic(), _at_work(), _own()


# As it was at the start: a checkout may change while it is measured.
_COMMIT = commit() if multiprocessing.parent_process() is None else ""
_START = _began()
_LOAD = os.getloadavg()[0] if hasattr(os, "getloadavg") else None


def _busy() -> dict[str, float | None]:
    """Load average at the start, and how many cores others kept at work in the mean since then."""
    others = None
    now = _began()
    if _START is not None and now is not None and now[0] > _START[0]:
        spent, all_, own = (b - a for a, b in zip(_START, now, strict=True))
        others = round(max(0.0, all_ - own) / spent, 2)
    return {"busy": None if _LOAD is None else round(_LOAD, 2), "others": others}


def _plain(value: Any) -> Any:
    """A value as JSON has it: six figures of a number, None where it is not finite."""
    if hasattr(value, "item"):
        value = value.item()
    if isinstance(value, float):
        return float(f"{value:.6g}") if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): _plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return value
