"""What several examples draw: streets as a ground for more, and who is safe by when."""

import numpy as np
from city import options

from evacroute.streets import link_lines
from evacroute.units import to_metres

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#E69F00", "#CC79A7", "#56B4E9", "#000000")


def titled(text):
    """Give the title of a picture, which says so where the city is made up."""
    return text if options().network else f"{text}\nSYNTHETIC: a made-up city"


def draw_streets(ax, network, links=None, **style):
    """Draw streets on the ground in metres: by default all, thin and grey."""
    from matplotlib.collections import LineCollection

    look = {"colors": "#c6ccd2", "linewidths": 0.6} | style
    ptr, lon, lat = link_lines(network)
    points = np.column_stack(to_metres(lon, lat, network.origin))
    chosen = range(network.n_links) if links is None else links
    lines = [points[ptr[link] : ptr[link + 1]] for link in chosen]
    ax.add_collection(LineCollection(lines, capstyle="round", **look))
    ax.autoscale_view()
    ax.set_aspect("equal")
    ax.set(xlabel="east of the middle [m]", ylabel="north of the middle [m]")


def middles(network, links):
    """Return x and y of the middles of links [m]."""
    x, y = to_metres(network.lon, network.lat, network.origin)
    ends = network.from_node[links], network.to_node[links]
    return (x[ends[0]] + x[ends[1]]) / 2, (y[ends[0]] + y[ends[1]]) / 2


def draw_safe(curves, everyone, deadline_s, title, ax):
    """Draw the share of all people who are safe by when: by name, arrivals [s] and persons."""
    from matplotlib.ticker import PercentFormatter

    # As far as it takes all but one in a hundred, and somewhat more.
    last = max(np.quantile(arrive, 0.99) for arrive, _ in curves.values() if len(arrive))
    end = 1.2 * min(1.3 * last, deadline_s) / 60
    for i, (name, (arrive, size)) in enumerate(curves.items()):
        order = np.argsort(arrive)
        minute = np.r_[0, arrive[order] / 60, max(end, arrive.max(initial=0) / 60)]
        safe = np.cumsum(np.r_[0, size[order], 0]) / everyone
        style = ("-", "--", ":", "-.")[i % 4]
        ax.step(minute, safe, style, where="post", color=COLOURS[i % len(COLOURS)], label=name)
    if deadline_s / 60 < end:
        ax.axvline(deadline_s / 60, color="#5a646e", linewidth=1, label="deadline")
    ax.set(xlim=(0, end), ylim=(0, 1.02), xlabel="minutes after the alarm", ylabel="share safe")
    ax.yaxis.set_major_formatter(PercentFormatter(1))
    ax.grid(color="#e3e7eb")
    ax.legend(loc="lower right", fontsize="small")
    ax.set_title(titled(title))
