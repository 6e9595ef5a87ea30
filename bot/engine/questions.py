"""The gentle questions asked: guards, actions and ticks of `flows/screening.yaml`.

`Memory.screening` is None until she agrees; then it holds `asked` (questions shown, in order),
`outcome` (the row, once there is one) and `answers` (question to answer; the ticks of P11 listed).
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING, Any

from bot.engine.choices import match_choice
from bot.engine.order import intents
from bot.engine.screening import (
    QUESTIONS,
    SKIPPED,
    answers_of,
    is_settled,
    open_questions,
    outcome_of,
    signs_of,
    told_by,
)
from bot.engine.told import told_in
from bot.engine.values import fill

if TYPE_CHECKING:
    from bot.engine.turn import Turn

FEW = 5
"""After so many questions she is offered to see options now (in practice three to five)."""
TICKS = ("sleeps", "locked", "hungry", "moved")
"""What may be ticked of the place (P11), each a phrase of `screening.yaml`."""
BETWEEN = re.compile(r"\s*(?:[,;+/\n]|\s(?:y|e|and|et|ak)\s)\s*", re.IGNORECASE)
"""What stands between ticked lines: "1 y 3", "1, 3", "hay encierro y falta comida"."""


def begin_questions(turn: Turn) -> None:
    """She agreed; when she comes back, what she answered before stands."""
    _kept(turn)["outcome"] = None


def take_back_danger(turn: Turn) -> None:
    """She has said that she is safe since danger ended the questions: it is over."""
    kept = turn.memory.screening
    if kept is None or kept["outcome"] != 1 or turn.memory.is_urgent:
        return
    kept["outcome"] = None
    if kept["answers"].get("P2") == "affirm":
        kept["answers"]["P2"] = "deny"
    if "locked" in _ticks(turn):
        kept["answers"]["P11"] = ["left", *(one for one in _ticks(turn) if one != "locked")]


def _ask(turn: Turn, question: str) -> None:
    asked = _kept(turn)["asked"]
    if question not in asked:
        asked.append(question)


def keep_answer(turn: Turn) -> None:
    """The choice she took answers the question that stands there."""
    _kept(turn)["answers"][_question(turn)] = _taken(turn)


def skip_question(turn: Turn) -> None:
    """She would rather not say: it weighs nothing, and the question does not come back."""
    question = _question(turn)
    if question != "P11" or not _ticks(turn):
        _kept(turn)["answers"][question] = SKIPPED


def tick(turn: Turn) -> None:
    """One line of P11 more."""
    _kept(turn)["answers"]["P11"] = [*_ticks(turn), turn.chosen]


def tick_several(turn: Turn) -> None:
    """Several lines of P11 in one message."""
    new = [one for one in _ticked(turn) if one in TICKS and one not in _ticks(turn)]
    _kept(turn)["answers"]["P11"] = [*_ticks(turn), *new]


def tick_none(turn: Turn) -> None:
    """Nothing of P11 is so."""
    _kept(turn)["answers"]["P11"] = []


def thank_her(turn: Turn) -> None:
    """She told it in her own words."""
    turn.say(turn.phrase("screening.heard"))


def conclude(turn: Turn) -> None:
    """The outcome stands; its sentence is said where the way that follows does not bring one."""
    found = outcome_of(turn.memory)
    _kept(turn)["outcome"] = found
    name = f"screening.outcome_{found}"
    if found == 7 and signs_of(answers_of(turn.memory)).strong:
        name = "screening.outcome_7_strong"
    if name in turn.flows.phrases:
        turn.say(fill(turn, turn.phrase(name)))


def questions_are_over(turn: Turn) -> bool:
    """She agreed before, and no answer to what is open could change the outcome."""
    return turn.memory.screening is not None and is_settled(turn.memory)


def few_were_asked(turn: Turn) -> bool:
    """A few questions lie behind her: from here on, seeing options now is offered."""
    return len((turn.memory.screening or {}).get("asked", ())) > FEW


def ticked_any(turn: Turn) -> bool:
    """A line of P11 is ticked."""
    return bool(_ticks(turn))


def ticked_none(turn: Turn) -> bool:
    """No line of P11 is ticked."""
    return not _ticks(turn)


def ticks_several(turn: Turn) -> bool:
    """Her message names two or more of the lines shown: "1 3", "1 y 3", "2, 3"."""
    return len(_ticked(turn)) > 1


def tells_answer(turn: Turn) -> bool:
    """Her own words tell what a question would ask."""
    return bool(told_in(turn))


def works_in_other(turn: Turn) -> bool:
    """She told of work that is not sexual."""
    return told_by(turn.memory).work == "other"


def harmed_by_police(turn: Turn) -> bool:
    """The one who hurts her is police."""
    return told_by(turn.memory).harm == "police"


def harmed(turn: Turn) -> bool:
    """Somebody hurts her."""
    return bool(told_by(turn.memory).harm)


def is_young(turn: Turn) -> bool:
    """By her own word she is under 18."""
    return answers_of(turn.memory).get("P1") == "deny"


def ticks(turn: Turn) -> list[tuple[str, str]]:
    """The lines of P11 that are not ticked yet."""
    done = _ticks(turn)
    return [(one, turn.phrase(f"screening.{one}")) for one in TICKS if one not in done]


def _is_open(turn: Turn, question: str) -> bool:
    return question in open_questions(turn.memory)


def _comes_out(turn: Turn, row: int) -> bool:
    return outcome_of(turn.memory) == row


def _kept(turn: Turn) -> dict[str, Any]:
    if turn.memory.screening is None:
        turn.memory.screening = {"asked": [], "outcome": None, "answers": {}}
    return turn.memory.screening


def _question(turn: Turn) -> str:
    """The question whose state she is in: `screening.p3` asks P3."""
    return turn.state.rpartition(".")[2].upper()


def _taken(turn: Turn) -> str:
    """The key of the choice she tapped or typed, or that her "yes" or "no" stands for."""
    if turn.chosen:
        return turn.chosen
    choices = turn.flows.choices(turn.state)
    meant = [key for intent in intents(turn) for key in choices if choices[key].like == intent]
    return meant[0]


def _ticks(turn: Turn) -> list[str]:
    answer = (turn.memory.screening or {}).get("answers", {}).get("P11")
    return list(answer) if isinstance(answer, list) else []


def _ticked(turn: Turn) -> list[str]:
    """The keys of the choices named by her message; none when one of them is not shown."""
    parts = [
        one
        for part in BETWEEN.split(turn.event.text)
        for one in (part.split() if part.replace(" ", "").isdigit() else [part])
    ]
    titles = [title for _, title in turn.memory.prompt]
    places = [match_choice(part, titles) for part in parts]
    if None in places:
        return []
    keys = [turn.memory.prompt[place or 0][0].rpartition(".")[2] for place in places]
    return list(dict.fromkeys(keys))


GUARDS: dict[str, Callable[[Turn], bool]] = {
    **{
        guard.__name__: guard
        for guard in (
            questions_are_over,
            few_were_asked,
            ticked_any,
            ticked_none,
            ticks_several,
            tells_answer,
            works_in_other,
            harmed_by_police,
            harmed,
            is_young,
        )
    },
    **{f"{one.lower()}_is_open": partial(_is_open, question=one) for one in QUESTIONS},
    **{f"outcome_{row}": partial(_comes_out, row=row) for row in range(1, 8)},
}
ACTIONS: dict[str, Callable[[Turn], None]] = {
    **{
        action.__name__: action
        for action in (
            begin_questions,
            take_back_danger,
            keep_answer,
            skip_question,
            tick,
            tick_several,
            tick_none,
            thank_her,
            conclude,
        )
    },
    **{f"ask_{one.lower()}": partial(_ask, question=one) for one in QUESTIONS},
}
