"""The board's acts: what may be sent, who wins, and what the news are after it."""

from __future__ import annotations

import time
from typing import Any

import pytest
from boards import ACT, board, lines, run


def test_nothing_is_served_unless_it_is_asked_for() -> None:
    """Without the option every address of the board answers 404."""

    async def work() -> None:
        async with board(is_on=False) as ask:
            for path in ("/ops", "/ops/", "/ops/state", "/ops/map", "/ops/board.js"):
                assert (await ask.get(path)).status == 404
            assert (await ask("POST", "/ops/close", {"version": 0}, ACT)).status == 404

    run(work)


def test_acts_change_the_news_and_tell_their_version() -> None:
    """Alarm, closing, opening, undo and rollback are in the state after they are done."""

    async def work() -> None:
        async with board() as ask:
            network = ask.replica.answerer.scenario.network
            name = str(next(x for x in network.name if x))
            links = int((network.name == name).sum())
            state = await ask.state()
            assert state["version"] == 0
            assert state["alarm"]["at"] is None
            assert state["planning"]["state"] == "idle"
            done = await ask.act("alarm", alarm_at="now")
            assert done.json == {"version": 1, "changed": True, "replan": False}
            state = await ask.state()
            assert 0 <= state["alarm"]["since_s"] < 5
            shelter = state["shelters"][0]
            told = {"names": [name.upper()], "shelters": [shelter["name"].lower()]}
            done = await ask.act("close", replan=False, **told)
            assert done.json["version"] == 2
            state = await ask.state()
            street = state["closures"]["streets"][0]
            assert (street["name"], street["links"], street["of"]) == (name, links, links)
            assert state["closures"]["shelters"][0]["id"] == shelter["id"]
            assert state["shelters"][0]["is_closed"]
            assert len(state["undo"]) == 2
            # The same once more changes nothing.
            assert not (await ask.act("close", replan=False, **told)).json["changed"]
            await ask.act("undo", replan=False)
            state = await ask.state()
            assert state["closures"] == {"streets": [], "shelters": []}
            assert state["undo"] == []
            await ask.act("alarm", alarm_at=None)
            assert (await ask.state())["alarm"]["at"] is None

    run(work)


def test_wrong_acts_are_refused_in_a_sentence() -> None:
    """Each wrong body gets a 4xx that says what is expected, and changes nothing."""
    long = "x" * 201
    wrong: list[tuple[str, Any, str]] = [
        ("close", b"{", "JSON"),
        ("close", [], "object"),
        ("close", {"names": ["x"]}, "version"),
        ("close", {"version": True, "names": ["x"]}, "version"),
        ("close", {"version": 0}, "empty"),
        ("close", {"version": 0, "names": "x"}, "list"),
        ("close", {"version": 0, "names": [7]}, "texts"),
        ("close", {"version": 0, "names": [long]}, "200"),
        ("close", {"version": 0, "names": ["x"] * 201}, "200"),
        ("close", {"version": 0, "names": ["x"], "when": 3}, "'when'"),
        ("close", {"version": 0, "names": ["Calle 99999"]}, "is one of these meant: Calle 999"),
        ("close", {"version": 0, "shelters": ["Camppo 5"]}, "Campo 5 (L00)"),
        ("close", {"version": 0, "names": ["Calle 1"], "replan": 1}, "true or false"),
        ("undo", {"version": 0}, "no closing"),
        ("alarm", {"version": 0}, "alarm_at is missing"),
        ("alarm", {"version": 0, "alarm_at": "10:00"}, "offset"),
        ("alarm", {"version": 0, "alarm_at": time.time() + 3600}, "24 hours"),
        ("alarm", {"version": 0, "alarm_at": True}, "alarm_at"),
    ]

    async def work() -> None:
        async with board() as ask:
            for word, body, said in wrong:
                answer = await ask("POST", f"/ops/{word}", body, ACT)
                assert answer.status == 400, (word, body)
                assert said in answer.json["error"], answer.json
                assert "\n" not in answer.json["error"]
            answer = await ask("POST", "/ops/close", b" " * 70_000, ACT)
            assert answer.status == 413
            assert (await ask.get("/ops/close")).status == 405
            assert (await ask.state())["version"] == 0

    run(work)


