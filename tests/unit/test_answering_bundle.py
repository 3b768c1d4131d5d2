"""The bundle: what is saved is read back the same, or refused with the file's name."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from asked import drawn_prices, priced_bundle
from cli_files import corridor_files, leftovers, options, run
from networks import grid
from odds import by_one
from plans import no_movements, small_plan
from scenes import crowd, doors, paces

import evacroute as er
from evacroute._frozen import same_array
from evacroute.answering import Answerer, Bundle, Questions, bundle_of, read_bundle
from evacroute.errors import InputError
from evacroute.writing import write_arrays

FILES = {
    "manifest.json", "network.npz", "shelters.npz", "classes.npz", "link_times.npz", "prices.npz",
    "load.npz", "groups.npz",
}  # fmt: skip


def town(**more: Any) -> er.Scenario:
    """A grid with two classes, three shelters and a street that closes."""
    network = grid(3, 3, seed=3)
    rows = er.LinkTimes([3, 5], [-1, 0], [60.0, 0.0], [600.0, np.inf], [0.0, 0.5])
    given = {"deadline": 1800.0, "hazard": rows, **more}
    groups = crowd((0, 3), (4, 2, 30.0, 1, True), (8, 5))
    return er.Scenario(
        network, groups, doors(network, (2, 9), (6, 5, 2, 0.5), (8, 0)),
        classes=paces((1.3, 0.7), (0.9, 0.0, 0.8)), **given,
    )  # fmt: skip


def made(**more: Any) -> Bundle:
    """The bundle of a fast plan of the town, made at a time of no matter."""
    return bundle_of(er.assign(town()), made=1_700_000_000.0, **more)


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    made().save(tmp_path / "bundle")
    return tmp_path / "bundle"


def same(a: Any, b: Any, skip: tuple[str, ...] = ()) -> None:
    """Fail where two records of arrays differ."""
    for one in fields(a):
        first, second = getattr(a, one.name), getattr(b, one.name)
        if one.name in skip:
            continue
        if isinstance(first, np.ndarray):
            assert same_array(first, second), one.name
            kinds = {first.dtype.kind, second.dtype.kind}
            assert len(kinds - {"U", "O"}) <= 1, one.name
        elif one.name == "walks":
            same(first, second)
        else:
            assert first == second, one.name


def check_same(a: Bundle, b: Bundle) -> None:
    """Fail where two bundles differ in anything but the digest."""
    assert a.manifest == b.manifest
    same(a.scenario.network, b.scenario.network, ("report",))
    same(a.scenario.shelters, b.scenario.shelters, ("report",))
    same(a.scenario.group_classes, b.scenario.group_classes)
    same(a.scenario.groups, b.scenario.groups)
    same(a.scenario.link_times, b.scenario.link_times, ("reports",))
    assert a.scenario.deadline_s == b.scenario.deadline_s
    assert a.prices.equals(b.prices)
    same(a.load, b.load)
    rows = np.random.default_rng(0).uniform(0, 900, (50, 29)).astype(np.float32)
    kind = np.arange(50, dtype=np.int8) % 8
    same(a.scorer.predict(rows, kind), b.scorer.predict(rows, kind))


@pytest.mark.parametrize("method", ["shelter_flow", "over_time"])
def test_round_trip(method: str, tmp_path: Path) -> None:
    """A bundle reads back equal in all its parts, knows its digest, and saves to the same bytes."""
    more = {"time_limit": 1.0} if method == "over_time" else {}
    plan = er.assign(town(), method, **more)
    bundle = bundle_of(plan, made=5.0, valid_from="2026-01-01", valid_until="2030-01-01T10:00Z")
    digest = bundle.save(tmp_path / "a")
    back = read_bundle(tmp_path / "a", digest=digest.upper())
    check_same(bundle, back)
    assert back.digest == digest
    assert back.save(tmp_path / "b") == digest
    for path in (tmp_path / "a").rglob("*"):
        if path.is_file():
            other = tmp_path / "b" / path.relative_to(tmp_path / "a")
            assert other.read_bytes() == path.read_bytes(), path.name


def test_same_moment_same_bytes(tmp_path: Path) -> None:
    """The same plan made at the same moment gives the same digest; at another, another."""
    digests = [
        bundle_of(er.assign(town()), made=when).save(tmp_path / "x") for when in (9.0, 9.0, 10.0)
    ]
    assert digests[0] == digests[1] != digests[2]


def test_persons_and_odd_names(tmp_path: Path) -> None:
    """Persons become groups; names of any letters, empty ones and walks amid streets are kept."""
    scenario = er.lagoon(people=60)
    plan = er.assign(scenario)
    bundle = bundle_of(plan, made=0.0)
    bundle.save(tmp_path / "a")
    back = read_bundle(tmp_path / "a")
    check_same(bundle, back)
    assert len(back.scenario.groups.walks) == len(scenario.groups.walks)
    assert back.scenario.groups.persons == scenario.groups.persons
    text = (tmp_path / "a" / "manifest.json").read_text()
    assert "person_id" not in text
    assert plan.roster is None or not any(
        str(one) in text for one in plan.roster.person_id[:5].tolist()
    )


def test_manifest_says_what_it_is(saved: Path) -> None:
    """The manifest names the plan, its method, deadline, hazards, and each file's sum."""
    record = json.loads((saved / "manifest.json").read_text())
    assert record["format"] == 1
    assert (record["method"], record["deadline_s"], record["step_s"]) == ("shelter_flow", 1800, 10)
    assert record["plan"].startswith("2023-11-14T22:13:20Z")
    assert (record["placed"], record["left"], record["hazards"]) == (10, 0, "LinkTimes")
    names = {str(p.relative_to(saved)) for p in saved.rglob("*") if p.is_file()}
    assert set(record["files"]) == names - {"manifest.json"}
    assert {name for name in names if not name.startswith("scorer")} == FILES


