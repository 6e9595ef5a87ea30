"""The console's door tried from outside: names shut out, links and sessions used twice, addresses
and hosts made up, forms in the wrong way."""

from __future__ import annotations

import asyncio
import re
from functools import partial
from typing import Any

import pytest
from argon2 import PasswordHasher
from counselor import PASSWORD, Counselor, browser_of, code_now, hire, roster_of, secret_on
from posting import PUBLIC_URL
from service import MONDAY_NIGHT, Service
from sqlalchemy import func, select
from storeroom import Room
from test_console import audit

from bot import signin
from bot.audit import Ledger
from bot.masters import Masters
from bot.models import AuditEntry, SigninPace, StaffSession
from bot.settings import Settings
from bot.signin import Porter

WRONG = "adivinando otra vez"


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are not what is tried here, and dear."""
    cheap = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(signin, "PasswordHasher", cheap)


async def link_of(service: Service, name: str = "Eva") -> str:
    """A new member's enrolment path."""
    settings = Settings.from_environment({"KUSKA_PUBLIC_URL": PUBLIC_URL}, service.folder)
    roster, now = roster_of(settings), service.clock()
    token = await service.store.worker.run(
        lambda connection: roster.add(connection, name, "counselor", now)
    )
    return f"/console/enroll/{token}"


def sessions_of(service: Service) -> int:
    """How many sessions there are."""
    with service.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(StaffSession)) or 0


# -- guessing -----------------------------------------------------------------------------------


async def test_nobody_is_kept_out_by_guessing_elsewhere(service: Service) -> None:
    """A stranger uses up the tries of a name; she comes in where she has come in before, and the
    stranger still has to wait."""
    rosa = await hire(service, "Rosa")
    service.clock.advance(seconds=60)
    stranger = Counselor(service, "rosa", await browser_of(service), rosa.secret)
    for _ in range(5):
        assert (await stranger.sign_in(WRONG)).status_code == 403
    assert (await stranger.sign_in()).status_code == 429
    assert (await rosa.sign_in()).status_code == 303
    assert (await stranger.sign_in()).status_code == 429


async def test_her_browser_is_no_way_round_the_pace(service: Service) -> None:
    """There, five tries and a wait as well; a made-up or another's mark counts for nothing."""
    rosa = await hire(service, "Rosa")
    for _ in range(5):
        assert (await rosa.sign_in(WRONG)).status_code == 403
    assert (await rosa.sign_in()).status_code == 429
    eva = await hire(service, "Eva")
    hers = eva.client.cookies["__Host-device"].encode()
    stranger = await browser_of(service)
    for mark in (hers, b"", b"x", "á".encode() * 40, b"A" * 64):
        data, cookie = {"name": "Rosa", "password": WRONG, "code": "1"}, b"__Host-device=" + mark
        answer = await stranger.post("/console/signin", data=data, headers={b"cookie": cookie})
        assert answer.status_code == 403
    with service.store.read() as connection:
        assert connection.scalar(select(func.max(SigninPace.failures))) == 5
        assert connection.scalar(select(func.count()).select_from(SigninPace)) == 2


async def test_many_guesses_at_once_are_no_way_round_the_pace(service: Service) -> None:
    """Of twelve at the same moment five are tried and the rest have to wait."""
    rosa = await hire(service, "Rosa")
    strangers = [
        Counselor(service, "Rosa", await browser_of(service), rosa.secret) for _ in range(12)
    ]
    answers = await asyncio.gather(*(each.sign_in(code="000000") for each in strangers))
    assert sorted(each.status_code for each in answers) == [403] * 5 + [429] * 7


def test_a_name_that_nobody_has_takes_as_long(monkeypatch: pytest.MonkeyPatch) -> None:
    """One password is compared for every try, the first one too."""
    key = b"k" * 32
    porter = Porter(Masters(lambda: (key,)), Ledger(lambda: (key,)))
    kept = porter.hashed(PASSWORD)
    work: list[str] = []
    real = PasswordHasher.verify

    def verify(self: PasswordHasher, hashed: str, password: str) -> bool:
        work.append(hashed)
        return bool(real(self, hashed, password))

    monkeypatch.setattr(PasswordHasher, "verify", verify)
    made = porter._nobody
    assert not porter.matches(None, WRONG)
    assert porter.matches(kept, PASSWORD)
    assert work == [made, kept]


# -- links and sessions -------------------------------------------------------------------------


async def test_a_link_lets_one_in_of_two_at_once(service: Service) -> None:
    """The other is told that it was used; one session."""
    link = await link_of(service)
    clients = [await browser_of(service) for _ in range(2)]
    secret = secret_on((await clients[0].get(link)).text)
    form = {"password": PASSWORD, "code": code_now(secret, service.clock())}
    answers = await asyncio.gather(*(client.post(link, data=form) for client in clients))
    assert sorted(each.status_code for each in answers) == [303, 410]
    assert sessions_of(service) == 1


async def test_a_session_never_outlives_another_sign_in(service: Service) -> None:
    """Signing in makes a new token and ends the one the browser brought; a token that somebody
    put there is not taken over."""
    rosa = await hire(service, "Rosa")
    before = rosa.client.cookies["__Host-staff"]
    service.clock.advance(seconds=60)
    await rosa.sign_in()
    after = rosa.client.cookies["__Host-staff"]
    assert before != after
    thief = await browser_of(service)
    thief.cookies.set("__Host-staff", before)
    assert (await thief.get("/console")).status_code == 303
    planted = Counselor(service, "Rosa", await browser_of(service), rosa.secret)
    planted.client.cookies.set("__Host-staff", "A" * 43)
    service.clock.advance(seconds=60)
    await planted.sign_in()
    assert sessions_of(service) == 2
    thief.cookies.set("__Host-staff", "A" * 43)
    assert (await thief.get("/console")).status_code == 303


