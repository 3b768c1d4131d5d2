"""What tags say about a street."""

from __future__ import annotations

import math
from collections import Counter
from typing import Any

import pytest

from evacroute.load.osm_tags import (
    barred,
    carries_wheels,
    foot_direction,
    is_area,
    metres,
    rise_over_run,
    street_of_tags,
)
from evacroute.network import KINDS


def street(**tags: Any) -> dict[str, Any]:
    found = street_of_tags({key.replace("__", ":"): value for key, value in tags.items()})
    assert found is not None
    assert found["kind"] in KINDS
    return found


@pytest.mark.parametrize(
    "tags",
    [
        *({"highway": value} for value in (
            "footway", "pedestrian", "steps", "path", "living_street", "residential", "track",
            "unclassified", "service", "tertiary", "secondary", "primary", "primary_link", "road",
        )),
        {"highway": "cycleway", "foot": "yes"},
        {"highway": "bridleway", "foot": "designated"},
        {"highway": "trunk", "foot": "yes"},
        {"highway": "trunk", "sidewalk": "right"},
        {"highway": "footway", "access": "private", "foot": "permissive"},
        {"highway": "footway", "access": "no", "foot": "yes"},
        {"highway": "service", "access": "destination"},
        {"highway": "residential", "motor_vehicle": "private", "vehicle": "no"},
        {"highway": "primary", "motorroad": "yes", "foot": "yes"},
        {"route": "ferry"},
        {"place": "square"},
        {"highway": ["footway", "steps"]},
        {"highway": "footway", "indoor": "no", "abandoned": "no"},
    ],
)  # fmt: skip
def test_open_to_people(tags: dict[str, Any]) -> None:
    """These ways may be walked."""
    assert barred(tags) == ""
    assert street_of_tags(tags) is not None


@pytest.mark.parametrize(
    "tags, reason",
    [
        ({"highway": "motorway"}, "highway=motorway"),
        ({"highway": "trunk"}, "highway=trunk"),
        ({"highway": "cycleway"}, "highway=cycleway"),
        ({"highway": "construction"}, "highway=construction"),
        ({"highway": "proposed"}, "highway=proposed"),
        ({"highway": "raceway"}, "highway=raceway"),
        ({"highway": "footway", "foot": "no"}, "foot=no"),
        ({"highway": "primary", "foot": "use_sidepath"}, "foot=use_sidepath"),
        ({"highway": "footway", "access": "private"}, "access=private"),
        ({"highway": "footway", "access": "no"}, "access=no"),
        ({"highway": "service", "access": "military"}, "access=military"),
        ({"highway": "primary", "motorroad": "yes"}, "motorroad=yes"),
        ({"highway": "corridor"}, "inside a building"),
        ({"highway": "footway", "indoor": "yes"}, "inside a building"),
        ({"highway": "elevator"}, "inside a building"),
        ({"highway": "footway", "abandoned": "yes"}, "out of use"),
        ({"highway": ["footway", "motorway"]}, "highway=motorway"),
        ({"highway": "footway", "access": ["yes", "private"]}, "access=private"),
        ({"route": "ferry", "access": "private"}, "access=private"),
        ({"waterway": "canal"}, "not a way to walk"),
        ({"route": "bicycle"}, "not a way to walk"),
    ],
)
def test_closed_to_people(tags: dict[str, Any], reason: str) -> None:
    """These ways are left out, each with its reason."""
    assert reason in barred(tags)
    assert street_of_tags(tags) is None


