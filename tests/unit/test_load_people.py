import gzip
import time

import numpy as np
import pandas as pd
import pytest
from networks import corridor, degrees, from_edges

from evacroute.class_bins import bin_classes
from evacroute.errors import PeopleError
from evacroute.load.people import read_people
from evacroute.network import Network


def table(x, y=0.0, **columns):
    """People at metres on the test networks, as a frame."""
    x = np.atleast_1d(np.asarray(x, float))
    lon, lat = degrees(x, np.broadcast_to(np.asarray(y, float), x.shape))
    return pd.DataFrame({"lon": lon, "lat": lat, **columns})


@pytest.mark.parametrize("name", ["mobilty", "Mobility_", "redy_time_s", "houshold_id"])
def test_misspelt_columns_are_refused(name):
    """A column that is nearly one that is missing is an error: else wheelchair users would walk."""
    with pytest.raises(PeopleError, match=f"column {name.lower()!r} is not known: rename it to"):
        read_people(table([10, 20], **{name: "1"}), corridor())
    assert len(read_people(table([10, 20], colour="red"), corridor())) == 2


def test_every_column_reaches_the_person():
    """Age, sex, mobility, ready time, helpers and ids are taken as given, figures worked out."""
    frame = table(
        [10, 160], person_id=["a", "b"], household_id=["h", "h"], age=[45, 5], sex=["M", "f"],
        mobility=["none", "Wheelchair"], ready_time_s=[30, 40], helpers=[0, 2],
    )  # fmt: skip
    people = read_people(frame, corridor())
    assert people.person_id.tolist() == ["a", "b"]
    assert people.household_id.tolist() == ["h", "h"]
    assert people.age.tolist() == [45, 5]
    assert people.sex.tolist() == ["M", "F"]
    assert people.mobility.tolist() == ["none", "wheelchair_manual"]
    assert people.ready_time.tolist() == [30, 40]
    assert people.helpers.tolist() == [0, 2]
    assert people.speed_flat.tolist() == [1.434, 0.69]
    assert people.speed_up[1] == 0.14


def test_start_is_the_nearer_end_of_the_link():
    """A person starts at the nearer end of their street, the walk to it noted."""
    people = read_people(table([10, 160]), corridor(3, 100.0))
    assert people.link.tolist() == [0, 2]
    assert people.node.tolist() == [0, 2]
    assert people.offset == pytest.approx([10, 40], abs=1e-2)
    assert people.along == pytest.approx([10, 60], abs=1e-2)


def test_one_way_street_is_left_at_its_end():
    """Where there is no way back the start is the street's end, even if that is farther."""
    network = from_edges([(0, 0), (100, 0)], [(0, 1)], one_way=[0])
    people = read_people(table([10]), network)
    assert people.node.tolist() == [1]
    assert people.offset == pytest.approx([90], abs=1e-2)


def test_positions_alone_are_enough():
    """With positions only, everyone is an unknown visitor alone, with the assumed ready time."""
    people = read_people(table([10, 20, 30]), corridor())
    assert people.person_id.tolist() == ["P0", "P1", "P2"]
    assert len(set(people.household_id)) == 3
    assert set(people.mobility) == {"unknown"}
    assert np.isnan(people.age).all()
    assert people.ready_time.tolist() == [420.0] * 3
    assert people.report.shares["of persons with assumed ready time"] == 1.0


def test_empty_cells_are_unknown(tmp_path):
    """Empty cells of optional columns count as unknown; a person without household is alone."""
    lon, lat = degrees([10, 20], [0, 0])
    path = tmp_path / "people.csv"
    path.write_text(
        "person_id,household_id,lon,lat,age,sex,mobility,ready_time_s,helpers\n"
        f"007,,{lon[0]:.8f},{lat[0]:.8f},,,,,\n"
        f"b,007,{lon[1]:.8f},{lat[1]:.8f},30,F,none,5,1\n"
    )
    people = read_people(path, corridor())
    assert people.person_id.tolist() == ["007", "b"]
    assert people.household_id.tolist() == ["007 (alone)", "007"]
    assert people.mobility.tolist() == ["unknown", "none"]
    assert people.sex.tolist() == ["", "F"]
    assert people.ready_time.tolist() == [420, 5]


def test_plain_gzip_and_frame_give_equal_people(tmp_path):
    """The same table read from CSV, from gzip and from memory gives equal people."""
    frame = table([10, 20, 30], person_id=["a", "b", "c"], age=[1, 50, 90], sex=["F", "M", "F"])
    plain, packed = tmp_path / "p.csv", tmp_path / "p.csv.gz"
    frame.to_csv(plain, index=False)
    with gzip.open(packed, "wt") as file:
        frame.to_csv(file, index=False)
    want = read_people(frame, corridor())
    assert read_people(plain, corridor()).equals(want)
    assert read_people(str(packed), corridor()).equals(want)


