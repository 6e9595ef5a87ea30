"""Canaries: what is planted in messages, profiles and addresses is found nowhere afterwards."""

from __future__ import annotations

import json
import logging
import tempfile
from pathlib import Path

import pytest
from doubles.bot_api import RefusedError
from doubles.twilio_api import RefusedError as TwilioRefusedError
from posting import PUBLIC_URL, SECRET, telegram_body, whatsapp_form
from service import PERSONAL, Service

from bot.backup import back_up
from bot.engine import actions
from bot.engine.turn import Engine

CHAT = 7700112233
NUMBER = "51912345678"
PHONE = f"whatsapp:+{NUMBER}"
WORD = "xilofonovioleta"
TEXT = f"mi nombre es {WORD} y vivo en jiron ornitorrinco 4711"
PLACE = {"latitude": -12.0464987, "longitude": -77.0428123}
CANARIES = (
    str(CHAT), NUMBER, NUMBER[2:], WORD, "ornitorrinco", "canary", "-12.0464987", "12.0464",
    "77.0428", "mandarina", SECRET, "123456:aahdq", "12345678901234567890123456789012",
)  # fmt: skip


@pytest.fixture(autouse=True)
def temporary(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Temporary files of the service lie where the test can look."""
    folder = tmp_path / "temporary"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    return folder


async def live_through(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that can happen to words and addresses, on every channel, and what goes wrong."""
    service.bot.double.chats.add(CHAT)
    for text in ("hola", "si", TEXT, "privacidad", "Palabra de bolsillo", "mandarina"):
        await service.tell(text, CHAT)
        service.clock.advance(seconds=2)
        await service.settled()
    for name in ("photo_with_caption", "contact_card", "voice", "document", "venue"):
        body = telegram_body(name, 870_100_000 + len(name), CHAT)
        assert (await service.update(body)).status_code == 200
    body = telegram_body("location", 870_100_999, CHAT, location=PLACE)
    assert (await service.update(body)).status_code == 200
    for text in ("necesito una abogada", "quiero hablar con alguien", "Escribirlo yo", TEXT):
        await service.write(text, PHONE)
    headers = {"origin": PUBLIC_URL}
    await service.client.get("/")
    told = ("necesito una abogada en iquitos", f"{WORD} no me contestan", "1", "nadie contestó")
    for text in ("hola", "si", TEXT, *told):
        await service.client.post("/web/messages", json={"text": text}, headers=headers)
    await go_wrong(service, monkeypatch)


async def go_wrong(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Refusals, failures and errors whose messages carry what should not be told."""
    service.bot.double.failures.append(RefusedError(400, f"Bad Request: {TEXT}"))
    service.twilio.double.failures.append(TwilioRefusedError(400, 63024, f"{PHONE} is invalid"))
    await service.tell(TEXT, CHAT)
    await service.write(TEXT, PHONE)
    broken = json.dumps({"update_id": 1, "message": {"text": TEXT, "chat": {"id": str(CHAT)}}})
    assert (await service.update(broken)).status_code == 422
    assert (await service.update(broken, "wrong")).status_code == 403
    form = whatsapp_form("SM1", f"{PHONE} {WORD}", Body=TEXT)
    assert (await service.form(form)).status_code == 422
    assert (await service.client.get(f"/{WORD}/{NUMBER}")).status_code == 404

    def explode(turn: object) -> None:
        raise LookupError(TEXT)

    monkeypatch.setitem(dict_of(actions.ALL), "draft_summary", explode)
    service.house.engine = Engine(service.house.flows)
    await service.tell("quiero hablar con alguien", CHAT + 1)
    await service.tell("si", CHAT + 1)


def dict_of(mapping: object) -> dict[str, object]:
    """The mapping itself, to be changed for a test."""
    assert isinstance(mapping, dict)
    return mapping


def files_of(folder: Path) -> dict[str, bytes]:
    """Every file of a folder, by name."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


async def test_nothing_planted_is_found(
    service: Service,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
    capfd: pytest.CaptureFixture[str],
    temporary: Path,
) -> None:
    """Not in the database, its write-ahead log, a backup, the keys, the logs at their most
    talkative, the process's output, the metrics, or a temporary file; states are not logged."""
    with caplog.at_level(logging.DEBUG):
        await live_through(service, monkeypatch)
        metrics = await service.client.get("/metrics")
    assert all(service.rows()[table] for table in PERSONAL if table != "handoff")
    assert metrics.status_code == 200
    found = files_of(service.folder / "var")
    assert {"kuska.db", "kuska.db-wal", "keys.db"} <= set(found)
    back_up(service.folder / "var" / "kuska.db", service.folder / "copy")
    found |= files_of(service.folder / "var") | {"backup": (service.folder / "copy").read_bytes()}
    output = capfd.readouterr()
    found |= {
        "log": "\n".join(map(repr, caplog.records)).encode() + caplog.text.encode(),
        "output": (output.out + output.err).encode(),
        "metrics": metrics.content,
    }
    assert b"turn failed: LookupError" in found["log"]
    assert b"find_service" not in found["log"]
    for name, content in found.items():
        lowered = content.lower()
        for canary in CANARIES:
            assert canary.lower().encode() not in lowered, (name, canary)
    assert not any(files_of(temporary))


async def test_metrics_are_nobodys_business(service: Service) -> None:
    """Figures only on loopback and not through a proxy, without topic, risk or language."""
    await service.tell("auxilio me quiere matar")
    forwarded = await service.client.get("/metrics", headers={"x-forwarded-for": "10.0.0.1"})
    assert forwarded.status_code == 403
    figures = (await service.client.get("/metrics")).text
    for word in ("danger", "safety", "urgent", "risk", "topic", "intent"):
        assert word not in figures
    assert 'kuska_turns{channel="telegram"} 1.0' in figures


async def test_answers_tell_nothing(service: Service) -> None:
    """Neither the service nor its refusals say what it is made of, or repeat what was posted."""
    for answer in (
        await service.update(json.dumps({"update_id": TEXT})),
        await service.form(whatsapp_form("", PHONE, Body=TEXT)),
        await service.client.get("/readyz"),
        await service.client.get("/healthz"),
    ):
        assert WORD not in answer.text
        assert NUMBER not in answer.text
        assert "server" not in answer.headers
        assert "traceback" not in answer.text.lower()
    for path in ("/docs", "/redoc", "/openapi.json"):
        assert (await service.client.get(path)).status_code == 404