def test_plan_without_prices_gets_prices_of_places(tmp_path: Path) -> None:
    """Where the nearest have too few places these get a price, and streets have none."""
    network = grid(4, 1, seed=0, steps_share=0.0)
    scenario = er.Scenario(
        network, crowd((0, 6)), doors(network, (0, 2), (3, 9)), classes=paces((1.0, 1.0)),
        deadline=1800.0,
    )  # fmt: skip
    plan = er.assign(scenario, "shelter_flow")
    assert plan.prices is None
    prices = bundle_of(plan).prices
    assert len(prices.link) == 0
    assert prices.value == 0
    assert prices.room[0] > 0
    assert prices.room[1] == 0
    metres = float(network.length[np.flatnonzero(network.from_node < network.to_node)].sum())
    assert prices.room[0] > metres / 1.0 - plan.step_s  # as much as the walk to the other, or more


def test_prices_of_a_plan_are_its_own() -> None:
    """A plan that has prices hands on just those."""
    scenario = town()
    prices = drawn_prices(scenario, 1, horizon=70)
    assert priced_bundle(scenario, prices).prices is prices


def test_older_bundle_is_replaced(saved: Path) -> None:
    """A second bundle takes the place of the first, and nothing of either is left beside it."""
    digest = replace(made(), manifest=replace(made().manifest, method="other")).save(saved)
    assert read_bundle(saved, digest=digest).manifest.method == "other"
    assert leftovers(saved) == ["bundle"]


