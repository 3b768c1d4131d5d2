"""Join a survey of bridges to the bridge links of a network, by position and name."""

from __future__ import annotations

import copy
import re
from collections import defaultdict
from dataclasses import replace
from difflib import SequenceMatcher
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.sparse import coo_matrix
from scipy.sparse.csgraph import connected_components

from evacroute.errors import InputError, NetworkError
from evacroute.load.bridge_survey import BridgeReport, BridgeSurvey, read_survey
from evacroute.load.street_capacity import BRIDGE, capacities, plain_text
from evacroute.network import Network
from evacroute.units import to_metres

MAX_DISTANCE = 20.0
"""A survey row is joined to a bridge at most this far [m]."""

SURE_DISTANCE = 10.0
"""A match farther than this is doubtful [m]."""

RIVAL = 5.0
"""Another bridge less than this farther than the nearest makes a match doubtful [m]."""

NAME_BONUS = 15.0
"""A common name makes up for this much distance [m]."""

ALIKE = 0.8
"""Words this alike (`difflib` ratio) are spellings of one."""

_NO_NAME = frozenset({
    "ponte", "ponticello", "bridge", "passerella", "privato", "de", "del", "della", "dello", "dei",
    "degli", "delle", "dell", "di", "da", "a", "al", "la", "le", "lo", "il", "l", "d", "s", "san",
    "santa", "santi", "o", "e",
})  # fmt: skip
"""Words that tell no bridge from another."""


def join_bridges(
    network: Network,
    survey: str | Path | pd.DataFrame,
    *,
    max_distance: float = MAX_DISTANCE,
) -> tuple[Network, BridgeReport]:
    """Give bridge links the width, steps and name that a survey found.

    Bridge links that touch are one bridge. Each survey row goes to the nearest bridge within
    ``max_distance``, the nearest pairs first; a name in common makes up for some distance. Rows
    without a position are joined only where exactly one bridge has their name. Where two rows lie
    on one bridge (bridges that share a landing), each link takes the row nearest to its middle.

    Width and steps joined are no longer assumed, and the capacity follows from them. A bridge with
    neither (only its name known) keeps its defaults, hence stays stepped. The steps of a bridge of
    several links are shared out by length.

    Parameters
    ----------
    network
        Network with links of kind bridge.
    survey
        CSV with columns name, lat, lon, width [m], steps; see ``read_survey``.
    max_distance
        Metres.

    Returns
    -------
    tuple
        The network (its report goes on with the shares assumed now) and the report of the join.

    Raises
    ------
    NetworkError
        If the survey cannot be read, or the network has no bridge.
    InputError
        If ``max_distance`` is not a number > 0.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> bridge = int((network.kind == er.network.KINDS.index("bridge")).argmax())
    >>> lon, lat = network.geometry(bridge).mean(axis=0)
    >>> survey = pd.DataFrame([{"name": "", "lon": lon, "lat": lat, "width": 3.5, "steps": 24}])
    >>> joined, report = er.join_bridges(network, survey)
    >>> float(joined.width[bridge]), int(joined.steps[bridge]), bool(joined.width_assumed[bridge])
    (3.5, 24, False)
    """
    if not 0 < max_distance < np.inf:
        raise InputError(f"max_distance is {max_distance} m, expected a number > 0")
    rows = read_survey(survey)
    links = np.flatnonzero(network.kind == BRIDGE)
    if not len(links):
        raise NetworkError(f"{rows.source}: the network has no bridge to join the survey to")
    runs = _runs(network, links)
    names = _names(network, links, runs)
    distance = _distances(network, links, rows)
    by_run = np.full((len(rows), runs.max() + 1), np.inf)
    for run in range(by_run.shape[1]):
        by_run[:, run] = distance[:, runs == run].min(axis=1)
    pairs = _match(rows, by_run, names, max_distance)
    taken = _share_out(network, links, runs, distance, pairs, by_run)
    report = _report(network, rows, links, runs, names, by_run, pairs, taken)
    return _apply(network, rows, links, taken, report), report


