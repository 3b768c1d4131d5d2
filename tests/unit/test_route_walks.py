"""Ways on foot that are told for many: the same words as for one."""

from __future__ import annotations

import numpy as np
import pytest

import evacroute as er
from evacroute import route_walks
from evacroute.languages import LANGUAGES
from evacroute.network import Network
from evacroute.route_directions import from_point
from evacroute.route_steps import route_steps
from evacroute.route_walks import Walks
from evacroute.route_words import words_of
from evacroute.signs import signs_of


@pytest.fixture(scope="module")
def network() -> Network:
    return er.lagoon(people=200).network


def some_way(network: Network, rng: np.random.Generator) -> list[int]:
    """Walk at random, never back at once where another street leads on."""
    links = [int(rng.integers(network.n_links))]
    for _ in range(int(rng.integers(1, 25))):
        ahead = np.flatnonzero(network.from_node == network.to_node[links[-1]])
        onward = ahead[network.to_node[ahead] != network.from_node[links[-1]]]
        if not len(ahead):
            break
        links.append(int(rng.choice(onward if len(onward) else ahead)))
    return links


def test_what_ways_share_is_told_as_if_they_did_not(network: Network) -> None:
    """Steps and lines are those of each way by itself, whoever asked before."""
    signs, rng = signs_of(network), np.random.default_rng(5)
    walks, told = Walks(signs), 0
    for _ in range(150):
        whole = some_way(network, rng)
        for begin in range(len(whole)):
            first, links = whole[begin], whole[begin + 1 :]
            along = float(rng.uniform(0, signs.length[first]))
            language = str(rng.choice(LANGUAGES))
            way, lines = walks.lines(links, (first, along), shelter="Campo", language=language)
            none = [0.0] * len(links)
            own, enter, leave, lengths = from_point(signs, links, none, none, 0.0, first, along)
            alone = route_steps(signs, own, enter, leave, lengths=lengths, goal="Campo")
            words = words_of(language)
            ends = words.arrive("Campo", 0.0, moved=bool(alone))
            assert way == alone
            assert lines == (*(words.line(step) for step in alone), ends)
            told += 1
    assert told > 500
    assert len(walks.tails) > 50


def test_few_ends_are_remembered(network: Network, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where there is no room for all ends of ways the oldest go, and the words stay the same."""
    monkeypatch.setattr(route_walks, "MOST_TAILS", 20)
    signs, rng = signs_of(network), np.random.default_rng(6)
    short, ample = Walks(signs), Walks(signs)
    ways = [some_way(network, rng) for _ in range(60)]
    for links in ways + ways[::-1]:
        asked = links[1:], (links[0], 0.0)
        for language in ("en", "it"):
            told = [one.lines(*asked, shelter="Campo", language=language) for one in (short, ample)]
            assert told[0] == told[1]
            assert len(short.tails) <= 20
