"""Three neighbours ask where to go: each is told shelters, with odds, times and reasons."""

import evacroute as er
from evacroute.recommending import Recommender

scenario = er.lagoon(people=2000, deadline="45 min")
plan = er.assign(scenario, "earliest_arrival", scorer="default")
print(
    f"if all walk by the plan, more or less, {plan.scores.expected_safe(plan.movements.size):,.0f} "
    f"of {plan.placed:,} are safe in time\n"
)

# All three stand at the same door, at the start of the busiest way; two can leave at once.
busiest = int(plan.movements.leg_link[0])
node = scenario.network.node_id[scenario.network.from_node[busiest]]
neighbours = {
    "a student, 22": {"age": 22, "mobility": "none", "ready_time_s": 60},
    "a couple, 84, one with a cane": {"age": 84, "mobility": "cane", "party_size": 2},
    "a wheelchair user, 45": {"age": 45, "mobility": "wheelchair", "ready_time_s": 60},
}

# The recommender keeps the streets and what is expected on them, so the next answer is quick.
ask = Recommender(scenario, plan)
for who, person in neighbours.items():
    told = ask.recommend({"node_id": node, **person}, top=3)
    print(f"{who}\n{told}\n")
