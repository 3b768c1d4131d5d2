"""Boats carry people who cannot use steps: the lagoon with its three lines and without."""

from dataclasses import replace

import numpy as np
import pandas as pd
from city import changed, options, read_city, save_picture
from drawing import COLOURS, draw_streets, middles, titled

import evacroute as er

# People are read on the streets; then stops, gangways and ferry links are added.
city = read_city(people=20000)
if options().network is None:
    network, boats = er.lagoon_boats(city.network, alarm="2021-10-05 10:00", until="90 min")
else:
    print("The city has no timetable: a made-up boat goes to and fro between its first shelters.")
    ids = city.network.node_id[city.shelters.node[:4]]
    ways = pd.DataFrame({"from_node_id": ids[:-1], "to_node_id": ids[1:]})
    ways = ways.assign(seats=60, wheelchair_places=2, both_ways=1)
    network, boats = er.shuttles(city.network, ways, until=city.deadline_s)
places = boats.wheelchair_places
print(f"{boats}: up to {boats.seats.max()} seats, {places.min()} to {places.max()} for wheelchairs")

# A household that stays with a wheelchair user takes a place each: what if all boats had four?
roomy = replace(boats, wheelchair_places=np.maximum(places, 4))

plans = {}
for name, timetable in (("on foot", None), ("with boats", boats), ("four places", roomy)):
    scenario = changed(city, network=network, boats=timetable)
    plan = plans[name] = er.assign(scenario)
    # People who cannot use steps, and those who go with them.
    cannot, size = scenario.group_classes.step_free[scenario.groups.class_], scenario.groups.size
    placed = plan.movements.size[cannot[plan.movements.group]].sum()
    print(f"{name:<11}  {plan.placed:,} of {plan.placed + plan.left:,} placed; {placed} of the")
    print(f"  {size[cannot].sum()} who cannot use steps; {plan.times.mean / 60:.2f} min to safety")

# Whoever takes a boat, and how they are told.
plan, moves = plans["with boats"], plans["with boats"].movements
rides = network.kind[moves.leg_link] == er.network.KINDS.index("ferry")
aboard = np.flatnonzero(np.add.reduceat(np.append(rides, False), moves.leg_ptr[:-1]) > 0)
print(f"\n{moves.size[aboard].sum()} people take a boat")
if len(aboard):
    print(er.directions(plan, movement=int(aboard[0]), alarm="10:00"))
er.write_map(plan, "boats.html")
print(f"\nevery rule is kept, seats too: {er.verify(plan).ok}\nmap: boats.html, boats dashed")


def draw(ax):
    draw_streets(ax, city.network)
    lines, trips = np.unique(boats.link), len(set(boats.trip_id))
    draw_streets(ax, network, lines, colors=COLOURS[0], linewidths=1.5)
    persons = np.repeat(moves.size, np.diff(moves.leg_ptr))
    persons = np.bincount(moves.leg_link, persons, network.n_links)
    ax.scatter(*middles(network, lines), s=4 * persons[lines], color=COLOURS[1], zorder=3)
    ax.set_title(titled(f"{trips} trips of boats in 90 min; dots: people aboard, by area"))


save_picture(draw)
