"""Where a wider bridge or a larger shelter is worth most, read off the prices of a plan."""

import os

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "30000"))

scenario = er.lagoon(people=PEOPLE, seed=0, deadline="60 min")
plan = er.assign(scenario, "over_time", gap=0.02, time_limit="25 s")
print(f"{plan}\nproven: within {plan.gap:.2%} of the best possible\n")

print("what one more person/s, or 50 more places, would save at most [person-hours]")
table = er.marginal_value(plan, 12, places=50)
for row in table.to_dict("records"):
    named = row["name"] or row["kind"]
    more = "1 person/s" if row["unit"] == "person/s" else f"{row['more']:.0f} x {row['what']}"
    print(f"{row['saves_at_most'] / 3600:>8.2f}  {more:<22} {named} ({row['id']})")

print("\nwho waits for whom")
print(er.fairness(plan))

print("\nand were the alarm raised when only 15 minutes are left?")
short = er.lagoon(people=PEOPLE, seed=0, deadline="15 min")
print(er.explain_shortfall(er.assign(short)))
