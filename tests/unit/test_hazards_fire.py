"""Fire: heat closes, smoke slows by visibility, both by the law; files are read and checked."""

from __future__ import annotations

import dataclasses
import json
import math
import pickle
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from networks import corridor, degrees, from_edges
from scenes import paces

import evacroute as er
from evacroute.hazards import Arrival, Seat, Zone
from evacroute.hazards.fire import speed_in_smoke
from evacroute.hazards.ground import polygons_of_geometry

CLASSES = paces((1.0, 0.5))
NETWORK = corridor(4)
LAW = er.FireLaw(rate=10, heat_margin=20, smoke_reach=100, extinction=1.5)
UNTIL = 3600.0


def place(x: float, y: float = 0.0) -> tuple[float, float]:
    lon, lat = degrees(x, y)
    return float(lon), float(lat)


def factor(fire: er.Fire, link: str, time: float, network: er.Network = NETWORK) -> float:
    """Speed factor of a link at a time."""
    profile = fire.link_times(network, CLASSES, UNTIL).profile(1, UNTIL)
    at = profile.at(time, network.n_links)
    return float(at[0, network.link_positions([link])[0]])


def test_heat_closes_as_the_law_says() -> None:
    """A seat 100 m before a street closes it when rate x time and the margin reach it."""
    fire = er.Fire([place(-100.0)], law=LAW, every="1 min")
    # L1 begins 200 m from the seat: 20 + 10 t = 200 m at t = 18 min.
    assert factor(fire, "L1", 17 * 60 - 1) > 0
    assert factor(fire, "L1", 17 * 60) == 0
    assert factor(fire, "L1", 3000) == 0
    assert factor(fire, "L1-r", 17 * 60) == 0


def test_smoke_slows_by_visibility() -> None:
    """At half the smoke's reach K is half: V = 3 / 0.75 = 4 m, V / (V + 2) = 0.67, down to 0.6."""
    still = dataclasses.replace(LAW, rate=0.0)
    fire = er.Fire([place(-70.0)], law=still)
    # L0 begins 70 m away: 20 m of heat, then 50 of 100 m of smoke.
    assert factor(fire, "L0", 0) == 0.6
    assert factor(fire, "L1", 0) == 1.0
    assert speed_in_smoke(np.array([1.5]))[0] == 0.5


def test_smoke_alone_never_closes() -> None:
    """However thick the smoke, its factor is at least 0.1, and without smoke it is 1."""
    speeds = speed_in_smoke(np.array([0.0, 0.1, 10.0, 1e9]))
    assert speeds.tolist() == [1.0, 0.9, 0.1, 0.1]
    assert (np.diff(speeds) <= 0).all()
    assert speeds.min() == 0.1


def test_a_fire_goes_out_only_if_the_law_says_so() -> None:
    """Without `burns` streets stay closed for good; with it they open when the fire is out."""
    times = er.Fire([place(50.0)], law=LAW).link_times(NETWORK, CLASSES, UNTIL)
    closed = times.speed_factor == 0
    assert np.isinf(times.to_s[closed]).all()
    out = er.Fire([place(50.0)], law=dataclasses.replace(LAW, burns=600.0))
    assert factor(out, "L0", 599) == 0
    assert factor(out, "L0", 601) == 1


def test_max_radius_stops_the_growth() -> None:
    """A fire that may burn no farther than 5 m never closes a street 50 m away."""
    small = dataclasses.replace(LAW, max_radius=5.0, smoke_reach=0.0)
    assert factor(er.Fire([place(-50.0)], law=small), "L0", 3500) == 1
    assert factor(er.Fire([place(-50.0)], law=LAW), "L0", 3500) == 0


def test_a_seat_waits_for_its_start() -> None:
    """Before the span in which a seat begins nothing is closed."""
    fire = er.Fire([(*place(50.0), 600.0)], law=LAW, every=60)
    assert factor(fire, "L0", 599) == 1
    assert factor(fire, "L0", 600) == 0


def test_wind_stretches_downwind_only() -> None:
    """With a wind from the west streets to the east close earlier, those to the west as before."""
    middle = place(200.0)
    still = dataclasses.replace(LAW, smoke_reach=0.0)
    calm = er.Fire([middle], law=still)
    windy = er.Fire([middle], law=still, wind=(10, 270))
    assert [factor(fire, "L3", 7 * 60) for fire in (calm, windy)] == [0, 0]
    profiles = [f.link_times(NETWORK, CLASSES, UNTIL) for f in (calm, windy)]
    begin = [dict(zip(p.link.tolist(), p.from_s.tolist(), strict=True)) for p in profiles]
    west, east = NETWORK.link_positions(["L0", "L3"])
    far_west = from_edges([(-150, 0), (-50, 0), (450, 0), (550, 0)], [(0, 1), (2, 3)])
    times = [f.link_times(far_west, CLASSES, UNTIL) for f in (calm, windy)]
    first = [dict(zip(t.link.tolist(), t.from_s.tolist(), strict=True)) for t in times]
    assert begin[0][int(west)] == begin[1][int(west)]
    assert begin[1][int(east)] <= begin[0][int(east)]
    assert first[0][0] == first[1][0]  # 250 m to the west
    assert first[1][2] < first[0][2]  # 250 m to the east


