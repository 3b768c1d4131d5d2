"""Logs: one line of JSON an event, one event a request, and nothing of who asked."""

from __future__ import annotations

import logging
import sys
from datetime import UTC, datetime
from typing import Any, TextIO

import orjson

LOG = logging.getLogger("evacroute.serving")

_OTHERS = ("kserve", "kserve.trace", "uvicorn", "uvicorn.error", "asyncio", "grpc", "redis")


class JsonLines(logging.Formatter):
    """Writes a record as one line of JSON.

    Of an exception only its kind and place are written: its text and its stack may hold what
    someone sent. Of what other libraries say only the first line is.
    """

    def format(self, record: logging.LogRecord) -> str:
        """Write a record."""
        at = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        line: dict[str, Any] = {"time": at, "level": record.levelname.lower()}
        fields = record.__dict__.get("fields")
        if fields is not None:
            line["event"] = record.msg
            line.update(fields)
        else:
            line["logger"] = record.name
            line["event"] = record.getMessage().split("\n", 1)[0][:300]
        if record.exc_info and record.exc_info[1] is not None:
            line.update(fault_of(record.exc_info[1]))
        return orjson.dumps(line, default=str).decode()


def fault_of(error: BaseException) -> dict[str, str]:
    """Kind of an exception and the place it comes from, without its text."""
    trace, at = error.__traceback__, ""
    while trace is not None:
        code = trace.tb_frame.f_code
        module = trace.tb_frame.f_globals.get("__name__", "")
        at = f"{module}:{code.co_name}:{trace.tb_lineno}"
        trace = trace.tb_next
    return {"fault": type(error).__name__, "at": at}


def say(event: str, level: int = logging.INFO, **fields: Any) -> None:
    """Log an event with its fields."""
    if LOG.isEnabledFor(level):
        LOG.log(level, event, extra={"fields": fields})


def set_up(level: str = "info", stream: TextIO | None = None) -> None:
    """Let all loggers of the process write lines of JSON to `stream` (standard error)."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.setFormatter(JsonLines())
    root = logging.getLogger()
    root.handlers[:] = [handler]
    root.setLevel(logging.WARNING)
    LOG.setLevel(level.upper())
    LOG.propagate = True
    for name in _OTHERS:
        # KServe sets its loggers up where they have no handler of their own.
        logger = logging.getLogger(name)
        logger.handlers[:] = [handler]
        logger.propagate = False
        logger.setLevel(max(logging.WARNING, LOG.level))
    # A line a request is ours; this one would hold addresses and query strings.
    access = logging.getLogger("uvicorn.access")
    access.handlers[:] = []
    access.propagate = False
