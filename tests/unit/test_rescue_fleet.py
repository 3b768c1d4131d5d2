"""The fleet's table: read with defaults, refused with all its faults at once."""

from __future__ import annotations

import numpy as np
import pandas as pd
import pytest
from networks import corridor, degrees

from evacroute.errors import InputError
from evacroute.rescue import read_fleet
from evacroute.rescue.drop_offs import read_drop_offs


def test_a_fleet_is_read_with_defaults(tmp_path):
    """Kind, seats and a start are enough; the rest has documented defaults by kind."""
    path = tmp_path / "fleet.csv"
    path.write_text("kind,node_id,seats\nBoat,N1,12\nstretcher,N0,1\nstretcher_team,N0,2\n")
    found = read_fleet(path, corridor(2))
    assert found.kind.tolist() == ["boat", "stretcher team", "stretcher team"]
    assert found.vehicle_id.tolist() == ["V0", "V1", "V2"]
    assert found.speed.tolist() == [1.9, 0.8, 0.8]
    assert found.boarding.tolist() == [20.0, 120.0, 120.0]
    assert found.wheelchair_places.tolist() == [1, 1, 1]
    assert np.isinf(found.available_until).all()
    assert found.lon[0] == corridor(2).lon[1]


def test_all_faults_are_named_together(tmp_path):
    """One error names every fault of a file with row, value and what is allowed."""
    path = tmp_path / "fleet.csv"
    path.write_text(
        "vehicle_id,kind,node_id,seats,wheelchair_places,speed,boarding_s,available_from_s,"
        "available_until_s\n"
        "A,boat,N0,0,0,2,10,0,100\n"
        "A,boat,N0,4,2,2,10,0,100\n"
        "B,mule,N0,4,2,2,10,0,100\n"
        "C,boat,N0,4,5,2,10,0,100\n"
        "D,boat,N77,4,2,-2,10,0,100\n"
        "E,boat,N0,4,2,2,soon,0,100\n"
        "F,boat,N0,4,2,2,10,200,100\n"
    )
    with pytest.raises(InputError) as caught:
        read_fleet(path, corridor(2))
    text = str(caught.value)
    for part in (
        "fleet.csv: 8 faults", "row 2: seats is 0", "row 3: vehicle_id 'A'",
        "row 4: kind is 'mule'",
        "row 5: wheelchair_places is 5", "row 6: speed is -2", "row 6: node_id 'N77'",
        "row 7: boarding_s is 'soon'", "row 8: available_until_s is 100",
    ):  # fmt: skip
        assert part in text, part


def test_a_depot_must_be_in_reach():
    """A team must start near a street, a boat not far out of town, and each somewhere."""
    network = corridor(2)
    lon, lat = degrees([1000.0, 1000.0, 50_000.0], [2000.0, 2000.0, 0.0])
    table = pd.DataFrame(
        {"kind": ["stretcher team", "boat", "boat"], "seats": 4, "lon": lon, "lat": lat}
    )
    with pytest.raises(InputError) as caught:
        read_fleet(table, network)
    assert "2 faults" in str(caught.value)
    assert "250 m for a stretcher team" in str(caught.value)
    assert "20,000 m for a boat" in str(caught.value)
    with pytest.raises(InputError, match="no node_id and no lon and lat"):
        read_fleet(pd.DataFrame({"kind": ["boat"], "seats": [4]}), network)
    with pytest.raises(InputError, match="column seats is missing"):
        read_fleet(pd.DataFrame({"kind": ["boat"]}), network)


def test_drop_offs_are_read_and_refused():
    """Landings without a capacity take everyone; faults are named."""
    lon, lat = degrees([0.0, 100.0], [0.0, 0.0])
    table = pd.DataFrame({"lon": lon, "lat": lat, "name": ["Ospedale", "Fondamenta"]})
    found = read_drop_offs(table, corridor(2))
    assert found.node.tolist() == [0, 1]
    assert (found.room == found.step_free_room).all()
    with pytest.raises(InputError, match="step_free_capacity is 5 persons, expected 0 to"):
        read_drop_offs(table.assign(capacity=3, step_free_capacity=5), corridor(2))