def test_links_change_only_a_few_times() -> None:
    """Factors are tenths and equal neighbours are one row: a link has at most ten rows a seat."""
    times = er.Fire([place(-100.0)], law=LAW, every=10).link_times(NETWORK, CLASSES, UNTIL)
    assert np.allclose(times.speed_factor * 10, np.rint(times.speed_factor * 10))
    assert np.bincount(times.link).max() <= 10
    for link in np.unique(times.link):
        mine = times.link == link
        assert (np.diff(times.speed_factor[mine]) < 0).all()


def test_given_zones() -> None:
    """Zones given from outside close or slow from and to their times, smoke by its extinction."""
    ring = [list(place(*xy)) for xy in ((110, -9), (190, -9), (190, 9), (110, 9))]
    area = polygons_of_geometry({"type": "Polygon", "coordinates": [ring]})
    fire = er.Fire(zones=[Zone(area, 600, 1200), Zone(area, 0, math.inf, "smoke", 1.5)], every=60)
    seen = [factor(fire, "L1", t) for t in (0, 599, 600, 1199, 1200, 3500)]
    assert seen == [0.5, 0.5, 0, 0, 0.5, 0.5]
    assert factor(fire, "L0", 700) == 1


def test_arrival_on_a_grid() -> None:
    """A link closes in the span in which the fire reaches the first of its points."""
    west, north = place(-5, 50)
    east, south = place(405, -50)
    time = np.array([[np.inf, 900.0, np.inf, 1800.0]])
    grid = Arrival(west, north, (east - west) / 4, north - south, time)
    fire = er.Fire(arrival=grid, every=60)
    assert factor(fire, "L1", 899) == 1
    assert factor(fire, "L1", 900) == 0
    assert factor(fire, "L3", 1700) == 1
    assert factor(fire, "L3", 1800) == 0


def test_read_seats(tmp_path: Path) -> None:
    """Seats of a table have their own start, rate and greatest radius, or those of the law."""
    lon, lat = place(50)
    path = tmp_path / "fire.csv"
    path.write_text(
        f"lon,lat,start,rate_m_per_min,max_radius_m\n{lon},{lat},10 min,4,100\n{lon},{lat},,,\n"
    )
    fire = er.read_fire(path, NETWORK, law=LAW)
    first, second = fire.seats
    assert isinstance(first, Seat)
    assert isinstance(second, Seat)
    assert (first.start, first.law.rate, first.law.max_radius) == (600, 4, 100)  # type: ignore[union-attr]
    assert (second.start, second.law) == (0, LAW)
    assert fire.report is not None
    assert fire.report.counts["seats"] == 2


def feature(x: float, **properties: Any) -> dict[str, Any]:
    ring = [list(place(x + dx, dy)) for dx, dy in ((10, -9), (90, -9), (90, 9), (10, 9))]
    geometry = {"type": "Polygon", "coordinates": [ring]}
    return {"type": "Feature", "properties": properties, "geometry": geometry}


def test_read_states(tmp_path: Path) -> None:
    """A polygon with a time stamp counts from the state before it until the next, the last on."""
    features = [feature(0, time_s=600), feature(100, time_s=1200), feature(200, time_s=1800)]
    path = tmp_path / "fire.geojson"
    path.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    zones = er.read_fire(path, NETWORK).zones
    assert [(zone.from_s, zone.to_s) for zone in zones] == [
        (600, 1200), (600, 1800), (1200, math.inf)
    ]  # fmt: skip


def test_states_of_heat_outlast_those_of_smoke() -> None:
    """Heat and smoke have states of their own: the last of each kind stays for good."""
    heat = [feature(0, time_s=0), feature(0, time_s=600)]
    smoke = [feature(100, time_s=t, kind="smoke", extinction=3) for t in (0, 900, 2400)]
    fire = er.read_fire({"type": "FeatureCollection", "features": heat + smoke}, NETWORK)
    assert [(z.from_s, z.to_s) for z in fire.zones[:2]] == [(0, 600), (0, math.inf)]
    assert [z.to_s for z in fire.zones[2:]] == [900, 2400, math.inf]
    assert factor(fire, "L0", 3500) == 0


