"""The steps of sending that touch the store: claim, record, recover. `delivery` runs them.

Here the silence contract is kept (SAFETY 6 and 8): at the moment of sending, not of writing.
"""

from __future__ import annotations

from collections.abc import Callable, Collection
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple, cast

from sqlalchemy import Connection, Row, Select, bindparam, case, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from bot import incidents, outbox
from bot.columns import Moment, new_id, position_of
from bot.errors import SendError
from bot.messages import Message
from bot.models import Contact, Conversation, Delivery, OutboxEntry, ReceivedId
from bot.outbox import CLOSED, MOST_ATTEMPTS, RANK
from bot.payload import unpack
from bot.vault import Vault

AT_ONCE = 64
LEASE = timedelta(seconds=60)
"""How long a claimed message is nobody else's; longer than any channel waits for its provider."""
SILENT = timedelta(minutes=10)
PACE = {"telegram": timedelta(seconds=1), "whatsapp": timedelta(seconds=10)}
"""Between two messages to one chat: Telegram's limit (core.telegram.org/bots/faq); on WhatsApp the
longest wait for the `sent` status, which ends it, because Twilio promises no order."""
BACKOFF = tuple(timedelta(seconds=s) for s in (1, 5, 30, 120, 600, 1_800, 3_600))
UNFINISHED = ("pending", "sending")

AnySelect = Select[*tuple[Any, ...]]
Knock = Callable[[Connection, int, str, datetime], Message | None]
"""`(connection, conversation_id, language, now)` to the neutral message that announces a held
reply; None when she did not agree to be written to now: then it is held without a word."""


class Claimed(NamedTuple):
    """One message taken to be sent: `part` of its entry, at its `attempts`-th try.

    On the web the whole entry is shown by the claim's own commit; its page is only woken.
    """

    entry_id: int
    contact_id: int
    channel: str
    address_sealed: bytes
    payload_sealed: bytes
    part: int
    attempts: int
    maybe_sent: bool
    created_at: datetime


def next_due(connection: Connection, channels: Collection[str]) -> datetime | None:
    """When the next message may go."""
    return cast(datetime | None, connection.scalar(_next(frozenset(channels))))


def claim(
    connection: Connection,
    vault: Vault,
    channels: Collection[str],
    now: datetime,
    knock: Knock | None,
) -> list[Claimed]:
    """Take what is due, at most `AT_ONCE`; what may not go now is voided, held, or just shown."""
    rows = connection.execute(_due(frozenset(channels)), {"now": now}).all()
    taken = [_take(connection, vault, row, now, knock) for row in rows]
    return [claimed for claimed in taken if claimed is not None]


def record_sent(
    connection: Connection,
    vault: Vault,
    claimed: Claimed,
    ref: str,
    now: datetime,
    *,
    is_last: bool,
) -> bool:
    """The provider took it. False when she was erased meanwhile: the caller deletes it there.

    When she left meanwhile the message is unwanted, and `traces` deletes it.
    """
    ref_index = vault.index("ref", ref)
    moved = connection.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id == claimed.entry_id, OutboxEntry.status == "sending")
        .values(
            status="sent" if is_last else "pending",
            parts_sent=claimed.part + 1,
            attempts=0,
            due_at=now,
            sent_at=now,
            error_code=None,
        )
    ).rowcount
    known = select(OutboxEntry.id).where(OutboxEntry.id == claimed.entry_id)
    if not moved and connection.execute(known).first() is None:
        _remember(connection, ref_index, now)
        return False
    _keep_delivery(connection, vault, claimed, ref, ref_index, now, is_unwanted=not moved)
    return True


def record_failure(
    connection: Connection, claimed: Claimed, error: SendError, now: datetime
) -> None:
    """Try again later, in growing steps or when the provider said; or give up and count it."""
    again = error.retryable and claimed.attempts < MOST_ATTEMPTS
    wait = BACKOFF[min(claimed.attempts, len(BACKOFF)) - 1]
    if error.retry_after is not None:
        wait = timedelta(seconds=error.retry_after)
    status = ("sending" if error.maybe_sent else "pending") if again else "failed"
    moved = connection.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id == claimed.entry_id, OutboxEntry.status == "sending")
        .values(status=status, due_at=now + wait, error_code=error.code[:40])
    ).rowcount
    next_send_at = now + wait if error.retry_after is not None else now
    connection.execute(
        update(Contact).where(Contact.id == claimed.contact_id).values(next_send_at=next_send_at)
    )
    if moved and status == "failed":
        incidents.count(connection, "undelivered", now)


def recover(connection: Connection, now: datetime) -> int:
    """After a crash of the only process: what it had claimed is looked at again, now."""
    return connection.execute(
        update(OutboxEntry).where(OutboxEntry.status == "sending").values(due_at=now)
    ).rowcount


# Building these two takes longer than running them, and the loop runs them after every commit.


@lru_cache
def _next(channels: frozenset[str]) -> AnySelect:
    waits = case(
        (Contact.next_send_at > OutboxEntry.due_at, Contact.next_send_at), else_=OutboxEntry.due_at
    )
    return _first(select(waits), channels).order_by(waits).limit(1)


