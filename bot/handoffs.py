"""A person takes over: offered, waiting, claimed, live, transferred, closed, expired.

Every change is recorded. Who may do what (roles, own cases) is asked by the caller; here stands
what a handoff can become from what it is.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import cast

from sqlalchemy import Connection, func, insert, select, update

from bot.columns import new_id
from bot.engine.effects import OpenHandoff, Risk
from bot.errors import HandoffRefused
from bot.models import Conversation, Handoff, HandoffChange
from bot.vault import Vault

DUE = {"urgent": timedelta(hours=24), "high": timedelta(days=3), "normal": timedelta(weeks=1)}
"""Until when to follow up, by risk (003 Annex 2; routes §6)."""
EXPIRES_AFTER_DUE = timedelta(hours=48)
OPEN = ("offered", "waiting", "claimed", "live", "transferred")
WITH_COUNSELOR = ("claimed", "live")
NICKNAMES = (
    "Colibrí Retama Cantuta Quinua Totora Vicuña Molle Huarango Kiwicha Tumbo Achira Lúcuma Tara "
    "Ayahuma Garza Puya Ichu Mashua Olluco Capulí"
).split()
"""Birds and plants of Peru: a counselor has something to call her by that says nothing of her."""


@dataclass(frozen=True, slots=True)
class Standing:
    """An open handoff as its turn needs it."""

    id: int
    status: str
    risk: Risk
    due_at: datetime | None


def standing(connection: Connection, handoff_id: int | None) -> Standing | None:
    """The handoff if it is open."""
    if handoff_id is None:
        return None
    row = connection.execute(
        select(Handoff.id, Handoff.status, Handoff.risk, Handoff.due_at).where(
            Handoff.id == handoff_id
        )
    ).one_or_none()
    if row is None or row.status not in OPEN:
        return None
    return Standing(row.id, row.status, cast(Risk, row.risk), row.due_at)


def offer(
    connection: Connection, contact_id: int, conversation_id: int, risk: Risk, now: datetime
) -> int:
    """The approval card was shown; an offer that still stands is used again."""
    current = connection.scalar(
        select(Conversation.handoff_id).where(Conversation.id == conversation_id)
    )
    open_one = standing(connection, current)
    if open_one is not None:
        if open_one.status == "offered":
            connection.execute(update(Handoff).where(Handoff.id == open_one.id).values(risk=risk))
        return open_one.id
    handoff_id = new_id()
    connection.execute(
        insert(Handoff).values(
            id=handoff_id,
            contact_id=contact_id,
            conversation_id=conversation_id,
            status="offered",
            risk=risk,
            nickname=f"{secrets.choice(NICKNAMES)} {secrets.randbelow(90) + 10}",
            expires_at=now + EXPIRES_AFTER_DUE,
            opened_at=now,
        )
    )
    connection.execute(
        update(Conversation).where(Conversation.id == conversation_id).values(handoff_id=handoff_id)
    )
    _record(connection, handoff_id, None, "offered", now)
    return handoff_id


def send(
    connection: Connection,
    vault: Vault,
    contact_id: int,
    conversation_id: int,
    approved: OpenHandoff,
    now: datetime,
) -> int:
    """She approved the summary: the handoff waits. Sending twice changes only what she approved."""
    handoff_id = offer(connection, contact_id, conversation_id, approved.risk, now)
    due_at = now + DUE[approved.risk]
    lines = "\n".join(approved.summary).encode()
    was = connection.scalar(select(Handoff.status).where(Handoff.id == handoff_id))
    connection.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id)
        .values(
            status="waiting" if was == "offered" else was,
            risk=approved.risk,
            summary_sealed=vault.seal(contact_id, "handoff", handoff_id, lines),
            wording=approved.wording,
            consented_at=now,
            may_write_first=approved.writing_first != "never",
            hours_ok=approved.writing_first,
            due_at=due_at,
            expires_at=due_at + EXPIRES_AFTER_DUE,
        )
    )
    if was == "offered":
        _record(connection, handoff_id, was, "waiting", now)
    return handoff_id


def claim(connection: Connection, handoff_id: int, counselor_id: int, now: datetime) -> None:
    """One counselor takes it; of two at once the second is refused with `HandoffRefused`."""
    taken = connection.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.status.in_(("waiting", "transferred")))
        .values(status="claimed", counselor_id=counselor_id, claimed_at=now)
    )
    if taken.rowcount != 1:
        raise HandoffRefused("taken")
    _record(connection, handoff_id, "waiting", "claimed", now, by_id=counselor_id)


def begin(connection: Connection, handoff_id: int, counselor_id: int, now: datetime) -> bool:
    """The counselor writes for the first time: the handoff is live. True when it became so now."""
    require_owner(connection, handoff_id, counselor_id)
    begun = connection.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.status == "claimed")
        .values(status="live")
    )
    if begun.rowcount == 1:
        _record(connection, handoff_id, "claimed", "live", now, by_id=counselor_id)
    return begun.rowcount == 1


def transfer(
    connection: Connection, handoff_id: int, counselor_id: int, to: str | None, now: datetime
) -> None:
    """Back into the queue for another counselor or organization; only its owner may."""
    require_owner(connection, handoff_id, counselor_id)
    was = connection.scalar(select(Handoff.status).where(Handoff.id == handoff_id))
    connection.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id)
        .values(
            status="transferred",
            counselor_id=None,
            organization_id=to,
            called_at=None,
            draft_sealed=None,
        )
    )
    _record(connection, handoff_id, was, "transferred", now, by_id=counselor_id)


def take_back(
    connection: Connection, handoff_id: int, reason: str, now: datetime, by_id: int | None
) -> None:
    """Out of its counselor's hands into the queue; `HandoffRefused` when nobody has it."""
    was = connection.scalar(select(Handoff.status).where(Handoff.id == handoff_id))
    taken = connection.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id, Handoff.status.in_(WITH_COUNSELOR))
        .values(status="transferred", counselor_id=None, called_at=None, draft_sealed=None)
    )
    if taken.rowcount != 1:
        raise HandoffRefused("nobodys")
    _record(connection, handoff_id, was, "transferred", now, by_id=by_id, reason=reason)


