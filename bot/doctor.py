"""`kuska doctor`: whether a deployment is sound, said without any secret or anybody's data."""

from __future__ import annotations

import asyncio
import shutil
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Literal

from alembic.migration import MigrationContext
from sqlalchemy import Connection, delete, func, insert, make_url, select, text
from sqlalchemy.exc import SQLAlchemyError

from bot import checking, migrations, providers
from bot.backup import MARK
from bot.database import is_sqlite
from bot.errors import CommandRefused, KuskaError
from bot.models import Contact, Incident, OutboxEntry
from bot.providers import LEFT_OVER_AFTER
from bot.settings import Settings
from bot.store import Store
from bot.vault import Vault

ROOM_NEEDED = 1024**3
"""Bytes free on the disk, under which a busy week or a backup may fill it."""
LATE = timedelta(minutes=10)
BACKUP_EVERY = timedelta(days=7)
EPOCH = date(1970, 1, 1)


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing looked at. A `note` is worth knowing, a `problem` has to be repaired."""

    level: Literal["ok", "note", "problem"]
    subject: str
    said: str


def examine(settings: Settings, content: Path, now: datetime) -> Iterator[Finding]:
    """Look at everything; `content` is the folder of flows and locales.

    Nothing is left behind: one row is written and removed again to prove that the store commits.
    """
    yield _environment(settings)
    yield from _files(settings)
    yield space(shutil.disk_usage(settings.room).free)
    yield _content(content)
    if is_sqlite(settings.database_url) and not _file(settings.database_url).exists():
        yield Finding("note", "database", "none yet; kuska serve makes it")
    else:
        yield from _stored(settings, now)
    yield asyncio.run(_telegram(settings))
    yield asyncio.run(_twilio(settings, now))
    yield _backup(settings, now)


def space(free: int) -> Finding:
    """Whether `free` bytes are enough."""
    said = f"{free / 1024**3:.1f} GB free"
    if free < ROOM_NEEDED:
        return Finding("problem", "disk", f"{said}; when it is full no message can be stored")
    return Finding("ok", "disk", said)


def _environment(settings: Settings) -> Finding:
    database = make_url(settings.database_url).get_backend_name()
    said = f"{settings.environment}, {settings.public_url}, {database}"
    if settings.is_production:
        return Finding("ok", "settings", said)
    return Finding("note", "settings", f"{said}; nobody real should write to a demo")


def _files(settings: Settings) -> Iterator[Finding]:
    """What only the owner may read: the folder, both databases, the keys."""
    files = [settings.room / "first-link"]
    if settings.keys_file is not None:
        files.append(settings.keys_file)
    for url in {settings.database_url, settings.keys_url}:
        if is_sqlite(url):
            database = _file(url)
            ends = ("", "-wal", "-shm", "-journal")
            files += [database.with_name(database.name + end) for end in ends]
    is_sound = True
    for path in (settings.room, *files):
        if path.exists() and stat.S_IMODE(path.stat().st_mode) & 0o077:
            is_sound = False
            mode = "700" if path.is_dir() else "600"
            yield Finding("problem", "files", f"others may read {path}; run chmod {mode} {path}")
    if is_sound:
        yield Finding("ok", "files", "readable by the owner only")


def _content(root: Path) -> Finding:
    found = checking.problems(root)
    if found:
        return Finding("problem", "content", f"{len(found)} problems; kuska check names them")
    return Finding("ok", "content", "flows, catalogues and directory hold")


def _stored(settings: Settings, now: datetime) -> Iterator[Finding]:
    """Database, delivery and keys of a store that exists."""
    store = Store(settings.database_url, prepare=lambda count: None)
    try:
        schema = _guarded("database", lambda: _schema(store))
        yield schema
        if schema.level == "ok":
            yield _guarded("store", lambda: _writing(store))
            yield _guarded("delivery", lambda: _delivery(store, now))
            yield _guarded("keys", lambda: _keys(settings, store))
    finally:
        store.close()


def _guarded(subject: str, look: Callable[[], Finding]) -> Finding:
    """What was found; an error is a finding too, without the text of a driver."""
    try:
        return look()
    except KuskaError as error:
        return Finding("problem", subject, str(error))
    except SQLAlchemyError as error:
        return Finding("problem", subject, f"the database refuses ({type(error).__name__})")


def _schema(store: Store) -> Finding:
    with store.read() as connection:
        found = MigrationContext.configure(connection).get_current_revision()
        check = "PRAGMA quick_check(1)" if store.is_sqlite else "SELECT 'ok'"
        health = connection.scalar(text(check))
    versions = migrations.known()
    if health != "ok":
        return Finding("problem", "database", "damaged; restore a backup")
    if found == versions[0]:
        return Finding("ok", "database", f"whole, at version {found}")
    if found is None or found in versions:
        return Finding(
            "problem", "database", f"at version {found}, not {versions[0]}; a start upgrades it"
        )
    return Finding("problem", "database", f"version {found} is of a newer Kuska")


def _writing(store: Store) -> Finding:
    """One commit of a row that is gone again when it is done."""

    def work(connection: Connection) -> None:
        connection.execute(insert(Incident).values(kind="doctor", day=EPOCH, times=0))
        connection.execute(delete(Incident).where(Incident.kind == "doctor"))

    store.worker.submit(work).result()
    return Finding("ok", "store", "takes a commit")


def _delivery(store: Store, now: datetime) -> Finding:
    late = select(func.count()).where(
        OutboxEntry.status.in_(("pending", "sending")), OutboxEntry.due_at <= now - LATE
    )
    with store.read() as connection:
        count = connection.scalar(late) or 0
    if count:
        return Finding(
            "problem", "delivery", f"{count} replies wait for over 10 minutes; is Kuska running?"
        )
    return Finding("ok", "delivery", "nothing waits that should be out")


def _keys(settings: Settings, store: Store) -> Finding:
    """Whether every contact has a key that the secret keys open."""
    with store.read() as connection:
        contacts = list(connection.scalars(select(Contact.id)))
    lost = len(contacts)
    if not is_sqlite(settings.keys_url) or _file(settings.keys_url).exists():
        vault = Vault(settings.keys_url, lambda: settings.derive("vault"))
        try:
            lost = sum(not vault.has(contact) for contact in contacts)
        finally:
            vault.close()
    if lost:
        return Finding("problem", "keys", f"{lost} contacts have none; the next start drops them")
    return Finding("ok", "keys", f"{len(settings.derive('vault'))} secret keys open all")


async def _telegram(settings: Settings) -> Finding:
    """Whether Telegram answers, and posts where this deployment listens."""
    if not settings.telegram_token:
        return Finding("note", "telegram", "not connected: no TELEGRAM_BOT_TOKEN")
    try:
        async with providers.mute_telegram(settings) as channel:
            hook = await channel.webhook()
    except CommandRefused as error:
        return Finding("problem", "telegram", str(error))
    is_polling = settings.telegram_mode == "polling"
    if hook.url != ("" if is_polling else providers.telegram_address(settings)):
        return Finding("problem", "telegram", "it posts elsewhere; run kuska connect telegram")
    if hook.last_error_message:
        return Finding(
            "note", "telegram", f"{hook.pending_update_count} wait; {hook.last_error_message}"
        )
    return Finding("ok", "telegram", f"{settings.telegram_mode}, {hook.pending_update_count} wait")


async def _twilio(settings: Settings, now: datetime) -> Finding:
    """Whether Twilio answers, and how many records it keeps that should be gone."""
    if not settings.twilio_account and not settings.twilio_token:
        return Finding("note", "whatsapp", "not connected: no TWILIO_ACCOUNT_SID")
    try:
        async with providers.mute_whatsapp(settings) as channel:
            left = await channel.leftovers(now - LEFT_OVER_AFTER)
    except CommandRefused as error:
        return Finding("problem", "whatsapp", str(error))
    if left:
        return Finding("problem", "whatsapp", f"{len(left)} records left; run kuska purge")
    return Finding("ok", "whatsapp", "Twilio answers and keeps nothing from before yesterday")


def _backup(settings: Settings, now: datetime) -> Finding:
    """How old the last copy is, as far as `kuska backup` made it here."""
    mark = settings.room / MARK
    if not is_sqlite(settings.database_url) or not mark.exists():
        return Finding("note", "backup", "age of the last one unknown; see docs/operating.md")
    age = now - datetime.fromtimestamp(mark.stat().st_mtime, UTC)
    said = f"made {max(age.days, 0)} days ago"
    return Finding("note" if age > BACKUP_EVERY else "ok", "backup", said)


def _file(url: str) -> Path:
    return Path(make_url(url).database or "")
