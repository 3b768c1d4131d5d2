"""Training on streets and shelters of one's own."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from typer.testing import CliRunner

import evacroute as er
from evacroute.cli import app
from evacroute.errors import InputError
from evacroute.network import KINDS
from evacroute.training.building import build
from evacroute.training.gathering import make_trips, open_folder, worlds_of
from evacroute.training.grid_city import make_grid_city
from evacroute.training.own_worlds import named_worlds
from evacroute.training.sampler import Draw, draw
from evacroute.training.train import train
from evacroute.training.worlds import TRAINING, UNSEEN, world


@pytest.fixture(scope="module")
def city(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An instance folder: the streets of a grid city, one of its shelters closed."""
    folder = tmp_path_factory.mktemp("worlds") / "my_city"
    network, shelters = make_grid_city(7, columns=24, rows=20, bridges=4)
    er.write_instance(er.Scenario(network, er.synthesize_people(network, 50), shelters), folder)
    change(folder, "capacity", {0: 0}, "step_free_capacity")
    return folder


def change(folder: Path, column: str, to: dict[int, Any], *others: str) -> None:
    """Change cells of its table of shelters."""
    table = pd.read_csv(folder / "shelters.csv", dtype={column: object})
    for row, value in to.items():
        table.loc[row, [column, *others]] = value
    table.to_csv(folder / "shelters.csv", index=False)


def test_a_world_of_a_folder(city: Path) -> None:
    """A folder gives its streets and its open shelters, by its own name, each bridge once."""
    (name,) = named_worlds([city], TRAINING)
    made = world(name)
    network = er.read_network(city)
    assert made.name == "my_city"
    assert made.network.equals(network)
    assert len(made.shelters) == len(pd.read_csv(city / "shelters.csv")) - 1
    bridge = np.flatnonzero(network.kind == KINDS.index("bridge"))
    ends = {frozenset((network.from_node[i], network.to_node[i])) for i in bridge.tolist()}
    assert len(made.bridges) == len(ends)


def test_each_bridge_once_whatever_its_other_direction_is_called(
    city: Path, tmp_path: Path
) -> None:
    """Links of two directions are one bridge also where their ids say nothing of it."""
    network = er.read_network(city)
    (tmp_path / "named").mkdir()
    for table in ("node.csv", "link.csv", "shelters.csv"):
        (tmp_path / "named" / table).write_bytes((city / table).read_bytes())
    links = pd.read_csv(city / "link.csv", dtype={"link_id": str})
    links["link_id"] = [f"way {i}" for i in range(len(links))]
    links.to_csv(tmp_path / "named" / "link.csv", index=False)
    made = world(str(tmp_path / "named"))
    bridges = int((network.kind == KINDS.index("bridge")).sum())
    assert len(made.bridges) == bridges // 2


def test_draws_are_of_the_worlds_asked_for(city: Path) -> None:
    """Four scenarios in five are of the own city, the fifth of an unseen one; JSON keeps both."""
    names = named_worlds([city, "grid"], TRAINING)
    drawn = [draw(0, i, worlds_of(i, names)) for i in range(60)]
    assert {one.world for one in drawn[4::5]} <= set(UNSEEN)
    rest = {one.world for i, one in enumerate(drawn) if i % 5 != 4}
    assert rest == {str(city), "grid"}
    assert Draw.from_dict(json.loads(json.dumps(drawn[0].to_dict()))) == drawn[0]
    own = next(one for one in drawn if one.world == str(city))
    scenario = build(own)
    assert scenario.network.equals(world(str(city)).network)
    assert scenario.shelters.capacity.sum() == round(own.room * own.people)


def test_trips_are_made_on_it(city: Path, tmp_path: Path) -> None:
    """A draw of the own city is planned and played, and its trips are kept."""
    names = named_worlds([city], TRAINING)
    head = make_trips(0, 1, str(tmp_path / "1.npz"), None, names)
    assert head["draw"]["world"] == str(city)
    assert head["fault"] == ""
    assert head["trips"] > 0


