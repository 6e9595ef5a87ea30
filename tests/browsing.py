"""The whole service on a port, and real browsers that look at its console and chat."""

from __future__ import annotations

import shutil
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from counselor import PASSWORD, code_now, link_for, secret_on
from listening import served
from playwright.sync_api import Browser, BrowserContext, Page, expect, sync_playwright
from service import LIMA, create

from bot.settings import Settings
from bot.store import Store

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
PATIENCE = 30_000
"""Milliseconds after which what a page should show will not come any more."""
expect.set_options(timeout=PATIENCE)
ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def launched() -> Iterator[Browser]:
    """The system's Chromium."""
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """One for all tests of a module."""
    with launched() as one:
        yield one


@dataclass
class Place:
    """A running service, and browsers that look at it."""

    url: str
    browser: Browser
    store: Store
    settings: Settings
    troubles: list[str] = field(default_factory=list)
    contexts: list[BrowserContext] = field(default_factory=list)

    def open(self, path: str, width: int = 1280, height: int = 800, **options: Any) -> Page:
        """A page in a fresh profile; what breaks in it is remembered."""
        options = {"reduced_motion": "reduce", "locale": "es-PE", **options}
        context = self.browser.new_context(
            viewport={"width": width, "height": height}, base_url=self.url, **options
        )
        self.contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on(
            "console",
            lambda said: self.troubles.append(said.text) if "Policy" in said.text else None,
        )
        page.set_default_timeout(PATIENCE)
        page.goto(path)
        return page

    def counselor(self, name: str, role: str = "counselor", **options: Any) -> Page:
        """Enrolled with a real link, on duty, looking at the queue."""
        now = datetime.now(LIMA)
        page = self.open(link_for(self.store, self.settings, name, role, now), **options)
        page.get_by_label("Contraseña").fill(PASSWORD)
        secret = secret_on(page.content())
        page.get_by_label("Código").fill(code_now(secret, datetime.now(LIMA)))
        page.get_by_role("button", name="Empezar").click()
        page.get_by_role("button", name="Disponible").click()
        expect(page.get_by_role("button", name="Disponible")).to_have_attribute(
            "aria-pressed", "true"
        )
        return page

    def person(self, *texts: str) -> Page:
        """Somebody on the web chat who asked for a person; her page."""
        page = self.open("/", 360, 640)
        asked = texts or ("hola", "si", "necesito un abogado", "Lima", "quiero hablar con alguien")
        for text in (*asked, "enviar", "a cualquier hora"):
            say(page, text)
        expect(page.get_by_text("Te escribirá aquí")).to_be_visible()
        return page


def say(page: Page, text: str) -> None:
    """She writes, and waits until it was taken."""
    before = page.locator(".theirs").count()
    page.get_by_label("Tu mensaje").fill(text)
    page.get_by_role("button", name="Enviar").last.click()
    page.wait_for_function(
        "count => document.querySelectorAll('.theirs').length > count", arg=before
    )


def reply(page: Page, text: str) -> None:
    """The counselor writes."""
    page.get_by_label("Tu respuesta").fill(text)
    page.get_by_role("button", name="Enviar", exact=True).click()


@pytest.fixture
def place(browser: Browser, prepared: Path, tmp_path: Path) -> Iterator[Place]:
    """The whole service on a port; fails when a page of it broke."""
    shutil.copytree(prepared / "var", tmp_path / "var", dirs_exist_ok=True)
    env = {"TELEGRAM_MODE": "webhook"}
    app, _, store = create(env, tmp_path, prepared)
    with ExitStack() as stack:
        url = stack.enter_context(served(app))
        one = Place(url, browser, store, Settings.from_environment(env, tmp_path))
        yield one
        for context in one.contexts:
            context.close()
    assert one.troubles == []


def say_quietly(page: Page, text: str) -> None:
    """She writes while a person is with her: nothing answers at once."""
    page.get_by_label("Tu mensaje").fill(text)
    page.get_by_role("button", name="Enviar").last.click()
    expect(page.locator(".mine").last).not_to_have_class("unsent")


def fits(page: Page, width: int) -> None:
    """No sideways scrolling, nothing small to tap, no violation."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('button, a, input, textarea, select, summary')]"
        ".map(e => e.closest('.tick') || e)"
        ".filter(e => e.checkVisibility() && e.type !== 'hidden' && !e.classList.contains('skip')"
        " && (e.offsetHeight < 44 || e.offsetWidth < 44)).map(e => e.outerHTML)"
    )
    assert small == []
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
