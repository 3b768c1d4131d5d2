"""Printable sheets, one for each shelter: who goes there, by which ways, when, and what else."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from evacroute._changes import modelled_share
from evacroute._sheet_map import sketch_map
from evacroute._sheet_page import CONTRASTS, LETTERS, Sheet, SheetWay, index_page, sheet_page
from evacroute._water import tide_made_for, waded_metres
from evacroute.errors import InputError
from evacroute.guiding import leaves_sooner, movement_directions
from evacroute.network import FERRY
from evacroute.plan import Plan
from evacroute.route_steps import Step
from evacroute.route_words import (
    EARLY,
    Words,
    clock_text,
    minutes_early,
    minutes_of_day,
    words_of,
)
from evacroute.routes import distinct_ways
from evacroute.scenario import Scenario
from evacroute.signs import signs_of
from evacroute.writing import atomic_folder, write_json

MARKER = "sheets.json"
"""List of the sheets in their folder, by which an older folder is known."""

LOOK_AHEAD = 12
"""A start without a name is called by the first name within so many links of the way."""


def write_sheets(
    plan: Plan,
    folder: str | Path,
    *,
    language: str = "en",
    contrast: str = "plain",
    alarm: str | None = None,
    starts: int = 20,
    ways: int = 4,
) -> list[Path]:
    """Write a sheet for each shelter, to be printed and hung up in its area, and their index.

    A sheet is one HTML page for A4 paper that loads nothing: in plain language who it is for, where
    to go and when, a sketch map, the ways most walked in numbered lines, what to do without steps,
    and rules of one line each.

    Parameters
    ----------
    plan
        The plan.
    folder
        Where. An older folder of sheets there is replaced; anything else is refused. It is written
        whole or not at all, and holds ``sheets.json`` beside the pages: id, name, file and persons
        of each shelter.
    language
        As for `directions`.
    contrast
        ``"plain"``, or ``"high"`` for people who see badly: 20 pt and bold, thick lines, black on
        white in print and yellow on black on a screen (WCAG 2.2 AAA).
    alarm
        Clock time of the alarm, as ``"10:30"``.
    starts
        Streets and squares named on a sheet as where people start.
    ways
        Ways told on a sheet, one from each start; half as many of them without steps.

    Returns
    -------
    list of Path
        ``index.html`` and the sheets, in the order of the shelters.

    Raises
    ------
    InputError
        If the language is unknown, contrast, alarm, starts or ways is none that there is, or the
        folder holds anything but sheets or cannot be written.

    Examples
    --------
    >>> import evacroute as er, tempfile
    >>> plan = er.assign(er.lagoon(people=300), "nearest")
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     pages = er.write_sheets(plan, folder, language="it")
    >>> pages[0].name, len(pages)
    ('index.html', 41)
    """
    words = words_of(language)
    if contrast not in CONTRASTS:
        raise InputError(f"contrast is {contrast!r}, expected one of {', '.join(CONTRASTS)}")
    for name, number in (("starts", starts), ("ways", ways)):
        if number < 1:
            raise InputError(f"{name} is {number!r}, expected 1 or more")
    clock = None if alarm is None else minutes_of_day(alarm)
    maker = _Maker(plan, words, contrast, clock, starts, ways)
    shelters = plan.scenario.shelters
    files = _file_names(shelters.shelter_id.tolist())
    target = Path(folder)
    with atomic_folder(target, marker=MARKER) as new:
        sheets = []
        for shelter, file in enumerate(files):
            sheet = maker.sheet(shelter)
            sheet.file = file
            (new / file).write_text(sheet_page(sheet, words, contrast), "utf-8", newline="")
            sheets.append(sheet)
        index = index_page(sheets, words, contrast)
        (new / "index.html").write_text(index, "utf-8", newline="")
        rows = [
            {"shelter_id": id_, "name": sheet.shelter, "file": file, "persons": sheet.persons}
            for id_, sheet, file in zip(shelters.shelter_id, sheets, files, strict=True)
        ]
        record = {"language": words.language, "contrast": contrast, "sheets": rows}
        write_json(record, new / MARKER)
    return [target / "index.html", *(target / file for file in files)]


SHARED = 3
"""An end of at least so many lines that another way has too is told once."""

_Ends = dict[tuple[tuple[str, tuple[int, ...]], ...], tuple[int, int]]
"""End of a way, as lines and their links -> number of the way, and the line it begins with."""


class _Maker:
    """Gathers what stands on each sheet."""

    def __init__(
        self,
        plan: Plan,
        words: Words,
        contrast: str,
        clock: int | None,
        starts: int,
        ways: int,
    ) -> None:
        self.plan, self.words, self.contrast, self.clock = plan, words, contrast, clock
        self.n_starts, self.n_ways = starts, ways
        moves, groups = plan.movements, plan.scenario.groups
        self.signs = signs_of(plan.scenario.network)
        self.way, self.first = distinct_ways(moves.leg_ptr, moves.leg_link, moves.shelter)
        self.node = groups.node[moves.group]
        self.start_of_way = [self._start_name(m) for m in self.first.tolist()]
        self.step_free = plan.scenario.group_classes.step_free[groups.class_[moves.group]]
        report = plan.scenario.network.report
        self.closed = _closed(plan.scenario)
        self.modelled = modelled_share(plan.scenario) > 0
        self.synthetic = report is not None and report.is_synthetic
        self.tide = words.tide(tide_made_for(plan.scenario))
        self.wet = waded_metres(plan.scenario, moves)
        self.sooner = _sooner(plan)

    def sheet(self, shelter: int) -> Sheet:
        """Gather the sheet of a shelter."""
        plan, words = self.plan, self.words
        moves, shelters = plan.movements, plan.scenario.shelters
        mine = np.flatnonzero(moves.shelter == shelter)
        persons = self._by_start(mine)
        named = [(name, n) for name, n in persons if name][: self.n_starts]
        total = int(moves.size[mine].sum())
        told = self._main_ways(mine, self.n_ways)
        earliest, typical = self._when(mine)
        name = words.shelter(shelters.name[shelter], shelters.shelter_id[shelter])
        flat = [m for m in mine[self.step_free[mine]].tolist() if self._has_legs(m)]
        step_free = self._main_ways(np.array(flat, int), max(1, self.n_ways // 2))
        drawing, closed = self._map(shelter, name, mine, [m for m, _ in told])
        ends: _Ends = {}
        return Sheet(
            shelter=name,
            persons=total,
            starts=sorted(named, key=lambda item: _in_order(item[0])),
            others=total - sum(n for _, n in named),
            earliest=earliest,
            typical=typical,
            map=drawing,
            closed=closed,
            ways=[self._told(m, n, ends, i) for i, (m, n) in enumerate(told, 1)],
            step_free_places=int(shelters.step_free_capacity[shelter]),
            step_free_ways=[self._told(m, n, ends) for m, n in step_free],
            synthetic=self.synthetic,
            modelled=self.modelled,
            tide=self.tide,
        )

    def _start_name(self, movement: int) -> str:
        """Name of where a way begins, "" where nothing near it has one."""
        signs, moves = self.signs, self.plan.movements
        name = signs.place[int(self.node[movement])]
        begin, end = moves.leg_ptr[movement : movement + 2]
        for link in moves.leg_link[begin : min(end, begin + LOOK_AHEAD)].tolist():
            if name:
                break
            name = signs.name[link] or signs.place[signs.to_node[link]]
        return name

    def _by_start(self, mine: NDArray[np.int64]) -> list[tuple[str, int]]:
        """Persons by the name of their start, most first."""
        found: dict[str, int] = {}
        sizes = self.plan.movements.size[mine].tolist()
        for way, size in zip(self.way[mine].tolist(), sizes, strict=True):
            name = self.start_of_way[way]
            found[name] = found.get(name, 0) + size
        return sorted(found.items(), key=lambda item: (-item[1], item[0]))

    def _has_legs(self, movement: int) -> bool:
        ptr = self.plan.movements.leg_ptr
        return bool(ptr[movement + 1] > ptr[movement])

    def _main_ways(self, mine: NDArray[np.int64], most: int) -> list[tuple[int, int]]:
        """Pick the ways to tell: of the starts with most people the way most walked.

        Returns
        -------
        list
            A movement that walks the way, and the persons of its start.
        """
        of_way: dict[int, int] = {}
        movement: dict[int, int] = {}
        sizes = self.plan.movements.size[mine].tolist()
        for m, way, size in zip(mine.tolist(), self.way[mine].tolist(), sizes, strict=True):
            if self._has_legs(m):
                of_way[way] = of_way.get(way, 0) + size
                movement.setdefault(way, m)
        best: dict[str, int] = {}
        for way in sorted(of_way, key=lambda way: (-of_way[way], way)):
            best.setdefault(self.start_of_way[way], way)
        persons = dict(self._by_start(mine))
        names = sorted(best, key=lambda name: (not name, -persons[name], name))[:most]
        return [(movement[best[name]], persons[name]) for name in names]

    def _when(self, mine: NDArray[np.int64]) -> tuple[str, str]:
        """When the first people leave, and by when most (three in four) are asked to.

        Those who take a boat leave soon enough to be early at its stop, as their directions say.
        """
        moves, when = self.plan.movements, self.words.when
        if not len(mine):
            return "", ""
        depart = np.repeat(moves.depart[mine] - self.sooner[mine], moves.size[mine])
        first, last = float(depart.min()), float(np.percentile(depart, 75))
        return when(first, self.clock), when(last, self.clock)

    def _told(self, movement: int, persons: int, ends: _Ends, number: int = 0) -> SheetWay:
        """Tell a way; what it shares with the end of one told before is told by a reference.

        `ends` has the ends of the ways told by number, and gets those of this one if it has one.
        """
        told = movement_directions(self.plan, movement, self.words.language)
        # Others walk this way at other times: no moment of this movement's own is told.
        steps = [step for step in told.steps if step.kind not in ("leave", "wait", "wait_boat")]
        spent = sum(step.end_s - step.begin_s for step in steps[:-1])
        lines = [self.words.line(step, timed=False) for step in steps[:-1]]
        lines.append(self.words.arrive(told.shelter, 0.0, moved=True))
        keys = list(zip(lines, (step.links for step in steps), strict=True))
        last = len(lines) - SHARED
        cut = next((k for k in range(last + 1) if tuple(keys[k:]) in ends), None)
        if cut is not None:
            way, line = ends[tuple(keys[cut:])]
            text = self.words.gettext("Then as on way {way}, from line {line}.")
            lines = [*lines[:cut], text.format(way=way, line=line)]
        if number:
            for k in range(len(keys) if cut is None else cut):
                ends.setdefault(tuple(keys[k:]), (number, k + 1))
        return SheetWay(
            start=self.start_of_way[int(self.way[movement])],
            persons=persons,
            total=self.words.total(steps, told.distance, spent),
            lines=lines,
            boats=self._casting_off(movement, steps),
            water=self._under_water(movement),
        )

    def _under_water(self, movement: int) -> str:
        """Say how much of a way is under water, at most, to those who walk it; "" where none is."""
        metres = float(self.wet[self.way == self.way[movement]].max())
        if not metres:
            return ""
        text = self.words.gettext("Part of this way is under water ({distance}).")
        return text.format(distance=self.words.metres(metres))

    def _casting_off(self, movement: int, steps: Sequence[Step]) -> str:
        """Say when the first boat of a way casts off, for all who walk this way; "" without."""
        boat = next((step for step in steps if step.casts_off_s is not None), None)
        if boat is None:
            return ""
        moves, _ = self.plan.movements, self.words.gettext
        begin, end = moves.leg_ptr[movement : movement + 2]
        leg = moves.leg_link[begin:end].tolist().index(boat.links[0])
        alike = np.flatnonzero(self.way == self.way[movement])
        legs = moves.leg_ptr[alike] + leg
        enter, early = moves.leg_enter[legs], EARLY
        if leg:
            # As early as some of them can be: the others are not ready, or water is in the way.
            spare = enter - moves.leg_leave[legs - 1] + self.sooner[alike]
            early = minutes_early(float(spare.max()))
        minutes = sorted({int(time // 60) for time in enter.tolist()})
        if self.clock is None:
            text = _("The boat casts off after the alarm, in minutes: {list}.")
            times = [str(minute) for minute in minutes]
        else:
            text = _("The boat casts off at {list}.")
            times = [clock_text(self.clock, 60 * minute) for minute in minutes]
        said = text.format(list=self.words.listed(times)), self.words.early(early)
        return self.words.between.join(said)

    def _map(
        self, shelter: int, name: str, mine: NDArray[np.int64], told: Sequence[int]
    ) -> tuple[str, tuple[bool, bool]]:
        _, scenario = self.words.gettext, self.plan.scenario
        moves, shelters = self.plan.movements, scenario.shelters
        ptr = moves.leg_ptr
        persons = np.zeros(scenario.network.n_links, np.int64)
        counts = ptr[mine + 1] - ptr[mine]
        legs = np.repeat(ptr[mine] - np.cumsum(counts) + counts, counts) + np.arange(counts.sum())
        np.add.at(persons, moves.leg_link[legs], np.repeat(moves.size[mine], counts))
        label = _("Sketch map of the streets around {shelter}. Thick lines are the ways to it.")
        return sketch_map(
            scenario.network,
            self.signs,
            persons,
            (float(shelters.lon[shelter]), float(shelters.lat[shelter])),
            int(shelters.node[shelter]),
            [int(self.node[m]) for m in told],
            self.closed,
            label=label.format(shelter=name),
            north=_("N"),
            scale=_("{n} m"),
            letter=LETTERS[self.contrast],
        )


def _sooner(plan: Plan) -> NDArray[np.float64]:
    """By how much each movement is told to leave before its time, for its boat [s]."""
    moves = plan.movements
    sooner = np.zeros(len(moves))
    for m in np.flatnonzero(moves.walks_any(plan.scenario.network.kind == FERRY)).tolist():
        sooner[m] = leaves_sooner(plan, m)
    return sooner


def _closed(scenario: Scenario) -> NDArray[np.int8]:
    """Of each link 2 where it is closed to everyone at some time, 1 to some people, else 0."""
    closed = np.zeros(scenario.network.n_links, np.int8)
    profile = scenario.link_times.profile(len(scenario.group_classes), scenario.deadline_s)
    shut = profile.factor == 0
    kind = shut.any(axis=0).astype(np.int8) + shut.all(axis=0)
    np.maximum.at(closed, profile.link[profile.of_stretch], kind)
    return closed


def _in_order(name: str) -> list[tuple[bool, int, str]]:
    """Order names as people look them up: Calle 9 before Calle 10, case set aside."""
    parts = re.findall(r"\d+|\D+", name.casefold())
    return [(not part.isdecimal(), int(part) if part.isdecimal() else 0, part) for part in parts]


def _file_names(ids: Sequence[str]) -> list[str]:
    """Names of files for shelters: what file systems allow, no two alike even without case."""
    names: list[str] = []
    for id_ in ids:
        stem = "shelter-" + (re.sub(r"[^A-Za-z0-9_-]+", "-", str(id_)).strip("-")[:60] or "x")
        name, number = stem, 1
        while name.lower() in {known.lower() for known in names}:
            number += 1
            name = f"{stem}-{number}"
        names.append(name)
    return [f"{name}.html" for name in names]
