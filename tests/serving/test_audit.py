"""make audit: what is said of what pip-audit found, and when it fails."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

sys.path.append(str(Path(__file__).resolve().parents[2] / "examples" / "kserve" / "image"))

from audit import told

CLEAN: dict[str, Any] = {"name": "numpy", "version": "2.4.1", "vulns": []}
FAULTY: dict[str, Any] = {
    "name": "pillow",
    "version": "9.0.0",
    "vulns": [{"id": "PYSEC-2022-10", "fix_versions": ["9.0.1"], "aliases": []}],
}
SKIPPED: dict[str, Any] = {"name": "scipy", "skip_reason": "Dependency not found: scipy (1.17)"}
OURS: dict[str, Any] = {"name": "evacroute", "skip_reason": "Dependency not found: evacroute"}


@pytest.mark.parametrize(
    "parts, well, words",
    [
        ([CLEAN, OURS], True, "1 of 1 packages looked up, 0 faults known"),
        ([CLEAN, FAULTY], False, "pillow 9.0.0: PYSEC-2022-10, mended in 9.0.1"),
        ([CLEAN, SKIPPED], False, "NOT looked up: 1 packages"),
        ([OURS], False, "0 of 0 packages looked up"),
    ],
)
def test_an_audit_that_did_not_look_is_not_clean(
    parts: list[dict[str, Any]], well: bool, words: str
) -> None:
    """Only an audit that looked up every package and found nothing is well; ours is in no list."""
    text, got = told({"dependencies": parts})
    assert got is well
    assert words in text
