"""The options of the server, KServe's among them."""

from __future__ import annotations

import argparse
import os
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from pathlib import Path

from evacroute.errors import InputError
from evacroute.units import seconds

STORE = "sqlite:///evacroute.sqlite"


@dataclass(frozen=True, slots=True)
class Options:
    """What the server was told; times in seconds.

    Parameters
    ----------
    model_dir
        Folder of the bundle.
    model_name
        What the model is called in the address.
    http_host, http_port, grpc_port
        Where it listens; gRPC nowhere if its port is 0.
    store
        Address of the store of places; it may hold a password.
    event
        What the store keeps the places under, "" = "default": plans that replace each other share
        it.
    digest
        Sha256 that the bundle's manifest must have, "" = any.
    key_file
        File of the key that hides tokens from the store.
    hold
        How long a place is kept for a party that does not arrive.
    alarm
        When the alarm was given [s since 1970], None = not yet: who asks is answered as if now.
    app, ops
        Whether the phone's page and the operator's board are served.
    replan_limit
        How long the board improves prices when it plans anew.
    max_persons, max_body_kb, max_in_flight
        The most of one request, and the most requests answered at a time.
    timeout
        How long an answer may take.
    drain, grace
        How long it still answers when told to end, and how long it waits for answers after that.
    timeout_keep_alive
        How long an idle connection is kept.
    warm
        Fill the caches of the kernels, and end.
    log_level
        The least that is logged.
    ssl_certfile, ssl_keyfile
        Certificate and key for HTTPS.
    """

    model_dir: Path
    model_name: str
    http_host: str
    http_port: int
    grpc_port: int
    store: str
    event: str
    digest: str
    key_file: Path | None
    hold: float
    alarm: float | None
    app: bool
    ops: bool
    replan_limit: float
    max_persons: int
    max_body_kb: int
    max_in_flight: int
    timeout: float
    drain: float
    grace: float
    timeout_keep_alive: int
    warm: bool
    log_level: str
    ssl_certfile: str | None
    ssl_keyfile: str | None


def read_options(line: Sequence[str]) -> Options:
    """Read the options; ends the process with a clear word where one is wrong."""
    found = vars(_parser().parse_args([_underscored(word) for word in line]))
    if found.pop("workers") != 1:
        _parser().error(
            "argument --workers: there is one worker a pod, expected 1: places held in memory and "
            "figures live in the process; run more replicas instead"
        )
    if not found["warm"] and "model_dir" not in found:
        _parser().error("argument --model_dir: is missing, expected the folder of a bundle")
    found.setdefault("model_dir", Path())
    if not found.pop("enable_grpc"):
        found["grpc_port"] = 0
    if (found["ssl_certfile"] is None) != (found["ssl_keyfile"] is None):
        _parser().error("argument --ssl_certfile: needs --ssl_keyfile, and the other way round")
    found.setdefault("store", os.environ.get("EVACROUTE_STORE") or STORE)
    return Options(**{field.name: found[field.name] for field in fields(Options)})


def option_names() -> list[str]:
    """List the options, as a shell completes them."""
    found = [name for action in _parser()._actions for name in action.option_strings]
    return [name for name in found if name.startswith("--")]


def _underscored(word: str) -> str:
    """KServe writes most options with _ and some with -; either is taken."""
    if not word.startswith("--"):
        return word
    name, sign, value = word[2:].partition("=")
    return f"--{name.replace('-', '_')}{sign}{value}"


