"""What a counselor has typed and not sent. It outlives a reload, a lost line, and a session that
ends in the middle of a sentence.

It is kept here and not in her browser, because here it is sealed under the contact's key: `borrar`
destroys it with all else, it goes when the case changes hands or ends, and a telephone that is lost
or shared holds nothing. One draft a case.
"""

from __future__ import annotations

from sqlalchemy import Connection, select, update

from bot import handoffs
from bot.errors import HandoffRefused
from bot.house import House
from bot.models import Handoff, ReceivedId

LABEL = "handoff.draft"


def keep(
    house: House, connection: Connection, handoff_id: int, counselor_id: int, text: str, once: str
) -> None:
    """Keep what stands in the box. `once` names the reply it will become: a draft that comes after
    its reply was taken is dropped."""
    handoffs.require_owner(connection, handoff_id, counselor_id)
    taken = select(ReceivedId).where(ReceivedId.ref_index == reply_ref(house, counselor_id, once))
    if connection.execute(taken).first() is not None:
        return
    contact_id = connection.scalar(select(Handoff.contact_id).where(Handoff.id == handoff_id))
    if contact_id is None:
        raise HandoffRefused("case_gone")
    sealed = house.vault.seal(contact_id, LABEL, handoff_id, text.encode()) if text else None
    _put(connection, handoff_id, sealed)


def read(house: House, contact_id: int, handoff_id: int, sealed: bytes | None) -> str:
    """The draft of a case; empty when there is none."""
    if sealed is None:
        return ""
    return house.vault.open(contact_id, LABEL, handoff_id, sealed).decode()


def drop(connection: Connection, handoff_id: int) -> None:
    """It was sent."""
    _put(connection, handoff_id, None)


def reply_ref(house: House, counselor_id: int, once: str) -> bytes:
    """Under which a reply counts as received: the same form is taken once."""
    return house.vault.index("received", f"console:{counselor_id}:{once}")


def _put(connection: Connection, handoff_id: int, sealed: bytes | None) -> None:
    connection.execute(update(Handoff).where(Handoff.id == handoff_id).values(draft_sealed=sealed))
