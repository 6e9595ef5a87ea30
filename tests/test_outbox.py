"""Delivery: in order, again after a failure, never lost, whenever the process dies."""

from __future__ import annotations

import asyncio
import sqlite3
from datetime import datetime
from typing import Any

import pytest
from provider import CHAT, Provider, asked, deliver, statuses, wait
from storeroom import PHONE, Room

from bot import delivery, dispatch, outbox
from bot.delivery import Delivery
from bot.errors import SendError, StoreUnavailable
from bot.messages import Choice, Message
from bot.models import Delivery as Delivered
from bot.models import Incident


async def test_a_reply_is_sent_once(room: Room) -> None:
    """A reply goes to her address, is recorded, and does not go again."""
    asked(room, CHAT, "uno")
    provider = Provider()
    assert await deliver(room, provider) == 1
    wait(room, 3600)
    assert await deliver(room, provider) == 0
    assert provider.taken == [(CHAT, "uno")]
    assert statuses(room) == ["sent"]
    assert room.count(Delivered) == 1


async def test_messages_of_a_chat_go_in_order_one_a_second(room: Room) -> None:
    """Parts of a turn, and turns of a chat, go in order and never two in a second on Telegram."""
    asked(room, CHAT, "uno", "dos")
    asked(room, CHAT, "tres")
    provider = Provider()
    assert await deliver(room, provider, rounds=3) == 1
    for expected in (["uno", "dos"], ["uno", "dos", "tres"]):
        wait(room, 0.9)
        assert await deliver(room, provider) == 0
        wait(room, 0.1)
        assert await deliver(room, provider) == 1
        assert provider.texts == expected


async def test_contacts_do_not_wait_for_each_other(room: Room) -> None:
    """Eight chats are served in one round, although one provider answer is awaited by all."""
    for n in range(8):
        asked(room, f"{CHAT}{n}", f"para {n}")
    together = asyncio.Barrier(8)
    provider = Provider(on_send=together.wait)
    async with asyncio.timeout(10):
        assert await deliver(room, provider) == 8


async def test_whatsapp_waits_for_sent(room: Room) -> None:
    """The next message waits for the former's `sent`, or ten seconds when no status comes."""
    asked(room, PHONE, "uno", "dos", "tres", channel="whatsapp")
    provider = Provider("whatsapp")
    assert await deliver(room, provider, rounds=2) == 1
    wait(room, 1)
    assert await deliver(room, provider) == 0
    ref = room.vault.index("ref", "whatsapp-1")
    room.do(outbox.record_status, ref, "sent", None, room.now)
    assert await deliver(room, provider) == 1
    wait(room, 9)
    assert await deliver(room, provider) == 0
    wait(room, 1)
    assert await deliver(room, provider) == 1
    assert provider.texts == ["uno", "dos", "tres"]


async def test_a_failed_send_is_tried_in_growing_steps(room: Room) -> None:
    """What failed goes again after 1, 5, 30, 120, 600 s, as plain text; later turns wait for it."""
    asked(room, CHAT, messages=(Message("uno", choices=(Choice("a.b", "Sí"),)),))
    asked(room, CHAT, "dos")
    provider = Provider(fails=[SendError("network", retryable=True) for _ in range(5)])
    for seconds in (1, 5, 30, 120, 600):
        assert await deliver(room, provider) == 0
        wait(room, seconds - 0.5)
        assert await deliver(room, provider) == 0
        assert statuses(room) == ["pending", "pending"]
        wait(room, 0.5)
    assert await deliver(room, provider) == 1
    wait(room, 1)
    assert await deliver(room, provider) == 1
    assert provider.texts == ["uno 1", "dos"]


async def test_a_flood_is_obeyed(room: Room) -> None:
    """`retry_after` holds the whole chat, not longer and not shorter than the provider asked."""
    asked(room, CHAT, "uno")
    provider = Provider(fails=[SendError("flood", retryable=True, retry_after=42)])
    assert await deliver(room, provider) == 0
    wait(room, 41)
    assert await deliver(room, provider) == 0
    wait(room, 1)
    assert await deliver(room, provider) == 1


@pytest.mark.parametrize("is_retryable", [False, True])
async def test_what_cannot_be_sent_is_counted(room: Room, is_retryable: bool) -> None:
    """A refusal for good ends at once, others after eight tries; both are counted, and what comes
    after goes on."""
    asked(room, CHAT, "uno")
    asked(room, CHAT, "dos")
    tries = 8 if is_retryable else 1
    provider = Provider(fails=[SendError("forbidden", retryable=is_retryable)] * tries)
    for _ in range(tries):
        assert await deliver(room, provider) == 0
        wait(room, 3600)
    assert await deliver(room, provider) == 1
    assert provider.texts == ["dos"]
    assert statuses(room) == ["failed", "sent"]
    assert [(row.kind, row.times) for row in room.rows(Incident)] == [("undelivered", 1)]