def test_far_persons_are_kept_and_counted():
    """A person far from any street stays in the people without a link, and is counted."""
    people = read_people(table([10, 10], [0.0, 300.0]), corridor())
    assert len(people) == 2
    assert people.link.tolist() == [0, -1]
    assert people.node.tolist() == [0, -1]
    assert people.offset[1] == 0
    assert people.report.set_aside["persons with no street within 250 m"] == 1
    assert "no street within 250 m" in str(people.report)
    near = read_people(table([10, 10], [0.0, 300.0]), corridor(), max_distance=400)
    assert near.link.tolist() == [0, 0]


def bridge_and_alley():
    """A bridge with steps along y = 0, an alley 0.6 m wide at y = 20, a wide way at y = 40."""
    return from_edges(
        [(0, 0), (100, 0), (0, 20), (100, 20), (0, 40), (100, 40)],
        [(0, 1), (2, 3), (4, 5), (0, 2), (2, 4)],
        steps={0: 20}, width=[3.0, 0.6, 3.0, 0.6, 0.6],
    )  # fmt: skip


def test_wheelchair_goes_to_a_street_it_can_use():
    """Who cannot use the nearest street is put on the nearest they can use, and counted."""
    frame = table([50, 50], [1.0, 1.0], mobility=["none", "wheelchair_electric"])
    people = read_people(frame, bridge_and_alley())
    assert people.link.tolist() == [0, 4]
    assert people.distance == pytest.approx([1, 39], abs=1e-2)
    assert people.report.repaired["persons moved to the nearest street they can use"] == 1


def test_wheelchair_without_any_street_is_set_aside():
    """Who finds no street they can use near enough is set aside under that reason."""
    frame = table([50, 50], [1.0, 1.0], mobility=["none", "wheelchair_electric"])
    people = read_people(frame, bridge_and_alley(), max_distance=30)
    assert people.link.tolist() == [0, -1]
    label = "persons with no street they can use within 30 m"
    assert people.report.set_aside[label] == 1


def test_wheelchair_avoids_what_is_said_to_be_impassable():
    """A step-free person is not put on a street said to be impassable for wheelchairs."""
    network = from_edges(
        [(0, 0), (100, 0), (0, 30), (100, 30)], [(0, 1), (2, 3), (0, 2)], wheelchair={0: -1, 2: -1}
    )
    people = read_people(table([50], [1.0], mobility=["wheelchair_manual"]), network)
    assert people.link.tolist() == [2]


def test_spread_by_seed_is_repeatable_and_follows_the_id():
    """With a seed figures are drawn; the same seed and id give the same, in any order of rows."""
    frame = table(np.linspace(0, 300, 50), person_id=[f"p{i}" for i in range(50)], age=[40] * 50)
    frame["household_id"] = [f"h{i // 2}" for i in range(50)]
    first = read_people(frame, corridor(), seed=1)
    assert first.equals(read_people(frame, corridor(), seed=1))
    assert not first.equals(read_people(frame, corridor(), seed=2))
    assert len(set(first.speed_flat)) == 50
    back = read_people(frame.iloc[::-1], corridor(), seed=1)
    assert (back.speed_flat[::-1] == first.speed_flat).all()
    assert (first.ready_time[::2] == first.ready_time[1::2]).all()
    assert len(set(first.ready_time)) == 25


def test_ready_time_draw_has_the_stated_mean():
    """The assumed time before moving averages to its row's mean for unknown visitors."""
    people = read_people(table(np.full(20_000, 10.0)), corridor(), seed=0)
    assert people.ready_time.mean() == pytest.approx(420, rel=0.02)
    assert people.ready_time.min() > 0


def test_large_households_are_noted():
    """A household too large to go as one is pointed out."""
    people = read_people(table(np.full(20, 10.0), household_id=["x"] * 20), corridor())
    assert any("more than 12 members" in note for note in people.report.notes)


@pytest.mark.parametrize(
    "column, value, parts",
    [
        ("age", 300, ["row 1: age is 300", "0 to 120"]),
        ("age", "old", ["row 1: age is 'old'", "0 to 120"]),
        ("sex", "Q", ["row 1: sex is 'Q'", "F, M"]),
        ("mobility", "stilts", ["row 1: mobility is 'stilts'", " wheelchair,", "stick"]),
        ("ready_time_s", -5, ["row 1: ready_time_s is -5", ">= 0"]),
        ("helpers", 1.5, ["row 1: helpers is 1.5", "whole"]),
        ("helpers", -1, ["row 1: helpers is -1"]),
        ("person_id", "x0", ["row 1: person_id 'x0' appears more than once"]),
        ("person_id", "", ["row 1: person_id is empty"]),
        ("lon", "east", ["row 1: lon is 'east'"]),
        ("lat", None, ["row 1: lat is empty"]),
        ("lon", 291234.5, ["look like metres"]),
    ],
)
def test_a_wrong_value_is_named_with_row_and_allowance(column, value, parts):
    """Each kind of wrong value is one error naming row, value and what is allowed."""
    frame = table([10, 20], person_id=["x0", "x1"], age=[1, 2], sex=["F", "M"], helpers=[0, 0],
                  mobility=["none", "none"], ready_time_s=[0, 0]).astype(object)  # fmt: skip
    frame.loc[1, column] = value
    with pytest.raises(PeopleError) as caught:
        read_people(frame, corridor())
    for part in parts:
        assert part in str(caught.value)


