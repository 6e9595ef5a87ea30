"""One piece of work for the store, and the answer to whoever waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Future
from typing import Any, TypeVar

from sqlalchemy import Connection

T = TypeVar("T")
Work = Callable[[Connection], T]


class Job:
    """One piece of work and who waits for it: a thread, or a coroutine in its loop."""

    __slots__ = ("error", "future", "loop", "value", "work")

    def __init__(
        self,
        work: Work[Any],
        future: Future[Any] | asyncio.Future[Any],
        loop: asyncio.AbstractEventLoop | None,
    ) -> None:
        self.work = work
        self.future = future
        self.loop = loop
        self.value: Any = None
        self.error: BaseException | None = None

    def settle(self) -> None:
        """Give the answer, unless nobody waits for it any more."""
        if self.future.done():
            return
        if self.error is not None:
            self.future.set_exception(self.error)
        else:
            self.future.set_result(self.value)


def settle(jobs: Sequence[Job]) -> None:
    """Answer those who wait: threads at once, coroutines in one call into each loop."""
    loops: dict[asyncio.AbstractEventLoop, list[Job]] = {}
    for job in jobs:
        if job.loop is None:
            job.settle()
        else:
            loops.setdefault(job.loop, []).append(job)
    for loop, waiting in loops.items():
        if not loop.is_closed():
            loop.call_soon_threadsafe(_settle_all, waiting)


def _settle_all(jobs: Sequence[Job]) -> None:
    for job in jobs:
        job.settle()
