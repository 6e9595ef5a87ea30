"""Two requests in one message: the first is taken up, the other is kept and can be tapped.

A message is read clause by clause. What one of them asks for by itself, and no answer of this turn
was about, waits as `Memory.second` until she takes it up, says another, or the session ends.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from bot.engine import signposts, spoken
from bot.engine.intents import SURE, Understanding
from directory.needs import need_of

if TYPE_CHECKING:
    from bot.engine.turn import Turn

SOFT = frozenset("rights health migration legal_help labour basic_needs".split())
"""Intents whose words are often only named beside another matter: a request asks."""
OF_WORK = frozenset({"coercion", "labour"})
"""Who is held at work tells of one thing, not of two."""
KEY = "second"
"""The key of the choice that takes it up."""
ASKED_FOR = frozenset(
    """rights health migration legal_help labour basic_needs human violence sexual_violence
    extortion police_abuse missing_person""".split()
)
"""Intents that are a request by themselves, each with a way of its own."""
MOST_CHOICES = 10
"""A list holds no more (WhatsApp, developers.facebook.com: interactive list messages)."""
SHORTEST, MOST_CLAUSES = 2, 8
"""Words of a clause that can ask for something; so many clauses of a long message are read."""
QUIET = ("welcome", "safety", "privacy", "handoff", "screening")
"""Flows in which nothing else is put beside what is asked."""
_ENDS = re.compile(
    r"[.;:?!\n]+|,\s+(?:y|e|i|and|et|ak|tambien|también|ademas|además)\s+"
    r"|\s(?:y tambien|y también|i tambien|y ademas|y además|ademas|además|y aparte|aparte de eso"
    r"|otra cosa|e tambem|e também|and also|et aussi|ak tou)\s+|\s(?:y|e|and|et|ak)\s+",
    re.IGNORECASE,
)


def keep_second(turn: Turn) -> None:
    """Remember the other request of a message that was just taken up, and say that it is kept."""
    heard, memory = turn.heard, turn.memory
    if heard is None or heard.urgent or not memory.is_safe or memory.is_urgent or _is_quiet(turn):
        return
    if not turn.has_entered:  # no choices are shown in which it could stand
        return
    for clause in _clauses(turn.said):
        one = turn.world.understand(clause, memory.language, turn.state)
        if _is_another(turn, heard, one, clause):
            memory.second = {"intent": one.intent, "needs": list(one.needs[:1])}
            memory.second_text = clause
            turn.say(turn.phrase("menu.second_kept"))
            return


def take_second(turn: Turn) -> None:
    """Take her to the request that waited."""
    second, text = turn.memory.second, turn.memory.second_text
    turn.memory.second, turn.memory.second_text = None, ""
    if second is not None:
        turn.recalled, turn.recalled_text = Understanding.remembered(**second), text


def is_offered(turn: Turn) -> bool:
    """Whether the other request stands among the choices here."""
    return turn.memory.second is not None and not _is_quiet(turn)


def _is_quiet(turn: Turn) -> bool:
    return turn.state.partition(".")[0] in QUIET


def _clauses(text: str) -> list[str]:
    """The parts of a message of which each may ask for something; none when it has but one."""
    parts = [part.strip() for part in _ENDS.split(text)]
    long_enough = [part for part in parts if len(part.split()) >= SHORTEST][:MOST_CLAUSES]
    return long_enough if len(long_enough) > 1 else []


def _is_another(turn: Turn, heard: Understanding, one: Understanding, clause: str) -> bool:
    """Whether a clause asks for something, surely, and for something else than was taken up."""
    if one.urgent or one.negated or one.past or one.score < SURE or one.intent not in ASKED_FOR:
        return False
    if one.intent in SOFT and not spoken.asks(clause):
        return False
    if turn.chosen_in:  # a signpost brought her here
        return not signposts.is_named(turn, clause)
    _, _, taken = turn.trigger.partition("other.")
    if taken == "named_need":
        taken = f"need_{heard.needs[0]}"
    if not taken or taken == one.intent or {taken, one.intent} <= OF_WORK:
        return False
    its_own = {*one.needs[:1], need_of(one.intent)} - {None}
    return not its_own & {taken.removeprefix("need_"), need_of(taken)}
