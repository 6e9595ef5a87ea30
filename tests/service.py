"""The whole service for tests: `create_app` on files of its own, providers doubled on 127.0.0.1.

Nothing inside is replaced but the clock: bodies come in over ASGI, replies go out through the real
clients over real sockets, turns are committed to real SQLite files.
"""

from __future__ import annotations

import asyncio
import functools
import itertools
import json
import shutil
import sqlite3
import time
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import ExitStack, asynccontextmanager, closing
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from unittest import mock
from zoneinfo import ZoneInfo

import httpx
from doubles import bot_api, twilio_api
from doubles.serving import serve
from doubles.watched import Watched
from fastapi import FastAPI
from posting import PUBLIC_URL, SECRET, signed, telegram_body, whatsapp_form
from sqlalchemy import create_engine
from sqlalchemy.orm import Session

import server
from bot.house import Content, House
from bot.settings import Settings
from bot.store import Store
from directory.search import Directory

LIMA = ZoneInfo("America/Lima")
MONDAY_NIGHT = datetime(2026, 11, 23, 22, 0, tzinfo=LIMA)
CHAT = 777000111
PHONE = "whatsapp:+51987000111"
WAIT = 30.0
"""Seconds after which what a test waits for will not come any more."""


@dataclass
class Clock:
    """Runs like a real one from a fixed moment on, and can be put forward."""

    now: datetime = MONDAY_NIGHT
    _since: float = field(default_factory=time.monotonic)

    def __call__(self) -> datetime:
        return self.now + timedelta(seconds=time.monotonic() - self._since)

    def advance(self, **much: float) -> None:
        """Put it forward, as `timedelta` counts."""
        self.now += timedelta(**much)


@dataclass
class Service:
    """One running service and what stands around it."""

    client: httpx.AsyncClient
    bot: Watched[bot_api.BotApi]
    twilio: Watched[twilio_api.TwilioApi]
    house: House
    store: Store
    clock: Clock
    folder: Path
    stirred: asyncio.Event
    _ids: itertools.count[int] = field(default_factory=lambda: itertools.count(870_000_001))

    # -- what comes in ------------------------------------------------------------------------

    async def update(self, body: object, secret: str | None = SECRET) -> httpx.Response:
        """Post to Telegram's webhook; bytes and text go as they are, all else as JSON."""
        raw = body if isinstance(body, bytes | str) else json.dumps(body)
        headers = {"content-type": "application/json"}
        if secret is not None:
            headers["X-Telegram-Bot-Api-Secret-Token"] = secret
        return await self.client.post("/webhooks/telegram", content=raw, headers=headers)

    async def tell(self, text: str, chat: int = CHAT, update_id: int | None = None) -> None:
        """She writes on Telegram, and it is taken."""
        number = update_id or next(self._ids)
        answer = await self.update(telegram_body("text", number, chat, text=text))
        assert answer.status_code == 200, answer.text

    async def tap(self, title: str, chat: int = CHAT) -> str:
        """She taps a button of the last message that has it; the callback's id."""
        number, choice = next(self._ids), self.button(title, chat)
        body = telegram_body("button", number, chat, data=choice, callback_id=str(number))
        self.bot.double.callbacks.add(str(number))
        assert (await self.update(body)).status_code == 200
        return str(number)

    async def share(self, latitude: float, longitude: float, chat: int = CHAT) -> None:
        """She shares where she is on Telegram."""
        place = {"latitude": latitude, "longitude": longitude}
        body = telegram_body("location", next(self._ids), chat, location=place)
        assert (await self.update(body)).status_code == 200

    async def form(
        self, form: Mapping[str, str] | bytes, path: str = "/webhooks/twilio", **headers: str
    ) -> httpx.Response:
        """Post a signed form to one of Twilio's webhooks; `headers` replace the signature."""
        raw, own = signed(form, path)
        own.update({name.replace("_", "-"): value for name, value in headers.items()})
        return await self.client.post(path, content=raw, headers=own)

    async def write(self, text: str, sender: str = PHONE, sid: str | None = None) -> str:
        """She writes on WhatsApp, and it is taken; the message's id. Twilio keeps a copy."""
        kept = self.twilio.double.arrive(sender, text)
        kept["sid"] = sid or kept["sid"]
        form = whatsapp_form(kept["sid"], sender, Body=text)
        answer = await self.form(form)
        assert answer.status_code == 200, answer.text
        return str(kept["sid"])

    async def report(self, sid: str, status: str) -> None:
        """Twilio says what became of a message."""
        if status in ("delivered", "read"):
            self.twilio.double.deliver(sid)
        form = {"MessageSid": sid, "MessageStatus": status}
        assert (await self.form(form, "/webhooks/twilio/status")).status_code == 204

    # -- what went out ------------------------------------------------------------------------

    def shown(self, chat: int = CHAT) -> list[str]:
        """Texts in a Telegram chat, the oldest first."""
        return [str(each["shown"]) for each in self.bot.double.sent if each["chat_id"] == chat]

    def written(self, to: str = PHONE) -> list[str]:
        """Texts sent to a telephone by WhatsApp, the oldest first."""
        return [str(each["body"]) for each in self.outgoing(to)]

    def outgoing(self, to: str = PHONE) -> list[dict[str, Any]]:
        """Messages to a telephone as Twilio has them."""
        messages = self.twilio.double.messages
        return [each for each in messages if each["to"] == to and each["direction"] != "inbound"]

    def button(self, title: str, chat: int = CHAT) -> str:
        """The id under the last button with this title."""
        for message in reversed(self.bot.double.sent):
            if message["chat_id"] == chat:
                rows = message.get("reply_markup", {}).get("inline_keyboard", [])
                for button in itertools.chain.from_iterable(rows):
                    if button["text"] == title:
                        return str(button["callback_data"])
        raise AssertionError(f"no button «{title}»")

    async def until(self, holds: Callable[[], object], what: str = "") -> None:
        """Wait until something holds, looking again whenever a commit or a provider stirs."""

        async def watch() -> None:
            self.stirred.clear()
            while not holds():
                await self.stirred.wait()
                self.stirred.clear()

        try:
            await asyncio.wait_for(watch(), WAIT)
        except TimeoutError:
            raise AssertionError(f"did not come: {what or self.shown() + self.written()}") from None

    async def wake(self) -> None:
        """Let delivery look again, by a commit: the clock has jumped."""
        await self.store.worker.run(lambda _: None)

    async def settled(self) -> None:
        """Wait until nothing is left to be sent, the clock's last jump regarded."""
        await self.wake()
        waits = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending')"
        await self.until(lambda: self.ask(waits) == [(0,)], "an empty outbox")

    # -- what is kept -------------------------------------------------------------------------

    def ask(self, query: str, database: str = "kuska.db") -> list[tuple[Any, ...]]:
        """Read a database as an outsider."""
        with closing(sqlite3.connect(self.folder / "var" / database)) as connection:
            return connection.execute(query).fetchall()

    def rows(self) -> dict[str, int]:
        """How many rows of people each table has."""
        return {
            table: self.ask(f"SELECT count(*) FROM {table}")[0][0]  # noqa: S608 - names of ours
            for table in PERSONAL
        }


