"""Where the files of ``data/`` are: inside an installed wheel, or beside the package."""

from __future__ import annotations

from pathlib import Path


def data_path(*parts: str) -> Path:
    """Path of a file that ships with the library, e.g. ``data_path("capability", "speed.csv")``."""
    package = Path(__file__).resolve().parent
    root = package / "_data"
    if not root.is_dir():
        root = package.parent / "data"
    return root.joinpath(*parts)
