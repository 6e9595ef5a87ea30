"""Open event streams of the web chat, and following one conversation on one."""

from __future__ import annotations

import asyncio
import json
from collections import defaultdict
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager

from bot.channels.webchat import wire
from bot.errors import NoSuchContact, StoreUnavailable
from bot.messages import Message

MessagesAfter = Callable[[str, int], Awaitable[Sequence[tuple[int, Message, str]]]]
"""`(address, position)` gives the later messages of the address's session, oldest first, each with
its position (strictly rising) and language; nothing once that session was left, ended or erased."""

HEARTBEAT = 15.0  # seconds; also how late, at worst, another process's reply is seen
PER_SESSION = 3


class _Stream:
    def __init__(self) -> None:
        self.loop = asyncio.get_running_loop()
        self.news = asyncio.Event()
        self.is_closed = False

    def ring(self) -> None:
        self.loop.call_soon_threadsafe(self.news.set)

    def close(self) -> None:
        self.is_closed = True
        self.ring()

    async def wait(self, seconds: float) -> bool:
        """True when something rang within the time."""
        try:  # not `wait_for`: before Python 3.12 it swallows a cancellation that meets the news
            async with asyncio.timeout(seconds):
                await self.news.wait()
        except TimeoutError:
            return False
        return True


class Streams:
    """The streams that are open in this process, by address. `wake` may be called by any thread."""

    def __init__(self) -> None:
        self._open: defaultdict[str, list[_Stream]] = defaultdict(list)

    def wake(self, address: str) -> None:
        """Something may be new for the address: its streams look at once."""
        for stream in tuple(self._open.get(address, ())):
            stream.ring()

    def close(self, address: str) -> None:
        """The session was left or erased: its streams end."""
        for stream in tuple(self._open.get(address, ())):
            stream.close()

    def close_all(self) -> None:
        """The service stops: a stream left open would hold the process."""
        for address in tuple(self._open):
            self.close(address)

    @contextmanager
    def open(self, address: str) -> Iterator[_Stream]:
        """One more stream of the address. Beyond `PER_SESSION` the oldest ends, not the newest:
        a phone that changes networks leaves dead ones behind and must never lock itself out."""
        stream = _Stream()
        self._open[address].append(stream)
        for old in self._open[address][:-PER_SESSION]:
            old.close()
        try:
            yield stream
        finally:
            self._open[address].remove(stream)
            if not self._open[address]:
                del self._open[address]


async def follow(
    address: str,
    position: int,
    messages_after: MessagesAfter,
    streams: Streams,
    heartbeat: float = HEARTBEAT,
) -> AsyncIterator[str]:
    """Server-sent events from after `position` until the session or the store ends."""
    with streams.open(address) as stream:
        yield "retry: 3000\n\n"
        while not stream.is_closed:
            stream.news.clear()
            try:
                messages = await messages_after(address, position)
            except (NoSuchContact, StoreUnavailable):
                return  # the page comes back by itself
            for position, message, language in messages:
                yield _event(position, wire.written(message, language, position))
            if not await stream.wait(heartbeat):
                yield ":\n\n"


def _event(position: int, content: object) -> str:
    # `json.dumps` escapes line breaks, so the data is one line whatever a message holds.
    return f"id: {position}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n"
