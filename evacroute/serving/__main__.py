"""The server's command: ``python -m evacroute.serving --model_dir DIR``."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from evacroute.errors import EvacrouteError
from evacroute.serving.core import Core
from evacroute.serving.options import Options, read_options

if TYPE_CHECKING:
    from starlette.routing import BaseRoute


def main(line: Sequence[str] | None = None, make: Callable[..., Core] | None = None) -> int:
    """Serve until told to end; returns the exit code.

    Parameters
    ----------
    line
        The options, those of the process by default.
    make
        What makes the core of options and meters, `making.make_core` by default.
    """
    options = read_options(sys.argv[1:] if line is None else line)
    try:
        return _serve(options, make)
    except (EvacrouteError, NotImplementedError) as error:
        print(f"evacroute.serving: {error}", file=sys.stderr)
        return 2


def _serve(options: Options, make: Callable[..., Core] | None) -> int:
    # What needs the extra comes after the options, so that --help is ours and is quick.
    from evacroute.serving import making
    from evacroute.serving._kserve import ModelServer  # noqa: F401
    from evacroute.serving.logs import set_up
    from evacroute.serving.memory import share_one_heap
    from evacroute.serving.metrics import Meters

    set_up(options.log_level)
    share_one_heap()
    meters = Meters()
    if options.warm:
        making.warm()
        return 0
    core = (make or making.make_core)(options, meters)
    from evacroute.serving.server import Server

    with ExitStack() as beside:
        routes: list[BaseRoute] = []
        if options.app:
            from evacroute.serving.app import app_routes

            routes += app_routes(core, options.model_name, timeout=options.timeout)
        if options.ops:
            board = beside.enter_context(making.make_board(core, options, meters))
            routes += board.routes()
        return Server(core, options, meters, routes).start()


if __name__ == "__main__":
    sys.exit(main())
