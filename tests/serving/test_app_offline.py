"""The phone's page when the network comes and goes."""

from __future__ import annotations

from typing import Any

import pytest

from .phones import phone

pytestmark = pytest.mark.browser


def test_the_last_answer_stays_without_a_network(browser: Any) -> None:
    """Without a network the page opens with map and last answer, and says how old that is."""
    with phone(browser, is_lost=True) as it:
        it.get_answer()
        page = it.page
        it.is_kept()
        name = page.locator("#card-title").inner_text()
        it.context.set_offline(True)
        page.evaluate("""() => {
          const kept = JSON.parse(localStorage.evacroute);
          kept.last.at -= 7 * 60_000;
          localStorage.evacroute = JSON.stringify(kept);
        }""")
        page.reload()
        page.wait_for_selector("body[data-map]")
        assert page.locator("#card-title").inner_text() == name
        assert page.locator("#age").inner_text().startswith("No connection.")
        assert page.locator("#age").inner_text().endswith("7 min old.")
        page.locator("#next").click()
        assert page.locator("#step-number").inner_text().startswith("Step 2 of")


def test_an_answer_of_yesterday_is_shown_as_the_last(browser: Any) -> None:
    """However old, the last answer is there when the page opens; an old one tells nobody to go."""
    with phone(browser) as it:
        it.get_answer()
        page = it.page
        name = page.locator("#card-title").inner_text()
        for hours, says in ((11, "Answered at "), (13, "This is your last answer, of ")):
            page.evaluate(
                """(hours) => {
                  const kept = JSON.parse(localStorage.evacroute);
                  kept.last.at = Date.now() - hours * 3600_000;
                  localStorage.evacroute = JSON.stringify(kept);
                }""",
                hours,
            )
            page.reload()
            page.wait_for_selector("body[data-map]")
            assert page.locator("#card-title").inner_text() == name
            assert page.locator("#age").inner_text().startswith(says)
            assert f"{hours} h 0 min" in page.locator("#age").inner_text()
            assert page.locator("#leave").is_visible() == (hours == 11)
        assert page.locator("#age").get_attribute("class") == "note"
        page.locator("#again").click()
        it.ask()
        page.locator("#age", has_text="Answered just now").wait_for()
        assert page.locator("#leave").is_visible()


def test_an_answer_of_yesterday_promises_nothing_and_follows_nobody(browser: Any) -> None:
    """An old answer is marked as one to ask again about, and the position is not watched for it."""
    with phone(browser) as it:
        it.get_answer()
        page = it.page
        page.add_init_script(
            "navigator.geolocation.watchPosition = () => { document.title = 'watched'; return 1; }"
        )
        for hours, kind in ((11, "good"), (13, "warn")):
            page.evaluate(
                """(hours) => {
                  const kept = JSON.parse(localStorage.evacroute);
                  kept.last = { ...kept.last, at: Date.now() - hours * 3600_000, isGuided: true };
                  localStorage.evacroute = JSON.stringify(kept);
                }""",
                hours,
            )
            page.reload()
            page.wait_for_selector("body[data-map]")
            assert page.locator("#card").get_attribute("data-kind") == kind
            assert (page.title() == "watched") == (hours == 11)


def test_a_page_left_open_grows_old_too(browser: Any) -> None:
    """Looked at again after 12 hours it promises nothing more, and the position is let go."""
    with phone(browser) as it:
        it.get_answer()
        page = it.page
        page.add_init_script(
            """const of = navigator.geolocation;
            of.watchPosition = () => { document.title = 'watched'; return 1; };
            of.clearWatch = () => { document.title = 'let go'; };"""
        )
        page.evaluate(
            """() => {
              const kept = JSON.parse(localStorage.evacroute);
              kept.last.isGuided = true;
              localStorage.evacroute = JSON.stringify(kept);
            }"""
        )
        page.reload()
        page.wait_for_selector("body[data-map]")
        assert page.locator("#card").get_attribute("data-kind") == "good"
        assert page.title() == "watched"
        page.evaluate(
            """() => {
              const now = Date.now;
              Date.now = () => now() + 13 * 3600_000;
              document.dispatchEvent(new Event('visibilitychange'));
            }"""
        )
        assert page.locator("#card").get_attribute("data-kind") == "warn"
        assert page.locator("#there-in").inner_text() == ""
        assert not page.locator("#leave").is_visible()
        assert page.title() == "let go"


def test_a_question_is_asked_again_with_the_same_token(browser: Any) -> None:
    """Asked without a network, the page tries again by itself, and takes one place."""
    with phone(browser, is_lost=True) as it:
        page = it.open()
        it.tap_map()
        it.context.set_offline(True)
        it.ask()
        it.until("#said", "No connection. The page asks by itself")
        assert page.locator("#ask").inner_text() == "Stop trying"
        it.context.set_offline(False)
        page.wait_for_selector("#answer:not([hidden])")
        assert page.locator("#state-text").inner_text() == "Your place is reserved"
        assert len(it.sent) >= 2
        assert it.tokens() == {it.kept()["token"]}


def test_what_is_done_with_a_place_is_told_later(browser: Any) -> None:
    """Who arrives without a network is noted once there is one, though the page was shut."""
    with phone(browser, is_lost=True) as it:
        it.get_answer()
        page = it.page
        it.is_kept()
        it.context.set_offline(True)
        page.locator("#arrived").click()
        it.until("#said", "This is told as soon as there is one")
        page.reload()
        it.context.set_offline(False)
        it.until("#said", "Noted: you are there.")
        assert "pending" not in it.kept()


def test_trying_can_be_stopped(browser: Any) -> None:
    """Who stops the tries can change the question; nothing is asked meanwhile."""
    with phone(browser, is_lost=True) as it:
        page = it.open()
        it.tap_map()
        it.context.set_offline(True)
        it.ask()
        it.until("#said", "No connection. The page asks by itself")
        page.locator("#ask").click()
        assert page.locator("#ask").inner_text() == "Show me the way"
        asked = len(it.sent)
        it.context.set_offline(False)
        page.wait_for_timeout(300)
        assert len(it.sent) == asked


@pytest.mark.parametrize("status, says", [(403, "does not let this phone ask"), (400, "outside")])
def test_what_asking_again_does_not_mend_is_said(browser: Any, status: int, says: str) -> None:
    """Where gateway or server refuse the question, the page says why, and asks once only."""
    with phone(browser, is_lost=True) as it:
        page = it.open()
        page.route("**:predict", lambda route: route.fulfill(status=status, body="{}"))
        it.tap_map()
        it.ask()
        it.until("#said", says)
        assert page.locator("#ask").inner_text() == "Show me the way"
        assert len(it.sent) == 1


def test_a_busy_server_is_asked_again(browser: Any) -> None:
    """Where the server is too busy the page says so, and asks again by itself."""
    with phone(browser, is_lost=True) as it:
        page = it.open()
        page.route("**:predict", lambda route: route.fulfill(status=503, body="{}"), times=1)
        it.tap_map()
        it.ask()
        it.until("#said", "No answer yet. Trying again in")
        page.wait_for_selector("#answer:not([hidden])")
        assert len(it.tokens()) == 1
        assert len(it.sent) == 2
