"""The sketch map of a sheet: streets around a shelter, and the ways to it, as SVG."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from html import escape

import numpy as np
from numpy.typing import NDArray

from evacroute.network import Network
from evacroute.signs import Signs
from evacroute.units import to_metres

WIDTH, HEIGHT = 1000.0, 580.0
"""Of the drawing, in its own units."""

PADDING = 60.0
"""Free ground around what must be seen [m]."""

MIN_SPAN = 260.0
"""Least width of ground that is drawn [m]."""

FEW = 0.02
"""Streets with a smaller share of the people than this do not decide what is drawn."""

INK_FOR_NAMES = 260.0
"""Names are written on the map while their letters' heights sum to no more than this."""


def sketch_map(
    network: Network,
    signs: Signs,
    persons: NDArray[np.int64],
    shelter: tuple[float, float],
    door: int,
    starts: Sequence[int],
    closed: NDArray[np.int8],
    *,
    label: str,
    north: str,
    scale: str,
    letter: float,
) -> tuple[str, tuple[bool, bool]]:
    """Draw the streets around a shelter, those that people walk the thicker the more they are.

    Returns the drawing, and whether it shows streets that are closed to everyone, and to some.

    Parameters
    ----------
    network, signs
        The network, and what it is told by.
    persons
        Who walk each link, shape (n_links,).
    shelter
        Longitude and latitude [degrees].
    door
        Node where its door is.
    starts
        Node where each way that is told begins; they are numbered from 1.
    closed
        Of each link 2 where it is closed to everyone at some time, 1 to some people, else 0.
    label
        What the map shows, in words, for those who cannot see it.
    north
        Letter for north.
    scale
        Words for a length, with ``{n}`` for metres.
    letter
        Height of the names, in units of the drawing.
    """
    x, y = to_metres(network.lon, network.lat, network.origin)
    shelter_x, shelter_y = to_metres(*shelter, network.origin)
    both = _both_ways(network, persons)
    seen = np.flatnonzero(both >= max(1.0, FEW * both.max(initial=0)))
    told = np.array([door, *starts], int)
    nodes = np.concatenate([network.from_node[seen], network.to_node[seen], told])
    left, top, per_metre = _frame(np.append(x[nodes], shelter_x), np.append(y[nodes], shelter_y))

    def place(east: NDArray[np.float64], north_: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack([(east - left) * per_metre, (top - north_) * per_metre])

    at = place(x, y)
    lines = _Lines(network, place)
    shown = _in_sight(network, at)
    streets = " ".join(lines.path(link) for link in shown.tolist())
    parts = [f'<path class="street" d="{streets}"/>']
    within = shown[_within(network, at, shown)]
    shut, barred = (_once(signs, within[closed[within] == kind]) for kind in (2, 1))
    for kind, found in (("barred", barred), ("shut", shut)):
        if found:
            lines_ = " ".join(lines.path(link) for link in found)
            parts.append(f'<path class="{kind}" d="{lines_}"/>')
    most = both.max(initial=1)
    for link in shown[both[shown] > 0][np.argsort(both[shown][both[shown] > 0])].tolist():
        width = 3 + 15 * (both[link] / most) ** 0.5
        parts.append(f'<path class="way" stroke-width="{width:.1f}" d="{lines.path(link)}"/>')
    sx, sy = place(np.atleast_1d(shelter_x), np.atleast_1d(shelter_y))[0]
    parts.append(f'<path class="door" d="M{at[door, 0]:.0f} {at[door, 1]:.0f} {sx:.0f} {sy:.0f}"/>')
    taken: list[tuple[float, ...]] = [(sx - 30, sy - 30, sx + 30, sy + 30)]
    taken.append((WIDTH - 70, 0, WIDTH, 110))
    taken.append((0, HEIGHT - 70, 330, HEIGHT))
    parts += _numbers(at, starts, taken, letter)
    parts += _names(network, signs, at, both, shown, taken, letter)
    parts.append(
        f'<g class="shelter" transform="translate({sx:.1f} {sy:.1f})">'
        '<circle r="26"/><path d="M-13 12V-2L0-14 13-2V12Z"/></g>'
    )
    parts.append(_north(north))
    parts.append(_scale(per_metre, scale, letter))
    text = escape(label)
    drawing = (
        f'<svg viewBox="0 0 {WIDTH:.0f} {HEIGHT:.0f}" role="img" aria-label="{text}">'
        f"<title>{text}</title>" + "".join(parts) + "</svg>"
    )
    return drawing, (bool(shut), bool(barred))


def _once(signs: Signs, links: NDArray[np.int64]) -> list[int]:
    """Of the two directions of a street keep one."""
    known = set(links.tolist())
    return [
        link
        for link in links.tolist()
        if signs.reverse[link] not in known or link < signs.reverse[link]
    ]


def _both_ways(network: Network, persons: NDArray[np.int64]) -> NDArray[np.float64]:
    """Persons of a street, both directions together, at the direction that more walk; else 0."""
    first = np.minimum(network.from_node, network.to_node).astype(np.int64)
    last = np.maximum(network.from_node, network.to_node).astype(np.int64)
    key = np.column_stack([first, last, np.round(network.length * 100).astype(np.int64)])
    _, street = np.unique(key, axis=0, return_inverse=True)
    street = street.ravel()
    total = np.bincount(street, weights=persons)
    order = np.lexsort([persons, street])
    best = order[np.append(np.flatnonzero(np.diff(street[order])), len(order) - 1)]
    both = np.zeros(network.n_links)
    both[best] = total[street[best]]
    return both


def _frame(x: NDArray[np.float64], y: NDArray[np.float64]) -> tuple[float, float, float]:
    """West and north edge of what is drawn [m], and units of the drawing a metre."""
    span = max(
        float(np.ptp(x)) + 2 * PADDING,
        (float(np.ptp(y)) + 2 * PADDING) * WIDTH / HEIGHT,
        MIN_SPAN,
    )
    middle_x, middle_y = (x.min() + x.max()) / 2, (y.min() + y.max()) / 2
    return (
        float(middle_x - span / 2),
        float(middle_y + span / 2 * HEIGHT / WIDTH),
        WIDTH / span,
    )


def _in_sight(network: Network, at: NDArray[np.float64]) -> NDArray[np.int64]:
    """Links with an end within the drawing, or just outside."""
    middle = np.array([WIDTH, HEIGHT]) / 2
    inside = np.all(np.abs(at - middle) < 1.2 * middle, axis=1)
    return np.flatnonzero(inside[network.from_node] | inside[network.to_node])


def _within(
    network: Network, at: NDArray[np.float64], links: NDArray[np.int64]
) -> NDArray[np.bool_]:
    """Whether some of a link is within the drawing, by the box around its ends."""
    ends = np.stack([at[network.from_node[links]], at[network.to_node[links]]])
    size = np.array([WIDTH, HEIGHT])
    inside: NDArray[np.bool_] = (ends.min(axis=0) < size) & (ends.max(axis=0) > 0)
    return inside[:, 0] & inside[:, 1]


class _Lines:
    """Links as SVG paths."""

    def __init__(self, network: Network, place: Callable[..., NDArray[np.float64]]) -> None:
        x, y = to_metres(network.geometry_lon, network.geometry_lat, network.origin)
        self._points = place(x, y)
        x, y = to_metres(network.lon, network.lat, network.origin)
        self._nodes = place(x, y)
        self._network = network

    def path(self, link: int) -> str:
        network = self._network
        begin, end = network.geometry_ptr[link : link + 2]
        points = self._points[begin:end]
        if end - begin < 2:
            points = self._nodes[[network.from_node[link], network.to_node[link]]]
        return "M" + " ".join(f"{px:.0f} {py:.0f}" for px, py in points.tolist())


def _numbers(
    at: NDArray[np.float64],
    starts: Sequence[int],
    taken: list[tuple[float, ...]],
    letter: float,
) -> list[str]:
    found, radius = [], 0.75 * letter
    for number, node in enumerate(starts, 1):
        px, py = at[node]
        taken.append((px - radius, py - radius, px + radius, py + radius))
        found.append(
            f'<g class="start" transform="translate({px:.1f} {py:.1f})"><circle r="{radius:.0f}"/>'
            f'<text text-anchor="middle" dy=".36em">{number}</text></g>'
        )
    return found


def _names(
    network: Network,
    signs: Signs,
    at: NDArray[np.float64],
    both: NDArray[np.float64],
    shown: NDArray[np.int64],
    taken: list[tuple[float, ...]],
    letter: float,
) -> list[str]:
    """Write the names of the ways most walked, where they hide nothing."""
    used = shown[both[shown] > 0]
    best: dict[str, tuple[float, int]] = {}
    for link in used.tolist():
        name = signs.name[link]
        weight = float(both[link])
        if name and weight > best.get(name, (0.0, 0))[0]:
            best[name] = weight, link
    found: list[str] = []
    for name, (_, link) in sorted(best.items(), key=lambda item: (-item[1][0], item[0])):
        px, py = (at[network.from_node[link]] + at[network.to_node[link]]) / 2
        half = 0.32 * letter * len(name)
        for dx, dy in ((0, -0.9), (0, 1.6), (1, 0.3), (-1, 0.3)):
            cx, cy = px + dx * (half + 14), py + dy * letter
            box = (cx - half, cy - letter, cx + half, cy + 0.3 * letter)
            if _fits(box, taken):
                taken.append(box)
                found.append(f'<text class="name" x="{cx:.0f}" y="{cy:.0f}">{escape(name)}</text>')
                break
        if (len(found) + 1) * letter > INK_FOR_NAMES:
            break
    return found


def _fits(box: tuple[float, ...], taken: list[tuple[float, ...]]) -> bool:
    if box[0] < 4 or box[1] < 4 or box[2] > WIDTH - 4 or box[3] > HEIGHT - 4:
        return False
    return all(
        box[2] < other[0] or other[2] < box[0] or box[3] < other[1] or other[3] < box[1]
        for other in taken
    )


def _north(letter: str) -> str:
    return (
        f'<g class="north" transform="translate({WIDTH - 36:.0f} 16)">'
        '<path d="M0 0L12 36 0 28-12 36Z"/>'
        f'<text text-anchor="middle" y="66">{escape(letter)}</text></g>'
    )


def _scale(per_metre: float, words: str, letter: float) -> str:
    metres = next(m for m in (1000, 500, 200, 100, 50, 20, 10, 1) if m * per_metre < 260 or m == 1)
    y, length = HEIGHT - 18, metres * per_metre
    return (
        f'<g class="scale"><path d="M20 {y - 10:.0f}V{y:.0f}H{20 + length:.0f}V{y - 10:.0f}"/>'
        f'<text x="26" y="{y - 14:.0f}">{escape(words.format(n=metres))}</text></g>'
    )
