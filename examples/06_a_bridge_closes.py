"""Eight minutes after the alarm the busiest bridge closes: the plan goes on from where all are."""

import os

import numpy as np

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "5000"))
NOW = 480.0  # seconds

plan = er.assign(er.lagoon(people=PEOPLE), method="over_time", gap=0.02, time_limit="15 s")
print(f"the plan: {plan.placed:,} people, {plan.times.mean / 60:.2f} min from ready to safe")

# The bridge that most people have still to cross, both ways.
network, legs = plan.scenario.network, plan.legs_frame()
ahead = legs[legs["enter_s"] >= NOW].join(plan.movements_frame()["size"], on="movement_id")
bridges = network.link_id[network.kind == er.network.KINDS.index("bridge")]
persons = ahead[ahead["link_id"].isin(bridges)].groupby("link_id")["size"].sum()
worst = persons.sort_index().idxmax()
link = network.link_positions([worst])[0]
ends = {network.from_node[link], network.to_node[link]}
both = [i for i in range(network.n_links) if {network.from_node[i], network.to_node[i]} == ends]
print(f"{persons[worst]:,} people have still to cross link {worst}; it closes\n")

new = er.replan(plan, now=NOW, closures={"links": network.link_id[both].tolist()})
print(new.summary())
print(f"\nevery rule kept: {er.verify(new.plan).ok}")

moves = new.plan.movements
print(f"people who enter it from now on: {int(np.isin(moves.leg_link, both).sum())}")
print("\nwho goes elsewhere:")
print(new.moved.groupby(["from", "to"])["persons"].sum().nlargest(5).to_string())
