"""Telegram: messages out and long polling, through python-telegram-bot's `Bot` and no more of it.

`Application` is not used: its queue in memory answers Telegram before a turn is stored.
"""

from __future__ import annotations

import asyncio
import logging
import os
from collections.abc import AsyncGenerator, Awaitable, Callable, Sequence
from datetime import datetime, timedelta
from typing import Literal, TypeVar

import httpx
from telegram import (
    Bot,
    InlineKeyboardButton,
    InlineKeyboardMarkup,
    LinkPreviewOptions,
    WebhookInfo,
)
from telegram.constants import ParseMode
from telegram.error import (
    BadRequest,
    ChatMigrated,
    Forbidden,
    InvalidToken,
    NetworkError,
    RetryAfter,
    TelegramError,
)
from telegram.request import HTTPXRequest

from bot.channels.base import Sending, Sent, may_have_arrived, silence
from bot.channels.rendering import Prompts, fit_telegram, units
from bot.channels.telegram_update import ALLOWED_UPDATES, Received, parse, read
from bot.errors import RejectedInbound, SendError
from bot.messages import Choice, Message

__all__ = ["Received", "Telegram", "parse"]

# Without it python-telegram-bot 22 warns at each RetryAfter that seconds will become a timedelta.
os.environ.setdefault("PTB_TIMEDELTA", "true")

API = "https://api.telegram.org"
POLL_SECONDS = 30
PAUSE_SECONDS = 5.0
SHORT_TITLE = 14
"""Units of a title that leaves room for a second button beside it at 360 px."""

_LOG = logging.getLogger("kuska.telegram")
_Answer = TypeVar("_Answer")


class Telegram:
    """The Telegram channel; needs no network until the first call.

    `prompts` gives the two phrases of a language; `base_url` and `transport` point the real client
    at a local double.
    """

    name: Literal["telegram"] = "telegram"

    def __init__(
        self,
        token: str,
        prompts: Callable[[str], Prompts],
        *,
        base_url: str = API,
        transport: httpx.AsyncBaseTransport | None = None,
    ) -> None:
        # httpx logs the address of each request, which carries the token; python-telegram-bot
        # logs parameters and answers, which carry texts and chat ids.
        silence(("httpx", "httpcore", "telegram"))
        over = {"transport": transport} if transport else None
        self._prompts = prompts
        self._requests = (HTTPXRequest(httpx_kwargs=over), HTTPXRequest(httpx_kwargs=over))
        self._bot = Bot(
            token,
            base_url=f"{base_url.rstrip('/').removesuffix('/bot')}/bot",
            request=self._requests[0],
            get_updates_request=self._requests[1],
        )

    def fit(self, messages: Sequence[Message], language: str) -> list[Sending]:
        """See `rendering.fit_telegram`."""
        return fit_telegram(messages, language, self._prompts(language))

    async def send(self, address: str, sending: Sending) -> Sent:
        """Send without sound, preview or forwarding; raise `SendError` when refused."""
        message = await _ask(
            self._bot.send_message(
                chat_id=int(address),
                text=sending.text,
                parse_mode=ParseMode.HTML,
                disable_notification=sending.is_silent,
                protect_content=True,
                link_preview_options=LinkPreviewOptions(is_disabled=True),
                reply_markup=keyboard(sending.choices) if sending.choices else None,
            )
        )
        return Sent(str(message.message_id), sending.text, sending.choices)

    async def find_sent(self, address: str, sending: Sending, since: datetime) -> Sent | None:
        """Always None: the Bot API shows no history."""
        return None

    async def delete(self, address: str, ref: str) -> bool:
        """Take a message back, hers or ours; False when it is gone or older than 48 hours."""
        try:
            return await self._bot.delete_message(chat_id=int(address), message_id=int(ref))
        except (BadRequest, Forbidden):
            return False
        except TelegramError as error:
            raise _send_error(error) from None

    async def answer(self, callback_id: str) -> None:
        """Stop the clock that a tapped button shows; one that is too old has stopped by itself."""
        try:
            await self._bot.answer_callback_query(callback_id)
        except BadRequest:
            return
        except TelegramError as error:
            raise _send_error(error) from None

    async def set_webhook(self, url: str, secret: str) -> None:
        """Ask Telegram to post updates to `url` (https) with `secret` in its header."""
        await _ask(self._bot.set_webhook(url, secret_token=secret, allowed_updates=ALLOWED_UPDATES))

    async def delete_webhook(self) -> None:
        """Stop posting; what waits stays, and polling will get it."""
        await _ask(self._bot.delete_webhook(drop_pending_updates=False))

    async def webhook(self) -> WebhookInfo:
        """Where Telegram posts (empty when polled), how many updates wait, what failed last."""
        return await _ask(self._bot.get_webhook_info())

    async def updates(
        self, pause: Callable[[float], Awaitable[None]] = asyncio.sleep
    ) -> AsyncGenerator[Received, None]:
        """Poll for ever. An update is confirmed to Telegram only once the next one is asked for.

        So whoever iterates must have stored one before taking the next; what it could not store
        comes again after a restart.
        """
        offset: int | None = None
        while True:
            try:
                batch = await self._bot.get_updates(
                    offset=offset, timeout=POLL_SECONDS, allowed_updates=ALLOWED_UPDATES
                )
            except TelegramError as error:
                refusal = _send_error(error)
                _LOG.warning("polling: %s", refusal.code)
                await pause(refusal.retry_after or PAUSE_SECONDS)
                continue
            for update in batch:
                try:
                    received = read(update.to_dict())
                except RejectedInbound as rejection:
                    _LOG.warning("polling: %s", rejection)
                else:
                    yield received
                offset = update.update_id + 1

    async def close(self) -> None:
        """Close both connection pools."""
        for request in self._requests:
            await request.shutdown()


def keyboard(choices: Sequence[Choice]) -> InlineKeyboardMarkup:
    """One button a row, two where both titles are short."""
    rows: list[list[InlineKeyboardButton]] = []
    for choice in choices:
        is_short = units(choice.title) <= SHORT_TITLE
        button = InlineKeyboardButton(choice.title, callback_data=choice.id)
        if is_short and rows and len(rows[-1]) == 1 and units(rows[-1][0].text) <= SHORT_TITLE:
            rows[-1].append(button)
        else:
            rows.append([button])
    return InlineKeyboardMarkup(rows)


async def _ask(call: Awaitable[_Answer]) -> _Answer:
    try:
        return await call
    except TelegramError as error:
        # `from None`: the chain would carry the address of the request, and in it the token.
        raise _send_error(error) from None


def _send_error(error: TelegramError) -> SendError:
    if isinstance(error, RetryAfter):
        wait = error.retry_after
        seconds = wait.total_seconds() if isinstance(wait, timedelta) else float(wait)
        return SendError("flood", retryable=True, retry_after=seconds)
    if isinstance(error, Forbidden):
        return SendError("forbidden", retryable=False)  # she blocked the bot or left
    if isinstance(error, BadRequest | ChatMigrated):
        return SendError("bad_request", retryable=False)
    if isinstance(error, InvalidToken):
        # An operator may put the right token in place while the message waits.
        return SendError("invalid_token", retryable=True, retry_after=60)
    # What remains had no readable answer; `__cause__` tells whether the request left the machine.
    maybe_sent = may_have_arrived(error.__cause__)
    code = "network" if isinstance(error, NetworkError) else "answer"
    return SendError(code, retryable=True, maybe_sent=maybe_sent)
