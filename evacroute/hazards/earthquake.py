"""Earthquake: streets and bridges that are blocked by chance, by a seed."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np
from numpy.typing import NDArray

from evacroute._data_dir import data_path
from evacroute.errors import Faults, HazardError
from evacroute.hazards.link_times import EVERY, LinkTimes
from evacroute.network import KINDS, Network
from evacroute.people import Classes
from evacroute.reports import LoadReport
from evacroute.streets import pair_links

INTENSITIES = ("VI", "VII", "VIII", "IX", "X")
"""Degrees of the European macroseismic scale (EMS-98) that the table knows, 6 to 10."""

HEIGHT_CLASSES = ("low", "mid", "high")
"""Height classes of buildings: 1-2 floors, 3-4, 5 and more."""

FRONT = 50.0
"""Shares of fronts that come down are per so many metres of street."""

BRIDGE = KINDS.index("bridge")


@dataclass(frozen=True, slots=True, eq=False)
class Earthquake:
    """Each street and bridge is blocked with a probability, from the alarm on for good: a hazard.

    Both directions of a street share one draw, and so do all links of a bridge (bridge links that
    touch). The same seed gives the same draw whatever the order of the links, and what a weak
    earthquake blocks a stronger one of the same seed blocks too.

    Parameters
    ----------
    seed
        Seed of the draw, >= 0.
    intensity
        Degree of EMS-98, VI to X, or 6 to 10; see the notes.
    building
        Height class of the buildings along all links, or by link_id ("*" = all others).
    probability
        By link_id, the probability that its street or bridge is blocked; instead of intensity and
        buildings. Links that are not named, nor share a street or bridge with one, stay open.
    report
        What `read_earthquake` counted.

    Raises
    ------
    HazardError
        If a value is not what it must be.

    Notes
    -----
    Of every 50 m of street a share q of the fronts comes down; debris reaches d from the wall. A
    street no wider than d is then blocked, one of 2 d and more is not, in between it falls in a
    straight line; on squares and quays fewer fronts count. A street of length L is blocked with
    probability 1 - (1 - q s)^(L / 50), so cutting it in parts changes nothing. A bridge fails with
    a share of its own. What floats (ferries, gangways of boat stops) is not blocked. All figures
    are in ``data/earthquake``, and are assumptions.

    Examples
    --------
    >>> import evacroute as er
    >>> network = er.lagoon_network()
    >>> weak, strong = er.Earthquake(seed=1, intensity="VII"), er.Earthquake(seed=1, intensity="IX")
    >>> bool((weak.blocked(network) <= strong.blocked(network)).all())
    True
    """

    seed: int = 0
    intensity: str | int = "VIII"
    building: str | Mapping[str, str] = "mid"
    probability: Mapping[str, float] | None = field(default=None, repr=False)
    report: LoadReport | None = field(default=None, kw_only=True, repr=False)

    def __post_init__(self) -> None:
        faults = Faults("earthquake")
        seed, degree = self.seed, str(self.intensity).strip().upper()
        if isinstance(seed, bool) or not isinstance(seed, int | np.integer) or seed < 0:
            faults.add(f"seed is {seed!r}, expected a whole number >= 0")
        if degree.isdigit() and 6 <= int(degree) <= 10:
            degree = INTENSITIES[int(degree) - 6]
        if degree not in INTENSITIES:
            faults.add(f"intensity is {self.intensity!r}, expected VI to X, or 6 to 10")
        object.__setattr__(self, "intensity", degree)
        classes = {"*": self.building} if isinstance(self.building, str) else self.building
        for link, word in classes.items():
            if word not in HEIGHT_CLASSES:
                of = "" if link == "*" else f" of link {link}"
                faults.add(f"building{of} is {word!r}, expected {', '.join(HEIGHT_CLASSES)}")
        for link, p in (self.probability or {}).items():
            if not 0 <= p <= 1:
                faults.add(f"link {link}: probability is {p}, expected 0 to 1")
        faults.raise_if_any(HazardError)

    def draws(self, n: int) -> list[Earthquake]:
        """Make ``n`` earthquakes alike but for their seeds, for a sweep.

        The seeds are the first ``n`` numbers of 53 bits that ``numpy.random.SeedSequence(seed)``
        generates: more draws of the same seed begin with the same ones.

        Parameters
        ----------
        n
            How many.

        Returns
        -------
        list of Earthquake
            Each with a seed of its own.

        Raises
        ------
        HazardError
            If ``n`` is below 1.
        """
        if n < 1:
            raise HazardError(f"earthquake: n is {n}, expected at least one draw")
        states = np.random.SeedSequence(int(self.seed)).generate_state(n, np.uint64)
        return [replace(self, seed=int(state >> np.uint64(11))) for state in states]

    def probabilities(self, network: Network) -> NDArray[np.float64]:
        """Probability that each link is blocked, shape (n_links,).

        Parameters
        ----------
        network
            The streets.

        Returns
        -------
        ndarray
            From 0 to 1.

        Raises
        ------
        HazardError
            If a link is named that is not in the network.
        """
        of_unit, own = units(network), np.zeros(network.n_links)
        if self.probability is not None:
            own[self._positions(self.probability, network)] = list(self.probability.values())
        else:
            own = self._by_width(network)
        whole = np.zeros(int(of_unit.max()) + 1)
        np.maximum.at(whole, of_unit, own)
        return np.asarray(whole[of_unit])

    def blocked(self, network: Network) -> NDArray[np.bool_]:
        """Draw which links are blocked, shape (n_links,).

        Parameters
        ----------
        network
            The streets.

        Returns
        -------
        ndarray of bool
            True where a link is blocked.

        Raises
        ------
        HazardError
            If a link is named that is not in the network.
        """
        of_unit, names = units(network), network.link_id.astype(str)
        # The draws go to streets in the order of their least link ids, wherever they stand; what
        # floats comes last, so that boats change nothing on land.
        order = np.lexsort((names, network.floating))
        _, first = np.unique(of_unit[order], return_index=True)
        rank = np.empty(len(first), np.int64)
        rank[np.argsort(first)] = np.arange(len(first))
        drawn = np.random.default_rng(int(self.seed)).random(len(first))
        return np.asarray(drawn[rank[of_unit]] < self.probabilities(network))

    def link_times(self, network: Network, classes: Classes, until: float) -> LinkTimes:
        """Close the blocked links from the alarm on.

        Parameters
        ----------
        network
            The streets.
        classes
            Who walks; all are held up alike.
        until
            Not used: what is blocked stays so.

        Returns
        -------
        LinkTimes
            A row for each blocked link.

        Raises
        ------
        HazardError
            If a link is named that is not in the network.
        """
        link = np.flatnonzero(self.blocked(network))
        n = len(link)
        return LinkTimes(link, np.full(n, EVERY), np.zeros(n), np.full(n, np.inf), np.zeros(n))  # type: ignore[arg-type]

    def told(self, network: Network, classes: Classes, until: float) -> LoadReport:
        """Tell what is taken to be how likely, and how much of it this draw blocks.

        Parameters
        ----------
        network
            The streets.
        classes
            Who walks; all are held up alike.
        until
            Not used: what is blocked stays so.

        Returns
        -------
        LoadReport
            Counts and assumptions; prints as a table.

        Raises
        ------
        HazardError
            If a link is named that is not in the network.
        """
        p, blocked, of_unit = self.probabilities(network), self.blocked(network), units(network)
        bridge = np.asarray(network.kind == BRIDGE)
        told = LoadReport(f"Earthquake(seed {self.seed}, intensity {self.intensity})")
        if self.report is not None:
            told = replace(
                self.report, counts=dict(self.report.counts), notes=list(self.report.notes)
            )
        told.counts["links blocked in this draw, from the alarm on"] = int(blocked.sum())
        for word, these in (("bridges", bridge), ("other streets", ~bridge)):
            of = len(np.unique(of_unit[these & ~network.floating]))
            told.counts[f"{word} blocked, of {of:,}"] = len(np.unique(of_unit[these & blocked]))
        for word, these in (("bridge", bridge), ("street", ~bridge & ~network.floating)):
            if these.any():
                _, first = np.unique(of_unit[these], return_index=True)
                told.shares[f"probability that a {word} is blocked, on average"] = float(
                    p[these][first].mean()
                )
        if self.probability is None:
            told.notes.append(
                "ASSUMED: how likely streets and bridges are blocked, by intensity, width and "
                "height of the houses; no survey stands behind it (your own: read_earthquake, or "
                "earthquake:table=FILE)"
            )
        told.notes.append("one draw of chance: another seed blocks other streets")
        return told

    def _by_width(self, network: Network) -> NDArray[np.float64]:
        share, reach, bridge = (np.array(column) for column in _figures(str(self.intensity)))
        if isinstance(self.building, str):
            height = np.full(network.n_links, HEIGHT_CLASSES.index(self.building))
        else:
            default = HEIGHT_CLASSES.index(self.building.get("*", "mid"))
            height = np.full(network.n_links, default)
            named = {link: word for link, word in self.building.items() if link != "*"}
            words = [HEIGHT_CLASSES.index(word) for word in named.values()]
            height[self._positions(named, network)] = words
        covered = np.clip((2 * reach[height] - network.width) / reach[height], 0, 1)
        of_front = share[height] * covered * np.array(_fronts())[network.kind]
        blocked = 1 - (1 - of_front) ** (network.length / FRONT)
        blocked[network.floating] = 0.0
        return np.asarray(np.where(network.kind == BRIDGE, bridge[height], blocked))

    def _positions(self, named: Mapping[str, object], network: Network) -> list[int]:
        known = {str(name): i for i, name in enumerate(network.link_id)}
        faults = Faults("earthquake")
        for link in named:
            if str(link) not in known:
                faults.add(f"link_id {link!r} is not in the network")
        faults.raise_if_any(HazardError)
        return [known[str(link)] for link in named]


def units(network: Network) -> NDArray[np.int64]:
    """Give each link what shares its fate: its street, or its bridge; shape (n_links,)."""
    # A server that only answers does without: it takes time to import, and memory.
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    streets = pair_links(network)
    street = streets.code // 2
    bridge = network.kind == BRIDGE
    # Bridge links of one bridge meet at its nodes: a graph of streets and nodes.
    rows = np.tile(street[bridge], 2)
    nodes = np.concatenate([network.from_node[bridge], network.to_node[bridge]]) + len(streets)
    size = len(streets) + network.n_nodes
    graph = coo_matrix((np.ones(len(rows), np.int8), (rows, nodes)), shape=(size, size))
    _, part = connected_components(graph, directed=False)
    return np.unique(part[street], return_inverse=True)[1].ravel().astype(np.int64)


def _figures(intensity: str) -> tuple[list[float], list[float], list[float]]:
    """Collapse share, debris reach [m] and bridge share by height class."""
    with data_path("earthquake", "blockage.csv").open(encoding="utf-8", newline="") as file:
        rows = {
            row["height_class"]: row
            for row in csv.DictReader(file)
            if row["intensity"] == intensity
        }
    names = ("collapse_share", "debris_reach", "bridge_share")
    return tuple([float(rows[h][name]) for h in HEIGHT_CLASSES] for name in names)  # type: ignore[return-value]


def _fronts() -> list[float]:
    with data_path("earthquake", "kinds.csv").open(encoding="utf-8", newline="") as file:
        share = {row["kind"]: float(row["fronts"]) for row in csv.DictReader(file)}
    return [share[kind] for kind in KINDS]
