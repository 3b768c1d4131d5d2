"""Who goes to which shelter, by which alleys, and when, so that all are safe before the deadline.

>>> import evacroute as er
>>> scenario = er.lagoon(people=300)
>>> plan = er.assign(scenario)
>>> er.verify(plan).ok
True
"""

from __future__ import annotations

import sys
from importlib import import_module
from importlib.metadata import version
from importlib.util import find_spec
from types import ModuleType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evacroute.analysis import (
        Fairness,
        Shortfall,
        explain_shortfall,
        fairness,
        marginal_value,
    )
    from evacroute.asking import Person
    from evacroute.assignment import METHODS, Movements
    from evacroute.boats import Boats
    from evacroute.capability import capabilities
    from evacroute.errors import (
        BoatError,
        EvacrouteError,
        FetchError,
        HazardError,
        InputError,
        MissingExtraError,
        NetworkError,
        PeopleError,
        PlanError,
        ShelterError,
        SolverError,
    )
    from evacroute.evaluation import Evaluation, evaluate
    from evacroute.export import to_geojson
    from evacroute.guiding import Directions, directions
    from evacroute.hazards import (
        Closures,
        Earthquake,
        Fire,
        FireLaw,
        Flood,
        Hazard,
        Heights,
        LinkTimes,
        Tide,
        Walkways,
    )
    from evacroute.judging import score
    from evacroute.load.bridges import join_bridges
    from evacroute.load.closures import read_closures
    from evacroute.load.earthquake import read_earthquake
    from evacroute.load.fetch import fetch
    from evacroute.load.fire import read_fire
    from evacroute.load.gtfs import read_boats
    from evacroute.load.heights import read_heights
    from evacroute.load.instance import read_instance
    from evacroute.load.lagoon_boats import lagoon_boats
    from evacroute.load.people import read_people
    from evacroute.load.read import read_network
    from evacroute.load.samples import lagoon, lagoon_network, lagoon_shelters
    from evacroute.load.shelters import read_shelters
    from evacroute.load.shuttles import shuttles
    from evacroute.load.synthesize import synthesize_people
    from evacroute.load.tide import read_tide
    from evacroute.load.walkways import add_walkways
    from evacroute.network import Network
    from evacroute.people import Classes, Groups, People
    from evacroute.plan import Plan, Status
    from evacroute.plan_folder import read_plan
    from evacroute.planning import assign
    from evacroute.plotting import write_map
    from evacroute.prices import Prices
    from evacroute.recommendation import Recommendation
    from evacroute.recommending import Recommender, recommend
    from evacroute.replan_result import Replan
    from evacroute.replanning import replan
    from evacroute.reports import LoadReport
    from evacroute.rescue import Fleet, Rescue, read_fleet, rescue
    from evacroute.scenario import Scenario
    from evacroute.scores import PlanScores
    from evacroute.sheets import write_sheets
    from evacroute.shelters import Shelters
    from evacroute.simulation import Behaviour, Physics, Simulation, simulate
    from evacroute.sweeping import Sweep, sweep
    from evacroute.verification import Verification, verify
    from evacroute.writing import write_instance, write_network

__version__ = version("evacroute")

