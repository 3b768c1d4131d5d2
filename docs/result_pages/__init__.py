"""Tables of the pages of figures, each made of files alone and ended by a line that says how."""

from __future__ import annotations

from collections.abc import Callable

from .files import Results
from .parts import made_line
from .passing import PASSING
from .peers import PEERS
from .quality import QUALITY
from .serving import SERVING
from .speed import SPEED

__all__ = ["TABLES", "made_line"]

TABLES: dict[str, Callable[[Results], str]] = {**SPEED, **QUALITY, **PEERS, **SERVING, **PASSING}
"""By the name that templates use."""
