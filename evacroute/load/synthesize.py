"""A made-up population for a network: ages, households, aids and positions from stated rates."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from evacroute._capability_tables import OLDEST, SEXES
from evacroute._data_dir import data_path
from evacroute.capability import MOBILITIES, capabilities
from evacroute.errors import Faults, PeopleError
from evacroute.load.people import assemble, keys, ready_prior
from evacroute.load.placing import place
from evacroute.load.tables import name_of, numbers, read_table, row_name, words
from evacroute.network import KINDS, Network
from evacroute.people import People
from evacroute.reports import LoadReport

Table = str | Path | pd.DataFrame

_LIVED_IN = tuple(KINDS.index(kind) for kind in ("calle", "square", "quay"))
_ADULT = 18
_PARENT_UNTIL = 60
_VISITOR_LUGGAGE = 0.15


def synthesize_people(
    network: Network,
    count: int,
    *,
    weights: ArrayLike | None = None,
    age_pyramid: Table | None = None,
    mobility_rates: Table | None = None,
    household_sizes: Mapping[int, float] | None = None,
    visitors: float = 0.0,
    spread: bool = False,
    seed: int = 0,
) -> People:
    """Make up a population for a network.

    Households are drawn until there are ``count`` persons (the last one is cut to fit). Each has an
    adult; other members are drawn from the pyramid, children going to households with an adult
    under 60 first. A household shares its position, a point on a street, and its ready time.
    Visitors come in households too, but nothing is known of them: no age, no sex, and a mobility of
    "unknown" or, for 15 %, "luggage".

    Parameters
    ----------
    network
        The streets.
    count
        Persons, at least 1.
    weights
        How many live where: one weight >= 0 per link, shape (n_links,), or per node, shape
        (n_nodes,) (links are meant where both fit). By default each link's length, of calli,
        squares and quays only.
    age_pyramid
        Table of sex, age_from, age_to, weight; ``data/capability/age_pyramid.csv`` by default.
    mobility_rates
        Table of mobility, age_from, age_to, rate (share of residents of these ages, the rest have
        no aid); ``data/capability/mobility_rates.csv`` by default.
    household_sizes
        Share of households by size; ``data/capability/household_sizes.csv`` by default.
    visitors
        Share of visitors among the households, 0 to 1.
    spread
        Whether to draw each person's speed; by default all of a kind walk at their mean.
    seed
        The same seed gives the same people.

    Returns
    -------
    People
        Persons "P0", "P1", ... in households "H0", "H1", ..., members one after another.

    Raises
    ------
    PeopleError
        If a parameter or a table's value is not what it must be; if there is no street to live on.

    Notes
    -----
    The shipped pyramid, rates and sizes are assumptions, marked so in their tables. People stand on
    streets and not in houses, and no two attributes are linked but those named above.

    Examples
    --------
    >>> import evacroute as er
    >>> people = er.synthesize_people(er.lagoon_network(), 300, visitors=0.3)
    >>> len(people), people.person_id[0], people.household_id[0]
    (300, 'P0', 'H0')
    """
    _check_numbers(count, visitors, seed)
    rng = np.random.default_rng(seed)
    household, resident = _households(rng, count, _sizes(household_sizes), visitors)
    age, sex = _ages(rng, household, _pyramid(age_pyramid))
    mobility = _mobilities(rng, age, _rates(mobility_rates))
    stranger = ~resident[household]
    age[stranger] = np.nan
    sex[stranger] = ""
    mobility[stranger] = "unknown"
    mobility[stranger & (rng.random(count) < _VISITOR_LUGGAGE)] = "luggage"

    lon, lat = _positions(rng, network, weights, int(household[-1]) + 1)
    lon, lat = lon[household], lat[household]
    person_id, household_id = _ids("P", np.arange(count)), _ids("H", household)
    helpers = np.zeros(count, dtype=np.int16)
    key = keys(person_id) if spread else None
    capability = capabilities(age, sex, mobility, helpers, seed=seed if spread else None, key=key)
    ready = ready_prior(mobility, household_id, seed)
    ready = np.maximum.reduceat(ready, np.flatnonzero(np.r_[True, np.diff(household) > 0]))
    places = place(network, lon, lat, capability, max_distance=np.inf)
    report = LoadReport(
        "made-up people",
        counts={"persons": count, "households": int(household[-1]) + 1},
        set_aside={"persons with no street they can use": int((places.link < 0).sum())},
        shares={"of persons who are visitors": float(stranger.mean())},
        notes=["these people are synthetic: drawn from rates, not counted anywhere"],
    )
    return assemble(
        person_id, household_id, lon, lat, age, sex, mobility, ready[household], helpers,
        capability, places, report,
    )  # fmt: skip


def _check_numbers(count: int, visitors: float, seed: int) -> None:
    faults = Faults("synthesize_people")
    if not (isinstance(count, int | np.integer) and count >= 1):
        faults.add(f"count is {count!r}, expected a whole number >= 1")
    if not 0 <= visitors <= 1:
        faults.add(f"visitors is {visitors!r}, expected a share from 0 to 1")
    if not (isinstance(seed, int | np.integer) and seed >= 0):
        faults.add(f"seed is {seed!r}, expected a whole number >= 0")
    faults.raise_if_any(PeopleError)


def _ids(prefix: str, number: NDArray[np.int64]) -> NDArray[Any]:
    result = np.empty(len(number), dtype=object)
    result[:] = [f"{prefix}{i}" for i in number.tolist()]
    return result


def _sizes(given: Mapping[int, float] | None) -> dict[int, float]:
    if given is None:
        table = pd.read_csv(data_path("capability", "household_sizes.csv"))
        return dict(zip(table["size"].tolist(), table["share"].tolist(), strict=True))
    faults = Faults("household_sizes")
    for size, share in given.items():
        if not (isinstance(size, int | np.integer) and size >= 1):
            faults.add(f"size is {size!r}, expected a whole number >= 1")
        if not (np.isfinite(share) and share >= 0):
            faults.add(f"share of size {size} is {share}, expected a number >= 0")
    if not faults.count and not sum(given.values()) > 0:
        faults.add("the shares sum to 0, expected more")
    faults.raise_if_any(PeopleError)
    return {int(size): float(share) for size, share in given.items()}


def _households(
    rng: np.random.Generator, count: int, sizes: dict[int, float], visitors: float
) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
    """Household of each person, and which households are residents'."""
    share = np.array(list(sizes.values()))
    size = rng.choice(list(sizes), size=count, p=share / share.sum())
    household = np.repeat(np.arange(count), size)[:count]
    return household, rng.random(int(household[-1]) + 1) >= visitors


