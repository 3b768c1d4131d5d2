"""The command line: ``evacroute COMMAND``."""

from __future__ import annotations

import os
import signal
import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from evacroute.cli.commands import app

__all__ = ["app", "main"]

INTERRUPTED = 128 + signal.SIGINT


def __getattr__(name: str) -> Any:
    """Load the commands when they are asked for: they take seconds, and `main` minds them."""
    if name == "app":
        from evacroute.cli.commands import app

        return app
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def _stop(number: int, frame: Any) -> None:
    sys.exit(128 + number)


def _leave(number: int, frame: Any) -> None:
    # Nothing is written while modules load, and they would tell of it by a traceback.
    os.write(2, b"stopped by Ctrl-C\n")
    os._exit(INTERRUPTED)


def main() -> None:
    """Run the command line."""
    usual = signal.getsignal(signal.SIGINT)
    heeded = usual is signal.default_int_handler
    if heeded:
        signal.signal(signal.SIGINT, _leave)
    from evacroute.cli.commands import app

    if heeded:
        signal.signal(signal.SIGINT, usual)
    # As with Ctrl-C, what is half-written is cleared away before the program ends.
    signal.signal(signal.SIGTERM, _stop)
    app(prog_name="evacroute")
