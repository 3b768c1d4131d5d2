"""The web map: a plan as one HTML file that opens from disk, without internet."""

from __future__ import annotations

import hashlib
import html
import re
from base64 import b64encode
from importlib import resources
from pathlib import Path
from string import Template

from evacroute.errors import InputError
from evacroute.plan import Plan
from evacroute.plotting._map_data import pack_plan
from evacroute.plotting._packing import Packer
from evacroute.plotting._rescue_data import add_rescue
from evacroute.plotting._simulation_data import (
    add_simulation,
    check_simulation,
    played_until,
)
from evacroute.plotting._words import panel_words
from evacroute.rescue import Rescue
from evacroute.simulation import Simulation
from evacroute.writing import atomic_path

STYLES = ("leaflet.css", "map.css", "hazards.css", "rescue.css", "simulation.css")
SCRIPTS = (
    "leaflet.js", "data.js", "text.js", "streets.js", "hazards.js", "shelters.js", "routes.js",
    "search.js", "found.js", "controls.js", "summary.js", "rescue.js", "dots.js",
    "simulation.js", "played.js", "main.js",
)  # fmt: skip

ONLY_WITH = {
    "hazards.js": "hazard_street", "hazards.css": "hazard_street",
    "rescue.js": "pickup_persons", "rescue.css": "pickup_persons",
    "dots.js": "played_street", "simulation.js": "played_street",
    "played.js": "played_street", "simulation.css": "played_street",
}  # fmt: skip
"""Parts that a map has only if there is this column, so that maps without do not grow."""

OPENSTREETMAP = "© OpenStreetMap contributors"


def write_map(
    plan: Plan,
    path: str | Path,
    *,
    title: str | None = None,
    max_routes: int | None = None,
    tiles: str | tuple[str, str] | None = None,
    with_persons: bool = True,
    rescue: Rescue | None = None,
    simulation: Simulation | None = None,
) -> Path:
    """Write a plan as an interactive map: one HTML file that needs nothing else.

    It draws the streets of the network itself, coloured by how many people walk them, in all or
    minute by minute; streets that hazards close or slow, with when and to whom; shelters with how
    full they get; and, for a person, household or group that one searches for, the way with its
    times. It loads nothing from the internet unless ``tiles`` are given. It needs a browser of 2023
    or newer.

    Parameters
    ----------
    plan
        What to show.
    path
        The file to write; written whole or not at all.
    title
        Heading; by default made from the number of people and the method.
    max_routes
        Keep the ways of so many movements at the most, evenly chosen, to make the file smaller;
        None keeps all. Loads of streets and shelters always count everybody.
    tiles
        Address of map tiles to lay under the streets, such as
        ``"https://tile.example.org/{z}/{x}/{y}.png"``, or a pair of address and attribution. With
        tiles the map asks the server of the tiles for pictures whenever it is looked at.
    with_persons
        False leaves persons' and households' ids and positions out, for a map to be shared.
    rescue
        Also show who cannot get out: pick-ups, and the ways of boat crews and stretcher teams.
    simulation
        A run of the plan, or of what people do without one: the map then also shows it played
        out, with the density of people in the streets, shelters as they filled, and dots that walk
        for those whose tracks were kept (``tracks=2000``; without ids).

    Returns
    -------
    Path
        The file written.

    Raises
    ------
    InputError
        If ``plan`` is no plan or ``simulation`` no run, ``max_routes`` is below 0, ``tiles`` is no
        such address, ``simulation`` is of another place or plan, or the file cannot be written.

    Notes
    -----
    The page uses Leaflet 1.9.4 (BSD 2-Clause), which is part of the file. A content security
    policy allows only the scripts of this library and, with ``tiles``, pictures from their server.

    Examples
    --------
    >>> import evacroute as er, tempfile
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = er.write_map(plan, f"{folder}/map.html", title="A small evening")
    ...     page = path.read_text(encoding="utf-8")
    >>> "A small evening" in page, "<script src=" in page
    (True, False)
    """
    if not isinstance(plan, Plan):
        raise InputError(f"plan is a {type(plan).__name__}, expected a Plan")
    if max_routes is not None and max_routes < 0:
        raise InputError(f"max_routes is {max_routes}, expected a number >= 0, or None for all")
    packer = _packed(plan, max_routes, with_persons, simulation)
    if rescue is not None:
        add_rescue(packer, rescue)
    packer.meta |= panel_words(plan)
    packer.meta["tiles"] = _tiles(tiles)
    heading = title or f"Evacuation plan: {plan.placed + plan.left:,} people, {plan.method}"
    styles = [_static(name) for name in STYLES if _is_needed(name, packer)]
    scripts = [_script(name) for name in SCRIPTS if _is_needed(name, packer)]
    page = Template(_static("map.html")).substitute(
        policy=html.escape(_policy(scripts, tiles is not None)),
        title=html.escape(heading),
        styles="\n".join(f"<style>\n{style}</style>" for style in styles),
        scripts="\n".join(f"<script>{script}</script>" for script in scripts),
        data=packer.to_text(),
    )
    with atomic_path(path) as temporary:
        temporary.write_text(page, encoding="utf-8", newline="\n")
    return Path(path)


def _packed(
    plan: Plan, max_routes: int | None, with_persons: bool, simulation: Simulation | None
) -> Packer:
    if simulation is None:
        return pack_plan(plan, max_routes=max_routes, with_persons=with_persons)
    check_simulation(simulation, plan)
    packer = pack_plan(
        plan, max_routes=max_routes, with_persons=with_persons,
        until=played_until(simulation), coarse_s=simulation.bin_s,
    )  # fmt: skip
    add_simulation(packer, simulation, plan)
    return packer


def _is_needed(name: str, packer: Packer) -> bool:
    return name not in ONLY_WITH or packer.has(ONLY_WITH[name])


def _static(name: str) -> str:
    return resources.files("evacroute.plotting").joinpath("static", name).read_text("utf-8")


def _script(name: str) -> str:
    # A source map is not there to be fetched.
    return re.sub(r"^//# sourceMappingURL=.*$", "", _static(name), flags=re.MULTILINE)


def _policy(scripts: list[str], with_tiles: bool) -> str:
    """Only these scripts may run, so nothing that hides in a name could."""
    digests = [b64encode(hashlib.sha256(text.encode()).digest()).decode() for text in scripts]
    allowed = " ".join(f"'sha256-{digest}'" for digest in digests)
    images = "data: https: http:" if with_tiles else "data:"
    return (
        f"default-src 'none'; script-src {allowed}; style-src 'unsafe-inline'; img-src {images}; "
        "base-uri 'none'; form-action 'none'"
    )


def _tiles(tiles: str | tuple[str, str] | None) -> dict[str, str] | None:
    if tiles is None:
        return None
    address, attribution = (tiles, "") if isinstance(tiles, str) else tiles
    missing = [part for part in ("{z}", "{x}", "{y}") if part not in address]
    if missing or not re.match(r"https?://", address):
        raise InputError(
            f"tiles is {address!r}, expected an address that begins with https:// or http:// and "
            "holds {z}, {x} and {y}"
        )
    if not attribution and "openstreetmap.org" in address:
        attribution = OPENSTREETMAP
    # Leaflet shows the attribution as HTML.
    return {"url": address, "attribution": html.escape(attribution)}
