"""Closures: rows become link times, both ways of a street; every fault is named at once."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor, degrees, from_edges
from scenes import paces

import evacroute as er
from evacroute.hazards.ground import polygons_of_geometry, polygons_of_wkt, sample

CLASSES = paces((1.0, 0.5), (1.0, 0.0))
NETWORK = corridor(4)


def found(closures: er.Closures, network: er.Network = NETWORK) -> list[tuple[Any, ...]]:
    """Rows of a hazard as (link, class, from, to, factor), sorted."""
    frame = closures.link_times(network, CLASSES, 3600).frame(network, CLASSES)
    assert (frame["hazard"] == "").all()
    return sorted(frame.drop(columns="hazard").itertuples(index=False, name=None))


def box(west: float, south: float, east: float, north: float) -> list[list[float]]:
    """A ring of a rectangle given in metres."""
    corners = [(west, south), (east, south), (east, north), (west, north), (west, south)]
    return [[float(v) for v in degrees(*corner)] for corner in corners]


def wkt(ring: list[list[float]]) -> str:
    return "POLYGON ((" + ", ".join(f"{x:.8f} {y:.8f}" for x, y in ring) + "))"


def test_a_street_closes_both_ways() -> None:
    """A link's opposite closes with it, unless the row says that this direction alone does."""
    both = er.Closures([{"link_id": "L1", "from": "10 min", "to": 1200}])
    assert found(both) == [("L1", "*", 600, 1200, 0), ("L1-r", "*", 600, 1200, 0)]
    alone = er.Closures([{"link_id": "L1", "from": 5, "both_directions": 0}])
    assert found(alone) == [("L1", "*", 5, np.inf, 0)]


def test_empty_times_are_from_the_alarm_and_for_good() -> None:
    """Without from and to a street is closed from the alarm on, for good."""
    table = pd.DataFrame({"link_id": ["L0"], "from": [None], "to": [np.nan]})
    assert found(er.Closures(table))[0] == ("L0", "*", 0, np.inf, 0)


@pytest.mark.parametrize("names", [("from_s", "to_s"), ("Start", " end"), ("from", "until")])
def test_times_go_by_several_names(names: tuple[str, str], tmp_path: Path) -> None:
    """from_s and to_s, start and end are from and to, in a table, a file or a mapping."""
    row = {"link_id": "L1", names[0]: 600, names[1]: 1200, "speed_factor": 0.5}
    expected = [("L1", "*", 600, 1200, 0.5), ("L1-r", "*", 600, 1200, 0.5)]
    pd.DataFrame([row]).to_csv(tmp_path / "c.csv", index=False)
    for closures in (
        er.Closures([row]), er.Closures(pd.DataFrame([row])),
        er.read_closures(pd.DataFrame([row]), NETWORK),
        er.read_closures(tmp_path / "c.csv", NETWORK),
    ):  # fmt: skip
        assert found(closures) == expected


def test_names_that_are_not_known_are_faults(tmp_path: Path) -> None:
    """A misspelt key or column is an error that names it and what is allowed, not dropped."""
    row = {"link_id": "L1", "begins": 600}
    words = "'begins' cannot be read, expected link_id, .*, from, to, closed"
    with pytest.raises(er.HazardError, match=f"row 0: {words}"):
        er.Closures([row])
    with pytest.raises(er.HazardError, match=f"column {words}"):
        er.Closures(pd.DataFrame([row]))
    path = tmp_path / "c.csv"
    path.write_text("link_id,from_min,from\nL1,10,5\n")
    with pytest.raises(er.HazardError, match="column 'from_min' cannot be read"):
        er.read_closures(path, NETWORK)
    path.write_text("link_id,from_s,from\nL1,10,5\n")
    with pytest.raises(er.HazardError, match=r"'from_s' .beside another for 'from'"):
        er.read_closures(path, NETWORK)
    ring = {"type": "Polygon", "coordinates": [box(148, -3, 152, 3)]}
    feature = {"type": "Feature", "properties": {"speed": 0.5}, "geometry": ring}
    with pytest.raises(er.HazardError, match="feature 0: 'speed' cannot be read"):
        er.read_closures({"type": "FeatureCollection", "features": [feature]}, NETWORK)


def test_comments_are_listed_as_not_read(tmp_path: Path) -> None:
    """Columns that are plainly comment may be there, and the report says that they are not read."""
    path = tmp_path / "c.csv"
    path.write_text("link_id,Reason,name,from\nL1,scaffold,Calle,5\n")
    closures = er.read_closures(path, NETWORK)
    assert found(closures)[0] == ("L1", "*", 5, np.inf, 0)
    assert closures.report is not None
    assert closures.report.set_aside == {"columns of comment, not read: name, reason": 2}
    assert len(er.Closures([{"link_id": "L1", "note": "scaffold"}])) == 1


def test_a_class_alone_is_concerned() -> None:
    """A row with a class concerns that class alone; an unknown class is an error with the known."""
    slow = er.Closures([{"link_id": "L0", "speed_factor": 0.5, "class_id": "c1"}])
    assert found(slow)[0] == ("L0", "c1", 0, np.inf, 0.5)
    with pytest.raises(er.HazardError, match="class_id is 'x', expected one of c0, c1"):
        found(er.Closures([{"link_id": "L0", "class_id": "x"}]))


