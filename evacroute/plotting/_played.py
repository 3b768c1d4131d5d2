"""What the web map needs of a simulation, and the check that it belongs to the plan."""

from __future__ import annotations

from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults, InputError
from evacroute.plan import Plan
from evacroute.scenario import Scenario

STATES = ("safe", "late", "on the way", "stuck", "not started", "left")
"""How it ends for a party; `PlayedOut.state` holds positions in this tuple."""

SAFE, LATE, ON_THE_WAY, STUCK, NOT_STARTED, LEFT = range(len(STATES))


class Tracks(Protocol):
    """Where some parties were: link by link, and when."""

    @property
    def agent(self) -> NDArray[np.int32]:
        """Positions of the parties, shape (n_tracks,)."""

    @property
    def ptr(self) -> NDArray[np.int64]:
        """Where each track's links begin, shape (n_tracks + 1,)."""

    @property
    def link(self) -> NDArray[np.int32]:
        """Positions of links, in walking order, shape (n_legs,)."""

    @property
    def enter(self) -> NDArray[np.float64]:
        """When each is entered [s after the alarm], shape (n_legs,)."""

    @property
    def leave(self) -> NDArray[np.float64]:
        """When it is left [s after the alarm], infinite where never, shape (n_legs,)."""


class PlayedOut(Protocol):
    """A simulation in bins of time, with parties that walk together."""

    @property
    def scenario(self) -> Scenario:
        """Where it was played."""

    @property
    def bin_s(self) -> float:
        """Length of a bin [s]."""

    @property
    def n_bins(self) -> int:
        """How many bins there are."""

    @property
    def load(self) -> NDArray[np.float32]:
        """Mean persons inside each directed link in each bin, shape (n_links, n_bins)."""

    @property
    def waiting(self) -> NDArray[np.float32]:
        """Of these, who stand at its end and cannot go on, shape (n_links, n_bins)."""

    def density(self) -> NDArray[np.float64]:
        """Give persons of both directions over the street's area [person/m2], like `load`."""

    @property
    def sheltered(self) -> NDArray[np.int64]:
        """Persons in each shelter at the end of each bin, shape (n_shelters, n_bins)."""

    @property
    def turned_away(self) -> NDArray[np.int64]:
        """Persons refused at each door, shape (n_shelters,)."""

    @property
    def size(self) -> NDArray[np.int32]:
        """Persons of each party, shape (n_agents,)."""

    @property
    def counts(self) -> dict[str, int]:
        """Persons in each state."""

    @property
    def depart(self) -> NDArray[np.float64]:
        """When each party sets out [s after the alarm], shape (n_agents,)."""

    @property
    def state(self) -> NDArray[np.uint8]:
        """How it ends for each party: positions in `STATES`, shape (n_agents,)."""

    @property
    def arrive(self) -> NDArray[np.float64]:
        """When each party is in a shelter [s after the alarm], not finite where never."""

    @property
    def tracks(self) -> Tracks:
        """Where some parties were; may be of none."""


def check_played(run: PlayedOut, plan: Plan) -> None:
    """Refuse a simulation of another place, or one that does not fit together.

    Raises
    ------
    InputError
        If links or shelters are not those of the plan, or arrays have wrong shapes or values.
    """
    faults = Faults("simulation")
    played, planned = run.scenario, plan.scenario
    for name, ours, theirs in (
        ("links", played.network.link_id, planned.network.link_id),
        ("shelters", played.shelters.shelter_id, planned.shelters.shelter_id),
    ):
        if not np.array_equal(ours, theirs):
            faults.add(f"its {len(ours)} {name} are not the {len(theirs)} {name} of the plan")
    if not (0 < run.bin_s < np.inf and run.n_bins >= 1):
        faults.add(f"{run.n_bins} bins of {run.bin_s} s, expected 1 or more, longer than 0 s")
    faults.raise_if_any(InputError)
    _check_tables(faults, run)
    _check_parties(faults, run)
    faults.raise_if_any(InputError)
    _check_tracks(faults, run)
    faults.raise_if_any(InputError)


def _check_tables(faults: Faults, run: PlayedOut) -> None:
    links, shelters = run.scenario.network.n_links, len(run.scenario.shelters)
    tables = (
        ("load", run.load, (links, run.n_bins)),
        ("waiting", run.waiting, (links, run.n_bins)),
        ("sheltered", run.sheltered, (shelters, run.n_bins)),
        ("turned_away", run.turned_away, (shelters,)),
    )
    for name, values, shape in tables:
        if values.shape != shape:
            faults.add(f"{name}: shape is {values.shape}, expected {shape}")
        elif not bool((np.isfinite(values) & (values >= 0)).all()):
            faults.add(f"{name}: holds a number that is not finite or below 0, expected >= 0")


def _check_parties(faults: Faults, run: PlayedOut) -> None:
    n = len(run.size)
    for name, values in (("state", run.state), ("depart", run.depart), ("arrive", run.arrive)):
        if values.shape != (n,):
            faults.add(f"{name}: shape is {values.shape}, expected ({n},), as of size")
    odd = np.flatnonzero(run.state >= len(STATES))
    if len(odd):
        faults.add(
            f"party {odd[0]}: state is {run.state[odd[0]]}, expected 0 to {len(STATES) - 1}",
            len(odd),
        )


def _check_tracks(faults: Faults, run: PlayedOut) -> None:
    tracks = run.tracks
    legs, ptr = len(tracks.link), tracks.ptr
    n = len(tracks.agent)
    if ptr.shape != (n + 1,) or ptr[0] != 0 or ptr[-1] != legs or (np.diff(ptr) < 0).any():
        faults.add(f"tracks.ptr: expected {n + 1} numbers that rise from 0 to {legs}")
    if not len(tracks.enter) == len(tracks.leave) == legs:
        faults.add(f"tracks.enter and leave: expected {legs} times, as many as links")
    for name, values, most in (
        ("link", tracks.link, run.scenario.network.n_links),
        ("agent", tracks.agent, len(run.size)),
    ):
        odd = np.flatnonzero((values < 0) | (values >= most))
        if len(odd):
            what = f"tracks.{name}: row {odd[0]} is {values[odd[0]]}, expected 0 to {most - 1}"
            faults.add(what, len(odd))
    odd = np.flatnonzero(~np.isfinite(tracks.enter) | (tracks.enter < 0))
    if len(odd):
        value = tracks.enter[odd[0]]
        faults.add(f"tracks.enter: row {odd[0]} is {value} s, expected a time >= 0", len(odd))
