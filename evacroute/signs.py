"""What tells the way at each link of a network: names, kinds, headings, squares to be seen."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute.load.street_capacity import kind_of_name
from evacroute.network import KINDS, Network
from evacroute.units import to_metres

REACH = 12.0
"""A heading is taken over so many metres, so that a kink at a corner does not decide it."""

AHEAD = 45.0
"""A way that turns less than this from the one before lies ahead [degrees]."""

GANGWAY = "gangway"
"""Kind, and beginning of the id, of links that `read_boats` and `shuttles` lead to a stop."""

_BEFORE = ("square", "quay", "calle", "underpass", "steps")
"""Kinds whose names serve to name a place, the best first."""


@dataclass(frozen=True, slots=True, eq=False)
class Signs:
    """What tells the way in a network, as plain lists for speed; see `signs_of`.

    Parameters
    ----------
    kind
        Of each link: word of `KINDS`; a calle whose name says so is a square, quay or underpass,
        one with steps is "steps"; the way between street and boat stop is "gangway".
    name
        Of each link, "" where it has none that serves.
    length
        Of each link [m].
    steps
        Of each link: 0 none, 1 of unknown number (or one), else the count.
    to_node, from_node
        Of each link.
    head_x, head_y, tail_x, tail_y, reach
        East and north from the link's begin to `REACH` along it, and from `REACH` before its end to
        the end; `reach` is how far that is, less on short links [m].
    junction
        Of each link: whether three or more streets meet at its end.
    fork
        Of each link: whether two or more ways lie ahead at its end.
    reverse
        Of each link: the link of the same street the other way, -1 where there is none.
    square_at
        Of each node: name of a square that touches it, or "".
    place
        Of each node: best name of a street or square that touches it, or ""; a boat stop's own.
    """

    kind: list[str]
    name: list[str]
    length: list[float]
    steps: list[int]
    from_node: list[int]
    to_node: list[int]
    head_x: list[float]
    head_y: list[float]
    tail_x: list[float]
    tail_y: list[float]
    reach: list[float]
    junction: list[bool]
    fork: list[bool]
    reverse: list[int]
    square_at: list[str]
    place: list[str]


@lru_cache(maxsize=2)
def signs_of(network: Network) -> Signs:
    """Prepare a network for directions; the last two networks are remembered.

    Complexity: linear in links, some 0.2 s for 15,000.
    """
    kinds, names = _kinds_and_names(network)
    heads, tails, reach = _headings(network)
    junction, fork = _junctions(network, heads, tails)
    square_at, place = _places(network, kinds, names)
    return Signs(
        kind=kinds,
        name=names,
        length=network.length.tolist(),
        steps=network.steps.tolist(),
        from_node=network.from_node.tolist(),
        to_node=network.to_node.tolist(),
        head_x=heads[:, 0].tolist(),
        head_y=heads[:, 1].tolist(),
        tail_x=tails[:, 0].tolist(),
        tail_y=tails[:, 1].tolist(),
        reach=reach.tolist(),
        junction=junction.tolist(),
        fork=fork.tolist(),
        reverse=_reverse(network),
        square_at=square_at,
        place=place,
    )


def sign_name(name: str, kind: str) -> str:
    """Name to tell of a link: of several (a, b; c / d) the one that suits its kind, else the first.

    A bridge is not told by the name of the street that leads over it, nor a street by a bridge's.

    Examples
    --------
    >>> sign_name("Ponte Minich, Calle Trevisana", "bridge")
    'Ponte Minich'
    >>> sign_name("Ponte Minich, Calle Trevisana", "calle")
    'Calle Trevisana'
    >>> sign_name("Calle Trevisana", "bridge")
    ''
    """
    parts = [part.strip() for part in re.split(r";|,\s|\s/\s", name) if part.strip()]
    told = [kind_of_name(part) for part in parts]
    for part, word in zip(parts, told, strict=True):
        if word == kind:
            return part
    for part, word in zip(parts, told, strict=True):
        if not word or (word != "bridge" and kind != "bridge"):
            return part
    return ""


def _kinds_and_names(network: Network) -> tuple[list[str], list[str]]:
    known: dict[tuple[str, int, bool], tuple[str, str]] = {}
    kinds, names = [], []
    columns = (network.name, network.kind.tolist(), (network.steps > 0).tolist())
    for key in zip(*columns, strict=True):
        if key not in known:
            known[key] = _kind_and_name(str(key[0]), KINDS[key[1]], key[2])
        kind, name = known[key]
        kinds.append(kind)
        names.append(name)
    for link, id_ in enumerate(network.link_id.tolist()):
        if str(id_).startswith(f"{GANGWAY}:"):
            # Called as the stop is, whatever kind of street that name would be.
            kinds[link], names[link] = GANGWAY, str(network.name[link])
    return kinds, names


def _kind_and_name(text: str, kind: str, stepped: bool) -> tuple[str, str]:
    name = sign_name(text, kind)
    word = kind_of_name(name) if name else ""
    if kind == "calle" and stepped:
        kind = "steps"
    elif kind == "calle" and word in ("square", "quay", "underpass"):
        kind = word
    return kind, name


def _headings(
    network: Network,
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.float64]]:
    """Find how each link begins and ends: east and north over `REACH`, and how far that is [m]."""
    ptr, counts = network.geometry_ptr, np.diff(network.geometry_ptr)
    x, y = to_metres(network.lon, network.lat, network.origin)
    node = np.column_stack([x, y])
    first, last = node[network.from_node], node[network.to_node]
    heads, tails = last - first, last - first
    reach = np.minimum(np.hypot(*heads.T), REACH)
    drawn = np.flatnonzero(counts >= 2)
    if not len(drawn):
        return heads, tails, reach
    x, y = to_metres(network.geometry_lon, network.geometry_lat, network.origin)
    gap = np.hypot(np.diff(x, prepend=x[0]), np.diff(y, prepend=y[0]))
    # Between two links lies a gap of 1 m, so that each place along the whole is on one link.
    gap[ptr[:-1][counts > 0]] = 1.0
    along = np.cumsum(gap)
    begin, end = along[ptr[drawn]], along[ptr[drawn + 1] - 1]
    near = np.minimum(end - begin, REACH)

    def at(places: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([np.interp(places, along, x), np.interp(places, along, y)])

    heads[drawn] = at(begin + near) - at(begin)
    tails[drawn] = at(end) - at(end - near)
    reach[drawn] = near
    return heads, tails, reach


def _junctions(
    network: Network, heads: NDArray[np.float64], tails: NDArray[np.float64]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Find at whose end three streets meet, and at whose end two ways lie ahead."""
    n = network.n_nodes
    start, end = network.from_node.astype(np.int64), network.to_node.astype(np.int64)
    ends = np.unique(np.concatenate([start * n + end, end * n + start]))
    ends = ends[ends // n != ends % n]
    junction = np.bincount(ends // n, minlength=n)[end] >= 3
    # Pairs of a link and one that leaves its end; the way back is never one ahead.
    order = np.argsort(start, kind="stable")
    ptr = np.searchsorted(start[order], np.arange(n + 1))
    many = ptr[end + 1] - ptr[end]
    link = np.repeat(np.arange(len(start)), many)
    rank = np.arange(len(link)) - np.repeat(np.cumsum(many) - many, many)
    next_ = order[ptr[end[link]] + rank]
    turn = angle(tails[link, 0], tails[link, 1], heads[next_, 0], heads[next_, 1])
    ahead = np.abs(turn) < AHEAD
    return junction, np.bincount(link[ahead], minlength=len(start)) >= 2


def angle(x: Any, y: Any, to_x: Any, to_y: Any) -> Any:
    """Turn from one heading to another [degrees, left > 0, -180..180]; 0 where one has no length.

    Examples
    --------
    >>> float(angle(0, 1, -1, 0))  # from north to west: left
    90.0
    """
    return np.degrees(np.arctan2(x * to_y - y * to_x, x * to_x + y * to_y))


def _reverse(network: Network) -> list[int]:
    ends = zip(network.from_node.tolist(), network.to_node.tolist(), strict=True)
    keys = [(a, b, m) for (a, b), m in zip(ends, np.round(network.length, 2).tolist(), strict=True)]
    place = {key: i for i, key in enumerate(keys)}
    return [place.get((b, a, m), -1) for a, b, m in keys]


def _places(network: Network, kinds: list[str], names: list[str]) -> tuple[list[str], list[str]]:
    """Name each node: by a square that touches it, and by the best that does."""
    square_at, place = [""] * network.n_nodes, [""] * network.n_nodes
    ends = list(zip(network.from_node.tolist(), network.to_node.tolist(), strict=True))
    for wanted in _BEFORE:
        for link, nodes in enumerate(ends):
            if kinds[link] == wanted and names[link]:
                for node in nodes:
                    place[node] = place[node] or names[link]
        if wanted == "square":
            square_at = list(place)
    stops = {
        node for kind, nodes in zip(kinds, ends, strict=True) if kind == "ferry" for node in nodes
    }
    for kind, name, nodes in zip(kinds, names, ends, strict=True):
        if kind == GANGWAY and name:
            for node in stops.intersection(nodes):
                place[node] = name
    return square_at, place
