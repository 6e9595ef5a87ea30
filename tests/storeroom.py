"""A store and its vault for tests, on SQLite, in memory, or on a PostgreSQL of their own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Engine, create_engine, func, select, text
from sqlalchemy.pool import NullPool

from bot import models, outbox, records
from bot.messages import Message
from bot.records import Arrival
from bot.store import Store
from bot.vault import Vault

NOW = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
PHONE = "whatsapp:+51987654321"
SAID = "me quitaron el pasaporte"
ANSWERED = "Gracias por contarme."
MASTER = b"m" * 32


@dataclass
class Room:
    """Store and vault over the same place; what tests do again and again."""

    url: str
    keys_url: str
    masters: list[bytes] = field(default_factory=lambda: [MASTER])
    now: datetime = NOW
    is_built: bool = False
    """Whether its tables stand already, copied from a room that was built by the migrations."""
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.vault = Vault(self.keys_url, lambda: self.masters)
        self.store = Store(self.url, self.vault.stock)
        if not self.is_built:
            self.store.upgrade()

    def close(self) -> None:
        """Stop the worker, close every connection."""
        self.store.close()
        self.vault.close()

    def do(self, work: Any, *args: Any, **options: Any) -> Any:
        """Run `work(connection, …)` as the worker does, and wait for it."""
        return self.store.worker.submit(lambda c: work(c, *args, **options)).result(timeout=30)

    def turn(
        self,
        address: str = PHONE,
        *replies: Message,
        channel: str = "whatsapp",
        said: str = SAID,
        provider_id: str | None = None,
        status: str = "open",
        cause: Any = "inbound",
        ref: str | None = None,
    ) -> Arrival | None:
        """One whole turn, committed; None for a repeat."""
        return self.do(  # type: ignore[no-any-return]
            self.write_turn,
            address,
            *replies,
            channel=channel,
            said=said,
            provider_id=provider_id or f"SM{next(self._ids)}",
            status=status,
            cause=cause,
            ref=ref,
        )

    def write_turn(
        self,
        connection: Connection,
        address: str,
        *replies: Message,
        channel: str,
        said: str,
        provider_id: str,
        status: str,
        cause: Any,
        ref: str | None,
    ) -> Arrival | None:
        """The statements of a turn, as `conversation.receive` runs them."""
        index = self.vault.index("received", f"{channel}:{provider_id}")
        if records.is_repeat(connection, index, self.now):
            return None
        arrival = records.arrive(connection, self.vault, channel, address, self.now)
        records.keep_message(connection, self.vault, arrival, "in", said, ref, self.now)
        memory = {"state": "screening.passport", "said": said}
        records.keep_memory(connection, self.vault, arrival, memory, status, self.now)
        said_back = replies or (Message(ANSWERED),)
        outbox.enqueue(connection, self.vault, arrival, said_back, "es", cause, self.now)
        return arrival

    def turn_of(self, number: int) -> Any:
        """The work of a whole turn, of a contact of its own on the web."""
        return lambda connection: self.write_turn(
            connection,
            f"web-{number}",
            channel="web",
            said="hola",
            provider_id=f"W{number}",
            status="open",
            cause="inbound",
            ref=None,
        )

    def count(self, table: type[models.Base]) -> int:
        """Rows of a table."""
        with self.store.read() as connection:
            return connection.scalar(select(func.count()).select_from(table)) or 0

    def rows(self, table: type[models.Base]) -> list[Any]:
        """The rows of a table, oldest first."""
        with self.store.read() as connection:
            order = list(table.__table__.primary_key)
            return list(connection.execute(select(table).order_by(*order)))


@cache
def _built() -> bytes:
    """An empty store as the migrations leave it, made once: each takes a sixth of a second."""
    room = Room("sqlite://", "sqlite://")
    try:
        return room.store.image()
    finally:
        room.close()


def on_disk(folder: Path) -> Room:
    """A room in SQLite files, or the one that is there."""
    file = folder / "kuska.db"
    if not file.exists():
        file.write_bytes(_built())
    return Room(f"sqlite:///{file}", f"sqlite:///{folder / 'keys.db'}", is_built=True)


def in_memory() -> Room:
    """A room that leaves nothing, as `kuska chat` uses it."""
    room = Room("sqlite://", "sqlite://", is_built=True)
    room.store.take(_built())
    return room


@cache
def _admin(server_url: str) -> Engine:
    """Who makes databases on a server that ends with the tests, so nothing there need be durable;
    the migrations run once, in the database that others are copied from."""
    url = server_url.replace("postgresql://", "postgresql+psycopg://")
    admin = create_engine(url, isolation_level="AUTOCOMMIT", poolclass=NullPool)
    with admin.connect() as connection:
        for setting in ("fsync", "full_page_writes"):
            connection.execute(text(f"ALTER SYSTEM SET {setting} = off"))
        connection.execute(text("SELECT pg_reload_conf()"))
        connection.execute(text("CREATE DATABASE built"))
    url = admin.url.set(database="built").render_as_string(hide_password=False)
    Room(url, url).close()
    return admin


@contextmanager
def on_postgres(server_url: str, name: str) -> Iterator[Room]:
    """A room in a database of its own on a running server."""
    admin = _admin(server_url)
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name} TEMPLATE built"))
    url = admin.url.set(database=name).render_as_string(hide_password=False)
    room = Room(url, url, is_built=True)
    try:
        yield room
    finally:
        room.close()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