class _Help(argparse.ArgumentDefaultsHelpFormatter):
    """Shows the defaults that say something."""

    def _get_help_string(self, action: argparse.Action) -> str | None:
        if action.default in (None, "", False):
            return action.help
        return super()._get_help_string(action)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="evacroute serve",
        # All options stand below; before a fault they would hide it.
        usage="%(prog)s DIR [options]\n"
        "   or: python -m evacroute.serving --model_dir DIR [options]",
        description="Answer phones from a bundle, as a predictor of KServe.",
        allow_abbrev=False,
        formatter_class=_Help,
    )
    add = parser.add_argument
    env = os.environ.get
    key_file = env("EVACROUTE_KEY_FILE")
    add("--model_dir", type=Path, default=argparse.SUPPRESS, help="folder of the bundle")
    add("--model_name", type=_name, default="evacroute", help="its name in the address")
    add("--http_host", default="0.0.0.0", help="address to listen at")
    add("--http_port", type=_port, default=8080, help="port of HTTP, 0 = any that is free")
    add("--grpc_port", type=_port, default=8081, help="port of gRPC, 0 = no gRPC")
    # Not as a default, which would be shown: an address may hold a password.
    add(
        "--store", default=argparse.SUPPRESS, metavar="ADDRESS",
        help=f"store of places: sqlite:///FILE, redis://HOST, memory: (EVACROUTE_STORE or {STORE})",
    )  # fmt: skip
    add("--event", default="", help="what places are kept under (default: default)")
    add(
        "--digest", default=env("EVACROUTE_BUNDLE_DIGEST") or "", metavar="SHA256",
        help="refuse any other bundle (EVACROUTE_BUNDLE_DIGEST)",
    )  # fmt: skip
    add(
        "--key_file", type=Path, default=Path(key_file) if key_file else None,
        help="file of the key that hides tokens from the store (EVACROUTE_KEY_FILE)",
    )  # fmt: skip
    add("--hold", type=_duration, default="30min", help="how long a place is kept")
    add("--alarm", type=_time, help="when the alarm was given, such as 2026-11-23T10:00Z")
    add("--app", action="store_true", help="serve the phone's page at /app")
    add("--ops", action="store_true", help="serve the operator's board at /ops")
    add("--replan_limit", type=_duration, default="30s", help="how long the board plans anew")
    add("--max_persons", type=_whole, default=1000, help="the most parties in a request")
    add("--max_body_kb", type=_whole, default=512, help="the longest body [kB]")
    add("--max_in_flight", type=_whole, default=256, help="the most requests answered at a time")
    add("--timeout", type=_duration, default="2s", help="how long an answer may take")
    add("--drain", type=_pause, default="5s", help="how long to answer still when told to end")
    add("--grace", type=_duration, default="20s", help="how long to wait for answers after that")
    add("--warm", action="store_true", help="fill the caches of the kernels, and end")
    add(
        "--log_level", choices=("debug", "info", "warning", "error"), default="info",
        help="the least that is logged",
    )  # fmt: skip
    usual = parser.add_argument_group("KServe's own")
    add = usual.add_argument
    add("--workers", type=_whole, default=1, help="1; run more replicas instead")
    add("--enable_grpc", type=_yes_no, default=True, help="whether there is gRPC")
    add("--timeout_keep_alive", type=_whole, default=65, help="how long to keep idle connections")
    add("--ssl_certfile", default=env("KSERVE_TLS_CERT_FILE") or None, help="certificate for HTTPS")
    add("--ssl_keyfile", default=env("KSERVE_TLS_KEY_FILE") or None, help="its key")
    for name in _WITHOUT_EFFECT:
        add(f"--{name}", default=argparse.SUPPRESS, help="taken, without effect")
    return parser


_WITHOUT_EFFECT = (
    "max_threads", "max_asyncio_workers", "enable_latency_logging", "enable_docs_url",
    "configure_logging", "event_loop", "protocol",
)  # fmt: skip
"""Options that runtimes of KServe pass: about parts that are not used or are shut here."""


def _checked(read: Callable[[str], float]) -> Callable[[str], float]:
    def checked(text: str) -> float:
        try:
            return read(text)
        except InputError as error:
            raise argparse.ArgumentTypeError(str(error)) from None

    return checked


_duration = _checked(lambda text: seconds(text))
_pause = _checked(lambda text: seconds(text, zero=True))


def _name(text: str) -> str:
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,62}", text):
        raise argparse.ArgumentTypeError("expected letters, digits and . _ - (at most 63)")
    return text


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"{text!r} is no port, expected 0 to 65535")
    return int(text)


def _whole(text: str) -> int:
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r}: expected a whole number, 1 or more")
    return int(text)


def _yes_no(text: str) -> bool:
    if text.lower() not in ("true", "false", "1", "0", "yes", "no"):
        raise argparse.ArgumentTypeError(f"{text!r}: expected true or false")
    return text.lower() in ("true", "1", "yes")


def _time(text: str) -> float:
    try:
        time = datetime.fromisoformat(text)
    except ValueError:
        time = None
    if time is None or time.tzinfo is None:
        raise argparse.ArgumentTypeError(
            f"{text!r}: expected a time with its offset, such as 2026-11-23T10:00Z"
        )
    return time.timestamp()
