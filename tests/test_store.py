"""Durability: what was answered is there, once, whatever breaks in between."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import Connection, select
from sqlalchemy.exc import IntegrityError, OperationalError
from storeroom import ANSWERED, PHONE, SAID, Room, on_disk

from bot import records
from bot.errors import NoSuchContact, StoreUnavailable
from bot.models import Contact, Conversation, Message, OutboxEntry, ReceivedId
from bot.worker import BATCH

HERE = Path(__file__).parent


def hold(room: Room) -> threading.Event:
    """Keep the worker busy until the event is set, so that what follows waits as one group."""
    started, go_on = threading.Event(), threading.Event()

    def wait(_: Connection) -> None:
        started.set()
        go_on.wait(10)

    room.store.worker.submit(wait)
    started.wait(10)
    return go_on


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


def test_one_failure_stays_its_own(disk_room: Room) -> None:
    """In one group a work that raises is undone alone; those beside it are kept."""
    go_on = hold(disk_room)

    def fails(connection: Connection) -> None:
        disk_room.write_turn(
            connection, "x", channel="web", said="", provider_id="X", status="open",
            cause="inbound", ref=None,
        )  # fmt: skip
        raise LookupError("content is wrong")

    works: list[Future[Any]] = []
    for n in range(6):
        works.append(disk_room.store.worker.submit(fails if n == 3 else turn_of(disk_room, n)))
    go_on.set()
    errors = [type(work.exception(10)) for work in works]
    assert errors == [type(None)] * 3 + [LookupError] + [type(None)] * 2
    assert disk_room.count(Message) == 5
    assert disk_room.count(Contact) == 5


def turn_of(room: Room, number: int) -> Any:
    """A whole turn of a contact of its own."""
    return lambda c: room.write_turn(
        c, f"web-{number}", channel="web", said="hola", provider_id=f"W{number}", status="open",
        cause="inbound", ref=None,
    )  # fmt: skip


@pytest.mark.parametrize(
    "failure",
    [
        sqlite3.OperationalError("database or disk is full"),
        OperationalError("INSERT", {}, sqlite3.OperationalError("disk I/O error")),
        sqlite3.DatabaseError("database disk image is malformed"),
        StoreUnavailable("the key store does not answer"),
    ],
)
def test_a_failing_store_keeps_nothing(disk_room: Room, failure: Exception) -> None:
    """When the database fails in one work, every caller of the group hears it and nothing stays;
    the store works again afterwards."""

    def fails(_: Connection) -> None:
        raise failure

    go_on = hold(disk_room)
    works = [
        disk_room.store.worker.submit(fails if n == 3 else turn_of(disk_room, n)) for n in range(6)
    ]
    go_on.set()
    assert all(isinstance(work.exception(10), StoreUnavailable) for work in works)
    assert disk_room.count(Message) == 0
    assert disk_room.store.down_for() > 0
    disk_room.turn()
    assert disk_room.store.down_for() == 0


def test_a_broken_rule_is_not_a_failing_store(room: Room) -> None:
    """A work that breaks a constraint hears of that, and the store is well."""
    arrival = room.turn()
    assert arrival is not None
    with pytest.raises((IntegrityError, sqlite3.IntegrityError)):
        room.do(lambda c: c.exec_driver_sql("INSERT INTO conversation SELECT * FROM conversation"))
    assert room.store.down_for() == 0


@pytest.mark.parametrize("step", ["prepare", "begin", "work", "commit", "settle"])
def test_a_failure_at_any_step_is_told(
    disk_room: Room, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    """Wherever a group breaks off, nobody is told yes for what is not there, nor waits for ever;
    after a repeat everything is there once."""
    worker: Any = disk_room.store.worker
    error = sqlite3.OperationalError("locked")

    def fail(*_: Any, **__: Any) -> None:
        raise error

    with monkeypatch.context() as patch:
        if step == "prepare":
            patch.setattr(worker, "_prepare", fail)
        elif step == "begin":
            patch.setattr(worker, "_connect", fail)
        elif step == "work":
            patch.setattr("bot.worker._try", fail)
        elif step == "commit":
            patch.setattr("sqlalchemy.engine.default.DefaultDialect.do_commit", fail)
        else:
            patch.setattr(worker, "after_commit", [lambda: None])
        works = [worker.submit(turn_of(disk_room, n)) for n in range(3)]
        errors = [work.exception(10) for work in works]
    if step == "settle":
        assert errors == [None] * 3
    else:
        assert all(isinstance(error, StoreUnavailable) for error in errors)
        assert disk_room.count(Message) == 0
    repeated = [worker.submit(turn_of(disk_room, n)).result(10) for n in range(3)]
    assert all((arrival is None) == (step == "settle") for arrival in repeated)
    assert disk_room.count(Message) == disk_room.count(Contact) == 3


def test_killed_in_the_middle_of_a_group(tmp_path: Path) -> None:
    """After kill -9 every promised turn is there, no turn is there twice or by half, and sending
    all again makes up exactly for the rest."""
    promised: set[int] = set()
    first = 0
    for _ in range(3):
        process = subprocess.Popen(  # noqa: S603 - our own script, nobody's input
            [sys.executable, str(HERE / "crashing_turns.py"), str(tmp_path), str(first)],
            stdout=subprocess.PIPE,
            env=os.environ | {"PYTHONPATH": os.pathsep.join([str(HERE), str(HERE.parent)])},
        )
        assert process.stdout is not None
        lines = [process.stdout.readline() for _ in range(150)]
        process.send_signal(signal.SIGKILL)
        rest = process.stdout.read()
        process.wait(10)
        process.stdout.close()
        whole = (b"".join(lines) + rest).decode().split("\n")[:-1]
        promised |= set(map(int, whole))
        first = max(promised) + 1_000
    room = on_disk(tmp_path)
    texts = read_all(room)
    assert {f"turn {number}" for number in promised} <= set(texts)
    assert len(texts) == len(set(texts)) == room.count(OutboxEntry) == room.count(ReceivedId)
    again = [
        room.turn(f"whatsapp:+51900000{n % 100:03}", said=f"turn {n}", provider_id=f"SM{n}")
        for n in sorted(promised)[-50:]
    ]
    assert again == [None] * 50
    with room.store.read() as connection:
        assert connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok"
    room.close()


def read_all(room: Room) -> list[str]:
    """Every kept message, opened."""
    query = select(Message.id, Message.body_sealed, Conversation.contact_id).join(
        Conversation, Conversation.id == Message.conversation_id
    )
    with room.store.read() as connection:
        rows = connection.execute(query).all()
    return [
        room.vault.open(row.contact_id, "message.body", row.id, row.body_sealed).decode()
        for row in rows
    ]


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
        *(room.store.worker.run(turn_of(room, n)) for n in range(BATCH * 2))
    )
    assert len({arrival.contact_id for arrival in arrivals}) == BATCH * 2
    assert room.count(Message) == BATCH * 2


async def test_a_caller_who_left_stops_nothing(disk_room: Room) -> None:
    """A webhook whose client hung up is still stored, and the worker goes on."""
    go_on = hold(disk_room)
    left = asyncio.ensure_future(disk_room.store.worker.run(turn_of(disk_room, 1)))
    await asyncio.sleep(0)
    left.cancel()
    go_on.set()
    await disk_room.store.worker.run(turn_of(disk_room, 2))
    assert disk_room.count(Message) == 2


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
    work = room.store.worker.submit(turn_of(room, 1))
    room.store.close()
    assert work.result(10) is not None
    with pytest.raises(StoreUnavailable):
        room.store.worker.submit(turn_of(room, 2))


def test_a_deadlock_is_tried_again(postgres_room: Room) -> None:
    """PostgreSQL's refusals for a deadlock or a serialization failure are repeated, three times."""
    tried = []

    def refused(connection: Connection, times: int, state: str) -> int:
        tried.append(state)
        if len(tried) <= times:
            connection.exec_driver_sql(f"DO $$ BEGIN RAISE SQLSTATE '{state}'; END $$")
        return len(tried)

    assert postgres_room.do(refused, 3, "40P01") == 4
    tried.clear()
    assert postgres_room.do(refused, 1, "40001") == 2
    tried.clear()
    with pytest.raises(StoreUnavailable):
        postgres_room.do(refused, 9, "40P01")
    assert len(tried) == 4
