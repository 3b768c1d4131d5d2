"""``evacroute simulate``: play a plan with people who are slower, later and less obedient."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Annotated, Any

import typer

import evacroute as er
from evacroute.cli.inputs import JsonOption
from evacroute.cli.many_runs import RUNS, Runs
from evacroute.cli.run import MAP
from evacroute.cli.shell import BROKEN, Report, print_json, progress
from evacroute.cli.values import completing, number, one_of, whole
from evacroute.cli.view import FolderArgument
from evacroute.errors import InputError, did_you_mean
from evacroute.physics import LAWS
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.simulation import Behaviour, Physics, Simulation
from evacroute.simulation.behaviour import BEHAVIOURS, as_behaviour
from evacroute.simulation.result import FILES
from evacroute.simulation.simulate import LONGEST
from evacroute.units import seconds
from evacroute.writing import atomic_folder, check_replaceable

MARKER = "summary.json"
RUN_FILES = (*FILES, RUNS, MAP)
"""What a folder of runs may hold, of one run or of several."""

TRACKS = 2_000
"""So many parties are seen walking on the map."""

_PEOPLE = "People"
_CROWD = "Crowd"


@dataclass(frozen=True, slots=True)
class Play:
    """What is played, with what.

    Parameters
    ----------
    what
        The plan, or its scenario where people have none.
    beside
        The plan, whose figures are shown beside.
    behaviour, physics, until, keep_times
        As `evacroute.simulate` takes them.
    seeds
        One a run.
    tracks
        Of how many parties the first run keeps the tracks.
    """

    what: Plan | Scenario
    beside: Plan
    behaviour: Behaviour
    physics: Physics
    until: float | None
    keep_times: bool
    seeds: range
    tracks: int


def simulate(
    folder: FolderArgument,
    out: Annotated[
        Path,
        typer.Option(
            "--out", metavar="DIR", help="Folder to write; an older simulation there is replaced."
        ),
    ],
    seed: Annotated[
        int,
        typer.Option(
            "--seed", metavar="N", parser=whole(0), help="The same seed gives the same run."
        ),
    ] = 0,
    runs: Annotated[
        int,
        typer.Option(
            "--runs",
            metavar="N",
            parser=whole(1),
            help="Play so often, with the seeds from --seed on, and show how far the runs differ.",
        ),
    ] = 1,
    compliance: Annotated[
        float | None,
        typer.Option(
            "--compliance",
            metavar="SHARE",
            parser=number(),
            show_default="1",
            help="Share of parties who follow the plan, 0 to 1. Of the others 60 % "
            "go to the nearest shelter, 25 % follow the crowd, 15 % are lost at first.",
            rich_help_panel=_PEOPLE,
        ),
    ] = None,
    behaviour: Annotated[
        str | None,
        typer.Option(
            "--behaviour",
            metavar="B",
            autocompletion=completing(tuple(BEHAVIOURS)),
            help=f"Nobody has a plan, and all do the same: {', '.join(BEHAVIOURS)}.",
            rich_help_panel=_PEOPLE,
        ),
    ] = None,
    delay: Annotated[
        str,
        typer.Option(
            "--delay",
            metavar="TIME",
            help="How much later than they could people set out, in the mean: 2min, 90 [s].",
            rich_help_panel=_PEOPLE,
        ),
    ] = "0",
    keep_times: Annotated[
        bool,
        typer.Option(
            "--keep-times",
            help="Who follows the plan and is early somewhere on the way waits there for its time; "
            "else only its times of setting out are kept.",
            rich_help_panel=_PEOPLE,
        ),
    ] = False,
    law: Annotated[
        str,
        typer.Option(
            "--law",
            metavar="LAW",
            parser=one_of(tuple(LAWS)),
            autocompletion=completing(tuple(LAWS)),
            help=f"How density slows people: {' or '.join(LAWS)}.",
            rich_help_panel=_CROWD,
        ),
    ] = "weidmann",
    specific_flow: Annotated[
        float | None,
        typer.Option(
            "--specific-flow",
            metavar="X",
            parser=number(),
            help="Persons that pass a narrow place on the level, a second and metre of effective "
            "width [1/(m s)]; the network's capacities are scaled by X over 1.3. Without it they "
            "are kept.",
            rich_help_panel=_CROWD,
        ),
    ] = None,
    jam_density: Annotated[
        float | None,
        typer.Option(
            "--jam-density",
            metavar="X",
            parser=number(),
            show_default="that of the law",
            help="Density at which nobody moves and nobody more gets in [persons/m2].",
            rich_help_panel=_CROWD,
        ),
    ] = None,
    until: Annotated[
        str | None,
        typer.Option(
            "--until",
            metavar="TIME",
            help="The run ends then, at a whole minute from the alarm: 2h, 7200 [s]; 7 days at the "
            "most. It ends earlier when nobody is on the way any more.",
            show_default="1.5 times the deadline",
        ),
    ] = None,
    draw: Annotated[
        Path | None,
        typer.Option(
            "--map",
            metavar="FILE",
            help="Also draw the plan's map with the run beside it, moving; of several runs the "
            "first.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Play a plan person by person, on streets that fill up.

    Writes arrivals.csv.gz, densities.csv.gz and summary.json; of several runs runs.csv and a
    summary.json of all of them. Any of them can be played again by its seed.
    """
    acts = _behaviour(behaviour, compliance, delay, keep_times)
    with _by_options():
        physics = Physics(law=law, specific_flow=specific_flow, jam_density=jam_density)
    end = None if until is None else seconds(until, "--until", most=LONGEST)
    inside = draw is not None and _is_inside(draw, out)
    files = RUN_FILES if draw is None or not inside else (*RUN_FILES, draw.name)
    check_replaceable(out, str(out), MARKER, files)
    many = Runs()
    with progress() as tell:
        tell("reading the plan", 0.0)
        plan = er.read_plan(folder)
        play = Play(
            plan.scenario if behaviour else plan, plan, acts, physics, end, keep_times,
            range(seed, seed + runs), 0 if draw is None else TRACKS,
        )  # fmt: skip
        first = None
        for number in range(runs):
            run = _play(play, number, tell)
            first = run if first is None else first
            many.add(run)
        assert first is not None  # for the type checker: there is one run at least
        with atomic_folder(out, marker=MARKER, contents=files) as new:
            tell("writing", 1.0)
            if runs == 1:
                first.save(new)
            else:
                many.put(new, MARKER)
            if draw is not None:
                tell("drawing the map", 1.0)
                er.write_map(plan, new / draw.name if inside else draw, simulation=first)
    _print(first if runs == 1 else many, out, draw, as_json)
    if not any(row["safe"] + row["late"] for row in many.rows):
        raise typer.Exit(BROKEN)