def _runs(network: Network, links: NDArray[np.int64]) -> NDArray[np.int64]:
    """Tell which bridge (0, 1, ...) each bridge link belongs to."""
    ends = (network.from_node[links], network.to_node[links])
    n = network.n_nodes
    label = connected_components(
        coo_matrix((np.ones(len(links)), ends), shape=(n, n)), directed=False
    )[1]
    return np.unique(label[ends[0]], return_inverse=True)[1].ravel().astype(np.int64)


def _names(
    network: Network, links: NDArray[np.int64], runs: NDArray[np.int64]
) -> list[tuple[str, frozenset[str]]]:
    """First name of each bridge and the telling words of all its names."""
    found: list[tuple[str, frozenset[str]]] = [("", frozenset())] * (int(runs.max()) + 1)
    for link, run in zip(links.tolist(), runs.tolist(), strict=True):
        name = str(network.name[link])
        found[run] = (found[run][0] or name, found[run][1] | telling_words(name))
    return found


def telling_words(name: str) -> frozenset[str]:
    """Words of a name that tell one bridge from another.

    Examples
    --------
    >>> sorted(telling_words("Ponte de l'Accadèmia (o de la Carità)"))
    ['accademia', 'carita']
    """
    words = re.split(r"[^a-z0-9]+", plain_text(name))
    return frozenset(word for word in words if word and word not in _NO_NAME)


def names_alike(some: frozenset[str], others: frozenset[str]) -> bool:
    """Tell whether two sets of telling words have one in common, up to spelling.

    Examples
    --------
    >>> names_alike(telling_words("Ponte de la Croze"), telling_words("Ponte della Croce"))
    True
    """
    if some & others:
        return True
    return any(
        SequenceMatcher(None, a, b).ratio() >= ALIKE
        for a in sorted(some)
        for b in sorted(others)
        if min(len(a), len(b)) > 3
    )


def _distances(
    network: Network, links: NDArray[np.int64], rows: BridgeSurvey
) -> NDArray[np.float64]:
    """Metres from each survey row to each bridge link, inf for rows without a position."""
    distance = np.full((len(rows), len(links)), np.inf)
    placed = np.flatnonzero(np.isfinite(rows.lon) & np.isfinite(rows.lat))
    if not len(placed):
        return distance
    point = np.column_stack(to_metres(rows.lon[placed], rows.lat[placed], network.origin))
    for column, link in enumerate(links.tolist()):
        line = network.geometry(link)
        xy = np.column_stack(to_metres(line[:, 0], line[:, 1], network.origin))
        distance[placed, column] = _to_line(point, xy)
    return distance


def _to_line(point: NDArray[np.float64], line: NDArray[np.float64]) -> NDArray[np.float64]:
    start, along = line[:-1], np.diff(line, axis=0)
    square = np.maximum((along**2).sum(axis=1), 1e-12)
    away = point[:, None, :] - start[None, :, :]
    share = np.clip((away * along).sum(axis=2) / square, 0, 1)
    nearest: NDArray[np.float64] = np.hypot(
        *np.moveaxis(away - share[:, :, None] * along, 2, 0)
    ).min(axis=1)
    return nearest


