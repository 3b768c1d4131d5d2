"""From OSM ways, wherever they come from, to streets between the nodes where ways meet."""

from __future__ import annotations

import math
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterator, Sequence
from typing import Any

import numpy as np

from evacroute.errors import InputError, NetworkError
from evacroute.load.areas import join_rings
from evacroute.load.build import SNAP_TOLERANCE, RawStreets
from evacroute.load.loose_ends import join_loose_ends
from evacroute.load.mending import note
from evacroute.load.osm_data import BBox, Line, OsmData, OsmRelation, OsmWay, Square, Streets
from evacroute.load.osm_tags import NO_WAY, barred, foot_direction, is_area, street_of_tags
from evacroute.load.squares import SquareWalker
from evacroute.reports import LoadReport

SHOWN_REASONS = 10
"""Reasons for leaving ways out that a report names one by one."""


def streets_of_ways(
    data: OsmData, *, bbox: BBox | None = None, snap_tolerance: float = SNAP_TOLERANCE
) -> RawStreets:
    """Split walkable ways where they meet, and lay ways across squares.

    Ways meet at nodes they share: a bridge does not join the quay it passes over. Only an end that
    meets nothing at all is joined to a street within the tolerance, or to the square it lies in.
    Streets are named after their way (``w12``, its pieces ``w12.1``, ...), ways across a square
    ``w12.x1``, ...

    Parameters
    ----------
    data
        Ways, in any order; they are taken by id.
    bbox
        Keep only streets with a point within (west, south, east, north) [degrees].
    snap_tolerance
        Loose ends closer than this to another street are joined to it [m]; 0 joins none.

    Raises
    ------
    InputError
        If the box or the tolerance cannot be.
    NetworkError
        If no way may be walked.
    """
    check_bbox(bbox)
    if not (math.isfinite(snap_tolerance) and snap_tolerance >= 0):
        raise InputError(f"snap_tolerance is {snap_tolerance} m, expected a finite number >= 0")
    raw = RawStreets(data.source)
    taker = _Taker(data, raw.report)
    streets = taker.take()
    streets.count_uses()
    joined = join_loose_ends(streets, snap_tolerance)
    outside = 0

    def add(name: str, refs: list[Hashable], street: dict[str, Any]) -> None:
        nonlocal outside
        points = [streets.position[ref] for ref in refs]
        if bbox is not None and not _touches(points, bbox):
            outside += 1
            return
        ends = [
            # Nobody passes a gate: each street ends at its own side of it.
            f"{ref}|{name}|{i}" if ref in streets.gates else str(ref)
            for i, ref in enumerate((refs[0], refs[-1]))
        ]
        raw.add(name, points, from_id=ends[0], to_id=ends[1], **street)

    for line in streets.lines:
        pieces = list(_split(streets, line.refs))
        steps = _shared_steps(streets, line.street["steps"], pieces)
        for i, piece in enumerate(pieces):
            name = line.id if len(pieces) == 1 else f"{line.id}.{i + 1}"
            add(name, piece, {**line.street, "steps": steps[i]})
    walker = SquareWalker(streets, add)
    for square in streets.squares:
        walker.walk(square)
    if not len(raw):
        raise NetworkError(
            f"{data.source}: no street lies within {bbox} (west, south, east, north)"
        )
    level_decks(raw)

    counts, repaired = raw.report.counts, raw.report.repaired
    counts["squares walked across"] = len(streets.squares)
    counts["ways across squares"] = walker.chords
    near = f"loose ends joined to a street within {snap_tolerance:g} m"
    note(repaired, near, joined)
    note(repaired, "loose ends inside a square joined to it", walker.inner_ends)
    note(repaired, "edges of squares that repeat another street", walker.doubled)
    note(raw.report.set_aside, "streets outside the bounding box", outside)
    gates = sum(1 for gate in streets.gates if gate in streets.uses)
    if gates:
        raw.report.notes.append(f"{gates} private or locked gates: streets end there")
    return raw


def check_bbox(bbox: BBox | None) -> None:
    """Fault a box that is not west, south, east, north.

    Raises
    ------
    InputError
        If a number is not finite or out of range, or the box has no room inside.
    """
    if bbox is None:
        return
    if len(bbox) == 4 and all(math.isfinite(value) for value in bbox):
        west, south, east, north = bbox
        if -180 <= west < east <= 180 and -90 <= south < north <= 90:
            return
    raise InputError(
        f"bbox is {bbox}, expected west, south, east, north in degrees, west < east, south < north"
    )


