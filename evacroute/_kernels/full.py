"""One bit a link and slot, set where nobody more may enter: small enough for the cache."""

from __future__ import annotations

from typing import Any

import numba as nb

ALL = 0xFFFFFFFF


@nb.njit(cache=True, nogil=True, inline="always")
def lowest_bit(word: int) -> int:
    """Position of the lowest set bit of a word of 32 bits that has one."""
    at = 0
    if word & 0xFFFF == 0:
        at += 16
        word >>= 16
    if word & 0xFF == 0:
        at += 8
        word >>= 8
    if word & 0xF == 0:
        at += 4
        word >>= 4
    if word & 0x3 == 0:
        at += 2
        word >>= 2
    if word & 0x1 == 0:
        at += 1
    return at


@nb.njit(cache=True, nogil=True)
def next_free(full: Any, link: int, slot: int) -> int:
    """First slot from `slot` on whose bit is not set; past the table's end where there is none."""
    w = slot >> 5
    # uint32 times int64 stays int64 here; uint64 would turn into float64.
    free = (~full[link, w] & ALL) >> (slot & 31)
    if free:
        return slot + lowest_bit(free)
    w += 1
    while w < full.shape[1]:
        free = ~full[link, w] & ALL
        if free:
            return (w << 5) + lowest_bit(free)
        w += 1
    return w << 5


@nb.njit(cache=True, nogil=True)
def mark(full: Any, link: int, slot: int, is_full: bool) -> None:
    """Set or clear the bit of a link and slot."""
    word = full[link, slot >> 5]
    bit = 1 << (slot & 31)
    full[link, slot >> 5] = (word | bit) if is_full else (word & (ALL ^ bit))


@nb.njit(cache=True, nogil=True)
def mark_all(free_link: Any, full: Any, least: int) -> None:
    """Set every bit from the table of free units; a person takes `least` or more."""
    full[:] = 0
    for link in range(free_link.shape[0]):
        for slot in range(free_link.shape[1]):
            is_full = free_link[link, slot] < least
            if is_full:
                mark(full, link, slot, is_full)
