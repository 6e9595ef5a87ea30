"""The web chat in a real browser: small screens, keyboard, screen readers, leaving, no script."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import CHROMIUM, PATIENCE, browser
from listening import served
from playwright.sync_api import Browser, BrowserContext, Page, Route, expect
from webchat_double import CARD, COVER, DANGER, ERASED, GREETING, PHRASES, Conversations

from bot.channels.webchat.page import AWAY

__all__ = ["browser"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")

Open = Callable[..., Page]


@pytest.fixture
def talk() -> Conversations:
    """A conversation that answers."""
    return Conversations()


@pytest.fixture
def open_page(browser: Browser, talk: Conversations) -> Iterator[Open]:
    """Opens the page in a fresh profile; fails when the page breaks or asks another host."""
    contexts: list[BrowserContext] = []
    asked: list[str] = []
    troubles: list[str] = []

    with served(talk.app(), "off") as url:

        def open_it(width: int = 360, height: int = 640, **options: Any) -> Page:
            context = browser.new_context(
                viewport={"width": width, "height": height}, base_url=url, **options
            )
            contexts.append(context)
            context.route(f"{AWAY}**", _weather)
            context.on("request", lambda request: asked.append(request.url))
            page = context.new_page()
            page.on("pageerror", lambda error: troubles.append(str(error)))
            page.set_default_timeout(PATIENCE)
            page.goto("/")
            return page

        yield open_it
        for context in contexts:
            context.close()
    assert troubles == []
    assert [address for address in asked if not address.startswith((url, AWAY))] == []


def _weather(route: Route) -> None:
    route.fulfill(body="<title>Tiempo</title><p>Lima, 18 grados", content_type="text/html")


def write(page: Page, text: str) -> None:
    """Type a text and send it, as a person does."""
    page.get_by_label(PHRASES["text"]).fill(text)
    page.get_by_role("button", name=PHRASES["send"]).click()


def walk(page: Page) -> None:
    """From hello to a card, to danger, so that every kind of message stands on the page."""
    write(page, "nesecito una abogada")
    page.get_by_role("button", name="Sí", exact=True).click()
    expect(page.get_by_role("link", name="Llamar 1884")).to_be_visible()
    write(page, "auxilio")
    expect(page.locator(".danger")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [320, 360, 1280])
def test_fits_and_is_accessible(open_page: Open, width: int, scheme: str) -> None:
    """On each width and in both schemes nothing scrolls sideways and axe finds nothing."""
    page = open_page(width, color_scheme=scheme, reduced_motion="reduce")
    for step in (lambda page: None, walk):
        step(page)
        wide = page.evaluate("document.documentElement.scrollWidth")
        assert wide <= width
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()
    small = page.evaluate(
        "[...document.querySelectorAll('button, a, textarea')].filter(e => e.offsetParent &&"
        " (e.offsetHeight < 44 || e.offsetWidth < 44)).map(e => e.outerHTML)"
    )
    assert small == []
    expect(page.get_by_role("link", name="Salir")).to_be_in_viewport()


def test_long_words_and_answers_stay_inside(open_page: Open, talk: Conversations) -> None:
    """One word of 300 letters, hers or ours, breaks no line out of a narrow screen."""
    page = open_page(320)
    write(page, "<" + "a" * 300)
    expect(page.get_by_text("Escribiste:")).to_be_visible()
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
    assert page.evaluate("document.querySelector('#scroll').scrollWidth") <= 320


def test_keyboard_alone_holds_a_conversation(open_page: Open) -> None:
    """Without a mouse: write, send, choose, write again; the focus is never lost."""
    page = open_page(1280)
    expect(page.get_by_label(PHRASES["text"])).to_be_focused()
    page.keyboard.type("hola")
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Ahora no")).to_be_visible()
    expect(page.get_by_label(PHRASES["text"])).to_be_focused()
    for _ in range(4):
        page.keyboard.press("Shift+Tab")
    expect(page.get_by_role("button", name="Sí", exact=True)).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.get_by_role("button", name="Otra ciudad")).to_be_focused()
    page.keyboard.press("Space")
    expect(page.locator(".bubble.mine")).to_have_count(3)


def test_news_are_announced(open_page: Open) -> None:
    """Answers arrive inside a polite log, and say who speaks; states arrive in a status."""
    page = open_page()
    write(page, "hola")
    log = page.get_by_role("log", name=PHRASES["log"])
    expect(log).to_have_attribute("aria-live", "polite")
    expect(log).to_contain_text(f"{PHRASES['mine']}: hola")
    expect(log).to_contain_text(f"{PHRASES['theirs']}: {GREETING[0].text}")
    expect(page.get_by_role("status")).to_be_attached()


@pytest.mark.parametrize("way", ["tap", "escape", "word"])
def test_leaving_shows_nothing_again(open_page: Open, talk: Conversations, way: str) -> None:
    """One tap, Esc twice or the word: the weather stands there, and Back shows nothing old."""
    page = open_page()
    page.goto("about:blank")
    page.goto("/")
    walk(page)
    before = {cookie["value"] for cookie in page.context.cookies()}
    if way == "tap":
        page.get_by_role("link", name="Salir").click()
    elif way == "escape":
        page.keyboard.press("Escape")
        page.keyboard.press("Escape")
    else:
        write(page, "salir")
    page.wait_for_url(AWAY)
    assert talk.was_left.wait(5)
    page.go_back()
    assert page.url == "about:blank"
    page.goto("/")
    expect(page.get_by_text(PHRASES["start"], exact=True)).to_be_visible()
    assert GREETING[0].text not in page.content()
    assert CARD.text.split("**")[1] not in page.content()
    assert before.isdisjoint({cookie["value"] for cookie in page.context.cookies()})


def test_leaving_without_connection(open_page: Open, talk: Conversations) -> None:
    """With the network gone the page still empties, and the next visit is a new one."""
    page = open_page()
    write(page, "hola")
    expect(page.get_by_text(GREETING[0].text)).to_be_visible()
    page.context.set_offline(True)
    page.get_by_role("link", name="Salir").click()
    expect(page.get_by_text(GREETING[0].text)).to_have_count(0)
    page.context.set_offline(False)
    page.goto("/")
    expect(page.get_by_text(PHRASES["start"], exact=True)).to_be_visible()
    assert GREETING[0].text not in page.content()


def test_half_an_hour_of_silence_empties_the_page(open_page: Open, talk: Conversations) -> None:
    """A page left open shows nothing of a session that ended, without anybody touching it."""
    page = open_page()
    page.clock.install()
    page.goto("/")
    write(page, "hola")
    expect(page.get_by_text(GREETING[0].text)).to_be_visible()
    talk.end(talk.inbound[0].address)
    page.clock.fast_forward("29:00")
    expect(page.get_by_text(GREETING[0].text)).to_be_visible()
    page.clock.fast_forward("02:00")
    expect(page.get_by_text(PHRASES["start"], exact=True)).to_be_visible()
    expect(page.get_by_text(GREETING[0].text)).to_have_count(0)


def test_session_gone_elsewhere(open_page: Open, talk: Conversations) -> None:
    """When the cookie is gone, what she writes still goes out, in a new session, alone."""
    page = open_page()
    walk(page)
    page.context.clear_cookies()
    write(page, "hola")
    expect(page.get_by_text(GREETING[0].text)).to_be_visible()
    expect(page.locator(".bubble")).to_have_count(1 + len(GREETING))
    assert talk.inbound[-1].address != talk.inbound[0].address


def test_labels_follow_her_language(open_page: Open, talk: Conversations) -> None:
    """When the answers turn to another language, the page is drawn again in it."""
    page = open_page()
    talk.language = "pt"
    write(page, "oi")
    expect(page.locator("html")).to_have_attribute("lang", "pt")
    expect(page.get_by_text(GREETING[0].text)).to_be_visible()
    expect(page.get_by_role("button", name="Sí", exact=True)).to_be_visible()


def test_nothing_is_kept_in_the_browser(open_page: Open) -> None:
    """After a conversation no storage of the browser holds anything; the cookie is unreadable."""
    page = open_page()
    walk(page)
    kept = page.evaluate(
        "async () => [localStorage.length, sessionStorage.length, document.cookie,"
        " (await indexedDB.databases()).length, (await caches.keys()).length,"
        " (await navigator.serviceWorker.getRegistrations()).length, history.state, document.title]"
    )
    assert kept == [0, 0, "", 0, 0, 0, None, "Chat"]


def test_markup_in_a_message_is_text(open_page: Open) -> None:
    """A script or an image in a message is shown as it was written and never runs."""
    page = open_page()
    page.evaluate("window.wasRun = false")
    markup = "<img src=x onerror='wasRun=true'><script>wasRun=true</script>"
    write(page, markup)
    expect(page.get_by_text(f"Escribiste: {markup}")).to_be_visible()
    assert page.evaluate("document.querySelectorAll('#log img, #log script').length") == 0
    assert page.evaluate("window.wasRun") is False


def test_reply_of_a_person_arrives_by_itself(open_page: Open, talk: Conversations) -> None:
    """What comes later appears once, without a reload, and leaves the buttons where they were."""
    page = open_page()
    write(page, "hola")
    expect(page.get_by_role("button", name="Sí", exact=True)).to_be_visible()
    talk.say(talk.inbound[0].address, DANGER)
    expect(page.locator(".danger")).to_have_count(1)
    expect(page.get_by_role("button", name="Sí", exact=True)).to_be_visible()


def test_lost_answer_is_asked_again_once(open_page: Open, talk: Conversations) -> None:
    """A post whose answer is lost goes out again by itself, under its id: one turn, one answer."""
    page = open_page()
    lost: list[str] = []

    def lose(route: Route) -> None:
        if lost:
            route.continue_()
        else:
            lost.append(str(route.request.post_data))
            route.fetch()  # the server takes it; the answer never reaches the page
            route.abort()

    page.route("**/web/messages", lose)
    write(page, "hola")
    expect(page.get_by_role("status")).to_have_text(PHRASES["offline"])
    expect(page.locator(".bubble.mine:not(.unsent)")).to_have_count(1)
    expect(page.get_by_text(GREETING[0].text)).to_have_count(1)
    expect(page.get_by_role("status")).to_have_text("")
    expect(page.get_by_label(PHRASES["text"])).to_have_value("")
    assert len(talk.inbound) == 1


def test_unsent_text_stays_in_the_box(open_page: Open, talk: Conversations) -> None:
    """While nothing can be stored the text stays in her hands, with the help for an urgent one."""
    page = open_page()
    talk.is_down = True
    write(page, "auxilio")
    expect(page.get_by_role("status")).to_have_text(PHRASES["unavailable"])
    expect(page.get_by_label(PHRASES["text"])).to_have_value("auxilio")
    expect(page.locator(".danger")).to_have_count(1)
    talk.is_down = False
    expect(page.get_by_label(PHRASES["text"])).to_have_value("")
    assert [inbound.text for inbound in talk.inbound] == ["auxilio"]


def test_place_only_on_tap(open_page: Open, talk: Conversations) -> None:
    """The place is asked of the phone when the button is tapped, and sent once."""
    page = open_page(
        geolocation={"latitude": -12.05, "longitude": -77.04}, permissions=["geolocation"]
    )
    assert talk.inbound == []
    page.get_by_role("button", name=PHRASES["place"]).click()
    expect(page.get_by_role("link", name="Llamar 1884")).to_be_visible()
    assert [inbound.location for inbound in talk.inbound] == [(-12.05, -77.04)]


def test_refused_place_offers_to_write(open_page: Open) -> None:
    """When the phone refuses, the page says what to write instead."""
    page = open_page(permissions=[])
    page.get_by_role("button", name=PHRASES["place"]).click()
    expect(page.get_by_role("status")).to_have_text(PHRASES["place_failed"])


def test_erase_clears_the_page(open_page: Open, talk: Conversations) -> None:
    """Erasing leaves the last words alone on the page; writing again begins a new session."""
    page = open_page()
    walk(page)
    page.get_by_role("button", name=PHRASES["erase"]).click()
    expect(page.get_by_text(ERASED.text)).to_be_visible()
    expect(page.locator(".bubble")).to_have_count(1)
    write(page, "hola")
    expect(page.get_by_text(GREETING[0].text)).to_be_visible()
    expect(page.get_by_text(ERASED.text)).to_have_count(0)
    assert talk.inbound[-1].address != talk.inbound[0].address
    talk.say(talk.inbound[-1].address, DANGER)
    expect(page.locator(".danger")).to_be_visible()


def test_pocket_word_hides_all_and_looks_ordinary(open_page: Open) -> None:
    """After the secret word only a plain answer stands on the page, and the page stays open."""
    page = open_page()
    walk(page)
    write(page, "pajarito")
    expect(page.get_by_text("No entendí. ¿Puedes escribir de nuevo?")).to_be_visible()
    expect(page.locator(".bubble")).to_have_count(1)
    assert COVER.text not in page.content()


def test_long_answer_is_read_from_its_beginning(open_page: Open) -> None:
    """When an answer is taller than the screen, its first line is what she sees."""
    page = open_page(360, 420)
    write(page, "hola")
    page.get_by_role("button", name="Sí", exact=True).click()
    expect(page.get_by_text("Defensa Pública")).to_be_in_viewport()


def test_all_of_it_without_script(open_page: Open, talk: Conversations) -> None:
    """With JavaScript off: write, choose, ask for news, leave; the newest is what is seen."""
    page = open_page(360, 420, java_script_enabled=False)
    write(page, "hola")
    expect(page.get_by_role("button", name="Sí", exact=True)).to_be_in_viewport()
    page.get_by_role("button", name="Sí", exact=True).click()
    expect(page.get_by_role("button", name="Otra ciudad")).to_be_in_viewport()
    talk.say(talk.inbound[0].address, DANGER)
    page.get_by_role("link", name=PHRASES["refresh"]).click()
    expect(page.locator(".danger")).to_be_in_viewport()
    expect(page.get_by_role("button", name=PHRASES["place"])).to_be_hidden()
    page.get_by_role("link", name="Salir").click()
    page.wait_for_url(AWAY)
    page.go_back()
    assert GREETING[0].text not in page.content()
    assert CARD.text.split("**")[1] not in page.content()


def test_escape_once_is_not_enough(open_page: Open) -> None:
    """One Esc alone, or two far apart, closes nothing."""
    page = open_page()
    page.keyboard.press("Escape")
    time.sleep(1.1)  # the browser's own clock counts here
    page.keyboard.press("Escape")
    write(page, "hola")
    expect(page.get_by_text(GREETING[0].text)).to_be_visible()
