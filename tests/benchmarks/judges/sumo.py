"""Play a plan in SUMO without interaction: are the routes walkable, and do the times hold?

Every link becomes an edge of its length, for pedestrians only; every movement a person who walks
the plan's links one after another, at the class's speed on the level or on steps, from the time the
plan says. Persons do not hinder each other there (``--pedestrian.model nonInteracting``), so what
is judged is the geometry of the plan and its free-flow times: waits on the way and at doors, and
the rounding to the time grid, are the difference.
"""

from __future__ import annotations

import importlib
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET
from pathlib import Path
from typing import Any
from xml.sax.saxutils import quoteattr

import numpy as np
from numpy.typing import NDArray

import evacroute as er
from evacroute.units import to_metres

from .verdict import Verdict, judged

SHORTEST = 0.1
"""SUMO takes no shorter edge [m]."""


def play(plan: er.Plan, *, sample: int = 10_000, most: float = 2.0, seed: int = 0) -> Verdict:
    """Play a plan, or a sample of its movements.

    Parameters
    ----------
    plan
        The plan; who it leaves takes no part.
    sample
        At most so many movements are played, drawn by the number of their persons.
    most
        The run is stopped at so many times the deadline.
    seed
        Seed of the sample.
    """
    begin = time.perf_counter()
    moves = plan.movements
    chosen = np.flatnonzero(np.diff(moves.leg_ptr) > 0)
    if len(chosen) > sample:
        weight = moves.size[chosen] / moves.size[chosen].sum()
        chosen = np.sort(
            np.random.default_rng(seed).choice(chosen, sample, replace=False, p=weight)
        )
    with tempfile.TemporaryDirectory() as folder:
        arrived = _run(plan, chosen, Path(folder), most * plan.scenario.deadline_s)
    size = np.ones(len(chosen), np.int64) if len(chosen) == sample else moves.size[chosen]
    return judged(
        "SUMO, nonInteracting",
        np.repeat(plan.ready[chosen], size),
        np.repeat(moves.arrive[chosen], size),
        np.repeat(arrived, size),
        time.perf_counter() - begin,
    )


def _run(plan: er.Plan, chosen: NDArray[Any], folder: Path, end: float) -> NDArray[np.float64]:
    home = Path(importlib.import_module("sumo").__file__ or "").parent / "bin"
    _write_streets(plan.scenario.network, folder)
    _call(
        home / "netconvert", "--node-files", folder / "n.xml", "--edge-files", folder / "e.xml",
        "--connection-files", folder / "c.xml", "--output-file", folder / "net.xml",
        "--no-turnarounds", "false", "--no-internal-links", "true", "--no-warnings", "true",
    )  # fmt: skip
    _write_walks(plan, chosen, folder / "walks.xml")
    _call(
        home / "sumo", "-n", folder / "net.xml", "-r", folder / "walks.xml", "--end", f"{end:g}",
        "--pedestrian.model", "nonInteracting", "--tripinfo-output", folder / "trips.xml",
        "--no-step-log", "true", "--no-warnings", "true", "--step-length", "0.1",
        "--xml-validation", "never", "--duration-log.disable", "true",
    )  # fmt: skip
    arrived = np.full(len(chosen), np.nan)
    for _, element in ET.iterparse(folder / "trips.xml"):
        if element.tag == "personinfo":
            last = element.findall("walk")[-1].get("arrival", "-1")
            if float(last) >= 0:
                arrived[int(element.get("id", "-1"))] = float(last)
            element.clear()
    return arrived


def _call(*arguments: Any) -> None:
    done = subprocess.run([str(a) for a in arguments], capture_output=True, text=True, check=False)
    if done.returncode:
        raise RuntimeError(f"{Path(arguments[0]).name} failed:\n{done.stderr[-2000:]}")


def _write_streets(network: er.Network, folder: Path) -> None:
    """Nodes, edges, and every turn from an edge to the next as a connection."""
    x, y = to_metres(network.lon, network.lat, network.origin)
    with (folder / "n.xml").open("w") as out:
        out.write("<nodes>\n")
        for v, (east, north) in enumerate(zip(x.tolist(), y.tolist(), strict=True)):
            out.write(f'<node id="{v}" x="{east:.2f}" y="{north:.2f}" type="priority"/>\n')
        out.write("</nodes>\n")
    length = np.maximum(network.length, SHORTEST).tolist()
    ends = list(zip(network.from_node.tolist(), network.to_node.tolist(), strict=True))
    with (folder / "e.xml").open("w") as out:
        out.write("<edges>\n")
        for i, (a, b) in enumerate(ends):
            if a != b:
                out.write(
                    f'<edge id="{i}" from="{a}" to="{b}" length="{length[i]:.3f}" numLanes="1" '
                    f'speed="10" width="2" allow="pedestrian"/>\n'
                )
        out.write("</edges>\n")
    ahead: dict[int, list[int]] = {}
    for i, (a, b) in enumerate(ends):
        if a != b:
            ahead.setdefault(a, []).append(i)
    with (folder / "c.xml").open("w") as out:
        out.write("<connections>\n")
        for i, (a, b) in enumerate(ends):
            if a != b:
                for j in ahead.get(b, []):
                    out.write(f'<connection from="{i}" to="{j}" fromLane="0" toLane="0"/>\n')
        out.write("</connections>\n")


def _write_walks(plan: er.Plan, chosen: NDArray[Any], path: Path) -> None:
    """Write persons in the order of departure; links of one speed in a row are one walk."""
    moves, scenario = plan.movements, plan.scenario
    network, classes = scenario.network, scenario.group_classes
    class_ = scenario.groups.class_[moves.group]
    stepped = network.steps > 0
    loops = network.from_node == network.to_node
    with path.open("w") as out:
        out.write("<routes>\n")
        for row in np.argsort(moves.depart[chosen], kind="stable").tolist():
            m = int(chosen[row])
            links = moves.leg_link[moves.leg_ptr[m] : moves.leg_ptr[m + 1]]
            links = links[~loops[links]]
            speeds = classes.speed_flat[class_[m]], classes.speed_steps[class_[m]]
            out.write(f'<person id="{row}" depart="{moves.depart[m]:.2f}" departPos="0">\n')
            cut = np.flatnonzero(np.diff(stepped[links])) + 1
            for part in np.split(links, cut):
                speed = speeds[int(stepped[part[0]])]
                edges = quoteattr(" ".join(map(str, part.tolist())))
                out.write(f'<walk edges={edges} speed="{speed:.4f}" arrivalPos="-0.001"/>\n')
            out.write("</person>\n")
        out.write("</routes>\n")