def close(
    connection: Connection,
    handoff_id: int,
    reason: str,
    now: datetime,
    *,
    counselor_id: int | None = None,
    status: str = "closed",
) -> bool:
    """End it; False when it was over already. `counselor_id` must own it when given."""
    if counselor_id is not None:
        require_owner(connection, handoff_id, counselor_id)
    was = connection.scalar(select(Handoff.status).where(Handoff.id == handoff_id))
    if was not in OPEN:
        return False
    connection.execute(
        update(Handoff)
        .where(Handoff.id == handoff_id)
        .values(status=status, closed_at=now, summary_sealed=None, draft_sealed=None)
    )
    connection.execute(
        update(Conversation).where(Conversation.handoff_id == handoff_id).values(handoff_id=None)
    )
    _record(connection, handoff_id, was, status, now, by_id=counselor_id, reason=reason)
    return True


def alert(
    connection: Connection,
    handoff_id: int,
    sign: str,
    now: datetime,
    *,
    by_id: int | None = None,
    service_id: str | None = None,
) -> None:
    """A sign in the handoff's record, its status unchanged: from her (danger, pocket word, do not
    write) or from her counselor (`by_id`; `service_id` is where she was referred to)."""
    status = connection.scalar(select(Handoff.status).where(Handoff.id == handoff_id))
    if status in OPEN:
        _record(
            connection,
            handoff_id,
            status,
            str(status),
            now,
            by_id=by_id,
            reason=sign,
            service_id=service_id,
        )


def due_to_expire(connection: Connection, now: datetime) -> Sequence[tuple[int, str]]:
    """Handoffs whose time is over, with their status."""
    rows = connection.execute(
        select(Handoff.id, Handoff.status).where(
            Handoff.status.in_(("offered", "waiting", "transferred", "claimed")),
            Handoff.expires_at <= now,
        )
    )
    return [(row.id, row.status) for row in rows]


def count_waiting(connection: Connection) -> int:
    """How many wait to be claimed."""
    return (
        connection.scalar(
            select(func.count())
            .select_from(Handoff)
            .where(Handoff.status.in_(("waiting", "transferred")))
        )
        or 0
    )


def count_held(connection: Connection, counselor_id: int) -> int:
    """How many a counselor has now."""
    mine = Handoff.counselor_id == counselor_id
    held = select(func.count()).where(mine, Handoff.status.in_(WITH_COUNSELOR))
    return connection.scalar(held) or 0


def require_owner(connection: Connection, handoff_id: int, counselor_id: int) -> None:
    """Raise `HandoffRefused` unless this counselor has the case."""
    owner = connection.execute(
        select(Handoff.counselor_id, Handoff.status).where(Handoff.id == handoff_id)
    ).one_or_none()
    if owner is None or owner.counselor_id != counselor_id or owner.status not in WITH_COUNSELOR:
        raise HandoffRefused("no_longer_yours")


def _record(
    connection: Connection,
    handoff_id: int,
    was: str | None,
    became: str,
    now: datetime,
    *,
    by_id: int | None = None,
    reason: str | None = None,
    service_id: str | None = None,
) -> None:
    connection.execute(
        insert(HandoffChange).values(
            id=new_id(),
            handoff_id=handoff_id,
            was=was,
            became=became,
            by_id=by_id,
            reason=reason,
            service_id=service_id,
            changed_at=now,
        )
    )
