"""Who waits for whom: what each class gets of a plan, what protecting one costs the others."""

import numpy as np
from city import read_city, save_picture

import evacroute as er

city = read_city(people=25_000, deadline="60 min")
how = {"method": "over_time", "gap": 0.02, "time_limit": "60 s"}
plan = er.assign(city, **how)
before = er.fairness(plan)
print(f"{plan}\n{before}")

# Among classes of a hundred people at least, the one that waits longest for the others.
table = before.table.set_index("class_id").drop("all")
some = table[table["persons"] >= min(100, table["persons"].max())]
worst = some["extra_s"].fillna(0).idxmax()
print(f"\n{worst} waits longest. If its time counts three times:")
protected = er.assign(city, weights={worst: 3.0}, **how)
after = er.fairness(protected).table.set_index("class_id").drop("all")

# What the class saves, and what all others pay for it: the mean of who is safe, and in all.
rows = {"the class": [worst], "all others": table.index.drop(worst)}
for who, ids in rows.items():
    some = table.loc[ids], after.loc[ids]
    placed = [(one["persons"] - one["left"]).sum() for one in some]
    spent = [(one["mean_s"] * (one["persons"] - one["left"])).sum() for one in some]
    mean = [s / max(n, 1) / 60 for s, n in zip(spent, placed, strict=True)]
    print(f"{who:<11} {mean[0]:6.2f} -> {mean[1]:6.2f} min,", end=" ")
    print(f"{(spent[1] - spent[0]) / 3600:+8.1f} person-hours, {placed[1] - placed[0]:+d} people")
print(f"the gaps are {plan.gap:.2%} and {protected.gap:.2%}: what is smaller may be chance")


def draw(ax):
    """A row a class: alone in the city, in the plan, and in the plan that protects one."""
    row = np.arange(len(table))
    ax.hlines(row, table["free_s"] / 60, table["mean_s"] / 60, color="#c6ccd2", zorder=0)
    for name, values, marker, color, size in (
        ("with the city to themselves", table["free_s"], "|", "#57616b", 90),
        ("in the plan", table["mean_s"], "o", "#0072B2", 70),
        (f"{worst} counts three times", after["mean_s"], "D", "#D55E00", 18),
    ):
        ax.scatter(values / 60, row, size, color, marker=marker, label=name)
    ax.set_yticks(row, [f"{name} ({n:,})" for name, n in table["persons"].items()])
    ax.set(xlabel="minutes from ready to safe, mean", xlim=(0, None))
    ax.legend(loc="best")


save_picture(draw)
