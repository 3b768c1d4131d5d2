"""What a verification looks at: a plan as plain arrays, from memory or from its folder.

Nothing of the assigner is used here, so that its faults cannot hide themselves.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacroute._plan_tables import find, read_columns, read_legs, read_summary
from evacroute.errors import Faults
from evacroute.network import KINDS
from evacroute.prices import Prices
from evacroute.verification.changes import (
    LinkRows,
    Rides,
    WalkRows,
    link_rows_of,
    read_link_times,
    read_rides,
    read_walks,
    rides_of,
    walk_rows_of,
)

if TYPE_CHECKING:
    from evacroute.plan import Plan

Floats = NDArray[np.float64]
Positions = NDArray[np.int32]
Text = NDArray[Any]

FIGURES = ("cost", "weighted_cost", "placed", "left", "mean", "p95", "clearance", "gap")
_WHEELCHAIR = {"no": -1, "yes": 1, "-1": -1, "1": 1}


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """Links, classes, groups and shelters; positions in each other's arrays, times in seconds."""

    link_id: Text
    link_from: Positions
    link_to: Positions
    length: Floats
    width: Floats
    steps: Floats
    capacity: Floats
    ferry: NDArray[np.bool_]
    wheelchair: NDArray[np.int64]
    class_id: Text
    speed_flat: Floats
    speed_steps: Floats
    min_width: Floats
    space: Floats
    group_id: Text
    group_node: Positions
    group_class: Positions
    group_ready: Floats
    group_size: NDArray[np.int64]
    together: NDArray[np.bool_]
    shelter_id: Text
    shelter_node: Positions
    room: Floats
    step_free_room: Floats
    intake: Floats
    hot_from: Floats
    link_times: LinkRows
    rides: Rides
    walks: WalkRows


@dataclass(frozen=True, slots=True, eq=False)
class Persons:
    """Who goes with which movement where and when, as the plan tells the persons."""

    person_id: Text
    movement: NDArray[np.int64]
    shelter: Positions
    depart: Floats
    arrive: Floats
    left_person_id: Text


@dataclass(frozen=True, slots=True, eq=False)
class Evidence:
    """An instance, the movements and legs that answer it, and what the plan says of itself."""

    source: str
    instance: Instance
    step: float
    deadline: float
    group: Positions
    shelter: Positions
    size: NDArray[np.int64]
    class_: Positions
    ready: Floats
    depart: Floats
    arrive: Floats
    ptr: NDArray[np.int64]
    link: NDArray[np.int64]
    enter: Floats
    leave: Floats
    left_group: Positions
    left_size: NDArray[np.int64]
    left_reason: Text
    persons: Persons | None
    bound: float | None
    max_density: float | None
    made_anew: bool
    stated: dict[str, float | None]
    stated_filled: NDArray[np.int64]
    prices: Prices | None

    @property
    def weight(self) -> Floats:
        """What a second of each movement's persons counts for in the bound."""
        class_ = self.instance.group_class[self.group]
        return np.ones(len(class_)) if self.prices is None else self.prices.weight[class_]


def _cooled(instance: Instance, deadline: float) -> Instance:
    """Take the room from shelters that get hot before the deadline."""
    cool = instance.hot_from >= deadline
    if cool.all():
        return instance
    return replace(
        instance, room=np.where(cool, instance.room, 0.0),
        step_free_room=np.where(cool, instance.step_free_room, 0.0),
    )  # fmt: skip