def _match(
    rows: BridgeSurvey,
    by_run: NDArray[np.float64],
    names: list[tuple[str, frozenset[str]]],
    max_distance: float,
) -> dict[int, int]:
    """Survey row -> bridge, one to one, the best pairs first."""
    words = [telling_words(name) for name in rows.name]
    candidates: list[tuple[float, int, int]] = []
    with_word: defaultdict[frozenset[str], list[int]] = defaultdict(list)
    for run, (_, known) in enumerate(names):
        if known:
            with_word[known].append(run)
    for row in range(len(rows)):
        gaps = by_run[row]
        if not np.isfinite(gaps[0]):
            same = with_word.get(words[row], []) if words[row] else []
            if len(same) == 1:
                candidates.append((max_distance, row, same[0]))
            continue
        nearest = gaps.min()
        for run in np.flatnonzero(gaps <= max_distance).tolist():
            alike = names_alike(words[row], names[run][1])
            if alike or gaps[run] <= nearest + RIVAL:
                candidates.append((float(gaps[run]) - NAME_BONUS * alike, row, run))
    pairs: dict[int, int] = {}
    used: set[int] = set()
    for _, row, run in sorted(candidates):
        if row not in pairs and run not in used:
            pairs[row] = run
            used.add(run)
    return pairs


def _share_out(
    network: Network,
    links: NDArray[np.int64],
    runs: NDArray[np.int64],
    distance: NDArray[np.float64],
    pairs: dict[int, int],
    by_run: NDArray[np.float64],
) -> dict[int, NDArray[np.int64]]:
    """Survey row -> positions in `links` that take it.

    A row left over that lies on a bridge taken by another row gets the links of it that it is
    nearer to, if there are any. Adds it to the pairs.
    """
    rows_of_run: defaultdict[int, list[int]] = defaultdict(list)
    for row, run in pairs.items():
        rows_of_run[run].append(row)
    for row in range(len(distance)):
        run = int(np.argmin(by_run[row]))
        if row not in pairs and by_run[row, run] <= RIVAL and run in rows_of_run:
            rows_of_run[run].append(row)
    taken: dict[int, NDArray[np.int64]] = {}
    for run, rows in rows_of_run.items():
        members = np.flatnonzero(runs == run)
        # Opposite links must take the same row: ties go to the first row for both.
        nearest = np.argmin(np.round(distance[rows][:, members], 3), axis=0)
        for i, row in enumerate(rows):
            own = members[nearest == i]
            if len(own):
                taken[row] = own
                pairs[row] = run
            elif i == 0 and len(rows) == 1:
                taken[row] = members
    for row in [row for row in pairs if row not in taken]:
        del pairs[row]
    return taken


def _report(
    network: Network,
    rows: BridgeSurvey,
    links: NDArray[np.int64],
    runs: NDArray[np.int64],
    names: list[tuple[str, frozenset[str]]],
    by_run: NDArray[np.float64],
    pairs: dict[int, int],
    taken: dict[int, NDArray[np.int64]],
) -> BridgeReport:
    matched: list[dict[str, Any]] = []
    unmatched: list[dict[str, Any]] = []
    sharing = pd.Series(list(pairs.values())).value_counts().to_dict()
    for row in range(len(rows)):
        label = {"row": row + 2, "name": rows.name[row]}
        if row in pairs:
            run = pairs[row]
            matched.append(
                label
                | {
                    "link_ids": [str(network.link_id[links[i]]) for i in taken[row]],
                    "distance": round(float(by_run[row, run]), 1),
                    "width": rows.width[row],
                    "steps": rows.steps[row],
                    "doubt": _doubt(by_run[row], run, rows.name[row], names[run], sharing[run]),
                }
            )
            continue
        gap = by_run[row].min()
        reason = "no position" if not np.isfinite(gap) else "no bridge near"
        if gap <= MAX_DISTANCE:
            reason = "another row lies nearer to the only bridge near"
        unmatched.append(label | {"reason": reason})
    without = []
    for run in sorted(set(range(by_run.shape[1])) - set(pairs.values())):
        members = links[runs == run]
        line = network.geometry(int(members[0]))
        without.append(
            {
                "link_id": str(network.link_id[members[0]]),
                "name": names[run][0],
                "lon": float(line[:, 0].mean()),
                "lat": float(line[:, 1].mean()),
                "length": round(_street_length(network, members), 1),
            }
        )
    return BridgeReport(
        rows.source,
        by_run.shape[1],
        pd.DataFrame(matched, columns=_MATCHED),
        pd.DataFrame(unmatched, columns=["row", "name", "reason"]),
        pd.DataFrame(without, columns=["link_id", "name", "lon", "lat", "length"]),
    )


