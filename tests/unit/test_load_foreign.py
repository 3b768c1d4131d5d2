"""Files of other programs: the message says what they are and how to convert them."""

from __future__ import annotations

import shlex
from pathlib import Path

import pandas as pd
import pytest
from cli_files import corridor_files

import evacroute as er
from evacroute.errors import InputError, NetworkError, PeopleError, ShelterError
from evacroute.writing import check_replaceable


@pytest.fixture
def files(tmp_path: Path) -> dict[str, Path]:
    return corridor_files(tmp_path / "in")


@pytest.mark.parametrize(
    "name,seen",
    [
        ("streets.shp", "streets.shp"),
        ("streets.dbf", "streets.shp"),
        ("streets.gpkg", "streets.gpkg"),
        ("STREETS.KML", "STREETS.KML"),
        ("streets.shp.zip", "/vsizip/"),
        ("streets.zip", "/vsizip/"),
    ],
)
def test_maps_are_to_be_converted(tmp_path: Path, name: str, seen: str) -> None:
    """Of a map file that is not read the commands that convert it are told, also in a folder."""
    (tmp_path / name).write_bytes(b"PK\3\4")
    for source in (tmp_path / name, *([] if name.endswith("zip") else [tmp_path])):
        with pytest.raises(NetworkError) as told:
            er.read_network(source)
        assert "ogr2ogr -f GeoJSON -t_srs EPSG:4326 streets.geojson" in str(told.value)
        assert "geopandas.read_file(" in str(told.value)
        assert seen in str(told.value)


@pytest.mark.parametrize(
    "change,name,told",
    [
        (lambda t: t.replace(",", ";").encode(), "p.csv", "here they are by ';'"),
        (lambda t: t.replace(",", "\t").encode(), "p.csv", r"here they are by '\t'"),
        (lambda t: t.replace(",", ";").replace(".", ",").encode(), "p.csv", "decimal=','"),
        (lambda t: t.replace("P0", "Pé").encode("latin-1"), "p.csv", "iconv -f latin1 -t utf-8"),
        (lambda t: t.encode("utf-16"), "p.csv", "iconv -f utf-16 -t utf-8"),
        (lambda t: b"PK\3\4\xff", "p.xlsx", "save it as 'CSV UTF-8 (comma delimited)'"),
        (lambda t: b"PK\3\4\xff", "p.csv", "it looks like a spreadsheet"),
        (lambda t: b"PAR1\xff", "p.parquet", "pandas.read_parquet("),
        (lambda t: b'{"type": "x"}\n1\n', "p.geojson", "GEOMETRY=AS_XY"),
        (lambda t: b"hello", "p.csv.gz", "this is not gzip"),
        (
            lambda t: t.replace("lon,lat", "longitud,latt").encode(),
            "p.csv",
            "longitud be called lon",
        ),
        (lambda t: t.replace("lon,lat", "x,y").encode(), "p.csv", "x be called lon, and y be"),
        (
            lambda t: t.replace("45.43", '"45,43"').encode(),
            "p.csv",
            "a point for the decimals",
        ),
        (lambda t: t.replace(",none,", ",whelchair,").encode(), "p.csv", "mean 'wheelchair'?"),
    ],
)
def test_tables_of_others(
    files: dict[str, Path], tmp_path: Path, change: object, name: str, told: str
) -> None:
    """A table in another form or with slips is refused with what would mend it."""
    path = tmp_path / name
    path.write_bytes(change(files["people"].read_text()))  # type: ignore[operator]
    with pytest.raises(PeopleError) as error:
        er.read_people(path, er.read_network(files["network"]))
    assert told in str(error.value)


def test_commands_can_be_pasted(files: dict[str, Path], tmp_path: Path) -> None:
    """A name with blanks or quotes is one word of the command that is told."""
    streets = tmp_path / "my city's streets.shp"
    streets.touch()
    with pytest.raises(NetworkError) as told:
        er.read_network(streets)
    command = str(told.value).split("convert it first: ")[1].split(", or in Python")[0]
    assert shlex.split(command)[-1] == str(streets)
    people = tmp_path / "my people.csv"
    people.write_bytes(files["people"].read_text().replace("P0", "Pé").encode("latin-1"))
    with pytest.raises(PeopleError) as told_too:
        er.read_people(people, er.read_network(files["network"]))
    words = shlex.split(str(told_too.value).split("latin1: ")[1])
    assert words[-3:] == [str(people), ">", "utf8_my people.csv"]


def test_points_are_no_decimal_commas(files: dict[str, Path], tmp_path: Path) -> None:
    """Semicolons with decimal points are not taken for decimal commas."""
    path = tmp_path / "p.csv"
    path.write_text(files["people"].read_text().replace(",", ";"))
    with pytest.raises(PeopleError) as error:
        er.read_people(path, er.read_network(files["network"]))
    assert "decimal=" not in str(error.value)


def test_shelter_columns(files: dict[str, Path]) -> None:
    """A mistyped column of shelters is asked about, whether it is required or one of two ways."""
    network = er.read_network(files["network"])
    table = pd.read_csv(files["shelters"])
    with pytest.raises(ShelterError, match=r"should capcity be called capacity\?"):
        er.read_shelters(table.rename(columns={"capacity": "capcity"}), network)
    with pytest.raises(ShelterError, match=r"should longitud be called lon\?"):
        er.read_shelters(table.rename(columns={"lon": "longitud"}), network)


def test_folders_taken_for_others(files: dict[str, Path], tmp_path: Path) -> None:
    """A plan folder for an instance, and a folder for a table, are told for what they are."""
    (tmp_path / "plan" / "instance").mkdir(parents=True)
    (tmp_path / "plan" / "instance" / "node.csv").touch()
    with pytest.raises(InputError, match=r"this is a plan folder, .*plan/instance"):
        er.read_instance(tmp_path / "plan")
    with pytest.raises(PeopleError, match="this is a folder, expected a file"):
        er.read_people(tmp_path, er.read_network(files["network"]))


def test_where_nothing_can_be_written(files: dict[str, Path], monkeypatch: object) -> None:
    """A folder under a file, or where there is no permission, is refused before any work."""
    with pytest.raises(InputError, match=r"people\.csv is a file, expected a folder"):
        check_replaceable(files["people"] / "plan", "plan", "summary.json")
    monkeypatch.setattr("os.access", lambda path, mode: False)  # type: ignore[attr-defined]
    with pytest.raises(InputError, match="no permission to write into"):
        check_replaceable(files["people"].parent / "plan", "plan", "summary.json")