def _read_shares(
    source: Table | None, shipped: str, columns: tuple[str, str]
) -> tuple[pd.DataFrame, NDArray[Any], NDArray[np.int64], NDArray[np.float64]]:
    """Read shares by age: the words, first and last ages, and shares of the rows."""
    word, number = columns
    table: Table = data_path("capability", f"{shipped}.csv") if source is None else source
    frame = read_table(
        table,
        required=(word, "age_from", "age_to", number),
        text=(word,),
        what="age band",
        error=PeopleError,
    )
    faults = Faults(name_of(table))
    ages = np.column_stack(
        [
            numbers(frame, column, faults, low=0, high=OLDEST, whole=True)
            for column in ("age_from", "age_to")
        ]
    )
    high = np.inf if number == "weight" else 1.0
    share = numbers(frame, number, faults, low=0, high=high)
    names = words(frame, word)
    known = SEXES[:2] if word == "sex" else MOBILITIES
    for i, name in enumerate(names):
        if name not in known:
            faults.add(
                f"{row_name(frame, i)}: {word} is {name!r}, expected one of {', '.join(known)}"
            )
        if ages[i, 1] < ages[i, 0]:
            faults.add(f"{row_name(frame, i)}: age_to is {ages[i, 1]:g}, less than age_from")
    faults.raise_if_any(PeopleError)
    return frame, names, ages.astype(np.int64), share


def _pyramid(source: Table | None) -> NDArray[np.float64]:
    """Weight by sex (F, M) and year of age, shape (2, 121), sum 1."""
    frame, sexes, ages, weight = _read_shares(source, "age_pyramid", ("sex", "weight"))
    by_year = np.zeros((2, OLDEST + 1))
    for sex, (low, high), share in zip(sexes, ages, weight, strict=True):
        by_year[SEXES.index(sex), low : high + 1] += share / (high - low + 1)
    if not by_year[:, _ADULT:].sum() > 0:
        raise PeopleError(
            f"age_pyramid: no weight from {_ADULT} years on, expected some: a household has an "
            f"adult ({len(frame)} rows read)"
        )
    return np.asarray(by_year / by_year.sum())


