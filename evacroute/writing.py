"""Write networks and instances as folders of tables, whole or not at all.

The folders use the words of GMNS (General Modeling Network Specification). One word differs in
meaning: `capacity` in ``link.csv`` is persons per second that may enter, not vehicles per hour and
lane.
"""

from __future__ import annotations

import gzip
import io
import json
import math
import os
import secrets
import shutil
import zipfile
from collections.abc import Collection, Iterator, Mapping
from contextlib import contextmanager
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.errors import InputError
from evacroute.hazards import as_hazards, hazard_reports
from evacroute.load.boats_table import boats_table
from evacroute.network import KINDS, Network
from evacroute.scenario import Scenario

NETWORK_FILES = ("node.csv", "link.csv")
INSTANCE_FILES = (
    *NETWORK_FILES, "shelters.csv", "classes.csv", "groups.csv.gz", "first_walks.csv.gz",
    "link_times.csv.gz", "hazards.json", "boats.csv",
)  # fmt: skip

WHEELCHAIR = {-1: "no", 0: "", 1: "yes"}
"""Words for `Network.wheelchair` in ``link.csv``."""

GZIP_LEVEL = 5
"""On a plan of 100,000 people 6 takes over twice as long for 2 % less; 3 makes 12 % more."""


def write_network(network: Network, folder: str | Path) -> None:
    """Write a network as a GMNS folder: ``node.csv`` and ``link.csv``.

    Numbers are written so that reading them back gives the same float; cells of unknown values are
    empty.

    Parameters
    ----------
    network
        What to write.
    folder
        Where. An older network folder there is replaced; anything else is refused.

    Raises
    ------
    InputError
        If the folder holds other files, or cannot be written.

    Examples
    --------
    >>> import evacroute as er, tempfile
    >>> network = er.lagoon_network()
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     er.write_network(network, folder)
    ...     again = er.read_network(folder)
    >>> again.equals(network)
    True
    """
    with atomic_folder(folder, marker="node.csv", contents=NETWORK_FILES) as new:
        put_network(network, new)


def write_instance(scenario: Scenario, folder: str | Path) -> None:
    """Write a scenario as an instance folder: network, shelters, classes, groups, link times.

    What hazards do is written as link times, whatever the hazards, and what they tell of themselves
    beside it: that heights are modelled, say. Persons are written as the groups they were gathered
    into, with the walks of those who stand part-way on a link. The deadline is no part of an
    instance.

    Parameters
    ----------
    scenario
        What to write.
    folder
        Where. An older instance folder there is replaced; anything else is refused.

    Raises
    ------
    InputError
        If the folder holds other files, or cannot be written.

    Examples
    --------
    >>> import evacroute as er, os, tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     er.write_instance(er.lagoon(people=300), folder)
    ...     names = sorted(os.listdir(folder))
    >>> names
    ['classes.csv', 'first_walks.csv.gz', 'groups.csv.gz', 'link.csv', 'node.csv', 'shelters.csv']
    """
    with atomic_folder(folder, marker="node.csv", contents=INSTANCE_FILES) as new:
        put_instance(scenario, new)


def put_network(network: Network, folder: Path) -> None:
    """Write the tables of a network into a folder that exists."""
    nodes = {"node_id": network.node_id, "x_coord": network.lon, "y_coord": network.lat}
    write_table(pd.DataFrame(nodes), folder / "node.csv")
    links = {
        "link_id": network.link_id,
        "from_node_id": network.node_id[network.from_node],
        "to_node_id": network.node_id[network.to_node],
        "directed": np.ones(network.n_links, dtype=np.int8),
        "length": network.length,
        "width": network.width,
        "steps": network.steps,
        "capacity": network.capacity,
        "kind": np.array(KINDS, dtype=object)[network.kind],
        "name": network.name,
        "elevation": network.elevation,
        "wheelchair": [WHEELCHAIR[value] for value in network.wheelchair.tolist()],
        "surface": network.surface,
        "incline": network.incline,
        "width_assumed": network.width_assumed.astype(np.int8),
        "capacity_assumed": network.capacity_assumed.astype(np.int8),
        "geometry": _line_strings(network),
    }
    write_table(pd.DataFrame(links), folder / "link.csv")


