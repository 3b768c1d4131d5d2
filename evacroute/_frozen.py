"""Help for the frozen array types: length checks, read-only arrays, equality."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import EvacrouteError


def freeze(record: Any, columns: dict[str, Any], length: int, error: type[EvacrouteError]) -> None:
    """Convert each named field to an array of its dtype, check its length, make it read-only.

    Parameters
    ----------
    record
        A frozen dataclass instance under construction.
    columns
        Field name -> dtype.
    length
        Length that every one of these fields must have.
    error
        What to raise where a length is wrong.
    """
    for name, dtype in columns.items():
        array = np.asarray(getattr(record, name), dtype=dtype)
        if array.shape != (length,):
            raise error(
                f"{type(record).__name__}.{name}: shape is {array.shape}, expected ({length},)"
            )
        if array.flags.writeable:
            if array is getattr(record, name):
                array = array.copy()
            array.flags.writeable = False
        object.__setattr__(record, name, array)


def equal_arrays(first: Any, second: Any, skip: tuple[str, ...] = ()) -> bool:
    """Whether two records of the same type hold equal arrays in all fields but `skip`."""
    if type(first) is not type(second):
        return False
    for field in fields(first):
        if field.name in skip:
            continue
        a, b = getattr(first, field.name), getattr(second, field.name)
        if isinstance(a, np.ndarray) or isinstance(b, np.ndarray):
            if not same_array(np.asarray(a), np.asarray(b)):
                return False
        elif a != b:
            return False
    return True


def same_array(a: NDArray[Any], b: NDArray[Any]) -> bool:
    """Whether two arrays have the same shape and values, NaN equal to NaN."""
    if a.shape != b.shape:
        return False
    if a.dtype.kind == "f" and b.dtype.kind == "f":
        return bool(np.array_equal(a, b, equal_nan=True))
    return bool(np.array_equal(a, b))
