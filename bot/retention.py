"""What is let go, and when: on `borrar` at once, else by the clock (SAFETY 7 and 27).

A conversation's texts go `KUSKA_RETENTION_HOURS` after it ended, what is known of deliveries after
7 days, a contact after 30 days without a word. The key is destroyed first: whatever happens after
that, nothing of hers can be read.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import islice

from sqlalchemy import Connection, delete, func, insert, literal, or_, select, update
from sqlalchemy.dialects import postgresql, sqlite
from sqlalchemy.orm import aliased

from bot import outbox, reports, traces
from bot.columns import Number, new_id, to_ms
from bot.errors import NoSuchContact
from bot.models import (
    Contact,
    Conversation,
    Delivery,
    Handoff,
    HandoffChange,
    Message,
    OutboxEntry,
    ReceivedId,
)
from bot.store import Store, truncate_after
from bot.vault import Vault

SILENCE_ENDS = timedelta(minutes=30)
DELIVERIES_STAY = timedelta(days=7)
CONTACT_STAYS = timedelta(days=30)
STRANGER_STAYS = timedelta(days=1)
"""A key that no contact took in this time was made in stock by a process that ended."""
OPEN_HANDOFF = ("offered", "waiting", "claimed", "live", "transferred")
AT_ONCE = 200
"""Contacts removed in one transaction: the turns between them must not wait long."""


@dataclass(frozen=True, slots=True)
class Farewell:
    """What is needed to answer and to clear the provider's copies, from memory only (SAFETY 7).

    `refs` are messages that the channel may be asked to delete; `voided` is how many turns' replies
    were still waiting.
    """

    channel: str
    address: str
    refs: tuple[str, ...]
    voided: int


@dataclass(frozen=True, slots=True)
class Purged:
    """How many were let go."""

    conversations: int
    contacts: int
    orphans: int
    strangers: int


def erase(connection: Connection, vault: Vault, contact_id: int, now: datetime) -> Farewell | None:
    """Destroy everything of this contact; None when her key was gone already.

    The key is gone when this returns, the rows with the commit, their bytes right after it.
    """
    farewell = _farewell(connection, vault, contact_id)
    _remember_refs(connection, contact_id, now)
    if farewell is not None:  # her key is there
        reports.forget(connection, vault, contact_id)
    vault.destroy([contact_id])
    remove(connection, [contact_id], now)
    truncate_after(connection)
    return farewell


def remove(connection: Connection, contact_ids: Collection[int], now: datetime) -> None:
    """Delete the rows of contacts; their handoffs stay for the count, closed and tied to nobody."""
    theirs = Handoff.contact_id.in_(contact_ids)
    still_open = connection.execute(
        select(Handoff.id, Handoff.status).where(theirs, Handoff.status.in_(OPEN_HANDOFF))
    ).all()
    for handoff in still_open:
        connection.execute(
            insert(HandoffChange).values(
                id=new_id(),
                handoff_id=handoff.id,
                was=handoff.status,
                became="closed",
                reason="erased",
                changed_at=now,
            )
        )
        connection.execute(
            update(Handoff).where(Handoff.id == handoff.id).values(status="closed", closed_at=now)
        )
    connection.execute(
        update(Handoff)
        .where(theirs)
        .values(
            contact_id=None,
            conversation_id=None,
            summary_sealed=None,
            nickname=None,
            safe_word_mark=None,
            draft_sealed=None,
        )
    )
    connection.execute(delete(Contact).where(Contact.id.in_(contact_ids)))


def purge(store: Store, vault: Vault, keep_texts: timedelta, now: datetime) -> Purged:
    """Let go what is due. Blocks until it is done: not for the event loop's thread."""
    submit = store.worker.submit
    submit(lambda connection: _end_silent(connection, now)).result()
    conversations = submit(lambda connection: _let_texts_go(connection, now - keep_texts)).result()
    submit(lambda connection: _let_deliveries_go(connection, now - DELIVERIES_STAY)).result()
    submit(lambda connection: reports.let_go(connection, now.date())).result()
    contacts = _erase_idle(store, vault, now)
    return Purged(
        conversations, contacts, drop_orphans(store, vault, now), drop_strangers(store, vault)
    )


def drop_orphans(store: Store, vault: Vault, now: datetime) -> int:
    """Delete contacts without a key, as a restored backup has them; how many. At start too."""
    with store.read() as connection:
        contact_ids = set(connection.scalars(select(Contact.id)))
    # Read after the contacts: whoever is among them has had a key before her first row.
    orphans = contact_ids - vault.known()
    for some in _batches(orphans):
        store.worker.submit(partial(_remove, contact_ids=some, now=now)).result()
    return len(orphans)


