import csv

import numpy as np
import pytest

from evacroute._data_dir import data_path
from evacroute.capability import (
    MOBILITIES,
    capabilities,
    group_factor,
    steps_speed,
    street_space,
    uniform,
)
from evacroute.errors import InputError, PeopleError

STATUSES = {"confirmed", "confirmed-secondary", "memory", "assumption", "definition"}


def one(age, sex, mobility, helpers=0, **kwargs):
    return capabilities([age], [sex], [mobility], [helpers], **kwargs)


@pytest.mark.parametrize(
    "age, sex, mobility, helpers, flat, down, up",
    [
        (25, "F", "none", 0, 1.341, 1.341 * 0.60, 1.341 * 0.51),
        (45, "M", "none", 0, 1.434, 1.434 * 0.66, 1.434 * 0.49),
        (85, "F", "none", 0, 0.943, 0.943 * 0.80, 0.943 * 0.65),
        (85, "M", "none", 0, 0.968, 0.968 * 0.60, 0.968 * 0.46),
        (5, "M", "none", 0, 0.85, 0.85 * 0.68, 0.85 * 0.45),
        (10, "F", "none", 0, 1.15, 1.15 * 0.60, 1.15 * 0.51),
        (85, "F", "cane", 0, 0.81, 0.81 * 0.80, 0.81 * 0.64),
        (70, "M", "walker", 0, 0.57, 0.57 * 0.60, 0.57 * 0.46),
        (30, "F", "luggage", 0, 1.15, 1.15 * 0.68 * 0.75, 1.15 * 0.62 * 0.75),
        (35, "M", "pushchair", 0, 1.05, 1.05 * 0.66 * 0.70, 1.05 * 0.49 * 0.70),
        (40, "M", "wheelchair_manual", 1, 0.69, 0.0, 0.0),
        (40, "M", "wheelchair_manual", 2, 0.69, 0.14, 0.14),
        (40, "M", "wheelchair_electric", 9, 0.89, 0.0, 0.0),
        (40, "M", "blind", 0, 0.65, 0.65 * 0.60, 0.65 * 0.46),
        (40, "M", "blind", 1, 1.0, 0.60, 0.46),
    ],
)
def test_speeds_follow_the_rows(age, sex, mobility, helpers, flat, down, up):
    """The mean speeds of chosen persons are those of the published rows, worked out by hand."""
    got = one(age, sex, mobility, helpers)
    assert got.speed_flat[0] == pytest.approx(flat)
    assert got.speed_down[0] == pytest.approx(down)
    assert got.speed_up[0] == pytest.approx(up)
    assert got.can_use_steps[0] == (down > 0)


@pytest.mark.parametrize("word", ["cane", "crutches", "walker", "wheelchair_manual", "impaired"])
def test_aids_replace_the_age_speed(word):
    """With an aid the speed on the flat is the same at every age, as the aid's row says."""
    ages = np.array([20.0, 50, 70, 90])
    got = capabilities(ages, np.array(["F"] * 4, object), np.array([word] * 4, object))
    assert len(set(got.speed_flat.tolist())) == 1


@pytest.mark.parametrize("word", ["luggage", "pushchair", "pushchair_double"])
def test_a_load_never_speeds_anyone_up(word):
    """A person with a load is never faster than the same person without."""
    ages = np.arange(0.0, 121)
    for sex in ("F", "M", ""):
        sexes = np.array([sex] * 121, object)
        free = capabilities(ages, sexes, np.array(["none"] * 121, object))
        loaded = capabilities(ages, sexes, np.array([word] * 121, object))
        assert (loaded.speed_flat <= free.speed_flat).all()
        assert (loaded.speed_up < free.speed_up).all()
        assert (loaded.speed_down < free.speed_down).all()


