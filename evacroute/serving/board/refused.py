"""Why an act of the board is refused."""

from __future__ import annotations

from typing import Any

from evacroute.serving.refusals import Refusal


class Forbidden(Refusal):
    """The request does not come from the board's own page."""

    status, code, cause = 403, "PERMISSION_DENIED", "forbidden"


class Conflict(Refusal):
    """Somebody else changed something since the board was looked at.

    Parameters
    ----------
    text
        One sentence.
    version
        The version of the news now.
    changed
        What has changed, in words of `notices.differences`.
    """

    status, code, cause = 409, "ABORTED", "conflict"

    def __init__(self, text: str, version: int, changed: list[dict[str, Any]]) -> None:
        super().__init__(text)
        self.version, self.changed = version, changed


class StoreOut(Refusal):
    """The store is out of reach, and with it the other replicas."""

    status, code, cause = 503, "UNAVAILABLE", "store_out"
