"""A simulation of the plan, packed for the web map: what was played out, moment by moment."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults, InputError
from evacroute.plan import Plan
from evacroute.plotting._packing import Packer
from evacroute.plotting._routes import route_tree
from evacroute.plotting._words import minutes
from evacroute.simulation import STATES, Simulation
from evacroute.streets import Streets, pair_links

DENSITY = 1 / 32
"""Densities are rounded down to this [person/m2]: 4 stays 4, and what is below stays below."""

TICK = 1.0
"""Times of moving dots are kept to this [s]; errors don't add up along the way."""

SAFE, LATE, NOT_STARTED, LEFT = map(STATES.index, ("safe", "late", "not started", "left"))

Spans = Sequence[slice]


def check_simulation(run: Simulation, plan: Plan) -> None:
    """Refuse a simulation of another place or another plan; one without a plan is welcome.

    Raises
    ------
    InputError
        If it is no simulation, or its links, shelters or movements are not those of the plan.
    """
    if not hasattr(run, "tracks"):
        raise InputError(
            f"simulation is a {type(run).__name__}, expected a Simulation, as er.simulate gives"
        )
    faults = Faults("simulation")
    played, planned = run.scenario, plan.scenario
    for name, ours, theirs in (
        ("links", played.network.link_id, planned.network.link_id),
        ("shelters", played.shelters.shelter_id, planned.shelters.shelter_id),
    ):
        if not np.array_equal(ours, theirs):
            faults.add(f"its {len(ours)} {name} are not the {len(theirs)} {name} of the plan")
    if run.plan is not None and not run.plan.movements.equals(plan.movements):
        faults.add(
            f"it plays another plan, of {len(run.plan.movements)} movements, expected this one "
            f"of {len(plan.movements)}, or none"
        )
    faults.raise_if_any(InputError)


def played_until(run: Simulation) -> float:
    """Time after which nothing happens any more [s]: the slider need not go on."""
    busy = np.flatnonzero(np.asarray(run.load).any(axis=0))
    last = run.bin_s * (busy[-1] + 1) if len(busy) else 0.0
    arrived = run.arrive[np.isfinite(run.arrive)]
    return float(min(run.bin_s * run.n_bins, max([last, run.bin_s, *arrived])))


def add_simulation(packer: Packer, run: Simulation, plan: Plan) -> None:
    """Add density, waiting, people, shelters and tracks, on the moments of the plan's slider."""
    streets = pair_links(plan.scenario.network)
    bin_s = packer.meta["bin_s"]
    end = played_until(run)
    bins = math.ceil(end / bin_s)
    spans = _spans(run, bin_s, bins)
    _add_streets(packer, run, streets, spans)
    _add_people(packer, run, bin_s, spans)
    filled = np.asarray(run.sheltered)[:, [span.stop - 1 for span in spans]]
    packer.whole("played_sheltered", filled.ravel())
    packer.whole("played_turned_away", run.turned_away, delta=False)
    _add_tracks(packer, run, streets)
    packer.meta["played"] = {
        "bins": bins,
        "end_s": end,
        "going": int(run.size[run.state != LEFT].sum()),
        "states": list(run.counts.items()),
        "facts": _facts(run),
    }


def _facts(run: Simulation) -> list[tuple[str, str]]:
    """Which run it is, and how long people took, in the words of the panel."""
    took = run.times.to_dict()
    rows = [("Run", f"{run.settings}, seed {run.seed}")]
    if run.is_cut:
        rows.append(("Ended", f"at {run.ended / 60:g} min, before the deadline"))
    if took["mean"] is None:
        return [*rows, ("Arrived", "nobody")]
    return [
        *rows,
        ("Mean", f"{minutes(took['mean'])} from ready to safe, of who arrived"),
        ("95 %", f"within {minutes(took['p95'])} of being ready"),
        ("Last arrival", f"{minutes(took['clearance'])} after the alarm"),
    ]


