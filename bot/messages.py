"""What comes in and what goes out, whatever the channel.

A channel turns a provider's payload into an `Inbound` and nothing more; the engine answers with
`Message`s; `channels.rendering` makes of them what one channel can really show.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Literal

ChannelName = Literal["web", "telegram", "whatsapp"]
MediaKind = Literal["audio", "image", "video", "document", "sticker"]
Kind = Literal["say", "ask", "card", "danger", "cover", "knock"]
Cause = Literal["inbound", "agreed", "counselor"]


@dataclass(frozen=True, slots=True)
class Inbound:
    """One thing a person did: exactly one of `text`, `choice`, `location` and `media` is set.

    `address` is where to answer (chat id, `whatsapp:…`, web session); it is personal data and is
    never logged. `provider_id` names this message within its channel: a repeat of it never makes a
    second turn. `message_ref` is what the provider needs to delete her message, when it can.
    """

    channel: ChannelName
    address: str
    provider_id: str
    text: str | None = None
    choice: str | None = None
    location: tuple[float, float] | None = None
    media: MediaKind | None = None
    message_ref: str | None = None


@dataclass(frozen=True, slots=True)
class Choice:
    """Something to tap. `id` is `<session tag>.<state>.<key>`, at most 64 bytes (Telegram)."""

    id: str
    title: str


@dataclass(frozen=True, slots=True)
class ShownService:
    """The facts of a service card that checks and counselors read; the text says them in words."""

    id: str
    phones: tuple[str, ...]
    open: bool | None
    opens_at: datetime | None
    source_at: date | None
    confirmed_at: date | None
    distance_km: float | None


@dataclass(frozen=True, slots=True)
class Message:
    """One thing to say, in the person's language, before a channel fits it to its limits.

    `private` choices name a sensitive topic: a channel where a tapped title becomes visible
    (WhatsApp) shows them numbered in the text, to be answered with a digit (SAFETY 9).
    """

    text: str
    kind: Kind = "say"
    cause: Cause = "inbound"
    choices: tuple[Choice, ...] = ()
    private: bool = False
    service: ShownService | None = None
