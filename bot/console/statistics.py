"""Figures of whole weeks, for who supervises."""

from __future__ import annotations

from starlette.responses import Response

from bot import statistics
from bot.console.room import Room, Visit


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/statistics`."""
    now = room.now()
    return room.pages.page(
        "statistics.html",
        visit.member.language,
        visit=visit,
        weeks=await room.read(lambda connection: statistics.weeks(connection, now)),
        least=statistics.LEAST,
    )