_MATCHED = ["row", "name", "link_ids", "distance", "width", "steps", "doubt"]


def _doubt(
    gaps: NDArray[np.float64],
    run: int,
    name: str,
    known: tuple[str, frozenset[str]],
    rows_on_run: int,
) -> str:
    doubts = []
    if not np.isfinite(gaps[run]):
        doubts.append("joined by name alone")
    elif gaps[run] > SURE_DISTANCE:
        doubts.append(f"{gaps[run]:.0f} m away")
    others = np.delete(gaps, run)
    words = telling_words(name)
    alike = names_alike(words, known[1])
    if len(others) and others.min() < gaps[run] + RIVAL and np.isfinite(gaps[run]) and not alike:
        doubts.append(f"another bridge is {others.min():.0f} m away, this one {gaps[run]:.0f} m")
    if rows_on_run > 1:
        doubts.append("two surveyed bridges touch")
    if words and known[1] and not alike and "ponte" in plain_text(known[0]):
        doubts.append(f"the network calls it {known[0]}")
    return "; ".join(doubts)


def _street_length(network: Network, links: NDArray[np.int64]) -> float:
    """Length of links, each street once [m]."""
    a, b = network.from_node[links], network.to_node[links]
    length = network.length[links]
    key = np.column_stack([np.minimum(a, b), np.maximum(a, b), np.rint(length * 1000)])
    _, first = np.unique(key, axis=0, return_index=True)
    return float(length[first].sum())


def _apply(
    network: Network,
    rows: BridgeSurvey,
    links: NDArray[np.int64],
    taken: dict[int, NDArray[np.int64]],
    report: BridgeReport,
) -> Network:
    width, steps, name = network.width.copy(), network.steps.copy(), network.name.copy()
    wheelchair, assumed = network.wheelchair.copy(), network.width_assumed.copy()
    capacity_assumed = network.capacity_assumed.copy()
    derive, width_given, steps_given = np.zeros((3, network.n_links), dtype=bool)
    for row, own in taken.items():
        mine = links[own]
        if np.isfinite(rows.width[row]):
            width[mine], assumed[mine] = rows.width[row], False
            width_given[mine] = derive[mine] = True
        if np.isfinite(rows.steps[row]):
            total = int(rows.steps[row])
            share = network.length[mine] / _street_length(network, mine)
            steps[mine] = np.maximum(np.rint(total * share), 1) if total else 0
            derive[mine] |= capacity_assumed[mine]
            steps_given[mine] = True
            if total == 0 and rows.accessible[row]:
                wheelchair[mine] = 1
        unnamed = mine[name[mine] == ""]
        name[unnamed] = rows.name[row]
    capacity = np.where(derive, capacities(width, steps, network.kind), network.capacity)
    capacity_assumed = np.where(derive, assumed, capacity_assumed)
    load = copy.deepcopy(network.report)
    if load is not None:
        metres = float(network.length.sum())
        load.counts |= report.counts()
        load.notes.append(
            f"the bridge survey gave a width to {int(width_given.sum()) // 2} and steps to "
            f"{int(steps_given.sum()) // 2} bridge streets"
        )
        load.counts["streets with steps"] = int(np.sum(steps > 0)) // 2
        load.shares["of width assumed, by length"] = float(network.length[assumed].sum() / metres)
        load.shares["of capacity assumed, by length"] = float(
            network.length[capacity_assumed].sum() / metres
        )
    return replace(
        network,
        width=width,
        steps=steps,
        name=name,
        wheelchair=wheelchair,
        width_assumed=assumed,
        capacity=capacity,
        capacity_assumed=capacity_assumed,
        report=load,
    )
