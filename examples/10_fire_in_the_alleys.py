"""Two fires grow while people walk: heat closes alleys, smoke slows, the plan goes round them."""

from pathlib import Path

import numpy as np
from city import read_city, save_picture

import evacroute as er
from evacroute.plotting import plot_hazard

calm = read_city(people=5000, deadline="60 min")
lon, lat = calm.network.origin

# One fire at the alarm in the middle of the city, one after five minutes; wind from the north-east.
law = er.FireLaw(rate=4, smoke_reach=80)  # 4 m/min is fast: see docs/hazards.md
fire = er.Fire([(lon, lat), (lon - 0.008, lat + 0.002, 300)], law=law, wind=(6, 45))

burning = calm.with_hazard(fire)
factor = burning.link_times.profile(len(burning.group_classes), burning.deadline_s)
for minute in (0, 10, 20, 30):
    now = factor.at(60 * minute, burning.network.n_links)[0]
    shut, slow = int((now == 0).sum()), int(((now > 0) & (now < 1)).sum())
    print(f"minute {minute:>2}: {shut // 2:>4} streets closed, {slow // 2:>4} slower")

before, plan = er.assign(calm), er.assign(burning)
print(
    f"\nwithout fire: {before.placed:,} safe, {before.times.mean / 60:.2f} min from ready to safe"
)
print(f"with it:      {plan.placed:,} safe, {plan.times.mean / 60:.2f} min")


def into_the_fire(walked: er.Plan) -> int:
    """Persons who would enter a street while it is closed."""
    moves, row = walked.movements, {int(link): i for i, link in enumerate(factor.link)}
    size = np.repeat(moves.size, np.diff(moves.leg_ptr))
    persons = 0
    for link, enter, people in zip(moves.leg_link, moves.leg_enter, size, strict=True):
        if int(link) in row:
            part = slice(*factor.ptr[row[int(link)] :][:2])
            stretch = np.searchsorted(factor.begin[part], enter, side="right") - 1
            persons += int(people) * bool((factor.factor[:, part][:, stretch] == 0).all())
    return persons


print(f"\ninto closed streets: {into_the_fire(before):,} by the plan that knows of no fire,")
print(f"{into_the_fire(plan):,} by the one that does")
out = Path("out/fire")
out.mkdir(parents=True, exist_ok=True)
print(f"move the slider to see the streets close: {er.write_map(plan, out / 'map.html')}")
save_picture(plot_hazard, burning, "20 min")
