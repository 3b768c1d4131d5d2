"""The assigner: one file a method, and what they share."""

from __future__ import annotations

from evacroute.assignment.earliest_arrival import EarliestArrival
from evacroute.assignment.method import Method, Outcome
from evacroute.assignment.movements import REASONS, Movements
from evacroute.assignment.nearest import Nearest
from evacroute.assignment.over_time import OverTime
from evacroute.assignment.placing import Progress
from evacroute.assignment.problem import Problem, build_problem
from evacroute.assignment.shelter_flow import ShelterFlow

METHODS: dict[str, type[Nearest | EarliestArrival | ShelterFlow | OverTime]] = {
    "nearest": Nearest,
    "earliest_arrival": EarliestArrival,
    "shelter_flow": ShelterFlow,
    "over_time": OverTime,
}
"""Methods by name; a new one is a file of its own and a line here."""

__all__ = [
    "METHODS",
    "REASONS",
    "EarliestArrival",
    "Method",
    "Movements",
    "Nearest",
    "Outcome",
    "OverTime",
    "Problem",
    "Progress",
    "ShelterFlow",
    "build_problem",
]
