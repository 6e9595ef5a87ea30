"""`kuska directory links`: ask services' own staff whether we still tell people the right thing."""

from __future__ import annotations

import os
from collections.abc import Iterator
from datetime import datetime, timedelta
from email.message import EmailMessage
from pathlib import Path
from typing import TYPE_CHECKING

import click

from bot.bulk import LIMA, published
from bot.errors import CommandRefused
from bot.progress import bar
from bot.settings import Settings

if TYPE_CHECKING:
    from bot.mailing import Mailer
    from directory.listing import Listing

CONTENT = Path(__file__).parents[1]
LONGEST_DAYS = 90
Invited = tuple["Listing", str]
"""A service and its link."""


@click.command()
@click.argument("services", nargs=-1, metavar="[SERVICE]...")
@click.option("--stale", "is_stale", is_flag=True, help="Only those to be asked again.")
@click.option(
    "--days",
    type=click.IntRange(1, LONGEST_DAYS),
    default=30,
    show_default=True,
    help="How long the links are good.",
)
@click.option("--mail", "by_mail", is_flag=True, help="Send them to those that have an address.")
@click.pass_obj
def links(home: Path, services: tuple[str, ...], is_stale: bool, days: int, by_mail: bool) -> None:
    """One-tap links for services' own staff. Example: kuska directory links --stale

    One line each: name, contact, link, to copy into a chat. A link is good for one service and one
    answer. With --mail (SMTP_URL) it goes to the service's address; those without are printed.
    """
    settings, now = Settings.from_environment(os.environ, home), datetime.now(LIMA)
    lives = timedelta(days=days)
    invited = _invited(settings, _chosen(home, services, now, is_stale=is_stale), now, lives)
    if by_mail:
        invited = _mailed(settings, invited, (now + lives).date().isoformat())
    for one, link in invited:
        click.echo(f"{one.name}\t{_contact(one)}\t{link}")


def _chosen(
    home: Path, services: tuple[str, ...], now: datetime, *, is_stale: bool
) -> list[Listing]:
    from directory.freshness import stale
    from directory.links import may_have_link

    listings = [one for one in published(home) if may_have_link(one)]
    if unknown := set(services) - {one.id for one in listings}:
        raise CommandRefused(f"{sorted(unknown)[0]}: no service that can be asked by a link")
    wanted = [one for one in listings if not services or one.id in services]
    return [each.listing for each in stale(wanted, now.date())] if is_stale else wanted


def _invited(
    settings: Settings, listings: list[Listing], now: datetime, lives: timedelta
) -> list[Invited]:
    from directory.links import PATH, Signer

    signer = Signer(lambda: settings.derive("confirmation"))
    return [
        (one, f"{settings.public_url}{PATH}/{signer.token(one.id, now, lives)}") for one in listings
    ]


def _mailed(settings: Settings, invited: list[Invited], day: str) -> list[Invited]:
    """Send to whoever has an address; what could not be sent comes back, to be asked otherwise."""
    from bot.mailing import Mailer

    if not settings.smtp_url:
        raise CommandRefused("SMTP_URL is not set; without it the links can be copied by hand")
    mailer, left = Mailer(settings.smtp_url), [each for each in invited if not each[0].email]
    written = [each for each in invited if each[0].email]
    letters = list(_letters(mailer, written, day))
    with bar("Sending") as step, mailer.open() as post:
        for number, (each, letter) in enumerate(letters, start=1):
            if refused := "no address" if letter is None else post(letter):
                click.echo(f"{each[0].id}: {each[0].email} {refused}", err=True)
                left.append(each)
            step(number, len(letters))
    sent = len(invited) - len(left)
    click.echo(f"{sent} sent, {len(left)} to be asked otherwise", err=True)
    return left


def _letters(
    mailer: Mailer, invited: list[Invited], day: str
) -> Iterator[tuple[Invited, EmailMessage | None]]:
    """None where what stands for an address is none."""
    from bot.engine.loader import load
    from directory.seeds import split

    phrases = load(CONTENT / "flows").phrases
    for one, link in invited:
        subject = phrases["confirming.mail_subject"].format(name=one.name)
        body = phrases["confirming.mail_body"].format(name=one.name, link=link, day=day)
        try:
            yield (one, link), mailer.letter(split(one.email or "")[0], subject, body)
        except (ValueError, IndexError):
            yield (one, link), None


def _contact(one: Listing) -> str:
    ways = (*one.whatsapp, *one.phones)
    return ways[0].text if ways else one.email or one.url or ""
