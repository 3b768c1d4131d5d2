"""Files that readers of the how-to pages have: a small city as OSM and as GIS data, tables."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pandas as pd
from osm_files import as_overpass, place

import evacroute as er

COLUMNS, ROWS, SPACING = 14, 9, 50.0


def _city() -> tuple[dict[int, tuple[float, float]], dict[int, tuple[list[int], dict[str, str]]]]:
    """Alleys east and west of a canal, with three bridges over it, as nodes and ways of OSM."""
    nodes = {
        row * COLUMNS + column + 1: (column * SPACING, row * SPACING)
        for row in range(ROWS)
        for column in range(COLUMNS)
    }
    ways: dict[int, tuple[list[int], dict[str, str]]] = {}
    for row in range(ROWS):
        for column in range(COLUMNS):
            here = row * COLUMNS + column + 1
            tags = {"highway": "pedestrian", "name": f"Calle {row + 1}"}
            if column + 1 < COLUMNS:
                if column == COLUMNS // 2 and row % 3:
                    continue
                if column == COLUMNS // 2:
                    tags = {"highway": "footway", "bridge": "yes", "name": f"Ponte {row // 3 + 1}"}
                    if row == 0:
                        tags |= {"width": "3.5", "step_count": "24"}
                ways[2 * here] = ([here, here + 1], tags)
            if row + 1 < ROWS:
                ways[2 * here + 1] = ([here, here + COLUMNS], {"highway": "footway"})
    return nodes, ways


def city_of_osm(folder: Path) -> None:
    """The streets as an Overpass answer, three shelters, and a census by squares."""
    (folder / "chioggia.json").write_text(json.dumps(as_overpass(*_city())))
    _shelters(folder)
    rows = [
        (*place(x, y), 6)
        for x in np.arange(0.0, (COLUMNS - 1) * SPACING, 100)
        for y in np.arange(0.0, (ROWS - 1) * SPACING, 100)
    ]
    pd.DataFrame(rows, columns=["lon", "lat", "residents"]).to_csv(
        folder / "census.csv", index=False
    )


def _shelters(folder: Path) -> None:
    places = [place(0, 0), place((COLUMNS - 1) * SPACING, 0), place(0, (ROWS - 1) * SPACING)]
    pd.DataFrame(
        {
            "shelter_id": ["S1", "S2", "S3"],
            "name": ["School", "Stadium", "Church"],
            "lon": [lon for lon, _ in places],
            "lat": [lat for _, lat in places],
            "capacity": [150, 300, 100],
            "step_free_capacity": [10, 40, 0],
            "intake_rate": [1.5, 3.0, 1.0],
        }
    ).to_csv(folder / "shelters.csv", index=False)


def city_of_gis(folder: Path) -> None:
    """The same streets as a GeoPackage in UTM, a bridge survey, heights, people and shelters."""
    import geopandas
    from shapely.geometry import LineString

    nodes, ways = _city()
    rows = [
        {
            "STREET_ID": way,
            "STREETNAME": tags.get("name"),
            "WIDTH_CM": 250.0 if "name" in tags else None,
            "IS_BRIDGE": int("bridge" in tags),
            "geometry": LineString([place(*nodes[ref]) for ref in refs]),
        }
        for way, (refs, tags) in ways.items()
    ]
    frame = geopandas.GeoDataFrame(rows, crs=4326).to_crs(32633)
    frame.to_file(folder / "streets.gpkg", layer="streets", driver="GPKG")
    lon, lat = place((COLUMNS // 2 + 0.5) * SPACING, 0)
    (folder / "bridges.csv").write_text(
        f"name,lon,lat,width,steps,accessible\nPonte 1,{lon},{lat},3.2,22,\nPonte Nuovo,,,4,0,yes\n"
    )
    rng = np.random.default_rng(0)
    points = [place(x, y) for x, y in rng.uniform(0, 400, (60, 2))]
    pd.DataFrame(points, columns=["lon", "lat"]).assign(height=rng.uniform(0.9, 1.6, 60)).to_csv(
        folder / "heights.csv", index=False
    )
    people = [place(x, y) for x, y in rng.uniform(0, 400, (200, 2))]
    pd.DataFrame(people, columns=["lon", "lat"]).assign(
        age=rng.integers(3, 90, 200), mobility=rng.choice(["none", "cane", "wheelchair"], 200)
    ).to_csv(folder / "people.csv", index=False)
    _shelters(folder)


def instance(folder: Path) -> None:
    """An instance folder of the made-up lagoon, and its plan."""
    scenario = er.lagoon(people=500, seed=0)
    er.write_instance(scenario, folder / "instance")
    er.assign(scenario).save(folder / "plan")
