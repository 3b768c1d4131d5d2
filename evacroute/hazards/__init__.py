"""Hazards in time: what makes streets slower or closes them while people walk."""

from __future__ import annotations

from evacroute.hazards.closures import Closure, Closures
from evacroute.hazards.earthquake import Earthquake
from evacroute.hazards.fire import Arrival, Fire, FireLaw, Seat, Zone
from evacroute.hazards.flood import Flood
from evacroute.hazards.hazard import (
    Hazard,
    as_hazards,
    hazard_reports,
    hot_from,
    shelter_names,
    wades,
)
from evacroute.hazards.heights import MODELLED_SHARE, Heights
from evacroute.hazards.link_times import LinkTimes, Profile
from evacroute.hazards.tide import Tide
from evacroute.hazards.walkways import Walkways

__all__ = [
    "MODELLED_SHARE",
    "Arrival",
    "Closure",
    "Closures",
    "Earthquake",
    "Fire",
    "FireLaw",
    "Flood",
    "Hazard",
    "Heights",
    "LinkTimes",
    "Profile",
    "Seat",
    "Tide",
    "Walkways",
    "Zone",
    "as_hazards",
    "hazard_reports",
    "hot_from",
    "shelter_names",
    "wades",
]
