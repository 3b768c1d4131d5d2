"""The phone's page in a browser, against a real server."""

from __future__ import annotations

import re
from typing import Any

import pytest

from .phones import phone, stranded

pytestmark = pytest.mark.browser

INKED = """() => {
  const canvas = document.querySelector('#answer-map #canvas');
  const { data } = canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height);
  let n = 0;
  for (let i = 0; i < data.length; i += 4) {
    n += data[i] === 0x0a && data[i + 1] === 0x4f && data[i + 2] === 0xb8;
  }
  return n;
}"""

SMALL = """() => [...document.querySelectorAll(
  'button, a, select, summary, input[type=search], .choices label, .check')]
  .filter((one) => one.getClientRects().length)
  .map((one) => [one.id || one.textContent, one.getBoundingClientRect()])
  .filter(([, box]) => box.width < 44 || box.height < 44 || box.left < 0 || box.right > innerWidth)
  .map(([name]) => name)"""

WIDE = """() => [...document.querySelectorAll('body *')]
  .filter((one) => one.getClientRects().length && one.getBoundingClientRect().right > innerWidth)
  .map((one) => one.id || one.tagName)"""

NAMELESS = """() => [...document.querySelectorAll('button, a, select, input, [role=application]')]
  .filter((one) => one.getClientRects().length)
  .filter((one) => !(one.getAttribute('aria-label') || one.textContent || one.labels?.length))
  .map((one) => one.id)"""


def test_a_party_is_led_to_a_shelter(browser: Any) -> None:
    """Who taps the map gets a shelter, a drawn way, directions one by one, and odds in words."""
    with phone(browser) as it:
        it.get_answer()
        page = it.page
        assert page.locator("#state-text").inner_text() == "Your place is reserved"
        assert page.evaluate("() => document.activeElement.id") == "card-title"
        assert (
            page.locator("#card-title").inner_text() == it.kept()["last"]["told"]["shelter"]["name"]
        )
        assert page.locator("#odds").inner_text().startswith("Very likely in time. Of 20 groups")
        assert "%" not in page.locator("body").inner_text()
        assert "kept until" in page.locator("#held").inner_text()
        page.wait_for_timeout(100)
        assert page.evaluate(INKED) > 200
        steps = it.kept()["last"]["told"]["directions"]
        for n, text in enumerate(steps, 1):
            assert page.locator("#step").inner_text() == text
            assert page.locator("#step-number").inner_text() == f"Step {n} of {len(steps)}"
            if n < len(steps):
                page.locator("#next").click()
        assert page.locator("#next").get_attribute("aria-disabled") == "true"


def test_languages_are_the_browsers_and_can_be_changed(browser: Any) -> None:
    """An Italian phone speaks Italian; another language brings directions, not a second place."""
    with phone(browser, locale="it-IT") as it:
        it.get_answer()
        page = it.page
        assert page.evaluate("() => document.documentElement.lang") == "it"
        assert page.title() == "La via verso la salvezza"
        assert re.match("Parti|Aspetta", page.locator("#leave").inner_text())
        assert page.locator("#step").inner_text().startswith("Parti subito")
        name = page.locator("#card-title").inner_text()
        with page.expect_response("**:predict"):
            page.locator("#language").select_option("zh")
        page.wait_for_selector("#step[lang=zh-Hans]")
        assert "立即" in page.locator("#step").inner_text()
        assert page.locator("#card-title").inner_text() == name
        assert len(it.tokens()) == 1
        assert it.sent[-1][1]["instances"][0]["language"] == "zh"


def test_keys_alone_are_enough(browser: Any) -> None:
    """Without pointer one sets the place, says who asks, and walks through the directions."""
    with phone(browser) as it:
        page = it.open()
        keys = page.keyboard

        def tab_to(wanted: str) -> None:
            for _ in range(25):
                keys.press("Tab")
                if page.evaluate("(one) => document.activeElement.matches(one)", wanted):
                    return
            raise AssertionError(f"Tab does not come to {wanted}")

        tab_to("#pad")
        for key in ("ArrowLeft", "ArrowUp", "ArrowRight", "ArrowDown", "+", "Enter"):
            keys.press(key)
        assert page.locator("#point").inner_text().startswith("You are near")
        tab_to("#street")
        tab_to("[name=who]")
        keys.press("Space")
        keys.press("ArrowDown")
        tab_to("#more")
        keys.press("Enter")
        keys.press("Enter")
        tab_to("#ask")
        keys.press("Enter")
        page.wait_for_selector("#answer:not([hidden])")
        tab_to("#next")
        keys.press("Enter")
        assert page.locator("#step-number").inner_text().startswith("Step 2 of")
        asked = it.sent[0][1]["instances"][0]
        assert (asked["mobility"], asked["party_size"]) == ("cane", 3)