def from_plan(plan: Plan) -> Evidence:
    """Take the arrays of a plan in memory."""
    scenario, moves = plan.scenario, plan.movements
    network, classes = scenario.network, scenario.group_classes
    groups, shelters = scenario.groups, scenario.all_shelters
    instance = Instance(
        link_id=network.link_id,
        link_from=network.from_node,
        link_to=network.to_node,
        length=network.length,
        width=network.width,
        steps=network.steps.astype(np.float64),
        capacity=network.capacity,
        ferry=network.kind == KINDS.index("ferry"),
        wheelchair=network.wheelchair.astype(np.int64),
        class_id=classes.class_id,
        speed_flat=classes.speed_flat,
        speed_steps=classes.speed_steps,
        min_width=classes.min_width,
        space=classes.space,
        group_id=groups.group_id,
        group_node=groups.node,
        group_class=groups.class_,
        group_ready=groups.ready_time,
        group_size=groups.size.astype(np.int64),
        together=groups.together,
        shelter_id=shelters.shelter_id,
        shelter_node=shelters.node,
        room=shelters.capacity.astype(np.float64),
        step_free_room=shelters.step_free_capacity.astype(np.float64),
        intake=shelters.intake_rate,
        hot_from=scenario.hot_from,
        link_times=link_rows_of(scenario),
        rides=rides_of(scenario),
        walks=walk_rows_of(scenario),
    )
    left = plan.unassigned_groups
    persons = None
    if plan.roster is not None:
        placed = plan.assignments_frame()
        movement = placed["movement_id"].to_numpy(np.int64)
        persons = Persons(
            person_id=placed["person_id"].to_numpy(object),
            movement=movement,
            shelter=moves.shelter[movement],
            depart=placed["depart_s"].to_numpy(np.float64),
            arrive=placed["arrive_s"].to_numpy(np.float64),
            left_person_id=plan.unassigned["person_id"].to_numpy(object),
        )
    figures = plan.times.to_dict() | {"cost": plan.cost, "gap": plan.gap}
    figures |= {"placed": plan.placed, "left": plan.left, "weighted_cost": plan.weighted_cost}
    return Evidence(
        source=repr(plan),
        instance=_cooled(instance, scenario.deadline_s),
        step=plan.step_s,
        deadline=scenario.deadline_s,
        group=moves.group,
        shelter=moves.shelter,
        size=moves.size.astype(np.int64),
        class_=groups.class_[moves.group],
        ready=groups.ready_time[moves.group],
        depart=moves.depart,
        arrive=moves.arrive,
        ptr=moves.leg_ptr,
        link=moves.leg_link.astype(np.int64),
        enter=moves.leg_enter,
        leave=moves.leg_leave,
        left_group=find(left["group_id"].to_numpy(object), groups.group_id, "", Faults(""), True),
        left_size=left["size"].to_numpy(np.int64),
        left_reason=left["reason"].to_numpy(object),
        persons=persons,
        bound=plan.bound,
        max_density=plan.settings.get("max_density"),
        made_anew=plan.method == "replan",
        stated=figures,
        stated_filled=plan.shelters_frame()["filled"].to_numpy(np.int64),
        prices=plan.prices,
    )


def from_folder(folder: str | Path) -> Evidence:
    """Read the arrays of a plan folder.

    Raises
    ------
    InputError
        If a file is missing or cannot be read, or names something the instance does not have.
    """
    path = Path(folder)
    record = read_summary(path / "summary.json")
    deadline = float(record["deadline_s"])
    instance = _read_instance(path / "instance", deadline)
    table = read_columns(
        path / "movements.csv.gz",
        text=("group_id", "class_id", "shelter_id"),
        number=("size", "ready_s", "depart_s", "arrive_s"),
    )
    legs = read_legs(path / "legs.npz", len(table["size"]))
    faults = Faults(str(path / "movements.csv.gz"))
    n_links = len(instance.link_id)
    for leg in np.flatnonzero((legs["link"] < 0) | (legs["link"] >= n_links)):
        link = legs["link"][leg]
        faults.add(f"legs.npz: link of leg {leg} is {link}, expected a row 0 to {n_links - 1}")
    for name in ("enter", "leave"):
        for leg in np.flatnonzero(~np.isfinite(legs[name])):
            faults.add(f"legs.npz: {name} of leg {leg} is {legs[name][leg]}, expected seconds")
    group = find(table["group_id"], instance.group_id, "group_id", faults)
    class_ = find(table["class_id"], instance.class_id, "class_id", faults)
    shelter = find(table["shelter_id"], instance.shelter_id, "shelter_id", faults)
    faults.raise_if_any()
    no_persons = {"person_id": "", "household_id": ""}
    left = read_columns(
        path / "unassigned.csv",
        text=("person_id", "group_id", "reason"),
        number=("size",),
        defaults=no_persons,
    )
    faults = Faults(str(path / "unassigned.csv"))
    left_group = find(left["group_id"], instance.group_id, "group_id", faults, empty=True)
    faults.raise_if_any()
    return Evidence(
        source=str(folder),
        instance=_cooled(instance, float(record["deadline_s"])),
        step=float(record["step_s"]),
        deadline=deadline,
        group=group,
        shelter=shelter,
        size=_counts(table["size"], path / "movements.csv.gz", "size"),
        class_=class_,
        ready=table["ready_s"],
        depart=table["depart_s"],
        arrive=table["arrive_s"],
        ptr=legs["ptr"],
        link=legs["link"],
        enter=legs["enter"],
        leave=legs["leave"],
        left_group=left_group,
        left_size=_counts(left["size"], path / "unassigned.csv", "size"),
        left_reason=left["reason"],
        persons=_read_persons(path / "assignments.csv.gz", instance, left["person_id"]),
        bound=record.get("bound"),
        max_density=(record.get("settings") or {}).get("max_density"),
        made_anew=record.get("method") == "replan",
        stated={name: record.get(name) for name in FIGURES},
        stated_filled=_read_filled(path / "shelters.csv", instance),
        prices=_read_prices(path / "prices.npz", instance),
    )


