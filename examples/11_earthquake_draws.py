"""Ten earthquakes by chance: what each blocks, and how many people that leaves."""

import numpy as np
from city import bridges_of, options, read_city, save_picture

import evacroute as er
from evacroute.plotting import plot_hazard

DRAWS = options().draws or 10

city = read_city(people=3000, deadline="60 min")
network = city.network
whole = er.assign(city)
print(f"all open: {whole.left} people left, {whole.times.mean / 60:.2f} min from ready to safe")

# EMS-98 degree IX among houses of three or four floors; the table behind it is an assumption.
quake = er.Earthquake(seed=1, intensity="IX", building="mid")
expected = quake.probabilities(network).sum() / 2
print(f"expected to be blocked: {expected:.0f} of {network.n_links // 2:,} streets\n")

bridges = bridges_of(network)
plans = []
print("draw  streets  bridges  people left   mean [min]")
for number, draw in enumerate(quake.draws(DRAWS)):
    plan = er.assign(city.with_hazard(draw))
    blocked = draw.blocked(network)
    plans.append(plan)
    print(
        f"{number:>4}  {blocked.sum() // 2:>7,}  {blocked[bridges].sum() // 2:>7}"
        f"  {plan.left:>11,}  {plan.times.mean / 60:>11.2f}"
    )
left = [plan.left for plan in plans]
print(f"\non average {np.mean(left):.1f} people are left, at worst {max(left)}")

# The same seed gives the same draws, whoever asks for how many.
assert [one.seed for one in quake.draws(3)] == [one.seed for one in quake.draws(9)[:3]]

# The worst draw.
save_picture(plot_hazard, plans[np.argmax(left)].scenario, 0)
