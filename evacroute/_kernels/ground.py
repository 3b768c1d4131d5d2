"""What answers look at, held as one thing.

A compiled function that is handed a hundred arrays takes them out of their tuples one by one, which
takes longer than finding the ways of one party. What is the same for all who ask is put into one
record once; the kernel is handed that.
"""

from __future__ import annotations

import os
from collections import namedtuple
from typing import Any

import numba as nb
from numba.core import types
from numba.experimental import structref

_FIELDS = ("slopes", "chains", "trees", "streets", "outlook", "flat", "ratio", "scales")


@structref.register
class GroundType(types.StructRef):
    """Type of a `Ground`, for the compiler; named, as what is compiled is kept by name."""


def _ground() -> Any:
    """Make the class: a record of the compiler's, or a tuple where nothing is compiled."""
    if os.environ.get("NUMBA_DISABLE_JIT", "0") not in ("", "0"):
        return namedtuple("Ground", _FIELDS)
    made = type("Ground", (structref.StructRefProxy,), {"__module__": __name__})
    structref.define_proxy(made, GroundType, _FIELDS)  # type: ignore[no-untyped-call]
    return made


Ground = _ground()


@nb.njit(cache=True, nogil=True)
def hold_streets(
    slopes: Any, chains: Any, trees: Any, streets: Any, outlook: Any, flat: Any, ratio: Any,
    scales: Any,
) -> Any:  # fmt: skip
    """Put what answers look at into one record.

    Parameters
    ----------
    slopes, chains, trees, streets, outlook
        `Slopes`, `Chains`, `Trees`, `Streets` and `Outlook`.
    flat, ratio
        Speed on the flat of each class [m/s], and its speed on steps over that.
    scales
        `Scales`.
    """
    return Ground(slopes, chains, trees, streets, outlook, flat, ratio, scales)
