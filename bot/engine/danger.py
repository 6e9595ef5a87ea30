"""Guards about danger: whether its text stands already, how old it is, and who the aggressor is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import timedelta
from typing import TYPE_CHECKING

from bot.engine import signposts, spoken

if TYPE_CHECKING:
    from bot.engine.turn import Turn

DANGER_REPEATS_AFTER = timedelta(minutes=10)
"""Within this time the danger text is not repeated whole (SAFETY 3)."""
POLICE = "police_hurts"
"""In `Memory.told` once she said so."""
CANNOT_SPEAK = "cannot_speak"
"""The same, and the name of the phrases that say so."""


def danger_was_said(turn: Turn) -> bool:
    """The danger text was shown whole within the last ten minutes."""
    said_at = turn.memory.danger_at
    return said_at is not None and turn.world.now - said_at < DANGER_REPEATS_AFTER


def danger_is_new(turn: Turn) -> bool:
    """No text of danger was shown whole within the last ten minutes."""
    return not danger_was_said(turn)


def is_about_dying(turn: Turn) -> bool:
    """Her own words, or where she is, speak of dying: not a weak reading beside another danger."""
    is_there = turn.state.startswith(("safety.crisis", "safety.company"))
    return is_there or spoken.says(turn, "my_own_death")


def is_in_crisis(turn: Turn) -> bool:
    """Where she is, dying is spoken of, and no blow is named now: the same goes on."""
    is_there = turn.state.startswith(("safety.crisis", "safety.company"))
    return is_there and not spoken.says(turn, "attack")


def is_plainly_sexual(turn: Turn) -> bool:
    """Beside another danger, an assault counts only when her words name it."""
    return danger_is_new(turn) or spoken.says(turn, "rape")


def asks_for_help(turn: Turn) -> bool:
    """In danger she asks where to find a help that she names, and cries no more."""
    heard = turn.heard
    is_named = heard is not None and bool(heard.needs)
    return is_named and spoken.says(turn, "where") and not spoken.says(turn, "right_now")


def can_be_asked(turn: Turn) -> bool:
    """A doubt about danger may be asked about: it is safe to write, it was not just asked, and she
    does not write for somebody who is not with her."""
    if turn.heard is not None and turn.heard.about_other:
        return False
    came_for_other = turn.memory.need == "desaparecida" or turn.state.startswith("friend.")
    return (
        turn.memory.is_safe
        and not turn.state.startswith("safety.")
        and not danger_was_said(turn)
        and (not came_for_other or spoken.says(turn, "of_me"))
    )


def is_urgent(turn: Turn) -> bool:
    """Danger was spoken of in this session."""
    return turn.memory.is_urgent


def is_last_night(turn: Turn) -> bool:
    """An assault that is over, hours ago: health within 72 hours comes before the police."""
    return spoken.says(turn, "hours_ago") and not spoken.says(turn, "right_now")


def told_of_rape(turn: Turn) -> bool:
    """What she cried for help about, or needs, is sexual violence: the first 72 hours count."""
    wish = turn.memory.wish
    is_told = wish is not None and "sexual_violence" in (wish["intent"], *wish["also"])
    return is_told or turn.memory.need == "violencia_sexual"


def tells_of_rape(turn: Turn) -> bool:
    """Sexual violence is in this message, whatever else is."""
    heard = turn.heard
    is_heard = heard is not None and "sexual_violence" in (heard.intent, *heard.also)
    return is_heard or spoken.says(turn, "rape")


def is_crisis(turn: Turn) -> bool:
    """She came from thoughts of dying."""
    states = (turn.state, *turn.memory.trail)
    return any(one.startswith(("safety.crisis", "safety.company")) for one in states)


def is_not_crisis(turn: Turn) -> bool:
    """She did not."""
    return not is_crisis(turn)


def cries_for_other(turn: Turn) -> bool:
    """The one in danger is somebody else."""
    wish = turn.memory.wish
    return wish is not None and bool(wish.get("about_other"))


def cries_for_herself(turn: Turn) -> bool:
    """Nothing says that the one in danger is somebody else."""
    return not cries_for_other(turn)


def police_hurts(turn: Turn) -> bool:
    """The one who hurts her is police, by this message or an earlier one of the session: prosecutor
    and Ombudsman, never only the police (SAFETY 10).

    In doubt it is so: the other lines answer whoever the aggressor is.
    """
    heard = turn.heard
    is_told = heard is not None and "police_abuse" in (heard.intent, *heard.also)
    if spoken.says(turn, "no_police"):
        return False
    is_known = POLICE in turn.memory.told or turn.memory.need == "abuso_policial"
    return is_told or is_known or spoken.names_police(turn)


def police_does_not_hurt(turn: Turn) -> bool:
    """Nothing says that the one who hurts her is police."""
    return not police_hurts(turn)


def police_was_said(turn: Turn) -> bool:
    """The danger text without the police was shown whole within the last ten minutes."""
    return POLICE in turn.memory.told and danger_was_said(turn)


def take_facts(turn: Turn) -> None:
    """What her words say outright: that it is no police who harms her, that she would not go to
    them, that she cannot speak on a telephone."""
    is_no_police = spoken.says(turn, "no_police")
    if turn.heard is not None and (
        is_no_police or (spoken.says(turn, "not_to_police") and not spoken.names_police(turn))
    ):
        turn.heard = turn.heard.without("police_abuse", "policia")
    if is_no_police:
        turn.memory.told = [one for one in turn.memory.told if one != POLICE]
        if turn.memory.need == "abuso_policial":
            turn.memory.need = None
    if spoken.says(turn, CANNOT_SPEAK):
        turn.tell_once(CANNOT_SPEAK)


def cannot_speak(turn: Turn) -> bool:
    """She said that she is deaf or mute: a telephone alone is no help."""
    return CANNOT_SPEAK in turn.memory.told


def is_plainly_safe(turn: Turn) -> bool:
    """A short message that it is over or far, and no word of harm in it."""
    harm = [one for one in HARM if one != "at_once"]  # "ya no está aquí" holds "está aquí"
    return spoken.says_safe(turn) and not any(spoken.says(turn, one) for one in harm)


def may_be_explained(turn: Turn) -> bool:
    """Urgent as it was read, yet her words name another matter (a debt, the rent, a video) and no
    blow, lock, death or "now": one kind question first."""
    names_harm = any(spoken.says(turn, one) for one in HARM)
    is_named = spoken.says(turn, "on_hold") or is_online(turn)
    return not names_harm and (is_named or signposts.is_named(turn, turn.said))


def is_online(turn: Turn) -> bool:
    """The threat is about her pictures or comes over the web."""
    return turn.heard is not None and "amenazas_internet" in turn.heard.needs


HARM = ("blows", "at_once", "locked", "my_own_death", "rape", "hurt_herself")
"""Phrases of `said.yaml` beside which nothing is explained away."""


def is_at_her_own_hands(turn: Turn) -> bool:
    """She spoke of dying, and has at hand what would do it."""
    return is_crisis(turn) and spoken.says(turn, "has_means")


GUARDS: dict[str, Callable[[Turn], bool]] = {
    guard.__name__: guard
    for guard in (
        danger_was_said,
        can_be_asked,
        is_urgent,
        is_last_night,
        told_of_rape,
        is_online,
        is_crisis,
        is_not_crisis,
        danger_is_new,
        is_about_dying,
        is_plainly_sexual,
        is_in_crisis,
        is_at_her_own_hands,
        asks_for_help,
        tells_of_rape,
        cries_for_other,
        cries_for_herself,
        police_hurts,
        police_does_not_hurt,
        police_was_said,
        may_be_explained,
        cannot_speak,
    )
}
