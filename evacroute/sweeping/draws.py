"""What a worker does: one draw, from its hazard to a row of figures."""

from __future__ import annotations

import hashlib
import pickle
import threading
import time
import zlib
from collections import OrderedDict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, fields, is_dataclass, replace
from importlib import metadata
from typing import Any

import numba as nb
import numpy as np

from evacroute.assignment import Movements
from evacroute.assignment.movements import REASONS
from evacroute.errors import HazardError, InputError, SolverError
from evacroute.evaluation import Hazards, figures
from evacroute.hazards import Hazard, as_hazards
from evacroute.plan import Plan
from evacroute.planning import assign
from evacroute.prices import Prices
from evacroute.roster import SET_ASIDE
from evacroute.scenario import Scenario
from evacroute.timetable import LATE, SAFE, Played, Timetable

MOST_KEPT = 2
"""Works that a worker process keeps unpacked."""


@dataclass(frozen=True, slots=True, eq=False)
class Work:
    """All that a draw needs but its hazard; the same for every draw.

    Parameters
    ----------
    scenario
        Without hazard, or with that which the movements reckon with; of groups, as persons are not
        needed.
    aside
        Persons whom the loader set aside.
    movements
        Of a plan that is played in every draw; None = each draw is planned anew.
    method, step, seed, max_density, settings
        As `assign` takes them.
    keep
        Whether the plans are handed back.
    """

    scenario: Scenario
    aside: int
    movements: Movements | None
    method: str = ""
    step: float = 10.0
    seed: int = 0
    max_density: float | None = None
    settings: dict[str, Any] = field(default_factory=dict)
    keep: bool = False


@dataclass(frozen=True, slots=True)
class Parcel:
    """A work, packed; workers know it by its token.

    Parameters
    ----------
    token
        Tells one parcel from another.
    version
        Version of the library that packed it.
    content
        The packed work; None where the worker is thought to have it already.
    """

    token: str
    version: str
    content: bytes | None

    def empty(self) -> Parcel:
        """Give the parcel without its content."""
        return replace(self, content=None)


@dataclass(frozen=True, slots=True)
class Answer:
    """What a worker hands back.

    Parameters
    ----------
    row
        Figures of the draw; None where it failed.
    fault
        What went wrong, "" where nothing did.
    is_input
        Whether the input is to blame.
    is_missing
        Whether the worker only lacks the content of the parcel.
    made
        The plan but for its scenario, where it is kept.
    """

    row: dict[str, Any] | None = None
    fault: str = ""
    is_input: bool = False
    is_missing: bool = False
    made: dict[str, Any] | None = None


class Unpacked:
    """A work ready for draws."""

    def __init__(self, work: Work) -> None:
        self.work = work
        self.plan: Plan | None = None
        self.timetable: Timetable | None = None
        if work.movements is not None:
            self.plan = Plan(work.scenario, work.movements, method=work.method, step_s=work.step)
            self.timetable = Timetable(work.scenario, work.movements, work.step)

    def draw(self, hazard: Hazards) -> tuple[dict[str, Any], dict[str, Any] | None]:
        """Plan or play one draw; give its row and, where it is kept, the plan."""
        work, start = self.work, time.perf_counter()
        scenario = work.scenario.with_hazard(hazard)
        if self.plan is not None and self.timetable is not None:
            plan = self.plan
            played = self.timetable.play(scenario)
        else:
            plan = assign(
                scenario, work.method, step=work.step, seed=work.seed,
                max_density=work.max_density, **work.settings,
            )  # fmt: skip
            if plan.settings.get("stopped") == "interrupted":
                raise KeyboardInterrupt
            played = _as_planned(plan)
        reasons = dict(plan.left_by_reason)
        if work.aside:
            name = REASONS[SET_ASIDE]
            reasons[name] = reasons.get(name, 0) + work.aside
        times = scenario.link_times
        row = figures(plan, played)
        row["left"] += work.aside
        row["closed_links"] = len(np.unique(times.link[times.speed_factor == 0.0]))
        row["reasons"] = reasons
        row["seconds"] = time.perf_counter() - start
        return row, _parts(plan) if work.keep else None


def _as_planned(plan: Plan) -> Played:
    moves = plan.movements
    state = np.where(moves.arrive <= plan.scenario.deadline_s, SAFE, LATE).astype(np.uint8)
    none = np.full(len(moves), -1, np.int64)
    return Played(state, moves.arrive, none, none)


PARTS = ("movements", "method", "step_s", "seconds", "settings", "bound", "seed", "prices")


def _parts(plan: Plan) -> dict[str, Any]:
    return {name: getattr(plan, name) for name in PARTS}


def put_together(scenario: Scenario, made: dict[str, Any]) -> Plan:
    """Make a plan of what a worker has handed back."""
    prices: Prices | None = made["prices"]
    prices = None if prices is None else replace(prices)
    return Plan(scenario, **{**made, "movements": replace(made["movements"]), "prices": prices})


