"""Names of columns in tables of hazards: which are read, which are comment, which are wrong."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

COMMENTS = frozenset({
    "name", "note", "notes", "comment", "comments", "reason", "remark", "remarks", "description",
    "source", "title", "label", "id", "fid", "gid", "objectid", "ogc_fid", "layer", "path", "",
})  # fmt: skip
"""Columns that say nothing to a planner; they may be there and are not read."""

_STYLES = ("stroke", "fill", "marker-", "unnamed: ")
"""So begin the columns that map editors write for colours, and pandas for a nameless index."""

FROM_TO = {
    "from_s": "from", "start": "from", "start_s": "from", "begin": "from",
    "to_s": "to", "end": "to", "end_s": "to", "until": "to",
}  # fmt: skip
"""Other names of when something begins and ends."""


def is_comment(name: str) -> bool:
    """Whether a column, in lower case, is plainly comment."""
    return name in COMMENTS or name.startswith(_STYLES)


def renamed(names: Iterable[object], aliases: Mapping[str, str]) -> dict[object, str]:
    """Column that each name stands for: lower case, without blanks, aliases resolved.

    An alias of a column that is there itself, or by another alias, stays as it is.
    """
    plain = {name: str(name).strip().lower() for name in names}
    taken = set(plain.values())
    for name, column in plain.items():
        meant = aliases.get(column, column)
        if meant != column and meant not in taken:
            plain[name] = meant
            taken.add(meant)
    return plain


def wrong_names(names: Iterable[str], allowed: Collection[str]) -> list[str]:
    """Names that are neither read nor comment, in their order."""
    return [name for name in names if name not in allowed and not is_comment(name)]


def told(wrong: Iterable[str], allowed: Iterable[str], aliases: Mapping[str, str]) -> str:
    """Say which names are wrong and which are allowed."""
    words = []
    for name in wrong:
        meant = aliases.get(name)
        words.append(repr(name) if meant is None else f"{name!r} (beside another for {meant!r})")
    return (
        f"{', '.join(words)} cannot be read, expected {', '.join(allowed)}; columns of comment "
        "may be called name, note, comment, reason"
    )
