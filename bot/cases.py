"""What counselors see of whom: the queue, and one case (SAFETY 20).

A nickname, the summary she approved, and what was written since she consented. No number, name,
chat id or earlier message comes out of here, because none goes in.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, NamedTuple

from sqlalchemy import Connection, Row, case, or_, select

from bot import handoffs
from bot.counseling import consent_id
from bot.errors import NoSuchContact
from bot.house import House
from bot.models import Contact, Conversation, Delivery, Handoff, HandoffChange, OutboxEntry, Staff
from bot.models import Message as StoredMessage
from bot.outbox import CLOSED, RANK
from bot.payload import unpack

WAITING = ("waiting", "transferred")
RISKS = ("urgent", "high", "normal")
SILENT = timedelta(minutes=10)
WHATSAPP_WINDOW = timedelta(hours=24)
LONGEST_TOPIC = 80
SIGNS = ("danger", "pocket_word", "do_not_write")
_UNSEEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of text, with which one text can be made to look like another."""
_CHOSEN = re.compile(r"\[\w+\.(?P<state>\w+\.\w+)\.(?P<key>\w+)\]")

By = Literal["her", "bot", "us", "note", "sign"]


@dataclass(frozen=True, slots=True)
class Waiting:
    """A row of the queue."""

    id: int
    nickname: str
    risk: str
    status: str
    channel: str
    language: str
    topic: str
    since: datetime
    due_at: datetime | None
    is_overdue: bool


class Held(NamedTuple):
    """A case in somebody's hands, as the supervisor sees it."""

    id: int
    nickname: str
    risk: str
    since: datetime
    counselor: str


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on the page of a case; of the same moment the greater `number` came later.

    `status` is its delivery's, `retry_id` names an entry that failed and may be tried again.
    """

    key: str
    number: int
    by: By
    text: str
    at: datetime
    status: str = ""
    error: str = ""
    retry_id: int | None = None


@dataclass(frozen=True, slots=True)
class Case:
    """A case as its counselor sees it. `window_ends_at` is WhatsApp's, after which nothing free
    can be written."""

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
    window_ends_at: datetime | None
    lines: Sequence[Line] = field(default=())


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


def held(connection: Connection) -> list[Held]:
    """Every case that a counselor has, for the supervisor: whose and since when, not what."""
    rows = connection.execute(
        select(Handoff.id, Handoff.nickname, Handoff.risk, Handoff.claimed_at, Staff.name)
        .join(Staff, Staff.id == Handoff.counselor_id)
        .where(Handoff.status.in_(handoffs.WITH_COUNSELOR))
        .order_by(Handoff.claimed_at)
    )
    return [
        Held(row.id, row.nickname or "", row.risk, row.claimed_at, row.name)
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
        lines = sorted(_lines(house, connection, row), key=lambda line: (line.at, line.number))
        summary = _summary(house, row)
    except NoSuchContact:
        return None
    ends_at = row.last_inbound_at + WHATSAPP_WINDOW if row.channel == "whatsapp" else None
    return Case(
        id=row.id,
        nickname=row.nickname or "",
        risk=row.risk,
        status=row.status,
        channel=row.channel,
        language=row.language or house.language,
        due_at=row.due_at,
        agreed=row.hours_ok or "never",
        summary=summary,
        is_shut=row.session in CLOSED,
        is_silent=now - row.last_inbound_at >= SILENT,
        has_knocked=row.knocked_at is not None and row.knocked_at >= row.last_inbound_at,
        window_ends_at=ends_at,
        lines=lines,
    )


def plain(text: str) -> str:
    """A text in which nothing turns the direction of reading."""
    return _UNSEEN.sub("\ufffd", text)


def _with_contact() -> Any:
    return (
        select(
            Handoff,
            Contact.channel,
            Contact.language,
            Conversation.status.label("session"),
            Conversation.last_inbound_at,
            Conversation.knocked_at,
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
        since=row.consented_at or row.opened_at,
        due_at=row.due_at,
        is_overdue=row.due_at is not None and row.due_at <= now,
    )


def _summary(house: House, row: Row[Any]) -> list[str]:
    if row.summary_sealed is None:
        return []
    opened = house.vault.open(row.contact_id, "handoff", row.id, row.summary_sealed)
    return [plain(line) for line in opened.decode().splitlines()]


def _lines(house: House, connection: Connection, row: Row[Any]) -> Iterator[Line]:
    since = connection.scalar(select(consent_id(row.id))) or 0
    yield from _written(house, connection, row, since)
    yield from _said(house, connection, row)
    yield from _signs(connection, row.id, since)


def _written(house: House, connection: Connection, row: Row[Any], since: int) -> Iterator[Line]:
    """Her messages since her consent, and the counselors' notes."""
    kept = connection.execute(
        select(StoredMessage)
        .where(StoredMessage.conversation_id == row.conversation_id, StoredMessage.id > since)
        .where(StoredMessage.body_sealed.is_not(None))
    )
    for one in kept:
        body = house.vault.open(row.contact_id, "message.body", one.id, one.body_sealed).decode()
        by: By = "note" if one.direction == "note" else "her"
        yield Line(f"m{one.id}", one.id, by, plain(_named(house, body)), one.created_at)


