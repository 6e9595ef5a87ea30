"""`kuska directory`: the directory in bulk. What is needed is imported in each command."""

from __future__ import annotations

import json
import os
import sys
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import click

from bot.errors import CommandRefused
from bot.progress import bar
from bot.settings import Settings

if TYPE_CHECKING:
    from directory.listing import Listing

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
    listings = _listings(home)
    count = _write_hsds(listings, path) if form == "hsds" else _write_table(listings, form, path)
    click.echo(f"{path}: {count} services")


@directory.command()
@click.pass_obj
def stale(home: Path) -> None:
    """Services to ask again, the oldest first; 1 if there are any. Example: kuska directory stale

    Neither confirmed within 90 days nor said by the body itself within a year. Those with ! are
    shown with a warning.
    """
    from directory.freshness import stale as stale_ones

    found = stale_ones(_listings(home), datetime.now(LIMA).date())
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

    found = problems(_listings(home), datetime.now(LIMA).date())
    for problem in found:
        click.echo(problem)
    _end(len(found), "problems", "the directory holds")


def _listings(home: Path) -> tuple[Listing, ...]:
    """The published directory of this deployment; before its first start, the seed."""
    from sqlalchemy.orm import Session

    from bot import backup
    from bot.database import MEMORY, is_sqlite
    from bot.store import Store
    from directory import seeding
    from directory.reading import read

    url = Settings.from_environment(os.environ, home).database_url
    is_new = is_sqlite(url) and not backup.database_file(url, "").exists()
    store = Store(MEMORY if is_new else url, prepare=lambda count: None)
    try:
        if is_new:
            store.upgrade()
            store.worker.submit(lambda connection: seeding.load(Session(connection))).result()
        with store.read() as connection, Session(connection) as session:
            return read(session).listings
    finally:
        store.close()


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
