"""The referral form: with her consent only, as an accessible PDF, and nowhere afterwards."""

from __future__ import annotations

import hashlib
import io
import logging
import re
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
import pypdf
import pytest
from counselor import Counselor, hire
from service import MONDAY_NIGHT, Service
from sqlalchemy import select
from test_console import ask

from bot import referral
from bot.console.sessions import MAX_BODY, MAX_FIELDS
from bot.engine.loader import load
from bot.errors import Unprintable
from bot.models import AuditEntry

ROOT = Path(__file__).parents[1]
PHRASES = load(ROOT / "flows").phrases
WHOLE: dict[str, str] = {
    "organization": "UNODC",
    "consent": referral.WORDING,
    "risk": "high",
    "kind": "transfer",
    "sex": "other",
}
for number, blank in enumerate(referral.blanks()):
    WHOLE[blank.name] = f"canario{number}ñandú"[: blank.longest]
for need in referral.NEEDS:
    WHOLE[f"need_{need}"] = "1"
LEAST = {name: WHOLE[name] for name in ("organization", "consent", "risk", "kind")}
TRICKS = '#read("/etc/passwd") *b* _i_ $x^2$ <a> @b \\ ` // /* */ "q" -- ]#panic()['


def say(name: str) -> str:
    """A phrase of the form."""
    return PHRASES[f"referral.{name}"]


def pdf(fields: Mapping[str, str]) -> pypdf.PdfReader:
    """The form of these fields."""
    return pypdf.PdfReader(io.BytesIO(referral.compose(fields, say, MONDAY_NIGHT)))


def text_of(reader: pypdf.PdfReader) -> str:
    """What stands in it, its lines made one."""
    return " ".join(" ".join(page.extract_text() for page in reader.pages).split())


def tags(node: Any) -> list[str]:
    """The kinds of a document's parts, in order of reading."""
    node = node.get_object() if hasattr(node, "get_object") else node
    if isinstance(node, list):
        return [tag for each in node for tag in tags(each)]
    if not isinstance(node, dict):
        return []
    own = [str(node["/S"])] if "/S" in node else []
    return own + (tags(node["/K"]) if "/K" in node else [])


# -- the document -------------------------------------------------------------------------------


def test_every_field_stands_in_the_pdf() -> None:
    """Each value beside its label, all criteria, risk with its time, and the declaration."""
    said = text_of(pdf(WHOLE))
    for one in referral.blanks():
        # A long word may be broken in lines.
        assert WHOLE[one.name] in said or WHOLE[one.name] in said.replace(" ", ""), one.name
    for need in referral.NEEDS:
        assert say(f"need_{need}") in said
    assert "en 3 días como máximo" in said
    assert "Transferencia: el caso pasa" in said
    assert "consentimiento para compartir esta información con: UNODC" in said
    assert "23/11/2026, 22:00" in said


def test_the_pdf_is_accessible() -> None:
    """PDF/UA-1: tagged, a title, its language, headings, a table with a header row."""
    reader = pdf(WHOLE)
    root: Any = reader.trailer["/Root"]
    assert root["/Lang"] == "es-PE"
    assert root["/MarkInfo"]["/Marked"]
    assert root["/ViewerPreferences"]["/DisplayDocTitle"]
    assert reader.metadata is not None
    assert reader.metadata.title == say("title")
    assert b"pdfuaid:part" in root["/Metadata"].get_object().get_data()
    found = tags(root["/StructTreeRoot"])
    assert found.count("/H1") == 1
    assert found.count("/H2") == 11
    assert found.count("/TH") == 4
    assert found.count("/TR") == 1 + referral.FAMILY
    assert "/LI" in found


def test_what_was_typed_is_only_text() -> None:
    """No code, no markup, no file is read; marks that turn the reading are taken out."""
    fields = LEAST | {
        "name": TRICKS,
        "summary": f"{TRICKS}\nsegunda línea \u202eabc",
        "need_other": "x" * 240,
    }
    said = text_of(pdf(fields))
    assert said.count(TRICKS) == 2
    assert "root:" not in said
    assert "\u202e" not in said


