"""The silence contract: no message without a cause, at no hour she did not agree to."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

import pytest
from service import MONDAY_NIGHT, Service
from sqlalchemy import Connection, insert, select

from bot import counseling, retention
from bot.errors import HandoffRefused
from bot.models import Handoff, Staff

COUNSELOR = 1
KNOCK = "Hola, ya puedo responderte. ¿Es buen momento?"
ANSWER = "Soy Ana del equipo, te leo"
WEEK_AND_TWO_DAYS = timedelta(days=9, hours=1)


async def ask_for_a_person(service: Service, writing_first: str) -> int:
    """She asks for a counselor, who takes the case; the handoff's id."""
    await say(service, "hola", "si", "quiero hablar con alguien", "enviar", writing_first)
    return await do(service, claim)  # type: ignore[no-any-return]


async def say(service: Service, *texts: str) -> None:
    """She writes on Telegram, and reads each answer."""
    for text in texts:
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()


async def do(service: Service, work: Any, *given: Any) -> Any:
    """Something a counselor does, as the console will: in the store's worker."""
    return await service.store.worker.run(lambda connection: work(service, connection, *given))


def claim(service: Service, connection: Connection) -> int:
    row = {"id": COUNSELOR, "name": "Ana", "role": "counselor", "created_at": service.clock()}
    connection.execute(insert(Staff).values(**row))
    handoff_id = connection.scalars(select(Handoff.id)).one()
    counseling.claim(service.house, connection, handoff_id, COUNSELOR)
    return handoff_id


def reply(service: Service, connection: Connection, handoff_id: int, text: str = ANSWER) -> None:
    counseling.reply(service.house, connection, handoff_id, COUNSELOR, text)


async def test_an_answer_in_time_goes_out(service: Service) -> None:
    """Within ten minutes of her last message a counselor's words reach her at once, silently."""
    handoff_id = await ask_for_a_person(service, "No, yo escribo")
    await do(service, reply, handoff_id)
    await service.until(lambda: ANSWER in "\n".join(service.shown()))
    assert all(sent["disable_notification"] for sent in service.bot.double.sent)


@pytest.mark.parametrize(
    ("agreed", "knocks_at_night", "knocks_by_day"),
    [
        ("A cualquier hora", True, True),
        ("Solo de día", False, True),
        ("No, yo escribo", False, False),
    ],
)
@pytest.mark.parametrize("is_night", [True, False])
async def test_a_late_answer_waits(
    service: Service, agreed: str, knocks_at_night: bool, knocks_by_day: bool, is_night: bool
) -> None:
    """After ten silent minutes a counselor's words are held; a neutral knock goes out once, and
    only at hours she agreed to; her next message releases what was held."""
    if not is_night:
        service.clock.advance(hours=12)
    handoff_id = await ask_for_a_person(service, agreed)
    before = len(service.shown())
    service.clock.advance(minutes=11)
    await do(service, reply, handoff_id)
    await do(service, reply, handoff_id, "otra cosa")
    service.clock.advance(seconds=2)
    await service.settled()
    knocks = knocks_at_night if is_night else knocks_by_day
    assert service.shown()[before:] == ([KNOCK] if knocks else [])
    assert service.ask("SELECT count(*) FROM outbox WHERE status = 'held'") == [(2,)]
    await say(service, "si")
    service.clock.advance(seconds=2)
    await service.until(lambda: "otra cosa" in "\n".join(service.shown()[before:]))
    assert ANSWER in "\n".join(service.shown())


@pytest.mark.parametrize("leaving", ["salir", "borrar"])
async def test_nobody_writes_after_she_left(service: Service, leaving: str) -> None:
    """What a counselor wrote before she left is void, and afterwards nobody may write."""
    handoff_id = await ask_for_a_person(service, "A cualquier hora")
    service.clock.advance(minutes=11)
    await do(service, reply, handoff_id)
    await service.settled()
    await service.tell(leaving)
    if leaving == "borrar":
        await service.tell("si")
    with pytest.raises(HandoffRefused):
        await do(service, reply, handoff_id)
    service.clock.advance(hours=1)
    await service.settled()
    assert ANSWER not in "\n".join(form["text"] for form in service.bot.called("sendMessage"))


async def test_an_answer_outlives_its_counselor(service: Service) -> None:
    """Words that were held still come with her next message when the case was closed meanwhile."""
    handoff_id = await ask_for_a_person(service, "A cualquier hora")
    service.clock.advance(minutes=11)
    await do(service, reply, handoff_id)
    await do(service, close, handoff_id)
    await service.settled()
    assert ANSWER not in "\n".join(service.shown())
    await say(service, "si")
    service.clock.advance(seconds=2)
    await service.until(lambda: ANSWER in "\n".join(service.shown()))


def close(service: Service, connection: Connection, handoff_id: int) -> None:
    counseling.close(service.house, connection, handoff_id, COUNSELOR, "done")


@pytest.mark.parametrize("agreed", ["A cualquier hora", "No, yo escribo"])
async def test_nobody_came(service: Service, agreed: str) -> None:
    """When a handoff expires unanswered nothing goes out by itself, and when she comes back she is
    greeted neutrally."""
    await say(service, "hola", "si", "quiero hablar con alguien", "enviar", agreed)
    sent = len(service.bot.called("sendMessage"))
    service.clock.advance(seconds=WEEK_AND_TWO_DAYS.total_seconds())
    expired = await service.store.worker.run(
        lambda connection: counseling.expire_due(service.house, connection, service.clock())
    )
    assert expired == 1
    service.clock.advance(seconds=2)
    await service.settled()
    assert len(service.bot.called("sendMessage")) == sent
    await say(service, "hola")
    (greeting,) = service.bot.called("sendMessage")[sent:]
    assert "calma" in greeting["text"]


async def test_time_alone_sends_nothing(service: Service) -> None:
    """Purging, expiring and forty days of silence send nothing to anybody."""
    await say(service, "hola", "si", "me cobran cupo")
    sent = len(service.bot.called("sendMessage"))
    for days in (0.02, 0.5, 1, 7, 40):
        service.clock.advance(days=days)
        await service.store.worker.run(
            lambda connection: counseling.expire_due(service.house, connection, service.clock())
        )
        retention.purge(service.store, service.house.vault, timedelta(hours=24), service.clock())
        await service.settled()
    assert len(service.bot.called("sendMessage")) == sent
    assert not any(service.rows().values())
    assert service.clock() - MONDAY_NIGHT > timedelta(days=40)
