"""The notebooks in examples/notebooks run from top to bottom, and are kept with what they show."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from conftest import missing

FOLDER = Path(__file__).resolve().parents[2] / "examples" / "notebooks"
NOTEBOOKS = sorted(FOLDER.glob("*.ipynb"))
PLACES = re.compile(r"(?<![\w.:/])/(home|root|tmp|work|usr|Users|var|opt)/|[A-Z]:\\\\")
"""How a folder of a machine begins."""


def read(path: Path) -> Any:
    try:
        import nbformat
    except ImportError:
        missing("the package 'nbformat' is not installed")
    return nbformat.read(path, as_version=4)


def test_there_are_notebooks() -> None:
    """There are two notebooks, and each is small enough to be looked at on the web."""
    assert [path.stem for path in NOTEBOOKS] == ["acqua_alta", "first_plan"]
    assert max(path.stat().st_size for path in NOTEBOOKS) < 300_000


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_kept_with_its_outputs(path: Path) -> None:
    """What is kept has been run in order, without an error, and names no folder of a machine.

    Each picture is told in words to those who do not see it.
    """
    notebook = read(path)
    cells = [cell for cell in notebook.cells if cell.cell_type == "code"]
    assert [cell.execution_count for cell in cells] == list(range(1, len(cells) + 1))
    outputs = [output for cell in cells for output in cell.outputs]
    assert {output.output_type for output in outputs} <= {
        "execute_result",
        "display_data",
        "stream",
    }
    assert {output.get("name") for output in outputs} <= {None, "stdout"}
    assert any("image/png" in output.get("data", {}) for output in outputs)
    for cell in cells:
        if any("image/png" in output.get("data", {}) for output in cell.outputs):
            assert len(cell.metadata["mystnb"]["image"]["alt"]) > 20
    for output in outputs:
        data = {**output.get("data", {}), "stream": output.get("text", "")}
        data.pop("image/png", None)
        assert not PLACES.search(str(data))
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert set(notebook.metadata.language_info) == {"name"}


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_runs(path: Path, tmp_path: Path) -> None:
    """It runs in the kernel of this Python, in an empty folder; its people are few here."""
    notebook = read(path)
    try:
        from ipykernel.kernelspec import install
        from nbclient import NotebookClient
    except ImportError:
        missing("the packages 'nbclient' and 'ipykernel' are not installed")
    for cell in notebook.cells:
        cell.source = re.sub(r"people=[\d_]+", "people=300", cell.source)
    install(prefix=str(tmp_path))
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JUPYTER_PATH", str(tmp_path / "share" / "jupyter"))
        where = {"metadata": {"path": str(tmp_path)}}
        NotebookClient(notebook, timeout=300, kernel_name="python3", resources=where).execute()
