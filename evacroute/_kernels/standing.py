"""Where parties stand: the nearest street that they can use, and the walks to its ends."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

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
