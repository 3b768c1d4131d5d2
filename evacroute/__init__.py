"""Who goes to which shelter, by which alleys, and when, so that all are safe before the deadline.

>>> import evacroute as er
>>> scenario = er.lagoon(people=300)
>>> plan = er.assign(scenario)
>>> er.verify(plan).ok
True
"""

from __future__ import annotations

from importlib.metadata import version
from typing import TYPE_CHECKING, Any

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
from evacroute.prices import Prices
from evacroute.recommendation import Recommendation
from evacroute.recommending import Recommender, recommend
from evacroute.replan_result import Replan
from evacroute.replanning import replan
from evacroute.reports import LoadReport
from evacroute.rescue import Fleet, Rescue, read_fleet, rescue
from evacroute.scenario import Scenario
from evacroute.scores import PlanScores
from evacroute.shelters import Shelters
from evacroute.simulation import Behaviour, Physics, Simulation, simulate
from evacroute.sweeping import Sweep, sweep
from evacroute.verification import Verification, verify
from evacroute.writing import write_instance, write_network

if TYPE_CHECKING:
    from evacroute.export import to_geojson
    from evacroute.guiding import Directions, directions
    from evacroute.plotting import write_map
    from evacroute.sheets import write_sheets

__version__ = version("evacroute")

_LATE = {
    "Directions": "evacroute.guiding",
    "directions": "evacroute.guiding",
    "to_geojson": "evacroute.export",
    "write_map": "evacroute.plotting",
    "write_sheets": "evacroute.sheets",
}


def __getattr__(name: str) -> Any:
    """Load what draws and exports only when it is asked for."""
    if name in _LATE:
        from importlib import import_module

        return getattr(import_module(_LATE[name]), name)
    raise AttributeError(f"module 'evacroute' has no attribute {name!r}")


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
