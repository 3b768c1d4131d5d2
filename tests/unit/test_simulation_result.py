"""What a run hands back: tables, files, tracks, delays; closures and full doors on the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from networks import corridor, diamond, from_edges
from plans import small_plan
from scenes import scene

import evacroute as er
from evacroute._kernels.crowd import Record
from evacroute.errors import InputError
from evacroute.simulation import STATES, Behaviour

module = sys.modules["evacroute.simulation.simulate"]
STEADY = Behaviour(speed_spread=0.0)


@pytest.fixture(scope="module")
def run() -> er.Simulation:
    """The plan made by hand, played with tracks of everybody."""
    return er.simulate(small_plan(), behaviour=STEADY, tracks=99, seed=2)


def test_whom_the_loader_set_aside_is_left_also_in_a_plan_that_was_read(tmp_path: Path) -> None:
    """Persons near no street count as left, in the plan at hand and in the same plan read again."""
    city = er.lagoon(people=40)
    at = [(float(city.network.lon[0]), float(city.network.lat[0])), (14.0, 45.9), (14.1, 45.9)]
    table = pd.DataFrame(at, columns=["lon", "lat"])
    table.to_csv(tmp_path / "people.csv", index=False)
    people = er.read_people(tmp_path / "people.csv", city.network)
    plan = er.assign(er.Scenario(city.network, people, city.shelters))
    assert (plan.placed, plan.left) == (1, 2)
    plan.save(tmp_path / "plan")
    for one in (plan, er.read_plan(tmp_path / "plan")):
        counts = er.simulate(one, seed=0).counts
        assert counts["left"] == 2
        assert sum(counts.values()) == 3


def test_frames(run: er.Simulation) -> None:
    """There is a row for every party, and one for every link and minute with somebody inside."""
    frame = run.arrivals_frame()
    assert frame["size"].sum() == run.scenario.persons
    assert frame["party_id"].tolist() == list(range(len(frame)))
    assert set(frame["state"]) <= set(STATES)
    left = frame[frame["state"] == "left"]
    assert (left["shelter_id"] == "").all()
    assert left["arrive_s"].isna().all()
    dense = run.densities_frame()
    assert (dense["persons"] > 0).all()
    assert dense["persons"].sum() == pytest.approx(run.load.sum(), abs=0.01)
    assert run.by_class()["persons"].sum() == run.scenario.persons


def test_a_run_says_which_it_is() -> None:
    """Printing names what people follow, the law and the seed, and what is not as by default; a
    plan at hand that nobody follows is shown beside."""
    plan = small_plan()
    slow = er.Physics(law="sfpe", jam_density=4.5)
    told = er.simulate(plan, compliance=0.9, physics=slow, keep_times=True, seed=3)
    assert (
        "compliance 0.9, sfpe, jam density 4.5 persons/m2, times kept, seed 3"
        in str(told).splitlines()
    )
    assert not told.is_cut
    led = er.simulate(plan, behaviour="nearest")
    assert "behaviour nearest, weidmann, seed 0" in str(led).splitlines()
    assert any(line.startswith("planned") for line in str(led).splitlines())
    alone = er.simulate(plan.scenario, behaviour=Behaviour(delay=60.0))
    assert alone.settings == "behaviour 0.6 nearest, 0.25 crowd, 0.15 lost, delay 60 s, weidmann"
    assert alone.to_dict()["planned"] is None


def test_a_long_run_takes_what_is_played(monkeypatch: pytest.MonkeyPatch) -> None:
    """A run that may go on for a week holds tables of what was played only, and they grow with it
    without a change in any figure."""
    plan = small_plan()
    whole = er.simulate(plan, behaviour=STEADY, until="7200 s")
    assert whole.n_bins > 4
    monkeypatch.setattr(module, "FIRST_BINS", 1)
    shapes = []
    wider = module._grown

    def grown(record: Record, n_bins: int) -> Record:
        shapes.append(n_bins)
        return wider(record, n_bins)

    monkeypatch.setattr(module, "_grown", grown)
    grew = er.simulate(plan, behaviour=STEADY, until=604_800)
    assert shapes
    assert max(shapes) <= 2 * whole.n_bins
    for name in ("load", "waiting", "arrive"):
        np.testing.assert_array_equal(getattr(whole, name), getattr(grew, name))
    for name in ("pace", "wait", "door_wait"):
        np.testing.assert_array_equal(getattr(whole.delays, name), getattr(grew.delays, name))


def test_save(run: er.Simulation, tmp_path: Path) -> None:
    """The folder holds three files that agree with the run, and can be written again."""
    for _ in range(2):
        run.save(tmp_path / "out")
    names = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert names == ["arrivals.csv.gz", "densities.csv.gz", "summary.json"]
    record = json.loads((tmp_path / "out" / "summary.json").read_text())
    assert record["persons"] == run.counts
    assert record["seed"] == 2
    assert record["physics"]["law"] == "weidmann"
    frame = pd.read_csv(tmp_path / "out" / "arrivals.csv.gz")
    assert frame["arrive_s"].to_numpy() == pytest.approx(
        run.arrivals_frame()["arrive_s"].to_numpy(float), abs=0.01, nan_ok=True
    )


def test_save_names_the_current_folder(
    run: er.Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where no name is given what stands in the current folder is refused by that name."""
    (tmp_path / "a.py").touch()
    monkeypatch.chdir(tmp_path)
    with pytest.raises(InputError, match=r"^the current folder: holds 'a.py'"):
        run.save("")


