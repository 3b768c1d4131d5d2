"""People from a table: read, checked, given speeds and limits, and put on the streets."""

from __future__ import annotations

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.special import ndtri

from evacroute._capability_tables import OLDEST, read_rows
from evacroute.capability import MOBILITIES, Capability, capabilities, uniform
from evacroute.errors import Faults, PeopleError, did_you_mean
from evacroute.load.placing import Places, place
from evacroute.load.tables import (
    degrees,
    name_of,
    note_unread,
    numbers,
    read_table,
    refuse_misspelt,
    row_name,
    unique_ids,
    words,
)
from evacroute.network import Network
from evacroute.people import People
from evacroute.reports import LoadReport
from evacroute.streets import looks_swapped

OPTIONAL = ("person_id", "household_id", "age", "sex", "mobility", "ready_time_s", "helpers")

FAR_FROM_STREET = 100.0
"""Distance from a street above which the report counts persons [m]."""

LARGE_HOUSEHOLD = 12
"""Households with more members are noted: they go to one shelter as one party."""

_OTHER_NAMES = {
    "longitude": "lon",
    "latitude": "lat",
    "x_coord": "lon",
    "y_coord": "lat",
    "ready_time": "ready_time_s",
}
SEX_WORDS = {
    **dict.fromkeys(("f", "female", "woman"), "F"),
    **dict.fromkeys(("m", "male", "man"), "M"),
    **dict.fromkeys(("", "x", "other", "unknown"), ""),
}
"""What words for the sex stand for."""

MOBILITY_WORDS = {
    **{word: word for word in MOBILITIES},
    "": "unknown",
    "wheelchair": "wheelchair_manual",
    "stick": "cane",
    "rollator": "walker",
    "stroller": "pushchair",
}
"""What words for how a person gets about stand for."""

_MOBILITIES = f"one of {', '.join(word for word in MOBILITY_WORDS if word)}"


def read_people(
    source: str | Path | pd.DataFrame,
    network: Network,
    *,
    max_distance: float = 250.0,
    seed: int | None = None,
) -> People:
    """Read persons, work out what each can do, and put them on the streets.

    Columns: ``lon``, ``lat`` [degrees]; optional ``person_id``, ``household_id``, ``age`` [years],
    ``sex`` (F or M), ``mobility`` (a word of ``capability.MOBILITIES``), ``ready_time_s`` [s after
    the alarm], ``helpers`` (people who help beside the household). Empty cells of the optional ones
    are allowed: of a person of whom nothing is said the unknown visitor's figures are taken; a
    person without household is alone.

    Parameters
    ----------
    source
        Path of a ``.csv`` or ``.csv.gz``, or a DataFrame.
    network
        The streets.
    max_distance
        Persons farther than this from any street they can use keep link and node -1 and are
        counted in the report; they are not dropped [m].
    seed
        None gives each person the mean speed and ready time of their like; a number draws them
        from their distributions. A person's draw depends on their id and the seed only.

    Returns
    -------
    People
        In the order of the table, with a `LoadReport`.

    Raises
    ------
    PeopleError
        If the file cannot be read, a column is missing, a value is not what it must be (all such
        rows are named together), positions are not degrees or look swapped, or nobody is within
        ``max_distance`` of a street.

    Notes
    -----
    Without a ready time the time before moving is lognormal with a mean of 4 to 8 min by mobility
    (``data/capability/premovement.csv``, an assumption); members of a household share the draw.

    Examples
    --------
    >>> import evacroute as er, pandas as pd
    >>> network = er.lagoon_network()
    >>> lon, lat = float(network.lon[0]), float(network.lat[0])
    >>> table = pd.DataFrame({"lon": lon, "lat": lat, "age": [30, 80], "mobility": ["", "cane"]})
    >>> people = er.read_people(table, network)
    >>> people.speed_flat.round(2).tolist()
    [1.38, 0.81]
    """
    where = name_of(source)
    if not max_distance > 0:
        raise PeopleError(f"{where}: max_distance is {max_distance} m, expected > 0")
    frame = read_table(
        source,
        required=("lon", "lat"),
        optional=OPTIONAL,
        text=("person_id", "household_id", "sex", "mobility"),
        aliases=_OTHER_NAMES,
        what="person",
        error=PeopleError,
    )
    faults = Faults(where)
    refuse_misspelt(frame, OPTIONAL, faults)
    person_id = unique_ids(frame, "person_id", faults, prefix="P")
    lon, lat = degrees(frame, "lon", "lat", faults)
    _check_swapped(frame, lon, lat, network, faults)
    age = numbers(frame, "age", faults, low=0, high=OLDEST, default=np.nan, unit="years")
    sex = _known(frame, "sex", SEX_WORDS, "F, M or nothing", faults)
    mobility = _known(frame, "mobility", MOBILITY_WORDS, _MOBILITIES, faults)
    helpers = numbers(frame, "helpers", faults, low=0, high=99, default=0, whole=True)
    ready = numbers(frame, "ready_time_s", faults, low=0, default=np.nan, unit="s")
    faults.raise_if_any(PeopleError)

    household_id = _households(words(frame, "household_id"), person_id)
    untimed = np.isnan(ready)
    ready = np.where(untimed, ready_prior(mobility, household_id, seed), ready)
    whole = helpers.astype(np.int16)
    key = None if seed is None else keys(person_id)
    capability = capabilities(age, sex, mobility, whole, seed=seed, key=key)
    places = place(network, lon, lat, capability, max_distance=max_distance)
    if (places.link < 0).all():
        raise PeopleError(_nobody(where, lon, lat, network, max_distance))
    report = _report(where, household_id, age, mobility, untimed, places, max_distance)
    note_unread(report, frame, OPTIONAL)
    return assemble(
        person_id, household_id, lon, lat, age, sex, mobility, ready, whole, capability, places,
        report,
    )  # fmt: skip


