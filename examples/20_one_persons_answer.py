"""A wheelchair user before a bridge with steps asks: where to, which way, what else, and why."""

import sys

import numpy as np
from city import read_city, save_picture

import evacroute as er
from evacroute.plotting import plot_network
from evacroute.recommending import Recommender
from evacroute.route_directions import route_directions
from evacroute.units import to_metres

city = read_city(people=5000, deadline="60 min")
network, ask = city.network, Recommender(city, er.assign(city))

# They stand at one of the bridges with steps that others are sent over: the one with most choice.
bridges = np.flatnonzero(network.steps > 0)  # 1 where it is not known how many.
found = []
for bridge in bridges[:: max(1, len(bridges) // 150)]:
    who = {"node_id": network.node_id[network.from_node[bridge]], "age": 58, "ready_time_s": 120}
    try:
        chair = ask.recommend({**who, "mobility": "wheelchair_manual", "helpers": 1})
        walker = ask.recommend({**who, "mobility": "none"}, top=1)
    except er.PeopleError:
        continue  # No street that a wheelchair can use is near.
    if walker.options and bridge in walker.best.route and chair.options:
        found.append((len(chair.options), chair.best.length_m, bridge, chair, walker.best))
if not found:
    sys.exit("at no bridge with steps is there a shelter for both, over it and without steps")
*_, bridge, chair, walker = max(found, key=lambda one: one[:2])
best = chair.best

print(f"before {network.name[bridge] or network.link_id[bridge]}, steps: {network.steps[bridge]}")
print(f"a walker is sent over it:   {walker.name}, {walker.length_m:.0f} m")
print(f"the wheelchair goes round:  {best.name}, {best.length_m:.0f} m\n\n{chair}\n")

# The way to the first in their language, at their own pace; then those to the next in one line.
for number, option in enumerate(chair.options[:3]):
    gone = np.r_[0, np.cumsum(network.length[option.route])]
    clock = (option.depart_s + option.walk_s * gone / max(gone[-1], 1)).tolist()
    told = {"shelter": option.name, "language": "it"}
    way = route_directions(network, option.route, clock[:-1], clock[1:], **told)
    print(way if not number else f"or: {option.name}, {way.distance:.0f} m, {way.bridges} bridges")


def draw(ax):
    plot_network(network, ax).get_legend().remove()
    for lines in ax.collections:
        lines.set(color="#c6ccd2", linewidth=0.8, label="_")
    for option, color, label in ((walker, "#0072B2", "on foot"), (best, "#D55E00", "wheelchair")):
        line = np.concatenate([network.geometry(link) for link in option.route])
        x, y = to_metres(*line.T, network.origin)
        ax.plot(x, y, color=color, linewidth=3, label=f"{label}: {option.name}")
    ax.set(xlim=(x.min() - 250, x.max() + 250), ylim=(y.min() - 120, y.max() + 120), title="")
    ax.legend(loc="best")


save_picture(draw)
