"""The options that say what to load, and the loading itself."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

import evacroute as er
from evacroute._changes import hazard_figures, tide_and_boats
from evacroute.boats import Boats
from evacroute.cli.boats import check_boats, make_boats
from evacroute.cli.hazards import check_hazards, make_hazards
from evacroute.cli.shell import Readable, Report
from evacroute.cli.values import classes, completing, number, one_of, whole
from evacroute.hazards import Hazard, as_hazards, hazard_reports
from evacroute.network import Network
from evacroute.people import People
from evacroute.scenario import Scenario
from evacroute.units import seconds

_FILES = "Input as files"
_OVER_TIME = "Method over_time"
_WEAKEST = "Methods over_time and shelter_flow"

InstanceOption = Annotated[
    Path | None,
    typer.Option(
        "--instance",
        metavar="DIR",
        help="Folder with node.csv, link.csv, shelters.csv and people.csv[.gz] or groups.csv[.gz].",
        rich_help_panel="Input as an instance folder",
    ),
]
NetworkOption = Annotated[
    Path | None,
    typer.Option(
        "--network",
        metavar="FILE",
        help="Streets: .osm[.gz], .osm.pbf, Overpass .json, .geojson[.gz], .graphml[.gz] or a "
        "folder with node.csv and link.csv.",
        rich_help_panel=_FILES,
    ),
]
BridgesOption = Annotated[
    Path | None,
    typer.Option(
        "--bridges",
        metavar="FILE",
        help="Bridge survey (CSV: name, position, net width, steps), joined to the bridges.",
        rich_help_panel=_FILES,
    ),
]
PeopleOption = Annotated[
    Path | None,
    typer.Option(
        "--people",
        metavar="FILE",
        help="CSV[.gz], one row a person; only lon and lat are required.",
        rich_help_panel=_FILES,
    ),
]
SheltersOption = Annotated[
    Path | None,
    typer.Option(
        "--shelters",
        metavar="FILE",
        help="CSV: shelter_id, lon and lat or node_id, capacity; optionally step_free_capacity, "
        "intake_rate, name, kind.",
        rich_help_panel=_FILES,
    ),
]
MaxDistanceOption = Annotated[
    float | None,
    typer.Option(
        "--max-distance",
        metavar="M",
        parser=number(0, unit="m"),
        show_default="250",
        help="People farther than this from any street [m] are set aside and listed as left.",
        rich_help_panel=_FILES,
    ),
]
SpreadOption = Annotated[
    bool,
    typer.Option(
        "--spread",
        help="Draw each person's own speed, and ready time where none is given, by the seed, "
        "instead of taking the mean of their like.",
        rich_help_panel=_FILES,
    ),
]
MethodOption = Annotated[
    str,
    typer.Option(
        "--method",
        metavar="METHOD",
        help=f"How to plan: {', '.join(er.METHODS)}.",
        parser=one_of(er.METHODS),
        autocompletion=completing(er.METHODS),
    ),
]
DeadlineOption = Annotated[
    str,
    typer.Option(
        "--deadline",
        metavar="TIME",
        help="Everyone should be safe by then, counted from the alarm: 90min, 1.5h, 2700 [s].",
    ),
]
StepOption = Annotated[
    str, typer.Option("--step", metavar="TIME", help="Time step of the plan: 10 [s], 5s.")
]
SeedOption = Annotated[
    int,
    typer.Option(
        "--seed",
        metavar="N",
        parser=whole(0),
        help="Seed of random choices: the same seed, the same result.",
    ),
]
GapOption = Annotated[
    float | None,
    typer.Option(
        "--gap",
        metavar="SHARE",
        parser=number(0),
        show_default="0.01",
        help="Stop when the plan costs at most this share more than the proven bound: 0.01 is 1 %.",
        rich_help_panel=_OVER_TIME,
    ),
]
TimeLimitOption = Annotated[
    str | None,
    typer.Option(
        "--time-limit",
        metavar="TIME",
        show_default="60s",
        help="Stop after this time, with the best so far: 30 [s], 2min. Ctrl-C does so at once.",
        rich_help_panel=_OVER_TIME,
    ),
]
WeightOption = Annotated[
    list[str] | None,
    typer.Option(
        "--weight",
        metavar="CLASS=W",
        autocompletion=classes,
        help="A second of this class's time counts W times, 0.01 to 100. 'evacroute classes' lists "
        "the classes.",
        rich_help_panel=_OVER_TIME,
    ),
]
FirstOption = Annotated[
    list[str] | None,
    typer.Option(
        "--first",
        metavar="CLASS",
        autocompletion=classes,
        help="This class counts as most vulnerable: where places are short it gets them. Given "
        "again, the next. 'evacroute classes' lists the classes.",
        rich_help_panel=_WEAKEST,
    ),
]
WorkersOption = Annotated[
    int | None,
    typer.Option(
        "--workers",
        metavar="N",
        parser=whole(1),
        show_default="one a core",
        help="How many processes.",
    ),
]
JsonOption = Annotated[
    bool, typer.Option("--json", help="Print one JSON object to stdout, messages to stderr.")
]


@dataclass(frozen=True, slots=True)
class Inputs:
    """Where the parts of a scenario come from: an instance folder, or single files."""

    instance: Path | None
    network: Path | None
    bridges: Path | None
    people: Path | None
    shelters: Path | None
    max_distance: float | None
    seed: int | None
    hazards: list[str] | None = None
    heights: str | None = None
    boats: list[Path] | None = None
    alarm: str | None = None
    low_bridges: Path | None = None

    def check(self) -> None:
        """Check hazards and boats before anything is loaded.

        Raises
        ------
        typer.BadParameter
            If an option is not of its form, or a file does not exist.
        """
        check_hazards(self.hazards, self.heights)
        check_boats(self.boats, self.alarm, self.hazards, self.low_bridges)

    def load(self, deadline: str, report: Report) -> tuple[Scenario, dict[str, Readable]]:
        """Load the scenario; also the reports of what was read."""
        self.check()
        if self.instance is not None:
            self._only_instance()
            report("loading the instance", 0.0)
            hazards: list[Hazard] = []
            riding = None
            if self.hazards or self.boats:
                network, boats = self._with_boats(er.read_network(self.instance), deadline)
                hazards = self.load_hazards(network, deadline)
                riding = None if boats is None else (network, boats)
            scenario = er.read_instance(
                self.instance, deadline=deadline, seed=self.seed, hazard=hazards, boats=riding
            )
            return scenario, reports_of(scenario)
        if self.network is None or self.people is None or self.shelters is None:
            raise typer.BadParameter(
                "give --instance DIR, or all of --network, --people and --shelters"
            )
        network, people, survey = self.load_people(report)
        report("loading the shelters", 0.7)
        shelters = er.read_shelters(self.shelters, network)
        # After people and shelters, so that nobody is taken to stand on a gangway.
        network, boats = self._with_boats(network, deadline)
        hazards = self.load_hazards(network, deadline)
        report("gathering groups", 0.8)
        scenario = er.Scenario(
            network, people, shelters, deadline=deadline, hazard=hazards, boats=boats
        )
        return scenario, reports_of(scenario) | survey

    def load_hazards(self, network: Network, deadline: str = "90min") -> list[Hazard]:
        """Load the hazards."""
        window = (0.0, seconds(deadline, "--deadline"))
        return make_hazards(self.hazards, self.heights, network, self.alarm, window=window)

    def _with_boats(self, network: Network, deadline: str) -> tuple[Network, Boats | None]:
        """Load the boats, if any, into the network."""
        if not self.boats:
            return network, None
        return make_boats(self.boats, self.alarm, network, deadline, self.low_bridges)

    def load_people(self, report: Report) -> tuple[Network, People, dict[str, Readable]]:
        """Load network and people from files; also the report of the bridges, if any."""
        if self.network is None or self.people is None:
            raise typer.BadParameter("give --instance DIR, or --network and --people")
        report("loading the network", 0.0)
        network = er.read_network(self.network)
        survey: dict[str, Readable] = {}
        if self.bridges is not None:
            report("joining the bridges", 0.3)
            network, survey["bridges"] = er.join_bridges(network, self.bridges)
        report("loading the people", 0.4)
        options = {} if self.max_distance is None else {"max_distance": self.max_distance}
        people = er.read_people(self.people, network, seed=self.seed, **options)
        return network, people, survey

    def _only_instance(self) -> None:
        files = {
            "--network": self.network,
            "--bridges": self.bridges,
            "--people": self.people,
            "--shelters": self.shelters,
        }
        given = [name for name, path in files.items() if path is not None]
        if given:
            raise typer.BadParameter(f"--instance holds everything; leave out {', '.join(given)}")


def reports_of(scenario: Scenario) -> dict[str, Readable]:
    """Collect the reports that loaders left at the parts of a scenario."""
    parts = {
        "network": scenario.network,
        "shelters": scenario.shelters,
        "people": scenario.people,
        "boats": scenario.boats,
    }
    found = {name: getattr(part, "report", None) for name, part in parts.items()}
    reports: dict[str, Readable] = {
        name: report for name, report in found.items() if report is not None
    }
    return (
        reports | told_of_hazards(scenario, as_hazards(scenario.hazard)) | hazards_report(scenario)
    )


def told_of_hazards(scenario: Scenario, hazards: Iterable[Hazard]) -> dict[str, Readable]:
    """Collect what each hazard tells of itself, by its kind; the second of a kind has a number."""
    found: dict[str, Readable] = {}
    network, classes, until = scenario.network, scenario.group_classes, scenario.deadline_s
    for one in hazards:
        for report in hazard_reports([one], network, classes, until, scenario.all_shelters):
            kind = type(one).__name__.lower()
            number = 1 + sum(name.split()[0] == kind for name in found)
            found[kind if number == 1 else f"{kind} {number}"] = report
    return found


def hazards_report(scenario: Scenario) -> dict[str, Readable]:
    """Count the links that hazards close or slow before the deadline, if there is any hazard."""
    found = hazard_figures(scenario)
    if found is None:
        return {}
    report = er.LoadReport("hazards, until the deadline")
    always, everyone = found["always_closed_links"], found["always_closed_to_all_links"]
    if found["closed_links"] or found["slower_links"]:
        report.counts |= {
            "links closed all the time, to everyone": everyone,
            "links closed all the time, to some only": always - everyone,
            "links closed for some of the time": found["closed_links"] - always,
            "links at some time slower, and never closed": found["slower_links"],
        }
    else:
        report.notes.append("no link is closed or slower before the deadline")
    report.notes += tide_and_boats(scenario)
    if found["hot_shelters"]:
        hot = ", ".join(found["hot_shelters"])
        report.notes.append(f"shelters that get hot before the deadline take nobody: {hot}")
    return {"hazards": report}


def method_settings(
    method: str,
    gap: float | None,
    time_limit: str | None,
    weights: list[str] | None,
    first: list[str] | None = None,
) -> dict[str, Any]:
    """Make settings of the method from the options, checked before anything is loaded.

    Raises
    ------
    typer.BadParameter
        If an option is for another method or not of its form.
    """
    settings: dict[str, Any] = {}
    if gap is not None:
        settings["gap"] = gap
    if time_limit is not None:
        settings["time_limit"] = seconds(time_limit, "--time-limit")
    for text in weights or []:
        name, sign, value = text.rpartition("=")
        try:
            number = float(value)
        except ValueError:
            number = float("nan")
        if not (sign and name and 0.01 <= number <= 100):
            raise typer.BadParameter(
                f"--weight is {text!r}, expected CLASS=W with W from 0.01 to 100; "
                "'evacroute classes' lists the classes"
            )
        settings.setdefault("weights", {})[name] = number
    if settings and method != "over_time":
        raise typer.BadParameter("--gap, --time-limit and --weight are for --method over_time")
    if first:
        if method not in ("over_time", "shelter_flow"):
            raise typer.BadParameter("--first is for --method over_time or shelter_flow")
        settings["order"] = list(first)
    return settings
