"""The scorer: its folder, what it refuses, limits, kinds and unknown values."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from forests import KINDS, drawn_calibration, drawn_card, drawn_forest, drawn_rows, drawn_scorer
from naive_forest import along, raw

from evacroute.errors import InputError
from evacroute.scoring.calibration import Calibration
from evacroute.scoring.card import Card, Feature
from evacroute.scoring.forest import Forest
from evacroute.scoring.scorer import Scorer

NAN, INF = np.nan, np.inf


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    drawn_scorer().save(tmp_path)
    return tmp_path


def change_card(folder: Path, change: Callable[[dict[str, Any]], Any]) -> None:
    """Change the record of the card in place."""
    path = folder / "scorer.json"
    record = json.loads(path.read_text(encoding="utf-8"))
    change(record)
    path.write_text(json.dumps(record), encoding="utf-8")


def change_arrays(folder: Path, **new: Any) -> None:
    """Replace arrays (None = take away) and let the card name the new hash."""
    path = folder / "scorer.npz"
    with np.load(path) as archive:
        arrays = {name: archive[name] for name in archive.files}
    arrays = {name: array for name, array in {**arrays, **new}.items() if array is not None}
    np.savez(path, **arrays)
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    change_card(folder, lambda record: record.update(arrays_sha256=digest))


def test_predictions_are_those_of_the_twin() -> None:
    """Odds, quantiles and advice are what forests and tables give, worked out one by one."""
    scorer, rng = drawn_scorer(), np.random.default_rng(1)
    rows, kind = drawn_rows(rng, 80), rng.integers(-1, len(KINDS), 80)
    scores = scorer.predict(rows, kind)
    inside = np.clip(rows, -2, 2)
    logits = raw(scorer.safe, inside)
    quantiles = np.array([raw(f, inside) for f in (scorer.q10, scorer.q50, scorer.q90)])
    tables = scorer.calibration
    for i, k in enumerate(kind.tolist()):
        p = 1 / (1 + np.exp(-along(logits[i], list(tables.knot[k]), list(tables.logit[k]))))
        expected = sorted(quantiles[:, i] + tables.offset[k])
        assert scores.p_safe[i] == pytest.approx(p, rel=1e-9)
        found = [scores.q10[i], scores.q50[i], scores.q90[i]]
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)
        assert scores.is_safe[i] == (p >= tables.threshold[k])
    assert len(scores) == 80
    assert 0 < scores.is_safe.sum() < 80


def test_saved_and_loaded(folder: Path) -> None:
    """A scorer read back says the same of every row and kind, and has the same card."""
    scorer, again = drawn_scorer(), Scorer.load(folder)
    assert again.card == scorer.card
    assert again.calibration.equals(scorer.calibration)
    for name in ("safe", "q10", "q50", "q90"):
        assert getattr(again, name).equals(getattr(scorer, name))
    rows = drawn_rows(np.random.default_rng(2), 50)
    for kind in (None, 0, 1, 2):
        first, second = scorer.predict(rows, kind), again.predict(rows, kind)
        assert first.p_safe.tolist() == second.p_safe.tolist()
        assert first.q90.tolist() == second.q90.tolist()


def test_the_same_scorer_gives_the_same_bytes(folder: Path, tmp_path: Path) -> None:
    """Saving twice gives the same files, over older ones too, and nothing besides."""
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    assert set(before) == {"scorer.json", "scorer.npz"}
    drawn_scorer(1).save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} != before
    drawn_scorer().save(folder)
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_a_save_that_fails_leaves_the_older_scorer(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where writing breaks off, what was there before is still read."""

    def broken(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("evacroute.scoring.scorer.write_json", broken)
    with pytest.raises(InputError, match="cannot be written: No space left"):
        drawn_scorer(1).save(folder)
    assert Scorer.load(folder).safe.equals(drawn_scorer().safe)
    assert len(list(folder.iterdir())) == 2


@pytest.mark.parametrize("name", ["scorer.json", "scorer.npz"])
def test_missing_file(folder: Path, name: str) -> None:
    """A folder without one of the files is refused by the file's name."""
    (folder / name).unlink()
    with pytest.raises(InputError, match=f"{name}: there is no such file"):
        Scorer.load(folder)


@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_cut_off(folder: Path, share: float) -> None:
    """Files that were cut off are refused, the card as no JSON, the arrays by their hash."""
    arrays, card = folder / "scorer.npz", folder / "scorer.json"
    whole = arrays.read_bytes()
    arrays.write_bytes(whole[: int(share * len(whole))])
    with pytest.raises(InputError, match=r"scorer\.npz: its SHA-256 is .* cut off or changed"):
        Scorer.load(folder)
    arrays.write_bytes(whole)
    text = card.read_bytes()
    card.write_bytes(text[: int(share * len(text))])
    with pytest.raises(InputError, match=r"scorer\.json: cannot be read as JSON"):
        Scorer.load(folder)


def test_one_bit_changed(folder: Path) -> None:
    """One bit elsewhere in the arrays is noticed."""
    path = folder / "scorer.npz"
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(InputError, match="SHA-256"):
        Scorer.load(folder)


def test_arrays_that_are_no_archive(folder: Path) -> None:
    """A file that is no archive of arrays is refused even where the card names its hash."""
    (folder / "scorer.npz").write_bytes(b"nothing of the kind")
    digest = hashlib.sha256(b"nothing of the kind").hexdigest()
    change_card(folder, lambda record: record.update(arrays_sha256=digest))
    with pytest.raises(InputError, match=r"scorer\.npz: cannot be read as numpy arrays"):
        Scorer.load(folder)


def test_no_pickle(folder: Path) -> None:
    """Arrays of objects, which only running code can read, are refused."""
    change_arrays(folder, safe_leaf=np.array([{}], dtype=object))
    with pytest.raises(InputError, match="allow_pickle"):
        Scorer.load(folder)


@pytest.mark.parametrize(
    "new, message",
    [
        ({"q50_leaf": None}, "forest 'q50': there is no array q50_leaf"),
        ({"more": np.zeros(2)}, "unknown arrays more"),
        ({"q10_threshold": np.zeros((5, 6))}, "q10_threshold holds float64, expected float32"),
        ({"safe_base": np.zeros(2)}, "safe_base is .* expected scale, bias and"),
        ({"safe_base": np.array([1, NAN, 5])}, "safe_base is .* expected scale, bias and"),
        ({"safe_base": np.array([1.0, 0.0, 2.5])}, "2.5], expected scale, .* whole number of"),
        ({"safe_base": np.array([1.0, 0.0, 9.0])}, "'safe' takes 9 features, the card names 5"),
        ({"q90_leaf": np.zeros((6, 4), np.float32)}, r"leaf has shape \(6, 4\), expected \(6, 256"),
        ({"calibration_knot": None}, "there is no array calibration_knot"),
        ({"calibration_offset": np.zeros((4, 2))}, r"offset has shape \(4, 2\), expected \(4, 3\)"),
        ({"calibration_threshold": np.zeros(4, np.float32)}, "holds float32, expected float64"),
    ],
)
def test_arrays_that_do_not_fit(folder: Path, new: dict[str, Any], message: str) -> None:
    """Arrays that are missing, unknown or of another shape or kind are refused by name."""
    change_arrays(folder, **new)
    with pytest.raises(InputError, match=message) as caught:
        Scorer.load(folder)
    assert str(folder / "scorer.npz") in str(caught.value)


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("format", 2, "format is 2, expected 1"),
        ("format", None, "format is None, expected 1"),
        ("colour", "red", "'colour' is unknown"),
        ("arrays_sha256", "abc", "arrays_sha256 is 'abc', expected 64 digits"),
        ("data_sha256", 12, "data_sha256 is 12, expected 64 digits"),
        ("features", {}, "features is dict"),
        ("features", [], "features: there is none"),
        ("features", [3], "feature 0 is int '3', expected an object"),
        ("kinds", "walker", "kinds is str"),
        ("kinds", ["walker", "walker", ""], r"'walker' is there twice[\s\S]*name 2 is ''"),
        ("kinds", ["walker"], "'slow' is no kind"),
        ("metrics", [], "metrics is list"),
        ("metrics", {"all": 3}, "metrics of 'all' are int"),
        ("metrics", {"all": {"brier": "low"}}, "brier is 'low', expected a finite number"),
        ("limits", [], "limits: there is none"),
        ("limits", ["", 3], r"limits: 0 is ''[\s\S]*limits: 1 is 3"),
        ("seed", True, "seed is True, expected a whole number"),
        ("intended_use", "", "intended_use is '', expected text: what it is for"),
        ("command", None, "command is None, expected text"),
    ],
)
def test_card_that_is_wrong(folder: Path, key: str, value: Any, message: str) -> None:
    """A card with a value that is not allowed is refused, the key named."""
    change_card(folder, lambda record: record.update({key: value}))
    with pytest.raises(InputError, match=message) as caught:
        Scorer.load(folder)
    assert str(folder / "scorer.json") in str(caught.value)


