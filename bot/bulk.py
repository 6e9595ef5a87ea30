"""`kuska directory`: the directory in bulk. What is needed is imported in each command."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from bot.errors import CommandRefused
from bot.progress import bar
from bot.settings import Settings

if TYPE_CHECKING:
    from sqlalchemy import Connection

    from bot.store import Store
    from directory.imports import Report
    from directory.listing import Listing
    from directory.proposals import Editor
    from directory.sheet import Sheet

LIMA = ZoneInfo("America/Lima")


@click.group()
def directory() -> None:
    """The service directory in bulk. Example: kuska directory stale"""


@directory.command()
@click.option("--format", "form", type=click.Choice(["csv", "xlsx", "hsds"]), required=True)
@click.argument("path", type=click.Path(path_type=Path))
@click.pass_obj
def export(home: Path, form: str, path: Path) -> None:
    """Write the directory out. Example: kuska directory export --format csv services.csv

    csv, xlsx: one file, every service in force, in the columns that `import` takes back. hsds: a
    folder, one HSDS 3.0 file for each service that people may be shown.
    """
    listings = published(home)
    count = _write_hsds(listings, path) if form == "hsds" else _write_table(listings, form, path)
    click.echo(f"{path}: {count} services")


@directory.command("import")
@click.argument("file", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option(
    "--dry-run", "is_rehearsal", is_flag=True, help="Say what would change, keep nothing."
)
@click.option("--skip-refused", is_flag=True, help="Take in the others when a row is refused.")
@click.option("--why", help="Why, for the history; the file's name if not said.")
@click.pass_obj
def import_(
    home: Path, file: Path, is_rehearsal: bool, skip_refused: bool, why: str | None
) -> None:
    """Take in a CSV or XLSX file. Example: kuska directory import services.xlsx --dry-run

    Only what differs is proposed: what leads a person somewhere waits for a second pair of eyes in
    the editor, the rest is published at once. A refused row stops the whole; exit code 1.
    """
    from directory import imports, sheet

    sheet.refuse_heavy(file.stat().st_size)
    read = sheet.read(file.read_bytes())
    now = datetime.now(LIMA)
    with opened(home) if is_rehearsal else kept(home) as store:
        report = _take_in(store, read, is_rehearsal, skip_refused, why or file.name, now)
    for line in (*read.notes, *imports.lines(report)):
        click.echo(line)
    equal = len(read.lines) - len(report.rows)
    click.echo(
        f"Filas que cambian algo: {len(report.taken)}. Que no se pueden importar: "
        f"{len(report.refused)}. Que quedan igual: {equal}."
    )
    if report.batch is not None:
        click.echo(
            f"Importación {report.batch}. Se deshace con: kuska directory undo {report.batch}"
        )
    elif is_rehearsal and report.rows:
        click.echo("Es una prueba: no se guardó nada.")
    elif report.refused:
        click.echo("No se importó nada. Corrige esas filas, o déjalas fuera con --skip-refused.")
    if report.refused:
        sys.exit(1)


@directory.command()
@click.argument("batch", type=int)
@click.pass_obj
def undo(home: Path, batch: int) -> None:
    """Take back a whole import; 1 if something had to be left. Example: kuska directory undo 3

    What was published goes back, what waits is withdrawn. A service that somebody changed since
    then is left as it is, and named.
    """
    from directory import reverting

    now = datetime.now(LIMA)
    with kept(home) as store:
        undone = store.worker.submit(
            lambda connection: reverting.undo_batch(connection, batch, by=_operator(), now=now)
        ).result()
    click.echo(f"{undone.reverted + undone.withdrawn} taken back")
    for service in undone.kept:
        click.echo(f"{service}: changed since, left as it is")
    if undone.kept:
        sys.exit(1)


@directory.command()
@click.pass_obj
def stale(home: Path) -> None:
    """Services to ask again, the oldest first; 1 if there are any. Example: kuska directory stale

    Confirmed 60 days ago or longer, or never and not said by the body itself within a year. Those
    with ! are shown with a warning.
    """
    from directory.freshness import stale as stale_ones

    found = stale_ones(published(home), datetime.now(LIMA).date())
    for one in found:
        ways = one.listing.phones or one.listing.whatsapp
        reached = ways[0].text if ways else one.listing.email or one.listing.url or ""
        mark = "!" if one.has_warning else " "
        click.echo(f"{one.since} {mark} {one.listing.id:<28} {one.listing.name}  {reached}")
    _end(len(found), "to ask again", "every service is fresh")


@directory.command()
@click.pass_obj
def verify(home: Path) -> None:
    """Prove every service in force; 1 if one is wrong. Example: kuska directory verify

    Ways to reach it, hours, languages, position in its district, and that national lines say the
    same everywhere. `kuska check` proves the seed's files.
    """
    from directory.verification import problems

    found = problems(published(home), datetime.now(LIMA).date())
    for problem in found:
        click.echo(problem)
    _end(len(found), "problems", "the directory holds")


def published(home: Path) -> tuple[Listing, ...]:
    """The published directory of this deployment; before its first start, the seed."""
    from sqlalchemy.orm import Session

    from directory.reading import read

    with opened(home) as store, store.read() as connection, Session(connection) as session:
        return read(session).listings


@contextmanager
def opened(home: Path) -> Iterator[Store]:
    """The store of this deployment; before its first start one in memory, with the seed."""
    from sqlalchemy.orm import Session

    from bot import backup
    from bot.database import MEMORY, is_sqlite
    from bot.store import Store
    from directory import seeding

    url = Settings.from_environment(os.environ, home).database_url
    is_new = is_sqlite(url) and not backup.database_file(url, "").exists()
    store = Store(MEMORY if is_new else url, prepare=lambda count: None)
    try:
        if is_new:
            store.upgrade()
            store.worker.submit(lambda connection: seeding.load(Session(connection))).result()
        yield store
    finally:
        store.close()


@contextmanager
def kept(home: Path) -> Iterator[Store]:
    """The store of this deployment to be written to, made and with its seed if there was none."""
    from bot import upkeep
    from bot.house import open_directory

    with upkeep.opened(Settings.from_environment(os.environ, home)) as (store, _):
        open_directory(store)
        yield store


def _take_in(
    store: Store, read: Sheet, is_rehearsal: bool, skips_refused: bool, why: str, now: datetime
) -> Report:
    from sqlalchemy.orm import Session

    from directory import imports, reading
    from directory.comparison import compare

    with store.read() as connection, Session(connection) as session:
        differences = compare(read, reading.read(session))

    def work(connection: Connection) -> Report:
        if is_rehearsal:
            return imports.rehearse(connection, differences, by=_operator(), now=now)
        return imports.take_in(
            connection,
            differences,
            by=_operator(),
            why=why,
            now=now,
            skips_refused=skips_refused,
        )

    return store.worker.submit(work).result()


def _operator() -> Editor:
    """Who has the machine in her hands; what she proposes another still looks at."""
    from directory.proposals import Editor

    return Editor(None, "kuska directory", is_reviewer=True)


def _write_table(listings: tuple[Listing, ...], form: str, path: Path) -> int:
    from directory.spreadsheet import written

    part = path.with_name(f"{path.name}.part")
    part.write_bytes(written(listings, form))
    part.replace(path)
    return len(listings)


def _write_hsds(listings: tuple[Listing, ...], folder: Path) -> int:
    from directory.hsds import service
    from directory.listing import is_shown

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        raise CommandRefused(f"{folder}: not an empty folder; old services would stay in it")
    folder.mkdir(parents=True, exist_ok=True)
    shown = [one for one in listings if is_shown(one)]
    with bar("Writing") as step:
        for number, one in enumerate(shown, start=1):
            text = json.dumps(service(one), ensure_ascii=False, indent=2)
            (folder / f"{one.id}.json").write_text(text + "\n", encoding="utf-8")
            step(number, len(shown))
    return len(shown)


def _end(count: int, what: str, otherwise: str) -> None:
    if count:
        click.echo(f"{count} {what}", err=True)
        sys.exit(1)
    click.echo(otherwise)