@pytest.mark.parametrize("word", MOBILITIES)
@pytest.mark.parametrize("sex", ["F", "M", ""])
def test_older_is_never_faster_from_sixty(word, sex):
    """Within a sex no one from sixty on is faster than someone younger of sixty or more."""
    ages = np.arange(60.0, 121)
    n = len(ages)
    got = capabilities(ages, np.array([sex] * n, object), np.array([word] * n, object))
    for speed in (got.speed_flat, got.speed_up, got.speed_down):
        assert (np.diff(speed) <= 0).all()


def test_stairs_are_slower_than_the_flat_for_everyone():
    """Nobody climbs or descends faster than they walk on the flat, drawn speeds included."""
    rng = np.random.default_rng(0)
    n = 5000
    words, sexes = np.array(MOBILITIES, object), np.array(["F", "M", ""], object)
    got = capabilities(
        rng.uniform(0, 120, n), rng.choice(sexes, n), rng.choice(words, n), 2, seed=4
    )
    assert (got.speed_flat >= 0.20).all()
    assert (got.speed_flat <= 2.20).all()
    assert (got.speed_up < got.speed_flat).all()
    assert (got.speed_down < got.speed_flat).all()
    assert (got.speed_down <= 1.46).all()


def test_unknown_visitor_is_the_weighted_mean():
    """Of whom nothing is known the speed is the mean over the visitor mix and both sexes."""
    with data_path("capability", "visitor_mix.csv").open() as file:
        mix = [(int(r["age_from"]), float(r["weight"])) for r in csv.DictReader(file)]
    total = sum(weight for _, weight in mix)
    assert total == pytest.approx(1.0)
    want = sum(
        weight * one(age, sex, "none").speed_flat[0] / 2 for age, weight in mix for sex in "FM"
    )
    for word in ("", "unknown", "none"):
        assert one(np.nan, "", word).speed_flat[0] == pytest.approx(want)


def test_unknown_sex_lies_between_the_sexes():
    """A person of unknown sex walks at the mean of a woman's and a man's speed of that age."""
    woman, man, either = (one(72, sex, "none").speed_flat[0] for sex in ("F", "M", ""))
    assert either == pytest.approx((woman + man) / 2)


def test_limits_of_width_and_water():
    """Wheelchairs and double pushchairs need 0.80 m; each aid and small child has its depth."""
    words = np.array(["none", "pushchair_double", "wheelchair_manual", "cane", "none", "none"])
    ages = [40, 40, 40, 40, 4, 8]
    got = capabilities(ages, np.array(["F"] * 6, object), words.astype(object))
    assert got.min_width.tolist() == [0, 0.8, 0.8, 0, 0, 0]
    assert got.depth_limit.tolist() == [0.9, 0.25, 0.15, 0.30, 0.48, 0.60]


def test_draw_keeps_the_mean_and_the_spread():
    """Drawn speeds have the row's mean, and its spread where the guard does not cut it."""
    n = 40_000
    words = np.array(["none"] * n, object)
    got = capabilities(np.full(n, 45.0), np.array(["M"] * n, object), words, seed=1).speed_flat
    assert got.mean() == pytest.approx(1.434, abs=0.004)
    assert got.std() == pytest.approx(0.11 * 1.434, rel=0.02)
    words = np.array(["walker"] * n, object)
    got = capabilities(np.full(n, 80.0), np.array(["M"] * n, object), words, seed=1).speed_flat
    assert got.mean() == pytest.approx(0.57, abs=0.004)


def test_draw_depends_on_seed_and_own_key_only():
    """A person's drawn speed stays whoever else is there, and changes with the seed."""
    n = 100
    args = np.full(n, 30.0), np.array(["F"] * n, object), np.array(["none"] * n, object), 0
    whole = capabilities(*args, seed=5).speed_flat
    some = capabilities(*(a[:10] for a in args[:3]), 0, seed=5).speed_flat
    assert (whole[:10] == some).all()
    key = np.arange(n, dtype=np.uint64)[::-1]
    assert (capabilities(*args, seed=5, key=key).speed_flat == whole[::-1]).all()
    assert (capabilities(*args, seed=6).speed_flat != whole).all()


