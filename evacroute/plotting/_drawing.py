"""What all figures share: colours, axes, lines on the ground, titles."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import MissingExtraError
from evacroute.network import Network
from evacroute.streets import link_lines
from evacroute.units import to_metres

if TYPE_CHECKING:
    from matplotlib.axes import Axes

# Okabe and Ito's colours, apart for all common kinds of colour vision; then in other line styles.
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
STYLES = ("-", "--", ":")
UNUSED = "#c6ccd2"
SIZE = (9.0, 6.5)
KIND_COLOURS = {
    "calle": "#8a949e", "bridge": "#D55E00", "steps": "#CC79A7", "square": "#009E73",
    "quay": "#0072B2", "underpass": "#000000", "ferry": "#56B4E9",
    "walkway": "#E69F00",
}  # fmt: skip


def check_matplotlib() -> None:
    """Raise MissingExtraError where matplotlib is not installed."""
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise MissingExtraError("matplotlib", "plot", "drawing figures") from None


def axes_for(ax: Axes | None, size: tuple[float, float] = SIZE) -> Any:
    """Take the axes given, or make a figure with new ones."""
    check_matplotlib()
    if ax is not None:
        return ax
    import matplotlib.pyplot as plt

    return plt.subplots(figsize=size, layout="constrained")[1]


def tall(n_shelters: int) -> tuple[float, float]:
    """Size of a figure with a row for each shelter [inches]."""
    return 8.0, max(3.0, 1.4 + 0.24 * n_shelters)


def ground_lines(network: Network, links: NDArray[np.int64]) -> list[NDArray[np.float64]]:
    """Points of links, in metres from the middle of the network."""
    ptr, lon, lat = link_lines(network)
    points = np.column_stack(to_metres(lon, lat, network.origin))
    return [points[ptr[link] : ptr[link + 1]] for link in links]


def add_lines(ax: Any, lines: list[NDArray[np.float64]], **style: Any) -> Any:
    """Draw many lines in one style."""
    from matplotlib.collections import LineCollection

    return ax.add_collection(LineCollection(lines, capstyle="round", **style))


def add_curve(
    ax: Any, arrive: NDArray[np.float64], size: NDArray[np.int32], end: float, **style: Any
) -> None:
    """Draw how many have arrived by when, as steps up to the end [s]."""
    order = np.argsort(arrive, kind="stable")
    minutes = np.concatenate([[0.0], arrive[order], [end]]) / 60
    safe = np.concatenate([[0], np.cumsum(size[order])])
    ax.step(minutes, np.append(safe, safe[-1]), where="post", **style)


def literal(name: Any) -> str:
    """Give a name as matplotlib shows it letter by letter: a dollar begins a formula."""
    return str(name).replace("$", r"\$")


def on_ground(ax: Any, title: str, synthetic: bool) -> None:
    """Show axes as a piece of ground, metres alike both ways."""
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.set_xlabel("east of the middle [m]")
    ax.set_ylabel("north of the middle [m]")
    set_title(ax, title, synthetic)


def set_title(ax: Any, title: str, synthetic: bool) -> None:
    """Set a title, which says so where the city is made up."""
    ax.set_title(f"{title}\nSYNTHETIC: a made-up city" if synthetic else title)
