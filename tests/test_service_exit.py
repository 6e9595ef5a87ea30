"""Leaving: what waits is void, what is under way is taken back, what was kept is gone."""

from __future__ import annotations

import asyncio
import time
from datetime import timedelta

import pytest
from posting import telegram_body, whatsapp_form
from service import CHAT, PHONE, Service

from bot import retention

SAFE = ("hola", "si")
WORD = ("privacidad", "Palabra de bolsillo", "mandarina")
COVER = "Listo. Gracias por escribir."
POCKET_COVER = "No entendí. ¿Puedes escribir de nuevo?"
DOOR = "Está bien. Escríbeme cuando quieras. Si es urgente, manda 1."
ERASED = "Listo. Ya no queda nada aquí."
WITHIN = 5.0
"""Seconds after which nothing of hers can be read (SAFETY 7)."""

WAYS = {
    "exit": (SAFE, ("mis derechos", "menu"), "salir", COVER),
    "pocket word": ((*SAFE, *WORD), ("mis derechos", "menu"), "Mandarina", POCKET_COVER),
    "not now": (("hola",), ("no se", "que dices"), "ahora no", DOOR),
    "erase": ((*SAFE, "borra todo"), (), "si", ERASED),
    "erase in the middle": (SAFE, ("mis derechos", "borra todo"), "borrar", ERASED),
}


@pytest.fixture(autouse=True)
def sweep_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """Copies at the providers are asked to be deleted at once, not after seconds."""
    monkeypatch.setattr("bot.delivery.SWEEP_EVERY", 0.05)


async def play(service: Service, *texts: str) -> None:
    """She writes, reads the answer, and writes again; the seconds between do not pass for us."""
    for text in texts:
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()


@pytest.mark.parametrize("way", WAYS)
async def test_nothing_follows_but_the_cover(service: Service, way: str) -> None:
    """What was pending is never sent, what was on its way to Telegram is deleted there when its id
    arrives, and after the leaving word only the cover goes out."""
    before, pending, leaving, cover = WAYS[way]
    await play(service, *before)
    service.clock.advance(seconds=2)
    service.bot.hold()
    for text in pending:
        await service.tell(text)
    if pending:
        already = len(before) + 1
        await service.until(lambda: len(service.bot.called("sendMessage")) == already)
    under_way = service.bot.double.sent[-1]["message_id"]
    sent = len(service.bot.called("sendMessage"))
    await service.tell(leaving)
    service.bot.release()
    service.clock.advance(seconds=2)
    await service.until(lambda: len(service.bot.called("sendMessage")) > sent, "the cover")
    await service.settled()
    after = [form["text"] for form in service.bot.called("sendMessage")[sent:]]
    assert after == [cover]
    if pending:
        await service.until(lambda: str(under_way) in deleted(service), "a deletion")


def deleted(service: Service) -> set[str]:
    """Message ids that Telegram was asked to delete."""
    return {form["message_id"] for form in service.bot.called("deleteMessage")}


async def test_exit_clears_the_chat(service: Service) -> None:
    """After `salir` every message of the chat, hers and ours, is deleted but the cover."""
    await play(service, *SAFE, "mis derechos", "salir")
    await service.until(lambda: service.shown() == [COVER])
    hers = {str(number % 1_000_000) for number in range(870_000_001, 870_000_004)}
    await service.until(lambda: hers <= deleted(service))


async def test_twilio_keeps_nothing(service: Service) -> None:
    """Her record at Twilio goes as soon as the turn is stored, ours when its status is final."""
    await service.write("hola")
    await service.until(lambda: len(service.written()) == 1)
    (ours,) = service.outgoing()
    await service.until(lambda: service.twilio.double.messages == [ours], "her record deleted")
    await service.report(ours["sid"], "delivered")
    await service.until(lambda: service.twilio.double.messages == [], "our record deleted")


async def test_erase_at_twilio(service: Service) -> None:
    """Erasing also deletes what is left at Twilio, and only the confirmation follows."""
    for text in (*SAFE, "borra todo"):
        await service.write(text)
        await service.settled()
        await service.report(service.outgoing()[-1]["sid"], "delivered")
    await service.write("si")
    await service.until(lambda: service.written()[-1:] == [ERASED])
    await service.until(lambda: [m["body"] for m in service.twilio.double.messages] == [ERASED])


