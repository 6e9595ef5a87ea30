"""What a counselor marks of a case: an agreed safe word, that she may be under 18, a knock."""

from __future__ import annotations

from pathlib import Path

from markdown_it import MarkdownIt
from sqlalchemy import Connection
from starlette.responses import Response

from bot import counseling, safeword
from bot.console.case import do
from bot.console.room import Room, Visit

PROTOCOL = Path(__file__).parents[2] / "docs" / "minors.md"


async def agree_word(room: Room, visit: Visit) -> Response:
    """`POST …/word`: kept as a mark under her key; never shown again, not even here (SAFETY 22)."""
    word = visit.fields.get("word", "")

    def work(connection: Connection, case_id: int) -> None:
        safeword.agree(room.house, connection, case_id, visit.member.id, word)

    return await do(room, visit, work)


async def mark_minor(room: Room, visit: Visit) -> Response:
    """`POST …/minor`: in doubt, protect (SAFETY 12)."""

    def work(connection: Connection, case_id: int) -> None:
        counseling.mark_minor(connection, case_id, visit.member.id, room.now())

    return await do(room, visit, work)


async def knock(room: Room, visit: Visit) -> Response:
    """`POST …/knock`: the neutral message, where she agreed to it and to the hour (SAFETY 8)."""

    def work(connection: Connection, case_id: int) -> None:
        counseling.knock_now(room.house, connection, case_id, visit.member.id)

    return await do(room, visit, work)


async def protocol(room: Room, visit: Visit) -> Response:
    """`GET /console/minors`: the operator's protocol, as it stands in `docs/minors.md`."""
    text = PROTOCOL.read_text(encoding="utf-8")
    written = MarkdownIt("commonmark", {"html": False}).enable("table").render(text)
    return room.pages.page("protocol.html", visit.member.language, visit=visit, written=written)