@pytest.mark.parametrize(
    "key, value, message",
    [
        ("name", "f1", "'f1' is there twice"),
        ("unit", None, "unit is None, expected text"),
        ("monotone", 2, "monotone is 2, expected -1, 0 or 1"),
        ("monotone", True, "monotone is True, expected -1, 0 or 1"),
        ("low", 3.0, "low and high are 3.0 and 2.0"),
        ("high", NAN, "low and high are -2.0 and nan"),
        ("high", 1e39, r"low and high are -2.0 and 1e\+39"),
        ("low", 10**400, "low and high are 1000"),
        ("missing", "yes", "missing is 'yes', expected true or false"),
        ("colour", "red", "feature 0: 'colour' is unknown"),
    ],
)
def test_feature_that_is_wrong(folder: Path, key: str, value: Any, message: str) -> None:
    """A feature with a value that is not allowed is refused, the key named."""
    change_card(folder, lambda record: record["features"][0].update({key: value}))
    with pytest.raises(InputError, match=message):
        Scorer.load(folder)


def test_all_missing_keys_are_told_together(folder: Path) -> None:
    """A card without three keys is told all three."""

    def cut(record: dict[str, Any]) -> None:
        del record["kinds"], record["seed"], record["metrics"]

    change_card(folder, cut)
    with pytest.raises(InputError, match=r"3 faults[\s\S]*'kinds'[\s\S]*'metrics'[\s\S]*'seed'"):
        Scorer.load(folder)


