"""The simulator: people one by one, on streets that fill up, with a plan or without."""

from __future__ import annotations

from evacroute.physics import Physics, fit_law
from evacroute.simulation.behaviour import Behaviour
from evacroute.simulation.result import STATES, Simulation
from evacroute.simulation.simulate import simulate

__all__ = ["STATES", "Behaviour", "Physics", "Simulation", "fit_law", "simulate"]
