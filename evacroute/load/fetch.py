"""Download the streets of a place from OpenStreetMap, through OSMnx with its cache and manners."""

from __future__ import annotations

import gzip
import hashlib
import json
import math
import os
import re
import socket
import tempfile
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from evacroute.errors import EvacrouteError, FetchError, InputError, MissingExtraError
from evacroute.load.osm_data import BBox
from evacroute.load.osm_ways import check_bbox
from evacroute.load.overpass import is_overpass, read_overpass

Progress = Callable[[str, float], None]

PLACES: Mapping[str, BBox] = {"venice": (12.300, 45.420, 12.372, 45.452)}
"""Names that mean a box: Venice is the old city, not the commune with half the lagoon."""

TAGS: dict[str, bool | str | list[str]] = {"highway": True, "route": "ferry", "place": "square"}
"""What is asked for, as OSMnx words it; all tags of it come along."""

MAX_AREA = 2500.0
"""Largest area that one question should cover [km2]."""

USER_AGENT = "evacroute (OSMnx)"

_NUMBER = r"\s*[-+]?[0-9]*\.?[0-9]+\s*"
_BBOX = re.compile(rf"{_NUMBER},{_NUMBER},{_NUMBER},{_NUMBER}")


def fetch(
    place: str | BBox,
    out: str | Path,
    *,
    overpass_url: str | None = None,
    nominatim_url: str | None = None,
    timeout: float = 180.0,
    cache: str | Path | None = None,
    use_cache: bool = True,
    rate_limit: bool = True,
    user_agent: str = USER_AGENT,
    progress: Progress | None = None,
) -> Path:
    """Download the streets of a place, to be read by `read_network`.

    The file is the answer of an Overpass server, with every tag: streets, squares, ferries. It is
    checked for streets to walk before it is kept, and appears whole or not at all.

    Parameters
    ----------
    place
        Name, as Nominatim finds it ("Chioggia, Italy"); one of ``PLACES``; or (west, south, east,
        north) [degrees], as numbers or as text "12.32,45.43,12.35,45.44". Of a place in several
        parts, what lies between them comes along.
    out
        File to write, ending with .json or .json.gz.
    overpass_url, nominatim_url
        Other servers than those OSMnx is set to.
    timeout
        How long to wait for an answer [s], > 0.
    cache
        Folder where answers are kept, so that nothing is asked for twice; the default is
        ``evacroute/osm`` in the user's cache folder.
    use_cache
        False asks again whatever is in the cache.
    rate_limit
        Ask the Overpass server for a free slot, and wait for it. Switch off only for your own one.
    user_agent
        How to introduce oneself to the servers.
    progress
        Called with what is being done and the share done, 0 to 1.

    Returns
    -------
    pathlib.Path
        The file written.

    Raises
    ------
    MissingExtraError
        If OSMnx is not installed.
    InputError
        If the box, the file's name or the timeout cannot be, or the area is too large.
    FetchError
        If a server cannot be reached or breaks off, if no such place is found, or if it has no
        streets to walk.

    Examples
    --------
    >>> import evacroute as er
    >>> path = er.fetch("Chioggia, Italy", "chioggia.json.gz")  # doctest: +SKIP
    >>> network = er.read_network(path)  # doctest: +SKIP
    """
    try:
        import osmnx
    except ImportError as error:
        raise MissingExtraError("osmnx", "osm", "downloading streets") from error
    out = Path(out)
    if not out.name.lower().endswith((".json", ".json.gz")):
        raise InputError(f"{out}: expected a file name ending with .json or .json.gz")
    if not (math.isfinite(timeout) and timeout > 0):
        raise InputError(f"timeout is {timeout} s, expected a finite number > 0")
    bbox = _bbox(place)
    say = progress or (lambda stage, share: None)
    settings = {
        "requests_timeout": math.ceil(timeout),  # Overpass knows no fractions
        "overpass_rate_limit": rate_limit,
        "http_user_agent": user_agent,
        "use_cache": True,  # in a folder of its own where the caller wants none
        "log_console": False,
    }
    settings |= {"overpass_url": overpass_url} if overpass_url else {}
    settings |= {"nominatim_url": nominatim_url} if nominatim_url else {}
    with tempfile.TemporaryDirectory() as passing, _settings(osmnx.settings, settings):
        folder = (Path(cache) if cache else _user_cache()) if use_cache else Path(passing)
        osmnx.settings.cache_folder = folder
        say("looking up the place", 0.0)
        polygon = osmnx.utils_geo.bbox_to_poly(bbox) if bbox else _look_up(osmnx, str(place))
        say("downloading", 0.1)
        answer = _download(osmnx, polygon, folder)
    say("checking", 0.8)
    try:
        read_overpass(answer)
    except EvacrouteError as error:
        raise FetchError(f"{place}: {error}") from error
    _write(out, {**answer, "place": str(place)})
    say("done", 1.0)
    return out


