"""Columns of numbers and text as one compressed piece of text that the map's page unpacks."""

from __future__ import annotations

import base64
import gzip
import json
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

_INTEGERS = (np.int8, np.int16, np.int32)
_ALIGN = 8


class Packer:
    """Gathers named columns; `to_text` gives gzip in base64.

    The bytes before compression are: length of the header (uint32), the header (JSON: `meta`,
    `texts` and one entry a column with name, type, scale, delta, offset and length), then the
    columns, each from a multiple of eight. All little-endian; `static/data.js` reads it.
    """

    def __init__(self) -> None:
        self.meta: dict[str, Any] = {}
        self.texts: dict[str, list[str]] = {}
        self._columns: list[dict[str, Any]] = []
        self._parts: list[bytes] = []
        self._size = 0

    def whole(self, name: str, values: ArrayLike, *, delta: bool = True) -> None:
        """Add whole numbers below 2**31, as differences where `delta`."""
        self._add(name, np.asarray(values, dtype=np.int64), 1.0, delta)

    def scaled(
        self, name: str, values: ArrayLike, *, resolution: float, delta: bool = True
    ) -> None:
        """Add numbers rounded to multiples of `resolution`, which must all be finite."""
        ticks = np.rint(np.asarray(values, dtype=np.float64) / resolution).astype(np.int64)
        self._add(name, ticks, resolution, delta)

    def seconds(self, name: str, values: ArrayLike, *, delta: bool = True) -> None:
        """Add times, exact to the millisecond, in the coarsest unit that holds them all."""
        ticks = np.rint(np.asarray(values, dtype=np.float64) * 1000).astype(np.int64)
        unit = int(np.gcd.reduce(ticks)) if ticks.size else 1
        self._add(name, ticks // max(unit, 1), max(unit, 1) / 1000, delta)

    def real(self, name: str, values: ArrayLike) -> None:
        """Add single-precision numbers; NaN and infinity are allowed."""
        self._append(name, np.asarray(values).astype("<f4"), 1.0, False)

    def text(self, name: str, values: ArrayLike | list[str]) -> None:
        """Add texts."""
        self.texts[name] = [str(value) for value in np.asarray(values, dtype=object)]

    def words(self, name: str, values: ArrayLike) -> None:
        """Add texts of which many are equal: each once as `name`_table, and positions in it."""
        column = [str(value) for value in np.asarray(values, dtype=object)]
        table = {word: i for i, word in enumerate(dict.fromkeys(column))}
        self.texts[f"{name}_table"] = list(table)
        self.whole(name, [table[word] for word in column])

    def has(self, name: str) -> bool:
        """Whether there is a column of this name."""
        return any(column["name"] == name for column in self._columns)

    def to_text(self) -> str:
        """All columns, compressed, as base64."""
        header = {"meta": self.meta, "texts": self.texts, "columns": self._columns}
        head = json.dumps(header, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
        encoded = head.encode("utf-8")
        padding = b" " * (-(len(encoded) + 4) % _ALIGN)
        size = np.array([len(encoded) + len(padding)], dtype="<u4").tobytes()
        content = b"".join([size, encoded, padding, *self._parts])
        return base64.b64encode(gzip.compress(content, 6, mtime=0)).decode("ascii")

    def _add(self, name: str, values: NDArray[np.int64], scale: float, delta: bool) -> None:
        # Positions and counts stay below this; rooms "without limit" are shown as this many.
        values = np.minimum(values, np.iinfo(np.int32).max)
        stored = np.diff(values, prepend=0) if delta else values
        low, high = (int(stored.min()), int(stored.max())) if stored.size else (0, 0)
        for kind in _INTEGERS:
            if np.iinfo(kind).min <= low and high <= np.iinfo(kind).max:
                self._append(name, stored.astype(np.dtype(kind).newbyteorder("<")), scale, delta)
                return
        raise OverflowError(f"column {name}: {low} to {high} does not fit 32 bits")

    def _append(self, name: str, array: NDArray[Any], scale: float, delta: bool) -> None:
        part = array.tobytes()
        kind = f"{array.dtype.kind}{array.dtype.itemsize}"
        self._columns.append(
            {
                "name": name, "type": kind, "scale": scale, "delta": delta,
                "offset": self._size, "length": len(array),
            }
        )  # fmt: skip
        part += b"\0" * (-len(part) % _ALIGN)
        self._parts.append(part)
        self._size += len(part)
