"""Copies of the main database, and bringing one back (SAFETY 26).

A copy holds the directory, staff, audit and statistics in clear, and conversations sealed under
keys that are never copied. So after the loss of a disk conversations do not come back, on purpose:
what somebody erased must not return with a backup.

SQLite only: on PostgreSQL `pg_dump` does it, and the message says how.
"""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import Connection, make_url, update

from bot import migrations, outbox, retention
from bot.database import is_sqlite
from bot.errors import CommandRefused
from bot.models import Contact, Handoff, OutboxEntry
from bot.progress import Step
from bot.retention import Purged
from bot.store import Store, truncate_after
from bot.vault import Vault

DUMP = (
    "on PostgreSQL run: pg_dump --format=custom --exclude-schema=vault "
    '--file=PATH "$KUSKA_DATABASE_URL" (the vault must never be in a backup)'
)
LOAD = (
    "on PostgreSQL stop the service and run: pg_restore --clean --if-exists --no-owner "
    '--dbname="$KUSKA_DATABASE_URL" PATH, then kuska purge'
)
MARK = "last-backup"
"""An empty file in `var/`, as old as the last copy."""
PAGES = 256
"""Copied in one step, between which the bar moves."""


def database_file(url: str, otherwise: str) -> Path:
    """The SQLite file of a deployment; raise `CommandRefused` with `otherwise` on PostgreSQL."""
    if not is_sqlite(url):
        raise CommandRefused(otherwise)
    return Path(make_url(url).database or "")


def back_up(database: Path, path: Path) -> int:
    """Write a consistent copy to `path`, which must not exist; return its bytes.

    The service may go on meanwhile. The copy is the owner's only, free of deleted bytes, checked,
    and there as a whole or not at all. Raise `CommandRefused` when it cannot be made.
    """
    if not database.exists():
        raise CommandRefused(f"{database}: there is no database to copy yet")
    if path.exists():
        raise CommandRefused(f"{path}: already there, and a backup is never overwritten")
    part = path.with_name(f"{path.name}.part")
    try:
        _copy_whole(database, part)
        _prove(part)
        part.rename(path)
    except (OSError, sqlite3.Error) as error:
        raise CommandRefused(f"{path}: not written, {_reason(error)}") from error
    finally:
        with suppress(OSError):
            part.unlink()
    _settle_folder(path.parent)
    return path.stat().st_size


def restore(database: Path, path: Path, step: Step) -> None:
    """Replace the database by the copy at `path`, as a whole or not at all.

    Raise `CommandRefused` when `path` is no backup of this version or an older one, or when a
    service holds the database. Call `settle` before anything is served.
    """
    _prove(path)
    os.close(os.open(database, os.O_CREAT | os.O_RDWR, 0o600))
    with closing(_open(path)) as source, _held(database) as target:
        source.backup(
            target, pages=PAGES, progress=lambda _, left, total: step(total - left, total)
        )
    database.chmod(0o600)


def settle(store: Store, vault: Vault, keep_texts: timedelta, now: datetime) -> Purged:
    """Make a restored database safe to serve: what was waiting is void, old permissions end.

    Since the copy was made she may have left, erased, or withdrawn the permission to be written
    to first; nobody can tell, so nothing of then is sent (SAFETY 6, 8) and she is asked again.
    Contacts without a key go, and whatever is overdue.
    """
    store.worker.submit(_end_what_waited).result()
    return retention.purge(store, vault, keep_texts, now)


def _end_what_waited(connection: Connection) -> None:
    connection.execute(
        update(OutboxEntry)
        .where(OutboxEntry.status.in_(outbox.WAITING))
        .values(status="void", payload_sealed=None)
    )
    connection.execute(update(Contact).values(may_write_first=False))
    connection.execute(update(Handoff).values(may_write_first=False))
    truncate_after(connection)


def _copy_whole(database: Path, part: Path) -> None:
    """`VACUUM INTO` reads one moment of the database and leaves free pages behind."""
    part.unlink(missing_ok=True)
    os.close(os.open(part, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
    with closing(_open(database)) as source:
        source.execute("VACUUM INTO ?", (str(part),))
    handle = os.open(part, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _prove(path: Path) -> None:
    """Raise `CommandRefused` unless `path` is whole and of a version that is known here."""
    try:
        with closing(_open(path)) as copy:
            (health,) = copy.execute("PRAGMA quick_check(1)").fetchone()
            (revision,) = copy.execute("SELECT version_num FROM alembic_version").fetchone()
    except (sqlite3.Error, TypeError) as error:
        raise CommandRefused(f"{path}: this is no backup of Kuska") from error
    if health != "ok":
        raise CommandRefused(f"{path}: the copy is damaged")
    if revision not in migrations.known():
        raise CommandRefused(f"{path}: made by a newer version of Kuska ({revision})")


@contextmanager
def _held(database: Path) -> Iterator[sqlite3.Connection]:
    """The database with nobody else at it until the end.

    Leaving write-ahead logging needs every other connection to be closed, and a service keeps
    its own open: that is how a running one is noticed.
    """
    with closing(sqlite3.connect(database, isolation_level=None, timeout=1)) as connection:
        try:
            connection.execute("PRAGMA locking_mode=EXCLUSIVE")
            connection.execute("PRAGMA secure_delete=ON")
            connection.execute("PRAGMA journal_mode=DELETE").fetchone()
            connection.execute("BEGIN EXCLUSIVE")
            connection.execute("COMMIT")
        except sqlite3.OperationalError as error:
            raise CommandRefused(
                f"{database}: a service still holds the database; stop it first"
            ) from error
        except sqlite3.DatabaseError as error:
            raise CommandRefused(
                f"{database}: broken; move it away with its -wal and -shm, then restore again"
            ) from error
        yield connection


def _open(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, isolation_level=None)


def _settle_folder(folder: Path) -> None:
    """Make the new name itself durable."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _reason(error: Exception) -> str:
    return error.strerror or "no reason given" if isinstance(error, OSError) else str(error)
