"""Where what she did comes in: to the store's worker, and back with what must happen at once.

Everything that waits is asynchronous here; the turn itself runs in the worker's thread.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections import OrderedDict
from collections.abc import Coroutine, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from bot import outbox, records, retention
from bot.carrying import Parting
from bot.channels.base import Channel, Status
from bot.channels.webchat.streams import Streams
from bot.conversation import Outcome, receive
from bot.engine.memory import Memory
from bot.engine.turn import Event
from bot.engine.world import Duty, World
from bot.errors import NoSuchContact, SendError, StoreUnavailable
from bot.house import House, hear
from bot.messages import Inbound, Message
from bot.models import Contact
from bot.pings import Answer, Pings
from bot.retention import Farewell
from bot.store import Store

_LOG = logging.getLogger("kuska.reception")
DOWN_LONG = 10.0
"""Seconds of a store that does not commit, after which an urgent text is answered from memory."""
PARTING_WITHIN = 60.0
"""Seconds in which last words are said and copies deleted; then the address is dropped."""
REMEMBERED = 1_000


@dataclass(slots=True)
class Reception:
    """Takes in what every channel heard; `turns` counts them for `/metrics`."""

    house: House
    store: Store
    channels: Mapping[str, Channel]
    streams: Streams
    pings: Pings
    turns: dict[str, int] = field(default_factory=dict)
    _tasks: set[asyncio.Task[None]] = field(default_factory=set)
    _answered: OrderedDict[str, None] = field(default_factory=OrderedDict)

    async def take_in(self, inbound: Inbound) -> Outcome:
        """One thing she did; done when it is durable. Raise `StoreUnavailable` when it is not."""
        try:
            outcome = await self.store.worker.run(
                lambda connection: self._turn(connection, inbound)
            )
        except StoreUnavailable:
            await self._answer_from_memory(inbound)
            raise
        if outcome.turn is not None:
            self.turns[inbound.channel] = self.turns.get(inbound.channel, 0) + 1
        if outcome.parting is not None and inbound.channel != "web":
            self._later(self._part(outcome.parting))
        return outcome

    def _turn(self, connection: Connection, inbound: Inbound) -> Outcome:
        if inbound.channel == "telegram":
            now = self.house.clock()
            answer = self.pings.meet(connection, inbound.address, inbound.text, now)
            if answer is not None:
                return self._answer_counselor(connection, inbound, answer, now)
        return receive(self.house, connection, inbound)

    def _answer_counselor(
        self, connection: Connection, inbound: Inbound, answer: Answer, now: datetime
    ) -> Outcome:
        """A chat in which a counselor is called holds no conversation: nothing of it is kept, what
        was before is erased. A cry for help is answered all the same."""
        house, vault, key = self.house, self.house.vault, f"telegram:{inbound.address}"
        if records.is_repeat(
            connection, vault.index("received", f"telegram:{inbound.provider_id}"), now
        ):
            return Outcome(None)
        messages = [Message(house.phrase(answer.language, f"team.{answer.word}"))]
        if inbound.text and hear(inbound.text, None, None).urgent:
            messages += self._danger(inbound.text)
        farewell = None
        if answer.is_called:
            hers = select(Contact.id).where(Contact.address_index == vault.index("address", key))
            contact_id = connection.scalar(hers)
            farewell = contact_id and retention.erase(connection, vault, contact_id, now)
        nothing_kept = Farewell("telegram", inbound.address, (), 0)
        parting = Parting(farewell or nothing_kept, tuple(messages), answer.language)
        return Outcome(None, parting=parting)

    async def take_web(self, inbound: Inbound) -> Sequence[Message] | None:
        """As the web chat asks it: last words when the session ended, else None."""
        return (await self.take_in(inbound)).last_words

    async def take_status(self, status: Status) -> None:
        """A provider's word on a message of ours."""
        ref = self.house.vault.index("ref", status.ref)
        now = self.house.clock()
        await self.store.worker.run(
            lambda connection: outbox.record_status(
                connection,
                ref,
                status.status,
                status.code,
                now,
                is_retryable=status.is_retryable,
            )
        )

    async def messages_after(
        self, address: str, position: int
    ) -> Sequence[tuple[int, Message, str]]:
        """What the web page of this address shows after a position."""
        return await asyncio.to_thread(self._read_after, address, position)

    def emergency(self, text: str) -> str | None:
        """The danger text for an urgent text, made from memory; None for any other."""
        if not hear(text, None, None).urgent:
            return None
        return "\n".join(message.text for message in self._danger(text))

    def _read_after(self, address: str, position: int) -> list[tuple[int, Message, str]]:
        index = self.house.vault.index("address", f"web:{address}")
        with self.store.read() as connection:
            contact = connection.scalar(select(Contact.id).where(Contact.address_index == index))
            if contact is None:
                return []
            try:
                return outbox.entries_after(connection, self.house.vault, contact, position)
            except NoSuchContact:
                return []

    def _danger(self, text: str) -> list[Message]:
        world = World(
            now=self.house.clock(),
            directory=self.house.directory,
            translate=self.house.catalogues.translate,
            understand=hear,
            new_tag=self.house.new_tag,
            is_pocket_word=lambda folded: False,
            ask_duty=Duty,
            languages=self.house.catalogues.titles,
        )
        return self.house.engine.take_turn(Memory(), Event("text", text=text), world).messages

    async def _answer_from_memory(self, inbound: Inbound) -> None:
        """The store has been down for long and she cries for help: say the numbers, store nothing.

        The provider repeats the message, so what was answered is remembered here.
        """
        key = f"{inbound.channel}:{inbound.provider_id}"
        is_late = self.store.down_for() >= DOWN_LONG
        if inbound.channel == "web" or not inbound.text or not is_late or key in self._answered:
            return
        if not hear(inbound.text, None, None).urgent:
            return
        self._answered[key] = None
        while len(self._answered) > REMEMBERED:
            self._answered.popitem(last=False)
        self._later(self._say(inbound.channel, inbound.address, self._danger(inbound.text), "es"))

    async def _part(self, parting: Parting) -> None:
        """Last words and the deletion of copies, from memory, within a minute (SAFETY 7)."""
        farewell = parting.farewell
        await self._say(farewell.channel, farewell.address, parting.messages, parting.language)
        channel = self.channels.get(farewell.channel)
        until = time.monotonic() + PARTING_WITHIN
        for ref in farewell.refs:
            if channel is None or time.monotonic() > until:
                return
            try:
                await channel.delete(farewell.address, ref)
            except SendError as error:
                _LOG.warning("a copy could not be deleted: %s", error.code)

    async def _say(
        self, name: str, address: str, messages: Sequence[Message], language: str
    ) -> None:
        channel = self.channels.get(name)
        if channel is None:
            return
        for sending in channel.fit(messages, language):
            try:
                await asyncio.wait_for(channel.send(address, sending), PARTING_WITHIN)
            except (SendError, TimeoutError) as error:
                _LOG.warning("last words were not taken: %s", type(error).__name__)

    def _later(self, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
