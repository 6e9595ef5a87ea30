"""Killed processes: what was answered 2xx is there, once, and its reply goes out."""

from __future__ import annotations

import asyncio
import os
import signal
import sqlite3
import subprocess
import sys
import time
from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import httpx
import pytest
from crashing_service import DIED
from doubles import bot_api, twilio_api
from doubles.serving import serve
from doubles.watched import Watched
from served import HERE, KEYS, Remains, Served, free_port, post, up
from service import settings

FIRST = 900_000_000
CLIENTS = 16
PATIENCE = 30.0


@dataclass
class Providers:
    """Both providers, and the environment of a service that talks to them."""

    telegram: Watched[bot_api.BotApi]
    twilio: Watched[twilio_api.TwilioApi]
    env: dict[str, str]
    folder: Path
    stirred: asyncio.Event

    def answered(self) -> Counter[str]:
        """How many messages each address was sent."""
        shown = Counter(str(each["chat_id"]) for each in self.telegram.double.sent)
        ours = (m["to"] for m in self.twilio.double.messages if m["direction"] != "inbound")
        return shown + Counter(ours)

    async def settled(self) -> None:
        """Wait until the service, another process, has nothing left to send."""
        waits = "SELECT count(*) FROM outbox WHERE status IN ('pending', 'sending')"
        until = time.monotonic() + PATIENCE
        with closing(sqlite3.connect(self.folder / "var" / "kuska.db")) as connection:
            while connection.execute(waits).fetchone() != (0,):
                assert time.monotonic() < until
                await asyncio.sleep(0.02)

    async def until(self, holds: Callable[[], bool]) -> None:
        """Wait for the providers to have been asked what is waited for."""

        async def watch() -> None:
            while not holds():
                self.stirred.clear()
                await self.stirred.wait()

        await asyncio.wait_for(watch(), PATIENCE)


@pytest.fixture
async def providers(tmp_path: Path) -> AsyncIterator[Providers]:
    """Providers that know every chat of these tests."""
    loop, stirred = asyncio.get_running_loop(), asyncio.Event()

    def stir() -> None:
        if not loop.is_closed():
            loop.call_soon_threadsafe(stirred.set)

    chats = set(range(FIRST, FIRST + 100_000))
    telegram = Watched(bot_api.BotApi(chats=chats), stir)
    twilio = Watched(twilio_api.TwilioApi(lambda: datetime.now(UTC)), stir)
    (tmp_path / "var").mkdir()
    with ExitStack() as stack:
        urls = [stack.enter_context(serve(each.handle)) for each in (telegram, twilio)]
        env = settings(tmp_path, *urls) | KEYS
        yield Providers(telegram, twilio, env, tmp_path, stirred)


def channel_of(number: int) -> str:
    return "telegram" if number % 2 else "whatsapp"


def address_of(number: int) -> str:
    return str(number) if number % 2 else f"whatsapp:+51{number:09d}"


async def load(
    url: str, numbers: range, promised: set[int], enough: int
) -> asyncio.Future[list[None]]:
    """Post from many sides until the service dies. Returns when `enough` more were promised; the
    rest goes on until what is returned is done."""
    enough += len(promised)
    waiting = iter(numbers)
    done = asyncio.Event()

    async def client() -> None:
        async with httpx.AsyncClient(timeout=10) as one:
            for number in waiting:
                if not await post(one, url, channel_of(number), number, f"turno {number}"):
                    return
                promised.add(number)
                if len(promised) >= enough:
                    done.set()

    clients = [asyncio.create_task(client()) for _ in range(CLIENTS)]
    await asyncio.wait_for(done.wait(), PATIENCE)
    return asyncio.gather(*clients)


