"""A wheelchair takes the way round without steps; a family goes together, at its slowest pace."""

import pandas as pd

import evacroute as er


def street(name, *points, **properties):
    geometry = {"type": "LineString", "coordinates": [list(point) for point in points]}
    return {"type": "Feature", "properties": {"id": name, **properties}, "geometry": geometry}


# A bridge with steps leads straight over the canal; the way round crosses it on the level.
home, south, north, safe = (
    (12.3300, 45.430),
    (12.3310, 45.430),
    (12.3310, 45.4302),
    (12.332, 45.4302),
)
east, far = (12.3330, 45.430), (12.3330, 45.4302)
streets = {
    "type": "FeatureCollection",
    "features": [
        street("calle", home, south, width=3),
        street("ponte", south, north, bridge=1, steps=24, width=2.5),
        street("campo", north, safe, kind="square"),
        street("fondamenta", south, east, kind="quay", width=4),
        street("ponte piano", east, far, bridge=1, steps=0, width=3),
        street("riva", far, safe, kind="quay", width=4),
    ],
}
network = er.read_network(streets)
people = er.read_people(
    pd.DataFrame(
        [
            ("Anna", "family", 38, "none"),
            ("Bruno", "family", 40, "none"),
            ("Clara", "family", 4, "none"),
            ("Dora", "family", 79, "cane"),
            ("Enzo", "alone", 30, "wheelchair_electric"),
            ("Fabio", "other", 30, "none"),
        ],
        columns=["person_id", "household_id", "age", "mobility"],
    ).assign(lon=home[0], lat=home[1], ready_time_s=0),
    network,
)
shelter = {"shelter_id": ["scuola"], "lon": [safe[0]], "lat": [safe[1]], "capacity": [10]}
shelters = er.read_shelters(pd.DataFrame({**shelter, "step_free_capacity": [1]}), network)

plan = er.assign(er.Scenario(network, people, shelters, deadline="30 min"), step="5 s")
legs = plan.legs_frame().groupby("movement_id")["link_id"].agg(" > ".join)
for row in plan.assignments_frame().itertuples():
    print(f"{row.person_id:<6} arrives after {row.arrive_s:4.0f} s by {legs[row.movement_id]}")
