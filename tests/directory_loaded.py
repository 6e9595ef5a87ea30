"""The real directory for tests: loaded once into a database in memory, copied to be changed."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from functools import lru_cache

from sqlalchemy import Connection, create_engine, event
from sqlalchemy.orm import Session
from sqlalchemy.pool import StaticPool

from directory.models import Base
from directory.schedules import LIMA
from directory.search import Directory
from directory.seeding import load

MONDAY_MORNING = datetime(2026, 11, 23, 10, tzinfo=LIMA)
MONDAY_NIGHT = datetime(2026, 11, 23, 22, tzinfo=LIMA)


def empty_session() -> Session:
    """A session on a fresh database in memory, with the directory's tables and no rows."""
    engine = create_engine("sqlite://", poolclass=StaticPool)
    Base.metadata.create_all(engine)
    return Session(engine)


@lru_cache(maxsize=1)
def directory() -> Directory:
    """The directory of the seed."""
    with empty_session() as session:
        load(session)
        return Directory.of(session)


@lru_cache(maxsize=1)
def seeded() -> bytes:
    """The seed as a database, made once."""
    with empty_session() as session:
        load(session)
        session.commit()
        driven = session.connection().connection.driver_connection
        assert driven is not None
        return bytes(driven.serialize())


@contextmanager
def changeable() -> Iterator[Connection]:
    """A transaction on a directory of its own."""
    engine = create_engine("sqlite://", poolclass=StaticPool)

    @event.listens_for(engine, "connect")
    def plain(driven: object, _: object) -> None:
        driven.isolation_level = None  # type: ignore[attr-defined]  # sqlite3 is meant
        driven.deserialize(seeded())  # type: ignore[attr-defined]  # the same

    with engine.connect() as opened:
        yield opened
    engine.dispose()
