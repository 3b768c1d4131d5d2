"""What the people of Venice ask with their phones, and when."""

from __future__ import annotations

import base64
import hashlib
import json
import pickle
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from evacroute.answering.questions import AGE_BANDS

PATH = "/v1/models/evacroute:predict"
LEAST_ABLE = (
    "wheelchair_manual", "wheelchair_electric", "walker", "crutches", "blind", "cane",
    "pushchair_double", "pushchair", "low_vision", "luggage", "none",
)  # fmt: skip
"""Whose word stands for a household, the first that one of them has."""

LANGUAGES, SHARES = ("it", "en", "de", "fr"), (0.6, 0.25, 0.1, 0.05)
EDGES = (6, 13, 18, 65, 80)
"""First years of the age bands after the first."""


@dataclass(frozen=True, slots=True, eq=False)
class Phones:
    """Who has a phone: tokens, persons that go with each, and what each sends."""

    tokens: list[str]
    sizes: NDArray[np.int64]
    contents: list[bytes]

    def __len__(self) -> int:
        return len(self.tokens)

    def write(self, path: Path) -> None:
        """Write what a generator needs."""
        path.write_bytes(pickle.dumps(([one.encode() for one in self.tokens], self.contents)))


def phones_of(people: Path, *, each: bool, plain: float = 0.0, seed: int = 0) -> Phones:
    """Read people in an order drawn by chance, one phone a person or one a household.

    Parameters
    ----------
    people
        Table of persons: position, household, age and mobility.
    each
        Whether each person asks alone; else one asks for the household, as a party.
    plain
        Share of phones that want neither a line nor directions.
    seed
        Draws order, tokens, languages, and who is plain.
    """
    table = pd.read_csv(people, dtype={"mobility": str}, keep_default_na=False)
    table = table.assign(size=1, helpers=0) if each else _households(table)
    chance = np.random.default_rng([seed, int(each)])
    table = table.iloc[chance.permutation(len(table))]
    bands = np.array(list(AGE_BANDS))[np.searchsorted(EDGES, table.age.to_numpy(), "right")]
    languages = chance.choice(LANGUAGES, len(table), p=SHARES)
    is_plain = chance.random(len(table)) < plain
    tokens = [_token(seed, i) for i in range(len(table))]
    rows = zip(
        tokens, table.lon.tolist(), table.lat.tolist(), table["size"].tolist(),
        table.mobility.tolist(), bands.tolist(), table.helpers.tolist(), languages.tolist(),
        is_plain.tolist(), strict=True,
    )  # fmt: skip
    return Phones(tokens, table["size"].to_numpy(np.int64), [_request(*row) for row in rows])


def _households(table: pd.DataFrame) -> pd.DataFrame:
    """One row a household: the slowest age, the least able one's word, the others help."""
    rank = {word: i for i, word in enumerate(LEAST_ABLE)}
    table = table.assign(
        rank=table.mobility.map(rank).fillna(len(LEAST_ABLE) - 1),
        slow=np.where(table.age < 13, 60 + table.age, table.age),
    )
    of = table.groupby("household_id", sort=False)
    worst = table.loc[of["rank"].idxmin().to_numpy()].reset_index(drop=True)
    size = of.size().to_numpy()
    slowest = table.loc[of["slow"].idxmax().to_numpy(), "age"].to_numpy()
    aided = worst.mobility.isin(LEAST_ABLE[:5]).to_numpy()
    return worst.assign(size=size, age=slowest, helpers=np.where(aided, size - 1, 0))


def _token(seed: int, i: int) -> str:
    digest = hashlib.sha256(f"{seed}-{i}".encode()).digest()
    return base64.urlsafe_b64encode(digest[:18]).decode()


def _request(
    token: str, lon: float, lat: float, size: int, mobility: str, band: str, helpers: int,
    language: str, plain: bool,
) -> bytes:  # fmt: skip
    party: dict[str, Any] = {
        "token": token, "lon": lon, "lat": lat, "party_size": size, "mobility": mobility,
        "age_band": band, "language": language,
    }  # fmt: skip
    if helpers:
        party["helpers"] = helpers
    body: dict[str, Any] = {"instances": [party]}
    if plain:
        body["parameters"] = {"route": "none", "directions": False}
    content = json.dumps(body, separators=(",", ":")).encode()
    head = (
        f"POST {PATH} HTTP/1.1\r\nHost: evacroute.example\r\nUser-Agent: phone/1\r\n"
        "Accept: application/json\r\nContent-Type: application/json\r\n"
        f"Content-Length: {len(content)}\r\n\r\n"
    )
    return head.encode() + content


def schedule(
    pieces: list[tuple[float, float]],
    phones: int,
    *,
    copies: int = 1,
    spread_s: float = 1.0,
    new: float = 0.0,
    seed: int = 0,
) -> dict[str, NDArray[Any]]:
    """Draw when phones ask: a Poisson process, given how many there are.

    Parameters
    ----------
    pieces
        Seconds, and phones a second in them, one after another.
    phones
        How many there are; each asks once, in order.
    copies, spread_s
        How often each sends the same, the later ones so much later at most [s], in any order.
    new
        Share of requests over a connection of their own.
    """
    chance = np.random.default_rng([seed, 7])
    born, begin = [], 0.0
    for seconds, rate in pieces:
        born.append(begin + np.sort(chance.random(round(seconds * rate))) * seconds)
        begin += seconds
    first = np.concatenate(born)[:phones]
    when = [first, *(first + chance.random(len(first)) * spread_s for _ in range(copies - 1))]
    times = np.concatenate(when)
    order = np.argsort(times, kind="stable")
    phone = np.tile(np.arange(len(first)), copies)[order]
    return {"born": times[order], "phone": phone, "new": chance.random(len(times)) < new}
