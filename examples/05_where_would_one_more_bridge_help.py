"""Where a wider bridge or a larger shelter is worth most, read off the prices of a plan."""

import numpy as np
from city import changed, read_city, save_picture
from drawing import COLOURS, draw_streets, middles, titled

import evacroute as er
from evacroute.units import to_metres

scenario = read_city(people=30000, deadline="60 min")
plan = er.assign(scenario, "over_time", gap=0.02, time_limit="25 s")
print(f"{plan}\nproven: within {plan.gap:.2%} of the best possible\n")

print("what one more person/s, or 50 more places, would save at most [person-hours]")
table = er.marginal_value(plan, None, places=50)
for row in table.head(12).to_dict("records"):
    named = row["name"] or row["kind"]
    more = "1 person/s" if row["unit"] == "person/s" else f"{row['more']:.0f} x {row['what']}"
    print(f"{row['saves_at_most'] / 3600:>8.2f}  {more:<22} {named} ({row['id']})")
if not len(table):
    print("    none: nobody waits for anybody, so no street or shelter has a price")

print("\nwho waits for whom")
print(er.fairness(plan))

print("\nand were the alarm raised when only 15 minutes are left?")
print(er.explain_shortfall(er.assign(changed(scenario, deadline="15 min"))))


def draw(ax):
    network, shelters = scenario.network, scenario.shelters
    draw_streets(ax, network)
    for is_street in (True, False):
        mine = table[table["id"].isin(network.link_id) == is_street] if len(table) else table
        if not len(mine):
            continue
        if is_street:
            x, y = middles(network, network.link_positions(mine["id"].tolist()))
        else:
            i = [shelters.shelter_id.tolist().index(one) for one in mine["id"]]
            x, y = to_metres(shelters.lon[i], shelters.lat[i], network.origin)
        hours = mine["saves_at_most"].to_numpy() / 3600
        what = "1 person/s more" if is_street else "50 places, or 1 person/s more at the door"
        size, colour = 20 + 380 * hours / table["saves_at_most"].max() * 3600, COLOURS[is_street]
        ax.scatter(x, y, s=size, color=colour, alpha=0.7, zorder=3, label=what)
        ax.annotate(f"{hours.max():.0f} h", (x[np.argmax(hours)], y[np.argmax(hours)]), zorder=4)
    ax.set_title(titled("What more room would save at most [person-hours], by area"))
    if len(table):
        ax.legend(loc="upper left", fontsize="small")


save_picture(draw)
