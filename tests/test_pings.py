"""Pings: only to who can come, never more than a number, a risk, a language and a link; a chat that
is called holds no conversation; what fails harms nobody's turn."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from unittest import mock

import pytest
import service as whole
from counselor import Counselor, hire
from doubles.smtp import MailServer, mail_server
from posting import PUBLIC_URL
from service import CHAT, Service, running
from sqlalchemy import insert, select, update
from storeroom import NOW, Room, in_memory
from test_console import ask, audit

from bot import calling, chores, pings
from bot.audit import Ledger
from bot.calling import Call
from bot.columns import new_id
from bot.errors import HandoffRefused
from bot.masters import Masters
from bot.models import Handoff, Ping, PingCode, Staff, StaffSession
from bot.pings import Pings

KEY = b"k" * 32
HERS = 777000999
"""The chat of a counselor."""
LINE = "Una persona espera · riesgo normal · español"


# -- who is called, and when --------------------------------------------------------------------


def pings_of(room: Room) -> Pings:
    """Addresses over a store."""
    masters, ledger = Masters(lambda: (KEY,)), Ledger(lambda: (KEY,))
    return Pings(masters, ledger, room.vault.index)


def employ(room: Room, number: int, *, hours: str = "", **session: Any) -> None:
    """A counselor who wants pings; with a page that is open when `session` says anything."""
    row = {"id": number, "name": f"n{number}", "role": "counselor", "created_at": NOW}
    row |= {"password_hash": "x", "hours": hours, "presence": session.pop("presence", "on")}
    room.do(lambda c: c.execute(insert(Staff).values(**row)))
    ping = {"staff_id": number, "kind": "mail", "address_sealed": b"", "pinged_at": None}
    ping |= {"address_index": str(number).encode()}
    room.do(lambda c: c.execute(insert(Ping).values(**ping)))
    if session:
        times = {"started_at": NOW, "active_at": NOW, "heard_at": NOW}
        page = {"token_hash": str(number).encode(), "staff_id": number}
        room.do(lambda c: c.execute(insert(StaffSession).values(**page, **times)))


def wait_for(room: Room, risk: str = "normal", address: str = "1") -> int:
    """Somebody waits; her handoff."""
    arrival = room.turn(address, channel="web")
    assert arrival is not None
    handoff_id = new_id()
    handoff = {"id": handoff_id, "contact_id": arrival.contact_id, "status": "waiting"}
    handoff |= {"risk": risk, "opened_at": NOW, "conversation_id": arrival.conversation_id}
    room.do(lambda c: c.execute(insert(Handoff).values(**handoff)))
    return handoff_id


def calls(room: Room, minutes: float = 0) -> list[Call]:
    """Who is called some minutes later, pages still open."""
    now = NOW + timedelta(minutes=minutes)
    room.do(lambda c: c.execute(update(StaffSession).values(heard_at=now, active_at=now)))
    found: list[Call] = room.do(calling.claim, now)
    return found


def test_who_is_called(room: Room) -> None:
    """On duty; or on shift with her page closed. Not at a pause, not full, not at home."""
    employ(room, 1, presence="on", page=True)
    employ(room, 2, presence="pause", hours="Mo 00:00-23:59", page=True)
    employ(room, 3, presence="off", hours="Mo 00:00-23:59")
    employ(room, 4, presence="on")
    employ(room, 5, presence="off", hours="We 00:00-23:59")
    wait_for(room)
    assert {call.staff_id for call in calls(room)} == {1, 3}


def test_nobody_is_called_for_nothing(room: Room) -> None:
    """Without pings, or while nobody waits, nothing is written either."""
    employ(room, 1, presence="on", page=True)
    assert calls(room) == []
    assert room.do(lambda c: c.scalar(select(Ping.pinged_at))) is None


def test_an_urgent_one_is_called_again(room: Room) -> None:
    """Every two minutes until somebody takes it; another once."""
    employ(room, 1, presence="on", page=True)
    normal, urgent = wait_for(room), wait_for(room, "urgent", "2")
    (first,) = calls(room)
    assert (first.people, first.risk) == (2, "urgent")
    assert calls(room, 1.5) == []
    (second,) = calls(room, 2)
    assert (second.people, second.risk) == (1, "urgent")
    taken = update(Handoff).where(Handoff.id == urgent).values(status="claimed")
    room.do(lambda c: c.execute(taken))
    assert calls(room, 6) == []
    back = update(Handoff).where(Handoff.id == normal).values(called_at=None)
    room.do(lambda c: c.execute(back))
    assert [call.risk for call in calls(room, 7)] == ["normal"]


def test_at_most_one_a_minute(room: Room) -> None:
    """Who came meanwhile is in the next one."""
    employ(room, 1, presence="on", page=True)
    wait_for(room)
    assert len(calls(room)) == 1
    wait_for(room, "high", "2")
    wait_for(room, "normal", "3")
    assert calls(room, 0.5) == []
    assert [(call.people, call.risk) for call in calls(room, 1)] == [(2, "high")]
    assert calls(room, 2) == []


def test_who_waited_before_her_shift_is_told(room: Room) -> None:
    """Called while nobody was there: whoever comes learns of it."""
    employ(room, 1, presence="off", page=True)
    wait_for(room)
    assert calls(room) == []
    room.do(lambda c: c.execute(update(Staff).values(presence="on")))
    assert len(calls(room, 60)) == 1


# -- addresses ----------------------------------------------------------------------------------


def test_an_address_is_sealed_and_goes(room: Room) -> None:
    """Nothing of it stands in the store; a code is good once, for ten minutes, for one way."""
    kept = pings_of(room)
    row = {"id": 1, "name": "Rosa", "role": "counselor", "created_at": NOW}
    room.do(lambda c: c.execute(insert(Staff).values(**row)))
    code = room.do(kept.offer, 1, "mail", "rosa@example.org", NOW)
    late = NOW + timedelta(minutes=10)
    for typed, at in (("AAAAA-AAAAA", NOW), (code, late), ("", NOW)):
        with pytest.raises(HandoffRefused, match="ping_code_wrong"):
            room.do(kept.confirm, 1, typed, at)
    with pytest.raises(HandoffRefused, match="ping_too_soon"):
        room.do(kept.offer, 1, "mail", "other@example.org", NOW)
    assert room.do(kept.meet, "5", f"avisos {code}", NOW) == pings.Answer(
        "ping_code_wrong", is_called=False
    )
    room.do(kept.confirm, 1, code.lower().replace("-", " "), NOW)
    (ping,) = room.rows(Ping)
    assert room.rows(PingCode) == []
    assert b"rosa@" not in bytes(ping.address_sealed) + bytes(ping.address_index)
    assert kept.address(1, ping.address_sealed) == "rosa@example.org"
    room.do(kept.drop, 1, NOW)
    assert room.rows(Ping) == []


@pytest.mark.parametrize(
    "typed", ["", "rosa", "rosa@", "@x.org", "a b@x.org", "a@x.org\nBcc: b@x.org", "á@x.org"]
)
def test_what_is_no_mailbox(typed: str) -> None:
    """Refused before anything is sent."""
    room = in_memory()
    with pytest.raises(HandoffRefused, match="ping_no_mailbox"):
        room.do(pings_of(room).offer, 1, "mail", typed, NOW)
    room.close()


# -- over the whole service ---------------------------------------------------------------------


@pytest.fixture
def mail() -> Iterator[MailServer]:
    """A mail server."""
    with mail_server() as server:
        yield server


@pytest.fixture
async def called(
    prepared: Path, tmp_path: Path, mail: MailServer, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[Service]:
    """The service with both ways connected, calling without a pause."""
    real = whole.settings
    connected = lambda *given: {**real(*given), "SMTP_URL": mail.url}  # noqa: E731
    monkeypatch.setattr(chores, "CALL_EVERY", 0.02)
    with mock.patch.object(whole, "settings", connected):
        async with running(prepared, tmp_path) as one:
            one.bot.double.chats.add(HERS)
            yield one


async def by_chat(service: Service, rosa: Counselor) -> str:
    """She lets the bot call her in her own chat; the code."""
    page = (await rosa.post("/console/pings", kind="telegram")).text
    code = re.findall(r"<code>avisos ([A-Z2-9-]{11})</code>", page)[0]
    await service.tell(f"avisos {code}", HERS)
    await service.until(lambda: "solo avisos" in "".join(service.shown(HERS)))
    return str(code)


async def test_a_ping_says_nothing_more(called: Service) -> None:
    """The whole of what Telegram and the mail server get; nothing of who waits."""
    rosa = await hire(called, "Rosa")
    await by_chat(called, rosa)
    await rosa.presence("on")
    await ask(called)
    called.clock.advance(minutes=1)
    await called.until(lambda: len(called.shown(HERS)) == 2)
    sent = next(each for each in reversed(called.bot.double.sent) if each["chat_id"] == HERS)
    assert sent["shown"] == f"{LINE}\n{PUBLIC_URL}/console"
    assert set(sent) == {
        "chat_id", "text", "parse_mode", "protect_content", "disable_notification",
        "link_preview_options", "shown", "message_id",
    }  # fmt: skip
    (nickname,) = called.ask("SELECT nickname FROM handoff")[0]
    assert nickname not in str(sent)
    assert str(CHAT) not in str(sent)
    assert (await rosa.post("/console/pings/off")).status_code == 303
    assert called.ask("SELECT count(*) FROM ping") == [(0,)]
    assert [action for action, _ in audit(called)][-2:] == ["pings_on", "pings_off"]


async def test_a_chat_that_is_called_holds_no_conversation(called: Service) -> None:
    """What she had there is erased, nothing is stored, a repeat says nothing, and danger is
    answered all the same; «quitar avisos» ends it."""
    await called.tell("hola", HERS)
    await called.settled()
    rosa = await hire(called, "Rosa")
    code = await by_chat(called, rosa)
    assert called.rows()["contact"] == 0
    await called.tell("me quiere matar ahora", HERS, update_id=880_000_001)
    await called.until(lambda: "recibe solo avisos" in "\n".join(called.shown(HERS)))
    assert "105" in called.shown(HERS)[-1]
    await called.tell("me quiere matar ahora", HERS, update_id=880_000_001)
    await called.tell("quitar avisos", HERS)
    await called.until(lambda: "Ya no recibirás" in called.shown(HERS)[-1])
    assert "\n".join(called.shown(HERS)).count("recibe solo avisos") == 1
    await called.tell(f"avisos {code}", HERS)
    await called.until(lambda: "no es el último" in called.shown(HERS)[-1])
    assert {name for name, count in called.rows().items() if count} == {"received_id"}


async def test_by_mail(called: Service, mail: MailServer) -> None:
    """Proved by a code; then the same line, under a subject that says nothing."""
    rosa = await hire(called, "Rosa")
    answer = await rosa.post("/console/pings", kind="mail", address="nobody")
    assert (answer.status_code, "no parece un correo" in answer.text) == (422, True)
    mail.refused.add("no@example.org")
    answer = await rosa.post("/console/pings", kind="mail", address="no@example.org")
    assert (answer.status_code, "no aceptó" in answer.text) == (502, True)
    called.clock.advance(minutes=2)
    await rosa.post("/console/pings", kind="mail", address="rosa@example.org")
    (to, first) = mail.letters.pop()
    code = re.findall(r"[A-Z2-9]{5}-[A-Z2-9]{5}", first.get_content())[0]
    assert (await rosa.post("/console/pings/confirm", code="x")).status_code == 422
    assert (await rosa.post("/console/pings/confirm", code=code)).status_code == 303
    await rosa.presence("on")
    await ask(called)
    called.clock.advance(minutes=1)
    await called.until(lambda: mail.letters)
    (to, ping) = mail.letters[0]
    assert (to, ping["From"], ping["Subject"]) == ("rosa@example.org", "kuska@ong.example", "Kuska")
    assert ping.get_content().splitlines() == [LINE, f"{PUBLIC_URL}/console"]
    named = {"From", "To", "Subject", "Date", "Message-ID", "Auto-Submitted"}
    assert {name for name in ping if not name.startswith(("Content-T", "MIME"))} == named


async def test_a_ping_that_fails_harms_no_turn(called: Service) -> None:
    """She is answered; the page tells the counselor; it is tried again later and arrives."""
    rosa = await hire(called, "Rosa")
    await by_chat(called, rosa)
    await rosa.presence("on")
    called.bot.double.blocked.add(HERS)
    case = await ask(called)
    called.clock.advance(minutes=1)
    await called.until(
        lambda: called.ask("SELECT count(*) FROM ping WHERE failed_at IS NOT NULL") == [(1,)]
    )
    assert "Te escribirá aquí" in "\n".join(called.shown())
    assert "El último aviso no llegó" in (await rosa.get("/console/pings")).text
    called.bot.double.blocked.clear()
    called.clock.advance(minutes=2, seconds=1)
    await rosa.get()
    await called.until(lambda: LINE in called.shown(HERS)[-1])
    assert (await rosa.post(f"/console/cases/{case}/claim")).status_code == 303


async def test_who_is_reset_is_called_no_more(called: Service) -> None:
    """Neither after a reset nor when she is off: the address goes with all that was hers."""
    admin, rosa = await hire(called, "Nora", "admin"), await hire(called, "Rosa")
    await by_chat(called, rosa)
    (number,) = called.ask("SELECT id FROM staff WHERE name = 'Rosa'")[0]
    assert (await admin.post(f"/console/staff/{number}/reset")).status_code == 200
    assert called.ask("SELECT count(*) FROM ping") == [(0,)]
