"""What a phone may say of the place it holds: that it is kept, used, or given back."""

from __future__ import annotations

import asyncio
import math
import re
from typing import Any

from evacroute.errors import StoreUnavailable
from evacroute.serving.capacity_store import CapacityStore, Held
from evacroute.serving.place_desk import PlaceDesk
from evacroute.serving.refusals import BadRequest, Busy, Refusal, TooLate

DEEDS = ("arrived", "cancel", "renew")
"""What may be done with a place."""

MOST_BODY = 1024
"""The longest body [bytes]."""

MOST_AT_ONCE = 64
"""Requests of this kind under way at a time; each may hold a thread while the store is slow."""

_FIELDS = {"token", "do"}
_TOKEN = re.compile(r"[A-Za-z0-9._~:+/=@-]{1,128}")


class OutOfReach(Refusal):
    """The store of places does not answer."""

    status, code, cause = 503, "UNAVAILABLE", "store"
    headers = {"retry-after": "2"}  # noqa: RUF012


def read_deed(body: Any) -> tuple[str, str]:
    """Read who wants what: a token, and one of `DEEDS`.

    Raises
    ------
    BadRequest
        If something is wrong; the token is never part of the message.
    """
    if not isinstance(body, dict) or body.keys() != _FIELDS:
        raise BadRequest("the body must be an object with 'token' and 'do', and nothing else")
    token, deed = body["token"], body["do"]
    if type(token) is not str or not _TOKEN.fullmatch(token):
        raise BadRequest(
            "token must be 1 to 128 letters, digits or characters of . _ ~ : + / = @ -"
        )
    if type(deed) is not str or deed not in DEEDS:
        raise BadRequest(f"do must be one of {', '.join(DEEDS)}")
    return token, deed


class Counter:
    """Takes what phones say of their places to the store, a few at a time.

    Parameters
    ----------
    timeout
        How long it may take [s].
    """

    def __init__(self, timeout: float) -> None:
        self._timeout, self._now = timeout, 0

    async def do(self, desk: PlaceDesk, token: str, deed: str) -> dict[str, Any]:
        """Do it; tells whether the token holds a place now, for how long [s], and for good or not.

        Raises
        ------
        Busy, OutOfReach, TooLate
            If the store cannot be asked, does not answer, or not in time. It may have done it all
            the same; it does no harm to ask again.
        """
        if self._now >= MOST_AT_ONCE:
            raise Busy(f"{MOST_AT_ONCE} places are being changed, the limit; try again in 1 s")
        hidden = desk.hidden(token)

        def work(store: CapacityStore) -> Held | None:
            if deed == "cancel":
                store.cancel(hidden)
                return None
            if deed == "arrived":
                return store.arrived(hidden)
            return store.renew(hidden, desk.hold_s)

        self._now += 1
        try:
            async with asyncio.timeout(self._timeout):
                held = await desk.call(work)
        except StoreUnavailable:
            raise OutOfReach("the store of places is out of reach; try again") from None
        except TimeoutError:
            raise TooLate(f"no answer within {self._timeout:g} s, the limit; try again") from None
        finally:
            self._now -= 1
        if held is None:
            return {"held": False, "arrived": False, "held_until_s": None}
        left = held.expires_in_s
        until = round(left) if math.isfinite(left) else None
        return {"held": True, "arrived": held.arrived, "held_until_s": until}
