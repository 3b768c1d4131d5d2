"""GraphML files as NetworkX and OSMnx write them."""

from __future__ import annotations

import io
from pathlib import Path
from xml.etree.ElementTree import ParseError

import networkx as nx

from evacroute.errors import NetworkError
from evacroute.load.build import RawStreets
from evacroute.load.files import read_bytes
from evacroute.load.graphs import read_graph


def read_graphml(path: str | Path) -> RawStreets:
    """Read streets from a GraphML file (``.graphml``, ``.graphml.gz``).

    Raises
    ------
    NetworkError
        If the file is missing, empty, cut off or no GraphML, and as `read_graph` says.
    """
    path = Path(path)
    data = read_bytes(path, NetworkError)
    try:
        graph = nx.read_graphml(io.BytesIO(data))
    except ParseError as fault:
        raise NetworkError(f"{path}: this is not GraphML, or is cut off: {fault}") from None
    except (nx.NetworkXError, KeyError, ValueError, TypeError, AttributeError) as fault:
        raise NetworkError(f"{path}: this is not GraphML as NetworkX writes it: {fault}") from None
    except (IndexError, StopIteration):
        raise NetworkError(f"{path}: there is no graph in this GraphML") from None
    return read_graph(graph, str(path))
