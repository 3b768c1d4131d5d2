"""Figures of what came of requests and of probes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

WORDS = ("reserved", "unreserved", "no_safe_route")


@dataclass(frozen=True, slots=True, eq=False)
class Came:
    """What came of each request, in columns of shape (n_requests,); times in s from the start."""

    born: NDArray[np.float64]
    phone: NDArray[np.int64]
    sent: NDArray[np.float64]
    done: NDArray[np.float64]
    code: NDArray[np.int16]
    tries: NDArray[np.int16]
    replica: NDArray[np.int16]
    plan: NDArray[np.int16]
    status: NDArray[np.int16]
    shelter: NDArray[np.int16]
    shelters: list[str]
    plans: list[str]
    failures: dict[str, int]
    """Attempts that failed, and answers that refuse, by kind."""
    faulty: dict[str, int]
    """Answers that are not as they must be."""
    cpu_s: float
    """CPU time of the generator [s]."""

    def word(self, row: int) -> str:
        return WORDS[self.status[row]] if 0 <= self.status[row] < len(WORDS) else ""

    def place(self, row: int) -> str:
        return self.shelters[self.shelter[row]] if self.shelter[row] >= 0 else ""


def came_of(path: Path, plan: dict[str, NDArray[Any]]) -> Came:
    """Read what a generator has written."""
    with np.load(path) as file:
        columns: dict[str, Any] = {name: file[name] for name in file.files if name != "words"}
        words = json.loads(str(file["words"]))
    return Came(born=plan["born"], phone=plan["phone"], **columns, **words)


def figures_of(came: Came) -> dict[str, Any]:
    """How many, how fast, and what they were told."""
    ok = came.code == 200
    seconds = came.born[-1] - came.born[0] if len(came.born) else 0.0
    return {
        "sent": len(came.code),
        "phones": len(np.unique(came.phone)),
        "seconds": round(float(seconds), 1),
        "rate_per_s": round(len(came.code) / max(float(seconds), 1e-9), 1),
        "answered": int(ok.sum()),
        "refused": int((came.code >= 400).sum()),
        "never_answered": int((came.code < 200).sum()),
        "asked_again": int((came.tries > 1).sum()),
        "failures": came.failures,
        "faulty": came.faulty,
        **latency(came.done - came.born, ok),
        "late_sending_p99_ms": _ms(np.nanquantile(came.sent - came.born, 0.99)),
        "statuses": _statuses(came, ok),
        "plans": {one: int((came.plan == i).sum()) for i, one in enumerate(came.plans)},
    }


def latency(seconds: NDArray[np.float64], ok: NDArray[np.bool_]) -> dict[str, Any]:
    """Quantiles of the time from when phones meant to ask until they were answered [ms]."""
    taken = seconds[ok]
    if not len(taken):
        return {"p50_ms": None, "p95_ms": None, "p99_ms": None, "max_ms": None, "within_1_s": 0.0}
    p50, p95, p99 = np.quantile(taken, (0.5, 0.95, 0.99))
    # Who was never answered was not answered within a second.
    return {
        "p50_ms": _ms(p50),
        "p95_ms": _ms(p95),
        "p99_ms": _ms(p99),
        "max_ms": _ms(taken.max()),
        "within_1_s": round(float((taken <= 1.0).sum() / len(ok)), 5),
    }


def phases_of(came: Came, parts: Sequence[tuple[str, float, float]]) -> dict[str, Any]:
    """Figures of those who meant to ask in parts of the run."""
    out = {}
    for name, begin, end in parts:
        inside = (came.born >= begin) & (came.born < end)
        ok = (came.code == 200)[inside]
        out[name] = {
            "sent": int(inside.sum()),
            "answered": int(ok.sum()),
            **latency((came.done - came.born)[inside], ok),
            "statuses": _statuses(came, inside & (came.code == 200)),
        }
    return out


def _statuses(came: Came, rows: NDArray[np.bool_]) -> dict[str, int]:
    return {word: int((rows & (came.status == i)).sum()) for i, word in enumerate(WORDS)}


def probes_of(rows: NDArray[np.float64], servers: int) -> dict[str, Any]:
    """Health as a prober saw it: rows of time, server, what (0 lives, 1 ready), s, status.

    A gap is a time in which a server that was ready before did not say that it is.
    """
    # Refused at once means that there is no process; no answer at all counts as long as was waited.
    alive = rows[(rows[:, 2] == 0) & ((rows[:, 4] == 200) | (rows[:, 3] > 1.9))]
    gaps = []
    for i in range(servers):
        mine = rows[(rows[:, 1] == i) & (rows[:, 2] == 1)]
        gaps.append(_gaps(mine[np.argsort(mine[:, 0])]))
    took = alive[:, 3]
    return {
        "health_p50_ms": _ms(np.quantile(took, 0.5)) if len(took) else None,
        "health_p99_ms": _ms(np.quantile(took, 0.99)) if len(took) else None,
        "health_max_ms": _ms(took.max()) if len(took) else None,
        "not_ready_s": gaps,
        "none_ready_s": _none_ready(rows, servers),
    }


def _gaps(mine: NDArray[np.float64]) -> list[float]:
    """Lengths of the times [s] in which a server was not ready, after it once was."""
    out, since, was = [], None, False
    for time, _, _, _, status in mine.tolist():
        if status == 200:
            if since is not None:
                out.append(round(time - since, 1))
            since, was = None, True
        elif was and since is None:
            since = time
    if since is not None and len(mine):
        out.append(round(float(mine[-1, 0]) - since, 1))
    return out


def _none_ready(rows: NDArray[np.float64], servers: int) -> float:
    """How long no server at all said that it is ready [s]."""
    mine = rows[rows[:, 2] == 1]
    mine = mine[np.argsort(mine[:, 0])]
    ready, lost, total = np.zeros(servers, bool), None, 0.0
    for time, i, _, _, status in mine.tolist():
        ready[int(i)] = status == 200
        if not ready.any() and lost is None:
            lost = time
        elif ready.any() and lost is not None:
            total, lost = total + time - lost, None
    if len(mine) and lost is not None:
        total += float(mine[-1, 0]) - lost
    return round(total, 1)


def _ms(seconds: Any) -> float:
    return round(float(seconds) * 1e3, 1)
