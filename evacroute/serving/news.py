"""What all replicas are told while they run: alarm, closures, prices, version of the plan.

The store keeps it as one notice: JSON, with prices as the bytes of their ``.npz`` in base64.
"""

from __future__ import annotations

import base64
import io
import json
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np

from evacroute.errors import InputError
from evacroute.prices import Prices

_NAMES = {"alarm_at", "closed_links", "closed_shelters", "plan", "prices"}


@dataclass(frozen=True, slots=True, eq=False)
class News:
    """State of an event beside its places.

    Parameters
    ----------
    alarm_at
        When the alarm was given [s since 1970, UTC], None = not yet: who asks is answered as if it
        were given now.
    closed_links, closed_shelters
        Ids of links that nobody may enter, and of shelters that take nobody more.
    plan
        Version of the plan that the prices are of, "" = that of the bundle.
    prices
        New prices, None = those of the bundle.
    refused
        Why the prices of the notice could not be read, "" = they could, or there were none.
    """

    alarm_at: float | None = None
    closed_links: tuple[str, ...] = ()
    closed_shelters: tuple[str, ...] = ()
    plan: str = ""
    prices: Prices | None = field(default=None, compare=False)
    refused: str = field(default="", compare=False)

    def with_(self, **changes: Any) -> News:
        """Give the same with some fields changed."""
        return replace(self, **changes)

    def to_bytes(self) -> bytes:
        """Write the notice."""
        record: dict[str, Any] = {
            "alarm_at": self.alarm_at,
            "closed_links": list(self.closed_links),
            "closed_shelters": list(self.closed_shelters),
            "plan": self.plan,
            "prices": None,
        }
        if self.prices is not None:
            buffer = io.BytesIO()
            np.savez_compressed(buffer, allow_pickle=False, **self.prices.to_arrays())
            record["prices"] = base64.b64encode(buffer.getvalue()).decode()
        return json.dumps(record).encode()

    @classmethod
    def of(cls, notice: bytes) -> News:
        """Read a notice: what is closed is closed, though its prices cannot be read.

        Raises
        ------
        InputError
            If it is none.
        """
        try:
            record = json.loads(notice)
            if set(record) != _NAMES:
                raise ValueError(f"its names are {sorted(record)}")
            prices, refused = _prices(record["prices"])
            alarm = record["alarm_at"]
            return cls(
                alarm_at=None if alarm is None else float(alarm),
                closed_links=tuple(str(one) for one in record["closed_links"]),
                closed_shelters=tuple(str(one) for one in record["closed_shelters"]),
                plan="" if refused else str(record["plan"]),
                prices=prices,
                refused=refused,
            )
        except Exception as error:
            raise InputError(f"notice: cannot be read: {error}") from None


def _prices(content: Any) -> tuple[Prices | None, str]:
    """Read prices, or say why they cannot be read."""
    if content is None:
        return None, ""
    try:
        with np.load(io.BytesIO(base64.b64decode(content)), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
        return Prices.from_arrays(arrays, "notice"), ""
    except Exception as error:
        # Readers of compressed files raise what comes to hand, errors of zlib and tokenize too.
        return None, f"cannot be read: {error}"
