"""Draw the pictures of docs/gallery.md: one small PNG a hazard, and one of boats.

python docs/gallery.py [NAME ...]     the pictures, all by default
python docs/gallery.py --examples     runs the scripts of the gallery before, in a folder of its own
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

import matplotlib
import numpy as np

matplotlib.use("Agg")

import matplotlib.pyplot as plt
from matplotlib.axes import Axes
from PIL import Image

import evacroute as er
from evacroute.plotting import plot_depth, plot_hazard
from evacroute.units import to_metres

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "gallery"
MOST_BYTES = 60_000
SCRIPTS = (
    "09_flood_by_a_tide_series.py", "10_fire_in_the_alleys.py", "11_earthquake_draws.py",
    "12_closures.py", "14_boats_of_the_lagoon.py",
)  # fmt: skip

NETWORK = er.lagoon_network()
LON, LAT = NETWORK.origin


def flood(ax: Axes) -> None:
    """The lagoon an hour after the alarm, while the tide of example 09 comes in."""
    clock = np.arange(0, 241, 10)
    level = 1.20 - 0.25 * np.cos(np.pi * clock / 120)
    tide = er.read_tide(list(zip(clock * 60.0, level, strict=True)), alarm=60 * 60)
    plot_depth(NETWORK, er.Flood(tide), 60 * 60, ax)


def fire(ax: Axes) -> None:
    """The two fires of example 10 after 20 minutes."""
    law = er.FireLaw(rate=4, smoke_reach=80)
    burning = er.Fire([(LON, LAT), (LON - 0.008, LAT + 0.002, 300)], law=law, wind=(6, 45))
    plot_hazard(er.lagoon(people=500, hazard=burning), "20 min", ax)


def earthquake(ax: Axes) -> None:
    """The first draw of example 11."""
    draw = er.Earthquake(seed=1, intensity="IX", building="mid").draws(1)[0]
    plot_hazard(er.lagoon(people=500, hazard=draw), 0, ax)


def closures(ax: Axes) -> None:
    """A building site, and a march over the widest bridge, as in example 12."""
    bridge = np.flatnonzero(NETWORK.kind == er.network.KINDS.index("bridge"))
    widest = NETWORK.link_id[bridge[np.argmax(NETWORK.width[bridge])]]
    rows = [
        {"lon": LON, "lat": LAT, "radius_m": 250},
        {"link_id": widest, "from": "5 min", "to": "20 min"},
        {"lon": LON + 0.01, "lat": LAT, "radius_m": 200, "speed_factor": 0.7},
    ]
    plot_hazard(er.lagoon(people=500, hazard=er.Closures(rows)), "10 min", ax)


def boats(ax: Axes) -> None:
    """The three lines of example 14."""
    network, timetable = er.lagoon_boats(NETWORK)
    plot_hazard(er.lagoon(people=500), 0, ax)
    x, y = to_metres(network.lon, network.lat, NETWORK.origin)
    for link in np.unique(timetable.link):
        ends = [network.from_node[link], network.to_node[link]]
        ax.plot(x[ends], y[ends], color="#0072B2", linewidth=2, zorder=5)
    stops = np.flatnonzero([str(name).startswith("stop:") for name in network.node_id])
    ax.plot(x[stops], y[stops], "o", color="#D55E00", markersize=5, zorder=6)
    trips = len(set(timetable.trip_id))
    ax.get_legend().remove()
    ax.set_title(
        f"Three boat lines, {len(stops)} stops, {trips} trips in 90 min\nSYNTHETIC: a made-up city"
    )


PICTURES: dict[str, Callable[[Axes], None]] = {
    one.__name__: one for one in (flood, fire, earthquake, closures, boats)
}


def draw(name: str) -> Path:
    """Draw a picture, in few colours so that it stays small."""
    figure, ax = plt.subplots(figsize=(8, 4.6), layout="constrained")
    PICTURES[name](ax)
    FOLDER.mkdir(exist_ok=True)
    path = FOLDER / f"{name}.png"
    figure.savefig(path, dpi=85, metadata={"Software": None})
    plt.close(figure)
    with Image.open(path) as image:
        few = image.convert("RGB").quantize(24, method=Image.Quantize.MEDIANCUT, dither=0)
    few.save(path, optimize=True)
    if path.stat().st_size > MOST_BYTES:
        raise SystemExit(f"{path}: {path.stat().st_size:,} bytes, expected {MOST_BYTES:,} at most")
    return path


def main() -> int:
    names = sys.argv[1:]
    if "--examples" in names:
        names.remove("--examples")
        with tempfile.TemporaryDirectory() as folder:
            for script in SCRIPTS:
                print(f"== {script}", flush=True)
                path = ROOT / "examples" / script
                subprocess.run([sys.executable, path], cwd=folder, env={**os.environ}, check=True)
    for name in names or PICTURES:
        path = draw(name)
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size / 1000:.0f} kB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
