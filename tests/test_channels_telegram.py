"""Telegram through the real client against a strict double."""

from __future__ import annotations

import json
import logging
from collections.abc import AsyncIterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
import pytest_asyncio
from doubles.bot_api import TOKEN, BotApi, RefusedError
from doubles.serving import serve

from bot.channels.base import Channel
from bot.channels.rendering import Prompts
from bot.channels.telegram import Received, Telegram, keyboard
from bot.errors import SendError
from bot.messages import Choice, Message

PAYLOADS = Path(__file__).parent / "payloads" / "telegram"
HER = "777000111"
CALM = (
    Choice("k3f9.welcome.calm.yes", "Sí"),
    Choice("k3f9.welcome.calm.short", "Poco tiempo"),
    Choice("k3f9.welcome.calm.later", "Ahora no"),
)


def prompts(language: str) -> Prompts:
    return Prompts("Responde con un número:", "Elegir")


@pytest.fixture
def api() -> BotApi:
    return BotApi()


@pytest_asyncio.fixture
async def channel(api: BotApi) -> AsyncIterator[Telegram]:
    channel = Telegram(TOKEN, prompts, transport=httpx.MockTransport(api.handle))
    promised: Channel = channel  # mypy holds it against the protocol
    assert promised.name == "telegram"
    yield channel
    await channel.close()


async def test_a_message_is_silent_protected_and_without_preview(
    api: BotApi, channel: Telegram
) -> None:
    """Nothing rings, nothing can be forwarded, no page is fetched; the text is what was meant."""
    (sending,) = channel.fit(
        [Message("**Línea 100** & más <gratis>", "ask", "inbound", CALM)], "es"
    )
    sent = await channel.send(HER, sending)
    (shown,) = api.sent
    assert shown["shown"] == "Línea 100 & más <gratis>"
    assert shown["disable_notification"] is True
    assert shown["protect_content"] is True
    assert shown["link_preview_options"] == {"is_disabled": True}
    rows = shown["reply_markup"]["inline_keyboard"]
    assert [[button["text"] for button in row] for row in rows] == [
        ["Sí", "Poco tiempo"],
        ["Ahora no"],
    ]
    assert rows[0][0]["callback_data"] == "k3f9.welcome.calm.yes"
    assert (sent.provider_ref, sent.choices) == (str(shown["message_id"]), CALM)


async def test_the_longest_text_goes(api: BotApi, channel: Telegram) -> None:
    """A long turn is cut so that Telegram takes every piece."""
    sendings = channel.fit([Message("¿Qué & cómo? 🙏 " * 700)], "es")
    for sending in sendings:
        await channel.send(HER, sending)
    assert len(api.sent) == len(sendings) > 1


def test_long_titles_have_a_row_each() -> None:
    """Two buttons share a row only where both are short."""
    titles = ["Sí", "Hablar con una persona", "No", "Menú", "Salir"]
    markup = keyboard([Choice(str(i), title) for i, title in enumerate(titles)])
    rows = [[button.text for button in row] for row in markup.inline_keyboard]
    assert rows == [["Sí"], ["Hablar con una persona"], ["No", "Menú"], ["Salir"]]


REQUEST = httpx.Request("POST", "https://api.telegram.org")


@pytest.mark.parametrize(
    ("failure", "code", "retryable", "retry_after", "maybe_sent"),
    [
        (RefusedError(429, "Too Many Requests", retry_after=7), "flood", True, 7, False),
        (RefusedError(403, "Forbidden: user is deactivated"), "forbidden", False, None, False),
        (RefusedError(400, "Bad Request: chat not found"), "bad_request", False, None, False),
        (RefusedError(401, "Unauthorized"), "invalid_token", True, 60, False),
        (RefusedError(502, "Bad Gateway"), "network", True, None, True),
        (httpx.ReadTimeout("", request=REQUEST), "network", True, None, True),
        (httpx.ReadError("", request=REQUEST), "network", True, None, True),
        (httpx.ConnectTimeout("", request=REQUEST), "network", True, None, False),
        (httpx.ConnectError("", request=REQUEST), "network", True, None, False),
        (httpx.PoolTimeout("", request=REQUEST), "network", True, None, False),
    ],
)
async def test_refusals(
    api: BotApi,
    channel: Telegram,
    failure: Exception,
    code: str,
    retryable: bool,
    retry_after: float | None,
    maybe_sent: bool,
) -> None:
    """Each refusal says whether to try again, when, and whether the message may have gone."""
    api.failures.append(failure)
    with pytest.raises(SendError) as caught:
        await channel.send(HER, channel.fit([Message("hola")], "es")[0])
    error = caught.value
    assert (error.code, error.retryable, error.retry_after, error.maybe_sent) == (
        code,
        retryable,
        retry_after,
        maybe_sent,
    )
    assert error.__cause__ is None
    assert error.__suppress_context__


