"""A confirmation link on a small telephone, without script: looking, correcting, one tap."""

from __future__ import annotations

from datetime import datetime

import pytest
from browsing import CHROMIUM, Place, browser, place  # fixtures: a browser, a service on a port
from playwright.sync_api import expect
from service import LIMA
from test_directory_browser import PHONE, fits

from directory.links import PATH, Signer

__all__ = ["browser", "place"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")

CENTRE = "CEM26-160101-C1"


def test_one_tap_needs_no_script_and_no_account(place: Place) -> None:
    """A wrong number is explained and kept in its field; "still right" is one tap, and once."""
    signer = Signer(lambda: place.settings.derive("confirmation"))
    path = f"{PATH}/{signer.token(CENTRE, datetime.now(LIMA))}"
    plain = place.open(path, PHONE, color_scheme="dark", java_script_enabled=False)
    plain.get_by_text("Hay algo que corregir").click()
    plain.get_by_label("Teléfonos").fill("12")
    plain.get_by_role("button", name="Enviar la corrección").click()
    expect(plain.get_by_label("Teléfonos")).to_have_value("12")
    expect(plain.get_by_label("Teléfonos")).to_have_attribute("aria-invalid", "true")
    checked = place.open(path, PHONE)
    checked.get_by_text("Hay algo que corregir").click()
    fits(checked, PHONE)
    plain.get_by_role("button", name="Sí, sigue igual").click()
    expect(plain.get_by_role("heading")).to_have_text("Gracias. Quedó confirmado con fecha de hoy.")
    checked.get_by_role("button", name="Sí, sigue igual").click()
    expect(checked.get_by_role("heading")).to_contain_text("ya se usó")
    fits(checked, PHONE)
    assert not place.troubles
