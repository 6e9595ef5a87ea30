"""What was said in a case since she consented, line by line: hers, ours, notes and signs."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Literal

from sqlalchemy import Connection, Row, func, or_, select

from bot import safeword, shortlist
from bot.counseling import MAYBE_MINOR, MOVED, REFERENCE, consent_id
from bot.house import House
from bot.models import Delivery, HandoffChange, OutboxEntry
from bot.models import Message as StoredMessage
from bot.outbox import RANK
from bot.payload import unpack
from bot.refusals import why
from bot.safeword import Ear

SIGNS = ("danger", "pocket_word", "do_not_write", MAYBE_MINOR, REFERENCE, MOVED, safeword.SIGN)
_UNSEEN = re.compile("[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]")
"""Marks that turn the direction of text, with which one text can be made to look like another."""
_CHOSEN = re.compile(r"\[\w+\.(?P<state>\w+\.\w+)\.(?P<key>\w+)\]")

By = Literal["her", "bot", "us", "note", "sign"]


@dataclass(frozen=True, slots=True)
class Line:
    """One thing on the page of a case; of the same moment the greater `number` came later.

    `status` is its delivery's, `error` why it failed (`refusals`), `retry_id` names an entry that
    may be tried again. `is_match` says of hers whether the safe word was in it, None before one was
    agreed; `about` names the service of a reference.
    """

    key: str
    number: int
    by: By
    text: str
    at: datetime
    status: str = ""
    error: str = ""
    retry_id: int | None = None
    is_match: bool | None = None
    about: str = ""


def lines(house: House, connection: Connection, row: Row[Any]) -> Iterator[Line]:
    """Everything from her consent to the case's end, in no order; her safe word is covered."""
    since = connection.scalar(select(consent_id(row.id))) or 0
    agreed = connection.scalar(
        select(func.max(HandoffChange.id)).where(
            HandoffChange.handoff_id == row.id, HandoffChange.reason == safeword.SIGN
        )
    )
    ear = Ear(house.vault, row.contact_id, row.safe_word_mark)
    for line in _all(house, connection, row, since):
        if row.closed_at is not None and line.at > row.closed_at:
            continue  # what she does after it is the assistant's again
        text, is_match = ear.cover(line.text)
        is_later = line.by == "her" and agreed is not None and line.number > agreed
        yield replace(line, text=text, is_match=is_match if is_later else None)


def _all(house: House, connection: Connection, row: Row[Any], since: int) -> Iterator[Line]:
    yield from _written(house, connection, row, since)
    yield from _said(house, connection, row)
    yield from _signs(house, connection, row.id, since)


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
                status if is_ours or message.kind == "knock" else "",
                why(entry.error_code) if failed else "",
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


def _signs(house: House, connection: Connection, handoff_id: int, since: int) -> Iterator[Line]:
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
            about = shortlist.name_of(house, change.service_id) if change.service_id else ""
            yield Line(f"h{change.id}", change.id, "sign", text, change.changed_at, about=about)


def _named(house: House, body: str) -> str:
    """A choice she tapped, by its title; all else as it is."""
    tapped = _CHOSEN.fullmatch(body)
    if tapped is None or tapped["state"] not in house.flows.states:
        return body
    choice = house.flows.choices(tapped["state"]).get(tapped["key"])
    return body if choice is None else f"[{choice.title}]"


def plain(text: str) -> str:
    """A text in which nothing turns the direction of reading."""
    return _UNSEEN.sub("\ufffd", text)
