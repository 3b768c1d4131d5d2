"""What is handed out: wheel, sdist, citation."""

from __future__ import annotations

import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest
import yaml

import evacroute as er

ROOT = Path(__file__).resolve().parents[2]


@pytest.fixture(scope="module")
def dist(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("dist")
    command = [sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT]
    done = subprocess.run(command, capture_output=True, text=True, cwd=folder)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder


def test_the_index_takes_wheel_and_sdist(dist: Path) -> None:
    """Names, metadata and the long description of both pass the check of the package index."""
    command = [sys.executable, "-m", "twine", "check", "--strict", *sorted(dist.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout
    assert done.stdout.count("PASSED") == 2


def test_the_wheel_holds_the_package_alone(dist: Path) -> None:
    """The wheel is at most 10 MB, has types, data and pages, and nothing compiled or of others."""
    (wheel,) = dist.glob("*.whl")
    assert wheel.stat().st_size <= 10_000_000
    names = zipfile.ZipFile(wheel).namelist()
    assert {name.partition("/")[0].partition("-")[0] for name in names} == {"evacroute"}
    for needed in (
        "py.typed", "_data/lagoon/link.csv", "_data/scorer/scorer.npz",
        "plotting/static/leaflet.js",
    ):  # fmt: skip
        assert f"evacroute/{needed}" in names
    assert [name for name in names if name.endswith((".nbc", ".nbi", ".pyc"))] == []


def test_the_sdist_can_be_worked_on(dist: Path) -> None:
    """The sdist has what tests, pages and examples need, and nothing that was made from them."""
    (sdist,) = dist.glob("*.tar.gz")
    with tarfile.open(sdist) as archive:
        names = [name.partition("/")[2] for name in archive.getnames()]
    for needed in (
        "Makefile", "CITATION.cff", "SECURITY.md", "docs/conf.py", "tests/conftest.py",
        "examples/01_first_plan.py", ".ci/run", ".github/ISSUE_TEMPLATE/city.yml",
    ):  # fmt: skip
        assert needed in names
    assert [name for name in names if name.startswith(("site/", "docs/api/", "build/"))] == []


def test_the_citation_is_of_this_version() -> None:
    """The citation file can be read, and names the version that is installed."""
    cited = yaml.safe_load((ROOT / "CITATION.cff").read_text("utf-8"))
    assert cited["version"] == er.__version__
    assert {"cff-version", "message", "title", "authors", "license"} <= set(cited)


@pytest.mark.parametrize("form", sorted((ROOT / ".github" / "ISSUE_TEMPLATE").glob("*.yml")))
def test_forms_of_issues_are_complete(form: Path) -> None:
    """Each form has a name, what it is for, and fields with labels."""
    read = yaml.safe_load(form.read_text("utf-8"))
    if form.name != "config.yml":
        assert read["name"]
        assert read["description"]
        fields = [one for one in read["body"] if one["type"] != "markdown"]
        assert fields
        assert all(one["attributes"]["label"] and one["id"] for one in fields)
