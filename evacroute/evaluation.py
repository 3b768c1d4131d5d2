"""`evaluate`: how a fixed plan fares in scenarios that it was not made for."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evacroute.assignment import Progress
from evacroute.errors import Faults, InputError
from evacroute.hazards import Hazard, as_hazards
from evacroute.metrics import times
from evacroute.network import KINDS
from evacroute.people import People
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.timetable import LATE, SAFE, STUCK, Played, Timetable
from evacroute.writing import atomic_folder, plain, write_table

FILES = ("scenarios.csv", "classes.csv", "odds.csv.gz", "at_risk.csv.gz", "blocking.csv")
"""What `Evaluation.to_csv` writes."""

FIGURES = ("safe", "stuck", "late", "left", "mean_s", "p95_s", "clearance_s")

Hazards = Hazard | Sequence[Hazard] | None
"""What happens in one scenario: one hazard, several at once, or none."""

SHOWN = 12


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Evaluation:
    """How a plan fares in each of several scenarios; printing it shows tables.

    Parameters
    ----------
    table
        One row a scenario: scenario, probability, safe (persons in a shelter by the deadline),
        stuck (stopped before a closed link, or in a shelter that gets hot), late, left (without a
        place in the plan), mean_s, p95_s (ready to safe) and clearance_s of those safe, NaN where
        nobody is.
    by_class
        One row a scenario and class with people: scenario, class_id, persons, safe, share.
    odds
        One row a movement: movement_id, group_id, class_id, size, shelter_id, odds (probability of
        being safe by the deadline).
    at_risk
        One row a movement and scenario in which it is not safe: scenario, movement_id, group_id,
        class_id, size, outcome ("stuck" or "late").
    blocking
        Links that stop people, most first: link_id, name, kind, persons (expected), scenarios (in
        how many).

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> found = er.evaluate(plan, hazards={"as planned": None, "tide": er.Flood(tide=1.30)})
    >>> found.table["scenario"].tolist(), found.worst["scenario"]
    (['as planned', 'tide'], 'tide')
    >>> bool(found.expected["safe"] <= plan.safe)
    True
    """

    table: pd.DataFrame
    by_class: pd.DataFrame
    odds: pd.DataFrame
    at_risk: pd.DataFrame
    blocking: pd.DataFrame

    def __len__(self) -> int:
        return len(self.table)

    @property
    def expected(self) -> dict[str, float]:
        """Figures of the table, weighted by probability.

        mean_s is over all who are safe in any scenario; p95_s and clearance_s are means over the
        scenarios in which somebody is.
        """
        weight = self.table["probability"].to_numpy()
        found = {name: float(weight @ self.table[name]) for name in FIGURES[:4]}
        for name in FIGURES[4:]:
            value = self.table[name].to_numpy()
            counts = weight * self.table["safe"].to_numpy() if name == "mean_s" else weight
            counts = np.where(np.isnan(value), 0.0, counts)
            total = counts.sum()
            found[name] = float(counts @ np.nan_to_num(value) / total) if total else math.nan
        return found

    @property
    def worst(self) -> dict[str, Any]:
        """Row of the scenario with the fewest people safe, the slowest of several."""
        safe, mean = self.table["safe"].to_numpy(), self.table["mean_s"].to_numpy()
        slowest = -np.nan_to_num(mean, nan=np.inf)
        row = self.table.iloc[int(np.lexsort((slowest, safe))[0])].to_dict()
        return {str(name): value for name, value in row.items()}

    def to_csv(self, folder: str | Path) -> None:
        """Write the tables: ``scenarios.csv``, ``classes.csv``, ``odds.csv.gz``, and so on.

        Parameters
        ----------
        folder
            Where. An older folder of such tables there is replaced; anything else is refused.

        Raises
        ------
        InputError
            If the folder holds anything else, or cannot be written.
        """
        with atomic_folder(folder, marker=FILES[0], contents=FILES) as new:
            frames = (self.table, self.by_class, self.odds, self.at_risk, self.blocking)
            for name, frame in zip(FILES, frames, strict=True):
                write_table(frame, new / name)

    def to_dict(self) -> dict[str, Any]:
        """Give the figures by scenario, expected and worst as plain types, for JSON.

        Returns
        -------
        dict
            Under ``scenarios``, ``expected`` and ``worst``.
        """
        record = {
            "scenarios": self.table.to_dict("records"),
            "expected": self.expected,
            "worst": self.worst,
        }
        return dict(plain(record))

    def __str__(self) -> str:
        n = len(self)
        rows: list[tuple[str, dict[str, Any]]] = [("expected", self.expected)]
        rows.append((f"worst ({self.worst['scenario']})", self.worst))
        fewest = self.table.sort_values("safe", kind="stable").index[:SHOWN]
        for record in self.table.loc[sorted(fewest)].to_dict("records"):
            rows.append((str(record["scenario"]), {str(k): v for k, v in record.items()}))
        width = max(len(name) for name, _ in [("scenario", {}), *rows])
        lines = [f"{'scenario':<{width}} {'safe':>9} {'stuck':>9} {'late':>9} {'left':>7} "]
        lines[0] += f"{'mean':>7} {'p95':>7} {'last in':>8}  [min]"
        for name, row in rows:
            counts = f"{row['safe']:>9,.0f} {row['stuck']:>9,.0f} {row['late']:>9,.0f}"
            figures = f"{row['left']:>7,.0f} {minutes(row['mean_s']):>7} {minutes(row['p95_s']):>7}"
            lines.append(f"{name:<{width}} {counts} {figures} {minutes(row['clearance_s']):>8}")
        if n > SHOWN:
            lines.append(f"({n} scenarios; shown are those with the fewest people safe)")
        lines += self._classes() + self._blocking()
        return "\n".join(lines)

    __repr__ = __str__

    def _classes(self) -> list[str]:
        weight = dict(zip(self.table["scenario"], self.table["probability"], strict=True))
        frame = self.by_class.assign(expected=lambda f: f["share"] * f["scenario"].map(weight))
        grouped = frame.groupby("class_id", sort=False)
        lines = ["", "share safe by class (expected, worst)"]
        for name, part in grouped:
            lines.append(f"{part['expected'].sum():>10.1%} {part['share'].min():>8.1%}  {name}")
        return lines

    def _blocking(self) -> list[str]:
        if self.blocking.empty:
            return []
        lines = ["", "links that stop most people (expected persons)"]
        for row in self.blocking.head(5).to_dict("records"):
            name = row["name"] or row["kind"]
            lines.append(
                f"{row['persons']:>10,.1f}  {name} (link {row['link_id']}), "
                f"in {row['scenarios']} of {len(self)} scenarios"
            )
        return lines


def evaluate(
    plan: Plan,
    scenarios: Sequence[Scenario] | Mapping[str, Scenario] | None = None,
    *,
    hazards: Sequence[Hazards] | Mapping[str, Hazards] | None = None,
    probabilities: ArrayLike | None = None,
    progress: Progress | None = None,
) -> Evaluation:
    """Play a plan, its ways and times as they are, in scenarios that it may not have been made for.

    Nobody is planned anew. Everyone keeps to their way and is nowhere before the plan's time.
    Slower links make all that follows later; planned waits are shortened first. Whoever would be
    inside a link while it is closed stops before it, for good, on the walk from where they stand to
    their node too; so does whoever misses a boat, or whose boat does not run. Nobody is safe in a
    shelter whose door a fire makes hot before the deadline: they count as stuck. Whoever arrives
    after the deadline is late. Streets and doors take everybody who comes: queues that delays bring
    about are not reckoned with.

    Parameters
    ----------
    plan
        The plan.
    scenarios
        Scenarios with the plan's network, groups, classes and shelters; a mapping gives them names.
    hazards
        Instead of scenarios: what happens to the plan's own scenario, in place of its hazard; each
        a hazard, several at once, or None.
    probabilities
        Weights of the scenarios, in their order; equal by default.
    progress
        Called with the stage and the share of it that is done (0..1).

    Returns
    -------
    Evaluation
        Who gets through in each, on the whole and in the worst case; what stops people.

    Raises
    ------
    InputError
        If there is no scenario, one does not fit the plan, or a probability is negative.

    Notes
    -----
    In the scenario of the plan itself every movement takes exactly the plan's times. In a scenario
    in which every link is at all times at least as fast as in the plan's own, and none closed that
    is open there, nobody is ever later than planned, so that whoever the plan brings in is safe.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=300))
    >>> closed = er.LinkTimes([0], [-1], [0.0], [float("inf")], [0.0])
    >>> result = er.evaluate(plan, hazards={"as planned": None, "a street closed": closed})
    >>> bool(result.table["safe"][0] == plan.safe >= result.table["safe"][1])
    True
    """
    names, cases = _cases(plan, scenarios, hazards)
    weight = shares(probabilities, len(cases))
    timetable = Timetable(plan.scenario, plan.movements, plan.step_s)

    def played() -> Iterator[Played]:
        for i, one in enumerate(cases):
            if progress is not None:
                progress("playing the plan", i / len(cases))
            if isinstance(one, Scenario):
                case = one.gathered_as(plan.scenario)
            else:
                case = plan.scenario.with_hazard(one)
            yield timetable.play(case)

    return _sum_up(plan, names, weight, played())


def shares(probabilities: ArrayLike | None, n: int) -> NDArray[np.float64]:
    """Give weights that add up to 1.

    Raises
    ------
    InputError
        If there are not `n`, one is negative or no number, or all are 0.
    """
    weight = np.ones(n) if probabilities is None else np.asarray(probabilities, np.float64)
    if weight.shape != (n,):
        raise InputError(f"probabilities: there are {weight.size}, expected one a scenario, {n}")
    if not (np.isfinite(weight).all() and (weight >= 0).all() and weight.sum() > 0):
        raise InputError(f"probabilities are {weight.tolist()}, expected >= 0, not all of them 0")
    total = float(weight.sum())
    # Shares that add up to 1 stay as they were given: 0.7 is no 0.7000000000000001.
    return np.asarray(weight if abs(total - 1) < 1e-12 else weight / total)


def figures(plan: Plan, played: Played) -> dict[str, Any]:
    """Count who is safe, stuck, late and left, and take the times of those safe."""
    size = plan.movements.size
    safe = played.state == SAFE
    taken = times(plan.ready[safe], played.end[safe], size[safe])
    return {
        "safe": taken.placed,
        "stuck": int(size[played.state == STUCK].sum()),
        "late": int(size[played.state == LATE].sum()),
        "left": plan.left,
        "mean_s": taken.mean,
        "p95_s": taken.p95,
        "clearance_s": taken.clearance,
    }


def unlike(scenario: Scenario, other: Scenario) -> list[str]:
    """Name the parts in which two scenarios differ, hazards and deadline aside."""
    pairs: dict[str, tuple[Any, Any]] = {
        "network": (scenario.network, other.network),
        "groups": (scenario.gathered, other.gathered),
        "classes": (scenario.group_classes, other.group_classes),
        "shelters": (scenario.all_shelters, other.all_shelters),
    }
    if isinstance(scenario.people, People) and isinstance(other.people, People):
        # Groups of the same persons may be others by the hazards: see `Scenario.gathered_as`.
        pairs["groups"] = (scenario.people, other.people)
    # Most are the very same; comparing ids takes longer than playing the plan.
    return [name for name, (a, b) in pairs.items() if a is not b and not a.equals(b)]


def _cases(
    plan: Plan,
    scenarios: Sequence[Scenario] | Mapping[str, Scenario] | None,
    hazards: Sequence[Hazards] | Mapping[str, Hazards] | None,
) -> tuple[list[str], list[Scenario | Hazards]]:
    """Name the scenarios, and check that they fit the plan."""
    if (scenarios is None) == (hazards is None):
        raise InputError("evaluate takes either scenarios or hazards=")
    given: Any = scenarios if hazards is None else hazards
    if isinstance(given, Scenario | Hazard):
        given = [given]
    names = [str(name) for name in given] if isinstance(given, Mapping) else None
    several: list[Any] = list(given.values() if isinstance(given, Mapping) else given)
    if not several:
        raise InputError("there is no scenario to evaluate the plan in")
    if names is None:
        names = [str(i) for i in range(len(several))]
    if hazards is not None:
        if any(isinstance(one, Scenario) for one in several):
            raise InputError("hazards= holds a scenario; give scenarios without hazards=")
        # Before anything is played, so that a wrong one costs no time.
        for one in several:
            as_hazards(one)
        return names, several
    faults = Faults("scenarios")
    for name, one in zip(names, several, strict=True):
        if not isinstance(one, Scenario):
            faults.add(f"scenario {name} is {one!r}, expected a Scenario (or give hazards=)")
        elif parts := unlike(plan.scenario, one):
            faults.add(
                f"scenario {name}: {', '.join(parts)} not as in the plan's scenario; give the "
                "hazards alone, hazards=[...], or make all scenarios of the same parts"
            )
    faults.raise_if_any()
    return names, several


def _sum_up(
    plan: Plan, names: list[str], weight: NDArray[np.float64], found: Iterator[Played]
) -> Evaluation:
    scenario, moves = plan.scenario, plan.movements
    groups, ids = scenario.groups, scenario.group_classes.class_id
    class_of_movement = groups.class_[moves.group]
    persons = np.bincount(groups.class_, weights=groups.size, minlength=len(ids)).astype(np.int64)
    there = np.flatnonzero(persons)
    rows, parts, risks = [], [], []
    frame = plan.movements_frame()[["movement_id", "group_id", "class_id", "size", "shelter_id"]]
    odds = np.zeros(len(moves))
    stopped = np.zeros((2, scenario.network.n_links))
    for name, share, played in zip(names, weight, found, strict=True):
        rows.append({"scenario": name, "probability": share, **figures(plan, played)})
        through = played.state == SAFE
        odds += share * through
        risks.append(_at_risk(name, frame, played))
        safe = np.bincount(class_of_movement, moves.size * through, len(ids)).astype(np.int64)
        parts.append(
            pd.DataFrame(
                {
                    "scenario": name,
                    "class_id": ids[there],
                    "persons": persons[there],
                    "safe": safe[there],
                    "share": safe[there] / persons[there],
                }
            )
        )
        stuck = np.flatnonzero(played.stop >= 0)
        link, size = moves.leg_link[played.stop[stuck]], moves.size[stuck]
        held = np.flatnonzero(played.held >= 0)
        link, size = np.append(link, played.held[held]), np.append(size, moves.size[held])
        stopped[0] += share * np.bincount(link, size, scenario.network.n_links)
        stopped[1] += np.bincount(link, minlength=scenario.network.n_links) > 0
    return Evaluation(
        table=pd.DataFrame(rows),
        by_class=pd.concat(parts, ignore_index=True),
        # The shares add up to 1 but for the last digits.
        odds=frame.assign(odds=np.round(np.minimum(odds, 1.0), 12)),
        at_risk=pd.concat(risks, ignore_index=True),
        blocking=_blocking(scenario, *stopped),
    )


def _at_risk(name: str, movements: pd.DataFrame, played: Played) -> pd.DataFrame:
    """List the movements that are not safe in a scenario."""
    some = np.flatnonzero(played.state != SAFE)
    found = movements.iloc[some].drop(columns="shelter_id")
    found.insert(0, "scenario", np.full(len(some), name, dtype=object))
    outcome = np.where(played.state[some] == STUCK, "stuck", "late").astype(object)
    return found.assign(outcome=outcome)


def _blocking(
    scenario: Scenario, persons: NDArray[np.float64], times_met: NDArray[np.float64]
) -> pd.DataFrame:
    network = scenario.network
    some = np.flatnonzero(times_met)
    link = some[np.lexsort((some, -persons[some]))]
    return pd.DataFrame(
        {
            "link_id": network.link_id[link],
            "name": network.name[link],
            "kind": np.array(KINDS, dtype=object)[network.kind[link]],
            "persons": persons[link],
            "scenarios": times_met[link].astype(np.int64),
        }
    )


def minutes(value: float) -> str:
    """Give seconds as minutes, "-" where unknown."""
    return "-" if math.isnan(value) else f"{value / 60:.2f}"
