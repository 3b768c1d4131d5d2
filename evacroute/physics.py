"""How a crowd moves: speed by density, flow through narrow places, what counter-flow takes."""

from __future__ import annotations

import math
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from evacroute._kernels.crowd import Law
from evacroute.errors import Faults, InputError

SLOWINGS = ("crowd", "share")

LAWS = ("weidmann", "sfpe")
"""Speed-density laws; more would be one more branch in `Physics.speed_ratio`."""

PLANNED_FLOW = 1.3
"""Specific flow that networks' capacities reckon with on the level [person/s/m]
(data/streets/specific_flow.csv)."""

PER_STEP = 64.0
"""Entries of the kernels' tables to a person a square metre."""

NO_LIMIT = 1e9


@dataclass(frozen=True, slots=True)
class Physics:
    """How a crowd moves.

    Parameters
    ----------
    law
        "weidmann": v = v0 (1 - exp(-gamma (1/D - 1/jam))), or "sfpe": v = v0 (1 - a D) above a
        density of 0.54, with v0 scaled to be the free speed.
    jam_density
        Density D at which nobody moves and nobody more gets in [persons/m2]; by default that of the
        law: 5.4 (Weidmann), 3.76 (SFPE).
    gamma
        Weidmann's shape [1/m2]; not for SFPE.
    slope
        SFPE's a [m2], another way to give its jam density; not for Weidmann.
    free_speed
        Free speed of the people whom the law was measured on [m/s]: what a crowded street takes in
        is reckoned by it. People keep their own speeds, which the law slows by a share. By default
        1.34 (Weidmann), 1.2 (SFPE).
    specific_flow
        Flow through narrow places on the level [person/s per m of effective width]; the network's
        capacities are scaled by its ratio to 1.3. None = the capacities as they are.
    counterflow_loss
        What a street loses of flow and pace for who meets everybody else head-on, 0 to 1; the loss
        is in proportion to the share of the street's people who come the other way.
    least_pace
        Nobody on the way is slower than this share of their free speed, > 0.
    slowing
        "crowd": who walks slower than the law's free speed is slowed only once the crowd around is
        slower still, as v = min(own speed, law), which is why slow walkers on stairs pass no less;
        "share": everybody is slowed by the same share of their own speed. Who is faster than the
        law's free speed is slowed by the share in both.
    patience
        Who has stood before a full street so long squeezes in [s].

    Raises
    ------
    InputError
        If a figure is out of its range, or one that the law does not use (all faults together).

    Notes
    -----
    Weidmann 1993: v0 1.34 m/s, gamma 1.913, jam 5.4; SFPE Handbook (Gwynne and Rosenbaum), Eq. 59:
    k 1.40, a 0.266. Jam densities of 3.8 to 10 are reported (Seyfried et al. 2010). A balanced
    counter-flow costs up to 15 % of the flow, the minor one of two up to 30 % (Zhang and Seyfried
    2012: direction confirmed, size from memory): the default loss of 0.3 gives both. ``patience``,
    ``least_pace`` and the 1.5 jam densities up to which people squeeze in are assumptions that keep
    two full streets from waiting for each other for ever.

    Examples
    --------
    >>> Physics().speed_ratio([0.5, 2.0]).round(3)
    array([0.969, 0.452])
    >>> Physics(law="sfpe").speed_ratio([0.5, 2.0]).round(3)
    array([1.   , 0.546])
    """

    law: str = "weidmann"
    jam_density: float | None = None
    gamma: float = 1.913
    slope: float = 0.266
    free_speed: float | None = None
    specific_flow: float | None = None
    counterflow_loss: float = 0.3
    least_pace: float = 0.05
    slowing: str = "crowd"
    patience: float = 20.0

    def __post_init__(self) -> None:
        faults = Faults("physics")
        if self.law not in LAWS:
            faults.add(f"law is {self.law!r}, expected one of {', '.join(LAWS)}")
        if self.slowing not in SLOWINGS:
            faults.add(f"slowing is {self.slowing!r}, expected one of {', '.join(SLOWINGS)}")
        for name, low, high, unit in _RANGES:
            value = getattr(self, name)
            if value is None and name in _OPTIONAL:
                continue
            known = isinstance(value, int | float) and not isinstance(value, bool)
            if not (known and low <= value <= high):
                faults.add(f"{name} is {value!r}{unit}, expected {low:g} to {high:g}")
        faults.raise_if_any(InputError)
        self._check_used(faults)

    def _check_used(self, faults: Faults) -> None:
        """Refuse a figure that the law would not look at, as who gives it means something by it."""
        default = {field.name: field.default for field in fields(self)}
        for name, law in (("slope", "sfpe"), ("gamma", "weidmann")):
            if self.law != law and getattr(self, name) != default[name]:
                faults.add(
                    f"{name} is {getattr(self, name)!r}, but the law is {self.law!r}; {name} is a "
                    f"figure of law={law!r} only"
                )
        if (
            self.law == "sfpe"
            and self.jam_density is not None
            and self.slope != default["slope"]
            and not math.isclose(self.slope * self.jam_density, 1.0, rel_tol=1e-6)
        ):
            faults.add(
                f"slope is {self.slope!r} m2 and jam_density {self.jam_density!r} persons/m2, "
                "expected one of the two: the jam density is 1/slope"
            )
        faults.raise_if_any(InputError)

    @property
    def jam(self) -> float:
        """Density at which nobody moves [persons/m2]."""
        default = 5.4 if self.law == "weidmann" else 1 / self.slope
        return default if self.jam_density is None else float(self.jam_density)

    @property
    def free(self) -> float:
        """Free speed that the law was measured at [m/s]."""
        default = 1.34 if self.law == "weidmann" else 1.2
        return default if self.free_speed is None else float(self.free_speed)

    @property
    def flow_scale(self) -> float:
        """By how much links let in more than their capacity says."""
        return 1.0 if self.specific_flow is None else self.specific_flow / PLANNED_FLOW

    def speed_ratio(self, density: ArrayLike) -> NDArray[np.float64]:
        """Speed over free speed at some densities [persons/m2].

        Parameters
        ----------
        density
            Densities [persons/m2], any shape.

        Returns
        -------
        ndarray
            From 0 to 1, in the same shape.
        """
        d = np.maximum(np.asarray(density, np.float64), 1e-9)
        if self.law == "weidmann":
            with np.errstate(under="ignore"):
                ratio = 1 - np.exp(-self.gamma * (1 / d - 1 / self.jam))
        else:
            # The line through the free speed at 0.54 and standstill at the jam.
            ratio = (self.jam - d) / (self.jam - FREE_UP_TO)
        return np.asarray(np.clip(ratio, self.least_pace, 1.0))

    def flow(self, density: ArrayLike) -> NDArray[np.float64]:
        """Flow at some densities [person/s per m of width].

        Parameters
        ----------
        density
            Densities [persons/m2], any shape.

        Returns
        -------
        ndarray
            In the same shape.
        """
        return np.asarray(density, np.float64) * self.free * self.speed_ratio(density)

    def tables(self) -> Law:
        """Give the law to the kernels.

        Returns
        -------
        Law
            Numbers and tables; see ``evacroute.physics``.
        """
        density = np.arange(math.ceil(self.jam * 1.5 * PER_STEP) + 2) / PER_STEP
        flow = self.flow(density)
        within = density <= self.jam
        peak = int(np.argmax(np.where(within, flow, 0.0)))
        # Up to the densest flow the way in is free; beyond it a street takes what it passes on.
        inflow = np.where(np.arange(len(flow)) <= peak, NO_LIMIT, flow)
        return Law(
            ratio=self.speed_ratio(density),
            inflow=inflow,
            per_step=PER_STEP,
            peak=float(peak),
            jam=self.jam,
            free=self.free if self.slowing == "crowd" else 0.0,
            loss=float(self.counterflow_loss),
            patience=float(self.patience),
        )

    def in_words(self) -> str:
        """Name the law in one line, and what is not as by default.

        Returns
        -------
        str
            Such as "weidmann".
        """
        words, units = [self.law], {name: unit for name, _, _, unit in _RANGES}
        for field in fields(self):
            value = getattr(self, field.name)
            if field.name != "law" and value != field.default:
                shown = value if isinstance(value, str) else f"{value:g}{units[field.name]}"
                words.append(f"{field.name.replace('_', ' ')} {shown}")
        return ", ".join(words)

    def to_dict(self) -> dict[str, Any]:
        """Give the figures as used, for a summary.

        Returns
        -------
        dict
            By name of the parameter.
        """
        return {
            "law": self.law, "jam_density": self.jam, "gamma": self.gamma, "slope": self.slope,
            "free_speed": self.free, "specific_flow": self.specific_flow,
            "counterflow_loss": self.counterflow_loss, "least_pace": self.least_pace,
            "slowing": self.slowing, "patience": self.patience,
        }  # fmt: skip


