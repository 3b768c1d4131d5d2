"""The plan folder: a plan on disk, together with the instance it answers.

- ``summary.json``: figures, settings, versions.
- ``instance/``: network, shelters, classes and groups, as `write_instance` writes them.
- ``movements.csv.gz``, ``legs.npz``: who walks where and when.
- ``assignments.csv.gz``: one row a person with a place, where persons were given.
- ``unassigned.csv``: who is left and why.
- ``shelters.csv``: how full they get.
- ``routes.geojson.gz``: every way that is walked, with how many walk it.
- ``prices.npz``: only from methods that price.
- ``taken.npz``: only of plans that were made anew by `replan`: places that are not to be had.
- ``scores.csv.gz``: only of plans with scores: odds and times of arrival of each movement.
- ``moved.csv``: only from ``evacroute replan``: who got another shelter.
- ``newly_left.csv``: only from ``evacroute replan``: who had a place and has none now, and why.
"""

from __future__ import annotations

import platform
import time
from dataclasses import fields, replace
from importlib import metadata
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._arrays import read_arrays
from evacroute._changes import reports_of_hazards, rides_frame
from evacroute._plan_tables import (
    FORMAT,
    find,
    read_columns,
    read_legs,
    read_summary,
)
from evacroute.assignment.movements import REASONS, Movements
from evacroute.assignment.rest import Taken
from evacroute.errors import Faults, InputError
from evacroute.load.instance import read_instance
from evacroute.plan import Plan
from evacroute.prices import Prices
from evacroute.reports import LoadReport
from evacroute.roster import NO_REASON, Roster
from evacroute.routes import routes_geojson
from evacroute.scenario import Scenario
from evacroute.scores import PlanScores
from evacroute.writing import (
    atomic_folder,
    put_instance,
    whole,
    write_arrays,
    write_gzip,
    write_json,
    write_table,
)

PLAN_FILES = (
    "summary.json",
    "instance",
    "movements.csv.gz",
    "legs.npz",
    "assignments.csv.gz",
    "unassigned.csv",
    "shelters.csv",
    "rides.csv",
    "routes.geojson.gz",
    "prices.npz",
    "taken.npz",
    "scores.csv.gz",
    "moved.csv",
    "newly_left.csv",
    "map.html",
    "plan.png",
    "arrivals.png",
    "shelters.png",
    "prices.png",
)
"""What may stand in a plan folder that is replaced; anything else is somebody's own."""

TAKEN = tuple(field.name for field in fields(Taken))

SCORES = {"p_safe": "p_safe", "q10_s": "q10", "q50_s": "q50", "q90_s": "q90"}
"""Numbers of ``scores.csv.gz``, and what they are called in `PlanScores`."""

_PARTS = ("network", "people", "shelters", "boats")
_PACKAGES = ("evacroute", "numpy", "scipy", "numba", "ortools", "pandas")


def write_plan(plan: Plan, folder: str | Path) -> None:
    """Write a plan folder, whole or not at all; an older plan there is replaced.

    Parameters
    ----------
    plan
        What to write.
    folder
        Where.

    Raises
    ------
    InputError
        If the folder holds anything but a plan, or cannot be written.
    """
    start = time.perf_counter()
    with atomic_folder(folder, marker="summary.json", contents=PLAN_FILES) as new:
        instance = new / "instance"
        instance.mkdir()
        put_instance(plan.scenario, instance)
        _put_tables(plan, new)
        write_gzip(routes_geojson(plan), new / "routes.geojson.gz")
        if plan.prices is not None:
            write_arrays(plan.prices.to_arrays(), new / "prices.npz")
        if plan.taken is not None:
            write_arrays({name: getattr(plan.taken, name) for name in TAKEN}, new / "taken.npz")
        if plan.scores is not None:
            write_table(_scores_frame(plan.scores), new / "scores.csv.gz")
        record = {"format": FORMAT, **plan.summary().to_dict(), "versions": _versions()}
        record["reports"] = {
            part: report.to_dict()
            for part in _PARTS
            if (report := getattr(getattr(plan.scenario, part), "report", None)) is not None
        }
        told = reports_of_hazards(plan.scenario)
        if told:
            record["reports"]["hazards"] = [report.to_dict() for report in told]
        record["seconds"] = _seconds(plan.seconds, time.perf_counter() - start)
        write_json(record, new / "summary.json")


def _put_tables(plan: Plan, folder: Path) -> None:
    moves = plan.movements
    frame = plan.movements_frame()
    write_table(_tidy(frame, "ready_s", "depart_s", "arrive_s"), folder / "movements.csv.gz")
    legs: dict[str, NDArray[Any]] = {
        "ptr": moves.leg_ptr,
        "link": moves.leg_link,
        "enter": whole(moves.leg_enter),
        "leave": whole(moves.leg_leave),
    }
    write_arrays(legs, folder / "legs.npz")
    if plan.roster is not None:
        frame = plan.assignments_frame()
        write_table(_tidy(frame, "depart_s", "arrive_s"), folder / "assignments.csv.gz")
    write_table(plan.unassigned, folder / "unassigned.csv")
    write_table(plan.shelters_frame(), folder / "shelters.csv")
    rides = rides_frame(plan.scenario, moves, plan.step_s)
    if rides is not None:
        write_table(_tidy(rides, "leave_s", "arrive_s"), folder / "rides.csv")


