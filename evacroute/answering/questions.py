"""What phones ask, in columns: one row a party."""

from __future__ import annotations

import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import freeze
from evacroute.errors import InputError

AGE_BANDS = {"0-5": 4.0, "6-12": 9.0, "13-17": 15.0, "18-64": 41.0, "65-79": 72.0, "80+": 85.0}
"""Words for the age of the slowest of a party, and the age that stands for each [years]."""

MOST_PARTY, MOST_HELPERS = 99, 9

_TYPES: dict[str, Any] = {
    **dict.fromkeys(("lon", "lat"), np.float64),
    "token": object,
    "party_size": np.int32,
    "mobility": object,
    "step_free": np.bool_,
    "age_band": object,
    "helpers": np.int32,
    "language": object,
    "within_s": np.float64,
}

_UNSAID: dict[str, Any] = {
    "token": "",
    "party_size": 1,
    "mobility": "unknown",
    "step_free": False,
    "age_band": "",
    "helpers": 0,
    "language": "en",
    "within_s": np.nan,
}


def _alone() -> dict[str, NDArray[Any]]:
    columns = {name: np.array([value], _TYPES[name]) for name, value in _UNSAID.items()}
    for column in columns.values():
        column.setflags(write=False)
    return columns


_ALONE = _alone()
"""Columns of one party of whom nothing is said, shared by all that ask so."""


@dataclass(frozen=True, slots=True, eq=False)
class Questions:
    """Parties who ask, in read-only columns of shape (n_parties,) that a codec has checked.

    Parameters
    ----------
    lon, lat
        Where they are [degrees].
    token
        What tells a party apart from others, "" = nothing given: it is not to be known again.
    party_size
        Persons who go as one, 1 to `MOST_PARTY`.
    mobility
        Words of `capability.MOBILITIES`, of the least able of them.
    step_free
        Whether they cannot use steps, whatever the word says.
    age_band
        Words of `AGE_BANDS`, of the slowest of them, "" = unknown.
    helpers
        People who help beside the party, 0 to `MOST_HELPERS`.
    language
        Words of `languages.LANGUAGES`.
    within_s
        By when they must be safe [s from now], NaN = by the plan's deadline.

    Raises
    ------
    InputError
        If the columns differ in length.
    """

    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    token: NDArray[Any]
    party_size: NDArray[np.int32]
    mobility: NDArray[Any]
    step_free: NDArray[np.bool_]
    age_band: NDArray[Any]
    helpers: NDArray[np.int32]
    language: NDArray[Any]
    within_s: NDArray[np.float64]

    def __post_init__(self) -> None:
        freeze(self, _TYPES, len(self.lon), InputError)

    def __len__(self) -> int:
        return len(self.lon)

    @classmethod
    def checked(cls, columns: Mapping[str, Sequence[Any]], n: int) -> Questions:
        """Make questions of plain values that need no more checks, n in each column.

        Columns that are not given hold what is said of whom nothing is known. A party without a
        token is given one, so that it can be known again.
        """
        made, alone = object.__new__(cls), _ALONE if n == 1 else None
        for name, dtype in _TYPES.items():
            values = columns.get(name)
            if name == "token" and (values is None or not all(values)):
                values = [one or secrets.token_urlsafe(18) for one in values or [""] * n]
            if values is None and alone is not None:
                array = alone[name]
            else:
                array = np.array([_UNSAID[name]] * n if values is None else values, dtype)
                array.setflags(write=False)
            object.__setattr__(made, name, array)
        return made

    @classmethod
    def at(cls, lon: Sequence[float], lat: Sequence[float], **columns: Any) -> Questions:
        """Ask for parties of whom no more is said than what is given in `columns`.

        Examples
        --------
        >>> ask = Questions.at([12.33], [45.43], party_size=[2])
        >>> len(ask), str(ask.mobility[0])
        (1, 'unknown')
        """
        given = {**{name: [value] * len(lon) for name, value in _UNSAID.items()}, **columns}
        return cls(
            lon=np.array(lon), lat=np.array(lat), **{k: _column(v) for k, v in given.items()}
        )


def _column(values: Any) -> NDArray[Any]:
    if len(values) and isinstance(values[0], str):
        out = np.empty(len(values), object)
        out[:] = values
        return out
    return np.asarray(values)
