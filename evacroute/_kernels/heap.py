"""A binary heap of whole numbers; searches pack key and node into one.

The low 24 bits hold the node, so graphs are limited to `MOST_NODES` heads.
"""

from __future__ import annotations

from typing import Any

import numba as nb

NODE_BITS = 24
MOST_NODES = (1 << NODE_BITS) - 1


@nb.njit(cache=True, nogil=True)
def push(heap: Any, size: int, value: int) -> int:
    """Put a value in; returns the new size."""
    i = size
    while i > 0:
        parent = (i - 1) >> 1
        if heap[parent] <= value:
            break
        heap[i] = heap[parent]
        i = parent
    heap[i] = value
    return size + 1


@nb.njit(cache=True, nogil=True)
def pop(heap: Any, size: int) -> int:
    """Take the least value out; the caller counts `size` down."""
    size -= 1
    least = heap[0]
    value = heap[size]
    i = 0
    while True:
        child = 2 * i + 1
        if child >= size:
            break
        if child + 1 < size and heap[child + 1] < heap[child]:
            child += 1
        if heap[child] >= value:
            break
        heap[i] = heap[child]
        i = child
    heap[i] = value
    return least  # type: ignore[no-any-return]
