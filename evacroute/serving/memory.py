"""Memory that was let go, given back to the system."""

from __future__ import annotations

import ctypes
import sys

_ARENAS = -8
"""What mallopt calls M_ARENA_MAX."""


def share_one_heap() -> None:
    """Let all threads take memory from one heap, before the first of them begins.

    The C library gives each its own, and what is let go in one is no use to another: tables made
    in threads cost a replica up to 35 MB so. Does nothing where the library is not glibc.
    """
    if sys.platform != "linux":
        return
    option = getattr(ctypes.CDLL(None), "mallopt", None)
    if option is not None:
        option(_ARENAS, 1)


def give_back() -> None:
    """Give back what the C library keeps for later: tables come and go in tens of megabytes.

    Takes a few milliseconds; does nothing where the library is not glibc.
    """
    if sys.platform != "linux":
        return
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