def _read_prices(path: Path, instance: Instance) -> Prices | None:
    if not path.exists():
        return None
    prices = Prices.load(path)
    faults = Faults(str(path))
    i = instance
    for fault in prices.misfits(
        len(i.link_id), len(i.shelter_id), len(i.class_id), len(i.group_id)
    ):
        faults.add(fault)
    faults.raise_if_any()
    return prices


def _read_instance(path: Path, deadline: float) -> Instance:
    nodes = read_columns(path / "node.csv", text=("node_id",))["node_id"]
    link = read_columns(
        path / "link.csv",
        text=("link_id", "from_node_id", "to_node_id", "kind", "wheelchair"),
        number=("length", "width", "steps", "capacity"),
        defaults={"kind": "", "wheelchair": ""},
    )
    class_ = read_columns(
        path / "classes.csv",
        text=("class_id",),
        number=("speed_flat", "speed_steps", "min_width", "space"),
        defaults={"min_width": 0.0, "space": 1.0},
    )
    group = read_columns(
        path / "groups.csv.gz",
        text=("group_id", "node_id", "class_id"),
        number=("ready_time", "size", "together"),
        defaults={"together": 0.0},
    )
    shelter = read_columns(
        path / "shelters.csv",
        text=("shelter_id", "node_id"),
        number=("capacity", "step_free_capacity", "intake_rate", "hot_from_s"),
        defaults=dict.fromkeys(("step_free_capacity", "intake_rate", "hot_from_s"), np.inf),
    )
    faults = Faults(str(path))
    instance = Instance(
        link_id=link["link_id"],
        link_from=find(link["from_node_id"], nodes, "link.csv: from_node_id", faults),
        link_to=find(link["to_node_id"], nodes, "link.csv: to_node_id", faults),
        length=link["length"],
        width=link["width"],
        steps=link["steps"],
        capacity=link["capacity"],
        ferry=link["kind"] == "ferry",
        wheelchair=np.array([_WHEELCHAIR.get(word, 0) for word in link["wheelchair"].tolist()]),
        class_id=class_["class_id"],
        speed_flat=class_["speed_flat"],
        speed_steps=class_["speed_steps"],
        min_width=class_["min_width"],
        space=class_["space"],
        group_id=group["group_id"],
        group_node=find(group["node_id"], nodes, "groups.csv.gz: node_id", faults),
        group_class=find(group["class_id"], class_["class_id"], "groups.csv.gz: class_id", faults),
        group_ready=group["ready_time"],
        group_size=_counts(group["size"], path / "groups.csv.gz", "size"),
        together=group["together"] != 0,
        shelter_id=shelter["shelter_id"],
        shelter_node=find(shelter["node_id"], nodes, "shelters.csv: node_id", faults),
        room=shelter["capacity"],
        step_free_room=np.minimum(shelter["step_free_capacity"], shelter["capacity"]),
        intake=shelter["intake_rate"],
        hot_from=shelter["hot_from_s"],
        link_times=read_link_times(path, link["link_id"], class_["class_id"], faults),
        rides=read_rides(path, link["link_id"], deadline, faults),
        walks=read_walks(path, group["group_id"], link["link_id"], faults),
    )
    faults.raise_if_any()
    return instance