@lru_cache
def _due(channels: frozenset[str]) -> AnySelect:
    hers = (Contact.id.label("contact_id"), Contact.channel, Contact.address_sealed)
    talk = (Conversation.last_inbound_at, Conversation.knocked_at)
    session, now = Conversation.status.label("session"), bindparam("now", type_=Moment())
    return (
        _first(select(OutboxEntry, *hers, session, *talk), channels)
        .where(OutboxEntry.due_at <= now, Contact.next_send_at <= now)
        .order_by(OutboxEntry.position)
        .limit(AT_ONCE)
        .with_for_update(of=(OutboxEntry, Contact), skip_locked=True)
    )


def _first(query: AnySelect, channels: Collection[str]) -> AnySelect:
    """Narrow to the oldest unfinished entry of each conversation on channels that can send."""
    earlier = aliased(OutboxEntry)
    is_blocked = (
        select(earlier.id)
        .where(
            earlier.conversation_id == OutboxEntry.conversation_id,
            earlier.position < OutboxEntry.position,
            earlier.status.in_(UNFINISHED),
        )
        .exists()
    )
    return (
        query.select_from(OutboxEntry)
        .join(Conversation, Conversation.id == OutboxEntry.conversation_id)
        .join(Contact, Contact.id == Conversation.contact_id)
        .where(OutboxEntry.status.in_(UNFINISHED), Contact.channel.in_([*channels, "web"]))
        .where(~is_blocked)
    )


def _take(
    connection: Connection, vault: Vault, row: Row[Any], now: datetime, knock: Knock | None
) -> Claimed | None:
    entry = update(OutboxEntry).where(OutboxEntry.id == row.id)
    if row.session in CLOSED and not row.passes_cover:
        connection.execute(entry.values(status="void", payload_sealed=None))
        return None
    if row.cause == "counselor" and now - row.last_inbound_at >= SILENT:
        connection.execute(entry.values(status="held"))
        _announce(connection, vault, row, now, knock)
        return None
    if row.channel == "web":
        position = position_of(new_id())
        connection.execute(entry.values(status="sent", position=position, sent_at=now))
        return _claimed(row)
    connection.execute(
        entry.values(status="sending", attempts=row.attempts + 1, due_at=now + LEASE)
    )
    connection.execute(
        update(Contact)
        .where(Contact.id == row.contact_id)
        .values(next_send_at=now + PACE.get(row.channel, timedelta()))
    )
    return _claimed(row)


def _claimed(row: Row[Any]) -> Claimed:
    return Claimed(
        entry_id=row.id,
        contact_id=row.contact_id,
        channel=row.channel,
        address_sealed=row.address_sealed,
        payload_sealed=row.payload_sealed,
        part=row.parts_sent,
        attempts=row.attempts + 1,
        maybe_sent=row.status == "sending",
        created_at=row.created_at,
    )


def _announce(
    connection: Connection, vault: Vault, row: Row[Any], now: datetime, knock: Knock | None
) -> None:
    """Say once in a silence that an answer waits; what it says is the neutral knock only."""
    has_knocked = row.knocked_at is not None and row.knocked_at >= row.last_inbound_at
    if knock is None or has_knocked or row.payload_sealed is None:
        return
    packed = vault.open(row.contact_id, "outbox.payload", row.id, row.payload_sealed)
    _, language = unpack(packed)
    message = knock(connection, row.conversation_id, language, now)
    if message is None:
        return
    outbox.enqueue(connection, vault, row, [message], language, "agreed", now)
    connection.execute(
        update(Conversation).where(Conversation.id == row.conversation_id).values(knocked_at=now)
    )


def _keep_delivery(
    connection: Connection,
    vault: Vault,
    claimed: Claimed,
    ref: str,
    ref_index: bytes,
    now: datetime,
    *,
    is_unwanted: bool,
) -> None:
    """Keep the provider's id; a status that was quicker than we is taken over."""
    row_id = new_id()
    sealed = vault.seal(claimed.contact_id, "delivery.ref", row_id, ref.encode())
    values = {
        "entry_id": claimed.entry_id,
        "part": claimed.part,
        "ref_sealed": sealed,
        "is_unwanted": is_unwanted,
        "sent_at": now,
    }
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    status = "sending" if claimed.channel == "whatsapp" else "sent"
    fresh = dialect.insert(Delivery).values(id=row_id, ref_index=ref_index, status=status, **values)
    unless_early = fresh.on_conflict_do_nothing().execution_options(preserve_rowcount=True)
    if connection.execute(unless_early).rowcount == 1:
        return
    early = connection.execute(
        select(Delivery.id, Delivery.status, Delivery.error_code)
        .where(Delivery.ref_index == ref_index)
        .with_for_update()
    ).one()
    values["ref_sealed"] = vault.seal(claimed.contact_id, "delivery.ref", early.id, ref.encode())
    values["is_unwanted"] = is_unwanted or RANK[early.status] >= RANK["failed"]
    connection.execute(update(Delivery).where(Delivery.id == early.id).values(**values))
    outbox.follow(
        connection,
        claimed.entry_id,
        claimed.part,
        early.status,
        early.error_code,
        now,
        is_retryable=False,
    )


def _remember(connection: Connection, ref_index: bytes, now: datetime) -> None:
    """Its statuses are still to come, and must create nothing."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(ReceivedId)
        .values(ref_index=ref_index, received_at=now)
        .on_conflict_do_nothing()
    )