def assemble(
    person_id: NDArray[Any],
    household_id: NDArray[Any],
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    age: NDArray[np.float64],
    sex: NDArray[Any],
    mobility: NDArray[Any],
    ready_time: NDArray[np.float64],
    helpers: NDArray[np.int16],
    capability: Capability,
    places: Places,
    report: LoadReport,
) -> People:
    """Put the columns of a table, the persons' figures and their places together."""
    return People(
        person_id=person_id,
        household_id=household_id,
        lon=lon,
        lat=lat,
        age=age,
        sex=sex,
        mobility=mobility,
        ready_time=ready_time,
        helpers=helpers,
        speed_flat=capability.speed_flat,
        speed_up=capability.speed_up,
        speed_down=capability.speed_down,
        min_width=capability.min_width,
        depth_limit=capability.depth_limit,
        link=places.link,
        along=places.along,
        node=places.node,
        offset=places.offset,
        distance=places.distance,
        report=report,
    )


def ready_prior(
    mobility: NDArray[Any], household_id: NDArray[Any], seed: int | None
) -> NDArray[np.float64]:
    """Time before moving where none is given [s]: the mean by mobility, or a lognormal draw."""
    table = _premovement()
    mean = np.array([table[word][0] for word in mobility.tolist()])
    if seed is None:
        return mean
    sigma = np.array([table[word][1] for word in mobility.tolist()])
    z = ndtri(uniform(seed, keys(household_id), stream=1))
    return np.asarray(mean * np.exp(sigma * z - sigma**2 / 2))


def keys(ids: NDArray[Any]) -> NDArray[np.uint64]:
    """Turn ids into numbers that tell them apart in a draw, the same on every machine."""
    return pd.util.hash_array(ids, categorize=False)


@lru_cache(maxsize=1)
def _premovement() -> dict[str, tuple[float, float]]:
    return {r["mobility"]: (float(r["mean"]), float(r["sigma"])) for r in read_rows("premovement")}


def _known(
    frame: pd.DataFrame, column: str, table: dict[str, str], allowed: str, faults: Faults
) -> NDArray[Any]:
    """Words of a column, each turned into the one it stands for."""
    given = words(frame, column)
    stands_for = {
        word: table.get(str(word).lower().replace(" ", "_").replace("-", "_"))
        for word in set(given.tolist())
    }
    result = np.empty(len(given), dtype=object)
    result[:] = [stands_for[word] for word in given.tolist()]
    if None in stands_for.values():
        for i in [i for i, word in enumerate(result) if word is None]:
            near = did_you_mean(str(given[i]), [word for word in table if word])
            faults.add(f"{row_name(frame, i)}: {column} is {given[i]!r}, expected {allowed}{near}")
    return result


