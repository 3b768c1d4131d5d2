"""Lines as text: the encoded polyline of map services, five decimals."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

_DECIMALS = 5
_CHUNKS = 7
"""The most groups of five bits a difference takes: 360 degrees are 27 bits with the sign."""


def encode_polylines(lines: Sequence[NDArray[np.float64]]) -> list[str]:
    """Encode lines as encoded polylines, all at once: one alone takes as long as ten.

    Parameters
    ----------
    lines
        lon and lat of each [degrees], shape (n_points, 2). They are kept to about a metre.

    Notes
    -----
    Each number is a difference to the point before, latitude first, times 1e5, the sign in the
    lowest bit, cut in groups of five bits from the low end, each a printable character [1]_.

    References
    ----------
    .. [1] Google, Encoded Polyline Algorithm Format.

    Examples
    --------
    >>> encode_polylines([np.array([[-120.2, 38.5], [-120.95, 40.7], [-126.453, 43.252]])])
    ['_p~iF~ps|U_ulLnnqC_mqNvxq`@']
    """
    ends = np.cumsum([len(line) for line in lines])
    if not len(ends) or not ends[-1]:
        return [""] * len(lines)
    points = np.concatenate(lines)[:, ::-1]
    places = np.rint(points * 10**_DECIMALS).astype(np.int64)
    steps = np.diff(places, axis=0, prepend=0)
    starts = ends[:-1][ends[:-1] < ends[-1]]
    steps[starts] = places[starts]
    steps = steps.ravel()
    bits = (steps << 1) ^ (steps >> 63)
    left = bits[:, None] >> (5 * np.arange(_CHUNKS))
    more = left[:, 1:] > 0
    codes = (left & 31) + 63
    codes[:, :-1] += 32 * more
    used = np.ones(codes.shape, bool)
    used[:, 1:] = more
    characters = codes[used].astype(np.uint8).tobytes().decode("ascii")
    # Characters of a line end where those of its last number do.
    until = np.concatenate(([0], np.cumsum(used.sum(axis=1))))[2 * ends].tolist()
    return [characters[a:b] for a, b in pairwise((0, *until))]
