"""What every capacity store can do."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Protocol

from evacroute.errors import StoreError
from evacroute.serving.capacity_store.records import Answer, Counts, Held, Places, Wish


class CapacityStore(Protocol):
    """The one truth about places in shelters.

    Persons are counted, by shelter; who needs step-free places takes one of both. No call ever
    gives away more than the capacity last declared. Holds end by the store's own clock, never by a
    caller's; each call releases up to 256 that have ended, so in a rush a place may be offered a
    moment late, never twice. `look` releases all.

    Calls may be repeated, and duplicates may come late: see each method. Threads may share a store.
    All methods but `close` raise `StoreUnavailable` when the store is out of reach or slower than
    its timeout, `StoreError` when it cannot do what was asked, and `InputError`.

    Attributes
    ----------
    kind
        "memory", "sqlite" or "redis".
    is_shared
        Whether other processes see the same places: those of the machine for sqlite, all for redis.
    """

    @property
    def kind(self) -> str:
        """Name of the kind."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the same."""

    def declare(self, places: Places) -> None:
        """Set the shelters' places; a version that is not newer than the last changes nothing.

        What is taken stays. A capacity below it only stops new ones, and so does leaving out a
        shelter, which then has none.
        """

    def reserve(self, wishes: Sequence[Wish]) -> list[Answer]:
        """Take a place for each wish, in order; each by itself, 256 in one go.

        A token that holds a place with the same party and needs, at one of the candidates, keeps it
        (a retry): the hold is prolonged, never shortened. Any other wish of a token that holds a
        place is a move: the first candidate with room, its own old place counted as free, is taken
        and the old one given back in one step; without one it keeps the old and is `Refused` with
        what it holds. A token that has arrived keeps what it has, whatever it asks.

        Wishes of one token are taken in the order in which they come in: whoever sends the next
        before the last is answered may be moved back by the first. A wish that comes in from
        `give_up_at` on changes nothing and is `Refused` as `LATE`, be it a retry or not. On Redis,
        whose clock is known to a process from its first `beat` on, it may be refused a little
        before that (by what a `beat` took and a few milliseconds); it is never taken after, unless
        that clock is set back or slewed by more than a thousandth. Before the first `beat` none is
        refused for this.
        """

    def renew(self, token: str, hold_s: float) -> Held | None:
        """Keep a place for at least `hold_s` from now; None where the token holds none."""

    def arrived(self, token: str) -> Held | None:
        """Keep a place for good, as its people are there; None where the token holds none."""

    def cancel(self, token: str) -> bool:
        """Give a place back, also of who has arrived; True where there was one.

        The token is refused for `TOMBSTONE_S` from now, even if it held nothing: its duplicates
        may still be under way. Who wants a place again asks with a new token.
        """

    def adopt(self, held: Sequence[Wish]) -> list[Answer]:
        """Write in what was promised while the store was out of reach; one shelter a wish.

        As `reserve` with that one candidate, and `is_as_promised` tells whether the token now
        holds just that. But what another replica than `by` took or kept for the token since
        `promised_at` is not moved: then it is `Refused` as `ANSWERED`, with what it holds. What
        `by` itself took since is moved, as by a wish that was answered too late: who has heard
        its answer must not adopt the promise. Of promises of several replicas the last one counts,
        in whatever order they are written in.
        """

    def look(self) -> Counts:
        """How full the shelters are, after all ended holds are released."""

    def beat(self, replica: str, alive_s: float) -> int:
        """Say that a replica lives for `alive_s` [s] by the store's clock; how many live now."""

    def publish(self, notice: bytes, *, expected: int | None = None) -> int:
        """Set the live state of the event (1 MiB at most); its version, one above the last.

        With `expected` only where that is the current version (0 before the first), else
        `StoreConflict`: of two operators who write at once the second looks again.
        """

    def notice(self, since: int) -> tuple[int, bytes] | None:
        """Read version and notice; None where the caller's is the current one, or there is none.

        After a store has lost its data versions begin again, so a lower one counts as news too.
        """

    def ping(self) -> None:
        """Raise `StoreUnavailable` where the store is out of reach."""

    def close(self) -> None:
        """Let go of connections; whatever is called afterwards raises `StoreError`."""


class Line(Protocol):
    """A way to ask a store for places from an event loop, without a thread.

    A store may have a method `line()` that makes one, or gives None where it cannot just here. It
    is used by one event loop at a time. A store that never waits for anything needs none: it may
    have an attribute `answers_at_once` that is True, and is then asked on the loop itself. A store
    with neither is asked in a thread.
    """

    def reserve(
        self, wishes: Sequence[Wish], then: Callable[[list[Answer] | StoreError], None]
    ) -> None:
        """Ask as `CapacityStore.reserve` does; `then` is called once, with answers or why not.

        In the loop that runs now, not later than the store's time to connect and to answer. The
        next call comes after that.
        """

    def close(self) -> None:
        """Let go of the connection; may be called in any thread."""
