"""Turns become durable here: work goes in, and its answer comes out after the commit, never before.

`GroupWorker` (SQLite): one thread, one transaction for all that waits, a savepoint for each.
`ParallelWorker` (PostgreSQL): each its own short transaction, several at once.
"""

from __future__ import annotations

import asyncio
import queue
import sqlite3
import threading
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import AbstractContextManager
from typing import Any, TypeVar

import psycopg
from sqlalchemy import Connection, Engine
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import StaticPool

from bot.errors import StoreUnavailable
from bot.job import Job, Work, settle

T = TypeVar("T")

BATCH = 64
PARALLEL = 8
TRIES = 4
"""Times a transaction is run that PostgreSQL refused for a deadlock or a serialization failure."""
TRUNCATE_AGAIN = 0.5
"""Seconds until the write-ahead log is truncated again, when a reader was in the way."""
_REPEATED = ("40P01", "40001")


class TurnWorker:
    """What both have in common: taking work in, giving answers back, and who is told of a commit.

    `after_commit` holds functions without arguments, called in the worker's thread; they must be
    quick and raise nothing. `down_since` is when the store began to fail (monotonic seconds).
    """

    def __init__(self, engine: Engine, prepare: Callable[[int], None]) -> None:
        """`prepare(n)` is called before a transaction that may meet `n` new contacts."""
        self.after_commit: list[Callable[[], None]] = []
        self.down_since: float | None = None
        self._engine = engine
        self._prepare = prepare
        self._closed = False

    def submit(self, work: Work[T]) -> Future[T]:
        """Run `work` in a transaction; the future is done when it is durable.

        What `work` raises rolls back its own doing only and reaches its caller;
        `StoreUnavailable` says that nothing was kept, not even of those beside it.
        """
        future: Future[T] = Future()
        self._accept(Job(work, future, None))
        return future

    async def run(self, work: Work[T]) -> T:
        """`submit` for a coroutine. A caller that is cancelled does not stop the work."""
        loop = asyncio.get_running_loop()
        future: asyncio.Future[T] = loop.create_future()
        self._accept(Job(work, future, loop))
        return await future

    def close(self) -> None:
        """Finish what waits, then refuse."""
        raise NotImplementedError  # each kind of worker waits in its own way

    def _accept(self, job: Job) -> None:
        raise NotImplementedError  # and takes work in its own way

    def _refuse(self, jobs: Sequence[Job], error: BaseException) -> None:
        """Nothing was kept: everybody in it is told so."""
        if self.down_since is None:
            self.down_since = time.monotonic()
        for job in jobs:
            job.value, job.error = None, _unavailable(error)
        settle(jobs)

    def _committed(self, jobs: Sequence[Job]) -> None:
        self.down_since = None
        settle(jobs)
        for told in self.after_commit:
            told()


