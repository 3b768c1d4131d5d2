"""Figures of networks and plans with matplotlib, safe for colour-blind eyes."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from evacroute.errors import InputError
from evacroute.network import KINDS, Network
from evacroute.plan import Plan
from evacroute.plotting._drawing import (
    COLOURS,
    KIND_COLOURS,
    SIZE,
    STYLES,
    UNUSED,
    add_curve,
    add_lines,
    axes_for,
    check_matplotlib,
    ground_lines,
    literal,
    on_ground,
    set_title,
    tall,
)
from evacroute.plotting._words import is_synthetic, network_is_synthetic
from evacroute.streets import pair_links
from evacroute.units import to_metres
from evacroute.writing import atomic_path

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_network(network: Network, ax: Axes | None = None) -> Axes:
    """Draw the streets, coloured by kind, bridges and steps heavier.

    Parameters
    ----------
    network
        What to draw.
    ax
        Where; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.plotting import plot_network
    >>> from matplotlib.figure import Figure
    >>> ax = plot_network(er.lagoon_network(), Figure().add_subplot())
    >>> ax.get_title().splitlines()
    ['8,328 streets, 200.0 km', 'SYNTHETIC: a made-up city']
    """
    ax = axes_for(ax)
    streets = pair_links(network)
    lines = ground_lines(network, streets.forward)
    kinds = network.kind[streets.forward]
    for position, kind in enumerate(KINDS):
        mine = np.flatnonzero(kinds == position)
        if len(mine):
            heavy = kind in ("bridge", "steps")
            add_lines(
                ax, [lines[i] for i in mine], colors=KIND_COLOURS[kind],
                linewidths=1.6 if heavy else 0.8, label=f"{kind} ({len(mine):,})",
                zorder=2 if heavy else 1,
            )  # fmt: skip
    km = float(network.length[streets.forward].sum()) / 1000
    on_ground(ax, f"{len(streets):,} streets, {km:.1f} km", network_is_synthetic(network))
    ax.legend(title="kind (streets)", loc="best", fontsize="small")
    return ax


def plot_plan(plan: Plan, ax: Axes | None = None) -> Axes:
    """Draw the streets by how many people walk them in all, and the shelters.

    Parameters
    ----------
    plan
        What to draw.
    ax
        Where; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.plotting import plot_plan
    >>> from matplotlib.figure import Figure
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> ax = plot_plan(plan, Figure().add_subplot())
    >>> ax.get_title().splitlines()[0]
    '292 of 300 people to 40 shelters (nearest)'
    """
    ax = axes_for(ax)
    from matplotlib.colors import LogNorm

    scenario, moves = plan.scenario, plan.movements
    network, shelters = scenario.network, scenario.shelters
    streets = pair_links(network)
    persons = np.repeat(moves.size, np.diff(moves.leg_ptr))
    per_link = np.bincount(moves.leg_link, weights=persons, minlength=network.n_links)
    load = streets.total(per_link)
    lines = ground_lines(network, streets.forward)
    idle = np.flatnonzero(load == 0)
    add_lines(ax, [lines[i] for i in idle], colors=UNUSED, linewidths=0.6, zorder=1)
    used = np.flatnonzero(load > 0)
    used = used[np.argsort(load[used], kind="stable")]
    if len(used):
        top = max(float(load.max()), 2.0)
        share = np.log(np.maximum(load[used], 1)) / np.log(top)
        drawn = add_lines(
            ax, [lines[i] for i in used], array=load[used], cmap="cividis_r",
            norm=LogNorm(1, top), linewidths=0.7 + 2.8 * share, zorder=2,
        )  # fmt: skip
        ax.figure.colorbar(drawn, ax=ax, label="persons, both directions", shrink=0.7)
    x, y = to_metres(shelters.lon, shelters.lat, network.origin)
    room = shelters.capacity / max(1, int(shelters.capacity.max()))
    ax.scatter(
        x, y, s=20 + 180 * room, facecolors="#D55E00", edgecolors="white", linewidths=1.0,
        zorder=3, label="shelter, area by its room",
    )  # fmt: skip
    title = f"{plan.placed:,} of {plan.placed + plan.left:,} people to {len(shelters)} shelters"
    on_ground(ax, f"{title} ({literal(plan.method)})", is_synthetic(plan))
    ax.legend(loc="best", fontsize="small")
    return ax


def plot_arrivals(plan: Plan, ax: Axes | None = None) -> Axes:
    """Draw how many people are safe by when, in all and by class.

    Parameters
    ----------
    plan
        What to draw.
    ax
        Where; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.plotting import plot_arrivals
    >>> from matplotlib.figure import Figure
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> ax = plot_arrivals(plan, Figure().add_subplot())
    >>> ax.get_xlabel(), ax.get_ylabel()
    ('after the alarm [min]', 'safe [persons]')
    """
    ax = axes_for(ax)
    scenario, moves = plan.scenario, plan.movements
    class_ = scenario.groups.class_[moves.group]
    end = max([scenario.deadline_s, *moves.arrive])
    add_curve(ax, moves.arrive, moves.size, end, color="black", linewidth=2.2, label="everyone")
    coloured = COLOURS[:-1]  # The last is black, as everyone is.
    names = scenario.group_classes.class_id
    for i, name in enumerate(names):
        mine = class_ == i
        if mine.any():
            style = STYLES[i // len(coloured) % len(STYLES)]
            add_curve(
                ax, moves.arrive[mine], moves.size[mine], end,
                color=coloured[i % len(coloured)], linestyle=style, label=literal(name),
            )  # fmt: skip
    ax.axvline(
        scenario.deadline_s / 60, color="#57616b", linestyle="-.", linewidth=1.0, label="deadline"
    )
    ax.set_xlim(left=0)
    ax.set_ylim(bottom=0)
    ax.set_xlabel("after the alarm [min]")
    ax.set_ylabel("safe [persons]")
    ax.grid(alpha=0.3)
    title = f"Safe over time: {plan.placed:,} of {plan.placed + plan.left:,} people"
    set_title(ax, title, is_synthetic(plan))
    ax.legend(title="class", fontsize="small")
    return ax


def plot_shelters(plan: Plan, ax: Axes | None = None) -> Axes:
    """Draw the people in each shelter as a bar within the shelter's room.

    Parameters
    ----------
    plan
        What to draw.
    ax
        Where; a new figure by default, as tall as the shelters need.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.plotting import plot_shelters
    >>> from matplotlib.figure import Figure
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> ax = plot_shelters(plan, Figure().add_subplot())
    >>> ax.get_xlabel()
    'persons'
    """
    frame = plan.shelters_frame().sort_values("filled", kind="stable")
    ax = axes_for(ax, tall(len(frame)))
    words = np.where(frame["name"] == "", frame["shelter_id"], frame["name"])
    names = [literal(word) for word in words]
    rows = np.arange(len(frame))
    ax.barh(rows, frame["capacity"], color="#dfe4e8", edgecolor="#57616b", label="room")
    ax.barh(rows, frame["filled"], color="#0072B2", height=0.55, label="people")
    ends = frame[["capacity", "filled"]].max(axis=1).to_numpy()
    for row, share in enumerate(frame["share"]):
        if np.isfinite(share):
            ax.annotate(
                f"{share:.0%}", (ends[row], row), xytext=(4, 0),
                textcoords="offset points", va="center", fontsize="small",
            )  # fmt: skip
    ax.set_yticks(rows, names, fontsize="small")
    ax.margins(x=0.08, y=0.01)
    ax.set_xlabel("persons")
    used = int((frame["filled"] > 0).sum())
    set_title(ax, f"Shelters: {used} of {len(frame)} used", is_synthetic(plan))
    ax.legend(loc="lower right", fontsize="small")
    return ax


def plot_prices(plan: Plan, ax: Axes | None = None, *, n: int = 8) -> Axes:
    """Draw over time what one more person on a link costs the others, for the dearest links.

    Parameters
    ----------
    plan
        What to draw.
    ax
        Where; a new figure by default.
    n
        So many links, those where more room would be worth most.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    InputError
        If the plan has no prices.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import evacroute as er, networkx as nx, pandas as pd
    >>> from evacroute.plotting import plot_prices
    >>> from matplotlib.figure import Figure
    >>> graph = nx.Graph([(1, 2, {"width": 1.0})])
    >>> nx.set_node_attributes(graph, {1: 12.334, 2: 12.336}, "x")
    >>> nx.set_node_attributes(graph, 45.437, "y")
    >>> network = er.read_network(graph)
    >>> people = er.read_people(pd.DataFrame({"lon": [12.334] * 300, "lat": 45.437}), network)
    >>> shelters = er.read_shelters(pd.DataFrame({"node_id": ["2"], "capacity": [300]}), network)
    >>> plan = er.assign(er.Scenario(network, people, shelters), "over_time", gap=0.05)
    >>> ax = plot_prices(plan, Figure().add_subplot())
    >>> len(ax.get_lines()), ax.get_ylabel()
    (1, 'price of entering [s a person]')
    """
    if plan.prices is None:
        raise InputError("the plan has no prices to draw; method over_time makes plans with prices")
    ax = axes_for(ax)
    prices = plan.prices
    frame = prices.frame()
    end = plan.scenario.deadline_s
    edges = np.arange(int(np.ceil(end / prices.step)) + 1) * prices.step / 60
    for i, row in enumerate(prices.top(n).to_dict("records")):
        mine = frame[frame["link_id"] == row["link_id"]]
        heights = np.zeros(len(edges))
        heights[np.rint(mine["time_s"] / prices.step).astype(int)] = mine["price"]
        ax.step(
            edges, heights, where="post", color=COLOURS[i % len(COLOURS)],
            linestyle=STYLES[i // len(COLOURS) % len(STYLES)],
            label=literal(f"{row['name'] or row['kind']} ({row['link_id']})"),
        )  # fmt: skip
    if len(prices):
        last = (int(prices.link_slot.max()) + 2) * prices.step / 60
        ax.set_xlim(0, last)
        ax.legend(title="link, the dearest first", fontsize="small")
    ax.set_ylim(bottom=0)
    ax.set_xlabel("after the alarm [min]")
    ax.set_ylabel("price of entering [s a person]")
    ax.grid(alpha=0.3)
    title = f"What one more person costs the others: {len(prices.link_id)} links have a price"
    set_title(ax, title, is_synthetic(plan))
    return ax


def write_figures(plan: Plan, folder: str | Path) -> list[Path]:
    """Write the figures of a plan: ``plan.png``, ``arrivals.png``, ``shelters.png``.

    Where the plan has prices there is ``prices.png`` too.

    Parameters
    ----------
    plan
        What to draw.
    folder
        Where; files of these names are replaced.

    Returns
    -------
    list of Path
        The files written.

    Raises
    ------
    MissingExtraError
        If matplotlib is not installed.
    InputError
        If a file cannot be written.

    Examples
    --------
    >>> import evacroute as er, tempfile
    >>> from evacroute.plotting import write_figures
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     names = [path.name for path in write_figures(plan, folder)]
    >>> names
    ['plan.png', 'arrivals.png', 'shelters.png']
    """
    check_matplotlib()
    from matplotlib.figure import Figure

    written = []
    plots = {"plan": plot_plan, "arrivals": plot_arrivals, "shelters": plot_shelters}
    if plan.prices is not None:
        plots["prices"] = plot_prices
    for name, plot in plots.items():
        size = tall(len(plan.scenario.shelters)) if name == "shelters" else SIZE
        figure = Figure(figsize=size, layout="constrained")
        plot(plan, figure.add_subplot())
        path = Path(folder) / f"{name}.png"
        with atomic_path(path) as temporary:
            figure.savefig(temporary, dpi=150)
        written.append(path)
    return written
