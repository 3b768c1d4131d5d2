"""Check a plan by itself: every rule derived anew from its legs and its instance alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from evacroute.errors import PlanError
from evacroute.verification import bound as certificate
from evacroute.verification import hazards, people, rides, room, setting_out, ways
from evacroute.verification.check import Check
from evacroute.verification.evidence import Evidence, Legs, from_folder, from_plan

if TYPE_CHECKING:
    from evacroute.plan import Plan

__all__ = ["Check", "Verification", "verify"]


NOISE = 1e-9
"""Figures of rules that are kept are shown as 0 below this."""


@dataclass(frozen=True, slots=True, repr=False)
class Verification:
    """What checking a plan has found; prints as a table.

    Parameters
    ----------
    source
        What was checked.
    checks
        All rules, broken or kept.

    Examples
    --------
    >>> import evacroute as er
    >>> found = er.verify(er.assign(er.lagoon(people=300)))
    >>> found.ok, found.broken
    (True, ())
    """

    source: str
    checks: tuple[Check, ...]

    @property
    def ok(self) -> bool:
        """Whether every rule is kept."""
        return all(check.ok for check in self.checks)

    @property
    def broken(self) -> tuple[Check, ...]:
        """The rules that are broken."""
        return tuple(check for check in self.checks if not check.ok)

    def __getitem__(self, name: str) -> Check:
        return next(check for check in self.checks if check.name == name)

    def to_dict(self) -> dict[str, Any]:
        """Give the result as plain types, for JSON.

        Returns
        -------
        dict
            Under ``source``, ``ok`` and ``checks``.
        """
        checks = [check.to_dict() for check in self.checks]
        return {"source": self.source, "ok": self.ok, "checks": checks}

    def raise_for_status(self) -> None:
        """Raise if a rule is broken; for scripts that must not go on then.

        Raises
        ------
        PlanError
            If a rule is broken.
        """
        if not self.ok:
            raise PlanError(str(self))

    def __str__(self) -> str:
        n = len(self.broken)
        verdict = "every rule is kept" if self.ok else f"{n} of {len(self.checks)} rules are broken"
        lines = [f"{self.source}: {verdict}"]
        rounded = False
        for check in self.checks:
            mark = "ok    " if check.ok else "BROKEN"
            # Rounding noise of a rule that is kept tells nothing; what is judged is the figure.
            none = check.ok and 0 < check.worst < NOISE
            rounded |= none
            found = "0" if none else _figure(check.worst)
            worst = f"worst {found} {check.unit}, allowed {_figure(check.allowed)}"
            lines.append(f"  {mark}  {check.name:<24} {worst}")
            if not check.ok:
                lines.append(f"            {check.rule}; broken {check.broken:,} times:")
                lines += [f"            - {example}" for example in check.examples]
        if rounded:
            lines.append(f"  (of rules that are kept, less than {NOISE:g} is shown as 0)")
        return "\n".join(lines)

    __repr__ = __str__


def verify(plan: Plan | str | Path, *, bound: bool = False) -> Verification:
    """Check a plan against every rule, from legs and instance alone.

    The rules: everyone is in the plan once; ways hang together and the class may walk them; nobody
    leaves before they are ready, or is in a link while it is closed, on the walk from where they
    stand to their node neither; nobody is in a shelter that gets hot; times go forward in whole
    steps; walking takes length / speed, at the factor of the time of entering where the instance
    has link times; no street, shelter or door takes more than it can; everyone arrives by the
    deadline; households stay whole; whoever is left has a reason; and the figures that the plan
    states are true. Method ``nearest`` ignores capacities, and its plans are reported as they are.

    Parameters
    ----------
    plan
        A plan, or the folder of one.
    bound
        Whether to compute the proven bound again too, from the plan's prices. It takes a
        few seconds for 100,000 people.

    Returns
    -------
    Verification
        All rules, each kept or broken; prints as a table.

    Raises
    ------
    InputError
        If the folder is not a whole plan, or the bound is asked for of a plan without prices.

    Notes
    -----
    A street of capacity c is held to its rule over every closed window of time no shorter than a
    step: entries <= c x (window + step), each person counted by the space of their class. All
    windows are looked at, in O(legs log legs). Where the plan states a ceiling of density, those
    inside each link at any time are counted too.

    Examples
    --------
    >>> import evacroute as er
    >>> found = er.verify(er.assign(er.lagoon(people=300)))
    >>> found.ok, len(found.checks) > 10
    (True, True)
    """
    evidence = from_folder(plan) if isinstance(plan, str | Path) else from_plan(plan)
    return Verification(evidence.source, tuple(_checks(evidence, bound)))


def _checks(e: Evidence, bound: bool) -> Iterator[Check]:
    legs = Legs(e)
    stepped = e.instance.steps[e.link] > 0
    dry = ~stepped | (e.instance.speed_steps[legs.class_] > 0)
    if len(e.instance.link_times.link):
        found = hazards.of_legs(e, legs)
        legs.slowed(found.factor, found.closed_s)
    yield people.everyone_once(e)
    if e.persons is not None:
        yield people.persons(e)
    yield people.tables(e)
    yield ways.connected(e, legs)
    yield ways.allowed(e, legs, dry)
    if len(e.instance.link_times.link):
        yield hazards.open_(e, legs)
    if len(e.instance.rides.link):
        yield from rides.checks(e, legs)
    if len(e.instance.walks.link):
        yield setting_out.first_walks(e)
        yield setting_out.cut_off(e)
    yield ways.ready(e, legs)
    yield ways.order(e, legs)
    yield ways.arrival(e, legs)
    yield ways.whole_steps(e)
    yield ways.class_time(e, legs)
    yield ways.movement_time(e, legs)
    yield room.streets(e, legs)
    if e.max_density is not None:
        yield room.density(e, legs, e.max_density)
    yield from room.rooms(e)
    if (e.instance.hot_from < e.deadline).any():
        yield setting_out.cool_shelters(e)
    yield room.intake(e)
    yield room.deadline(e)
    yield people.households(e)
    yield people.reasons(e)
    yield people.stated(e)
    if bound:
        yield from certificate.checks(e, legs)


def _figure(value: float) -> str:
    return f"{value:.4g}"
