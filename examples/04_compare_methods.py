"""The methods side by side on the lagoon: what people do today, the classic peer, the default."""

import os
import time

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "20000"))

scenario = er.lagoon(people=PEOPLE, seed=0, deadline="90 min")
print(f"{scenario}\n")
print(
    f"{'method':<18} {'mean':>6} {'p95':>6} {'last in':>8} {'left':>6} {'seconds':>8}  rules broken"
)
for method in er.METHODS:
    er.assign(scenario, method)  # the first run compiles
    begin = time.perf_counter()
    plan = er.assign(scenario, method)
    spent = time.perf_counter() - begin
    minutes = [value / 60 for value in (plan.times.mean, plan.times.p95, plan.times.clearance)]
    mean, p95, last = (f"{value:.2f}" for value in minutes)
    broken = ", ".join(check.name for check in er.verify(plan).broken) or "none"
    print(f"{method:<18} {mean:>6} {p95:>6} {last:>8} {plan.left:>6} {spent:>8.2f}  {broken}")

print("\nminutes from ready to safe; last in: from the alarm. 'nearest' ignores all capacities.")
