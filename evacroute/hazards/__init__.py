"""Hazards in time: what makes streets slower or closes them while people walk."""

from __future__ import annotations

from evacroute.hazards.hazard import Hazard, as_hazards, wades
from evacroute.hazards.link_times import LinkTimes, Profile

__all__ = ["Hazard", "LinkTimes", "Profile", "as_hazards", "wades"]
