"""A printable sheet as one HTML page: its words in order, its style, nothing from outside."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from html import escape

from evacroute.route_words import Words

CONTRASTS = ("plain", "high")

INKS = {
    "plain": {
        "paper": "#ffffff", "ink": "#1a1a1a", "quiet": "#595959", "street": "#b9b9b9",
        "way": "#0b4f8a", "shelter": "#8f1d14",
    },
    "high": {"paper": "#ffffff", "ink": "#000000"},
    "high on screen": {"paper": "#000000", "ink": "#ffff00"},
}  # fmt: skip
"""Colours of each variant; the high contrast is black on white in print, to save ink, and yellow on
black on a screen."""

LETTERS = {"plain": 26.0, "high": 38.0}
"""Height of the names on the map, in units of the drawing."""

UNBROKEN = 20
"""Names of streets up to so many letters are kept on one line in the index."""

_BODY = """
@page{size:A4;margin:12mm}
*{box-sizing:border-box}
html{background:var(--paper);color:var(--ink);-webkit-print-color-adjust:exact;
print-color-adjust:exact}
body{margin:0 auto;padding:1rem;max-width:186mm;line-height:1.3;overflow-wrap:break-word;
font-family:system-ui,"Noto Sans","DejaVu Sans","Noto Sans CJK SC","PingFang SC",
"Microsoft YaHei",sans-serif}
@media print{body{padding:0;max-width:none}}
h1{font-size:1.9em;line-height:1.15;margin:.1em 0 .2em}
h2{font-size:1.2em;margin:.6em 0 .15em;padding-top:.15em;border-top:.12em solid var(--ink)}
h3{font-size:1.05em;margin:.5em 0 .1em}
h1,h2,h3{break-after:avoid}
p,ul,ol,dl{margin:.15em 0}
ul,ol{padding-left:1.9em}
.starts{list-style:none;padding:0}
li,tr,svg,figure{break-inside:avoid}
li{margin:.05em 0}
figure{margin:.2em 0}
svg{display:block;width:100%;height:auto;border:.12em solid var(--ink)}
dt,dd{display:inline;margin:0}
dt{font-weight:bold}
a{color:inherit}
table{border-collapse:collapse;width:100%}
th,td{text-align:left;vertical-align:top;padding:.2em .6em .2em 0;
border-bottom:.06em solid var(--ink)}
td.number{text-align:right}
td.number,thead th:last-child,.place{white-space:nowrap}
tbody th{width:24%;min-width:9em;overflow-wrap:anywhere}
.note{font-weight:bold;border:.15em solid var(--ink);padding:.15em .6em}
.made{font-size:.9em;margin-top:.6em}
svg text{font-family:inherit;font-weight:bold;fill:var(--ink)}
svg .street,svg .way{fill:none;stroke-linecap:round;stroke-linejoin:round}
svg .shut,svg .barred{fill:none;stroke:var(--ink);stroke-width:18}
svg .shut{stroke-dasharray:2.5 3.5}
svg .barred{stroke-dasharray:2 12}
svg .name{text-anchor:middle}
svg .name,svg .scale text{paint-order:stroke;stroke:var(--paper);stroke-width:7px;
stroke-linejoin:round}
svg .door{stroke:var(--ink);stroke-width:4;stroke-dasharray:4 8}
svg .start circle{fill:var(--paper);stroke:var(--ink);stroke-width:5}
svg .shelter circle{stroke:var(--paper);stroke-width:5}
svg .shelter path{fill:var(--paper)}
svg .north path{fill:var(--ink)}
svg .north path,svg .north text{paint-order:stroke;stroke:var(--paper);stroke-width:8px}
svg .scale path{fill:none;stroke:var(--ink);stroke-width:4}
"""

_STYLES = {
    "plain": """
body{font-size:11pt}
.starts{columns:3;column-gap:1.5em}
.rules,.ways{columns:2;column-gap:2em}
section{margin-bottom:.4em}
.ways p{break-after:avoid}
.ways h3{margin-top:0}
svg .shut,svg .barred{stroke:var(--quiet)}
.made{color:var(--quiet)}
svg .street{stroke:var(--street);stroke-width:2.5}
svg .way{stroke:var(--way)}
svg .shelter circle{fill:var(--shelter)}
svg text{font-size:26px}
""",
    "high": """
