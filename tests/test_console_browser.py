"""The console in a real browser, over the whole service: a person on the web chat, two counselors,
small screens, both schemes, only the keyboard, and a line that breaks."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Any

import pytest
from browsing import CHROMIUM, Place, browser, fits, place, reply, say, say_quietly
from counselor import PASSWORD, link_for
from playwright.sync_api import Page, expect
from service import LIMA

__all__ = ["browser", "place"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")


def test_a_person_and_two_counselors(place: Place) -> None:
    """She asks; one counselor takes her, both write, it is handed on, and closed."""
    rosa, ana = place.counselor("Rosa"), place.counselor("Ana")
    her = place.person()
    rosa.get_by_role("button", name="Atender").click()
    expect(rosa.get_by_role("heading", name="Lo que aprobó decirte")).to_be_visible()
    reply(rosa, "Soy Rosa, te leo")
    expect(her.get_by_text("Soy Rosa, te leo")).to_be_visible()
    expect(rosa.locator(".line.us .status").last).to_have_text("Enviado")

    say_quietly(her, "gracias, tengo miedo")
    expect(rosa.get_by_text("gracias, tengo miedo")).to_be_visible()
    reply(rosa, "Aquí sigo contigo")
    expect(her.get_by_text("Aquí sigo contigo")).to_be_visible()

    rosa.get_by_text("Nota, pasar o cerrar").click()
    rosa.get_by_label("A quién").select_option(label="Ana · 0 en curso")
    rosa.get_by_role("button", name="Pasar a otra persona").click()
    expect(rosa.get_by_role("heading", name="Esperan")).to_be_visible()
    ana.get_by_role("link", name="Abrir").click()
    expect(ana.get_by_text("gracias, tengo miedo")).to_be_visible()
    reply(ana, "Soy Ana, ya leí todo")
    expect(her.get_by_text("Soy Ana, ya leí todo")).to_be_visible()
    ana.get_by_text("Nota, pasar o cerrar").click()
    ana.get_by_role("button", name="Cerrar la conversación").click()
    expect(her.get_by_text("otra vez el asistente automático")).to_be_visible()


def test_the_queue_lives(place: Place) -> None:
    """Who asks appears without a reload; who was taken by another is gone."""
    rosa, ana = place.counselor("Rosa"), place.counselor("Ana")
    expect(rosa.get_by_text("Nadie espera ahora.")).to_be_visible()
    place.person()
    expect(rosa.get_by_role("button", name="Atender")).to_be_visible()
    expect(rosa).to_have_title("(1) Kuska · Consola")
    ana.get_by_role("button", name="Atender").click()
    expect(rosa.get_by_text("Nadie espera ahora.")).to_be_visible()


def test_a_broken_line_is_said_and_caught_up(place: Place) -> None:
    """Without connection the page says so and keeps the draft; then it shows what was missed."""
    rosa = place.counselor("Rosa")
    her = place.person()
    rosa.get_by_role("button", name="Atender").click()
    reply(rosa, "Te leo")
    expect(her.get_by_text("Te leo")).to_be_visible()
    rosa.context.set_offline(True)
    reply(rosa, "Un texto a medias")
    expect(rosa.get_by_text("No se envió. Tu texto sigue aquí")).to_be_visible()
    expect(rosa.get_by_label("Tu respuesta")).to_have_value("Un texto a medias")
    say_quietly(her, "¿sigues ahí?")
    rosa.context.set_offline(False)
    expect(rosa.get_by_text("¿sigues ahí?")).to_be_visible()
    rosa.get_by_role("button", name="Enviar", exact=True).click()
    expect(her.get_by_text("Un texto a medias")).to_have_count(1)


def test_after_her_exit_the_box_is_shut(place: Place) -> None:
    """The page says «no escribir» at once, and its button does nothing."""
    rosa = place.counselor("Rosa")
    her = place.person()
    rosa.get_by_role("button", name="Atender").click()
    reply(rosa, "Te leo")
    expect(her.get_by_text("Te leo")).to_be_visible()
    her.get_by_label("Tu mensaje").fill("salir")
    her.context.route("https://**", lambda route: route.fulfill(body="tiempo"))
    her.get_by_role("button", name="Enviar").last.click()
    expect(rosa.locator("#state")).to_contain_text("No escribir")
    expect(rosa.get_by_role("button", name="Enviar", exact=True)).to_be_disabled()


def test_she_erases_while_the_counselor_types(place: Place) -> None:
    """Summary, messages and the sentence that was begun leave the screen; nothing can be sent."""
    rosa = place.counselor("Rosa")
    her = place.person()
    rosa.get_by_role("button", name="Atender").click()
    reply(rosa, "Te leo")
    expect(her.get_by_text("Te leo")).to_be_visible()
    say_quietly(her, "un secreto")
    expect(rosa.get_by_text("un secreto")).to_be_visible()
    rosa.get_by_label("Tu respuesta").fill("Me dices que un secreto")
    her.context.route("https://**", lambda route: route.fulfill(body="tiempo"))
    say(her, "borrar")
    her.get_by_label("Tu mensaje").fill("si, borrar todo")
    her.get_by_role("button", name="Enviar").last.click()
    expect(rosa.get_by_text("Esta conversación ya no existe")).to_be_visible()
    expect(rosa.get_by_label("Tu respuesta")).to_have_value("")
    expect(rosa.get_by_text("un secreto")).to_have_count(0)
    expect(rosa.get_by_role("button", name="Enviar", exact=True)).to_be_disabled()


def test_a_session_that_ends_keeps_the_draft(place: Place) -> None:
    """Signed out in the middle of a sentence: the text stays, and the page says what to do."""
    rosa = place.counselor("Rosa")
    place.person()
    rosa.get_by_role("button", name="Atender").click()
    rosa.get_by_label("Tu respuesta").fill("Una frase a medias")
    rosa.context.clear_cookies()
    rosa.get_by_role("button", name="Enviar", exact=True).click()
    expect(rosa.get_by_text("Tu sesión terminó")).to_be_visible()
    expect(rosa.get_by_label("Tu respuesta")).to_have_value("Una frase a medias")


@pytest.mark.parametrize(("width", "scheme"), [(360, "dark"), (1280, "light")])
def test_fits_and_is_accessible(place: Place, width: int, scheme: str) -> None:
    """On each width and in each scheme nothing scrolls sideways and axe finds nothing; colours do
    not depend on the width."""
    signin = place.open("/console/signin", width, color_scheme=scheme)
    fits(signin, width)
    enroll = place.open(
        link_for(place.store, place.settings, "Eva", "editor", datetime.now(LIMA)),
        width,
        color_scheme=scheme,
    )
    fits(enroll, width)
    rosa = place.counselor("Rosa", "admin", width=width, color_scheme=scheme)
    fits(rosa, width)
    for path in ("shifts", "staff", "pings", "statistics"):
        rosa.goto(f"/console/{path}")
        fits(rosa, width)
    rosa.goto("/console")
    her = place.person()
    expect(rosa.get_by_role("button", name="Atender")).to_be_visible()
    fits(rosa, width)
    rosa.get_by_role("button", name="Atender").click()
    reply(rosa, "Te leo")
    expect(her.get_by_text("Te leo")).to_be_visible()
    say_quietly(her, "<" + "a" * 300)
    expect(rosa.locator(".line.her")).to_be_visible()
    rosa.get_by_text("Nota, pasar o cerrar").click()
    for tool in ("#offers", "#phrases"):
        rosa.locator(f"{tool} > summary").click()
    rosa.get_by_label("Qué, quién o dónde").fill("abogada Lima")
    rosa.get_by_role("button", name="Buscar").click()
    expect(rosa.locator(".offer").first).to_be_visible()
    fits(rosa, width)
    rosa.get_by_role("button", name="Marcar posible menor").click()
    expect(rosa.locator("#facts")).to_contain_text("Posible menor de edad")
    fits(rosa, width)
    for path in ("/console/minors", "/console/closed"):
        rosa.goto(path)
        fits(rosa, width)


def test_the_console_speaks_english(place: Place) -> None:
    """By the browser's wish before the sign-in, by hers after it."""
    expect(
        place.open("/console/signin", locale="en-GB").get_by_role(
            "button", name="Sign in", exact=True
        )
    ).to_be_visible()
    rosa = place.counselor("Rosa")
    rosa.get_by_role("button", name="English").click()
    expect(rosa.get_by_text("Nobody is waiting now.")).to_be_visible()


