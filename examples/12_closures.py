"""A building site, a march and a slippery bridge: streets closed or slow by a table."""

import os

import numpy as np
import pandas as pd

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "5000"))

city = er.lagoon(people=PEOPLE, deadline="60 min")
network = city.network
lon, lat = network.origin
bridge = np.flatnonzero(network.kind == er.network.KINDS.index("bridge"))
widest = bridge[np.argmax(network.width[bridge])]

table = pd.DataFrame(
    [
        # A building site: all within 40 m of a place, from the alarm on for good.
        {"lon": lon, "lat": lat, "radius_m": 40},
        # A march passes the widest bridge from minute 5 to 15, and more slowly than was thought.
        {"link_id": network.link_id[widest], "from": "5 min", "to": "15 min"},
        {"link_id": network.link_id[widest], "from": "10 min", "to": "20 min"},
        # Wet steps: at seven tenths of the pace all the time, one bridge of steps.
        {"link_id": network.link_id[bridge[0]], "speed_factor": 0.7},
    ]
)
closures = er.read_closures(table, network)
print(closures.report)

scenario = er.Scenario(network, city.people, city.shelters, deadline="60 min", hazard=closures)
print(scenario.link_times.frame(network, scenario.group_classes).tail(4).to_string(index=False))

for name, one in (("open", city), ("with closures", scenario)):
    plan = er.assign(one)
    print(f"\n{name}: {plan.placed:,} safe, {plan.times.mean / 60:.2f} min from ready to safe")
    legs = plan.legs_frame()
    inside = legs["enter_s"].between(300, 1199) & (legs["link_id"] == network.link_id[widest])
    print(f"walks over the widest bridge between minute 5 and 20: {int(inside.sum())}")
