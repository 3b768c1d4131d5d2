"""Open the capacity store that an address names."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import parse_qsl, unquote, urlsplit

from evacroute.errors import InputError
from evacroute.serving.capacity_store.memory import MemoryStore
from evacroute.serving.capacity_store.records import check_name
from evacroute.serving.capacity_store.redis import RedisStore
from evacroute.serving.capacity_store.sqlite import SqliteStore
from evacroute.serving.capacity_store.store import CapacityStore

_FORMS = (
    "expected memory: or sqlite:///relative.db or sqlite:////absolute.db or "
    "redis://[user:password@]host[:port][/db] or rediss://..."
)


def open_store(url: str, *, event: str = "default", timeout_s: float = 2.0) -> CapacityStore:
    """Open a store of places in shelters.

    Parameters
    ----------
    url
        ``memory:``, ``sqlite:///relative.db``, ``sqlite:////absolute.db``,
        ``redis://[user:password@]host[:port][/db]``, or ``rediss://...`` over TLS, which may end
        with ``?ssl_ca_certs=file`` and other options of redis-py that begin with ``ssl_``. Signs
        that have a meaning in addresses, in a password say, are written as % and two digits.
    event
        Name of the evacuation: several on one server or in one file do not mix.
    timeout_s
        How long to wait for others, or for the server [s].

    Returns
    -------
    CapacityStore
        To be closed by whoever opened it.

    Raises
    ------
    InputError
        If the address is in no such form, or a value cannot be. The address is not shown.
    MissingExtraError
        If the store is on Redis and redis is not installed.
    StoreUnavailable
        If a file cannot be opened. Redis is asked at the first call only.

    Examples
    --------
    >>> from evacroute.serving.capacity_store import Places, Wish, open_store
    >>> store = open_store("memory:")
    >>> store.declare(Places(version=1, shelter_id=("A",), capacity=(2,), step_free=(0,)))
    >>> ask = {"candidates": ("A",), "size": 2, "step_free": False, "hold_s": 60}
    >>> first, second = store.reserve([Wish(token="x", **ask), Wish(token="y", **ask)])
    >>> first.shelter_id, second.why
    ('A', <Refusal.FULL: 'full'>)
    >>> store.close()
    """
    check_name(event, "event")
    if isinstance(timeout_s, bool) or not 0 < timeout_s <= 3600:
        raise InputError(f"timeout_s is {timeout_s!r}, expected seconds above 0 up to 3600")
    check_address(url)
    if url == "memory:":
        return MemoryStore()
    if url.startswith("sqlite:///"):
        return SqliteStore(_file(url), event=event, timeout_s=timeout_s)
    return RedisStore(url, event=event, timeout_s=timeout_s)


def check_address(url: str) -> None:
    """Check the form of a store's address; nothing is opened.

    Raises
    ------
    InputError
        If the address is in no form that `open_store` takes. The address is not shown.
    """
    if url.startswith("sqlite:///"):
        path = unquote(url.removeprefix("sqlite:///"))
        if not path or path.startswith(":") or path.endswith("/"):
            raise InputError(f"store: the address names no file; {_FORMS}")
    elif url != "memory:" and not _is_redis(url):
        raise InputError(f"store: the address (not shown) has another form; {_FORMS}")


def _file(url: str) -> Path:
    return Path(unquote(url.removeprefix("sqlite:///")))


def _is_redis(url: str) -> bool:
    """Whether an address has the form of a Redis server's, all of it."""
    try:
        parts = urlsplit(url)
        has_host = bool(parts.hostname) and parts.port != 0
    except ValueError:
        return False
    database = parts.path.removeprefix("/")
    options = dict(parse_qsl(parts.query, keep_blank_values=True))
    return (
        parts.scheme in ("redis", "rediss")
        and has_host
        and (not database or database.isdecimal())
        and not parts.fragment
        and all(name.startswith("ssl_") and parts.scheme == "rediss" for name in options)
    )