def test_a_state_has_no_end_of_its_own() -> None:
    """An end beside time_s is a fault, since a state counts until the next one."""
    content = {"type": "FeatureCollection", "features": [feature(0, time_s=0, to=600)]}
    with pytest.raises(er.HazardError, match="feature 0: there is to beside time_s"):
        er.read_fire(content, NETWORK)


def test_other_names_of_times_and_comments() -> None:
    """Zones take from_s and to_s, seats start_s; comments are listed, other names are faults."""
    zone = feature(0, **{"from_s": 60, "to_s": "10 min", "note": "school", "stroke-width": 2})
    content = {"type": "FeatureCollection", "features": [zone]}
    fire = er.read_fire(content, NETWORK)
    assert [(z.from_s, z.to_s) for z in fire.zones] == [(60, 600)]
    assert fire.report is not None
    assert fire.report.set_aside == {"columns of comment, not read: note, stroke-width": 2}
    zone["properties"]["density"] = 3
    with pytest.raises(er.HazardError, match=r"feature 0: 'density' cannot be read.*extinction"):
        er.read_fire(content, NETWORK)
    lon, lat = place(50)
    seat = pd.DataFrame({"lon": [lon], "lat": [lat], "from_s": [90], "name": ["mill"]})
    fire = er.read_fire(seat, NETWORK)
    assert fire.seats[0].start == 90  # type: ignore[union-attr]
    with pytest.raises(er.HazardError, match=r"'start_min', 'radius' cannot be read.*max_radius_m"):
        er.read_fire(seat.rename(columns={"from_s": "start_min", "name": "radius"}), NETWORK)


def test_a_fire_that_touches_no_street_is_a_fault(tmp_path: Path) -> None:
    """Seats, zones and arrivals that reach no link are faults, as closures are."""
    north = pd.DataFrame([place(50, 5000)], columns=["lon", "lat"])
    with pytest.raises(er.HazardError, match="row 0: within a day this fire reaches no link"):
        er.read_fire(north, NETWORK)
    house = {
        "type": "Polygon",
        "coordinates": [[list(place(*xy)) for xy in ((0, 40), (9, 40), (9, 49))]],
    }
    small = feature(0, time_s=0) | {"geometry": house}
    content = {"type": "FeatureCollection", "features": [small, feature(0, time_s=60)]}
    assert len(er.read_fire(content, NETWORK).zones) == 2  # it began inside a house
    content["features"] = [small]
    with pytest.raises(er.HazardError, match="feature 0: the area touches no link"):
        er.read_fire(content, NETWORK)
    with pytest.raises(er.HazardError, match="no zone touches a link"):
        er.read_fire(content).link_times(NETWORK, CLASSES, UNTIL)
    away = raster(tmp_path / "a.tif", "EPSG:32633", np.full((5, 5), 5, np.float32), (0, 500))
    with pytest.raises(er.HazardError, match="no cell in which there is a street"):
        er.read_fire(away, NETWORK)
    with pytest.raises(er.HazardError, match="there is no link of the network"):
        er.read_fire(away).link_times(NETWORK, CLASSES, UNTIL)


def test_read_zones_of_heat_and_smoke() -> None:
    """Kinds, times and extinction of polygons are read as properties."""
    content = {
        "type": "FeatureCollection",
        "features": [
            feature(0, **{"from": "5 min", "to": 900}),
            feature(100, **{"from": 0, "kind": "smoke", "extinction": 3}),
        ],
    }
    fire = er.read_fire(content, NETWORK)
    assert factor(fire, "L0", 600) == 0
    assert factor(fire, "L1", 600) == 0.3


def test_faults_are_named_together(tmp_path: Path) -> None:
    """Wrong values in a file of zones or seats stand in one error."""
    content = {
        "type": "FeatureCollection",
        "features": [
            feature(0),
            feature(0, time_s=5, kind="steam"),
            feature(0, **{"from": 9, "to": 3}),
            {"type": "Feature", "properties": {"time_s": 1}, "geometry": None},
        ],
    }
    with pytest.raises(er.HazardError) as error:
        er.read_fire(content)
    for words in (
        "feature 0: expected time_s, or from", "feature 1: kind is 'steam'",
        "feature 2: from 9 s to 3 s", "feature 3: geometry is None",
    ):  # fmt: skip
        assert words in str(error.value)
    path = tmp_path / "fire.csv"
    path.write_text("lon,lat,start,rate_m_per_min\n12.3,45.4,now,1\n12.3,95,0,-1\n")
    with pytest.raises(er.HazardError) as error:
        er.read_fire(path)
    for words in ("start is 'now'", "rate_m_per_min is", "lat is 95"):
        assert words in str(error.value)