class _Taker:
    """Takes what may be walked from OSM data, and counts what not."""

    def __init__(self, data: OsmData, report: LoadReport) -> None:
        self.data = data
        self.report = report
        self.streets = Streets(data.gates)
        self.seen = 0
        self.cut = 0
        self.reasons: Counter[str] = Counter()
        self.unread: Counter[str] = Counter()

    def take(self) -> Streets:
        # Merged extracts name the same way twice, histories in several versions: the last counts.
        ways = {way.id: way for way in self.data.ways}
        for _, way in sorted(ways.items()):
            self._take_way(way)
        relations = {relation.id: relation for relation in self.data.relations}
        for _, relation in sorted(relations.items()):
            self._take_relation(relation)
        self._fill_report()
        if self.streets.lines or self.streets.squares:
            return self.streets
        seen = "no way with a highway tag"
        if self.seen:
            reasons = ", ".join(f"{n} {why}" for why, n in self.reasons.most_common(3))
            seen = f"{self.seen} ways, none of them a street to walk: {reasons}"
        raise NetworkError(
            f"{self.data.source}: {seen}; expected ways with highway=footway, steps or the like"
        )

    def _take_way(self, way: OsmWay) -> None:
        reason = barred(way.tags)
        if reason == NO_WAY:
            return
        self.seen += 1
        if reason:
            self.reasons[reason] += 1
            return
        street = street_of_tags(way.tags, self.unread) or {}
        if foot_direction(way.tags) < 0:
            way = OsmWay(way.id, way.tags, way.refs[::-1], way.points[::-1])
            street["incline"] = -street["incline"]
        runs = self._known_runs(way)
        closed = len(runs) == 1 and runs[0][0] == runs[0][-1] and len(runs[0]) >= 4
        if is_area(way.tags) and closed:
            self.streets.squares.append(Square(f"w{way.id}", street, runs[0][:-1], []))
            return
        for i, refs in enumerate(runs):
            name = f"w{way.id}" if len(runs) == 1 else f"w{way.id}_{i + 1}"
            self.streets.lines.append(Line(name, street, refs))

    def _known_runs(self, way: OsmWay) -> list[list[Hashable]]:
        """Parts of a way whose nodes have positions, two nodes or more each."""
        runs: list[list[Hashable]] = [[]]
        for ref, point in zip(way.refs, way.points, strict=True):
            if point is None:
                runs.append([])
            elif not runs[-1] or runs[-1][-1] != ref:
                self.streets.position[ref] = point
                runs[-1].append(ref)
        self.cut += None in way.points
        runs = [run for run in runs if len(run) >= 2]
        if not runs:
            self.reasons["fewer than two nodes with positions"] += 1
        return runs

    def _take_relation(self, relation: OsmRelation) -> None:
        reason = barred(relation.tags)
        if reason == NO_WAY:
            return
        self.seen += 1
        if reason:
            self.reasons[reason] += 1
            return
        street = street_of_tags({**relation.tags, "area": "yes"}, self.unread) or {}
        outer, left = join_rings(self._outlines(relation.outer))
        inner, _ = join_rings(self._outlines(relation.inner))
        if left or not outer:
            self.reasons["outline of a square that is not closed"] += 1
        for i, ring in enumerate(outer):
            name = f"r{relation.id}" if len(outer) == 1 else f"r{relation.id}_{i + 1}"
            holes = [hole[:-1] for hole in inner]
            self.streets.squares.append(Square(name, street, ring[:-1], holes))

    def _outlines(self, ids: Sequence[int]) -> list[list[Hashable]]:
        lines = []
        for way in (self.data.members.get(member) for member in ids):
            if way is None or None in way.points:
                continue
            for ref, point in zip(way.refs, way.points, strict=True):
                if point is not None:
                    self.streets.position[ref] = point
            lines.append(list(way.refs))
        return lines

    def _fill_report(self) -> None:
        self.report.counts["OSM ways"] = self.seen
        repaired, set_aside = self.report.repaired, self.report.set_aside
        note(repaired, "ways cut where a node has no position", self.cut)
        for key, n in self.unread.items():
            note(repaired, f"values of {key} that cannot be read (taken as unknown)", n)
        named = self.reasons.most_common(SHOWN_REASONS)
        for reason, n in named:
            note(set_aside, f"ways: {reason}", n)
        rest = self.reasons.total() - sum(n for _, n in named)
        note(set_aside, "ways for other reasons", rest)


def level_decks(raw: RawStreets) -> None:
    """Take a bridge between two flights of steps as level: its steps are mapped beside it.

    Only where nothing else meets its ends, so that whoever gets on it has climbed already.
    """
    meets: defaultdict[str | None, list[int]] = defaultdict(list)
    for i, ends in enumerate(zip(raw.from_id, raw.to_id, strict=True)):
        for end in ends:
            meets[end].append(i)
    steps = list(raw.steps)
    for i, kind in enumerate(raw.kind):
        if kind == "bridge" and steps[i] == -1:
            beside = [meets[end] for end in (raw.from_id[i], raw.to_id[i])]
            others = [[j for j in at if j != i] for at in beside]
            if all(len(at) == 1 and steps[at[0]] > 0 for at in others):
                raw.steps[i] = 0


def _split(streets: Streets, refs: list[Hashable]) -> Iterator[list[Hashable]]:
    start = 0
    for i in range(1, len(refs)):
        if streets.uses[refs[i]] > 1:
            yield refs[start : i + 1]
            start = i


def _shared_steps(streets: Streets, steps: int, pieces: list[list[Hashable]]) -> list[int]:
    """Give each piece of a way its share of the counted steps, at least one."""
    if steps <= 1 or len(pieces) == 1:
        return [steps] * len(pieces)
    lengths = []
    for refs in pieces:
        legs = np.diff(streets.metres(refs, streets.position[refs[0]]), axis=0)
        lengths.append(float(np.hypot(*legs.T).sum()))
    total = sum(lengths) or 1.0
    return [max(1, round(steps * length / total)) for length in lengths]


def _touches(points: Sequence[tuple[float, float]], bbox: BBox) -> bool:
    west, south, east, north = bbox
    return any(west <= lon <= east and south <= lat <= north for lon, lat in points)
