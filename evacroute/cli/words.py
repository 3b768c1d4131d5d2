"""Messages of the library in the words of the command line: options instead of Python calls."""

from __future__ import annotations

OPTIONS = (
    ('read them with er.read_tide(..., unit="cm")',
     "say so: flood:tide=140,unit=cm or flood:series=FILE,unit=cm"),
    ('read it with unit="m"', "say unit=m"),
    ('give the network metres, or the flood er.Heights.of_network(network, unit="cm") (unit="m" if '
     "they are metres)",
     "write metres into it, or give the heights by link: --heights FILE,unit=cm"),
    ('say unit="cm", or unit="m" if they are metres',
     "say so: --heights FILE,unit=cm, or FILE,unit=m if they are metres"),
    ("or a larger max_gap", "or a larger max_gap: flood:series=FILE,max_gap=2h"),
    ("or a larger max_distance", "or a larger --max-distance"),
    ("max_distance is ", "--max-distance is "),
    ("a max_distance above", "a --max-distance above"),
    ("; max_distance sets such stops aside", ""),
    ("low_bridges of read_boats, or --low-bridges, tells of them", "--low-bridges tells of them"),
    ("Streets already on disk need none: read_network(file)",
     "Streets already on disk need none: --network FILE"),
    ("make it with method='over_time'", "make it with --method over_time"),
    ("needs a hazard with a seed, such as Earthquake(...); or give a list of hazards, one a draw, "
     "without draws", "needs a hazard with a seed, such as --hazard earthquake:seed=1"),
    ("weights: no class", "--weight: no class"),
    ("order: no class", "--first: no class"),
    ("closures: there is no", "--close: there is no"),
    ("closures: the name", "--close: the name"),
    ("positions: ", "--positions: "),
    ("give movement=", "give --movement"),
    ("give either movement= or person=, and not both", "give --movement or --person, and not both"),
    ("draws=", "--draws "),
)  # fmt: skip
"""What the library says, and what is said to those who typed options."""


def in_options(text: str) -> str:
    """Give a message in the words of the command line."""
    for said, typed in OPTIONS:
        text = text.replace(said, typed)
    return text