def test_overlapping_closures_are_merged_and_counted() -> None:
    """Where rows of one link overlap the least factor counts once, and the report counts them."""
    table = pd.DataFrame(
        {
            "link_id": ["L0", "L0", "L0", "L2"],
            "from": [0, 600, 900, 0],
            "to": [900, 1200, 1500, 60],
            "speed_factor": [0.5, 0.5, 0.2, 0.9],
        }
    )
    closures = er.read_closures(table, NETWORK)
    mine = [row for row in found(closures) if row[0] == "L0"]
    assert mine == [("L0", "*", 0, 900, 0.5), ("L0", "*", 900, 1500, 0.2)]
    assert closures.report is not None
    assert list(closures.report.repaired.values()) == [2]
    assert closures.report.counts["links closed or slowed"] == 4


def test_closures_that_follow_each_other_do_not_overlap() -> None:
    """One closure that begins when another ends is no overlap."""
    table = pd.DataFrame({"link_id": ["L0", "L0"], "from": [0, 60], "to": [60, 120]})
    closures = er.read_closures(table, NETWORK)
    assert closures.report is not None
    assert list(closures.report.repaired.values()) == [0]
    assert found(closures)[0] == ("L0", "*", 0, 120, 0)


def test_areas_close_what_they_touch() -> None:
    """A circle and a polygon close the links with a point inside, and no others."""
    lon, lat = degrees(150.0, 0.0)
    circle = er.Closures([{"lon": lon, "lat": lat, "radius_m": 20}])
    assert [row[0] for row in found(circle)] == ["L1", "L1-r"]
    inner = er.Closures([{"area": wkt(box(148, -3, 152, 3))}])
    assert [row[0] for row in found(inner)] == ["L1", "L1-r"]
    wide = er.Closures([{"area": wkt(box(90, -3, 210, 3))}])
    assert {row[0][:2] for row in found(wide)} == {"L0", "L1", "L2"}


def test_holes_and_parts_of_polygons() -> None:
    """A street in a hole is not inside; all parts of a multipolygon count, even where they meet."""
    outer, hole = box(-10, -50, 410, 50), box(95, -20, 205, 20)
    holed = polygons_of_geometry({"type": "Polygon", "coordinates": [outer, hole]})
    samples = sample(NETWORK, 2.0)
    inside = holed.covers(samples)
    middle = (samples.lon > degrees(96, 0)[0]) & (samples.lon < degrees(204, 0)[0])
    assert not inside[middle].any()
    assert inside[~middle & (samples.lon > degrees(206, 0)[0])].all()
    twice = {"type": "MultiPolygon", "coordinates": [[outer], [hole]]}
    assert polygons_of_geometry(twice).covers(samples).all()
    text = "MULTIPOLYGON (((0 0, 1 0, 1 1, 0 0)), ((2 2, 3 2, 3 3, 2 2), (2 2, 2.1 2, 2.1 2.1)))"
    assert [len(part) for part in polygons_of_wkt(text).parts] == [1, 2]


@pytest.mark.parametrize(
    "text",
    [
        "POLYGON ((0 0, 1 0, 1 1, 0 0)) and more",
        "POLYGON ((0 0, 1 0, 1 1, 0 0)), ((2 2, 3 2, 3 3))",
        "POLYGON ((0 0, 1 0, 1 1, 0 0)", "MULTIPOLYGON ((0 0, 1 0, 1 1, 0 0))",
        "POLYGONS ((0 0, 1 0, 1 1, 0 0))", "MULTIPOLYGON (((0 0, 1 0, 1 1)) ((2 2, 3 2, 3 3)))",
    ],
)  # fmt: skip
def test_rubbish_around_a_polygon_is_a_fault(text: str) -> None:
    """Text that is not a polygon to its last sign is refused, not read in part."""
    with pytest.raises(ValueError, match="expected POLYGON"):
        polygons_of_wkt(text)
    assert polygons_of_wkt(" polygon z ((0 0 5, 1 0 5, 1 1 5, 0 0 5)) ").parts[0][0].shape == (3, 2)


def test_read_a_table(tmp_path: Path) -> None:
    """A CSV with ids, circles and polygons is read; ids stay text; rows go by their line."""
    lon, lat = degrees(350.0, 0.0)
    path = tmp_path / "closures.csv"
    path.write_text(
        "link_id,lon,lat,radius_m,area,from,to,closed,speed_factor,class_id,both_directions\n"
        "L0,,,,,10 min,20min,1,,,\n"
        f",{lon},{lat},15,,0,,,0.4,c1,\n"
        f',,,,"{wkt(box(148, -3, 152, 3))}",60,120,,,,no\n'
    )
    closures = er.read_closures(path, NETWORK)
    assert found(closures) == [
        ("L0", "*", 600, 1200, 0), ("L0-r", "*", 600, 1200, 0),
        ("L1", "*", 60, 120, 0), ("L1-r", "*", 60, 120, 0),
        ("L3", "c1", 0, np.inf, 0.4), ("L3-r", "c1", 0, np.inf, 0.4),
    ]  # fmt: skip
    path.write_text("link_id,from,to\nL9,0,1\nL0,9,1\n")
    with pytest.raises(er.HazardError, match="row 2: link_id 'L9'"):
        er.read_closures(path, NETWORK)