def test_without_bridges_none_is_closed(city: Path) -> None:
    """In a city with a single bridge or none, a draw of closures closes nothing."""
    drawn = next(one for i in range(200) if (one := draw(0, i, (str(city),))).hazard == "closures")
    from evacroute.training import building

    class Flat:
        bridges: tuple[str, ...] = ()

    assert building._hazard(drawn, Flat()) is None  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (["atlantis"], "atlantis: is neither an instance folder nor one of lagoon_large"),
        (["unseen_grid"], "unseen_grid: is neither"),
        (["grid", "grid"], "grid is given more than once"),
        ([], "none is given"),
    ],
)
def test_names_are_checked(given: list[str], message: str) -> None:
    """A world is a folder or made up to learn from, and none is given twice."""
    with pytest.raises(InputError, match=message):
        named_worlds(given, TRAINING)


def test_what_no_scenario_can_be_drawn_on_is_refused(tmp_path: Path) -> None:
    """Too few corners and places, exits without end, nobody's street: all told in one error."""
    folder = tmp_path / "hamlet"
    folder.mkdir()
    (folder / "node.csv").write_text("node_id,x_coord,y_coord\na,12.0,45.0\nb,12.001,45.0\n")
    (folder / "link.csv").write_text(
        "link_id,from_node_id,to_node_id,directed,kind\n1,a,b,0,steps\n"
    )
    (folder / "shelters.csv").write_text("shelter_id,node_id,capacity\nS,b,inf\n")
    with pytest.raises(InputError) as raised:
        world(str(folder))
    for words in ("2 nodes", "no link of kind calle", "1 open shelters", "S: capacity is inf"):
        assert words in str(raised.value)
    with pytest.raises(InputError, match=r"no node\.csv"):
        world(str(tmp_path))


def test_a_folder_of_other_worlds_is_not_gone_on_with(city: Path, tmp_path: Path) -> None:
    """Trips of another city, or of the same before it was changed, are not mixed."""
    (tmp_path / "changes").mkdir()
    for table in ("node.csv", "link.csv", "shelters.csv"):
        (tmp_path / "changes" / table).write_bytes((city / table).read_bytes())
    names = named_worlds([tmp_path / "changes"], TRAINING)
    open_folder(tmp_path / "t", 0, [10], worlds=names)
    open_folder(tmp_path / "t", 0, [10], worlds=names)
    with pytest.raises(InputError, match="trips of the worlds changes"):
        open_folder(tmp_path / "t", 0, [10])
    change(tmp_path / "changes", "capacity", {1: 7}, "step_free_capacity")
    with pytest.raises(InputError, match="their tables have changed"):
        open_folder(tmp_path / "t", 0, [10], worlds=names)


def test_a_scorer_for_the_own_city(
    city: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its cards name the city, without the way to it, and the figures are those of the city."""

    def few(seed: int, index: int, worlds: tuple[str, ...]) -> Draw:
        # Of the unseen worlds the smallest, so that the test is quick.
        some = ("unseen_grid",) if worlds == UNSEEN else worlds
        return replace(draw(seed, index, some), people=250, part=0.2, hazard="none")

    monkeypatch.setattr("evacroute.training.gathering.draw", few)
    monkeypatch.setattr("evacroute.training.gathering.plays_other", lambda index: False)
    made = train(tmp_path / "t", 20, rounds=1, trees=8, worlds=[city], executor="serial")
    card = json.loads((made.folder / "data_card.json").read_text())
    assert card["worlds"] == {"my_city": 16, "unseen_grid": 4}
    assert card["worlds_to_learn_from"] == ["my_city"]
    assert made.scorer.card.command.endswith(" --world my_city")
    assert "trained on scenarios of my_city" in made.scorer.card.limits[0]
    for name in ("scorer.json", "data_card.json"):
        assert str(city.parent) not in (made.folder / name).read_text()
    (held_out,) = (
        one
        for one in made.evaluation["sets"]
        if (one["set"], one["source"]) == ("held-out scenarios", "planned")
    )
    assert made.scorer.card.metrics["all"]["brier"] == held_out["brier"]["value"]


def test_the_command_says_what_is_wrong(tmp_path: Path) -> None:
    """A folder that is none is bad input before anything is made."""
    asked = ["train", "--world", str(tmp_path / "none"), "--out", str(tmp_path / "t")]
    done = CliRunner().invoke(app, asked)
    assert isinstance(done.exception, InputError) or done.exit_code == 2
    assert not (tmp_path / "t").exists()
