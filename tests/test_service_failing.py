"""What breaks inside: nothing is promised that is not stored, and she is never left alone."""

from __future__ import annotations

import asyncio
import logging
import sqlite3
import time
from typing import Any, cast

import httpx
import pytest
from doubles.bot_api import RefusedError
from posting import PUBLIC_URL, telegram_body, whatsapp_form
from service import CHAT, PHONE, Service

from bot import dispatch
from bot.engine import actions
from bot.engine.turn import Engine
from bot.errors import StoreUnavailable

URGENT = "auxilio me quiere matar"
LONG_DOWN = 11.0


class Outage:
    """A store that cannot commit, until it is `over`."""

    def __init__(self, service: Service, monkeypatch: pytest.MonkeyPatch, part: str) -> None:
        self._worker: Any = service.store.worker
        self._patch = monkeypatch
        error = sqlite3.OperationalError("database or disk is full")

        def fail(*_: object) -> None:
            raise error if part == "_connect" else StoreUnavailable("the keys do not answer")

        self._real = getattr(self._worker, part)
        self._part = part
        monkeypatch.setattr(self._worker, part, fail)

    def has_lasted(self, seconds: float) -> None:
        """As if it had begun so long ago."""
        self._worker.down_since = time.monotonic() - seconds

    def over(self) -> None:
        """The store commits again."""
        self._patch.setattr(self._worker, self._part, self._real)


async def all_doors(service: Service, text: str, number: int) -> list[httpx.Response]:
    """The same text by Telegram, by WhatsApp and on the page; and a status besides."""
    await service.client.get("/")
    return [
        await service.update(telegram_body("text", number, CHAT, text=text)),
        await service.form(whatsapp_form(f"SM{number:032d}", PHONE, Body=text)),
        await service.form(
            {"MessageSid": "SM9", "MessageStatus": "sent"}, "/webhooks/twilio/status"
        ),
        await service.client.post(
            "/web/messages", json={"text": text}, headers={"origin": PUBLIC_URL}
        ),
    ]


@pytest.mark.parametrize("part", ["_connect", "_prepare"])
async def test_a_store_that_is_down(
    service: Service, monkeypatch: pytest.MonkeyPatch, part: str
) -> None:
    """Database or keys gone: every door answers 503 and nothing is stored; before ten seconds even
    a cry for help waits for the provider's repeat; the page has the danger text at once."""
    outage = Outage(service, monkeypatch, part)
    answers = await all_doors(service, URGENT, 1)
    assert [answer.status_code for answer in answers] == [503] * 4
    page = answers[-1].json()
    assert "105" in page["messages"][0]["text"]
    assert page["error"]
    assert not any(service.rows().values())
    outage.over()
    answers = await all_doors(service, URGENT, 1)
    assert [answer.status_code for answer in answers] == [200, 200, 204, 200]
    await service.until(lambda: service.shown() and service.written())
    assert len(service.shown()) == len(service.written()) == 1


