"""Confirmation links: who holds one says "still right" once, for one service; nobody else can."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from click.testing import CliRunner, Result
from directory_loaded import directory
from doubles.smtp import mail_server
from service import Service
from sqlalchemy import Connection, func, select, update

from bot.cli import main
from bot.console.sessions import MAX_BODY
from bot.errors import SettingsError
from bot.mailing import Mailer
from bot.settings import Settings
from directory import editing, models, proposals, publishing
from directory.errors import LinkRefused
from directory.lines import line_services
from directory.links import LIVES, PATH, Link, Signer, may_have_link
from directory.proposals import Editor

T = TypeVar("T")
NOW = datetime(2026, 11, 23, 15, tzinfo=UTC)
SERVICE = next(
    one for one in directory().listings if one.kind == "women_center" and one.phones and one.hours
)
REVIEWER = Editor(1, "Rita", is_reviewer=True)


def signer(*keys: bytes) -> Signer:
    """One with keys of its own."""
    return Signer(lambda: keys or (b"n" * 32, b"o" * 32))


def refusal(token: str, now: datetime = NOW, by: Signer | None = None) -> str:
    """Why a token is not taken."""
    with pytest.raises(LinkRefused) as refused:
        (by or signer()).read(token, now)
    return str(refused.value)


# -- the token ----------------------------------------------------------------------------------


def test_a_token_says_what_was_signed() -> None:
    """The service and both moments, under the newest key, or one that was the newest before."""
    token = signer().token("CEM-1", NOW)
    assert signer().read(token, NOW) == Link("CEM-1", NOW, NOW + LIVES)
    older = signer(b"o" * 32).token("CEM-1", NOW)
    assert signer().read(older, NOW).service_id == "CEM-1"
    assert refusal(signer(b"x" * 32).token("CEM-1", NOW)) == "changed"


def test_no_letter_of_a_token_can_be_changed() -> None:
    """Each one exchanged, left out, added; and what was never a token."""
    token = signer().token("CEM-1", NOW)
    for at, letter in enumerate(token):
        assert refusal(f"{token[:at]}{'A' if letter != 'A' else 'B'}{token[at + 1 :]}") == "changed"
        assert refusal(token[:at] + token[at + 1 :]) == "changed"
    for strange in (
        "",
        "A",
        "ñ",
        "😀" * 9,
        "=" * 40,
        f"{token}=",
        f"{token}A",
        "A" * 5000,
        "../..",
    ):
        assert refusal(strange) == "changed"


def test_a_token_ends() -> None:
    """At its last moment it is over."""
    token = signer().token("CEM-1", NOW, timedelta(days=7))
    assert signer().read(token, NOW + timedelta(days=7, seconds=-1))
    assert refusal(token, NOW + timedelta(days=7)) == "expired"


# -- the page -----------------------------------------------------------------------------------


def link(service: Service, code: str = SERVICE.id) -> str:
    """The path of a link that this service made."""
    settings = Settings.from_environment({}, service.folder)
    ours = Signer(lambda: settings.derive("confirmation"))
    return f"{PATH}/{ours.token(code, service.clock())}"


def seen(page: httpx.Response) -> str:
    """What her page knows it showed her."""
    return str(re.findall(r'name="seen" value="(\w+)"', page.text)[0])


async def answer(service: Service, path: str, **fields: str) -> httpx.Response:
    """Look, then post what she fills in."""
    page = await service.client.get(path)
    return await service.client.post(path, data={"seen": seen(page), **fields})


def stored(service: Service, work: Callable[[Connection], T]) -> T:
    """Read the store."""
    with service.store.read() as connection:
        return work(connection)


def said(service: Service, code: str = SERVICE.id) -> dict[str, str]:
    """The service as it is in force."""
    return stored(service, lambda connection: publishing.current(connection, code))


def made(service: Service, code: str = SERVICE.id) -> list[proposals.Proposal]:
    """Everything proposed for it."""
    return stored(service, lambda connection: proposals.history(connection, code))


async def test_looking_changes_nothing(service: Service) -> None:
    """However often, by whatever program: no cookie, nothing stored, no search engine."""
    path = link(service)
    for method in ("GET", "HEAD", "GET"):
        page = await service.client.request(method, path, headers={"user-agent": "WhatsApp/2"})
        assert page.status_code == 200
    assert SERVICE.name in page.text
    assert SERVICE.phones[0].text in page.text
    assert "noindex" in page.headers["x-robots-tag"]
    assert page.headers["cache-control"] == "no-store"
    assert "set-cookie" not in page.headers
    assert "<script" not in page.text
    assert not made(service)
    assert said(service)["confirmed_at"] == ""


async def test_one_tap_confirms_once(service: Service) -> None:
    """Today is its day, in the history with its source; the link is used up, a later one is not."""
    path = link(service)
    thanks = await answer(service, path, answer="right")
    assert thanks.status_code == 200
    assert "Quedó confirmado" in thanks.text
    assert said(service)["confirmed_at"] == "2026-11-23"
    (revision,) = made(service)
    assert (revision.state, revision.source, revision.by.id) == ("published", "link", None)
    for again in (await service.client.get(path), await service.client.post(path, data={})):
        assert again.status_code == 410
        assert "ya se usó" in again.text
    assert len(made(service)) == 1
    service.clock.advance(days=61)
    assert (await answer(service, link(service), answer="right")).status_code == 200
    assert said(service)["confirmed_at"] == "2027-01-23"


async def test_two_taps_at_once_are_one(service: Service) -> None:
    """The second finds the link used, whichever it is."""
    path = link(service)
    fields = {"seen": seen(await service.client.get(path)), "answer": "right"}
    both = await asyncio.gather(*(service.client.post(path, data=fields) for _ in range(2)))
    assert sorted(each.status_code for each in both) == [200, 410]
    assert len(made(service)) == 1


async def test_a_correction_waits_for_a_second_person(service: Service) -> None:
    """Nobody is shown it before; published, the next search has the number and its day."""
    path = link(service)
    thanks = await answer(
        service, path, answer="wrong", phones="(065) 23-1234", hours="lunes a viernes de 9 a 5",
        why="Nos mudamos",
    )  # fmt: skip
    assert "revisará" in thanks.text
    assert said(service)["phones"] == SERVICE.phones[0].text
    (waiting,) = made(service)
    assert (waiting.state, waiting.why) == ("proposed", "Nos mudamos")
    assert waiting.after == {"phones": "(065) 23-1234", "hours": "Mo-Fr 09:00-17:00"}
    now = service.clock()
    await service.store.worker.run(lambda c: editing.publish(c, waiting.id, by=REVIEWER, now=now))
    service.house.refresh(service.store)
    listing = service.house.directory.service(SERVICE.id)
    assert listing is not None
    assert [phone.text for phone in listing.phones] == ["(065) 23-1234"]


async def test_a_service_that_closed_is_proposed_to_be_hidden(service: Service) -> None:
    """Only an editor hides: it stays until somebody of the team agrees."""
    await answer(service, link(service), answer="wrong", closed="inactive")
    (waiting,) = made(service)
    assert waiting.after == {"status": "inactive"}
    assert said(service)["status"] == "active"


@pytest.mark.parametrize(
    ("fields", "sentence"),
    [
        ({"phones": "https://spam.example"}, "aria-invalid"),
        ({"phones": "12"}, "aria-invalid"),
        ({"hours": "cuando se pueda"}, "aria-invalid"),
        ({"phones": "", "whatsapp": "", "email": "", "url": "", "address": ""}, "Falta una manera"),
        ({}, "No cambió ningún dato"),
    ],
)
async def test_what_is_wrong_is_said_and_nothing_lost(
    service: Service, fields: dict[str, str], sentence: str
) -> None:
    """Her words stay in the form, nothing is kept, the link still works."""
    path = link(service)
    page = await answer(service, path, answer="wrong", why="mi nota", **fields)
    assert page.status_code == 422
    assert sentence in page.text
    assert "mi nota" in page.text
    assert all(value in page.text for value in fields.values())
    assert not made(service)
    assert (await answer(service, path, answer="right")).status_code == 200


async def test_she_confirms_what_she_saw(service: Service) -> None:
    """Changed meanwhile, she sees it anew before her word counts."""
    path = link(service)
    page = await service.client.get(path)
    now, fields = service.clock(), {"phones": "(065) 23-9999"}

    def change(connection: Connection) -> Any:
        (waiting,) = editing.propose(
            connection, SERVICE.id, fields, by=Editor(2, "Eva", is_reviewer=True), why="",
            source="form", now=now,
        )  # fmt: skip
        return editing.publish(connection, waiting.id, by=REVIEWER, now=now)

    await service.store.worker.run(change)
    late = await service.client.post(path, data={"seen": seen(page), "answer": "right"})
    assert late.status_code == 422
    assert "cambiaron mientras tanto" in late.text
    assert "(065) 23-9999" in late.text
    assert said(service)["confirmed_at"] == ""
    ours = {"seen": seen(late), "answer": "right"}
    assert (await service.client.post(path, data=ours)).status_code == 200


async def test_a_link_that_is_none_says_why(service: Service) -> None:
    """Tampered, over, of a service that is gone or unknown, of a national line: one sentence."""
    path = link(service)
    changed = f"{path[:-1]}{'A' if path[-1] != 'A' else 'B'}"
    for wrong in (changed, f"{PATH}/x", f"{PATH}/{'%F0%9F%92%A9' * 3}"):
        for method in ("GET", "POST"):
            page = await service.client.request(method, wrong)
            assert page.status_code == 404
            assert "no está completo o fue cambiado" in page.text
    line = next(iter(line_services()))
    assert "línea nacional" in (await answer(service, link(service, line), answer="right")).text
    assert said(service, line)["confirmed_at"] == ""
    unknown = await service.client.get(link(service, "NO-HAY"))
    assert (unknown.status_code, "ya no está en nuestra lista" in unknown.text) == (410, True)
    gone = update(models.Service).where(models.Service.id == SERVICE.id).values(status="inactive")
    await service.store.worker.run(lambda connection: connection.execute(gone))
    assert (await service.client.get(path)).status_code == 410
    service.clock.advance(days=30)
    late = await service.client.post(path, data={"answer": "right"})
    assert (late.status_code, "ya venció" in late.text) == (410, True)


async def test_a_form_of_elsewhere_or_too_large_is_refused(service: Service) -> None:
    """Another site's page cannot post in her browser, and nobody fills the memory."""
    path = link(service)
    elsewhere = {"sec-fetch-site": "cross-site"}
    refused = await service.client.post(path, data={"answer": "right"}, headers=elsewhere)
    assert refused.status_code == 403
    large = await service.client.post(path, data={"why": "x" * (MAX_BODY + 1)})
    assert large.status_code == 413
    assert (await service.client.post(path, content=b"\xff=%ff")).status_code == 400
    counted = select(func.count()).select_from(models.Proposal)
    assert stored(service, lambda connection: connection.scalar(counted)) == 0


