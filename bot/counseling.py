"""What a counselor does, as turns of the conversation: each is one transaction with its messages.

Roles and sessions are the console's; here the handoff decides who may write to whom.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, ScalarSelect, func, select, update

from bot import handoffs, outbox, records, shortlist
from bot.conversation import Outcome, resume
from bot.dispatch import SILENT
from bot.errors import HandoffRefused
from bot.house import House
from bot.messages import Message
from bot.models import Contact, Conversation, Handoff, HandoffChange
from bot.models import Message as StoredMessage
from bot.shortlist import Offer

LIMA = ZoneInfo("America/Lima")
DAYTIME = range(8, 20)
"""Hours of "only by day", as `handoff.write_first` asks it."""
MAYBE_MINOR, REFERENCE, MOVED = "maybe_minor", "reference", "moved"
"""Signs that a counselor sets: in doubt, protect (SAFETY 12); she was told of a service, and
went on to it."""
MOST_CASES = 5
"""Conversations that one counselor has at a time."""


class _Case(NamedTuple):
    contact_id: int
    status: str | None


def claim(house: House, connection: Connection, handoff_id: int, counselor_id: int) -> None:
    """Take a waiting handoff; `HandoffRefused` when somebody else was first, or when she has as
    many as one person can be there for (SAFETY 23)."""
    if handoffs.count_held(connection, counselor_id) >= MOST_CASES:
        raise HandoffRefused("full")
    handoffs.claim(connection, handoff_id, counselor_id, house.clock())


def reply(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, text: str
) -> Outcome:
    """Write to her; with the first reply the handoff is live and she is told who writes now.

    `HandoffRefused` when the case is another's, or when she left: then nobody may write until she
    does (SAFETY 6).
    """
    said = Message(text.strip(), cause="counselor")
    return _say(house, connection, handoff_id, counselor_id, said)


def give(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, key: str
) -> Offer:
    """A service's card as a message of its own, in her language; a reference is recorded."""
    offer = shortlist.offer(house, _language(house, connection, handoff_id), key, house.clock())
    card = replace(offer.card, cause="counselor")
    _say(house, connection, handoff_id, counselor_id, card)
    refer(house, connection, handoff_id, counselor_id, offer.service_id)
    return offer


def refer(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, service_id: str
) -> None:
    """Record that she was told of a service; the case stays (a reference)."""
    handoffs.require_owner(connection, handoff_id, counselor_id)
    if house.directory.row(service_id) is None:
        raise HandoffRefused("no_service")
    now = house.clock()
    handoffs.alert(
        connection, handoff_id, REFERENCE, now, by_id=counselor_id, service_id=service_id
    )


def note(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, text: str
) -> None:
    """A private note; she never sees it."""
    handoffs.require_owner(connection, handoff_id, counselor_id)
    case = _case(connection, handoff_id)
    arrival = records.arrival_of(connection, case.contact_id)
    records.keep_message(
        connection, house.vault, arrival, "note", text.strip(), None, house.clock()
    )


def move(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, service_id: str
) -> Outcome:
    """On to an organization, with her consent: the case closes here. `HandoffRefused` when she was
    not told of it before: then she has nowhere to go."""
    handoffs.require_owner(connection, handoff_id, counselor_id)
    told = select(HandoffChange.id).where(
        HandoffChange.handoff_id == handoff_id,
        HandoffChange.reason == REFERENCE,
        HandoffChange.service_id == service_id,
    )
    if connection.execute(told).first() is None:
        raise HandoffRefused("not_told")
    now = house.clock()
    handoffs.alert(connection, handoff_id, MOVED, now, by_id=counselor_id, service_id=service_id)
    return close(house, connection, handoff_id, counselor_id, "referred")


def mark_minor(connection: Connection, handoff_id: int, counselor_id: int, now: datetime) -> None:
    """She may be under 18: every counselor of the case sees it, and the protocol beside it."""
    handoffs.require_owner(connection, handoff_id, counselor_id)
    handoffs.alert(connection, handoff_id, MAYBE_MINOR, now, by_id=counselor_id)


def take_back(
    house: House,
    connection: Connection,
    handoff_id: int,
    reason: str,
    by_id: int | None = None,
) -> Outcome:
    """Back to the queue without its counselor: a supervisor wants it, or she does not answer.

    The contact is told that another person comes."""
    case = _case(connection, handoff_id)
    handoffs.take_back(connection, handoff_id, reason, house.clock(), by_id)
    return resume(house, connection, case.contact_id, "counselor_transferred")


def reassign(
    house: House, connection: Connection, handoff_id: int, to_id: int, by_id: int
) -> Outcome:
    """A supervisor gives it to a counselor who is on duty; the contact is told."""
    outcome = take_back(house, connection, handoff_id, "reassigned", by_id)
    claim(house, connection, handoff_id, to_id)
    return outcome


def hand_to(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, to_id: int
) -> Outcome:
    """To a counselor who is on duty: it is hers at once, without a second in the queue."""
    outcome = transfer(house, connection, handoff_id, counselor_id, None)
    claim(house, connection, handoff_id, to_id)
    return outcome


def transfer(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, to: str | None
) -> Outcome:
    """Back to the queue for another counselor or an organization; she is told."""
    case = _case(connection, handoff_id)
    handoffs.transfer(connection, handoff_id, counselor_id, to, house.clock())
    return resume(house, connection, case.contact_id, "counselor_transferred")


