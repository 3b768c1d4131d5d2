"""``evacroute classes``: the classes that people fall into, to be named in other options."""

from __future__ import annotations

import numpy as np
import pandas as pd
import typer

import evacroute as er
from evacroute.class_bins import bin_classes
from evacroute.cli.hazards import HazardOption, HeightsOption
from evacroute.cli.inputs import (
    BridgesOption,
    Inputs,
    InstanceOption,
    JsonOption,
    MaxDistanceOption,
    NetworkOption,
    PeopleOption,
    SeedOption,
    SpreadOption,
)
from evacroute.cli.shell import print_json, progress
from evacroute.hazards import wades


def classes(
    instance: InstanceOption = None,
    network: NetworkOption = None,
    bridges: BridgesOption = None,
    people: PeopleOption = None,
    max_distance: MaxDistanceOption = None,
    spread: SpreadOption = False,
    seed: SeedOption = 0,
    hazard: HazardOption = None,
    heights: HeightsOption = None,
    as_json: JsonOption = False,
) -> None:
    """List the classes of people: persons, speeds, steps or none.

    The most vulnerable stand first. Their ids are what --weight and --first of 'evacroute plan'
    take. Give --instance, or --network and --people (and --bridges, --spread and --seed as for the
    plan: the classes depend on them).
    """
    inputs = Inputs(
        instance, network, bridges, people, None, max_distance, seed if spread else None,
        hazard, heights,
    )  # fmt: skip
    with progress() as tell:
        if instance is not None:
            table = inputs.load("90min", tell)[0].classes_frame()
        else:
            streets, persons, _ = inputs.load_people(tell)
            # A flood keeps apart those who can wade less deep, so it makes other classes.
            table = _of_people(persons, by_depth=wades(inputs.load_hazards(streets)))
    if as_json:
        print_json({"classes": table.to_dict("records")})
        return
    width = max([5, *map(len, table["class_id"])])
    typer.echo(f"{'class':<{width}} {'persons':>9} {'flat m/s':>9} {'steps m/s':>9} {'width m':>8}")
    for row in table.to_dict("records"):
        steps = f"{row['speed_steps']:.2f}" if row["uses_steps"] else "no steps"
        typer.echo(
            f"{row['class_id']:<{width}} {row['persons']:>9,} {row['speed_flat']:>9.2f} "
            f"{steps:>9} {row['min_width']:>8.2f}"
        )


def _of_people(people: er.People, *, by_depth: bool) -> pd.DataFrame:
    bins = bin_classes(people, by_depth=by_depth)
    persons = np.bincount(bins.class_of_party, weights=bins.size, minlength=len(bins.classes))
    return bins.classes.frame(persons)
