import numpy as np
import pandas as pd
import pytest
from networks import corridor, from_edges, grid

from evacroute.capability import MOBILITIES
from evacroute.class_bins import bin_classes
from evacroute.errors import PeopleError
from evacroute.load.synthesize import synthesize_people


def test_count_and_seed_are_kept():
    """Exactly `count` persons are made; the same seed makes the same, another seed others."""
    network = grid()
    for count in (1, 2, 777):
        assert len(synthesize_people(network, count, seed=1)) == count
    first = synthesize_people(network, 300, visitors=0.3, spread=True, seed=1)
    assert first.equals(synthesize_people(network, 300, visitors=0.3, spread=True, seed=1))
    assert not first.equals(synthesize_people(network, 300, visitors=0.3, spread=True, seed=2))


def test_households_share_place_and_ready_time_and_have_an_adult():
    """Members of a household stand together, are ready together, and one of them is an adult."""
    people = synthesize_people(grid(), 3000, seed=0)
    frame = pd.DataFrame(
        {name: getattr(people, name) for name in ("household_id", "lon", "lat", "ready_time")}
    )
    assert (frame.groupby("household_id").nunique() == 1).all(axis=None)
    oldest = pd.Series(people.age).groupby(people.household_id).max()
    assert (oldest >= 18).all()
    assert (people.age[people.age < 18] >= 0).any()


def test_rates_are_met():
    """Ages, sexes, aids and household sizes come out at the given rates."""
    pyramid = pd.DataFrame(
        {"sex": ["F", "M", "M"], "age_from": [20, 20, 70], "age_to": [29, 29, 79],
         "weight": [50, 25, 25]}
    )  # fmt: skip
    rates = pd.DataFrame({"mobility": ["cane"], "age_from": [70], "age_to": [79], "rate": [0.4]})
    people = synthesize_people(
        grid(), 20_000, age_pyramid=pyramid, mobility_rates=rates, household_sizes={1: 1, 3: 1},
        seed=0,
    )  # fmt: skip
    assert (people.sex == "F").mean() == pytest.approx(0.5, abs=0.02)
    old = people.age >= 70
    assert old.mean() == pytest.approx(0.25, abs=0.02)
    assert set(people.sex[old]) == {"M"}
    assert (people.mobility[old] == "cane").mean() == pytest.approx(0.4, abs=0.03)
    assert set(people.mobility[~old]) == {"none"}
    sizes = pd.Series(people.household_id).value_counts()
    assert (sizes == 1).mean() == pytest.approx(0.5, abs=0.02)
    assert set(sizes) <= {1, 2, 3}
    assert (sizes == 2).sum() <= 1


def test_visitors_are_strangers():
    """Visitors have no age or sex and walk as unknown, or with luggage, at their share."""
    people = synthesize_people(grid(), 10_000, visitors=0.5, seed=0)
    stranger = np.isnan(people.age)
    assert stranger.mean() == pytest.approx(0.5, abs=0.03)
    assert set(people.sex[stranger]) == {""}
    assert set(people.mobility[stranger]) == {"unknown", "luggage"}
    everyone = synthesize_people(grid(), 100, visitors=1.0)
    assert np.isnan(everyone.age).all()


def test_shipped_rates_give_every_kind_of_person():
    """The shipped tables make a population with children, elders and most mobility words."""
    people = synthesize_people(grid(), 30_000, seed=0)
    assert people.age.min() < 3
    assert people.age.max() > 85
    assert 45 < people.age.mean() < 52
    assert set(MOBILITIES) - set(people.mobility) == {"pushchair_double", "child", "unknown"}


def test_people_stand_on_the_streets_they_are_weighted_to():
    """Positions lie on links with weight, evenly along them; without weights not on bridges."""
    network = corridor(3, 100.0, steps_at=[1])
    people = synthesize_people(network, 2000, household_sizes={1: 1}, mobility_rates=None, seed=0)
    assert set(people.link) <= {0, 4}
    assert people.distance.max() < 1e-6
    assert np.histogram(people.along, bins=4, range=(0, 100))[0].min() > 420
    weights = np.zeros(network.n_links)
    weights[4] = 1.0
    assert set(synthesize_people(network, 50, weights=weights).link) == {4}


