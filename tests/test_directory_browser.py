"""The directory's editor in a real browser: from a changed number to the chat's next answer."""

from __future__ import annotations

import re
from datetime import datetime

import pytest
from axe_playwright_python.sync_playwright import Axe
from browsing import (  # fixtures: a browser, a service on a port
    CHROMIUM,
    Place,
    browser,
    place,
    say,
)
from counselor import PASSWORD, code_now, link_for, secret_on
from playwright.sync_api import Page, expect
from service import LIMA

__all__ = ["browser", "place"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")

CENTRE = "/directory/services/CEM26-160101-C1"
NUMBER = "(065) 999-999"
PHONE, WIDE = 360, 1280


def member(place: Place, name: str, width: int, scheme: str) -> Page:
    """Somebody who reviews, enrolled with a real link."""
    now = datetime.now(LIMA)
    path = link_for(place.store, place.settings, name, "reviewer", now)
    page = place.open(path, width, color_scheme=scheme)
    page.get_by_label("Contraseña").fill(PASSWORD)
    page.get_by_label("Código").fill(code_now(secret_on(page.content()), datetime.now(LIMA)))
    page.get_by_role("button", name="Empezar").click()
    page.wait_for_url("**/console")
    return page


def fits(page: Page, width: int) -> None:
    """Nothing scrolls sideways, all is large enough to tap, axe finds nothing."""
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    small = page.evaluate(
        "[...document.querySelectorAll('button, a, label.tick, input, select, summary')].filter("
        "e => e.offsetParent && !['hidden', 'checkbox'].includes(e.type) && e.className !== 'skip'"
        " && (e.offsetHeight < 44 || e.offsetWidth < 44)).map(e => e.outerHTML)"
    )
    assert small == []
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()


def test_an_edited_number_reaches_the_next_answer(place: Place) -> None:
    """One edits on a wide screen, another publishes on a phone, a person is given the number."""
    rosa = member(place, "Rosa", WIDE, "light")
    eva = member(place, "Eva", PHONE, "dark")
    rosa.goto("/directory?q=iquitos")
    fits(rosa, WIDE)
    rosa.goto(CENTRE)
    rosa.get_by_label("Teléfonos").fill(NUMBER)
    rosa.get_by_label("Horario").fill("lunes a viernes de 8 a 5")
    rosa.get_by_label("Horario").blur()
    look = rosa.locator("#look")
    expect(look).to_contain_text("abierto lunes a viernes de 8:00 a 17:00")
    expect(look.get_by_role("link", name=NUMBER)).to_have_attribute("href", "tel:+5165999999")
    expect(look.locator(".card")).to_contain_text(NUMBER)
    rosa.locator("select[name=language]").select_option("en")
    expect(look.locator(".card")).to_contain_text("Call: ")
    rosa.get_by_label("Cómo se sabe").fill("llamé hoy")
    rosa.get_by_role("button", name="Guardar").click()
    expect(rosa.get_by_text("Una parte ya está publicada.")).to_be_visible()
    fits(rosa, WIDE)
    rosa.get_by_role("button", name="Enlace de confirmación").click()
    expect(rosa.get_by_label("Enlace de confirmación")).to_have_value(
        re.compile("/directory/confirm/")
    )

    eva.goto("/directory/review")
    fits(eva, PHONE)
    eva.get_by_role("button", name=re.compile("^Publicar")).click()
    expect(eva.get_by_text("Quien escriba ahora ya lo ve.")).to_be_visible()
    her = place.open("/", PHONE, 640)
    for text in ("hola", "si", "necesito un abogado", "iquitos"):
        say(her, text)
    expect(her.get_by_text(NUMBER).first).to_be_visible()

    eva.goto(CENTRE)
    fits(eva, PHONE)
    eva.goto(f"{CENTRE}/history")
    fits(eva, PHONE)
    eva.get_by_role("button", name="Revertir").first.click()
    expect(eva.get_by_text("Quien escriba ahora ya lo ve.")).to_be_visible()
    eva.goto("/directory/new")
    fits(eva, PHONE)


def test_the_form_works_without_script(place: Place) -> None:
    """A button shows what the form means; the district is found by its name."""
    rosa = member(place, "Rosa", WIDE, "light")
    plain = rosa.context.browser
    assert plain is not None
    context = plain.new_context(
        base_url=place.url, java_script_enabled=False, storage_state=rosa.context.storage_state()
    )
    place.contexts.append(context)
    page = context.new_page()
    page.goto(CENTRE)
    page.get_by_label("Horario").fill("24 horas")
    page.get_by_label("Distrito").fill("Belén")
    page.get_by_role("button", name="Ver cómo queda").click()
    expect(page.locator("#look")).to_contain_text("puede ser más de un lugar")
    page.get_by_label("Distrito").fill("Belén (Loreto, Maynas)")
    page.get_by_role("button", name="Ver cómo queda").click()
    expect(page.locator("#look")).to_contain_text("abierto a toda hora")