def test_save_is_all_or_nothing(
    run: er.Simulation, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A folder of other things is refused untouched, and a failed save leaves nothing behind."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError):
        run.save(tmp_path / "mine")
    assert [p.name for p in (tmp_path / "mine").iterdir()] == ["letter.txt"]

    def fails(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("evacroute.simulation.result.write_json", fails)
    with pytest.raises((OSError, InputError)):
        run.save(tmp_path / "new")
    assert not (tmp_path / "new").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["mine"]


def test_tracks(run: er.Simulation) -> None:
    """A track is the way of its party: link after link, each left when the next is entered."""
    tracks, network = run.tracks, run.scenario.network
    assert len(tracks.ptr) == len(tracks.agent) + 1
    for t, agent in enumerate(tracks.agent.tolist()):
        part = slice(int(tracks.ptr[t]), int(tracks.ptr[t + 1]))
        link, enter, leave = tracks.link[part], tracks.enter[part], tracks.leave[part]
        assert (network.to_node[link[:-1]] == network.from_node[link[1:]]).all()
        assert leave[:-1].tolist() == enter[1:].tolist()
        if len(link):
            assert leave[-1] == run.arrive[agent]


def test_delays() -> None:
    """Waits before a narrow link are kept by minute; where nobody came there is none."""
    network = corridor(1, 60.0, capacity=0.5, width=50.0)
    run = er.simulate(scene(network, [(0, 61)], [(1, 61)]), behaviour="nearest")
    wait, load = run.delays.wait[0], run.load[0]
    # All come at once, and enter two seconds apart; who came in the second minute stood behind.
    assert wait[:2] == pytest.approx([60.0, 30.0])
    assert np.isnan(wait[2])
    assert np.isnan(run.delays.wait[1]).all()
    assert (run.delays.pace >= 1).all()
    assert load.max() <= 61


def test_crowded_streets_are_flagged() -> None:
    """A street over 4 persons/m2 is listed once, with when and how dense; an empty one is not."""
    network = from_edges(
        [(0, 0), (40, 0), (80, 0)], [(0, 1), (1, 2)], width=[1.5, 20.0], capacity=[9.0, 0.05]
    )
    run = er.simulate(scene(network, [(0, 600)], [(2, 600)]), behaviour="nearest")
    table = run.crowded
    assert table["link_id"].tolist() == ["L0"]
    assert 4 < table["peak_density"][0] <= 5.4 * 1.5 + 0.1
    assert "1 streets over 4" in str(run)


def test_full_shelter_turns_away() -> None:
    """Who finds the nearest shelter full is told at its door where there is room, and gets in."""
    network = from_edges([(0, 0), (-50, 0), (90, 0)], [(0, 1), (0, 2)], width=20.0)
    run = er.simulate(
        scene(network, [(0, 30)], [(1, 10), (2, 40)]),
        behaviour=Behaviour(compliance=0.0, crowd=0.0, lost=0.0, speed_spread=0.0),
    )
    assert run.counts["safe"] == 30
    assert np.bincount(run.shelter).tolist() == [10, 20]
    assert run.turned_away.tolist() == [20, 0]
    assert run.arrive[run.shelter == 1].min() >= 50 + 50 + 90
    assert run.to_dict()["rerouted"] == 20


def test_last_place_taken_at_the_end() -> None:
    """Who loses a race for the last place told of is told of another in the next minute."""
    network = from_edges([(0, 0), (30, 0), (60, 0), (400, 0)], [(0, 1), (1, 2), (2, 3)], width=20.0)
    run = er.simulate(scene(network, [(0, 9)], [(1, 2), (2, 3), (3, 9)]), behaviour="nearest")
    assert run.counts["safe"] == 9


def test_single_persons_take_the_last_places() -> None:
    """Persons alone are told of a shelter with too few places for the largest party."""
    network = from_edges([(0, 0), (30, 0), (60, 0)], [(0, 1), (1, 2)], width=20.0)
    base = scene(network, [(0, 4), (0, 3)], [(1, 1), (2, 2)])
    groups = replace(base.people, together=np.array([True, False]))
    run = er.simulate(replace(base, people=groups), behaviour="nearest")
    assert run.size[run.state == STATES.index("safe")].tolist() == [1, 1, 1]
    assert run.size[run.state == STATES.index("stuck")].tolist() == [4]


def test_small_households_take_the_last_places() -> None:
    """A household of three is told of three places, though another household has four members."""
    network = from_edges([(0, 0), (30, 0), (60, 0)], [(0, 1), (1, 2)], width=20.0)
    base = scene(network, [(0, 4), (0, 3)], [(1, 1), (2, 3)])
    groups = replace(base.people, together=np.array([True, True]))
    run = er.simulate(replace(base, people=groups), behaviour="nearest")
    assert run.size[run.state == STATES.index("safe")].tolist() == [3]
    assert run.size[run.state == STATES.index("stuck")].tolist() == [4]


def shut(scenario: er.Scenario, link: int, begin: float, end: float = np.inf) -> er.Scenario:
    """The scenario with a link closed for a time."""
    return scenario.with_hazard(er.LinkTimes([link], [-1], [begin], [end], [0.0]))


def test_closing_catches_who_is_slow() -> None:
    """Who reckons to be through in time at the common pace, but walks slower, is caught."""
    scenario = shut(scene(corridor(1, 100.0, width=50.0), [(0, 400)], [(1, 400)]), 0, 105.0)
    run = er.simulate(scenario, behaviour=Behaviour(compliance=0.0, crowd=0.0, lost=0.0), seed=3)
    caught = run.state == STATES.index("stuck")
    # Only those within the first 5 s enter at all; of these who walk under 1 m/s may be caught.
    assert 0 < caught.sum() < 400
    assert run.arrive[~caught].max() <= 105.0 + 0.01


def test_closed_way_is_gone_round() -> None:
    """Who follows the plan and finds its link closed goes another way."""
    dry = scene(diamond(), [(0, 4)], [(3, 4)])
    plan = er.assign(dry, "earliest_arrival")
    upper = int(np.flatnonzero(dry.network.link_id == "L1")[0])
    wet = er.Plan(shut(dry, upper, 50.0), plan.movements, method="", step_s=10.0)
    run = er.simulate(wet, behaviour=STEADY)
    assert run.counts["safe"] == 4
    # To the middle, back, and round below.
    assert run.arrive.max() >= 100 + 100 + 300


def test_plan_that_waits_for_an_opening() -> None:
    """Who comes to a link before the plan says to enter it waits until it opens."""
    scenario = shut(scene(corridor(2, 50.0), [(0, 1)], [(2, 1)]), 2, 0.0, 300.0)
    plan = er.assign(scenario, "earliest_arrival")
    assert plan.movements.arrive.tolist() == [350.0]
    run = er.simulate(plan, behaviour=STEADY)
    assert run.arrive[0] == pytest.approx(350.0, abs=1.0)
    assert run.to_dict()["rerouted"] == 0


TWIN = """
import sys
sys.path.insert(0, "tests")
import hashlib, numpy as np, evacroute as er
from networks import grid
from scenes import scene
from evacroute.simulation import Behaviour
network = grid(4, 4, seed=3)
rows = [(0, 9), (5, 4, 5.0, 0, True), (9, 8, 0.0, 1), (15, 9)]
scenario = scene(network, rows, [(3, 12), (12, 20, 20, 0.3)], classes=[(1.3, 0.7), (0.9, 0.0)])
scenario = scenario.with_hazard(er.LinkTimes([4, 9], [-1, 0], [30, 0], [200, 500], [0.0, 0.5]))
run = er.simulate(scenario, behaviour=Behaviour(lost_time=60.0, delay=9.0), until=600.0, seed=5)
print(repr(run.arrive.tolist()), run.state.tolist(), run.shelter.tolist(), run.squeezed)
"""


def test_compiled_and_not_are_the_same() -> None:
    """Without compiling, the kernels give the same run."""
    root = Path(__file__).resolve().parents[2]
    told = []
    for off in ("0", "1"):
        done = subprocess.run(
            [sys.executable, "-c", TWIN], cwd=root, capture_output=True, text=True,
            env={**os.environ, "NUMBA_DISABLE_JIT": off}, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told.append(done.stdout)
    assert told[0] == told[1]
