"""Encoded polylines, against a slow twin written from the format's page."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from evacroute.serving.polyline import encode_polylines

LINE = st.lists(st.tuples(st.floats(-180, 180), st.floats(-90, 90)), max_size=8)


def naive(line: list[tuple[float, float]]) -> str:
    out, before = "", (0, 0)
    for lon, lat in line:
        here = (int(np.rint(lat * 1e5)), int(np.rint(lon * 1e5)))
        for now, then in zip(here, before, strict=True):
            value = now - then
            value = ~(value << 1) if value < 0 else value << 1
            while value >= 0x20:
                out += chr((0x20 | (value & 0x1F)) + 63)
                value >>= 5
            out += chr(value + 63)
        before = here
    return out


@given(st.lists(LINE, max_size=5))
def test_lines_encode_as_by_the_page(lines: list[list[tuple[float, float]]]) -> None:
    """Any lines, empty ones among them, are encoded as each alone by the steps of the page."""
    arrays = [np.array(line, dtype=float).reshape(-1, 2) for line in lines]
    assert encode_polylines(arrays) == [naive(line) for line in lines]