async def survive(providers: Providers, kills: int, enough: int) -> None:
    """Kill under load, again and again; then everything promised is there once, and answered."""
    promised: set[int] = set()
    in_flight: set[str] = set()
    for round_ in range(kills):
        service = Served(providers.env, providers.folder / "log")
        await service.up()
        numbers = range(FIRST + round_ * 10_000, FIRST + (round_ + 1) * 10_000)
        posting = await load(service.url, numbers, promised, enough)
        assert service.end(signal.SIGKILL) == -signal.SIGKILL
        await posting
        remains = Remains(providers.env, providers.folder)
        texts = remains.said()
        assert {f"turno {number}" for number in promised} <= set(texts)
        assert len(texts) == len(set(texts)) == len(remains.replies())
        in_flight |= set(remains.replies("sending"))
        assert remains.is_sound()
        remains.close()
    service = Served(providers.env, providers.folder / "log")
    await service.up()
    async with httpx.AsyncClient(timeout=10) as client:
        for number in sorted(promised)[-50:]:
            assert await post(client, service.url, channel_of(number), number, f"turno {number}")
    await providers.until(
        lambda: {address_of(number) for number in promised} <= set(providers.answered())
    )
    assert service.end(signal.SIGTERM) in (0, -signal.SIGTERM)
    remains = Remains(providers.env, providers.folder)
    assert len(remains.said()) == len(texts)
    remains.close()
    repeated = {address for address, times in providers.answered().items() if times > 1}
    assert repeated <= {address for address in in_flight if not address.startswith("whatsapp:")}


async def test_killed_under_load(providers: Providers) -> None:
    """`kill -9` in the middle of load loses nothing that was answered 2xx, makes nothing twice
    after the providers repeat it, and every reply goes out; only a Telegram message whose answer
    was lost may come twice."""
    await survive(providers, kills=1, enough=100)


@pytest.mark.torture
async def test_killed_again_and_again(providers: Providers) -> None:
    """The same over ten kills."""
    await survive(providers, kills=10, enough=400)


STEPS = (
    "bot.records.is_repeat after",
    "bot.records.arrive after",
    "bot.records.keep_message after",
    "bot.carrying.carry_out after",
    "bot.outbox.enqueue after",
    "sqlalchemy.engine.default.DefaultDialect.do_commit before",
    "sqlalchemy.engine.default.DefaultDialect.do_commit after",
    "bot.dispatch.claim after",
    "bot.delivery._deliver before",
    "bot.channels.telegram.Telegram.send before",
    "bot.dispatch.record_sent before",
    "bot.dispatch.record_sent after",
)
SENT_TWICE = ("bot.dispatch.record_sent before", "bot.dispatch.record_sent after")
"""Telegram took it and the process died before that was durable: the one send that is repeated."""


async def test_dying_between_any_two_steps(providers: Providers) -> None:
    """Wherever the process dies, after the provider's repeat there is one turn and one reply; only
    where the provider's answer was lost does Telegram show it twice."""
    was = "-"
    with Host(providers) as host:
        limits = httpx.Limits(max_keepalive_connections=0)
        async with httpx.AsyncClient(timeout=10, limits=limits) as client:
            for number, step in enumerate((*STEPS, "-"), start=FIRST):
                pid = await host.begin(step, number)
                if number > FIRST:
                    before = number - 1
                    assert await post(client, host.url, "telegram", before, str(before)), was
                    await providers.settled()
                    expected = 2 if was in SENT_TWICE else 1
                    assert providers.answered()[str(before)] == expected, was
                if step != "-":
                    await post(client, host.url, "telegram", number, str(number))
                    assert host.ended() == DIED, step
                was = step
            os.kill(pid, signal.SIGKILL)
            assert host.ended() == -signal.SIGKILL
    remains = Remains(providers.env, providers.folder)
    assert sorted(remains.said()) == [str(FIRST + n) for n in range(len(STEPS))]
    assert len(remains.replies("sent")) == len(remains.replies()) == len(STEPS)
    remains.close()


class Host:
    """The process that forks services which die at a step."""

    def __init__(self, providers: Providers) -> None:
        port = free_port()
        self.url = f"http://127.0.0.1:{port}"
        self._process = subprocess.Popen(  # noqa: S603 - a script of ours
            [sys.executable, HERE / "crashing_service.py", providers.folder, str(port)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env={**os.environ, **providers.env, "PYTHONPATH": f"{HERE}:{HERE.parent}"},
        )

    def __enter__(self) -> Host:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.communicate(timeout=20)

    async def begin(self, step: str, text: object) -> int:
        """Fork a service that dies there when it hears the text; its process id."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{step} {text}\n")
        self._process.stdin.flush()
        pid = self.ended()
        await up(self.url, self._process)
        return pid

    def ended(self) -> int:
        """The next number that it tells: of a process begun, or the exit code of one ended."""
        assert self._process.stdout is not None
        return int(self._process.stdout.readline())
