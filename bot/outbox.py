"""What waits to be said. Replies are kept in the turn's own transaction; `delivery` sends them.

::

    outbox.enqueue(connection, vault, arrival, messages, language, "inbound", now)
    outbox.void(connection, contact_id)              # exit, pocket word, "ahora no" (SAFETY 6)
    outbox.release(connection, conversation_id, now) # her answer releases what a knock announced
    outbox.record_status(connection, ref_index, "delivered", None, now)
    outbox.entries_after(connection, vault, contact_id, position)  # what the web page shows

On the web a reply is visible as soon as it is committed; all else waits for `delivery`, which
keeps the silence contract.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Protocol

from sqlalchemy import Connection, bindparam, insert, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot.columns import new_id, position_of, to_ms
from bot.messages import Cause, Message
from bot.models import Contact, Conversation, Delivery, OutboxEntry, ReceivedId
from bot.payload import pack, unpack
from bot.prepared import Prepared
from bot.vault import Vault

if TYPE_CHECKING:
    from bot.channels.base import Delivery as StatusName

WAITING = ("pending", "held", "sending")
PER_ENTRY = 16
"""Messages of one entry; the place of each is the entry's position times this, and its number."""
PASSES_COVER = ("cover", "danger")
"""Kinds that reach her although the session is covered or ended."""
CLOSED = ("covered", "ended")
RANK: Mapping[str, int] = {"sending": 0, "sent": 1, "failed": 2, "delivered": 3, "read": 4}
"""A status moves up only; what was delivered after a failure was delivered."""
TRY_AGAIN = timedelta(seconds=30)
MOST_ATTEMPTS = 8

_INSERT = Prepared(insert(OutboxEntry))
_VOID = Prepared(
    update(OutboxEntry)
    .where(
        OutboxEntry.conversation_id.in_(
            select(Conversation.id).where(Conversation.contact_id == bindparam("contact"))
        ),
        or_(*(OutboxEntry.status == bindparam(status) for status in WAITING)),
    )
    .values(status=bindparam("became"), payload_sealed=bindparam("nothing"))
)
_RELEASE = Prepared(
    update(OutboxEntry)
    .where(OutboxEntry.conversation_id == bindparam("conversation"))
    .where(OutboxEntry.status == bindparam("was"))
    .values(status=bindparam("became"), due_at=bindparam("now"))
)


class Recipient(Protocol):
    """To whom: a `records.Arrival` is one."""

    @property
    def contact_id(self) -> int: ...

    @property
    def channel(self) -> str: ...

    @property
    def conversation_id(self) -> int: ...


def enqueue(
    connection: Connection,
    vault: Vault,
    to: Recipient,
    messages: Sequence[Message],
    language: str,
    cause: Cause,
    now: datetime,
    *,
    due_at: datetime | None = None,
) -> None:
    """Keep the messages of one turn to be sent in order, at `due_at` or at once.

    `cause` says why she gets them: her own message, her agreement, or a counselor's reply.
    """
    is_shown = to.channel == "web" and cause == "inbound" and due_at is None
    for start in range(0, len(messages), PER_ENTRY):
        some = messages[start : start + PER_ENTRY]
        entry_id = new_id()
        _INSERT.run(
            connection,
            id=entry_id,
            position=position_of(entry_id),
            conversation_id=to.conversation_id,
            payload_sealed=vault.seal(
                to.contact_id, "outbox.payload", entry_id, pack(some, language)
            ),
            cause=cause,
            passes_cover=any(message.kind in PASSES_COVER for message in some),
            status="sent" if is_shown else "pending",
            parts_sent=0,
            attempts=0,
            due_at=to_ms(due_at or now),
            error_code=None,
            created_at=to_ms(now),
            sent_at=to_ms(now) if is_shown else None,
        )


def void(connection: Connection, contact_id: int) -> int:
    """Nothing that still waits for her may go out; how many turns' replies it was.

    What is on its way to the provider is marked too, and deleted there when its id arrives.
    """
    cursor = _VOID.run(
        connection, contact=contact_id, pending="pending", held="held", sending="sending",
        became="void", nothing=None,
    )  # fmt: skip
    return int(cursor.rowcount)


def release(connection: Connection, conversation_id: int, now: datetime) -> int:
    """She answered: what was held behind a knock may go; how many entries."""
    cursor = _RELEASE.run(
        connection, conversation=conversation_id, was="held", became="pending", now=to_ms(now)
    )
    return int(cursor.rowcount)


