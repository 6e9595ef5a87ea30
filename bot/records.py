"""What a turn reads and writes: the contact, her conversation, its memory, her message.

A turn with a known contact runs, in one transaction::

    if records.is_repeat(connection, vault.index("received", f"{channel}:{id}"), now): ...
    arrival = records.arrive(connection, vault, channel, address, now)
    records.keep_message(connection, vault, arrival, "in", text, ref, now)
    records.keep_memory(connection, vault, arrival, memory.dump(), memory.session, now)
    outbox.enqueue(...)

Every function takes aware times and the connection of a `Store` work.
"""

from __future__ import annotations

import hmac
import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal, NamedTuple, cast

from sqlalchemy import Connection, bindparam, insert, select, update
from sqlalchemy.dialects import postgresql, sqlite

from bot import retention
from bot.errors import NoSuchContact, StoreUnavailable
from bot.models import Contact, Conversation, Message, ReceivedId, from_ms, new_id, to_ms
from bot.prepared import Prepared
from bot.vault import Vault

HOUR_MS = 3_600_000


class Arrival(NamedTuple):
    """Who writes, and the conversation she is in. `status` is her session's."""

    contact_id: int
    channel: str
    language: str | None
    pocket_mark: bytes | None
    may_write_first: bool
    conversation_id: int
    memory_sealed: bytes | None
    status: str
    handoff_id: int | None
    session_started_at: datetime
    last_inbound_at: datetime


_ARRIVAL = select(
    Contact.id,
    Contact.channel,
    Contact.language,
    Contact.pocket_mark,
    Contact.may_write_first,
    Conversation.id,
    Conversation.memory_sealed,
    Conversation.status,
    Conversation.handoff_id,
    Conversation.session_started_at,
    Conversation.last_inbound_at,
).join(Conversation, Conversation.id == Contact.conversation_id)
_FIND = Prepared(_ARRIVAL.where(Contact.address_index == bindparam("address_index")))
_OF = Prepared(_ARRIVAL.where(Contact.id == bindparam("contact_id")))
# PostgreSQL would join a lock it waited for with an old copy of the conversation: lock first.
_LOCK = Prepared(
    select(Contact.id).where(Contact.address_index == bindparam("address_index")).with_for_update()
)
_LOCK_OF = Prepared(
    select(Contact.id).where(Contact.id == bindparam("contact_id")).with_for_update()
)
_RECEIVED = {
    "sqlite": Prepared(sqlite.insert(ReceivedId).on_conflict_do_nothing()),
    "postgresql": Prepared(postgresql.insert(ReceivedId).on_conflict_do_nothing()),
}
_WELCOME = {
    "sqlite": Prepared(sqlite.insert(Contact).on_conflict_do_nothing()),
    "postgresql": Prepared(postgresql.insert(Contact).on_conflict_do_nothing()),
}
_BEGIN = Prepared(insert(Conversation))
_MESSAGE = Prepared(insert(Message))
_SEEN = Prepared(
    update(Contact)
    .where(Contact.id == bindparam("row"), Contact.last_seen_at < bindparam("hour"))
    .values(last_seen_at=bindparam("hour"))
)
_HEARD = Prepared(
    update(Conversation)
    .where(Conversation.id == bindparam("row"))
    .values(
        memory_sealed=bindparam("memory_sealed"),
        status=bindparam("status"),
        ended_at=bindparam("ended_at"),
        last_inbound_at=bindparam("last_inbound_at"),
    )
)


def is_repeat(connection: Connection, ref_index: bytes, now: datetime) -> bool:
    """Remember a provider's message id (its blind index); True when it made its turn already."""
    statement = _RECEIVED[connection.dialect.name]
    cursor = statement.run(connection, ref_index=ref_index, received_at=to_ms(now))
    return bool(cursor.rowcount == 0)


def arrive(
    connection: Connection, vault: Vault, channel: str, address: str, now: datetime
) -> Arrival:
    """Who writes from this address, locked for this turn; a newcomer gets her key and rows.

    A contact whose key is gone was erased: what is left of her rows goes, and she is new.
    """
    address_index = vault.index("address", f"{channel}:{address}")
    arrival = _find(connection, address_index)
    if arrival is not None and not vault.has(arrival.contact_id):
        retention.remove(connection, [arrival.contact_id], now)
        arrival = None
    if arrival is None:
        _welcome(connection, vault, channel, address, address_index, now)
        arrival = _find(connection, address_index)
    if arrival is None:
        raise StoreUnavailable("a new contact could not be kept")
    _SEEN.run(connection, row=arrival.contact_id, hour=_hour(now))
    return arrival


def arrival_of(connection: Connection, contact_id: int) -> Arrival:
    """The contact in her current conversation, locked for this turn: for `resume`.

    Raise `NoSuchContact` when she was erased.
    """
    if connection.dialect.name == "postgresql":
        _LOCK_OF.run(connection, contact_id=contact_id)
    row = _OF.run(connection, contact_id=contact_id).fetchone()
    if row is None:
        raise NoSuchContact("the contact was erased")
    return _arrival(row)


