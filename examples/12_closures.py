"""A building site, a march and a slippery bridge: streets closed or slow by a table."""

import numpy as np
import pandas as pd
from city import bridges_of, read_city, save_picture

import evacroute as er
from evacroute.plotting import plot_hazard

city = read_city(people=5000, deadline="60 min")
network = city.network
# The crossing nearest to the middle, and a shelter: two places that every city has.
(lon, lat), shelters = network.origin, city.shelters
site = np.hypot(network.lon - lon, network.lat - lat).argmin()
bridge = bridges_of(network)
widest = bridge[np.argmax(network.width[bridge])]

table = pd.DataFrame(
    [
        # A building site: all within 40 m of a place, from the alarm on for good.
        {"lon": network.lon[site], "lat": network.lat[site], "radius_m": 40},
        # A march passes the widest bridge from minute 5 to 15, and more slowly than was thought.
        {"link_id": network.link_id[widest], "from": "5 min", "to": "15 min"},
        {"link_id": network.link_id[widest], "from": "10 min", "to": "20 min"},
        # Wet paving: at seven tenths of the pace all the time, in a quarter and on one bridge.
        {"lon": shelters.lon[0], "lat": shelters.lat[0], "radius_m": 200, "speed_factor": 0.7},
        {"link_id": network.link_id[bridge[0]], "speed_factor": 0.7},
    ]
)
closures = er.read_closures(table, network)
print(closures.report)

scenario = city.with_hazard(closures)
print(scenario.link_times.frame(network, scenario.group_classes).tail(4).to_string(index=False))

for name, one in (("open", city), ("with closures", scenario)):
    plan = er.assign(one)
    print(f"\n{name}: {plan.placed:,} safe, {plan.times.mean / 60:.2f} min from ready to safe")
    legs = plan.legs_frame()
    inside = legs["enter_s"].between(300, 1199) & (legs["link_id"] == network.link_id[widest])
    print(f"walks over the widest bridge between minute 5 and 20: {int(inside.sum())}")

save_picture(plot_hazard, scenario, "10 min")
