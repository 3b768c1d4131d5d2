"""Heights of the streets over the tide datum: known, or flagged as modelled."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from evacroute._frozen import equal_arrays, freeze
from evacroute.errors import Faults, HazardError
from evacroute.hazards.height_model import (
    BRIDGE,
    CORRELATION,
    Curve,
    lower_ends,
    modelled_heights,
)
from evacroute.network import Network
from evacroute.reports import LoadReport

MODELLED_SHARE = "of the walkable ground with a modelled height"
"""What the share of modelled heights is called in reports."""

MAX_MEDIAN = 20.0
"""Half of the heights above this [m] look like centimetres."""

ELEVATION = "elevation column of the network"

UNITS = {"m": 1.0, "cm": 0.01}

MODELLED_NOTE = (
    "heights are modelled: the flooded share by tide is that of the curve, but which street is "
    "high and which low is made up; do not read the depth of a single street from them"
)


@dataclass(frozen=True, slots=True, eq=False)
class Heights:
    """Height of the pavement of each link over the tide datum.

    Parameters
    ----------
    height_m
        Height over the datum [m], shape (n_links,); NaN on what floats (ferries, gangways),
        which no tide floods.
    modelled
        True where the height is made up by the model, shape (n_links,).
    source
        Where the heights come from.
    report
        What was read and modelled, or None.

    Raises
    ------
    HazardError
        If a height is infinite, or the arrays differ in length.

    Examples
    --------
    >>> import evacroute as er
    >>> network = er.lagoon_network()
    >>> heights = er.Heights.of_network(network)
    >>> low, high = (heights.flooded_share(network, level) for level in (0.9, 1.4))
    >>> 0 <= low < high <= 1
    True
    """

    height_m: NDArray[np.float64]
    modelled: NDArray[np.bool_]
    source: str = "given"
    report: LoadReport | None = field(default=None)

    def __post_init__(self) -> None:
        n = len(self.height_m)
        freeze(self, {"height_m": np.float64, "modelled": np.bool_}, n, HazardError)
        faults = Faults("heights")
        for i in np.flatnonzero(np.isinf(self.height_m)):
            faults.add(f"link {i}: height is {self.height_m[i]} m, expected a finite number")
        faults.raise_if_any(HazardError)

    def __len__(self) -> int:
        return len(self.height_m)

    @classmethod
    def of_network(
        cls,
        network: Network,
        *,
        unit: str | None = None,
        seed: int = 0,
        correlation: float = CORRELATION,
        curve: Curve | None = None,
    ) -> Heights:
        """Take the network's elevation column, and model what it does not say.

        Parameters
        ----------
        network
            The streets.
        unit
            Of the column, m or cm. By default metres, and a column that looks like centimetres is
            refused.
        seed, correlation, curve
            Of the model, as `Heights.model` says.

        Returns
        -------
        Heights
            Given where the column says it, else modelled.

        Raises
        ------
        HazardError
            If the column looks like centimetres, or the unit is none.
        """
        column = in_metres(
            network.elevation, unit, ELEVATION,
            'give the network metres, or the flood er.Heights.of_network(network, unit="cm") '
            '(unit="m" if they are metres)',
        )  # fmt: skip
        return complete(
            network, column, "elevation column", seed=seed, correlation=correlation, curve=curve
        )

    @classmethod
    def model(
        cls,
        network: Network,
        *,
        seed: int = 0,
        correlation: float = CORRELATION,
        curve: Curve | None = None,
    ) -> Heights:
        """Model all heights, whatever the network says.

        A smooth random field, laid along a curve of the flooded share by tide: the share is right,
        the place is made up.

        Parameters
        ----------
        network
            The streets.
        seed
            The same seed gives the same heights.
        correlation
            Within about this distance heights are alike [m].
        curve
            Pairs of tide [m] and share of the walkable ground that it floods, from 0 to 1; by
            default that of Venice.

        Returns
        -------
        Heights
            All of them modelled, but of what floats.

        Examples
        --------
        >>> import evacroute as er
        >>> network = er.lagoon_network()
        >>> er.Heights.model(network).modelled_share(network)
        1.0
        """
        nothing = np.full(network.n_links, np.nan)
        return complete(network, nothing, "", seed=seed, correlation=correlation, curve=curve)

    def modelled_share(self, network: Network) -> float:
        """Share of the walkable ground whose height is modelled, 0 to 1.

        Parameters
        ----------
        network
            The streets.

        Returns
        -------
        float
            From 0 to 1.
        """
        self.check_fits(network)
        ground = walkable_ground(network)
        return float(ground[self.modelled].sum() / ground.sum()) if ground.any() else 0.0

    def flooded_share(self, network: Network, level: float) -> float:
        """Share of the walkable ground (length times width, no ferries) below a level [m].

        Parameters
        ----------
        network
            The streets.
        level
            Water level [m over the tide datum].

        Returns
        -------
        float
            From 0 to 1.
        """
        self.check_fits(network)
        ground = walkable_ground(network)
        with np.errstate(invalid="ignore"):
            wet = self.height_m < level
        return float(ground[wet].sum() / ground.sum()) if ground.any() else 0.0

    def check_fits(self, network: Network) -> None:
        """Refuse a network of another size, or streets without a height.

        Parameters
        ----------
        network
            The streets.

        Raises
        ------
        HazardError
            If the heights are not those of this network.
        """
        if len(self) != network.n_links:
            raise HazardError(
                f"heights are of {len(self)} links, the network has {network.n_links}: make them "
                "of this network (after add_walkways)"
            )
        unknown = np.flatnonzero(np.isnan(self.height_m) & ~network.floating)
        faults = Faults("heights")
        for i in unknown:
            faults.add(f"link {network.link_id[i]}: no height, expected one in metres")
        faults.raise_if_any(HazardError)

    def equals(self, other: object) -> bool:
        """Whether the other holds equal heights (the report is not compared).

        Parameters
        ----------
        other
            Anything.

        Returns
        -------
        bool
            False where it is something else than heights.
        """
        return equal_arrays(self, other, skip=("report",))

    def __repr__(self) -> str:
        modelled = f", {self.modelled.mean():.0%} of links MODELLED" if self.modelled.any() else ""
        return f"Heights({len(self)} links, {self.source}{modelled})"


def in_metres(
    height: NDArray[np.float64], unit: str | None, where: str, remedy: str
) -> NDArray[np.float64]:
    """Give heights in metres.

    Raises
    ------
    HazardError
        If the unit is neither m nor cm, or no unit is given and half of the heights are so high
        that they look like centimetres; `remedy` says what to do then.
    """
    if unit is not None and unit not in UNITS:
        raise HazardError(f"unit is {unit!r}, expected one of {', '.join(UNITS)}")
    known = height[~np.isnan(height)]
    if unit is None and len(known) and abs(float(np.median(known))) > MAX_MEDIAN:
        raise HazardError(
            f"{where}: half of the heights are above {abs(float(np.median(known))):g} m, which "
            f"looks like centimetres: {remedy}"
        )
    return height * UNITS[unit or "m"]


def walkable_ground(network: Network) -> NDArray[np.float64]:
    """Length times width of each link [m²], 0 of what floats."""
    return np.where(network.floating, 0.0, network.length * network.width)


def complete(
    network: Network,
    known: NDArray[np.float64],
    source: str,
    *,
    report: LoadReport | None = None,
    seed: int = 0,
    correlation: float = CORRELATION,
    curve: Curve | None = None,
) -> Heights:
    """Model the heights that are not known (NaN), and say so.

    The streets modelled agree with the curve among themselves. A bridge of unknown height lies as
    low as the lowest street at its ends.

    Parameters
    ----------
    network
        The streets.
    known
        Heights over the datum [m], NaN where unknown, shape (n_links,).
    source
        Where the known ones come from.
    report
        To go on with; a new one by default.
    seed, correlation, curve
        Of the model.
    """
    dry = network.floating
    height = np.where(dry, np.nan, known)
    missing = np.isnan(height) & ~dry
    report = LoadReport(source or "model") if report is None else report
    made = np.full(len(height), np.nan)
    if missing.any():
        made = modelled_heights(network, missing, seed=seed, correlation=correlation, curve=curve)
    filled = np.where(missing, made, height)
    modelled = missing
    if not missing.all():
        # Where streets at a bridge's ends are known, the model's bridge must not lie elsewhere.
        bridge = missing & (network.kind == BRIDGE)
        low = lower_ends(network, filled, bridge)
        certain = lower_ends(network, np.where(missing, np.nan, filled), bridge)
        modelled = missing & ~(bridge & (certain <= low))
        filled = low
    report.counts["links with a known height"] = int((~dry & ~modelled).sum())
    report.counts["links with a modelled height"] = int(modelled.sum())
    parts = [source] if source and not missing[~dry].all() else []
    if modelled.any():
        parts.append(f"model (seed {seed}, correlation {correlation:g} m)")
        report.notes.append(MODELLED_NOTE)
    result = Heights(filled, modelled, " and ".join(parts), report)
    report.shares[MODELLED_SHARE] = result.modelled_share(network)
    return result