@pytest.mark.parametrize("text", ["[]", "3", "null", "[" * 100_000, '"\ud800'])
def test_card_that_is_no_object(folder: Path, text: str) -> None:
    """A card that is other JSON, or none, is refused."""
    (folder / "scorer.json").write_bytes(text.encode("utf-8", "surrogatepass"))
    with pytest.raises(InputError, match=r"scorer\.json: (card: is|cannot be read)"):
        Scorer.load(folder)


def test_parts_that_do_not_fit() -> None:
    """Forests and tables that do not fit the card are refused together."""
    rng, scorer = np.random.default_rng(0), drawn_scorer()
    with pytest.raises(
        InputError, match=r"2 faults[\s\S]*'q10' takes 4[\s\S]*has 3 rows, expected 4"
    ):
        Scorer(
            scorer.card,
            scorer.safe,
            drawn_forest(rng, n_features=4),
            scorer.q50,
            scorer.q90,
            Calibration.plain(2),
        )


def test_clipping() -> None:
    """Values outside the training's range, infinite ones too, score as its ends and are counted."""
    scorer = drawn_scorer()
    rows = np.array([[-2.5, 0, 1, 2, 1e300], [-INF, 0, INF, -2, 1], [0, NAN, 1, 1, 1]])
    ends = np.array([[-2.0, 0, 1, 2, 2], [-2, 0, 2, -2, 1], [0, NAN, 1, 1, 1]])
    found, expected = scorer.predict(rows), scorer.predict(ends)
    assert found.p_safe.tolist() == expected.p_safe.tolist()
    assert found.q50.tolist() == expected.q50.tolist()
    assert found.clipped.tolist() == [2, 0, 1, 0, 1]
    assert expected.clipped.tolist() == [0] * 5


def test_kinds() -> None:
    """Each kind has its own table; people of unknown kind have the last one."""
    scorer, rows = drawn_scorer(), drawn_rows(np.random.default_rng(8), 30)
    one_each = scorer.predict(np.repeat(rows, 4, axis=0), np.tile([0, 1, 2, -1], 30))
    for place, kind in enumerate((0, 1, 2, None)):
        alone = scorer.predict(rows, kind)
        assert alone.p_safe.tolist() == one_each.p_safe[place::4].tolist()
        assert alone.q10.tolist() == one_each.q10[place::4].tolist()
        assert alone.is_safe.tolist() == one_each.is_safe[place::4].tolist()
    assert len({scorer.predict(rows, k).p_safe.sum() for k in (0, 1, 2, -1)}) == 4


