"""Named changes of the flows: each alters the turn's memory, messages or effects, nothing else."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import TYPE_CHECKING

from bot.engine import danger, outcomes, places, questions, requests, sessions, spoken, summary
from bot.engine.composing import offer_again, reprompt
from bot.engine.effects import (
    AlertCounselor,
    CloseHandoff,
    CountAnswer,
)
from bot.engine.guards import NAMED_SERVICES
from bot.engine.intents import LIKELY, SURE, Understanding
from bot.engine.signposts import GRAVE
from bot.engine.values import fill
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
    turn.memory.language = spoken.language_named(turn) or turn.memory.language


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


def take_place(turn: Turn) -> None:
    """Keep the place that her words name; several of one name wait for her choice."""
    if turn.heard is not None and turn.heard.places:
        places.keep(turn, list(turn.heard.places))


def forget_place(turn: Turn) -> None:
    """Another city: the old one no longer counts."""
    turn.memory.place, turn.memory.places = None, []


def forget_need(turn: Turn) -> None:
    """Another need: the old one no longer counts."""
    turn.memory.need = None


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


def keep_topic(turn: Turn) -> None:
    """Remember which choice opened this, for the summary she may approve."""
    turn.memory.topic = turn.chosen


ALL: Mapping[str, Callable[[Turn], None]] = (
    {
        action.__name__: action
        for action in (
            remember_wish,
            take_danger,
            recall_wish,
            forget_wish,
            requests.take_second,
            switch_to_her_language,
            show_again,
            ask_again,
            accept_no,
            ask_which,
            step_back,
            keep_language,
            keep_named_language,
            take_need,
            take_wished_need,
            take_control,
            take_place,
            forget_place,
            forget_need,
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
            keep_topic,
            *sessions.ACTIONS,
            *places.ACTIONS,
            *summary.ACTIONS,
        )
    }
    | questions.ACTIONS
    | outcomes.ACTIONS
)