def put_instance(scenario: Scenario, folder: Path) -> None:
    """Write the tables of a scenario into a folder that exists."""
    network, shelters = scenario.network, scenario.all_shelters
    groups, classes = scenario.groups, scenario.group_classes
    put_network(network, folder)
    rate = np.where(np.isinf(shelters.intake_rate), np.nan, shelters.intake_rate)
    rooms = {
        "shelter_id": shelters.shelter_id,
        "name": shelters.name,
        "node_id": network.node_id[shelters.node],
        "lon": shelters.lon,
        "lat": shelters.lat,
        "capacity": shelters.capacity,
        "step_free_capacity": shelters.step_free_capacity,
        "intake_rate": rate,
        "kind": shelters.kind,
    }
    if np.isfinite(scenario.hot_from).any():
        rooms["hot_from_s"] = _or_nothing(scenario.hot_from)
    write_table(pd.DataFrame(rooms), folder / "shelters.csv")
    paces = {
        "class_id": classes.class_id,
        "speed_flat": classes.speed_flat,
        "speed_steps": classes.speed_steps,
        "min_width": classes.min_width,
        "space": classes.space,
        # A limit that was assumed stays out, so that a flood still says so.
        "depth_limit": np.where(classes.depth_assumed, np.nan, classes.depth_limit),
    }
    if (classes.depth_most > classes.depth_limit).any():
        paces["depth_most"] = classes.depth_most
    write_table(pd.DataFrame(paces), folder / "classes.csv")
    people = {
        "group_id": groups.group_id,
        "node_id": network.node_id[groups.node],
        "class_id": classes.class_id[groups.class_],
        "ready_time": whole(groups.ready_time),
        "size": groups.size,
        "together": groups.together.astype(np.int8),
    }
    write_table(pd.DataFrame(people), folder / "groups.csv.gz")
    if len(groups.walks):
        walks = groups.walks
        steps = {
            "group_id": groups.group_id[walks.group],
            "link_id": network.link_id[walks.link],
            "length": walks.metres,
            "speed": walks.speed,
            "ready_s": walks.ready,
            "leave_s": _or_nothing(scenario.setting.leave),
            "arrive_s": _or_nothing(scenario.setting.arrive),
        }
        write_table(pd.DataFrame(steps), folder / "first_walks.csv.gz")
    tide = scenario.tide
    if scenario.boats is not None and scenario.rides is not None:
        # Where the tide cannot be kept, boats that it bars must not come back.
        boats = scenario.rides if tide is None else scenario.boats
        write_table(boats_table(boats, network), folder / "boats.csv")
    if len(scenario.link_times):
        times = scenario.link_times.frame(network, classes)
        times["to_s"] = times["to_s"].where(np.isfinite(times["to_s"]))
        write_table(times, folder / "link_times.csv.gz")
    until = scenario.deadline_s
    told = hazard_reports(as_hazards(scenario.hazard), network, classes, until, shelters)
    record: dict[str, Any] = {"reports": [report.to_dict() for report in told]}
    if tide is not None:
        record["tide"] = {"time_s": tide.time_s, "level_m": tide.level_m}
        if tide.alarm is not None:
            record["second_0"] = tide.alarm.isoformat()
    if told or tide is not None:
        write_json(record, folder / "hazards.json")


def _or_nothing(time: NDArray[np.float64]) -> NDArray[np.float64]:
    """Leave the cells of what never happens empty."""
    return np.where(np.isfinite(time), time, np.nan)


def write_table(frame: pd.DataFrame, path: Path) -> None:
    """Write a table as CSV, or CSV.gz where the name ends so; the same table, the same bytes."""
    text = frame.to_csv(index=False, lineterminator="\n")
    if path.suffix == ".gz":
        write_gzip(text, path)
    else:
        path.write_text(text, encoding="utf-8", newline="")


def write_gzip(text: str, path: Path) -> None:
    """Write text as UTF-8 and gzip, without a time stamp."""
    path.write_bytes(gzip.compress(text.encode(), GZIP_LEVEL, mtime=0))


