"""How a conversation leaves its counselor: to a colleague, to an organization, or closed."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import Response

from bot import counseling, duty
from bot.console.case import OUTCOMES, do
from bot.console.room import HOME, Room, Visit
from bot.errors import RejectedInbound

QUEUE = "queue"


async def transfer(room: Room, visit: Visit) -> Response:
    """`POST …/transfer`: to a colleague who is on duty, or to whoever is free."""
    to, member, now = visit.fields.get("to", ""), visit.member, room.now()

    def work(connection: Connection, case_id: int) -> None:
        if to == QUEUE:
            counseling.transfer(room.house, connection, case_id, member.id, None)
        else:
            to_id = duty.colleague(connection, to, now)
            counseling.hand_to(room.house, connection, case_id, member.id, to_id)
        room.ledger.record(connection, member.id, "transfer", now, subject=str(case_id))

    return await do(room, visit, work, then=HOME)


async def move(room: Room, visit: Visit) -> Response:
    """`POST …/move`: to an organization she was told of, with her consent; the case closes here."""
    service_id, member, now = visit.fields.get("service", ""), visit.member, room.now()
    if visit.fields.get("consent") != "yes":
        raise RejectedInbound(422, "needs_consent")

    def work(connection: Connection, case_id: int) -> None:
        counseling.move(room.house, connection, case_id, member.id, service_id)
        room.ledger.record(
            connection,
            member.id,
            "move",
            now,
            subject=str(case_id),
            reason=f"{service_id} · consent",
        )

    return await do(room, visit, work, then=HOME)


async def close(room: Room, visit: Visit) -> Response:
    """`POST …/close`: with its outcome; the assistant answers her again, and says so."""
    outcome, member, now = visit.fields.get("outcome", ""), visit.member, room.now()
    if outcome not in OUTCOMES:
        raise RejectedInbound(422, "choose_outcome")

    def work(connection: Connection, case_id: int) -> None:
        counseling.close(room.house, connection, case_id, member.id, outcome)
        room.ledger.record(connection, member.id, "close", now, subject=str(case_id))

    return await do(room, visit, work, then=HOME)
