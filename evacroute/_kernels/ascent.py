"""Steps of the prices towards the greatest bound."""

from __future__ import annotations

from typing import Any

import numba as nb
import numpy as np


@nb.njit(cache=True, nogil=True)
def smooth(excess: Any, out: Any, half: int, running: Any) -> None:
    """Centred moving average over slots, 2 half + 1 wide, zero outside; shapes (n_slots, n)."""
    n_slots, n = excess.shape
    share = np.float32(1.0 / (2 * half + 1))
    running[:] = 0
    for t in range(min(half, n_slots)):
        for p in range(n):
            running[p] += excess[t, p]
    for t in range(n_slots):
        if t + half < n_slots:
            for p in range(n):
                running[p] += excess[t + half, p]
        for p in range(n):
            out[t, p] = running[p] * share
        if t - half >= 0:
            for p in range(n):
                running[p] -= excess[t - half, p]


@nb.njit(cache=True, nogil=True)
def ascend(
    price: Any,
    flow: Any,
    limit: Any,
    speed: Any,
    square: Any,
    mean: Any,
    half: int,
    rate: float,
    keep: float,
    share: float,
    excess: Any,
    spare: Any,
    running: Any,
) -> None:
    """Move prices by the excess of flow over the limit: AdaGrad with momentum.

    The answer to prices is all or nothing, so the excess jumps from slot to slot; two passes of a
    moving average turn it into a direction in which a whole queue is priced at once.

    Parameters
    ----------
    price, speed, square, mean
        Prices, their momentum, summed squares and running mean, shape (n_slots, n); changed.
    flow, limit
        Persons by slot, and how many may be, shapes (n_slots, n) and (n,).
    half
        Half width of the moving average [slots], 0 = none.
    rate, keep, share
        Length of the step [slots], share of the momentum kept, weight of the newest in the mean.
    """
    n_slots, n = price.shape
    for t in range(n_slots):
        for p in range(n):
            excess[t, p] = (flow[t, p] - limit[p]) / limit[p]
    if half > 0:
        smooth(excess, spare, half, running)
        smooth(spare, excess, half, running)
    for t in range(n_slots):
        for p in range(n):
            g = excess[t, p]
            speed[t, p] = keep * speed[t, p] + (np.float32(1) - keep) * g
            square[t, p] += g * g
            q = price[t, p] + rate * speed[t, p] / np.sqrt(square[t, p] + np.float32(0.1))
            price[t, p] = max(q, np.float32(0))
            mean[t, p] += share * (price[t, p] - mean[t, p])


@nb.njit(cache=True, nogil=True)
def drift(
    price: Any,
    flow: Any,
    limit: Any,
    speed: Any,
    square: Any,
    half: int,
    rate: float,
    keep: float,
    forget: float,
    excess: Any,
    spare: Any,
    running: Any,
) -> None:
    """Move prices over wide stretches of time by the excess there, which wavers less.

    What jumps from slot to slot makes the steps of `ascend` short; a queue that is everywhere a
    little too long for its price would then take ages to be priced. Here only what lasts counts,
    and old squares are forgotten. Where there is neither price nor excess nothing is missing.

    Parameters
    ----------
    price, speed, square
        Prices, momentum and squares of these steps, shape (n_slots, n); changed.
    flow, limit
        Persons by slot, and how many may be, shapes (n_slots, n) and (n,).
    half
        Half width of the moving average [slots], taken twice.
    rate, keep, forget
        Length of the step [slots], share of the momentum kept, share of the squares kept.
    """
    n_slots, n = price.shape
    for t in range(n_slots):
        for p in range(n):
            g = (flow[t, p] - limit[p]) / limit[p]
            excess[t, p] = g if price[t, p] > 0 else max(g, np.float32(0))
    smooth(excess, spare, half, running)
    smooth(spare, excess, half, running)
    for t in range(n_slots):
        for p in range(n):
            g = excess[t, p]
            speed[t, p] = keep * speed[t, p] + (np.float32(1) - keep) * g
            square[t, p] = forget * square[t, p] + g * g
            q = price[t, p] + rate * speed[t, p] / np.sqrt(square[t, p] + np.float32(1))
            price[t, p] = max(q, np.float32(0))
