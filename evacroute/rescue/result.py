"""The rescue of those who are left: people, pick-ups, routes, and how they are told and written."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from evacroute.rescue.itinerary import DROP_OFF, PICKUP
from evacroute.summary import modelled_text
from evacroute.writing import atomic_folder, plain, write_json, write_table

RESCUE_FILES = (
    "rescue.json", "people.csv", "pickups.csv", "routes.csv", "unreached.csv", "rescue.geojson",
    "map.html",
)  # fmt: skip
"""What may stand in a rescue folder that is replaced; anything else is somebody's own."""

SHOWN = 10


@dataclass(frozen=True, slots=True, repr=False, eq=False)
class RescueSummary:
    """Who is left and what the fleet does; printing it shows a table.

    Parameters
    ----------
    persons
        People left.
    by_why, by_need
        Why and need -> persons, most first and most vulnerable first.
    pickups
        How many pick-ups.
    nowhere
        Persons of whom no place is known; they are at no pick-up.
    first_due
        The pick-ups that are due first, as rows of `Rescue.pickups`.
    vehicles, used
        Vehicles of the fleet, and how many go out; 0 without a fleet.
    trips
        Trips of all.
    reached
        Persons whom the fleet picks up in time; None without a fleet.
    unreached
        Reason -> persons who are not.
    modelled_heights
        Share of the walkable ground whose heights a flood has from a model; None without a flood.
    notes
        What the readers of fleet and drop-offs noted.
    last_aboard_s, last_safe_s
        When the last people are aboard, and off at a drop-off [s after the alarm].
    """

    persons: int
    by_why: dict[str, int]
    by_need: dict[str, int]
    pickups: int
    nowhere: int
    first_due: list[dict[Any, Any]]
    vehicles: int
    used: int
    trips: int
    reached: int | None
    unreached: dict[str, int]
    last_aboard_s: float | None
    last_safe_s: float | None
    modelled_heights: float | None = None
    notes: tuple[str, ...] = ()

    def to_dict(self) -> dict[str, Any]:
        """Give the summary as plain types."""
        record: dict[str, Any] = plain({name: getattr(self, name) for name in self.__slots__})
        return record

    def __str__(self) -> str:
        lines = [f"cannot get out: {self.persons:,} people, at {self.pickups:,} pick-ups"]
        lines += [f"{n:>10,}  {why}" for why, n in self.by_why.items()]
        lines.append("need:")
        lines += [f"{n:>10,}  {need}" for need, n in self.by_need.items()]
        if self.modelled_heights:
            lines.insert(1, f"heights: {modelled_text(self.modelled_heights)}")
        if self.nowhere:
            lines.append(f"{self.nowhere:>10,}  at no pick-up, for it is not known where they are")
        if self.reached is None:
            lines += self._due()
        else:
            lines.append(
                f"fleet: {self.used} of {self.vehicles} vehicles go out, {self.trips} trips, and "
                f"reach {self.reached:,} people in time"
            )
            if self.last_aboard_s is not None and self.last_safe_s is not None:
                lines.append(
                    f"       the last are aboard after {self.last_aboard_s / 60:.1f} min, off "
                    f"after {self.last_safe_s / 60:.1f} min"
                )
            lines += [f"{n:>10,}  not reached: {text}" for text, n in self.unreached.items()]
        lines += [f"note: {note}" for note in self.notes]
        return "\n".join(lines)

    def _due(self) -> list[str]:
        if not self.first_due:
            return []
        lines = [f"{'pick-up':<9} {'persons':>7} {'by min':>7}  place and needs"]
        for row in self.first_due:
            place = row["place"] or (f"node {row['node_id']}" if row["node_id"] else "off street")
            lines.append(
                f"{row['pickup_id']:<9} {row['persons']:>7,} {row['latest_s'] / 60:>7.1f}  "
                f"{place}: {row['needs']}"
            )
        if self.pickups > len(self.first_due):
            lines.append(f"... and {self.pickups - len(self.first_due):,} more")
        return lines

    __repr__ = __str__