def test_a_passkey_is_added_and_lets_in(place: Place) -> None:
    """With a device that verifies her: added on the account page, then password and key at the
    sign-in; the account fits small screens. Without one, the page says that it was not done."""
    place.url = place.url.replace("127.0.0.1", "localhost")
    rosa = place.counselor("Rosa", width=360)
    rosa.get_by_role("link", name="Tu cuenta").click()
    rosa.get_by_label("Nombre de la llave").fill("Teléfono de prueba")
    rosa.locator("#key-new").fill(PASSWORD)
    rosa.get_by_role("button", name="Agregar una llave").click()
    wire = rosa.context.new_cdp_session(rosa)
    wire.send("WebAuthn.enable")
    device = {"protocol": "ctap2", "transport": "internal", "hasResidentKey": True}
    options = {**device, "hasUserVerification": True, "isUserVerified": False}
    made = wire.send("WebAuthn.addVirtualAuthenticator", {"options": options})
    rosa.get_by_role("button", name="Continuar").click()
    expect(rosa.get_by_text("No se completó")).to_be_visible()
    fits(rosa, 360)
    verified = {"authenticatorId": made["authenticatorId"], "isUserVerified": True}
    wire.send("WebAuthn.setUserVerified", verified)
    rosa.get_by_role("button", name="Continuar").click()
    expect(rosa.get_by_text("Teléfono de prueba").first).to_be_visible()
    fits(rosa, 360)
    rosa.get_by_role("button", name="Cerrar sesión", exact=True).click()
    rosa.get_by_label("Nombre").fill("Rosa")
    rosa.get_by_label("Contraseña").fill(PASSWORD)
    rosa.get_by_role("button", name="Entrar con llave de acceso").click()
    rosa.get_by_role("button", name="Continuar").click()
    expect(rosa.get_by_text("Nadie espera ahora.")).to_be_visible()