def _rates(source: Table | None) -> NDArray[np.float64]:
    """Share by mobility and year of age, shape (n_mobilities, 121); "none" fills up to 1."""
    _, names, ages, rate = _read_shares(source, "mobility_rates", ("mobility", "rate"))
    by_year = np.zeros((len(MOBILITIES), OLDEST + 1))
    for word, (low, high), share in zip(names, ages, rate, strict=True):
        by_year[MOBILITIES.index(word), low : high + 1] += share
    none = MOBILITIES.index("none")
    by_year[none] = 0.0
    total = by_year.sum(axis=0)
    if (total > 1 + 1e-9).any():
        year = int(np.argmax(total))
        raise PeopleError(
            f"mobility_rates: the rates at age {year} sum to {total[year]:.3f}, expected at most 1"
        )
    by_year[none] = np.maximum(1 - total, 0.0)
    return by_year


def _ages(
    rng: np.random.Generator, household: NDArray[np.int64], pyramid: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[Any]]:
    """Age and sex of each person: an adult first in each household."""
    n, years = len(household), OLDEST + 1
    head = np.r_[True, np.diff(household) > 0]
    drawn = rng.choice(2 * years, size=n, p=pyramid.ravel())
    adult = drawn % years >= _ADULT
    short = int(head.sum()) - int(adult.sum())
    if short > 0:
        # More households than adults drawn: some children are drawn again, grown up.
        grown = np.where(np.arange(2 * years) % years >= _ADULT, pyramid.ravel(), 0.0)
        again = rng.choice(np.flatnonzero(~adult), size=short, replace=False)
        drawn[again] = rng.choice(2 * years, size=short, p=grown / grown.sum())
        adult = drawn % years >= _ADULT
    adults, children = drawn[adult], drawn[~adult]
    result = np.empty(n, dtype=np.int64)
    result[head] = adults[: head.sum()]
    rest = rng.permutation(np.flatnonzero(~head))
    old = (result[head] % years >= _PARENT_UNTIL)[household[rest]]
    rest = rest[np.argsort(old, kind="stable")]
    result[rest] = np.r_[children, adults[head.sum() :]]
    sex = np.array(SEXES, dtype=object)[result // years]
    return (result % years).astype(np.float64), sex


def _mobilities(
    rng: np.random.Generator, age: NDArray[np.float64], rates: NDArray[np.float64]
) -> NDArray[Any]:
    limit = np.cumsum(rates, axis=0)
    # Rounding must not leave a draw above the last limit.
    limit[-1] = 1.0
    at = (rng.random(len(age)) >= limit[:, age.astype(np.int64)]).sum(axis=0)
    return np.asarray(np.array(MOBILITIES, dtype=object)[at])


def _positions(
    rng: np.random.Generator, network: Network, weights: ArrayLike | None, count: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Draw positions [degrees]: on a link by its weight, anywhere along it, or at a node."""
    if weights is None:
        given = np.where(np.isin(network.kind, _LIVED_IN), network.length, 0.0)
    else:
        given = np.asarray(weights, dtype=np.float64)
    n_links, n_nodes = network.n_links, network.n_nodes
    if given.shape not in {(n_links,), (n_nodes,)}:
        raise PeopleError(
            f"weights have shape {given.shape}, expected one per link ({n_links},) or per node "
            f"({n_nodes},)"
        )
    faults = Faults("weights")
    for i in np.flatnonzero(~(np.isfinite(given) & (given >= 0))):
        faults.add(f"position {i}: weight is {given[i]}, expected a number >= 0")
    if not faults.count and not given.sum() > 0:
        faults.add("they sum to 0, expected more: there is nowhere to live")
    faults.raise_if_any(PeopleError)
    at = rng.choice(len(given), size=count, p=given / given.sum())
    if len(given) != n_links:
        return network.lon[at], network.lat[at]
    return _along(network, at, rng.random(count))


def _along(
    network: Network, link: NDArray[np.int64], share: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Points at a share of each link's drawn line [degrees]."""
    lon, lat = network.geometry_lon, network.geometry_lat
    narrow = np.cos(np.radians(network.origin[1]))
    piece = np.hypot(np.diff(lon) * narrow, np.diff(lat))
    # Pieces between the last point of a link and the first of the next are no street.
    piece[network.geometry_ptr[1:-1] - 1] = 0.0
    passed = np.r_[0.0, np.cumsum(piece)]
    first, last = network.geometry_ptr[link], network.geometry_ptr[link + 1] - 1
    target = passed[first] + share * (passed[last] - passed[first])
    i = np.clip(np.searchsorted(passed, target, side="right") - 1, first, last - 1)
    part = np.clip((target - passed[i]) / np.maximum(piece[i], 1e-300), 0.0, 1.0)
    return lon[i] + part * (lon[i + 1] - lon[i]), lat[i] + part * (lat[i + 1] - lat[i])