def test_thresholds() -> None:
    """Advice "safe" is given from the threshold of the kind on, and never where it is inf."""
    card, rng = drawn_card(), np.random.default_rng(9)
    flat = Calibration([[-1, 1]] * 4, [[0, 0]] * 4, np.zeros((4, 3)), [0.5, 0.51, INF, 0.4])
    forest = drawn_forest(rng)
    scorer = Scorer(card, forest, forest, forest, forest, flat)
    scores = scorer.predict(np.zeros((4, 5)), [0, 1, 2, -1])
    assert scores.p_safe.tolist() == [0.5] * 4
    assert scores.is_safe.tolist() == [True, False, False, True]
    assert scorer.thresholds == {"walker": 0.5, "slow": 0.51, "step_free": INF}


def test_plain_calibration_changes_nothing() -> None:
    """Without calibration the odds are those of the forest."""
    rng = np.random.default_rng(10)
    forests = [drawn_forest(rng) for _ in range(4)]
    scorer = Scorer(drawn_card(), *forests, calibration=Calibration.plain(len(KINDS)))
    rows = np.clip(drawn_rows(rng, 40), -2, 2)
    found = scorer.predict(rows, 1)
    np.testing.assert_allclose(found.p_safe, 1 / (1 + np.exp(-forests[0].raw(rows))), rtol=1e-12)
    quantiles = np.sort([forest.raw(rows) for forest in forests[1:]], axis=0)
    np.testing.assert_allclose([found.q10, found.q50, found.q90], quantiles, rtol=1e-12)


def test_unknown_values() -> None:
    """NaN is taken where the card allows it, else refused with the feature's name and row."""
    rows = np.zeros((3, 5))
    rows[1, 2] = rows[2, 2] = rows[2, 4] = NAN
    assert np.isfinite(drawn_scorer().predict(rows).p_safe).all()
    with pytest.raises(InputError, match=r"2 faults[\s\S]*'f2' is NaN in 2 rows, first in row 1"):
        drawn_scorer(missing=False).predict(rows)
    card = drawn_card(missing=False)
    may = [replace(feature, missing=feature.name in ("f2", "f4")) for feature in card.features]
    scorer = drawn_scorer()
    Scorer(
        replace(card, features=tuple(may)),
        scorer.safe,
        scorer.q10,
        scorer.q50,
        scorer.q90,
        scorer.calibration,
    ).predict(rows)


@pytest.mark.parametrize(
    "rows, message",
    [
        (np.zeros((3, 4)), r"shape is \(3, 4\), expected \(n_rows, 5\)"),
        (np.zeros(5), r"shape is \(5,\)"),
        (np.zeros((2, 5), complex), "hold complex128, expected numbers"),
        (np.zeros((2, 5), object), "hold object, expected numbers"),
        ([["a"] * 5], "hold <U1, expected numbers"),
        ([[1, 2, 3, 4, 5], [1, 2]], "rows of different lengths"),
    ],
)
def test_rows_that_are_wrong(rows: Any, message: str) -> None:
    """Rows that are not numbers, or not as many as the card names, are refused."""
    with pytest.raises(InputError, match=message):
        drawn_scorer().predict(rows)


@pytest.mark.parametrize(
    "kind, message",
    [
        ([0, 1], r"shape is \(2,\), expected one or \(4,\)"),
        ([0.0, 1.0, 1.0, 0.0], "holds float64, expected whole numbers"),
        ([0, 3, -2, 1], r"2 faults[\s\S]*row 1: is 3, expected -1 to 2[\s\S]*row 2: is -2"),
        (3, r"4 faults[\s\S]*row 0: is 3"),
        ("slow", "holds <U4"),
    ],
)
def test_kinds_that_are_wrong(kind: Any, message: str) -> None:
    """Kinds that the card does not name are refused, the rows named."""
    with pytest.raises(InputError, match=message):
        drawn_scorer().predict(np.zeros((4, 5)), kind)


