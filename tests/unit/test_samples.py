"""The lagoon sample as a scenario."""

from __future__ import annotations

import json
import time

import numpy as np
import pytest
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from evacroute._data_dir import data_path
from evacroute.errors import PeopleError
from evacroute.load.lagoon import make_lagoon
from evacroute.load.samples import lagoon, lagoon_network, lagoon_people, lagoon_shelters
from evacroute.network import KINDS, Network
from evacroute.scenario import Scenario


@pytest.fixture(scope="module")
def sample() -> Scenario:
    return lagoon()


def seconds_to(network: Network, walk: np.ndarray, nodes: np.ndarray) -> np.ndarray:
    """Seconds from each node to the nearest of `nodes`, inf where there is no way."""
    usable = np.isfinite(walk)
    size = network.n_nodes
    ways = csr_array(
        (walk[usable], (network.to_node[usable], network.from_node[usable])), shape=(size, size)
    )
    return np.asarray(dijkstra(ways, indices=nodes, min_only=True))


def test_network_is_the_drawn_one() -> None:
    """The shipped network must be the generator's, and say that it is synthetic."""
    network = lagoon_network()
    drawn = make_lagoon()
    assert network.n_links == drawn.n_links
    np.testing.assert_allclose(network.length, drawn.length, atol=0.0105)
    assert network.name.tolist() == drawn.name.tolist()
    assert network.report is not None
    assert "synthetic" in str(network.report)


def test_shelters() -> None:
    """Forty shelters must have room for a third more than the people, in small and big places."""
    shelters = lagoon_shelters()
    assert len(shelters) == 40
    assert set(shelters.kind) == {"square", "park", "exit", "embarkation"}
    assert 1.3 < shelters.capacity.sum() / 50_000 < 1.45
    assert shelters.capacity.max() >= 10_000
    assert (shelters.step_free_capacity > 0).all()
    assert shelters.intake_rate.min() > 0.5
    assert shelters.intake_rate.max() < 50
    assert len(np.unique(shelters.node)) == 40
    assert shelters.report is not None
    assert "synthetic" in str(shelters.report)


def test_big_shelters_have_step_free_surroundings() -> None:
    """Without steps one must get to each big shelter from more than its own square."""
    network = lagoon_network()
    shelters = lagoon_shelters(network)
    walk = np.where((network.steps > 0) | (network.width < 0.8), np.inf, network.length)
    for node in shelters.node[shelters.capacity >= 3000]:
        assert np.isfinite(seconds_to(network, walk, np.array([node]))).sum() > 60


def test_default_scenario(sample: Scenario) -> None:
    """The default scenario must be 50,000 persons on streets they live in, ready at all times."""
    assert sample.persons == 50_000
    assert sample.deadline_s == 90 * 60
    people = sample.people
    assert people.report is not None
    assert "synthetic" in str(people.report)
    assert (people.node >= 0).all()
    kinds = {KINDS[kind] for kind in np.unique(sample.network.kind[people.link])}
    assert kinds <= {"calle", "square", "quay", "bridge", "underpass"}
    assert 0.25 < (people.mobility == "unknown").mean() < 0.35


def test_default_scenario_is_quick() -> None:
    """The default scenario must be ready within five seconds."""
    start = time.perf_counter()
    lagoon()
    assert time.perf_counter() - start < 5


def test_who_has_a_way(sample: Scenario) -> None:
    """Whoever can use steps must have a way to a shelter, of the others some and not all."""
    network, shelters, groups = sample.network, sample.shelters, sample.groups
    classes = sample.group_classes
    walk = classes.walk_seconds(network)
    left = np.zeros(2)
    persons = np.zeros(2)
    for i, step_free in enumerate(classes.step_free):
        mine = groups.class_ == i
        time_to = seconds_to(network, walk[i], shelters.node)[groups.node[mine]]
        left[int(step_free)] += groups.size[mine][np.isinf(time_to)].sum()
        persons[int(step_free)] += groups.size[mine].sum()
    assert left[0] == 0
    assert 0.2 < left[1] / persons[1] < 0.7


def test_seed_decides() -> None:
    """The same seed must give the same people, another seed others."""
    network = lagoon_network()
    people = lagoon_people(network, 500, seed=3)
    assert people.equals(lagoon_people(network, 500, seed=3))
    assert not people.equals(lagoon_people(network, 500, seed=4))
    assert lagoon(500, seed=3).people.equals(people)


def test_visitors() -> None:
    """The share of visitors must be a parameter, and a wrong one an error."""
    assert not (lagoon(300, visitors=0.0).people.mobility == "unknown").any()
    with pytest.raises(PeopleError, match="visitors is 2"):
        lagoon(300, visitors=2.0)


def test_crowds() -> None:
    """Round the crowded places there must be more people than their share of streets."""
    network = lagoon_network()
    people = lagoon_people(network, 5000)
    recipe = json.loads(data_path("lagoon", "recipe.json").read_text(encoding="utf-8"))
    walk = seconds_to(network, network.length, network.node_positions(recipe["crowds"]["node_id"]))
    near = walk < recipe["crowds"]["radius_m"]
    of_people = near[people.node].mean()
    of_streets = network.length[near[network.from_node]].sum() / network.length.sum()
    assert of_people > 1.5 * of_streets


def test_text_agrees_with_the_files() -> None:
    """The recipe and the README must state the figures of the files and of the signature."""
    recipe = json.loads(data_path("lagoon", "recipe.json").read_text(encoding="utf-8"))
    assert (recipe["people"], recipe["people_seed"]) == (50_000, 0)
    assert "synthetic" in recipe["note"]
    network, shelters = lagoon_network(), lagoon_shelters()
    readme = data_path("lagoon", "README.md").read_text(encoding="utf-8")
    step_free = ((network.kind == KINDS.index("bridge")) & (network.steps == 0)).sum() // 2
    squares = {name for name in network.name if name.startswith("Campo ")}
    for figure in (
        f"{network.n_nodes:,} nodes",
        f"{network.n_links // 2:,} streets",
        f"{step_free} have no steps",
        f"{len(squares)} squares",
        f"{shelters.capacity.sum():,} persons",
        f"{shelters.step_free_capacity.sum():,} of them",
    ):
        assert figure in readme
