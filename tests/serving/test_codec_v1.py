"""V1: what is read of a body, what is said of a wrong one, and how an answer looks."""

from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest

from evacroute.serving.bodies import read_json
from evacroute.serving.codec_v1 import decode, encode
from evacroute.serving.fields import Limits, Wanted
from evacroute.serving.polyline import encode_polylines
from evacroute.serving.refusals import BadRequest

from .doors import PARTY
from .fake_core import BOUNDS, answers_to

LIMITS = Limits(BOUNDS, "flood", 1000)
BARE = {"lon": 12.33, "lat": 45.43}


def refused(body: Any) -> str:
    with pytest.raises(BadRequest) as error:
        decode(read_json(body if isinstance(body, bytes) else json.dumps(body).encode()), LIMITS)
    return str(error.value)


def one(**fields: Any) -> dict[str, Any]:
    return {"instances": [{**BARE, **fields}]}


def test_every_field_is_read() -> None:
    """Each field of a party reaches its column."""
    q, wanted = decode({"instances": [PARTY]}, LIMITS)
    assert (q.lon[0], q.lat[0], q.token[0]) == (12.3387123, 45.4341987, "marker-7Qx9")
    assert (q.party_size[0], q.mobility[0], q.age_band[0]) == (2, "wheelchair_manual", "65-79")
    assert q.step_free[0]
    assert (q.helpers[0], q.language[0], q.within_s[0]) == (1, "it", 1800)
    assert wanted == Wanted("geojson", True)


def test_position_is_enough() -> None:
    """Whoever gives a position alone, or nulls, is an unknown party of one with a new token."""
    nothing = dict.fromkeys(PARTY.keys() - BARE.keys())
    for row in (BARE, {**BARE, **nothing}, {**BARE, "token": "", "mobility": "", "age_band": ""}):
        q, _ = decode({"instances": [row]}, LIMITS)
        assert (q.party_size[0], q.mobility[0], q.age_band[0]) == (1, "unknown", "")
        assert len(q.token[0]) == 24
        assert q.token[0] != decode({"instances": [row]}, LIMITS)[0].token[0]
        assert (q.helpers[0], q.language[0], bool(q.step_free[0])) == (0, "en", False)
        assert math.isnan(q.within_s[0])


def test_parameters_are_read() -> None:
    """The form of the route and the wish for directions are taken from the request."""
    body = {"instances": [BARE], "parameters": {"route": "polyline", "directions": False}}
    assert decode(body, LIMITS)[1] == Wanted("polyline", False)


