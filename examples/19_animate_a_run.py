"""A run to look at: who is where every five minutes, as a table and as a map that plays it."""

from pathlib import Path

import numpy as np
from city import read_city, save_picture

import evacroute as er
from evacroute.plotting import plot_network
from evacroute.units import to_metres

out = Path("out/animate")
plan = er.assign(read_city(people=30_000, deadline="90 min"))
run = er.simulate(plan, compliance=0.9, seed=1, tracks=3000)
print(f"{run}\n")
network, tracks = run.scenario.network, run.tracks
outside, standing = run.load.sum(axis=0), run.waiting.sum(axis=0)
density, name = run.density(), np.where(network.name == "", network.link_id, network.name)
print("minute  on the streets  standing    safe  densest street [persons/m2]")
for minute in range(0, int(run.ended / 60), 5):
    bin_ = min(int(60 * minute / run.bin_s), run.n_bins - 1)
    safe = run.size[run.arrive <= 60 * minute].sum()
    link = density[:, bin_].argmax()
    print(
        f"{minute:>6}  {outside[bin_]:>14,.0f}  {standing[bin_]:>8,.0f}  {safe:>6,}"
        f"  {density[link, bin_]:.1f} {name[link]}"
    )

# The map: play it with the button beside the slider; each dot is one of the 3,000 with a track.
out.mkdir(parents=True, exist_ok=True)
path = er.write_map(plan, out / "map.html", with_persons=False, simulation=run)
print(f"\nmap: {path} ({path.stat().st_size / 1e6:.1f} MB)")


def draw(ax):
    """The dots at the minute when most stand and wait, by how dense their street is."""
    bin_, now = standing.argmax(), run.bin_s * (standing.argmax() + 0.5)
    on = np.flatnonzero((tracks.enter <= now) & (now < tracks.leave))
    link = tracks.link[on]
    share = (now - tracks.enter[on]) / (tracks.leave[on] - tracks.enter[on])
    plot_network(network, ax).get_legend().remove()
    for lines in ax.collections:
        lines.set(color="#c6ccd2", linewidth=0.5, label="_")
    xy = np.stack(to_metres(network.lon, network.lat, network.origin))
    begin = xy[:, network.from_node[link]]
    x, y = begin + share * (xy[:, network.to_node[link]] - begin)
    looks = ("under 0.2", "#56B4E9", 5), ("0.2 to 0.5", "#0072B2", 12), ("more", "#D55E00", 26)
    for i, (label, color, s) in enumerate(looks):
        dots = np.digitize(density[link, bin_], [0.2, 0.5]) == i
        ax.scatter(x[dots], y[dots], s, color, linewidths=0, zorder=3, label=label)
    ax.legend(title="persons/m2", loc="best")
    ax.set_title(f"{len(on):,} of {len(tracks.agent):,} dots on the way, {now / 60:.1f} min")


save_picture(draw)
