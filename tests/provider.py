"""A provider of messages for tests, and what delivery tests do again and again."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal

from storeroom import Room

from bot import outbox
from bot.channels.base import Channel, Sending, Sent
from bot.delivery import deliver_due
from bot.errors import SendError
from bot.messages import Cause, Kind, Message
from bot.models import OutboxEntry
from bot.records import Arrival

CHAT = "7700112233"
KNOCK = Message("Hola, ya puedo responderte. ¿Es buen momento?", "knock", "agreed")


@dataclass
class Provider:
    """A channel that remembers what it took; `fails` are raised one a send, in order."""

    name: Literal["web", "telegram", "whatsapp"] = "telegram"
    taken: list[tuple[str, str]] = field(default_factory=list)
    deleted: list[tuple[str, str]] = field(default_factory=list)
    fails: list[SendError | None] = field(default_factory=list)
    takes_although_it_fails: bool = False
    can_look: bool = False
    on_send: Any = None

    def fit(self, messages: Sequence[Message], language: str) -> list[Sending]:
        """One message each."""
        return [
            Sending(
                m.text,
                m.kind,
                m.cause,
                language,
                choices=m.choices,
                numbered=m.text + " 1" if m.choices else None,
            )
            for m in messages
        ]

    async def send(self, address: str, sending: Sending) -> Sent:
        """Take it, or fail as told."""
        if self.on_send is not None:
            await self.on_send()
        failure = self.fails.pop(0) if self.fails else None
        if failure is None or self.takes_although_it_fails:
            self.taken.append((address, sending.text))
        if failure is not None:
            raise failure
        return Sent(f"{self.name}-{len(self.taken)}", sending.text, sending.choices)

    async def find_sent(self, address: str, sending: Sending, since: datetime) -> Sent | None:
        """The last message with this text, if this provider lets one look."""
        for number, taken in enumerate(self.taken, 1):
            if self.can_look and taken == (address, sending.text):
                return Sent(f"{self.name}-{number}", sending.text, sending.choices)
        return None

    async def delete(self, address: str, ref: str) -> bool:
        """Remember what was to be deleted."""
        if self.fails:
            raise self.fails.pop(0) or AssertionError
        self.deleted.append((address, ref))
        return True

    async def close(self) -> None:
        """Nothing is open."""

    @property
    def texts(self) -> list[str]:
        """What was taken, in order."""
        return [text for _, text in self.taken]


def say(*texts: str, kind: Kind = "say", cause: Cause = "inbound") -> tuple[Message, ...]:
    """Messages of one turn."""
    return tuple(Message(text, kind, cause) for text in texts)


def asked(room: Room, address: str = CHAT, *texts: str, **options: Any) -> Arrival:
    """A committed turn with these replies; on Telegram if not told otherwise."""
    messages = options.pop("messages", say(*(texts or ("uno",))))
    arrival = room.turn(address, *messages, **({"channel": "telegram"} | options))
    assert arrival is not None
    return arrival


async def deliver(room: Room, *providers: Provider, knock: Any = None, rounds: int = 1) -> int:
    """Rounds of delivery at the room's moment."""
    channels: dict[str, Channel] = {provider.name: provider for provider in providers}
    return sum(
        [
            await deliver_due(room.store, room.vault, channels, room.now, knock)
            for _ in range(rounds)
        ]
    )


def wait(room: Room, seconds: float) -> None:
    """Let the clock go on."""
    room.now += timedelta(seconds=seconds)


def statuses(room: Room) -> list[str]:
    """Of all entries, oldest first."""
    return [row.status for row in room.rows(OutboxEntry)]


def shown(room: Room, arrival: Arrival, position: int = 0) -> list[tuple[int, str]]:
    """What the page of a contact shows after a position."""
    with room.store.read() as connection:
        entries = outbox.entries_after(connection, room.vault, arrival.contact_id, position)
    return [(place, message.text) for place, message, _ in entries]
