"""Tables are read with every fault named by row, value and what is allowed."""

from __future__ import annotations

import gzip
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from evacroute.errors import Faults, PeopleError
from evacroute.load.tables import degrees, flags, numbers, read_table, unique_ids, words


def read(source: Any, **kwargs: Any) -> pd.DataFrame:
    settings = {"required": ("lon",), "optional": ("n", "id", "lat"), "text": ("id",)}
    return read_table(source, what="person", error=PeopleError, **(settings | kwargs))


def faults_of(frame: pd.DataFrame, check: Any, *args: Any, **kwargs: Any) -> list[str]:
    faults = Faults("table")
    check(frame, *args, faults, **kwargs)
    return faults.messages


def test_ids_stay_text_and_unknown_columns_go(tmp_path: Path) -> None:
    """Ids keep their zeros, header case and blanks do not matter, other columns are left out."""
    path = tmp_path / "t.csv"
    path.write_text("\ufeffID, Lon ,other\n007,12.5,x\n8,12.6,y\n", encoding="utf-8")
    frame = read(path)
    assert list(frame.columns) == ["id", "lon"]
    assert unique_ids(frame, "id", Faults("")).tolist() == ["007", "8"]
    assert words(frame, "name", "none").tolist() == ["none", "none"]


def test_numbers_read_back_exactly(tmp_path: Path) -> None:
    """A float written in full is read as the same float."""
    values = np.random.default_rng(0).random(500) * 180
    pd.DataFrame({"lon": values}).to_csv(tmp_path / "t.csv", index=False)
    assert (numbers(read(tmp_path / "t.csv"), "lon", Faults("")) == values).all()


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "empty"),
        (b"lon,lat\n", "no row under the header, expected at least one person"),
        (b"lat,n\n1,2\n", "column lon is missing; the columns are lat, n; expected lon"),
        (b"lon;lat\n1;2\n", "separated by commas"),
        (b"lon\n\xff\xfe\n", "not UTF-8"),
        (b"lon,lat\n1,2\n2,3,4\n", "cannot be read as a CSV"),
        (b"lon,lat\n1,2,3\n2,3,4\n", "more cells than the header"),
    ],
)
def test_broken_files(tmp_path: Path, content: bytes, message: str) -> None:
    """Each way in which a table can be broken gives an error that names the file, on lines that
    all say something."""
    path = tmp_path / "t.csv"
    path.write_bytes(content)
    with pytest.raises(PeopleError, match=message) as caught:
        read(path)
    assert str(path) in str(caught.value)
    assert all(line.strip() for line in str(caught.value).split("\n"))


def test_missing_and_cut_off_files(tmp_path: Path) -> None:
    """A missing file, a gzip that ends too early and one that is none are told apart."""
    with pytest.raises(PeopleError, match="no such file"):
        read(tmp_path / "t.csv")
    path = tmp_path / "t.csv.gz"
    path.write_bytes(gzip.compress(b"lon\n" + b"12.5\n" * 5000)[:-40])
    with pytest.raises(PeopleError, match="cut off"):
        read(path)
    path.write_bytes(b"lon\n12.5\n")
    with pytest.raises(PeopleError, match="cannot be read"):
        read(path)


@pytest.mark.parametrize(
    ("value", "limits", "message"),
    [
        ("abc", {}, "row 3: n is 'abc', expected a number"),
        ("", {}, "row 3: n is empty, expected a number"),
        ("-1", {"low": 0}, "row 3: n is -1, expected a number >= 0"),
        ("0", {"above": 0, "unit": "m"}, "row 3: n is 0 m, expected a number > 0"),
        ("121", {"low": 0, "high": 120}, "row 3: n is 121, expected a number from 0 to 120"),
        ("2.5", {"whole": True}, "row 3: n is 2.5, expected a whole number"),
        ("inf", {"high": 3}, "row 3: n is inf, expected a number <= 3"),
    ],
)
def test_wrong_numbers(tmp_path: Path, value: str, limits: Any, message: str) -> None:
    """A wrong number is named by row, value and what is allowed."""
    path = tmp_path / "t.csv"
    path.write_text(f"lon,n\n1,1\n2,{value}\n")
    assert faults_of(read(path), numbers, "n", **limits) == [message]


def test_missing_numbers_take_the_default() -> None:
    """An empty cell or a missing column gives the default where there is one."""
    frame = read(pd.DataFrame({"lon": [1, 2, 3], "n": [1.0, None, "nan"]}))
    assert numbers(frame, "n", Faults(""), default=7).tolist() == [1, 7, 7]
    assert numbers(frame, "lat", Faults(""), default=7).tolist() == [7, 7, 7]
    assert numbers(frame, "n", Faults(""), default=np.nan).tolist()[0] == 1


def test_rows_of_frames_go_by_their_index() -> None:
    """Faults in a DataFrame name its own index, and the frame is not changed."""
    frame = pd.DataFrame({"lon": [1, -2]}, index=["a", "b"])
    assert faults_of(read(frame), numbers, "lon", low=0) == [
        "row b: lon is -2, expected a number >= 0"
    ]
    assert list(frame.index) == ["a", "b"]


def test_ids_must_be_unique() -> None:
    """Repeated and empty ids are faults; without a column running ids are made."""
    frame = read(pd.DataFrame({"lon": [1, 2, 3], "id": ["a", "a", ""]}))
    assert faults_of(frame, unique_ids, "id") == [
        "row 1: id 'a' appears more than once (first in row 0), expected unique ids",
        "row 2: id is empty, expected an id",
    ]
    made = unique_ids(read(pd.DataFrame({"lon": [1, 2]})), "id", Faults(""), prefix="P")
    assert made.tolist() == ["P0", "P1"]


def test_whole_numbers_beside_empty_cells_are_words_without_a_point() -> None:
    """An id column that pandas made float is still 7, not 7.0."""
    frame = read(pd.DataFrame({"lon": [1, 2], "n": [7.0, None]}))
    assert words(frame, "n").tolist() == ["7", ""]


def test_flags_are_yes_or_no() -> None:
    """Yes and no are read in many forms, anything else is a fault."""
    frame = read(pd.DataFrame({"lon": [0] * 5, "n": [1, "no", "", True, "maybe"]}))
    faults = Faults("")
    assert flags(frame, "n", faults).tolist() == [True, False, False, True, False]
    assert faults.messages == ["row 4: n is 'maybe', expected 0 or 1"]


@pytest.mark.parametrize(
    ("lon", "lat", "message"),
    [
        (200, 45, "row 0: lon is 200, expected a number from -180 to 180"),
        (12, "x", "row 0: lat is 'x', expected a number from -90 to 90"),
        (291000.0, 5035000.0, "metres of a map projection"),
    ],
)
def test_degrees(lon: Any, lat: Any, message: str) -> None:
    """Positions that are no degrees are faults that say why."""
    frame = read(pd.DataFrame({"lon": [lon], "lat": [lat]}))
    found = faults_of(frame, lambda frame, faults: degrees(frame, "lon", "lat", faults))
    assert len(found) == 1
    assert message in found[0]
