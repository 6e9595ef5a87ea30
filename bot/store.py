"""The store: durable turns, plain reads, and the schema.

How it is used::

    vault = Vault(settings.keys_url, lambda: settings.derive("vault"))
    store = Store(settings.database_url, prepare=vault.stock)
    store.upgrade()                              # migrations, both packages' tables
    answer = await store.worker.run(work)        # work(connection) -> T; durable when it returns
    answer = store.worker.submit(work).result()  # the same for a thread
    store.worker.after_commit.append(wake)       # told after each commit, in the worker's thread
    with store.read() as connection: ...         # never across an await

`work` is a plain function of a SQLAlchemy `Connection` (`Session(connection)` where objects read
better). It may be run again after a deadlock on PostgreSQL, so it changes nothing but the database
and the vault. A new contact's id is `vault.take()`: its key is durable before the work begins.
What `work` raises undoes its own doing only; `StoreUnavailable` undoes the whole group.
After deleting what must leave no byte behind, call `truncate_after(connection)`.
"""

from __future__ import annotations

import sqlite3
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, text
from sqlalchemy.exc import SQLAlchemyError

from bot.database import MEMORY, is_sqlite, open_engine
from bot.errors import StoreUnavailable
from bot.worker import GroupWorker, ParallelWorker, TurnWorker


class Store:
    """One database with its one worker; `sqlite://` is a private store in memory."""

    def __init__(self, url: str, prepare: Callable[[int], None]) -> None:
        """`prepare(n)` runs before each transaction (see `Vault.stock`)."""
        self.is_sqlite = is_sqlite(url)
        self._guard: AbstractContextManager[object] = (
            threading.RLock() if url == MEMORY else nullcontext()
        )
        self._writer = open_engine(url, "writer")
        has_one_engine = url == MEMORY or not self.is_sqlite
        self._reader = self._writer if has_one_engine else open_engine(url, "reader")
        self.worker: TurnWorker = (
            GroupWorker(self._writer, prepare, self._guard)
            if self.is_sqlite
            else ParallelWorker(self._writer, prepare)
        )

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A connection that sees what was committed; it must not be held across an await.

        Raise `StoreUnavailable` when the database does not answer.
        """
        try:
            with self._guard, self._reader.connect() as connection:
                yield connection
        except SQLAlchemyError as error:
            raise StoreUnavailable("the store does not answer") from error

    def upgrade(self) -> None:
        """Bring the tables up to this version; nothing to do is quick. Run before any work."""
        config = Config()
        config.set_main_option("script_location", "bot:migrations")
        with self._guard, self._writer.begin() as connection:
            config.attributes["connection"] = connection
            command.upgrade(config, "head")

    def image(self) -> bytes:
        """A store in memory as bytes, for another one to begin with (`take`)."""
        return self._memory().serialize()

    def take(self, image: bytes) -> None:
        """Begin as `image` is, instead of by migrations; only a store in memory can."""
        self._memory().deserialize(image)

    def _memory(self) -> sqlite3.Connection:
        with self._guard, self._writer.connect() as connection:
            driven = connection.connection.driver_connection
        if not isinstance(driven, sqlite3.Connection):
            raise TypeError("only a store in memory is copied so")
        return driven

    def is_ready(self) -> bool:
        """Whether the database answers."""
        try:
            with self.read() as connection:
                return bool(connection.scalar(text("SELECT 1")))
        except StoreUnavailable:
            return False

    def down_for(self) -> float:
        """Seconds since the store began to fail; 0 while it commits."""
        since = self.worker.down_since
        return 0.0 if since is None else time.monotonic() - since

    def close(self) -> None:
        """Finish what waits and give back every connection."""
        self.worker.close()
        self._reader.dispose()
        self._writer.dispose()


def truncate_after(connection: Connection) -> None:
    """After this transaction the write-ahead log is emptied, so that no erased byte stays there."""
    connection.info["truncate"] = True
