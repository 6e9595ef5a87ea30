"""A Telegram and a WhatsApp contact with two counselors in a real browser, the providers doubled on
127.0.0.1; and nothing of who she is in pages, streams, notifications, exports or logs."""

from __future__ import annotations

import io
import logging
import re
import zipfile
from pathlib import Path

import pypdf
import pytest
from browsing import CHROMIUM, Place, browser, reply
from contact import CHAT, NUMBER, Her, connected
from playwright.sync_api import Browser, Page, expect

__all__ = ["browser"]
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here"),
    pytest.mark.usefixtures("sent_at_once"),
]

CANARIES = (str(CHAT), NUMBER, NUMBER[2:], "CANARY", "canary")
"""Chat id, number, and the profile names that both recorded bodies carry."""
RECORD = """
  window.told = [];
  window.Notification = class {
    constructor(title, rest) { told.push(title + JSON.stringify(rest)); }
  };
  window.Notification.permission = "granted";
  Object.defineProperty(document, "hidden", {get: () => true});
"""


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
def test_a_contact_of_a_provider_and_two_counselors(
    browser: Browser,
    prepared: Path,
    tmp_path: Path,
    channel: str,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Both write both ways, she is handed on, and closed; her number, chat and profile are in no
    page, stream, notification, referral, export or log, neither a counselor's nor an admin's."""
    with (
        caplog.at_level(logging.DEBUG),
        connected(browser, prepared, tmp_path, channel) as (place, her),
    ):
        seen = meet(place, her)
    assert place.troubles == []
    output = capfd.readouterr()
    seen["log"] = caplog.text + "\n".join(map(repr, caplog.records)) + output.out + output.err
    for name, one in seen.items():
        assert not [canary for canary in CANARIES if canary in one], name


def meet(place: Place, her: Her) -> dict[str, str]:
    """From the queue to the end; what was seen on the way."""
    rosa, ana = place.counselor("Rosa"), place.counselor("Ana", "admin")
    rosa.add_init_script(RECORD)
    rosa.reload()
    rosa.get_by_role("button", name="Avisarme").click()
    her.ask()
    expect(rosa.get_by_role("button", name="Atender")).to_be_visible()
    seen = {
        "queue": rosa.content(),
        "its stream": stream_of(rosa, "/console/events"),
        "notification": "\n".join(rosa.evaluate("told")),
    }
    assert seen["notification"]
    rosa.get_by_role("button", name="Atender").click()
    reply(rosa, "Soy Rosa, te leo")
    her.until(lambda said: any("Soy Rosa, te leo" in one for one in said))

    her.write("gracias, tengo miedo")
    expect(rosa.get_by_text("gracias, tengo miedo")).to_be_visible()
    case = rosa.url.removeprefix(place.url)
    seen |= {"case": rosa.content(), "case's stream": stream_of(rosa, f"{case}/events")}
    seen["referral"] = referral_of(rosa, case)
    rosa.goto(case)

    rosa.get_by_text("Nota, pasar o cerrar").click()
    rosa.get_by_label("A quién").select_option(label="Ana · 0 en curso")
    rosa.get_by_role("button", name="Pasar a otra persona").click()
    expect(rosa.get_by_role("heading", name="Esperan")).to_be_visible()
    ana.get_by_role("link", name="Abrir").click()
    expect(ana.get_by_text("gracias, tengo miedo")).to_be_visible()
    reply(ana, "Soy Ana, ya leí todo")
    her.until(lambda said: any("Soy Ana" in one for one in said))
    ana.get_by_text("Nota, pasar o cerrar").click()
    ana.get_by_role("button", name="Cerrar la conversación").click()
    her.until(lambda said: any("otra vez el asistente" in one for one in said))
    ana.goto("/console/closed")
    ana.get_by_label("Motivo").select_option("follow_up")
    ana.get_by_role("button", name="Leer").click()
    expect(ana.get_by_text("gracias, tengo miedo")).to_be_visible()
    return {**seen, "closed": ana.content(), **everything(ana)}


def referral_of(page: Page, case: str) -> str:
    """What stands on the form's page and in the PDF made of it, one word in every blank."""
    page.goto(f"{case}/referral")
    source = page.content()
    for blank in page.locator("form input[type=text], form textarea").all():
        blank.fill("algo")
    page.get_by_label("Organización que la recibe").select_option(index=1)
    page.get_by_label("Ella aceptó").check()
    page.get_by_label("Normal:").check()
    page.get_by_label("Referencia:").check()
    with page.expect_download() as download:
        page.get_by_role("button", name="Hacer el PDF").click()
    reader = pypdf.PdfReader(download.value.path())
    written = "".join(part.extract_text() for part in reader.pages)
    assert "algo" in written
    return source + written + str(reader.metadata)


def everything(page: Page) -> dict[str, str]:
    """Every page and download that links of console and directory lead to, by its address; of
    addresses that differ only in an id or a query, the first."""
    waiting = ["/console", "/directory", "/metrics", "/api/hsds/services"]
    found, shapes = dict[str, str](), set[str]()
    while waiting:
        path = waiting.pop()
        shape = re.sub("(cases|services)/[^/]+", r"\1/ID", re.split("[?#]", path)[0])
        if shape in shapes:
            continue
        shapes.add(shape)
        answer = page.request.get(path)
        assert answer.status in (200, 403), (path, answer.status)
        found[path] = read(answer.body())
        waiting += re.findall(r'href="(/(?:console|directory|api)[^"]*)"', found[path])
    assert {"/console/statistics", "/directory/export/servicios.xlsx"} <= set(found)
    return found


def read(body: bytes) -> str:
    """A page or file as text; of a workbook, all its parts."""
    if not body.startswith(b"PK"):
        return body.decode(errors="replace")
    with zipfile.ZipFile(io.BytesIO(body)) as parts:
        return "".join(parts.read(name).decode(errors="replace") for name in parts.namelist())


def stream_of(page: Page, path: str) -> str:
    """The first part that a page's event stream brings."""
    return str(
        page.evaluate(
            """async (path) => {
              const reader = (await fetch(path)).body.getReader();
              let text = "";
              while (!text.includes("event: part")) {
                text += new TextDecoder().decode((await reader.read()).value);
              }
              reader.cancel();
              return text;
            }""",
            path,
        )
    )
