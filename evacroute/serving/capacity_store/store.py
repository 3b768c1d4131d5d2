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
    All methods but `close` raise ``StoreUnavailable`` when the store is out of reach or slower than
    its timeout, ``StoreError`` when it cannot do what was asked, and `InputError`.
    """

    @property
    def kind(self) -> str:
        """Name of the kind: "memory", "sqlite" or "redis"."""

    @property
    def is_shared(self) -> bool:
        """Whether other processes see the same places.

        Those of the machine for sqlite, all for redis.
        """

    def declare(self, places: Places) -> None:
        """Set the shelters' places; a version that is not newer than the last changes nothing.

        What is taken stays. A capacity below it only stops new ones, and so does leaving out a
        shelter, which then has none.

        Parameters
        ----------
        places
            The shelters of a plan.
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
        ``give_up_at`` on changes nothing and is `Refused` as ``LATE``, be it a retry or not. On
        Redis, whose clock is known to a process from its first `beat` on, it may be refused a
        little before that (by what a `beat` took and a few milliseconds); it is never taken after,
        unless that clock is set back or slewed by more than a thousandth. Before the first `beat`
        none is refused for this.

        Parameters
        ----------
        wishes
            Who asks for what.

        Returns
        -------
        list of Held or Refused
            An answer to each, in their order.
        """

    def renew(self, token: str, hold_s: float) -> Held | None:
        """Keep a place for longer.

        Parameters
        ----------
        token
            Whose place.
        hold_s
            For at least so long from now [s].

        Returns
        -------
        Held or None
            What is kept; None where the token holds none.
        """

    def arrived(self, token: str) -> Held | None:
        """Keep a place for good, as its people are there.

        Parameters
        ----------
        token
            Whose place.

        Returns
        -------
        Held or None
            What is kept; None where the token holds none.
        """

    def cancel(self, token: str) -> bool:
        """Give a place back, also of who has arrived.

        The token is refused for `TOMBSTONE_S` from now, even if it held nothing: its duplicates
        may still be under way. Who wants a place again asks with a new token.

        Parameters
        ----------
        token
            Whose place.

        Returns
        -------
        bool
            True where there was one.
        """

    def adopt(self, held: Sequence[Wish]) -> list[Answer]:
        """Write in what was promised while the store was out of reach; one shelter a wish.

        As `reserve` with that one candidate, and `is_as_promised` tells whether the token now
        holds just that. But what another replica than ``by`` took or kept for the token since
        ``promised_at`` is not moved: then it is `Refused` as ``ANSWERED``, with what it holds. What
        ``by`` itself took since is moved, as by a wish that was answered too late: who has heard
        its answer must not adopt the promise. Of promises of several replicas the last one counts,
        in whatever order they are written in.

        Parameters
        ----------
        held
            What was promised to whom.

        Returns
        -------
        list of Held or Refused
            An answer to each, in their order.
        """

    def look(self) -> Counts:
        """Count how full the shelters are, after all ended holds are released.

        Returns
        -------
        Counts
            By shelter.
        """

    def beat(self, replica: str, alive_s: float) -> int:
        """Say that a replica lives, and learn how many do.

        Parameters
        ----------
        replica
            Its name: up to 16 letters and digits.
        alive_s
            It is taken to live for so long from now, by the store's clock [s].

        Returns
        -------
        int
            How many live now.
        """

    def publish(self, notice: bytes, *, expected: int | None = None) -> int:
        """Set the live state of the event.

        Of two operators who write at once the second, told the version it has seen, looks again.

        Parameters
        ----------
        notice
            The state, 1 MiB at most.
        expected
            Write only where this is the current version (0 before the first).

        Returns
        -------
        int
            The new version, one above the last.

        Raises
        ------
        StoreConflict
            If another version than the expected one is there.
        """

    def notice(self, since: int) -> tuple[int, bytes] | None:
        """Read the live state of the event, where it is news.

        After a store has lost its data versions begin again, so a lower one counts as news too.

        Parameters
        ----------
        since
            The version that the caller has.

        Returns
        -------
        tuple of int and bytes, or None
            Version and notice; None where the caller's is the current one, or there is none.
        """

    def ping(self) -> None:
        """Ask whether the store can be reached.

        Raises
        ------
        StoreUnavailable
            If it is out of reach.
        """

    def close(self) -> None:
        """Let go of connections; whatever is called afterwards raises ``StoreError``."""


class Line(Protocol):
    """A way to ask a store for places from an event loop, without a thread.

    A store may have a method ``line()`` that makes one, or gives None where it cannot just here. It
    is used by one event loop at a time. A store that never waits for anything needs none: it may
    have an attribute ``answers_at_once`` that is True, and is then asked on the loop itself. A
    store with neither is asked in a thread.
    """

    def reserve(
        self, wishes: Sequence[Wish], then: Callable[[list[Answer] | StoreError], None]
    ) -> None:
        """Ask as `CapacityStore.reserve` does, without waiting.

        In the loop that runs now, not later than the store's time to connect and to answer. The
        next call comes after that.

        Parameters
        ----------
        wishes
            Who asks for what.
        then
            Called once, with the answers or the error.
        """

    def close(self) -> None:
        """Let go of the connection; may be called in any thread."""
