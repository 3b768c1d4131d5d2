"""Draw the pictures of docs/gallery.md: a small PNG a hazard, one of boats, one of a played plan.

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
from matplotlib.ticker import PercentFormatter
from PIL import Image

import evacroute as er
from evacroute.plotting import plot_depth, plot_hazard
from evacroute.units import to_metres

ROOT = Path(__file__).resolve().parent.parent
FOLDER = ROOT / "docs" / "gallery"
MOST_BYTES = 60_000
SCRIPTS = (
    "09_flood_by_a_tide_series.py", "10_fire_in_the_alleys.py", "11_earthquake_draws.py",
    "12_closures.py", "14_boats_of_the_lagoon.py", "15_play_the_plan.py",
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


def played(ax: Axes) -> None:
    """Who is safe by when in the three runs of example 15, beside the plan."""
    plan = er.assign(er.lagoon(people=40_000))
    everyone, moves = plan.placed + plan.left, plan.movements
    curves = {"as planned": (moves.arrive, moves.size)}
    for name, options in (
        ("everybody follows the plan", {"compliance": 1.0}),
        ("four fifths follow it", {"compliance": 0.8}),
        ("everybody to the nearest shelter", {"behaviour": "nearest"}),
    ):
        run = er.simulate(plan, seed=1, **options)
        came = np.isfinite(run.arrive)
        curves[name] = run.arrive[came], run.size[came]
    styles = ("#000000", ":"), ("#0072B2", "-"), ("#E69F00", "--"), ("#D55E00", "-")
    for (name, (arrive, size)), (colour, style) in zip(curves.items(), styles, strict=True):
        order = np.argsort(arrive)
        safe = np.cumsum(size[order]) / everyone
        minute, safe = np.append(arrive[order] / 60, 200), np.append(safe, safe[-1])
        ax.plot(minute, safe, style, color=colour, linewidth=1.8, label=name)
    ax.axvline(plan.scenario.deadline_s / 60, color="#8a949e", linewidth=1)
    ax.text(plan.scenario.deadline_s / 60 - 1, 0.02, "deadline", ha="right", color="#5a646e")
    ax.set(xlim=(0, 100), ylim=(0, 1.02), xlabel="minutes after the alarm", ylabel="share safe")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.grid(color="#e3e7eb")
    ax.legend(loc="center", bbox_to_anchor=(0.56, 0.4))
    ax.set_title(f"{everyone:,} people, played out\nSYNTHETIC: a made-up city")


PICTURES: dict[str, Callable[[Axes], None]] = {
    one.__name__: one for one in (flood, fire, earthquake, closures, boats, played)
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