def begin_conversation(connection: Connection, arrival: Arrival, now: datetime) -> Arrival:
    """A new session that is not the old one's: its own row, an empty memory, no handoff."""
    conversation_id = _begin(connection, arrival.contact_id, now)
    connection.execute(
        update(Contact)
        .where(Contact.id == arrival.contact_id)
        .values(conversation_id=conversation_id)
    )
    return arrival_of(connection, arrival.contact_id)


def read_memory(vault: Vault, arrival: Arrival) -> dict[str, Any] | None:
    """What the engine knew; None when the conversation is new or its content was let go."""
    if arrival.memory_sealed is None:
        return None
    packed = vault.open(
        arrival.contact_id, "conversation.memory", arrival.conversation_id, arrival.memory_sealed
    )
    return cast(dict[str, Any], json.loads(packed))


def keep_memory(
    connection: Connection,
    vault: Vault,
    arrival: Arrival,
    memory: Mapping[str, Any],
    status: str,
    now: datetime,
    *,
    is_inbound: bool = True,
) -> None:
    """Keep what the engine knows now. `is_inbound` says that it was she who wrote at `now`."""
    packed = json.dumps(memory, ensure_ascii=False, separators=(",", ":")).encode()
    _HEARD.run(
        connection,
        row=arrival.conversation_id,
        memory_sealed=vault.seal(
            arrival.contact_id, "conversation.memory", arrival.conversation_id, packed
        ),
        status=status,
        ended_at=to_ms(now) if status == "ended" else None,
        last_inbound_at=to_ms(now if is_inbound else arrival.last_inbound_at),
    )


def keep_message(
    connection: Connection,
    vault: Vault,
    arrival: Arrival,
    direction: Literal["in", "note"],
    body: str,
    ref: str | None,
    now: datetime,
) -> int:
    """Keep what she wrote, or a counselor's note; `ref` is how the provider deletes its copy.

    Twilio's copy is unwanted as soon as the turn is stored, Telegram's once she leaves (`traces`).
    """
    message_id, contact_id = new_id(), arrival.contact_id
    _MESSAGE.run(
        connection,
        id=message_id,
        conversation_id=arrival.conversation_id,
        direction=direction,
        body_sealed=vault.seal(contact_id, "message.body", message_id, body.encode()),
        ref_sealed=ref and vault.seal(contact_id, "message.ref", message_id, ref.encode()),
        is_unwanted=ref is not None and arrival.channel == "whatsapp",
        created_at=to_ms(now),
    )
    return message_id


def keep_language(connection: Connection, contact_id: int, language: str) -> None:
    """Remember the language she chose, for as long as she is known."""
    connection.execute(update(Contact).where(Contact.id == contact_id).values(language=language))


def keep_pocket_word(
    connection: Connection, vault: Vault, contact_id: int, folded: str | None
) -> None:
    """Keep the mark of her pocket word; None forgets it."""
    mark = None if folded is None else vault.word_mark(contact_id, folded)
    connection.execute(update(Contact).where(Contact.id == contact_id).values(pocket_mark=mark))


def is_pocket_word(vault: Vault, arrival: Arrival, folded: str) -> bool:
    """Whether she said her pocket word, and nothing else."""
    return arrival.pocket_mark is not None and hmac.compare_digest(
        arrival.pocket_mark, vault.word_mark(arrival.contact_id, folded)
    )


def _find(connection: Connection, address_index: bytes) -> Arrival | None:
    if connection.dialect.name == "postgresql":
        _LOCK.run(connection, address_index=address_index)
    row = _FIND.run(connection, address_index=address_index).fetchone()
    return None if row is None else _arrival(row)


def _arrival(row: tuple[Any, ...]) -> Arrival:
    return Arrival._make((*row[:4], bool(row[4]), *row[5:9], from_ms(row[9]), from_ms(row[10])))


def _welcome(
    connection: Connection,
    vault: Vault,
    channel: str,
    address: str,
    address_index: bytes,
    now: datetime,
) -> None:
    """Rows of a new contact; of two processes at once the first stays and the other finds her."""
    contact_id, conversation_id = vault.take(), new_id()
    made = _WELCOME[connection.dialect.name].run(
        connection,
        id=contact_id,
        channel=channel,
        address_index=address_index,
        address_sealed=vault.seal(contact_id, "contact.address", contact_id, address.encode()),
        conversation_id=conversation_id,
        language=None,
        pocket_mark=None,
        may_write_first=False,
        created_at=_hour(now),
        last_seen_at=_hour(now),
        next_send_at=0,
    )
    if made.rowcount == 1:
        _begin(connection, contact_id, now, conversation_id)


def _begin(
    connection: Connection, contact_id: int, now: datetime, conversation_id: int | None = None
) -> int:
    row_id = conversation_id or new_id()
    _BEGIN.run(
        connection,
        id=row_id,
        contact_id=contact_id,
        memory_sealed=None,
        status="open",
        handoff_id=None,
        session_started_at=to_ms(now),
        last_inbound_at=to_ms(now),
        knocked_at=None,
        ended_at=None,
    )
    return row_id


def _hour(now: datetime) -> int:
    """When she was last seen is known to the hour, no closer."""
    return to_ms(now) // HOUR_MS * HOUR_MS