def test_an_empty_form_says_so_and_a_long_word_fits() -> None:
    """Without more than what must be: dashes, no table; a word without end is broken in lines."""
    reader = pdf(LEAST | {"wanted": "a" * 2_000})
    root: Any = reader.trailer["/Root"]
    assert "/TH" not in tags(root["/StructTreeRoot"])
    assert "Nombre y apellidos: —" in text_of(reader)
    lines = [line for page in reader.pages for line in page.extract_text().splitlines()]
    assert max(len(line) for line in lines) < 200


@pytest.mark.parametrize("letter", ["中", "😀"])
def test_a_letter_that_cannot_be_shown_is_named(letter: str) -> None:
    """Instead of a form with holes."""
    with pytest.raises(Unprintable, match=letter) as caught:
        pdf(LEAST | {"summary": f"se llama {letter}"})
    assert caught.value.__cause__ is None
    assert "se llama" not in str(caught.value)


def test_the_wording_has_a_name() -> None:
    """Whoever changes the sentence of consent gives it a new name."""
    known = {"ficha-2026-11": "8e24c0075631a24c"}
    digest = hashlib.sha256(say("ask").encode()).hexdigest()[:16]
    assert known[referral.WORDING] == digest


def test_a_full_form_can_be_posted() -> None:
    """Fields filled to their ends pass the limits of a form."""
    full = [one.longest * 9 + len(one.name) + 2 for one in referral.blanks()]
    assert sum(full) + 4_000 < MAX_BODY
    assert len(full) + len(referral.NEEDS) + 10 < MAX_FIELDS


# -- the page -----------------------------------------------------------------------------------


async def taken(service: Service) -> tuple[Counselor, str]:
    """A counselor with a case; the path of its form."""
    rosa = await hire(service, "Rosa")
    path = f"/console/cases/{await ask(service)}"
    assert (await rosa.post(f"{path}/claim")).status_code == 303
    return rosa, f"{path}/referral"


def problems_of(answer: httpx.Response) -> list[str]:
    """What a page says is wrong."""
    return re.findall(r'<li class="wrong">(?:<a [^>]*>)?([^<]+)', answer.text)


async def test_the_form_comes_empty_and_says_what_is_kept(service: Service) -> None:
    """Nothing is filled in, no browser is to remember it, and the end of the session is told."""
    rosa, path = await taken(service)
    page = (await rosa.get(path)).text
    assert "Nada de esta ficha se guarda" in page
    assert "Tu sesión termina a las 06:0" in page
    fields = re.findall(r"<(?:input|textarea)\b[^>]*>[^<]*", page)
    typed = [one for one in fields if "hidden" not in one and "type=" not in one]
    assert len(typed) == len(list(referral.blanks()))
    assert all('autocomplete="off"' in one for one in typed)
    assert all('value=""' in one or one.startswith("<textarea") for one in typed)
    assert "checked" not in page
    assert " selected" not in page


async def test_made_answered_recorded(service: Service) -> None:
    """The PDF comes in the same answer, kept by no cache; who, to whom and by which consent."""
    rosa, path = await taken(service)
    answer = await rosa.post(path, **WHOLE)
    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/pdf"
    assert answer.headers["cache-control"] == "no-store"
    assert answer.headers["content-disposition"] == 'attachment; filename="ficha.pdf"'
    assert WHOLE["summary"] in text_of(pypdf.PdfReader(io.BytesIO(answer.content)))
    with service.store.read() as connection:
        last = select(AuditEntry.action, AuditEntry.subject, AuditEntry.reason)
        row = connection.execute(last.order_by(AuditEntry.id.desc()).limit(1)).one()
    assert tuple(row) == ("referral", path.split("/")[3], "ficha-2026-11 · transfer · UNODC")


