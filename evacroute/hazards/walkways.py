"""Raised walkways (passerelle): links that are laid along streets while the tide is in a range."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, HazardError


@dataclass(frozen=True, slots=True, eq=False)
class Walkways:
    """Links of a network that are raised walkways; `add_walkways` makes them.

    A walkway is there while the tide is within its range and closed to everyone outside. While it
    is there it is dry, up to the height of its deck.

    Parameters
    ----------
    link_id
        Ids of the links, one per direction, shape (n,).
    height_m
        Height of the deck over the tide datum [m], shape (n,).
    tide_from_m, tide_to_m
        It is there while the tide is from the one to the other [m]; -inf and inf are allowed,
        shape (n,).

    Raises
    ------
    HazardError
        If a height or range is not what it must be.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> rows = [{"link_id": "0", "height": 1.7, "width": 1.2, "tide_from": 1.1, "tide_to": 1.5}]
    >>> network, walkways = er.add_walkways(er.lagoon_network(), pd.DataFrame(rows))
    >>> walkways.are_there([1.0, 1.2], [1.0, 1.3]).tolist()
    [[False, True], [False, True]]
    """

    link_id: NDArray[np.object_]
    height_m: NDArray[np.float64]
    tide_from_m: NDArray[np.float64]
    tide_to_m: NDArray[np.float64]

    def __post_init__(self) -> None:
        number = ("height_m", "tide_from_m", "tide_to_m")
        columns = {"link_id": object, **dict.fromkeys(number, np.float64)}
        freeze(self, columns, len(self.link_id), HazardError)
        faults = Faults("walkways")
        for i, name in enumerate(self.link_id):
            if not np.isfinite(self.height_m[i]):
                faults.add(f"walkway {name}: height is {self.height_m[i]} m, expected a number")
            begin, end = self.tide_from_m[i], self.tide_to_m[i]
            if not begin < end:
                faults.add(
                    f"walkway {name}: tide from {begin:g} m to {end:g} m, expected from < to"
                )
        faults.raise_if_any(HazardError)

    def __len__(self) -> int:
        return len(self.link_id)

    def are_there(self, low: NDArray[np.float64], high: NDArray[np.float64]) -> NDArray[np.bool_]:
        """Which walkways are there throughout each interval, shape (n, n_intervals).

        Parameters
        ----------
        low, high
            Lowest and highest level in each interval [m], shape (n_intervals,).

        Returns
        -------
        ndarray of bool
            True where it is.
        """
        return np.asarray(
            (low >= self.tide_from_m[:, None] - 1e-9) & (high <= self.tide_to_m[:, None] + 1e-9)
        )

    def equals(self, other: object) -> bool:
        """Whether the other holds equal walkways.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than walkways.
        """
        return equal_arrays(self, other)

    def __repr__(self) -> str:
        return f"Walkways({len(self)} links)"
