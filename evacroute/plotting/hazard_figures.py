"""Figures of what hazards do to streets: water on them, and what is closed or slower."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacroute.hazards import Flood
from evacroute.network import Network
from evacroute.plotting._drawing import UNUSED, add_lines, axes_for, ground_lines, on_ground
from evacroute.plotting._words import network_is_synthetic
from evacroute.scenario import Scenario
from evacroute.streets import pair_links
from evacroute.units import seconds

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def plot_depth(network: Network, flood: Flood, time: float, ax: Axes | None = None) -> Axes:
    """Draw how deep the water stands on the streets at a time.

    Parameters
    ----------
    network
        The streets.
    flood
        Tide and heights.
    time
        Seconds after the alarm.
    ax
        Where; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    HazardError
        If the tide's series does not cover the time, or the heights are not of this network.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.plotting import plot_depth
    >>> from matplotlib.figure import Figure
    >>> ax = plot_depth(er.lagoon_network(), er.Flood(tide=1.40), 600, Figure().add_subplot())
    >>> ax.get_title().splitlines()[0]
    '1.40 m at 10 min: 49% of the ground under water'
    """
    ax = axes_for(ax)
    heights, level = flood.heights_of(network), flood.level(time)
    streets = pair_links(network)
    depth = 100 * np.nan_to_num(np.maximum(level - heights.height_m[streets.forward], 0.0))
    lines = ground_lines(network, streets.forward)
    dry = np.flatnonzero(depth == 0)
    add_lines(ax, [lines[i] for i in dry], colors=UNUSED, linewidths=0.6, zorder=1)
    wet = np.flatnonzero(depth > 0)
    wet = wet[np.argsort(depth[wet], kind="stable")]
    if len(wet):
        drawn = add_lines(
            ax, [lines[i] for i in wet], array=depth[wet], cmap="viridis_r", linewidths=1.2,
            zorder=2,
        )  # fmt: skip
        ax.figure.colorbar(drawn, ax=ax, label="depth of the water [cm]", shrink=0.7)
    share = heights.flooded_share(network, level)
    title = f"{level:.2f} m at {time / 60:g} min: {share:.0%} of the ground under water"
    modelled = heights.modelled_share(network)
    if modelled:
        title += f"\nMODELLED heights ({modelled:.0%}): which streets are wet is made up"
    on_ground(ax, title, network_is_synthetic(network))
    return ax


def plot_hazard(scenario: Scenario, time: float | str, ax: Axes | None = None) -> Axes:
    """Draw which streets are closed or slower at a time, told apart by line and colour.

    Parameters
    ----------
    scenario
        With its hazards.
    time
        When, from the alarm [s, or text such as "10 min"].
    ax
        Where; a new figure by default.

    Returns
    -------
    Axes
        What was drawn on.

    Raises
    ------
    InputError
        If the time is not 0 or more.
    MissingExtraError
        If matplotlib is not installed.

    Examples
    --------
    >>> import evacroute as er
    >>> from evacroute.plotting import plot_hazard
    >>> from matplotlib.figure import Figure
    >>> scenario = er.lagoon(people=300, hazard=er.Earthquake(seed=1))
    >>> ax = plot_hazard(scenario, "10 min", Figure().add_subplot())
    >>> ax.get_title().splitlines()[0]
    'Closed and slower streets 10 min after the alarm'
    """
    at = 0.0 if time in (0, "0") else seconds(time, "time")
    ax = axes_for(ax)
    network = scenario.network
    streets = pair_links(network)
    profile = scenario.link_times.profile(
        len(scenario.group_classes), max(scenario.deadline_s, at + 1)
    )
    factor = profile.at(at, network.n_links)
    # A street is as the worse of its directions is.
    worse = factor[:, streets.forward]
    paired = streets.backward >= 0
    worse[:, paired] = np.minimum(worse[:, paired], factor[:, streets.backward[paired]])
    shut, slow = worse == 0, (worse < 1).any(axis=0)
    whole = shut.all(axis=0)
    some = shut.any(axis=0) & ~whole
    slow &= ~whole & ~some
    lines = ground_lines(network, streets.forward)
    looks: list[tuple[str, NDArray[np.bool_], dict[str, Any]]] = [
        ("open", ~(whole | some | slow), {"colors": UNUSED, "linewidths": 0.6}),
        ("slower", slow, {"colors": "#0072B2", "linewidths": 1.6, "linestyles": ":"}),
        ("closed to some", some, {"colors": "#CC79A7", "linewidths": 2.0, "linestyles": "--"}),
        ("closed to everyone", whole, {"colors": "#000000", "linewidths": 2.4}),
    ]
    for layer, (name, mine, style) in enumerate(looks):
        if mine.any():
            add_lines(
                ax, [lines[i] for i in np.flatnonzero(mine)], zorder=layer,
                label=f"{name} ({int(mine.sum()):,})", **style,
            )  # fmt: skip
    title = f"Closed and slower streets {at / 60:g} min after the alarm"
    on_ground(ax, title, network_is_synthetic(network))
    ax.legend(title="streets", loc="best", fontsize="small")
    return ax
