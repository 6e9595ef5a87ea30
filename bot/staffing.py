"""`kuska staff`: who works here. Each way in is a link for half an hour, shown once."""

from __future__ import annotations

import os
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import click
from sqlalchemy import Connection

from bot.settings import Settings
from bot.staff import ROLES, Roster, require

T = TypeVar("T")
LINK = "/console/enroll/{token}"
FIRST_LINK = "first-link"


@click.group()
def staff() -> None:
    """Counselors, editors and who leads them. Example: kuska staff add Rosa --role counselor"""


@staff.command()
@click.argument("name")
@click.option("--role", type=click.Choice(ROLES), required=True)
@click.option("--organization", help="Its name or number in the directory.")
@click.pass_obj
def add(home: Path, name: str, role: str, organization: str | None) -> None:
    """Somebody new; prints a link to enrol. Example: kuska staff add Rosa --role counselor"""
    settings = Settings.from_environment(os.environ, home)
    now = datetime.now(UTC)
    token = _change(settings, lambda r, c: r.add(c, name, role, now, organization))
    _show(settings, token)


@staff.command()
@click.argument("name")
@click.pass_obj
def reset(home: Path, name: str) -> None:
    """Password and second factor anew, everywhere signed out. Example: kuska staff reset Rosa"""
    settings = Settings.from_environment(os.environ, home)
    token = _change(settings, lambda r, c: r.reset(c, require(c, name), datetime.now(UTC)))
    _show(settings, token)


@staff.command()
@click.argument("name")
@click.pass_obj
def off(home: Path, name: str) -> None:
    """She no longer works here: signed out at once. Example: kuska staff off Rosa"""
    settings = Settings.from_environment(os.environ, home)
    _change(settings, lambda r, c: r.off(c, require(c, name), datetime.now(UTC)))
    click.echo(f"{name} is signed out everywhere and cannot come in")


def first_link(settings: Settings, base_url: str, now: datetime) -> str | None:
    """A link for a first administrator; None once there is one.

    In a demo it is returned to be shown; production writes it to `var/first-link`, mode 0600, and
    returns None: a log is no place for it.
    """
    token = _change(settings, lambda r, c: r.first(c, now))
    path = settings.room / FIRST_LINK
    path.unlink(missing_ok=True)
    if token is None:
        return None
    link = base_url + LINK.format(token=token)
    if not settings.is_production:
        return link
    handle = os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(link + "\n")
    return None


def _change(settings: Settings, work: Callable[[Roster, Connection], T]) -> T:
    from bot.audit import Ledger
    from bot.masters import Masters
    from bot.upkeep import opened

    roster = Roster(
        Masters(lambda: settings.derive("staff")), Ledger(lambda: settings.derive("audit"))
    )
    with opened(settings) as (store, _):
        return store.worker.submit(lambda connection: work(roster, connection)).result()


def _show(settings: Settings, token: str) -> None:
    click.echo(settings.public_url + LINK.format(token=token))
    click.echo("Good once, for 30 minutes. Give it to her in person or by a call.")
