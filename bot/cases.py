"""What counselors see of whom: the queue, and one case (SAFETY 20).

A nickname, the summary she approved, and what was written since she consented. No number, name,
chat id or earlier message comes out of here, because none goes in.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from sqlalchemy import Connection, Row, case, select

from bot import drafts, handoffs, shortlist
from bot.counseling import MAYBE_MINOR, REFERENCE, may_knock
from bot.errors import NoSuchContact
from bot.house import House
from bot.models import Contact, Conversation, Handoff, HandoffChange, Staff
from bot.outbox import CLOSED
from bot.transcript import Line, plain
from bot.transcript import lines as lines_of
from directory.places import Place

WAITING = ("waiting", "transferred")
RISKS = ("urgent", "high", "normal")
SILENT = timedelta(minutes=10)
WHATSAPP_WINDOW = timedelta(hours=24)
LONGEST_TOPIC = 80


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the queue; `reason` is why it came back, if it did."""

    id: int
    nickname: str
    risk: str
    status: str
    channel: str
    language: str
    topic: str
    is_maybe_minor: bool
    since: datetime
    due_at: datetime | None
    is_overdue: bool
    reason: str | None


class Held(NamedTuple):
    """A case in somebody's hands, as the supervisor sees it."""

    id: int
    nickname: str
    risk: str
    since: datetime
    is_overdue: bool
    counselor_id: int
    counselor: str


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its counselor sees it.

    `window_ends_at` is WhatsApp's, after which nothing free can be written. `place` is where she
    approved to be told that she is. `references` are services she was told of: id and name.
    """

    id: int
    nickname: str
    risk: str
    status: str
    channel: str
    language: str
    due_at: datetime | None
    agreed: str
    summary: Sequence[str]
    is_shut: bool
    is_silent: bool
    has_knocked: bool
    may_knock: bool
    window_ends_at: datetime | None
    lines: Sequence[Line] = field(default=())
    draft: str = ""
    place: Place | None = None
    is_maybe_minor: bool = False
    has_safe_word: bool = False
    references: Sequence[tuple[str, str]] = ()


def queue(house: House, connection: Connection, now: datetime) -> list[Waiting]:
    """Who waits: the greatest risk first, then what is due first."""
    rank = case(
        *((Handoff.risk == name, number) for number, name in enumerate(RISKS)), else_=len(RISKS)
    )
    rows = connection.execute(
        _with_contact().where(Handoff.status.in_(WAITING)).order_by(rank, Handoff.due_at)
    )
    return [each for row in rows if (each := _waiting(house, row, now)) is not None]


def held_by(house: House, connection: Connection, staff_id: int, now: datetime) -> list[Waiting]:
    """The cases of one counselor, in the same order of risk."""
    rows = connection.execute(
        _with_contact()
        .where(Handoff.counselor_id == staff_id, Handoff.status.in_(handoffs.WITH_COUNSELOR))
        .order_by(Handoff.due_at)
    )
    return [each for row in rows if (each := _waiting(house, row, now)) is not None]


def held(connection: Connection, now: datetime) -> list[Held]:
    """Every case that a counselor has, for the supervisor: whose and since when, not what."""
    rows = connection.execute(
        select(Handoff, Staff.name)
        .join(Staff, Staff.id == Handoff.counselor_id)
        .where(Handoff.status.in_(handoffs.WITH_COUNSELOR))
        .order_by(Handoff.claimed_at)
    )
    return [
        Held(
            row.id,
            row.nickname or "",
            row.risk,
            row.claimed_at,
            row.due_at is not None and row.due_at <= now,
            row.counselor_id,
            row.name,
        )
        for row in rows
        if row.claimed_at is not None
    ]


def is_hers(connection: Connection, handoff_id: int, staff_id: int) -> bool:
    """Whether this counselor has the case now."""
    owner = connection.execute(
        select(Handoff.counselor_id, Handoff.status).where(Handoff.id == handoff_id)
    ).one_or_none()
    return (
        owner is not None
        and owner.counselor_id == staff_id
        and owner.status in handoffs.WITH_COUNSELOR
    )


def read(house: House, connection: Connection, handoff_id: int, now: datetime) -> Case | None:
    """The case with everything written since she consented; None when she erased or it is over."""
    row = connection.execute(
        _with_contact().where(Handoff.id == handoff_id, Handoff.status.in_(handoffs.OPEN))
    ).one_or_none()
    if row is None or row.consented_at is None:
        return None
    try:
        lines = sorted(lines_of(house, connection, row), key=lambda line: (line.at, line.number))
        summary = _summary(house, row)
        draft = drafts.read(house, row.contact_id, row.id, row.draft_sealed)
    except NoSuchContact:
        return None
    ends_at = row.last_inbound_at + WHATSAPP_WINDOW if row.channel == "whatsapp" else None
    language = row.language or house.language
    return Case(
        id=row.id,
        nickname=row.nickname or "",
        risk=row.risk,
        status=row.status,
        channel=row.channel,
        language=language,
        due_at=row.due_at,
        agreed=row.hours_ok or "never",
        summary=summary,
        is_shut=row.session in CLOSED,
        is_silent=now - row.last_inbound_at >= SILENT,
        has_knocked=row.knocked_at is not None and row.knocked_at >= row.last_inbound_at,
        may_knock=may_knock(row.hours_ok or "never", now),
        window_ends_at=ends_at,
        lines=lines,
        draft=draft,
        place=shortlist.approved_place(house, language, summary),
        is_maybe_minor=_tells_minor(house, summary)
        or any(line.text == MAYBE_MINOR for line in lines if line.by == "sign"),
        has_safe_word=row.safe_word_mark is not None,
        references=_references(house, connection, row.id),
    )


def _with_contact() -> Any:
    last_reason = (
        select(HandoffChange.reason)
        .where(HandoffChange.handoff_id == Handoff.id, HandoffChange.became == "transferred")
        .order_by(HandoffChange.id.desc())
        .limit(1)
        .scalar_subquery()
    )
    return (
        select(
            Handoff,
            Contact.channel,
            Contact.language,
            Conversation.status.label("session"),
            Conversation.last_inbound_at,
            Conversation.knocked_at,
            last_reason.label("reason"),
        )
        .join(Contact, Contact.id == Handoff.contact_id)
        .join(Conversation, Conversation.id == Handoff.conversation_id)
    )


def _waiting(house: House, row: Row[Any], now: datetime) -> Waiting | None:
    try:
        summary = _summary(house, row)
    except NoSuchContact:
        return None
    return Waiting(
        id=row.id,
        nickname=row.nickname or "",
        risk=row.risk,
        status=row.status,
        channel=row.channel,
        language=row.language or house.language,
        topic=summary[0][:LONGEST_TOPIC] if summary else "",
        is_maybe_minor=_tells_minor(house, summary),
        since=row.consented_at or row.opened_at,
        due_at=row.due_at,
        is_overdue=row.due_at is not None and row.due_at <= now,
        reason=row.reason if row.status == "transferred" else None,
    )


def _tells_minor(house: House, summary: Sequence[str]) -> bool:
    """Whether she approved to be told of that she may be under 18 (SAFETY 12 and 19)."""
    said = {house.phrase(language, "handoff.maybe_minor") for language in house.catalogues.titles}
    return not said.isdisjoint(summary)


def _references(house: House, connection: Connection, handoff_id: int) -> Sequence[tuple[str, str]]:
    """Services she was told of, each once, the latest first."""
    given = connection.scalars(
        select(HandoffChange.service_id)
        .where(HandoffChange.handoff_id == handoff_id, HandoffChange.reason == REFERENCE)
        .order_by(HandoffChange.id.desc())
    )
    ids = dict.fromkeys(each for each in given if each is not None)
    return [(each, shortlist.name_of(house, each)) for each in ids]


def _summary(house: House, row: Row[Any]) -> list[str]:
    if row.summary_sealed is None:
        return []
    opened = house.vault.open(row.contact_id, "handoff", row.id, row.summary_sealed)
    return [plain(line) for line in opened.decode().splitlines()]
