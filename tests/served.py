"""Services as processes of their own, on 127.0.0.1, and reading what they left behind."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from posting import SECRET, signed, telegram_body, whatsapp_form
from sqlalchemy import select

from bot.models import Contact, Conversation, Message, OutboxEntry
from bot.settings import Settings
from bot.store import Store
from bot.vault import Vault

HERE = Path(__file__).parent
UP_WITHIN = 40.0
KEYS = {"KUSKA_SECRET_KEYS": "k" * 40}


def free_port() -> int:
    """A port nobody listens on."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


class Served:
    """`kuska serve` as an operator starts it."""

    def __init__(self, env: Mapping[str, str], log: Path) -> None:
        self.url = f"http://127.0.0.1:{(port := free_port())}"
        self._log = log.open("ab")
        self.process = subprocess.Popen(  # noqa: S603 - our own console script
            [Path(sys.executable).with_name("kuska"), "serve", "--port", str(port)],
            env={**os.environ, **env},
            stdout=self._log,
            stderr=self._log,
            cwd=HERE.parent,
        )

    async def up(self) -> None:
        """Wait until it answers."""
        await up(self.url, self.process)

    def end(self, sign: signal.Signals) -> int:
        """Send a signal and wait until it is gone; its exit code."""
        if self.process.poll() is None:
            self.process.send_signal(sign)
        code = self.process.wait(20)
        self._log.close()
        return code


async def up(url: str, process: subprocess.Popen[Any]) -> None:
    """Ask until the service at `url` answers."""
    until = time.monotonic() + UP_WITHIN
    async with httpx.AsyncClient() as client:
        while time.monotonic() < until and process.poll() is None:
            try:
                assert (await client.get(f"{url}/healthz")).status_code == 200
                return
            except httpx.TransportError:
                await asyncio.sleep(0.02)  # another process: it has no other way to tell us
    raise AssertionError(f"the service did not start ({process.poll()})")


async def post(client: httpx.AsyncClient, url: str, channel: str, number: int, text: str) -> bool:
    """One message of a contact of its own; whether it was answered 2xx."""
    if channel == "telegram":
        path, body = "/webhooks/telegram", telegram_body("text", number, number, text=text)
        request = client.post(
            url + path, json=body, headers={"X-Telegram-Bot-Api-Secret-Token": SECRET}
        )
    else:
        path = "/webhooks/twilio"
        form = whatsapp_form(f"SM{number:032d}", f"whatsapp:+51{number:09d}", Body=text)
        raw, headers = signed(form, path)
        request = client.post(url + path, content=raw, headers=headers)
    try:
        return (await request).is_success
    except httpx.TransportError:
        return False


class Remains:
    """What a service left on disk, read with its keys while it does not run."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        settings = Settings.from_environment(env, folder)
        self.vault = Vault(settings.keys_url, lambda: settings.derive("vault"))
        self.store = Store(settings.database_url, self.vault.stock)

    def close(self) -> None:
        """Let the next service have the files."""
        self.store.close()
        self.vault.close()

    def said(self) -> list[str]:
        """Every stored text of hers, opened."""
        query = select(Message.id, Message.body_sealed, Conversation.contact_id).join(
            Conversation, Conversation.id == Message.conversation_id
        )
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return [
            self.vault.open(row.contact_id, "message.body", row.id, row.body_sealed).decode()
            for row in rows
        ]

    def replies(self, *status: str) -> list[str]:
        """The address of every reply in one of these states, or in any."""
        query = (
            select(Contact.id, Contact.address_sealed)
            .join(Conversation, Conversation.contact_id == Contact.id)
            .join(OutboxEntry, OutboxEntry.conversation_id == Conversation.id)
        )
        if status:
            query = query.where(OutboxEntry.status.in_(status))
        with self.store.read() as connection:
            rows = connection.execute(query).all()
        return [
            self.vault.open(row.id, "contact.address", row.id, row.address_sealed).decode()
            for row in rows
        ]

    def is_sound(self) -> bool:
        """Whether the database holds together."""
        with self.store.read() as connection:
            return bool(connection.exec_driver_sql("PRAGMA integrity_check").scalar() == "ok")