async def test_a_new_password_makes_no_session_longer(service: Service) -> None:
    """Whoever has her session and password does not get round the second factor every eight
    hours."""
    rosa = await hire(service, "Rosa")
    for _ in range(15):
        service.clock.advance(minutes=29)
        assert (await rosa.get()).status_code == 200
    new = "otra frase bien larga"
    changed = await rosa.post("/console/account/password", password=PASSWORD, new=new)
    assert changed.status_code == 303
    service.clock.advance(minutes=29)
    assert (await rosa.get()).status_code == 200
    service.clock.advance(minutes=20)
    assert (await rosa.get()).status_code == 303


async def test_cookies_are_closed(service: Service) -> None:
    """No script reads them, no other site or plain line carries them, no subdomain sets them."""
    rosa = await hire(service, "Rosa")
    service.clock.advance(seconds=60)
    answer = await rosa.sign_in()
    cookies = answer.headers.get_list("set-cookie")
    assert sorted(one.partition("=")[0] for one in cookies) == ["__Host-device", "__Host-staff"]
    for one in cookies:
        parts = {part.strip().lower() for part in one.split(";")[1:]}
        assert {"httponly", "secure", "samesite=strict", "path=/"} <= parts
        assert not any(part.startswith("domain") for part in parts)


# -- addresses, hosts, ways ---------------------------------------------------------------------


@pytest.mark.parametrize("path", ["/console", "/console/", "/console/cases/7", "/directory/"])
async def test_no_answer_leads_to_a_host_that_was_made_up(service: Service, path: str) -> None:
    """Whatever the request calls us, we lead nowhere but to a path of ours."""
    client = await browser_of(service)
    answer = await client.get(path, headers={"host": "evil.example"})
    assert re.fullmatch(r"/[a-z/]+", answer.headers["location"])
    slashed = await client.get("/console/cases/7/", headers={"host": "evil.example"})
    assert (slashed.status_code, "location" in slashed.headers) == (404, False)


async def test_a_way_that_is_not_meant_does_nothing(service: Service) -> None:
    """A form by GET, a page by POST, a way named in a header: 405, or only the page."""
    rosa = await hire(service, "Rosa")
    await rosa.presence("on")
    client = rosa.client
    assert (await client.get("/console/presence?presence=off")).status_code == 405
    assert (await client.post("/console/account")).status_code == 405
    assert (await client.request("PUT", "/console/presence")).status_code == 405
    override = {"x-http-method-override": "POST"}
    assert (await client.get("/console/signout", headers=override)).status_code == 405
    assert (await client.get("/console?presence=off&form=x")).status_code == 200
    with service.store.read() as connection:
        assert signin.member_of(connection, client.cookies["__Host-staff"], service.clock())


async def test_a_made_up_address_does_not_break_the_record(service: Service) -> None:
    """Refused in one sentence, recorded cut, and the chain holds."""
    eva = await hire(service, "Eva", "editor")
    for address in ("/console/cases/" + "7" * 300, "/console/cases/a%00b"):
        assert (await eva.get(address)).status_code == 403
    assert all(len(str(subject)) <= 80 for _, subject in audit(service))
    assert not any("\0" in str(subject) for _, subject in audit(service))


def test_the_record_holds_on_every_database(room: Room) -> None:
    """Too long, or with a letter that PostgreSQL does not take: cut, and proved all the same."""
    ledger = Ledger(lambda: (b"k" * 32,))

    def work(connection: Any) -> None:
        for subject in ("x" * 500, "a\0b"):
            ledger.record(connection, 1, "refused", MONDAY_NIGHT, subject=subject, reason="y" * 500)
        assert ledger.broken_at(connection) is None
        assert connection.scalar(select(func.max(func.length(AuditEntry.reason)))) == 200

    room.store.worker.submit(work).result()


async def test_pages_are_kept_by_nobody(service: Service) -> None:
    """Neither pages, refusals nor forms' tokens are stored; with https only https."""
    rosa = await hire(service, "Rosa")
    for path in ("/console", "/console/account", "/console/form", "/console/cases/7"):
        answer = await rosa.get(path)
        assert answer.headers["cache-control"] == "no-store"
        assert answer.headers["cross-origin-resource-policy"] == "same-origin"
        assert answer.headers["strict-transport-security"]
        assert "access-control-allow-origin" not in answer.headers


async def test_a_form_is_good_again_after_a_new_sign_in(service: Service) -> None:
    """The token of a page's forms is of its session; after another it is asked for anew."""
    rosa = await hire(service, "Rosa")
    old = (await rosa.get("/console/form")).text
    service.clock.advance(seconds=60)
    await rosa.sign_in()
    new = (await rosa.get("/console/form")).text
    assert re.fullmatch(r"[0-9a-f]{64}", new)
    data = {"presence": "on"}
    stale = await rosa.client.post("/console/presence", data={**data, "form": old})
    assert stale.status_code == 403
    good = await rosa.client.post("/console/presence", data={**data, "form": new})
    assert good.status_code == 303
