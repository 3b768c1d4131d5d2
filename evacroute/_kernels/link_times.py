"""Multiply speed factors over the stretches of time that they cover."""

from __future__ import annotations

from typing import Any

import numba as nb


@nb.njit(cache=True, nogil=True)
def multiply(
    ptr: Any, begin: Any, row: Any, class_: Any, from_s: Any, to_s: Any, factor: Any, out: Any
) -> None:
    """Multiply out[class, stretch] by each factor from its beginning to its end.

    Parameters
    ----------
    ptr, begin
        Where each link's stretches start in `begin`, and when they begin.
    row, class_, from_s, to_s, factor
        Link's row, class (-1 = every), times and factor.
    """
    for i in range(len(row)):
        for j in range(ptr[row[i]], ptr[row[i] + 1]):
            if begin[j] < from_s[i]:
                continue
            if begin[j] >= to_s[i]:
                break
            if class_[i] >= 0:
                out[class_[i], j] *= factor[i]
            else:
                for k in range(out.shape[0]):
                    out[k, j] *= factor[i]
