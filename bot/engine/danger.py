"""Guards about danger: whether its text stands already, how old it is, and who the aggressor is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.engine import spoken
from bot.engine.folding import fold

if TYPE_CHECKING:
    from bot.engine.turn import Turn

DANGER_REPEATS_AFTER = timedelta(minutes=10)
"""Within this time the danger text is not repeated whole (SAFETY 3)."""
POLICE = "police_hurts"
"""In `Memory.told` once she said so."""
HOURS_AGO = frozenset(
    "ayer anoche anteayer antier madrugada ontem yesterday night hier soir yè qayna".split()
)
RIGHT_NOW = frozenset(
    "ahora ahorita ahorit estan esta viene vienen now agora maintenant kounye".split()
)


def danger_was_said(turn: Turn) -> bool:
    """The danger text was shown whole within the last ten minutes."""
    said_at = turn.memory.danger_at
    return said_at is not None and turn.world.now - said_at < DANGER_REPEATS_AFTER


def can_be_asked(turn: Turn) -> bool:
    """A doubt about danger may be asked about: it is safe to write, and it was not just asked."""
    return (
        turn.memory.is_safe and not turn.state.startswith("safety.") and not danger_was_said(turn)
    )


def is_urgent(turn: Turn) -> bool:
    """Danger was spoken of in this session."""
    return turn.memory.is_urgent


def is_last_night(turn: Turn) -> bool:
    """An assault that is over, hours ago: health within 72 hours comes before the police."""
    words = set(fold(turn.said).split())
    return bool(words & HOURS_AGO) and not words & RIGHT_NOW


def police_hurts(turn: Turn) -> bool:
    """The one who hurts her is police, by this message or an earlier one of the session: prosecutor
    and Ombudsman, never only the police (SAFETY 10).

    In doubt it is so: the other lines answer whoever the aggressor is.
    """
    heard = turn.heard
    is_told = heard is not None and "police_abuse" in (heard.intent, *heard.also)
    return is_told or spoken.names_police(turn) or POLICE in turn.memory.told


def police_does_not_hurt(turn: Turn) -> bool:
    """Nothing says that the one who hurts her is police."""
    return not police_hurts(turn)


def police_was_said(turn: Turn) -> bool:
    """The danger text without the police was shown whole within the last ten minutes."""
    return POLICE in turn.memory.told and danger_was_said(turn)


GUARDS: dict[str, Callable[[Turn], bool]] = {
    guard.__name__: guard
    for guard in (
        danger_was_said,
        can_be_asked,
        is_urgent,
        is_last_night,
        police_hurts,
        police_does_not_hurt,
        police_was_said,
    )
}