@dataclass(frozen=True, slots=True, eq=False, repr=False)
class Rescue:
    """Who cannot get out, where they are picked up, and the routes of the crews.

    Parameters
    ----------
    people
        Who is left, one row a person where persons were given, else one row a group, reason and
        pick-up: person_id and household_id (of persons), group_id, class_id, node_id, lon, lat,
        persons, needs, ready_s, reason (as the plan says it), why (in short), pickup_id ("" where
        it is not known where they are).
    pickups
        One row a pick-up, those due first first: pickup_id, place (street), node_id, lon, lat,
        persons, wheelchair, cannot_use_steps (those with a wheelchair among them), slow, needs (in
        words), why, ready_s (when all are there), latest_s (by when all must be aboard), and for
        boats landing_lon, landing_lat, landing_m (way from the place), carry_to_landing (True where
        people cannot get there themselves, so the crew fetches them), at_landing_s (when all are
        there). With a fleet also vehicle_id and aboard_s, "" and NaN where none comes.
    routes
        With a fleet, one row a stop: vehicle_id, kind, trip, stop (0 = where it starts), what
        (start, pick-up or drop-off), id, place, lon, lat, arrive_s, depart_s, on, off, and as it
        leaves persons_aboard and wheelchair_aboard (places taken by those who cannot use steps).
        None without a fleet.
    unreached
        With a fleet, the pick-ups that no vehicle reaches in time, each with the reason; always
        those of whom no place is known, pickup_id "".
    lines
        Points [lon, lat] of each vehicle's way, by vehicle_id.
    vehicles
        Vehicles in the fleet.
    modelled_heights
        Share of the walkable ground whose heights a flood has from a model; None without a flood.
    notes
        What the readers of fleet and drop-offs noted.

    Examples
    --------
    >>> import evacroute as er
    >>> plan = er.assign(er.lagoon(people=2000), "nearest")
    >>> found = er.rescue(plan)
    >>> found.routes is None, int(found.people["persons"].sum()) == plan.left
    (True, True)
    >>> found.to_geojson()["type"]
    'FeatureCollection'
    """

    people: pd.DataFrame
    pickups: pd.DataFrame
    routes: pd.DataFrame | None
    unreached: pd.DataFrame
    lines: dict[str, list[list[float]]]
    vehicles: int
    modelled_heights: float | None = None
    notes: tuple[str, ...] = ()

    def summary(self) -> RescueSummary:
        """Sum it up; prints as a table.

        Returns
        -------
        RescueSummary
            How many are picked up, reached and not reached.
        """
        people, routes = self.people, self.routes
        nowhere = int(people.loc[people["pickup_id"] == "", "persons"].sum())
        reached, last_aboard, last_safe, used, trips = None, None, None, 0, 0
        if routes is not None:
            reached = int(routes["on"].sum())
            used = routes["vehicle_id"].nunique()
            trips = len(routes[["vehicle_id", "trip"]].drop_duplicates())
            if len(routes):
                last_aboard = float(routes.loc[routes["what"] == PICKUP, "depart_s"].max())
                last_safe = float(routes.loc[routes["what"] == DROP_OFF, "depart_s"].max())
        columns = ["pickup_id", "place", "node_id", "persons", "needs", "why", "latest_s"]
        return RescueSummary(
            persons=int(people["persons"].sum()),
            by_why=_sums(people, "why"),
            by_need=_sums(people, "needs"),
            pickups=len(self.pickups),
            nowhere=nowhere,
            first_due=self.pickups[columns].head(SHOWN).to_dict("records"),
            vehicles=self.vehicles,
            used=used,
            trips=trips,
            reached=reached,
            unreached=_sums(self.unreached, "reason"),
            last_aboard_s=last_aboard,
            last_safe_s=last_safe,
            modelled_heights=self.modelled_heights,
            notes=self.notes,
        )

    def to_csv(self, folder: str | Path) -> Path:
        """Write a rescue folder, whole or not at all; an older one there is replaced.

        It holds ``people.csv``, ``pickups.csv``, ``unreached.csv``, with a fleet ``routes.csv``,
        ``rescue.geojson`` and ``rescue.json`` (the summary). Ids of persons are in ``people.csv``
        alone.

        Parameters
        ----------
        folder
            Where.

        Returns
        -------
        Path
            The folder.

        Raises
        ------
        InputError
            If the folder holds anything else, or cannot be written.
        """
        with atomic_folder(folder, marker="rescue.json", contents=RESCUE_FILES) as new:
            self.put(new)
        return Path(folder)

    def put(self, folder: Path) -> None:
        """Write the files into a folder that exists.

        Parameters
        ----------
        folder
            The folder.
        """
        write_table(self.people, folder / "people.csv")
        write_table(self.pickups, folder / "pickups.csv")
        write_table(self.unreached, folder / "unreached.csv")
        if self.routes is not None:
            write_table(self.routes, folder / "routes.csv")
        write_json(self.to_geojson(), folder / "rescue.geojson")
        write_json(self.summary().to_dict(), folder / "rescue.json")

    def to_geojson(self) -> dict[str, Any]:
        """Give pick-ups as points and the vehicles' ways as lines (GeoJSON, EPSG:4326).

        Returns
        -------
        dict
            A FeatureCollection.
        """
        features = []
        for row in self.pickups.to_dict("records"):
            place = [round(row.pop("lon"), 6), round(row.pop("lat"), 6)]
            features.append(
                _feature(
                    "Point",
                    place,
                    {"what": PICKUP} | {str(name): value for name, value in row.items()},
                )
            )
        routes = self.routes
        for name, line in self.lines.items():
            assert routes is not None  # for the type checker: lines come with routes
            mine = routes[routes["vehicle_id"] == name]
            about = {
                "what": "route",
                "vehicle_id": name,
                "kind": mine["kind"].iloc[0],
                "trips": int(mine["trip"].max()),
                "persons": int(mine["on"].sum()),
            }
            points = [[round(x, 6), round(y, 6)] for x, y in line]
            features.append(_feature("LineString", points, about))
        return {"type": "FeatureCollection", "features": features}

    def __str__(self) -> str:
        return str(self.summary())

    __repr__ = __str__


def _feature(kind: str, coordinates: list[Any], about: dict[str, Any]) -> dict[str, Any]:
    shape = {"type": kind, "coordinates": coordinates}
    return {"type": "Feature", "properties": plain(about), "geometry": shape}


def _sums(frame: pd.DataFrame, column: str) -> dict[str, int]:
    """Persons by the words of a column, most first."""
    if not len(frame):
        return {}
    sums = frame.groupby(column, sort=True)["persons"].sum()
    return {str(k): int(n) for k, n in sums.sort_values(ascending=False, kind="stable").items()}
