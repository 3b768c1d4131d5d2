"""Every error this library raises on purpose, and the collector that reports all faults at once."""

from __future__ import annotations

from collections.abc import Iterable
from difflib import get_close_matches

SHOWN = 10


class EvacrouteError(Exception):
    """Root of all errors raised on purpose."""


class InputError(EvacrouteError, ValueError):
    """Something given from outside is not as it must be."""


class NetworkError(InputError):
    """A fault in the network's nodes, links or file."""


class PeopleError(InputError):
    """A fault in the people or groups."""


class ShelterError(InputError):
    """A fault in the shelters."""


class HazardError(InputError):
    """A fault in a hazard: its times, heights, places or files."""


class BoatError(InputError):
    """A fault in a timetable of boats."""


class SolverError(EvacrouteError, RuntimeError):
    """A solver failed in a way that is not the input's fault."""


class PlanError(EvacrouteError):
    """A plan leaves people out or breaks a rule, and the caller asked for one that does not."""


class FetchError(EvacrouteError, OSError):
    """A download did not succeed: no connection, an answer broken off, or nothing found."""


class StoreError(EvacrouteError):
    """The capacity store cannot do what was asked."""


class StoreUnavailable(StoreError):
    """The capacity store is out of reach, or took longer than the timeout: ask again later.

    Whether it did what was asked is not known; asking again with the same token is safe.
    """


class StoreConflict(StoreError):
    """Somebody else published first: read the notice again before writing it."""


class MissingExtraError(EvacrouteError, ImportError):
    """A function needs a package of an extra that is not installed.

    Parameters
    ----------
    package
        The package that is missing.
    extra
        The extra of evacroute that brings it.
    purpose
        What it is needed for.
    """

    def __init__(self, package: str, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package '{package}', which is not installed: "
            f"pip install 'evacroute[{extra}]'"
        )
        self._made_of = package, extra, purpose

    def __reduce__(self) -> tuple[type[MissingExtraError], tuple[str, str, str]]:
        """Let the error come whole out of a worker process."""
        return type(self), self._made_of


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """End a message with the known word that one is close to by spelling, if there is one.

    Examples
    --------
    >>> did_you_mean("over_tme", ["nearest", "over_time"])
    "; did you mean 'over_time'?"
    >>> did_you_mean("boat", ["nearest", "over_time"])
    ''
    """
    plain = {name.lower(): name for name in known}
    near = get_close_matches(word.strip().lower(), plain, n=1)
    return f"; did you mean {plain[near[0]]!r}?" if near else ""


class Faults:
    """Collects faults so that one error can name them all.

    Parameters
    ----------
    where
        What is being checked (a file's path, mostly); begins the message.

    Examples
    --------
    >>> faults = Faults("people.csv")
    >>> faults.add("row 3: age is 'x', expected a number from 0 to 120")
    >>> faults.raise_if_any(PeopleError)
    Traceback (most recent call last):
    ...
    evacroute.errors.PeopleError: people.csv: row 3: age is 'x', expected a number from 0 to 120
    """

    def __init__(self, where: str) -> None:
        self.where = where
        self.messages: list[str] = []
        self.count = 0

    def add(self, message: str, count: int = 1) -> None:
        """Note a fault that stands for `count` rows."""
        self.count += count
        if len(self.messages) < SHOWN:
            self.messages.append(message)

    def raise_if_any(self, error: type[InputError] = InputError) -> None:
        """Raise `error` with all faults noted so far, if there is one."""
        if not self.count:
            return
        if self.count == 1:
            raise error(f"{self.where}: {self.messages[0]}")
        more = self.count - len(self.messages)
        tail = f"\n  ... and {more} more" if more else ""
        lines = "".join(f"\n  {message}" for message in self.messages)
        raise error(f"{self.where}: {self.count} faults{lines}{tail}")
