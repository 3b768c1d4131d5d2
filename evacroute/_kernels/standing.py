"""Where parties stand: the nearest street that they can use, and the walks to its ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.crowd import Streets
from evacroute._kernels.crowd_fields import factor_now, shut_after
from evacroute._kernels.snapping import nearest_segment


class Lines(NamedTuple):
    """Straight pieces of links, in a grid of square cells; see `load.snap.Snapper`.

    Attributes
    ----------
    origin
        (lon, lat) of the local metres [degrees], and metres to a degree of each, shape (4,).
    ax, ay, bx, by
        Ends of the pieces [m].
    link, flipped, begin, part
        Link of each piece; whether it leads from b to a; share of the link's line before the piece,
        and that it makes up.
    corner
        x and y of the grid's corner and width of a cell [m], shape (3,).
    columns, rows, ptr, inside
        Cells, and the pieces in each.
    """

    origin: Any
    ax: Any
    ay: Any
    bx: Any
    by: Any
    link: Any
    flipped: Any
    begin: Any
    part: Any
    corner: Any
    columns: int
    rows: int
    ptr: Any
    inside: Any


class Stretches(NamedTuple):
    """What parties have before them of the streets they stand on; columns are the two directions.

    Attributes
    ----------
    link
        Which link, -1 = none, or no hazard touches it, shape (n, 2).
    near
        Walk to the street [s], shape (n,).
    dry
        Walk on it to its end at own pace, if nothing slows it [s], inf = cannot, shape (n, 2).
    at_end
        Whether that end is so near that they may stand there: no closure keeps them from it, shape
        (n, 2).
    """

    link: Any
    near: Any
    dry: Any
    at_end: Any


@nb.njit(cache=True, nogil=True)
def stand(
    lines: Lines, some: Any, lon: Any, lat: Any, most: float, class_: Any, pace: Any,
    pace_steps: Any, flat: Any, length: Any, stepped: Any, twins: Any, ends: Any, walk: Any,
    link: Any, twin: Any, along: Any, away: Any, seconds: Any, end: Any,
) -> None:  # fmt: skip
    """Put some parties on the nearest links of some lines.

    Parameters
    ----------
    some
        Which parties, positions in the arrays that follow.
    lon, lat
        Where they are [degrees].
    most
        Whoever is farther from any link stands on none [m].
    class_, pace, pace_steps, flat
        Class, own speed over the class's on the flat and on steps, own speed on the flat [m/s].
    length, stepped, twins, ends
        Of all links: length [m], whether they have steps, the same street the other way, nodes
        where they end and begin.
    walk
        Seconds to walk each link, by class and link, inf = cannot.
    link, twin, along, away, seconds, end
        Out: as of `answering.placing.Places`.
    """
    x, y, share, distance = np.empty(1), np.empty(1), np.empty(1), np.empty(1)
    segment = np.empty(1, np.int64)
    for p in some:
        x[0] = (lon[p] - lines.origin[0]) * lines.origin[2]
        y[0] = (lat[p] - lines.origin[1]) * lines.origin[3]
        nearest_segment(
            x, y, lines.ax, lines.ay, lines.bx, lines.by, lines.link, lines.corner[0],
            lines.corner[1], lines.corner[2], lines.columns, lines.rows, lines.ptr, lines.inside,
            most, segment, share, distance,
        )  # fmt: skip
        link[p], twin[p], along[p], away[p] = -1, -1, 0.0, np.inf
        seconds[p, :] = np.inf
        end[p, :] = ends[0]
        at = segment[0]
        if at < 0:
            continue
        one, k = lines.link[at], class_[p]
        passed = 1.0 - share[0] if lines.flipped[at] else share[0]
        part = min(max(lines.begin[at] + passed * lines.part[at], 0.0), 1.0)
        link[p], twin[p], along[p], away[p] = one, twins[one], part * length[one], distance[0]
        end[p, :] = ends[one]
        own = pace_steps[p] if stepped[one] else pace[p]
        near = distance[0] / flat[p]
        seconds[p, 0] = near + (1.0 - part) * walk[k, one] / own
        if twins[one] >= 0 and np.isfinite(walk[k, twins[one]]):
            seconds[p, 1] = near + part * walk[k, twins[one]] / own


@nb.njit(cache=True, nogil=True)
def _crossed(
    streets: Streets, class_: int, link: int, enter: float, dry: float
) -> tuple[float, float]:
    """Seconds to the end of a link, inf = it closes before, and how long after that it closes."""
    factor = factor_now(streets, class_, link, enter)
    if factor == 0.0:
        return np.inf, 0.0
    walk = dry / factor
    left = shut_after(streets, class_, link, enter) - (enter + walk)
    return (walk, left) if left > 0.0 else (np.inf, 0.0)


@nb.njit(cache=True, nogil=True)
def wade(streets: Streets, own: Stretches, class_: Any, now: Any, seconds: Any) -> None:
    """Let hazards slow the walks of parties to the ends of their street, and close them.

    Parameters
    ----------
    class_, now
        Of each party.
    seconds
        In and out: walks to both ends, those that no hazard touches stay as they are, inf = the
        street is closed, or closes before they are through, shape (n, 2) [s].
    """
    streets, own = borrowed(streets), borrowed(own)
    for p in range(len(class_)):
        for side in range(2):
            link = own.link[p, side]
            if link < 0 or not np.isfinite(seconds[p, side]):
                continue
            dry = own.dry[p, side]
            walk, _ = _crossed(streets, class_[p], link, now[p] + own.near[p], dry)
            if walk != dry and not (np.isinf(walk) and own.at_end[p, side]):
                seconds[p, side] = own.near[p] + walk


@nb.njit(cache=True, nogil=True)
def spare(
    streets: Streets, own: Stretches, class_: Any, now: Any, seconds: Any, party: Any, side: Any,
    wait: Any, closing: Any,
) -> None:  # fmt: skip
    """Count the street that one stands on among those that close behind one, for some ways.

    Parameters
    ----------
    class_, now, seconds
        Of each party; the seconds are those of `wade`.
    party, side, wait
        Of each way: whose, by which end the street is left, how long they wait before they go.
    closing
        In and out: how long after one has passed the first link closes [s], 0 = before: also where
        the street has become slower by then than the way takes it to be.
    """
    streets, own = borrowed(streets), borrowed(own)
    for i in range(len(party)):
        p = party[i]
        link = own.link[p, side[i]]
        if link < 0:
            continue
        enter = now[p] + own.near[p] + wait[i]
        walk, left = _crossed(streets, class_[p], link, enter, own.dry[p, side[i]])
        if np.isinf(walk) and own.at_end[p, side[i]]:
            continue
        if own.near[p] + walk > seconds[p, side[i]] + 1e-6:
            left = 0.0
        closing[i] = min(closing[i], left)
