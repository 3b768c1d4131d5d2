"""Sweeps: hundreds of draws of a hazard, each planned or played, on many processes or machines."""

from __future__ import annotations

from evacroute.sweeping.result import Sweep
from evacroute.sweeping.sweep import sweep

__all__ = ["Sweep", "sweep"]
