"""Copies of messages that providers keep, and asking for their removal.

On Telegram her messages and ours are unwanted once she leaves; at Twilio a record is unwanted as
soon as the turn is stored (hers) or its status is final (ours). What is unwanted is written down
and asked for until the provider answers, so that a crash forgets nothing.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import Connection, Select, bindparam, select, update

from bot.channels.base import Channel
from bot.errors import BrokenSeal, NoSuchContact, SendError
from bot.models import Contact, Conversation, Delivery, Message, OutboxEntry, to_ms
from bot.prepared import Prepared
from bot.store import Store
from bot.vault import Vault

TELEGRAM_DELETES = timedelta(hours=48)
"""Core.telegram.org/bots/api, deleteMessage: no older message."""
AT_ONCE = 64
PARALLEL = 8


_Table = type[Message] | type[Delivery]
_Select = Select[*tuple[Any, ...]]


class _Trace(NamedTuple):
    table: _Table
    id: int
    contact_id: int
    channel: str
    address_sealed: bytes
    ref_sealed: bytes


_HERS = select(Conversation.id).where(Conversation.contact_id == bindparam("contact"))
_OURS = select(OutboxEntry.id).where(OutboxEntry.conversation_id.in_(_HERS))
_MARK = (
    Prepared(
        update(Message)
        .where(Message.conversation_id.in_(_HERS), Message.ref_sealed.is_not(None))
        .where(Message.created_at >= bindparam("since"))
        .values(is_unwanted=bindparam("yes"))
    ),
    Prepared(
        update(Delivery)
        .where(Delivery.entry_id.in_(_OURS), Delivery.ref_sealed.is_not(None))
        .where(Delivery.sent_at >= bindparam("since"))
        .values(is_unwanted=bindparam("yes"))
    ),
)


def mark(connection: Connection, contact_id: int, now: datetime) -> int:
    """What the channel may still delete, hers and ours, is unwanted from now on; how many."""
    since = to_ms(now - TELEGRAM_DELETES)
    cursors = [one.run(connection, contact=contact_id, since=since, yes=True) for one in _MARK]
    return sum(cursor.rowcount for cursor in cursors)


def refs(connection: Connection, vault: Vault, contact_id: int) -> list[str]:
    """Every provider's message of hers and ours that is still known.

    Raise `NoSuchContact` when her key is gone.
    """
    traces = [
        _Trace(table, *row)
        for table in (Message, Delivery)
        for row in connection.execute(_kept(table).where(Contact.id == contact_id))
    ]
    return [_ref(vault, trace) for trace in traces]


async def sweep(store: Store, vault: Vault, channels: Mapping[str, Channel]) -> int:
    """Ask the providers to delete what is unwanted; how many are gone there.

    What a provider refuses for the moment stays unwanted and is asked for again.
    """
    with store.read() as connection:
        traces = [
            _Trace(table, *row)
            for table in (Message, Delivery)
            for row in connection.execute(_unwanted(table, frozenset(channels)))
        ]
    gate = asyncio.Semaphore(PARALLEL)

    async def ask(trace: _Trace) -> bool:
        async with gate:
            return await _delete(vault, channels[trace.channel], trace)

    answers = await asyncio.gather(*map(ask, traces))
    gone = [trace for trace, is_gone in zip(traces, answers, strict=True) if is_gone]
    if gone:
        await store.worker.run(lambda connection: _forget(connection, gone))
    return len(gone)


async def _delete(vault: Vault, channel: Channel, trace: _Trace) -> bool:
    """True when nothing is left to ask for: deleted, gone before, or never to be deleted."""
    try:
        address = vault.open(
            trace.contact_id, "contact.address", trace.contact_id, trace.address_sealed
        )
        await channel.delete(address.decode(), _ref(vault, trace))
    except SendError as error:
        return not error.retryable
    except (NoSuchContact, BrokenSeal):
        return True
    return True


def _ref(vault: Vault, trace: _Trace) -> str:
    table = f"{trace.table.__tablename__}.ref"
    return vault.open(trace.contact_id, table, trace.id, trace.ref_sealed).decode()


def _forget(connection: Connection, traces: list[_Trace]) -> None:
    for trace in traces:
        connection.execute(
            update(trace.table)
            .where(trace.table.id == trace.id)
            .values(ref_sealed=None, is_unwanted=False)
        )


@lru_cache
def _unwanted(table: _Table, channels: frozenset[str]) -> _Select:
    """Built once: a round asks for it every few seconds, and mostly finds nothing."""
    unwanted = _kept(table).where(table.is_unwanted.is_(True), Contact.channel.in_(channels))
    return unwanted.limit(AT_ONCE)


def _kept(table: _Table) -> _Select:
    """What providers still have, the oldest first."""
    query: _Select = select(
        table.id, Contact.id, Contact.channel, Contact.address_sealed, table.ref_sealed
    )
    if table is Delivery:
        query = query.join(OutboxEntry, OutboxEntry.id == Delivery.entry_id)
        query = query.join(Conversation, Conversation.id == OutboxEntry.conversation_id)
    else:
        query = query.join(Conversation, Conversation.id == Message.conversation_id)
    query = query.join(Contact, Contact.id == Conversation.contact_id)
    return query.where(table.ref_sealed.is_not(None)).order_by(table.id)
