"""Reports that loaders leave behind: what was read, repaired, set aside and assumed."""

from __future__ import annotations

from dataclasses import dataclass, field


@dataclass
class LoadReport:
    """What a loader did to its input; prints as a short table a person can read.

    Parameters
    ----------
    source
        The file or object that was read.
    counts
        What was read, in the order to show: label -> number.
    repaired
        Oddities that were mended: label -> number.
    set_aside
        What was left out and why: label -> number.
    shares
        Shares of the result: label -> 0..1 (e.g. capacity assumed, by length).
    notes
        Sentences a user should read: warnings, assumptions.

    Examples
    --------
    >>> import evacroute as er
    >>> report = er.LoadReport("streets.csv", counts={"links": 12}, notes=["made up"])
    >>> report.to_dict()["counts"]
    {'links': 12}
    >>> er.lagoon_shelters().report.is_synthetic
    True
    """

    source: str
    counts: dict[str, int | float] = field(default_factory=dict)
    repaired: dict[str, int] = field(default_factory=dict)
    set_aside: dict[str, int] = field(default_factory=dict)
    shares: dict[str, float] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        lines = [f"{self.source}"]
        sections: list[tuple[str, dict[str, int | float] | dict[str, int]]] = [
            ("read", self.counts),
            ("repaired", self.repaired),
            ("set aside", self.set_aside),
        ]
        for title, table in sections:
            for label, number in table.items():
                if not number and title != "read":
                    continue
                text = f"{number:,.1f}" if isinstance(number, float) else f"{number:,}"
                lines.append(f"  {title:<10} {text:>12}  {label}")
        for label, share in self.shares.items():
            lines.append(f"  {'share':<10} {share:>12.1%}  {label}")
        lines.extend(f"  note: {note}" for note in self.notes)
        return "\n".join(lines)

    @property
    def is_synthetic(self) -> bool:
        """Whether what was read says that it is made up."""
        return any("synthetic" in word.lower() for word in (self.source, *self.notes))

    def to_dict(self) -> dict[str, object]:
        """Turn the report into plain types, for JSON.

        Returns
        -------
        dict
            The fields by name.
        """
        return {
            "source": self.source,
            "counts": dict(self.counts),
            "repaired": dict(self.repaired),
            "set_aside": dict(self.set_aside),
            "shares": dict(self.shares),
            "notes": list(self.notes),
        }
