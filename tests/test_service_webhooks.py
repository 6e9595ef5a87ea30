"""The whole house: what a provider posts, to what the provider is asked to show."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from doubles.bot_api import RefusedError
from doubles.twilio_api import DroppedError
from posting import PAYLOADS, telegram_body, whatsapp_form
from service import CHAT, PHONE, Service

IQUITOS = (-3.7491, -73.2538)
COPIES = 50


async def test_hello_to_a_lawyer_on_telegram(service: Service) -> None:
    """Greeting, calm question by a tap, need and place in one sentence: a card that is honest about
    hours, with what is open now; every message silent, protected and without preview."""
    await service.tell("hola")
    await service.settled()
    callback = await service.tap("Sí")
    await service.settled()
    await service.tell("necesito una abogada en Iquitos")
    await service.settled()
    first, menu, card = service.shown()
    assert "asistente automático" in first
    assert "¿Puedes escribir con calma?" in first
    assert "¿Qué necesitas?" in menu
    for words in ("1884", "cerrado", "Abre mañana martes", "Abierto ahora", "Línea 100"):
        assert words in card
    assert callback in service.bot.double.answered
    for sent in service.bot.double.sent:
        assert sent["disable_notification"] is True
        assert sent["protect_content"] is True
        assert sent["link_preview_options"] == {"is_disabled": True}


async def test_hello_to_a_lawyer_on_whatsapp(service: Service) -> None:
    """The same by signed forms: buttons by a content resource, the answer by its id, and from every
    message a status call-back wanted."""
    await service.write("hola")
    await service.settled()
    (hello,) = service.outgoing()
    assert "¿Puedes escribir con calma?" in hello["body"]
    assert hello["form"]["StatusCallback"].endswith("/webhooks/twilio/status")
    await service.report(hello["sid"], "sent")
    calm = next(
        value
        for value in hello["form"]["ContentVariables"].split('"')
        if value.endswith("gate.calm")
    )
    tapped = service.twilio.double.arrive(PHONE, "Sí")["sid"]
    form = whatsapp_form(tapped, PHONE, Body="Sí", ButtonPayload=calm, ButtonText="Sí")
    assert (await service.form(form)).status_code == 200
    await service.settled()
    await service.report(service.outgoing()[-1]["sid"], "sent")
    await service.write("necesito una abogada en Iquitos")
    await service.until(lambda: any("1884" in text for text in service.written()))


async def test_a_shared_place(service: Service) -> None:
    """A location shared on Telegram is understood to the district, used, and kept nowhere."""
    for text in ("hola", "si", "necesito una psicologa"):
        await service.tell(text)
        await service.settled()
    await service.share(*IQUITOS)
    await service.until(lambda: len(service.shown()) == 4)
    assert "Morona 120, Iquitos · a 1 km" in service.shown()[-1]


async def test_danger_comes_first(service: Service) -> None:
    """A cry for help as the very first message gets the number at once, on both channels."""
    await service.tell("auxilio me quiere matar")
    await service.write("auxilio me quiere matar")
    await service.until(lambda: service.shown() and service.written())
    for shown in (service.shown()[0], service.written()[0]):
        assert "105" in shown
        assert "calma" not in shown


async def test_asking_for_a_person(service: Service) -> None:
    """The summary is shown, approved, and a handoff waits; the waiting text names lines."""
    for text in ("hola", "si", "quiero hablar con alguien"):
        await service.tell(text)
        await service.settled()
    for title in ("Enviar", "Solo de día"):
        await service.tap(title)
        await service.settled()
    assert service.ask("SELECT status, hours_ok FROM handoff") == [("waiting", "daytime")]
    assert "100" in service.shown()[-1]


async def test_her_language_and_a_voice_note(service: Service) -> None:
    """English is answered in English; a voice note gets an honest sentence."""
    await service.tell("hello I need help finding a lawyer please")
    await service.settled()
    assert "Escribe ES" in service.shown()[-1]
    voice = telegram_body("voice", 870_900_001, CHAT)
    assert (await service.update(voice)).status_code == 200
    await service.until(lambda: len(service.shown()) == 2)


@pytest.mark.parametrize("name", ["group_text", "channel_post", "edited", "button_in_group"])
async def test_what_is_nobodys_is_left_in_silence(service: Service, name: str) -> None:
    """Groups, channels and edits get 200, no answer, and leave no row."""
    before = service.rows()
    answer = await service.update(telegram_body_of(name))
    assert answer.status_code == 200
    assert service.rows() == before
    assert service.bot.calls == []


def telegram_body_of(name: str) -> bytes:
    """A recorded body as it is."""
    return (PAYLOADS / "telegram" / f"{name}.json").read_bytes()


async def test_fifty_copies_on_telegram(service: Service) -> None:
    """Of fifty copies of one update at once, one makes a turn and one reply; all get 200."""
    body = telegram_body("text", 870_777_001, CHAT, text="hola")
    answers = await asyncio.gather(*(service.update(body) for _ in range(COPIES)))
    assert {answer.status_code for answer in answers} == {200}
    await one_turn(service)
    assert len(service.bot.called("sendMessage")) == 1


async def test_fifty_copies_on_whatsapp(service: Service) -> None:
    """The same of a signed form."""
    form = whatsapp_form("SM" + "7" * 32, PHONE, Body="hola")
    answers = await asyncio.gather(*(service.form(form) for _ in range(COPIES)))
    assert {answer.status_code for answer in answers} == {200}
    await one_turn(service)
    assert len(service.outgoing()) == 1


async def test_fifty_copies_on_the_web(service: Service) -> None:
    """The same of a post of the page."""
    await service.client.get("/")
    posts = [post(service, {"text": "hola", "id": "one-and-the-same"}) for _ in range(COPIES)]
    answers = await asyncio.gather(*posts)
    # The pace of one session lets twenty through; the others are told so, and make nothing.
    assert {answer.status_code for answer in answers} <= {200, 429}
    assert sum(answer.status_code == 200 for answer in answers) >= 10
    await one_turn(service)
    page = await service.client.get("/")
    assert page.text.count("asistente automático") == 1


async def post(service: Service, body: Any) -> Any:
    """A post of the page, from the page."""
    headers = {"origin": str(service.client.base_url).rstrip("/")}
    return await service.client.post("/web/messages", json=body, headers=headers)


async def one_turn(service: Service) -> None:
    """Exactly one of everything is kept, and nothing waits."""
    await service.settled()
    rows = service.rows()
    assert {rows[table] for table in ("contact", "conversation", "message", "outbox")} == {1}
    assert rows["received_id"] == 1


async def test_order_on_telegram(service: Service) -> None:
    """Replies to messages that come faster than a second go out in the order of their turns, and
    not faster than a second, also when the first is refused for a while."""
    service.bot.double.failures.append(RefusedError(429, "Too Many Requests", retry_after=1))
    for text in ("hola", "si", "mis derechos"):
        await service.tell(text)
    await service.settled()
    first, second, third = service.shown()
    assert "calma" in first
    assert "necesitas" in second
    assert "Elige un tema" in third
    times = [row[0] for row in service.ask("SELECT sent_at FROM outbox ORDER BY position")]
    assert times[1] - times[0] >= 1_000
    assert times[2] - times[1] >= 1_000


async def test_order_on_whatsapp(service: Service) -> None:
    """The next message waits for the former's `sent`; a repeated or late status changes nothing."""
    await service.write("hola")
    await service.write("si")
    await service.until(lambda: len(service.written()) == 1)
    first = service.outgoing()[0]["sid"]
    waiting = "SELECT count(*) FROM outbox WHERE status = 'pending'"
    assert service.ask(waiting) == [(1,)]
    await service.report(first, "queued")
    assert service.ask(waiting) == [(1,)]
    await service.report(first, "sent")
    await service.until(lambda: len(service.written()) == 2)
    await service.report(first, "delivered")
    await service.report(first, "sent")
    status = "SELECT status FROM delivery ORDER BY sent_at LIMIT 1"
    assert service.ask(status) == [("delivered",)]


async def test_a_lost_answer_is_looked_for(service: Service) -> None:
    """On WhatsApp a send whose answer was lost is found at Twilio and not repeated."""
    await service.write("hola")
    await service.until(lambda: len(service.written()) == 1)
    await service.report(service.outgoing()[0]["sid"], "sent")
    service.twilio.double.failures.append(DroppedError())
    await service.write("si")
    await service.settled()
    assert len(service.written()) == 2
