"""WhatsApp through the real Twilio client against a strict double."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime, timedelta

import httpx
import pytest
import pytest_asyncio
from doubles.serving import serve
from doubles.twilio_api import ACCOUNT, SENDER, TOKEN, DroppedError, RefusedError, TwilioApi

from bot.channels.base import Channel, Sending
from bot.channels.rendering import Prompts
from bot.channels.twilio_content import template
from bot.channels.twilio_errors import CONTENT, GONE, MEANINGS, meaning
from bot.channels.whatsapp import Account, WhatsApp
from bot.errors import SendError, StoreUnavailable
from bot.messages import Choice, Inbound, Message

HER = "whatsapp:+51987000111"
NOW = datetime(2026, 11, 23, 22, 0, tzinfo=UTC)
STATUS_URL = "https://kuska.example.org/webhooks/twilio/status"
CALM = Message(
    "Hola. Soy un asistente automático, gratis.\n\n¿Puedes escribir con calma?",
    "ask",
    "inbound",
    (Choice("k3f9.welcome.calm.yes", "Sí"), Choice("k3f9.welcome.calm.later", "Ahora no")),
)
MENU = Message(
    "¿Qué   necesitas?\tElige.     Hay tiempo.",
    "ask",
    "inbound",
    tuple(Choice(f"k3f9.menu.root.{key}", f"Opción {key}") for key in "abcde"),
)
TITLES = [choice.title for message in (CALM, MENU) for choice in message.choices]
NUMBERED = (
    "Hola. Soy un asistente automático, gratis.\n\n¿Puedes escribir con calma?\n\n"
    "Responde con un número:\n1 Sí\n2 Ahora no"
)


class Sids:
    """The port of the store, in memory; `is_down` is a store that cannot be reached."""

    def __init__(self) -> None:
        self.kept: dict[str, str] = {}
        self.is_down = False

    async def get(self, key: str) -> str | None:
        if self.is_down:
            raise StoreUnavailable
        return self.kept.get(key)

    async def put(self, key: str, sid: str) -> None:
        self.kept[key] = sid


class Clock:
    def __init__(self) -> None:
        self.now = NOW

    def __call__(self) -> datetime:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def api(clock: Clock) -> TwilioApi:
    return TwilioApi(clock)


@pytest.fixture
def sids() -> Sids:
    return Sids()


def connect(api: TwilioApi, sids: Sids) -> WhatsApp:
    return WhatsApp(
        Account(ACCOUNT, TOKEN, "+14155238886", STATUS_URL),
        lambda language: Prompts("Responde con un número:", "Elegir"),
        sids,
        static_titles=TITLES,
        transport=httpx.MockTransport(api.handle),
    )


@pytest_asyncio.fixture
async def channel(api: TwilioApi, sids: Sids) -> AsyncIterator[WhatsApp]:
    channel = connect(api, sids)
    promised: Channel = channel  # mypy holds it against the protocol
    assert promised.name == "whatsapp"
    yield channel
    await channel.close()


def fitted(channel: WhatsApp, message: Message, language: str = "es") -> Sending:
    (sending,) = channel.fit([message], language)
    return sending


async def test_a_plain_text(api: TwilioApi, channel: WhatsApp) -> None:
    """A text goes as a body, from the sender, with the address for its status."""
    sent = await channel.send(HER, fitted(channel, Message("**Línea 100**, gratis.")))
    (message,) = api.messages
    assert message["form"] == {
        "To": HER,
        "From": SENDER,
        "StatusCallback": STATUS_URL,
        "Body": "*Línea 100*, gratis.",
    }
    assert (sent.provider_ref, sent.choices) == (message["sid"], ())


async def test_buttons(api: TwilioApi, channel: WhatsApp) -> None:
    """Choices are buttons whose ids carry the session; lines of the text stay lines."""
    sent = await channel.send(HER, fitted(channel, CALM))
    (message,) = api.messages
    assert message["body"] == CALM.text
    assert sent.choices == CALM.choices
    (content,) = api.contents.values()
    assert [each["title"] for each in content["types"]["twilio/quick-reply"]["actions"]] == [
        "Sí",
        "Ahora no",
    ]
    variables = json.loads(message["form"]["ContentVariables"])
    assert list(variables.values())[-2:] == ["k3f9.welcome.calm.yes", "k3f9.welcome.calm.later"]


async def test_what_twilio_keeps_holds_no_text_and_no_session(
    api: TwilioApi, channel: WhatsApp
) -> None:
    """The content resource holds titles and layout, never what a person was told or chose."""
    await channel.send(HER, fitted(channel, CALM))
    kept = json.dumps(list(api.contents.values()), ensure_ascii=False)
    assert "Sí" in kept
    for private in ("Hola", "calma", "k3f9", "welcome", HER):
        assert private not in kept


async def test_a_list(api: TwilioApi, channel: WhatsApp) -> None:
    """Five choices open as a list; tabs and runs of spaces are made such as Twilio takes."""
    sent = await channel.send(HER, fitted(channel, MENU))
    assert sent.choices == MENU.choices
    assert api.messages[0]["body"] == "¿Qué   necesitas? Elige. Hay tiempo."
    (content,) = api.contents.values()
    assert content["types"]["twilio/list-picker"]["button"] == "Elegir"


async def test_a_resource_is_made_once(api: TwilioApi, sids: Sids, channel: WhatsApp) -> None:
    """The same titles and layout use one resource, remembered, and found again by its name."""
    await channel.send(HER, fitted(channel, CALM))
    another = Message(
        "Otra cosa.\n\n¿Sigues?",
        "ask",
        "inbound",
        tuple(Choice(f"zz.{choice.id}", choice.title) for choice in CALM.choices),
    )
    await channel.send(HER, fitted(channel, another))
    assert len(api.contents) == len(sids.kept) == 1
    assert api.requests.count("POST /v1/Content") == 1

    fresh = connect(api, Sids())
    await fresh.send(HER, fitted(fresh, CALM))
    await fresh.close()
    assert len(api.contents) == 1

    await channel.send(HER, fitted(channel, CALM, "en"))
    assert len(api.contents) == 2


async def test_any_failure_of_content_falls_back_to_numbers(
    api: TwilioApi, sids: Sids, channel: WhatsApp
) -> None:
    """Whatever is wrong with the buttons, the person gets the same message numbered."""
    sending = fitted(channel, CALM)
    request = httpx.Request("GET", "https://content.twilio.com")
    for failure in (
        RefusedError(500, 20500, "internal"),
        RefusedError(429, 20429, "slow down"),
        httpx.ConnectError("", request=request),
        httpx.ReadTimeout("", request=request),
    ):
        api.failures.append(failure)
        sent = await channel.send(HER, sending)
        assert (sent.text, sent.choices) == (NUMBERED, ())
    sids.is_down = True
    assert (await channel.send(HER, sending)).text == NUMBERED
    assert [message["body"] for message in api.messages] == [NUMBERED] * 5


async def test_a_resource_deleted_at_twilio_is_made_again(
    api: TwilioApi, channel: WhatsApp
) -> None:
    """This message goes numbered, the next has buttons again."""
    sending = fitted(channel, CALM)
    await channel.send(HER, sending)
    api.contents.clear()
    assert (await channel.send(HER, sending)).text == NUMBERED
    assert (await channel.send(HER, sending)).choices == CALM.choices


async def test_slow_down_is_not_answered_with_another_request(
    api: TwilioApi, channel: WhatsApp
) -> None:
    """A refusal that is not about the buttons is left to the outbox, buttons and all."""
    sending = fitted(channel, CALM)
    await channel.send(HER, sending)
    api.failures.append(RefusedError(429, 20429, "Too Many Requests"))
    with pytest.raises(SendError, match="20429") as caught:
        await channel.send(HER, sending)
    assert (caught.value.retryable, caught.value.retry_after) == (True, 10)
    assert len(api.messages) == 1


REQUEST = httpx.Request("POST", "https://api.twilio.com")


@pytest.mark.parametrize(
    ("failure", "code", "retryable", "retry_after", "maybe_sent"),
    [
        (RefusedError(400, 63016, "outside window"), "63016", False, None, False),
        (RefusedError(400, 21610, "unsubscribed"), "21610", False, None, False),
        (RefusedError(400, 63018, "rate"), "63018", True, 10, False),
        (RefusedError(401, 20003, "Authenticate"), "20003", True, 300, False),
        (RefusedError(400, 99999, "new to us"), "99999", True, None, False),
        (RefusedError(400, 400, "no code"), "400", False, None, False),
        (RefusedError(503, 20503, "unavailable"), "20503", True, None, True),
        (httpx.ReadTimeout("", request=REQUEST), "network", True, None, True),
        (httpx.ConnectError("", request=REQUEST), "network", True, None, False),
    ],
)
async def test_refusals(
    api: TwilioApi,
    channel: WhatsApp,
    failure: Exception,
    code: str,
    retryable: bool,
    retry_after: float | None,
    maybe_sent: bool,
) -> None:
    """Each refusal says whether to try again, when, and whether the message may have gone."""
    api.failures.append(failure)
    with pytest.raises(SendError) as caught:
        await channel.send(HER, fitted(channel, Message("hola")))
    error = caught.value
    assert (error.code, error.retryable, error.retry_after, error.maybe_sent) == (
        code,
        retryable,
        retry_after,
        maybe_sent,
    )
    assert error.__suppress_context__


@pytest.mark.parametrize("message", [CALM, Message("Solo texto,\ncon dos líneas.")])
async def test_a_lost_answer_is_found(
    api: TwilioApi, clock: Clock, channel: WhatsApp, message: Message
) -> None:
    """After a lost answer, the message is found by looking, with buttons or without."""
    sending = fitted(channel, message)
    await channel.send(HER, sending)  # the resource exists, so the next request is the message
    clock.now += timedelta(minutes=1)
    assert await channel.find_sent(HER, sending, clock.now) is None
    api.failures.append(DroppedError())
    with pytest.raises(SendError) as caught:
        await channel.send(HER, sending)
    assert caught.value.maybe_sent
    found = await channel.find_sent(HER, sending, clock.now)
    assert found is not None
    assert found.provider_ref == api.messages[-1]["sid"]
    assert found.choices == message.choices
    assert await channel.find_sent("whatsapp:+51900000000", sending, clock.now) is None


async def test_a_failed_copy_is_not_found(api: TwilioApi, channel: WhatsApp) -> None:
    """A copy that failed does not count as sent."""
    sending = fitted(channel, Message("hola"))
    await channel.send(HER, sending)
    api.messages[0]["status"] = "undelivered"
    assert await channel.find_sent(HER, sending, NOW) is None


async def test_delete(api: TwilioApi, channel: WhatsApp) -> None:
    """A delivered record is deleted once; one on its way is tried again later."""
    sent = await channel.send(HER, fitted(channel, Message("hola")))
    with pytest.raises(SendError) as caught:
        await channel.delete(HER, sent.provider_ref)
    assert caught.value.retryable
    api.deliver(sent.provider_ref)
    assert await channel.delete(HER, sent.provider_ref)
    assert not await channel.delete(HER, sent.provider_ref)
    assert api.messages == []


async def test_leftovers_and_missed(api: TwilioApi, clock: Clock, channel: WhatsApp) -> None:
    """What Twilio still keeps is listed both ways, and what it took is read again, oldest first."""
    first = api.arrive(HER, "hola")
    api.arrive(HER, "CANARY caption", num_media=1)
    sent = await channel.send(HER, fitted(channel, Message("Hola.")))
    api.deliver(sent.provider_ref)
    assert set(await channel.leftovers(NOW + timedelta(days=1))) == {
        message["sid"] for message in api.messages
    }
    assert await channel.leftovers(NOW - timedelta(days=1)) == []
    missed = await channel.received(NOW - timedelta(hours=1))
    assert missed[0] == Inbound(
        "whatsapp", HER, first["sid"], text="hola", message_ref=first["sid"]
    )
    assert [each.media for each in missed] == [None, "document"]
    assert await channel.received(NOW + timedelta(days=1)) == []


async def test_a_business_scoped_address(api: TwilioApi, channel: WhatsApp) -> None:
    """Who has no telephone number is answered all the same."""
    await channel.send("whatsapp:PE.13491208655302741918", fitted(channel, Message("hola")))
    assert api.messages[0]["to"] == "whatsapp:PE.13491208655302741918"


async def test_logs_hold_no_token_and_no_text(
    api: TwilioApi, channel: WhatsApp, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger open, neither token nor text nor number is logged."""
    caplog.set_level(logging.DEBUG)
    sending = fitted(channel, Message("CANARY-TEXT", "ask", "inbound", CALM.choices))
    await channel.send(HER, sending)
    api.contents.clear()
    await channel.send(HER, sending)
    await channel.find_sent(HER, sending, NOW)
    assert "content resource refused: 21655" in caplog.text
    for canary in (TOKEN, "CANARY", "51987000111"):
        assert canary not in caplog.text