async def test_a_lost_answer_is_looked_for(room: Room) -> None:
    """When the answer was lost on the way and the provider has the message, it goes only once."""
    asked(room, PHONE, "uno", channel="whatsapp")
    lost = SendError("network", retryable=True, maybe_sent=True)
    provider = Provider("whatsapp", fails=[lost], takes_although_it_fails=True, can_look=True)
    assert await deliver(room, provider) == 0
    wait(room, 10)
    assert await deliver(room, provider) == 1
    assert provider.texts == ["uno"]
    assert statuses(room) == ["sent"]


async def test_a_defect_of_a_channel_stops_nobody(room: Room) -> None:
    """A channel that breaks in its own code loses nothing: the message is tried again."""
    asked(room, CHAT, "uno")

    async def defect() -> None:
        raise KeyError("chat")

    provider = Provider(on_send=defect)
    assert await deliver(room, provider) == 0
    provider.on_send = None
    wait(room, 60)
    assert await deliver(room, provider) == 1


@pytest.mark.parametrize("step", ["claim", "send", "answer", "record"])
@pytest.mark.parametrize("can_look", [False, True])
async def test_a_crash_between_any_two_steps(
    room: Room, monkeypatch: pytest.MonkeyPatch, step: str, can_look: bool
) -> None:
    """A process that dies at any step loses nothing; at worst one send is repeated whose answer
    was lost, and none where one can look. The other parts go once."""
    asked(room, PHONE, "uno", "dos", channel="whatsapp")
    provider = Provider("whatsapp", can_look=can_look)

    class Killed(BaseException):
        """The process ends here."""

    def die(*_: Any, **__: Any) -> None:
        raise Killed

    async def die_sending() -> None:
        raise Killed

    with monkeypatch.context() as patch:
        if step == "claim":
            patch.setattr(delivery, "_deliver", die)
        elif step == "send":
            provider.on_send = die_sending
        elif step == "answer":
            provider.fails, provider.takes_although_it_fails = [Killed()], True  # type: ignore[list-item]
        else:
            patch.setattr("bot.delivery.dispatch.record_sent", die)
        with pytest.raises((Killed, StoreUnavailable)):
            await deliver(room, provider)
    provider.on_send = None
    assert statuses(room) == ["sending"]
    for _ in range(4):
        wait(room, 60)
        await deliver(room, provider)
    was_taken = step in ("answer", "record")
    assert provider.texts == ["uno"] * (2 if was_taken and not can_look else 1) + ["dos"]
    assert statuses(room) == ["sent"]


async def test_a_new_process_takes_up_at_once(disk_room: Room) -> None:
    """On SQLite the loop of a new process looks at what the dead one had claimed, without waiting
    for the lease; the commit of a turn wakes it."""
    asked(disk_room, CHAT, "uno")
    disk_room.do(claim_only, disk_room)
    assert statuses(disk_room) == ["sending"]
    wait(disk_room, 1)
    arrived = asyncio.Event()
    provider = Provider()
    provider.on_send = lambda: set_later(arrived)
    loop = Delivery(disk_room.store, disk_room.vault, {"telegram": provider}, lambda: disk_room.now)
    running = asyncio.create_task(loop.run())
    async with asyncio.timeout(10):
        await arrived.wait()
        arrived.clear()
        wait(disk_room, 2)
        await asyncio.to_thread(asked, disk_room, "another chat", "dos")
        await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert sorted(provider.texts) == ["dos", "uno"]
    assert statuses(disk_room) == ["sent", "sent"]


async def test_a_store_that_is_down_at_the_start(
    disk_room: Room, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop waits for it instead of ending, which nobody would see; then it delivers."""
    asked(disk_room, CHAT, "uno")
    disk_room.do(claim_only, disk_room)
    wait(disk_room, 1)
    real, fails = dispatch.recover, iter([True, True])

    def recover(connection: Any, now: datetime) -> None:
        if next(fails, False):
            raise sqlite3.OperationalError("disk I/O error")
        real(connection, now)

    monkeypatch.setattr(dispatch, "recover", recover)
    monkeypatch.setattr(delivery, "AFTER_FAILURE", 0.0)
    arrived = asyncio.Event()
    provider = Provider()
    provider.on_send = lambda: set_later(arrived)
    loop = Delivery(disk_room.store, disk_room.vault, {"telegram": provider}, lambda: disk_room.now)
    running = asyncio.create_task(loop.run())
    async with asyncio.timeout(10):
        await arrived.wait()
    running.cancel()
    await asyncio.gather(running, return_exceptions=True)
    assert provider.texts == ["uno"]


def claim_only(connection: Any, room: Room) -> None:
    """What a process does before it dies."""
    dispatch.claim(connection, room.vault, ["telegram"], room.now, None)


async def set_later(event: asyncio.Event) -> None:
    """Tell the test that the provider is being asked."""
    event.set()
