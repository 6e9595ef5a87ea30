"""What her own words say outright, whatever was understood besides: guards on the message itself.

They read `Turn.said`, so that a need told before the calm question is read as it was told.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache, partial
from typing import TYPE_CHECKING

from bot.engine.folding import fold, words, written_out
from bot.engine.loader import read
from bot.engine.phrases import Phrases
from bot.engine.vocabulary import FOLDER, GRAVE

if TYPE_CHECKING:
    from bot.engine.turn import Turn

_ONLY = r"(?:solo |apenas |recien |only )?"
_OWN_AGE = (
    r"(?:tengo|soy de|so[yi] una? (?:chic|xic|chibol|joven|muchach|adolesc|estudi|nin)\w* de"
    rf"|i m|im|i am|tenho|j ai|jai) {_ONLY}1[0-7]"
)
_THEIR_AGE = rf"(?:tiene|tienen|de|con|she is|he is) {_ONLY}(?:1[0-7]|[1-9])"
_AGE = re.compile(
    rf"\b(?:{_OWN_AGE}\b(?! (?:mes|dia|seman|hora|hij|sol|minut|cliente)))"
    rf"|\b{_THEIR_AGE} (?:anos|anitos|years|ans)\b"
    r"|\b(?:h?ij|alumn|prim|h?erman|sobrin|niet|chic|nin|vecin|amig|pacient|estudiant)\w*"
    r"(?: \w+){0,4} (?:de|d|tiene|tenga) (?:1[0-7]|[1-9])\b"
    r"(?! (?:mes|dia|seman|hora|hij|sol|minut))"
)
_HER_AGE = re.compile(rf"\b{_OWN_AGE}\b(?! (?:mes|dia|seman|hora|hij|sol|minut|cliente))")
_REPORTED = re.compile(
    r"\bdenuncie\b|\bdenunciamos\b|\b(?:puse|hice|hicimos|pusimos|presente) (?:\w+ )?denuncia\b"
    r"|(?<!hacer )(?<!poner )(?<!presentar )\b(?:mi|con la) denuncia\b"
)
_ACCUSED = re.compile(
    r"\bme (?:han |estan )?(?:denunciaron|denuncio|denunciad|acus)|\bestoy denunciad"
)
_OFFICER = r"(?:polic|tombo|suboficial|sereno|pnp|patrull|policeman|cop\b)"
_IS_POLICE = re.compile(
    rf"(?<!\bno )(?<!\bno es )\b(?:un|el|ese|este|unos|los|esos|es|son|a) {_OFFICER}\w*(?! no\b)"
)
_AGAINST_POLICE = re.compile(rf"\bdenunci\w* (?:a|contra) (?:\w+ )?{_OFFICER}")
_ELSEWHERE = re.compile(
    r"\b(?:su|sus|del|de el|de la|his|her|their|dele|dela|sa|son) "
    r"(?:celular|cel|telefono|internet|pagina|whatsapp|facebook|instagram|tiktok|perfil|cuenta|phone|celulares)\b"
)
_OWN_WORK = re.compile(
    r"\btrabaj\w* sexual|\bsex ?work|\bsexoservidor|\bmeretri|\bprostitut|\bscort|\bescort"
    r"|\btrabaj\w* (?:\w+ ){0,2}(?:prostibulo|burdel|chongo)"
    r"|\bkine(?:siolog)?\b|\bpag\w+ por sexo|\batiendo clientes|\bmi esquina\b"
)


@lru_cache(maxsize=1)
def _sayings() -> dict[str, Phrases[None]]:
    content, _ = read(FOLDER / "said.yaml")
    return {name: Phrases((one, None) for one in phrases) for name, phrases in content.items()}


def says(turn: Turn, name: str) -> bool:
    """Whether a phrase of this name in `flows/intents/said.yaml` stands in her words."""
    return any(_sayings()[name].find(words(turn.said)))


def asks(text: str) -> bool:
    """Whether a text asks for something: a question or a wish, not only a matter named."""
    return "?" in text or any(_sayings()["asks"].find(words(text)))


def is_listed(name: str) -> bool:
    """Whether `said.yaml` has phrases of this name."""
    return name in _sayings()


def begins(turn: Turn, name: str) -> bool:
    """Whether her words begin with a phrase of this name."""
    return any(hit.start == 0 for hit in _sayings()[name].find(words(turn.said)))


def untrue(turn: Turn) -> frozenset[str]:
    """Intents that her words deny: harm, unless a "but" follows; youth, when she is of age."""
    heard = turn.heard
    if heard is None:
        return frozenset()
    is_denied = says(turn, "denied") or (heard.negated and begins(turn, "denial"))
    is_so = says(turn, "but") or says(turn, "works_freely")  # other harm follows; it is her choice
    denied = GRAVE if is_denied and not is_so else frozenset[str]()
    return denied | ({"minor"} if is_of_age(turn) else frozenset[str]())


def is_of_age(turn: Turn) -> bool:
    """She says that she is 18 or older, in this message or before, and speaks of nobody younger."""
    heard = turn.heard
    if (heard is not None and heard.about_other) or _AGE.search(written_out(turn.said)):
        return False
    return says(turn, "of_age") or turn.memory.confided.get("P1") == "affirm"


def names_minor(turn: Turn) -> bool:
    """Somebody under 18 is named in it, herself or another, or she said before that she is."""
    heard = turn.heard
    is_heard = heard is not None and "minor" in (heard.intent, *heard.also) and not is_of_age(turn)
    is_told = turn.memory.confided.get("P1") == "deny"
    return is_heard or is_told or bool(_AGE.search(written_out(turn.said)))


def has_reported(turn: Turn) -> bool:
    """She speaks of a report that was made already."""
    return says(turn, "reported") or bool(_REPORTED.search(fold(turn.said)))


def was_accused(turn: Turn) -> bool:
    """Somebody reported her: she needs a lawyer, not a place to report."""
    return bool(_ACCUSED.search(fold(turn.said)))


def declines_report(turn: Turn) -> bool:
    """She says that she does not want to report, or dares not."""
    return says(turn, "declined") or hesitates(turn)


def hesitates(turn: Turn) -> bool:
    """A short message that says nothing but that she is not sure whether to report."""
    return len(words(turn.said)) <= SHORT and says(turn, "hesitates")


def reports_police(turn: Turn) -> bool:
    """She wants to report somebody of the police, not to the police, or told of police before."""
    if turn.memory.need == "abuso_policial" or "police_hurts" in turn.memory.told:
        return True
    return bool(_AGAINST_POLICE.search(fold(turn.said)))


def names_police(turn: Turn) -> bool:
    """An officer is named as one who acts ("un policía me…", "es tombo"), not as help to call."""
    return bool(_IS_POLICE.search(fold(turn.said))) or says(turn, "money_to_let_go")


def tells_of_own_work(turn: Turn) -> bool:
    """She says that sex work is her work, and of nobody who makes her."""
    heard = turn.heard
    is_free = heard is not None and (
        heard.intent != "coercion" or heard.negated or says(turn, "works_freely")
    )
    return is_free and bool(_OWN_WORK.search(fold(turn.said)))


def asks_where(turn: Turn) -> bool:
    """She asks where it is done, or names the place: she wants services, not a list of topics."""
    return says(turn, "where") or bool(turn.heard and turn.heard.places)


def is_not_her_own(turn: Turn) -> bool:
    """Nothing in it says that she herself wants to die."""
    return not says(turn, "my_own_death")


def asks_what_now(turn: Turn) -> bool:
    """A short "what shall I do", with nothing more in it."""
    return len(words(turn.said)) <= SHORT_ASK and says(turn, "what_now")


def is_custody(turn: Turn) -> bool:
    """The other parent or the family keeps her child, and no blow or weapon is named."""
    return says(turn, "custody") and (says(turn, "no_blow") or not says(turn, "blows"))


def is_ill(turn: Turn) -> bool:
    """She, or a child of hers, is ill or in labour, and nobody is named who harms."""
    heard = turn.heard
    harm = GRAVE - {"minor", "missing_person"}
    is_harmed = heard is not None and bool(harm & {heard.intent, *heard.also})
    return says(turn, "ill") and not is_harmed and not says(turn, "rape")


def is_about_pills(turn: Turn) -> bool:
    """Pills of a way of health, and no word of dying: medicine, not a farewell."""
    needs = ("salud", "salud_sexual", "embarazo", "violencia_sexual")
    is_of_health = turn.state.startswith("health.") or turn.memory.need in needs
    return is_of_health and says(turn, "pills") and not says(turn, "my_own_death")


def police_is_meant(turn: Turn) -> bool:
    """An officer is named as one who acts, or is whom she spoke of so far and denies not now."""
    is_known = turn.memory.need == "abuso_policial" and not says(turn, "not_the_police")
    return is_known or (names_police(turn) and not says(turn, "police_denied"))


def names_no_police(turn: Turn) -> bool:
    """No officer is named as one who acts."""
    return not names_police(turn)


def is_young_herself(turn: Turn) -> bool:
    """By her own word she is under 18, in this message or before."""
    if turn.memory.confided.get("P1") == "deny":
        return not says(turn, "my_child")
    is_other = turn.heard is not None and turn.heard.about_other
    said = f"{turn.said}\n{turn.event.text}"  # a wish taken up again, and what she says now
    return not is_other and bool(_HER_AGE.search(written_out(said)))


def is_calm_here(turn: Turn) -> bool:
    """The state she is in is none of danger."""
    return turn.flows.states[turn.state].kind != "danger"


def says_safe(turn: Turn) -> bool:
    """A short message that says nothing but that she is safe now."""
    is_short = len(words(turn.said)) <= SHORT
    is_said = begins(turn, "safe") or (is_short and says(turn, "safe"))
    is_plain = begins(turn, "not_in_danger") or says(turn, "no_danger")
    return is_plain or (is_said and not says(turn, "but"))


def asks_no_more(turn: Turn) -> bool:
    """Nothing in it asks for something."""
    return not says(turn, "asks_more")


SHORT, SHORT_ASK = 10, 5
"""Words of a message that says one thing, and of one that only asks."""


def tells_of_condom(turn: Turn) -> bool:
    """A condom broke or came off: the first 72 hours count."""
    return says(turn, "condom") and says(turn, "condom_failed")


def was_refused_care(turn: Turn) -> bool:
    """A hospital or post sent her away: a complaint and health in one message."""
    heard = turn.heard
    return heard is not None and (
        "health" in (heard.intent, *heard.also) or bool({"salud", "salud_sexual"} & {*heard.needs})
    )


def is_of_this_chat(turn: Turn) -> bool:
    """What she wants deleted is here, not on the telephone or page of somebody else."""
    return not _ELSEWHERE.search(fold(turn.said))


SAID = {
    "is_held": "held",
    "is_at_home": "at_home",
    "is_unpaid": "unpaid",
    "fears_for_children": "fears_for_children",
    "works_freely": "works_freely",
    "is_long_ago": "long_ago",
    "is_harassed": "harassed",
    "is_about_chat": "about_chat",
    "is_peruvian": "peruvian",
    "is_wounded": "wounded",
    "hurt_herself": "hurt_herself",
    "has_means": "has_means",
    "was_sent_away": "sent_away",
    "asks_more": "asks_more",
    "wants_questions": "wants_questions",
}
"""Guards that only ask whether a phrase of a name stands in her words."""

GUARDS: dict[str, Callable[[Turn], bool]] = {
    **{guard: partial(says, name=name) for guard, name in SAID.items()},
    **{
        guard.__name__: guard
        for guard in (
            names_minor,
            has_reported,
            was_accused,
            asks_where,
            asks_no_more,
            tells_of_condom,
            is_calm_here,
            is_ill,
            is_custody,
            asks_what_now,
            is_about_pills,
            names_no_police,
            police_is_meant,
            is_not_her_own,
            is_young_herself,
            is_of_age,
            says_safe,
            declines_report,
            reports_police,
            names_police,
            is_of_this_chat,
            tells_of_own_work,
            was_refused_care,
        )
    },
}
