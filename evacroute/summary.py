"""The figures of a plan, as a table a person can read and a record for JSON."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from evacroute._changes import boat_figures, hazard_figures
from evacroute.writing import plain

if TYPE_CHECKING:
    from evacroute.plan import Plan

SHOWN = 5


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class PlanSummary:
    """What a plan achieves; printing it shows a table.

    Parameters
    ----------
    status
        complete, partial or empty.
    method
        Name of the method.
    cost
        Cost of the plan [person-seconds from ready to safe], over the people placed.
    weighted_cost, bound
        The cost with the time of each class weighted as the method did, and its proven least;
        bound is None where none was proven.
    gap
        (weighted_cost - bound) / bound.
    placed, left
        Persons with and without a shelter.
    safe
        Persons in a shelter by the deadline.
    mean, p95
        From ready to safe [s], None where nobody is placed.
    clearance
        Last arrival [s after the alarm].
    by_class
        class_id -> persons, placed, left, mean, p95, clearance.
    odds
        expected_safe (sum of the odds of the persons placed), scored, doubtful (persons whose odds
        are below the threshold of their kind), and by_class: class_id -> the same; None where no
        scorer was asked.
    left_by_reason
        Reason -> persons, most first.
    seconds
        How long it took: load, assign, export, total.
    step_s, deadline_s
        Time step and deadline [s].
    settings, seed
        What the method was given.
    hazards
        changing_links, closed_links (at some time to somebody), closed_to_all_links,
        always_closed_links, always_closed_to_all_links (until the deadline), slower_links,
        modelled_heights (share of the ground, None where no flood says so), hot_shelters (names);
        None without hazards.
    boats
        rides, trips, trips_used, persons_aboard, step_free_aboard; None without boats.
    links, shelters
        The tightest links and all shelters, as `Plan.tightest_links` and `Plan.shelters_frame`
        give them; not in `to_dict`.
    """

    status: str
    method: str
    cost: float
    weighted_cost: float
    bound: float | None
    gap: float | None
    placed: int
    left: int
    safe: int
    mean: float | None
    p95: float | None
    clearance: float | None
    by_class: dict[str, dict[str, Any]]
    odds: dict[str, Any] | None
    left_by_reason: dict[str, int]
    seconds: dict[str, float]
    step_s: float
    deadline_s: float
    settings: dict[str, Any]
    seed: int
    hazards: dict[str, Any] | None
    boats: dict[str, Any] | None
    links: pd.DataFrame
    shelters: pd.DataFrame

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as plain types, as in ``summary.json``; `odds` only where there are."""
        skip = {"links", "shelters"} | ({"odds"} if self.odds is None else set())
        return {f.name: getattr(self, f.name) for f in fields(self) if f.name not in skip}

    def __str__(self) -> str:
        everyone = self.placed + self.left
        lines = [
            f"{self.method}, {self.status}: {self.placed:,} of {everyone:,} people have a shelter, "
            f"{self.left:,} left",
            f"safe by the deadline of {self.deadline_s / 60:.4g} min: {self.safe:,} "
            f"({self.safe / max(everyone, 1):.1%})",
            *self._odds(),
            *(f"{head}: {text}" for head, text in self.happenings()),
            "",
            *self._class_table(everyone),
        ]
        if self.bound is not None:
            share = "" if self.gap is None else f", gap {self.gap:.2%}"
            mean = self.bound / max(self.placed, 1) / 60
            weighted = abs(self.weighted_cost - self.cost) > 1e-6 * self.cost
            word = "weighted mean" if weighted else "mean"
            of = f" (this one: {self.weighted_cost / max(self.placed, 1) / 60:.2f})" * weighted
            lines += ["", f"proven: no plan has a {word} below {mean:.2f} min{of}{share}"]
        lines += self._ending()
        lines += self._link_table() + self._shelter_table()
        if self.left_by_reason:
            lines += ["", "left, by reason"]
            lines += [f"{n:>10,}  {reason}" for reason, n in self.left_by_reason.items()]
        if self.seconds:
            spent = ", ".join(f"{name} {value:.1f}" for name, value in self.seconds.items())
            lines += ["", f"seconds: {spent}"]
        return "\n".join(lines)

    __repr__ = __str__

    def _odds(self) -> list[str]:
        """Say how many are expected safe, and how many should not rely on it."""
        if self.odds is None:
            return []
        doubtful = {
            name: row["doubtful"] for name, row in self.odds["by_class"].items() if row["doubtful"]
        }
        whom = ", ".join(f"{name} {n:,}" for name, n in doubtful.items())
        return [
            f"expected safe as people walk: {self.odds['expected_safe']:,.1f} of "
            f"{self.odds['scored']:,} scored; {self.odds['doubtful']:,} in doubt"
            + (f" ({whom})" if whom else ""),
            *self._moved(),
        ]

    def _moved(self) -> list[str]:
        """Say what the weight of the odds has changed."""
        given = self.settings
        if "safety_note" in given:
            return [f"weight of the odds: {given['safety_note']}"]
        if "safety_expected" not in given:
            return []
        moved = given.get("safety_moved_by_class", {}).items()
        whom = f" ({', '.join(f'{name} {n:,}' for name, n in moved)})" if moved else ""
        return [
            f"for their odds {given['safety_moved']:,} people were put on other ways{whom}: "
            f"expected safe {given['safety_expected_before']:,.1f} before, "
            f"{given['safety_expected']:,.1f} now"
        ]

    def happenings(self) -> list[tuple[str, str]]:
        """Tell of scenarios, hazards and boats: pairs of a headline and what is to be said."""
        told = []
        several = self.settings.get("robust")
        if several is not None:
            what = (
                f"{several['expected_safe']:,.1f} people safe on average, "
                f"{several['worst_safe']:,} in the worst ({several['worst_scenario']})"
            )
            told.append((f"played in {several['scenarios']} scenarios", what))
        if self.hazards is not None:
            told.append(("hazards", closed_text(self.hazards)))
            modelled = self.hazards["modelled_heights"]
            if modelled:
                told.append(("heights", modelled_text(modelled)))
            hot = self.hazards["hot_shelters"]
            if hot:
                word = "shelter takes" if len(hot) == 1 else "shelters take"
                what = f"{len(hot)} {word} nobody, hot before the deadline: {', '.join(hot)}"
                told.append(("fire", what))
        if self.boats is not None:
            trips, aboard = self.boats["trips"], self.boats["persons_aboard"]
            seated = self.boats["step_free_aboard"]
            used = self.boats["trips_used"]
            what = (
                f"{trips:,} trips, {used:,} of them used, {aboard:,} people aboard, {seated:,} "
                "of whom cannot use steps"
            )
            told.append(("boats", what))
        return told

    def _ending(self) -> list[str]:
        """Tell why a method that improves its plan stopped, if not at the gap asked for."""
        stopped, asked = self.settings.get("stopped", "gap reached"), self.settings.get("gap")
        if stopped in ("gap reached", "nothing to mend"):
            return []
        why = {"time limit": "by the time limit", "interrupted": "by Ctrl-C"}.get(
            stopped, "as little more was gained"
        )
        text = f"stopped {why}"
        if asked is not None:
            text += f"; the gap asked for is {asked:.2%}"
        if self.bound is None:
            text += "; no bound was proven yet"
        if self.settings.get("improved") is False:
            text += "; the plan is still that of shelter_flow: give it more time"
        return [text]

    def _class_table(self, everyone: int) -> list[str]:
        rows: list[tuple[str, dict[str, Any]]] = list(self.by_class.items())
        total = {"persons": everyone, "placed": self.placed, "left": self.left}
        rows.append(
            ("all", {**total, "mean": self.mean, "p95": self.p95, "clearance": self.clearance})
        )
        width = max(len(name) for name, _ in [("class", None), *rows])
        head = f"{'class':<{width}} {'people':>9} {'placed':>9} {'left':>7}"
        lines = [f"{head} {'mean':>7} {'p95':>7} {'last in':>8}  [min]"]
        for name, row in rows:
            counts = f"{name:<{width}} {row['persons']:>9,} {row['placed']:>9,} {row['left']:>7,}"
            mean, p95, last = (_minutes(row[key]) for key in ("mean", "p95", "clearance"))
            lines.append(f"{counts} {mean:>7} {p95:>7} {last:>8}")
        return lines

    def _link_table(self) -> list[str]:
        if self.links.empty:
            return []
        lines = ["", "tightest links (share of their capacity in the fullest 5 minutes)"]
        for row in self.links.head(SHOWN).to_dict("records"):
            name = row["name"] or row["kind"]
            assumed = ", width assumed" if row["capacity_assumed"] else ""
            lines.append(
                f"{row['peak_share']:>10.0%}  {name} (link {row['link_id']}): "
                f"{row['persons']:,} people in all{assumed}"
            )
        return lines

    def _shelter_table(self) -> list[str]:
        used = self.shelters[self.shelters["filled"] > 0]
        if used.empty:
            return []
        fullest = used.sort_values(["share", "filled"], ascending=False, kind="stable")
        lines = ["", f"fullest shelters ({len(used)} of {len(self.shelters)} used)"]
        for row in fullest.head(SHOWN).to_dict("records"):
            name = f"{row['name']} ({row['shelter_id']})" if row["name"] else row["shelter_id"]
            lines.append(f"{row['share']:>10.0%}  {name}: {row['filled']:,} of {row['capacity']:,}")
        return lines


