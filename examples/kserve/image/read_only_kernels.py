"""Compiled kernels from a folder that cannot be written, as in a container's read-only root.

numba takes a cache only if it can write there. Otherwise it passes over it without a word, compiles
everything anew, and stops at import where no other folder can be written either ("no locator
available"). The image therefore names the class below in `NUMBA_CACHE_LOCATOR_CLASSES`. It lies
beside the Dockerfile, not in the package, since it is of use in an image only.
"""

from __future__ import annotations

import sys
from typing import Any

from numba.core import caching


class ReadOnlyLocator(caching.UserProvidedCacheLocator):  # type: ignore[misc]
    """Finds kernels where `NUMBA_CACHE_DIR` has them, and asks for no right to write."""

    def ensure_cache_path(self) -> None:
        """Do nothing: what is not there is compiled."""


def _save_if_possible(self: Any, sig: Any, data: Any) -> None:
    """Go on without saving a kernel; numba would fail the call that needed it."""
    try:
        _save(self, sig, data)
    except OSError:
        print(f"kernel not in the image, compiled anew: {self._name}", file=sys.stderr)


_save = caching.Cache.save_overload
caching.Cache.save_overload = _save_if_possible
