"""Spreadsheets over the editor's pages: looked at, agreed to, undone; what is wrong is told."""

from __future__ import annotations

import html
import json
import re
from collections.abc import Mapping

import httpx
from counselor import Counselor, hire
from directory_loaded import directory
from service import Service

from directory import sheet

IMPORT = "/directory/import"
HIDDEN = re.compile(r'name="(form|why|skip|file)" value="([^"]*)"')
FIRST, SECOND = [one.id for one in directory().listings if one.kind == "women_center" and one.lat][
    :2
]


async def upload(somebody: Counselor, content: bytes, name: str = "lista.csv") -> httpx.Response:
    """Send a file as the page's form does."""
    form = dict(HIDDEN.findall((await somebody.get(IMPORT)).text))["form"]
    return await somebody.client.post(
        IMPORT, data={"form": form, "why": "lista"}, files={"file": (name, content)}
    )


async def agree(somebody: Counselor, report: httpx.Response, **other: str) -> httpx.Response:
    """Press the button of the report; `other` fields are what a forged page would send."""
    fields = {name: html.unescape(value) for name, value in HIDDEN.findall(report.text)}
    return await send(somebody, f"{IMPORT}/keep", {**fields, **other})


async def send(somebody: Counselor, path: str, fields: Mapping[str, str]) -> httpx.Response:
    """A form with several parts and no file."""
    parts = {name: (None, value) for name, value in fields.items()}
    return await somebody.client.post(path, files=parts)


def said(service: Service, code: str) -> str | None:
    """The line on the card that the next person is shown."""
    row = service.house.directory.row(code)
    assert row is not None
    return row.alert


async def test_looked_at_agreed_to_and_undone_with_one_button(service: Service) -> None:
    """Looking keeps nothing; agreeing is seen by the next contact; one button takes it back."""
    rosa = await hire(service, "Rosa", "reviewer")
    text = f"id;teléfonos;aviso\n{FIRST};981300004;En obras\n{SECOND};{number()};\n"
    report = await upload(rosa, text.encode("cp1252"))
    assert report.status_code == 200
    assert "Fila 2" in report.text
    assert "Fila 3" not in report.text
    assert "<ins>981300004</ins>" in report.text
    assert said(service, FIRST) is None
    kept = await agree(rosa, report)
    assert kept.headers["location"] == f"{IMPORT}?done=kept"
    assert said(service, FIRST) == "En obras"
    waiting = (await rosa.get("/directory/review")).text
    assert "981300004" in waiting
    assert "con una hoja de cálculo" in waiting
    page = (await rosa.get(f"{IMPORT}?done=kept")).text
    assert "Importación 1: lista" in page
    form = dict(HIDDEN.findall(page))["form"]
    undone = await rosa.client.post(f"{IMPORT}/1/undo", data={"form": form})
    assert undone.headers["location"] == f"{IMPORT}?done=undone"
    assert said(service, FIRST) is None
    assert "981300004" not in (await rosa.get("/directory/review")).text


def number() -> str:
    row = directory().row(SECOND)
    assert row is not None
    return "; ".join(phone.text for phone in row.phones)


async def test_a_refused_row_is_left_out_only_on_purpose(service: Service) -> None:
    """The report names it; without the word nothing is imported."""
    rosa = await hire(service, "Rosa", "reviewer")
    report = await upload(rosa, f"id,alert\n{FIRST},En obras\n{SECOND},=1+1\n".encode())
    assert "hay una fórmula" in report.text
    assert "dejar fuera" in report.text
    refused = await agree(rosa, report, skip="0")
    assert refused.status_code == 200
    assert said(service, FIRST) is None
    await agree(rosa, report)
    assert said(service, FIRST) == "En obras"
    assert said(service, SECOND) is None


async def test_what_changed_since_it_was_looked_at_is_refused(service: Service) -> None:
    """The same file agreed to twice: the second finds the fields changed."""
    rosa = await hire(service, "Rosa", "reviewer")
    report = await upload(rosa, f"id,alert\n{FIRST},En obras\n".encode())
    await agree(rosa, report)
    again = await agree(rosa, report)
    assert "cambió mientras tanto; ahora dice «En obras»" in html.unescape(again.text)


async def test_a_file_that_cannot_be_read_is_one_sentence(service: Service) -> None:
    """Also one of 50 MB, which is heard to its end and not kept, and a page that was forged."""
    rosa = await hire(service, "Rosa", "reviewer")
    for content, sentence in (
        (b"", "está vacío"),
        (b"%PDF-1.7\x00", "no es una hoja de cálculo"),
        (b"x" * (11 * 2**20), "pesa 11 MB"),
    ):
        answer = await upload(rosa, content)
        assert (answer.status_code, sentence in answer.text) == (422, True)
    heavy = await upload(rosa, bytes(50 * 2**20), "a.xlsx")
    assert (heavy.status_code, "El máximo es 10 MB" in heavy.text) == (413, True)
    form = dict(HIDDEN.findall((await rosa.get(IMPORT)).text))["form"]
    forged = [{"number": 1, "service_id": FIRST, "is_new": False, "name": "a\u0000", "changes": []}]
    for packed in ("", "[]", "{", "[" * 5000, json.dumps(forged), '[{"number": 1}]'):
        answer = await send(rosa, f"{IMPORT}/keep", {"form": form, "file": packed})
        assert (answer.status_code, "Sube el archivo otra vez" in answer.text) == (422, True)
    for number in ("x", "9" * 30, "7"):
        answer = await rosa.client.post(f"{IMPORT}/{number}/undo", data={"form": form})
        assert (answer.status_code, "No hay ninguna importación" in answer.text) == (409, True)


async def test_another_site_cannot_import(service: Service) -> None:
    """A form without the session's token, or from elsewhere, is not read."""
    rosa = await hire(service, "Rosa", "reviewer")
    for form, headers in (("0" * 64, {}), ("", {"origin": "https://elsewhere.example"})):
        answer = await rosa.client.post(
            IMPORT, data={"form": form}, files={"file": ("a.csv", b"id\n")}, headers=headers
        )
        assert answer.status_code == 403
    plain = await rosa.client.post(IMPORT, data={"form": "x"})
    assert plain.status_code == 403
    broken = await rosa.client.post(
        IMPORT, content=b"--x", headers={"content-type": "multipart/form-data; boundary=x"}
    )
    assert broken.status_code in (400, 403)


async def test_the_directory_goes_out_as_a_file(service: Service) -> None:
    """Both forms, of all and of her own organization; counselors have no right to it."""
    rosa = await hire(service, "Rosa", "reviewer")
    assert (await rosa.get("/directory/export")).status_code == 200
    for name in ("servicios.csv", "servicios.xlsx"):
        answer = await rosa.get(f"/directory/export/{name}")
        assert answer.headers["content-disposition"] == f'attachment; filename="{name}"'
        assert len(sheet.read(answer.content).lines) == len(directory().listings)
    assert (await rosa.get("/directory/export/otra.pdf")).status_code == 409
    ines = await hire(service, "Inés", "counselor")
    assert (await ines.get("/directory/export/servicios.csv")).status_code == 403
