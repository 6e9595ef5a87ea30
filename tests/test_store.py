"""Turns are kept whole, once, sealed, and found again, on each database."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection
from storeroom import ANSWERED, PHONE, SAID, Room, on_disk

from bot import records
from bot.errors import NoSuchContact, StoreUnavailable
from bot.models import Contact, Conversation, Message, OutboxEntry, ReceivedId
from bot.worker import BATCH


def test_a_turn_is_kept_whole(room: Room) -> None:
    """Contact, conversation, message, reply and provider id are there together and can be read."""
    arrival = room.turn()
    assert arrival is not None
    for table in (Contact, Conversation, Message, OutboxEntry, ReceivedId):
        assert room.count(table) == 1
    again = room.do(records.arrival_of, arrival.contact_id)
    assert records.read_memory(room.vault, again) == {"state": "screening.passport", "said": SAID}
    (message,) = room.rows(Message)
    kept = room.vault.open(arrival.contact_id, "message.body", message.id, message.body_sealed)
    assert kept.decode() == SAID


def test_a_contact_is_found_again(room: Room) -> None:
    """The same address is the same contact, another address or channel another."""
    first, again = room.turn("1", channel="telegram"), room.turn("1", channel="telegram")
    other, web = room.turn("2", channel="telegram"), room.turn("1", channel="web")
    assert first is not None
    assert again is not None
    assert other is not None
    assert web is not None
    assert first.contact_id == again.contact_id
    assert len({first.contact_id, other.contact_id, web.contact_id}) == 3
    assert room.count(Conversation) == 3


def test_fifty_parallel_copies_make_one_turn(room: Room) -> None:
    """Of fifty copies of one provider id, handed in by fifty threads, one makes a turn."""
    made: list[Any] = []
    start = threading.Barrier(50)

    def post() -> None:
        start.wait(10)
        made.append(room.turn(provider_id="SM-same"))

    threads = [threading.Thread(target=post) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(made) == 50
    assert sum(arrival is not None for arrival in made) == 1
    assert room.count(Message) == room.count(OutboxEntry) == room.count(Contact) == 1


def test_parallel_first_messages_make_one_contact(room: Room) -> None:
    """Different messages of a newcomer at the same moment find one contact and all stay."""
    works = [
        room.store.worker.submit(
            lambda c, n=n: room.write_turn(  # type: ignore[misc]
                c,
                PHONE,
                channel="whatsapp",
                said=str(n),
                provider_id=f"SM-{n}",
                status="open",
                cause="inbound",
                ref=None,
            )
        )
        for n in range(20)
    ]
    arrivals = [work.result(30) for work in works]
    assert len({arrival.contact_id for arrival in arrivals if arrival is not None}) == 1
    assert room.count(Message) == 20
    assert room.count(Contact) == room.count(Conversation) == 1


def test_no_update_is_lost(room: Room) -> None:
    """A hundred turns that read and raise a number leave it at a hundred."""
    arrival = room.turn()
    assert arrival is not None

    def raise_it(connection: Connection) -> None:
        found = records.arrival_of(connection, arrival.contact_id)
        memory = records.read_memory(room.vault, found) or {}
        memory["n"] = memory.get("n", 0) + 1
        records.keep_memory(connection, room.vault, found, memory, "open", room.now)

    for work in [room.store.worker.submit(raise_it) for _ in range(100)]:
        work.result(30)
    found = room.do(records.arrival_of, arrival.contact_id)
    assert (records.read_memory(room.vault, found) or {})["n"] == 100


def test_nothing_planted_is_found_on_disk(tmp_path: Path) -> None:
    """Phone, chat id, text, reply, state and provider id are in no file in clear."""
    room = on_disk(tmp_path)
    canaries = {
        "phone": PHONE,
        "number": PHONE[-9:],
        "chat": "7700112233",
        "text": SAID,
        "reply": ANSWERED,
        "state": "screening.passport",
        "provider": "SMcanary0001",
        "ref": "MMcanary0002",
        "session": "pasaporte",
    }
    room.turn(provider_id="SMcanary0001", ref="MMcanary0002")
    room.turn("7700112233", channel="telegram", ref="4711")
    room.do(records.keep_pocket_word, room.vault, room.rows(Contact)[0].id, "girasol")
    files = [file for file in tmp_path.iterdir() if file.is_file()]
    assert {"kuska.db", "kuska.db-wal", "keys.db"} <= {file.name for file in files}
    for file in files:
        for name, canary in canaries.items():
            assert canary.encode() not in file.read_bytes(), (name, file.name)
        assert b"girasol" not in file.read_bytes()
    room.close()


def test_a_contact_without_a_key_is_new_again(room: Room) -> None:
    """A key that went without its rows (a crash between the two) shows nothing old."""
    first = room.turn()
    assert first is not None
    room.vault.destroy([first.contact_id])
    again = room.turn()
    assert again is not None
    assert again.contact_id != first.contact_id
    assert room.count(Contact) == room.count(Message) == 1
    with pytest.raises(NoSuchContact):
        room.do(records.arrival_of, first.contact_id)


def test_a_new_conversation_knows_nothing_of_the_old(room: Room) -> None:
    """A new session has an empty memory; language and pocket word are the contact's and stay."""
    arrival = room.turn()
    assert arrival is not None
    room.do(records.keep_language, arrival.contact_id, "pt")
    room.do(records.keep_pocket_word, room.vault, arrival.contact_id, "girasol")
    fresh = room.do(records.begin_conversation, arrival, room.now)
    assert fresh.conversation_id != arrival.conversation_id
    assert records.read_memory(room.vault, fresh) is None
    assert fresh.language == "pt"
    assert records.is_pocket_word(room.vault, fresh, "girasol")
    assert not records.is_pocket_word(room.vault, fresh, "girasoles")


async def test_coroutines_wait_for_the_commit(room: Room) -> None:
    """`run` answers many coroutines, in their own loop, with what was committed."""
    arrivals = await asyncio.gather(
        *(room.store.worker.run(room.turn_of(n)) for n in range(BATCH * 2))
    )
    assert len({arrival.contact_id for arrival in arrivals}) == BATCH * 2
    assert room.count(Message) == BATCH * 2


def test_hooks_hear_of_each_commit(room: Room) -> None:
    """Whoever waits for commits is told after one, not after a failure."""
    heard = threading.Event()
    room.store.worker.after_commit.append(heard.set)

    def fails(_: Connection) -> None:
        raise sqlite3.OperationalError("locked")

    with pytest.raises(StoreUnavailable):
        room.do(fails)
    assert not heard.is_set()
    room.turn()
    assert heard.wait(10)


def test_a_closed_store_refuses(room: Room) -> None:
    """After closing, work is refused at once rather than lost."""
    work = room.store.worker.submit(room.turn_of(1))
    room.store.close()
    assert work.result(10) is not None
    with pytest.raises(StoreUnavailable):
        room.store.worker.submit(room.turn_of(2))
