"""Who cannot walk out of the lagoon city, and how far four boats and four teams get with them."""

import os

import pandas as pd

import evacroute as er

PEOPLE = int(os.environ.get("EVACROUTE_EXAMPLE_PEOPLE", "20000"))

plan = er.assign(er.lagoon(people=PEOPLE))
print(f"left without a shelter: {plan.left:,} of {PEOPLE:,} people\n")

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
        for i in range(4)
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
