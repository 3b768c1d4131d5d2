"""What goes into a capacity store and what it answers; all checks of what comes from outside."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum

from evacroute.errors import Faults, InputError

UNLIMITED = 1_000_000_000
"""The most places that a shelter can have [persons]: write an exit, which is never full, so."""

TOMBSTONE_S = 3600.0
"""How long a cancelled token is refused [s]: longer than a phone or a proxy repeats a request."""

RETENTION_S = 48 * 3600.0
"""How long after its last use an event is kept [s]; no hold may be longer."""

MAX_NOTICE = 1 << 20
"""The longest notice [bytes]."""

PURGED = 256
"""Expired holds, and as many ended tombstones, that one call releases at most."""

BATCH = 256
"""Wishes in one transaction or script at most: others wait while it runs."""

_VERSIONS = 2**63 - 1
_TOKEN = re.compile(r"[ -~]{1,64}")
_NAME = re.compile(r"[A-Za-z0-9_.:-]{1,64}")
_BY = re.compile(r"[A-Za-z0-9]{0,16}")


class Refusal(Enum):
    """Why a wish got no place.

    Attributes
    ----------
    FULL
        No candidate has room for the party.
    CANCELLED
        The token was cancelled within the last ``TOMBSTONE_S``: a late duplicate, or ask anew.
    UNDECLARED
        The store knows none of the candidates: it is new or has lost its data; declare again.
    ANSWERED
        Another replica has answered the token since the promise was made (`CapacityStore.adopt`).
    LATE
        Nobody waits for the answer any more (`CapacityStore.reserve`); nothing is changed by it.
    """

    FULL = "full"
    CANCELLED = "cancelled"
    UNDECLARED = "undeclared"
    ANSWERED = "answered"
    LATE = "late"


@dataclass(frozen=True, slots=True, kw_only=True)
class Wish:
    """A party asks for a place.

    Parameters
    ----------
    token
        Who asks: 1 to 64 characters of printable ASCII that say nothing of the person.
    candidates
        Ids of shelters, the best first.
    size
        The party [persons].
    step_free
        Whether all of them need step-free places.
    hold_s
        How long the place is kept for them [s].
    by
        Which replica asks: up to 16 letters and digits, best random; "" is nobody in particular.
    promised_at
        For `CapacityStore.adopt`: ``time.monotonic()`` of this process when the promise was made,
        or before; None is now.
    give_up_at
        For `CapacityStore.reserve`: ``time.monotonic()`` of this process from when on nobody waits
        for the answer; None is never.

    Raises
    ------
    InputError
        If a field is not as it must be. The token is never part of the message.

    Examples
    --------
    >>> from evacroute.serving.capacity_store import Wish
    >>> wish = Wish(token="x", candidates=("A", "B"), size=2, step_free=False, hold_s=900)
    >>> wish.candidates[0], wish.give_up_at
    ('A', None)
    """

    token: str
    candidates: tuple[str, ...]
    size: int
    step_free: bool
    hold_s: float
    by: str = ""
    promised_at: float | None = None
    give_up_at: float | None = None

    def __post_init__(self) -> None:
        check_token(self.token)
        if not self.candidates:
            raise InputError("wish: there are no candidates, expected one or more shelters")
        for shelter_id in self.candidates:
            if not _is_shelter_id(shelter_id):
                raise InputError(f"wish: shelter {shelter_id!r}, {_SHELTER_ID}")
        if not _is_whole(self.size, 1, UNLIMITED):
            raise InputError(
                f"wish: size is {self.size!r}, expected a whole number from 1 to {UNLIMITED}"
            )
        if not isinstance(self.step_free, bool):
            raise InputError(f"wish: step_free is {self.step_free!r}, expected True or False")
        milliseconds(self.hold_s, "wish: hold_s")
        if not isinstance(self.by, str) or not _BY.fullmatch(self.by):
            raise InputError(f"wish: by is {self.by!r}, expected up to 16 letters or digits")
        for name, at in (("promised_at", self.promised_at), ("give_up_at", self.give_up_at)):
            if at is not None and not (isinstance(at, int | float) and math.isfinite(at)):
                raise InputError(f"wish: {name} is {at!r}, expected seconds or None")

    @classmethod
    def of_checked(
        cls, token: str, candidates: tuple[str, ...], size: int, step_free: bool, hold_s: float,
        by: str = "", give_up_at: float | None = None,
    ) -> Wish:  # fmt: skip
        """Make one of values that were checked before: a server makes many of the same few.

        Parameters
        ----------
        token, candidates, size, step_free, hold_s, by, give_up_at
            As in `Wish`.

        Returns
        -------
        Wish
            Not checked again.
        """
        made = object.__new__(cls)
        put = object.__setattr__
        put(made, "token", token)
        put(made, "candidates", candidates)
        put(made, "size", size)
        put(made, "step_free", step_free)
        put(made, "hold_s", hold_s)
        put(made, "by", by)
        put(made, "promised_at", None)
        put(made, "give_up_at", give_up_at)
        return made


@dataclass(frozen=True, slots=True, kw_only=True)
class Held:
    """A place that is taken.

    Parameters
    ----------
    shelter_id
        Where.
    size
        The party [persons].
    step_free
        Whether all of them have step-free places.
    expires_in_s
        How long it is still kept [s]; infinite for who has arrived.
    arrived
        Whether they are there.
    is_new
        Whether this very call took it; False for a retry.

    Examples
    --------
    >>> from evacroute.serving.capacity_store import Places, Wish, open_store
    >>> store = open_store("memory:")
    >>> store.declare(Places(version=1, shelter_id=("A",), capacity=(9,), step_free=(0,)))
    >>> wish = Wish(token="x", candidates=("A",), size=2, step_free=False, hold_s=60)
    >>> held, retry = store.reserve([wish, wish])
    >>> held.shelter_id, held.is_new, retry.is_new
    ('A', True, False)
    >>> store.arrived("x").expires_in_s
    inf
    """

    shelter_id: str
    size: int
    step_free: bool
    expires_in_s: float
    arrived: bool
    is_new: bool


@dataclass(frozen=True, slots=True)
class Refused:
    """A wish that got no place, why, and what the token still holds from before.

    Parameters
    ----------
    why
        The reason.
    held
        What the token holds from before, None = nothing.

    Examples
    --------
    >>> from evacroute.serving.capacity_store import Places, Wish, open_store
    >>> store = open_store("memory:")
    >>> store.declare(Places(version=1, shelter_id=("A",), capacity=(1,), step_free=(0,)))
    >>> wish = Wish(token="x", candidates=("A",), size=2, step_free=False, hold_s=60)
    >>> store.reserve([wish])
    [Refused(why=<Refusal.FULL: 'full'>, held=None)]
    """

    why: Refusal
    held: Held | None = None


Answer = Held | Refused


def is_as_promised(answer: Answer, wish: Wish) -> bool:
    """Tell whether an answer is just what was promised without the store.

    Parameters
    ----------
    answer
        What the store said to `CapacityStore.adopt`.
    wish
        What was promised.

    Returns
    -------
    bool
        True where shelter, party and needs are the same.

    Examples
    --------
    >>> from evacroute.serving.capacity_store import Places, Wish, is_as_promised, open_store
    >>> store = open_store("memory:")
    >>> store.declare(Places(version=1, shelter_id=("A",), capacity=(2,), step_free=(0,)))
    >>> wish = Wish(token="x", candidates=("A",), size=2, step_free=False, hold_s=60)
    >>> is_as_promised(store.adopt([wish])[0], wish)
    True
    """
    return (
        isinstance(answer, Held)
        and answer.shelter_id == wish.candidates[0]
        and (answer.size, answer.step_free) == (wish.size, wish.step_free)
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Places:
    """The shelters of a plan and their places.

    Parameters
    ----------
    version
        When the plan was made, as a whole number in any unit: newer replaces older.
    shelter_id
        Each shelter once, shape (n,).
    capacity
        Places [persons], shape (n,), at most `UNLIMITED`.
    step_free
        Those of them without steps [persons], shape (n,).

    Raises
    ------
    InputError
        If the fields differ in length, or values are not as they must be; names all bad rows.

    Examples
    --------
    >>> from evacroute.serving.capacity_store import Places
    >>> places = Places(version=1, shelter_id=("A", "B"), capacity=(9, 40), step_free=(2, 40))
    >>> sum(places.capacity)
    49
    """

    version: int
    shelter_id: tuple[str, ...]
    capacity: tuple[int, ...]
    step_free: tuple[int, ...]

    def __post_init__(self) -> None:
        lengths = {len(self.shelter_id), len(self.capacity), len(self.step_free)}
        if len(lengths) > 1:
            raise InputError(
                f"places: {len(self.shelter_id)} shelters, {len(self.capacity)} capacities and "
                f"{len(self.step_free)} step-free capacities, expected as many of each"
            )
        faults = Faults("places")
        if not _is_whole(self.version, 0, _VERSIONS):
            faults.add(f"version is {self.version!r}, expected a whole number from 0 to 2**63 - 1")
        seen: set[str] = set()
        rows = zip(self.shelter_id, self.capacity, self.step_free, strict=True)
        for row, (shelter_id, capacity, step_free) in enumerate(rows):
            if not _is_shelter_id(shelter_id):
                faults.add(f"row {row}: shelter {shelter_id!r}, {_SHELTER_ID}")
            elif shelter_id in seen:
                faults.add(f"row {row}: shelter {shelter_id!r} is there twice")
            else:
                seen.add(shelter_id)
            for name, value in (("capacity", capacity), ("step_free", step_free)):
                if not _is_whole(value, 0, UNLIMITED):
                    faults.add(
                        f"row {row}: {name} is {value!r}, "
                        f"expected a whole number of persons from 0 to {UNLIMITED}"
                    )
        faults.raise_if_any()


@dataclass(frozen=True, slots=True, kw_only=True)
class Counts:
    """How full the shelters are, by shelter_id in order.

    Parameters
    ----------
    version
        Of the places declared; None before the first.
    shelter_id
        Ids, shape (n,).
    capacity, step_free
        Places, and those without steps [persons]; 0 for a shelter that the newest places no longer
        name; shape (n,).
    taken, step_free_taken
        Held or arrived, and those of them who need step-free places [persons], shape (n,).
    arrived
        Those of ``taken`` who are there [persons], shape (n,).

    Examples
    --------
    >>> from evacroute.serving.capacity_store import Places, Wish, open_store
    >>> store = open_store("memory:")
    >>> store.declare(Places(version=1, shelter_id=("A",), capacity=(9,), step_free=(2,)))
    >>> wish = Wish(token="x", candidates=("A",), size=2, step_free=True, hold_s=60)
    >>> _ = store.reserve([wish])
    >>> counts = store.look()
    >>> counts.taken, counts.step_free_taken, counts.arrived
    ((2,), (2,), (0,))
    """

    version: int | None
    shelter_id: tuple[str, ...]
    capacity: tuple[int, ...]
    step_free: tuple[int, ...]
    taken: tuple[int, ...]
    step_free_taken: tuple[int, ...]
    arrived: tuple[int, ...]


def check_token(token: str) -> None:
    """Raise InputError for a token that is no short printable ASCII; it is not shown."""
    if not isinstance(token, str):
        raise InputError(f"token: an object of type {type(token).__name__}, expected text")
    if not _TOKEN.fullmatch(token):
        raise InputError(
            f"token: {len(token)} characters, expected 1 to 64 of printable ASCII (it is not shown)"
        )


def check_name(name: str, what: str) -> None:
    """Raise InputError for an event's or a replica's name that could not be part of a key."""
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise InputError(f"{what}: {name!r}, expected 1 to 64 letters, digits or any of _.:-")


def check_notice(notice: bytes, expected: int | None) -> None:
    """Raise InputError for a notice that is no bytes or too long, or a version that cannot be."""
    if not isinstance(notice, bytes):
        raise InputError(f"notice: an object of type {type(notice).__name__}, expected bytes")
    if len(notice) > MAX_NOTICE:
        raise InputError(f"notice: {len(notice)} bytes, expected at most {MAX_NOTICE}")
    if expected is not None and not _is_whole(expected, 0, _VERSIONS):
        raise InputError(f"notice: expected is {expected!r}, expected a version or None")


def check_adopted(wishes: Sequence[Wish]) -> None:
    """Raise InputError where a promise names more than the one shelter that was promised."""
    faults = Faults("adopt")
    for row, wish in enumerate(wishes):
        if len(wish.candidates) != 1:
            faults.add(f"row {row}: {len(wish.candidates)} shelters, expected the one promised")
    faults.raise_if_any()


def milliseconds(seconds: float, what: str) -> int:
    """Whole milliseconds, rounded up, of a time from more than 0 to `RETENTION_S`."""
    known = isinstance(seconds, int | float) and not isinstance(seconds, bool)
    if not known or not 0 < seconds <= RETENTION_S:
        raise InputError(f"{what} is {seconds!r}, expected seconds above 0 up to {RETENTION_S:g}")
    return math.ceil(seconds * 1000)


_SHELTER_ID = "expected 1 to 200 printable characters"


def _is_shelter_id(value: object) -> bool:
    return isinstance(value, str) and 1 <= len(value) <= 200 and value.isprintable()


def _is_whole(value: object, least: int, most: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and least <= value <= most