def test_failure_leaves_what_was_there(saved: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing breaks off, the older bundle stays whole; where there was none, nothing is."""
    before = {p: p.read_bytes() for p in saved.rglob("*") if p.is_file()}

    def broken(*_: object) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("evacroute.answering.bundle.write_json", broken)
    for folder in (saved, saved.parent / "new"):
        with pytest.raises(InputError, match="disk full"):
            made().save(folder)
    assert {p: p.read_bytes() for p in saved.rglob("*") if p.is_file()} == before
    assert leftovers(saved) == ["bundle"]


def test_other_folders_are_not_replaced(tmp_path: Path) -> None:
    """A folder that holds anything else is left alone."""
    (tmp_path / "mine").mkdir()
    (tmp_path / "mine" / "letter.txt").write_text("dear")
    with pytest.raises(InputError, match=r"letter\.txt"):
        made().save(tmp_path / "mine")
    assert (tmp_path / "mine" / "letter.txt").read_text() == "dear"


def _cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def _flip(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(bytes(content))


@pytest.mark.parametrize("spoil", [Path.unlink, _cut, _flip], ids=["missing", "cut", "flipped"])
@pytest.mark.parametrize(
    "name", [*sorted(FILES - {"manifest.json"}), "scorer/scorer.json"]
)  # fmt: skip
def test_spoilt_files_are_named(saved: Path, name: str, spoil: Callable[[Path], None]) -> None:
    """A file that is missing, cut off or changed in a bit is named, and nothing is read."""
    spoil(saved / name)
    word = "is missing" if spoil is Path.unlink else "sha256 differs"
    with pytest.raises(InputError, match=word) as told:
        read_bundle(saved)
    assert name in str(told.value)


def test_all_spoilt_files_are_told_together(saved: Path) -> None:
    """Several faults are told at once."""
    _flip(saved / "load.npz")
    (saved / "prices.npz").unlink()
    (saved / "more.txt").write_text("")
    with pytest.raises(InputError) as told:
        read_bundle(saved)
    assert all(name in str(told.value) for name in ("load.npz", "prices.npz", "more.txt"))


@pytest.mark.parametrize("name", ["more.npz", "scorer/more.json", ".hidden"])
def test_files_too_many_are_refused(saved: Path, name: str) -> None:
    """A file that the manifest does not know is named."""
    (saved / name).write_text("x")
    with pytest.raises(InputError, match="not in the manifest") as told:
        read_bundle(saved)
    assert name in str(told.value)


def change(folder: Path, **values: Any) -> None:
    """Change the manifest; None drops a key."""
    record = json.loads((folder / "manifest.json").read_text()) | values
    kept = {key: value for key, value in record.items() if value is not None}
    (folder / "manifest.json").write_text(json.dumps(kept))


@pytest.mark.parametrize("values, words", [
    ({"format": 2}, "format is 2, expected 1"),
    ({"format": None}, "format is None"),
    ({"files": None}, "files is missing"),
    ({"files": {"network.npz": "abc"}}, "files is missing"),
    ({"files": {}}, "network.npz: is not in the manifest"),
    ({"method": None}, "method is None, expected str"),
    ({"valid_until": []}, r"valid_until is \[\], expected str"),
    ({"made": "now"}, "made is 'now', expected int"),
    ({"placed": True}, "placed is True, expected int"),
    ({"deadline_s": -5}, "deadline"),
    ({"deadline_s": "soon"}, "deadline"),
])  # fmt: skip
def test_changed_manifests_are_refused(saved: Path, values: dict[str, Any], words: str) -> None:
    """A manifest of another format, or that lacks or spoils a value, is refused, by name."""
    change(saved, **values)
    with pytest.raises(InputError, match=words) as told:
        read_bundle(saved)
    assert str(saved) in str(told.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b'"text"', b"[" * 99_999])
def test_manifest_that_is_none(saved: Path, content: bytes) -> None:
    """A manifest that is cut off, no JSON, or no record is told, not raised as anything else."""
    (saved / "manifest.json").write_bytes(content)
    with pytest.raises(InputError, match=r"manifest\.json"):
        read_bundle(saved)


def test_no_bundle_at_all(tmp_path: Path) -> None:
    """A folder without manifest, a file, or nothing, is no bundle; it is told how to make one."""
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match=r"'evacroute bundle' makes one of a plan folder"):
        read_bundle(tmp_path)
    for name in ("", "file", "nowhere"):
        with pytest.raises(InputError, match=r"manifest\.json"):
            read_bundle(tmp_path / name)


def test_digest_tells_a_changed_manifest(saved: Path) -> None:
    """Against who changes files and manifest alike the digest told apart holds."""
    digest = read_bundle(saved).digest
    assert read_bundle(saved, digest=digest).digest == digest
    change(saved, valid_until="2099-01-01")
    read_bundle(saved)
    with pytest.raises(InputError, match=r"manifest\.json: its sha256 is .* expected " + digest):
        read_bundle(saved, digest=digest)


def rewritten(folder: Path, name: str, **arrays: Any) -> None:
    """Change arrays of a file, and its sum with it."""
    with np.load(folder / name) as archive:
        now = {key: archive[key] for key in archive.files}
    write_arrays({**now, **{k: np.asarray(v) for k, v in arrays.items()}}, folder / name)
    record = json.loads((folder / "manifest.json").read_text())
    sha = hashlib.sha256((folder / name).read_bytes()).hexdigest()
    record["files"][name] = {"sha256": sha}
    (folder / "manifest.json").write_text(json.dumps(record))


@pytest.mark.parametrize("name, arrays, words", [
    ("prices.npz", {"room": [1.0]}, "room"),
    ("prices.npz", {"format": 1}, "prices.npz: format is 1"),
    ("shelters.npz", {"node": [0, 1, 999]}, "node 999"),
    ("shelters.npz", {"capacity": [1, 2]}, "capacity"),
    ("load.npz", {"came": np.zeros((2, 5, 31))}, "load.npz"),
    ("load.npz", {"entered_at": [10**9], "entered_persons": [1.0]}, "entered_at"),
    ("load.npz", {"entered_at": [-1], "entered_persons": [1.0]}, "load.npz"),
    ("load.npz", {"entered_at": [0], "entered_persons": [np.nan]}, "entered_persons holds nan"),
    ("load.npz", {"astray_at": [0], "astray_persons": [-2.0]}, "astray_persons holds -2"),
    ("groups.npz", {"class_": [0, 0, 7]}, "class 7"),
    ("link_times.npz", {"link": [3, 999]}, "999"),
])  # fmt: skip
def test_parts_that_do_not_fit(saved: Path, name: str, arrays: Any, words: str) -> None:
    """Parts of right sums that do not fit each other are refused, by name."""
    rewritten(saved, name, **arrays)
    with pytest.raises(InputError, match=words) as told:
        read_bundle(saved)
    assert str(saved) in str(told.value)


@pytest.mark.parametrize("name", ["came", "came_astray"])
@pytest.mark.parametrize("persons", [np.nan, np.inf, -1.0])
def test_persons_expected_are_numbers(saved: Path, name: str, persons: float) -> None:
    """Who is expected at a shelter is no negative number, nor one that is none."""
    with np.load(saved / "load.npz") as archive:
        came = np.array(archive[name], float)
    came[-1, -1, -1] = persons
    rewritten(saved, "load.npz", **{name: came})
    with pytest.raises(InputError, match=f"load.npz: {name} holds {persons:g}, expected"):
        read_bundle(saved)


def test_scorer_for_other_columns_is_refused(tmp_path: Path) -> None:
    """A bundle whose scorer asks for other columns than this version gives is refused."""
    names = tuple(reversed(list(er.scoring.features.COLUMNS)))
    replace(made(), scorer=by_one("length_m", 1.0, names=names)).save(tmp_path / "b")
    with pytest.raises(InputError, match="scorer"):
        read_bundle(tmp_path / "b")


def test_validity_window() -> None:
    """A bundle may be served between its times, ends included, and says so elsewhere."""
    limits = {"valid_from": "2026-11-26T10:00+01:00", "valid_until": "2026-11-26T10:00Z"}
    manifest = made(**limits).manifest
    ten = 1_795_687_200.0  # 2026-11-26T10:00Z
    for now in (ten - 3600, ten - 1, ten):
        manifest.check_valid(now)
    with pytest.raises(InputError, match=r"only from 2026-11-26T10:00\+01:00"):
        manifest.check_valid(ten - 3601)
    with pytest.raises(InputError, match="no longer than 2026-11-26T10:00Z"):
        manifest.check_valid(ten + 1)
    made().manifest.check_valid(0.0)


def test_no_time_is_left() -> None:
    """A bundle that could never be served is refused: it ends in the past, or before it begins."""
    with pytest.raises(InputError, match="'2023-11-14', expected a time after the bundle is made"):
        made(valid_until="2023-11-14")
    with pytest.raises(InputError, match="a time after valid_from, 2030-02-01"):
        made(valid_from="2030-02-01", valid_until="2030-01-01")


@pytest.mark.parametrize("name", ["valid_from", "valid_until"])
def test_times_that_are_none(name: str) -> None:
    """A limit that is no time is refused by name."""
    with pytest.raises(InputError, match=f"{name} is 'noon'"):
        made(**{name: "noon"})


def test_plan_that_places_nobody() -> None:
    """Of a plan without any place there is nothing to tell."""
    with pytest.raises(InputError, match="places nobody"):
        bundle_of(replace(small_plan(), movements=no_movements()))


def test_plan_saves_its_bundle(tmp_path: Path) -> None:
    """`Plan.save_bundle` writes what `bundle_of` gives, and returns its digest."""
    plan = er.assign(town())
    digest = plan.save_bundle(tmp_path / "b", scorer=by_one("length_m", 1.0))
    back = read_bundle(tmp_path / "b", digest=digest)
    assert back.prices.equals(bundle_of(plan).prices)
    assert back.scorer.card.command == "pytest"


def test_read_back_bundle_answers_the_same(saved: Path) -> None:
    """Answers from a bundle that was read are those from the one that was saved."""
    network = town().network
    ask = Questions.at(network.lon, network.lat)
    first, second = (Answerer(b).answer(ask, now=0.0) for b in (made(), read_bundle(saved)))
    assert first.shelter.tolist() == second.shelter.tolist()
    assert first.q50.tolist() == second.q50.tolist()
    assert first.p_safe.tolist() == second.p_safe.tolist()


def test_moved_bundle(saved: Path, tmp_path: Path) -> None:
    """A bundle that was copied elsewhere is the same bundle."""
    shutil.copytree(saved, tmp_path / "elsewhere")
    assert read_bundle(tmp_path / "elsewhere").digest == read_bundle(saved).digest


def test_command(tmp_path: Path) -> None:
    """`evacroute bundle` writes it, tells size and digest, as text and as JSON."""
    files = corridor_files(tmp_path / "in")
    assert run("plan", *options(files), "--out", tmp_path / "plan").exit_code == 0
    out = tmp_path / "bundle"
    result = run("bundle", tmp_path / "plan", "--out", out, "--valid-until", "2099-01-01")
    assert result.exit_code == 0, result.output
    back = read_bundle(out)
    assert f"digest {back.digest}" in result.stdout
    assert " MB" in result.stdout
    assert back.manifest.valid_until == "2099-01-01"
    result = run("bundle", tmp_path / "plan", "--out", out, "--json")
    record = json.loads(result.stdout)
    size = sum(p.stat().st_size for p in out.rglob("*") if p.is_file())
    assert record == {"bundle": str(out), "digest": read_bundle(out).digest, "bytes": size}


def test_command_refuses(tmp_path: Path) -> None:
    """Bad times, other folders and folders that are no plan end with 2, and leave nothing."""
    files = corridor_files(tmp_path / "in")
    run("plan", *options(files), "--out", tmp_path / "plan")
    out = tmp_path / "bundle"
    for given, words in (
        ((tmp_path / "plan", "--out", out, "--valid-from", "noon"), "valid_from"),
        ((tmp_path / "plan", "--out", tmp_path / "in"), "not replaced"),
        ((tmp_path / "in", "--out", out), "summary.json"),
        ((tmp_path / "plan", "--out", out, "--scorer", tmp_path / "in"), "scorer.json"),
    ):
        result = run("bundle", *given)
        assert result.exit_code == 2, result.output
        assert words in result.stderr
    assert not out.exists()
