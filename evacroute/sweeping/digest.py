"""Digests of what things hold: the same content gives the same text on every machine."""

from __future__ import annotations

import hashlib
import pickle
from collections.abc import Mapping, Sequence, Set
from dataclasses import fields, is_dataclass
from typing import Any

import numpy as np
import pandas as pd

from evacroute.errors import InputError


def digest(value: Any) -> str:
    """Digest numbers, text, arrays, tables, collections and dataclasses of them.

    Reports of loaders are left out: where the input came from changes nothing. Of an object of
    another kind it is the digest of its pickle, which may differ though the content is the same.

    Raises
    ------
    InputError
        If an object of another kind cannot be pickled.
    """
    found = hashlib.sha256()
    _feed(found, value)
    return found.hexdigest()[:32]


def _feed(found: Any, value: Any) -> None:
    name = f"{type(value).__module__}.{type(value).__qualname__}"
    if value is None or isinstance(value, bool | int | float | complex | str | bytes):
        _put(found, name, repr(value).encode())
    elif isinstance(value, np.ndarray | np.generic):
        array = np.asarray(value)
        _put(found, f"array{array.shape}{array.dtype.str}")
        if array.dtype.hasobject:
            for item in array.ravel().tolist():
                _feed(found, item)
        else:
            _put(found, "", np.ascontiguousarray(array).tobytes())
    elif isinstance(value, pd.DataFrame):
        _put(found, name)
        _feed(found, {str(column): value[column].to_numpy() for column in value})
    elif is_dataclass(value) and not isinstance(value, type):
        _put(found, name)
        for field in fields(value):
            if field.name != "report":
                _feed(found, field.name)
                _feed(found, getattr(value, field.name))
    elif isinstance(value, Mapping):
        _put(found, f"mapping of {len(value)}")
        for key in sorted(value, key=repr):
            _feed(found, key)
            _feed(found, value[key])
    elif isinstance(value, Set):
        _put(found, f"set of {len(value)}")
        for item in sorted(value, key=repr):
            _feed(found, item)
    elif isinstance(value, Sequence):
        _put(found, f"sequence of {len(value)}")
        for item in value:
            _feed(found, item)
    else:
        try:
            _put(found, name, pickle.dumps(value, protocol=4))
        except (pickle.PicklingError, AttributeError, TypeError) as error:
            raise InputError(f"{value!r} cannot be pickled: {error}") from error


def _put(found: Any, name: str, content: bytes = b"") -> None:
    """Add a piece with its length, so that no two sequences of pieces look the same."""
    found.update(f"{name}:{len(content)}:".encode())
    found.update(content)
