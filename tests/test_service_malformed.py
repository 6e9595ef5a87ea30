"""Bodies no provider would post: refused in one sentence, no error of ours, nothing stored."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import pytest
import pytest_asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from posting import PUBLIC_URL, signed, telegram_body, whatsapp_form
from service import CHAT, PHONE, Service, running

REFUSED = {400, 403, 413, 422}
MEGABYTE = 1024 * 1024
TELEGRAM, TWILIO, STATUS = "/webhooks/telegram", "/webhooks/twilio", "/webhooks/twilio/status"
PATHS = (TELEGRAM, TWILIO, STATUS)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def house(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Service]:
    """One service for the module: nothing of these tests may leave a trace in it."""
    async with running(prepared, tmp_path_factory.mktemp("malformed")) as service:
        yield service
        assert not any(service.rows().values())
        assert service.bot.calls == []
        assert service.twilio.calls == []


pytestmark = pytest.mark.asyncio(loop_scope="module")


def update(**changes: Any) -> bytes:
    """A good update with fields of its message replaced."""
    body = telegram_body("text", 870_000_001, CHAT, text="hola")
    body["message"].update(changes)
    return json.dumps(body).encode()


def update_place(**changes: Any) -> bytes:
    """A good update with a place, with fields of its message replaced."""
    body = telegram_body("location", 870_000_001, CHAT)
    body["message"].update(changes)
    return json.dumps(body).encode()


def nested(depth: int, opening: str = "[", closing: str = "]") -> str:
    return opening * depth + closing * depth


UPDATES: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "no JSON": (b"hola", 400),
    "cut off": (update()[:-20], 400),
    "two values": (b"{}{}", 400),
    "null": (b"null", 422),
    "a number": (b"1", 422),
    "an empty object": (b"{}", 422),
    "NaN": (b'{"update_id": NaN}', 400),
    "infinity": (b'{"update_id": Infinity}', 400),
    "a number too long to read": (b'{"update_id": ' + b"9" * 10_000 + b"}", 400),
    "a float as id": (b'{"update_id": 1e400}', 422),
    "update_id missing": (b'{"message": {}}', 422),
    "message is text": (b'{"update_id": 1, "message": "hola"}', 422),
    "message is null": (b'{"update_id": 1, "message": null}', 422),
    "chat is missing": (b'{"update_id": 1, "message": {"message_id": 1, "text": "x"}}', 422),
    "chat is a list": (update(chat=[]), 422),
    "chat id is text": (update(chat={"id": "1", "type": "private"}), 422),
    "chat id is true": (update(chat={"id": True, "type": "private"}), 422),
    "message_id is missing": (update(message_id=None), 422),
    "text is a number": (update(text=1), 422),
    "text is a list": (update(text=["hola"]), 422),
    "a place is a list": (update_place(location=[]), 422),
    "a place off the earth": (update_place(location={"latitude": 91, "longitude": 0}), 422),
    "1 MB of text": (update(text="a" * MEGABYTE), 413),
    "1 MB of spaces": (b" " * MEGABYTE, 413),
    "deep lists": (nested(100_000).encode(), 400),
    "deep objects": (nested(40_000, '{"a":', "}").replace('{"a":}', "{}").encode(), 400),
    "broken UTF-8": (update().replace(b"hola", b"\xff\xfe\xc3"), 400),
    "UTF-16": (update().decode().encode("utf-16"), 400),
    "half a surrogate in bytes": (update().replace(b"hola", b"\xed\xa0\x80"), 400),
    "a byte order mark": (b"\xef\xbb\xbf" + update(), 400),
}


@pytest.mark.parametrize("name", UPDATES)
async def test_updates_that_are_none(house: Service, name: str) -> None:
    """Each broken update has its status and one sentence, and leaves no row."""
    body, status = UPDATES[name]
    answer = await house.update(body)
    refused(house, answer, status)


@pytest.mark.parametrize(
    "secret", [None, "", "wrong", "s3cret_Of-the-webhoo", "\xff" * 10, "a" * 9_000]
)
async def test_updates_without_the_secret(house: Service, secret: str | None) -> None:
    """A missing, empty, wrong, cut, non-ASCII or endless secret is 403, whatever the body holds."""
    for body in (update(), b"", b"\xff"):
        headers = {} if secret is None else {b"X-Telegram-Bot-Api-Secret-Token": secret.encode()}
        refused(house, await house.client.post(TELEGRAM, content=body, headers=headers), 403)


def form(**changes: str) -> dict[str, str]:
    return whatsapp_form("SM" + "1" * 32, PHONE, Body="hola") | changes


FORMS: dict[str, tuple[bytes, str, int]] = {
    "empty": (b"", TWILIO, 422),
    "no sender": (urlencode(form(From="")).encode(), TWILIO, 422),
    "an SMS": (urlencode(form(From="+51987000111")).encode(), TWILIO, 422),
    "a sender in two words": (urlencode(form(From="whatsapp:+51 9")).encode(), TWILIO, 422),
    "no id": (urlencode(form(MessageSid="")).encode(), TWILIO, 422),
    "an endless id": (urlencode(form(MessageSid="S" * 5_000)).encode(), TWILIO, 422),
    "media without a number": (urlencode(form(NumMedia="uno")).encode(), TWILIO, 422),
    "a place that is none": (urlencode(form(Latitude="x", Longitude="y")).encode(), TWILIO, 422),
    "half a place": (urlencode(form(Latitude="1")).encode(), TWILIO, 422),
    "a place off the earth": (urlencode(form(Latitude="91", Longitude="0")).encode(), TWILIO, 422),
    "a place that is not a number": (
        urlencode(form(Latitude="nan", Longitude="nan")).encode(), TWILIO, 422,
    ),
    "JSON": (b'{"MessageSid": "SM1", "From": "whatsapp:+51987000111"}', TWILIO, 422),
    "1 MB of text": (urlencode(form(Body="a" * MEGABYTE)).encode(), TWILIO, 413),
    "too many fields": ("&".join(f"a{n}=1" for n in range(1_000)).encode(), TWILIO, 400),
    "broken UTF-8": (urlencode(form()).encode() + b"&x=\xff\xfe", TWILIO, 400),
    "broken UTF-8, escaped": (urlencode(form()).encode() + b"&x=%FF%FE", TWILIO, 400),
    "half a surrogate, escaped": (urlencode(form()).encode() + b"&x=%ED%A0%80", TWILIO, 400),
    "no status": (b"MessageSid=SM1", STATUS, 422),
    "a status without id": (b"MessageStatus=sent", STATUS, 422),
    "a status of 1 MB": (b"MessageSid=SM1&MessageStatus=" + b"a" * MEGABYTE, STATUS, 413),
}  # fmt: skip


@pytest.mark.parametrize("name", FORMS)
async def test_forms_that_are_none(house: Service, name: str) -> None:
    """Each broken form, though signed, has its status and one sentence, and leaves no row."""
    body, path, status = FORMS[name]
    refused(house, await house.form(body, path), status)


@pytest.mark.parametrize("path", [TWILIO, STATUS])
@pytest.mark.parametrize("signature", ["", "wrong", "ñ", "=" * 9_000, None])
async def test_forms_without_signature(house: Service, signature: str | None, path: str) -> None:
    """A missing, empty, wrong, non-ASCII or endless signature is 403."""
    raw, headers = signed(form(), path)
    del headers["x-twilio-signature"]
    own = {name.encode(): value.encode() for name, value in headers.items()}
    if signature is not None:
        own[b"x-twilio-signature"] = signature.encode()
    refused(house, await house.client.post(path, content=raw, headers=own), 403)


async def test_a_signature_is_of_its_own_body_and_path(house: Service) -> None:
    """A signature of another body, another path or another address lets nothing in."""
    _, other_body = signed(form(Body="otra"), TWILIO)
    _, other_path = signed(form(), STATUS)
    _, other_house = signed(form(), TWILIO, "https://elsewhere.example.org")
    raw, _ = signed(form(), TWILIO)
    for headers in (other_body, other_path, other_house):
        refused(house, await house.client.post(TWILIO, content=raw, headers=headers), 403)


async def test_a_body_that_says_another_length(house: Service) -> None:
    """A megabyte that comes in pieces without a length is stopped on the way."""

    async def pieces() -> AsyncIterator[bytes]:
        for _ in range(64):
            yield b" " * 16_384

    for path in PATHS:
        refused(house, await house.client.post(path, content=pieces()), 413)


WEB: dict[str, tuple[bytes, int]] = {
    "empty": (b"", 400),
    "no JSON": (b"hola", 400),
    "nothing said": (b"{}", 422),
    "two things said": (b'{"text": "hola", "media": "audio"}', 422),
    "text is a number": (b'{"text": 1}', 422),
    "an unknown file": (b'{"media": "program"}', 422),
    "a place off the earth": (b'{"location": {"lat": 91, "lon": 0}}', 422),
    "a place that is not a number": (b'{"location": {"lat": NaN, "lon": 0}}', 400),
    "a strange id": (b'{"text": "hola", "id": "a b"}', 422),
    "1 MB": (json.dumps({"text": "a" * MEGABYTE}).encode(), 413),
    "deep lists": (nested(5_000).encode(), 400),
    "broken UTF-8": (b'{"text": "\xff"}', 400),
}


@pytest.mark.parametrize("name", WEB)
async def test_posts_that_are_none(house: Service, name: str) -> None:
    """Each broken post of the web page has its status and one sentence, and leaves no row."""
    body, status = WEB[name]
    await house.client.get("/")
    headers = {"origin": PUBLIC_URL, "content-type": "application/json"}
    answer = await house.client.post("/web/messages", content=body, headers=headers)
    assert answer.status_code == status
    assert answer.json()["error"]
    assert not any(house.rows().values())


@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", TELEGRAM), ("PUT", TWILIO), ("GET", "/nowhere"), ("POST", "/"), ("DELETE", STATUS)],
)
async def test_paths_that_are_none(house: Service, method: str, path: str) -> None:
    """What is not offered is 404 or 405."""
    assert (await house.client.request(method, path)).status_code in (404, 405)


NAMES = "id type text data chat message message_id location latitude longitude voice".split()
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=20),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(
            st.sampled_from(NAMES),
            inner,
            max_size=4,
        )
    ),
    max_leaves=12,
)
BOUNDED = settings(
    max_examples=150, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@BOUNDED
@given(message=JSON, key=st.sampled_from(["message", "callback_query", "edited_message"]))
async def test_any_json_as_an_update(house: Service, message: Any, key: str) -> None:
    """Whatever JSON stands where a message should, it is refused or nobody's, and nothing stays."""
    body = {"update_id": 870_000_002, key: message}
    answer = await house.update(body)
    assert answer.status_code in REFUSED | {200}
    assert not any(house.rows().values())