PERSONAL = (
    "contact",
    "conversation",
    "message",
    "outbox",
    "delivery",
    "handoff",
    "received_id",
    "report_mark",
)


def settings(folder: Path, telegram_url: str, twilio_url: str) -> dict[str, str]:
    """The environment of a service with both providers connected to doubles."""
    return {
        "KUSKA_DATABASE_URL": f"sqlite:///{folder / 'var' / 'kuska.db'}",
        "KUSKA_PUBLIC_URL": PUBLIC_URL,
        "TELEGRAM_MODE": "webhook",
        "TELEGRAM_BOT_TOKEN": bot_api.TOKEN,
        "TELEGRAM_WEBHOOK_SECRET": SECRET,
        "TELEGRAM_API_BASE_URL": telegram_url,
        "TWILIO_ACCOUNT_SID": twilio_api.ACCOUNT,
        "TWILIO_AUTH_TOKEN": twilio_api.TOKEN,
        "TWILIO_FROM": twilio_api.SENDER,
        "TWILIO_API_BASE_URL": twilio_url,
    }


_load_once = functools.cache(Content.load)
"""Reading and proving all flows takes a second; they are the same in every test."""


class Kept:
    """Stands for a class of the composition root, and keeps what was made."""

    def __init__(self, name: str) -> None:
        self._real = getattr(server, name)
        self.made: Any = None

    def __call__(self, *given: Any, **named: Any) -> Any:
        self.made = self._real(*given, **named)
        return self.made


@functools.cache
def _directory_of(prepared: Path) -> Directory:
    """Reading it takes half a second; a copy of the same database holds the same services."""
    engine = create_engine(f"sqlite:///{prepared / 'var' / 'kuska.db'}")
    with Session(engine) as session:
        directory = Directory.of(session)
    engine.dispose()
    return directory


def create(
    env: Mapping[str, str], folder: Path, prepared: Path | None = None
) -> tuple[FastAPI, House, Store]:
    """`create_app`, and the two of its parts that tests look into; `folder` may be a copy of
    `prepared`."""
    house, store = Kept("House"), Kept("Store")
    content = mock.Mock(load=_load_once)
    parts: dict[str, Any] = {"House": house, "Store": store, "Content": content}
    if prepared is not None:
        directory = _directory_of(prepared)
        parts["open_directory"] = lambda _: directory
    with mock.patch.multiple(server, **parts):
        app = server.create_app(Settings.from_environment(env, folder))
    return app, house.made, store.made


def prepare(folder: Path) -> None:
    """Make database, keys and directory in a folder, to be copied by `running`."""
    _, house, store = create({"KUSKA_PUBLIC_URL": PUBLIC_URL}, folder)
    store.close()
    house.vault.close()


@asynccontextmanager
async def running(prepared: Path, folder: Path) -> AsyncIterator[Service]:
    """A service over a copy of `prepared`, with its background work, until the block ends."""
    shutil.copytree(prepared / "var", folder / "var", dirs_exist_ok=True)
    loop, stirred, clock = asyncio.get_running_loop(), asyncio.Event(), Clock()

    def stir() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stirred.set)

    telegram = Watched(bot_api.BotApi(), stir)
    twilio = Watched(twilio_api.TwilioApi(lambda: clock().astimezone(UTC)), stir)
    with ExitStack() as stack:
        addresses = [stack.enter_context(serve(each.handle)) for each in (telegram, twilio)]
        app, house, store = create(settings(folder, *addresses), folder, prepared)
        house.clock = clock
        store.worker.after_commit.append(stir)
        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(transport=transport, base_url=PUBLIC_URL) as client,
        ):
            service = Service(client, telegram, twilio, house, store, clock, folder, stirred)
            try:
                yield service
            finally:
                telegram.release()
                twilio.release()
