"""Database engines: how SQLite and PostgreSQL are opened so that a commit is durable.

SQLite: `synchronous=FULL` or more, deleted bytes overwritten, foreign keys on, and an explicit
BEGIN, because the driver's own begins too late and loses updates in silence.
"""

from __future__ import annotations

from typing import Any, Literal

from sqlalchemy import Engine, create_engine, event, make_url
from sqlalchemy.pool import StaticPool

MEMORY = "sqlite://"
BUSY_MS = 5_000
POOL = 10
Role = Literal["writer", "reader", "keys"]

_PRAGMAS: dict[Role, tuple[str, ...]] = {
    "writer": ("journal_mode=WAL", "synchronous=FULL"),
    "reader": ("query_only=ON",),
    # Without a write-ahead log no copy of a destroyed key stays behind; EXTRA also makes the
    # removal of the rollback journal durable, or a lost key could come back after a power cut.
    "keys": ("journal_mode=DELETE", "synchronous=EXTRA"),
}
_COMMON = ("secure_delete=ON", "foreign_keys=ON", "temp_store=MEMORY", f"busy_timeout={BUSY_MS}")


def is_sqlite(url: str) -> bool:
    """Whether `url` names a SQLite file or memory."""
    return make_url(url).get_backend_name() == "sqlite"


def open_engine(url: str, role: Role = "writer") -> Engine:
    """An engine for one role; nothing is connected yet. Parameters never appear in its errors."""
    if not is_sqlite(url):
        return create_engine(url, hide_parameters=True, pool_size=POOL, pool_pre_ping=True)
    if url == MEMORY:
        # One connection is the database; its owners take turns with a lock of their own.
        engine = create_engine(
            url,
            hide_parameters=True,
            poolclass=StaticPool,
            connect_args={"check_same_thread": False},
        )
    else:
        engine = create_engine(url, hide_parameters=True)
    _prepare_sqlite(engine, role)
    return engine


def _prepare_sqlite(engine: Engine, role: Role) -> None:
    @event.listens_for(engine, "connect")
    def set_pragmas(connection: Any, _record: object) -> None:
        connection.isolation_level = None
        for pragma in (*_COMMON, *_PRAGMAS[role]):
            connection.execute(f"PRAGMA {pragma}").close()

    @event.listens_for(engine, "begin")
    def begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN" if role == "reader" else "BEGIN IMMEDIATE")