@pytest.mark.parametrize(
    "tags, kind",
    [
        ({"highway": "footway"}, "calle"),
        ({"highway": "footway", "bridge": "yes"}, "bridge"),
        ({"highway": "steps", "bridge": "yes"}, "bridge"),
        ({"highway": "footway", "bridge": "no"}, "calle"),
        ({"highway": "steps"}, "steps"),
        ({"highway": "footway", "tunnel": "building_passage"}, "underpass"),
        ({"highway": "footway", "covered": "yes"}, "underpass"),
        ({"highway": "footway", "name": "Sotoportego dei Dai"}, "underpass"),
        ({"highway": "footway", "name": "Fondamenta Nove"}, "quay"),
        ({"highway": "footway", "name": "Riva degli Schiavoni"}, "quay"),
        ({"highway": "pedestrian", "name": "Campo San Polo"}, "square"),
        ({"highway": "pedestrian", "area": "yes"}, "square"),
        ({"place": "square"}, "square"),
        ({"route": "ferry", "name": "Riva di Biasio"}, "ferry"),
        ({"highway": "footway", "name": "Calle del Ponte"}, "calle"),
        ({"highway": "footway", "name": "Ponte Storto"}, "bridge"),
        ({"highway": "footway", "name": "Ponte Storto", "bridge": "no"}, "calle"),
        ({"highway": "residential", "name": "Ponte Nuovo"}, "calle"),
    ],
)
def test_kind(tags: dict[str, Any], kind: str) -> None:
    """Tags first, then the name's first word, tell what a street is."""
    assert street(**tags)["kind"] == kind


@pytest.mark.parametrize(
    "tags, steps",
    [
        ({"highway": "footway"}, 0),
        ({"highway": "steps"}, 1),
        ({"highway": "steps", "step_count": "23"}, 23),
        ({"highway": ["steps", "footway"], "step_count": ["12", "11"]}, 23),
        ({"highway": "footway", "bridge": "yes"}, -1),
        ({"highway": "footway", "bridge": "yes", "step_count": "30"}, 30),
        ({"highway": "footway", "bridge": "yes", "wheelchair": "yes"}, 0),
        ({"highway": "footway", "bridge": "yes", "wheelchair": "no"}, -1),
        ({"highway": "steps", "wheelchair": "yes"}, 0),
        ({"highway": "steps", "ramp__wheelchair": "yes", "wheelchair": "no"}, 0),
        ({"highway": "steps", "ramp": "yes"}, 1),
        ({"highway": "steps", "wheelchair": "limited"}, 1),
        ({"highway": "primary", "bridge": "yes"}, 0),
        ({"highway": "residential", "bridge": "yes"}, 0),
        ({"highway": "residential", "bridge": "yes", "motor_vehicle": "no"}, -1),
        ({"highway": "cycleway", "bridge": "yes", "foot": "yes"}, 0),
        ({"highway": "path", "bridge": "yes", "bicycle": "designated"}, 0),
    ],
)
def test_steps(tags: dict[str, Any], steps: int) -> None:
    """Counted steps are kept, wheels tell that there are none, else bridges are unknown (-1)."""
    assert street(**tags)["steps"] == steps


@pytest.mark.parametrize(
    "text, width",
    [
        ("2.5", 2.5),
        ("2,5", 2.5),
        ("2.5 m", 2.5),
        ("2.5m", 2.5),
        ("~3", 3.0),
        ("2-3", 2.0),
        ("250 cm", 2.5),
        ("8'", 2.4384),
        ("8'6\"", 2.5908),
        ("10 ft", 3.048),
    ],
)
def test_widths_that_can_be_read(text: str, width: float) -> None:
    """Widths in metres, centimetres and feet become metres; of a range the narrow end."""
    assert metres(text) == pytest.approx(width)


@pytest.mark.parametrize(
    "text", ["", "wide", "0", "-2", "2 km", "1e3", "9999", "2.5.1", "2 m wide"]
)
def test_widths_that_cannot(text: str) -> None:
    """Rubbish is an unknown width."""
    assert math.isnan(metres(text))


def test_unread_values_are_counted() -> None:
    """Values that cannot be read stand as unknown and are counted by key."""
    unread: Counter[str] = Counter()
    tags = {
        "highway": "steps",
        "width": "wide",
        "est_width": "2",
        "incline": "x",
        "step_count": "~",
    }
    found = street_of_tags(tags, unread)
    assert found is not None
    assert found["width"] == 2.0
    assert found["steps"] == 1
    assert math.isnan(found["incline"])
    assert unread == {"width": 1, "incline": 1, "step_count": 1}


