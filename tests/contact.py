"""Somebody on Telegram or WhatsApp, her provider doubled on 127.0.0.1, beside real browsers."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
from browsing import Place
from doubles import bot_api, twilio_api
from doubles.serving import serve
from doubles.watched import Watched
from listening import served
from playwright.sync_api import Browser
from posting import SECRET, signed, telegram_body, whatsapp_form
from service import create, settings

from bot.settings import LOCAL_URL, Settings

CHAT, NUMBER = 7700112233, "51912345678"


@dataclass
class Her:
    """Somebody on a channel with a provider: posts as it does, reads what its double was sent."""

    url: str
    channel: str
    telegram: Watched[bot_api.BotApi]
    twilio: Watched[twilio_api.TwilioApi]
    stirred: threading.Event
    _ids: Iterator[int] = field(default_factory=lambda: itertools.count(880_000_001))

    def write(self, text: str) -> None:
        """She writes, and it is taken."""
        number = next(self._ids)
        if self.channel == "telegram":
            body = json.dumps(telegram_body("text", number, CHAT, text=text))
            headers = {"X-Telegram-Bot-Api-Secret-Token": SECRET}
            path, raw = "/webhooks/telegram", body.encode()
            headers["content-type"] = "application/json"
        else:
            path, sender = "/webhooks/twilio", f"whatsapp:+{NUMBER}"
            sid = self.twilio.double.arrive(sender, text)["sid"]
            raw, headers = signed(whatsapp_form(sid, sender, Body=text), path, LOCAL_URL)
        assert httpx.post(self.url + path, content=raw, headers=headers).is_success

    def said(self) -> list[str]:
        """What stands in her chat from our side."""
        if self.channel == "telegram":
            return [str(each["shown"]) for each in self.telegram.double.sent]
        sent = self.twilio.double.messages
        return [str(each["body"]) for each in sent if each["direction"] != "inbound"]

    def until(self, holds: Callable[[list[str]], bool], within: float = 20.0) -> None:
        """Wait until her chat shows it, looking whenever the provider was asked something."""
        end = time.monotonic() + within
        while not holds(self.said()):
            assert self.stirred.wait(max(0.0, end - time.monotonic())), self.said()
            self.stirred.clear()

    def ask(self) -> None:
        """She asks for a person and agrees to everything."""
        for text in ("hola", "si", "quiero hablar con alguien", "enviar", "a cualquier hora"):
            before = len(self.said())
            self.write(text)
            self.until(lambda said, before=before: len(said) > before)  # type: ignore[misc]


@contextmanager
def connected(
    browser: Browser, prepared: Path, folder: Path, channel: str
) -> Iterator[tuple[Place, Her]]:
    """The whole service on a port with both providers, and her on one of their channels."""
    shutil.copytree(prepared / "var", folder / "var", dirs_exist_ok=True)
    stirred = threading.Event()
    telegram = Watched(bot_api.BotApi(), stirred.set)
    telegram.double.chats.add(CHAT)
    twilio = Watched(twilio_api.TwilioApi(lambda: datetime.now(UTC)), stirred.set)
    with ExitStack() as stack:
        addresses = [stack.enter_context(serve(each.handle)) for each in (telegram, twilio)]
        env = {**settings(folder, *addresses), "KUSKA_PUBLIC_URL": LOCAL_URL}
        app, _, store = create(env, folder, prepared)
        url = stack.enter_context(served(app))
        place = Place(url, browser, store, Settings.from_environment(env, folder))
        try:
            yield place, Her(url, channel, telegram, twilio, stirred)
        finally:
            for context in place.contexts:
                context.close()