def _bbox(place: str | BBox) -> BBox | None:
    """Box that a place stands for, None where its name has to be looked up."""
    if isinstance(place, str):
        if not place.strip():
            raise InputError("place is empty, expected a name or west,south,east,north")
        if place.strip().lower() in PLACES:
            return PLACES[place.strip().lower()]
        if not _BBOX.fullmatch(place):
            return None
        place = tuple(float(part) for part in place.split(","))  # type: ignore[assignment]
    check_bbox(place)  # type: ignore[arg-type]
    return place  # type: ignore[return-value]


def _look_up(osmnx: Any, place: str) -> Any:
    """Polygon of a place by name."""
    from requests import RequestException

    url = osmnx.settings.nominatim_url
    try:
        polygon = osmnx.geocode_to_gdf(place).union_all()
    except RequestException as error:
        raise FetchError(_unreachable(url, error)) from error
    except (TypeError, ValueError, KeyError) as error:
        raise FetchError(
            f"no place with an outline is called {place!r} ({str(error)[:200]}); "
            "try a fuller name, or west,south,east,north in degrees"
        ) from error
    if polygon.geom_type != "Polygon" or not polygon.is_valid:
        polygon = polygon.convex_hull
    return polygon


def _download(osmnx: Any, polygon: Any, folder: Path) -> dict[str, Any]:
    """Answer of the Overpass server about an area, from the cache where it is there."""
    from requests import RequestException

    km = math.radians(1.0) * 6371.0
    area = polygon.area * km**2 * math.cos(math.radians(polygon.centroid.y))
    if area > MAX_AREA:
        raise InputError(f"the area is {area:,.0f} km2, expected at most {MAX_AREA:,.0f} km2")
    url = osmnx.settings.overpass_url
    # One folder a question: what OSMnx leaves in it is the answer.
    question = json.dumps([polygon.wkt, TAGS, url])
    folder = folder / hashlib.sha256(question.encode()).hexdigest()[:20]
    answer = _kept(folder)
    if answer is not None:
        return answer
    osmnx.settings.cache_folder = folder
    osmnx.settings.cache_only_mode = True
    osmnx.settings.max_query_area_size = 1e15
    try:
        _greet(osmnx, url)
        osmnx.features_from_polygon(polygon, TAGS)
    except RequestException as error:
        raise FetchError(_unreachable(url, error)) from error
    except InterruptedError:
        pass  # so OSMnx ends where it is to fill its cache only
    except (TypeError, ValueError) as error:
        raise FetchError(f"{url} gave no answer to use: {str(error)[:200]}") from error
    answer = _kept(folder)
    if answer is None:
        raise FetchError(
            f"{url} broke off its answer or refused it: try a smaller area, or again later"
        )
    return answer


def _kept(folder: Path) -> dict[str, Any] | None:
    """Answer in a cache folder; what is broken (a download cut off) is removed."""
    for file in sorted(folder.glob("*.json")):
        try:
            answer = json.loads(file.read_bytes())
        except ValueError:
            answer = None
        if isinstance(answer, dict) and is_overpass(answer):
            return answer
        file.unlink()
    return None


def _greet(osmnx: Any, url: str) -> None:
    """Find out soon whether the server can be reached: OSMnx would wait a minute, and then try."""
    import requests

    requests.get(
        url.rstrip("/") + "/status",
        timeout=min(20.0, osmnx.settings.requests_timeout),
        headers={"User-Agent": osmnx.settings.http_user_agent},
        **osmnx.settings.requests_kwargs,
    )


def _unreachable(url: str, error: Exception) -> str:
    return (
        f"{url} cannot be reached ({type(error).__name__}): is there a connection to the internet? "
        "Streets already on disk need none: read_network(file)"
    )


@contextmanager
def _settings(module: Any, wanted: Mapping[str, Any]) -> Iterator[None]:
    """Set OSMnx for a while; it changes how hosts are looked up, which is undone too."""
    names = [*wanted, "cache_folder", "cache_only_mode", "max_query_area_size"]
    before = {name: getattr(module, name) for name in names}
    look_up = socket.getaddrinfo
    try:
        for name, value in wanted.items():
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
        socket.getaddrinfo = look_up


def _user_cache() -> Path:
    home = os.environ.get("XDG_CACHE_HOME") or os.environ.get("LOCALAPPDATA")
    return (Path(home) if home else Path.home() / ".cache") / "evacroute" / "osm"


def _write(out: Path, answer: Mapping[str, Any]) -> None:
    content = json.dumps(answer, ensure_ascii=False, separators=(",", ":")).encode()
    if out.name.lower().endswith(".gz"):
        content = gzip.compress(content, mtime=0)
    out.parent.mkdir(parents=True, exist_ok=True)
    part = out.with_name(f".{out.name}.{os.getpid()}")
    try:
        part.write_bytes(content)
        part.replace(out)
    finally:
        part.unlink(missing_ok=True)