def test_uniform_numbers_are_even_and_streams_differ():
    """The numbers behind draws fill (0, 1) evenly, differ by stream, and refuse a negative seed."""
    key = np.arange(100_000, dtype=np.uint64)
    first, second = uniform(0, key), uniform(0, key, stream=1)
    counts = np.histogram(first, bins=20, range=(0, 1))[0]
    assert abs(counts - 5000).max() < 350
    assert abs(np.corrcoef(first, second)[0, 1]) < 0.01
    with pytest.raises(InputError, match="seed is -1"):
        uniform(-1, key)


def test_group_factor_by_size():
    """Alone there is no factor; two to four lose 8 %, five and more 12 %."""
    assert group_factor([1, 2, 4, 5, 60]).tolist() == [1, 0.92, 0.92, 0.88, 0.88]


def test_steps_speed_is_the_harmonic_mean():
    """Over a bridge half climbed, half descended the time is the sum of both halves' times."""
    got = steps_speed(np.array([0.5, 0.0]), np.array([1.0, 0.0]))
    assert got[0] == pytest.approx(1 / (0.5 / 0.5 + 0.5 / 1.0))
    assert got[1] == 0


def test_all_faults_are_named_together():
    """Wrong ages, sexes, words and helpers come in one error that says what is allowed."""
    with pytest.raises(PeopleError) as caught:
        capabilities(
            [300, 20, 20, 20], np.array(["F", "Q", "F", "F"], object),
            np.array(["none", "none", "stilts", "none"], object), [0, 0, 0, -1],
        )  # fmt: skip
    message = str(caught.value)
    for part in ("4 faults", "age is 300", "0 to 120", "'Q'", "'stilts'", "wheelchair_manual",
                 "helpers is -1"):  # fmt: skip
        assert part in message


def test_figures_are_read_only_and_comparable():
    """A capability cannot be changed, and equals another of the same figures only."""
    got = one(30, "F", "none")
    with pytest.raises(ValueError):
        got.speed_flat[0] = 2.0
    assert got.equals(one(30, "F", "none"))
    assert not got.equals(one(30, "M", "none"))
    assert len(got) == 1


def test_every_row_names_its_source_and_status():
    """Each row of each capability table carries a source and one of the agreed status words."""
    tables = sorted(data_path("capability").glob("*.csv"))
    assert len(tables) >= 10
    for path in tables:
        with path.open(encoding="utf-8") as file:
            for row in csv.DictReader(file):
                assert row["source"], (path.name, row)
                assert row["status"] in STATUSES, (path.name, row)


def test_tables_speak_of_known_words_only():
    """Every mobility word has a row for passability, street space and time before moving."""
    for name in ("passability", "premovement", "street_space"):
        with data_path("capability", f"{name}.csv").open() as file:
            assert sorted(r["mobility"] for r in csv.DictReader(file)) == sorted(MOBILITIES)
    for name in ("speed_by_aid", "load_factor", "mobility_rates"):
        with data_path("capability", f"{name}.csv").open() as file:
            assert {r["mobility"] for r in csv.DictReader(file)} <= set(MOBILITIES)


def test_street_space_is_the_footprint_over_a_walkers():
    """Every factor is 1 to 10 and its row's footprint over that of a walker, to a quarter."""
    with data_path("capability", "street_space.csv").open() as file:
        rows = {r["mobility"]: r for r in csv.DictReader(file)}
    walker = float(rows["none"]["footprint"])
    for word, row in rows.items():
        space = float(row["space"])
        assert 1 <= space <= 10, word
        assert abs(space - float(row["footprint"]) / walker) <= 0.125, word
    words = ["none", "wheelchair_electric", "pushchair", ""]
    assert street_space(words).tolist() == [1.0, 2.5, 2.0, 1.0]