async def test_help_from_memory(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """After ten seconds without a store an urgent text is answered once from memory, on both
    channels; the provider still hears 503 and repeats; a text that can wait gets no answer."""
    outage = Outage(service, monkeypatch, "_connect")
    await all_doors(service, "hola", 1)
    outage.has_lasted(LONG_DOWN)
    for number in (2, 3):
        answers = await all_doors(service, "hola" if number == 2 else URGENT, number)
        assert {answer.status_code for answer in answers} == {503}
    await service.until(lambda: service.shown() and service.written())
    for _ in range(3):
        answers = await all_doors(service, URGENT, 3)
        assert {answer.status_code for answer in answers} == {503}
    assert len(service.shown()) == len(service.written()) == 1
    assert "105" in service.shown()[0]
    assert "105" in service.written()[0]
    assert not any(service.rows().values())
    metrics = await service.client.get("/metrics")
    assert "kuska_store_down_seconds 1" in metrics.text
    outage.over()
    await all_doors(service, URGENT, 3)
    assert service.rows()["message"] == 3


async def test_a_short_outage_stays_silent(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Within ten seconds nothing is said from memory: the repeat will make the turn."""
    outage = Outage(service, monkeypatch, "_connect")
    for seconds in (0.0, 5.0, 9.0):
        outage.has_lasted(seconds)
        await all_doors(service, URGENT, 1)
    assert service.bot.calls == []
    assert service.outgoing() == []


def explode(turn: Any) -> None:
    """An error that carries what she wrote, as errors do."""
    raise ZeroDivisionError(f"cannot work with {turn.event.text}")


def break_content(service: Service, monkeypatch: pytest.MonkeyPatch, *names: str) -> None:
    """Actions of the flows raise."""
    for name in names:
        monkeypatch.setitem(cast(dict[str, Any], actions.ALL), name, explode)
    service.house.engine = Engine(service.house.flows)


async def test_an_action_that_raises(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Her message and her place are kept, she gets an apology with numbers, the failure is counted
    without a text, and the next message works."""
    break_content(service, monkeypatch, "draft_summary")
    for text in ("hola", "si"):
        await service.tell(text)
        await service.settled()
    with caplog.at_level(logging.DEBUG):
        await service.tell("quiero hablar con alguien de confianza")
    service.clock.advance(seconds=2)
    await service.settled()
    assert "algo falló de mi lado" in service.shown()[-1]
    assert "105" in service.shown()[-1]
    assert service.ask("SELECT kind, times FROM incident") == [("turn_ZeroDivisionError", 1)]
    assert service.rows()["message"] == 3
    assert "ZeroDivisionError" in caplog.text
    assert "confianza" not in caplog.text
    await service.tell("mis derechos")
    service.clock.advance(seconds=2)
    await service.settled()
    assert "Elige un tema" in service.shown()[-1]


@pytest.mark.parametrize("text", ["hola", URGENT])
async def test_the_first_message_fails(
    service: Service, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    """Who never wrote before is answered too: neutrally, but a cry for help with the numbers."""
    break_content(service, monkeypatch, "remember_wish", "note_danger")
    await service.tell(text)
    await service.client.get("/")
    answer = await service.client.post(
        "/web/messages", json={"text": text}, headers={"origin": PUBLIC_URL}
    )
    (page,) = answer.json()["messages"]
    assert "is_over" not in answer.json()
    await service.settled()
    for shown in (*service.shown(), page["text"]):
        assert "algo falló" in shown
        assert ("105" in shown) == (text == URGENT)
    assert len(service.shown()) == 1


async def test_a_covered_chat_fails_in_disguise(
    service: Service, monkeypatch: pytest.MonkeyPatch
) -> None:
    """After the pocket word a failure shows nothing but a neutral sentence, and danger words still
    get the numbers."""
    for text in ("hola", "si", "privacidad", "Palabra de bolsillo", "mandarina", "mandarina"):
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()
    monkeypatch.setattr("bot.engine.turn.reprompt", explode)
    break_content(service, monkeypatch, "note_danger")
    for text, has_lines in (("mis derechos", False), (URGENT, True)):
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()
        assert "algo falló" in service.shown()[-1]
        assert ("105" in service.shown()[-1]) == has_lines


async def test_others_do_not_notice(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """In the same group turns of others are whole."""
    break_content(service, monkeypatch, "draft_summary")
    chats = range(CHAT, CHAT + 20)
    service.bot.double.chats |= set(chats)
    for text in ("hola", "si"):
        await asyncio.gather(*(service.tell(text, chat) for chat in chats))
    await asyncio.gather(
        *(
            service.tell("quiero hablar con alguien" if chat % 2 else "mis derechos", chat)
            for chat in chats
        )
    )
    await service.settled()
    for chat in chats:
        expected = "algo falló de mi lado" if chat % 2 else "Elige un tema"
        await service.until(lambda: expected in service.shown(chat)[-1])  # noqa: B023 - awaited here


async def test_a_provider_that_is_down(service: Service) -> None:
    """While Telegram cannot be reached or refuses, replies wait, and then all arrive in order."""
    service.bot.double.failures.extend(
        [httpx.ConnectError("no route"), RefusedError(502, "Bad Gateway"), RefusedError(500, "")]
    )
    for text in ("hola", "si"):
        await service.tell(text)
    for tries in range(1, 6):
        await service.wake()
        await service.until(lambda: len(service.bot.called("sendMessage")) >= tries)  # noqa: B023
        service.clock.advance(seconds=31)  # longer than these steps of waiting, not than a lease
    await service.settled()
    first, second = service.shown()
    assert "calma" in first
    assert "necesitas" in second


async def test_a_chat_that_blocked_us(service: Service) -> None:
    """Somebody who blocked the bot stops nobody else, and is not tried for ever."""
    service.bot.double.blocked.add(CHAT)
    service.bot.double.chats.add(CHAT + 1)
    await service.tell("hola")
    await service.tell("hola", CHAT + 1)
    await service.settled()
    assert len(service.shown(CHAT + 1)) == 1
    assert len(service.bot.called("sendMessage")) == 2
    assert service.ask("SELECT kind, times FROM incident") == [("undelivered", 1)]


async def test_work_that_ends_is_told(
    service: Service, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A mistake of ours in what runs beside the requests is logged by its class alone, and from
    then on the service does not call itself ready."""
    assert (await service.client.get("/readyz")).status_code == 200

    ended, told = asyncio.Event(), logging.Handler()
    told.emit = lambda record: ended.set()  # type: ignore[method-assign]  # only that it came
    logging.getLogger("kuska.chores").addHandler(told)

    def mistake(*_: object) -> None:
        raise LookupError(PHONE)

    monkeypatch.setattr(dispatch, "next_due", mistake)
    await service.wake()
    async with asyncio.timeout(10):
        await ended.wait()
    logging.getLogger("kuska.chores").removeHandler(told)
    assert "work has ended, restart the service: LookupError" in caplog.text
    assert PHONE not in caplog.text
    answer = await service.client.get("/readyz")
    assert (answer.status_code, answer.json()["work"]) == (503, False)
