"""Boats carry people who cannot use steps: the lagoon with its three lines and without."""

import os
import time
from dataclasses import replace

import numpy as np

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "20000"))
FERRY = er.network.KINDS.index("ferry")

# People and shelters are read on the streets; then stops, gangways and ferry links are added.
city = er.lagoon(people=PEOPLE)
network, boats = er.lagoon_boats(city.network, alarm="2021-10-05 10:00", until="90 min")
places = boats.wheelchair_places
print(f"{boats}: up to {boats.seats.max()} seats, {places.min()} to {places.max()} for wheelchairs")

# A household that stays with a wheelchair user takes a place each: what if all boats had four?
roomy = replace(boats, wheelchair_places=np.maximum(places, 4))


def step_free_persons(plan: er.Plan) -> tuple[int, int]:
    """People who cannot use steps, and those who go with them: placed, and in all."""
    groups, moves = plan.scenario.groups, plan.movements
    cannot = plan.scenario.group_classes.step_free[groups.class_]
    return int(moves.size[cannot[moves.group]].sum()), int(groups.size[cannot].sum())


plans = {}
for name, timetable in (("on foot", None), ("with boats", boats), ("four places", roomy)):
    scenario = er.Scenario(network, city.people, city.shelters, boats=timetable)
    begin = time.perf_counter()
    plan = plans[name] = er.assign(scenario)
    placed, everyone = step_free_persons(plan)
    print(
        f"{name:<11}  {plan.placed:,} of {PEOPLE:,} placed in {time.perf_counter() - begin:.1f} s; "
        f"{placed} of the {everyone} who cannot use steps; "
        f"{plan.times.mean / 60:.2f} min from ready to safe"
    )

# Whoever takes a boat, and how they are told.
plan = plans["with boats"]
moves = plan.movements
rides = network.kind[moves.leg_link] == FERRY
aboard = np.flatnonzero(np.add.reduceat(np.append(rides, False), moves.leg_ptr[:-1]) > 0)
print(f"\n{moves.size[aboard].sum()} people take a boat")
if len(aboard):
    print(er.directions(plan, movement=int(aboard[0]), alarm="10:00"))
print(f"\nevery rule is kept, seats too: {er.verify(plan).ok}")
er.write_map(plan, "boats.html")
print("boats.html: dashed lines are boats; click one for the people aboard")
