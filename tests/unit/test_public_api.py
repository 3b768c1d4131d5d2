"""The surface of the package: its names, what importing it loads, and what it ships."""

from __future__ import annotations

import inspect
import subprocess
import sys
from difflib import ndiff

import pytest
from surface import PINNED, surface

import evacroute as er
from evacroute._data_dir import data_path

EXTRAS = (
    "osmium", "osmnx", "geopandas", "shapely", "matplotlib", "kserve", "redis", "catboost",
    "distributed", "rasterio",
)  # fmt: skip


def in_fresh_python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_public_names() -> None:
    """The package offers these names with these parameters, no others: a change is one for users.

    Where it is meant: ``python tests/surface.py``.
    """
    pinned = PINNED.read_text(encoding="utf-8").splitlines()
    change = [line for line in ndiff(pinned, surface()) if line[0] in "+-"]
    assert not change, "\n".join(change)


def test_every_name_is_there_and_explained() -> None:
    """Each public name can be had and has a docstring (a constant aside)."""
    for name in er.__all__:
        value = getattr(er, name)
        if inspect.isclass(value) or inspect.isroutine(value):
            assert (inspect.getdoc(value) or "").strip(), name


def test_errors_share_one_root() -> None:
    """Every error class descends from EvacrouteError, those about input from ValueError too."""
    errors = [
        value for name in er.__all__ if name.endswith("Error") for value in [getattr(er, name)]
    ]
    assert all(issubclass(error, er.EvacrouteError) for error in errors)
    for error in (er.NetworkError, er.PeopleError, er.ShelterError, er.BoatError):
        assert issubclass(error, er.InputError)
    assert issubclass(er.InputError, ValueError)
    assert issubclass(er.MissingExtraError, ImportError)


def test_import_loads_no_extra() -> None:
    """Importing the package loads nothing of any extra, prints nothing and warns of nothing."""
    code = f"import sys, evacroute; print(*(m for m in {EXTRAS} if m in sys.modules))"
    assert in_fresh_python(code).strip() == ""


def test_the_command_line_loads_no_extra() -> None:
    """Neither does the command line, so that it works with the core alone."""
    code = f"import sys, evacroute.cli; print(*(m for m in {EXTRAS} if m in sys.modules))"
    assert in_fresh_python(code).strip() == ""


@pytest.mark.parametrize(
    "call,extra",
    [
        ("er.read_network(path)", "osm"),
        ("er.fetch('venice', path + '.json')", "osm"),
        ("from evacroute.plotting import plot_network; plot_network(er.lagoon_network())", "plot"),
        ("er.read_heights('heights.tif', er.lagoon_network())", "raster"),
    ],
)
def test_a_missing_extra_names_the_command(call: str, extra: str) -> None:
    """Without an extra what needs it raises MissingExtraError with the pip command."""
    code = f"""
import os, sys, tempfile
for name in {EXTRAS}:
    sys.modules[name] = None
import evacroute as er
path = os.path.join(tempfile.mkdtemp(), "venice.osm.pbf")
open(path, "wb").close()
try:
    {call}
except er.MissingExtraError as error:
    print(error)
"""
    assert f"pip install 'evacroute[{extra}]'" in in_fresh_python(code)


@pytest.mark.parametrize(
    "folder", ["capability", "earthquake", "fire", "flood", "lagoon", "streets"]
)
def test_data_is_found(folder: str) -> None:
    """The tables of data/ are found beside the package, as they are inside a wheel."""
    assert list(data_path(folder).glob("*.csv"))
