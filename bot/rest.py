"""Counselors are people: after heavy cases a pause is suggested (SAFETY 23)."""

from __future__ import annotations

from datetime import datetime, timedelta

from sqlalchemy import Connection, select

from bot.models import Handoff, HandoffChange, Staff

IN_A_ROW = 3
LATELY = timedelta(hours=3)
"""What she closed longer ago no longer weighs."""


def is_due(connection: Connection, staff_id: int, now: datetime) -> bool:
    """She closed an urgent case, or three of any, since she last turned her switch."""
    turned_at = connection.scalar(select(Staff.presence_at).where(Staff.id == staff_id))
    since = max(turned_at or now - LATELY, now - LATELY)
    risks = connection.scalars(
        select(Handoff.risk)
        .join(HandoffChange, HandoffChange.handoff_id == Handoff.id)
        .where(HandoffChange.by_id == staff_id, HandoffChange.became == "closed")
        .where(HandoffChange.was.in_(("claimed", "live")), HandoffChange.changed_at > since)
    ).all()
    return "urgent" in risks or len(risks) >= IN_A_ROW
