"""Where the server gets what answers."""

from __future__ import annotations

from evacroute.serving.core import Core
from evacroute.serving.metrics import Meters
from evacroute.serving.options import Options


def make_core(options: Options, meters: Meters) -> Core:
    """Make what answers from a bundle and a store; nothing is read or loaded yet."""
    raise NotImplementedError(
        "evacroute cannot serve bundles yet: what answers is not joined to the server"
    )
