"""Everybody's week: each counselor changes her own, a supervisor anybody's."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from bot import shifts
from bot.console.pages import LIMA
from bot.console.room import Room, Visit
from bot.errors import HandoffRefused, RejectedInbound
from bot.shifts import DAYS, Hours
from directory import schedules

HOLIDAYS_AHEAD = 62
"""Days whose public holidays the page names."""


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/shifts`: her own week; `?of=` somebody's for a supervisor."""
    asked = visit.request.query_params.get("of", str(visit.member.id))
    if asked != str(visit.member.id) and not visit.member.may("supervise"):
        return await room.refuse(visit, "refused", 403, "not_allowed", "shifts")
    return await _page(room, visit, asked)


async def plan(room: Room, visit: Visit) -> Response:
    """`POST /console/shifts`: the whole week of `member`; recorded."""
    who, me, now = visit.fields.get("member", ""), visit.member, room.now()
    if who != str(me.id) and not me.may("supervise"):
        return await room.refuse(visit, "refused", 403, "not_allowed", "shifts")
    typed = _typed(visit)

    def work(connection: Connection) -> None:
        known = {str(each.staff_id): each.staff_id for each in shifts.plans(connection, now)}
        if who not in known:
            raise RejectedInbound(404, "unreadable")
        shifts.plan(connection, known[who], typed)
        room.ledger.record(connection, me.id, "shifts", now, subject=who)

    try:
        await room.write(work)
    except HandoffRefused as refusal:
        return await _page(room, visit, who, 422, str(refusal), typed)
    return await _page(room, visit, who, 200, "shifts_saved")


def _typed(visit: Visit) -> Hours:
    """What stands in the form; a day with both fields empty is a day off."""
    fields = visit.fields
    pairs = {day: (fields.get(f"{day}_from", ""), fields.get(f"{day}_to", "")) for day in DAYS}
    return {day: pair for day, pair in pairs.items() if any(pair)}


async def _page(
    room: Room,
    visit: Visit,
    who: str,
    status: int = 200,
    notice: str = "",
    typed: Hours | None = None,
) -> Response:
    now = room.now()
    plans = await room.read(lambda connection: shifts.plans(connection, now))
    shown = next((each for each in plans if str(each.staff_id) == who), None)
    if shown is None:
        return room.say(visit.request, visit, 404, "unreadable")
    return room.pages.page(
        "shifts.html",
        visit.member.language,
        status,
        visit=visit,
        shown=shown,
        hours=shown.hours if typed is None else typed,
        plans=plans,
        days=DAYS,
        notice=notice,
        is_wrong=status != 200,
        holidays=schedules.holidays_within(now.astimezone(LIMA).date(), HOLIDAYS_AHEAD),
    )
