"""Every table of the user that has a report names the columns that were not read."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pandas as pd
import pytest
from gtfs_files import write_feed
from networks import corridor, degrees

import evacroute as er
from evacroute.load.boats_table import read_boats_table
from evacroute.load.earthquake import read_earthquake
from evacroute.load.gtfs import read_boats
from evacroute.load.heights import read_heights
from evacroute.load.shuttles import shuttles
from evacroute.load.tide import read_tide
from evacroute.load.walkways import add_walkways
from evacroute.reports import LoadReport
from evacroute.rescue import read_fleet
from evacroute.rescue.drop_offs import read_drop_offs

WEST, EAST = degrees([0, 300], [20, 20])[0].tolist()
SOUTH = float(degrees([0, 300], [20, 20])[1][0])

Read = Callable[[pd.DataFrame, Path], LoadReport | None]


def low(frame: pd.DataFrame, folder: Path) -> LoadReport | None:
    return read_boats(write_feed(folder / "feed"), corridor(), low_bridges=frame)[1].report


def vessels(frame: pd.DataFrame, folder: Path) -> LoadReport | None:
    return read_boats(write_feed(folder / "feed"), corridor(), vessels=frame)[1].report


def rides(frame: pd.DataFrame, folder: Path) -> LoadReport | None:
    network, _ = read_boats(write_feed(folder / "feed"), corridor())
    return read_boats_table(frame.assign(link_id=str(network.link_id[-1])), network).report


CASES: list[tuple[Read, dict[str, object]]] = [
    (lambda f, _: read_fleet(f, corridor()).report,
     {"kind": "boat", "node_id": "N0", "seats": 4}),
    (lambda f, _: read_drop_offs(f, corridor()).report, {"lon": WEST, "lat": SOUTH}),
    (lambda f, _: shuttles(corridor(), f)[1].report,
     {"from_lon": WEST, "from_lat": SOUTH, "to_lon": EAST, "to_lat": SOUTH, "seats": 20}),
    (rides, {"trip_id": "T", "leave_s": 10, "arrive_s": 60, "seats": 5}),
    (low, {"from_stop": "B", "to_stop": "C", "max_tide_m": 1.15}),
    (vessels, {"line": "*", "seats": 20, "wheelchair_places": 1}),
    (lambda f, _: read_heights(f, corridor()).report, {"link_id": "L0", "height_m": 1.2}),
    (lambda f, _: add_walkways(corridor(), f)[0].report,
     {"link_id": "L0", "height": 1.6, "width": 1.2, "tide_to": 1.5}),
    (lambda f, _: read_earthquake(f, corridor()).report, {"link_id": "L0", "probability": 0.1}),
    (lambda f, _: read_tide(pd.concat([f, f.assign(time_s=600)], ignore_index=True)).report,
     {"time_s": 0, "level_m": 1.2}),
]  # fmt: skip


@pytest.mark.parametrize(("read", "row"), CASES)
def test_columns_not_read_are_noted(read: Read, row: dict[str, object], tmp_path: Path) -> None:
    """A column that nobody knows stands in the report's notes; without one nothing does."""
    for odd in (False, True):
        frame = pd.DataFrame([row]).assign(**({"colour": "red"} if odd else {}))
        report = read(frame, tmp_path / str(odd))
        assert report is not None
        assert ("columns not read: colour" in report.notes) == odd


def test_a_misspelt_column_of_the_fleet_is_told_by_the_rescue(tmp_path: Path) -> None:
    """The rescue's summary names what it did not read of the fleet, and what was meant."""
    plan = er.assign(er.lagoon(people=2000))
    node = str(plan.scenario.network.node_id[0])
    path = tmp_path / "fleet.csv"
    path.write_text(f"kind,node_id,seats,wheelchairplaces\nboat,{node},12,4\n")
    summary = er.rescue(plan, path).summary()
    told = f"{path}: columns not read: wheelchairplaces (meant: wheelchair_places?)"
    assert summary.notes == (told,)
    assert f"note: {told}" in str(summary)
    assert summary.to_dict()["notes"] == [told]
