"""Commands that keep a deployment sound: keys, purge, backup, restore, doctor, connect.

What a command needs is imported in it, so that `kuska --help` does not wait for providers' clients.
"""

from __future__ import annotations

import asyncio
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.errors import CommandRefused
from bot.progress import bar
from bot.settings import Settings

ROOT = Path(__file__).parents[1]

if TYPE_CHECKING:
    from bot.store import Store
    from bot.vault import Vault

CONTENT = Path(__file__).parents[1]
MARKS = {"ok": "green", "note": "yellow", "problem": "red"}


@click.group()
def keys() -> None:
    """The secret keys that wrap every contact's key. Example: kuska keys rotate"""


@keys.command()
@click.pass_obj
def rotate(home: Path) -> None:
    """Make a new secret key and wrap all keys of contacts under it. Example: kuska keys rotate

    The service may run meanwhile; restart it afterwards. With KUSKA_SECRET_KEYS set, put the new
    key first in it before.
    """
    settings = _settings(home)
    is_ours = settings.keys_file is not None
    with bar("Wrapping keys anew"):
        if is_ours:
            settings.add_secret_key()
        vault = _vault(settings)
        count = vault.rotate()
        vault.close()
    if not count and not is_ours:
        settings.add_secret_key()  # raises: the operator has put no new one first
    click.echo(f"{count} keys are wrapped anew, under the newest secret key.")
    click.echo("Restart the service now. Keep the older secret keys: docs/operating.md says why.")


@click.command()
@click.pass_obj
def purge(home: Path) -> None:
    """Let go what is due, here and at Twilio. Example: kuska purge

    The service does it every five minutes; what Twilio still keeps is only found here.
    """
    from bot import retention

    settings, now = _settings(home), datetime.now(UTC)
    with bar("Letting go"), opened(settings) as (store, vault):
        gone = retention.purge(store, vault, settings.retention, now)
    click.echo(
        f"{gone.conversations} conversations without texts, {gone.contacts} idle contacts erased, "
        f"{gone.orphans} contacts without a key, {gone.strangers} keys of nobody"
    )
    if settings.twilio_account and settings.twilio_token:
        from bot import providers

        with bar("Clearing Twilio") as step:
            left = asyncio.run(providers.clear_leftovers(settings, now, step))
        click.echo(f"{left} records deleted at Twilio")


@click.command()
@click.argument("path", type=click.Path(dir_okay=False, path_type=Path))
@click.pass_obj
def backup(home: Path, path: Path) -> None:
    """Copy the database, never the keys, to a new file. Example: kuska backup /safe/monday.db

    Conversations are in it only sealed, and cannot be read without the key store, which is never
    copied (docs/operating.md says what comes back after a loss).
    """
    from bot import backup as copies

    settings = _settings(home)
    database = copies.database_file(settings.database_url, copies.DUMP)
    with bar("Copying"):
        size = copies.back_up(database, path)
    (settings.room / copies.MARK).touch(mode=0o600)
    click.echo(f"{path}: {size / 1e6:.1f} MB; the keys of contacts are not in it, on purpose")


@click.command()
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.pass_obj
def restore(home: Path, path: Path) -> None:
    """Replace the database by a backup; stop the service first. Example: kuska restore monday.db

    Contacts whose key is no longer here are deleted, and nothing that waited is sent.
    """
    from bot import backup as copies

    settings = _settings(home)
    database = copies.database_file(settings.database_url, copies.LOAD)
    if database.exists() and sys.stdin.isatty():
        click.confirm(f"Replace {database}? What it holds now is lost", abort=True)
    with bar("Restoring") as step:
        copies.restore(database, path, step)
    with bar("Letting go"), opened(settings) as (store, vault):
        gone = copies.settle(store, vault, settings.retention, datetime.now(UTC))
    click.echo(f"restored; {gone.orphans} contacts without a key are deleted")


@click.command()
@click.pass_obj
def doctor(home: Path) -> None:
    """Look whether this deployment is sound. Example: kuska doctor

    Exits 1 when something has to be repaired. No secret and nobody's data is shown.
    """
    from bot import doctor as clinic

    settings = _settings(home)
    with bar("Looking"):
        findings = list(clinic.examine(settings, CONTENT, datetime.now(UTC)))
    for finding in findings:
        mark = click.style(f"{finding.level:<8}", fg=MARKS[finding.level])
        click.echo(f"{mark} {finding.subject:<10} {finding.said}")
    if any(finding.level == "problem" for finding in findings):
        sys.exit(1)


@click.command()
@click.argument("channel", type=click.Choice(["telegram", "whatsapp"]))
@click.pass_obj
def connect(home: Path, channel: str) -> None:
    """Have the provider post here. Example: kuska connect telegram

    Buttons on WhatsApp need nothing: their templates are made when first shown. The neutral knock
    is submitted for approval; ask again later to see where that stands.
    """
    from bot import providers
    from bot.house import Content

    settings = _settings(home)
    with bar("Asking"):
        if channel == "telegram":
            said = asyncio.run(providers.connect_telegram(settings))
        else:
            knocks = Content.load(ROOT).said("handoff.knock")
            said = asyncio.run(providers.connect_whatsapp(settings, knocks))
    click.echo(said)


ALL = (keys, purge, backup, restore, doctor, connect)


def _settings(home: Path) -> Settings:
    return Settings.from_environment(os.environ, home)


def _vault(settings: Settings) -> Vault:
    from bot.vault import Vault

    return Vault(settings.keys_url, lambda: settings.derive("vault"))


@contextmanager
def opened(settings: Settings) -> Iterator[tuple[Store, Vault]]:
    """Store and vault, up to date; commands meet no new contact, so no key is made in stock."""
    from alembic.util import CommandError

    from bot.store import Store

    vault = _vault(settings)
    store = Store(settings.database_url, prepare=lambda count: None)
    try:
        try:
            store.upgrade()
        except CommandError as error:
            raise CommandRefused("the database is of a newer Kuska than this one") from error
        yield store, vault
    finally:
        store.close()
        vault.close()