def retry(connection: Connection, entry_id: int, handoff_id: int, now: datetime) -> bool:
    """A counselor's reply that failed goes again; False when it is another case's or not failed."""
    hers = select(Conversation.id).where(Conversation.handoff_id == handoff_id)
    return bool(
        connection.execute(
            update(OutboxEntry)
            .where(OutboxEntry.id == entry_id, OutboxEntry.status == "failed")
            .where(OutboxEntry.cause == "counselor", OutboxEntry.conversation_id.in_(hers))
            .values(status="pending", attempts=0, due_at=now, error_code=None)
        ).rowcount
    )


def entries_after(
    connection: Connection, vault: Vault, contact_id: int, position: int
) -> list[tuple[int, Message, str]]:
    """Place, message and language of what her current session shows after `position`, in order.

    A session that was left shows its cover and danger help, nothing of before. Places rise
    strictly, from the oldest message on.
    """
    rows = connection.execute(
        select(OutboxEntry.id, OutboxEntry.position, OutboxEntry.payload_sealed)
        .join(Contact, Contact.conversation_id == OutboxEntry.conversation_id)
        .join(Conversation, Conversation.id == OutboxEntry.conversation_id)
        .where(Contact.id == contact_id, OutboxEntry.status == "sent")
        .where(OutboxEntry.position >= position // PER_ENTRY)
        .where(OutboxEntry.payload_sealed.is_not(None))
        .where(or_(Conversation.status.not_in(CLOSED), OutboxEntry.passes_cover))
        .order_by(OutboxEntry.position)
    ).all()
    shown: list[tuple[int, Message, str]] = []
    for row in rows:
        packed = vault.open(contact_id, "outbox.payload", row.id, row.payload_sealed)
        messages, language = unpack(packed)
        for number, message in enumerate(messages):
            place = row.position * PER_ENTRY + number
            if place > position:
                shown.append((place, message, language))
    return shown


def record_status(
    connection: Connection,
    ref_index: bytes,
    status: StatusName,
    code: str | None,
    now: datetime,
    *,
    is_retryable: bool = False,
) -> bool:
    """A provider's word on a message (`ref_index` = `vault.index("ref", …)`); True when it is news.

    A status that comes before our own record of the send is kept for it; one that comes after
    `borrar` creates nothing.
    """
    row = connection.execute(
        select(Delivery).where(Delivery.ref_index == ref_index).with_for_update()
    ).one_or_none()
    if row is None:
        return _keep_early(connection, ref_index, status, code, now)
    if RANK[status] <= RANK[row.status]:
        return False
    is_final = RANK[status] >= RANK["failed"] and row.ref_sealed is not None
    connection.execute(
        update(Delivery)
        .where(Delivery.id == row.id)
        .values(status=status, error_code=code, is_unwanted=row.is_unwanted or is_final)
    )
    if row.entry_id is not None:
        follow(connection, row.entry_id, row.part, status, code, now, is_retryable=is_retryable)
    return True


def follow(
    connection: Connection,
    entry_id: int,
    part: int,
    status: StatusName,
    code: str | None,
    now: datetime,
    *,
    is_retryable: bool,
) -> None:
    """What a status means for the entry: the next message may go, or this one must go again."""
    if RANK[status] >= RANK["sent"]:
        let_next_go(connection, entry_id, now)
    if status != "failed":
        return
    failures = connection.execute(
        select(Delivery.id).where(Delivery.entry_id == entry_id, Delivery.status == "failed")
    ).all()
    again = is_retryable and len(failures) < MOST_ATTEMPTS
    connection.execute(
        update(OutboxEntry)
        .where(OutboxEntry.id == entry_id, OutboxEntry.status.in_(("pending", "sent")))
        .where(OutboxEntry.parts_sent == part + 1)
        .values(
            status="pending" if again else "failed",
            parts_sent=part,
            due_at=now + TRY_AGAIN,
            error_code=code,
        )
    )


def let_next_go(connection: Connection, entry_id: int, now: datetime) -> None:
    """The provider has sent it on: what comes after it to the same chat need not wait."""
    contact = (
        select(Conversation.contact_id)
        .join(OutboxEntry, OutboxEntry.conversation_id == Conversation.id)
        .where(OutboxEntry.id == entry_id)
        .scalar_subquery()
    )
    connection.execute(update(Contact).where(Contact.id == contact).values(next_send_at=now))


def _keep_early(
    connection: Connection, ref_index: bytes, status: str, code: str | None, now: datetime
) -> bool:
    erased = select(ReceivedId.ref_index).where(ReceivedId.ref_index == ref_index)
    if connection.execute(erased).first() is not None:
        return False
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(Delivery)
        .values(
            id=new_id(),
            entry_id=None,
            part=0,
            ref_index=ref_index,
            ref_sealed=None,
            status=status,
            error_code=code,
            is_unwanted=False,
            sent_at=now,
        )
        .on_conflict_do_nothing()
    )
    return True
