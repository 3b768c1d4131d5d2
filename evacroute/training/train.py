"""`train`: scenarios, trips, forests and their judgement, in a folder to be gone on with."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import Executor
from dataclasses import dataclass, replace
from importlib import metadata
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from evacroute.assignment import Progress
from evacroute.errors import InputError, MissingExtraError
from evacroute.scoring.scorer import CARD_FILE, Scorer
from evacroute.training.evaluating import Formula, evaluate, judge_round
from evacroute.training.fitting import TREES, fit
from evacroute.training.gathering import (
    code_hash,
    gather,
    open_folder,
    read_gathered,
    read_head,
    round_ends,
)
from evacroute.training.own_worlds import is_own, named_worlds, short_name
from evacroute.training.reporting import is_number, text
from evacroute.training.splits import Splits, split
from evacroute.training.trips import Labelled
from evacroute.training.worlds import TRAINING, UNSEEN, world
from evacroute.writing import atomic_path, write_json

EVALUATION, DATA_CARD = "evaluation.json", "data_card.json"

MOST_TREES = 10_000
MADE_WITH = ("catboost", "jupedsim-network", "numba", "numpy", "scipy")
"""Packages on which the files depend."""

ROUNDS = 3
"""Rounds of planning, playing and learning."""

ON_CARD = ("unseen networks", "planned")
"""Set and source whose figures the card carries."""

ON_OWN_CARD = ("held-out scenarios", "planned")
"""The same of a scorer for one's own city, which is to be good there."""

METRICS = (
    "safe",
    "brier",
    "brier_baseline",
    "brier_less",
    "calibration_error",
    "covered",
    "missed",
)


@dataclass(frozen=True, slots=True)
class Trained:
    """What training made: the scorer, and its figures on trips that it never saw.

    Parameters
    ----------
    folder
        Where everything is.
    scorer
        The scorer.
    evaluation
        As `evaluating.evaluate` gives it.
    """

    folder: Path
    scorer: Scorer
    evaluation: dict[str, Any]

    def __str__(self) -> str:
        return text(self.evaluation)


def train(
    folder: str | Path,
    scenarios: int = 2100,
    *,
    seed: int = 0,
    rounds: int = ROUNDS,
    trees: int = TREES,
    worlds: Sequence[str | Path] = TRAINING,
    executor: str | Executor | None = None,
    workers: int | None = None,
    progress: Progress | None = None,
) -> Trained:
    """Train a scorer; trips that are there already are not made again.

    In the first round plans are made by time alone. A scorer is trained on what came of them, and
    in the next round, on other scenarios, its odds are in the cost of the plans; and so on.
    The scorer in the end has learned from all rounds.

    Parameters
    ----------
    folder
        Where trips, models, scorer, data card and evaluation go; scorers of earlier rounds go to
        ``rounds/``.
    scenarios
        Number of scenarios that are drawn, planned and played, over all rounds.
    seed
        The same seed and numbers give the same scorer.
    rounds
        Number of rounds.
    trees
        Trees to a forest.
    worlds
        Cities to learn from: instance folders, of which streets and shelters are taken, or names of
        `TRAINING`. One scenario in five is of an unseen made-up city all the same, to judge by.
    executor, workers
        How scenarios are worked through, see `gathering.gather`.
    progress
        Called with the stage and the share of it that is done (0..1).

    Raises
    ------
    InputError
        If the folder holds something else, scenarios cannot be drawn on a world, or too little came
        of the scenarios.
    MissingExtraError
        If catboost or jupedsim-network is not installed.
    """
    ends = round_ends(scenarios, rounds)
    # Needed last, and to be told before hours of playing.
    if find_spec("catboost") is None:
        raise MissingExtraError("catboost", "train,bench", "training a scorer")
    if not isinstance(trees, int) or isinstance(trees, bool) or not 1 <= trees <= MOST_TREES:
        raise InputError(f"trees is {trees!r}, expected a whole number from 1 to {MOST_TREES}")
    if not isinstance(seed, int) or isinstance(seed, bool) or seed < 0:
        raise InputError(f"seed is {seed!r}, expected a whole number, 0 or more")
    names = named_worlds(worlds, TRAINING)
    own = [short_name(name) for name in names if is_own(name)]
    for name in names:
        if is_own(name):
            world(name)  # At once, and not in the first draw of it.
    root = open_folder(folder, seed, ends, trees, names)
    command = (
        f"evacroute train --scenarios {scenarios} --rounds {rounds} --seed {seed} --trees {trees}"
    )
    if names != TRAINING:
        command += "".join(f" --world {short_name(name)}" for name in names)
    cities = f"scenarios of {', '.join(own)}" if own else "made-up cities"
    begin, by = 0, None
    for number, end in enumerate(ends):
        gather(
            root, range(begin, end), seed=seed, scorer=by, worlds=names, executor=executor,
            workers=workers, progress=told(progress, number),
        )  # fmt: skip
        if number < rounds - 1:
            by = str(
                _interim(root, number, end, seed, trees, command, cities, told(progress, number))
            )
        begin = end
    trips, heads, digest = read_gathered(root)
    splits = split(trips)
    with atomic_path(root / DATA_CARD) as path:
        write_json(_data_card(heads, digest, seed, ends, names), path)
    scorer = fit(
        trips, splits, data_sha256=digest, seed=seed, trees=trees, command=command,
        cities=cities, models=root, progress=progress,
    )  # fmt: skip
    if progress is not None:
        progress("judging", 0.0)
    found = _judged(root, scorer, trips, splits)
    scorer = replace(scorer, card=replace(scorer.card, metrics=_on_card(found, bool(own))))
    scorer.save(root)
    with atomic_path(root / EVALUATION) as path:
        write_json(found, path)
    return Trained(root, scorer, found)


