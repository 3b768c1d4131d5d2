"""The methods side by side: what people do today, the classic peer, the default."""

import time

from city import read_city, save_picture
from drawing import draw_safe

import evacroute as er

scenario = read_city(people=20000, deadline="90 min")
print(f"{scenario}\n")
print(
    f"{'method':<18} {'mean':>6} {'p95':>6} {'last in':>8} {'left':>6} {'seconds':>8}  rules broken"
)
curves = {}
for method in er.METHODS:
    er.assign(scenario, method)  # the first run compiles
    begin = time.perf_counter()
    plan = er.assign(scenario, method)
    spent = time.perf_counter() - begin
    minutes = [value / 60 for value in (plan.times.mean, plan.times.p95, plan.times.clearance)]
    mean, p95, last = (f"{value:.2f}" for value in minutes)
    broken = ", ".join(check.name for check in er.verify(plan).broken) or "none"
    print(f"{method:<18} {mean:>6} {p95:>6} {last:>8} {plan.left:>6} {spent:>8.2f}  {broken}")
    name = f"{method} (breaks {broken})" if broken != "none" else method
    curves[name] = plan.movements.arrive, plan.movements.size

print("\nminutes from ready to safe; last in: from the alarm. 'nearest' ignores all capacities.")
everyone = plan.placed + plan.left
title = f"{everyone:,} people by {len(curves)} methods"
save_picture(draw_safe, curves, everyone, scenario.deadline_s, title)
