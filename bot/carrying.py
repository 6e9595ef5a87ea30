"""The effects of a turn, carried out in the turn's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot import handoffs, outbox, records, retention, traces
from bot.engine import effects
from bot.engine.turn import Turn
from bot.messages import Message
from bot.records import Arrival
from bot.vault import Vault


@dataclass(frozen=True, slots=True)
class Parting:
    """Last words to somebody whose rows are gone: sent from memory only, then forgotten.

    `refs` are the provider's references of what may be deleted there, hers and ours (SAFETY 7).
    """

    channel: str
    address: str
    messages: tuple[Message, ...]
    language: str
    refs: tuple[str, ...]


def carry_out(
    connection: Connection,
    vault: Vault,
    arrival: Arrival,
    address: str | None,
    turn: Turn,
    now: datetime,
) -> Parting | None:
    """Do what the turn wants done; a `Parting` when she erased, and then nothing else is kept."""
    for effect in turn.effects:
        if isinstance(effect, effects.Erase):
            return _erase(connection, vault, arrival, address or "", turn, now)
        _do(connection, vault, arrival, effect, now)
    return None


def _do(
    connection: Connection, vault: Vault, arrival: Arrival, effect: effects.Effect, now: datetime
) -> None:
    contact_id, conversation_id = arrival.contact_id, arrival.conversation_id
    match effect:
        case effects.VoidOutbox():
            outbox.void(connection, contact_id)
        case effects.DeleteSent():
            traces.mark_unwanted(connection, contact_id)
        case effects.KeepPocketWord(word):
            records.keep_pocket_word(connection, vault, contact_id, word)
        case effects.OfferHandoff(risk):
            handoffs.offer(connection, contact_id, conversation_id, risk, now)
        case effects.OpenHandoff():
            handoffs.send(connection, vault, contact_id, conversation_id, effect, now)
        case effects.CloseHandoff(reason):
            if arrival.handoff_id is not None:
                handoffs.close(connection, arrival.handoff_id, reason, now)
        case effects.AlertCounselor(sign):
            if arrival.handoff_id is not None:
                handoffs.alert(connection, arrival.handoff_id, sign, now)
        case effects.CountAnswer(kind):
            records.count_incident(connection, f"answer_{kind}", now)


def _erase(
    connection: Connection,
    vault: Vault,
    arrival: Arrival,
    address: str,
    turn: Turn,
    now: datetime,
) -> Parting:
    refs = traces.refs_of(connection, vault, arrival.contact_id)
    retention.erase(connection, vault, arrival.contact_id, now)
    return Parting(
        arrival.channel, address, tuple(turn.messages), turn.memory.language, tuple(refs)
    )
