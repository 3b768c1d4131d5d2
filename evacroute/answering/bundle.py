"""The bundle: what a server needs of a plan to answer anybody, in one checked folder.

- ``manifest.json``: format, plan, versions, when it was made and holds, sha256 of each file.
- ``network.npz``, ``shelters.npz``, ``classes.npz``, ``link_times.npz``: the instance.
- ``prices.npz``: prices of streets in time, doors and places.
- ``load.npz``: who is expected where and when, sparse.
- ``groups.npz``: how many people start where, for planning anew; no persons.
- ``scorer/``: the scorer, with its card.

The sums find a folder that was cut off or changed by accident; against somebody who changes the
manifest too, hold its own digest (`Bundle.digest`) against one that was told apart.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacroute._arrays import read_arrays
from evacroute.errors import EvacrouteError, Faults, InputError
from evacroute.hazards import LinkTimes, as_hazards
from evacroute.network import Network
from evacroute.people import Classes, FirstWalks, Groups
from evacroute.prices import Prices
from evacroute.scenario import Scenario
from evacroute.scoring.odds import find_scorer
from evacroute.scoring.outlook import Load
from evacroute.scoring.scorer import Scorer
from evacroute.shelters import Shelters
from evacroute.writing import atomic_folder, write_arrays, write_json

if TYPE_CHECKING:
    from evacroute.plan import Plan

FORMAT = 1
"""Version of the folder."""

MANIFEST = "manifest.json"

PARTS = ("network", "shelters", "classes", "link_times", "prices", "load", "groups")
"""Arrays, one ``.npz`` each."""

CONTENTS = (MANIFEST, "scorer", *(f"{part}.npz" for part in PARTS))

_KINDS: dict[str, Any] = {"str": str, "int": int, "float": (int, float)}
"""What a value of the manifest may be, by its annotation."""

_TEXT = {"node_id", "link_id", "name", "surface", "shelter_id", "kind", "class_id", "group_id"}


@dataclass(frozen=True, slots=True)
class Manifest:
    """What a bundle says of itself.

    Parameters
    ----------
    plan
        Version of the plan: when its bundle was made, to the second.
    made
        When the bundle was written [s since 1970, UTC].
    method, hazards
        How the plan was made, and what against: kinds of hazards, "" = none.
    deadline_s, step_s
        Deadline and time step [s].
    valid_from, valid_until
        ISO times between which it may be served, "" = no limit.
    library
        Version of the library that wrote it.
    placed, left
        Persons with and without a place in the plan.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.answering import bundle_of
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> manifest = bundle_of(plan, valid_until="2031-01-01T00:00Z", made=1e9).manifest
    >>> manifest.plan, manifest.placed + manifest.left
    ('2001-09-09T01:46:40Z', 300)
    >>> manifest.check_valid(1.6e9)
    """

    plan: str
    made: int
    method: str
    hazards: str
    deadline_s: float
    step_s: float
    valid_from: str
    valid_until: str
    library: str
    placed: int
    left: int

    def check_valid(self, now: float) -> None:
        """Refuse a bundle outside the time in which it may be served.

        Parameters
        ----------
        now
            Time [s since 1970, UTC].

        Raises
        ------
        InputError
            If it is too early or too late.
        """
        for text, early in ((self.valid_from, True), (self.valid_until, False)):
            if not text:
                continue
            limit = _time(text).timestamp()
            if (now < limit) if early else (now > limit):
                word = "only from" if early else "no longer than"
                raise InputError(f"bundle: plan {self.plan} may be served {word} {text}")


@dataclass(frozen=True, slots=True, eq=False)
class Bundle:
    """A plan's answer to anybody.

    Parameters
    ----------
    manifest
        What it says of itself.
    scenario
        Streets, shelters, classes, what hazards do, and groups.
    prices, load, scorer
        Prices, expected load, and what the odds come from.
    digest
        Sha256 of the manifest, "" before it is written.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.answering import bundle_of
    >>> bundle = bundle_of(er.assign(er.lagoon(people=300), "nearest"))
    >>> bundle.manifest.method, bundle.digest, len(bundle.scenario.shelters)
    ('nearest', '', 40)
    """

    manifest: Manifest
    scenario: Scenario
    prices: Prices
    load: Load
    scorer: Scorer
    digest: str = ""

    def save(self, folder: str | Path) -> str:
        """Write the bundle, whole or not at all; an older one there is replaced.

        Parameters
        ----------
        folder
            Where.

        Returns
        -------
        str
            Its digest: sha256 of the manifest.

        Raises
        ------
        InputError
            If the folder holds anything but a bundle, or cannot be written.
        """
        with atomic_folder(folder, marker=MANIFEST, contents=CONTENTS) as new:
            for part, arrays in _arrays_of(self).items():
                write_arrays(arrays, new / f"{part}.npz")
            self.scorer.save(new / "scorer")
            names = sorted(str(path.relative_to(new)) for path in new.rglob("*") if path.is_file())
            own = {one.name: getattr(self.manifest, one.name) for one in fields(Manifest)}
            files = {name: {"sha256": _sum(new / name)} for name in names}
            write_json({"format": FORMAT, **own, "files": files}, new / MANIFEST)
            return _sum(new / MANIFEST)


def bundle_of(
    plan: Plan,
    *,
    scorer: Scorer | str | Path | None = None,
    valid_from: str = "",
    valid_until: str = "",
    made: float | None = None,
) -> Bundle:
    """Gather what a server needs of a plan.

    Parameters
    ----------
    plan
        The plan. Without prices, those of places come from an assignment in empty streets.
    scorer
        A ``Scorer``, the path of its folder, or None for the one that ships.
    valid_from, valid_until
        ISO times (UTC where they name no zone) between which it may be served, "" = no limit.
    made
        When it was made [s since 1970, UTC], now by default: the later plan replaces the earlier
        one in the shared store.

    Returns
    -------
    Bundle
        Not written yet: `Bundle.save` does that.

    Raises
    ------
    InputError
        If a time is none or no time is left between them, the scorer cannot be read, or the plan
        places nobody.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.answering import bundle_of
    >>> bundle_of(er.assign(er.lagoon(people=300), "nearest")).manifest.deadline_s
    5400.0
    """
    from evacroute.answering.pricing import prices_of
    from evacroute.judging import load_of
    from evacroute.scoring.ways import Ways

    when = datetime.now(UTC) if made is None else datetime.fromtimestamp(made, UTC)
    _check_limits(valid_from, valid_until, when)
    if not plan.placed:
        raise InputError("plan: it places nobody, so there is nothing to tell anybody")
    scenario = plan.scenario
    kinds = sorted({type(one).__name__ for one in as_hazards(scenario.hazard)})
    manifest = Manifest(
        plan=f"{when:%Y-%m-%dT%H:%M:%SZ}",
        made=int(when.timestamp()),
        method=plan.method,
        hazards=", ".join(kinds),
        deadline_s=scenario.deadline_s,
        step_s=plan.step_s,
        valid_from=valid_from,
        valid_until=valid_until,
        library=metadata.version("evacroute"),
        placed=plan.placed,
        left=plan.left,
    )
    served = Scenario(
        scenario.network,
        scenario.groups,
        scenario.shelters,
        classes=scenario.group_classes,
        deadline=scenario.deadline_s,
        hazard=scenario.link_times,
    )
    load = load_of(scenario, Ways(scenario), plan.movements)
    return Bundle(manifest, served, prices_of(plan), load, find_scorer(scorer))


def read_bundle(folder: str | Path, *, digest: str = "") -> Bundle:
    """Read a bundle, once every file is as its manifest says.

    Parameters
    ----------
    folder
        What `Bundle.save` has written.
    digest
        Sha256 that the manifest must have, "" = any.

    Returns
    -------
    Bundle
        Equal to the one that was saved, with its digest.

    Raises
    ------
    InputError
        If a file is missing, cut off, changed or too much, the format is another, or the parts do
        not fit each other.

    Examples
    --------
    >>> import evacroute as er, tempfile
    >>> from evacroute.answering import read_bundle
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     digest = plan.save_bundle(folder)
    ...     bundle = read_bundle(folder, digest=digest)
    >>> bundle.digest == digest, bundle.manifest.method
    (True, 'nearest')
    """
    path = Path(folder)
    record, found = _read_manifest(path)
    if digest and found != digest.lower():
        raise InputError(f"{path / MANIFEST}: its sha256 is {found[:12]}..., expected {digest}")
    _check_files(path, record["files"])
    parts = {part: read_arrays(path / f"{part}.npz") for part in PARTS}
    try:
        manifest = Manifest(**{one.name: record[one.name] for one in fields(Manifest)})
        return _assembled(manifest, parts, find_scorer(path / "scorer"), found)
    except (KeyError, TypeError, ValueError, IndexError, EvacrouteError) as error:
        raise InputError(f"{path}: its parts do not fit each other: {error}") from error


def check_is_bundle(folder: str | Path) -> None:
    """Refuse what is no folder, or none of a bundle, without reading it.

    Raises
    ------
    InputError
        If it is missing, or holds no manifest.
    """
    path = Path(folder)
    make = "'evacroute bundle' makes one of a plan folder: 'evacroute bundle PLAN --out DIR'"
    if not path.is_dir():
        raise InputError(f"{path}: no such folder, expected a bundle with its {MANIFEST}; {make}")
    if not (path / MANIFEST).exists():
        raise InputError(f"{path}: is no bundle, as it holds no {MANIFEST}; {make}")


def _assembled(
    manifest: Manifest,
    parts: Mapping[str, dict[str, NDArray[Any]]],
    scorer: Scorer,
    digest: str,
) -> Bundle:
    given: Mapping[str, dict[str, Any]] = parts
    network = Network(**given["network"])
    groups = dict(given["groups"])
    walks = {one.name: groups.pop(f"walk_{one.name}") for one in fields(FirstWalks)}
    scenario = Scenario(
        network,
        Groups(**groups, walks=FirstWalks(**walks)),
        Shelters(**given["shelters"]),
        classes=Classes(**given["classes"]),
        deadline=manifest.deadline_s,
        hazard=LinkTimes(**given["link_times"]),
    )
    prices = Prices.from_arrays(parts["prices"])
    faults = Faults("prices.npz")
    sizes = (network.n_links, len(scenario.shelters), len(scenario.group_classes))
    for fault in prices.misfits(*sizes, len(scenario.groups)):
        faults.add(fault)
    faults.raise_if_any()
    load = _read_load(parts["load"], scenario)
    return Bundle(manifest, scenario, prices, load, scorer, digest)


def _arrays_of(bundle: Bundle) -> dict[str, dict[str, NDArray[Any]]]:
    scenario, times = bundle.scenario, bundle.scenario.link_times
    walks = {f"walk_{k}": v for k, v in _columns(scenario.groups.walks).items()}
    return {
        "network": _columns(scenario.network),
        "shelters": _columns(scenario.shelters),
        "classes": _columns(scenario.group_classes),
        "link_times": _columns(replace(times, reports=())),
        "prices": bundle.prices.to_arrays(),
        "load": _load_arrays(bundle.load),
        "groups": {**_columns(scenario.groups), **walks},
    }


def _columns(record: Any) -> dict[str, NDArray[Any]]:
    """Arrays of a record; ids and names as text of fixed length, so that nothing is pickled."""
    out = {}
    for one in fields(record):
        value = getattr(record, one.name)
        if one.name in ("report", "reports", "walks"):
            continue
        is_text = one.name in _TEXT and value.dtype == object
        out[one.name] = value.astype(np.str_) if is_text else np.asarray(value)
    return out


def _load_arrays(load: Load) -> dict[str, NDArray[Any]]:
    out: dict[str, NDArray[Any]] = {"came": load.came, "came_astray": load.came_astray}
    for name in ("entered", "astray"):
        table = getattr(load, name)
        at = np.flatnonzero(table)
        out |= {f"{name}_at": at, f"{name}_persons": table.ravel()[at]}
    return out


def _read_load(arrays: Mapping[str, NDArray[Any]], scenario: Scenario) -> Load:
    faults = Faults("load.npz")
    for name in ("came", "came_astray", "entered_persons", "astray_persons"):
        persons = arrays[name].astype(np.float64).ravel()
        bad = persons[~(np.isfinite(persons) & (persons >= 0))]
        if len(bad):
            faults.add(f"{name} holds {bad[0]:g}, expected persons >= 0", len(bad))
    faults.raise_if_any()
    came = arrays["came"].astype(np.float64)
    shape = (scenario.network.n_links, came.shape[-1])
    expected = (2, len(scenario.shelters), shape[1])
    tables = {}
    for name in ("entered", "astray"):
        table, at = np.zeros(shape[0] * shape[1]), arrays[f"{name}_at"]
        if at.min(initial=0) < 0 or at.max(initial=-1) >= len(table):
            raise InputError(f"load.npz: {name}_at is not within 0 to {len(table) - 1}")
        table[at] = arrays[f"{name}_persons"]
        tables[name] = table.reshape(shape)
    astray = arrays["came_astray"].astype(np.float64)
    if came.shape != expected or astray.shape != expected:
        raise InputError(f"load.npz: came has shape {came.shape}, expected {expected}")
    return Load(**tables, came=came, came_astray=astray)


def _read_manifest(path: Path) -> tuple[dict[str, Any], str]:
    check_is_bundle(path)
    file = path / MANIFEST
    try:
        content = file.read_bytes()
        record = json.loads(content)
    except (OSError, ValueError, RecursionError) as error:
        raise InputError(f"{file}: cannot be read: {error}") from None
    if not isinstance(record, dict) or record.get("format") != FORMAT:
        found = record.get("format") if isinstance(record, dict) else None
        raise InputError(f"{file}: format is {found!r}, expected {FORMAT}")
    files = record.get("files")
    if not isinstance(files, dict) or not all(isinstance(one, dict) for one in files.values()):
        raise InputError(f"{file}: files is missing, expected a sha256 for each")
    for one in fields(Manifest):
        value = record.get(one.name)
        # Else a limit that is no text would be none.
        if isinstance(value, bool) or not isinstance(value, _KINDS[str(one.type)]):
            raise InputError(f"{file}: {one.name} is {value!r}, expected {one.type}")
    return record, hashlib.sha256(content).hexdigest()


def _check_files(path: Path, told: Mapping[str, Mapping[str, Any]]) -> None:
    faults = Faults(str(path))
    needed = {f"{part}.npz" for part in PARTS}
    for name in sorted(needed - set(told)):
        faults.add(f"{name}: is not in the manifest")
    there = {str(file.relative_to(path)) for file in path.rglob("*") if file.is_file()}
    for name in sorted(there - set(told) - {MANIFEST}):
        faults.add(f"{name}: stands there, but is not in the manifest")
    for name, one in told.items():
        if name not in there:
            faults.add(f"{name}: is missing")
        elif _sum(path / name) != one.get("sha256"):
            faults.add(f"{name}: is not what was written (sha256 differs): cut off or changed")
    faults.raise_if_any()


def _sum(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _check_limits(first: str, last: str, made: datetime) -> None:
    begin = _time(first, "valid_from") if first else made
    end = _time(last, "valid_until") if last else None
    if end is None or end > max(made, begin):
        return
    if begin > made:
        after = f"valid_from, {first}"
    else:
        after = f"the bundle is made, {made:%Y-%m-%dT%H:%MZ}"
    raise InputError(f"valid_until is {last!r}, expected a time after {after}")


def _time(text: str, name: str = "time") -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except (TypeError, ValueError):
        raise InputError(
            f"{name} is {text!r}, expected an ISO time such as 2026-11-26T10:00Z"
        ) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)
