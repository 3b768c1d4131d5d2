"""Heights from surveyed points and from rasters of any projection."""

from __future__ import annotations

import builtins
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from conftest import missing
from networks import degrees, from_edges
from scenes import paces

from evacroute.errors import HazardError, MissingExtraError
from evacroute.hazards.flood import Flood
from evacroute.hazards.ground import sample
from evacroute.hazards.heights import Heights
from evacroute.load.heights import SPACING, read_heights
from evacroute.network import Network


def street(elevation: float = np.nan) -> Network:
    """Streets of 100 m to the east: x from 0 to 100, to 200 (a bridge), to 300."""
    xy = [(0, 0), (100, 0), (200, 0), (300, 0)]
    network = from_edges(xy, [(0, 1), (1, 2), (2, 3)], steps=[0, 20, 0])
    return replace(network, elevation=np.full(6, elevation))


def points(*rows: tuple[float, float, float]) -> pd.DataFrame:
    """Rows of x, y, height [m]."""
    x, y, height = np.array(rows, float).T
    lon, lat = degrees(x, y)
    return pd.DataFrame({"lon": lon, "lat": lat, "height": height})


def test_places_lie_along_the_street() -> None:
    """A street of 100 m is looked at in eleven places, 10 m apart, its ends among them."""
    places = sample(street(), SPACING)
    mine = np.sort(places.lon[: places.ptr[1]])
    assert mine == pytest.approx(degrees(np.arange(0, 101, 10.0), 0)[0])
    assert np.diff(places.ptr).tolist() == [11] * 6


def without_lines(network: Network, bare: np.ndarray) -> Network:
    """The network, the lines of some links taken away."""
    count = np.diff(network.geometry_ptr)
    kept = ~np.repeat(bare, count)
    return replace(
        network,
        geometry_ptr=np.append(0, np.cumsum(np.where(bare, 0, count))),
        geometry_lon=network.geometry_lon[kept],
        geometry_lat=network.geometry_lat[kept],
    )


@pytest.mark.parametrize("bare", [[True] * 6, [True, False, False, True, True, False]])
def test_links_without_lines_are_straight(bare: list[bool]) -> None:
    """A link without geometry is looked at along the straight line between its nodes."""
    survey = points((50, 0, 1.2), (150, 0, 1.4), (250, 0, 1.3))
    heights = read_heights(survey, without_lines(street(), np.array(bare)))
    assert heights.equals(read_heights(survey, street()))
    assert not heights.modelled.any()


def test_heights_by_link(tmp_path: Path) -> None:
    """Links by id take their heights, the other direction too; the rest is as with points."""
    path = tmp_path / "links.csv"
    path.write_text("link_id,height_m\nL0,1.5\nL1,3\nL2,1.2\nL2-r,1.1\n")
    heights = read_heights(path, street())
    assert heights.height_m.tolist() == [1.5, 1.5, 1.1, 1.1, 1.2, 1.1]
    assert not heights.modelled.any()
    assert heights.report is not None
    assert heights.report.counts["links read"] == 4
    some = pd.DataFrame({"link_id": ["L0", "L1"], "height": [1.5, np.nan]})
    heights = read_heights([some, points((300, 0, 0.9))], street())
    assert heights.height_m.tolist() == [1.5, 1.5, 0.9, 0.9, 0.9, 0.9]
    assert heights.report is not None
    assert heights.report.set_aside["links without a height"] == 1
    alone = read_heights(pd.DataFrame({"link_id": ["L0", "L1"], "height": [150, 180]}), street(),
                         unit="cm")  # fmt: skip
    assert alone.height_m[:4].tolist() == [1.5] * 4  # a bridge lies as its lower end


def test_links_that_the_network_does_not_know_are_named(tmp_path: Path) -> None:
    """Unknown, empty and repeated ids are one error, with their rows."""
    path = tmp_path / "links.csv"
    path.write_text("link_id,height_m\nL9,1.5\nL0,1\nL0,1\n,1\nL1,high\n")
    with pytest.raises(HazardError) as error:
        read_heights(path, street())
    for words in (
        "row 2: link_id 'L9' is not in the network", "row 4: link_id 'L0' appears more than once",
        "row 5: link_id is empty", "row 6: height is 'high'",
    ):  # fmt: skip
        assert words in str(error.value)