def test_all_faults_come_in_one_error():
    """Many faults are one error: the first ten in words, all counted."""
    frame = table(np.arange(30.0), age=[300] * 30, mobility=["stilts"] * 30)
    with pytest.raises(PeopleError, match="60 faults") as caught:
        read_people(frame, corridor())
    assert "... and 50 more" in str(caught.value)


def test_rows_of_a_file_are_counted_as_a_spreadsheet_shows_them(tmp_path):
    """In a file the header is row 1, and the error begins with the path."""
    path = tmp_path / "people.csv"
    table([10, 20], age=[30, 300]).to_csv(path, index=False)
    with pytest.raises(PeopleError, match=r"people\.csv: row 3: age is 300"):
        read_people(path, corridor())


@pytest.mark.parametrize(
    "content, message",
    [
        ("", "empty"),
        ("lon,lat\n", "there is no row"),
        ("lon,age\n12.3,40\n", "column lat is missing"),
        ("lon;lat\n12.3;45.4\n", "commas"),
    ],
)
def test_broken_files_are_one_clear_error(tmp_path, content, message):
    """An empty file, no rows, a missing column or other separators are said in words."""
    path = tmp_path / "people.csv"
    path.write_text(content)
    with pytest.raises(PeopleError, match=message):
        read_people(path, corridor())


def test_a_missing_file_is_said_to_be_missing(tmp_path):
    """A file that is not there is an error that names it."""
    with pytest.raises(PeopleError, match="no such file"):
        read_people(tmp_path / "nobody.csv", corridor())


def test_swapped_coordinates_are_told():
    """Latitude in the lon column is recognised by the network's place."""
    frame = table([10, 20, 30]).rename(columns={"lon": "lat", "lat": "lon"})
    with pytest.raises(PeopleError, match="look swapped in 3 rows"):
        read_people(frame, corridor())


def test_people_in_another_city_are_one_error():
    """When nobody is near a street the error shows where people and network are."""
    frame = pd.DataFrame({"lon": [2.35], "lat": [48.85]})
    with pytest.raises(PeopleError, match=r"none of the 1 persons .* the network lon 12\.33"):
        read_people(frame, corridor())


@pytest.mark.parametrize("limit", [0, -1, float("nan")])
def test_a_limit_that_is_no_distance_is_refused(limit):
    """max_distance must be more than 0."""
    with pytest.raises(PeopleError, match="max_distance"):
        read_people(table([10]), corridor(), max_distance=limit)


@pytest.fixture(scope="module")
def venice(shared) -> Network:
    from evacroute.load.build import build_network
    from evacroute.load.geojson import read_geojson

    path = shared / "data" / "venice" / "venice_segments.geojson.gz"
    return build_network(read_geojson(path))


@pytest.mark.shared
def test_a_hundred_thousand_people_load_whole(shared, venice):
    """All of the shared people are kept; near ones have a place, classes err as little as said."""
    begin = time.perf_counter()
    people = read_people(shared / "data" / "venice" / "people_100k.csv.gz", venice)
    loaded = time.perf_counter()
    bins = bin_classes(people)
    done = time.perf_counter()
    print(f"read_people {loaded - begin:.2f} s, bin_classes {done - loaded:.2f} s")
    assert len(people) == 100_000
    near = people.link >= 0
    assert near.mean() > 0.97
    assert (people.offset[near] <= venice.length[people.link[near]] / 2 + 1e-9).all()
    ends = np.column_stack([venice.from_node, venice.to_node])[people.link[near]]
    assert (ends == people.node[near, None]).any(axis=1).all()
    assert len(bins.classes) <= 12
    assert max(bins.largest_error_flat, bins.largest_error_steps) < 0.20
    assert max(bins.mean_error_flat, bins.mean_error_steps) < 0.07
    walkers = people.speed_up > 0
    assert (venice.steps[people.link[near & ~walkers]] == 0).all()


@pytest.mark.shared
def test_spread_widens_the_class_error_no_more_than_stated(shared, venice):
    """With individual spread the class error stays below the figure in the docstring."""
    people = read_people(shared / "data" / "venice" / "people_100k.csv.gz", venice, seed=1)
    bins = bin_classes(people)
    assert max(bins.largest_error_flat, bins.largest_error_steps) < 0.45
    assert max(bins.mean_error_flat, bins.mean_error_steps) < 0.12
