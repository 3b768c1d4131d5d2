"""Draw docs/certificate.png: what a plan's bound says, and the prices behind it.

python docs/certificate.py [PEOPLE]     50,000 people of the lagoon by default, a minute
"""

from __future__ import annotations

import sys
from pathlib import Path

import matplotlib

matplotlib.use("Agg")

import matplotlib.pyplot as plt
import numpy as np
from matplotlib.axes import Axes

import evacroute as er

PATH = Path(__file__).resolve().parent / "certificate.png"
METHODS = ("earliest_arrival", "shelter_flow", "over_time")


def costs(ax: Axes, plans: dict[str, er.Plan]) -> None:
    """The bound and the plans, by the mean minutes from ready to safe."""
    best = plans["over_time"]
    assert best.bound is not None
    bound = best.bound / best.placed / 60
    means = {name: plan.cost / plan.placed / 60 for name, plan in plans.items()}
    ax.axvspan(bound - 1, bound, color="#d9dee3")
    ax.axvspan(bound, means["over_time"], color="#D55E00", alpha=0.35)
    ax.axvline(bound, color="#000000", linewidth=1.5)
    ax.text(bound - 0.5, 2.55, f"bound {bound:.2f}:\nno plan\nis here", ha="center", va="center")
    for y, (name, mean) in enumerate(means.items()):
        ax.plot([bound, mean], [y, y], color="#8a949e", linewidth=1)
        ax.plot(mean, y, "o", color="#0072B2", markersize=8)
        more = plans[name].left - best.left
        above = f"at most {plans[name].cost / best.bound - 1:.1%} above the best"
        said = f"{name}\n{mean:.2f} min, " + (f"{more} more people left" if more else above)
        ax.annotate(said, (mean, y), (8, 0), textcoords="offset points", va="center")
    ax.set(xlim=(bound - 1, max(means.values()) + 2.6), ylim=(-0.6, 2.95), yticks=[])
    ax.set_xlabel("mean time from ready to safe [min]")
    ax.set_title("The best possible plan lies in the orange strip")


def price(ax: Axes, plan: er.Plan) -> None:
    """The dearest street over time: what one more person costs the others, and how many enter."""
    prices, moves = plan.prices, plan.movements
    assert prices is not None
    dearest = prices.top(1).iloc[0]
    network = plan.scenario.network
    link = int(np.flatnonzero(network.link_id == dearest["link_id"])[0])
    at = np.arange(0, 40 * 60, prices.step)
    ax.plot(at / 60, [prices.at(dearest["link_id"], t) for t in at], color="#D55E00", label="price")
    ax.set(xlabel="minutes after the alarm", ylabel="price of entering [s a person]")
    entered = moves.leg_link == link
    sizes = np.repeat(moves.size, np.diff(moves.leg_ptr))[entered]
    count, edges = np.histogram(moves.leg_enter[entered], np.arange(0, 41 * 60, 60), weights=sizes)
    other = ax.twinx()
    other.step(edges[:-1] / 60, count / 60, where="post", color="#0072B2", label="flow")
    other.axhline(network.capacity[link], color="#0072B2", linestyle=":", linewidth=1)
    other.set_ylabel("flow, and its limit (dotted) [person/s]")
    other.set_ylim(0, 1.2 * network.capacity[link])
    ax.set_title(f"{dearest['name'] or dearest['link_id']}: a price where it is full")
    ax.figure.legend(loc="upper right", bbox_to_anchor=(0.93, 0.62), fontsize="small")


def main() -> None:
    people = int(sys.argv[1]) if len(sys.argv) > 1 else 50_000
    scenario = er.lagoon(people=people)
    plans = {name: er.assign(scenario, name) for name in METHODS[:2]}
    plans["over_time"] = er.assign(scenario, "over_time", gap=0.01, time_limit="60 s")
    figure, axes = plt.subplots(1, 2, figsize=(11, 4), layout="constrained", width_ratios=[3, 2])
    costs(axes[0], plans)
    price(axes[1], plans["over_time"])
    figure.suptitle(f"{people:,} people of a made-up city (SYNTHETIC)", fontsize="small")
    figure.savefig(PATH, dpi=85, metadata={"Software": None})
    print(f"{PATH.name}: {PATH.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
