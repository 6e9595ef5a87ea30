"""What the service does by the clock, beside answering: let go, expire, refresh, fetch."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Awaitable, Callable
from datetime import timedelta

from bot import counseling, desertion, retention
from bot.calling import Caller
from bot.channels.telegram import Telegram
from bot.channels.whatsapp import WhatsApp
from bot.errors import KuskaError, StoreUnavailable
from bot.house import House
from bot.reception import Reception
from bot.store import Store

_LOG = logging.getLogger("kuska.chores")
PURGE_EVERY = 300.0
EXPIRE_EVERY = 30.0
TAKE_BACK_EVERY = 15.0
CALL_EVERY = 5.0
REFRESH_EVERY = 2.0
"""Seconds; also how late, at worst, an edit published by another process is seen."""
AGAIN_AFTER = 1.0
MISSED_EVERY = 180.0
MISSED_WITHIN = timedelta(minutes=15)
"""Older than this a missed message is not answered: she has written again, or gone."""


async def every(seconds: float, chore: Callable[[], Awaitable[object]]) -> None:
    """Do a chore for ever; one that fails is logged by its error class and tried again."""
    while True:
        try:
            await chore()
        except KuskaError as error:
            _LOG.warning("chore failed: %s", type(error).__name__)
        await asyncio.sleep(seconds)


def begin(work: Awaitable[None]) -> asyncio.Future[None]:
    """Start what lasts as long as the service. Should a mistake of ours end it, that is logged by
    its class, and `/readyz` says so: somebody has to restart the service."""
    task = asyncio.ensure_future(work)
    task.add_done_callback(_ended)
    return task


def _ended(task: asyncio.Future[None]) -> None:
    if not task.cancelled() and (error := task.exception()) is not None:
        _LOG.critical("work has ended, restart the service: %s", type(error).__name__)


def all_of(house: House, store: Store, keep_texts: timedelta) -> list[Awaitable[None]]:
    """The chores of every deployment."""

    async def purge() -> None:
        now = house.clock()
        await asyncio.to_thread(retention.purge, store, house.vault, keep_texts, now)

    async def expire() -> None:
        now = house.clock()
        await store.worker.run(lambda connection: counseling.expire_due(house, connection, now))

    async def take_back() -> None:
        now = house.clock()
        await store.worker.run(lambda connection: desertion.take_back(house, connection, now))

    async def refresh() -> None:
        await asyncio.to_thread(house.refresh, store)
        await asyncio.to_thread(house.hear_complaints, store)

    return [
        every(PURGE_EVERY, purge),
        every(EXPIRE_EVERY, expire),
        every(TAKE_BACK_EVERY, take_back),
        every(REFRESH_EVERY, refresh),
    ]


def calling(caller: Caller) -> Awaitable[None]:
    """Counselors are called."""
    return every(CALL_EVERY, caller.call)


async def fetch_missed(whatsapp: WhatsApp, reception: Reception) -> None:
    """Twilio does not repeat a webhook that failed: what it lists and we never saw is taken in.

    What was seen is known by its id and makes no second turn.
    """

    async def fetch() -> None:
        since = reception.house.clock() - MISSED_WITHIN
        for inbound in await whatsapp.received(since):
            await reception.take_in(inbound)

    await asyncio.sleep(MISSED_EVERY)
    await every(MISSED_EVERY, fetch)


async def fetch_telegram(telegram: Telegram, reception: Reception) -> None:
    """Long polling without a public address: an update is confirmed only once it is stored."""
    async for received in telegram.updates():
        while received.inbound is not None:
            try:
                await reception.take_in(received.inbound)
                break
            except StoreUnavailable:
                await asyncio.sleep(AGAIN_AFTER)
        if received.callback_id is not None:
            with contextlib.suppress(KuskaError):
                await telegram.answer(received.callback_id)