def pack(work: Work) -> Parcel:
    """Pack a work, so that it can be sent.

    Raises
    ------
    InputError
        If something in it cannot be pickled.
    """
    try:
        content = zlib.compress(pickle.dumps(work, protocol=5), 1)
    except (pickle.PicklingError, AttributeError, TypeError) as error:
        raise InputError(f"the scenario cannot be sent to workers: {error}") from error
    return Parcel(hashlib.sha256(content).hexdigest(), _version(), content)


def _unpack(content: bytes) -> Unpacked:
    work: Work = pickle.loads(zlib.decompress(content))
    scenario = work.scenario
    # Arrays that were pickled may be written to; kernels are compiled for such as may not.
    assert scenario.classes is not None
    scenario = Scenario(
        replace(scenario.network), replace(scenario.gathered), replace(scenario.all_shelters),
        classes=replace(scenario.classes), deadline=scenario.deadline, hazard=scenario.hazard,
        boats=None if scenario.boats is None else replace(scenario.boats),
    )  # fmt: skip
    moves = None if work.movements is None else replace(work.movements)
    return Unpacked(replace(work, scenario=scenario, movements=moves))


_unpacked: OrderedDict[str, Unpacked] = OrderedDict()
_alone = threading.Lock()
"""One draw at a time in a process: not all threading layers of numba bear two."""


def run_draw(parcel: Parcel, hazard: Hazards) -> Answer:
    """Do one draw; whatever goes wrong is part of the answer.

    A module-level function, so that every kind of executor can send it.
    """
    with _alone, _one_thread():
        try:
            found = _find(parcel)
            if found is None:
                return Answer(is_missing=True)
            row, made = found.draw(hazard)
            return Answer(row, made=made)
        except Exception as error:
            name = type(error).__name__
            return Answer(fault=f"{name}: {error}", is_input=isinstance(error, InputError))


def _find(parcel: Parcel) -> Unpacked | None:
    if parcel.version != _version():
        raise SolverError(
            f"the worker has evacroute {_version()}, the sweep was started by {parcel.version}"
        )
    if parcel.token not in _unpacked:
        if parcel.content is None:
            return None
        _unpacked[parcel.token] = _unpack(parcel.content)
        while len(_unpacked) > MOST_KEPT:
            _unpacked.popitem(last=False)
    _unpacked.move_to_end(parcel.token)
    return _unpacked[parcel.token]


@contextmanager
def _one_thread() -> Iterator[None]:
    """Let kernels run on one thread: draws are what runs side by side, and sums do not change."""
    before = nb.get_num_threads()
    nb.set_num_threads(1)
    try:
        yield
    finally:
        nb.set_num_threads(before)


def _version() -> str:
    return metadata.version("evacroute")


def list_draws(
    scenario: Scenario, hazards: Hazard | Sequence[Hazards] | None, draws: int | None
) -> list[Hazards]:
    """List the hazard of each draw.

    Parameters
    ----------
    scenario
        Whose hazard is drawn where no other is given.
    hazards, draws
        See `sweep`.

    Raises
    ------
    InputError
        If there is nothing to draw; a HazardError if one is no hazard.
    """
    if draws is None:
        if hazards is None or isinstance(hazards, Hazard):
            raise InputError("give draws=N with one hazard, or a list of hazards, one a draw")
        several = list(hazards)
        if not several:
            raise InputError("there is no hazard to draw")
        for one in several:
            if isinstance(one, Scenario):
                raise InputError("hazards are expected, one a draw, not scenarios")
            as_hazards(one)
        return several
    if not isinstance(draws, int) or isinstance(draws, bool) or draws < 1:
        raise InputError(f"draws is {draws!r}, expected a whole number, 1 or more")
    given = scenario.hazard if hazards is None else hazards
    together = as_hazards(given)  # type: ignore[arg-type]
    if not any(_is_seeded(one) for one in together):
        raise HazardError(
            f"draws={draws} needs a hazard with a seed, such as Earthquake(...); "
            "or give a list of hazards, one a draw, without draws"
        )
    return list(zip(*(_drawn(one, draws) for one in together), strict=True))


def _is_seeded(hazard: Any) -> bool:
    return is_dataclass(hazard) and any(f.name == "seed" and f.init for f in fields(hazard))


def _drawn(hazard: Any, n: int) -> Sequence[Hazard]:
    """Give a hazard once for each draw, with another seed where it has one."""
    if not _is_seeded(hazard):
        return [hazard] * n
    if hasattr(hazard, "draws"):
        found: Sequence[Hazard] = hazard.draws(n)
        return found
    return [replace(hazard, seed=hazard.seed + i) for i in range(n)]
