"""The part of a page that changes, sent whole when it did: whoever reconnects has missed nothing.

A stream looks again after every commit and at each beat, renders its part, and sends it when it is
not what it sent last.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import AsyncIterator, Awaitable, Callable

from bot.errors import StoreUnavailable

BEAT = 15.0
"""Seconds between two looks without a commit; also how late another process's news is seen."""
GATHER = 0.15
"""Seconds in which what happens together is shown together."""
MOST = 200

Look = Callable[[], Awaitable[str | None]]
"""Renders the part now; None when the session or the case is over: the stream ends."""


class Live:
    """The open streams of this process. `ring` may be called by any thread."""

    def __init__(self) -> None:
        self._open: dict[asyncio.Event, asyncio.AbstractEventLoop] = {}
        self._is_closed = False

    def ring(self) -> None:
        """Something was committed."""
        for event, loop in tuple(self._open.items()):
            if not loop.is_closed():
                loop.call_soon_threadsafe(event.set)

    def close(self) -> None:
        """The service stops: a stream left open would hold the process."""
        self._is_closed = True
        self.ring()

    async def follow(self, look: Look, beat: float = BEAT) -> AsyncIterator[str]:
        """Server-sent events: `part` with the fragment, `over` when nothing more will come."""
        if len(self._open) >= MOST:
            return
        news = asyncio.Event()
        self._open[news] = asyncio.get_running_loop()
        shown: str | None = ""
        try:
            yield "retry: 3000\n\n"
            while not self._is_closed:
                news.clear()
                with contextlib.suppress(StoreUnavailable):  # the next look may succeed
                    now = await look()
                    if now is None:
                        yield _event("over", "")
                        return
                    yield _event("part", now) if now != shown else ":\n\n"
                    shown = now
                with contextlib.suppress(TimeoutError):
                    async with asyncio.timeout(beat):
                        await news.wait()
                        await asyncio.sleep(GATHER)
        finally:
            del self._open[news]


def _event(name: str, content: str) -> str:
    # `json.dumps` escapes line breaks, so the data is one line whatever a message holds.
    return f"event: {name}\ndata: {json.dumps(content, ensure_ascii=False)}\n\n"