@pytest.mark.parametrize(
    "body, says",
    [
        (b"", "the body must be JSON; the fault is at character 0"),
        (b"\xff\xfe", "the body must be JSON in UTF-8"),
        (b'{"instances": [], "instances": []}', "names a key twice"),
        (b'{"instances": [{"lon": NaN, "lat": 45.43}]}', "NaN or Infinity"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"instances": ' + b"9" * 5000 + b"}", "too many digits"),
        (b'{"instances": [{"lon": 1e999, "lat": 45.43}]}', "row 0: lon must be a number from"),
        ([1], "the body must be an object with 'instances'"),
        ({}, "instances must hold 1 to 1000 parties"),
        ({"instances": []}, "instances must hold 1 to 1000 parties"),
        ({"instances": [BARE] * 1001}, "instances must hold 1 to 1000 parties"),
        ({"instances": [7]}, "row 0: each of instances must be an object with lon and lat"),
        ({"instances": [BARE], "parties": 1}, "unknown key parties"),
        ({"instances": [BARE], "parameters": 1}, "parameters must be an object"),
        ({"instances": [BARE], "parameters": {"route": "kml"}}, "one of geojson, polyline, none"),
        ({"instances": [BARE], "parameters": {"route": []}}, "one of geojson, polyline, none"),
        ({"instances": [BARE], "parameters": {"directions": 1}}, "must be true or false"),
        ({"instances": [BARE], "parameters": {"rout": 1}}, "unknown parameter rout,"),
        (one(lon="12.33"), "row 0: lon must be a number from 12.3 to 12.37"),
        (one(lon=True), "row 0: lon must be a number"),
        (one(lon=None), "row 0: lon must be a number"),
        (one(lat=44.0), "row 0: lat must be a number from 45.42 to 45.45"),
        ({"instances": [{"lon": 45.43, "lat": 12.33}]}, "row 0: lon and lat look swapped"),
        ({"instances": [{"lat": 45.43}]}, "row 0: lon must be"),
        (one(party_size=0), "row 0: party_size must be a whole number from 1 to 99"),
        (one(party_size=100), "row 0: party_size must be a whole number from 1 to 99"),
        (one(party_size=500), "row 0: party_size must be a whole number from 1 to 99"),
        (one(party_size=2.0), "row 0: party_size must be a whole number from 1 to 99"),
        (one(party_size=True), "row 0: party_size must be a whole number from 1 to 99"),
        (one(helpers=10), "row 0: helpers must be a whole number from 0 to 9"),
        (one(mobility="jetpack"), "row 0: mobility must be one of none, luggage,"),
        (one(mobility=["cane"]), "row 0: mobility must be one of"),
        (one(age_band="66"), "row 0: age_band must be one of 0-5, 6-12"),
        (one(language="tlh"), "row 0: language must be one of en, it"),
        (one(language=["en"]), "row 0: language must be one of en, it"),
        (one(step_free=1), "row 0: step_free must be true or false"),
        (one(deadline_s=0), "row 0: deadline_s must be a number above 0 and up to 86400"),
        (one(deadline_s=86_401), "row 0: deadline_s must be a number above 0 and up to 86400"),
        (one(hazard="fire"), "row 0: hazard must be 'flood'"),
        (one(hazard={}), "row 0: hazard must be 'flood'"),
        (one(token="x" * 129), "row 0: token must be 1 to 128 letters"),
        (one(token="a b"), "row 0: token must be 1 to 128 letters"),
        (one(token="a\n"), "row 0: token must be 1 to 128 letters"),
        (one(token=7), "row 0: token must be 1 to 128 letters"),
        (one(size=1), "row 0: unknown field size, expected some of token, lon"),
        (one(**{"12.3387": 1}), "row 0: unknown field, expected some of token, lon"),
        (
            {"instances": [{**BARE, "token": "a"}, {**BARE, "token": "a"}]},
            "row 1: token is that of another row",
        ),
    ],
)  # fmt: skip
def test_a_wrong_body_is_told_in_one_sentence(body: Any, says: str) -> None:
    """Whatever is wrong is told in a sentence that names row, field and limit."""
    text = refused(body)
    assert says in text
    assert "\n" not in text


def test_all_faults_are_counted() -> None:
    """The first fault by row is named, the others are counted."""
    body = {"instances": [BARE, {**BARE, "helpers": -1}, {"lon": 0, "lat": 0, "party_size": 0}]}
    text = refused(body)
    assert text.startswith("row 1: helpers must be")
    assert text.endswith(", and 3 more faults")


def test_without_a_hazard_none_may_be_named() -> None:
    """A plan for no hazard refuses every name of one."""
    with pytest.raises(BadRequest, match="hazard must be left out"):
        decode(one(hazard="flood"), Limits(BOUNDS, "", 1))
    decode(one(hazard=""), Limits(BOUNDS, "", 1))


def test_an_answer_has_the_form_of_the_page() -> None:
    """An answer has every key that is written down, with whole seconds and short numbers."""
    q, wanted = decode({"instances": [PARTY]}, LIMITS)
    (told,) = encode(answers_to(q, "v3", lines=True, directions=True), q, wanted)["predictions"]
    assert list(told) == [
        "token", "status", "shelter", "depart_in_s", "arrive_s", "p_safe", "is_safe",
        "held_until_s", "distance_m", "route", "directions", "alternatives", "reason", "plan",
    ]  # fmt: skip
    assert told["token"] == "marker-7Qx9"
    assert told["status"] == "reserved"
    assert told["shelter"]["id"] == "S00"
    assert told["route"]["type"] == "LineString"
    assert np.allclose(told["route"]["coordinates"][0], (12.338712, 45.434199), atol=1e-9)
    assert told["directions"] == ["Vai a Campo Santo Stefano."]
    assert told["held_until_s"] == 1800
    assert all(type(s) is int for s in told["arrive_s"].values())
    assert told["alternatives"] == [{"shelter": "S00", "p_safe": 0.91}]
    assert told["plan"] == "v3"


def test_no_safe_route_says_what_to_do() -> None:
    """Where there is no way there is no shelter, no time and no line, but something to do."""
    q, wanted = decode({"instances": [{"lon": 12.365, "lat": 45.43}]}, LIMITS)
    (told,) = encode(answers_to(q, "v3", lines=True, directions=True), q, wanted)["predictions"]
    assert told["token"] == q.token[0]
    assert told["status"] == "no_safe_route"
    nothing = ("shelter", "arrive_s", "route", "depart_in_s", "held_until_s", "distance_m")
    assert [told[key] for key in nothing] == [None] * 6
    assert told["directions"][0] == "Stay inside and go up."
    assert (told["is_safe"], told["p_safe"]) == (False, 0.0)


def test_routes_come_in_the_form_asked_for() -> None:
    """A route is a polyline or missing where that was asked for."""
    q, _ = decode({"instances": [BARE]}, LIMITS)
    a = answers_to(q, "v3", lines=True, directions=True)
    (line,) = encode(a, q, Wanted("polyline"))["predictions"]
    assert line["route"] == encode_polylines(a.line)[0]
    (none,) = encode(a, q, Wanted("none"))["predictions"]
    assert none["route"] is None
