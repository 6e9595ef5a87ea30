"""The gentle questions weighed: eleven beside the calm one of the gate, seven outcomes.

Source: UNODC's general indicators as the operating protocol of 2023 takes them up (SOP GTRM §3.3.1,
Annexes 2 and 4). What each answer weighs and the rows of the outcomes are explained for reviewers
in `docs/screening.md`. Nothing here speaks; `bot.engine.questions` asks.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

from bot.engine.effects import Risk

if TYPE_CHECKING:
    from bot.engine.memory import Memory

RED, STRONG, WEAK = 6, 3, 1
ENOUGH = 6
"""Points of row 3: one red sign, two strong ones, or a strong and three weak ones."""
SKIPPED = "skip"

TIERS: Mapping[str, Mapping[str, int]] = {
    "P0": {"later": STRONG, "called": RED},
    "P1": {"affirm": 0, "deny": 0},
    "P2": {"affirm": RED, "deny": 0, "unsure": STRONG},
    "P3": {"affirm": 0, "hard": STRONG, "deny": RED},
    "P4": {"affirm": 0, "taken": RED, "none": WEAK},
    "P5": {"force": RED, "quota": STRONG, "other": STRONG, "deny": 0},
    "P6": {"affirm": STRONG, "own": 0, "deny": 0},
    "P7": {"affirm": 0, "part": WEAK, "deny": STRONG},
    "P8": {"affirm": 0, "sometimes": 0, "deny": STRONG},
    "P9": {"affirm": 0, "changed": WEAK, "lie": STRONG, "apart": 0},
    "P10": {"affirm": 0, "sometimes": WEAK, "deny": STRONG},
    "P11": {"locked": RED, "left": RED, "several": STRONG, "one": WEAK, "none": 0},
}
"""What each answer weighs; one that was skipped weighs nothing. Of P11's ticks the whole weighs:
`locked` while it lasts, `left` once she has said that she is safe again."""
QUESTIONS = tuple(TIERS)[1:]
"""P0 is the calm question of the gate: nobody asks it twice."""
CONDITIONS = ("P7", "P8", "P11")
"""Where a strong sign may tell of bad work and of nothing worse (row 4)."""
DANGER = frozenset({"P2.affirm", "P11.locked"})
OWN_CHOICE = frozenset({"P3.affirm", "P4.kept", "P5.deny", "P8.free"})
NAMED: Mapping[str, str] = {
    **{name: name for name in ("P1.deny", "P1.skip", "P3.affirm", "P5.deny", "P5.quota")},
    **{name: name for name in DANGER},
    **dict.fromkeys(("P4.affirm", "P4.none"), "P4.kept"),
    **dict.fromkeys(("P8.affirm", "P8.sometimes"), "P8.free"),
}
"""Answers that a row names. Without papers, or saying no only at times, is weak or no sign at all:
neither alone takes respect for her own choice away (row 6)."""


class Signs(NamedTuple):
    """What the answers weigh together; answers with the same signs are one case.

    `points` stop at `ENOUGH`. `strong` says where the only strong sign stands: in her working
    `conditions` or in her `life`. `named` are the answers that a row asks for.
    """

    points: int = 0
    strong: str = ""
    named: frozenset[str] = frozenset()

    def add(self, question: str, answer: str) -> Signs:
        """These signs and one answer more; `answer` is a key of `TIERS[question]` or skipped."""
        tier = TIERS[question].get(answer, 0)
        points = min(self.points + tier, ENOUGH)
        strong = self.strong
        if tier == STRONG:
            strong = "conditions" if question in CONDITIONS else "life"
        name = NAMED.get(f"{question}.{answer}")
        named = self.named | {name} if name else self.named
        if points == ENOUGH:
            strong, named = "", named & {*DANGER, "P1.deny", "P1.skip"}
        return Signs(points, strong, named)


def signs_of(answers: Mapping[str, str]) -> Signs:
    """The signs of all answers, each a key of its question's tiers or skipped."""
    signs = Signs()
    for question, answer in answers.items():
        signs = signs.add(question, answer)
    return signs


