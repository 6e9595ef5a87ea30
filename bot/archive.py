"""Cases that ended, while their texts still exist: to open one takes its counselor and a reason.

The texts go with the conversation (`retention`); what she wrote after the end is not in them.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Exists, select

from bot.errors import NoSuchContact
from bot.house import House
from bot.models import Contact, Conversation, Handoff, HandoffChange, OutboxEntry
from bot.transcript import Line, lines

ENDED = ("closed", "expired")
REASONS = ("follow_up", "continue", "complaint", "law")
"""Why a closed case may be opened; `case.reason_…` says it. A word is recorded, never a text."""


class Ended(NamedTuple):
    """A case that ended: `outcome` is how, as its counselor said."""

    id: int
    nickname: str
    closed_at: datetime
    outcome: str


def ended_of(connection: Connection, staff_id: int) -> Sequence[Ended]:
    """Hers, the latest first, of which a text is left."""
    rows = connection.execute(
        select(Handoff.id, Handoff.nickname, Handoff.closed_at, HandoffChange.reason)
        .join(HandoffChange, HandoffChange.handoff_id == Handoff.id)
        .where(Handoff.counselor_id == staff_id, Handoff.status.in_(ENDED))
        .where(HandoffChange.became.in_(ENDED), HandoffChange.was.not_in(ENDED))
        .where(_has_texts())
        .order_by(Handoff.closed_at.desc())
    )
    return [
        Ended(row.id, row.nickname or "", row.closed_at, row.reason or "")
        for row in rows
        if row.closed_at is not None
    ]


def is_hers(connection: Connection, handoff_id: int, staff_id: int) -> bool:
    """Whether this counselor ended the case."""
    found = select(Handoff.id).where(
        Handoff.id == handoff_id, Handoff.counselor_id == staff_id, Handoff.status.in_(ENDED)
    )
    return connection.scalar(found) is not None


def read(house: House, connection: Connection, handoff_id: int) -> list[Line] | None:
    """What was said from her consent to the end; None when nothing of it is left."""
    row = connection.execute(
        select(Handoff)
        .join(Contact, Contact.id == Handoff.contact_id)
        .where(Handoff.id == handoff_id, Handoff.status.in_(ENDED))
        .where(Handoff.consented_at.is_not(None), _has_texts())
    ).one_or_none()
    if row is None:
        return None
    try:
        return sorted(lines(house, connection, row), key=lambda line: (line.at, line.number))
    except NoSuchContact:
        return None


def _has_texts() -> Exists:
    return (
        select(OutboxEntry.id)
        .join(Conversation, Conversation.id == OutboxEntry.conversation_id)
        .where(Conversation.id == Handoff.conversation_id)
        .where(OutboxEntry.payload_sealed.is_not(None))
        .exists()
    )
