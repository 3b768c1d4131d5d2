"""Where one more bridge without steps would help: whom it gives a way to a shelter."""

from dataclasses import replace

import numpy as np
from city import bridges_of, changed, read_city, save_picture
from drawing import COLOURS, draw_streets, middles, titled
from scipy.sparse import csr_matrix
from scipy.sparse.csgraph import connected_components

import evacroute as er

city = read_city(people=30000)
network, groups, shelters = city.network, city.groups, city.shelters
cannot = city.group_classes.step_free[groups.class_]
bridges = bridges_of(network)


def worth(network):
    """Bridges with steps, and how many people each would join to free places, made level."""
    level = network.steps == 0
    ends = network.from_node[level], network.to_node[level]
    streets = csr_matrix((np.ones(level.sum()), ends), (network.n_nodes, network.n_nodes))
    island = connected_components(streets, directed=False)[1]
    room = np.bincount(island[shelters.node], shelters.step_free_capacity, island.max() + 1)
    people = np.bincount(island[groups.node[cannot]], groups.size[cannot], island.max() + 1)
    links = bridges[network.steps[bridges] > 0]
    here, there = island[network.from_node[links]], island[network.to_node[links]]
    waiting, free = np.where(room > 0, 0, people)[here], np.maximum(room - people, 0)[there]
    return links, np.where(here == there, 0, np.minimum(waiting, free))


plan, built = er.assign(city), []
print(f"{city}\n{groups.size[cannot].sum()} people go without steps; {plan.left} are left")
for number in range(1, 6):
    links, joined = worth(network)
    if joined.max(initial=0) == 0:
        print("no single bridge more joins anybody to a place")
        break
    best, steps = links[joined.argmax()], network.steps.copy()
    pair = {network.from_node[best], network.to_node[best]}
    steps[[i for i in links if {network.from_node[i], network.to_node[i]} == pair]] = 0
    network = replace(network, steps=steps)
    left = er.assign(changed(city, network=network)).left
    built.append((best, f"{number}: {joined.max():.0f}"))
    called = f"{network.name[best]} (link {network.link_id[best]})"
    print(f"{number}. {called}: a way for {joined.max():.0f} people more; {left} are left")


def draw(ax):
    draw_streets(ax, network)
    for link, said in built:
        at = np.ravel(middles(network, [link]))
        ax.plot(*at, "o", color=COLOURS[0], markersize=9)
        ax.annotate(said, at, (6, 6), textcoords="offset points")
    ax.set_title(titled("Bridges to make level, by turns; people whom each gives a way"))


save_picture(draw)