async def test_a_double_on_a_socket(api: TwilioApi, sids: Sids) -> None:
    """`TWILIO_API_BASE_URL` points messages and content at a local server, with or without `/`."""
    with serve(api.handle) as address:
        for base_url in (address, f"{address}/"):
            channel = WhatsApp(
                Account(ACCOUNT, TOKEN, SENDER, base_url=base_url),
                lambda language: Prompts("Responde con un número:", "Elegir"),
                sids,
                static_titles=TITLES,
            )
            sent = await channel.send(HER, fitted(channel, CALM))
            assert sent.choices == CALM.choices
            api.deliver(sent.provider_ref)
            assert await channel.delete(HER, sent.provider_ref)
            await channel.close()
    assert len(api.contents) == 1


def test_error_codes() -> None:
    """Codes are Twilio's, and no fault of content is final."""
    assert all(code.isdigit() and len(code) == 5 for code in (*MEANINGS, *CONTENT))
    assert not CONTENT & set(MEANINGS)
    assert GONE <= CONTENT
    assert all(meaning(code).is_retryable for code in CONTENT)
    assert meaning("unknown").is_retryable
    assert meaning("429", 429).retry_after == 10
    assert not meaning("63024").is_retryable


def test_template_keys() -> None:
    """A key tells apart titles, language and layout, and nothing else."""

    def key(text: str, title: str = "Sí", language: str = "es", choice_id: str = "a") -> str:
        choices = (Choice(choice_id, title),)
        return template(Sending(text, "ask", "inbound", language, "buttons", choices)).key

    assert key("uno") == key("dos") == key("dos", choice_id="b")
    assert len({key("uno"), key("uno\ndos"), key("uno", "No"), key("uno", language="qu")}) == 4
