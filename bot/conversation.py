"""Two doors into a conversation: `receive` (she did something) and `resume` (something inside).

Both are plain functions of a connection, run by the store's worker in one transaction: her message,
the new memory, the effects and the replies become durable together or not at all.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime

from sqlalchemy import Connection

from bot import carrying, handoffs, outbox, records
from bot.carrying import Parting
from bot.engine.actions import apologize
from bot.engine.intents import Understanding
from bot.engine.memory import Memory
from bot.engine.turn import Engine, Event, Turn
from bot.engine.world import Duty, World
from bot.messages import Inbound, Message
from bot.records import Arrival
from bot.translation import Catalogues
from bot.vault import Vault
from directory.search import Directory

_LOG = logging.getLogger("kuska.conversation")
"""Says that a turn failed and with which error class; never a text."""


@dataclass(frozen=True, slots=True)
class House:
    """What both doors need; made once by `server` (and, in memory, by `kuska chat`)."""

    engine: Engine
    vault: Vault
    catalogues: Catalogues
    directory: Callable[[], Directory]
    understand: Callable[[str, str | None, str | None], Understanding]
    clock: Callable[[], datetime]
    new_tag: Callable[[], str]
    duty: Callable[[Connection, datetime], Duty]
    directory_is_up: Callable[[], bool]


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


def receive(house: House, connection: Connection, inbound: Inbound) -> Outcome:
    """One thing she did, to its replies in the outbox. A repeated provider id makes no turn."""
    now = house.clock()
    ref = house.vault.index("received", f"{inbound.channel}:{inbound.provider_id}")
    if records.is_repeat(connection, ref, now):
        return Outcome(None)
    arrival = records.arrive(connection, house.vault, inbound.channel, inbound.address, now)
    memory = _memory(house, arrival)
    turn = _take(house, connection, arrival, memory, _event(inbound), now)
    if turn.memory.tag != memory.tag and arrival.memory_sealed is not None:
        arrival = records.begin_conversation(connection, arrival, now)
    records.keep_message(
        connection, house.vault, arrival, "in", _body(inbound), inbound.message_ref, now
    )
    parting = carrying.carry_out(connection, house.vault, arrival, inbound.address, turn, now)
    if parting is None:
        _keep(house, connection, arrival, memory, turn, now, is_inbound=True)
    is_over = parting is not None or turn.memory.session == "ended"
    last_words = tuple(turn.messages) if is_over else None
    return Outcome(turn, arrival.contact_id, last_words, parting)


def resume(
    house: House,
    connection: Connection,
    contact_id: int,
    signal: str,
    message: Message | None = None,
) -> Outcome:
    """Something inside happened to her conversation: a counselor joined, wrote or closed; a
    handoff expired. `message` is said first. Raise `NoSuchContact` when she erased."""
    now = house.clock()
    arrival = records.arrival_of(connection, contact_id)
    memory = _memory(house, arrival)
    turn = _take(house, connection, arrival, memory, Event("signal", signal=signal), now)
    if message is not None:
        turn.messages.insert(0, message)
    carrying.carry_out(connection, house.vault, arrival, None, turn, now)
    _keep(house, connection, arrival, memory, turn, now, is_inbound=False)
    return Outcome(turn, contact_id)


def _take(
    house: House,
    connection: Connection,
    arrival: Arrival,
    memory: Memory,
    event: Event,
    now: datetime,
) -> Turn:
    """The engine's turn. When engine or content fail, her message and her place stay, she gets an
    apology with the emergency lines, and the failure is counted without text."""
    world = _world(house, connection, arrival, now)
    try:
        return house.engine.take_turn(memory, event, world)
    except Exception as error:  # noqa: BLE001 - whatever the content does, she gets an answer
        _LOG.error("turn failed: %s", type(error).__name__)
        records.count_incident(connection, f"turn_{type(error).__name__}"[:40], now)
        return apologize(Turn(replace(memory), event, world, house.engine.flows))


def _keep(
    house: House,
    connection: Connection,
    arrival: Arrival,
    before: Memory,
    turn: Turn,
    now: datetime,
    *,
    is_inbound: bool,
) -> None:
    memory = turn.memory
    if memory.language != before.language:
        records.keep_language(connection, arrival.contact_id, memory.language)
    records.keep_memory(
        connection,
        house.vault,
        arrival,
        memory.dump(),
        memory.session,
        now,
        is_inbound=is_inbound,
    )
    if turn.messages:
        outbox.enqueue(
            connection, house.vault, arrival, tuple(turn.messages), memory.language, now
        )


def _memory(house: House, arrival: Arrival) -> Memory:
    kept = records.read_memory(house.vault, arrival)
    memory = Memory() if kept is None else Memory.load(kept)
    memory.language = arrival.language or memory.language
    memory.has_pocket_word = arrival.pocket_mark is not None
    return memory


def _world(house: House, connection: Connection, arrival: Arrival, now: datetime) -> World:
    standing = handoffs.standing(connection, arrival.handoff_id)
    return World(
        now=now,
        directory=house.directory(),
        translate=house.catalogues.translate,
        understand=house.understand,
        new_tag=house.new_tag,
        is_pocket_word=lambda folded: records.is_pocket_word(house.vault, arrival, folded),
        duty=house.duty(connection, now),
        languages=house.catalogues.titles,
        channel=arrival.channel,
        handoff=None if standing is None else standing.status,
        directory_is_up=house.directory_is_up(),
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