def test_an_elevation_column_in_centimetres_is_refused() -> None:
    """Before a flood the column is checked as files are: centimetres are refused or read."""
    network = street(140.0)
    with pytest.raises(HazardError, match=r'above 140 m, which looks like centimetres.*unit="cm"'):
        Heights.of_network(network)
    with pytest.raises(HazardError, match="elevation column of the network"):
        Flood(1.5).link_times(network, paces((1.0, 0.5)), 3600)
    assert Heights.of_network(network, unit="cm").height_m == pytest.approx([1.4] * 6)
    assert Heights.of_network(network, unit="m").height_m.tolist() == [140] * 6
    survey = points((0, 0, 1.5))
    with pytest.raises(HazardError, match="elevation column of the network"):
        read_heights(survey, network)
    assert read_heights(survey, network, unit="m").height_m[-1] == 140


def test_points_give_the_lowest_place() -> None:
    """A link is as high as its lowest place that points are near to, a bridge as its lower end."""
    survey = points((0, 0, 1.5), (60, 0, 1.1), (100, 0, 1.6), (200, 0, 1.3), (300, 0, 1.4))
    heights = read_heights(survey, street())
    assert heights.height_m[:2] == pytest.approx([1.1, 1.1], abs=0.01)
    assert heights.height_m[2:4].tolist() == heights.height_m[:2].tolist()
    assert heights.height_m[4] == pytest.approx(1.3, abs=0.01)
    assert not heights.modelled.any()


def test_far_points_do_not_count() -> None:
    """What no point is near to is taken from the column, else modelled and flagged."""
    survey = points((-20, 0, 1.5), (0, 0, 1.5))
    heights = read_heights(survey, street())
    assert heights.modelled.tolist() == [False] * 4 + [True] * 2
    heights = read_heights(survey, street(1.2))
    assert heights.height_m.tolist() == [1.5] * 4 + [1.2] * 2
    assert not heights.modelled.any()
    assert heights.report is not None
    assert heights.report.counts["links with a height from the elevation column"] == 2


def test_the_first_source_that_knows_counts(tmp_path: Path) -> None:
    """Of several sources the first that knows a link gives its height."""
    points((0, 0, 1.5), (50, 0, 1.5)).to_csv(tmp_path / "first.csv", index=False)
    second = points((50, 0, 0.7), (250, 0, 0.9))
    heights = read_heights([tmp_path / "first.csv", second], street())
    assert heights.height_m.tolist() == [1.5] * 2 + [0.9] * 4


def test_units_and_offset() -> None:
    """Centimetres are refused with the option that reads them; an offset moves the zero."""
    survey = points((0, 0, 150.0), (300, 0, 120.0))
    with pytest.raises(HazardError, match='looks like centimetres: say unit="cm"'):
        read_heights(survey, street())
    heights = read_heights(survey, street(), unit="cm", offset=0.25)
    assert heights.height_m[0] == pytest.approx(1.75)
    assert read_heights(survey, street(), unit="m").height_m[0] == 150


@pytest.mark.parametrize(
    "source,options,message",
    [
        (points((9000, 0, 1.0)), {}, "says nothing about any street"),
        (points((0, 0, np.nan)), {}, "row 0: height is empty"),
        (pd.DataFrame({"lon": [2e6], "lat": [5e6], "height": [1]}), {}, "look like metres"),
        (pd.DataFrame({"lon": [12.3], "lat": [45.4]}), {}, "column height is missing"),
        (pd.DataFrame({"lon": [12.3], "height": [1]}), {}, "neither lon and lat nor link_id"),
        ([], {}, "there is no source"),
        ("no_such.csv", {}, "there is no such file"),
        (points((0, 0, 1.0)), {"unit": "ft"}, "unit is 'ft'"),
        (points((0, 0, 1.0)), {"offset": np.nan}, "offset is nan"),
        (points((0, 0, 1.0)), {"max_distance": 0}, "max_distance is 0"),
    ],
)
def test_bad_sources_are_refused(source: Any, options: dict[str, Any], message: str) -> None:
    """A table that says nothing here, or is not what it must be, is a clear error."""
    with pytest.raises(HazardError, match=message):
        read_heights(source, street(), **options)