class GroupWorker(TurnWorker):
    """SQLite has one writer: this thread. What waits while it commits is the next group."""

    def __init__(
        self,
        engine: Engine,
        prepare: Callable[[int], None],
        guard: AbstractContextManager[object],
    ) -> None:
        """`guard` is held while the database is written (one connection is all in memory)."""
        super().__init__(engine, prepare)
        self._guard = guard
        self._waiting: queue.SimpleQueue[Job | None] = queue.SimpleQueue()
        self._accepting = threading.Lock()
        self._connection: Connection | None = None
        self._must_truncate = False
        self._thread = threading.Thread(target=self._work, name="turns", daemon=True)
        self._thread.start()

    def close(self) -> None:
        """Finish what waits, then refuse."""
        with self._accepting:
            if self._closed:
                return
            self._closed = True
            self._waiting.put(None)
        self._thread.join()

    def _accept(self, job: Job) -> None:
        with self._accepting:
            if not self._closed:
                self._waiting.put(job)
                return
        raise StoreUnavailable("the store is closed")

    def _work(self) -> None:
        is_open = True
        while is_open:
            jobs, is_open = self._take()
            if jobs:
                self._commit(jobs)
            if self._must_truncate:
                self._truncate()
        self._hang_up()

    def _take(self) -> tuple[list[Job], bool]:
        """What waits, at most a batch; and whether more may come."""
        jobs: list[Job] = []
        try:
            job = self._waiting.get(timeout=TRUNCATE_AGAIN if self._must_truncate else None)
            while job is not None:
                jobs.append(job)
                if len(jobs) == BATCH:
                    return jobs, True
                job = self._waiting.get_nowait()
        except queue.Empty:
            return jobs, True
        return jobs, False

    def _commit(self, jobs: list[Job]) -> None:
        try:
            self._prepare(len(jobs))
            with self._guard:
                connection = self._connect()
                with connection.begin():
                    for job in jobs:
                        _try(connection, job)
                asked = connection.info.pop("truncate", False)
                self._must_truncate |= asked and not isinstance(self._engine.pool, StaticPool)
        except BaseException as error:  # noqa: BLE001 - whoever waits must be answered
            self._hang_up()
            self._refuse(jobs, error)
        else:
            self._committed(jobs)

    def _truncate(self) -> None:
        """Leave no erased byte in the write-ahead log; a reader in the way means once more."""
        try:
            with self._guard:
                # The driver's own connection: SQLAlchemy would begin a transaction around it.
                driver: Any = self._connect().connection.driver_connection
                row = driver.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone()
        except (DBAPIError, sqlite3.Error):
            self._hang_up()
        else:
            self._must_truncate = bool(row[0])

    def _connect(self) -> Connection:
        if self._connection is None:
            self._connection = self._engine.connect()
        return self._connection

    def _hang_up(self) -> None:
        if self._connection is not None:
            if not isinstance(self._engine.pool, StaticPool):  # that one *is* the database
                self._connection.invalidate()
            self._connection.close()
            self._connection = None


class ParallelWorker(TurnWorker):
    """PostgreSQL has many writers: each piece of work is one transaction in a small pool."""

    def __init__(self, engine: Engine, prepare: Callable[[int], None]) -> None:
        super().__init__(engine, prepare)
        self._pool = ThreadPoolExecutor(PARALLEL, thread_name_prefix="turns")

    def close(self) -> None:
        """Finish what waits, then refuse."""
        self._closed = True
        self._pool.shutdown()

    def _accept(self, job: Job) -> None:
        try:
            self._pool.submit(self._commit, job)
        except RuntimeError:
            raise StoreUnavailable("the store is closed") from None

    def _commit(self, job: Job) -> None:
        try:
            self._prepare(1)
            for attempt in range(TRIES):
                try:
                    with self._engine.begin() as connection:
                        job.value = job.work(connection)
                    break
                except Exception as error:
                    if attempt == TRIES - 1 or _state(error) not in _REPEATED:
                        raise
        except BaseException as error:  # noqa: BLE001 - whoever waits must be answered
            if is_store_failure(error) or not isinstance(error, Exception):
                self._refuse([job], error)
            else:
                job.error = error
                settle([job])
        else:
            self._committed([job])


def is_store_failure(error: BaseException) -> bool:
    """Whether the database failed, rather than the work that used it."""
    if isinstance(error, StoreUnavailable):
        return True
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, sqlite3.OperationalError | psycopg.OperationalError) or (
        type(cause) in (sqlite3.DatabaseError, sqlite3.InternalError)
    )


def _state(error: BaseException) -> str | None:
    cause = error.orig if isinstance(error, DBAPIError) else error
    return getattr(cause, "sqlstate", None)


def _unavailable(error: BaseException) -> StoreUnavailable:
    answer = StoreUnavailable("the store could not commit")
    answer.__cause__ = error
    return answer


def _try(connection: Connection, job: Job) -> None:
    """Run one job in its savepoint; only a failure of the database leaves this function."""
    driver: Any = connection.connection.driver_connection
    driver.execute("SAVEPOINT turn")
    try:
        job.value = job.work(connection)
    except Exception as error:
        if is_store_failure(error):
            raise
        job.error = error
        driver.execute("ROLLBACK TO turn")
    driver.execute("RELEASE turn")
