"""Sending what waits in the outbox, one message of an entry at a time.

Each message is three steps, and the process may die between any two: *claim* (committed: the entry
is `sending`, for a minute nobody else takes it), *send* (the provider's answer), *record*
(committed). Whoever finds an entry still `sending` looks at the provider first, so at worst one
send is repeated whose answer was lost.

`Delivery(...).run()` is the loop, woken by commits and by what falls due; `deliver_due` is one
round of it and returns when everything it took was answered.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from datetime import datetime

from bot import dispatch, traces
from bot.channels.base import Channel, Sending, Sent
from bot.dispatch import Claimed, Knock
from bot.errors import BrokenSeal, NoSuchContact, SendError, StoreUnavailable
from bot.payload import unpack
from bot.store import Store
from bot.vault import Vault

LONGEST_WAIT = 30.0
"""Seconds after which the loop looks again although nothing woke it."""
SWEEP_EVERY = 5.0
"""Seconds between two rounds of asking providers to delete (`traces`)."""
AFTER_FAILURE = 1.0


async def deliver_due(
    store: Store,
    vault: Vault,
    channels: Mapping[str, Channel],
    now: datetime,
    knock: Knock | None = None,
) -> int:
    """Send one message of each conversation that has one due; how many the providers took.

    Call it again for the rest of an entry. Raise `StoreUnavailable` when nothing could be claimed.
    """
    claimed = await _claim(store, vault, channels, now, knock)
    if not claimed:
        return 0
    took = await asyncio.gather(*(_deliver(store, vault, channels, each, now) for each in claimed))
    return sum(took)


class Delivery:
    """The loop of a process. `clock()` gives the moment; the web channel only wakes its pages."""

    def __init__(
        self,
        store: Store,
        vault: Vault,
        channels: Mapping[str, Channel],
        clock: Callable[[], datetime],
        knock: Knock | None = None,
    ) -> None:
        self._store = store
        self._vault = vault
        self._channels = channels
        self._clock = clock
        self._knock = knock
        self._woken = asyncio.Event()
        self._loop: asyncio.AbstractEventLoop | None = None
        self._sending: set[asyncio.Task[bool]] = set()

    def wake(self) -> None:
        """Look now; may be called from any thread."""
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._woken.set)

    async def run(self) -> None:
        """Deliver until cancelled; then wait for what is on its way to be recorded."""
        self._loop = asyncio.get_running_loop()
        self._store.worker.after_commit.append(self.wake)
        sweeping = asyncio.create_task(self._sweep())
        try:
            if self._store.is_sqlite:
                await self._recover()
            while True:
                await self._look()
        finally:
            self._store.worker.after_commit.remove(self.wake)
            sweeping.cancel()
            await asyncio.gather(sweeping, *self._sending, return_exceptions=True)

    async def _recover(self) -> None:
        """This is the only process, so whatever is `sending` was left by one that died."""
        while True:
            try:
                await self._store.worker.run(
                    lambda connection: dispatch.recover(connection, self._clock())
                )
            except StoreUnavailable:
                await asyncio.sleep(AFTER_FAILURE)
            else:
                return

    async def _look(self) -> None:
        self._woken.clear()
        wait = LONGEST_WAIT
        try:
            now = self._clock()
            with self._store.read() as connection:
                due_at = dispatch.next_due(connection, self._channels)
            if due_at is not None:
                wait = min(wait, (due_at - now).total_seconds())
            if wait <= 0:
                await self._send_due(now)
                return
        except StoreUnavailable:
            wait = AFTER_FAILURE
        # Not `wait_for`: before Python 3.12 it swallows a cancellation that meets the wake.
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(wait):
                await self._woken.wait()

    async def _send_due(self, now: datetime) -> None:
        """Start what is due and go on: a slow provider holds up nobody else."""
        for each in await _claim(self._store, self._vault, self._channels, now, self._knock):
            task = asyncio.create_task(
                _deliver(self._store, self._vault, self._channels, each, now)
            )
            self._sending.add(task)
            task.add_done_callback(self._sending.discard)

    async def _sweep(self) -> None:
        while True:
            await asyncio.sleep(SWEEP_EVERY)
            with contextlib.suppress(StoreUnavailable):
                await traces.sweep(self._store, self._vault, self._channels)


async def _claim(
    store: Store,
    vault: Vault,
    channels: Mapping[str, Channel],
    now: datetime,
    knock: Knock | None,
) -> list[Claimed]:
    return await store.worker.run(
        lambda connection: dispatch.claim(connection, vault, channels, now, knock)
    )


async def _deliver(
    store: Store, vault: Vault, channels: Mapping[str, Channel], claimed: Claimed, now: datetime
) -> bool:
    """Send one message and record what came of it; True when the provider took it."""
    if claimed.channel == "web":
        return await _wake(vault, channels.get("web"), claimed)
    channel = channels[claimed.channel]
    try:
        address, sendings = _open(vault, channel, claimed)
        sent = await _send(channel, address, sendings[claimed.part], claimed)
    except NoSuchContact:
        return False  # erased meanwhile, and her rows with her
    except SendError as error:
        failure = error
    except Exception as error:  # noqa: BLE001 - one channel's defect must not stop the others
        failure = SendError(type(error).__name__, retryable=True, maybe_sent=True)
    else:
        is_last = claimed.part + 1 >= len(sendings)
        keeps = await store.worker.run(
            lambda connection: dispatch.record_sent(
                connection, vault, claimed, sent.provider_ref, now, is_last=is_last
            )
        )
        if not keeps:
            with contextlib.suppress(SendError):
                await channel.delete(address, sent.provider_ref)
        return True
    await store.worker.run(
        lambda connection: dispatch.record_failure(connection, claimed, failure, now)
    )
    return False


async def _wake(vault: Vault, page: Channel | None, claimed: Claimed) -> bool:
    """Tell her page to look at what the claim has shown already."""
    if page is None:
        return False
    try:
        address, sendings = _open(vault, page, claimed)
        for sending in sendings:
            await page.send(address, sending)
    except (NoSuchContact, SendError):
        return False  # erased meanwhile, or nothing to show: the page reads the store itself
    return True


def _open(vault: Vault, channel: Channel, claimed: Claimed) -> tuple[str, list[Sending]]:
    """Address and messages; `SendError` for what can never be sent."""
    contact_id = claimed.contact_id
    try:
        address = vault.open(contact_id, "contact.address", contact_id, claimed.address_sealed)
        packed = vault.open(contact_id, "outbox.payload", claimed.entry_id, claimed.payload_sealed)
        sendings = channel.fit(*unpack(packed))
    except (BrokenSeal, json.JSONDecodeError):
        raise SendError("unreadable", retryable=False) from None
    if claimed.part >= len(sendings):
        raise SendError("nothing to send", retryable=False)
    return address.decode(), sendings


async def _send(channel: Channel, address: str, sending: Sending, claimed: Claimed) -> Sent:
    """Hand it to the provider, after a look whether it has it when an answer was lost."""
    if claimed.maybe_sent:
        found = await channel.find_sent(address, sending, claimed.created_at)
        if found is not None:
            return found
    return await channel.send(
        address, sending if claimed.attempts == 1 else sending.without_buttons()
    )
