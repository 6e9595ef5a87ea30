"""What she needs: told before it was safe to write, cried out in danger, named now, or looked for
where she is."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from bot.engine import danger, signposts
from bot.engine.answers import COMPLAINT, NEARBY, SHORT
from bot.engine.composing import offer_again
from bot.engine.folding import words
from bot.engine.guards import NAMED_SERVICES
from bot.engine.intents import CERTAIN, LIKELY, SURE, Understanding
from bot.engine.spoken import names_minor
from bot.engine.vocabulary import GRAVE
from directory.needs import need_of, needs

if TYPE_CHECKING:
    from bot.engine.turn import Turn

OPENING = ("greeting", "thanks", "yes", "no", "other", "back", "exit")
"""Intents that are no need: they are not kept while the calm question is open."""

VAGUE = ("rights", "services_near", "other")
"""Intents that say how she asks, not what for: what she told before stands."""


def remember_wish(turn: Turn) -> None:
    """Keep what she needs until it is safe to write; a later need replaces an earlier one."""
    heard = turn.heard
    is_named = signposts.is_named(turn, turn.said)
    if heard is None or (heard.intent in OPENING and not (heard.needs or is_named)):
        return
    if heard.score < LIKELY and not heard.needs and not is_named:
        return
    if danger.police_hurts(turn):  # the police are whom she fears, not what she needs
        heard = replace(heard, needs=tuple(one for one in heard.needs if one != "policia"))
    is_guess = bool(heard.needs) and heard.score < SURE  # what she named outright counts more
    about = [one for one in (heard.intent, *heard.also) if one != "danger_now"]  # that was asked
    turn.memory.wish = {
        "intent": "other" if is_guess or not about else about[0],
        "score": max(heard.score, LIKELY),
        "also": about if is_guess else about[1:],
        "needs": list(heard.needs),
        "places": list(heard.places),
        "about_other": heard.about_other,
        "negated": heard.negated,
    }
    turn.memory.wish_text = turn.said


def doubt_wish(turn: Turn) -> None:
    """What she told may be less grave than it sounded: her words count before the reading."""
    if turn.memory.wish is not None:
        turn.memory.wish["score"] = LIKELY


def add_to_wish(turn: Turn) -> None:
    """What she says beside an answer is what she needs; the place she named before still counts."""
    heard, before = turn.heard, turn.memory.wish
    is_named = signposts.is_named(turn, turn.said)
    if heard is None or not (is_named or _says_need(turn, heard)):
        return
    if before is not None and heard.intent in VAGUE and not is_named:
        before["places"] = list(heard.places) or before["places"]
        return
    turn.memory.wish = None
    remember_wish(turn)
    if turn.memory.wish is None:
        turn.memory.wish = before
        return
    turn.memory.wish["negated"] = False  # the "no" was the answer
    if is_named:
        doubt_wish(turn)
    if before is not None and not heard.places:
        turn.memory.wish["places"] = before["places"]


def _says_need(turn: Turn, heard: Understanding) -> bool:
    """Whether a message beside an answer says enough to be what she needs."""
    if len(words(turn.event.text)) <= SHORT:
        return False
    is_said = heard.score >= CERTAIN and heard.intent not in (*OPENING, "danger_now")
    return bool(heard.needs) or is_said


def take_danger(turn: Turn) -> None:
    """What she cried for help about is what she needs once she is safe: it is not asked again."""
    heard = turn.heard
    if heard is None:
        return
    about = next((one for one in (heard.intent, *heard.also) if one in GRAVE), None)
    if about is None:
        return
    is_young = names_minor(turn) and not heard.about_other
    turn.memory.need = "ninez" if is_young else need_of(about)
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


def go_on(turn: Turn) -> None:
    """After an answer: to what she told before, else back to where she was."""
    if turn.memory.wish is not None:
        turn.memory.wish["negated"] = False  # what she denied then was not all she told
        recall_wish(turn)
    elif turn.memory.trail:
        turn.jump = turn.memory.trail.pop()


def ask_otherwise(turn: Turn) -> None:
    """That was not what she meant: back where she was, and she is asked for other words."""
    forget_wish(turn)
    turn.is_back = True
    if turn.memory.trail:
        turn.state = turn.memory.trail.pop()
    offer_again(turn, turn.phrase("menu.otherwise"))


def go_on_safe(turn: Turn) -> None:
    """She is safe and asks for something: what she says now, else what she told, is taken up."""
    add_to_wish(turn)
    turn.say(turn.phrase("safety.goes_on"))
    recall_wish(turn)


def forget_wish(turn: Turn) -> None:
    """What she told before no longer counts."""
    turn.memory.wish, turn.memory.wish_text = None, ""


def take_need(turn: Turn) -> None:
    """Keep the need that her words name, or the first one of their intent.

    A place alone names none: what she looked for before still counts.
    """
    heard = turn.heard
    if heard is None:
        return
    _, is_named, named = turn.trigger.partition("other.need_")
    is_guess = bool(heard.needs) and heard.score < SURE  # what she named outright counts more
    need = named if is_named else _needed("other" if is_guess else heard.intent, heard.needs)
    if need is None and heard.intent == "services_near":
        need = next((need_of(one) for one in heard.also if one in GRAVE), None)
    if need is not None and not _is_finer(turn.memory.need, need, heard):
        turn.memory.need = need


def take_wished_need(turn: Turn) -> None:
    """What the state she is in looks for near her is what she needs; where it looks for nothing,
    what she told before and was not taken up yet, when nothing else is needed."""
    memory, wish = turn.memory, turn.memory.wish
    here = {key: one.need for key, one in turn.flows.choices(turn.state).items() if one.need}
    nearby = next((here[key] for key in NEARBY if key in here), None)
    is_complaint = nearby == COMPLAINT and memory.need is not None  # she has a need of her own
    if nearby is not None and memory.need not in here.values() and not is_complaint:
        memory.need = nearby
    elif memory.need is None and wish is not None:
        memory.need = _needed(wish["intent"], wish["needs"])


def take_topic(turn: Turn) -> None:
    """What a signpost led her to is what she needs, when nothing else is known."""
    choices = turn.flows.choices(turn.state)
    if turn.chosen_in and turn.memory.need is None and "near" in choices:
        turn.memory.need = choices["near"].need


def _is_finer(known: str | None, need: str, heard: Understanding) -> bool:
    """Whether what she looked for says more than this message: "donde me atienden" after a test, or
    "donde reclamo" after work without pay."""
    if known is None or known == need:
        return False
    if known == "violencia_sexual" and need in ("salud", "salud_sexual", "embarazo"):
        return True
    is_guessed = need not in heard.needs and needs()[known].intent == needs()[need].intent
    return is_guessed or (need == "queja" and known in ("trabajo_sin_pago", "control"))


def _needed(intent: str, named: Sequence[str]) -> str | None:
    """The need of a message. Beside harm, what she names of herself or of her life ("embarazada",
    "mis papeles", "me denuncia") is not what she looks for, unless it is a service by its name."""
    if intent == "labour":
        named = [one for one in named if one != "queja"]  # "si reclamo me botan"
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
    doubt_wish,
    add_to_wish,
    take_danger,
    recall_wish,
    go_on,
    ask_otherwise,
    go_on_safe,
    take_need,
    take_wished_need,
    take_control,
    forget_need,
)