def write_arrays(arrays: Mapping[str, NDArray[Any]], path: Path) -> None:
    """Write arrays as a compressed ``.npz`` that `numpy.load` reads, without a time stamp."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=GZIP_LEVEL) as archive:
        for name, array in arrays.items():
            buffer = io.BytesIO()
            # Not ascontiguousarray, which makes an array of one entry of a single number.
            np.lib.format.write_array(buffer, np.asarray(array, order="C"), allow_pickle=False)
            info = zipfile.ZipInfo(f"{name}.npy")
            info.compress_type = zipfile.ZIP_DEFLATED
            archive.writestr(info, buffer.getbuffer(), compresslevel=GZIP_LEVEL)


def write_json(record: Mapping[str, Any], path: Path) -> None:
    """Write a record as JSON; what JSON has no word for (NaN, infinity) becomes null."""
    text = json.dumps(plain(record), indent=2, ensure_ascii=False, allow_nan=False)
    path.write_text(text + "\n", encoding="utf-8", newline="")


def plain(value: Any) -> Any:
    """Put a value in the types of JSON: NaN and infinity as None, unknown types as text."""
    if isinstance(value, np.ndarray | np.generic):
        value = value.tolist()
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if value is None or isinstance(value, bool | int):
        return value
    return str(value)


def whole(values: NDArray[np.float64]) -> NDArray[Any]:
    """Give the values as integers where all of them are whole, else as they are."""
    rounded = np.rint(values)
    if np.array_equal(rounded, values) and (not values.size or np.abs(values).max() < 2**31):
        return rounded.astype(np.int32)
    return values


@contextmanager
def atomic_path(target: str | Path) -> Iterator[Path]:
    """Give a path to write to; on success it becomes `target`, on any failure nothing is left.

    Parameters
    ----------
    target
        The file to make or replace.

    Yields
    ------
    Path
        A file beside `target` with the same ending.

    Raises
    ------
    InputError
        If `target` is a folder, or cannot be written.
    """
    path = Path(target).resolve()
    if path.is_dir():
        raise InputError(f"{target}: is a folder, expected a file to write")
    temporary = path.with_name(f".{secrets.token_hex(4)}-{path.name}")
    with _refused_as_input_error(target):
        path.parent.mkdir(parents=True, exist_ok=True)
        try:
            yield temporary
            temporary.replace(path)
        finally:
            temporary.unlink(missing_ok=True)


@contextmanager
def atomic_folder(
    target: str | Path, *, marker: str, contents: Collection[str] | None = None
) -> Iterator[Path]:
    """Give an empty folder to fill; on success it becomes `target`, else nothing is left of it.

    Parameters
    ----------
    target
        The folder to make or replace.
    marker
        An older folder at `target` is replaced only if it is empty or holds this file.
    contents
        If given, and nothing but these files.

    Yields
    ------
    Path
        A folder beside `target`.

    Raises
    ------
    InputError
        If `target` is a file or a folder with other files, or cannot be written.
    """
    path = Path(target).resolve()
    target = str(target) or "the current folder"
    check_replaceable(path, target, marker, contents)
    mark = secrets.token_hex(4)
    temporary = path.with_name(f".{mark}-{path.name}")
    old = path.with_name(f".{mark}-old-{path.name}")
    with _refused_as_input_error(target):
        path.parent.mkdir(parents=True, exist_ok=True)
        temporary.mkdir()
        try:
            yield temporary
            if path.exists():
                path.rename(old)
            try:
                temporary.rename(path)
            except BaseException:
                if old.exists():
                    old.rename(path)
                raise
        finally:
            shutil.rmtree(temporary, ignore_errors=True)
            shutil.rmtree(old, ignore_errors=True)


@contextmanager
def _refused_as_input_error(target: str | Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise InputError(f"{target}: cannot be written: {error.strerror or error}") from error


def check_replaceable(
    path: Path, target: str, marker: str, contents: Collection[str] | None = None
) -> None:
    """Raise InputError if `atomic_folder` would refuse to replace what is at `path`."""
    if not path.exists():
        above = next((one for one in path.resolve().parents if one.exists()), None)
        if above is not None and not above.is_dir():
            raise InputError(f"{target}: cannot be written: {above} is a file, expected a folder")
        if above is not None and not os.access(above, os.W_OK | os.X_OK):
            raise InputError(f"{target}: cannot be written: no permission to write into {above}")
        return
    if not path.is_dir():
        raise InputError(f"{target}: is a file, expected a folder to write")
    names = sorted(entry.name for entry in path.iterdir())
    if names and marker not in names:
        raise InputError(
            f"{target}: holds {names[0]!r} but no {marker}, so it is not replaced; expected a new "
            "or empty folder, or an older result of the same kind"
        )
    others = [name for name in names if contents is not None and name not in contents]
    if others:
        raise InputError(
            f"{target}: holds {others[0]!r}, which is not written here, so it is not replaced; "
            "expected a new or empty folder, or one with only " + ", ".join(contents or ())
        )


def _line_strings(network: Network) -> list[str]:
    pairs = zip(network.geometry_lon.tolist(), network.geometry_lat.tolist(), strict=True)
    points = [f"{lon!r} {lat!r}" for lon, lat in pairs]
    ptr = network.geometry_ptr.tolist()
    return [
        f"LINESTRING ({', '.join(points[begin:end])})" if end > begin else ""
        for begin, end in pairwise(ptr)
    ]
