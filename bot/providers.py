"""The channels of a deployment, and what operators ask of the providers behind them."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Callable, Collection, Mapping
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from types import MappingProxyType

from bot.channels.rendering import Prompts
from bot.channels.telegram import Telegram
from bot.channels.twilio_content import ContentSids
from bot.channels.whatsapp import Account, WhatsApp
from bot.errors import CommandRefused, SendError
from bot.progress import Step
from bot.settings import TWILIO_API, Settings
from bot.webhooks import TELEGRAM_PATH, TWILIO_PATH, TWILIO_STATUS_PATH

LEFT_OVER_AFTER = timedelta(days=1)
"""A record at Twilio older than this was missed: its turn was stored, or will never be."""
REPEATS = "#rc=5&rp=all"
"""Twilio repeats a failed webhook five times (twilio.com/docs/usage/webhooks, overrides)."""
SECRET = re.compile(r"[A-Za-z0-9_-]{1,256}")
"""Core.telegram.org/bots/api, setWebhook: secret_token."""
REASONS = MappingProxyType(
    {
        "invalid_token": "the token is wrong",
        "20003": "account or token is wrong",
        "network": "it cannot be reached",
        "flood": "it asks to wait; try again in a minute",
        "20429": "it asks to wait; try again in a minute",
    }
)


def telegram(settings: Settings, prompts: Callable[[str], Prompts]) -> Telegram | None:
    """Telegram, when there is a token; close it in the end."""
    if not settings.telegram_token:
        return None
    return Telegram(settings.telegram_token, prompts, base_url=settings.telegram_api_url)


def whatsapp(
    settings: Settings,
    prompts: Callable[[str], Prompts],
    sids: ContentSids,
    static_titles: Collection[str],
) -> WhatsApp | None:
    """WhatsApp, when there is an account and its token; close it in the end."""
    if not settings.twilio_account or not settings.twilio_token:
        return None
    account = Account(
        settings.twilio_account,
        settings.twilio_token,
        settings.twilio_from,
        status_url=f"{settings.public_url}{TWILIO_STATUS_PATH}",
        base_url=None if settings.twilio_api_url == TWILIO_API else settings.twilio_api_url,
    )
    return WhatsApp(account, prompts, sids, static_titles=static_titles)


@asynccontextmanager
async def mute_telegram(settings: Settings) -> AsyncIterator[Telegram]:
    """Telegram to be asked and set up, never to send; `CommandRefused` when it refuses."""
    channel = telegram(settings, _nothing_said)
    if channel is None:
        raise CommandRefused("TELEGRAM_BOT_TOKEN: not set; @BotFather gives one")
    try:
        yield channel
    except SendError as error:
        raise CommandRefused(f"Telegram: {reason(error)}") from error
    finally:
        await channel.close()


@asynccontextmanager
async def mute_whatsapp(settings: Settings) -> AsyncIterator[WhatsApp]:
    """WhatsApp to be asked, set up and cleared, never to send; `CommandRefused` as above."""
    channel = whatsapp(settings, _nothing_said, _NoSids(), ())
    if channel is None or not settings.twilio_from:
        raise CommandRefused(
            "TWILIO_ACCOUNT_SID, TWILIO_AUTH_TOKEN, TWILIO_FROM: set all three first"
        )
    try:
        yield channel
    except SendError as error:
        raise CommandRefused(f"Twilio: {reason(error)}") from error
    finally:
        await channel.close()


async def connect_telegram(settings: Settings) -> str:
    """Set Telegram's webhook, or remove it where updates are fetched; say what was done."""
    async with mute_telegram(settings) as channel:
        if settings.telegram_mode == "polling":
            await channel.delete_webhook()
            return "Telegram: no webhook; kuska serve fetches the updates itself"
        if not settings.public_url.startswith("https://"):
            raise CommandRefused("KUSKA_PUBLIC_URL: Telegram posts to https:// addresses only")
        if not SECRET.fullmatch(settings.telegram_secret):
            raise CommandRefused(
                "TELEGRAM_WEBHOOK_SECRET: 1 to 256 letters, digits, - and _ are needed"
            )
        url = telegram_address(settings)
        await channel.set_webhook(url, settings.telegram_secret)
        return f"Telegram posts to {url}"


async def connect_whatsapp(settings: Settings, knocks: Mapping[str, str]) -> str:
    """Set both addresses of the sender where Twilio lets us, and have the knock of each language
    approved, which alone may go out after 24 hours; say what was done and what is left to do."""
    if not settings.public_url.startswith("https://"):
        raise CommandRefused("KUSKA_PUBLIC_URL: Twilio posts to public https:// addresses")
    inbound, status = twilio_addresses(settings)
    async with mute_whatsapp(settings) as channel:
        if not await channel.point(inbound, status):
            by_hand = "set them by hand: Twilio's sandbox has no API for it"
            return f"messages   {inbound}\nstatuses   {status}\n{by_hand}"
        said = [f"{each:<3} {await _submit(channel, text, each)}" for each, text in knocks.items()]
    approvals = "\n".join(f"knock      {one}" for one in said)
    return f"messages   {inbound}\nstatuses   {status}\nset at Twilio\n{approvals}"


async def _submit(channel: WhatsApp, text: str, language: str) -> str:
    """Where the approval stands; a refusal is said and holds up nothing else."""
    try:
        return await channel.submit(text, language)
    except SendError as error:
        return f"not submitted: {reason(error)}"


async def clear_leftovers(settings: Settings, now: datetime, step: Step) -> int:
    """Delete what Twilio still keeps of before yesterday; how many are gone."""
    async with mute_whatsapp(settings) as channel:
        left = await channel.leftovers(now - LEFT_OVER_AFTER)
        gone = 0
        for number, ref in enumerate(left, start=1):
            try:
                gone += await channel.delete("", ref)
            except SendError as error:
                if error.code in REASONS:
                    raise
                # One record that is still on its way must not keep the others.
            step(number, len(left))
        return gone


def telegram_address(settings: Settings) -> str:
    """Where Telegram shall post."""
    return f"{settings.public_url}{TELEGRAM_PATH}"


def twilio_addresses(settings: Settings) -> tuple[str, str]:
    """Where Twilio shall post messages, and statuses."""
    public = settings.public_url
    return f"{public}{TWILIO_PATH}{REPEATS}", f"{public}{TWILIO_STATUS_PATH}"


def reason(error: SendError) -> str:
    """Why a provider refused, for an operator; never an address or a token."""
    return REASONS.get(error.code, f"it refused ({error.code})")


def _nothing_said(_: str) -> Prompts:
    return Prompts(answer_with_number="", choose="")


class _NoSids:
    """Where nothing is sent, no content resource is needed."""

    async def get(self, key: str) -> str | None:
        return None

    async def put(self, key: str, sid: str) -> None:
        return None
