"""The tide comes in while people walk: what gets wet, what closes to whom, what a plan loses."""

import os

import numpy as np
import pandas as pd

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "5000"))

# A made-up night: 0.95 m at 20:00, 1.45 m at 22:00, a level every ten minutes, one missing.
clock = np.delete(np.arange(0, 241, 10), 7)
level = 1.20 - 0.25 * np.cos(np.pi * clock / 120)
tide = er.read_tide(list(zip(clock * 60.0, level, strict=True)), alarm=60 * 60, until="90 min")
print(f"{tide}\n{tide.report}\n")

dry = er.lagoon(people=PEOPLE)
network = dry.network

# Walkways along the busy quays, laid from 1.10 m on and taken away above 1.40 m.
quays = np.flatnonzero(network.kind == er.network.KINDS.index("quay"))[::2][:20]
rows = {"link_id": network.link_id[quays], "height": 1.6, "width": 1.2}
table = pd.DataFrame(rows | {"tide_from": 1.10, "tide_to": 1.40})
network, walkways = er.add_walkways(network, table)

# The lagoon has heights (made up); with heights="model" they would be modelled and flagged.
flood = er.Flood(tide, walkways=walkways)
for minute in range(0, 91, 15):
    now = flood.level(60 * minute)
    print(f"{minute:>3} min: {now:.2f} m, {flood.flooded_share(network, now):6.1%} under water")

wet = er.Scenario(network, dry.people, dry.shelters, hazard=flood, deadline="90 min")
print(f"\n{flood.report(network, wet.group_classes, wet.deadline_s)}\n")

for name, scenario in (("dry", dry), ("flood", wet)):
    plan = er.assign(scenario)
    mean = plan.times.mean / 60
    print(
        f"{name:<6} {plan.placed:,} placed, {plan.left:,} left, {mean:.2f} min from ready to safe"
    )

try:
    from evacroute.plotting import plot_depth

    plot_depth(network, flood, 60 * 60).figure.savefig("flood.png", dpi=120)
    print("\nflood.png: how deep the water stands after an hour")
except er.MissingExtraError as missing:
    print(f"\nno picture: {missing}")
