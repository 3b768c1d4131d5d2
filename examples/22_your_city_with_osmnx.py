"""Your own city from OpenStreetMap by OSMnx: what is read, what is assumed, and a first plan."""

import importlib.util
import sys

import networkx as nx
import numpy as np
import pandas as pd
from city import PARSER, options, save_picture

import evacroute as er
from evacroute.plotting import plot_plan

PARSER.add_argument("--place", help='download it, like "Chioggia, Italy"; else a town is made up')
asked = options()
count = int(asked.people or 1000)


def small_town():
    """Twelve by eight corners and a canal in between, with three bridges, two of them of steps."""
    town = nx.MultiDiGraph(crs="epsg:4326")
    for i in range(96):
        town.add_node(i, x=12.2780 + 0.0006 * (i // 8), y=45.2180 + 0.0005 * (i % 8))
    for a, b in [(i, i + 8) for i in range(88)] + [(i, i + 1) for i in range(95)]:
        x, y = divmod(a, 8)
        way = {"osmid": 1000 * a + b, "length": 47.1 if b == a + 8 else 55.7, "highway": "footway"}
        if b == a + 1 and y == 3:
            steps = {} if x == 5 else {"highway": "steps", "step_count": "18"}
            way |= {"bridge": "yes", "width": "3"} | steps
        if b == a + 8 or y not in (3, 7) or (y == 3 and x in (1, 5, 9)):
            town.add_edges_from([(a, b, way), (b, a, way)])
    return town


graph = small_town()
if asked.place:
    if importlib.util.find_spec("osmnx") is None:
        sys.exit("downloading needs an extra: pip install 'evacroute[osm]'")
    import osmnx

    osmnx.settings.useful_tags_way += ["step_count", "wheelchair"]
    graph = osmnx.graph_from_place(asked.place, network_type="walk")
network = er.read_network(graph)
print(network, network.report, sep="\n", end="\n\n")
# Three shelters at the corners farthest from the middle.
far = np.argsort(-np.hypot(network.lon - network.origin[0], network.lat - network.origin[1]))[:3]
places = {"shelter_id": ["A", "B", "C"], "lon": network.lon[far], "lat": network.lat[far]}
room = {"capacity": count // 2, "step_free_capacity": count // 10, "intake_rate": 2.0}
shelters = er.read_shelters(pd.DataFrame(places | room), network)
people = er.synthesize_people(network, count)
plan = er.assign(er.Scenario(network, people, shelters, deadline="45 min"))
print(f"{plan.summary()}\n\nevery rule kept: {er.verify(plan).ok}")
assumed = np.average(network.width_assumed, weights=network.length)
print(f"assumed: the width of {assumed:.0%} of the streets; people and shelters are made up")
save_picture(plot_plan, plan)
