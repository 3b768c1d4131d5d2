"""A corridor, its people and shelters as files, and how tests run the command line on them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from typer.testing import CliRunner, Result

from evacroute.cli import app

EAST = 1.2843e-3
"""About 100 m in degrees of longitude at latitude 45.43."""

LON = [12.33 + i * EAST for i in range(5)]
LAT = 45.43


def street(i: int, **properties: Any) -> dict[str, Any]:
    """Street i of a corridor, from its point i to i + 1."""
    line = [[LON[i], LAT], [LON[i + 1], LAT]]
    properties = {"id": f"s{i}", "width": 3.0, **properties}
    geometry = {"type": "LineString", "coordinates": line}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def write_geojson(path: Path, features: list[dict[str, Any]]) -> None:
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))


def corridor_files(folder: Path) -> dict[str, Path]:
    """A corridor of 400 m, six people in its west and two shelters in its east."""
    folder.mkdir()
    paths = {name: folder / f"{name}.csv" for name in ("people", "shelters")}
    paths["network"] = folder / "network.geojson"
    write_geojson(paths["network"], [street(i) for i in range(4)])
    paths["people"].write_text(
        "person_id,household_id,lon,lat,age,sex,mobility,ready_time_s\n"
        + "".join(
            f"P{i},H{i // 2},{LON[0] + i * 1e-5:.7f},{LAT},{30 + i},F,none,{60 * i}\n"
            for i in range(6)
        )
    )
    paths["shelters"].write_text(
        "shelter_id,name,lon,lat,capacity,step_free_capacity,intake_rate\n"
        f"A,East,{LON[4]:.7f},{LAT},4,1,5\n"
        f"B,Middle,{LON[3]:.7f},{LAT},4,1,5\n"
    )
    return paths


def options(files: dict[str, Path]) -> list[str]:
    return [word for name, path in files.items() for word in (f"--{name}", str(path))]


def run(*words: str | Path) -> Result:
    return CliRunner().invoke(app, [str(word) for word in words])


def leftovers(out: Path) -> list[str]:
    """What stands in the folder of `out` beside the input."""
    return [path.name for path in out.parent.iterdir() if path.name != "in"]
