"""Bundles for the runs: that of real Venice, a later version of it, one with too few places."""

from __future__ import annotations

import subprocess
import sys
from dataclasses import fields, replace
from pathlib import Path

import numpy as np

import evacroute as er
from evacroute.answering.bundle import Bundle, read_bundle

FILES = ("venice_segments.geojson.gz", "venice_bridges.csv")
PEOPLE, SHELTERS = "people_100k.csv.gz", "shelters_illustrative.csv"


def venice_bundle(venice: Path, out: Path) -> Path:
    """Plan for real Venice and make a bundle of it, by the commands; some minutes."""
    network, bridges = (str(venice / name) for name in FILES)
    plan, bundle = out / "plan", out / "bundle"
    run = [sys.executable, "-m", "evacroute"]
    places = ["--people", str(venice / PEOPLE), "--shelters", str(venice / SHELTERS)]
    line = [*run, "plan", "--network", network, "--bridges", bridges, *places]
    subprocess.run([*line, "--method", "over_time", "--out", str(plan)], check=True)
    subprocess.run([*run, "bundle", str(plan), "--out", str(bundle)], check=True)
    return bundle


def later_version(bundle: Path, out: Path) -> Path:
    """The same plan under a later version, which replaces the other in a store."""
    read = read_bundle(bundle)
    manifest = replace(
        read.manifest, made=read.manifest.made + 60, plan=f"{read.manifest.plan}-next"
    )
    replace(read, manifest=manifest).save(out)
    return out


def with_places(bundle: Path, out: Path, persons: int) -> Path:
    """The same plan with room for so many persons in all, shared out as before."""
    read = read_bundle(bundle)
    shelters = read.scenario.shelters
    share = persons / int(shelters.capacity.sum())
    scaled = {
        name: np.floor(getattr(shelters, name) * share).astype(getattr(shelters, name).dtype)
        for name in ("capacity", "step_free_capacity")
    }
    fewer = replace(shelters, **scaled)
    old = read.scenario
    scenario = er.Scenario(
        old.network, old.groups, fewer, classes=old.group_classes, deadline=old.deadline_s,
        hazard=old.link_times,
    )  # fmt: skip
    given = {one.name: getattr(read, one.name) for one in fields(Bundle)}
    Bundle(**{**given, "scenario": scenario}).save(out)
    return out
