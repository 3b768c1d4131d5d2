"""Pictures of networks and plans: figures (matplotlib) and the web map."""

from evacroute.plotting.figures import (
    plot_arrivals,
    plot_network,
    plot_plan,
    plot_prices,
    plot_shelters,
    write_figures,
)
from evacroute.plotting.hazard_figures import plot_depth, plot_hazard
from evacroute.plotting.web_map import write_map

__all__ = [
    "plot_arrivals",
    "plot_depth",
    "plot_hazard",
    "plot_network",
    "plot_plan",
    "plot_prices",
    "plot_shelters",
    "write_figures",
    "write_map",
]
