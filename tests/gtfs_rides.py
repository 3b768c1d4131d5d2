"""Rides read from the small feed of `gtfs_files` along the corridor, and notes of the report."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from gtfs_files import write_feed
from networks import corridor

from evacroute.boats import Boats
from evacroute.load.gtfs import read_boats
from evacroute.network import Network


def read(folder: Path, changes: dict[str, str | None] | None = None, **options: Any) -> Boats:
    """Boats of a feed along the corridor, the alarm at 10:00."""
    return read_both(folder, changes, **options)[1]


def read_both(
    folder: Path, changes: dict[str, str | None] | None = None, **options: Any
) -> tuple[Network, Boats]:
    return read_boats(write_feed(folder / "feed", changes), corridor(), **options)


def rides(boats: Boats) -> list[tuple[float, float]]:
    return list(zip(boats.leave_s.tolist(), boats.arrive_s.tolist(), strict=True))


def notes(boats: Boats) -> str:
    assert boats.report is not None
    return " | ".join(boats.report.notes)


BASE = [(300.0, 480.0), (600.0, 1200.0)]
