"""Eight minutes after the alarm the busiest bridge closes: the plan goes on from where all are."""

import sys

import numpy as np
from city import bridges_of, read_city, save_picture
from drawing import COLOURS, draw_streets, middles, titled

import evacroute as er

NOW = 480.0  # seconds

plan = er.assign(read_city(people=5000), method="over_time", gap=0.02, time_limit="15 s")
print(f"the plan: {plan.placed:,} people, {plan.times.mean / 60:.2f} min from ready to safe")

# The bridge that most people have still to cross, both ways.
network, legs = plan.scenario.network, plan.legs_frame()
ahead = legs[legs["enter_s"] >= NOW].join(plan.movements_frame()["size"], on="movement_id")
bridges = network.link_id[bridges_of(network)]
persons = ahead[ahead["link_id"].isin(bridges)].groupby("link_id")["size"].sum()
if not len(persons):
    sys.exit("nobody has a bridge still to cross by then, so none that closes matters")
worst = persons.sort_index().idxmax()
link = network.link_positions([worst])[0]
ends = {network.from_node[link], network.to_node[link]}
both = [i for i in range(network.n_links) if {network.from_node[i], network.to_node[i]} == ends]
print(f"{persons[worst]:,} people have still to cross link {worst}; it closes\n")

new = er.replan(plan, now=NOW, closures={"links": network.link_id[both].tolist()})
print(new.summary())
print(f"\nevery rule kept: {er.verify(new.plan).ok}")

entered = int(np.isin(new.plan.movements.leg_link, both).sum())
print(f"people who enter it from now on: {entered}\n\nwho goes elsewhere:")
print(new.moved.groupby(["from", "to"])["persons"].sum().nlargest(5).to_string())


def load(one):
    """Persons who enter each link from now on."""
    size = np.repeat(one.movements.size, np.diff(one.movements.leg_ptr))
    size = size * (one.movements.leg_enter > NOW)
    return np.bincount(one.movements.leg_link, size, network.n_links)


def draw(ax):
    change = load(new.plan) - load(plan)
    draw_streets(ax, network)
    for mine, colour, name in ((change < 0, 1, "fewer people"), (change > 0, 0, "more people")):
        width = 1 + 4 * abs(change[mine]) / abs(change).max()
        look = {"colors": COLOURS[colour], "linewidths": width, "label": name}
        draw_streets(ax, network, np.flatnonzero(mine), **look)
    x, y = middles(network, link)
    ax.plot(x, y, "kX", markersize=12, label="closed")
    ax.set(xlim=(x - 800, x + 800), ylim=(y - 400, y + 400))
    ax.set_title(titled("Who walks where when the bridge closes, against the plan before"))
    ax.legend(loc="upper left", fontsize="small")


save_picture(draw)
