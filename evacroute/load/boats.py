"""One door for boats: a GTFS feed, a table of shuttles, or a table of rides."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

from evacroute.boats import Boats
from evacroute.errors import BoatError
from evacroute.load.boats_table import COLUMNS, read_boats_table
from evacroute.load.files import read_bytes
from evacroute.load.gtfs import read_boats
from evacroute.load.shuttles import shuttles
from evacroute.network import Network


def load_boats(
    path: str | Path,
    network: Network,
    alarm: str | datetime = "2021-10-05 10:00",
    until: float | str = "90 min",
    low_bridges: str | Path | None = None,
) -> tuple[Network, Boats]:
    """Read boats, whatever describes them.

    Parameters
    ----------
    path
        GTFS feed (a folder or ``.zip``, see `read_boats`), table of shuttles (a ``.csv`` with
        ``seats`` and ends, see `shuttles`), or table of rides (``boats.csv``, see
        `read_boats_table`), told by what is inside.
    network
        The streets.
    alarm
        Local date and time of the alarm; counts for a GTFS feed.
    until
        Rides that arrive later than this after the alarm are left out [s, or text]; a table of
        rides is taken whole.
    low_bridges
        Table of low bridges for a GTFS feed, see `read_low_bridges`; tables of shuttles and of
        rides have a column ``max_tide`` of their own.

    Returns
    -------
    tuple of Network and Boats
        The network with stops and ferry links added; a table of rides adds none.

    Raises
    ------
    InputError
        As the functions named do; also if low bridges are given for a table.
    """
    path = Path(path)
    name = path.name.lower()
    if not name.endswith((".csv", ".csv.gz")):
        return read_boats(path, network, alarm=alarm, until=until, low_bridges=low_bridges)
    if low_bridges is not None:
        raise BoatError(
            f"{low_bridges}: low bridges are for a GTFS feed; {path} is a table, which has a "
            "column max_tide"
        )
    text = read_bytes(path, BoatError).decode("utf-8-sig", "replace")
    columns = {str(column).strip().lower() for column in text.split("\n", 1)[0].split(",")}
    if {"link_id", "trip_id"} <= columns:
        return network, read_boats_table(path, network)
    if {"from_lon", "from_node_id"} & columns:
        return shuttles(network, path, until=until)
    raise BoatError(
        f"{path}: this is neither a table of rides (columns {', '.join(COLUMNS[:5])}) nor of "
        "shuttles (from_lon and from_lat or from_node_id, to_..., seats); the columns are "
        f"{', '.join(sorted(columns)[:20])}"
    )
