"""Where she wants to be called when somebody waits; off until she proves a chat or a mailbox."""

from __future__ import annotations

from typing import cast

from sqlalchemy import Connection
from starlette.responses import Response

from bot import pings
from bot.console.room import HOME, Room, Visit, go
from bot.errors import HandoffRefused, RejectedInbound, SendError
from bot.pings import Kind

PINGS = f"{HOME}/pings"


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/pings`."""
    return await _page(room, visit)


async def offer(room: Room, visit: Visit) -> Response:
    """`POST /console/pings`: a code, shown for a chat and mailed to a mailbox."""
    kind, now = visit.fields.get("kind", ""), room.now()
    if kind not in room.ways:
        raise RejectedInbound(422, "unreadable")
    address = visit.fields.get("address", "").strip() if kind == "mail" else ""

    def work(connection: Connection) -> str:
        return room.pings.offer(connection, visit.member.id, cast(Kind, kind), address, now)

    try:
        code = await room.write(work)
        if kind == "telegram":
            return await _page(room, visit, code=code)
        text = room.pages.words(visit.member.language)["ping_mail_code"].format(code=code)
        await room.ways["mail"](address, text, visit.member.language)
    except HandoffRefused as refusal:
        return await _page(room, visit, 422, wrong=str(refusal), typed=address)
    except SendError:
        return await _page(room, visit, 502, wrong="ping_mail_failed", typed=address)
    return await _page(room, visit, is_mailed=True)


async def confirm(room: Room, visit: Visit) -> Response:
    """`POST /console/pings/confirm`: the code that came by mail."""
    code, now = visit.fields.get("code", ""), room.now()

    def work(connection: Connection) -> None:
        room.pings.confirm(connection, visit.member.id, code, now)

    try:
        await room.write(work)
    except HandoffRefused as refusal:
        return await _page(room, visit, 422, wrong=str(refusal), is_mailed=True)
    return go(PINGS)


async def stop(room: Room, visit: Visit) -> Response:
    """`POST /console/pings/off`: she is called no more."""
    now = room.now()
    await room.write(lambda connection: room.pings.drop(connection, visit.member.id, now))
    return go(PINGS)


async def _page(
    room: Room,
    visit: Visit,
    status: int = 200,
    *,
    code: str = "",
    wrong: str = "",
    typed: str = "",
    is_mailed: bool = False,
) -> Response:
    standing = await room.read(lambda connection: pings.standing(connection, visit.member.id))
    return room.pages.page(
        "pings.html",
        visit.member.language,
        status,
        visit=visit,
        standing=standing,
        ways=room.ways,
        code=code,
        wrong=wrong,
        typed=typed,
        is_mailed=is_mailed,
    )
