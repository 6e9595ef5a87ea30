"""Calls counselors who are not looking: a ping says that somebody waits, how urgently and in which
language, and where the console is. Never a nickname, a text or a topic.

Who waits is called once, an urgent one again every 2 minutes until somebody takes it (SAFETY 21).
What was called after `pinged_at` is what a counselor has not been told: this is the whole queue,
and nothing of it is part of anybody's turn. A ping that fails is tried again later.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, Connection, and_, exists, or_, select, update

from bot import duty, shifts
from bot.channels.base import Channel
from bot.counseling import MOST_CASES
from bot.errors import CommandRefused, SendError
from bot.house import House
from bot.mailing import Mailer
from bot.messages import Message
from bot.models import Contact, Handoff, Ping, Staff
from bot.pings import Pings
from bot.store import Store

_LOG = logging.getLogger("kuska.calling")
AGAIN = timedelta(minutes=2)
AT_MOST_EVERY = timedelta(minutes=1)
"""A counselor is pinged; who came meanwhile is in the next one."""
AFTER_FAILURE = timedelta(minutes=2)
SUBJECT = "Kuska"
WAITING = ("waiting", "transferred")
RISKS = ("urgent", "high", "normal")

Way = Callable[[str, str, str], Awaitable[None]]
"""Sends a text in a language to an address, or raises `SendError`."""


class Call(NamedTuple):
    """One ping: to whom, and what it says."""

    staff_id: int
    kind: str
    address_sealed: bytes
    language: str
    pinged_at: datetime | None
    people: int
    risk: str
    tongue: str


@dataclass(frozen=True, slots=True)
class Caller:
    """Calls by the ways that are connected; `link` is the console's address."""

    house: House
    store: Store
    pings: Pings
    ways: Mapping[str, Way]
    link: str

    async def call(self) -> int:
        """Ping whoever is due; how many pings were taken."""
        now = self.house.clock()
        if not await asyncio.to_thread(self._is_due, now):
            return 0
        calls = await self.store.worker.run(lambda connection: claim(connection, now))
        return sum(await asyncio.gather(*(self._send(each, now) for each in calls)))

    def _is_due(self, now: datetime) -> bool:
        with self.store.read() as connection:
            if not connection.scalar(select(exists(select(Ping.staff_id)))):
                return False
            is_new = exists(select(Handoff.id).where(_to_be_called(now)))
            return bool(connection.scalar(select(is_new)) or due(connection, now))

    async def _send(self, call: Call, now: datetime) -> bool:
        try:
            address = self.pings.address(call.staff_id, call.address_sealed)
            await self.ways[call.kind](address, self._text(call), call.language)
        except Exception as error:  # noqa: BLE001 - what is wrong with one must not stop the others
            _LOG.warning("a ping was not taken: %s", type(error).__name__)
            await self._note(call.staff_id, pinged_at=call.pinged_at, failed_at=now)
            return False
        await self._note(call.staff_id, failed_at=None)
        return True

    async def _note(self, staff_id: int, **values: datetime | None) -> None:
        row = update(Ping).where(Ping.staff_id == staff_id).values(**values)
        await self.store.worker.run(lambda connection: connection.execute(row))

    def _text(self, call: Call) -> str:
        def phrase(key: str) -> str:
            return self.house.phrase(call.language, f"team.{key}")

        line = phrase("ping_one" if call.people == 1 else "ping_many").format(
            count=call.people, risk=phrase(f"ping_{call.risk}"), tongue=phrase(f"in_{call.tongue}")
        )
        return f"{line}\n{self.link}"


def claim(connection: Connection, now: datetime) -> list[Call]:
    """Call who is to be called, and take the pings that are due: no other process sends them."""
    connection.execute(update(Handoff).where(_to_be_called(now)).values(called_at=now))
    return [call for call in due(connection, now) if _take(connection, call, now)]


def due(connection: Connection, now: datetime) -> list[Call]:
    """The pings that may go now: to who can take somebody and has not been told."""
    waiting: Sequence[Any] = connection.execute(
        select(Handoff.called_at, Handoff.risk, Contact.language)
        .join(Contact, Contact.id == Handoff.contact_id)
        .where(Handoff.status.in_(WAITING), Handoff.called_at.is_not(None))
    ).all()
    if not waiting:
        return []
    rows = connection.execute(
        select(Ping, Staff.language)
        .join(Staff, Staff.id == Ping.staff_id)
        .where(Ping.staff_id.in_(reachable(connection, now)))
        .where(or_(Ping.pinged_at.is_(None), Ping.pinged_at <= now - AT_MOST_EVERY))
        .where(or_(Ping.failed_at.is_(None), Ping.failed_at <= now - AFTER_FAILURE))
    )
    calls = (_call(row, waiting) for row in rows)
    return [call for call in calls if call is not None]


def reachable(connection: Connection, now: datetime) -> frozenset[int]:
    """Who may be called: on duty and not full, or on shift with her page closed. Who has it open
    says with her switch whether she wants to."""
    here = duty.colleagues(connection, now)
    free = {one.id for one in here if one.presence == "on" and one.cases < MOST_CASES}
    return shifts.in_shift(connection, now) - {one.id for one in here} | free


async def by_chat(channel: Channel, address: str, text: str, language: str) -> None:
    """A way: a message of the bot's."""
    for sending in channel.fit([Message(text)], language):
        await channel.send(address, sending)


async def by_mail(mailer: Mailer, address: str, text: str, language: str) -> None:
    """A way: a letter whose subject says nothing."""

    def post() -> str | None:
        with mailer.open() as send:
            return send(mailer.letter(address, SUBJECT, text))

    try:
        refused = await asyncio.to_thread(post)
    except CommandRefused:
        raise SendError("mail", retryable=True) from None
    if refused is not None:
        raise SendError("mailbox", retryable=False)


def _to_be_called(now: datetime) -> ColumnElement[bool]:
    again = and_(Handoff.risk == "urgent", Handoff.called_at <= now - AGAIN)
    return and_(Handoff.status.in_(WAITING), or_(Handoff.called_at.is_(None), again))


def _call(row: Any, waiting: Sequence[Any]) -> Call | None:
    untold = [one for one in waiting if row.pinged_at is None or one.called_at > row.pinged_at]
    if not untold:
        return None
    first = min(untold, key=lambda one: RISKS.index(one.risk))
    return Call(
        row.staff_id,
        row.kind,
        row.address_sealed,
        row.language,
        row.pinged_at,
        len(untold),
        first.risk,
        first.language or "es",
    )


def _take(connection: Connection, call: Call, now: datetime) -> bool:
    as_it_was = (
        Ping.pinged_at.is_(None) if call.pinged_at is None else Ping.pinged_at == call.pinged_at
    )
    mine = update(Ping).where(Ping.staff_id == call.staff_id, as_it_was)
    return connection.execute(mine.values(pinged_at=now)).rowcount == 1
