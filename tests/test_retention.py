"""Letting go: at once on `borrar`, by the clock otherwise, and nothing of it can be read again."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import insert, update
from storeroom import PHONE, Room, on_disk

from bot import models, outbox, records, retention
from bot.columns import new_id
from bot.errors import NoSuchContact, StoreUnavailable
from bot.models import (
    Contact,
    Conversation,
    Delivery,
    Handoff,
    HandoffChange,
    Message,
    OutboxEntry,
    ReceivedId,
)
from bot.records import Arrival
from bot.retention import Farewell

DAY = timedelta(days=1)
KEEP = timedelta(hours=24)


def asked(room: Room, address: str = PHONE, **options: Any) -> Arrival:
    """A committed turn."""
    arrival = room.turn(address, **options)
    assert arrival is not None
    return arrival


def hand_over(room: Room, arrival: Arrival, status: str = "waiting") -> int:
    """A handoff of this conversation."""
    handoff_id = new_id()

    def work(connection: Any) -> None:
        connection.execute(
            insert(Handoff).values(
                id=handoff_id,
                contact_id=arrival.contact_id,
                conversation_id=arrival.conversation_id,
                status=status,
                risk="high",
                nickname="Retama 12",
                summary_sealed=room.vault.seal(arrival.contact_id, "handoff", handoff_id, b"x"),
                opened_at=room.now,
            )
        )
        connection.execute(
            update(Conversation)
            .where(Conversation.id == arrival.conversation_id)
            .values(handoff_id=handoff_id)
        )

    room.do(work)
    return handoff_id


def purge(room: Room, after: timedelta = timedelta()) -> retention.Purged:
    """Purge when the clock has gone on."""
    room.now += after
    return retention.purge(room.store, room.vault, KEEP, room.now)


def erase(room: Room, arrival: Arrival) -> Farewell | None:
    """`borrar`, committed."""
    farewell: Farewell | None = room.do(retention.erase, room.vault, arrival.contact_id, room.now)
    return farewell


def test_erasing_leaves_nothing_of_her(room: Room) -> None:
    """Rows, waiting replies and key are gone; address and references come back for the last
    words; another contact keeps everything."""
    arrival = asked(room, ref="SM-hers")
    other = asked(room, "whatsapp:+51911111111")
    farewell = erase(room, arrival)
    assert farewell == Farewell("whatsapp", PHONE, ("SM-hers",), voided=1)
    assert [row.id for row in room.rows(Contact)] == [other.contact_id]
    for table in (Conversation, Message, OutboxEntry):
        assert room.count(table) == 1
    assert not room.vault.has(arrival.contact_id)
    assert room.vault.has(other.contact_id)
    assert room.vault.count() == 1
    with pytest.raises(NoSuchContact):
        room.do(records.arrival_of, arrival.contact_id)


def test_a_repeat_after_erasing_creates_nothing(room: Room) -> None:
    """The provider id of an erased message still makes no second turn, and is tied to nobody."""
    erase(room, asked(room, provider_id="SM1"))
    assert room.turn(provider_id="SM1") is None
    assert room.count(Contact) == room.count(Message) == 0
    assert room.count(ReceivedId) == 1


def test_coming_back_is_being_new(room: Room) -> None:
    """After erasing, the same address is a stranger."""
    arrival = asked(room)
    erase(room, arrival)
    again = asked(room)
    assert again.contact_id != arrival.contact_id
    assert again.pocket_mark is None


def test_erasing_twice_is_erasing(room: Room) -> None:
    """A second erasure finds nothing and harms nothing."""
    arrival = asked(room)
    assert erase(room, arrival) is not None
    assert erase(room, arrival) is None


def test_no_erased_byte_stays_on_disk(tmp_path: Path) -> None:
    """Not even sealed bytes or blind indexes stay in database, log or keys, though a reader was
    in the way of truncating."""
    room = on_disk(tmp_path)
    arrival = asked(room, ref="SM-hers")
    traces = [
        room.rows(Contact)[0].address_index,
        room.rows(Contact)[0].address_sealed,
        room.rows(Conversation)[0].memory_sealed,
        room.rows(Message)[0].body_sealed,
        room.rows(Message)[0].ref_sealed,
        room.rows(OutboxEntry)[0].payload_sealed,
    ]
    assert all(found(tmp_path, trace) for trace in traces)
    with room.store.read() as connection:
        connection.exec_driver_sql("SELECT count(*) FROM contact").scalar()
        erase(room, arrival)
    until(lambda: not any(found(tmp_path, trace) for trace in traces))
    room.close()


def found(folder: Path, trace: bytes) -> bool:
    """Whether any file of the folder has these bytes."""
    return any(trace in file.read_bytes() for file in folder.iterdir())


def until(holds: Callable[[], bool]) -> None:
    """Wait for the worker's own thread, five seconds at most (SAFETY 7)."""
    give_up = time.monotonic() + 5
    while not holds():
        assert time.monotonic() < give_up
        time.sleep(0.02)  # the worker truncates by its own clock