def test_a_referral_is_made_and_forgotten(place: Place) -> None:
    """The page says first that nothing is kept; a session that ends in between loses nothing of
    what stands on it; after a new sign-in in another tab the PDF is downloaded."""
    rosa = place.counselor("Rosa", width=360)
    place.person()
    rosa.get_by_role("button", name="Atender").click()
    rosa.get_by_text("Nota, pasar o cerrar").click()
    rosa.get_by_role("link", name="Ficha de derivación").click()
    expect(rosa.get_by_text("Nada de esta ficha se guarda.")).to_be_visible()
    fits(rosa, 360)
    rosa.get_by_label("Organización que la recibe").select_option(index=1)
    rosa.get_by_label("Ella aceptó").check()
    rosa.get_by_label("Resumen del caso").fill("Pide abogada")
    rosa.get_by_label("Normal:").check()
    rosa.get_by_label("Referencia:").check()
    cookies: Any = rosa.context.cookies()
    rosa.context.clear_cookies()
    rosa.get_by_role("button", name="Hacer el PDF").click()
    expect(rosa.get_by_text("Tu sesión terminó")).to_be_visible()
    expect(rosa.get_by_label("Resumen del caso")).to_have_value("Pide abogada")
    rosa.context.add_cookies(cookies)
    with rosa.expect_download() as download:
        rosa.get_by_role("button", name="Hacer el PDF").click()
    assert download.value.suggested_filename == "ficha.pdf"
    assert download.value.path().read_bytes().startswith(b"%PDF-")
    expect(rosa.get_by_text("Listo. El PDF está en tus descargas")).to_be_visible()