def test_what_is_missing_is_said(browser: Any) -> None:
    """Who asks without a place or a choice is told what is missing, and led to it."""
    with phone(browser) as it:
        page = it.open()
        page.locator("#ask").click()
        assert page.locator("#said").inner_text() == "First say where you are."
        it.tap_map()
        page.locator("#ask").click()
        assert page.locator("#said").inner_text().startswith("First choose")
        assert page.evaluate("() => document.activeElement.name") == "who"
        assert it.sent == []


def test_a_street_can_be_written(browser: Any) -> None:
    """Who sees no map writes a street, in any case, and its middle is the place."""
    with phone(browser) as it:
        page = it.open()
        page.locator("#street").fill("CAMPO 88")
        page.locator("#found button").first.click()
        assert page.locator("#point").inner_text().startswith("You are near Campo 88.")
        page.locator("#street").fill("nowhere at all")
        assert page.locator("#found-count").inner_text() == "No street of this name is known."


def test_no_safe_route_is_told_plainly(browser: Any) -> None:
    """Where no way without steps leads, the page says so, what to do, and whom to call."""
    lon, lat = stranded()
    where = {"longitude": lon, "latitude": lat}
    with phone(browser, geolocation=where, permissions=["geolocation"]) as it:
        page = it.open()
        page.locator("#position").click()
        it.until("#point", "near")
        it.ask("wheels")
        page.wait_for_selector("#answer:not([hidden])")
        assert page.locator("#state-text").inner_text() == "No safe way is known from here"
        assert page.locator("#sign").inner_text() == "✕"
        assert page.locator("#call").get_attribute("href") == "tel:112"
        assert f"{lat:.5f}, {lon:.5f}" in page.locator("#tell-where").inner_text()
        assert page.locator("#all li").all_inner_texts()[1] == "Stay where you are."
        assert "help you over steps" in page.locator("#why").inner_text()
        assert not page.locator("#arrived").is_visible()


CHANGED = [
    ("reserved", 0.97, True, "good", "Very likely in time. Of 20 groups like yours, at least 19"),
    ("reserved", 0.97, False, "warn", "Set out at once and do not stop on the way."),
    ("reserved", 0.83, True, "good", "Likely in time. Of 10 groups like yours, about 8 arrive"),
    ("reserved", 0.6, False, "warn", "In doubt. Of 10 groups like yours, about 6 arrive"),
    ("reserved", 0.3, False, "warn", "Unlikely in time. Of 10 groups like yours, about 3"),
    ("reserved", 0.02, False, "warn", "Very unlikely in time. Of 10 groups like yours, at most"),
    ("unreserved", 0.97, True, "warn", "Go there; your place is not reserved yet"),
]
"""Status, odds, whether they are enough, and what is shown."""


def test_odds_are_words_and_low_ones_say_what_to_do(browser: Any) -> None:
    """Odds are told in words with their meaning, never per cent; low ones with whom to call."""
    changes = iter(CHANGED)

    def change(route: Any) -> None:
        told = route.fetch().json()
        status, odds, is_safe, *_ = next(changes)
        told["predictions"][0].update(status=status, p_safe=odds, is_safe=is_safe)
        route.fulfill(json=told)

    with phone(browser) as it:
        page = it.open()
        page.route("**:predict", change)
        it.tap_map()
        for _, odds, _, kind, says in CHANGED:
            it.ask()
            page.wait_for_selector("#answer:not([hidden])")
            text = page.locator("#card").inner_text()
            assert says in text
            assert "%" not in text
            assert page.locator("#card").get_attribute("data-kind") == kind
            assert page.locator("#call").is_visible() == (odds < 0.5)
            page.locator("#again").click()


