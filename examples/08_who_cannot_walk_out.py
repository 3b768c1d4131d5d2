"""Who cannot walk out of the city, and how far four boats and four teams get with them."""

import pandas as pd
from city import read_city, save_picture
from drawing import COLOURS, draw_streets, titled

import evacroute as er
from evacroute.units import to_metres

plan = er.assign(read_city(people=20000))
print(f"left without a shelter: {plan.left:,} of {plan.placed + plan.left:,} people\n")

# Without a fleet: where they are, what they need, and by when.
print(plan.rescue[["pickup_id", "place", "persons", "needs", "why", "latest_s"]].head(5))

# A boat and a stretcher team start at each of four shelters.
shelters = plan.scenario.shelters
kinds = {"boat": (10, 4), "stretcher team": (1, 1)}
fleet = pd.DataFrame(
    [
        {
            "vehicle_id": f"{kind} {i + 1}", "kind": kind, "seats": seats,
            "wheelchair_places": places, "lon": shelters.lon[i], "lat": shelters.lat[i],
        }
        for kind, (seats, places) in kinds.items()
        for i in range(min(4, len(shelters)))
    ]
)  # fmt: skip
found = er.rescue(plan, fleet)
print(f"\n{found.summary()}")

columns = ["trip", "what", "id", "place", "arrive_s", "depart_s", "persons_aboard"]
print("\nthe first boat:")
print(found.routes[found.routes["vehicle_id"] == "boat 1"][columns].head(8).to_string(index=False))

found.to_csv("rescue")
er.write_map(plan, "rescue.html", with_persons=False, rescue=found)
print("\nwritten: rescue/ and rescue.html")


def draw(ax):
    network, pickups = plan.scenario.network, found.pickups
    draw_streets(ax, network)
    for name, line in found.lines.items():
        x, y = to_metres(*list(zip(*line, strict=True))[:2], network.origin)
        ax.plot(x, y, ":" if "team" in name else "-", color=COLOURS[5], linewidth=0.8)
    met = pickups["vehicle_id"] != ""
    for mine, colour, mark, name in ((met, 2, "o", "picked up"), (~met, 1, "s", "not in time")):
        x, y = to_metres(pickups["lon"][mine], pickups["lat"][mine], network.origin)
        persons = pickups["persons"][mine].to_numpy(float)
        look = {"color": COLOURS[colour], "label": f"{name} ({persons.sum():.0f})"}
        ax.scatter(x, y, s=6 + 6 * persons, marker=mark, **look)
    ax.set_title(titled(f"{plan.left:,} people cannot walk out; ways of {len(fleet)} crews"))
    ax.legend(loc="upper left", fontsize="small")


save_picture(draw)
