"""Prices of streets in time, doors and shelters, and the bound that they prove."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute._arrays import read_arrays
from evacroute._frozen import equal_arrays
from evacroute._price_checks import checked
from evacroute.errors import InputError
from evacroute.writing import atomic_path, write_arrays

FORMAT = 2
"""Version of the arrays that `Prices.to_arrays` gives."""


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Prices:
    """What one more person costs the others, by place and time; sparse.

    Together with the instance the prices prove a bound: no plan on this time grid costs less than
    ``value``. Links, shelters, classes and groups are positions; ids and names of what has a price
    are kept beside them, so that prices can be looked at without the instance.

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
        What leaving a person counts for, by class [s], shape (n_classes,). Where people must be
        left, it is the price that proves most; elsewhere it is more than any way costs.
    unit
        Units of street capacity that a person of each class takes, shape (n_classes,).
    units
        Units to a person: 1 where nobody takes more space than others. A link admits whole units in
        a slot: floor(rate x step x units), which is that / units persons' space; the rate is its
        capacity, or less where a ceiling on the density holds.
    hopeless
        Groups that no plan can bring to safety: they are no part of the bound.
    arc_ptr, arc_link
        The grid's arcs: chains of links walked without a stop, in walking order.
    arc_slots
        Slots that each class takes for each arc, -1 = barred, shape (n_classes, n_arcs).
    arc_gate
        Gate of each arc, -1 = it may be entered at any time. A link that changes over time is an
        arc by itself for each pace, and its gate tells when that holds.
    gate_ptr, gate_first, gate_last
        Where each gate's spans begin, and their first and last slot: then it is open.
    link_id, link_name, link_kind, link_limit
        Id, name, kind and persons' space that may enter in a slot, of each link that has a price,
        in the order of their positions.
    shelter_id, shelter_name
        Of each shelter, shape (n_shelters,).
    value
        The dual value: cost plus penalties of any plan are not less [person-seconds, weighted].

    Raises
    ------
    InputError
        If the arrays do not fit together, or a price is not a finite number >= 0.

    Examples
    --------
    A single alley, one metre wide, that 300 people have to pass:

    >>> import evacroute as er, networkx as nx, pandas as pd
    >>> graph = nx.Graph([(1, 2, {"width": 1.0})])
    >>> nx.set_node_attributes(graph, {1: 12.334, 2: 12.336}, "x")
    >>> nx.set_node_attributes(graph, 45.437, "y")
    >>> network = er.read_network(graph)
    >>> people = er.read_people(pd.DataFrame({"lon": [12.334] * 300, "lat": 45.437}), network)
    >>> shelters = er.read_shelters(pd.DataFrame({"node_id": ["2"], "capacity": [300]}), network)
    >>> plan = er.assign(er.Scenario(network, people, shelters), "over_time", gap=0.05)
    >>> top = plan.prices.top(1).iloc[0]
    >>> top["link_id"], bool(top["peak_price"] > 0), plan.gap <= 0.05
    ('1-2', True, True)
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
    arc_gate: NDArray[np.int32]
    gate_ptr: NDArray[np.int64]
    gate_first: NDArray[np.int32]
    gate_last: NDArray[np.int32]
    link_id: NDArray[np.str_]
    link_name: NDArray[np.str_]
    link_kind: NDArray[np.str_]
    link_limit: NDArray[np.float64]
    shelter_id: NDArray[np.str_]
    shelter_name: NDArray[np.str_]
    value: float

    def __post_init__(self) -> None:
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in checked(values, "prices").items():
            object.__setattr__(self, name, value)

    def __len__(self) -> int:
        return len(self.link)

    def __repr__(self) -> str:
        dear = self.room + self.step_free_room > 0
        dear[self.door] = True
        last = self.link_slot.max() + 1 if len(self) else 0
        return (
            f"Prices({len(self.link_id)} links in {len(self):,} slots of {self.step:g} s, the last "
            f"at {last * self.step / 60:.4g} min; {dear.sum()} of "
            f"{len(dear)} shelters; value {self.value:.6g} person-seconds)"
        )

    def top(self, n: int | None = 20) -> pd.DataFrame:
        """List the links where more room would be worth most.

        Parameters
        ----------
        n
            How many; None for all that have a price.

        Returns
        -------
        DataFrame
            link_id, name, kind; begin_s, end_s and peak_s: when the link has a price and when its
            highest [s after the alarm]; peak_price and mean_price (over the slots that have one)
            [s a person]; total: price times the persons who may enter, over all slots
            [person-seconds], by which the rows are sorted.
        """
        first, end = self._parts()
        rows = np.arange(len(first))
        total = np.zeros(len(first))
        mean, peak_at = np.zeros(len(first)), np.zeros(len(first), np.int64)
        for i in rows:
            price = self.link_price[first[i] : end[i]]
            total[i] = price.sum() * self.link_limit[i]
            mean[i], peak_at[i] = price.mean(), first[i] + price.argmax()
        order = np.argsort(-total, kind="stable")[:n]
        return pd.DataFrame(
            {
                "link_id": self.link_id[order].astype(object),
                "name": self.link_name[order].astype(object),
                "kind": self.link_kind[order].astype(object),
                "begin_s": self.link_slot[first[order]] * self.step,
                "end_s": (self.link_slot[end[order] - 1] + 1) * self.step,
                "peak_s": self.link_slot[peak_at[order]] * self.step,
                "peak_price": self.link_price[peak_at[order]],
                "mean_price": mean[order],
                "total": total[order],
            }
        )

    def frame(self) -> pd.DataFrame:
        """List the prices of links, one row a link and slot.

        Returns
        -------
        DataFrame
            link_id, time_s (begin of the slot [s after the alarm]), price [s a person].
        """
        first, end = self._parts()
        return pd.DataFrame(
            {
                "link_id": np.repeat(self.link_id, end - first).astype(object),
                "time_s": self.link_slot * self.step,
                "price": self.link_price,
            }
        )

    def at(self, link_id: str, time: float) -> float:
        """Price of entering a link [s a person], 0 where it has none.

        Parameters
        ----------
        link_id
            Id of the link; one without any price is not known here, and costs nothing.
        time
            When [s after the alarm].

        Returns
        -------
        float
            For each person's space that enters.
        """
        found = np.flatnonzero(self.link_id == link_id)
        if not len(found):
            return 0.0
        first, end = self._parts()
        part = slice(int(first[found[0]]), int(end[found[0]]))
        here = self.link_price[part][self.link_slot[part] == np.floor(time / self.step + 1e-9)]
        return float(here.sum())

    def shelters(self) -> pd.DataFrame:
        """Prices of the shelters, the dearest place first.

        Returns
        -------
        DataFrame
            shelter_id, name; place_price and step_free_price: of a place, and of a place for who
            uses no steps [s a person]; door_begin_s, door_end_s and door_peak_s: when the door has
            a price and when its highest [s after the alarm], NaN where it never has one;
            door_peak_price [s a person].
        """
        n = len(self.shelter_id)
        begin, end, peak = (np.full(n, np.nan) for _ in range(3))
        highest = np.zeros(n)
        for shelter in np.unique(self.door):
            mine = self.door == shelter
            slot, price = self.door_slot[mine], self.door_price[mine]
            begin[shelter], end[shelter] = slot[0] * self.step, (slot[-1] + 1) * self.step
            peak[shelter], highest[shelter] = slot[price.argmax()] * self.step, price.max()
        frame = pd.DataFrame(
            {
                "shelter_id": self.shelter_id.astype(object),
                "name": self.shelter_name.astype(object),
                "place_price": self.room,
                "step_free_price": self.room + self.step_free_room,
                "door_begin_s": begin,
                "door_end_s": end,
                "door_peak_s": peak,
                "door_peak_price": highest,
            }
        )
        order = np.lexsort((-highest, -self.room - self.step_free_room, -self.room))
        return frame.iloc[order].reset_index(drop=True)

    def _parts(self) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
        """Where the prices of each priced link begin and end."""
        _, first = np.unique(self.link, return_index=True)
        return first, np.append(first[1:], len(self.link))

    def equals(self, other: object) -> bool:
        """Whether the other holds equal prices.

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than prices.
        """
        return equal_arrays(self, other)

    def misfits(self, n_links: int, n_shelters: int, n_classes: int, n_groups: int) -> list[str]:
        """Tell what does not fit an instance of so many links, shelters, classes and groups.

        Parameters
        ----------
        n_links, n_shelters, n_classes, n_groups
            How many the instance has.

        Returns
        -------
        list of str
            A fault each; empty where they fit.
        """
        found = []
        for name, n in (("shelter_id", n_shelters), ("weight", n_classes)):
            if len(getattr(self, name)) != n:
                found.append(f"{name} has {len(getattr(self, name))} values, expected {n}")
        for name, n in (("link", n_links), ("arc_link", n_links), ("hopeless", n_groups)):
            most = int(getattr(self, name).max(initial=-1))
            if most >= n:
                found.append(f"{name} holds {most}, expected 0 to {n - 1}")
        return found

    def to_arrays(self) -> dict[str, NDArray[Any]]:
        """Give the prices as arrays by name, for ``prices.npz``.

        Returns
        -------
        dict
            Arrays by name of the parameter, and ``format``.
        """
        arrays = {field.name: np.asarray(getattr(self, field.name)) for field in fields(self)}
        return {"format": np.asarray(FORMAT), **arrays}

    @classmethod
    def from_arrays(cls, arrays: Mapping[str, NDArray[Any]], source: str = "prices.npz") -> Prices:
        """Make prices of what `to_arrays` gave.

        Parameters
        ----------
        arrays
            By the names of the parameters, and ``format``.
        source
            What to call them in an error.

        Returns
        -------
        Prices
            Equal to those that the arrays were made of.

        Raises
        ------
        InputError
            If an array is missing, does not fit the others, or the format is another.
        """
        wanted = [field.name for field in fields(cls)]
        missing = [name for name in ("format", *wanted) if name not in arrays]
        if missing:
            raise InputError(f"{source}: {', '.join(missing)} missing")
        found = arrays["format"].tolist()
        if found not in (FORMAT, [FORMAT]):
            raise InputError(f"{source}: format is {found}, expected {FORMAT}")
        return cls(**checked({name: arrays[name] for name in wanted}, source))

    def save(self, path: str | Path) -> None:
        """Write the prices as an ``.npz``, whole or not at all.

        Parameters
        ----------
        path
            The file; one of that name is replaced.

        Raises
        ------
        InputError
            If the file cannot be written.
        """
        with atomic_path(path) as temporary:
            write_arrays(self.to_arrays(), temporary)

    @classmethod
    def load(cls, path: str | Path) -> Prices:
        """Read what `save` has written, or ``prices.npz`` of a plan folder.

        Parameters
        ----------
        path
            The file.

        Returns
        -------
        Prices
            Equal to those that were saved.

        Raises
        ------
        InputError
            If the file is missing, cut off, or holds no prices.
        """
        return cls.from_arrays(read_arrays(Path(path)), str(path))
