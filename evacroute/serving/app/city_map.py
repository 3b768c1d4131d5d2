"""The map a phone draws without a connection: streets and shelters, nothing of people or prices."""

from __future__ import annotations

from typing import Any

import numpy as np
import orjson

from evacroute.network import KINDS, Network
from evacroute.serving.polyline import encode_polylines
from evacroute.shelters import Shelters
from evacroute.streets import link_lines, pair_links


def city_map(
    network: Network, shelters: Shelters, bounds: tuple[float, float, float, float]
) -> bytes:
    """Write the map as JSON; each street once, whichever ways it may be walked.

    Parameters
    ----------
    network, shelters
        What is drawn.
    bounds
        Least lon, least lat, most lon, most lat of who may ask [degrees].

    Notes
    -----
    ``kinds`` and ``names`` are tables; ``street_kind`` and ``street_name`` hold positions in them,
    and ``street_line`` encoded polylines of five decimals, so to about a metre. Some 6 bytes a
    street once it is compressed, and as much again where streets have names.
    """
    forward = pair_links(network).forward
    ptr, lon, lat = link_lines(network)
    points = np.column_stack([lon, lat])
    names = [str(one) for one in network.name[forward].tolist()]
    table = {name: i for i, name in enumerate(dict.fromkeys(names))}
    told: dict[str, Any] = {
        "format": 1,
        "bounds": [float(one) for one in bounds],
        "kinds": KINDS,
        "names": list(table),
        "street_kind": network.kind[forward].tolist(),
        "street_name": [table[name] for name in names],
        "street_line": encode_polylines(
            [points[ptr[i] : ptr[i + 1]] for i in forward.tolist()]
        ),
        "shelters": [
            {"id": str(key), "name": str(name) or str(key), "lon": round(x, 5), "lat": round(y, 5)}
            for key, name, x, y in zip(
                shelters.shelter_id.tolist(), shelters.name.tolist(), shelters.lon.tolist(),
                shelters.lat.tolist(), strict=True,
            )
        ],
    }  # fmt: skip
    return orjson.dumps(told)
