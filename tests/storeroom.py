"""A store and its vault for tests, on SQLite, in memory, or on a PostgreSQL of their own."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, create_engine, func, select, text

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
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(1))

    def __post_init__(self) -> None:
        self.vault = Vault(self.keys_url, lambda: self.masters)
        self.store = Store(self.url, self.vault.stock)
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


def on_disk(folder: Path) -> Room:
    """A room in SQLite files."""
    return Room(f"sqlite:///{folder / 'kuska.db'}", f"sqlite:///{folder / 'keys.db'}")


def in_memory() -> Room:
    """A room that leaves nothing, as `kuska chat` uses it."""
    return Room("sqlite://", "sqlite://")


@contextmanager
def on_postgres(server_url: str, name: str) -> Iterator[Room]:
    """A room in a database of its own on a running server."""
    admin = create_engine(
        server_url.replace("postgresql://", "postgresql+psycopg://"), isolation_level="AUTOCOMMIT"
    )
    with admin.connect() as connection:
        connection.execute(text(f"CREATE DATABASE {name}"))
    url = admin.url.set(database=name).render_as_string(hide_password=False)
    room = Room(url, url)
    try:
        yield room
    finally:
        room.close()
        with admin.connect() as connection:
            connection.execute(text(f"DROP DATABASE {name} WITH (FORCE)"))
        admin.dispose()
