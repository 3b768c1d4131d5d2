"""Heights made by a model are said to be so wherever a plan shows: sheets, directions, rescue."""

from __future__ import annotations

import json
from dataclasses import replace
from functools import lru_cache
from pathlib import Path

import numpy as np
import pytest

import evacroute as er
from evacroute.languages import LANGUAGES
from evacroute.route_words import words_of

SENTENCE = "Heights are modelled: which streets flood is an estimate, not a measurement."


@lru_cache(maxsize=2)
def flooded(modelled: bool) -> er.Plan:
    """A plan of the lagoon under water, with heights from the model or from the network."""
    scenario = er.lagoon(people=400)
    network = replace(scenario.network, elevation=np.full(scenario.network.n_links, 1.3))
    flood = er.Flood(1.4, "model" if modelled else None)
    return er.assign(er.Scenario(network, scenario.people, scenario.shelters, hazard=flood))


@pytest.mark.parametrize("language", LANGUAGES)
def test_sheets_say_so_in_every_language(language: str, tmp_path: Path) -> None:
    """One line on each sheet and on the list of them; none where heights were measured."""
    said = words_of(language).modelled()
    assert said
    assert (said == SENTENCE) == (language == "en")
    pages = er.write_sheets(flooded(True), tmp_path / "made", language=language)
    assert all(page.read_text("utf-8").count(said) == 1 for page in pages)
    pages = er.write_sheets(flooded(False), tmp_path / "measured", language=language)
    assert not any(said in page.read_text("utf-8") for page in pages)


def test_directions_say_so() -> None:
    """The note is the last line of what is printed, for who goes and for who stays."""
    plan = flooded(True)
    told = er.directions(plan, movement=0)
    assert told.note == told.to_dict()["note"] == SENTENCE
    assert str(told).splitlines()[-1] == SENTENCE
    assert SENTENCE not in told.text
    left = plan.unassigned["person_id"].iloc[0]
    assert er.directions(plan, person=left, language="de").note.startswith("Die Höhen")
    assert er.directions(flooded(False), movement=0).note == ""


def test_the_rescue_says_so(tmp_path: Path) -> None:
    """Its summary has the line and its record the share, with and without a fleet."""
    plan = flooded(True)
    found = er.rescue(plan)
    assert "MODELLED for 100% of the ground" in str(found)
    found.to_csv(tmp_path / "rescue")
    record = json.loads((tmp_path / "rescue" / "rescue.json").read_text("utf-8"))
    assert record["modelled_heights"] == pytest.approx(1.0)
    network = plan.scenario.network
    fleet = tmp_path / "fleet.csv"
    fleet.write_text(f"kind,seats,node_id\nstretcher team,1,{network.node_id[0]}\n")
    assert "MODELLED" in str(er.rescue(plan, fleet, time_limit="1 s"))
    assert "MODELLED" not in str(er.rescue(flooded(False)))
    assert er.rescue(er.assign(er.lagoon(people=300))).summary().modelled_heights is None


def test_a_plan_read_back_says_so(tmp_path: Path) -> None:
    """The folder keeps that heights are modelled, so directions from it say so too."""
    flooded(True).save(tmp_path / "plan")
    back = er.read_plan(tmp_path / "plan")
    assert er.directions(back, movement=0).note == SENTENCE
