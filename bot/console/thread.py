"""One conversation: read it, write to her, note, try again. Only its counselor may."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from bot import cases, counseling, drafts, outbox, records
from bot.console.case import (
    LONGEST_REPLY,
    Desk,
    case_of,
    do,
    given,
    page,
    part,
    refuse_stranger,
    text_of,
)
from bot.console.queue import looking, stream
from bot.console.room import Room, Visit
from bot.errors import HandoffRefused, RejectedInbound


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/cases/{id}`: 403 and recorded when it is another's (SAFETY 28)."""
    case_id = case_of(visit)
    if (refusal := await refuse_stranger(room, visit, case_id)) is not None:
        return refusal
    return await page(room, visit, case_id, Desk())


async def events(room: Room, visit: Visit) -> Response:
    """`GET /console/cases/{id}/events`: its live part, until it is no longer hers."""
    case_id = case_of(visit)
    if (refusal := await refuse_stranger(room, visit, case_id)) is not None:
        return refusal

    def look(connection: Connection) -> str | None:
        if not cases.is_hers(connection, case_id, visit.member.id):
            return part(room, visit, None)
        return part(room, visit, cases.read(room.house, connection, case_id, room.now()))

    return stream(room, looking(room, visit, look))


async def reply(room: Room, visit: Visit) -> Response:
    """`POST …/reply`: once, however often the same form comes. Cards in it count as references."""
    text, once, services = text_of(visit), visit.fields.get("once", ""), given(visit)
    house, member = room.house, visit.member

    def work(connection: Connection, case_id: int) -> None:
        ref = drafts.reply_ref(house, member.id, once)
        if once and records.is_repeat(connection, ref, house.clock()):
            return
        counseling.reply(house, connection, case_id, member.id, text)
        drafts.drop(connection, case_id)
        for service_id in services:
            counseling.refer(house, connection, case_id, member.id, service_id)

    return await do(room, visit, work)


async def draft(room: Room, visit: Visit) -> Response:
    """`POST …/draft`: what is typed is kept while she types."""
    text, once = visit.fields.get("text", ""), visit.fields.get("once", "")
    if len(text) > LONGEST_REPLY:
        raise RejectedInbound(422, "too_long")

    def work(connection: Connection, case_id: int) -> None:
        drafts.keep(room.house, connection, case_id, visit.member.id, text, once)

    return await do(room, visit, work)


async def note(room: Room, visit: Visit) -> Response:
    """`POST …/note`: for colleagues only; she never sees it."""
    text = text_of(visit)

    def work(connection: Connection, case_id: int) -> None:
        counseling.note(room.house, connection, case_id, visit.member.id, text)

    return await do(room, visit, work)


async def retry(room: Room, visit: Visit) -> Response:
    """`POST …/retry`: a reply that the provider did not take goes again."""
    entry = visit.fields.get("entry", "")
    if not (entry.isascii() and entry.isdigit() and len(entry) <= 19):
        raise RejectedInbound(422, "unreadable")

    def work(connection: Connection, case_id: int) -> None:
        if not outbox.retry(connection, int(entry), case_id, room.now()):
            raise HandoffRefused("no_retry")

    return await do(room, visit, work)
