"""Named changes of the flows: each alters the turn's memory, messages or effects, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from bot.engine import (
    danger,
    languages,
    outcomes,
    places,
    questions,
    requests,
    sessions,
    summary,
    wishes,
)
from bot.engine.composing import offer_again, reprompt
from bot.engine.effects import (
    AlertCounselor,
    CloseHandoff,
    CountAnswer,
)
from bot.engine.values import fill

if TYPE_CHECKING:
    from bot.engine.turn import Turn


def switch_to_her_language(turn: Turn) -> None:
    """Answer a first message in its language, and say how to get Spanish."""
    if speak_her_language(turn):
        say_spanish_instead(turn)


def speak_her_language(turn: Turn) -> bool:
    """Whether her message has four words or more of another language of ours, spoken from now."""
    heard = turn.heard
    if heard is None or heard.language in (None, turn.memory.language):
        return False
    if heard.language not in turn.world.languages:
        return False
    if len(turn.event.text.split()) < LANGUAGE_WORDS:
        return False
    turn.memory.language = str(heard.language)
    return True


def say_spanish_instead(turn: Turn) -> None:
    """One line that leads back to Spanish."""
    turn.say(turn.flows.phrases["interrupts.spanish_instead"])


LANGUAGE_WORDS = 4
"""Shorter texts do not show their language (SAFETY 1)."""


def show_again(turn: Turn) -> None:
    """Say again what the state says."""
    turn.has_entered = True


def ask_again(turn: Turn) -> None:
    """Say that it was not understood, with the choices."""
    reprompt(turn)


def accept_no(turn: Turn) -> None:
    """A bare "no" to what a state offers: that is fine, and everything still stands."""
    offer_again(turn, turn.phrase("interrupts.no_is_fine"))


def ask_which(turn: Turn) -> None:
    """A bare "yes" where several things are offered: which of them?"""
    offer_again(turn, turn.phrase("interrupts.which_one"))


def step_back(turn: Turn) -> None:
    """Return to the state behind her."""
    if turn.memory.trail:
        turn.jump = turn.memory.trail.pop()
        turn.is_back = True


def keep_language(turn: Turn) -> None:
    """Speak the language she chose by tapping its name."""
    if turn.chosen in turn.world.languages:
        turn.memory.language = turn.chosen


def keep_named_language(turn: Turn) -> None:
    """Speak the language whose name or code is her whole message (`EN`, `español`)."""
    turn.memory.language = languages.language_named(turn) or turn.memory.language


def keep_wanted_language(turn: Turn) -> None:
    """Speak the language that a sentence of hers asks for."""
    turn.memory.language = languages.language_wanted(turn) or turn.memory.language


def take_place(turn: Turn) -> None:
    """Keep the place that her words name; several of one name wait for her choice."""
    places.take(turn)


def forget_place(turn: Turn) -> None:
    """Another city: the old one no longer counts."""
    turn.memory.place, turn.memory.places = None, []


def keep_fear(turn: Turn) -> None:
    """What she fears decides which services come first; the choice's key is the fear."""
    if turn.chosen not in turn.memory.fears:
        turn.memory.fears.append(turn.chosen)


def remind_danger(turn: Turn) -> None:
    """One line with the number; other numbers when the one who hurts her is police."""
    turn.memory.is_urgent = True
    name = "danger_again_police" if danger.police_hurts(turn) else "danger_again"
    turn.say(fill(turn, turn.phrase(f"interrupts.{name}")), "danger")


def remind_crisis(turn: Turn) -> None:
    """The same for somebody who thinks of dying."""
    turn.memory.is_urgent = True
    turn.say(fill(turn, turn.phrase("interrupts.crisis_again")), "danger")


def alert_counselor(turn: Turn) -> None:
    """The counselor who is with her sees that danger was spoken of."""
    turn.effects.append(AlertCounselor("danger"))


def answer_media(turn: Turn) -> None:
    """A voice note, photo or document: an honest sentence; it is not kept (SAFETY 17)."""
    kind = turn.event.media
    name = f"interrupts.media_{kind if kind in ('audio', 'image', 'video') else 'file'}"
    turn.say(turn.phrase(name))
    turn.has_entered = True


def answer_media_live(turn: Turn) -> None:
    """The counselor does not see it either: say so, and let her write."""
    turn.say(turn.phrase("interrupts.media_live"))


def answer_location_live(turn: Turn) -> None:
    """Where she is does not reach the counselor: say so."""
    turn.say(turn.phrase("interrupts.location_live"))


def say_outside_peru(turn: Turn) -> None:
    """A shared location far from every district of Peru."""
    turn.say(turn.phrase("find_service.outside_peru"))
    turn.has_entered = True


def keep_helped(turn: Turn) -> None:
    """She says that talking helped; counted, linked to nobody."""
    turn.effects.append(CountAnswer("helped"))


def keep_not_helped(turn: Turn) -> None:
    """She says that talking did not help; counted, linked to nobody."""
    turn.effects.append(CountAnswer("not_helped"))


def withdraw(turn: Turn) -> None:
    """She no longer wants a person: the handoff closes, its consent is revoked."""
    turn.effects.append(CloseHandoff("withdrawn"))
    turn.memory.writing_first = "never"


def apologize(turn: Turn) -> Turn:
    """Something failed on our side: a plain apology with the emergency lines and the offer of a
    person; a neutral one when the chat is covered or not known to be safe. Her place stays.

    A cry for help gets the lines wherever she is.
    """
    is_covered = turn.memory.session == "covered"
    if turn.heard is not None and turn.heard.urgent:
        turn.say(fill(turn, turn.phrase("interrupts.apology")), "danger")
    elif is_covered or not turn.memory.is_safe:
        turn.say(turn.phrase("interrupts.apology_neutral"), "cover" if is_covered else "say")
    else:
        turn.say(fill(turn, turn.phrase("interrupts.apology")))
    return turn


ALL: Mapping[str, Callable[[Turn], None]] = (
    {
        action.__name__: action
        for action in (
            requests.take_second,
            switch_to_her_language,
            show_again,
            ask_again,
            accept_no,
            ask_which,
            step_back,
            keep_language,
            keep_named_language,
            keep_wanted_language,
            take_place,
            forget_place,
            keep_fear,
            remind_danger,
            remind_crisis,
            alert_counselor,
            answer_media,
            answer_media_live,
            answer_location_live,
            say_outside_peru,
            keep_helped,
            keep_not_helped,
            withdraw,
            *wishes.ACTIONS,
            *sessions.ACTIONS,
            *places.ACTIONS,
            *summary.ACTIONS,
        )
    }
    | questions.ACTIONS
    | outcomes.ACTIONS
)
