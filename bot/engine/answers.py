"""What her words answer to the choices before her, when they are no number, title or phrase of one:
a yes or no with more after it, where to go, the one word that points at a choice."""

from __future__ import annotations

from typing import TYPE_CHECKING

from bot.engine import signposts, spoken
from bot.engine.folding import words
from bot.engine.intents import SURE

if TYPE_CHECKING:
    from bot.engine.turn import Turn

SHORT = 6
"""Words of a message that says one thing."""
COMPLAINT = "queja"
"""Where to complain is where to go for what she complains of."""
SHORT_QUESTION = 10
ALWAYS = ("safety.ask",)
"""States in which a "no" is the answer however much follows it; what follows is kept."""
DOORS = ("welcome.gate", "welcome.start", "privacy.erase_ask", "privacy.leaving")
"""States in which only a whole message answers: it would hide or erase the conversation."""
IDLE = frozenset("yes no other greeting thanks back menu exit".split())


def yes_or_no(turn: Turn) -> str | None:
    """The choice that a message beginning with yes or no takes, where yes or no is asked."""
    heard, message = turn.heard, words(turn.event.text)
    is_cry = heard is not None and heard.urgent and not spoken.begins(turn, "not_in_danger")
    if heard is None or is_cry or turn.state in DOORS or len(message) < 2:
        return None
    is_long = len(message) > SHORT
    says_more = heard.score >= SURE and heard.intent not in IDLE and not heard.negated
    for like in ("deny", "affirm"):
        key = _liked(turn, like)
        is_open = turn.state in ALWAYS and like == "deny"
        if key and (is_open or not (is_long or says_more)) and spoken.begins(turn, like):
            return key
        if key and is_open and spoken.says_safe(turn):
            return key
    return None


def yes(turn: Turn) -> str | None:
    """In danger, the choice that a message beginning with yes takes, however much follows it."""
    return _liked(turn, "affirm") if spoken.begins(turn, "affirm") else None


def _liked(turn: Turn, like: str) -> str | None:
    choices = turn.flows.choices(turn.state).items()
    return next((key for key, one in choices if one.like == like), None)


def nearby(turn: Turn) -> str | None:
    """The choice that looks for what the state is about near her, when she asks where to go."""
    heard = turn.heard
    choices = turn.flows.choices(turn.state)
    key = next((one for one in NEARBY if one in choices and choices[one].need), None)
    if heard is None or key is None or not _asks_where(turn):
        return None
    needed, named = choices[key].need, set(heard.needs) - {COMPLAINT}
    if needed == COMPLAINT and turn.memory.need is not None:  # she has a need of her own
        return None
    return key if not named or needed in named else None


def is_about_known(turn: Turn) -> bool:
    """Whether she asks where to go for what she told before."""
    heard = turn.heard
    is_free = heard is not None and not set(heard.needs) - {COMPLAINT}
    wish = turn.memory.wish
    is_known = turn.memory.need is not None or wish is not None
    return is_free and is_known and _asks_where(turn)


def _asks_where(turn: Turn) -> bool:
    return len(words(turn.event.text)) <= SHORT_QUESTION and spoken.says(turn, "where")


NEARBY = ("near", "where")
"""Keys of the choice that looks for the services of a state."""


def hinted(turn: Turn) -> str | None:
    """The choice that one telling word points at, when nothing was surely understood."""
    heard = turn.heard
    if heard is None or heard.score >= SURE or len(words(turn.event.text)) > SHORT:
        return None
    return signposts.hinted(turn)
