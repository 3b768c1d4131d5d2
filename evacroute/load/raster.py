"""Rasters of any projection, by rasterio: how they are opened, and heights looked up in them."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import HazardError, MissingExtraError
from evacroute.hazards.raster_cells import DEGREES, Affine, cells_at
from evacroute.reports import LoadReport


@contextmanager
def opened(path: Path, purpose: str) -> Iterator[Any]:
    """Open a raster that names its projection.

    Parameters
    ----------
    path
        A GeoTIFF or another raster that rasterio opens.
    purpose
        What needs rasterio, for the message where it is missing.

    Raises
    ------
    MissingExtraError
        If rasterio is not installed.
    HazardError
        If the file cannot be read as a raster, or names no projection.
    """
    try:
        import rasterio
        from rasterio.errors import RasterioError
    except ImportError:
        raise MissingExtraError("rasterio", "raster", purpose) from None
    if not path.is_file():
        raise HazardError(f"{path}: there is no such file")
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                raise HazardError(
                    f"{path}: the raster names no projection (CRS), so its place is unknown: "
                    "give it one, e.g. gdal_edit.py -a_srs EPSG:32633"
                )
            yield raster
    except RasterioError as fault:
        raise HazardError(f"{path}: cannot be read as a raster: {fault}") from None


def crs_of(raster: Any) -> str:
    """Projection of an open raster as text, complete even where it has no number."""
    return DEGREES if raster.crs.to_epsg() == 4326 else str(raster.crs.to_wkt())


def affine_of(raster: Any) -> Affine:
    """Where the cells of an open raster lie."""
    t = raster.transform
    return (t.a, t.b, t.c, t.d, t.e, t.f)


def band_of(raster: Any, window: Any = None) -> NDArray[np.float64]:
    """First band of an open raster, its scale and offset minded; NaN where it has no value."""
    band = raster.read(1, window=window, masked=True)
    values = np.ma.filled(band.astype(np.float64), np.nan)
    values = values * raster.scales[0] + raster.offsets[0]
    return np.where(np.isfinite(values), values, np.nan)


def raster_heights(
    path: Path, lon: NDArray[np.float64], lat: NDArray[np.float64], report: LoadReport
) -> NDArray[np.float64]:
    """Look up the raster's first band at places, shape (n_places,); NaN where it has no value.

    Parameters
    ----------
    path
        A GeoTIFF or another raster that rasterio opens.
    lon, lat
        Places [degrees], shape (n_places,).
    report
        Where places without a value are counted.

    Raises
    ------
    MissingExtraError
        If rasterio is not installed.
    HazardError
        If the file cannot be read as a raster, names no projection, or lies elsewhere.
    """
    with opened(path, "reading heights from a raster") as raster:
        name = raster.crs.to_string()
        report.notes.append(f"{path.name}: projection {name}")
        shape = (raster.height, raster.width)
        row, column, inside = cells_at(affine_of(raster), crs_of(raster), shape, lon, lat)
        if not inside.any():
            west, south, east, north = raster.bounds
            raise HazardError(
                f"{path}: the raster covers ({west:g}, {south:g}) to ({east:g}, {north:g}) in "
                f"{name}, where no street of this network is"
            )
        row, column = row[inside], column[inside]
        top, left = int(row.min()), int(column.min())
        # Only the part under the network: elevation models of whole regions are large.
        window = ((top, int(row.max()) + 1), (left, int(column.max()) + 1))
        values = band_of(raster, window)[row - top, column - left]
    found = np.full(len(lon), np.nan)
    found[inside] = values
    report.set_aside[f"places outside {path.name}"] = int((~inside).sum())
    report.set_aside[f"places without a value in {path.name}"] = int(np.isnan(values).sum())
    return found
