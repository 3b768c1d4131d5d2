"""Hazards in time: what makes streets slower or closes them while people walk."""

from __future__ import annotations

from evacroute.hazards.closures import Closure, Closures
from evacroute.hazards.earthquake import Earthquake
from evacroute.hazards.fire import Arrival, Fire, FireLaw, Seat, Zone
from evacroute.hazards.hazard import Hazard, as_hazards, reports_of, wades
from evacroute.hazards.link_times import LinkTimes, Profile

__all__ = [
    "Arrival",
    "Closure",
    "Closures",
    "Earthquake",
    "Fire",
    "FireLaw",
    "Hazard",
    "LinkTimes",
    "Profile",
    "Seat",
    "Zone",
    "as_hazards",
    "reports_of",
    "wades",
]