def test_who_leaves_the_way_can_ask_anew(browser: Any) -> None:
    """Off the way by its position, the phone offers to ask from there, with the same token."""
    lon, lat = stranded()
    where = {"longitude": lon, "latitude": lat}
    with phone(browser, geolocation=where, permissions=["geolocation"]) as it:
        page = it.open()
        page.locator("#position").click()
        it.until("#point", "near")
        it.ask("walk")
        page.wait_for_selector("#answer:not([hidden])")
        assert not page.locator("#off-way").is_visible()
        it.context.set_geolocation({"longitude": lon + 0.01, "latitude": lat})
        page.wait_for_selector("#off-way:not([hidden])")
        with page.expect_response("**:predict"):
            page.locator("#again-here").click()
        assert it.sent[-1][1]["instances"][0]["lon"] == pytest.approx(lon + 0.01)
        assert len(it.tokens()) == 1


def test_without_position_the_page_goes_on(browser: Any) -> None:
    """A phone that does not tell its position is told to tap the map, and one far away too."""
    with phone(browser) as it:
        page = it.open()
        page.locator("#position").click()
        it.until("#point", "does not")
    far = {"longitude": 2.35, "latitude": 48.85}
    with phone(browser, geolocation=far, permissions=["geolocation"]) as it:
        page = it.open()
        page.locator("#position").click()
        it.until("#point", "outside")


def test_a_place_is_used_and_given_back(browser: Any) -> None:
    """Who is there keeps the place for good; who gives it back may ask again as somebody new."""
    with phone(browser) as it:
        it.get_answer()
        page, first = it.page, it.kept()["token"]
        page.locator("#arrived").click()
        it.until("#said", "Noted")
        assert page.locator("#state-text").inner_text() == "You are there"
        assert it.sent[-1] == ("place", {"token": first, "do": "arrived"})
        page.locator("#cancel").click()
        page.locator("#sure-no").click()
        assert page.locator("#answer").is_visible()
        page.locator("#cancel").click()
        page.locator("#sure-yes").click()
        page.wait_for_selector("#form:not([hidden])")
        assert it.sent[-1] == ("place", {"token": first, "do": "cancel"})
        assert it.kept()["token"] != first
        it.ask()
        page.wait_for_selector("#answer:not([hidden])")
        assert page.locator("#state-text").inner_text() == "Your place is reserved"


def test_the_phone_forgets(browser: Any) -> None:
    """Told to forget, the phone keeps neither token nor answer nor choices, and no cookie ever."""
    with phone(browser) as it:
        it.get_answer()
        assert {"token", "last", "choices"} <= it.kept().keys()
        it.page.locator("#forget").click()
        it.page.locator("#sure-yes").click()
        it.page.wait_for_selector("#form:not([hidden])")
        assert it.kept() == {}
        assert it.context.cookies() == []


@pytest.mark.parametrize("language", ["en", "de"])
def test_text_twice_as_large_fits_a_small_phone(browser: Any, language: str) -> None:
    """At 320 px and twice the text nothing is cut off, all targets are 44 px, and have names."""
    small = {"width": 320, "height": 640}
    with phone(browser, viewport=small, locale=language) as it:
        page = it.open()
        for view in ("form", "answer"):
            if view == "answer":
                it.tap_map()
                it.ask("steps")
                page.wait_for_selector("#answer:not([hidden])")
            for size in ("100%", "225%"):  # Of 16 px; the page itself begins with 18.
                page.evaluate("(size) => { document.documentElement.style.fontSize = size; }", size)
                assert page.evaluate(WIDE) == []
                assert page.evaluate("() => document.documentElement.scrollWidth") == 320
                assert page.evaluate(SMALL) == []
                assert page.evaluate(NAMELESS) == []
            page.evaluate("() => { document.documentElement.style.fontSize = ''; }")


def test_the_page_can_be_installed(browser: Any) -> None:
    """The browser finds no fault with the manifest, and nothing that keeps it from installing."""
    with phone(browser) as it:
        page = it.open()
        it.is_kept()
        session = it.context.new_cdp_session(page)
        assert session.send("Page.getAppManifest")["errors"] == []
        faults = session.send("Page.getInstallabilityErrors")["installabilityErrors"]
        # Contexts of tests are private windows, from which nothing is installed.
        assert [one["errorId"] for one in faults if one["errorId"] != "in-incognito"] == []
