"""Prices of streets in time, doors and shelters, and the bound that they prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays
from evacroute.errors import InputError

FORMAT = 1
"""Version of the arrays that `Prices.to_arrays` gives."""


@dataclass(frozen=True, slots=True, eq=False)
class Prices:
    """What one more person costs the others, by place and time; sparse.

    Together with the instance the prices prove a bound: no plan on this time grid costs less than
    `value`. Links, shelters, classes and groups are positions.

    Parameters
    ----------
    step
        Length of a slot [s].
    n_slots
        Slots until the deadline.
    horizon
        No street or door has a price from this slot on; n_slots means that the deadline counts.
    link, link_slot, link_price
        Links, slots and prices [s a person], sorted by link and slot, shape (n_prices,). A person
        of class k takes unit[k] / units persons' space and pays so many times the price.
    door, door_slot, door_price
        The same for shelters' doors.
    room, step_free_room
        Price of a place in each shelter, and what a step-free place costs besides [s a person],
        shape (n_shelters,).
    weight
        What a second of a person's time counts for, by class, shape (n_classes,).
    penalty
        What leaving a person counts for, by class [s], shape (n_classes,).
    unit
        Units of street capacity that a person of each class takes, shape (n_classes,).
    units
        Units to a person: 1 where nobody takes more space than others. A link admits whole units in
        a slot: floor(capacity x step x units), which is that / units persons' space.
    hopeless
        Groups that no plan can bring to safety: they are no part of the bound.
    arc_ptr, arc_link
        The grid's arcs: chains of links walked without a stop, in walking order.
    arc_slots
        Slots that each class takes for each arc, -1 = barred, shape (n_classes, n_arcs).
    value
        The dual value: cost plus penalties of any plan are not less [person-seconds, weighted].
    """

    step: float
    n_slots: int
    horizon: int
    link: NDArray[np.int32]
    link_slot: NDArray[np.int32]
    link_price: NDArray[np.float64]
    door: NDArray[np.int32]
    door_slot: NDArray[np.int32]
    door_price: NDArray[np.float64]
    room: NDArray[np.float64]
    step_free_room: NDArray[np.float64]
    weight: NDArray[np.float64]
    penalty: NDArray[np.float64]
    unit: NDArray[np.int32]
    units: int
    hopeless: NDArray[np.int32]
    arc_ptr: NDArray[np.int64]
    arc_link: NDArray[np.int32]
    arc_slots: NDArray[np.int32]
    value: float

    def __post_init__(self) -> None:
        for field in fields(self):
            array = getattr(self, field.name)
            if isinstance(array, np.ndarray):
                array.flags.writeable = False

    def __len__(self) -> int:
        return len(self.link)

    def equals(self, other: object) -> bool:
        """Whether the other holds equal prices."""
        return equal_arrays(self, other)

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the prices as arrays by name, for `prices.npz`."""
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        return {"format": np.asarray(FORMAT), **arrays}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str = "prices.npz") -> Prices:
        """Make prices of what `to_arrays` gave.

        Raises
        ------
        InputError
            If an array is missing, or the format is another.
        """
        wanted = [field.name for field in fields(cls)]
        missing = [name for name in ("format", *wanted) if name not in arrays]
        if missing:
            raise InputError(f"{source}: {', '.join(missing)} missing")
        if int(arrays["format"]) != FORMAT:
            raise InputError(f"{source}: format is {int(arrays['format'])}, expected {FORMAT}")
        plain: dict[str, Any] = {name: np.array(arrays[name]) for name in wanted}
        for name in ("step", "value"):
            plain[name] = float(plain[name])
        for name in ("n_slots", "horizon", "units"):
            plain[name] = int(plain[name])
        return cls(**plain)