def _said(house: House, connection: Connection, row: Row[Any]) -> Iterator[Line]:
    """What counselors and the assistant said since then, with what became of it."""
    entries = connection.execute(
        select(OutboxEntry)
        .where(OutboxEntry.conversation_id == row.conversation_id)
        .where(OutboxEntry.created_at >= row.consented_at)
        .where(or_(OutboxEntry.payload_sealed.is_not(None), OutboxEntry.status == "void"))
    ).all()
    taken = _deliveries(connection, [entry.id for entry in entries])
    for entry in entries:
        is_ours = entry.cause == "counselor"
        status = taken.get(entry.id, entry.status) if entry.status == "sent" else entry.status
        failed = status == "failed"
        if entry.payload_sealed is None:  # voided: nothing of it is left, only that it was
            if is_ours:
                yield Line(f"o{entry.id}", entry.id, "us", "", entry.created_at, "void")
            continue
        packed = house.vault.open(row.contact_id, "outbox.payload", entry.id, entry.payload_sealed)
        for number, message in enumerate(unpack(packed)[0]):
            yield Line(
                f"o{entry.id}-{number}",
                entry.id,
                "us" if message.cause == "counselor" else "bot",
                plain(message.text),
                entry.created_at,
                status if is_ours else "",
                (entry.error_code or "") if failed else "",
                entry.id if failed and is_ours else None,
            )


def _deliveries(connection: Connection, entries: Sequence[int]) -> Mapping[int, str]:
    """The status that every message of an entry has reached."""
    reached: dict[int, str] = {}
    rows = connection.execute(
        select(Delivery.entry_id, Delivery.status).where(Delivery.entry_id.in_(entries))
    )
    for entry_id, status in rows:
        if entry_id is None:  # came before our record of the send
            continue
        lowest = min(reached.get(entry_id, "read"), status, key=lambda each: RANK[each])
        reached[entry_id] = "sent" if lowest == "sending" else lowest
    return reached


def _signs(connection: Connection, handoff_id: int, since: int) -> Iterator[Line]:
    """Steps and signs of the handoff, from the consent on."""
    changes = connection.execute(
        select(HandoffChange).where(
            HandoffChange.handoff_id == handoff_id, HandoffChange.id >= since
        )
    )
    for change in changes:
        is_sign = change.reason in SIGNS
        if is_sign or change.was != change.became:
            text = change.reason if is_sign else change.became
            yield Line(f"h{change.id}", change.id, "sign", text, change.changed_at)


def _named(house: House, body: str) -> str:
    """A choice she tapped, by its title; all else as it is."""
    tapped = _CHOSEN.fullmatch(body)
    if tapped is None or tapped["state"] not in house.flows.states:
        return body
    choice = house.flows.choices(tapped["state"]).get(tapped["key"])
    return body if choice is None else f"[{choice.title}]"