def _tidy(frame: pd.DataFrame, *columns: str) -> pd.DataFrame:
    return frame.assign(**{name: whole(frame[name].to_numpy()) for name in columns})


def _seconds(spent: dict[str, float], export: float) -> dict[str, float]:
    parts = {"load": 0.0, "assign": 0.0, **spent, "export": export}
    parts.pop("total", None)
    parts["total"] = sum(parts.values())
    return {name: round(value, 3) for name, value in parts.items()}


def _versions() -> dict[str, str]:
    found = {"python": platform.python_version()}
    for name in _PACKAGES:
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            found[name] = "not installed"
    return found


def read_plan(folder: str | Path) -> Plan:
    """Read a plan folder back.

    Its scenario holds the groups that persons were gathered into; which person goes with which
    movement is in ``Plan.roster``.

    Parameters
    ----------
    folder
        What `Plan.save` has written.

    Returns
    -------
    Plan
        Equal to the plan that was saved.

    Raises
    ------
    InputError
        If a file is missing, cut off or contradicts another.

    Examples
    --------
    >>> import evacroute as er, tempfile
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     plan.save(folder)
    ...     again = er.read_plan(folder)
    >>> again.equals(plan)
    True
    """
    path = Path(folder)
    record = read_summary(path / "summary.json")
    scenario = read_instance(path / "instance", deadline=float(record["deadline_s"]))
    scenario = _with_reports(scenario, record.get("reports") or {})
    moves = _read_movements(path, scenario)
    left = _read_left(path / "unassigned.csv", scenario)
    roster = None
    if (path / "assignments.csv.gz").exists():
        roster = _read_roster(path / "assignments.csv.gz", moves["group"], left)
        left = left[left["group"] >= 0]
        left = left.groupby(["group", "reason"], sort=False)["size"].sum().reset_index()
    movements = Movements(
        **moves,
        left_group=left["group"].to_numpy(np.int32),
        left_size=left["size"].to_numpy(np.int32),
        left_reason=left["reason"].to_numpy(np.uint8),
    )
    return Plan(
        scenario=scenario,
        movements=movements,
        method=str(record.get("method", "")),
        step_s=float(record["step_s"]),
        seconds=dict(record.get("seconds") or {}),
        settings=dict(record.get("settings") or {}),
        bound=record.get("bound"),
        seed=int(record.get("seed") or 0),
        roster=roster,
        prices=_read_prices(path / "prices.npz", scenario),
        taken=_read_taken(path / "taken.npz", scenario),
        scores=_read_scores(path / "scores.csv.gz", len(movements)),
    )


def _scores_frame(scores: PlanScores) -> pd.DataFrame:
    columns: dict[str, NDArray[Any]] = {"movement_id": np.arange(len(scores))}
    columns |= {name: getattr(scores, field) for name, field in SCORES.items()}
    return pd.DataFrame(columns | {"is_safe": scores.is_safe.astype(np.int8)})


def _read_scores(path: Path, n: int) -> PlanScores | None:
    if not path.exists():
        return None
    # Who goes by boat has no scores: their cells are empty.
    columns = read_columns(
        path, number=("movement_id", "is_safe", *SCORES), defaults=dict.fromkeys(SCORES, np.nan)
    )
    faults = Faults(str(path))
    if columns["movement_id"].tolist() != list(range(n)):
        faults.add(f"movement_id is not 0 to {n - 1} in order, as in movements.csv.gz")
    for row in np.flatnonzero(~np.isin(columns["is_safe"], (0, 1))):
        faults.add(f"row {row + 2}: is_safe is {columns['is_safe'][row]:g}, expected 0 or 1")
    numbers = {field: columns[name] for name, field in SCORES.items()}
    faults.raise_if_any()
    try:
        return PlanScores(**numbers, is_safe=columns["is_safe"] == 1)
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _read_taken(path: Path, scenario: Scenario) -> Taken | None:
    if not path.exists():
        return None
    arrays = read_arrays(path)
    faults = Faults(str(path))
    missing = [name for name in TAKEN if name not in arrays]
    if missing:
        faults.add(f"{', '.join(missing)} missing")
    faults.raise_if_any()
    taken = Taken(**{name: arrays[name] for name in TAKEN})
    network, shelters, classes = scenario.network, scenario.shelters, scenario.group_classes
    for fault in taken.misfits(network.n_links, len(shelters), len(classes)):
        faults.add(f"{fault} as in instance/")
    faults.raise_if_any()
    return taken


