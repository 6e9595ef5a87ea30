"""Whether a service she was given answered her: asked once, told only if she wants (SAFETY 34).

The question comes with the menu or a farewell, some minutes after the card, never by itself. What
she says is counted by service and linked to nobody; in this session what failed is not shown again.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.engine.effects import ReportContact
from bot.engine.folding import fold
from bot.messages import Message

if TYPE_CHECKING:
    from bot.engine.turn import Turn

ASKED_AFTER = timedelta(minutes=5)
"""She has hardly called anybody before."""
FAILED = ("closed", "nobody", "badly")
LATEST = 6
LONGEST = 12
"""Words of a message that says so; a longer one tells more than that."""
TRIED = tuple(
    """no contesta|nadie contest|nadie me contest|no me contest|no respond|nadie respond|
    nadie me respond|no me respond|estaba cerrado|esta cerrado|numero equivocado|numero no existe|
    no existe el numero|no me atendieron|nadie me atend|nobody answer|no one answer|nao atend|
    ninguem atend|ninguem respond|repond pas|pa reponn""".replace("\n    ", "").split("|")
)
"""How people say that a contact failed, folded."""


def contacts(turn: Turn) -> list[str]:
    """The latest services she was given and has said nothing of, in the order she saw them."""
    said = turn.memory.outcomes
    return [one for one in turn.memory.shown if one not in said][-LATEST:]


def has_contact(turn: Turn) -> bool:
    """She was given a contact and has not said how it went."""
    return bool(contacts(turn))


def has_one_contact(turn: Turn) -> bool:
    """There is only one that she can mean."""
    return len(contacts(turn)) == 1


def tells_of_contact(turn: Turn) -> bool:
    """Her whole message says that a contact she was given did not answer, and asks nothing else."""
    words = fold(turn.said)
    if turn.heard is not None and (turn.heard.urgent or turn.heard.needs):
        return False
    is_short = len(words.split()) <= LONGEST
    return is_short and has_contact(turn) and any(one in words for one in TRIED)


def keep_contact(turn: Turn) -> None:
    """She speaks of the one she chose, or of the only one."""
    found = contacts(turn)
    position = turn.chosen.removeprefix("contact_")
    chosen = int(position) if position.isdecimal() else 0
    turn.memory.spoken_of = found[chosen] if chosen < len(found) else None


def report_contact(turn: Turn) -> None:
    """The choice's key says how it went; nothing of her goes with it."""
    memory = turn.memory
    if memory.spoken_of is None:
        return
    turn.effects.append(ReportContact(memory.spoken_of, turn.chosen))
    if turn.chosen != "not_tried":
        memory.outcomes[memory.spoken_of] = turn.chosen
    memory.spoken_of = None


def has_failed(turn: Turn, service_id: str) -> bool:
    """Whether she said in this session that it did not help her."""
    return turn.memory.outcomes.get(service_id) in FAILED


def ask_back(turn: Turn) -> list[Message]:
    """The question whether she wants to tell, once a session; not in a hurry, not in danger."""
    memory = turn.memory
    if memory.session != "open" or memory.is_urgent or memory.shown_at is None:
        return []
    if not has_contact(turn) or turn.world.now - memory.shown_at < ASKED_AFTER:
        return []
    return [Message(turn.phrase("follow_up.offer"))] if turn.tell_once("ask_back") else []


def named_contacts(turn: Turn) -> list[tuple[str, str]]:
    """The services she may speak of, by name."""
    rows = [turn.world.directory.row(one) for one in contacts(turn)]
    return [(f"contact_{place}", row.name if row else "") for place, row in enumerate(rows)]


def contact_name(turn: Turn) -> str:
    """The service she speaks of."""
    row = turn.world.directory.row(turn.memory.spoken_of or "")
    return row.name if row else ""


GUARDS: dict[str, Callable[[Turn], bool]] = {
    guard.__name__: guard for guard in (has_contact, has_one_contact, tells_of_contact)
}
ACTIONS: dict[str, Callable[[Turn], None]] = {
    action.__name__: action for action in (keep_contact, report_contact)
}
