"""Conversations on a private store in memory, through the same door as a webhook.

`kuska chat` and the dialogues of the tests play on it: the clock is held, the providers are
recorders that show what the real channel would have sent.
"""

from __future__ import annotations

import asyncio
import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TypeVar, cast

from sqlalchemy import Connection, func, insert, select

from bot import counseling, outbox, records, retention, traces
from bot.channels.base import Channel, Sending, Sent
from bot.channels.base import Delivery as DeliveryStatus
from bot.channels.rendering import fit_telegram, fit_web, fit_whatsapp
from bot.columns import to_ms
from bot.conversation import Outcome, receive
from bot.database import MEMORY
from bot.delivery import deliver_due
from bot.dispatch import next_due
from bot.engine.memory import Memory
from bot.engine.world import Duty
from bot.errors import NoSuchContact, SendError
from bot.house import Content, House, open_directory
from bot.messages import ChannelName, Inbound, MediaKind, Message
from bot.models import Contact, Conversation, Handoff, OutboxEntry, Staff
from bot.models import Message as StoredMessage
from bot.store import Store
from bot.vault import Vault
from directory.search import Directory

T = TypeVar("T")
MASTER = b"rehearsal".ljust(32, b"-")
"""Wraps the keys of a store that ends with the process."""
KEEP_TEXTS = timedelta(hours=24)
ROUNDS, BETWEEN = 24, timedelta(seconds=11)
"""After each line what is due is sent, as if the seconds that pace a chat had passed."""
COUNTED = {
    "contacts": Contact.id,
    "conversations": Conversation.id,
    "messages": StoredMessage.id,
    "handoffs": Handoff.contact_id,
    "outbox": OutboxEntry.id,
}


@lru_cache(maxsize=1)
def _content(root: Path) -> tuple[Content, Directory, bytes]:
    """Flows, directory and an empty store: no rehearsal changes them, so many share them."""
    vault = Vault(MEMORY, lambda: (MASTER,))
    store = Store(MEMORY, prepare=vault.stock)
    try:
        store.upgrade()
        empty = store.image()
        return Content.load(root), open_directory(store), empty
    finally:
        store.close()
        vault.close()


@dataclass(slots=True)
class Recorder:
    """A channel that shows instead of sending; `fails` makes the next send fail once."""

    house: House
    name: ChannelName
    shown: list[tuple[str, Sending]] = field(default_factory=list)
    fails: bool = False
    last_ref: str = ""
    deleted: int = 0
    _refs: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def fit(self, messages: Sequence[Message], language: str) -> list[Sending]:
        """What the real channel would send."""
        prompts = self.house.prompts(language)
        if self.name == "telegram":
            return fit_telegram(messages, language, prompts)
        if self.name == "whatsapp":
            return fit_whatsapp(messages, language, prompts, self.house.static_titles())
        return fit_web(messages, language)

    async def send(self, address: str, sending: Sending) -> Sent:
        """Show it, or fail as a provider that cannot be reached."""
        if self.fails:
            self.fails = False
            raise SendError("unreachable", retryable=True)
        self.shown.append((address, sending))
        self.last_ref = f"{self.name}-{next(self._refs)}"
        return Sent(self.last_ref, sending.text, sending.choices)

    async def find_sent(self, address: str, sending: Sending, since: datetime) -> Sent | None:
        """Nothing is lost on the way here."""
        return None

    async def delete(self, address: str, ref: str) -> bool:
        """One message less at the provider."""
        self.deleted += 1
        return True

    async def close(self) -> None:
        """Nothing is open."""