def _spans(run: Simulation, bin_s: float, bins: int) -> Spans:
    """Bins of the simulation that lie, in whole or part, in each moment of the slider."""
    found = []
    for bin_ in range(bins):
        first = min(math.floor(bin_ * bin_s / run.bin_s), run.n_bins - 1)
        stop = min(math.ceil((bin_ + 1) * bin_s / run.bin_s), run.n_bins)
        found.append(slice(first, max(stop, first + 1)))
    return found


def _fullest(values: NDArray[np.floating], spans: Spans) -> NDArray[np.float64]:
    """Highest of each row in each span: a danger of one minute is seen in a coarser moment too."""
    return np.stack([values[:, span].max(axis=1) for span in spans], axis=1).astype(np.float64)


def _add_streets(packer: Packer, run: Simulation, streets: Streets, spans: Spans) -> None:
    """Density of streets and who waits at the end of links, as the cells that are not empty."""
    forward = streets.forward
    back = np.where(streets.backward >= 0, streets.backward, forward)
    per_link = _fullest(run.density(), spans)
    density = np.maximum(per_link[forward], per_link[back])
    street, bin_ = np.nonzero(density > 0)
    packer.whole("played_street", street)
    packer.whole("played_bin", bin_)
    packer.scaled(
        "played_density", np.floor(density[street, bin_] / DENSITY) * DENSITY, resolution=DENSITY,
        delta=False,
    )  # fmt: skip
    both = np.zeros((len(streets), run.n_bins))
    np.add.at(both, streets.code // 2, np.asarray(run.waiting, dtype=np.float64))
    waiting = np.rint(_fullest(both, spans))
    street, bin_ = np.nonzero(waiting)
    packer.whole("waiting_street", street)
    packer.whole("waiting_bin", bin_)
    packer.whole("waiting_persons", waiting[street, bin_], delta=False)


def _add_people(packer: Packer, run: Simulation, bin_s: float, spans: Spans) -> None:
    """Who has set out, is safe, or came too late by the end of each moment."""
    out = np.where(np.isin(run.state, (NOT_STARTED, LEFT)), np.inf, run.depart)
    safe, late = (np.where(run.state == state, run.arrive, np.inf) for state in (SAFE, LATE))
    ends = bin_s * np.arange(1, len(spans) + 1)
    for name, time in (("out", out), ("safe", safe), ("late", late)):
        order = np.argsort(time, kind="stable")
        sums = np.r_[0, np.cumsum(run.size[order])]
        packer.whole(f"played_{name}", sums[np.searchsorted(time[order], ends, "right")])


def _add_tracks(packer: Packer, run: Simulation, streets: Streets) -> None:
    """Ways as a tree, times as what lies between them."""
    tracks = run.tracks
    walks = np.diff(tracks.ptr) > 0  # Who starts at a shelter is never seen.
    agent = tracks.agent[walks]
    ptr = np.r_[0, np.cumsum(np.diff(tracks.ptr)[walks])].astype(np.int64)
    end = run.bin_s * run.n_bins
    enter = np.rint(tracks.enter / TICK).astype(np.int64)
    # Who is stuck for good leaves no more.
    leave = np.rint(np.where(np.isfinite(tracks.leave), tracks.leave, end) / TICK)
    leave = np.maximum(leave.astype(np.int64), enter)
    before = np.r_[0, leave][: len(leave)]
    before[ptr[:-1]] = 0
    link, following, first = route_tree(ptr, streets.code[tracks.link])
    packer.whole("track_route", first, delta=False)
    packer.whole("track_link", link)
    packer.whole("track_next", following)
    packer.scaled("track_gap", (enter - before) * TICK, resolution=TICK, delta=False)
    packer.scaled("track_take", (leave - enter) * TICK, resolution=TICK, delta=False)
    arrive = run.arrive[agent]
    until = np.where(np.isfinite(arrive), arrive, end)
    packer.scaled("track_until", until, resolution=TICK, delta=False)
    packer.whole("track_unsafe", run.state[agent] != SAFE, delta=False)
