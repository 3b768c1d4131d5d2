"""Which few shelters to open first: those that save most time, the largest, or some by chance."""

from dataclasses import replace
from functools import cache

import numpy as np
import pandas as pd
from city import changed, read_city, save_picture
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

import evacroute as er

city = read_city(people=5000, deadline="90 min")
network, shelters, room = city.network, city.shelters, city.shelters.capacity
groups, classes, usable = city.groups, city.group_classes, np.flatnonzero(room)
# Minutes to each place at the pace of the largest class that uses steps, in an empty city.
persons = np.bincount(groups.class_, groups.size, len(classes))
largest = (persons * (classes.speed_steps > 0)).argmax()
speed = np.where(network.steps, classes.speed_steps[largest], classes.speed_flat[largest])
links = {"to": network.to_node, "from": network.from_node, "minutes": network.length / speed / 60}
links = pd.DataFrame(links).groupby(["to", "from"], as_index=False).min()  # of parallel ones
back = csr_array((links["minutes"], (links["to"], links["from"])), [network.n_nodes] * 2)
walk = dijkstra(back, indices=shelters.node)[:, groups.node]


@cache
def minutes_with(*places):
    """Plan with these places alone: mean minutes of each group, all there are for who is left."""
    on = np.isin(np.arange(len(room)), places)  # A place without room is closed.
    few = replace(shelters, capacity=room * on, step_free_capacity=shelters.step_free_capacity * on)
    plan = er.assign(changed(city, shelters=few), "shelter_flow", rounds=1, polish=0)
    moves, n = plan.movements, len(groups)
    spent = np.bincount(moves.group, moves.size * (moves.arrive - plan.ready), n)
    left = groups.size - np.bincount(moves.group, moves.size, n)
    return (spent + left * city.deadline_s) / groups.size / 60, plan.left


saves = []
while len(saves) < min(8, len(usable)):
    places = np.setdiff1d(usable, saves)
    gain = np.maximum(minutes_with(*saves)[0] - walk[places], 0)
    # Those to whom a place is worth most go there first, while it has room.
    order = np.argsort(-gain, axis=1)
    inside = np.diff(np.cumsum(groups.size[order], axis=1).clip(max=room[places, None]), prepend=0)
    saves.append(places[(np.take_along_axis(gain, order, 1) * inside).sum(axis=1).argmax()])
chance = np.random.default_rng(0).permutation(usable)
rules = {"saves most": saves, "largest": usable[np.argsort(-room[usable])], "chance": chance}
minutes, left = pd.DataFrame(), pd.DataFrame()
for k in range(1, len(saves) + 1):
    for rule, places in rules.items():
        took, left.loc[k, rule] = minutes_with(*places[:k])
        minutes.loc[k, rule] = np.average(took, weights=groups.size)
print("minutes from ready to safe (who is left: all the time there is) and people left")
print(pd.concat({"minutes": minutes.round(2), "left": left.astype(int)}, axis=1))
took, n = minutes_with(*usable)
print(f"all {len(usable)} open: {np.average(took, weights=groups.size):.2f} minutes, {n} left")
print("those that save most:", *shelters.name[saves], sep="\n  ")
save_picture(minutes.plot, style=["-o", "--s", ":^"], ylim=0, xlabel="places", ylabel="minutes")
