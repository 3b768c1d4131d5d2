"""Your own city: a GeoJSON of streets, a table of people, a table of shelters.

It writes these files itself, so of all options it heeds --picture alone.
"""

import json
from pathlib import Path

import numpy as np
import pandas as pd
from city import save_picture

import evacroute as er
from evacroute.plotting import plot_plan

out = Path("out/own_city")
out.mkdir(parents=True, exist_ok=True)

# Replace what follows by your files. Here: eight alleys north to south, three east to west.
LON, LAT = 12.3300 + 0.0006 * np.arange(8), 45.4300 + 0.0010 * np.arange(3)
lines = [[[lon, LAT[0]], [lon, LAT[1]], [lon, LAT[2]]] for lon in LON.tolist()]
lines += [[[lon, lat] for lon in LON.tolist()] for lat in LAT.tolist()]
features = [
    {
        "type": "Feature",
        "properties": {"id": i, "name": "Calle larga" if i > 7 else "Calle stretta"},
        "geometry": {"type": "LineString", "coordinates": line},
    }
    for i, line in enumerate(lines)
]
streets = out / "streets.geojson"
streets.write_text(json.dumps({"type": "FeatureCollection", "features": features}))

rng = np.random.default_rng(0)
people = pd.DataFrame({"lon": rng.uniform(LON[0], LON[-1], 400), "lat": rng.choice(LAT, 400)})
people["age"] = rng.integers(3, 90, len(people))
people.to_csv(out / "people.csv", index=False)

shelters = pd.DataFrame({"shelter_id": ["west", "east"], "capacity": [150, 300]})
shelters = shelters.assign(lon=LON[[0, -1]], lat=LAT[1], intake_rate=2.0)
shelters.to_csv(out / "shelters.csv", index=False)

network = er.read_network(streets)
print(network.report)  # what was read and mended, and how much capacity is assumed
scenario = er.Scenario(
    network,
    er.read_people(out / "people.csv", network, seed=0),
    er.read_shelters(out / "shelters.csv", network),
    deadline="45 min",
)
plan = er.assign(scenario)
print(plan.summary())
plan.save(out / "plan")
print(f"map: {er.write_map(plan, out / 'plan' / 'map.html')}")
save_picture(plot_plan, plan)
