"""Instance folders: network, shelters and people of one evacuation, as tables."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.boats import Boats
from evacroute.errors import (
    BoatError,
    Faults,
    HazardError,
    InputError,
    PeopleError,
    ShelterError,
)
from evacroute.hazards import Hazard, LinkTimes, Tide, as_hazards
from evacroute.hazards.known_tide import KnownTide
from evacroute.hazards.link_times import FLOOD
from evacroute.load.boats_table import read_boats_table
from evacroute.load.gmns import read_gmns
from evacroute.load.people import read_people
from evacroute.load.shelters import read_shelters
from evacroute.load.tables import (
    flags,
    name_of,
    note_unread,
    numbers,
    read_table,
    row_name,
    unique_ids,
    words,
)
from evacroute.network import Network
from evacroute.people import Classes, FirstWalks, Groups
from evacroute.reports import LoadReport
from evacroute.scenario import Scenario
from evacroute.shelters import Shelters

_OF_CLASSES = ("min_width", "space", "depth_limit", "depth_most")
_OF_GROUPS = ("group_id", "together")


def read_instance(
    folder: str | Path,
    *,
    deadline: float | str = 5400.0,
    seed: int | None = None,
    hazard: Hazard | Sequence[Hazard] | None = None,
    boats: tuple[Network, Boats] | None = None,
) -> Scenario:
    """Read a scenario from a folder of tables.

    The folder holds ``node.csv`` and ``link.csv`` (see ``read_gmns``), ``shelters.csv`` (see
    `read_shelters`), and either ``groups.csv`` with ``classes.csv`` or ``people.csv`` (see
    `read_people`), and optionally ``link_times.csv`` (see ``read_link_times``) with
    ``hazards.json``, and ``boats.csv``; any table may end in ``.csv.gz``. ``groups.csv`` has
    group_id, node_id, class_id, ready_time [s], size, and optionally together (1: the group moves
    as one); ``classes.csv`` has class_id, speed_flat and speed_steps [m/s] (0: cannot use steps),
    and optionally min_width [m], space (persons' worth of street that each takes, 1 to 10),
    depth_limit (deepest water that all of the class can wade [m]; 0.9, or 0.15 where steps cannot
    be used, where not given: a flood says so) and depth_most (deepest that anybody of the class can
    wade [m]).

    Parameters
    ----------
    folder
        Path of the folder.
    deadline
        When everyone must be safe, from the alarm [s, or text such as "45 min"].
    seed
        For persons, see `read_people`.
    hazard
        What makes streets slower or closes them, beside ``link_times.csv``: one hazard, several, or
        None.
    boats
        The folder's network with boats, as `read_boats` and `shuttles` give them; the folder then
        has no ``boats.csv``.

    Returns
    -------
    Scenario
        To hand to `assign`.

    Raises
    ------
    InputError
        If a file or column is missing, there are both groups and people, or a value is not what it
        must be; by its kind a NetworkError, ShelterError or PeopleError.

    Examples
    --------
    >>> import evacroute as er, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     er.write_instance(er.lagoon(people=300), folder)
    ...     scenario = er.read_instance(folder, deadline="45 min")
    >>> scenario.groups.persons
    300
    """
    folder = Path(folder)
    if not folder.is_dir():
        what = "this is a file" if folder.exists() else "there is no such folder"
        raise InputError(f"{folder}: {what}, expected an instance folder")
    if _find(folder, "node.csv") is None and (folder / "instance" / "node.csv").is_file():
        raise InputError(
            f"{folder}: this is a plan folder, expected an instance folder, such as its own: "
            f"{folder / 'instance'}"
        )
    groups, people = _find(folder, "groups.csv"), _find(folder, "people.csv")
    more = _find(folder, "link_times.csv"), _find(folder, "boats.csv")
    told, tide = read_hazard_reports(folder), read_known_tide(folder)
    if tide is not None:
        hazard = (*as_hazards(hazard), tide)
    shelters_path = _find(folder, "shelters.csv")
    if shelters_path is None:
        raise InputError(f"{folder}: there is no shelters.csv")
    if (groups is None) == (people is None):
        found = "neither" if groups is None else "both"
        raise InputError(
            f"{folder}: there is {found} of groups.csv and people.csv, expected one of them "
            "(each may end in .csv.gz)"
        )
    if boats is not None and more[1] is not None:
        raise BoatError(f"{more[1]}: the folder has boats of its own, expected none beside others")
    network = read_gmns(folder)
    shelters = read_shelters(shelters_path, network)
    hot = _read_hot(shelters_path, shelters)
    persons = None if people is None else read_people(people, network, seed=seed)
    # People and shelters are on the streets by now, and keep their positions in what has grown.
    network, riding = (network, None) if boats is None else (_grown(network, boats[0]), boats[1])
    if persons is not None:
        scenario = Scenario(network, persons, shelters, deadline=deadline, hazard=hazard)
        return _with_more(scenario, *more, riding, told, hot)
    assert groups is not None  # for the type checker: one of the two is there
    classes_path = _find(folder, "classes.csv")
    if classes_path is None:
        raise PeopleError(f"{folder}: there is no classes.csv, expected one beside groups.csv")
    classes = read_classes(classes_path, network.report)
    gathered = read_groups(groups, network, classes, network.report)
    walks = _find(folder, "first_walks.csv")
    if walks is not None:
        gathered = replace(gathered, walks=read_first_walks(walks, network, gathered))
    scenario = Scenario(
        network,
        gathered,
        shelters,
        classes=classes,
        deadline=deadline,
        hazard=hazard,
    )
    return _with_more(scenario, *more, riding, told, hot)


def _with_more(
    scenario: Scenario,
    times: Path | None,
    rides: Path | None,
    boats: Boats | None,
    told: tuple[LoadReport, ...],
    hot: NDArray[np.float64],
) -> Scenario:
    """Add link times of a file and boats, of a file or given, to a scenario.

    Parameters
    ----------
    hot
        When each shelter gets hot [s], inf = never.
    """
    burns = np.flatnonzero(np.isfinite(hot))
    if times is None and rides is None and boats is None and not told and not len(burns):
        return scenario
    network = scenario.network
    hazards = as_hazards(scenario.hazard)
    if times is not None or told or len(burns):
        rows = LinkTimes.none()
        if times is not None:
            rows = read_link_times(times, network, scenario.group_classes)
        node = scenario.all_shelters.node[burns]
        hazards = (*hazards, replace(rows, reports=told, hot_node=node, hot_s=hot[burns]))
    return Scenario(
        network,
        scenario.people,
        scenario.all_shelters,
        # Those of persons are made again, the same ones: the file's rows wade no deeper.
        classes=scenario.classes if scenario.bins is None else None,
        deadline=scenario.deadline,
        hazard=hazards,
        boats=boats if rides is None else read_boats_table(rides, network),
    )


def _read_hot(path: Path, shelters: Shelters) -> NDArray[np.float64]:
    """Read when each shelter gets hot [s], inf = never: a column that only some files have."""
    frame = read_table(
        path,
        required=(),
        optional=("shelter_id", "hot_from_s"),
        text=("shelter_id",),
        what="shelter",
        error=ShelterError,
    )
    faults = Faults(str(path))
    hot = numbers(frame, "hot_from_s", faults, low=0, default=np.inf, infinite=True, unit="s")
    if np.isfinite(hot).any() and "shelter_id" not in frame.columns:
        faults.add("there is hot_from_s but no shelter_id, expected both")
    faults.raise_if_any(ShelterError)
    if not np.isfinite(hot).any():
        return np.full(len(shelters), np.inf)
    # Not all rows need have become shelters.
    first = dict(zip(words(frame, "shelter_id"), hot.tolist(), strict=True))
    return np.array([first.get(str(name), np.inf) for name in shelters.shelter_id])


def read_hazard_reports(folder: Path) -> tuple[LoadReport, ...]:
    """Read what an instance's hazards told of themselves, from ``hazards.json`` if it is there.

    Raises
    ------
    HazardError
        If the file is no list of reports.
    """
    path = folder / "hazards.json"
    if not path.is_file():
        return ()
    try:
        reports = json.loads(path.read_text(encoding="utf-8"))["reports"]
        return tuple(LoadReport(**report) for report in reports)
    except (ValueError, KeyError, TypeError) as fault:
        raise HazardError(f"{path}: expected the reports of hazards: {fault}") from None


def read_known_tide(folder: Path) -> KnownTide | None:
    """Read the tide that an instance was made with, from ``hazards.json``; None where it has none.

    Raises
    ------
    HazardError
        If it is no series of levels, or its second 0 is no date and time.
    """
    path = folder / "hazards.json"
    if not path.is_file():
        return None
    try:
        record = json.loads(path.read_text(encoding="utf-8"))
        tide, second_0 = record.get("tide"), record.get("second_0")
        if tide is None:
            return None
        alarm = None if second_0 is None else dt.datetime.fromisoformat(second_0)
        return KnownTide(Tide(tide["time_s"], tide["level_m"], alarm=alarm))
    except (ValueError, KeyError, TypeError, AttributeError) as fault:
        raise HazardError(
            f"{path}: expected a tide with time_s and level_m, rising times and levels in metres, "
            "and second_0, if there is one, a date and time such as 2019-11-12T21:00: "
            f"{fault}"
        ) from None


def _grown(streets: Network, network: Network) -> Network:
    """Give the network with boats, if it has grown from these streets."""
    same = np.array_equal(network.link_id[: streets.n_links], streets.link_id) and np.array_equal(
        network.node_id[: streets.n_nodes], streets.node_id
    )
    if not same:
        raise BoatError(
            "boats: their network does not begin with the folder's nodes and links, expected the "
            "one that read_boats made of it"
        )
    return network


def read_link_times(
    source: str | Path | pd.DataFrame, network: Network, classes: Classes
) -> LinkTimes:
    """Read link times: link_id, class_id (* = every class), from_s, to_s [s], speed_factor, hazard.

    A speed factor of 0 means closed; an empty to_s means for good. Rows with hazard "flood" are the
    water of a flood; other words there are not read.

    Raises
    ------
    HazardError
        If a column is missing, a link or class is unknown, or a value is not what it must be.
    """
    frame = read_table(
        source,
        required=("link_id", "from_s", "speed_factor"),
        optional=("class_id", "to_s", "hazard"),
        text=("link_id", "class_id", "hazard"),
        what="row",
        error=HazardError,
    )
    faults = Faults(str(source) if isinstance(source, str | Path) else "link times")
    link = _positions(frame, "link_id", network.link_id, "an id of link.csv", faults)
    every = np.full(len(frame), -1, np.int32)
    if "class_id" in frame.columns:
        given = words(frame, "class_id")
        named = np.flatnonzero([name not in ("", "*") for name in given])
        some = frame.iloc[named].reset_index(drop=True)
        some.attrs = {"index": [row_name(frame, i).removeprefix("row ") for i in named.tolist()]}
        every[named] = _positions(some, "class_id", classes.class_id, "a class id or *", faults)
    begin = numbers(frame, "from_s", faults, low=0, unit="s")
    end = numbers(frame, "to_s", faults, above=0, default=np.inf, infinite=True, unit="s")
    factor = numbers(frame, "speed_factor", faults, low=0, high=1)
    for i in np.flatnonzero(end <= begin):
        row = row_name(frame, int(i))
        faults.add(f"{row}: to_s is {end[i]:g} s, expected more than {begin[i]:g} s")
    faults.raise_if_any(HazardError)
    water = np.zeros(len(frame), np.bool_)
    if "hazard" in frame.columns:
        water[:] = [kind.strip().lower() == FLOOD for kind in words(frame, "hazard")]
    return LinkTimes(link, every, begin, end, factor, water=water)


def _note_unread(
    report: LoadReport | None, source: object, frame: pd.DataFrame, known: Collection[str]
) -> None:
    """Name the columns of a table that were not read, with the table, in the report of another."""
    mine = LoadReport("")
    note_unread(mine, frame, known)
    if report is not None:
        report.notes += [f"{name_of(source)}: {note}" for note in mine.notes]


def read_classes(source: str | Path | pd.DataFrame, report: LoadReport | None = None) -> Classes:
    """Read classes: class_id, speed_flat, speed_steps [m/s]; optionally the other columns.

    The report, if given, takes a note of columns that are not read.

    Raises
    ------
    PeopleError
        If a column is missing or a value is not what it must be.
    """
    frame = read_table(
        source,
        required=("class_id", "speed_flat", "speed_steps"),
        optional=_OF_CLASSES,
        text=("class_id",),
        what="class",
        error=PeopleError,
    )
    faults = Faults(str(source) if isinstance(source, str | Path) else "classes")
    class_id = unique_ids(frame, "class_id", faults)
    flat = numbers(frame, "speed_flat", faults, above=0, high=9.99, unit="m/s")
    steps = numbers(frame, "speed_steps", faults, low=0, high=9.99, unit="m/s")
    width = numbers(frame, "min_width", faults, low=0, high=9.99, default=0.0, unit="m")
    space = numbers(frame, "space", faults, low=1, high=10, default=1.0, unit="persons")
    wades = numbers(frame, "depth_limit", faults, low=0, high=10, default=np.nan, unit="m")
    most = numbers(frame, "depth_most", faults, low=0, high=10, default=np.nan, unit="m")
    faults.raise_if_any(PeopleError)
    _note_unread(report, source, frame, _OF_CLASSES)
    classes = Classes(class_id, flat, steps, width, space, wades)
    return replace(classes, depth_most=np.where(np.isnan(most), classes.depth_limit, most))


def read_groups(
    source: str | Path | pd.DataFrame,
    network: Network,
    classes: Classes,
    report: LoadReport | None = None,
) -> Groups:
    """Read groups: group_id, node_id, class_id, ready_time [s], size, and optionally together.

    The report, if given, takes a note of columns that are not read.

    Raises
    ------
    PeopleError
        If a column is missing, a node or class is unknown, or a value is not what it must be.
    """
    frame = read_table(
        source,
        required=("node_id", "class_id", "ready_time", "size"),
        optional=_OF_GROUPS,
        text=("group_id", "node_id", "class_id"),
        what="group",
        error=PeopleError,
    )
    faults = Faults(str(source) if isinstance(source, str | Path) else "groups")
    groups: dict[str, Any] = {
        "group_id": unique_ids(frame, "group_id", faults, prefix="G"),
        "node": _positions(frame, "node_id", network.node_id, "an id of node.csv", faults),
        "class_": _positions(frame, "class_id", classes.class_id, "an id of classes.csv", faults),
        "ready_time": numbers(frame, "ready_time", faults, low=0, unit="s"),
        "size": numbers(frame, "size", faults, low=1, high=1e6, whole=True, unit="persons"),
        "together": flags(frame, "together", faults),
    }
    faults.raise_if_any(PeopleError)
    _note_unread(report, source, frame, _OF_GROUPS)
    groups["size"] = groups["size"].astype(np.int32)
    return Groups(**groups)


def read_first_walks(
    source: str | Path | pd.DataFrame, network: Network, groups: Groups
) -> FirstWalks:
    """Read the walks of people part-way on a link: group_id, link_id, length, speed, ready_s.

    When they leave and arrive is found again from the link times.

    Raises
    ------
    PeopleError
        If a column is missing, a group or link is unknown, or a value is not what it must be.
    """
    frame = read_table(
        source,
        required=("group_id", "link_id", "length", "speed", "ready_s"),
        optional=(),
        text=("group_id", "link_id"),
        what="walk",
        error=PeopleError,
    )
    faults = Faults(str(source) if isinstance(source, str | Path) else "first walks")
    group = _positions(frame, "group_id", groups.group_id, "an id of groups.csv", faults)
    link = _positions(frame, "link_id", network.link_id, "an id of link.csv", faults)
    metres = numbers(frame, "length", faults, above=0, unit="m")
    speed = numbers(frame, "speed", faults, above=0, unit="m/s")
    ready = numbers(frame, "ready_s", faults, low=0, unit="s")
    for i in np.flatnonzero((group >= 0) & (link >= 0)):
        if network.to_node[link[i]] != groups.node[group[i]]:
            faults.add(f"{row_name(frame, int(i))}: the link does not end at the group's node")
    faults.raise_if_any(PeopleError)
    return FirstWalks(group, link, metres, speed, ready)


def _find(folder: Path, name: str) -> Path | None:
    for path in (folder / name, folder / f"{name}.gz"):
        if path.is_file():
            return path
    return None


def _positions(
    frame: pd.DataFrame, column: str, known: NDArray[Any], allowed: str, faults: Faults
) -> NDArray[np.int32]:
    table = {str(name): i for i, name in enumerate(known)}
    given = words(frame, column)
    found = np.array([table.get(name, -1) for name in given], dtype=np.int32)
    for i in np.flatnonzero(found < 0).tolist():
        faults.add(f"{row_name(frame, i)}: {column} is {given[i]!r}, expected {allowed}")
    return found
