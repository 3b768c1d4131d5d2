"""Hazards in time: what makes streets slower or closes them while people walk."""

from __future__ import annotations

from evacroute.hazards.flood import Flood
from evacroute.hazards.hazard import Hazard, as_hazards, hazard_reports, wades
from evacroute.hazards.heights import Heights
from evacroute.hazards.link_times import LinkTimes, Profile
from evacroute.hazards.tide import Tide
from evacroute.hazards.walkways import Walkways

__all__ = [
    "Flood",
    "Hazard",
    "Heights",
    "LinkTimes",
    "Profile",
    "Tide",
    "Walkways",
    "as_hazards",
    "hazard_reports",
    "wades",
]
