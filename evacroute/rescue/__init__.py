"""Who cannot get out by themselves: where crews pick them up, why, and by which routes."""

from __future__ import annotations

from evacroute.rescue.dispatch import rescue
from evacroute.rescue.fleet import Fleet, read_fleet
from evacroute.rescue.result import Rescue

__all__ = ["Fleet", "Rescue", "read_fleet", "rescue"]