def test_rows_of_any_kind_of_number() -> None:
    """Whole numbers, doubles, lists and matrices in another order score alike."""
    scorer = drawn_scorer()
    rows = np.random.default_rng(11).integers(-2, 3, (20, 5))
    expected = scorer.predict(rows.astype(np.float32)).p_safe.tolist()
    for given in (rows, rows.astype(float), rows.tolist(), np.asfortranarray(rows, np.float32)):
        assert scorer.predict(given).p_safe.tolist() == expected
    assert len(scorer.predict(np.zeros((0, 5)))) == 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"feature": [[0, 5]]}, "tree 0: feature 1 is 5, expected 0 to 4"),
        ({"feature": [[0, -1]]}, "feature 1 is -1"),
        ({"feature": [[0, 2**40]]}, "no 32-bit integers"),
        ({"feature": [[0, 0.5]]}, "no 32-bit integers"),
        ({"feature": [0, 1]}, r"feature has shape \(2,\)"),
        (
            {"feature": np.zeros((1, 9))},
            r"feature has shape \(1, 9\), expected \(n_trees, 1 to 8\)",
        ),
        ({"threshold": [[0, NAN]]}, "threshold 1 is nan, expected a number"),
        ({"threshold": [[0]]}, r"threshold has shape \(1, 1\), expected \(1, 2\)"),
        ({"leaf": [[0, INF, 1, 1e39]]}, r"2 faults[\s\S]*leaf 1 is inf[\s\S]*leaf 3 is inf"),
        ({"leaf": [[0, 1]]}, r"leaf has shape \(1, 2\), expected \(1, 4\)"),
        ({"scale": NAN, "bias": INF}, r"2 faults[\s\S]*scale is nan[\s\S]*bias is inf"),
        ({"n_features": 0}, "n_features is 0, expected at least 1"),
    ],
)
def test_forest_that_is_wrong(change: dict[str, Any], message: str) -> None:
    """Trees that cannot be, or would read beside the rows, are refused."""
    good = {"feature": [[0, 4]], "threshold": [[0, 1]], "leaf": [[0, 1, 2, 3]]}
    values = {**good, "scale": 1.0, "bias": 0.0, "n_features": 5, **change}
    with pytest.raises(InputError, match=message):
        Forest(**values)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"knot": [[0, 0]] * 2}, r"2 faults[\s\S]*row 0: knot is .* expected finite numbers, asc"),
        ({"knot": [[0, INF]] * 2}, "row 1: knot is"),
        ({"knot": [[0], [1]]}, r"knot has shape \(2, 1\)"),
        ({"logit": [[1, 0], [0, 1]]}, "row 0: logit is .* never falling"),
        ({"logit": [[0, 60], [0, 1]]}, "row 0: logit is .* expected -50 to 50"),
        ({"logit": [[0, NAN], [0, 1]]}, "row 0: logit is"),
        ({"offset": [[0, 0, NAN], [0, 0, 0]]}, "row 0: offset is"),
        ({"threshold": [0.9, 0.0]}, "row 1: threshold is"),
        ({"threshold": [0.9, NAN]}, "row 1: threshold is"),
    ],
)
def test_calibration_that_is_wrong(change: dict[str, Any], message: str) -> None:
    """Tables that would turn odds round or make them NaN are refused."""
    good = {"knot": [[0, 1]] * 2, "logit": [[0, 1]] * 2, "offset": np.zeros((2, 3))}
    with pytest.raises(InputError, match=message):
        Calibration(**{**good, "threshold": [0.9, 0.9], **change})


def test_nothing_given_can_be_changed_afterwards() -> None:
    """Forests and tables hold copies that nobody can write to."""
    leaf = np.zeros((1, 2), np.float32)
    forest = Forest([[0]], [[0.0]], leaf, 1.0, 0.0, 1)
    leaf[:] = 9
    assert forest.raw([[1.0]]).tolist() == [0.0]
    with pytest.raises(ValueError, match="read-only"):
        forest.leaf[:] = 1
    with pytest.raises(ValueError, match="read-only"):
        drawn_calibration(np.random.default_rng(0)).knot[:] = 1


def test_card_of_python_objects_is_checked_too() -> None:
    """A card made by hand is checked as one that is read."""
    with pytest.raises(InputError, match="monotone is 5"):
        replace(drawn_card(), features=(Feature("a", "m", 5, 0.0, 1.0, True),))
    assert Card.from_dict(drawn_card().to_dict()) == drawn_card()
