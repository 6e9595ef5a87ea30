"""Two doors into a conversation: `receive` (she did something) and `resume` (something inside).

Both are plain functions of a connection, run by the store's worker in one transaction: her message,
the new memory, the effects and the replies become durable together or not at all.
"""

from __future__ import annotations

import logging
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot import carrying, handoffs, incidents, outbox, records
from bot.carrying import Parting
from bot.engine.memory import Memory
from bot.engine.turn import Event, Turn
from bot.engine.world import World
from bot.errors import HandoffRefused
from bot.handoffs import Standing
from bot.house import House, hear
from bot.messages import Cause, Inbound, Message
from bot.records import Arrival

_LOG = logging.getLogger("kuska.conversation")
"""Says that a turn failed and with which error class; never a text."""


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a door answers. `turn` is None for a repeat.

    `last_words` are set when the session ended with this turn; `parting` when she erased: then
    they, and what may be deleted at the provider, exist in memory only.
    """

    turn: Turn | None
    contact_id: int | None = None
    last_words: tuple[Message, ...] | None = None
    parting: Parting | None = None
    voided: int = 0


def receive(house: House, connection: Connection, inbound: Inbound) -> Outcome:
    """One thing she did, to its replies in the outbox. A repeated provider id makes no turn."""
    now = house.clock()
    ref = house.vault.index("received", f"{inbound.channel}:{inbound.provider_id}")
    if records.is_repeat(connection, ref, now):
        return Outcome(None)
    arrival = records.arrive(connection, house.vault, inbound.channel, inbound.address, now)
    memory = _memory(house, arrival)
    standing = handoffs.standing(connection, arrival.handoff_id)
    world = _world(house, connection, arrival, standing, now)
    turn = _take(house, connection, memory, _event(inbound), world)
    began_session = _began_session(memory, turn.memory)
    if standing is None and began_session and arrival.memory_sealed:
        arrival = records.begin_conversation(connection, arrival, now)
    if not began_session:  # a first message is answered neutrally, and with nothing old
        outbox.release(connection, arrival.conversation_id, now)
    records.keep_message(
        connection, house.vault, arrival, "in", _body(inbound), inbound.message_ref, now
    )
    carried = carrying.carry_out(connection, house.vault, arrival, turn, now)
    if carried.parting is None:
        _keep(house, connection, arrival, memory, turn, "inbound", now)
    is_over = carried.parting is not None or turn.memory.session == "ended"
    last_words = tuple(turn.messages) if is_over else None
    return Outcome(turn, arrival.contact_id, last_words, carried.parting, carried.voided)


def resume(
    house: House,
    connection: Connection,
    contact_id: int,
    signal: str,
    message: Message | None = None,
) -> Outcome:
    """Something inside happened to her conversation: a counselor joined, wrote or closed; a
    handoff expired. `message` is said last. Raise `NoSuchContact` when she erased, and
    `HandoffRefused` when she came back and has not said that it is safe to write (SAFETY 1)."""
    now = house.clock()
    arrival = records.arrival_of(connection, contact_id)
    memory = _memory(house, arrival)
    if message is not None and memory.state.startswith("welcome."):
        raise HandoffRefused("not_calm_yet")
    standing = handoffs.standing(connection, arrival.handoff_id)
    world = _world(house, connection, arrival, standing, now)
    turn = _take(house, connection, memory, Event("signal", signal=signal), world)
    if message is not None:
        turn.messages.append(message)
    carrying.carry_out(connection, house.vault, arrival, turn, now)
    _keep(house, connection, arrival, memory, turn, "counselor", now)
    return Outcome(turn, contact_id)


def _take(house: House, connection: Connection, memory: Memory, event: Event, world: World) -> Turn:
    """The engine's turn. When engine or content fail, her message and her place stay, she gets an
    apology with the emergency lines, and the failure is counted without text."""
    try:
        return house.engine.take_turn(memory, event, world)
    except Exception as error:  # noqa: BLE001 - whatever the content does, she gets an answer
        _LOG.error("turn failed: %s", type(error).__name__)
        incidents.count(connection, f"turn_{type(error).__name__}"[:40], world.now)
        return house.engine.apologize(memory, event, world)


def _keep(
    house: House,
    connection: Connection,
    arrival: Arrival,
    before: Memory,
    turn: Turn,
    cause: Cause,
    now: datetime,
) -> None:
    memory, vault = turn.memory, house.vault
    if memory.language != before.language:
        records.keep_language(connection, arrival.contact_id, memory.language)
    kept, is_inbound = memory.dump(), cause == "inbound"
    records.keep_memory(
        connection, vault, arrival, kept, memory.session, now, is_inbound=is_inbound
    )
    if turn.messages:
        outbox.enqueue(connection, vault, arrival, turn.messages, memory.language, cause, now)


def _began_session(before: Memory, after: Memory) -> bool:
    return after.tag not in ("", before.tag)


def _memory(house: House, arrival: Arrival) -> Memory:
    kept = records.read_memory(house.vault, arrival)
    memory = Memory(language=house.language) if kept is None else Memory.load(kept)
    memory.language = arrival.language or memory.language
    memory.has_pocket_word = arrival.pocket_mark is not None
    return memory


def _world(
    house: House,
    connection: Connection,
    arrival: Arrival,
    standing: Standing | None,
    now: datetime,
) -> World:
    return World(
        now=now,
        directory=house.directory,
        translate=house.catalogues.translate,
        understand=hear,
        new_tag=house.new_tag,
        is_pocket_word=lambda folded: records.is_pocket_word(house.vault, arrival, folded),
        ask_duty=lambda: house.duty(connection, now),
        languages=house.catalogues.titles,
        channel=arrival.channel,
        handoff=None if standing is None else standing.status,
        directory_is_up=house.directory_is_up,
    )


def _event(inbound: Inbound) -> Event:
    if inbound.choice is not None:
        return Event("choice", choice=inbound.choice)
    if inbound.location is not None:
        return Event("location", location=inbound.location)
    if inbound.media is not None:
        return Event("media", media=inbound.media)
    return Event("text", text=inbound.text or "")


def _body(inbound: Inbound) -> str:
    """What a counselor may read later: her text; never coordinates, never a file."""
    if inbound.text is not None:
        return inbound.text
    return f"[{inbound.choice or inbound.media or 'location'}]"