def _behaviour(name: str | None, compliance: float | None, delay: str, keeps: bool) -> Behaviour:
    """Make the behaviour of the options, checked before anything is read."""
    late = seconds(delay, "--delay", zero=True)
    if name is None:
        with _by_options():
            return Behaviour(compliance=1.0 if compliance is None else compliance, delay=late)
    if name not in BEHAVIOURS:
        raise typer.BadParameter(
            f"--behaviour is {name!r}, expected one of {', '.join(BEHAVIOURS)}; or leave it out, "
            "and people follow the plan" + did_you_mean(name, BEHAVIOURS)
        )
    if compliance is not None or keeps:
        raise typer.BadParameter(
            "--compliance and --keep-times are for those who follow the plan; with --behaviour "
            "nobody has one"
        )
    with _by_options():
        return replace(as_behaviour(name, None), delay=late)


@contextmanager
def _by_options() -> Iterator[None]:
    """Tell what is wrong with a figure by the name of its option."""
    try:
        yield
    except InputError as error:
        message = str(error)
        for name in ("compliance", "delay", "specific_flow", "jam_density"):
            message = message.replace(f"{name} is ", f"--{name.replace('_', '-')} is ")
        raise InputError(message) from error


def _is_inside(draw: Path, out: Path) -> bool:
    """Whether the map goes into the folder that is written; only right into it."""
    path, folder = draw.resolve(), out.resolve()
    if draw.is_dir():
        raise typer.BadParameter(f"--map is {str(draw)!r}, a folder; expected a file to write")
    if path.parent == folder:
        if path.name in (*FILES, RUNS):
            raise typer.BadParameter(
                f"--map is {str(draw)!r}, a name that --out needs for itself; expected another"
            )
        return True
    if folder == path or folder in path.parents:
        raise typer.BadParameter(
            f"--map is {str(draw)!r}, expected a file right in --out {str(out)!r}, or elsewhere"
        )
    return False


def _play(play: Play, number: int, tell: Report) -> Simulation:
    """Play the run of a number."""
    n = len(play.seeds)

    def report(stage: str, share: float) -> None:
        tell(stage if n == 1 else f"{stage} {number + 1} of {n}", (number + share) / n)

    run = er.simulate(
        play.what, behaviour=play.behaviour, physics=play.physics, seed=play.seeds[number],
        until=play.until, keep_times=play.keep_times, tracks=0 if number else play.tracks,
        progress=report,
    )  # fmt: skip
    return replace(run, beside=play.beside)


def _print(found: Simulation | Runs, out: Path, draw: Path | None, as_json: bool) -> None:
    if as_json:
        drawn = None if draw is None else str(draw)
        record: dict[str, Any] = {"out": str(out), "map": drawn, "summary": found.to_dict()}
        print_json(record)
        return
    typer.echo(f"{found}\n\nsimulation folder: {out}")
    if draw is not None:
        typer.echo(f"map:               {draw.resolve().as_uri()}")