def test_two_operators_do_not_overwrite_each_other() -> None:
    """Whoever acts on what is no longer so gets a 409 that says what has changed."""

    async def work() -> None:
        async with board() as ask:
            await ask.act("close", names=["Calle 1"], replan=False)
            late = await ask.act("close", version=0, names=["Calle 2"], replan=False)
            assert late.status == 409
            assert late.json["version"] == 1
            assert late.json["changed"] == [{"what": "closed", "names": ["Calle 1"]}]
            assert "closed Calle 1" in late.json["error"]
            late = await ask.act("replan", version=0)
            assert late.status == 409
            again = await ask.act("close", version=1, names=["Calle 2"], replan=False)
            assert again.status == 200
            streets = (await ask.state())["closures"]["streets"]
            assert [one["name"] for one in streets] == ["Calle 1", "Calle 2"]

    run(work)


SENDERS: list[tuple[dict[str, str], int]] = [
    ({}, 403),
    ({"x-evacroute-act": "0"}, 403),
    ({**ACT, "sec-fetch-site": "cross-site"}, 403),
    ({**ACT, "sec-fetch-site": "same-site"}, 403),
    ({**ACT, "origin": "https://evil.example"}, 403),
    ({**ACT, "origin": "null"}, 403),
    ({**ACT, "origin": "https://[evil"}, 403),
    ({**ACT, "origin": "https://ops.example"}, 200),
    ({**ACT, "sec-fetch-site": "same-origin"}, 200),
    (ACT, 200),
]


def test_other_sites_cannot_act(caplog: Any) -> None:
    """Acts need the header and the board's own origin; each is logged, refused ones too."""

    async def work() -> None:
        async with board() as ask:
            for i, (headers, status) in enumerate(SENDERS):
                version = (await ask.state())["version"]
                body = {"version": version, "names": [f"Calle {i}"], "replan": False}
                who = {**headers, "x-forwarded-user": "anna\n", "authorization": "Bearer secret"}
                assert (await ask("POST", "/ops/close", body, who)).status == status, headers

    with lines(caplog) as said:
        run(work)
    done = [status == 200 for _, status in SENDERS]
    assert [(one["act"], one["done"], one["user"]) for one in said] == [
        ("close", one, "anna") for one in done
    ]
    assert "secret" not in str(said)
    assert [one.get("names") for one in said if one["done"]] == [
        [f"Calle {i}"] for i, one in enumerate(done) if one
    ]


def test_an_alarm_of_the_options_stays() -> None:
    """What was given by the option cannot be taken back on the board, and is told as such."""

    async def work() -> None:
        async with board(alarm=time.time() - 60) as ask:
            state = await ask.state()
            assert state["alarm"]["is_fixed"]
            assert 59 < state["alarm"]["since_s"] < 70
            answer = await ask.act("alarm", alarm_at=None)
            assert (answer.status, "--alarm" in answer.json["error"]) == (400, True)

    run(work)


def test_a_map_that_failed_is_made_anew(monkeypatch: pytest.MonkeyPatch) -> None:
    """After the map could not be made whoever asks next has it made again, then it is kept."""
    from evacroute.serving.board import board as boards

    made: list[Any] = []

    def fails_first(scenario: Any) -> Any:
        made.append(scenario)
        if len(made) == 1:
            raise MemoryError
        return write(scenario)

    write = boards.write_map
    monkeypatch.setattr(boards, "write_map", fails_first)

    async def work() -> None:
        async with board() as ask:
            codes = [(await ask.get("/ops/map")).status for _ in range(3)]
            assert (codes, len(made)) == ([500, 200, 200], 2)

    run(work)


def test_pages_are_strict_and_the_map_has_each_street_once() -> None:
    """No other origin may be used by the page; the map is packed, and told apart by its ETag."""

    async def work() -> None:
        async with board() as ask:
            for path in ("/ops", "/ops/", "/ops/board.js", "/ops/board.css", "/ops/icon.svg"):
                page = await ask.get(path)
                assert page.status == 200
                assert "default-src 'none'" in page.headers["content-security-policy"]
                assert (
                    b"//" not in page.content.replace(b"http://www.w3.org", b"")
                    or path[-2:] == "js"
                )
            network = ask.replica.answerer.scenario.network
            found = await ask.get("/ops/map", **{"accept-encoding": "gzip"})
            ids = [one for street in found.json["streets"] for one in street[2]]
            assert sorted(ids) == sorted(network.link_id.tolist())
            assert len(found.json["streets"]) < 0.6 * network.n_links
            tag = {"if-none-match": found.headers["etag"]}
            assert (await ask.get("/ops/map", **tag)).status == 304
            assert (await ask.get("/ops/map")).json == found.json

    run(work)