def _read_persons(path: Path, instance: Instance, left_person_id: Text) -> Persons | None:
    if not path.exists():
        return None
    table = read_columns(
        path,
        text=("person_id", "shelter_id"),
        number=("movement_id", "depart_s", "arrive_s"),
    )
    faults = Faults(str(path))
    shelter = find(table["shelter_id"], instance.shelter_id, "shelter_id", faults)
    faults.raise_if_any()
    return Persons(
        person_id=table["person_id"],
        movement=_counts(table["movement_id"], path, "movement_id"),
        shelter=shelter,
        depart=table["depart_s"],
        arrive=table["arrive_s"],
        left_person_id=left_person_id,
    )


def _read_filled(path: Path, instance: Instance) -> NDArray[np.int64]:
    table = read_columns(path, text=("shelter_id",), number=("filled",))
    faults = Faults(str(path))
    row = find(instance.shelter_id, table["shelter_id"], "shelter_id", faults)
    faults.raise_if_any()
    return _counts(table["filled"], path, "filled")[row]


def _counts(values: Floats, path: Path, name: str) -> NDArray[np.int64]:
    faults = Faults(str(path))
    for row in np.flatnonzero(~(np.isfinite(values) & (values == np.rint(values)))):
        faults.add(f"row {row + 2}: {name} is {values[row]}, expected a whole number")
    faults.raise_if_any()
    return values.astype(np.int64)


class Legs:
    """What several rules need to know of each leg; arrays of shape (n_legs,) unless said.

    Attributes
    ----------
    count
        Legs of each movement, shape (n_movements,).
    walks
        Movements that have legs, shape (n_movements,).
    movement, class_
        Whose leg it is.
    first
        Whether it is its movement's first.
    last
        Positions of the last legs of movements that have legs.
    can
        Whether the class has a speed on the link.
    time
        Length / speed [s] at the factor of the time of entering, NaN where it has none.
    closed_s
        Seconds of it in which the link is closed to the class.
    """

    def __init__(self, e: Evidence) -> None:
        i = e.instance
        count = np.diff(e.ptr)
        self.count = count
        self.movement = np.repeat(np.arange(len(count)), count)
        self.first = np.zeros(len(e.link), dtype=bool)
        self.walks = count > 0
        self.first[e.ptr[:-1][self.walks]] = True
        self.last = e.ptr[1:][self.walks] - 1
        self.class_ = i.group_class[e.group][self.movement]
        stepped = i.steps[e.link] > 0
        speed = np.where(stepped, i.speed_steps[self.class_], i.speed_flat[self.class_])
        self.can = (speed > 0) & ~i.ferry[e.link]
        self.time = np.divide(
            i.length[e.link], speed, out=np.full(len(speed), np.nan), where=self.can
        )
        self.closed_s = np.zeros(len(speed))

    def slowed(self, factor: Floats, closed_s: Floats) -> None:
        """Take into account what link times say of each leg."""
        self.closed_s = closed_s
        self.time = np.divide(self.time, factor, out=np.full(len(factor), np.nan), where=factor > 0)
        self.can = self.can & (factor > 0)


def who(e: Evidence, movement: int) -> str:
    """Name a movement for messages."""
    return f"movement {movement} of group {e.instance.group_id[e.group[movement]]}"


def link_name(e: Evidence, leg: int) -> str:
    """Name a leg's link for messages."""
    return f"link {e.instance.link_id[e.link[leg]]}"
