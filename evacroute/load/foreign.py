"""Files of other programs that are not read here: what they are, and how to convert them."""

from __future__ import annotations

import re
from pathlib import Path
from shlex import quote

VECTORS = (
    ".shp", ".shx", ".dbf", ".gpkg", ".gdb", ".kml", ".kmz", ".gml", ".fgb", ".tab",
)  # fmt: skip
"""How files of maps are called."""

SHEETS = (".xlsx", ".xlsm", ".xls", ".ods")
"""How files of spreadsheets are called."""


def network_hint(path: Path) -> str:
    """Tell how a file, or a folder of files, becomes one that `read_network` takes; or nothing."""
    if path.is_dir():
        path = next((one for one in sorted(path.iterdir()) if _is(one, VECTORS)), path)
    zipped = _is(path, (".zip",))
    if not zipped and not _is(path, VECTORS):
        return ""
    source = _with_main(path)
    seen = quote(f"/vsizip/{source}" if zipped else str(source))
    return (
        "; convert it first: "
        f"ogr2ogr -f GeoJSON -t_srs EPSG:4326 streets.geojson {seen}, or in Python "
        f"geopandas.read_file({str(source)!r}).to_crs(4326).to_file('streets.geojson')"
    )


def table_hint(path: Path) -> str:
    """Tell how a file becomes a CSV table with commas in UTF-8; or nothing where it is one."""
    if _is(path, SHEETS):
        return "; a spreadsheet is not read: save it as 'CSV UTF-8 (comma delimited)'"
    if _is(path, (".parquet",)):
        new = path.with_suffix(".csv").name
        return (
            f"; convert it first: pandas.read_parquet({str(path)!r}).to_csv({new!r}, index=False)"
        )
    if _is(path, (*VECTORS, ".geojson", ".geojson.gz", ".zip")):
        return (
            "; a table is expected: ogr2ogr -f CSV -t_srs EPSG:4326 -lco GEOMETRY=AS_XY "
            f"table.csv {quote(str(_with_main(path)))}, and name the columns X and Y of it lon "
            "and lat"
        )
    begin = _begin(path)
    if begin.startswith(b"PK"):
        return "; it looks like a spreadsheet or a zip: save it as 'CSV UTF-8 (comma delimited)'"
    coded = "utf-16" if begin.startswith((b"\xff\xfe", b"\xfe\xff")) else "latin1"
    try:
        begin.decode("utf-8")
    except UnicodeDecodeError:
        old, new = quote(str(path)), quote(f"utf8_{path.name}")
        return f"; if it is in {coded}: iconv -f {coded} -t utf-8 {old} > {new}"
    header = begin.split(b"\n")[0]
    for sign, name in ((b";", ";"), (b"\t", "\\t")):
        if header.count(sign) > header.count(b","):
            comma = ", decimal=','" if re.search(rb"\d,\d", begin) else ""
            return (
                f"; values must be separated by commas, and here they are by '{name}': "
                f"pandas.read_csv({str(path)!r}, sep='{name}'{comma})"
                f".to_csv({f'commas_{path.name}'!r}, index=False)"
            )
    return ""


def _is(path: Path, ends: tuple[str, ...]) -> bool:
    return path.name.lower().endswith(ends)


def _with_main(path: Path) -> Path:
    """Name the shapefile where one of the files beside it was given."""
    return path.with_suffix(".shp") if _is(path, (".shx", ".dbf")) else path


def _begin(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            begin = file.read(65_536)
    except OSError:
        return b""
    # A character cut at the end of what was read is no fault.
    return begin if len(begin) < 65_536 else begin[: begin.rfind(b"\n") + 1]
