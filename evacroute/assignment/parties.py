"""Parties: groups, or parts of groups, that are placed by themselves."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from evacroute.assignment.room import RoomFlow
from evacroute.people import Groups


@dataclass(frozen=True, slots=True, eq=False)
class Parties:
    """Arrays of equal length.

    Parameters
    ----------
    group
        Position of the group.
    size
        Persons.
    target
        The shelter they must go to, -1 = any.
    """

    group: NDArray[np.int32]
    size: NDArray[np.int32]
    target: NDArray[np.int32]

    def __len__(self) -> int:
        return len(self.group)

    def take(self, which: NDArray[np.int64]) -> Parties:
        """Take some of the parties."""
        return Parties(self.group[which], self.size[which], self.target[which])


def whole_groups(groups: Groups) -> Parties:
    """Every group as one party that may go anywhere."""
    return Parties(
        group=np.arange(len(groups), dtype=np.int32),
        size=groups.size.copy(),
        target=np.full(len(groups), -1, np.int32),
    )


@dataclass(frozen=True, slots=True, eq=False)
class Origins:
    """Distinct (node, class) pairs with people.

    Parameters
    ----------
    node, class_
        What they share, shape (n_origins,).
    persons
        How many, shape (n_origins,).
    of_group
        Origin of each group, shape (n_groups,).
    """

    node: NDArray[np.int32]
    class_: NDArray[np.int32]
    persons: NDArray[np.int64]
    of_group: NDArray[np.int64]


def gather(groups: Groups, n_classes: int) -> Origins:
    """Find the origins of all groups."""
    key = groups.node.astype(np.int64) * n_classes + groups.class_
    unique, of_group = np.unique(key, return_inverse=True)
    persons = np.bincount(of_group, weights=groups.size, minlength=len(unique))
    return Origins(
        node=(unique // n_classes).astype(np.int32),
        class_=(unique % n_classes).astype(np.int32),
        persons=persons.astype(np.int64),
        of_group=of_group.ravel(),
    )


def split(groups: Groups, origins: Origins, flow: RoomFlow) -> Parties:
    """Share the flow of each origin among its groups.

    Where an origin's people go to several shelters, the first to be ready take the farthest.
    A group that goes together takes one shelter whole, the one with most of the flow left, even if
    that is a little less than its size. Persons without flow become parties with target -1.
    """
    n_flows = np.bincount(flow.origin, minlength=len(origins.node))
    only = np.full(len(origins.node), -1, np.int64)
    only[flow.origin] = flow.shelter
    simple = (n_flows == 1) & (flow.left == 0)
    plain = np.flatnonzero(simple[origins.of_group])
    group = [plain.astype(np.int32)]
    size = [groups.size[plain]]
    target = [only[origins.of_group[plain]].astype(np.int32)]

    rest = np.flatnonzero(~simple[origins.of_group])
    rest = rest[np.lexsort((groups.ready_time[rest], origins.of_group[rest]))]
    begin = np.searchsorted(origins.of_group[rest], np.arange(len(origins.node) + 1))
    shares: dict[int, list[tuple[int, int, int]]] = {}
    parted = ~simple[flow.origin]
    for o, cost, s, persons in zip(
        *(v[parted].tolist() for v in (flow.origin, flow.cost, flow.shelter, flow.persons)),
        strict=True,
    ):
        shares.setdefault(o, []).append((cost, s, persons))
    rows: list[tuple[int, int, int]] = []
    for o in np.flatnonzero(~simple & (np.diff(begin) > 0)).tolist():
        members = rest[begin[o] : begin[o + 1]].tolist()
        rows += _share(groups, members, sorted(shares.get(o, []), reverse=True))
    if rows:
        table = np.array(rows, np.int32)
        group.append(table[:, 0])
        size.append(table[:, 1])
        target.append(table[:, 2])
    return Parties(np.concatenate(group), np.concatenate(size), np.concatenate(target))


def _share(
    groups: Groups, members: list[int], shares: list[tuple[int, int, int]]
) -> list[tuple[int, int, int]]:
    """Rows of (group, size, target) for the groups of one origin, households first."""
    shelter = [s for _, s, _ in shares]
    remaining = [persons for _, _, persons in shares]
    rows = []
    for g in sorted(members, key=lambda g: not groups.together[g]):
        need = int(groups.size[g])
        if groups.together[g]:
            best = max(range(len(shelter)), key=lambda i: remaining[i], default=-1)
            if best >= 0 and remaining[best] > 0:
                rows.append((g, need, shelter[best]))
                remaining[best] -= need
            else:
                rows.append((g, need, -1))
            continue
        for i in range(len(shelter)):
            many = min(need, remaining[i])
            if many > 0:
                rows.append((g, many, shelter[i]))
                remaining[i] -= many
                need -= many
        if need > 0:
            rows.append((g, need, -1))
    return rows
