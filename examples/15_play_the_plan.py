"""A plan played out: when all follow it, when a fifth does not, and when nobody has one."""

from pathlib import Path

import numpy as np
import pandas as pd
from city import read_city, save_picture
from drawing import draw_safe

import evacroute as er

out = Path("out/play_the_plan")

plan = er.assign(read_city(people=40000, deadline="90 min"))
everyone = plan.placed + plan.left
runs = {
    "everybody follows the plan": er.simulate(plan, compliance=1.0, seed=1),
    "four fifths follow it": er.simulate(plan, compliance=0.8, seed=1, tracks=2000),
    "everybody to the nearest": er.simulate(plan, behaviour="nearest", seed=1),
}


def row(found):
    times = {"mean": found.times.mean, "p95": found.times.p95, "last in": found.times.clearance}
    times = {name: f"{value / 60:.2f}" for name, value in times.items()}
    return {"safe": found.safe, "not safe": everyone - found.safe, **times}


rows = {"as planned": row(plan)}
for name, run in runs.items():
    turned_away = int(run.turned_away.sum())
    rows[name] = row(run) | {"dense streets": len(run.crowded), "turned away": turned_away}
table = pd.DataFrame.from_dict(rows, orient="index")
print(f"{everyone:,} people, to be safe by minute {plan.scenario.deadline_s / 60:g}\n")
print(table.to_string(na_rep="-", float_format="{:g}".format))
print(
    "\nminutes from ready to safe, last in from the alarm; dense streets: over 4 persons/m2 in some"
)
print("minute; turned away: how often somebody found a shelter full")

# Where it gets densest without a plan, and when.
run = runs["everybody to the nearest"]
network, density = run.scenario.network, run.density()
link, bin_ = np.unravel_index(np.argmax(density), density.shape)
print(
    f"\ndensest without a plan: {network.name[link] or network.link_id[link]}, "
    f"{density[link, bin_]:.1f} persons/m2 in minute {bin_}"
)

# The map shows the plan and the run side by side, and 2,000 people of the run walking.
run = runs["four fifths follow it"]
run.save(out / "run")
print(f"\nmap: {er.write_map(plan, out / 'map.html', simulation=run)}")

came = {name: np.isfinite(run.arrive) for name, run in runs.items()}
curves = {name: (run.arrive[came[name]], run.size[came[name]]) for name, run in runs.items()}
curves = {"as planned": (plan.movements.arrive, plan.movements.size), **curves}
save_picture(draw_safe, curves, everyone, plan.scenario.deadline_s, f"{everyone:,} people")
