"""Shelters: places with finite room and a door that admits so many a second."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, ShelterError
from evacroute.reports import LoadReport


@dataclass(frozen=True, slots=True, eq=False)
class Shelters:
    """Shelters as parallel read-only arrays, all of shape (n_shelters,).

    Parameters
    ----------
    shelter_id
        Unique ids, text.
    name
        Name, "" where unknown.
    node
        Node position of the door.
    lon, lat
        Position [degrees].
    capacity
        Room [persons], >= 0; 0 is a closed shelter.
    step_free_capacity
        Places for parties that cannot use steps [persons], within ``capacity``.
    intake_rate
        Persons admitted per second [person/s], > 0; inf = no limit.
    kind
        Word such as square, park, exit, embarkation.
    report
        What the loader counted and warned of.

    Examples
    --------
    >>> import evacroute as er
    >>> shelters = er.lagoon_shelters()
    >>> len(shelters), int(shelters.capacity.sum())
    (40, 68700)
    >>> bool((shelters.step_free_capacity <= shelters.capacity).all())
    True
    """

    shelter_id: NDArray[Any]
    name: NDArray[Any]
    node: NDArray[np.int32]
    lon: NDArray[np.float64]
    lat: NDArray[np.float64]
    capacity: NDArray[np.int64]
    step_free_capacity: NDArray[np.int64]
    intake_rate: NDArray[np.float64]
    kind: NDArray[Any]
    report: LoadReport | None = field(default=None)

    def __post_init__(self) -> None:
        columns: dict[str, Any] = {
            "shelter_id": object,
            "name": object,
            "node": np.int32,
            "lon": np.float64,
            "lat": np.float64,
            "capacity": np.int64,
            "step_free_capacity": np.int64,
            "intake_rate": np.float64,
            "kind": object,
        }
        freeze(self, columns, len(self.shelter_id), ShelterError)
        faults = Faults("shelters")
        if len(self.shelter_id) == 0:
            faults.add("there is none, expected at least one")
        if len(set(self.shelter_id.tolist())) != len(self.shelter_id):
            faults.add("shelter_id is not unique")
        for i, name in enumerate(self.shelter_id):
            room, free = self.capacity[i], self.step_free_capacity[i]
            if room < 0:
                faults.add(f"shelter {name}: capacity is {room} persons, expected >= 0")
            if not 0 <= free <= max(room, 0):
                faults.add(
                    f"shelter {name}: step_free_capacity is {free} persons, "
                    f"expected 0 to its capacity of {room}"
                )
            if not self.intake_rate[i] > 0:
                rate = self.intake_rate[i]
                faults.add(f"shelter {name}: intake_rate is {rate} person/s, expected > 0")
            if self.node[i] < 0:
                faults.add(f"shelter {name}: node is unknown")
        faults.raise_if_any(ShelterError)

    def __len__(self) -> int:
        return len(self.shelter_id)

    def left(self, taken: NDArray[Any]) -> NDArray[Any]:
        """Count places left for anybody, and for who needs a step-free one, shape (2, n_shelters).

        Less than none where more are taken than there are.

        Parameters
        ----------
        taken
            Places taken, by all and by those who need step-free ones, shape (2, n_shelters).

        Returns
        -------
        ndarray
            In the order of what is taken.
        """
        left = np.stack([self.capacity, self.step_free_capacity]) - taken
        return np.stack([left[0], left.min(axis=0)])

    def equals(self, other: object) -> bool:
        """Whether the other holds equal shelters (the report is not compared).

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than shelters.
        """
        return equal_arrays(self, other, skip=("report",))
