"""What each place is worth to one class now that some streets, doors and shelters are full."""

from __future__ import annotations

from typing import Any

import numba as nb

from evacroute._kernels.priced_search import NEVER


@nb.njit(cache=True, nogil=True)
def revalue(paths: Any, guide: Any, places: Any, k: int, value: Any) -> None:
    """Fill `value` with the least cost of a person of class k from each slot and node.

    Prices are the guide's; what is full is shut. Nobody arrives after the last slot.

    Parameters
    ----------
    value
        Shape (n_slots + 1, n_nodes).
    """
    n_slots, n = value.shape[0] - 1, value.shape[1]
    row, item_link, item_off, ptr = paths.row[k], paths.item_link, paths.item_off[k], paths.ptr
    span = paths.span
    price, price_row, wait = guide.link[guide.scale[k]], guide.row, guide.weight[k]
    priced, door, room = len(price), guide.door, guide.room[k]
    unit, free, intake = places.unit[k], places.link, places.intake
    for t in range(n_slots, -1, -1):
        now = value[t]
        if t == n_slots:
            now[:] = NEVER
        else:
            for u in range(n):
                now[u] = min(value[t + 1, u] + wait, NEVER)
        for s in range(len(paths.shelter_node)):
            open_ = places.room[s] > 0 and (not places.step_free[k] or places.free_room[s] > 0)
            if open_ and intake[s, t] > 0 and room[s] < NEVER:
                c = room[s] + (door[t, s] if t < len(door) else 0)
                u = paths.shelter_node[s]
                now[u] = min(now[u], c)
        # Arcs that take no time leave from the last nodes only, which no arc leads to.
        for u in range(n):
            best = now[u]
            for a in range(ptr[u], ptr[u + 1]):
                if t < span[a, 0] or t > span[a, 1]:
                    continue
                at = t + row[a, 1]
                if at > n_slots:
                    continue
                c = row[a, 1] * wait + value[at, row[a, 0]]
                if c >= best:
                    continue
                for i in range(row[a, 2], row[a, 2] + row[a, 3]):
                    link, when = item_link[i], t + item_off[i]
                    if free[link, when] < unit:
                        c = NEVER
                        break
                    p = price_row[link]
                    if p >= 0 and when < priced:
                        c += price[when, p]
                best = min(best, c)
            now[u] = best
