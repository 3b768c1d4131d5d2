import numpy as np
import pytest
from networks import degrees

from evacroute.capability import MOBILITIES, capabilities, steps_speed, street_space
from evacroute.class_bins import bin_classes
from evacroute.errors import InputError
from evacroute.people import People


def make(ages, sexes, words, *, household=None, xy=None, node=None, ready=0.0, offset=0.0,
         distance=0.0, helpers=0, seed=None):  # fmt: skip
    """People at given places [m] with the capability of their age, sex and mobility."""
    n = len(ages)
    sexes, words = np.array(sexes, object), np.array(words, object)
    figures = capabilities(ages, sexes, words, helpers, seed=seed)
    x, y = np.array(xy if xy is not None else [(0.0, 0.0)] * n, dtype=float).reshape(n, 2).T
    lon, lat = degrees(x, y)
    node = np.zeros(n, int) if node is None else np.array(node)
    fill = lambda value: np.broadcast_to(np.asarray(value, dtype=float), (n,)).copy()  # noqa: E731
    return People(
        person_id=np.array([f"P{i}" for i in range(n)], object),
        household_id=np.array(household or [f"H{i}" for i in range(n)], object),
        lon=lon, lat=lat, age=np.array(ages, float), sex=sexes, mobility=words,
        ready_time=fill(ready), helpers=fill(helpers).astype(int),
        speed_flat=figures.speed_flat, speed_up=figures.speed_up, speed_down=figures.speed_down,
        min_width=figures.min_width, depth_limit=figures.depth_limit,
        link=np.where(node < 0, -1, 0), along=fill(0), node=node, offset=fill(offset),
        distance=fill(distance),
    )  # fmt: skip


