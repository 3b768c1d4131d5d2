"""From kinds of people and what a scorer says of trips to odds, times and the best trip."""

from __future__ import annotations

from typing import Any, NamedTuple

import numba as nb
import numpy as np

from evacroute._kernels.borrow import borrowed
from evacroute._kernels.forest import score, settle
from evacroute._kernels.trips import CLOSING, FREE, SLACK, Trips


class Scales(NamedTuple):
    """A scorer, and what its odds are weighed with.

    Attributes
    ----------
    low, high, first, feature, threshold, leaf, scale, bias
        The forests, as `forest.score` takes them.
    knot, logit, offset, least_safe
        The calibration, as `forest.settle` takes it.
    flat, step_free
        Speed on the flat of each class [m/s], and whether it cannot use steps.
    slow, kinds
        Who is slower is of another kind [m/s]; numbers of the kinds walker, slow, household,
        step-free, and what is added for who has no plan, shape (5,).
    base_s, fastest, least, weight
        As `arrivals` and `put_in_order` take them.
    """

    low: Any
    high: Any
    first: Any
    feature: Any
    threshold: Any
    leaf: Any
    scale: Any
    bias: Any
    knot: Any
    logit: Any
    offset: Any
    least_safe: Any
    flat: Any
    step_free: Any
    slow: float
    kinds: Any
    base_s: float
    fastest: float
    least: float
    weight: float


class Weighed(NamedTuple):
    """Odds of ways and their order.

    Attributes
    ----------
    p_safe, is_safe
        Odds, and whether they are advised as safe, shape (n_ways,).
    quantile
        Times of arrival [s after the alarm], shape (3, n_ways).
    order
        Ways, the best of each party first.
    """

    p_safe: Any
    is_safe: Any
    quantile: Any
    order: Any


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


@nb.njit(cache=True, nogil=True, inline="always")
def tell_kinds(
    flat: Any, step_free: Any, slow: float, kinds: Any, class_: Any, size: Any, wait: Any,
    pace: Any, kind: Any,
) -> None:  # fmt: skip
    """Tell of which kind of people each trip is.

    Parameters
    ----------
    flat, step_free, slow, kinds
        As `Scales` has them.
    class_, size, wait, pace
        As `Trips` has them.
    kind
        Out: number of the kind of each trip.
    """
    for i in range(len(kind)):
        k = class_[i]
        if step_free[k]:
            one = kinds[3]
        elif size[i] > 1:
            one = kinds[2]
        else:
            one = kinds[1 if flat[k] * pace[i] < slow else 0]
        kind[i] = one + (kinds[4] if np.isnan(wait[i]) else 0)


@nb.njit(cache=True, nogil=True)
def weigh(
    scales: Scales, ptr: Any, priced: Any, trips: Trips, rows: Any, now: Any, price: Any
) -> Weighed:
    """Find odds, times and order of ways, all in one call: phones ask singly.

    Parameters
    ----------
    ptr, priced, now, price
        As `put_in_order` takes them.
    trips, rows
        The ways, and what is said of them.
    """
    scales, trips = borrowed(scales), borrowed(trips)
    n = len(priced)
    raw, kind = np.empty((len(scales.scale), n)), np.empty(n, np.int64)
    columns = rows.shape[1]
    score(
        rows, scales.low, scales.high, scales.first, scales.feature, scales.threshold, scales.leaf,
        scales.scale, scales.bias, raw, np.zeros(columns, np.int64), np.zeros(columns, np.int64),
    )  # fmt: skip
    tell_kinds(
        scales.flat, scales.step_free, scales.slow, scales.kinds, trips.class_, trips.size,
        trips.wait, trips.pace, kind,
    )  # fmt: skip
    p_safe, is_safe = np.empty(n), np.empty(n, np.bool_)
    quantile, cost, order = np.empty((3, n)), np.empty(n), np.empty(n, np.int64)
    settle(
        raw, kind, scales.knot, scales.logit, scales.offset, scales.least_safe, p_safe, quantile,
        is_safe,
    )  # fmt: skip
    arrivals(rows, trips.depart, scales.base_s, scales.fastest, p_safe, quantile, is_safe)
    for i in range(n):
        # No odds make up for a street that closes before they are through.
        if rows[i, CLOSING] <= 0:
            is_safe[i] = False
    put_in_order(
        ptr, priced, is_safe, p_safe, quantile[1], now, price, trips.class_, trips.shelter,
        scales.least, scales.weight, cost, order,
    )  # fmt: skip
    return Weighed(p_safe, is_safe, quantile, order)
