"""The city that an example plans: the lagoon sample, or your own by ``--network``.

python 01_first_plan.py --people 20000
python 01_first_plan.py --network instance/                                 # of evacroute convert
python 01_first_plan.py --network streets.osm.pbf --shelters shelters.csv   # with made-up people
python 01_first_plan.py --picture plan.png                                  # needs evacroute[plot]
"""

import argparse
import sys
from dataclasses import replace
from functools import cache
from importlib.util import find_spec
from pathlib import Path

import numpy as np

import evacroute as er

PARSER = argparse.ArgumentParser(
    description=sys.modules["__main__"].__doc__,
    formatter_class=argparse.RawDescriptionHelpFormatter,
)
"""Options of all examples, to which an example may add its own."""
PARSER.add_argument(
    "--network", type=Path, help="an instance folder with people in it, or a file of streets"
)
PARSER.add_argument("--shelters", type=Path, help="beside a file of streets: a table")
PARSER.add_argument("--people", help="how many are made up, or a table of them")
PARSER.add_argument("--draws", type=int, help="where chance is tried: how many times")
PARSER.add_argument("--picture", type=Path, help="where the example draws its picture")


def options():
    """What the command line says: network, shelters, people, draws, picture."""
    asked = PARSER.parse_args()
    if asked.picture is not None and find_spec("matplotlib") is None:
        sys.exit("--picture needs matplotlib: pip install 'evacroute[plot]'")
    return asked


def read_city(people=5000, deadline="90 min", **more):
    """Return the scenario that the command line asks for: the lagoon where it names no network."""
    asked = options()
    people = str(asked.people or people)
    try:
        if asked.network is None and people.isdigit():
            return er.lagoon(int(people), deadline=deadline, **more)
        if asked.network is None:
            network = er.lagoon_network()
            shelters = er.lagoon_shelters(network)
        elif asked.network.is_dir():
            return er.read_instance(asked.network, deadline=deadline, **more)
        elif asked.shelters is None:
            sys.exit("--network FILE needs --shelters FILE beside it (or give an instance folder)")
        else:
            network = er.read_network(asked.network)
            shelters = er.read_shelters(asked.shelters, network)
        if people.isdigit():
            who = er.synthesize_people(network, int(people), visitors=0.3)
        else:
            who = er.read_people(people, network)
        return er.Scenario(network, who, shelters, deadline=deadline, **more)
    except er.EvacrouteError as fault:
        sys.exit(f"error: {fault}")


def changed(city, **parts):
    """Return the same city with other parts: network, hazard, boats, deadline."""
    # Classes are made anew of persons, who then are told apart by what the new hazard asks.
    return replace(city, classes=None if city.bins else city.classes, **parts)


@cache
def bridges_of(network):
    """Return the links of bridges; where the city marks none, its steps: most lead over a canal."""
    kinds = er.network.KINDS.index
    links = np.flatnonzero(network.kind == kinds("bridge"))
    if len(links):
        return links
    links = np.flatnonzero(network.kind == kinds("steps"))
    if not len(links):
        sys.exit("this example is about bridges: the city marks neither bridges nor steps")
    print("The city marks no bridges; its steps stand for them, since most lead over a canal.")
    return links


def save_picture(draw, *arguments, **named):
    """Draw on new axes and save them, where ``--picture FILE`` asks for it."""
    path = options().picture
    if path is not None:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(8, 4.6), layout="constrained")
        ax = figure.subplots()
        draw(*arguments, ax=ax, **named)
        if options().network is None and "SYNTHETIC" not in ax.get_title():
            ax.set_title(f"{ax.get_title()}\nSYNTHETIC: a made-up city".lstrip())
        path.parent.mkdir(parents=True, exist_ok=True)
        figure.savefig(path, dpi=85, metadata={"Software": None})
        print(f"picture: {path}")