def close(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, outcome: str
) -> Outcome:
    """End it and hand her back to the assistant, which says so."""
    case = _case(connection, handoff_id)
    handoffs.close(connection, handoff_id, outcome, house.clock(), counselor_id=counselor_id)
    return resume(house, connection, case.contact_id, "counselor_closed")


def expire_due(house: House, connection: Connection, now: datetime) -> int:
    """Handoffs nobody took in time end; who still waits is told. How many."""
    due = handoffs.due_to_expire(connection, now)
    for handoff_id, was in due:
        case = _case(connection, handoff_id)
        handoffs.close(connection, handoff_id, "expired", now, status="expired")
        if was != "offered" and case.contact_id is not None:
            resume(house, connection, case.contact_id, "handoff_expired")
    return len(due)


def knock(
    house: House, connection: Connection, conversation_id: int, language: str, now: datetime
) -> Message | None:
    """The neutral message that announces a held reply; None when she did not agree to be written
    to, or not at this hour (SAFETY 8)."""
    agreed = connection.scalar(
        select(Handoff.hours_ok)
        .join(Conversation, Conversation.handoff_id == Handoff.id)
        .where(Conversation.id == conversation_id)
    )
    if may_knock(agreed or "never", now):
        return Message(house.phrase(language, "handoff.knock"), kind="knock", cause="agreed")
    return None


def may_knock(agreed: str, now: datetime) -> bool:
    """Whether she agreed to be written to first, at this hour (SAFETY 8)."""
    hour = now.astimezone(LIMA).hour
    return agreed == "anytime" or (agreed == "daytime" and hour in DAYTIME)


def knock_now(house: House, connection: Connection, handoff_id: int, counselor_id: int) -> None:
    """The neutral message at once, because her counselor wishes it; once in a silence."""
    handoffs.require_owner(connection, handoff_id, counselor_id)
    case, now = _case(connection, handoff_id), house.clock()
    arrival = records.arrival_of(connection, case.contact_id)
    if arrival.status in ("covered", "ended"):
        raise HandoffRefused("she_left")
    language = arrival.language or house.language
    said = knock(house, connection, arrival.conversation_id, language, now)
    ours = Conversation.id == arrival.conversation_id
    knocked_at = connection.scalar(select(Conversation.knocked_at).where(ours))
    has_knocked = knocked_at is not None and knocked_at >= arrival.last_inbound_at
    if said is None or has_knocked or now - arrival.last_inbound_at < SILENT:
        raise HandoffRefused("no_knock")
    outbox.enqueue(connection, house.vault, arrival, [said], language, "agreed", now)
    connection.execute(update(Conversation).where(ours).values(knocked_at=now))


def view(house: House, connection: Connection, handoff_id: int) -> dict[str, Any] | None:
    """What a counselor sees of her: nickname, risk, the approved summary and what was written
    since she consented (SAFETY 20); None before she did, or when it is over."""
    row = connection.execute(
        select(
            Handoff.contact_id,
            Handoff.conversation_id,
            Handoff.nickname,
            Handoff.risk,
            Handoff.summary_sealed,
            Handoff.consented_at,
            consent_id(handoff_id).label("consent_id"),
        ).where(Handoff.id == handoff_id, Handoff.status.in_(handoffs.OPEN))
    ).one_or_none()
    if row is None or row.consented_at is None or row.contact_id is None:
        return None
    open_ = house.vault.open
    summary = open_(row.contact_id, "handoff", handoff_id, row.summary_sealed).decode()
    written = connection.execute(
        select(StoredMessage.id, StoredMessage.body_sealed)
        .where(StoredMessage.conversation_id == row.conversation_id)
        .where(StoredMessage.direction == "in", StoredMessage.id > row.consent_id)
        .where(StoredMessage.body_sealed.is_not(None))
        .order_by(StoredMessage.id)
    )
    return {
        "nickname": row.nickname,
        "summary": summary.splitlines(),
        "messages": [
            open_(row.contact_id, "message.body", one.id, one.body_sealed).decode()
            for one in written
        ],
        "risk": row.risk,
    }


def consent_id(handoff_id: int) -> ScalarSelect[int | None]:
    """The number of the change that she approved: ids grow, so later messages have larger ones."""
    return (
        select(func.min(HandoffChange.id))
        .where(HandoffChange.handoff_id == handoff_id, HandoffChange.became == "waiting")
        .scalar_subquery()
    )


def _say(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, said: Message
) -> Outcome:
    case = _case(connection, handoff_id)
    if case.status in ("covered", "ended"):
        raise HandoffRefused("she_left")
    is_first = handoffs.begin(connection, handoff_id, counselor_id, house.clock())
    signal = "counselor_joined" if is_first else "counselor_replied"
    return resume(house, connection, case.contact_id, signal, said)


def _language(house: House, connection: Connection, handoff_id: int) -> str:
    """Hers, in which cards are written."""
    hers = connection.scalar(
        select(Contact.language)
        .join(Handoff, Handoff.contact_id == Contact.id)
        .where(Handoff.id == handoff_id)
    )
    return hers or house.language


def _case(connection: Connection, handoff_id: int) -> _Case:
    found = connection.execute(
        select(Handoff.contact_id, Handoff.conversation_id, Conversation.status)
        .outerjoin(Conversation, Conversation.id == Handoff.conversation_id)
        .where(Handoff.id == handoff_id)
    ).one_or_none()
    if found is None or found.contact_id is None:
        raise HandoffRefused("gone")
    return _Case(found.contact_id, found.status)
