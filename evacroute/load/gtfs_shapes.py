"""Lines of a GTFS feed's shapes, cut from stop to stop."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from evacroute.errors import Faults
from evacroute.load.gtfs_files import Feed, picked, take_faults
from evacroute.load.tables import numbers
from evacroute.units import to_metres

Line = NDArray[np.float64]


class Shapes:
    """The shapes of a feed; none where it has no ``shapes.txt``.

    Parameters
    ----------
    feed
        The files.
    wanted
        Ids of the shapes to read.
    faults
        Where faults are noted.
    """

    def __init__(self, feed: Feed, wanted: set[str], faults: Faults) -> None:
        self._lines: dict[str, tuple[Line, NDArray[np.float64]]] = {}
        self._cut: dict[tuple[str, bytes, bytes, float], list[Line | None]] = {}
        name = "shapes.txt"
        if not (wanted - {""} and feed.has(name)):
            return
        frame = feed.table(
            name,
            required=("shape_id", "shape_pt_lat", "shape_pt_lon", "shape_pt_sequence"),
            optional=("shape_dist_traveled",),
        )
        frame = picked(frame, frame["shape_id"].isin(wanted).to_numpy())
        mine = Faults("")
        lon = numbers(frame, "shape_pt_lon", mine, low=-180, high=180)
        lat = numbers(frame, "shape_pt_lat", mine, low=-90, high=90)
        place = numbers(frame, "shape_pt_sequence", mine, low=0, whole=True)
        travelled = numbers(frame, "shape_dist_traveled", mine, low=0, default=np.nan)
        take_faults(faults, name, mine)
        if mine.count:
            return
        ids = frame["shape_id"].to_numpy(dtype=object)
        for shape in dict.fromkeys(ids):
            rows = np.flatnonzero(ids == shape)
            rows = rows[np.argsort(place[rows], kind="stable")]
            if len(rows) > 1:
                line = np.column_stack([lon[rows], lat[rows]])
                self._lines[str(shape)] = (line, travelled[rows])

    def __contains__(self, shape: str) -> bool:
        return shape in self._lines

    def cut(
        self, shape: str, stops: Line, travelled: NDArray[np.float64], *, max_distance: float
    ) -> list[Line | None]:
        """Cut a shape at a trip's stops.

        Parameters
        ----------
        shape
            Its id.
        stops
            Longitude and latitude of the stops in order [degrees], shape (n, 2).
        travelled
            How far along the shape each is, in the shape's own unit; NaN where it is not given,
            then all are put where they are nearest to the shape without going back.
        max_distance
            Lines are given only between stops that are nearer to the shape than this [m].

        Returns
        -------
        list
            Line from each stop to the next, the stops themselves at its ends; None where there is
            none.
        """
        key = (shape, stops.tobytes(), travelled.tobytes(), max_distance)
        if key not in self._cut:
            self._cut[key] = self._parts(shape, stops, travelled, max_distance)
        return self._cut[key]

    def _parts(
        self, shape: str, stops: Line, travelled: NDArray[np.float64], max_distance: float
    ) -> list[Line | None]:
        """Cut a shape; most trips of a line have the same stops, so `cut` keeps what this gives."""
        line, along = self._lines[shape]
        origin = (float(line[0, 0]), float(line[0, 1]))
        xy = np.column_stack(to_metres(line[:, 0], line[:, 1], origin))
        at = np.column_stack(to_metres(stops[:, 0], stops[:, 1], origin))
        rises = not np.isnan(along).any() and (np.diff(along) >= 0).all() and along[-1] > 0
        if rises and not np.isnan(travelled).any() and travelled[-1] <= along[-1] * 1.001:
            place = np.interp(travelled, along, np.arange(len(line)))
        else:
            place = _places(xy, at)
        foot = _at(xy, place)
        near = np.hypot(*(foot - at).T) <= max_distance
        parts: list[Line | None] = []
        for i in range(len(stops) - 1):
            if not (near[i] and near[i + 1] and place[i + 1] > place[i]):
                parts.append(None)
                continue
            inner = line[int(np.floor(place[i])) + 1 : int(np.ceil(place[i + 1]))]
            ends = _at(line, place[i : i + 2])
            part = np.concatenate(
                [stops[i : i + 1], ends[:1], inner, ends[1:], stops[i + 1 : i + 2]]
            )
            parts.append(part[np.r_[True, (np.diff(part, axis=0) != 0).any(axis=1)]])
        return parts


def _at(points: Line, place: NDArray[np.float64]) -> Line:
    """Points at places counted in points: 2.5 is midway between the third and the fourth."""
    count = np.arange(len(points))
    return np.column_stack([np.interp(place, count, points[:, k]) for k in (0, 1)])


def _places(line: Line, stops: Line) -> NDArray[np.float64]:
    """Where stops are along a line, in order, with the least sum of squared distances [m].

    A route that passes a place twice (loops, there and back) is cut right, since all stops are
    placed at once.
    """
    start, way = line[:-1], np.diff(line, axis=0)
    square = np.maximum((way**2).sum(axis=1), 1e-9)
    share = ((stops[:, None, :] - start) * way).sum(axis=2) / square
    share = np.clip(share, 0.0, 1.0)
    away = ((start + share[..., None] * way - stops[:, None, :]) ** 2).sum(axis=2)
    n, m = away.shape
    came = np.zeros((n, m), dtype=np.int64)
    cost = away[0]
    for i in range(1, n):
        # Least cost with the stop before on an earlier piece, or on this one and not behind.
        best = np.minimum.accumulate(cost)
        which = np.maximum.accumulate(np.where(cost <= best, np.arange(m), 0))
        earlier = np.r_[np.inf, best[:-1]]
        same = np.where(share[i - 1] <= share[i], cost, np.inf)
        stay = same <= earlier
        came[i] = np.where(stay, np.arange(m), np.r_[0, which[:-1]])
        cost = away[i] + np.minimum(same, earlier)
    place = np.empty(n)
    j = int(np.argmin(cost))
    for i in range(n - 1, -1, -1):
        place[i] = j + share[i, j]
        j = int(came[i, j])
    return place