_WHERE = {
    "Fairness": "analysis",
    "Shortfall": "analysis",
    "explain_shortfall": "analysis",
    "fairness": "analysis",
    "marginal_value": "analysis",
    "Person": "asking",
    "METHODS": "assignment",
    "Movements": "assignment",
    "Boats": "boats",
    "capabilities": "capability",
    "BoatError": "errors",
    "EvacrouteError": "errors",
    "FetchError": "errors",
    "HazardError": "errors",
    "InputError": "errors",
    "MissingExtraError": "errors",
    "NetworkError": "errors",
    "PeopleError": "errors",
    "PlanError": "errors",
    "ShelterError": "errors",
    "SolverError": "errors",
    "Evaluation": "evaluation",
    "evaluate": "evaluation",
    "to_geojson": "export",
    "Directions": "guiding",
    "directions": "guiding",
    "Closures": "hazards",
    "Earthquake": "hazards",
    "Fire": "hazards",
    "FireLaw": "hazards",
    "Flood": "hazards",
    "Hazard": "hazards",
    "Heights": "hazards",
    "LinkTimes": "hazards",
    "Tide": "hazards",
    "Walkways": "hazards",
    "score": "judging",
    "join_bridges": "load.bridges",
    "read_closures": "load.closures",
    "read_earthquake": "load.earthquake",
    "fetch": "load.fetch",
    "read_fire": "load.fire",
    "read_boats": "load.gtfs",
    "read_heights": "load.heights",
    "read_instance": "load.instance",
    "lagoon_boats": "load.lagoon_boats",
    "read_people": "load.people",
    "read_network": "load.read",
    "lagoon": "load.samples",
    "lagoon_network": "load.samples",
    "lagoon_shelters": "load.samples",
    "read_shelters": "load.shelters",
    "shuttles": "load.shuttles",
    "synthesize_people": "load.synthesize",
    "read_tide": "load.tide",
    "add_walkways": "load.walkways",
    "Network": "network",
    "Classes": "people",
    "Groups": "people",
    "People": "people",
    "Plan": "plan",
    "Status": "plan",
    "read_plan": "plan_folder",
    "assign": "planning",
    "write_map": "plotting",
    "Prices": "prices",
    "Recommendation": "recommendation",
    "Recommender": "recommending",
    "recommend": "recommending",
    "Replan": "replan_result",
    "replan": "replanning",
    "LoadReport": "reports",
    "Fleet": "rescue",
    "Rescue": "rescue",
    "read_fleet": "rescue",
    "rescue": "rescue",
    "Scenario": "scenario",
    "PlanScores": "scores",
    "write_sheets": "sheets",
    "Shelters": "shelters",
    "Behaviour": "simulation",
    "Physics": "simulation",
    "Simulation": "simulation",
    "simulate": "simulation",
    "Sweep": "sweeping",
    "sweep": "sweeping",
    "Verification": "verification",
    "verify": "verification",
    "write_instance": "writing",
    "write_network": "writing",
}
"""Module of each name: loaded when the name is first asked for, so that a server or a command loads
no more than it uses."""


class _Package(ModuleType):
    """The package, in which names of functions are not hidden by modules of the same name."""

    def __setattr__(self, name: str, value: object) -> None:
        if not (name in _WHERE and isinstance(value, ModuleType)):
            super().__setattr__(name, value)


def __getattr__(name: str) -> Any:
    """Load the module of a name, or a module of the package."""
    if name not in _WHERE:
        if not name.startswith("_") and find_spec(f"evacroute.{name}") is not None:
            return import_module(f"evacroute.{name}")
        raise AttributeError(f"module 'evacroute' has no attribute {name!r}")
    value = getattr(import_module(f"evacroute.{_WHERE[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})


sys.modules[__name__].__class__ = _Package

__all__ = [
    "METHODS",
    "Behaviour",
    "BoatError",
    "Boats",
    "Classes",
    "Closures",
    "Directions",
    "Earthquake",
    "EvacrouteError",
    "Evaluation",
    "Fairness",
    "FetchError",
    "Fire",
    "FireLaw",
    "Fleet",
    "Flood",
    "Groups",
    "Hazard",
    "HazardError",
    "Heights",
    "InputError",
    "LinkTimes",
    "LoadReport",
    "MissingExtraError",
    "Movements",
    "Network",
    "NetworkError",
    "People",
    "PeopleError",
    "Person",
    "Physics",
    "Plan",
    "PlanError",
    "PlanScores",
    "Prices",
    "Recommendation",
    "Recommender",
    "Replan",
    "Rescue",
    "Scenario",
    "ShelterError",
    "Shelters",
    "Shortfall",
    "Simulation",
    "SolverError",
    "Status",
    "Sweep",
    "Tide",
    "Verification",
    "Walkways",
    "add_walkways",
    "assign",
    "capabilities",
    "directions",
    "evaluate",
    "explain_shortfall",
    "fairness",
    "fetch",
    "join_bridges",
    "lagoon",
    "lagoon_boats",
    "lagoon_network",
    "lagoon_shelters",
    "marginal_value",
    "read_boats",
    "read_closures",
    "read_earthquake",
    "read_fire",
    "read_fleet",
    "read_heights",
    "read_instance",
    "read_network",
    "read_people",
    "read_plan",
    "read_shelters",
    "read_tide",
    "recommend",
    "replan",
    "rescue",
    "score",
    "shuttles",
    "simulate",
    "sweep",
    "synthesize_people",
    "to_geojson",
    "verify",
    "write_instance",
    "write_map",
    "write_network",
    "write_sheets",
]