def test_swapped_points_are_refused() -> None:
    """Points with lon and lat exchanged are told to be so, not to be of another town."""
    table = points((50, 0, 1.2)).rename(columns={"lon": "lat", "lat": "lon"})
    with pytest.raises(HazardError, match="longitude and latitude look swapped"):
        read_heights(table, street())


def test_without_rasterio(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra a raster is refused with the pip command."""
    load = builtins.__import__

    def no_rasterio(name: str, *rest: Any, **more: Any) -> Any:
        if name.startswith("rasterio"):
            raise ImportError(name)
        return load(name, *rest, **more)

    monkeypatch.setattr(builtins, "__import__", no_rasterio)
    with pytest.raises(MissingExtraError, match=r"evacroute\[raster\]"):
        read_heights("heights.tif", street())


@pytest.fixture
def rasterio() -> Any:
    """Give rasterio; without it the test is skipped, in CI failed."""
    try:
        import rasterio
    except ImportError:
        missing("rasterio is not installed: pip install 'evacroute[raster]'")
    return rasterio


def write_raster(
    rasterio: Any, path: Path, crs: str | None, *, size: float = 10.0, low: float | None = 0.8
) -> Path:
    """A raster around the street: 1.2 m high, `low` where x is 40 to 60, no value beyond 250 m."""
    from rasterio.warp import transform

    corner = degrees(-100, 100)
    x, y = (v[0] for v in transform("EPSG:4326", crs or "EPSG:32633", *([v] for v in corner)))
    if crs == "EPSG:4326":
        size /= 111_000
    values = np.full((30, 60), 1.2, np.float32)
    values[:, 14:16] = 1.2 if low is None else low
    values[:, 35:] = -9999
    grid = {"transform": rasterio.Affine(size, 0, x, 0, -size, y), "crs": crs, "nodata": -9999}
    with rasterio.open(
        path, "w", driver="GTiff", height=30, width=60, count=1, dtype="float32", **grid
    ) as file:
        file.write(values, 1)
    return path


@pytest.mark.parametrize("crs", ["EPSG:32633", "EPSG:3003", "EPSG:3035"])
def test_a_raster_in_another_projection(rasterio: Any, tmp_path: Path, crs: str) -> None:
    """Streets are turned into the raster's projection; cells without a value count as unknown."""
    path = write_raster(rasterio, tmp_path / "dem.tif", crs)
    heights = read_heights(path, street())
    assert heights.height_m == pytest.approx([0.8, 0.8, 0.8, 0.8, 1.2, 1.2])
    assert not heights.modelled.any()
    assert heights.report is not None
    assert heights.report.set_aside["places without a value in dem.tif"] > 0
    assert any(crs in note for note in heights.report.notes)


def test_a_raster_in_degrees(rasterio: Any, tmp_path: Path) -> None:
    """A raster whose projection is longitude and latitude is read as it is."""
    path = write_raster(rasterio, tmp_path / "dem.tif", "EPSG:4326", low=None)
    assert read_heights(path, street()).height_m[:2] == pytest.approx([1.2, 1.2])


@pytest.mark.filterwarnings("ignore")  # rasterio warns of the missing projection itself
def test_a_raster_without_projection_is_refused(rasterio: Any, tmp_path: Path) -> None:
    """Nobody knows where a raster without a projection lies: a clear error."""
    path = write_raster(rasterio, tmp_path / "dem.tif", None)
    with pytest.raises(HazardError, match="names no projection"):
        read_heights(path, street())


def test_a_raster_elsewhere_is_refused(rasterio: Any, tmp_path: Path) -> None:
    """A raster that no street lies on is an error that says what it covers."""
    path = write_raster(rasterio, tmp_path / "dem.tif", "EPSG:32633")
    away = from_edges([(50_000, 0), (50_100, 0)], [(0, 1)])
    with pytest.raises(HazardError, match="where no street of this network is"):
        read_heights(path, away)


def test_a_broken_raster_is_refused(rasterio: Any, tmp_path: Path) -> None:
    """A file that is no raster, or is not there, is a clear error."""
    (tmp_path / "dem.tif").write_bytes(b"nothing")
    with pytest.raises(HazardError, match="cannot be read as a raster"):
        read_heights(tmp_path / "dem.tif", street())
    with pytest.raises(HazardError, match="there is no such file"):
        read_heights(tmp_path / "none.tif", street())
