"""From what a scorer says of trips to odds and times of arrival, and which trip is best."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np

from evacroute._kernels.trips import FREE, SLACK


@nb.njit(cache=True, nogil=True)
def arrivals(
    rows: Any, depart: Any, base_s: float, fastest: float, p_safe: Any, quantile: Any, is_safe: Any
) -> None:
    """Turn a scorer's quantiles into times, and let the odds say no more than these allow.

    Parameters
    ----------
    rows
        What is said of the trips, by columns of `trips.describe`.
    depart
        When each sets out [s after the alarm].
    base_s
        Added to times before they are compared [s].
    fastest
        Nobody arrives sooner than at so many times their pace in empty streets.
    p_safe, is_safe
        In and out: odds, and whether these are advised as safe.
    quantile
        In: logarithms of times over the free ones; out: times of arrival [s after the alarm], shape
        (3, n_trips).
    """
    for i in range(len(p_safe)):
        free = max(np.float64(rows[i, FREE]), 0.0)
        for j in range(3):
            time = np.exp(quantile[j, i]) * (free + base_s) - base_s
            quantile[j, i] = depart[i] + max(time, free / fastest)
        deadline = depart[i] + np.float64(rows[i, SLACK]) + free
        most = 1.0
        if depart[i] >= deadline:
            most = 0.0
        elif quantile[0, i] > deadline:
            most = 0.1
        elif quantile[1, i] > deadline:
            most = 0.5
        if p_safe[i] > most:
            p_safe[i], is_safe[i] = most, False


@nb.njit(cache=True, nogil=True)
def put_in_order(
    ptr: Any, priced: Any, is_safe: Any, p_safe: Any, median: Any, now: Any, price: Any,
    class_: Any, shelter: Any, least: float, weight: float, cost: Any, order: Any,
) -> None:  # fmt: skip
    """Put the ways of each party in order: safe ones first, then that of the prices, then by cost.

    Parameters
    ----------
    ptr
        Where those of each party begin, shape (n + 1,).
    median, now
        Median arrival of each way, and when each party asks [s after the alarm].
    price
        Of a place, by class and shelter [s].
    least, weight
        Odds below `least` count as that; seconds that a unit of -log of the odds counts for.
    cost, order
        Out: cost of each way [s]; ways, the best of each party first.
    """
    for p in range(len(ptr) - 1):
        for i in range(ptr[p], ptr[p + 1]):
            dread = -np.log(max(p_safe[i], least))
            cost[i] = median[i] - now[p] + price[class_[i], shelter[i]] + weight * dread
            j = i
            while j > ptr[p]:
                o = order[j - 1]
                if is_safe[o] != is_safe[i]:
                    before = is_safe[i]
                elif priced[o] != priced[i]:
                    before = priced[i]
                else:
                    before = cost[i] < cost[o]
                if not before:
                    break
                order[j] = o
                j -= 1
            order[j] = i