async def test_erase_leaves_no_row_and_no_byte(service: Service) -> None:
    """Within five seconds of `borrar` no row, no key and no sealed byte of hers is on disk; what
    stays are marks of message ids, tied to nobody."""
    await play(service, *SAFE, "me cobran cupo en la avenida", "quiero hablar con alguien")
    await play(service, "Enviar", "Solo de día", "borra todo")
    sealed = [
        row[0]
        for query in (
            "SELECT address_sealed FROM contact",
            "SELECT memory_sealed FROM conversation",
            "SELECT body_sealed FROM message",
            "SELECT payload_sealed FROM outbox WHERE payload_sealed IS NOT NULL",
            "SELECT summary_sealed FROM handoff WHERE summary_sealed IS NOT NULL",
        )
        for row in service.ask(query)
    ]
    (contact_id,) = service.ask("SELECT id FROM contact")[0]
    (wrapped,) = service.ask(
        f"SELECT wrapped FROM contact_key WHERE contact_id = {contact_id}",  # noqa: S608 - a number
        "keys.db",
    )[0]
    assert len(sealed) > 8
    assert on_disk(service, [*sealed, wrapped]) == [*sealed, wrapped]
    began = time.monotonic()
    await service.tell("si")
    await service.until(lambda: service.shown()[-1] == ERASED)
    rows = service.rows()
    marks = rows.pop("received_id")
    rows.pop("handoff")
    assert not any(rows.values())
    assert service.ask("SELECT contact_id, summary_sealed, nickname FROM handoff") == [
        (None, None, None)
    ]
    assert marks >= 8
    while on_disk(service, [*sealed, wrapped]):  # a reader may have been in the way of truncating
        assert time.monotonic() - began < WITHIN
        await asyncio.sleep(0.05)


def on_disk(service: Service, values: list[bytes]) -> list[bytes]:
    """Which of the bytes lie in any file of the service."""
    files = [path.read_bytes() for path in (service.folder / "var").iterdir()]
    return [value for value in values if any(value in content for content in files)]


async def test_a_repeat_after_erasing_creates_nothing(service: Service) -> None:
    """Messages that Telegram or Twilio repeat, and statuses that come late, make no row for seven
    days; then their marks go too."""
    await service.tell("hola", update_id=870_123_001)
    await play(service, "borra todo", "si")
    sid = await service.write("hola")
    await service.until(lambda: len(service.written()) == 1)
    ours = service.outgoing()[0]["sid"]
    await service.report(ours, "sent")
    for text in ("borra todo", "si"):
        await service.write(text)
        await service.settled()
    await service.until(lambda: not service.rows()["contact"])
    kept = service.rows()
    for days in (0, 6):
        service.clock.advance(days=days)
        await service.tell("hola", update_id=870_123_001)
        form = whatsapp_form(sid, PHONE, Body="hola")
        assert (await service.form(form)).status_code == 200
        late = {"MessageSid": ours, "MessageStatus": "delivered"}
        assert (await service.form(late, "/webhooks/twilio/status")).status_code == 204
        assert service.rows() == kept
    service.clock.advance(days=1, hours=1)
    now = service.clock()
    retention.purge(service.store, service.house.vault, timedelta(hours=24), now)
    assert service.rows()["received_id"] == 0


async def test_a_tap_after_leaving(service: Service) -> None:
    """A button of a session that was left leads to the neutral greeting, never to its topic."""
    await play(service, *SAFE)
    old = service.button("Sí")
    await play(service, "salir", "hola")
    body = telegram_body("button", 870_500_001, CHAT, data=old, callback_id="1")
    assert (await service.update(body)).status_code == 200
    service.clock.advance(seconds=2)
    await service.settled()
    assert "calma" in service.shown()[-1]


async def test_leaving_the_web(service: Service) -> None:
    """The quick exit leads to the weather and drops the cookie; coming back shows nothing old."""
    headers = {"origin": str(service.client.base_url).rstrip("/")}
    await service.client.get("/")
    for text in (*SAFE, "me cobran cupo"):
        answer = await service.client.post("/web/messages", json={"text": text}, headers=headers)
        assert answer.status_code == 200
    assert "cupo" in answer.text or "1818" in answer.text
    token = dict(service.client.cookies)
    left = await service.client.get("/web/exit")
    assert left.status_code == 303
    assert "senamhi" in left.headers["location"]
    assert not service.client.cookies
    for kept in ({}, token):
        service.client.cookies.update(kept)
        page = await service.client.get("/")
        assert "cupo" not in page.text
        assert "1818" not in page.text
