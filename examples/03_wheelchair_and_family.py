"""A wheelchair takes the way round without steps; a family goes together, at its slowest pace.

It has streets of its own, so of all options it heeds --picture alone.
"""

import numpy as np
import pandas as pd
from city import save_picture
from drawing import COLOURS, draw_streets, middles

import evacroute as er


def street(name, *points, **properties):
    geometry = {"type": "LineString", "coordinates": [list(point) for point in points]}
    return {"type": "Feature", "properties": {"id": name, **properties}, "geometry": geometry}


# A bridge with steps leads straight over the canal; the way round crosses it on the level.
home, south, north = (12.3300, 45.430), (12.3310, 45.430), (12.3310, 45.4302)
safe, east, far = (12.3320, 45.4302), (12.3330, 45.430), (12.3330, 45.4302)
features = [
    street("calle", home, south, width=3),
    street("ponte", south, north, bridge=1, steps=24, width=2.5),
    street("campo", north, safe, kind="square"),
    street("fondamenta", south, east, kind="quay", width=4),
    street("ponte piano", east, far, bridge=1, steps=0, width=3),
    street("riva", far, safe, kind="quay", width=4),
]
network = er.read_network({"type": "FeatureCollection", "features": features})
household = ["family"] * 4 + ["alone", "other"]
mobility = ["none", "none", "none", "cane", "wheelchair_electric", "none"]
people = {"person_id": ["Anna", "Bruno", "Clara", "Dora", "Enzo", "Fabio"], "lon": home[0]}
people |= {"household_id": household, "age": [38, 40, 4, 79, 30, 30], "mobility": mobility}
people = er.read_people(pd.DataFrame(people | {"lat": home[1], "ready_time_s": 0}), network)
shelter = {"shelter_id": ["scuola"], "lon": [safe[0]], "lat": [safe[1]], "capacity": [10]}
shelters = er.read_shelters(pd.DataFrame({**shelter, "step_free_capacity": [1]}), network)

plan = er.assign(er.Scenario(network, people, shelters, deadline="30 min"), step="5 s")
legs = plan.legs_frame().groupby("movement_id")["link_id"].agg(list)
who = {}
for row in plan.assignments_frame().itertuples():
    way = legs[row.movement_id]
    who.setdefault(tuple(way), []).append(row.person_id)
    print(f"{row.person_id:<6} arrives after {row.arrive_s:4.0f} s by {' > '.join(way)}")


def draw(ax):
    for i, (way, names) in enumerate(who.items()):
        look = {"colors": COLOURS[i], "linewidths": 7 - 4 * i, "label": ", ".join(names)}
        draw_streets(ax, network, network.link_positions(list(way)), **look)
    for part in features:
        name, links = part["properties"]["id"], network.link_positions([part["properties"]["id"]])
        ax.annotate(name, np.ravel(middles(network, links)), ha="center", va="bottom")
    ax.set(title="Over the steps, or round without (made-up streets)", aspect="auto", xmargin=0.2)
    ax.legend(loc=(0.43, 0.65))


save_picture(draw)