def test_a_fire_elsewhere_is_a_fault() -> None:
    """A fire farther than 20 km from the network is an error that says how far it is."""
    with pytest.raises(er.HazardError, match=r"fire 0 at \(9, 45\) is .* km from the network"):
        er.read_fire(pd.DataFrame({"lon": [9.0], "lat": [45.0]}), NETWORK)
    lon, lat = NETWORK.origin
    with pytest.raises(er.HazardError, match="look swapped"):
        er.read_fire(pd.DataFrame({"lon": [lat], "lat": [lon]}), NETWORK)


@pytest.mark.parametrize(
    "options,words",
    [
        ({}, "neither seat nor zone"),
        ({"seats": [(1.0,)]}, "seat 0 is"),
        ({"seats": [("here", "there")]}, "seat 0 is"),
        ({"seats": [(500.0, 45.0)]}, "expected degrees"),
        ({"seats": [(12.0, 45.0)], "wind": (-1, 0)}, "wind is"),
    ],
)
def test_odd_fires_are_refused(options: dict[str, Any], words: str) -> None:
    """No fire, a seat without a place, or an odd wind is an error."""
    with pytest.raises(er.HazardError, match=words):
        er.Fire(**options)


def test_odd_laws_are_refused() -> None:
    """A law with negative or infinite growth is an error that names all such figures."""
    with pytest.raises(er.HazardError) as error:
        er.FireLaw(rate=-1, extinction=math.inf, max_radius=math.inf)
    assert "rate is -1" in str(error.value)
    assert "extinction is inf" in str(error.value)
    assert "max_radius" not in str(error.value)


def raster(path: Path, crs: str, minutes: Any, corner: tuple[float, float], **options: Any) -> Path:
    """Write a raster of cells of 10 m whose first corner lies at a place [m]."""
    rasterio = pytest.importorskip("rasterio", reason="rasterio is not installed")
    from rasterio.warp import transform

    x, y = (v[0] for v in transform("EPSG:4326", crs, *([v] for v in place(*corner))))
    with rasterio.open(
        path, "w", driver="GTiff", height=len(minutes), width=len(minutes[0]), count=1,
        dtype=minutes.dtype, crs=crs, transform=rasterio.Affine(10, 0, x, 0, -10, y), **options,
    ) as file:  # fmt: skip
        file.write(minutes, 1)
        if minutes.dtype == np.int16:
            file.scales, file.offsets = (0.5,), (5.0,)
    return path


def test_read_a_raster(tmp_path: Path) -> None:
    """A raster of times of arrival in another projection closes the streets of its cells."""
    minutes = np.full((20, 50), -9999.0, np.float32)
    minutes[:, 20:30] = 15  # 100 to 200 m east of the first node
    path = raster(tmp_path / "a.tif", "EPSG:32633", minutes, (-100, 100), nodata=-9999.0)
    fire = er.read_fire(path, NETWORK, unit="min", every=60)
    assert factor(fire, "L1", 14 * 60 - 1) == 1
    assert factor(fire, "L1", 15 * 60) == 0
    assert factor(fire, "L3", 3000) == 1


@pytest.mark.parametrize("crs", ["EPSG:32632", "EPSG:32633", "EPSG:3003", "EPSG:3035"])
def test_a_raster_without_nodata_invents_no_fire(tmp_path: Path, crs: str) -> None:
    """What lies beside a raster never burns, however its projection is turned to the degrees."""
    minutes = np.full((12, 12), 50.0, np.float32)
    path = raster(tmp_path / "a.tif", crs, minutes, (50, 60))
    fire = er.read_fire(path, NETWORK, unit="min", every=60)
    times = fire.link_times(NETWORK, CLASSES, UNTIL)
    assert len(times)
    assert set(times.from_s) == {50 * 60}
    assert pickle.loads(pickle.dumps(fire)).link_times(NETWORK, CLASSES, UNTIL).equals(times)


def test_scale_and_offset_of_a_raster_count(tmp_path: Path) -> None:
    """Times that are stored as 0.5 x value + 5 are what the raster means, not what it stores."""
    minutes = np.full((20, 60), 20, np.int16)
    path = raster(tmp_path / "a.tif", "EPSG:32633", minutes, (-100, 100))
    fire = er.read_fire(path, NETWORK, unit="min", every=60)
    assert set(fire.link_times(NETWORK, CLASSES, UNTIL).from_s) == {15 * 60}


def test_a_raster_without_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without rasterio a raster raises MissingExtraError; a missing file is told first."""
    monkeypatch.setitem(__import__("sys").modules, "rasterio", None)
    with pytest.raises(er.HazardError, match="no such file"):
        er.read_fire(tmp_path / "none.tif")
    path = tmp_path / "some.tif"
    path.write_bytes(b"x")
    with pytest.raises(er.MissingExtraError, match=r"evacroute\[raster\]"):
        er.read_fire(path)
