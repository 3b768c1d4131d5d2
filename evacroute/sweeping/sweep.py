"""`sweep`: plan, or play a plan, in hundreds of draws of a hazard."""

from __future__ import annotations

from collections.abc import Sequence
from concurrent.futures import Executor
from importlib import metadata
from pathlib import Path
from typing import Any

from evacroute.assignment import Progress
from evacroute.errors import InputError, SolverError
from evacroute.evaluation import Hazards, unlike
from evacroute.hazards import Hazard
from evacroute.plan import Plan
from evacroute.planning import check_method
from evacroute.scenario import Scenario
from evacroute.sweeping.digest import digest
from evacroute.sweeping.draws import Answer, Work, list_draws, pack, put_together
from evacroute.sweeping.pools import default_workers, open_pool, work_through
from evacroute.sweeping.record import TABLE, Record
from evacroute.sweeping.result import Sweep, gather
from evacroute.units import seconds
from evacroute.writing import plain


def sweep(
    scenario: Scenario,
    hazards: Hazard | Sequence[Hazards] | None = None,
    *,
    draws: int | None = None,
    plan: Plan | None = None,
    method: str = "shelter_flow",
    step: float | str = 10.0,
    seed: int = 0,
    max_density: float | None = None,
    executor: str | Executor | None = None,
    workers: int | None = None,
    folder: str | Path | None = None,
    keep_plans: bool = False,
    on_error: str = "raise",
    progress: Progress | None = None,
    **settings: Any,
) -> Sweep:
    """Draw a hazard many times; in each draw plan anew, or play one plan as it is.

    Parameters
    ----------
    scenario
        Network, people, shelters, deadline. Draws take the place of its own hazard.
    hazards
        Without ``draws``: what happens in each draw: a hazard, several at once, or None. With
        ``draws``: one hazard, or several at once, drawn again and again; by default the scenario's
        own.
    draws
        How many draws. A hazard with a seed gets another in each: those of its own method
        ``draws(n)`` where it has one, as `Earthquake` does, else seed + i.
    plan
        Play this plan in each draw, as `evaluate` does; otherwise each draw is planned by `assign`.
    method, step, seed, max_density
        As `assign` takes them.
    executor
        "processes" (by default), "serial" (in this process), or any
        ``concurrent.futures.Executor``; for dask.distributed ``Client(...).get_executor()``. One
        that is given is left open.
    workers
        Number of processes, by default one a core; for an executor that is given, how many draws to
        hand out at first.
    folder
        Where each draw is kept as soon as it is done. Called again with the same folder, scenario
        and settings, draws that are done are not done again; more draws can be added.
    keep_plans
        Keep the plans: in the folder, under ``plans/``, or else in ``Sweep.plans``.
    on_error
        What to do when draws have failed, the others being done: "raise", or "list" them in
        ``Sweep.errors``.
    progress
        Called with the stage and the share of it that is done (0..1).
    **settings
        Settings of the method, as `assign` takes them.

    Returns
    -------
    Sweep
        A row of figures for each draw, in their order.

    Raises
    ------
    InputError
        If something given is not what it must be, the plan is of another scenario, the folder of
        another sweep, or draws fail for their input.
    SolverError
        If draws fail in another way, or a worker process dies.

    Notes
    -----
    The figures are the same, bit for bit, whatever the executor and the number of workers: each
    draw depends on its number only, and runs on one thread. A time limit (method "over_time") is
    the exception: how far a method gets in it depends on the machine.

    Processes are started, not forked, so that a script must call this under
    ``if __name__ == "__main__":``. After Ctrl-C the draws in work are finished and kept.

    Examples
    --------
    >>> import evacroute as er
    >>> scenario = er.lagoon(people=300)
    >>> closed = [er.LinkTimes([i], [-1], [0.0], [float("inf")], [0.0]) for i in range(3)]
    >>> plan = er.assign(scenario, "nearest")
    >>> result = er.sweep(scenario, closed, plan=plan, executor="serial")
    >>> len(result), bool((result.table["safe"] + result.table["stuck"] <= 300).all())
    (3, True)
    """
    if on_error not in ("raise", "list"):
        raise InputError(f"on_error is {on_error!r}, expected 'raise' or 'list'")
    todo = dict(enumerate(list_draws(scenario, hazards, draws)))
    work = _work(scenario, plan, method, step, seed, max_density, settings, keep_plans)
    rows: dict[int, dict[str, Any]] = {}
    prints = {i: digest(hazard) for i, hazard in todo.items()}
    record = None
    if folder is not None:
        record = Record(folder, _prints(work))
        rows = record.done(prints)
        if keep_plans:
            rows = {i: row for i, row in rows.items() if record.plan_folder(i).is_dir()}
    plans: dict[int, Plan] | None = {} if work.keep and record is None else None
    faults: dict[int, Answer] = {}
    n = len(todo)

    def take(number: int, answer: Answer) -> None:
        if answer.row is None:
            faults[number] = answer
        else:
            if answer.made is not None:
                base = work.scenario.with_hazard(todo[number])
                made = put_together(base, answer.made)
                if record is not None:
                    record.save(number, made)
                elif plans is not None:
                    plans[number] = made
            # What JSON has no word for is None here as in a row that was read.
            row = plain({"draw": number, "hazard": prints[number], **answer.row})
            if record is not None:
                record.add(row)
            rows[number] = row
        tell()

    def tell() -> None:
        if progress is not None:
            done = len(rows) + len(faults)
            progress(f"draw {done} of {n}", done / n)

    tell()
    left = [(i, hazard) for i, hazard in todo.items() if i not in rows]
    if left:
        with open_pool(executor, workers) as pool:
            at_first = workers
            if not isinstance(executor, Executor):
                at_first = 2 * (workers or default_workers())
            work_through(pool, pack(work), left, take, at_first)
    result = gather(rows, {i: answer.fault for i, answer in faults.items()}, plans)
    if record is not None:
        result.to_csv(record.folder / TABLE)
    if faults and on_error == "raise":
        _raise(faults, n, folder)
    return result