def test_phrases_and_services_keep_the_draft(place: Place) -> None:
    """A phrase and a card go to where the cursor is; a card can go out alone, and what was typed is
    still there after a reload."""
    rosa = place.counselor("Rosa")
    her = place.person("hola", "si", "necesito una abogada", "Iquitos", "quiero hablar con alguien")
    rosa.get_by_role("button", name="Atender").click()
    box = rosa.get_by_label("Tu respuesta")
    box.fill("Hola.")
    rosa.locator("#phrases summary").click()
    rosa.get_by_placeholder("Buscar una frase").fill("caminos")
    rosa.locator("#phrases li:visible button").click()
    expect(box).to_have_value("Hola. Tú decides. Yo te digo qué caminos hay.")
    rosa.locator("#offers summary").click()
    rosa.get_by_label("Qué, quién o dónde").fill("abogada")
    rosa.get_by_role("button", name="Buscar").click()
    expect(rosa.get_by_text("Cerca de: Iquitos")).to_be_visible()
    rosa.get_by_role("button", name="Poner en mi texto").first.click()
    expect(box).to_have_value(re.compile(r"^Hola\. Tú decides.+\n\n.+1884", re.DOTALL))
    typed = box.input_value()
    offer = rosa.locator(".offer").nth(1)
    name = offer.locator(".text").inner_text().split(" · ")[0]
    shown = her.get_by_text(name).count()
    offer.get_by_role("button", name="Enviar ahora").click()
    expect(her.get_by_text(name)).to_have_count(shown + 1)
    expect(rosa.locator("#notice")).to_have_text("Enviado.")
    rosa.reload()
    expect(box).to_have_value(typed)


def test_covered_texts_open_one_by_one_by_keyboard(place: Place) -> None:
    """Covered, nothing of hers can be read until it is asked for; the rest stays covered."""
    rosa = place.counselor("Rosa")
    her = place.person()
    rosa.get_by_role("button", name="Atender").click()
    reply(rosa, "Te leo")
    expect(her.get_by_text("Te leo")).to_be_visible()
    for text in ("lo primero", "lo segundo"):
        say_quietly(her, text)
    expect(rosa.get_by_text("lo segundo")).to_be_visible()
    rosa.get_by_role("button", name="Cubrir textos").click()
    blurred = "e => getComputedStyle(e).filter"
    first, second = rosa.get_by_text("lo primero"), rosa.get_by_text("lo segundo")
    assert "blur" in first.evaluate(blurred)
    first.focus()
    rosa.keyboard.press("Enter")
    assert "blur" not in first.evaluate(blurred)
    assert "blur" in second.evaluate(blurred)
    say_quietly(her, "lo tercero")
    expect(rosa.get_by_text("lo tercero")).to_be_visible()
    assert "blur" in rosa.get_by_text("lo tercero").evaluate(blurred)
    assert "blur" not in first.evaluate(blurred)


def test_all_by_keyboard(place: Place) -> None:
    """From the queue to a sent reply without a pointer; Enter sends."""
    rosa = place.counselor("Rosa")
    her = place.person()
    expect(rosa.get_by_role("button", name="Atender")).to_be_visible()
    reach(rosa, "Atender")
    rosa.keyboard.press("Enter")
    expect(rosa.get_by_role("log")).to_be_visible()
    reach(rosa, "Tu respuesta")
    rosa.keyboard.type("Con el teclado")
    rosa.keyboard.press("Enter")
    expect(her.get_by_text("Con el teclado")).to_be_visible()


def reach(page: Page, label: str) -> None:
    """Press Tab until the focus is on what has this name."""
    for _ in range(40):
        page.keyboard.press("Tab")
        name = page.evaluate(
            "(e => e.getAttribute('aria-label') || e.textContent)(document.activeElement)"
        )
        if str(name).strip().startswith(label):
            return
    raise AssertionError(f"no way to «{label}» by keyboard")
