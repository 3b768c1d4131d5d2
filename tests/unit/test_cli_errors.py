"""What a new user runs into: extras that are not installed, and tables that are to be read."""

from __future__ import annotations

import pickle
import sys
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from cli_files import run

import evacroute as er
from evacroute.errors import MissingExtraError
from evacroute.training.train import train
from evacroute.verification.check import judge


def test_missing_extra_leaves_a_worker_whole() -> None:
    """The error of a missing extra can be sent between processes, with all it says."""
    error = MissingExtraError("osmium", "osm", "reading OSM files")
    again = pickle.loads(pickle.dumps(error))
    assert type(again) is MissingExtraError
    assert str(again) == str(error)
    assert "pip install 'evacroute[osm]'" in str(again)


def test_training_asks_for_its_extras_first(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """Without catboost nothing is played, and the message has the command that installs it."""
    monkeypatch.setattr(sys.modules["evacroute.training.train"], "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"pip install 'evacroute\[train,bench\]'"):
        train(tmp_path / "trained", 60)
    assert not (tmp_path / "trained").exists()


@pytest.mark.parametrize("name,code", [("prometheus_client", 2), ("evacroute.gone", 3)])
def test_serving_without_its_extra(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, name: str, code: int
) -> None:
    """A package that serving lacks is told with its extra; a module of our own is a defect."""

    def missing(line: object) -> int:
        raise ModuleNotFoundError(f"No module named {name!r}", name=name)

    import evacroute.serving.__main__ as server

    monkeypatch.setattr(server, "main", missing)
    monkeypatch.setattr("evacroute.answering.bundle.check_is_bundle", lambda folder: None)
    result = run("serve", tmp_path)
    assert result.exit_code == code
    assert ("pip install 'evacroute[serving]'" in result.stderr) == (code == 2)


def test_noise_of_kept_rules_is_shown_as_0() -> None:
    """Of a rule that is kept a figure below 1e-9 reads 0, said in words; the figure stays."""
    plan = er.assign(er.lagoon(people=60), "nearest")
    checked = er.verify(plan)
    noise = judge("first walks", "r", np.array([2e-14]), str, unit="s", slack=1e-6)
    large = judge("time order", "r", np.array([3e-7]), str, unit="s", slack=1e-6)
    wrong = judge("arrival", "r", np.array([4e-14]), str, unit="s")
    text = str(replace(checked, checks=(noise, large, wrong)))
    assert "worst 0 s, allowed 0" in text
    assert "worst 3e-07 s" in text
    assert "worst 4e-14 s" in text
    assert "less than 1e-09 is shown as 0" in text
    assert noise.to_dict()["worst"] == 2e-14
    assert "is shown as 0" not in str(replace(checked, checks=(large,)))


def test_simulation_shows_its_classes() -> None:
    """A simulation prints a row a class, with the persons of each and who of them is safe."""
    plan = er.assign(er.lagoon(people=60), "shelter_flow")
    played = er.simulate(plan)
    text = str(played)
    for row in played.by_class().to_dict("records"):
        line = next(line for line in text.splitlines() if line.startswith(row["class_id"] + " "))
        assert line.split()[1:3] == [str(row["persons"]), str(row["safe"])]
