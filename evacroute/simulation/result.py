"""What a run hands back: when and where everybody arrived, and how dense it got."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._kernels.crowd import ASIDE, CAUGHT, HOME, INFORMED
from evacroute._kernels.crowd import SAFE as IN_SHELTER
from evacroute._street_arrays import street_area, twins
from evacroute.metrics import Times, times
from evacroute.network import KINDS
from evacroute.physics import Physics
from evacroute.plan import Plan
from evacroute.scenario import Scenario
from evacroute.simulation.behaviour import Behaviour
from evacroute.simulation.crowd import LED_BY, Parties
from evacroute.simulation.traces import Delays, Tracks
from evacroute.writing import atomic_folder, plain, write_json, write_table

STATES = ("safe", "late", "on the way", "stuck", "not started", "left")
"""What has come of a party: in a shelter by the deadline or after it; still walking or waiting at
the end of the run; where no way leads on, or caught on a link that closed; not yet out; without a
place in the plan."""

SAFE, LATE, ON_THE_WAY, STUCK, NOT_STARTED, LEFT = range(6)

CROWDED = 4.0
"""Density above which a street is flagged [persons/m2] (Fruin; Still)."""

FILES = ("arrivals.csv.gz", "summary.json", "densities.csv.gz")
"""What `Simulation.save` writes."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Simulation:
    """A run of the simulator; printing it shows a table.

    Arrays by party have shape (n_parties,): first those who took part, then those whom the plan
    left without a place.

    Parameters
    ----------
    scenario, plan
        What was played; the plan is None where people had none.
    beside
        The plan whose figures are shown beside: the one played, or one at hand that nobody
        followed; None = none.
    behaviour, physics, seed, until, keep_times
        With what; the run was to end at ``until`` at the latest [s].
    group, movement, size
        Position of each party's group, of its movement in the plan (-1 = none), and its persons.
    led_by, ended_by
        What led it at first and in the end, positions in ``simulation.crowd.LED_BY``.
    ready, depart
        When its group was ready and when it set out [s after the alarm].
    arrive
        When the shelter let it in [s after the alarm], NaN where it is in none.
    state
        Positions in ``STATES``.
    shelter
        Where it arrived, -1 = nowhere.
    bin_s
        Length of the bins of time [s].
    load, waiting
        Mean persons inside each link in each bin, and of them those who stood at its end,
        shape (n_links, n_bins).
    delays
        What held people up.
    turned_away
        Persons refused, by shelter.
    squeezed
        How often persons pressed into a street that was full.
    tracks
        Where some parties were.
    seconds
        How long the run took [s].

    Examples
    --------
    >>> import evacroute as er
    >>> run = er.simulate(er.lagoon(people=300), behaviour="nearest")
    >>> sum(run.counts.values()), run.safe == run.counts["safe"]
    (300, True)
    >>> run.density().shape == (run.scenario.network.n_links, run.n_bins)
    True
    """

    scenario: Scenario
    plan: Plan | None
    beside: Plan | None
    behaviour: Behaviour
    physics: Physics
    seed: int
    until: float
    keep_times: bool
    group: NDArray[np.int32]
    movement: NDArray[np.int32]
    size: NDArray[np.int32]
    led_by: NDArray[np.uint8]
    ended_by: NDArray[np.uint8]
    ready: NDArray[np.float64]
    depart: NDArray[np.float64]
    arrive: NDArray[np.float64]
    state: NDArray[np.uint8]
    shelter: NDArray[np.int32]
    bin_s: float
    load: NDArray[np.float32]
    waiting: NDArray[np.float32]
    delays: Delays
    turned_away: NDArray[np.int64]
    squeezed: int
    tracks: Tracks
    seconds: float

    @classmethod
    def of(
        cls,
        *,
        scenario: Scenario,
        plan: Plan | None,
        parties: Parties,
        people: NDArray[Any],
        **rest: Any,
    ) -> Simulation:
        """Sum up the kernels' arrays; `simulate` calls it.

        Parameters
        ----------
        scenario, plan
            What was played.
        parties
            Who took part.
        people
            What the kernels know of each party at the end, shape (n_parties,).
        **rest
            All other fields.

        Returns
        -------
        Simulation
            With those whom the plan left behind the others.
        """
        came = people["state"] == IN_SHELTER
        arrive = np.where(came, people["clock"], np.nan)
        state = np.full(len(parties), ON_THE_WAY, np.uint8)
        state[came] = np.where(arrive[came] <= scenario.deadline_s + 1e-6, SAFE, LATE)
        state[np.isin(people["state"], (ASIDE, CAUGHT))] = STUCK
        state[people["state"] == HOME] = NOT_STARTED
        group, size, reason = _left(scenario, plan)
        n = len(group)
        none, never = np.full(n, -1, np.int32), np.full(n, np.nan)
        return cls(
            scenario=scenario,
            plan=plan,
            group=np.append(parties.group, group),
            movement=np.append(parties.movement, none),
            size=np.append(parties.size, size),
            led_by=np.append(parties.led_by, np.zeros(n, np.uint8)),
            ended_by=np.append(people["lead"], np.zeros(n, np.uint8)).astype(np.uint8),
            ready=np.append(parties.ready, scenario.groups.ready_time[group]),
            depart=np.append(parties.depart, never),
            arrive=np.append(arrive, never),
            state=np.append(state, reason),
            shelter=np.append(np.where(came, people["shelter"], -1), none).astype(np.int32),
            **rest,
        )

    @property
    def n_bins(self) -> int:
        """Number of bins of time."""
        return int(self.load.shape[1])

    @property
    def ended(self) -> float:
        """When the run ended [s after the alarm]."""
        return self.n_bins * self.bin_s

    @property
    def is_cut(self) -> bool:
        """Whether it ended before the deadline, with people not in who could still have come."""
        more = np.isin(self.state, (ON_THE_WAY, STUCK, NOT_STARTED)).any()
        return bool(self.until <= self.ended < self.scenario.deadline_s and more)

    @property
    def settings(self) -> str:
        """With what it was played, but the seed, in one line: "compliance 0.9, weidmann"."""
        words = [self.behaviour.in_words(self.plan is not None), self.physics.in_words()]
        return ", ".join(words + ["times kept"] * self.keep_times)

    @property
    def counts(self) -> dict[str, int]:
        """Persons in each state; who was set aside by the loader counts as left."""
        count = np.bincount(self.state, weights=self.size, minlength=len(STATES))
        # A scenario that was read has groups only: the plan knows whom the loader set aside.
        plan = self.plan
        everybody = self.scenario.persons if plan is None else plan.placed + plan.left
        count[LEFT] += everybody - self.size.sum()
        return {name: int(n) for name, n in zip(STATES, count, strict=True)}

    @property
    def safe(self) -> int:
        """Persons who are in a shelter by the deadline."""
        return self.counts["safe"]

    @property
    def times(self) -> Times:
        """Mean, 95th percentile and clearance from ready to safe, of those who arrived."""
        return self._times(np.isfinite(self.arrive))

    def _times(self, some: NDArray[np.bool_]) -> Times:
        return times(self.ready[some], self.arrive[some], self.size[some])

    def density(self) -> NDArray[np.float64]:
        """Give how densely people stand on each link's street, both directions together.

        Means over each bin of time.

        Returns
        -------
        ndarray
            Density [persons/m2], shape (n_links, n_bins).
        """
        network = self.scenario.network
        twin = twins(network)
        load = self.load.astype(np.float64)
        both = load + np.where(twin[:, None] >= 0, load[np.maximum(twin, 0)], 0.0)
        walked = network.kind != KINDS.index("ferry")
        return np.where(walked[:, None], both / street_area(network)[:, None], 0.0)

    @property
    def crowded(self) -> pd.DataFrame:
        """Streets with over 4 persons/m2 in any bin, the densest first.

        Returns
        -------
        DataFrame
            link_id, name, kind, from_s, to_s (from the first such bin to the end of the last),
            minutes (how many such bins), peak_density [persons/m2]; one row a street.
        """
        network, density = self.scenario.network, self.density()
        twin = twins(network)
        dense = (density > CROWDED).any(axis=1) & ((twin < 0) | (np.arange(len(twin)) < twin))
        link = np.flatnonzero(dense)
        over = density[link] > CROWDED
        peak = density[link].max(axis=1, initial=0.0)
        order = np.argsort(-peak, kind="stable")
        link, over, peak = link[order], over[order], peak[order]
        last = over.shape[1] - np.argmax(over[:, ::-1], axis=1) if len(link) else np.zeros(0)
        return pd.DataFrame(
            {
                "link_id": network.link_id[link],
                "name": network.name[link],
                "kind": np.array(KINDS, dtype=object)[network.kind[link]],
                "from_s": (np.argmax(over, axis=1) if len(link) else np.zeros(0)) * self.bin_s,
                "to_s": last * self.bin_s,
                "minutes": over.sum(axis=1) * self.bin_s / 60,
                "peak_density": peak,
            }
        )

    @property
    def sheltered(self) -> NDArray[np.int64]:
        """Persons inside each shelter at the end of each bin, shape (n_shelters, n_bins)."""
        came = np.flatnonzero(self.shelter >= 0)
        n = len(self.scenario.shelters)
        out = np.zeros((n, self.n_bins), np.int64)
        bin_ = (self.arrive[came] // self.bin_s).astype(np.int64)
        seen = bin_ < self.n_bins
        np.add.at(out, (self.shelter[came][seen], bin_[seen]), self.size[came][seen])
        return np.cumsum(out, axis=1)

    def by_class(self) -> pd.DataFrame:
        """Sum up each class.

        Returns
        -------
        DataFrame
            class_id, persons in each state, and of who arrived mean_s and p95_s (ready to safe) and
            clearance_s [s after the alarm].
        """
        classes = self.scenario.group_classes
        class_ = self.scenario.groups.class_[self.group]
        rows = []
        for k, name in enumerate(classes.class_id):
            mine = class_ == k
            count = np.bincount(self.state[mine], weights=self.size[mine], minlength=len(STATES))
            took = self._times(mine & np.isfinite(self.arrive))
            rows.append(
                {"class_id": name, "persons": int(self.size[mine].sum())}
                | {word: int(c) for word, c in zip(STATES, count, strict=True)}
                | {"mean_s": took.mean, "p95_s": took.p95, "clearance_s": took.clearance}
            )
        return pd.DataFrame(rows)

    def arrivals_frame(self) -> pd.DataFrame:
        """One row a party.

        Returns
        -------
        DataFrame
            party_id, group_id, class_id, movement_id (-1 = none), size, led_by, ended_by, ready_s,
            depart_s, arrive_s (NaN = not in a shelter), shelter_id ("" = none), state.
        """
        scenario, words = self.scenario, np.array(LED_BY, dtype=object)
        groups = scenario.groups
        return pd.DataFrame(
            {
                "party_id": np.arange(len(self.group)),
                "group_id": groups.group_id[self.group],
                "class_id": scenario.group_classes.class_id[groups.class_[self.group]],
                "movement_id": self.movement,
                "size": self.size,
                "led_by": np.where(self.state == LEFT, "", words[self.led_by]),
                "ended_by": np.where(self.state == LEFT, "", words[self.ended_by]),
                "ready_s": self.ready,
                "depart_s": self.depart,
                "arrive_s": self.arrive,
                "shelter_id": np.append(scenario.shelters.shelter_id, "")[self.shelter],
                "state": np.array(STATES, dtype=object)[self.state],
            }
        )

    def densities_frame(self) -> pd.DataFrame:
        """One row a link and bin in which somebody was inside.

        Returns
        -------
        DataFrame
            link_id, time_s (begin of the bin), persons and waiting (means), density [persons/m2, of
            both directions together].
        """
        network, density = self.scenario.network, self.density()
        link, bin_ = np.nonzero(self.load > 0)
        return pd.DataFrame(
            {
                "link_id": network.link_id[link],
                "time_s": bin_ * self.bin_s,
                "persons": np.round(self.load[link, bin_], 3),
                "waiting": np.round(self.waiting[link, bin_], 3),
                "density": np.round(density[link, bin_], 3),
            }
        )

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as plain types, for JSON.

        Returns
        -------
        dict
            What ``summary.json`` holds.
        """
        took, planned = self.times, self.beside
        shelters = self.scenario.shelters
        full = {
            str(shelters.shelter_id[s]): int(self.turned_away[s])
            for s in np.flatnonzero(self.turned_away)
        }
        informed = (self.ended_by == INFORMED) & (self.state != LEFT)
        record = {
            "persons": self.counts,
            "planned": None if planned is None else {
                "safe": planned.safe, **planned.times.to_dict(),
            },
            **took.to_dict(),
            "by_class": {
                row.pop("class_id"): row for row in self.by_class().to_dict("records")
            },
            "rerouted": int(self.size[informed].sum()),
            "turned_away": full,
            "squeezed": self.squeezed,
            "crowded": self.crowded.to_dict("records"),
            "deadline_s": self.scenario.deadline_s,
            "until_s": self.until,
            "ended_s": self.ended,
            "follows_plan": self.plan is not None,
            "keep_times": self.keep_times,
            "behaviour": self.behaviour.to_dict(),
            "physics": self.physics.to_dict(),
            "seed": self.seed,
            "seconds": self.seconds,
        }  # fmt: skip
        return dict(plain(record))

    def save(self, folder: str | Path) -> None:
        """Write ``arrivals.csv.gz``, ``densities.csv.gz`` and ``summary.json``, all or nothing.

        Parameters
        ----------
        folder
            Where. An older run there is replaced; anything else is refused.

        Raises
        ------
        InputError
            If the folder holds anything else, or cannot be written.
        """
        with atomic_folder(folder, marker=FILES[1], contents=FILES) as new:
            write_table(self.arrivals_frame(), new / FILES[0])
            write_table(self.densities_frame(), new / FILES[2])
            write_json(self.to_dict(), new / FILES[1])

    def __str__(self) -> str:
        took, count = self.times, self.counts
        persons, deadline = sum(count.values()), self.scenario.deadline_s / 60
        lines = [f"{persons:,} people, of whom by {deadline:g} min"]
        if self.is_cut:
            lines = [
                f"{persons:,} people, of whom by {self.ended / 60:g} min, when the run ended, "
                f"before the deadline of {deadline:g} min"
            ]
        lines.append(f"{self.settings}, seed {self.seed}")
        lines += [f"{n:>12,}  {n / max(persons, 1):>6.1%}  {word}" for word, n in count.items()]
        lines.append("")
        lines.append(f"{'':<24} {'mean':>7} {'p95':>7} {'last in':>8}  [min]")
        rows = [("simulated", took)]
        if self.beside is not None:
            rows.append(("planned", self.beside.times))
        for word, row in rows:
            figures = [row.mean, row.p95, row.clearance]
            shown = ["-" if np.isnan(x) else f"{x / 60:.2f}" for x in figures]
            lines.append(f"{word:<24} {shown[0]:>7} {shown[1]:>7} {shown[2]:>8}")
        lines += ["", *self._class_table()]
        crowded, away = self.crowded, int(self.turned_away.sum())
        lines.append("")
        lines.append(f"{len(crowded)} streets over {CROWDED:g} persons/m2 in some minute")
        for record in crowded.head(5).to_dict("records"):
            name = record["name"] or record["kind"]
            lines.append(
                f"{record['peak_density']:>10.1f}  {name} (link {record['link_id']}), "
                f"{record['from_s'] / 60:g} to {record['to_s'] / 60:g} min"
            )
        if away:
            lines.append(f"{away:,} times persons found a shelter full")
        return "\n".join(lines)

    def _class_table(self) -> list[str]:
        rows = self.by_class().to_dict("records")
        width = max(len("class"), *(len(row["class_id"]) for row in rows))
        head = f"{'class':<{width}} {'people':>9} {'safe':>9} {'late':>7} {'left':>7}"
        lines = [f"{head} {'mean':>7} {'p95':>7} {'last in':>8}  [min]"]
        for row in rows:
            counts = f"{row['class_id']:<{width}} {row['persons']:>9,} {row['safe']:>9,}"
            took = [row[name] for name in ("mean_s", "p95_s", "clearance_s")]
            shown = ["-" if np.isnan(x) else f"{x / 60:.2f}" for x in took]
            lines.append(
                f"{counts} {row['late']:>7,} {row['left']:>7,} "
                f"{shown[0]:>7} {shown[1]:>7} {shown[2]:>8}"
            )
        return lines

    __repr__ = __str__


def _left(
    scenario: Scenario, plan: Plan | None
) -> tuple[NDArray[np.int32], NDArray[np.int32], NDArray[np.uint8]]:
    """List groups who do not take part: group, size, state."""
    if plan is not None:
        moves = plan.movements
        state = np.full(len(moves.left_group), LEFT, np.uint8)
        return moves.left_group, moves.left_size, state
    cut = np.flatnonzero(scenario.cut_off).astype(np.int32)
    return cut, scenario.groups.size[cut], np.full(len(cut), STUCK, np.uint8)
