"""Take up movements that were planned before: their ways as arcs, booked in the tables."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute._kernels.rejoin import book_and_settle, find_arcs
from evacroute.assignment.chains import first_links
from evacroute.assignment.movements import Movements
from evacroute.assignment.placing import Placing
from evacroute.assignment.problem import Problem


def take_up(placing: Placing, moves: Movements) -> bool:
    """Book movements that the same problem has given; row i of the store is movement i.

    Parameters
    ----------
    placing
        With nothing booked.
    moves
        Whole times of the problem's grid, on its ways.

    Returns
    -------
    bool
        False, and nothing booked, if the legs of a movement are no ways of the problem's graph.
    """
    problem, groups = placing.problem, placing.problem.scenario.groups
    n = len(moves)
    count, arc, slot = _arcs(problem, moves)
    if (count < 0).any():
        return False
    placing.reserve_space(n, len(arc))
    store, total = placing.store, int(count.sum())
    store.group[:n], store.shelter[:n], store.size[:n] = moves.group, moves.shelter, moves.size
    store.admitted[:n] = np.rint(moves.arrive / problem.step)
    store.ptr[0] = 0
    np.cumsum(count, out=store.ptr[1 : n + 1])
    store.arc[:total], store.slot[:total] = arc[:total], slot[:total]
    store.count[:] = n, total
    book_and_settle(
        problem.graph, placing.free, placing.work, store, groups.node, groups.class_,
        problem.step_free, np.ones(n, np.bool_),
    )  # fmt: skip
    placing.refresh()
    return True


def _arcs(
    problem: Problem, moves: Movements
) -> tuple[NDArray[np.int64], NDArray[np.int32], NDArray[np.int32]]:
    """Arcs of each movement, counted (-1 = they are none), and all with their slots in a row."""
    graph, network, groups = problem.graph, problem.scenario.network, problem.scenario.groups
    begins = first_links(graph.seq_ptr, graph.seq_link, network.n_links)
    first_arc, next_arc = np.full(network.n_links, -1, np.int32), np.full(len(begins), -1, np.int32)
    for a in range(len(begins) - 1, -1, -1):
        next_arc[a], first_arc[begins[a]] = first_arc[begins[a]], a
    arc, slot = (np.empty(len(moves.leg_link), np.int32) for _ in range(2))
    count = np.empty(len(moves), np.int64)
    enter = np.rint(moves.leg_enter / problem.step).astype(np.int32)
    leave = np.rint(moves.leg_leave / problem.step).astype(np.int32)
    find_arcs(
        graph, first_arc, next_arc, problem.gates.open_, network.to_node,
        groups.node[moves.group], groups.class_[moves.group], moves.leg_ptr[:-1].copy(),
        moves.leg_ptr[1:].copy(), moves.leg_link.copy(), enter, leave, arc, slot, count,
    )  # fmt: skip
    return count, arc, slot
