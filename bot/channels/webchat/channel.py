"""The web as a channel: what is due is already in the store; open pages are told to look."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from datetime import datetime

from bot.channels.base import Sending, Sent
from bot.channels.rendering import fit_web
from bot.channels.webchat.streams import Streams
from bot.messages import ChannelName, Message


class WebChannel:
    """Holds `base.Channel`. A page reads its messages itself, so nothing here can be refused."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams

    @property
    def name(self) -> ChannelName:
        return "web"

    def fit(self, messages: Sequence[Message], language: str) -> list[Sending]:
        """One sending a message, as it is: the page has no limit of length or of buttons."""
        return fit_web(messages, language)

    async def send(self, address: str, sending: Sending) -> Sent:
        """Wake the open pages of the address; one that is closed reads on its next visit."""
        self._streams.wake(address)
        return Sent(secrets.token_urlsafe(12), sending.text, sending.choices)

    async def find_sent(self, address: str, sending: Sending, since: datetime) -> Sent | None:
        """Nothing is ever lost on the way."""
        return None

    async def delete(self, address: str, ref: str) -> bool:
        """The page clears itself; the server has nothing to take back."""
        return False

    async def close(self) -> None:
        """End all open streams, so that the process can stop."""
        self._streams.close_all()
