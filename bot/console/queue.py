"""The first page: her presence, her cases, who waits, who else is here."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta

from sqlalchemy import Connection
from starlette.responses import Response, StreamingResponse

from bot import cases, counseling, duty, rest, shifts, signin
from bot.console.case import case_of
from bot.console.live import Look
from bot.console.pages import HEADERS
from bot.console.room import HOME, Room, Visit, go
from bot.duty import PRESENCES
from bot.errors import RejectedInbound

QUEUE = "queue"
CALL_AGAIN = timedelta(minutes=2)
"""An urgent one that nobody takes rings on every open page again (SAFETY 21)."""
HEAR_EVERY = timedelta(seconds=30)
"""How often an open page is written down as heard of; well within `duty.HEARD_WITHIN`."""


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console`: the queue; who may not counsel is shown where her work is."""
    if not visit.member.may("counsel"):
        return room.pages.page("elsewhere.html", visit.member.language, visit=visit)
    part = await room.read(lambda connection: _part(room, visit, connection))
    return room.pages.page("queue.html", visit.member.language, visit=visit, part=part)


async def events(room: Room, visit: Visit) -> Response:
    """`GET /console/events`: the queue as it is, again whenever it changed."""
    return stream(room, looking(room, visit, lambda connection: _part(room, visit, connection)))


async def claim(room: Room, visit: Visit) -> Response:
    """`POST /console/cases/{id}/claim`: of two at once one has it, the other is told."""
    case_id, member, now = case_of(visit), visit.member, room.now()

    def work(connection: Connection) -> None:
        counseling.claim(room.house, connection, case_id, member.id)
        room.ledger.record(connection, member.id, "claim", now, subject=str(case_id))

    await room.write(work)
    return go(f"{HOME}/cases/{case_id}")


async def take_back(room: Room, visit: Visit) -> Response:
    """`POST /console/cases/{id}/release`: a supervisor puts somebody's case back into the queue,
    or gives it to a colleague who is on duty."""
    case_id, member, now = case_of(visit), visit.member, room.now()
    to = visit.fields.get("to", QUEUE)

    def work(connection: Connection) -> None:
        if to == QUEUE:
            counseling.take_back(room.house, connection, case_id, "reassigned", member.id)
        else:
            to_id = duty.colleague(connection, to, now)
            counseling.reassign(room.house, connection, case_id, to_id, member.id)
        room.ledger.record(connection, member.id, "take_back", now, subject=str(case_id))

    await room.write(work)
    return go(HOME)


async def set_presence(room: Room, visit: Visit) -> Response:
    """`POST /console/presence`: on duty, busy, pause, off."""
    presence = visit.fields.get("presence", "")
    if presence not in PRESENCES:
        raise RejectedInbound(422, "unreadable")
    me, now = visit.member.id, room.now()
    await room.write(lambda connection: duty.set_presence(connection, me, presence, now))
    return go(HOME)


async def here(room: Room, visit: Visit) -> Response:
    """`POST /console/here`: her page says that she is at it; the door has taken note of it."""
    return Response(status_code=204, headers=HEADERS)


def looking(room: Room, visit: Visit, part: Callable[[Connection], str | None]) -> Look:
    """A look of a stream: its part while she is signed in; her page counts as heard of."""
    heard_at = room.now() - HEAR_EVERY

    def read(connection: Connection) -> str | None:
        if signin.member_of(connection, visit.token, room.now()) is None:
            return None
        return part(connection)

    async def look() -> str | None:
        nonlocal heard_at
        now = room.now()
        if now - heard_at >= HEAR_EVERY:
            heard_at = now
            await room.write(
                lambda connection: signin.touch(connection, visit.token, now, is_active=False)
            )
        return await room.read(read)

    return look


def stream(room: Room, look: Look) -> Response:
    """Server-sent events of a look."""
    headers = {**HEADERS, "X-Accel-Buffering": "no"}
    return StreamingResponse(
        room.live.follow(look), media_type="text/event-stream", headers=headers
    )


def _part(room: Room, visit: Visit, connection: Connection) -> str:
    house, now, member = room.house, room.now(), visit.member
    colleagues, plans = duty.colleagues(connection, now), shifts.plans(connection, now)
    here = {one.id for one in colleagues}
    waiting = cases.queue(house, connection, now)
    urgent = [one for one in waiting if one.risk == "urgent"]
    return room.pages.render(
        "queue_part.html",
        member.language,
        form=visit.form,
        waiting=waiting,
        calls=sum((now - one.since) // CALL_AGAIN for one in urgent),
        mine=cases.held_by(house, connection, member.id, now),
        presence=duty.presence_of(connection, member.id),
        needs_rest=rest.is_due(connection, member.id, now),
        colleagues=colleagues,
        absent=[one for one in plans if one.is_now and one.staff_id not in here],
        next_shift_at=shifts.next_at(connection, now),
        held=cases.held(connection, now) if member.may("supervise") else None,
    )