def drop_strangers(store: Store, vault: Vault) -> int:
    """Destroy keys of nobody, left by a process that ended; how many."""
    day_ago = datetime.now(UTC) - STRANGER_STAYS  # keys are stamped by the real clock
    old = vault.known(made_before_hour=to_ms(day_ago) // 3_600_000)
    # Read after the keys: one that old was given out long ago, or never will be.
    with store.read() as connection:
        strangers = old - set(connection.scalars(select(Contact.id)))
    vault.destroy(strangers)
    return len(strangers)


def _farewell(connection: Connection, vault: Vault, contact_id: int) -> Farewell | None:
    row = connection.execute(
        select(Contact.channel, Contact.address_sealed).where(Contact.id == contact_id)
    ).one_or_none()
    if row is None:
        return None
    try:
        address = vault.open(contact_id, "contact.address", contact_id, row.address_sealed)
        refs = traces.refs(connection, vault, contact_id)
    except NoSuchContact:
        return None
    return Farewell(row.channel, address.decode(), tuple(refs), outbox.void(connection, contact_id))


def _remember_refs(connection: Connection, contact_id: int, now: datetime) -> None:
    """A late status of what was sent to her must create nothing: its id counts as received."""
    hers = (
        select(Delivery.ref_index, literal(to_ms(now), Number))
        .join(OutboxEntry, OutboxEntry.id == Delivery.entry_id)
        .join(Conversation, Conversation.id == OutboxEntry.conversation_id)
        .where(Conversation.contact_id == contact_id)
    )
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    connection.execute(
        dialect.insert(ReceivedId)
        .from_select(["ref_index", "received_at"], hers)
        .on_conflict_do_nothing()
    )


def _remove(connection: Connection, contact_ids: Collection[int], now: datetime) -> None:
    remove(connection, contact_ids, now)
    truncate_after(connection)


def _end_silent(connection: Connection, now: datetime) -> None:
    """A conversation ends 30 minutes after her last message, or with its handoff."""
    any_handoff = aliased(Handoff)
    handoff_ended_at = (
        select(func.max(any_handoff.closed_at))
        .where(any_handoff.conversation_id == Conversation.id)
        .scalar_subquery()
    )
    silent = connection.execute(
        select(Conversation.id, Conversation.last_inbound_at, handoff_ended_at.label("closed_at"))
        .outerjoin(Handoff, Handoff.id == Conversation.handoff_id)
        .where(Conversation.ended_at.is_(None), Conversation.last_inbound_at <= now - SILENCE_ENDS)
        .where(or_(Handoff.id.is_(None), Handoff.status.not_in(OPEN_HANDOFF)))
    ).all()
    for row in silent:
        ended_at = max(row.last_inbound_at + SILENCE_ENDS, row.closed_at or row.last_inbound_at)
        connection.execute(
            update(Conversation)
            .where(Conversation.id == row.id)
            .values(status="ended", ended_at=ended_at)
        )


def _let_texts_go(connection: Connection, before: datetime) -> int:
    """Memory, messages, replies and summaries of conversations that ended long enough ago."""
    over = select(Conversation.id).where(Conversation.ended_at <= before)
    let_go = connection.execute(
        update(Conversation)
        .where(Conversation.ended_at <= before, Conversation.memory_sealed.is_not(None))
        .values(memory_sealed=None)
    ).rowcount
    connection.execute(
        update(Message)
        .where(Message.conversation_id.in_(over), Message.body_sealed.is_not(None))
        .values(body_sealed=None)
    )
    hers = OutboxEntry.conversation_id.in_(over)
    connection.execute(
        update(OutboxEntry)
        .where(hers, OutboxEntry.status.in_(outbox.WAITING))
        .values(status="void")
    )
    connection.execute(
        update(OutboxEntry)
        .where(hers, OutboxEntry.payload_sealed.is_not(None))
        .values(payload_sealed=None)
    )
    connection.execute(
        update(Handoff)
        .where(Handoff.conversation_id.in_(over))
        .where(or_(Handoff.summary_sealed.is_not(None), Handoff.safe_word_mark.is_not(None)))
        .values(summary_sealed=None, safe_word_mark=None, draft_sealed=None)
    )
    truncate_after(connection)
    return let_go


def _let_deliveries_go(connection: Connection, before: datetime) -> None:
    """What is known of deliveries, ids that were received, and conversations long over."""
    over = select(Conversation.id).where(Conversation.ended_at <= before)
    connection.execute(delete(OutboxEntry).where(OutboxEntry.conversation_id.in_(over)))
    connection.execute(delete(Message).where(Message.conversation_id.in_(over)))
    connection.execute(
        delete(Delivery).where(Delivery.entry_id.is_(None), Delivery.sent_at <= before)
    )
    connection.execute(delete(ReceivedId).where(ReceivedId.received_at <= before))
    current = select(Contact.conversation_id)
    connection.execute(
        delete(Conversation).where(Conversation.ended_at <= before, Conversation.id.not_in(current))
    )


def _erase_idle(store: Store, vault: Vault, now: datetime) -> int:
    """Erase whoever has not written for 30 days, unless a person is still with her."""
    query = (
        select(Contact.id)
        .join(Conversation, Conversation.id == Contact.conversation_id)
        .outerjoin(Handoff, Handoff.id == Conversation.handoff_id)
        .where(Contact.last_seen_at <= now - CONTACT_STAYS)
        .where(or_(Handoff.id.is_(None), Handoff.status.not_in(OPEN_HANDOFF)))
    )
    with store.read() as connection:
        idle = set(connection.scalars(query))
    for some in _batches(idle):

        def work(connection: Connection, some: Sequence[int] = some) -> None:
            # Asked again: she may have written since.
            for contact_id in connection.scalars(query.where(Contact.id.in_(some))).all():
                erase(connection, vault, contact_id, now)

        store.worker.submit(work).result()
    return len(idle)


def _batches(ids: Collection[int]) -> Iterator[Sequence[int]]:
    waiting = iter(ids)
    while some := list(islice(waiting, AT_ONCE)):
        yield some
