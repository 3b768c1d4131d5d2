"""Write the lagoon sample's files: ``python -m evacroute.load.lagoon_files data/lagoon``."""

from __future__ import annotations

import argparse
import csv
import io
import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

from evacroute.load.build import build_network
from evacroute.load.lagoon import SYNTHETIC, Lagoon, draw_lagoon
from evacroute.network import KINDS, Network

FILES = ("node.csv", "link.csv", "shelters.csv", "recipe.json")
"""What is written."""


def write_lagoon(folder: str | Path, *, seed: int = 7) -> None:
    """Draw the lagoon sample and write its network, shelters and population recipe.

    Parameters
    ----------
    folder
        Where to write; made if it is not there.
    seed
        Which city to draw; the shipped one is 7.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    lagoon = draw_lagoon(seed)
    network = build_network(lagoon.streets)
    texts = (_nodes(network), _links(network), _shelters(lagoon, network), _recipe(lagoon, seed))
    for name, text in zip(FILES, texts, strict=True):
        partial = folder / f".{name}.part"
        partial.write_text(text, encoding="utf-8", newline="\n")
        partial.replace(folder / name)


def csv_table(header: str, rows: Iterable[Iterable[Any]]) -> str:
    """Write a table as CSV text: a header as it stands, then the rows."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(header.split(","))
    writer.writerows(rows)
    return text.getvalue()


def _nodes(network: Network) -> str:
    return csv_table(
        "node_id,x_coord,y_coord",
        (
            (name, f"{lon:.7f}", f"{lat:.7f}")
            for name, lon, lat in zip(network.node_id, network.lon, network.lat, strict=True)
        ),
    )


def _links(network: Network) -> str:
    """One row a street, walkable both ways; a line only where it is not straight."""
    rows = []
    for i in range(network.n_links):
        if network.link_id[i].endswith("-r"):
            continue
        line = network.geometry(i)
        points = ", ".join(f"{lon:.7f} {lat:.7f}" for lon, lat in line)
        rows.append(
            (
                network.link_id[i],
                network.node_id[network.from_node[i]],
                network.node_id[network.to_node[i]],
                0,
                f"{network.length[i]:.2f}",
                f"{network.width[i]:g}",
                network.steps[i],
                f"{network.capacity[i]:.6g}",
                KINDS[network.kind[i]],
                network.name[i],
                f"{network.elevation[i]:g}",
                network.wheelchair[i] or "",
                f"LINESTRING ({points})" if len(line) > 2 else "",
            )
        )
    return csv_table(
        "link_id,from_node_id,to_node_id,directed,length,width,steps,capacity,kind,name,elevation,"
        "wheelchair,geometry",
        rows,
    )


def _shelters(lagoon: Lagoon, network: Network) -> str:
    ids = [lagoon.node_id[place.node] for place in lagoon.places]
    rows = [
        (
            f"L{i:02d}", place.name, place.kind, ids[i],
            f"{network.lon[node]:.7f}", f"{network.lat[node]:.7f}",
            place.capacity, place.step_free_capacity, f"{place.intake_rate:g}",
        )
        for i, (place, node) in enumerate(
            zip(lagoon.places, network.node_positions(ids), strict=True)
        )
    ]  # fmt: skip
    return csv_table(
        "shelter_id,name,kind,node_id,lon,lat,capacity,step_free_capacity,intake_rate", rows
    )


def _recipe(lagoon: Lagoon, seed: int) -> str:
    """How many people, how many of them visitors, and where they are.

    Crowds gather round the great canal's crossings and the largest shelters.
    """
    streets = lagoon.streets
    crowded = [
        end
        for name, end in zip(streets.name, streets.from_id, strict=True)
        if name.startswith("Ponte Grande")
    ]
    largest = sorted(lagoon.places, key=lambda place: -place.capacity)[:6]
    crowded += [lagoon.node_id[place.node] for place in largest]
    recipe = {
        "note": SYNTHETIC,
        "network_seed": seed,
        "people": 50_000,
        "people_seed": 0,
        "visitors": 0.3,
        "weight_per_metre": {"calle": 1.0, "square": 1.2, "quay": 0.8},
        "crowds": {"share": 0.25, "radius_m": 140.0, "node_id": crowded},
    }
    return json.dumps(recipe, indent=2) + "\n"


def main(arguments: Sequence[str] | None = None) -> None:
    """Write the files into a folder given on the command line."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="where to write")
    parser.add_argument("--seed", type=int, default=7, help="which city to draw (default 7)")
    given = parser.parse_args(arguments)
    write_lagoon(given.folder, seed=given.seed)


if __name__ == "__main__":
    main()
