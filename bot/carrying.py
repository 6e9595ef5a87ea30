"""The effects of a turn, carried out in the turn's own transaction."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection

from bot import handoffs, incidents, outbox, records, reports, retention, traces
from bot.engine import effects
from bot.engine.turn import Turn
from bot.messages import Message
from bot.records import Arrival
from bot.retention import Farewell
from bot.vault import Vault
from directory import complaints


@dataclass(frozen=True, slots=True)
class Parting:
    """Last words to somebody whose rows are gone: sent from memory only, then forgotten.

    `farewell` says where to, and what may be deleted at the provider (SAFETY 7).
    """

    farewell: Farewell
    messages: tuple[Message, ...]
    language: str


@dataclass(frozen=True, slots=True)
class Carried:
    """`voided` turns' replies will never be sent; `parting` is set when she erased."""

    voided: int = 0
    parting: Parting | None = None


def carry_out(
    connection: Connection, vault: Vault, arrival: Arrival, turn: Turn, now: datetime
) -> Carried:
    """Do what the turn wants done; after an erasure nothing else is kept."""
    if effects.Erase() in turn.effects:
        farewell = retention.erase(connection, vault, arrival.contact_id, now)
        if farewell is None:
            return Carried()
        parting = Parting(farewell, tuple(turn.messages), turn.memory.language)
        return Carried(farewell.voided, parting)
    return Carried(sum(_do(connection, vault, arrival, one, now) for one in turn.effects))


def _do(
    connection: Connection, vault: Vault, arrival: Arrival, effect: effects.Effect, now: datetime
) -> int:
    """One effect; how many turns' replies it voided."""
    contact_id, conversation_id = arrival.contact_id, arrival.conversation_id
    match effect:
        case effects.VoidOutbox():
            return outbox.void(connection, contact_id)
        case effects.DeleteSent():
            traces.mark(connection, contact_id, now)
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
            incidents.count(connection, f"answer_{kind}", now)
        case effects.ReportContact(service_id, kind):
            reports.take(connection, vault, contact_id, service_id, kind, now.date())
        case effects.CountShown(service_ids):
            complaints.count_shown(connection, service_ids, now.date())
    return 0
