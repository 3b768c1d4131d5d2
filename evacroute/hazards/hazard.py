"""What every hazard is: from a network and its people to link times."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import HazardError
from evacroute.hazards.link_times import LinkTimes
from evacroute.network import Network
from evacroute.people import Classes
from evacroute.reports import LoadReport
from evacroute.shelters import Shelters

WET_DOOR = 0.15
"""A shelter with a street deeper than this at its door is named in a flood's report [m]."""


@runtime_checkable
class Hazard(Protocol):
    """Something that makes links slower or closes them, as a function of time.

    A hazard whose class attribute ``wades`` is true asks how deep people can wade; classes then
    keep apart people of different depth limits. One with a method ``hot_from(network, nodes,
    until)`` says when the heat of a fire reaches nodes [s after the alarm], inf = never; shelters
    with their door there take nobody.

    Examples
    --------
    Anything with a method ``link_times`` is one:

    >>> import evacroute as er
    >>> class Gate:
    ...     def link_times(self, network, classes, until):
    ...         return er.LinkTimes([0], [-1], [300.0], [until], [0.0])
    >>> isinstance(Gate(), er.Hazard), len(er.lagoon(people=300, hazard=Gate()).link_times)
    (True, 1)
    """

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Find the link times of a network.

        Parameters
        ----------
        network
            The streets.
        classes
            Who walks.
        until
            What happens later does not count [s after the alarm].

        Returns
        -------
        LinkTimes
            Which links are closed or slow, to whom and when.
        """
        ...


def as_hazards(hazard: Hazard | Sequence[Hazard] | None) -> tuple[Hazard, ...]:
    """Give one hazard, several or none as a tuple.

    Raises
    ------
    HazardError
        If something else is among them.
    """
    if hazard is None:
        return ()
    several: tuple[Any, ...] = (hazard,)
    if isinstance(hazard, Iterable) and not isinstance(hazard, Hazard):
        several = tuple(hazard)
    for one in several:
        if not isinstance(one, Hazard):
            raise HazardError(
                f"hazard is {one!r}, expected Flood, Fire, Earthquake, Closures, LinkTimes, "
                "or anything else with a method link_times"
            )
    return several


def hot_from(
    hazards: Sequence[Hazard], network: Network, nodes: NDArray[np.int32], until: float
) -> NDArray[np.float64]:
    """When each of some nodes first gets hot by any of these [s after the alarm], inf = never."""
    first = np.full(len(nodes), np.inf)
    for one in hazards:
        asked = getattr(one, "hot_from", None)
        if asked is not None:
            first = np.minimum(first, asked(network, nodes, until))
    return first


def wades(hazards: Sequence[Hazard]) -> bool:
    """Whether a hazard among these asks how deep people can wade."""
    return any(getattr(one, "wades", False) for one in hazards)


def hazard_reports(
    hazards: Sequence[Hazard],
    network: Network,
    classes: Classes,
    until: float,
    shelters: Shelters | None = None,
) -> list[LoadReport]:
    """Gather the reports of hazards that have one: an attribute `report`, or a method.

    A method `told` goes before both: a hazard that keeps what its reader counted may have more to
    tell of a network.

    With shelters, the report of a flood names those that stand in water.

    Link times that were read give those of the hazards that they were made of; a hazard made of
    others (attribute `inside`) gives theirs, one of those with the same notes.
    """
    found: list[LoadReport] = []
    for one in hazards:
        if isinstance(one, LinkTimes):
            found += one.reports
            continue
        inside = getattr(one, "inside", None)
        if inside is not None:
            for told in hazard_reports(inside, network, classes, until, shelters):
                if all(told.notes != other.notes for other in found):
                    found.append(told)
            continue
        report = getattr(one, "told", None) or getattr(one, "report", None)
        if callable(report):
            report = report(network, classes, until)
        if isinstance(report, LoadReport):
            deepest = getattr(one, "deepest", None)
            if shelters is not None and deepest is not None:
                report.notes += _wet_shelters(shelters, deepest(network, shelters.node, until))
            found.append(report)
    return found


def _wet_shelters(shelters: Shelters, depth: NDArray[np.float64]) -> list[str]:
    """Tell which shelters stand in streets deep under water at the highest level."""
    wet = np.flatnonzero(depth > WET_DOOR)
    if not len(wet):
        return []
    named = ", ".join(shelter_names(shelters, wet[np.argsort(-depth[wet], kind="stable")]))
    return [
        f"{len(wet)} of {len(shelters)} shelters stand in streets that get more than "
        f"{WET_DOOR:g} m under water, so their ground floors may be wet; they take people all the "
        f"same, unless you take them out: {named}"
    ]


def shelter_names(shelters: Shelters, some: NDArray[np.int64]) -> list[str]:
    """Name shelters with their ids."""
    return [
        f"{shelters.name[i]} ({shelters.shelter_id[i]})"
        if shelters.name[i]
        else str(shelters.shelter_id[i])
        for i in some.tolist()
    ]
