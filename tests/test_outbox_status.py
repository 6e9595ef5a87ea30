"""What providers tell later, what they keep, and how a turn is packed."""

from __future__ import annotations

import itertools
from datetime import UTC, date
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from provider import CHAT, Provider, asked, deliver, statuses, wait
from storeroom import PHONE, Room, in_memory

from bot import outbox, traces
from bot.channels.base import Channel, Sending, Sent
from bot.errors import SendError
from bot.messages import Choice, Message, ShownService
from bot.models import Delivery as Delivered
from bot.models import Message as Kept
from bot.models import OutboxEntry, ReceivedId
from bot.payload import pack, unpack

EXAMPLES = itertools.count(1)
"""Each example has its own contact: two to one chat within ten seconds would rightly wait."""
RANKED = sorted(outbox.RANK, key=lambda status: outbox.RANK[status])


@pytest.fixture(scope="module")
def shared() -> Any:
    """One store in memory for properties, which make their own contacts."""
    room = in_memory()
    yield room
    room.close()


@given(steps=st.lists(st.sampled_from(RANKED), max_size=8), early=st.integers(0, 8))
async def test_a_status_moves_only_forward(shared: Room, steps: list[str], early: int) -> None:
    """In whatever order statuses come, also before our own record of the send, the kept one is
    never lower than before and ends at the highest."""
    number = next(EXAMPLES)
    provider = Provider("whatsapp")
    asked(shared, f"whatsapp:+51900000{number}", "uno", channel="whatsapp")
    ref_text = f"whatsapp-{number}"
    ref = shared.vault.index("ref", ref_text)

    async def send(address: str, sending: Sending) -> Sent:
        for status in steps[:early]:
            await shared.store.worker.run(
                lambda c: outbox.record_status(c, ref, status, None, shared.now)  # type: ignore[arg-type]  # noqa: B023 - awaited here
            )
        return Sent(ref_text, sending.text, ())

    provider.send = send  # type: ignore[method-assign]
    assert await deliver(shared, provider) == 1
    ranks = [outbox.RANK[step] for step in ("sending", *steps)]
    seen = max(ranks[: early + 1])
    for status in steps[early:]:
        moved = shared.do(outbox.record_status, ref, status, None, shared.now)
        assert moved is (outbox.RANK[status] > seen)
        seen = max(seen, outbox.RANK[status])
    kept = next(row for row in shared.rows(Delivered) if row.ref_index == ref)
    assert outbox.RANK[kept.status] == max(ranks)


@pytest.mark.parametrize(("is_retryable", "goes_again"), [(True, True), (False, False)])
async def test_a_failure_told_later(room: Room, is_retryable: bool, goes_again: bool) -> None:
    """A provider that takes a message and fails later (63018) has it again when that can help."""
    asked(room, PHONE, "uno", channel="whatsapp")
    provider = Provider("whatsapp")
    await deliver(room, provider)
    ref = room.vault.index("ref", "whatsapp-1")
    room.do(outbox.record_status, ref, "failed", "63018", room.now, is_retryable=is_retryable)
    wait(room, 60)
    await deliver(room, provider)
    assert provider.texts == ["uno"] * (2 if goes_again else 1)
    assert statuses(room) == ["sent" if goes_again else "failed"]


async def test_records_at_twilio_are_unwanted_when_final(room: Room) -> None:
    """Hers is deleted there once the turn is stored, ours once its status is final; what the
    provider refuses for the moment is asked for again."""
    asked(room, PHONE, "uno", channel="whatsapp", ref="SM-hers")
    provider = Provider("whatsapp")
    await deliver(room, provider)
    channels: dict[str, Channel] = {"whatsapp": provider}
    assert await traces.sweep(room.store, room.vault, channels) == 1
    provider.fails = [SendError("20009", retryable=True)]
    ref = room.vault.index("ref", "whatsapp-1")
    room.do(outbox.record_status, ref, "delivered", None, room.now)
    assert await traces.sweep(room.store, room.vault, channels) == 0
    assert await traces.sweep(room.store, room.vault, channels) == 1
    assert provider.deleted == [(PHONE, "SM-hers"), (PHONE, "whatsapp-1")]
    assert [row.ref_sealed for row in room.rows(Delivered) + room.rows(Kept)] == [None, None]


async def test_leaving_telegram_deletes_what_still_can_be(room: Room) -> None:
    """After `salir` her messages and ours of the last 48 hours are deleted, older ones not asked
    for."""
    arrival = asked(room, CHAT, "viejo", ref="1")
    provider = Provider()
    await deliver(room, provider)
    wait(room, 48 * 3600 + 1)
    asked(room, CHAT, "nuevo", ref="2")
    await deliver(room, provider)
    assert room.do(traces.mark, arrival.contact_id, room.now) == 2
    assert await traces.sweep(room.store, room.vault, {"telegram": provider}) == 2
    assert sorted(provider.deleted) == [(CHAT, "2"), (CHAT, "telegram-2")]


async def test_a_status_of_a_stranger_is_nobodys(room: Room) -> None:
    """A status of a message we never sent is tied to no contact, and creates no entry."""
    ref = room.vault.index("ref", "SM-unknown")
    assert room.do(outbox.record_status, ref, "delivered", None, room.now)
    assert not room.do(outbox.record_status, ref, "delivered", None, room.now)
    assert [row.entry_id for row in room.rows(Delivered)] == [None]
    assert room.count(OutboxEntry) == room.count(ReceivedId) == 0


SERVICES = st.builds(
    ShownService,
    id=st.text(max_size=20),
    phones=st.lists(st.text(max_size=12), max_size=3).map(tuple),
    open=st.none() | st.booleans(),
    opens_at=st.none() | st.datetimes(timezones=st.just(UTC)),
    source_at=st.none() | st.dates(date(2018, 1, 1)),
    confirmed_at=st.none() | st.dates(date(2018, 1, 1)),
    distance_km=st.none() | st.floats(0, 2_000),
)
MESSAGES = st.builds(
    Message,
    text=st.text(st.characters(exclude_categories=["Cs"]), max_size=80),
    kind=st.sampled_from(["say", "ask", "card", "danger", "cover", "knock"]),
    cause=st.sampled_from(["inbound", "agreed", "counselor"]),
    choices=st.lists(st.builds(Choice, st.text(max_size=8), st.text(max_size=8)), max_size=3).map(
        tuple
    ),
    private=st.booleans(),
    service=st.none() | SERVICES,
)


@given(messages=st.lists(MESSAGES, max_size=4), language=st.sampled_from(["es", "ht", "qu"]))
def test_messages_survive_packing(messages: list[Message], language: str) -> None:
    """Whatever a turn says comes out of the outbox as it went in."""
    assert unpack(pack(messages, language)) == (messages, language)