def crowd(n=400, seed=0, **kwargs):
    rng = np.random.default_rng(seed)
    words = np.array([w for w in MOBILITIES if w != "child"])
    return make(
        rng.integers(3, 95, n), rng.choice(["F", "M", ""], n), rng.choice(words, n),
        household=[f"H{i}" for i in rng.integers(0, n // 2, n)],
        xy=rng.uniform(0, 400, (n, 2)), node=rng.integers(-1, 30, n),
        ready=rng.uniform(0, 600, n), offset=rng.uniform(0, 40, n), **kwargs,
    )  # fmt: skip


def test_alone_walks_at_own_pace():
    """A person alone keeps their own speed and starts when they have walked to their node."""
    people = make([45], ["M"], ["none"], ready=60, offset=30, distance=5)
    bins = bin_classes(people)
    assert bins.speed_flat[0] == pytest.approx(1.434)
    assert bins.speed_steps[0] == pytest.approx(2 / (1 / (1.434 * 0.66) + 1 / (1.434 * 0.49)))
    assert bins.ready_time[0] == pytest.approx(60 + 35 / 1.434)
    assert bins.size.tolist() == [1]
    assert bins.largest_error_flat == 0


def test_household_walks_at_the_slowest_times_the_factor():
    """A household of three walks at its slowest member's speed times 0.92, ready with its last."""
    people = make(
        [45, 85, 10], ["M", "F", "F"], ["none", "cane", "none"], household=["H"] * 3,
        ready=[10, 200, 300], offset=[0, 20, 0],
    )  # fmt: skip
    bins = bin_classes(people)
    assert len(bins.node) == 1
    assert bins.speed_flat[0] == pytest.approx(0.81 * 0.92)
    up, down = people.speed_up.min(), people.speed_down.min()
    assert bins.speed_steps[0] == pytest.approx(steps_speed(up, down) * 0.92)
    assert bins.slowest.tolist() == [1]
    assert bins.ready_time[0] == pytest.approx(300 + 20 / (0.81 * 0.92))
    assert bins.party_of_person.tolist() == [0, 0, 0]


def test_own_paces_are_over_those_of_a_class():
    """Own speed is told over a class's; on steps as on the flat where either cannot use them."""
    people = make([45, 85, 40], ["M", "F", "F"], ["none", "cane", "wheelchair_manual"])
    bins = bin_classes(people)
    classes, party = bins.classes, bins.party_of_person
    found = bins.paces(party, classes, np.zeros(3, int))
    assert found[:, 0] == pytest.approx(bins.speed_flat[party] / classes.speed_flat[0])
    with_steps = bins.speed_steps[party] > 0
    assert with_steps.tolist() == [True, True, False]
    assert classes.speed_steps[0] > 0
    own = bins.speed_steps[party] / classes.speed_steps[0]
    assert found[with_steps, 1] == pytest.approx(own[with_steps])
    assert found[2, 1] == found[2, 0]
    level = int(np.flatnonzero(classes.speed_steps == 0)[0])
    on_level = bins.paces(party, classes, np.full(3, level))
    assert on_level[:, 1].tolist() == on_level[:, 0].tolist()


def test_household_of_five_takes_the_larger_factor():
    """Five or more lose 12 % of the slowest member's speed."""
    bins = bin_classes(make([45] * 5, ["M"] * 5, ["none"] * 5, household=["H"] * 5))
    assert bins.speed_flat.tolist() == [pytest.approx(1.434 * 0.88)]


def test_household_with_wheelchair_keeps_to_the_step_free_way():
    """One wheelchair user makes the whole household step-free, starting at the user's node."""
    people = make(
        [40, 80], ["F", "F"], ["wheelchair_electric", "walker"], household=["H", "H"],
        xy=[(0, 0), (20, 0)], node=[3, 4],
    )  # fmt: skip
    bins = bin_classes(people)
    assert bins.speed_steps.tolist() == [0]
    assert bins.min_width.tolist() == [0.8]
    assert bins.node.tolist() == [3]
    assert bins.speed_flat[0] == pytest.approx(0.57 * 0.92)
    assert bins.classes.step_free.tolist() == [True]


def test_carried_wheelchair_uses_steps_slowly():
    """A manual wheelchair with two helpers may use steps but keeps its width."""
    bins = bin_classes(make([40], ["F"], ["wheelchair_manual"], helpers=2))
    assert bins.speed_steps[0] == pytest.approx(0.14)
    assert bins.min_width.tolist() == [0.8]
    assert not bins.classes.step_free[0]


def test_members_walk_to_the_slowest():
    """A member elsewhere walks 1.3 times the straight distance before the party can leave."""
    people = make(
        [45, 85], ["M", "F"], ["none", "none"], household=["H", "H"],
        xy=[(100, 0), (0, 0)], node=[7, 5], offset=[50, 10],
    )  # fmt: skip
    bins = bin_classes(people)
    assert bins.node.tolist() == [5]
    want = 1.3 * 100 / 1.434
    assert bins.ready_time[0] == pytest.approx(want + 10 / (0.943 * 0.92), rel=1e-4)


def test_members_far_apart_are_parties_of_their_own():
    """Members over 150 m from the slowest go apart, together where they can, and are counted."""
    people = make(
        [85, 45, 45, 45], ["F", "M", "M", "M"], ["none"] * 4, household=["H"] * 4,
        xy=[(0, 0), (100, 0), (500, 0), (600, 0)], node=[0, 1, 2, 3],
    )  # fmt: skip
    bins = bin_classes(people)
    assert bins.party_of_person.tolist() == [0, 0, 1, 1]
    assert bins.split_households == 1
    assert bins.speed_flat[1] == pytest.approx(1.434 * 0.92)


def test_persons_set_aside_are_in_no_party():
    """A person without a street is in no party and does not slow or enlarge the household."""
    people = make([45, 85], ["M", "F"], ["none"] * 2, household=["H", "H"], node=[0, -1])
    bins = bin_classes(people)
    assert bins.party_of_person.tolist() == [0, -1]
    assert bins.speed_flat.tolist() == [pytest.approx(1.434)]


def test_nobody_near_a_street_leaves_one_class_standing_by():
    """Without any party there is the unknown visitor's class, so that classes are never empty."""
    bins = bin_classes(make([45], ["M"], ["none"], node=[-1]))
    assert bins.classes.class_id.tolist() == ["unknown_visitor"]
    assert len(bins.node) == 0
    assert bins.party_of_person.tolist() == [-1]


@pytest.mark.parametrize("max_classes", [3, 5, 12])
def test_classes_never_let_anyone_where_they_cannot_go(max_classes):
    """A party's class has the party's width and use of steps, whatever the number of classes."""
    bins = bin_classes(crowd(), max_classes=max_classes)
    assert len(bins.classes) <= max_classes
    chosen = bins.class_of_party
    assert (bins.classes.min_width[chosen] == bins.min_width).all()
    assert ((bins.classes.speed_steps[chosen] == 0) == (bins.speed_steps == 0)).all()


@pytest.mark.parametrize("seed", [None, 3])
def test_stated_errors_are_the_true_ones(seed):
    """The stated largest and mean speed errors are those of the parties against their class."""
    bins = bin_classes(crowd(seed=2, n=600) if seed is None else crowd(n=600))
    flat = abs(bins.classes.speed_flat[bins.class_of_party] / bins.speed_flat - 1)
    assert bins.largest_error_flat == flat.max()
    assert bins.mean_error_flat == pytest.approx(np.repeat(flat, bins.size).mean())
    walks = bins.speed_steps > 0
    steps = bins.classes.speed_steps[bins.class_of_party][walks] / bins.speed_steps[walks]
    assert bins.largest_error_steps == abs(steps - 1).max()


def test_total_walking_time_is_unbiased():
    """Over a class the walking time per metre sums to that of its persons at their own pace."""
    bins = bin_classes(crowd())
    for c in range(len(bins.classes)):
        mine = bins.class_of_party == c
        own = (bins.size[mine] / bins.speed_flat[mine]).sum()
        assert bins.size[mine].sum() / bins.classes.speed_flat[c] == pytest.approx(own)


def test_more_classes_leave_a_smaller_error_and_few_paces_none():
    """With as many classes as paces there is no error; with 12 it is below that with 3."""
    people = crowd()
    errors = [bin_classes(people, max_classes=k).largest_error_flat for k in (3, 12, 400)]
    assert errors[0] > errors[1] > errors[2]
    assert errors[2] == pytest.approx(0, abs=1e-9)


def test_order_of_persons_does_not_matter():
    """Shuffled people make the same classes, bit for bit, and each person the same party pace."""
    people = crowd()
    order = np.random.default_rng(1).permutation(len(people))
    fields = [name for name in People.__dataclass_fields__ if name != "report"]
    shuffled = People(**{name: getattr(people, name)[order] for name in fields})
    first, second = bin_classes(people), bin_classes(shuffled)
    assert first.classes.equals(second.classes)
    near = people.node[order] >= 0
    a, b = first.party_of_person[order][near], second.party_of_person[near]
    for name in ("node", "class_of_party", "ready_time", "speed_flat", "speed_steps", "size"):
        assert (getattr(first, name)[a] == getattr(second, name)[b]).all(), name
    assert first.split_households == second.split_households


def test_ids_are_readable_unique_and_fastest_first():
    """Class ids tell step-free from walking with the speeds in m/s; classes go fastest first."""
    classes = bin_classes(crowd()).classes
    assert len(set(classes.class_id)) == len(classes)
    assert (np.diff(classes.speed_flat) <= 0).all()
    for name, free, flat in zip(
        classes.class_id, classes.step_free, classes.speed_flat, strict=True
    ):
        assert name.startswith("step_free_" if free else "walk_")
        assert f"{flat:.2f}" in name


def test_too_few_classes_are_refused():
    """Fewer classes than combinations of width and steps is an error that says how many."""
    with pytest.raises(InputError, match="expected at least 3"):
        bin_classes(crowd(), max_classes=2)


def test_equal_bins_are_equal():
    """The same people make equal bins, others make different ones."""
    assert bin_classes(crowd()).equals(bin_classes(crowd()))
    assert not bin_classes(crowd()).equals(bin_classes(crowd(seed=1)))


def test_street_space_of_a_household():
    """A class takes the mean street space over its members, rounded up to a 64th."""
    people = make(
        [40, 40, 40], ["F", "F", "M"], ["wheelchair_electric", "none", "none"],
        household=["H"] * 3,
    )  # fmt: skip
    assert bin_classes(people).classes.space.tolist() == [1.5]
    people = make([40] * 3, ["F"] * 3, ["luggage", "none", "none"], household=["H"] * 3)
    space = bin_classes(people).classes.space[0]
    assert 3.5 / 3 <= space < 3.5 / 3 + 1 / 64
    assert space * 64 == round(space * 64)


def test_street_space_counts_every_person_once():
    """Over all classes the space is that of the persons, and at most a 64th each more."""
    people = crowd()
    bins = bin_classes(people)
    near = bins.party_of_person >= 0
    class_ = bins.class_of_party[bins.party_of_person[near]]
    own = street_space(people.mobility[near]).sum()
    assert own - 1e-9 <= bins.classes.space[class_].sum() <= own + near.sum() / 64
