"""Write docs/model_card.md from the scorer that ships and its evaluation::

    python docs/model_card.py              # from data/scorer
    python docs/model_card.py trained/     # from a training folder, whose files are copied there

The page is made of the files alone, so that nobody can write a figure into it by hand.
"""

from __future__ import annotations

import argparse
import json
import shutil
from pathlib import Path
from typing import Any

from evacroute.scoring.scorer import Scorer
from evacroute.training.reporting import rounds_table, settled, table, targets_table
from evacroute.training.train import DATA_CARD, EVALUATION, read_evaluation

ROOT = Path(__file__).resolve().parents[1]
SHIPPED = ROOT / "data" / "scorer"
FILES = ("scorer.npz", "scorer.json", EVALUATION, DATA_CARD)


def page(folder: Path) -> str:
    """The page, from the files of a folder."""
    scorer = Scorer.load(folder)
    card = scorer.card
    data: dict[str, Any] = json.loads((folder / DATA_CARD).read_text(encoding="utf-8"))
    figures = read_evaluation(folder)
    lines = [
        "# Model card of the scorer",
        "",
        "Written by `python docs/model_card.py` from `data/scorer/`; see "
        "[the scorer](scorer.md) for what the words mean.",
        "",
        "## What it is",
        "",
        "- " + card.intended_use[0].upper() + card.intended_use[1:] + ".",
        f"- Says the odds of arriving by the deadline, and the 10, 50 and 90 % quantiles of "
        f"`{card.target}`.",
        f"- Calibration: {card.calibrator}.",
        f"- Made by `{card.command}` with evacroute {card.library}, seed {card.seed}.",
        f"- {sum((folder / name).stat().st_size for name in FILES[:2]) / 1000:,.0f} kB.",
        "",
        "## Not for",
        "",
        *[f"- {limit[0].upper()}{limit[1:]}." for limit in card.limits],
        "",
        "## Trained on",
        "",
        f"{data['scenarios']:,} scenarios with {data['people']:,} people in all, of which "
        f"{data['trips']:,} trips were kept, {figures['learned_from']:,} of them to learn from "
        f"(hash of all trips `{data['trips_sha256'][:16]}...`).",
        "",
        _counts("worlds", data["worlds"]),
        _counts("hazards", data["hazards"]),
        _counts("methods of planning", data["methods"]),
        "",
        f"Worlds that nothing was learned from: {', '.join(data['worlds_unseen'])}.",
        "",
        "## How good it is",
        "",
        "On trips that it never saw; in brackets 95 % intervals over scenarios. *Formula* is slack "
        "in empty streets and queues through a logistic curve, fitted and calibrated on the same "
        "trips. *Less* is how much lower the Brier score is than the formula's. *Missed* are those "
        "of the advised who were late. Scenarios count by the trips that are kept of them (160 of "
        "a source at most), not by their people. Intervals are judged on trips that could have "
        "arrived before the run ended.",
        "",
        table(figures),
        "",
        "## Plans made with it",
        "",
        "Plans of the first round know nothing of odds. Those of later ones were made with odds "
        "in their cost, by a scorer that had learned from the rounds before it. How good that "
        "scorer was on the people of its own plans, and how good the one that ships is on the "
        "same, on scenarios and networks that neither has seen:",
        "",
        rounds_table(figures),
        "",
        settled(figures),
        "",
        "## Against what was asked for",
        "",
        targets_table(figures),
        "",
        "## Advised as safe from",
        "",
        "| kind | odds |",
        "|---|---|",
        *[f"| {kind} | {odds:.3f} |" for kind, odds in scorer.thresholds.items()],
        "",
        "## Columns",
        "",
        "| column | unit | effect on the odds | least | most |",
        "|---|---|---|---|---|",
        *[
            f"| `{one.name}` | {one.unit} | {_effect(one.monotone)} | {one.low:.4g} | "
            f"{one.high:.4g} |"
            for one in card.features
        ],
        "",
    ]
    return "\n".join(lines)


def _effect(monotone: int) -> str:
    return {1: "never lowers", -1: "never raises", 0: ""}[monotone]


def _counts(what: str, count: dict[str, int]) -> str:
    return f"- {what}: " + ", ".join(f"{name} {n:,}" for name, n in count.items())


def main() -> None:
    """Write the page."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("::")[0])
    parser.add_argument("folder", nargs="?", type=Path, help="a training folder to ship from")
    folder = parser.parse_args().folder
    if folder is not None:
        SHIPPED.mkdir(parents=True, exist_ok=True)
        for name in FILES:
            shutil.copyfile(folder / name, SHIPPED / name)
    (ROOT / "docs" / "model_card.md").write_text(page(SHIPPED), encoding="utf-8")


if __name__ == "__main__":
    main()
