"""What she needs: told before it was safe to write, cried out in danger, named now, or looked for
where she is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from bot.engine.guards import NAMED_SERVICES
from bot.engine.intents import LIKELY, SURE, Understanding
from bot.engine.signposts import GRAVE
from directory.needs import need_of, needs

if TYPE_CHECKING:
    from bot.engine.turn import Turn

OPENING = ("greeting", "thanks", "yes", "no", "other", "back", "exit")
"""Intents that are no need: they are not kept while the calm question is open."""


def remember_wish(turn: Turn) -> None:
    """Keep what she needs until it is safe to write; a later need replaces an earlier one."""
    heard = turn.heard
    if heard is None or (heard.intent in OPENING and not heard.needs):
        return
    if heard.score < LIKELY and not heard.needs:
        return
    is_guess = bool(heard.needs) and heard.score < SURE  # what she named outright counts more
    turn.memory.wish = {
        "intent": "other" if is_guess else heard.intent,
        "also": list(heard.also),
        "needs": list(heard.needs),
        "places": list(heard.places),
        "about_other": heard.about_other,
        "negated": heard.negated,
    }
    turn.memory.wish_text = turn.said


def take_danger(turn: Turn) -> None:
    """What she cried for help about is what she needs once she is safe: it is not asked again."""
    heard = turn.heard
    if heard is None:
        return
    about = next((one for one in (heard.intent, *heard.also) if one in GRAVE), None)
    if about is None:
        return
    turn.memory.need = _needed(about, heard.needs)
    turn.memory.wish = {
        "intent": about,
        "also": [one for one in heard.also if one not in (about, "danger_now")],
        "needs": [],
        "places": list(heard.places),
        "about_other": heard.about_other,
    }
    turn.memory.wish_text = turn.said


def recall_wish(turn: Turn) -> None:
    """Take her to the need she told before, without asking it again."""
    wish, text = turn.memory.wish, turn.memory.wish_text
    forget_wish(turn)
    if wish is not None:
        turn.recalled, turn.recalled_text = Understanding.remembered(**wish), text


def forget_wish(turn: Turn) -> None:
    """That was not what she meant."""
    turn.memory.wish, turn.memory.wish_text = None, ""


def take_need(turn: Turn) -> None:
    """Keep the need that her words name, or the first one of their intent.

    A place alone names none: what she looked for before still counts.
    """
    heard = turn.heard
    if heard is None:
        return
    _, is_named, named = turn.trigger.partition("other.need_")
    need = named if is_named else _needed(heard.intent, heard.needs)
    turn.memory.need = need or turn.memory.need


def take_wished_need(turn: Turn) -> None:
    """What the state she is in looks for near her is what she needs; where it looks for nothing,
    what she told before and was not taken up yet, when nothing else is needed."""
    memory, wish = turn.memory, turn.memory.wish
    here = {key: one.need for key, one in turn.flows.choices(turn.state).items() if one.need}
    nearby = next((here[key] for key in NEARBY if key in here), None)
    if nearby is not None and memory.need not in here.values():
        memory.need = nearby
    elif memory.need is None and wish is not None:
        memory.need = _needed(wish["intent"], wish["needs"])


NEARBY = ("near", "where")
"""Keys of the choice that looks for the services of a state."""


def _needed(intent: str, named: Sequence[str]) -> str | None:
    """The need of a message. Beside harm, what she names of herself or of her life ("embarazada",
    "mis papeles", "me denuncia") is not what she looks for, unless it is a service by its name."""
    if intent in GRAVE:
        named = [one for one in named if one in NAMED_SERVICES or _is_about(one, intent)]
    return next(iter(named), None) or need_of(intent)


def _is_about(named: str, intent: str) -> bool:
    return needs()[named].intent == intent and named != "denunciar"


def take_control(turn: Turn) -> None:
    """Who is held at work needs who frees her, not only who sees to her pay."""
    turn.memory.need = "control"


def forget_need(turn: Turn) -> None:
    """Another need: the old one no longer counts."""
    turn.memory.need = None


ACTIONS: tuple[Callable[[Turn], None], ...] = (
    remember_wish,
    take_danger,
    recall_wish,
    forget_wish,
    take_need,
    take_wished_need,
    take_control,
    forget_need,
)
