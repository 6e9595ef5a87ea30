"""What every channel gives and takes: a `Sending` out, a `Sent` back, a `Status` later.

A channel has a pure `parse` (a provider's body to `Inbound`) in its own module, and a class that
holds `Channel`. What more than one channel needs to read a body safely stands here too.
"""

from __future__ import annotations

import logging
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Literal, Protocol

import httpx

from bot.errors import RejectedInbound
from bot.messages import Cause, ChannelName, Choice, Kind, Message, ShownService

MAX_BODY = 256 * 1024
"""Bytes of a webhook body; the largest real ones (a Telegram update) stay under 64 KB."""

MAX_TEXT = 4_096
"""Characters a person can write in one message, on Telegram and on WhatsApp alike."""

Shape = Literal["text", "buttons", "list"]
Delivery = Literal["sending", "sent", "delivered", "read", "failed"]


@dataclass(frozen=True, slots=True)
class Sending:
    """One message as one channel will really show it.

    `text` is in the channel's own markup. `choices` can be tapped; what is numbered in the text
    is not among them. Where there are `choices`, `numbered` is the same message complete without
    a button, for when buttons fail. `list_button` is the label that opens a list.
    """

    text: str
    kind: Kind
    cause: Cause
    language: str
    shape: Shape = "text"
    choices: tuple[Choice, ...] = ()
    numbered: str | None = None
    services: tuple[ShownService, ...] = ()
    is_silent: bool = False
    list_button: str = ""

    def without_buttons(self) -> Sending:
        """The same as text alone, which always goes: for every attempt after a failed one."""
        text = self.text if self.numbered is None else self.numbered
        return replace(self, text=text, shape="text", choices=(), numbered=None, list_button="")


@dataclass(frozen=True, slots=True)
class Sent:
    """What a provider took: its reference, and the text and tappable choices that were shown."""

    provider_ref: str
    text: str
    choices: tuple[Choice, ...]


@dataclass(frozen=True, slots=True)
class Status:
    """What became of a message; when it failed, `code` is the provider's and may be retryable."""

    ref: str
    status: Delivery
    code: str | None
    is_retryable: bool


class Channel(Protocol):
    """A way to reach a contact. Every method but `fit` raises `SendError` when refused."""

    @property
    def name(self) -> ChannelName: ...

    def fit(self, messages: Sequence[Message], language: str) -> list[Sending]:
        """Fit the messages of one turn to what the channel can show, in order to be sent."""
        ...

    async def send(self, address: str, sending: Sending) -> Sent:
        """Hand one message to the provider."""
        ...

    async def find_sent(self, address: str, sending: Sending, since: datetime) -> Sent | None:
        """Look for a message whose sending was lost on the way; None: not found or cannot look."""
        ...

    async def delete(self, address: str, ref: str) -> bool:
        """Take a message back; False when the provider no longer has it or no longer lets."""
        ...

    async def close(self) -> None:
        """Close connections."""
        ...


# Tab and line feed are text; every other control character is noise or an attack on a terminal.
_NOISE = re.compile("[\x00-\x08\x0b-\x1f\x7f]")
_LONE_SURROGATE = re.compile("[\ud800-\udfff]")


def clean(text: str) -> str:
    """Make a text storable: as `tidy`, and at most `MAX_TEXT` long."""
    return tidy(text)[:MAX_TEXT].strip()


def tidy(text: str) -> str:
    """A text without control characters and lone surrogates."""
    text = _NOISE.sub("", text.replace("\r\n", "\n"))
    return _LONE_SURROGATE.sub("\ufffd", text)


def header(headers: Mapping[str, str], name: str) -> str:
    """Read a header whatever its case; empty when it is missing."""
    wanted = name.lower()
    return next((value for key, value in headers.items() if key.lower() == wanted), "")


def limit_body(body: bytes) -> None:
    """Raise `RejectedInbound` (413) for a body no provider would send."""
    if len(body) > MAX_BODY:
        raise RejectedInbound(413, "the body is too large")


def place(latitude: object, longitude: object) -> tuple[float, float]:
    """Check a shared place, in degrees; raise `RejectedInbound` (422) for what is none."""
    try:
        lat, lon = float(str(latitude)), float(str(longitude))
    except ValueError:
        raise RejectedInbound(422, "the location is not a pair of numbers") from None
    if not (-90 <= lat <= 90 and -180 <= lon <= 180):  # NaN is refused here too
        raise RejectedInbound(422, "the location is not on earth")
    return lat, lon


def may_have_arrived(error: BaseException | None) -> bool:
    """Say whether the provider may have taken a request whose answer never came."""
    return not isinstance(error, httpx.ConnectError | httpx.ConnectTimeout | httpx.PoolTimeout)


def silence(loggers: Iterable[str]) -> None:
    """Keep libraries from logging addresses, tokens and texts, whatever level the root has."""
    for name in loggers:
        logging.getLogger(name).setLevel(logging.CRITICAL + 1)
