"""Read how likely each street is blocked in an earthquake."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

from evacroute.errors import Faults, HazardError
from evacroute.hazards.earthquake import Earthquake
from evacroute.load.tables import name_of, note_unread, numbers, read_table, unique_ids
from evacroute.network import Network
from evacroute.reports import LoadReport


def read_earthquake(
    source: str | Path | pd.DataFrame, network: Network, *, seed: int = 0
) -> Earthquake:
    """Read a table of probabilities that streets and bridges are blocked: link_id, probability.

    Both directions of a street, and all links of a bridge, share the highest of theirs.

    Parameters
    ----------
    source
        Path of a ``.csv[.gz]``, or a DataFrame.
    network
        The streets.
    seed
        Seed of the draw.

    Returns
    -------
    Earthquake
        With the probabilities read.

    Raises
    ------
    HazardError
        If the file cannot be read, a column is missing, a link is unknown or named twice, or a
        probability is not from 0 to 1 (all such rows are named together).

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> table = pd.DataFrame({"link_id": network.link_id[:1], "probability": [1.0]})
    >>> shaken = er.read_earthquake(table, network)
    >>> bool(shaken.blocked(network)[0]), float(shaken.probabilities(network).max())
    (True, 1.0)
    """
    where = name_of(source)
    frame = read_table(
        source,
        required=("link_id", "probability"),
        text=("link_id",),
        what="link",
        error=HazardError,
    )
    faults = Faults(where)
    ids = unique_ids(frame, "link_id", faults)
    p = numbers(frame, "probability", faults, low=0, high=1)
    known = set(map(str, network.link_id))
    for name in ids:
        if name and name not in known:
            faults.add(f"link_id {name!r} is not in the network")
    faults.raise_if_any(HazardError)
    report = LoadReport(where, {"links with a probability": len(ids)})
    note_unread(report, frame, ("link_id", "probability"))
    table = dict(zip(ids.tolist(), p.tolist(), strict=True))
    made = Earthquake(seed, probability=table, report=report)
    report.counts["links without one, which stay open"] = int(
        (made.probabilities(network) == 0).sum()
    )
    return made
