"""Go the way that others went before, if it is as good as what is proven possible."""

from __future__ import annotations

from typing import Any

import numba as nb

from evacroute._kernels.graph import ARC, FAR, FIRST, LAST, TO, TOOK
from evacroute._kernels.route import at_least, earliest_entry, row_entry
from evacroute._kernels.spans import part_time


@nb.njit(cache=True, nogil=True)
def retrace(
    graph: Any,
    free: Any,
    work: Any,
    hope: Any,
    floor: Any,
    last_row: Any,
    node: int,
    k: int,
    ready: int,
    need: int,
    target: int,
    slack: int,
) -> tuple[int, int]:
    """Try the way that others of the class took to the target before.

    `last_row[head]` is the row of `Graph.row` they took there; where nobody was, the free-flow way
    goes on.

    Returns
    -------
    tuple
        Slot of admission and number of arcs in work.path_arc/path_slot (last first), if the way
        arrives at most `slack` slots after what is proven possible for who is at the origin, or at
        a head on the way that one reaches without a wait; on streets that change over time after
        what is likely (`Graph.slower`); else -1 and 0.
    """
    n_slots = free.link.shape[1] - 1
    seq_ptr, seq_link, time = graph.seq_ptr, graph.seq_link, graph.link_time[k]
    full, free_link, shift = free.full, free.link, graph.shift[k]
    row, row_ptr, arc_to, twin = graph.row, graph.row_ptr[k], graph.arc_to, graph.twin
    path_arc, path_slot = work.path_arc, work.path_slot
    wide, least = need * graph.unit[k], graph.least
    goal = graph.shelter_head[target]
    n_arcs = 0
    t = ready
    u = graph.node_head[node]
    if u >= 0:
        if hope[u] >= FAR:
            return -1, 0
        likely = t + hope[u] + (hope[u] >> graph.slower)
        bound, waited = at_least(floor, u, t, likely), False
    else:
        bound, side = FAR, -1
        for i in range(2):
            arc = graph.node_arc[node, i]
            if arc < 0:
                continue
            v = arc_to[arc]
            took = part_time(graph, k, graph.node_pos[node, i], seq_ptr[arc + 1])
            if took >= FAR or hope[v] >= FAR:
                continue
            likely = ready + took + hope[v] + (hope[v] >> graph.slower)
            key = at_least(floor, v, ready + took, likely)
            if key < bound:
                bound, side = key, i
        if side < 0:
            return -1, 0
        arc = graph.node_arc[node, side]
        first, last = graph.node_pos[node, side], seq_ptr[arc + 1]
        took = part_time(graph, k, first, last)
        latest = min(bound + slack, n_slots) - took - hope[arc_to[arc]]
        entry = earliest_entry(
            seq_link, time, shift, full, free_link, first, last, t, latest, wide, least
        )
        if entry < 0:
            return -1, 0
        path_arc[0], path_slot[0] = -2 - side, entry
        n_arcs = 1
        waited = entry > ready
        t = entry + took
        u = arc_to[arc]
    latest = min(bound + slack, n_slots)
    while u != goal:
        if not waited and t >= floor[u, 0] and floor[u, 1] > bound:
            bound = floor[u, 1]
            latest = min(bound + slack, n_slots)
        r = last_row[u]
        if r < 0:
            for i in range(row_ptr[u], row_ptr[u + 1]):
                if row[i, TOOK] + hope[row[i, TO]] == hope[u]:
                    r = i
                    break
        # Ways of different times may be joined into a ring.
        if r < 0 or n_arcs >= len(path_arc) - 1:
            return -1, 0
        v = row[r, TO]
        begin, end = r, r + 1
        if t < row[r, FIRST] or t > row[r, LAST]:
            # Who took the street before walked it at the pace of another time.
            first, last = twin[row[r, ARC], 0], twin[row[r, ARC], 1]
            while begin > row_ptr[u] and row[begin - 1, ARC] >= first:
                begin -= 1
            while end < row_ptr[u + 1] and row[end, ARC] < last:
                end += 1
        at, way, start = FAR, -1, -1
        for i in range(begin, end):
            took, last_slot = row[i, TOOK], row[i, LAST]
            soonest = max(t, row[i, FIRST])
            if t > last_slot or soonest + took >= at:
                continue
            upto = min(latest - took - hope[v], last_slot)
            entry = row_entry(
                row, i, seq_ptr, seq_link, time, shift, full, free_link, soonest, upto, wide, least
            )
            if entry >= 0 and entry + took < at:
                at, way, start = entry + took, row[i, ARC], entry
        if way < 0:
            return -1, 0
        waited = waited or start > t
        path_arc[n_arcs], path_slot[n_arcs] = way, start
        n_arcs += 1
        t = at
        u = v
    while t <= latest and free.intake[target, t] < need:
        t += 1
    if t > latest:
        return -1, 0
    for i in range(n_arcs // 2):
        j = n_arcs - 1 - i
        path_arc[i], path_arc[j] = path_arc[j], path_arc[i]
        path_slot[i], path_slot[j] = path_slot[j], path_slot[i]
    return t, n_arcs
