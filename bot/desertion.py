"""Conversations are lost to silence: who does not answer loses the case to whoever can.

An urgent case waits 2 minutes for a counselor who is away or has not written yet, any other 10.
Away is whose page was not heard of; who is there and reads may take her time.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from sqlalchemy import Connection, func, select

from bot import counseling, handoffs
from bot.errors import KuskaError
from bot.house import House
from bot.models import Handoff, StaffSession

PATIENCE = {"urgent": timedelta(minutes=2)}
OTHERWISE = timedelta(minutes=10)


def take_back(house: House, connection: Connection, now: datetime) -> int:
    """Put what is left alone back into the queue and tell her; how many."""
    alone = list(_left_alone(connection, now))
    count = 0
    for handoff_id in alone:
        try:
            counseling.take_back(house, connection, handoff_id, "unanswered")
        except KuskaError:  # erased or closed a moment ago
            continue
        count += 1
    return count


def _left_alone(connection: Connection, now: datetime) -> Iterator[int]:
    heard = (
        select(StaffSession.staff_id, func.max(StaffSession.heard_at).label("at"))
        .group_by(StaffSession.staff_id)
        .subquery()
    )
    rows = connection.execute(
        select(Handoff.id, Handoff.status, Handoff.risk, Handoff.claimed_at, heard.c.at)
        .outerjoin(heard, heard.c.staff_id == Handoff.counselor_id)
        .where(Handoff.status.in_(handoffs.WITH_COUNSELOR), Handoff.claimed_at.is_not(None))
    )
    for row in rows:
        since = now - PATIENCE.get(row.risk, OTHERWISE)
        is_away = row.at is None or row.at <= since
        has_not_written = row.status == "claimed"
        if row.claimed_at <= since and (is_away or has_not_written):
            yield row.id