@BOUNDED
@given(body=st.binary(max_size=400), path=st.sampled_from(PATHS))
async def test_any_bytes(house: Service, body: bytes, path: str) -> None:
    """Whatever bytes come, with the right secret or signature, are refused."""
    answer = await (house.update(body) if path == TELEGRAM else house.form(body, path))
    refused(house, answer, answer.status_code)


def refused(house: Service, answer: Any, status: int) -> None:
    """The status is meant, there is one sentence that repeats nothing, and no row was made."""
    assert answer.status_code == status
    assert status in REFUSED
    assert 10 < len(answer.text) < 80
    assert answer.text.endswith(".")
    assert not any(house.rows().values())


async def test_strange_but_good_texts_are_stored(service: Service) -> None:
    """NUL, lone surrogates, control characters and 4,096 signs are cleaned, stored and answered."""
    texts = ("ho\x00la", "\ud800hola\udfff", "\x1b[2Jhola\x07", "a" * 4_096, "🙂" * 2_000, "‮hola")
    for number, text in enumerate(texts, start=1):
        body = telegram_body("text", number, CHAT, text=text)
        assert (await service.update(json.dumps(body))).status_code == 200
    raw = urlencode(whatsapp_form("SM" + "2" * 32, PHONE, Body="ho\x00la"))
    assert (await service.form(raw.encode())).status_code == 200
    assert service.rows()["message"] == len(texts) + 1
