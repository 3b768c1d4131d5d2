"""Read closures: a table of streets or areas, or polygons, with the times they are closed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from evacroute.errors import Faults, HazardError
from evacroute.hazards.closures import (
    COLUMNS,
    Closures,
    closures_of_table,
    links_of_closures,
    merged,
)
from evacroute.hazards.names import FROM_TO
from evacroute.load.features import features_of, is_geojson
from evacroute.load.tables import count_comments, name_of, read_table
from evacroute.network import Network
from evacroute.reports import LoadReport


def read_closures(
    source: str | Path | pd.DataFrame | Mapping[str, Any], network: Network
) -> Closures:
    """Read streets or areas that are closed or slow from one time to another.

    Parameters
    ----------
    source
        Path of a ``.csv[.gz]`` or a DataFrame with the columns that `Closures` names, or path of a
        ``.geojson[.gz]`` or its content: polygons with the same names as properties.
    network
        The streets, to find the links.

    Returns
    -------
    Closures
        Its report counts links, and rows that overlap another of the same link and class.

    Raises
    ------
    HazardError
        If the file cannot be read, a column is neither known nor comment, a link is unknown, an
        area touches no link, from is not before to, or a value is not what it must be (all such
        rows are named together).

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> table = pd.DataFrame([{"link_id": "12", "from": "10 min", "to": "30 min"}])
    >>> shut = er.read_closures(table, er.lagoon_network())
    >>> len(shut.rows)
    1
    """
    where = name_of(source)
    faults = Faults(where)
    comments: set[str] = set()
    if isinstance(source, Mapping) or (not isinstance(source, pd.DataFrame) and is_geojson(source)):
        rows = closures_of_table(_rows_of_features(source, where), faults, comments)
    else:
        frame = read_table(
            source,
            required=(),
            optional=COLUMNS,
            text=COLUMNS,
            aliases=FROM_TO,
            what="closure",
            error=HazardError,
        )
        if not {"link_id", "area", "radius_m"} & set(frame.columns):
            raise HazardError(
                f"{where}: there is no column link_id, area, or radius_m with lon and lat"
            )
        if "index" not in frame.attrs:
            frame.attrs["index"] = np.arange(len(frame)) + 2
        rows = closures_of_table(frame, faults, comments)
    links = links_of_closures(rows, network, faults)
    faults.raise_if_any(HazardError)
    overlapping = merged(rows, links, [row.class_id for row in rows])[1]
    report = LoadReport(where)
    report.counts["closures"] = len(rows)
    report.counts["links closed or slowed"] = len(np.unique(np.concatenate(links)))
    count_comments(report, comments - {"label"})
    report.repaired["closures that overlap another of the same link: the least factor counts"] = (
        overlapping
    )
    return Closures(rows, report=report)


def _rows_of_features(source: Any, where: str) -> list[dict[str, Any]]:
    rows = []
    for i, (properties, geometry) in enumerate(features_of(source, where)):
        row = {str(name).strip().lower(): value for name, value in properties.items()}
        rows.append({**row, "area": geometry, "label": f"feature {i}"})
    return rows
