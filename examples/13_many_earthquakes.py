"""Narrow bridges are weak: plan for a few earthquakes at once, and try the plan on many others."""

import os
from dataclasses import dataclass

import numpy as np

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "3000"))
DRAWS = int(os.environ.get("EVACROUTE_EXAMPLE_DRAWS", "12"))


@dataclass(frozen=True)
class WeakBridges:
    """Bridges fall by chance, narrow ones more often: anything with link_times is a hazard."""

    seed: int = 0

    def link_times(self, network, classes, until):
        bridges = np.flatnonzero(network.kind == er.network.KINDS.index("bridge"))
        # Both directions of a bridge share its draw.
        ends = np.sort([network.from_node[bridges], network.to_node[bridges]], axis=0)
        bridge = np.unique(ends, axis=1, return_inverse=True)[1].ravel()
        drawn = np.random.default_rng(self.seed).random(len(bridges))[bridge]
        link = bridges[drawn < np.where(network.width[bridges] < 2.7, 0.25, 0.02)]
        n = len(link)
        return er.LinkTimes(link, np.full(n, -1), np.zeros(n), np.full(n, np.inf), np.zeros(n))


def main():
    city = er.lagoon(people=PEOPLE)
    seen = [city.with_hazard(WeakBridges(seed)) for seed in range(DRAWS)]
    plans = {
        "as if nothing happens": er.assign(city),
        "for one earthquake": er.assign(seen[0]),
        f"for {DRAWS} at once": er.assign(seen, robust="expected"),
    }
    print(f"chosen of the last: {plans[f'for {DRAWS} at once'].settings['robust']['chosen']}\n")
    print(f"{f'{PEOPLE:,} people; safe in 40 others':<34}    mean   worst")
    # So small a city is played sooner than worker processes start: all in this one.
    for name, plan in plans.items():
        found = er.sweep(city, WeakBridges(seed=1000), draws=40, plan=plan, executor="serial")
        print(f"  {name:<32} {found.expected['safe']:>7,.0f} {found.worst['safe']:>7,.0f}")

    # What would be possible if everybody knew at once what has fallen.
    known = er.sweep(city, WeakBridges(seed=1000), draws=4, executor="serial")
    print(f"  {'planned anew, the first 4':<32} {known.expected['safe']:>7,.0f}")

    others = [WeakBridges(1000 + i) for i in range(40)]
    stops = er.evaluate(plans["as if nothing happens"], hazards=others)
    print("\nbridges that stop most people of the first plan:")
    print(stops.blocking.head(5).to_string(index=False))


if __name__ == "__main__":
    main()
