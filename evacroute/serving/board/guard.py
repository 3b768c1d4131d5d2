"""Whether an act comes from the board's own page, and the line that is written of it."""

from __future__ import annotations

import logging
from typing import Any
from urllib.parse import urlsplit

from starlette.datastructures import Headers

from evacroute.serving.board.refused import Forbidden
from evacroute.serving.logs import say

ACT = "x-evacroute-act"

USERS = ("x-auth-request-user", "x-forwarded-user")
"""Headers in which gateways say who it is that they have let in."""

LONGEST_USER = 128


def check_origin(headers: Headers) -> None:
    """Let nothing but the board's own page, or a program, change anything.

    A page of another site that an operator has open at the same time cannot set the header: a
    browser would ask here first whether it may, and is not told so.

    Raises
    ------
    Forbidden
        If it comes from elsewhere.
    """
    if headers.get(ACT) != "1":
        raise Forbidden("acts need the header X-Evacroute-Act: 1")
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None:
        if site != "same-origin":
            raise Forbidden("acts are taken from the board's own page only")
    elif origin is not None:
        host = headers.get("x-forwarded-host") or headers.get("host", "")
        try:
            given = urlsplit(origin).netloc
        except ValueError:
            given = ""
        if not given or given.lower() != host.lower():
            raise Forbidden("acts are taken from the board's own page only")


def log_act(headers: Headers, act: str, **fields: Any) -> None:
    """Write the line of an act: what, and who as far as the gateway says so."""
    user = next((headers[one] for one in USERS if one in headers), "")
    who = "".join(c for c in user if c.isprintable())[:LONGEST_USER]
    if who:
        fields["user"] = who
    say("act", logging.INFO, act=act, **fields)
