"""Many draws of falling bridges: plan for a few of them at once, and try the plan on others."""

import os
from dataclasses import dataclass

import numpy as np

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "3000"))


@dataclass(frozen=True)
class WeakBridges:
    """Each bridge falls with a probability, for good: anything with link_times is a hazard."""

    seed: int = 0
    probability: float = 0.1

    def link_times(self, network, classes, until):
        bridges = np.flatnonzero(network.kind == er.network.KINDS.index("bridge"))
        # Both directions of a bridge share its draw.
        ends = np.sort([network.from_node[bridges], network.to_node[bridges]], axis=0)
        _, bridge = np.unique(ends, axis=1, return_inverse=True)
        falls = np.random.default_rng(self.seed).random(len(bridges)) < self.probability
        link = bridges[falls[bridge.ravel()]]
        n = len(link)
        return er.LinkTimes(link, np.full(n, -1), np.zeros(n), np.full(n, np.inf), np.zeros(n))


def main():
    city = er.lagoon(people=PEOPLE)
    seen = [city.with_hazard(WeakBridges(seed)) for seed in range(5)]
    plans = {
        "as if nothing happens": er.assign(city),
        "for one draw": er.assign(seen[0]),
        "for five draws at once": er.assign(seen, robust="expected"),
    }
    print(f"{PEOPLE:,} people; safe in 40 other draws:     mean   worst")
    for name, plan in plans.items():
        found = er.sweep(city, WeakBridges(seed=1000), draws=40, plan=plan, workers=2)
        print(f"  {name:<40} {found.expected['safe']:>7,.0f} {found.worst['safe']:>7,}")

    # What would be possible if everybody knew at once what has fallen.
    known = er.sweep(city, WeakBridges(seed=1000), draws=4, workers=2)
    print(f"  {'planned anew, the first 4 draws':<40} {known.expected['safe']:>7,.0f}")

    others = [WeakBridges(1000 + i) for i in range(40)]
    stops = er.evaluate(plans["as if nothing happens"], hazards=others)
    print("\nbridges that stop most people of the first plan:")
    print(stops.blocking.head(5).to_string(index=False))


# Worker processes read this file too, and must not start over.
if __name__ == "__main__":
    main()
