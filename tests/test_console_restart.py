"""The service ends amid twenty live conversations: nothing is lost, nobody is told twice."""

from __future__ import annotations

import asyncio
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

from counselor import hire
from service import CHAT, Service, running
from sqlalchemy import select

from bot import cases, counseling, drafts, handoffs
from bot.models import Handoff, Staff

CHATS = range(CHAT + 100, CHAT + 120)
ASKING = ("hola", "si", "quiero hablar con alguien", "enviar", "a cualquier hora")


async def everybody(service: Service, *texts: str) -> None:
    """All twenty write the same, one after the other."""
    for text in texts:
        await asyncio.gather(*(service.tell(text, chat) for chat in CHATS))
        service.clock.advance(seconds=2)
        await service.settled()


def told(service: Service, text: str) -> Counter[int]:
    """How often each chat was shown it."""
    sent = service.bot.double.sent
    return Counter(int(each["chat_id"]) for each in sent if text in str(each["shown"]))


async def test_twenty_live_conversations_survive_a_restart(prepared: Path, tmp_path: Path) -> None:
    """Replies on their way arrive once, over both lives of the service; cases, texts and drafts are
    as they were, and go on."""
    first_folder, second_folder = tmp_path / "first", tmp_path / "second"
    async with running(prepared, first_folder) as service:
        service.bot.double.chats.update(CHATS)
        rosa = await hire(service, "Rosa")
        await everybody(service, *ASKING)
        waiting = ids(service, "waiting")
        assert len(waiting) == len(CHATS)
        rosa_id = await member_id(service, rosa.name)

        def take(connection: Any) -> None:
            for one in waiting:
                handoffs.claim(connection, one, rosa_id, service.clock())
                counseling.reply(service.house, connection, one, rosa_id, "Te leo, no estás sola")
                drafts.keep(service.house, connection, one, rosa_id, "y además", "1")

        await service.store.worker.run(take)
        before = told(service, "Te leo, no estás sola")
    before = told(service, "Te leo, no estás sola")

    async with running(first_folder, second_folder) as again:
        again.bot.double.chats.update(CHATS)
        again._ids = itertools.count(890_000_001)  # Telegram gives no update's number twice
        again.clock.advance(seconds=60)
        await again.settled()
        assert before + told(again, "Te leo, no estás sola") == Counter(dict.fromkeys(CHATS, 1))
        assert ids(again, "live") == waiting
        await everybody(again, "sigo aquí")
        with again.store.read() as connection:
            read = [cases.read(again.house, connection, one, again.clock()) for one in waiting]
        assert all(case is not None and case.draft == "y además" for case in read)
        texts = [[line.text for line in case.lines] for case in read if case is not None]
        assert all("sigo aquí" in each and "Te leo, no estás sola" in each for each in texts)


def ids(service: Service, status: str) -> list[int]:
    """Cases that stand so."""
    with service.store.read() as connection:
        found = select(Handoff.id).where(Handoff.status == status).order_by(Handoff.id)
        return list(connection.scalars(found))


async def member_id(service: Service, name: str) -> int:
    """Of somebody of the staff."""
    with service.store.read() as connection:
        return connection.scalars(select(Staff.id).where(Staff.name == name)).one()
