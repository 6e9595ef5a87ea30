"""Cases of hers that ended: listed while their texts exist, opened with a reason, and recorded."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from bot import archive
from bot.archive import REASONS
from bot.console.case import case_of
from bot.console.room import Room, Visit
from bot.errors import RejectedInbound
from bot.transcript import Line


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/closed`: which there are; nothing of what was said."""
    member = visit.member
    ended = await room.read(lambda connection: archive.ended_of(connection, member.id))
    return room.pages.page(
        "closed.html", member.language, visit=visit, ended=ended, reasons=REASONS
    )


async def open_again(room: Room, visit: Visit) -> Response:
    """`POST /console/closed/{id}`: to read it, once for each reason given (SAFETY 28)."""
    case_id, member, now = case_of(visit), visit.member, room.now()
    reason = visit.fields.get("reason", "")
    if reason not in REASONS:
        raise RejectedInbound(422, "choose_reason")
    if not await room.read(lambda connection: archive.is_hers(connection, case_id, member.id)):
        return await room.refuse(visit, "refused_closed", 403, "not_yours", str(case_id))

    def work(connection: Connection) -> list[Line] | None:
        found = archive.read(room.house, connection, case_id)
        if found is not None:
            room.ledger.record(
                connection, member.id, "open_closed", now, subject=str(case_id), reason=reason
            )
        return found

    lines = await room.write(work)
    if lines is None:
        return room.say(visit.request, visit, 410, "texts_gone")
    return room.pages.page(
        "reread.html", member.language, visit=visit, lines=lines, case_id=case_id, form=visit.form
    )