body{font-size:20pt;font-weight:bold}
.starts{columns:2;column-gap:1em}
tbody th{width:20%;min-width:6.5em}
ol{padding-left:2.2em}
.made{font-size:18pt}
svg{border-width:.2em}
svg .street{stroke:var(--ink);stroke-width:1}
svg .way{stroke:var(--ink)}
svg .shelter circle{fill:var(--ink)}
svg text{font-size:38px}
svg .name,svg .scale text{stroke-width:10px}
""",
}


@dataclass
class SheetWay:
    """A way told on a sheet: where it begins, how many walk it, how far it is, line by line."""

    start: str
    persons: int
    total: str
    lines: Sequence[str]
    boats: str = ""
    """When its first boat casts off, for all who walk it."""
    water: str = ""
    """That part of it is under water."""


@dataclass
class Sheet:
    """What stands on the sheet of one shelter, but for its fixed sentences."""

    shelter: str
    persons: int
    starts: list[tuple[str, int]]
    """Streets and squares that most people start near, by name."""
    others: int
    """People who start elsewhere."""
    earliest: str
    typical: str
    map: str
    closed: tuple[bool, bool]
    """Whether the map shows streets closed at some time: to everyone, to some only."""
    ways: list[SheetWay]
    step_free_places: int
    step_free_ways: list[SheetWay]
    synthetic: bool = False
    modelled: bool = False
    """Whether the ways keep clear of water at heights that are made by a model."""
    tide: str = ""
    """The tide that a plan for a flood was made for."""
    file: str = field(default="", compare=False)


def sheet_page(sheet: Sheet, words: Words, contrast: str) -> str:
    """Make the page of one shelter."""
    _ = words.gettext
    title = _("Go to: {shelter}").format(shelter=sheet.shelter)
    parts = [f"<h1>{escape(title)}</h1>"]
    if sheet.synthetic:
        parts.append(_note(_("This is an example: a made-up city, not a real place.")))
    wet = any(way.water for way in (*sheet.ways, *sheet.step_free_ways))
    how = ""
    if wet:
        how = _("Where there is water: walk slowly, keep to the middle, mind the edge of canals.")
    if sheet.tide or how:
        parts.append(_note(words.between.join(filter(None, [sheet.tide, how]))))
    if sheet.modelled:
        parts.append(_note(words.modelled()))
    parts.append(_heading(_("Who is this sheet for?")))
    if not sheet.persons:
        parts.append(_paragraph(_("The plan sends nobody to this shelter.")))
    else:
        if sheet.starts:
            parts.append(_paragraph(_("For people who start near:")))
        starts = list(sheet.starts)
        if sheet.others:
            starts.append((_("Other places nearby"), sheet.others))
        row = _("{place}: {people}")
        rows = [row.format(place=start, people=people(words, n)) for start, n in starts]
        parts.append(_list(rows, "starts"))
        parts.append(
            _paragraph(_("Your street is not on this list? Look at the sheets of other shelters."))
        )
        parts.append(_heading(_("When do you leave?")))
        times = [
            (_("The first people:"), sheet.earliest),
            (_("Most people, at the latest:"), sheet.typical),
        ]
        parts.append(
            "<dl>"
            + "".join(f"<div><dt>{escape(dt)}</dt> <dd>{escape(dd)}</dd></div>" for dt, dd in times)
            + "</dl>"
        )
    parts.append(_heading(_("Map")))
    parts.append(f"<figure>{sheet.map}</figure>")
    parts.append(
        _paragraph(
            _("House: the shelter. Thick lines: the ways. Numbers: where the ways below begin.")
        )
    )
    if sheet.closed[0]:
        parts.append(_paragraph(_("Dense lines across a street: closed to everyone at some time.")))
    if sheet.closed[1]:
        parts.append(
            _paragraph(_("Sparse lines across a street: closed to some people at some time."))
        )
    if sheet.ways:
        parts.append(_heading(_("The main ways")))
        told = [_way(way, words, f"{i}. ") for i, way in enumerate(sheet.ways, 1)]
        parts.append(_ways(told))
    parts.append(_heading(_("If you cannot use steps")))
    parts += _step_free(sheet, words)
    parts.append(_heading(_("Remember")))
    parts.append(_list(rules(words), "rules"))
    parts.append(_made(words))
    return _page(title, "".join(parts), words, contrast)


def index_page(sheets: Sequence[Sheet], words: Words, contrast: str) -> str:
    """Make the page that lists all sheets."""
    _ = words.gettext
    title = _("Where to go: all shelters")
    parts = [f"<h1>{escape(title)}</h1>"]
    if any(sheet.synthetic for sheet in sheets):
        parts.append(_note(_("This is an example: a made-up city, not a real place.")))
    tide = next((sheet.tide for sheet in sheets if sheet.tide), "")
    if tide:
        parts.append(_note(tide))
    if any(sheet.modelled for sheet in sheets):
        parts.append(_note(words.modelled()))
    parts.append(_paragraph(_("Find your street. Open the sheet of its shelter.")))
    parts.append(
        "<table><thead><tr>"
        + "".join(
            f'<th scope="col">{escape(word)}</th>'
            for word in (_("Shelter"), _("For people who start near:"), _("People"))
        )
        + "</tr></thead><tbody>"
    )
    for sheet in sheets:
        near = words.listed([_place(start) for start, n in sheet.starts] or ["-"])
        parts.append(
            f'<tr><th scope="row"><a href="{escape(sheet.file)}">{escape(sheet.shelter)}</a></th>'
            f'<td>{near}</td><td class="number">{sheet.persons}</td></tr>'
        )
    parts.append("</tbody></table>")
    parts.append(_made(words))
    return _page(title, "".join(parts), words, contrast)


def people(words: Words, n: int) -> str:
    """Say a number of people."""
    return words.ngettext("{n} person", "{n} people", n).format(n=n)


def rules(words: Words) -> list[str]:
    """Give the rules, one line each."""
    _ = words.gettext
    return [
        _("Walk. Do not run."),
        _("Leave your luggage behind."),
        _("Keep to the right. Do not stop on bridges."),
        _("Help children, old people and people in wheelchairs."),
        _("Is your way blocked? Go back and ask a helper."),
        _("Stay at the shelter until you are told to leave."),
        _("If a rescue crew tells you otherwise, do what they say."),
    ]


def _step_free(sheet: Sheet, words: Words) -> list[str]:
    _, n = words.gettext, sheet.step_free_places
    text = _("This shelter has no places for people who cannot use steps.")
    if n:
        text = words.ngettext(
            "The shelter has {n} place for people who cannot use steps.",
            "The shelter has {n} places for people who cannot use steps.",
            n,
        )
    parts = [_paragraph(text.format(n=n))]
    if n and sheet.step_free_ways:
        parts.append(_paragraph(_("These ways have no steps:")))
        parts.append(_ways([_way(way, words) for way in sheet.step_free_ways]))
        parts.append(_paragraph(_("You are not near one of these ways?")))
    parts.append(_list([words.left("stay"), words.left("await_crew")]))
    return parts


def _way(way: SheetWay, words: Words, number: str = "") -> str:
    _ = words.gettext
    title = _("From {place}: {people}") if way.start else _("From another place: {people}")
    title = title.format(place=way.start, people=people(words, way.persons))
    rows = "".join(f"<li>{escape(line)}</li>" for line in way.lines)
    head = f"<h3>{escape(number + title)}</h3><p>{escape(way.total)}</p>"
    for line in filter(None, (way.water, way.boats)):
        head += _paragraph(line)
    return f"<section>{head}<ol>{rows}</ol></section>"


def _ways(told: list[str]) -> str:
    return f'<div class="ways">{"".join(told)}</div>'


def _place(name: str) -> str:
    """Keep a short name on one line; a long one may have to break."""
    kind = ' class="place"' if len(name) <= UNBROKEN else ""
    return f"<span{kind}>{escape(name)}</span>"


def _heading(text: str) -> str:
    return f"<h2>{escape(text)}</h2>"


def _paragraph(text: str) -> str:
    return f"<p>{escape(text)}</p>"


def _note(text: str) -> str:
    return f'<p class="note">{escape(text)}</p>'


def _list(rows: Sequence[str], kind: str = "") -> str:
    begin = f'<ul class="{kind}">' if kind else "<ul>"
    return begin + "".join(f"<li>{escape(row)}</li>" for row in rows) + "</ul>"


def _made(words: Words) -> str:
    text = words.gettext("Computed with evacroute. Check it with your civil protection office.")
    return f'<p class="made">{escape(text)}</p>'


def _page(title: str, body: str, words: Words, contrast: str) -> str:
    style = _inks(INKS[contrast]) + _BODY + _STYLES[contrast]
    if contrast == "high":
        style += f"@media screen{{{_inks(INKS['high on screen'])}}}"
    return (
        f'<!doctype html>\n<html lang="{words.tag}">\n<head>\n<meta charset="utf-8">\n'
        '<meta http-equiv="Content-Security-Policy" '
        "content=\"default-src 'none'; style-src 'unsafe-inline'\">\n"
        '<meta name="viewport" content="width=device-width,initial-scale=1">\n'
        f"<title>{escape(title)}</title>\n<style>{style}</style>\n</head>\n"
        f"<body>\n<main>\n{body}\n</main>\n</body>\n</html>\n"
    )


def _inks(colours: dict[str, str]) -> str:
    return ":root{" + ";".join(f"--{name}:{value}" for name, value in colours.items()) + "}"