def test_read_geojson(tmp_path: Path) -> None:
    """Polygons of a GeoJSON close what they touch, with times and factors as properties."""
    features = [
        {
            "type": "Feature",
            "properties": {"from": "5 min", "to": 900, "speed_factor": 0.3},
            "geometry": {"type": "Polygon", "coordinates": [box(148, -3, 152, 3)]},
        }
    ]
    path = tmp_path / "c.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    rows = found(er.read_closures(path, NETWORK))
    assert rows == [("L1", "*", 300, 900, 0.3), ("L1-r", "*", 300, 900, 0.3)]
    features[0]["geometry"] = {"type": "Point", "coordinates": [12, 45]}
    with pytest.raises(er.HazardError, match="feature 0: area cannot be read: geometry is 'Point'"):
        er.read_closures({"type": "FeatureCollection", "features": features}, NETWORK)
    metres = {"type": "FeatureCollection", "features": features,
              "crs": {"properties": {"name": "EPSG:32633"}}}  # fmt: skip
    with pytest.raises(er.HazardError, match="EPSG:32633, expected longitude and latitude"):
        er.read_closures(metres, NETWORK)


def test_all_faults_are_named_together() -> None:
    """Every wrong row stands in one error, with its value and what is allowed."""
    lon, lat = degrees(0.0, 5000.0)
    rows: list[dict[str, Any]] = [
        {"link_id": "no such"},
        {"link_id": "L0", "from": 60, "to": "1 min"},
        {"link_id": "L0", "speed_factor": 1.5},
        {"link_id": "L0", "from": "soon"},
        {"lon": lon, "lat": lat, "radius_m": 10},
        {"from": 5},
        {"link_id": "L0", "closed": "perhaps"},
        {"lon": 1, "lat": 2},
        {"link_id": "L0", "area": "POLYGON ((1 2, 3 4))"},
    ]
    with pytest.raises(er.HazardError) as error:
        er.read_closures(pd.DataFrame(rows), NETWORK)
    text = str(error.value)
    for words in (
        "row 0: link_id 'no such' is not in the network",
        "row 1: from 60 s to 60 s, expected from < to",
        "row 2: speed_factor is 1.5, expected a number from 0 to 1",
        "row 3: from is 'soon', expected a time",
        "row 4: the area touches no link",
        "row 5: there is neither of link_id and an area",
        "row 6: closed is 'perhaps', expected 0 or 1",
        "row 7: there is lon, but not all of lon, lat and radius_m",
        "row 8: area cannot be read: a ring has fewer than three positions",
    ):
        assert words in text
    assert "9 faults" in text, text


def test_swapped_coordinates_are_hinted_at() -> None:
    """An area in the wrong order of lon and lat says so; one that is merely elsewhere does not."""
    lon, lat = degrees(100.0, 0.0)
    ring = f"POLYGON (({lat} {lon}, {lat + 0.001} {lon}, {lat} {lon + 0.001}, {lat} {lon}))"
    for row in ({"lon": lat, "lat": lon, "radius_m": 50}, {"area": ring}):
        with pytest.raises(er.HazardError, match=r"touches no link .* look swapped"):
            er.read_closures(pd.DataFrame([row]), NETWORK)
    with pytest.raises(er.HazardError) as error:
        er.read_closures(pd.DataFrame([{"lon": 9, "lat": 45, "radius_m": 50}]), NETWORK)
    assert "swapped" not in str(error.value)


def test_odd_tables_are_refused(tmp_path: Path) -> None:
    """No row, no column that says where, or a row that is no mapping is an error."""
    with pytest.raises(er.HazardError, match="no row"):
        er.Closures([])
    with pytest.raises(er.HazardError, match="expected a mapping"):
        er.Closures(["L0"])  # type: ignore[list-item]
    path = tmp_path / "c.csv"
    path.write_text("street,from\nL0,3\n")
    with pytest.raises(er.HazardError, match="no column link_id, area, or radius_m"):
        er.read_closures(path, NETWORK)
    with pytest.raises(er.HazardError, match="closed is 1 and speed_factor"):
        er.Closures([{"link_id": "L0", "closed": 1, "speed_factor": 0.5}])


def test_both_directions_have_the_same_points() -> None:
    """The points along a street are the very same whichever way it is walked."""
    network = from_edges([(0, 0), (137.3, 51.7)], [(0, 1)], bends={0: [(33.1, 70.9), (91.7, 12.3)]})
    samples = sample(network)
    ahead, back = (slice(samples.ptr[i], samples.ptr[i + 1]) for i in (0, 1))
    assert set(zip(samples.lon[ahead], samples.lat[ahead], strict=True)) == set(
        zip(samples.lon[back], samples.lat[back], strict=True)
    )
    assert samples.ptr[-1] > 20
