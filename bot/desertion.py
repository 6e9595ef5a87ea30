"""Conversations are lost to silence: who does not answer loses the case to whoever can.

An urgent case waits 2 minutes, any other 10, for a counselor who has not written yet, whose page is
closed, who no longer counsels, or who does nothing while the contact waits for an answer. Who is
there and reads may take her time. Who lost one with her page open is no longer said to be there.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, func, select, update

from bot import counseling, handoffs
from bot.errors import KuskaError
from bot.house import House
from bot.models import Conversation, Handoff, OutboxEntry, Staff, StaffSession
from bot.outbox import CLOSED
from bot.staff import RIGHTS

PATIENCE = {"urgent": timedelta(minutes=2)}
OTHERWISE = timedelta(minutes=10)


class _Alone(NamedTuple):
    handoff_id: int
    counselor_id: int
    is_idle: bool


def take_back(house: House, connection: Connection, now: datetime) -> int:
    """Put what is left alone back into the queue and tell her; how many."""
    count = 0
    for alone in list(_left_alone(connection, now)):
        if alone.is_idle:  # before she is told who is there
            switch = update(Staff).where(Staff.id == alone.counselor_id, Staff.presence == "on")
            connection.execute(switch.values(presence="pause", presence_at=now))
        try:
            counseling.take_back(house, connection, alone.handoff_id, "unanswered")
        except KuskaError:  # erased or closed a moment ago
            continue
        count += 1
    return count


def _left_alone(connection: Connection, now: datetime) -> Iterator[_Alone]:
    session = (
        select(
            StaffSession.staff_id,
            func.max(StaffSession.heard_at).label("heard_at"),
            func.max(StaffSession.active_at).label("active_at"),
        )
        .group_by(StaffSession.staff_id)
        .subquery()
    )
    answered = (
        select(func.max(OutboxEntry.created_at))
        .where(OutboxEntry.conversation_id == Handoff.conversation_id)
        .where(OutboxEntry.cause == "counselor")
        .scalar_subquery()
    )
    rows = connection.execute(
        select(
            Handoff.id,
            Handoff.status,
            Handoff.risk,
            Handoff.claimed_at,
            Handoff.counselor_id,
            Staff.role,
            Staff.is_active,
            Conversation.status.label("session"),
            Conversation.last_inbound_at,
            session.c.heard_at,
            session.c.active_at,
            answered.label("answered_at"),
        )
        .join(Staff, Staff.id == Handoff.counselor_id)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
        .outerjoin(session, session.c.staff_id == Handoff.counselor_id)
        .where(Handoff.status.in_(handoffs.WITH_COUNSELOR), Handoff.claimed_at.is_not(None))
    )
    for row in rows:
        since = now - PATIENCE.get(row.risk, OTHERWISE)
        is_away = row.heard_at is None or row.heard_at <= since
        is_gone = not row.is_active or row.role not in RIGHTS["counsel"]
        is_idle = row.active_at is None or row.active_at <= since
        has_not_written = row.status == "claimed"
        is_unanswered = is_idle and _waits_since(row) <= since
        if row.claimed_at <= since and (is_away or is_gone or has_not_written or is_unanswered):
            yield _Alone(row.id, row.counselor_id, is_idle)


def _waits_since(row: Row[Any]) -> datetime:
    """Since when the contact waits for an answer; the end of time when she does not."""
    last = row.last_inbound_at
    is_waiting = last > (row.answered_at or row.claimed_at) and row.session not in CLOSED
    return last if is_waiting else datetime.max.replace(tzinfo=last.tzinfo)