async def test_blocked_by_her(api: BotApi, channel: Telegram) -> None:
    """Who blocked the bot is not written to again."""
    api.blocked.add(int(HER))
    with pytest.raises(SendError, match="forbidden") as caught:
        await channel.send(HER, channel.fit([Message("hola")], "es")[0])
    assert not caught.value.retryable


async def test_delete(api: BotApi, channel: Telegram) -> None:
    """A message is taken back once; what is gone says so; a lost line is a `SendError`."""
    sent = await channel.send(HER, channel.fit([Message("hola")], "es")[0])
    assert await channel.delete(HER, sent.provider_ref)
    assert api.sent == []
    assert not await channel.delete(HER, sent.provider_ref)
    api.failures.append(httpx.ReadTimeout("", request=REQUEST))
    with pytest.raises(SendError):
        await channel.delete(HER, sent.provider_ref)


async def test_answer(api: BotApi, channel: Telegram) -> None:
    """A tap is answered; one that Telegram forgot is no error."""
    api.callbacks.add("3337265123456789012")
    await channel.answer("3337265123456789012")
    await channel.answer("3337265123456789012")
    assert api.answered == ["3337265123456789012"]


async def test_find_sent_cannot_look(channel: Telegram) -> None:
    """Telegram shows a bot no history."""
    (sending,) = channel.fit([Message("hola")], "es")
    assert await channel.find_sent(HER, sending, datetime(2026, 11, 23, tzinfo=UTC)) is None


async def test_webhook(api: BotApi, channel: Telegram) -> None:
    """The webhook asks for messages and taps only, with the secret; polling needs it gone."""
    await channel.set_webhook("https://kuska.example.org/webhooks/telegram", "s3cret-_")
    assert api.webhook["secret_token"] == "s3cret-_"
    assert api.webhook["allowed_updates"] == ["message", "callback_query"]
    await channel.delete_webhook()
    assert api.webhook == {}


async def test_polling_reads_as_the_webhook_does(api: BotApi, channel: Telegram) -> None:
    """Polled updates give the same as posted ones, and each is confirmed only after it was used."""
    names = ("text", "button", "location", "photo_with_caption", "group_text", "edited")
    api.updates = [json.loads((PAYLOADS / f"{name}.json").read_text()) for name in names]
    api.updates.sort(key=lambda update: int(update["update_id"]))
    expected = len(api.updates)
    updates = channel.updates()
    received = [await anext(updates) for _ in range(expected)]
    assert [each.inbound.text for each in received if each.inbound and each.inbound.text] == [
        "necesito una abogada en Iquitos"
    ]
    assert [each.callback_id for each in received if each.callback_id] == ["3337265123456789012"]
    assert [each.inbound.media for each in received if each.inbound and each.inbound.media] == [
        "image"
    ]
    assert received[-2:] == [Received(), Received()]
    assert "CANARY" not in repr(received)
    assert len(api.updates) == expected  # the last is not confirmed yet
    await updates.aclose()
    again = channel.updates()
    assert (await anext(again)) == received[0]
    await again.aclose()


async def test_polling_confirms_and_survives_failures(api: BotApi, channel: Telegram) -> None:
    """A refusal pauses as long as Telegram asks; then the next update follows the last one."""
    first, second = (
        json.loads((PAYLOADS / f"{name}.json").read_text()) for name in ("text", "start")
    )
    api.updates = [first]
    pauses: list[float] = []

    async def pause(seconds: float) -> None:
        pauses.append(seconds)
        api.updates.append(second)

    updates = channel.updates(pause)
    await anext(updates)
    api.failures.append(RefusedError(429, "Too Many Requests", retry_after=3))
    received = await anext(updates)
    assert received.inbound is not None
    assert received.inbound.text == "hola"
    assert pauses == [3]
    assert api.offsets[-1] == first["update_id"] + 1
    await updates.aclose()


async def test_logs_hold_no_token_and_no_text(
    api: BotApi, channel: Telegram, caplog: pytest.LogCaptureFixture
) -> None:
    """With every logger open, neither token nor text nor chat id is logged."""
    caplog.set_level(logging.DEBUG)
    await channel.send(HER, channel.fit([Message("CANARY-TEXT")], "es")[0])
    api.failures.append(httpx.ReadError("", request=REQUEST))
    with pytest.raises(SendError):
        await channel.send(HER, channel.fit([Message("CANARY-TEXT")], "es")[0])
    for canary in (TOKEN, "CANARY", HER):
        assert canary not in caplog.text


@pytest.mark.parametrize("suffix", ["", "/", "/bot", "/bot/"])
async def test_a_double_on_a_socket(api: BotApi, suffix: str) -> None:
    """`TELEGRAM_API_BASE_URL` may point at a local server, with or without `/bot`."""
    with serve(api.handle) as address:
        channel = Telegram(TOKEN, prompts, base_url=address + suffix)
        await channel.send(HER, channel.fit([Message("hola")], "es")[0])
        await channel.close()
    assert [each["text"] for each in api.sent] == ["hola"]