def test_bent_streets_are_filled_along_their_line():
    """On a bent street people stand on the drawn line, not on the straight between its ends."""
    network = from_edges([(0, 0), (100, 0)], [(0, 1)], bends={0: [(0, 50), (100, 50)]})
    people = synthesize_people(network, 500, seed=0)
    assert people.distance.max() < 1e-6
    assert people.along.max() > 190
    assert people.along.min() < 10


def test_weights_by_node_put_people_at_nodes():
    """With a weight per node people stand at the nodes, in proportion."""
    network = grid()
    weights = np.zeros(network.n_nodes)
    weights[[3, 8]] = 1.0, 3.0
    people = synthesize_people(network, 4000, weights=weights, household_sizes={1: 1}, seed=0)
    at = np.isclose(people.lon, network.lon[8], rtol=0, atol=1e-9)
    assert at.mean() == pytest.approx(0.75, abs=0.03)
    assert np.isclose(people.lon[~at], network.lon[3], rtol=0, atol=1e-9).all()


def test_made_up_people_can_be_binned_and_are_called_synthetic():
    """The result goes straight into classes, and its report says it is made up."""
    people = synthesize_people(grid(), 500, visitors=0.2, spread=True)
    assert len(bin_classes(people).classes) == 12
    assert "synthetic" in str(people.report)


PYRAMID = {"sex": ["F"], "age_from": [20], "age_to": [30], "weight": [1.0]}
RATES = {"mobility": ["cane"], "age_from": [0], "age_to": [99], "rate": [0.1]}


@pytest.mark.parametrize(
    "options, message",
    [
        ({"count": 0}, "count is 0"),
        ({"count": 1.5}, "count is 1.5"),
        ({"visitors": 1.5}, "visitors is 1.5"),
        ({"seed": -1}, "seed is -1"),
        ({"weights": [1.0, 2.0]}, "weights have shape"),
        ({"weights": -np.ones(6)}, "weight is -1"),
        ({"weights": np.zeros(6)}, "nowhere to live"),
        ({"household_sizes": {0: 1.0}}, "size is 0"),
        ({"household_sizes": {1: -1.0}}, "share of size 1 is -1"),
        ({"household_sizes": {1: 0.0}}, "sum to 0"),
        ({"household_sizes": {}}, "sum to 0"),
        ({"age_pyramid": pd.DataFrame(PYRAMID | {"weight": [-1]})}, "weight is -1"),
        ({"age_pyramid": pd.DataFrame(PYRAMID | {"sex": ["Q"]})}, "sex is 'Q'"),
        ({"age_pyramid": pd.DataFrame(PYRAMID | {"age_to": [10]})}, "less than age_from"),
        ({"age_pyramid": pd.DataFrame(PYRAMID | {"age_from": [0], "age_to": [9]})}, "an adult"),
        ({"age_pyramid": pd.DataFrame(RATES)}, "column sex, weight is missing"),
        ({"mobility_rates": pd.DataFrame(RATES | {"rate": [1.5]})}, "rate is 1.5"),
        ({"mobility_rates": pd.DataFrame(RATES | {"mobility": ["stilts"]})}, "'stilts'"),
        ({"mobility_rates": pd.concat([pd.DataFrame(RATES | {"rate": [0.7]})] * 2)}, "sum to 1.4"),
    ],
)
def test_wrong_parameters_are_refused(options, message):
    """Each wrong parameter is an error that names it and what is allowed."""
    options = {"count": 10, **options}
    with pytest.raises(PeopleError, match=message):
        synthesize_people(corridor(), options.pop("count"), **options)


def test_a_network_of_bridges_alone_needs_weights():
    """Where no street is lived in by default the error says so, and weights help."""
    network = corridor(2, 50.0, steps_at=[0, 1])
    with pytest.raises(PeopleError, match="nowhere to live"):
        synthesize_people(network, 5)
    assert len(synthesize_people(network, 5, weights=np.ones(4))) == 5
