"""The city that an example plans: the lagoon sample, or your own by ``--network``.

python 01_first_plan.py --people 20000
python 01_first_plan.py --network instance/                                 # of evacroute convert
python 01_first_plan.py --network streets.osm.pbf --shelters shelters.csv   # with made-up people
python 01_first_plan.py --picture plan.png                                  # needs evacroute[plot]
"""

import argparse
import sys
from pathlib import Path

import evacroute as er


def options():
    """What the command line says: network, shelters, people, picture."""
    parser = argparse.ArgumentParser(description=sys.modules["__main__"].__doc__)
    parser.add_argument("--network", type=Path, help="an instance folder, or a file of streets")
    parser.add_argument("--shelters", type=Path, help="beside a file of streets: a table")
    parser.add_argument("--people", help="how many are made up, or a table of them")
    parser.add_argument("--picture", type=Path, help="where the example draws its picture")
    return parser.parse_args()


def read_city(people=5000, deadline="90 min", **more):
    """Return the scenario that the command line asks for: the lagoon where it names no network."""
    asked = options()
    people = asked.people or people
    if asked.network is None:
        return er.lagoon(int(people), deadline=deadline, **more)
    if asked.network.is_dir():
        return er.read_instance(asked.network, deadline=deadline, **more)
    if asked.shelters is None:
        sys.exit("--network FILE needs --shelters FILE beside it (or give an instance folder)")
    network = er.read_network(asked.network)
    shelters = er.read_shelters(asked.shelters, network)
    if str(people).isdigit():
        who = er.synthesize_people(network, int(people), visitors=0.3)
    else:
        who = er.read_people(people, network)
    return er.Scenario(network, who, shelters, deadline=deadline, **more)


def save_picture(draw, *arguments, **named):
    """Draw on new axes and save them, where ``--picture FILE`` asks for it."""
    path = options().picture
    if path is not None:
        from matplotlib import pyplot as plt

        figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
        draw(*arguments, ax=ax, **named)
        figure.savefig(path, dpi=85, metadata={"Software": None})
        print(f"picture: {path}")
