"""What was answered is there, once, whatever breaks in between."""

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
from storeroom import Room, on_disk

from bot.errors import StoreUnavailable
from bot.models import Contact, Conversation, Message, OutboxEntry, ReceivedId

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
        works.append(disk_room.store.worker.submit(fails if n == 3 else disk_room.turn_of(n)))
    go_on.set()
    errors = [type(work.exception(10)) for work in works]
    assert errors == [type(None)] * 3 + [LookupError] + [type(None)] * 2
    assert disk_room.count(Message) == 5
    assert disk_room.count(Contact) == 5


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
        disk_room.store.worker.submit(fails if n == 3 else disk_room.turn_of(n)) for n in range(6)
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
        works = [worker.submit(disk_room.turn_of(n)) for n in range(3)]
        errors = [work.exception(10) for work in works]
    if step == "settle":
        assert errors == [None] * 3
    else:
        assert all(isinstance(error, StoreUnavailable) for error in errors)
        assert disk_room.count(Message) == 0
    repeated = [worker.submit(disk_room.turn_of(n)).result(10) for n in range(3)]
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


async def test_a_caller_who_left_stops_nothing(disk_room: Room) -> None:
    """A webhook whose client hung up is still stored, and the worker goes on."""
    go_on = hold(disk_room)
    left = asyncio.ensure_future(disk_room.store.worker.run(disk_room.turn_of(1)))
    await asyncio.sleep(0)
    left.cancel()
    go_on.set()
    await disk_room.store.worker.run(disk_room.turn_of(2))
    assert disk_room.count(Message) == 2


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