WRONG = (
    ({"consent": ""}, "Falta su permiso"),
    ({"consent": "ficha-2020-01"}, "Falta su permiso"),
    ({"organization": "María Quispe, DNI 4"}, "Falta elegir la organización"),
    ({"risk": ""}, "Falta el nivel de riesgo"),
    ({"kind": "other"}, "Falta decir si es referencia"),
    ({"sex": "x"}, "Elige el sexo"),
    ({"summary": "ñ" * 6_000}, "«Resumen del caso» pasa de 4000 caracteres"),
    ({"wanted": "nombre 中"}, "El PDF no puede mostrar «中»"),
)


async def test_what_is_wrong_is_said_and_nothing_typed_is_lost(service: Service) -> None:
    """On the page with everything that was typed; by our script as one sentence."""
    rosa, path = await taken(service)
    for missing, sentence in WRONG:
        fields = WHOLE | missing
        answer = await rosa.post(path, **fields)
        assert answer.status_code == 422, sentence
        assert any(sentence in said for said in problems_of(answer)), sentence
        for one in referral.blanks():
            assert fields[one.name] in answer.text, (sentence, one.name)
        assert answer.text.count(" checked") >= len(referral.NEEDS), sentence
        live = await rosa.live(path, **fields)
        assert (live.status_code, sentence in live.text) == (422, True)
    with service.store.read() as connection:
        assert "referral" not in connection.scalars(select(AuditEntry.action)).all()


async def test_only_the_counselor_of_the_case(service: Service) -> None:
    """A colleague, and a supervisor too, gets 403, and it is recorded."""
    _, path = await taken(service)
    for name, role in (("Ana", "counselor"), ("Marta", "supervisor")):
        other = await hire(service, name, role)
        assert (await other.get(path)).status_code == 403
        assert (await other.post(path, **WHOLE)).status_code == 403
    with service.store.read() as connection:
        deeds = connection.scalars(select(AuditEntry.action)).all()
    assert deeds.count("refused_case") == 4


async def test_a_session_that_ended_is_told(service: Service) -> None:
    """Without script the sign-in says that the form was not sent and nothing was kept."""
    rosa, path = await taken(service)
    form = re.search(r'name="form" value="(\w+)"', (await rosa.get(path)).text)
    assert form is not None
    service.clock.advance(minutes=31)
    answer = await rosa.client.post(path, data={"form": form[1], **WHOLE})
    assert (answer.status_code, answer.headers["location"]) == (303, "/console/signin?over")
    assert "no se envió" in (await rosa.get("/console/signin?over")).text
    live = await rosa.client.post(path, data=WHOLE, headers={"accept": "text/plain"})
    assert (live.status_code, "Tu sesión terminó" in live.text) == (403, True)


async def test_nothing_of_it_is_found_afterwards(
    service: Service,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
) -> None:
    """Not in the database, its write-ahead log, the keys, the logs at their most talkative, the
    output, or a temporary file; neither after a form that was made nor after refused ones."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    monkeypatch.setenv("TMPDIR", str(folder))
    with caplog.at_level(logging.DEBUG):
        rosa, path = await taken(service)
        assert (await rosa.post(path, **WHOLE)).status_code == 200
        for wrong in ({"consent": ""}, {"name": "canario中"}, {"summary": "canario" * 800}):
            assert (await rosa.post(path, **(WHOLE | wrong))).status_code == 422
        await rosa.client.post(path, data=WHOLE)
        metrics = await service.client.get("/metrics")
    kept = {one.name: one.read_bytes() for one in (service.folder / "var").iterdir()}
    assert {"kuska.db", "kuska.db-wal", "keys.db"} <= set(kept)
    output = capfd.readouterr()
    kept |= {
        "log": "\n".join(map(repr, caplog.records)).encode() + caplog.text.encode(),
        "output": (output.out + output.err).encode(),
        "metrics": metrics.content,
    }
    for name, content in kept.items():
        assert b"canario" not in content, name
    assert b"ficha-2026-11" in kept["kuska.db-wal"] + kept["kuska.db"]
    assert list(folder.iterdir()) == []