def test_a_store_that_fails_after_destroying_shows_nothing(room: Room) -> None:
    """When the rows stay because the store failed, they cannot be read, and the next start removes
    them."""
    arrival = asked(room)

    def erase_and_fail(connection: Any) -> None:
        retention.erase(connection, room.vault, arrival.contact_id, room.now)
        raise StoreUnavailable("no space left on device")

    with pytest.raises(StoreUnavailable):
        room.do(erase_and_fail)
    assert room.count(Contact) == 1
    assert not room.vault.has(arrival.contact_id)
    assert retention.drop_orphans(room.store, room.vault, room.now) == 1
    assert room.count(Contact) == room.count(Message) == 0


def test_her_handoff_is_closed_and_emptied(room: Room) -> None:
    """An open handoff closes with the erasure and keeps no summary, nickname or tie."""
    arrival = asked(room)
    handoff_id = hand_over(room, arrival, "live")
    erase(room, arrival)
    (handoff,) = room.rows(Handoff)
    assert (handoff.id, handoff.status, handoff.risk) == (handoff_id, "closed", "high")
    assert handoff.contact_id is handoff.conversation_id is None
    assert handoff.summary_sealed is handoff.nickname is None
    (change,) = room.rows(HandoffChange)
    assert (change.was, change.became, change.reason) == ("live", "closed", "erased")


def test_texts_go_when_their_time_is_over(room: Room) -> None:
    """Memory, message and reply go a day after the conversation ended, not before; the fact that
    something was sent stays a week, the contact longer."""
    arrival = asked(room)
    assert purge(room, timedelta(hours=24)).conversations == 0
    assert room.rows(Message)[0].body_sealed is not None
    assert purge(room, timedelta(minutes=30)).conversations == 1
    assert room.rows(Message)[0].body_sealed is None
    assert room.rows(OutboxEntry)[0].payload_sealed is None
    assert room.rows(OutboxEntry)[0].status == "void"
    found_again = room.do(records.arrival_of, arrival.contact_id)
    assert found_again.status == "ended"
    assert records.read_memory(room.vault, found_again) is None
    purge(room, 7 * DAY)
    for table in (Message, OutboxEntry, Delivery, ReceivedId):
        assert room.count(table) == 0
    assert room.count(Contact) == 1


def test_a_conversation_with_a_person_is_kept(room: Room) -> None:
    """While a handoff is open nothing of it goes; when it closed, its texts have a day."""
    arrival = asked(room)
    handoff_id = hand_over(room, arrival)
    assert purge(room, 3 * DAY).conversations == 0
    room.do(
        lambda c: c.execute(
            update(Handoff)
            .where(Handoff.id == handoff_id)
            .values(status="closed", closed_at=room.now)
        )
    )
    assert purge(room, timedelta(hours=23)).conversations == 0
    assert purge(room, timedelta(hours=1)).conversations == 1
    assert room.rows(Handoff)[0].summary_sealed is None


def test_who_does_not_come_back_is_erased(room: Room) -> None:
    """Thirty days after her last word a contact is erased with her key; who wrote since, or has a
    person with her, stays."""
    gone = asked(room)
    stays, with_person = asked(room, "whatsapp:+519111"), asked(room, "whatsapp:+519222")
    hand_over(room, with_person)
    room.now += 20 * DAY
    asked(room, "whatsapp:+519111")
    assert purge(room, 10 * DAY).contacts == 1
    left = {row.id for row in room.rows(Contact)}
    assert left == {stays.contact_id, with_person.contact_id}
    assert not room.vault.has(gone.contact_id)
    assert room.vault.count() == 2


def test_a_restored_backup_loses_contacts_without_a_key(room: Room) -> None:
    """Rows whose keys the backup did not bring are deleted; those with a key stay."""
    lost, kept = asked(room), asked(room, "whatsapp:+519111")
    hand_over(room, lost)
    room.vault.destroy([lost.contact_id])
    assert retention.drop_orphans(room.store, room.vault, room.now) == 1
    assert [row.id for row in room.rows(Contact)] == [kept.contact_id]
    assert room.rows(Handoff)[0].status == "closed"


def test_keys_of_nobody_go_after_a_day(room: Room, monkeypatch: pytest.MonkeyPatch) -> None:
    """Keys that a dead process left in stock are destroyed when a day old; keys in use stay, and
    so do those of a process that has just filled its stock."""
    arrival = asked(room)
    assert retention.drop_strangers(room.store, room.vault) == 0
    left_in_stock = len(room.vault.known()) - 1
    assert left_in_stock > 0
    monkeypatch.setattr("bot.retention.STRANGER_STAYS", timedelta(hours=-2))
    assert retention.drop_strangers(room.store, room.vault) == left_in_stock
    assert room.vault.known() == {arrival.contact_id}


def test_what_still_waits_is_not_thrown_away(room: Room) -> None:
    """A reply that waits for its provider survives purges while the conversation is young."""
    asked(room)
    purge(room, timedelta(hours=2))
    assert room.rows(OutboxEntry)[0].status in outbox.WAITING
    assert room.count(models.Message) == 1
