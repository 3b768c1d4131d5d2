"""What people do who are not led by the plan."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from evacroute.errors import Faults, InputError
from evacroute.units import seconds


@dataclass(frozen=True, slots=True)
class Behaviour:
    """What leads people, and how late they set out.

    Parameters
    ----------
    compliance
        Share of parties who follow the plan, 0 to 1; of no account without one.
    nearest, crowd, lost
        Shares of what the others do, in proportion: they go to the nearest shelter, follow where
        most have gone of late until they ask, or walk at random until they ask. Shares of 0 leave a
        kind out.
    lost_time
        How long who is lost or follows others walks before they ask for the nearest shelter,
        exponential, mean [s, or text].
    delay
        How much later than they could people set out, mean: lognormal [s, or text such as "2 min",
        kept as seconds].
    delay_sigma
        Sigma of its logarithm.
    speed_spread
        Coefficient of variation of people's speeds, normal, cut off at 2.5 sigma: around their own
        where they are persons with own speeds, else around their class's. By default 0 and 0.13.

    Raises
    ------
    InputError
        If a figure is out of its range (all faults together).

    Notes
    -----
    Whoever finds a shelter full is told at its door where there is room, and goes there; so does
    who follows the plan and finds the way closed. The default shares, 60 : 25 : 15, and the mean of
    5 minutes are assumptions: no measured shares for a city of visitors are known. The spread of
    0.13 is between the 0.11 of adults under 60 and the 0.16 of older ones (Bohannon 1997).

    Examples
    --------
    >>> Behaviour(compliance=0.9).shares()
    (0.9, 0.06, 0.025, 0.015)
    """

    compliance: float = 1.0
    nearest: float = 0.60
    crowd: float = 0.25
    lost: float = 0.15
    lost_time: float | str = 300.0
    delay: float | str = 0.0
    delay_sigma: float = 0.5
    speed_spread: float | None = None

    def __post_init__(self) -> None:
        faults = Faults("behaviour")
        for name, most, unit in _MOST:
            value = getattr(self, name)
            if value is None and name == "speed_spread":
                continue
            if isinstance(value, str) and unit:
                try:
                    value = seconds(value, name, zero=True)
                except InputError as error:
                    faults.add(str(error))
                    continue
                object.__setattr__(self, name, value)
            known = isinstance(value, int | float) and not isinstance(value, bool)
            if not (known and 0 <= value <= most):
                faults.add(f"{name} is {value!r}{unit}, expected 0 to {most:g}")
        faults.raise_if_any(InputError)
        if self.nearest + self.crowd + self.lost <= 0:
            raise InputError("behaviour: nearest, crowd and lost are all 0, expected one more")

    def shares(self) -> tuple[float, float, float, float]:
        """Shares of parties that follow the plan, go to the nearest, follow others, are lost.

        Returns
        -------
        tuple of float
            Four shares, which add up to 1.
        """
        rest = (1 - self.compliance) / (self.nearest + self.crowd + self.lost)
        others = (self.nearest * rest, self.crowd * rest, self.lost * rest)
        return (self.compliance, *(round(share, 12) for share in others))  # type: ignore[return-value]

    @property
    def delay_s(self) -> float:
        """How much later than they could people set out, mean [s]."""
        return float(self.delay)

    @property
    def lost_time_s(self) -> float:
        """How long who is lost walks before they ask, mean [s]."""
        return float(self.lost_time)

    def in_words(self, with_plan: bool) -> str:
        """Name in one line what leads people, and what is not as by default.

        Parameters
        ----------
        with_plan
            Whether there is a plan to follow.

        Returns
        -------
        str
            Such as "compliance 0.9".
        """
        others = {name: getattr(self, name) for name in BEHAVIOURS if getattr(self, name) > 0}
        if with_plan:
            words = [f"compliance {self.compliance:g}"]
        elif len(others) == 1:
            words = [f"behaviour {next(iter(others))}"]
        else:
            total = sum(others.values())
            shares = (f"{share / total:.3g} {name}" for name, share in others.items())
            words = [f"behaviour {', '.join(shares)}"]
        default = {field.name: field.default for field in fields(self)}
        for name, _, unit in _MOST:
            value = getattr(self, name)
            said = name in ("compliance", *(() if with_plan else BEHAVIOURS))
            if not said and value != default[name]:
                words.append(f"{name.replace('_', ' ')} {value:g}{unit}")
        return ", ".join(words)

    def to_dict(self) -> dict[str, Any]:
        """Give the figures for a summary.

        Returns
        -------
        dict
            By name of the parameter.
        """
        return asdict(self)


_MOST = (
    ("compliance", 1.0, ""),
    ("nearest", 1.0, ""),
    ("crowd", 1.0, ""),
    ("lost", 1.0, ""),
    ("lost_time", 36_000.0, " s"),
    ("delay", 36_000.0, " s"),
    ("delay_sigma", 2.0, ""),
    ("speed_spread", 0.5, ""),
)

BEHAVIOURS = ("nearest", "crowd", "lost")
"""What can lead everybody where there is no plan."""


def as_behaviour(value: Behaviour | str | None, compliance: float | None) -> Behaviour:
    """Give a behaviour by its name, or the default with another compliance.

    Raises
    ------
    InputError
        If the name is unknown, or compliance is given twice, in two ways.
    """
    if isinstance(value, str):
        if value not in BEHAVIOURS:
            raise InputError(f"behaviour is {value!r}, expected one of {', '.join(BEHAVIOURS)}")
        shares = dict.fromkeys(BEHAVIOURS, 0.0) | {value: 1.0}
        value = Behaviour(compliance=0.0, **shares)
        if compliance is not None:
            raise InputError("compliance is for plans: everybody is led by the behaviour named")
    if value is None:
        return Behaviour() if compliance is None else Behaviour(compliance=compliance)
    if compliance is not None and value.compliance not in (1.0, compliance):
        raise InputError(
            f"compliance is {compliance!r}, but that of the behaviour is {value.compliance!r}; "
            "expected one of the two"
        )
    return value if compliance is None else replace(value, compliance=compliance)
