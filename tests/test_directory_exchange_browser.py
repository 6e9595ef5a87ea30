"""A spreadsheet's way in a real browser: downloaded, changed, looked at, imported, undone."""

from __future__ import annotations

from pathlib import Path

import pytest
from browsing import CHROMIUM, Place, browser, place  # fixtures: a browser, a service on a port
from openpyxl import load_workbook
from playwright.sync_api import expect
from test_directory_browser import PHONE, WIDE, fits, member

__all__ = ["browser", "place"]
pytestmark = pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here")

CHANGED, BROKEN = "CEM26-160101-C1", "CEM26-010101-R1"


def edit(path: Path) -> None:
    """Two cells changed as an editor would, and one that no file should have."""
    book = load_workbook(path)
    page = book.worksheets[0]
    columns = [cell.value for cell in page[1]]
    rows = {row[0].value: row for row in page.iter_rows(min_row=2)}
    rows[CHANGED][columns.index("phones")].value = "(065) 999-999"
    rows[CHANGED][columns.index("alert")].value = "Pregunta por recepción"
    rows[BROKEN][columns.index("hours")].value = "=A1"
    book.save(path)


def test_out_changed_looked_at_imported_and_undone(place: Place, tmp_path: Path) -> None:
    """Only what was changed is in the report; a broken row is told, and can be left out."""
    rosa = member(place, "Rosa", PHONE, "dark")
    rosa.goto("/directory/export")
    fits(rosa, PHONE)
    with rosa.expect_download() as waiting:
        rosa.get_by_role("link", name="Excel").first.click()
    file = tmp_path / "servicios.xlsx"
    waiting.value.save_as(file)
    edit(file)

    rosa.goto("/directory/import")
    fits(rosa, PHONE)
    rosa.get_by_label("Archivo").set_input_files(file)
    rosa.get_by_label("Cómo se sabe").fill("llamamos a todos")
    rosa.get_by_role("button", name="Ver qué cambia").click()
    expect(rosa.get_by_text("Cambian: 1")).to_be_visible()
    expect(rosa.get_by_text("hay una fórmula")).to_be_visible()
    expect(rosa.locator("ins")).to_have_text(["Pregunta por recepción", "(065) 999-999"])
    fits(rosa, PHONE)
    rosa.set_viewport_size({"width": WIDE, "height": 800})
    fits(rosa, WIDE)
    rosa.get_by_role("button", name="dejar fuera").click()
    expect(rosa.get_by_text("Importado.")).to_be_visible()
    expect(rosa.get_by_text("Importación 1: llamamos a todos")).to_be_visible()
    fits(rosa, WIDE)
    rosa.get_by_role("button", name="Deshacer").click()
    expect(rosa.get_by_text("La importación se deshizo.")).to_be_visible()
    expect(rosa.get_by_role("button", name="Deshacer")).to_have_count(0)
    rosa.set_viewport_size({"width": PHONE, "height": 740})
    fits(rosa, PHONE)
