"""The HERMES corridor, played: a street 1.8 m wide behind a narrow entrance or before an exit."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
from networks import from_edges
from scenes import doors, ids, paces

import evacroute as er
from evacroute.people import Groups
from evacroute.simulation import Behaviour, Physics, fit_law

FILE = "facts/hermes_uo180_fd.csv"
LENGTH = 40.0
"""Of the corridor that is played [m]; the real one is 8 m, some fifteen people at once."""

LASTS = 1800.0
"""People come for so long [s]; the first half is not measured."""

WIDE = 1e6


def runs(shared: Path) -> pd.DataFrame:
    """Nine runs of one way through a corridor 1.8 m wide, the least dense first.

    Mean density [persons/m2], speed [m/s] and flow [person/s] of each, by entrance and exit width.
    """
    return pd.read_csv(shared / FILE).sort_values("density_p_m2", ignore_index=True)


def halves(table: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Every second run by density, and the others."""
    return table[::2], table[1::2]


def fitted(table: pd.DataFrame, law: str) -> Physics:
    """The law fitted to the runs."""
    return fit_law(table["density_p_m2"], table["speed_m_s"], Physics(law=law))


def played(run: pd.Series, physics: Physics) -> tuple[float, float]:
    """Density [persons/m2] and speed [m/s] in the simulated corridor once it has settled.

    Runs with an entrance narrower than the exit are fed at the measured flow; those with a narrower
    exit are fed at more and let out at the measured flow.
    """
    width, flow = run["b_corridor_m"], run["flow_p_s"]
    narrow_exit = run["b_exit_m"] < run["b_entrance_m"]
    network = from_edges(
        [(0, 0), (LENGTH, 0), (LENGTH + 30, 0)], [(0, 1), (1, 2)], width=[width, 50.0],
        capacity=[WIDE, flow if narrow_exit else WIDE],
    )  # fmt: skip
    times = np.arange(0.0, LASTS, 1 / (1.3 * flow if narrow_exit else flow))
    n = len(times)
    zero, one = np.zeros(n), np.ones(n)
    scenario = er.Scenario(
        network, Groups(ids("G", n), zero, zero, times, one, np.zeros(n, bool)),
        doors(network, (2, n)), classes=paces((physics.free, physics.free)), deadline=LASTS,
    )  # fmt: skip
    acts = Behaviour(compliance=0.0, crowd=0.0, lost=0.0, speed_spread=0.0)
    game = er.simulate(scenario, behaviour=acts, physics=physics, until=LASTS, dt=0.5)
    half = int(LASTS / game.bin_s / 2)
    density = float(game.density()[0, half : 2 * half].mean())
    came = np.isfinite(game.arrive) & (game.arrive > LASTS / 2)
    through = came.sum() / (LASTS / 2)
    return density, through / (density * width)


def judged(fit_on: pd.DataFrame, judge_on: pd.DataFrame, law: str) -> tuple[Physics, pd.DataFrame]:
    """The law fitted on some runs, and what it plays of others beside what was measured."""
    physics = fitted(fit_on, law)
    rows = []
    for _, run in judge_on.iterrows():
        density, speed = played(run, physics)
        rows.append(
            {"run": run["run"], "flow": run["flow_p_s"], "measured_density": run["density_p_m2"],
             "density": density, "measured_speed": run["speed_m_s"], "speed": speed,
             "error": speed - run["speed_m_s"]}
        )  # fmt: skip
    return physics, pd.DataFrame(rows)