def _work(
    scenario: Scenario,
    plan: Plan | None,
    method: str,
    step: float | str,
    seed: int,
    max_density: float | None,
    settings: dict[str, Any],
    keep: bool,
) -> Work:
    """Gather what all draws share, checked."""
    hazard: Hazards = None
    if plan is not None:
        if settings or keep:
            raise InputError(
                "with plan= nothing is planned: leave out keep_plans and settings of methods"
            )
        if parts := unlike(scenario, plan.scenario):
            raise InputError(f"the plan's {', '.join(parts)} not as in the scenario")
        hazard = plan.scenario.link_times
    else:
        check_method(method, settings, max_density)
    of_person = scenario.group_of_person
    gathered = (scenario if plan is None else plan.scenario).gathered
    base = Scenario(
        scenario.network, gathered, scenario.all_shelters, classes=scenario.group_classes,
        deadline=scenario.deadline_s, hazard=hazard, boats=scenario.boats,
    )  # fmt: skip
    aside = 0 if of_person is None else int((of_person < 0).sum())
    if plan is not None:
        # A plan that was read knows of those set aside by its roster only.
        aside = plan.left - plan.movements.left
        return Work(base, aside, plan.movements, plan.method, plan.step_s)
    step = seconds(step, "step")
    return Work(base, aside, None, method, step, seed, max_density, dict(settings), keep)


def _prints(work: Work) -> dict[str, str]:
    """Digest what the rows depend on, part by part."""
    method = (work.method, work.step, work.seed, work.max_density, work.settings)
    scenario = work.scenario
    parts = (
        scenario.network, scenario.gathered, scenario.all_shelters, scenario.classes,
        scenario.boats,
    )  # fmt: skip
    return {
        "scenario": digest((*parts, scenario.deadline_s, work.aside)),
        "plan": digest((work.movements, scenario.link_times)),
        "method or settings": digest(method),
        "version of evacroute": metadata.version("evacroute"),
    }


def _raise(faults: dict[int, Answer], n: int, folder: str | Path | None) -> None:
    shown = [f"\n  draw {i}: {faults[i].fault}" for i in sorted(faults)[:10]]
    more = f"\n  ... and {len(faults) - 10} more" if len(faults) > 10 else ""
    kept = f"; the others are kept in {folder}" if folder is not None else ""
    error = InputError if all(one.is_input for one in faults.values()) else SolverError
    raise error(f"{len(faults)} of {n} draws failed{kept}{''.join(shown)}{more}")