FREE_UP_TO = 0.54
"""Up to this density SFPE's people walk freely [persons/m2]."""

_OPTIONAL = ("jam_density", "free_speed", "specific_flow")
_RANGES = (
    ("jam_density", 2.0, 12.0, " persons/m2"),
    ("gamma", 0.1, 20.0, " 1/m2"),
    ("slope", 0.05, 0.5, " m2"),
    ("free_speed", 0.3, 3.0, " m/s"),
    ("specific_flow", 0.2, 4.0, " person/s/m"),
    ("counterflow_loss", 0.0, 1.0, ""),
    ("least_pace", 0.01, 0.5, ""),
    ("patience", 1.0, 3600.0, " s"),
)


def fit_law(density: ArrayLike, speed: ArrayLike, physics: Physics | None = None) -> Physics:
    """Fit a law's figures to measured speeds by least squares.

    Parameters
    ----------
    density
        Densities [persons/m2], shape (n,).
    speed
        Mean speeds at them [m/s], shape (n,).
    physics
        Whose law is fitted and whose other figures are kept; Weidmann's by default.

    Returns
    -------
    Physics
        With `free_speed`, `jam_density` and, for Weidmann, `gamma` fitted.

    Raises
    ------
    InputError
        If there are fewer points than figures, or a point is not a number > 0.

    Examples
    --------
    >>> law = Physics(gamma=2.5, jam_density=4.5, free_speed=1.3)
    >>> d = np.linspace(0.5, 4, 12)
    >>> fitted = fit_law(d, law.free * law.speed_ratio(d))
    >>> round(fitted.gamma, 2), round(fitted.jam, 2), round(fitted.free, 2)
    (2.5, 4.5, 1.3)
    """
    physics = Physics() if physics is None else physics
    try:
        d, v = np.asarray(density, np.float64), np.asarray(speed, np.float64)
    except (TypeError, ValueError):
        raise InputError("density and speed: expected numbers") from None
    names = ["free_speed", "jam_density"] + ["gamma"] * (physics.law == "weidmann")
    if d.ndim != 1 or d.shape != v.shape or len(d) < len(names):
        raise InputError(
            f"density and speed have shapes {d.shape} and {v.shape}, expected as many of both, "
            f"at least {len(names)}"
        )
    good = np.isfinite(d) & np.isfinite(v) & (d > 0) & (v > 0)
    faults = Faults("fit_law")
    for i in np.flatnonzero(~good).tolist():
        faults.add(f"point {i}: density {d[i]}, speed {v[i]}, expected numbers > 0")
    faults.raise_if_any(InputError)
    bounds = {name: (low, high) for name, low, high, _ in _RANGES}
    start = {"free_speed": physics.free, "jam_density": physics.jam, "gamma": physics.gamma}

    def with_figures(x: NDArray[np.float64]) -> Physics:
        return replace(physics, **dict(zip(names, x.tolist(), strict=True)))

    def error(x: NDArray[np.float64]) -> NDArray[np.float64]:
        law = with_figures(x)
        return np.asarray(law.free * law.speed_ratio(d) - v)

    low, high = (np.array([bounds[name][side] for name in names]) for side in (0, 1))
    # A server that only answers does without: it takes time to import, and memory.
    from scipy.optimize import least_squares

    found = least_squares(error, [start[name] for name in names], bounds=(low, high))
    return with_figures(np.clip(found.x, low, high))