def judge(folder: str | Path, *, progress: Progress | None = None) -> Trained:
    """Judge the scorer of a training folder on its trips anew.

    Raises
    ------
    InputError
        If the folder is none of `train`, or its scorer was trained on other trips.
    """
    root = Path(folder)
    trips, _, digest = read_gathered(root)
    scorer = Scorer.load(root)
    if scorer.card.data_sha256 != digest:
        raise InputError(
            f"{root}: the scorer was trained on trips of hash {scorer.card.data_sha256[:12]}..., "
            f"but the trips there have {digest[:12]}...; train it again"
        )
    if progress is not None:
        progress("judging", 0.0)
    found = _judged(root, scorer, trips, split(trips))
    with atomic_path(root / EVALUATION) as path:
        write_json(found, path)
    return Trained(root, scorer, found)


def _interim(
    root: Path, number: int, end: int, seed: int, trees: int, command: str, cities: str,
    progress: Progress | None,
) -> Path:  # fmt: skip
    """Train the scorer that plans the next round, on all draws before `end`."""
    folder = _round_folder(root, number)
    trips, _, digest = read_gathered(root, end)
    if _fits(folder, digest):
        return folder
    scorer = fit(
        trips, split(trips), data_sha256=digest, seed=seed, trees=trees,
        command=f"{command} (round {number + 1})", cities=cities, progress=progress,
    )  # fmt: skip
    scorer.save(folder)
    return folder


def _fits(folder: Path, digest: str) -> bool:
    """Whether a whole scorer of the same trips is there."""
    try:
        return Scorer.load(folder).card.data_sha256 == digest
    except InputError:
        return False


def _round_folder(root: Path, number: int) -> Path:
    return root / "rounds" / f"{number + 1:02d}"


def _judged(root: Path, scorer: Scorer, trips: Labelled, splits: Splits) -> dict[str, Any]:
    """Judge a scorer; and on plans of each round, also the one that had seen none of that round."""
    seed = scorer.card.seed
    formula = Formula.fitted(trips, splits, seed)
    found = evaluate(scorer, trips, splits, seed=seed, formula=formula)
    begin, before, rounds = 0, None, []
    for number, end in enumerate(read_head(root)["rounds"]):
        drawn = (trips.draw >= begin) & (trips.draw < end)
        rounds.append(
            {"round": number + 1, "scenarios": end - begin}
            | judge_round(before, scorer, trips, splits, drawn, formula)
        )
        folder = _round_folder(root, number)
        begin, before = end, Scorer.load(folder) if (folder / CARD_FILE).exists() else None
    return found | {"rounds": rounds}


def told(progress: Progress | None, number: int) -> Progress | None:
    """Tell of progress with the number of the round."""
    if progress is None:
        return None
    return lambda stage, share: progress(f"round {number + 1}: {stage}", share)


def _on_card(found: dict[str, Any], own: bool = False) -> dict[str, dict[str, float | None]]:
    """Figures for the card: of unseen networks or the own city; None = of nobody."""
    for one in found["sets"]:
        if (one["set"], one["source"]) == (ON_OWN_CARD if own else ON_CARD):
            kinds = {"all": one} | one["by_kind"]
            return {
                kind: {m: v if is_number(v := figures[m]["value"]) else None for m in METRICS}
                for kind, figures in kinds.items()
            }
    return {}


def _data_card(
    heads: list[dict[str, Any]], digest: str, seed: int, ends: list[int], worlds: tuple[str, ...]
) -> dict[str, Any]:
    """Tell what the trips were made of."""
    draws = [head["draw"] for head in heads]
    return {
        "scenarios": len(heads),
        "seed": seed,
        "rounds_end_with": ends,
        "code_sha256": code_hash(),
        "versions": {name: metadata.version(name) for name in MADE_WITH},
        "trips": sum(head["trips"] for head in heads),
        "trips_sha256": digest,
        "worlds": dict(sorted(Counter(short_name(one["world"]) for one in draws).items())),
        "worlds_to_learn_from": [short_name(name) for name in worlds],
        "worlds_unseen": list(UNSEEN),
        "hazards": dict(sorted(Counter(one["hazard"] for one in draws).items())),
        "methods": dict(sorted(Counter(one["method"] for one in draws).items())),
        "people": sum(one["people"] for one in draws),
        "faults": {str(head["index"]): head["fault"] for head in heads if head["fault"]},
    }


def read_evaluation(folder: str | Path) -> dict[str, Any]:
    """Read the figures of a training folder.

    Raises
    ------
    InputError
        If there are none.
    """
    path = Path(folder) / EVALUATION
    try:
        record: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise InputError(f"{path}: cannot be read: {error}") from error
    return record
