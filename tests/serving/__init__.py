"""Tests of what serves phones; a package, so that its conftest does not hide the one above."""