class Rehearsal:
    """A store, a clock and a channel of its own; use it as a context manager."""

    def __init__(
        self, root: Path, now: datetime, *, channel: str = "web", language: str = "es"
    ) -> None:
        self.now = now
        self.duty = Duty()
        self.language = language
        self.vault = Vault(MEMORY, lambda: (MASTER,))
        self.store = Store(MEMORY, prepare=self.vault.stock)
        content, directory, empty = _content(root)
        self.store.take(empty)
        self.house = House(
            content.engine,
            self.vault,
            content.catalogues,
            directory,
            lambda: self.now,
            self._on_duty,
            language,
        )
        self.recorder = Recorder(self.house, cast(ChannelName, channel))
        self._ids = itertools.count(1)
        self._runner = asyncio.Runner()

    def __enter__(self) -> Rehearsal:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._runner.close()
        self.store.close()
        self.vault.close()

    def hear(
        self,
        who: str,
        *,
        text: str | None = None,
        choice: str | None = None,
        location: tuple[float, float] | None = None,
        media: MediaKind | None = None,
        provider_id: str | None = None,
    ) -> tuple[Outcome, list[Sending]]:
        """She does one thing; what she is shown then."""
        name = self.recorder.name
        ref = provider_id or f"m{next(self._ids)}"
        address = f"rehearsal-{who}"
        kept_there = None if name == "web" else ref
        inbound = Inbound(name, address, ref, text, choice, location, media, message_ref=kept_there)
        outcome = self._run(lambda connection: receive(self.house, connection, inbound))
        self.house.hear_complaints(self.store)
        shown: list[Sending] = []
        if outcome.parting is not None:
            parting = outcome.parting
            self.recorder.deleted += len(parting.farewell.refs)
            shown += self.recorder.fit(parting.messages, parting.language)
        elif outcome.turn is not None and name == "web":
            shown += self.recorder.fit(outcome.turn.messages, outcome.turn.memory.language)
        return outcome, shown + self.deliver(who)

    def deliver(self, who: str) -> list[Sending]:
        """Send what is due to her; what she is shown."""
        channels: dict[str, Channel] = {self.recorder.name: self.recorder}
        for number in range(ROUNDS):
            at, must_fail = self.now + number * BETWEEN, self.recorder.fails
            with self.store.read() as connection:
                due = next_due(connection, channels)
            if due is None:
                break
            if to_ms(due) <= to_ms(at):
                self._runner.run(deliver_due(self.store, self.vault, channels, at, self.knock))
            if must_fail and not self.recorder.fails:
                break  # it is tried again when the clock has moved, or with the next line
        self._runner.run(traces.sweep(self.store, self.vault, channels))
        shown, end = self.recorder.shown, f"-{who}"
        self.recorder.shown = [one for one in shown if not one[0].endswith(end)]
        return [sending for address, sending in shown if address.endswith(end)]

    def advance(self, by: timedelta) -> None:
        """Move the clock and let go, expire and send what fell due."""
        self.now += by
        self._run(lambda connection: counseling.expire_due(self.house, connection, self.now))
        retention.purge(self.store, self.vault, KEEP_TEXTS, self.now)

    def restart(self) -> None:
        """The process forgets what is only in memory; the store stays."""
        self.vault.forget()

    def report(self, status: DeliveryStatus, code: str | None = None) -> None:
        """The provider's word on the last message sent."""
        ref = self.vault.index("ref", self.recorder.last_ref)
        self._run(lambda connection: outbox.record_status(connection, ref, status, code, self.now))

    def counsel(self, who: str, deed: str, by: str, text: str) -> list[Sending]:
        """A counselor claims, replies, notes, transfers or closes; what she is shown then."""
        handoff_id = self.handoff_of(who)
        if handoff_id is None:
            raise NoSuchContact("no handoff waits")
        counselor_id = self._staff(by)
        house = self.house

        def work(connection: Connection) -> object:
            match deed:
                case "claim":
                    counseling.claim(house, connection, handoff_id, counselor_id)
                case "reply":
                    counseling.reply(house, connection, handoff_id, counselor_id, text)
                case "note":
                    counseling.note(house, connection, handoff_id, counselor_id, text)
                case "transfer":
                    counseling.transfer(house, connection, handoff_id, counselor_id, text or None)
                case _:
                    counseling.close(house, connection, handoff_id, counselor_id, text or "done")
            return None

        self._run(work)
        return self.deliver(who)

    def memory_of(self, who: str) -> Memory | None:
        """What the engine knows of her now; None when she is unknown."""
        index = self.vault.index("address", f"{self.recorder.name}:rehearsal-{who}")
        with self.store.read() as connection:
            contact = connection.scalar(select(Contact.id).where(Contact.address_index == index))
            if contact is None:
                return None
            kept = records.read_memory(self.vault, records.arrival_of(connection, contact))
        return None if kept is None else Memory.load(kept)

    def handoff_of(self, who: str) -> int | None:
        """Her latest handoff, open or over."""
        index = self.vault.index("address", f"{self.recorder.name}:rehearsal-{who}")
        with self.store.read() as connection:
            return connection.scalar(
                select(Handoff.id)
                .join(Contact, Contact.id == Handoff.contact_id)
                .where(Contact.address_index == index)
                .order_by(Handoff.id.desc())
                .limit(1)
            )

    def handoff_status(self, who: str) -> str | None:
        """Where her latest handoff stands."""
        with self.store.read() as connection:
            return connection.scalar(
                select(Handoff.status).where(Handoff.id == (self.handoff_of(who) or 0))
            )

    def stored(self) -> dict[str, int]:
        """How many rows of each kind are kept of somebody; a handoff that an erasure tied to nobody
        stays for the statistics, and is not counted."""
        with self.store.read() as connection:
            counts = {
                name: connection.scalar(select(func.count(column))) or 0
                for name, column in COUNTED.items()
            }
        return {**counts, "keys": self.vault.count()}

    def knock(
        self, connection: Connection, conversation_id: int, language: str, now: datetime
    ) -> Message | None:
        """The neutral message that announces a held reply, if she agreed to be written to now."""
        return counseling.knock(self.house, connection, conversation_id, language, now)

    def _on_duty(self, connection: Connection, now: datetime) -> Duty:
        return self.duty

    def _staff(self, name: str) -> int:
        number = int("".join(filter(str.isdigit, name)) or 1)

        def hire(connection: Connection) -> None:
            if connection.scalar(select(Staff.id).where(Staff.id == number)) is None:
                row = {"id": number, "name": name, "role": "counselor", "created_at": self.now}
                connection.execute(insert(Staff).values(**row))

        self._run(hire)
        return number

    def _run(self, work: Callable[[Connection], T]) -> T:
        return self.store.worker.submit(work).result()
