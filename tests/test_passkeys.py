"""Passkeys and the account page: what a key must prove, what ends with what, what always stays."""

from __future__ import annotations

import html
import json
import re
from functools import partial
from typing import Any

import httpx
import pytest
from argon2 import PasswordHasher
from authenticator import PRESENT, Authenticator
from counselor import PASSWORD, Counselor, browser_of, code_now, hire, roster_of, secret_on
from hypothesis import given
from hypothesis import strategies as st
from posting import PUBLIC_URL
from service import Service
from sqlalchemy import select

from bot import passkeys, signin
from bot.errors import SigninRefused
from bot.models import AuditEntry, Passkey, StaffSession, Trial
from bot.passkeys import Asked, Site
from bot.settings import Settings
from bot.staff import require

ACCOUNT = "/console/account"
SITE = Site(PUBLIC_URL.removeprefix("https://"), PUBLIC_URL)


@pytest.fixture(autouse=True)
def quick_hashing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Passwords are not what is tried here, and dear."""
    cheap = partial(PasswordHasher, time_cost=1, memory_cost=8, parallelism=1)
    monkeypatch.setattr(signin, "PasswordHasher", cheap)


def asked_on(page: httpx.Response) -> dict[str, str]:
    """Ticket and options of the page that speaks to a device."""
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    options = re.search(r'data-options="([^"]+)"', page.text)
    assert ticket is not None, page.text
    assert options is not None
    return {"ticket": ticket[1], "options": html.unescape(options[1])}


def device() -> Authenticator:
    """A device that is honest."""
    return Authenticator(PUBLIC_URL, SITE.name)


async def add_key(rosa: Counselor, key: Authenticator, title: str = "Teléfono") -> httpx.Response:
    """She adds a passkey on her account page."""
    page = await rosa.post(f"{ACCOUNT}/passkeys", title=title, password=PASSWORD)
    asked = asked_on(page)
    answer = key.make(asked["options"])
    return await rosa.post(f"{ACCOUNT}/passkeys/done", ticket=asked["ticket"], answer=answer)


async def with_key(service: Service) -> tuple[Counselor, Authenticator]:
    """Rosa with a passkey."""
    rosa, key = await hire(service, "Rosa"), device()
    assert (await add_key(rosa, key)).headers["location"] == ACCOUNT
    return rosa, key


async def come_in(
    service: Service, key: Authenticator, password: str = PASSWORD, name: str = "Rosa"
) -> httpx.Response:
    """Password and passkey, in a browser of its own."""
    client = await browser_of(service)
    page = await client.post("/console/signin/passkey", data={"name": name, "password": password})
    asked = asked_on(page)
    done = {"ticket": asked["ticket"], "answer": key.answer(asked["options"])}
    return await client.post("/console/signin/passkey/done", data=done)


def read(service: Service, query: Any) -> list[Any]:
    """Rows of the store."""
    with service.store.read() as connection:
        return list(connection.execute(query).all())


# -- signing in ---------------------------------------------------------------------------------


async def test_password_and_passkey_let_in(service: Service) -> None:
    """Without a code; and it stands in the record which way she came."""
    _, key = await with_key(service)
    answer = await come_in(service, key)
    assert (answer.status_code, answer.headers["location"]) == (303, "/console")
    (last,) = read(service, select(AuditEntry.reason).order_by(AuditEntry.id.desc()).limit(1))
    assert last == ("passkey",)
    assert read(service, select(Passkey.uses)) == [(1,)]


async def test_a_wrong_password_looks_the_same(service: Service) -> None:
    """The page asks for the key all the same, tells nothing, and the key does not let in."""
    _, key = await with_key(service)
    client = await browser_of(service)
    pages = []
    for name, password in (("Rosa", PASSWORD), ("Rosa", "no es esta clave"), ("nadie", PASSWORD)):
        page = await client.post(
            "/console/signin/passkey", data={"name": name, "password": password}
        )
        asked = asked_on(page)
        challenge = json.loads(asked["options"])["challenge"]
        pages.append(page.text.replace(asked["ticket"], "").replace(challenge, ""))
    assert len(set(pages)) == 1
    assert (await come_in(service, key, "no es esta clave")).status_code == 403
    assert (await come_in(service, key, PASSWORD, "nadie")).status_code == 403


async def test_the_key_of_another_does_not_let_in(service: Service) -> None:
    """A key counts for its owner only."""
    await with_key(service)
    eva, other = await hire(service, "Eva"), device()
    await add_key(eva, other)
    assert (await come_in(service, other)).status_code == 403


@pytest.mark.parametrize(
    "wrong",
    [
        {"origin": "https://kuska.example.net"},
        {"site": "example.net"},
        {"flags": PRESENT},  # it did not verify who holds it
        {"uses": -1 % 2**32},
    ],
    ids=["origin", "site", "unverified", "counter"],
)
async def test_what_a_device_must_prove(service: Service, wrong: dict[str, Any]) -> None:
    """Our site, our page, who holds it, and a counter that grows."""
    _, key = await with_key(service)
    assert (await come_in(service, key)).status_code == 303
    if "uses" in wrong:
        key.uses = 0  # a copy that was made before
    else:
        for name, value in wrong.items():
            setattr(key, name, value)
    assert (await come_in(service, key)).status_code == 403


async def test_another_key_signs_nothing(service: Service) -> None:
    """The right name with the wrong private half."""
    _, key = await with_key(service)
    forged = Authenticator(PUBLIC_URL, SITE.name, credential_id=key.credential_id, uses=5)
    assert (await come_in(service, forged)).status_code == 403


async def test_a_challenge_is_good_once_and_for_three_minutes(service: Service) -> None:
    """An answer that was seen on its way is worth nothing, nor is a late one."""
    _, key = await with_key(service)
    client = await browser_of(service)
    fields = {"name": "Rosa", "password": PASSWORD}
    asked = asked_on(await client.post("/console/signin/passkey", data=fields))
    done = {"ticket": asked["ticket"], "answer": key.answer(asked["options"])}
    assert (await client.post("/console/signin/passkey/done", data=done)).status_code == 303
    again = await (await browser_of(service)).post("/console/signin/passkey/done", data=done)
    assert again.status_code == 403
    assert "ya se usó" in again.text
    asked = asked_on(await client.post("/console/signin/passkey", data=fields))
    service.clock.advance(minutes=3, seconds=1)
    done = {"ticket": asked["ticket"], "answer": key.answer(asked["options"])}
    assert (await client.post("/console/signin/passkey/done", data=done)).status_code == 403
    await come_in(service, key)
    assert read(service, select(Trial.purpose)) == []


async def test_asking_for_a_key_is_paced_like_a_code(service: Service) -> None:
    """Passwords cannot be tried through this door; a key that lets in forgets what was before."""
    _, key = await with_key(service)
    client = await browser_of(service)
    fields = {"name": "Rosa", "password": "adivinando otra vez"}
    for _ in range(4):
        assert (await client.post("/console/signin/passkey", data=fields)).status_code == 200
    assert (await come_in(service, key)).status_code == 303
    for _ in range(5):
        assert (await client.post("/console/signin/passkey", data=fields)).status_code == 200
    answer = await client.post("/console/signin/passkey", data=fields)
    assert answer.status_code == 429


BROKEN = st.one_of(
    st.text(max_size=60),
    st.just("[" * 4000),
    st.recursive(
        st.none() | st.booleans() | st.integers() | st.text(max_size=20),
        lambda inner: (
            st.lists(inner, max_size=3)
            | st.dictionaries(
                st.sampled_from(["id", "rawId", "type", "response", "clientDataJSON", "x"]), inner
            )
        ),
        max_leaves=8,
    ).map(json.dumps),
)


@given(BROKEN)
def test_a_broken_answer_is_refused(answer: str) -> None:
    """Whatever a browser sends instead of a key, nothing breaks."""
    asked = Asked(1, b"1" * 32, "", None)
    with pytest.raises(SigninRefused, match="passkey_refused"):
        passkeys.verify_new(SITE, asked, answer)
    assert isinstance(passkeys._credential_id(answer), bytes)


# -- the account --------------------------------------------------------------------------------


async def test_a_key_is_made_for_this_site_and_person(service: Service) -> None:
    """A key of a copied page, one that did not verify her, or a known one is refused; the
    challenge is gone with the first answer."""
    rosa, key = await with_key(service)
    page = await rosa.post(f"{ACCOUNT}/passkeys", title="Otra", password=PASSWORD)
    asked = asked_on(page)
    options = json.loads(asked["options"])
    assert options["authenticatorSelection"]["userVerification"] == "required"
    assert len(options["excludeCredentials"]) == 1
    bad = [
        Authenticator("https://kuska.example.net", SITE.name),
        Authenticator(PUBLIC_URL, SITE.name, flags=PRESENT),
        key,
    ]
    for one in bad:
        assert (await add_key(rosa, one)).status_code == 422
    fields = {"ticket": asked["ticket"], "answer": device().make(asked["options"])}
    eva = await hire(service, "Eva")
    assert (await eva.post(f"{ACCOUNT}/passkeys/done", **fields)).status_code == 422
    assert (await rosa.post(f"{ACCOUNT}/passkeys/done", **fields)).status_code == 422
    assert len(read(service, select(Passkey.id))) == 1


async def test_one_second_factor_always_stays(service: Service) -> None:
    """Code or key may go while the other stays; the last may not."""
    rosa, key = await with_key(service)
    (key_id,) = read(service, select(Passkey.id))[0]
    remove_code = f"{ACCOUNT}/code/remove"
    assert (await rosa.post(remove_code, password=PASSWORD)).status_code == 303
    service.clock.advance(seconds=60)
    assert (await rosa.sign_in()).status_code == 403
    answer = await rosa.post(f"{ACCOUNT}/passkeys/remove", key=str(key_id), password=PASSWORD)
    assert answer.status_code == 422
    assert "único segundo factor" in answer.text
    assert (await come_in(service, key)).status_code == 303
    page = await rosa.post(f"{ACCOUNT}/code", password=PASSWORD)
    rosa.secret = secret_on(page.text)
    ticket = re.search(r'name="ticket" value="([^"]+)"', page.text)
    assert ticket is not None
    wrong = await rosa.post(f"{ACCOUNT}/code/done", ticket=ticket[1], code="1")
    assert wrong.status_code == 422
    assert secret_on(wrong.text) == rosa.secret
    fresh = re.search(r'name="ticket" value="([^"]+)"', wrong.text)
    assert fresh is not None
    code = code_now(rosa.secret, service.clock())
    done = await rosa.post(f"{ACCOUNT}/code/done", ticket=fresh[1], code=code)
    assert done.status_code == 303
    answer = await rosa.post(f"{ACCOUNT}/passkeys/remove", key=str(key_id), password=PASSWORD)
    assert answer.status_code == 303
    assert (await rosa.post(remove_code, password=PASSWORD)).status_code == 422
    service.clock.advance(seconds=60)
    assert (await rosa.sign_in()).status_code == 303


@pytest.mark.parametrize(
    ("path", "fields"),
    [
        ("passkeys", {"title": "Mía"}),
        ("passkeys/remove", {"key": "1"}),
        ("code", {}),
        ("code/remove", {}),
        ("password", {"new": "otra frase bien larga"}),
    ],
)
async def test_each_change_asks_for_the_password(
    service: Service, path: str, fields: dict[str, str]
) -> None:
    """An open page that she left is not she; and guesses are paced as at the door."""
    rosa, _ = await with_key(service)
    answer = await rosa.post(f"{ACCOUNT}/{path}", password="no es esta clave", **fields)
    assert (answer.status_code, len(read(service, select(Passkey.id)))) == (422, 1)
    assert "no es tu contraseña" in answer.text
    service.clock.advance(seconds=60)
    assert (await rosa.sign_in()).status_code == 303


async def test_guessing_her_password_from_an_open_page_is_paced(service: Service) -> None:
    """Five times, then it has to wait."""
    rosa = await hire(service, "Rosa")
    for _ in range(5):
        await rosa.post(f"{ACCOUNT}/code", password="no es esta clave")
    answer = await rosa.post(f"{ACCOUNT}/code", password=PASSWORD)
    assert (answer.status_code, "Demasiados intentos" in answer.text) == (422, True)


async def test_a_new_password_signs_out_everywhere_else(service: Service) -> None:
    """Whoever had the old one is out; she stays in, in a fresh session."""
    rosa = await hire(service, "Rosa")
    here = dict(rosa.client.cookies)
    other = Counselor(service, "Rosa", await browser_of(service), rosa.secret)
    service.clock.advance(seconds=60)
    await other.sign_in()
    short = await rosa.post(f"{ACCOUNT}/password", password=PASSWORD, new="corta")
    assert "12 caracteres" in short.text
    new = "otra frase bien larga"
    assert (await rosa.post(f"{ACCOUNT}/password", password=PASSWORD, new=new)).status_code == 303
    assert (await rosa.get(ACCOUNT)).status_code == 200
    assert dict(rosa.client.cookies) != here
    assert (await other.get(ACCOUNT)).status_code == 303
    service.clock.advance(seconds=60)
    assert (await other.sign_in()).status_code == 403
    assert (await other.sign_in(new)).status_code == 303


async def test_signing_out_everywhere(service: Service) -> None:
    """Not one session is left."""
    rosa = await hire(service, "Rosa")
    other = Counselor(service, "Rosa", await browser_of(service), rosa.secret)
    service.clock.advance(seconds=60)
    await other.sign_in()
    assert (await rosa.post(f"{ACCOUNT}/everywhere")).headers["location"] == "/console/signin"
    assert read(service, select(StaffSession.staff_id)) == []
    assert (await other.get()).status_code == 303


async def test_a_reset_takes_the_passkeys_too(service: Service) -> None:
    """`kuska staff reset`: nothing of what let her in does any more."""
    _, key = await with_key(service)
    settings = Settings.from_environment({"KUSKA_PUBLIC_URL": PUBLIC_URL}, service.folder)
    roster, now = roster_of(settings), service.clock()
    await service.store.worker.run(
        lambda connection: roster.reset(connection, require(connection, "Rosa"), now)
    )
    assert read(service, select(Passkey.id)) == []
    assert (await come_in(service, key)).status_code == 403


def test_where_passkeys_are_good() -> None:
    """The name of the public address; `localhost` on this machine; nowhere without a name."""
    assert passkeys.site_of("https://kuska.example.org", "evil.example") == Site(
        "kuska.example.org", "https://kuska.example.org"
    )
    assert passkeys.site_of("http://127.0.0.1:8000", "localhost:8000") == Site(
        "localhost", "http://localhost:8000"
    )
    assert passkeys.site_of("http://localhost:9000", "localhost:9000") == Site(
        "localhost", "http://localhost:9000"
    )
    assert passkeys.site_of("http://192.168.1.5:8000", "192.168.1.5:8000") is None
