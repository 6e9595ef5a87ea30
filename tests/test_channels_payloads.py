"""Webhook bodies as the providers send them, and as they never would."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from twilio.request_validator import RequestValidator

from bot.channels import telegram, whatsapp
from bot.channels.base import MAX_BODY, MAX_TEXT, Status
from bot.channels.telegram import Received
from bot.channels.telegram_update import SECRET_HEADER
from bot.errors import RejectedInbound
from bot.messages import Inbound

PAYLOADS = Path(__file__).parent / "payloads"
SECRET = "s3cret_Of-the-webhook"
TOKEN = "12345678901234567890123456789012"
URL = "https://kuska.example.org/webhooks/twilio"

JUNK = ["null", "true", "0", "-1", "1.5", "1e400", '""', '"x"', '"\\ud800"', "[]", "[1]", "{}"]


def expectations(channel: str) -> list[Any]:
    table = yaml.safe_load((PAYLOADS / channel / "expected.yaml").read_text())
    return [pytest.param(name, expected, id=name) for name, expected in table.items()]


def telegram_headers(secret: str = SECRET) -> dict[str, str]:
    return {"content-type": "application/json", SECRET_HEADER.lower(): secret}


def sign(body: bytes, url: str = URL, token: str = TOKEN) -> dict[str, str]:
    """Sign as Twilio does."""
    form = dict(parse_qsl(body.decode("latin-1"), keep_blank_values=True, errors="replace"))
    signature = RequestValidator(token).compute_signature(url, form)
    return {"content-type": "application/x-www-form-urlencoded", "x-twilio-signature": signature}


def status_of(parse: Callable[[], object]) -> int:
    with pytest.raises(RejectedInbound) as caught:
        parse()
    return caught.value.status


def test_every_payload_has_its_expectation() -> None:
    """No body lies there unread, and no expectation speaks of a body that is not there."""
    for channel, ending in (("telegram", "json"), ("whatsapp", "form")):
        bodies = {path.stem for path in (PAYLOADS / channel).glob(f"*.{ending}")}
        table = yaml.safe_load((PAYLOADS / channel / "expected.yaml").read_text())
        assert bodies == set(table)
        assert len(bodies) >= 25


@pytest.mark.parametrize(("name", "expected"), expectations("telegram"))
def test_telegram_body(name: str, expected: Any) -> None:
    """Each update becomes exactly what is expected of it, and nothing personal besides."""
    body = (PAYLOADS / "telegram" / f"{name}.json").read_bytes()
    if isinstance(expected, int):
        assert status_of(lambda: telegram.parse(telegram_headers(), body, SECRET)) == expected
        return
    received = telegram.parse(telegram_headers(), body, SECRET)
    inbound = None
    if not expected.get("nothing"):
        inbound = Inbound(
            "telegram",
            "777000111",
            str(json.loads(body)["update_id"]),
            text=expected.get("text"),
            choice=expected.get("choice"),
            location=tuple(expected["location"]) if "location" in expected else None,
            media=expected.get("media"),
            message_ref=expected.get("ref"),
        )
    assert received == Received(inbound, expected.get("callback"))
    assert "CANARY" not in repr(received)
    assert "canary" not in repr(received)


@pytest.mark.parametrize(("name", "expected"), expectations("whatsapp"))
def test_whatsapp_body(name: str, expected: Any) -> None:
    """Each signed form becomes exactly what is expected of it, and nothing personal besides."""
    body = (PAYLOADS / "whatsapp" / f"{name}.form").read_bytes()
    parse = whatsapp.parse_status if name.startswith("status") else whatsapp.parse
    if isinstance(expected, int):
        assert status_of(lambda: parse(sign(body), body, URL, TOKEN)) == expected
        return
    found = parse(sign(body), body, URL, TOKEN)
    assert found == wanted_of_whatsapp(expected)
    assert "CANARY" not in repr(found)


def wanted_of_whatsapp(expected: Mapping[str, Any]) -> Inbound | Status | None:
    if expected.get("nothing"):
        return None
    sid = f"SM{expected['sid']:032x}"
    if "status" in expected:
        code, retryable = expected.get("code"), expected.get("retryable", False)
        return Status(sid, expected["status"], code, is_retryable=retryable)
    return Inbound(
        "whatsapp",
        expected.get("address", "whatsapp:+51987000111"),
        sid,
        text=expected.get("text"),
        choice=expected.get("choice"),
        location=tuple(expected["location"]) if "location" in expected else None,
        media=expected.get("media"),
        message_ref=sid,
    )


GOOD_UPDATE = (PAYLOADS / "telegram" / "text.json").read_bytes()
GOOD_FORM = (PAYLOADS / "whatsapp" / "text.form").read_bytes()


@pytest.mark.parametrize(
    ("headers", "secret", "status"),
    [
        pytest.param({}, SECRET, 403, id="missing"),
        pytest.param(telegram_headers("other"), SECRET, 403, id="wrong"),
        pytest.param(telegram_headers(SECRET + "x"), SECRET, 403, id="longer"),
        pytest.param(telegram_headers("ñandú€"), SECRET, 403, id="not ascii"),
        pytest.param(telegram_headers("\ud800"), SECRET, 403, id="lone surrogate"),
        pytest.param(telegram_headers(""), "", 403, id="both empty"),
        pytest.param({}, "", 403, id="no secret configured"),
    ],
)
def test_telegram_secret(headers: dict[str, str], secret: str, status: int) -> None:
    """Only the configured secret lets an update in, and an empty one never does."""
    assert status_of(lambda: telegram.parse(headers, GOOD_UPDATE, secret)) == status


@pytest.mark.parametrize(
    ("headers", "token", "status"),
    [
        pytest.param({}, TOKEN, 403, id="missing"),
        pytest.param({"X-Twilio-Signature": ""}, TOKEN, 403, id="empty"),
        pytest.param({"X-Twilio-Signature": "nonsense"}, TOKEN, 403, id="wrong"),
        pytest.param({"X-Twilio-Signature": "ñ€\ud800"}, TOKEN, 403, id="not ascii"),
        pytest.param(sign(GOOD_FORM, token="0" * 32), TOKEN, 403, id="another token"),
        pytest.param(sign(GOOD_FORM, url=URL + "/status"), TOKEN, 403, id="another path"),
        pytest.param(sign(GOOD_FORM.replace(b"cupo", b"nada")), TOKEN, 403, id="another body"),
        pytest.param(sign(GOOD_FORM, token=""), "", 403, id="signed with the empty token"),
    ],
)
def test_twilio_signature(headers: dict[str, str], token: str, status: int) -> None:
    """Only a signature of address and form by the configured token lets a form in."""
    assert status_of(lambda: whatsapp.parse(headers, GOOD_FORM, URL, token)) == status
    assert status_of(lambda: whatsapp.parse_status(headers, GOOD_FORM, URL, token)) == status


@pytest.mark.parametrize(
    ("signed", "configured"),
    [
        (URL, URL),
        (URL, f"{URL}#rc=5&rp=all"),
        (URL.replace(".org/", ".org:443/"), URL),
        (URL, URL.replace(".org/", ".org:443/")),
    ],
)
def test_twilio_signature_of_the_same_address(signed: str, configured: str) -> None:
    """A default port or a retry fragment in the configured address changes nothing."""
    found = whatsapp.parse(sign(GOOD_FORM, url=signed), GOOD_FORM, configured, TOKEN)
    assert found is not None
    assert found.text == "trabajo en la avenida y me están cobrando cupo"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"", 400, id="empty"),
        pytest.param(b"{", 400, id="cut off"),
        pytest.param(b"update_id=1&message=hola", 400, id="a form"),
        pytest.param(b'{"update_id": 1, "message": {"text": "\xff\xfe"}}', 400, id="not UTF-8"),
        pytest.param(json.dumps({"update_id": 1}).encode("utf-16"), 400, id="UTF-16"),
        pytest.param(b'{"update_id": NaN}', 400, id="NaN"),
        pytest.param(b'{"update_id": ' + b"9" * 5_000 + b"}", 400, id="a huge number"),
        pytest.param(b"[" * 100_000, 400, id="deep lists"),
        pytest.param(b'{"a":' * 40_000 + b"1" + b"}" * 40_000, 400, id="deep objects"),
        pytest.param(b"null", 422, id="null"),
        pytest.param(b'"hola"', 422, id="a text"),
        pytest.param(b" " * (MAX_BODY + 1), 413, id="a byte too large"),
        pytest.param(b"x" * 1_048_576, 413, id="1 MB"),
    ],
)
def test_telegram_broken_body(body: bytes, status: int) -> None:
    """What no Telegram ever sent is refused with the right status."""
    assert status_of(lambda: telegram.parse(telegram_headers(), body, SECRET)) == status


@pytest.mark.parametrize(
    ("body", "status"),
    [
        pytest.param(b"Body=%ff%fe", 400, id="not UTF-8 after the percent signs"),
        pytest.param(b"Body=\xff\xfe", 400, id="not UTF-8 before"),
        pytest.param(urlencode([(f"a{i}", 1) for i in range(500)]).encode(), 400, id="500 fields"),
        pytest.param(b"", 422, id="empty"),
        pytest.param(b'{"Body": "hola"}', 422, id="JSON"),
        pytest.param(b"Body=" + b"x" * 1_048_576, 413, id="1 MB"),
    ],
)
def test_twilio_broken_body(body: bytes, status: int) -> None:
    """What no Twilio ever sent is refused with the right status, though signed."""
    assert status_of(lambda: whatsapp.parse(sign(body), body, URL, TOKEN)) == status


def test_a_text_is_never_longer_than_a_person_can_write() -> None:
    """A forged text of 100,000 characters does not reach the engine whole."""
    update = json.loads(GOOD_UPDATE)
    update["message"]["text"] = "auxilio " * 12_500
    inbound = telegram.parse(telegram_headers(), json.dumps(update).encode(), SECRET).inbound
    assert inbound is not None
    assert inbound.text is not None
    assert len(inbound.text) <= MAX_TEXT


@given(
    st.sampled_from(sorted((PAYLOADS / "telegram").glob("*.json"))),
    st.lists(st.tuples(st.integers(0, 60), st.none() | st.sampled_from(JUNK)), max_size=3),
)
def test_any_update_is_read_or_refused(path: Path, changes: list[tuple[int, str | None]]) -> None:
    """Whatever is changed in an update, it is read or refused with 422; nothing else is raised."""
    update = json.loads(path.read_text())
    for place, value in changes:
        corrupt(update, place, value)
    body = json.dumps(update).encode()
    outcome = read_or_refused(lambda: telegram.parse(telegram_headers(), body, SECRET).inbound)
    # `1e400` is infinite, and json.dumps writes that as a constant no JSON has.
    assert outcome in (None, 422) or (outcome == 400 and b"Infinity" in body)


def corrupt(update: Any, place: int, value: str | None) -> None:
    """Replace or drop the field at a place counted through the whole update."""
    fields: list[tuple[dict[str, Any], str]] = []

    def count(record: Any) -> None:
        if isinstance(record, dict):
            for name, inner in record.items():
                fields.append((record, name))
                count(inner)

    count(update)
    if fields:
        record, name = fields[place % len(fields)]
        if value is None:
            del record[name]
        else:
            record[name] = json.loads(value)


@given(
    st.dictionaries(
        st.sampled_from(
            ["MessageSid", "From", "Body", "NumMedia", "Latitude", "Longitude", "ButtonPayload"]
        ),
        st.text(max_size=12) | st.just("whatsapp:+51987000111"),
    )
)
def test_any_form_is_read_or_refused(fields: dict[str, str]) -> None:
    """Whatever the signed fields, a form is read or refused with 422."""
    body = urlencode(fields, errors="replace").encode()
    outcome = read_or_refused(lambda: whatsapp.parse(sign(body), body, URL, TOKEN))
    assert outcome in (None, 422)


def read_or_refused(parse: Callable[[], Inbound | None]) -> int | None:
    """The status of a refusal; what was read holds one thing, and that can be stored."""
    try:
        inbound = parse()
    except RejectedInbound as rejection:
        return rejection.status
    if inbound is not None:
        things = (inbound.text, inbound.choice, inbound.location, inbound.media)
        assert sum(thing is not None for thing in things) == 1
        repr(inbound).encode()  # no lone surrogate is left
        assert "\x00" not in (inbound.text or inbound.choice or "")
    return None
