"""Narrow bridges are weak: plan for a few earthquakes at once, and try the plan on many others."""

from dataclasses import dataclass

import numpy as np
from city import bridges_of, options, read_city, save_picture
from drawing import COLOURS, titled

import evacroute as er


@dataclass(frozen=True)
class WeakBridges:
    """Bridges fall by chance, narrow ones more often: anything with link_times is a hazard."""

    seed: int = 0

    def link_times(self, network, classes, until):
        bridges = bridges_of(network)
        # Both directions of a bridge share its draw.
        ends = np.sort([network.from_node[bridges], network.to_node[bridges]], axis=0)
        bridge = np.unique(ends, axis=1, return_inverse=True)[1].ravel()
        drawn = np.random.default_rng(self.seed).random(len(bridges))[bridge]
        link = bridges[drawn < np.where(network.width[bridges] < 2.7, 0.25, 0.02)]
        none = np.zeros(len(link))
        return er.LinkTimes(link, none - 1, none, none + np.inf, none)


city, draws = read_city(people=3000), options().draws or 12
others = min(40, 4 * draws)  # earthquakes that no plan was made for
seen = [city.with_hazard(WeakBridges(seed)) for seed in range(draws)]
blind, robust = er.assign(city), er.assign(seen, robust="expected")
plans = {"as if nothing happens": blind, "for one": er.assign(seen[0]), f"for {draws}": robust}
everyone, swept = blind.placed + blind.left, {}
print(f"chosen of those for all: {robust.settings['robust']['chosen']}\n")
print(f"{f'{everyone:,} people; safe in {others} others':<36}    mean   worst")
for name, plan in plans.items():
    # So small a city is played sooner than worker processes start: all in this one.
    swept[name] = er.sweep(city, WeakBridges(1000), draws=others, plan=plan, executor="serial")
    safe = swept[name].table["safe"]
    print(f"  planned {name:<26} {safe.mean():>7,.0f} {safe.min():>7,.0f}")
# What would be possible if everybody knew at once what has fallen.
known = er.sweep(city, WeakBridges(1000), draws=4, executor="serial").expected["safe"]
print(f"  {'planned anew, the first 4':<34} {known:>7,.0f}")
stops = er.evaluate(blind, hazards=[WeakBridges(1000 + i) for i in range(others)])
print("\nbridges that stop most people of the first plan:", stops.blocking.head(5), sep="\n")


def draw(ax):
    for i, (name, found) in enumerate(swept.items()):
        safe = np.sort(100 * found.table["safe"] / everyone)
        ax.plot(range(1, others + 1), safe, color=COLOURS[i], marker="os^"[i], label=name)
    ax.set(xlabel="earthquakes, the worst first", ylabel="safe [% of all people]")
    ax.set_title(titled(f"Three plans in {others} earthquakes that they do not know"))
    ax.legend(title="planned")


save_picture(draw)
