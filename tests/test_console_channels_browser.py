"""A Telegram and a WhatsApp contact with two counselors in a real browser, the providers doubled on
127.0.0.1; and nothing of who she is in pages, streams or notifications."""

from __future__ import annotations

import itertools
import json
import shutil
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from doubles import bot_api, twilio_api
from doubles.serving import serve
from doubles.watched import Watched
from playwright.sync_api import expect
from posting import SECRET, signed, telegram_body, whatsapp_form
from service import create, settings
from test_console_browser import CHROMIUM, WITHIN, Place, browser, reply, served

from bot.settings import LOCAL_URL, Settings

__all__ = ["browser"]
pytestmark = [
    pytest.mark.skipif(CHROMIUM is None, reason="Chromium is not installed here"),
    pytest.mark.usefixtures("sent_at_once"),
]

CHAT, NUMBER = 7700112233, "51912345678"
CANARIES = (str(CHAT), NUMBER, NUMBER[2:], "CANARY", "canary")
"""Chat id, number, and the profile names that both recorded bodies carry."""
RECORD = """
  window.told = [];
  window.Notification = class {
    constructor(title, rest) { told.push(title + JSON.stringify(rest)); }
  };
  window.Notification.permission = "granted";
  Object.defineProperty(document, "hidden", {get: () => true});
"""


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


@pytest.mark.parametrize("channel", ["telegram", "whatsapp"])
def test_a_contact_of_a_provider_and_two_counselors(
    browser: object, prepared: Path, tmp_path: Path, channel: str
) -> None:
    """Both write both ways, she is handed on, and closed; her number, chat and profile are in no
    page, stream or notification."""
    shutil.copytree(prepared / "var", tmp_path / "var", dirs_exist_ok=True)
    stirred = threading.Event()
    telegram = Watched(bot_api.BotApi(), stirred.set)
    telegram.double.chats.add(CHAT)
    twilio = Watched(twilio_api.TwilioApi(lambda: datetime.now(UTC)), stirred.set)
    with ExitStack() as stack:
        addresses = [stack.enter_context(serve(each.handle)) for each in (telegram, twilio)]
        env = {**settings(tmp_path, *addresses), "KUSKA_PUBLIC_URL": LOCAL_URL}
        app, _, store = create(env, tmp_path)
        url = stack.enter_context(served(app))
        place = Place(url, browser, store, Settings.from_environment(env, tmp_path))  # type: ignore[arg-type]
        her = Her(url, channel, telegram, twilio, stirred)
        try:
            meet(place, her)
        finally:
            for context in place.contexts:
                context.close()
        assert place.troubles == []


def meet(place: Place, her: Her) -> None:
    """From the queue to the end."""
    rosa, ana = place.counselor("Rosa"), place.counselor("Ana")
    rosa.add_init_script(RECORD)
    rosa.reload()
    rosa.get_by_role("button", name="Avisarme").click()
    her.ask()
    expect(rosa.get_by_role("button", name="Atender")).to_be_visible()
    seen = [rosa.content(), stream_of(rosa, "/console/events"), *rosa.evaluate("told")]
    assert len(seen) > 2, "no notification"
    rosa.get_by_role("button", name="Atender").click()
    reply(rosa, "Soy Rosa, te leo")
    her.until(lambda said: any("Soy Rosa, te leo" in one for one in said))

    began = time.monotonic()
    her.write("gracias, tengo miedo")
    expect(rosa.get_by_text("gracias, tengo miedo")).to_be_visible(timeout=3 * WITHIN)
    assert time.monotonic() - began < 3 * WITHIN / 1000
    case = rosa.url.removeprefix(place.url)
    seen += [rosa.content(), stream_of(rosa, f"{case}/events")]

    rosa.get_by_text("Nota, pasar o cerrar").click()
    rosa.get_by_label("A quién").select_option(label="Ana · 0 en curso")
    rosa.get_by_role("button", name="Pasar a otra persona").click()
    expect(rosa.get_by_role("heading", name="Esperan")).to_be_visible()
    ana.get_by_role("link", name="Abrir").click()
    expect(ana.get_by_text("gracias, tengo miedo")).to_be_visible()
    reply(ana, "Soy Ana, ya leí todo")
    her.until(lambda said: any("Soy Ana" in one for one in said))
    ana.get_by_text("Nota, pasar o cerrar").click()
    ana.get_by_role("button", name="Cerrar la conversación").click()
    her.until(lambda said: any("otra vez el asistente" in one for one in said))
    ana.goto("/console/closed")
    ana.get_by_label("Motivo").select_option("follow_up")
    ana.get_by_role("button", name="Leer").click()
    expect(ana.get_by_text("gracias, tengo miedo")).to_be_visible()
    seen += [ana.content(), rosa.content()]
    for one in seen:
        assert not [canary for canary in CANARIES if canary in one]


def stream_of(page: object, path: str) -> str:
    """The first part that a page's event stream brings."""
    return str(
        page.evaluate(  # type: ignore[attr-defined]
            """async (path) => {
              const reader = (await fetch(path)).body.getReader();
              let text = "";
              while (!text.includes("event: part")) {
                text += new TextDecoder().decode((await reader.read()).value);
              }
              reader.cancel();
              return text;
            }""",
            path,
        )
    )
