"""Named conditions of the flows. Each reads a turn and changes nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from bot.engine import danger, languages, outcomes, places, questions, spoken, waiting
from bot.engine.intents import SURE, Understanding
from bot.engine.memory import START
from bot.engine.pocket import is_good
from directory.needs import need_of

if TYPE_CHECKING:
    from bot.engine.turn import Turn

LIMA_AND_CALLAO = ("15", "07")
WAITING = ("offered", "waiting", "claimed", "live", "transferred")


def is_safe(turn: Turn) -> bool:
    """She said in this session that she can write calmly."""
    return turn.memory.is_safe


def has_need(turn: Turn) -> bool:
    """The need is known."""
    return turn.memory.need is not None


def lacks_need(turn: Turn) -> bool:
    """The need is not known."""
    return turn.memory.need is None


def lacks_place(turn: Turn) -> bool:
    """The place is not known."""
    return turn.memory.place is None


def has_candidates(turn: Turn) -> bool:
    """A place named in her message stands for several."""
    return len(turn.candidates) > 1


def has_choices_of_place(turn: Turn) -> bool:
    """Several places of one name wait for her choice."""
    return bool(turn.memory.places)


def is_about_job(turn: Turn) -> bool:
    """She speaks of work for a boss: here, or by what she told before."""
    is_here = turn.state.partition(".")[0] in ("job", "work")
    return is_here or turn.memory.need == "trabajo_sin_pago"


def found_place(turn: Turn) -> bool:
    """Exactly one place was found in what she sent."""
    return len(turn.candidates) == 1


def in_lima(turn: Turn) -> bool:
    """She is in Lima or Callao, where 106 answers."""
    place = turn.memory.place
    return place is not None and place[:2] in LIMA_AND_CALLAO


def outside_lima(turn: Turn) -> bool:
    """She is known to be outside Lima and Callao: 116, not 106."""
    place = turn.memory.place
    return place is not None and place[:2] not in LIMA_AND_CALLAO


def may_be_in_lima(turn: Turn) -> bool:
    """It is not known where she is: 106 is named for Lima only."""
    return turn.memory.place is None


def on_whatsapp(turn: Turn) -> bool:
    """The conversation runs on WhatsApp."""
    return turn.world.channel == "whatsapp"


def on_telegram(turn: Turn) -> bool:
    """The conversation runs on Telegram."""
    return turn.world.channel == "telegram"


def on_web(turn: Turn) -> bool:
    """The conversation runs on the web chat."""
    return turn.world.channel == "web"


def asks_for_service(turn: Turn) -> bool:
    """She names a service outright ("una abogada", "un médico"), or what she needs and the place,
    and nothing that weighs more."""
    heard = turn.heard
    return heard is not None and any(
        (need in NAMED_SERVICES and heard.intent in SERVICE_INTENTS)
        or (heard.places and _is_weak(heard) and not danger.police_hurts(turn))
        for need in heard.needs[:1]
    )


def _is_weak(heard: Understanding) -> bool:
    return heard.intent in SERVICE_INTENTS or heard.score < SURE


SERVICE_INTENTS = frozenset(
    """human services_near legal_help health migration basic_needs other greeting yes thanks
    self_harm""".split()
)
NAMED_SERVICES = frozenset({"abogada", "psicologia", "albergue", "comida", "hijos"})
"""Needs that are a service by name; the others are situations, which have a way of their own."""


def is_negated(turn: Turn) -> bool:
    """She says that it is not so, or that she does not want it."""
    return turn.heard is not None and turn.heard.negated


def has_web(turn: Turn) -> bool:
    """One of the services shown last has a web page."""
    shown = [turn.world.directory.service(one) for one in turn.memory.shown[-3:]]
    return any(one is not None and one.url for one in shown)


def lacks_web(turn: Turn) -> bool:
    """None of the services shown last has a web page."""
    return not has_web(turn)


def is_worth_asking(turn: Turn) -> bool:
    """What was likely meant is a matter of its own, and no word of hers names it outright."""
    heard = turn.heard
    return (
        heard is not None
        and not heard.needs
        and heard.intent not in spoken.untrue(turn)
        and f"menu.guess_{heard.intent}" in turn.flows.phrases
    )


def is_erase_asked(turn: Turn) -> bool:
    """The question whether to erase everything stands: saying it again is the answer."""
    return turn.state == "privacy.erase_ask"


def has_pocket_word(turn: Turn) -> bool:
    """She has a secret word for leaving."""
    return turn.memory.has_pocket_word


def word_is_good(turn: Turn) -> bool:
    """What she typed can be a pocket word: 4 to 30 characters, not reserved, not very common."""
    return is_good(turn.event.text)


def has_summary(turn: Turn) -> bool:
    """There is something to tell a counselor."""
    return bool(turn.memory.summary)


def lacks_summary(turn: Turn) -> bool:
    """She wants a counselor to be told nothing."""
    return not turn.memory.summary


def names_need(turn: Turn) -> bool:
    """Her words name something that the directory has services for."""
    heard = turn.heard
    if heard is None or heard.intent == "human":
        return False
    return bool(heard.needs) or need_of(heard.intent) is not None


def can_go_back(turn: Turn) -> bool:
    """There is a state behind her."""
    return bool(turn.memory.trail)


def is_starting(turn: Turn) -> bool:
    """Nothing was said yet in this session."""
    return turn.state == START


def is_about_other(turn: Turn) -> bool:
    """She writes for somebody else: says so, or came for her and does not speak of herself now."""
    heard = turn.heard
    for_her = (turn.state, *turn.memory.trail)
    came_for_other = any(one.startswith(("friend.", "missing.")) for one in for_her)
    return heard is not None and (
        heard.about_other or (came_for_other and not spoken.says(turn, "of_me"))
    )


def is_about_child(turn: Turn) -> bool:
    """The one under 18 is a child of hers, or of somebody else."""
    return is_about_other(turn) or spoken.says(turn, "my_child")


def came_for_child(turn: Turn) -> bool:
    """She came for somebody under 18 who is not herself."""
    return not spoken.is_young_herself(turn) and _came_by(turn, FOR_A_CHILD)


def is_for_the_young(turn: Turn) -> bool:
    """She is under 18, or came the way of those who are, and does not look for their protection."""
    is_young = spoken.is_young_herself(turn) or _came_by(turn, (*FOR_A_CHILD, "minors."))
    return is_young and turn.memory.need != "ninez"


FOR_A_CHILD = (
    "minors.child",
    "minors.report",
    "minors.school",
    "minors.apart",
    "minors.owes",
    "safety.child",
)


def _came_by(turn: Turn, begin: tuple[str, ...]) -> bool:
    return any(one.startswith(begin) for one in (turn.memory.state, *turn.memory.trail))


def _is_known(turn: Turn, needs: frozenset[str]) -> bool:
    """What she needs is one of these: a question of rights is one about it, unless she asks for
    her rights in general."""
    return turn.memory.need in needs and not spoken.says(turn, "my_rights")


def seeks_nobody(turn: Turn) -> bool:
    """She is not looking for somebody who disappeared."""
    return turn.memory.need != "desaparecida"


KNOWN = {
    "known_police": frozenset(("abuso_policial", "policia")),
    "known_work": frozenset(("trabajo_sin_pago",)),
    "known_harm": frozenset(("violencia", "violencia_sexual")),
    "known_papers": frozenset(("papeles",)),
    "known_health": frozenset(("salud", "salud_sexual", "embarazo")),
    "known_home": frozenset(("albergue", "hijos")),
    "known_young": frozenset(("ninez",)),
    "known_missing": frozenset(("desaparecida",)),
}
"""Guards by what she needs."""


ALL: Mapping[str, Callable[[Turn], bool]] = (
    {
        guard.__name__: guard
        for guard in (
            is_safe,
            has_need,
            lacks_need,
            lacks_place,
            has_candidates,
            has_choices_of_place,
            found_place,
            is_about_job,
            in_lima,
            outside_lima,
            may_be_in_lima,
            on_whatsapp,
            on_telegram,
            on_web,
            is_worth_asking,
            asks_for_service,
            is_negated,
            has_web,
            lacks_web,
            is_erase_asked,
            has_pocket_word,
            word_is_good,
            has_summary,
            lacks_summary,
            names_need,
            can_go_back,
            is_starting,
            is_about_other,
            is_about_child,
            came_for_child,
            seeks_nobody,
            is_for_the_young,
        )
    }
    | {guard: partial(_is_known, needs=needs) for guard, needs in KNOWN.items()}
    | questions.GUARDS
    | spoken.GUARDS
    | languages.GUARDS
    | places.GUARDS
    | danger.GUARDS
    | waiting.GUARDS
    | outcomes.GUARDS
)
