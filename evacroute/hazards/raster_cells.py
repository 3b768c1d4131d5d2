"""Cells of a raster under places: places are turned into its projection, never the raster."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import MissingExtraError

DEGREES = "EPSG:4326"
"""Longitude and latitude: such a raster needs no turning."""

Affine = tuple[float, float, float, float, float, float]
"""(a, b, c, d, e, f): x = a column + b row + c, y = d column + e row + f."""


def cells_at(
    affine: Affine,
    crs: str,
    shape: tuple[int, int],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.bool_]]:
    """Find the cell under each place.

    Parameters
    ----------
    affine
        Where cells lie, the first corner of the first one at (c, f).
    crs
        Projection of the raster, as text that rasterio reads.
    shape
        Rows and columns.
    lon, lat
        Places [degrees], shape (n_places,).

    Returns
    -------
    row, column
        Shape (n_places,); -1 outside.
    inside
        Whether there is a cell, shape (n_places,).

    Raises
    ------
    MissingExtraError
        If the raster is not in degrees and rasterio is not installed.
    """
    x, y = (lon, lat) if crs == DEGREES else _turned(crs, lon, lat)
    a, b, c, d, e, f = affine
    det = a * e - b * d
    with np.errstate(invalid="ignore"):
        column = np.floor((e * (x - c) - b * (y - f)) / det)
        row = np.floor((a * (y - f) - d * (x - c)) / det)
        inside = (row >= 0) & (row < shape[0]) & (column >= 0) & (column < shape[1])
    row, column = (np.where(inside, v, -1).astype(np.int64) for v in (row, column))
    return row, column, inside


def _turned(
    crs: str, lon: NDArray[np.float64], lat: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    try:
        from rasterio.warp import transform
    except ImportError:
        raise MissingExtraError("rasterio", "raster", "a raster in another projection") from None
    x, y = transform(DEGREES, crs, lon, lat)
    return np.asarray(x, np.float64), np.asarray(y, np.float64)
