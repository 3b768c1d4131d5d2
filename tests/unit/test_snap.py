import numpy as np
import pytest
from networks import corridor, degrees, from_edges

from evacroute.errors import InputError
from evacroute.load.snap import snap


def test_point_beside_a_corridor_meets_it_at_the_foot():
    """Beside a straight street the nearest point is the foot of the perpendicular."""
    link, along, distance = snap(corridor(3, 100.0), *degrees([130.0], [7.0]))
    assert link.tolist() == [2]
    assert along[0] == pytest.approx(30.0, abs=1e-3)
    assert distance[0] == pytest.approx(7.0, abs=1e-3)


def test_of_two_directions_the_lower_position_is_taken():
    """A street's two links are equally near; the one at the lower position is the answer."""
    rng = np.random.default_rng(0)
    link, _, _ = snap(corridor(5, 60.0), *degrees(rng.uniform(-9, 309, 500), rng.normal(0, 9, 500)))
    assert (link % 2 == 0).all()


def test_bent_line_is_followed():
    """On a bent street the distance along counts the way, scaled to the link's own length."""
    network = from_edges([(0, 0), (100, 0)], [(0, 1)], bends={0: [(0, 50), (100, 50)]}, length=400)
    link, along, distance = snap(network, *degrees([50.0, 3.0], [55.0, 20.0]))
    assert link.tolist() == [0, 0]
    assert along == pytest.approx([200.0, 40.0], abs=1e-2)
    assert distance == pytest.approx([5.0, 3.0], abs=1e-3)


def test_ferries_are_no_place_to_stand():
    """A ferry is never the nearest street, however near it passes."""
    network = from_edges([(0, 0), (100, 0), (100, 40)], [(0, 1), (1, 2)], kind={0: "ferry"})
    link, _, distance = snap(network, *degrees([60.0], [1.0]))
    assert link.tolist() == [2]
    assert distance[0] == pytest.approx(40.0, abs=1e-2)


def test_only_usable_links_count():
    """Links not marked usable are passed over for the next nearest."""
    network = corridor(3, 100.0)
    usable = np.ones(network.n_links, bool)
    usable[[2, 3]] = False
    link, along, distance = snap(network, *degrees([130.0], [0.0]), usable=usable)
    assert link.tolist() == [0]
    assert along[0] == pytest.approx(100.0)
    assert distance[0] == pytest.approx(30.0, abs=1e-3)


def test_nothing_usable_finds_nothing():
    """Without a usable link no position gets one."""
    network = corridor()
    link, along, distance = snap(
        network, *degrees([1.0], [0.0]), usable=np.zeros(network.n_links, bool)
    )
    assert (link.tolist(), along.tolist(), distance.tolist()) == ([-1], [0.0], [np.inf])


def test_max_distance_is_kept_and_inclusive():
    """A position at most max_distance away gets a link, one farther gets none."""
    network = corridor(1, 100.0)
    lon, lat = degrees([50.0, 50.0], [49.9, 50.1])
    link, _, distance = snap(network, lon, lat, max_distance=50.0)
    assert link.tolist() == [0, -1]
    assert distance[1] == np.inf


def test_far_away_positions_are_found_without_a_limit():
    """Without a limit even a position hundreds of kilometres off finds the nearest end."""
    network = corridor(1, 100.0)
    link, along, distance = snap(network, *degrees([400_000.0], [0.0]), max_distance=np.inf)
    assert link.tolist() == [0]
    assert along[0] == pytest.approx(100.0)
    assert distance[0] == pytest.approx(399_900.0, rel=1e-6)


def test_position_that_is_no_number_gets_none():
    """NaN is no position and gets no link."""
    link, _, _ = snap(corridor(), [np.nan], [45.0])
    assert link.tolist() == [-1]


def test_line_of_one_place_is_a_point():
    """A street drawn with both ends at one place is met there, nothing walked along it."""
    network = from_edges([(0, 0), (0, 0)], [(0, 1)], length=5.0)
    link, along, distance = snap(network, *degrees([3.0], [4.0]))
    assert link.tolist() == [0]
    assert along.tolist() == [0.0]
    assert distance[0] == pytest.approx(5.0, abs=1e-3)


def test_no_positions_are_no_trouble():
    """Empty positions give empty answers."""
    assert [len(a) for a in snap(corridor(), [], [])] == [0, 0, 0]


@pytest.mark.parametrize(
    "lon, lat, options, message",
    [
        ([12.0], [45.0], {"max_distance": -1}, "max_distance is -1"),
        ([12.0], [45.0], {"max_distance": np.nan}, "max_distance is nan"),
        ([12.0, 13.0], [45.0], {}, "two equal lengths"),
        ([12.0], [45.0], {"usable": np.ones(3, bool)}, r"expected \(6,\)"),
    ],
)
def test_wrong_arguments_are_refused(lon, lat, options, message):
    """Negative limits and arrays of the wrong length are errors that say what is expected."""
    with pytest.raises(InputError, match=message):
        snap(corridor(), lon, lat, **options)