class Told(NamedTuple):
    """What she told that is no question: `work` is `sexual`, `other` or unknown (empty), `harm`
    who hurt her (`someone`, `police` or nobody)."""

    work: str = ""
    harm: str = ""


def outcome(signs: Signs, told: Told) -> int:
    """The number of the first row that holds, 7 when none does."""
    has = signs.named
    is_young = "P1.deny" in has
    is_age_in_doubt = "P1.skip" in has and bool(signs.points or told.harm)
    if has & DANGER:
        return 1
    if is_young or is_age_in_doubt:
        return 2
    if signs.points >= ENOUGH:
        return 3
    if told.work == "other" and _tells_of_conditions(signs):
        return 4
    if "P3.affirm" in has and ("P5.quota" in has or told.harm):
        return 5
    if has >= OWN_CHOICE and not signs.strong and signs.points < 3 * WEAK:
        return 6
    return 7


def _tells_of_conditions(signs: Signs) -> bool:
    if signs.strong:
        return signs.strong == "conditions"
    return signs.points >= 3 * WEAK


@lru_cache(maxsize=2**15)  # some 3,000 cases for each way of beginning, the same for everybody
def possible(signs: Signs, told: Told, open_questions: tuple[str, ...]) -> frozenset[int]:
    """Every outcome that answers to the questions still open could bring."""
    if not open_questions:
        return frozenset({outcome(signs, told)})
    question, *later = open_questions
    cases = {signs.add(question, answer) for answer in (*TIERS[question], SKIPPED)}
    return frozenset().union(*(possible(case, told, tuple(later)) for case in cases))


def place_of(ticks: Iterable[str]) -> str:
    """What the ticks of P11 are together: a key of its tiers."""
    ticked = set(ticks)
    for red in ("locked", "left"):
        if red in ticked:
            return red
    return ("none", "one", "several")[min(len(ticked), 2)]


def answers_of(memory: Memory) -> dict[str, str]:
    """What is known of each question: what she confided before, then what she answered."""
    found = {name: told for name, told in memory.confided.items() if name in TIERS}
    answered = (memory.screening or {}).get("answers", {})
    for question, answer in answered.items():
        found[question] = place_of(answer) if isinstance(answer, list) else answer
    return found


def told_by(memory: Memory) -> Told:
    """The kind of work and the harm she told of."""
    return Told(memory.confided.get("work", ""), memory.confided.get("harm", ""))


def outcome_of(memory: Memory) -> int:
    """The outcome of what is known so far; danger spoken of and not over is danger."""
    if memory.is_urgent:
        return 1
    return outcome(signs_of(answers_of(memory)), told_by(memory))


def open_questions(memory: Memory) -> tuple[str, ...]:
    """Questions neither answered, nor skipped, nor needless because she already said it."""
    known = answers_of(memory)
    return tuple(question for question in QUESTIONS if question not in known)


def is_settled(memory: Memory) -> bool:
    """Whether no answer to what is still open could change the outcome."""
    signs, told = signs_of(answers_of(memory)), told_by(memory)
    return memory.is_urgent or len(possible(signs, told, open_questions(memory))) == 1


URGENT_SIGNS = frozenset({"P3.deny", "P4.taken", "P5.force", "P11.locked", "P11.left", "P0.called"})
"""Red signs of being held, threatened or without one's own papers: row 3 with one is urgent."""


def risk_of(memory: Memory) -> Risk | None:
    """The level of Annex 2 that the answers speak for; None when no question was asked.

    It may be handed over only in a line that she has seen and approved (SAFETY 19).
    """
    if memory.screening is None:
        return None
    answers = answers_of(memory)
    given = {f"{question}.{answer}" for question, answer in answers.items()}
    is_under_threat = "P6.affirm" in given and given & {"P5.quota", "P5.other"}
    match outcome_of(memory):
        case 1 | 2:
            return "urgent"
        case 3:
            return "urgent" if given & URGENT_SIGNS or is_under_threat else "high"
        case 4:
            return "high" if signs_of(answers).strong else "normal"
        case 5:
            return "high"
        case _:
            return "normal"
