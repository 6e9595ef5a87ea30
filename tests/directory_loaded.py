"""The real directory for tests: loaded once into a database in memory, never changed."""

from __future__ import annotations

from datetime import datetime
from functools import lru_cache

from sqlalchemy import create_engine
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