# -- links in bulk ------------------------------------------------------------------------------


def kuska(home: Path, *arguments: str, **env: str) -> Result:
    """Run the command in this process."""
    return CliRunner().invoke(
        main, ["--home", str(home), "directory", "links", *arguments], env=env
    )


async def test_printed_links_open_and_name_whom_to_ask(service: Service) -> None:
    """Name, contact, link; made by the command, taken by the service; no national line."""
    url = "https://ayuda.example"
    printed = kuska(service.folder, SERVICE.id, "--days", "7", KUSKA_PUBLIC_URL=url)
    assert printed.exit_code == 0, printed.output
    name, contact, address = printed.stdout.strip().split("\t")
    assert (name, contact) == (SERVICE.name, SERVICE.phones[0].text)
    assert address.startswith(f"{url}{PATH}/")
    service.clock.now = datetime.now(UTC)  # the command has no other clock
    assert (await service.client.get(address.removeprefix(url))).status_code == 200
    assert kuska(service.folder, next(iter(line_services()))).exit_code == 1


def test_links_of_what_is_stale(prepared: Path) -> None:
    """Every service that can be asked, or only those whose day is over."""
    every = kuska(prepared).stdout.splitlines()
    stale = kuska(prepared, "--stale").stdout.splitlines()
    asked = [one for one in directory().listings if may_have_link(one)]
    assert len(every) == len(asked)
    assert 0 < len(stale) < len(every)
    assert kuska(prepared, "--days", "91").exit_code == 2