def closed_text(hazards: dict[str, Any]) -> str:
    """Say how many links are closed throughout, closed for some time, and slower."""
    always, everyone = hazards["always_closed_links"], hazards["always_closed_to_all_links"]
    partly, slow = hazards["closed_links"] - always, hazards["slower_links"]
    return (
        f"{always:,} links are closed all the time ({everyone:,} to everyone, the others to some), "
        f"{partly:,} for some of the time, {slow:,} are only slower"
    )


def modelled_text(share: float) -> str:
    """Say of what share of the ground the heights are modelled."""
    of = "less than 1 %" if share < 0.01 else f"{share:.0%}"
    return f"MODELLED for {of} of the ground, where which street is low is made up"


def _minutes(value: float | None) -> str:
    return "-" if value is None else f"{value / 60:.2f}"


def sum_up(plan: Plan) -> PlanSummary:
    """Sum up a plan."""
    scenario, moves, figures = plan.scenario, plan.movements, plan.times
    columns = ("persons", "placed", "left", "mean", "p95", "clearance")
    values = plan.by_class().set_axis(["class_id", *columns], axis=1).to_dict("records")
    class_id = scenario.group_classes.class_id[scenario.groups.class_[moves.group]]
    return PlanSummary(
        status=str(plan.status),
        method=plan.method,
        cost=figures.cost,
        weighted_cost=plan.weighted_cost,
        bound=plan.bound,
        gap=plan.gap,
        placed=plan.placed,
        left=plan.left,
        safe=plan.safe,
        **figures.to_dict(),
        by_class={row.pop("class_id"): plain(row) for row in values},
        odds=None if plan.scores is None else plan.scores.summed(moves.size, class_id),
        left_by_reason=plan.left_by_reason,
        seconds=dict(plan.seconds),
        step_s=plan.step_s,
        deadline_s=scenario.deadline_s,
        settings=plain(plan.settings),
        seed=plan.seed,
        hazards=hazard_figures(scenario),
        boats=boat_figures(scenario, moves, plan.step_s),
        links=plan.tightest_links(5, apart=50.0),
        shelters=plan.shelters_frame(),
    )