def _households(household_id: NDArray[Any], person_id: NDArray[Any]) -> NDArray[Any]:
    """Give persons without household one of their own, named like them."""
    taken = set(household_id.tolist())
    result = np.empty(len(household_id), dtype=object)
    result[:] = [
        household or (person if person not in taken else f"{person} (alone)")
        for household, person in zip(household_id.tolist(), person_id.tolist(), strict=True)
    ]
    return result


def _box(network: Network) -> tuple[float, float, float, float]:
    lon, lat = network.lon, network.lat
    return float(lon.min()), float(lon.max()), float(lat.min()), float(lat.max())


def _spans(network: Network) -> str:
    west, east, south, north = _box(network)
    return f"lon {west:.4f} to {east:.4f}, lat {south:.4f} to {north:.4f}"


def _check_swapped(
    frame: pd.DataFrame,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    network: Network,
    faults: Faults,
) -> None:
    swapped = looks_swapped(network, lon, lat)
    if swapped.any():
        i = int(np.flatnonzero(swapped)[0])
        count = int(swapped.sum())
        faults.add(
            f"{row_name(frame, i)}: lon, lat are {lon[i]:.6g}, {lat[i]:.6g} but the network spans "
            f"{_spans(network)}: longitude and latitude look swapped in {count:,} rows, "
            "or in the network",
            count=count,
        )


def _nobody(
    where: str,
    lon: NDArray[np.float64],
    lat: NDArray[np.float64],
    network: Network,
    max_distance: float,
) -> str:
    return (
        f"{where}: none of the {len(lon):,} persons is within {max_distance:g} m of a street they "
        f"can use; they span lon {lon.min():.4f} to {lon.max():.4f}, lat {lat.min():.4f} to "
        f"{lat.max():.4f}, the network {_spans(network)}; expected the same city, or a larger "
        "max_distance"
    )


def _report(
    where: str,
    household_id: NDArray[Any],
    age: NDArray[np.float64],
    mobility: NDArray[Any],
    untimed: NDArray[np.bool_],
    places: Places,
    max_distance: float,
) -> LoadReport:
    n = len(age)
    near = places.link >= 0
    sizes = pd.Series(household_id).value_counts().to_numpy()
    report = LoadReport(where)
    report.counts = {
        "persons": n,
        "households": len(sizes),
        "persons near a street": int(near.sum()),
    }
    report.repaired = {
        "persons moved to the nearest street they can use": int((places.moved & near).sum())
    }
    report.set_aside = {
        f"persons with no street within {max_distance:g} m": int((~near & ~places.moved).sum()),
        f"persons with no street they can use within {max_distance:g} m": int(
            (~near & places.moved).sum()
        ),
    }
    for label, unknown in (
        ("of persons with unknown age", np.isnan(age)),
        ("of persons with unknown mobility", mobility == "unknown"),
        ("of persons with assumed ready time", untimed),
    ):
        if unknown.any():
            report.shares[label] = float(unknown.mean())
    if (~near).mean() > 0.01:
        report.notes.append(
            f"{(~near).mean():.1%} of the persons are set aside; a max_distance above "
            f"{max_distance:g} m would take in more"
        )
    large = int((sizes > LARGE_HOUSEHOLD).sum())
    if large:
        report.notes.append(
            f"{large:,} households have more than {LARGE_HOUSEHOLD} members (up to {sizes.max():,})"
            "; each goes to one shelter as one party"
        )
    if near.any():
        middle = float(np.median(places.distance[near]))
        report.notes.append(f"half of the persons stand within {middle:.1f} m of their street")
        far = int((places.distance[near] > FAR_FROM_STREET).sum())
        if far:
            report.notes.append(
                f"{far:,} persons stand more than {FAR_FROM_STREET:g} m from their street; their "
                "straight walk to it counts in their ready time; water between is not seen"
            )
    return report