def test_links_by_mail(prepared: Path) -> None:
    """A letter to each address; who has none, or is refused, is printed to be asked otherwise."""
    with_mail = [one for one in directory().listings if one.email and may_have_link(one)][:2]
    codes = [SERVICE.id, *(one.id for one in with_mail)]
    first, second = (str(one.email).split(";")[0] for one in with_mail)
    with mail_server() as server:
        server.refused.add(second)
        sent = kuska(prepared, "--mail", *codes, SMTP_URL=server.url)
        assert sent.exit_code == 0, sent.output
    ((to, letter),) = server.letters
    assert to == first
    assert letter["from"] == "kuska@ong.example"
    assert with_mail[0].name in str(letter["subject"])
    assert PATH in letter.get_content()
    assert "1 sent, 2 to be asked otherwise" in sent.stderr
    assert sorted(line.split("\t")[0] for line in sent.stdout.splitlines()) == sorted(
        [SERVICE.name, with_mail[1].name]
    )
    without = kuska(prepared, "--mail", SERVICE.id)
    assert (without.exit_code, "SMTP_URL is not set" in without.output) == (1, True)
    down = kuska(prepared, "--mail", with_mail[0].id, SMTP_URL=server.url)
    assert (down.exit_code, "mail server does not answer" in down.output) == (1, True)


@pytest.mark.parametrize(
    "url",
    ["mail.example", "http://a@b.c", "smtp://host/", "smtp://a@b:x/", "smtp://u:p@host/?from=u"],
)
def test_a_mail_setting_that_cannot_work_is_said(url: str) -> None:
    """Without a server or a sender nothing is tried."""
    with pytest.raises(SettingsError, match="SMTP_URL"):
        Mailer(url)