def test_narrowest_width_of_merged_ways_counts() -> None:
    """Where OSMnx lists widths of merged ways, the least is taken, also from GraphML's text."""
    assert street(highway="footway", width=["3", "1.2"])["width"] == 1.2
    assert street(highway="footway", width="['3', '1.2']")["width"] == 1.2
    assert street(highway="footway", width="3; 1.2")["width"] == 1.2
    assert math.isnan(street(highway="footway", width=math.nan)["width"])


@pytest.mark.parametrize(
    "text, slope",
    [
        ("10%", 0.1),
        ("-10 %", -0.1),
        ("5°", math.tan(math.radians(5))),
        ("1:12", 1 / 12),
        ("-1:20", -0.05),
        ("0%", 0.0),
        ("10", math.nan),
        ("300%", math.nan),
        ("steep", math.nan),
    ],
)
def test_inclines(text: str, slope: float) -> None:
    """Per cent, degrees and ratios become rise over run; anything else is unknown."""
    assert rise_over_run(text) == pytest.approx(slope, nan_ok=True)


def test_up_and_down_are_no_fault() -> None:
    """The words up and down say no slope, and are not counted as unread."""
    unread: Counter[str] = Counter()
    found = street_of_tags({"highway": "steps", "incline": "up"}, unread)
    assert found is not None
    assert math.isnan(found["incline"])
    assert not unread


@pytest.mark.parametrize(
    "tags, direction",
    [
        ({"oneway": "yes"}, 0),
        ({"oneway": True}, 0),
        ({"oneway:foot": "yes"}, 1),
        ({"oneway:foot": "-1"}, -1),
        ({"foot:backward": "no"}, 1),
        ({"foot:forward": "no"}, -1),
    ],
)
def test_one_way_for_people(tags: dict[str, Any], direction: int) -> None:
    """Only what is said of people binds them; one way for wheels does not."""
    tags = {"highway": "footway", **tags}
    assert foot_direction(tags) == direction
    found = street_of_tags(tags)
    assert found is not None
    assert found["directed"] == (direction != 0)


def test_names() -> None:
    """A bridge's own name goes before the street's; several names of merged ways are joined."""
    tags = {"name": "Calle Larga", "bridge:name": "Ponte Storto", "highway": "footway"}
    assert street_of_tags(tags)["name"] == "Calle Larga"  # type: ignore[index]
    assert street_of_tags({**tags, "bridge": "yes"})["name"] == "Ponte Storto"  # type: ignore[index]
    assert street(highway="footway", name=["A", "B", "A"])["name"] == "A, B"
    assert street(highway="footway", alt_name="C")["name"] == "C"
    assert street(highway="footway")["name"] == ""


def test_wheelchair_and_surface() -> None:
    """What is said for wheelchairs, and the surface's word, are kept."""
    said = {"yes": 1, "designated": 1, "no": -1, "limited": 0, "unknown": 0}
    for value, expected in said.items():
        assert street(highway="footway", wheelchair=value)["wheelchair"] == expected
    assert street(highway="footway", surface="paving_stones")["surface"] == "paving_stones"


def test_areas() -> None:
    """Surfaces are told by area=yes, or by being a square and no street."""
    assert is_area({"highway": "pedestrian", "area": "yes"})
    assert is_area({"place": "square"})
    assert not is_area({"place": "square", "highway": "footway"})
    assert not is_area({"highway": "pedestrian", "area": "no", "place": "square"})


def test_wheels() -> None:
    """Roads carry wheels, alleys and flights of steps do not."""
    assert carries_wheels({"highway": "service"})
    assert not carries_wheels({"highway": "pedestrian"})
    assert not carries_wheels({"highway": ["service", "steps"]})
    assert not carries_wheels({"route": "ferry"})
