"""Figures that pages tell in passing, as small tables between their words."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from .files import Results
from .parts import markdown, with_line


@dataclass(frozen=True, slots=True)
class Passing:
    """A small table of one result.

    Parameters
    ----------
    result
        Its name.
    cases
        What heads the cases.
    columns
        Heading -> column and format.
    names
        Words for cases; a case without goes by its own.
    only
        Cases that begin so are shown, without that; all where it is empty.
    """

    result: str
    cases: str
    columns: Mapping[str, tuple[str, str]]
    names: Mapping[str, str] = field(default_factory=dict)
    only: str = ""

    def __call__(self, results: Results) -> str:
        """Make the table."""
        it = results[self.result]
        rows = [
            [
                self.names.get(case, case.removeprefix(self.only)),
                *(it.show(case, *asked) for asked in self.columns.values()),
            ]
            for case in it.rows
            if case.startswith(self.only)
        ]
        return with_line(markdown([self.cases, *self.columns], rows), it)


_SAFE = {"safe, mean": ("safe_mean", ",.0f"), "safe, worst": ("safe_worst", ",.0f")}

PASSING: dict[str, Callable[[Results], str]] = {
    "rescue": Passing(
        "aside_rescue", "plan, fleet",
        {"left": ("left", ","), "pick-ups": ("pickups", ","),
         "persons reached in time": ("reached", ","),
         "seconds": ("seconds", ".1f"), "seconds without a fleet": ("without_fleet_s", ".2f")},
        {"389 left": "deadline 90 min; 10 boats (12 seats, 4 wheelchairs), 10 teams",
         "41.9 min": "deadline 41.9 min; the same",
         "41.9 min, fetched within 90": "the same people, 90 min to fetch them; 20 boats "
                                        "(24 seats, 6 wheelchairs)"},
    ),
    "evaluate": Passing(
        "aside_evaluate", "", {"movements": ("movements", ","), "legs": ("legs", ","),
                               "seconds a scenario": ("seconds_a_draw", ".3f")},
    ),
    "sweep": Passing(
        "aside_sweep", "", {"seconds": ("seconds", ".1f"), "safe, expected": ("safe", ",.1f")},
        {"1 processes": "one process", "2 processes": "two processes, starting them included"},
    ),
    "two_scenarios": Passing(
        "aside_several", "scenarios",
        {"safe, expected": ("safe_expected", ",.1f"), "safe in the first": ("safe_1", ",.0f"),
         "safe in the second": ("safe_2", ",.0f")},
        only="two: ",
    ),
    "six_draws": Passing("aside_several", "plan", _SAFE, only="six draws: "),
    "many_draws": Passing(
        "aside_draws", "plan", {**_SAFE, "seconds to plan": ("plan_s", ".1f")},
        {"narrow: for 0 draws": "as if nothing happens", "narrow: for 1 draws": "for one draw"},
        only="narrow: ",
    ),
    "draws_alike": Passing(
        "aside_draws", "plan", _SAFE, {"all alike: for 0 draws": "as if nothing happens"},
        only="all alike: ",
    ),
    "check": Passing(
        "aside_check", "", {"seconds": ("seconds", ".1f")},
        {"plan": "the plan", "a value checked": "each value checked, in the mean",
         "a class protected": "each class protected, in the mean"},
    ),
    "directions": Passing(
        "aside_directions", "", {"ms": ("ms", ".2f")},
        {"ways": "one way in words, mean of 400 through Venice",
         "a catalogue compiled": "a catalogue compiled when its language is first asked for"},
    ),
    "laws": Passing(
        "aside_laws", "law, jam density",
        {f"`specific_flow` {flow}" if flow == 1.3 else f"{flow}": (f"flow_{flow}", ".2f")
         for flow in (1.3, 1.6, 1.9)},
    ),
    "stores": Passing(
        "stores", "store",
        {"one at a time: places/s": ("rate_1", ",.0f"), "p99 [ms]": ("p99_1", "ms.2f"),
         "batches of 16: places/s": ("rate_16", ",.0f"), "their p99": ("p99_16", "ms.2f"),
         "batches of 64: places/s": ("rate_64", ",.0f"), "p99 of these": ("p99_64", "ms.2f"),
         "one at a time: longest [ms]": ("worst_1", "ms.0f")},
    ),
    "desk_cost": Passing(
        "desk_cost", "CPU of a wish [ms], requests at a time",
        {"1": ("cpu_1", "ms.3f"), "8": ("cpu_8", "ms.3f"), "64": ("cpu_64", "ms.3f")},
        {"memory": "memory, at once", "sqlite": "sqlite, in a thread",
         "redis everysec": "Redis everysec, on the loop"},
    ),
    "board": Passing(
        "aside_board", "",
        {"seconds": ("seconds", ".1f"), "rounds": ("rounds", ","), "MB": ("memory_mb", ",.0f")},
    ),
}  # fmt: skip
"""By the name that pages use."""
