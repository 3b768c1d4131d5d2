"""A first plan: the made-up lagoon city, its people, a plan, its figures and its map."""

from pathlib import Path

from city import read_city, save_picture

import evacroute as er
from evacroute.plotting import plot_plan

out = Path("out/first_plan")

# The city and its people are synthetic: drawn by a program, they stand for no real place.
scenario = read_city(people=5000, deadline="90 min")
print(scenario)

plan = er.assign(scenario, method="shelter_flow", step="10 s", seed=0)
print(plan.summary())

# Everything a plan must keep to is derived anew from its timetable, by code of its own.
print(er.verify(plan))

# One person's way: their movement, and the links they walk with the times.
move = plan.movements_frame().iloc[0]
persons = plan.assignments_frame().query("movement_id == @move.movement_id").person_id
who = persons.iloc[0] if len(persons) else f"one of group {move.group_id} (no persons are given)"
print(f"\n{who} goes to {move.shelter_id}, leaving at {move.depart_s:.0f} s:")
names = dict(zip(scenario.network.link_id, scenario.network.name, strict=True))
legs = plan.legs_frame().query("movement_id == @move.movement_id")
for leg in legs.itertuples():
    print(f"  {leg.enter_s:6.0f} to {leg.leave_s:6.0f} s  {names[leg.link_id] or leg.link_id}")

plan.save(out)
print(f"\nmap: {er.write_map(plan, out / 'map.html')}")
save_picture(plot_plan, plan)
