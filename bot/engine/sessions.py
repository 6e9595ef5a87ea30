"""How a session opens, hides and ends: the calm question, exit, pocket word, erase, danger."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.engine.danger import POLICE
from bot.engine.effects import AlertCounselor, DeleteSent, Erase, KeepPocketWord, VoidOutbox
from bot.engine.folding import fold

if TYPE_CHECKING:
    from bot.engine.turn import Turn


def mark_safe(turn: Turn) -> None:
    """She can write calmly; never remembered into the next session."""
    turn.memory.is_safe = True
    turn.memory.session = "open"


def be_short(turn: Turn) -> None:
    """She has little time: texts are cut to what matters."""
    turn.memory.is_safe = True
    turn.memory.session = "short"


def be_safe_again(turn: Turn) -> None:
    """She says she is safe: the conversation may go on as one that can be written calmly."""
    turn.memory.is_safe = True
    turn.memory.is_urgent = False


def hush(turn: Turn) -> None:
    """`Ahora no`: nothing more is sent until she writes."""
    turn.memory.session = "covered"
    turn.memory.is_safe = False
    turn.memory.wish, turn.memory.wish_text = None, ""
    _stop_writing(turn)


def leave(turn: Turn) -> None:
    """Exit: the cover and nothing else; the state is cleared (SAFETY 4)."""
    _stop_writing(turn)
    turn.effects.append(DeleteSent())
    cover = turn.phrase("interrupts.cover")
    turn.memory.end()
    turn.say(cover, "cover")


def cover(turn: Turn) -> None:
    """Pocket word: as exit, with a reply that looks like a machine that did not understand."""
    _stop_writing(turn)
    turn.effects.append(DeleteSent())
    turn.effects.append(AlertCounselor("pocket_word"))
    text = turn.phrase("interrupts.pocket_cover")
    turn.memory.begin(turn.world.new_tag())
    turn.memory.session = "covered"
    turn.memory.covered_at = turn.world.now
    turn.say(text, "cover")


def erase(turn: Turn) -> None:
    """Everything of hers is destroyed; the confirmation repeats none of it (SAFETY 7)."""
    turn.effects += [VoidOutbox(), DeleteSent(), Erase()]
    text = turn.phrase("interrupts.erased")
    turn.memory.end()
    turn.say(text, "cover")


def begin_again(turn: Turn) -> None:
    """A tap from an older session: the neutral greeting, never its old meaning."""
    turn.memory.begin(turn.world.new_tag())


def note_danger(turn: Turn) -> None:
    """Danger was spoken of: its text counts as shown now, and a handoff would be urgent."""
    turn.memory.danger_at = turn.world.now
    turn.memory.is_urgent = True
    turn.memory.misses = 0
    if turn.memory.session in ("covered", "ended"):
        turn.memory.session = "short"


def note_police(turn: Turn) -> None:
    """The one who hurts her is police: for the rest of the session she is not sent to them."""
    turn.tell_once(POLICE)


def keep_pocket_word(turn: Turn) -> None:
    """Her secret word is set; the message that holds it is deleted where that can be done."""
    turn.effects += [KeepPocketWord(fold(turn.event.text)), DeleteSent()]
    turn.memory.has_pocket_word = True


def drop_pocket_word(turn: Turn) -> None:
    """Her secret word is forgotten."""
    turn.effects.append(KeepPocketWord(None))
    turn.memory.has_pocket_word = False


def _stop_writing(turn: Turn) -> None:
    turn.effects.append(VoidOutbox())
    if turn.world.handoff is not None:
        turn.effects.append(AlertCounselor("do_not_write"))


ACTIONS: tuple[Callable[[Turn], None], ...] = (
    mark_safe,
    be_short,
    be_safe_again,
    hush,
    leave,
    cover,
    erase,
    begin_again,
    note_danger,
    note_police,
    keep_pocket_word,
    drop_pocket_word,
)