def _read_prices(path: Path, scenario: Scenario) -> Prices | None:
    if not path.exists():
        return None
    prices = Prices.load(path)
    faults = Faults(str(path))
    network, shelters, classes = scenario.network, scenario.shelters, scenario.group_classes
    for fault in prices.misfits(network.n_links, len(shelters), len(classes), len(scenario.groups)):
        faults.add(f"{fault} as in instance/")
    if prices.shelter_id.tolist() != shelters.shelter_id.tolist():
        faults.add("shelter_id is not that of instance/shelters.csv")
    ids = network.link_id[np.unique(prices.link[prices.link < network.n_links])]
    if prices.link_id.tolist() != ids.tolist():
        faults.add("link_id is not that of instance/link.csv")
    faults.raise_if_any()
    return prices


def _with_reports(scenario: Scenario, reports: dict[str, dict[str, Any]]) -> Scenario:
    """Put back what the loaders of the plan's input had to say."""
    given: dict[str, Any] = {
        "network": scenario.network,
        "shelters": scenario.all_shelters,
        "boats": scenario.boats,
    }
    parts: dict[str, Any] = {
        part: replace(one, report=LoadReport(**reports[part])) if part in reports else one
        for part, one in given.items()
        if one is not None
    }
    return replace(scenario, **parts)


def _read_movements(path: Path, scenario: Scenario) -> dict[str, NDArray[Any]]:
    source = path / "movements.csv.gz"
    columns = read_columns(
        source,
        text=("group_id", "shelter_id"),
        number=("movement_id", "size", "depart_s", "arrive_s"),
    )
    n = len(columns["size"])
    legs = read_legs(path / "legs.npz", n)
    faults = Faults(str(source))
    group = find(columns["group_id"], scenario.groups.group_id, "group_id", faults)
    shelter = find(columns["shelter_id"], scenario.shelters.shelter_id, "shelter_id", faults)
    for row in np.flatnonzero(columns["movement_id"] != np.arange(n)):
        faults.add(f"row {row + 2}: movement_id is {columns['movement_id'][row]:g}, expected {row}")
    last = scenario.network.n_links - 1
    for leg in np.flatnonzero((legs["link"] < 0) | (legs["link"] > last)):
        faults.add(f"legs.npz: link of leg {leg} is {legs['link'][leg]}, expected 0 to {last}")
    faults.raise_if_any()
    return {
        "group": group,
        "shelter": shelter,
        "size": columns["size"].astype(np.int32),
        "depart": columns["depart_s"],
        "arrive": columns["arrive_s"],
        **{f"leg_{name}": array for name, array in legs.items()},
    }


def _read_left(path: Path, scenario: Scenario) -> pd.DataFrame:
    """Read who is left: person_id, household_id ("" without persons), group, size, reason.

    group and reason are positions; group is -1 for persons whom the loader set aside.
    """
    persons = {"person_id": "", "household_id": ""}
    columns = read_columns(
        path, text=(*persons, "group_id", "reason"), number=("size",), defaults=persons
    )
    faults = Faults(str(path))
    group = find(columns["group_id"], scenario.groups.group_id, "group_id", faults, empty=True)
    reason = pd.Index([*REASONS, ""]).get_indexer(pd.Index(columns["reason"]))
    for row in np.flatnonzero(reason < 0):
        faults.add(
            f"row {row + 2}: reason is {columns['reason'][row]!r}, expected one of "
            + ", ".join(map(repr, REASONS))
        )
    faults.raise_if_any()
    reason = np.where(reason == len(REASONS), NO_REASON, reason)
    return pd.DataFrame({**columns, "group": group, "reason": reason})


def _read_roster(path: Path, group_of_movement: NDArray[np.int32], left: pd.DataFrame) -> Roster:
    placed = read_columns(path, text=("person_id", "household_id"), number=("movement_id",))
    n = len(group_of_movement)
    faults = Faults(str(path))
    number = placed["movement_id"]
    for row in np.flatnonzero(~np.isin(number, np.arange(n))):
        faults.add(f"row {row + 2}: movement_id is {number[row]:g}, expected 0 to {n - 1}")
    faults.raise_if_any()
    movement = number.astype(np.int32)
    none = np.full(len(left), -1, dtype=np.int32)
    return Roster(
        person_id=np.concatenate([placed["person_id"], left["person_id"].to_numpy(object)]),
        household_id=np.concatenate(
            [placed["household_id"], left["household_id"].to_numpy(object)]
        ),
        group=np.concatenate([group_of_movement[movement], left["group"].to_numpy(np.int32)]),
        movement=np.concatenate([movement, none]),
        reason=np.concatenate(
            [np.full(len(movement), NO_REASON), left["reason"].to_numpy(np.int64)]
        ).astype(np.uint8),
    )
