"""Heights from a raster of any projection, by rasterio."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import HazardError, MissingExtraError
from evacroute.reports import LoadReport


def raster_heights(
    path: Path, lon: NDArray[np.float64], lat: NDArray[np.float64], report: LoadReport
) -> NDArray[np.float64]:
    """Look up the raster's first band at places, shape (n_places,); NaN where it has no value.

    The places are turned into the raster's projection; the raster itself is left as it is.

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
    try:
        import rasterio
        from rasterio.errors import RasterioError
    except ImportError as error:
        raise MissingExtraError("rasterio", "raster", "reading heights from a raster") from error
    if not path.is_file():
        raise HazardError(f"{path}: there is no such file")
    try:
        with rasterio.open(path) as raster:
            if raster.crs is None:
                raise HazardError(
                    f"{path}: the raster names no projection (CRS), so its place is unknown: "
                    "give it one, e.g. gdal_edit.py -a_srs EPSG:32633"
                )
            report.notes.append(f"{path.name}: projection {raster.crs.to_string()}")
            return _look_up(raster, path, lon, lat, report)
    except RasterioError as fault:
        raise HazardError(f"{path}: cannot be read as a raster: {fault}") from None


def _look_up(
    raster: Any,
    path: Path,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    report: LoadReport,
) -> NDArray[np.float64]:
    from rasterio.warp import transform
    from rasterio.windows import Window

    x, y = (np.asarray(v) for v in transform("EPSG:4326", raster.crs, lon, lat))
    back = ~raster.transform
    with np.errstate(invalid="ignore"):
        column = np.floor(back.a * x + back.b * y + back.c)
        row = np.floor(back.d * x + back.e * y + back.f)
        inside = (column >= 0) & (column < raster.width) & (row >= 0) & (row < raster.height)
    if not inside.any():
        west, south, east, north = raster.bounds
        raise HazardError(
            f"{path}: the raster covers ({west:g}, {south:g}) to ({east:g}, {north:g}) in "
            f"{raster.crs.to_string()}, where no street of this network is"
        )
    column, row = column[inside].astype(np.int64), row[inside].astype(np.int64)
    left, top = int(column.min()), int(row.min())
    window = Window(left, top, int(column.max()) - left + 1, int(row.max()) - top + 1)
    band = raster.read(1, window=window, masked=True)
    values = np.ma.filled(band.astype(np.float64), np.nan)[row - top, column - left]
    values = values * raster.scales[0] + raster.offsets[0]
    found = np.full(len(lon), np.nan)
    found[inside] = np.where(np.isfinite(values), values, np.nan)
    report.set_aside[f"places outside {path.name}"] = int((~inside).sum())
    report.set_aside[f"places without a value in {path.name}"] = int(np.isnan(found[inside]).sum())
    return found
