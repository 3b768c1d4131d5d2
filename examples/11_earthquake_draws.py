"""Ten earthquakes by chance: what each blocks, and how many people that leaves."""

import os

import numpy as np

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "3000"))
DRAWS = 10

city = er.lagoon(people=PEOPLE, deadline="60 min")
network = city.network
whole = er.assign(city)
print(f"all open: {whole.left} people left, {whole.times.mean / 60:.2f} min from ready to safe")

# EMS-98 degree IX among houses of three or four floors; the table behind it is an assumption.
quake = er.Earthquake(seed=1, intensity="IX", building="mid")
expected = quake.probabilities(network).sum() / 2
print(f"expected to be blocked: {expected:.0f} of {network.n_links // 2:,} streets\n")

bridge = network.kind == er.network.KINDS.index("bridge")
left = []
print("draw  streets  bridges  people left   mean [min]")
for number, draw in enumerate(quake.draws(DRAWS)):
    scenario = er.Scenario(network, city.people, city.shelters, deadline="60 min", hazard=draw)
    plan = er.assign(scenario)
    blocked = draw.blocked(network)
    left.append(plan.left)
    print(
        f"{number:>4}  {blocked.sum() // 2:>7,}  {(blocked & bridge).sum() // 2:>7}"
        f"  {plan.left:>11,}  {plan.times.mean / 60:>11.2f}"
    )
print(f"\non average {np.mean(left):.1f} people are left, at worst {max(left)}")

# The same seed gives the same draws, whoever asks for how many.
assert [one.seed for one in quake.draws(3)] == [one.seed for one in quake.draws(9)[:3]]
