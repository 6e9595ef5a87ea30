"""The schema: versions build exactly what the models say, on an empty database and an old one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from sqlalchemy import create_engine, inspect
from storeroom import Room, in_memory, on_disk

from bot import models
from directory import models as directory_models

METADATA: Any = [models.Base.metadata, directory_models.Base.metadata]


def differences(url: str) -> list[object]:
    """What the models have and the database has not, or the other way round."""
    engine = create_engine(url)
    with engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"target_metadata": METADATA})
        found = list(compare_metadata(context, METADATA))
    engine.dispose()
    return found


def test_versions_build_the_models(tmp_path: Path) -> None:
    """No column, index or constraint of a model is missing in the versions."""
    room = on_disk(tmp_path)
    room.close()
    assert differences(room.url) == []


def test_versions_build_the_models_on_postgresql(postgres_room: Room) -> None:
    """The same on PostgreSQL, whose vault schema is not the versions' concern."""
    assert differences(postgres_room.url) == []


def test_upgrading_again_changes_nothing(tmp_path: Path) -> None:
    """A second start finds nothing to do and loses nothing."""
    room = on_disk(tmp_path)
    room.turn()
    room.store.upgrade()
    assert room.count(models.Contact) == 1
    room.close()


def test_both_packages_have_their_tables() -> None:
    """The bot's tables and the directory's stand in one database; keys do not."""
    room = in_memory()
    with room.store.read() as connection:
        tables = set(inspect(connection).get_table_names())
    assert {"contact", "outbox", "service", "location"} <= tables
    assert not tables & {"contact_key", "index_key"}
    room.close()
