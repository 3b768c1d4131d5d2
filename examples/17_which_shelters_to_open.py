"""Which few shelters to open first: those that save most time, the largest, or some by chance."""

from dataclasses import replace
from itertools import product

import numpy as np
import pandas as pd
from city import read_city, save_picture
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

import evacroute as er

city = read_city(people=5000, deadline="90 min")
network, shelters, room = city.network, city.shelters, city.shelters.capacity
groups, classes, usable = city.groups, city.group_classes, np.flatnonzero(room)
# Minutes to each place at the pace of the largest class, with the city to oneself.
persons = np.bincount(groups.class_, groups.size, len(classes))
largest = (persons * (classes.speed_steps > 0)).argmax()
speed = np.where(network.steps, classes.speed_steps[largest], classes.speed_flat[largest])
least = pd.Series(network.length / speed / 60).groupby([network.to_node, network.from_node]).min()
back = csr_array((least, tuple(least.index.to_frame().to_numpy().T)), [network.n_nodes] * 2)
walk = dijkstra(back, indices=shelters.node)[:, groups.node]


def minutes_with(some):
    """Plan with these places alone: minutes of each group, all the time there is where left."""
    on = np.isin(np.arange(len(room)), some)  # A place without room is closed.
    few = replace(shelters, capacity=room * on, step_free_capacity=shelters.step_free_capacity * on)
    some = er.Scenario(network, groups, few, classes=classes, deadline=city.deadline_s)
    plan = er.assign(some, "earliest_arrival")
    took = np.full(len(groups), city.deadline_s)
    took[plan.movements.group] = plan.movements.arrive - plan.ready
    return took / 60, plan.left


def worth_most(places, took):
    """The place that saves most: those to whom it is worth most go first, while it has room."""
    gain = np.maximum(took - walk[places], 0)
    order = np.argsort(-gain, axis=1)
    inside = np.diff(np.cumsum(groups.size[order], axis=1).clip(max=room[places, None]), prepend=0)
    return places[(np.take_along_axis(gain, order, 1) * inside).sum(axis=1).argmax()]


saves, by_chance = [], np.random.default_rng(0).permutation(usable)
while len(saves) < min(8, len(usable)):
    saves.append(worth_most(np.setdiff1d(usable, saves), minutes_with(saves)[0]))
rules = {"saves most": saves, "largest": usable[np.argsort(-room[usable])], "chance": by_chance}
mean, left = pd.DataFrame(), pd.DataFrame()
for k, rule in product(range(1, len(saves) + 1), rules):
    took, left.loc[k, rule] = minutes_with(rules[rule][:k])
    mean.loc[k, rule] = np.average(took, weights=groups.size)
print("minutes from ready to safe (who is left: all the time there is) and people left")
print(pd.concat({"minutes": mean.round(2), "left": left.astype(int)}, axis=1))
took, n = minutes_with(usable)
print(f"all {len(usable)} open: {np.average(took, weights=groups.size):.2f} minutes, {n} left")
print("those that save most:", *shelters.name[saves], sep="\n  ")
look = {"style": ["-o", "--s", ":^"], "color": ["#0072B2", "#D55E00", "#57616b"], "ylim": 0}
save_picture(mean.plot, **look, xlabel="places open", ylabel="mean minutes to safety")
