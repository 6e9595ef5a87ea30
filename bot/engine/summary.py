"""What a counselor would be told: made from choices, never from her free text (SAFETY 19)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from bot.engine.effects import OfferHandoff, OpenHandoff, Risk
from bot.engine.screening import answers_of, risk_of
from bot.engine.values import fill

if TYPE_CHECKING:
    from bot.engine.memory import Memory
    from bot.engine.turn import Turn

WORDING = "handoff-2026-11"
"""Version of the consent text in `flows/handoff.yaml`; a change of meaning makes a new one."""
LONGEST_OWN_WORDS = 300
"""Characters of her own summary; enough for a few sentences, not for a report."""


def draft_summary(turn: Turn) -> None:
    """Write the lines from what she chose: urgency, need, department, language, what was given."""
    memory = turn.memory
    lines = [fill(turn, turn.phrase(f"handoff.{name}")) for name in _told(turn)]
    if memory.shown:
        given = [turn.world.directory.service(service) for service in memory.shown[-3:]]
        names = ", ".join(listing.name for listing in given if listing is not None)
        lines.append(turn.phrase("handoff.was_given", names=names))
    memory.summary = lines
    turn.effects.append(OfferHandoff(_risk(turn)))


def _told(turn: Turn) -> list[str]:
    memory = turn.memory
    names = []
    answers_speak_for = risk_of(memory)
    if memory.is_urgent:
        names.append("urgent")
    elif answers_speak_for in ANSWER_SOON:
        names.append(f"answer_{answers_speak_for}")
    if _is_maybe_minor(memory):
        names.append("maybe_minor")
    if memory.need is not None:
        names.append("looks_for")
    if memory.place is not None:
        names.append("is_in")
    names.append("writes_in")
    return names


def _is_maybe_minor(memory: Memory) -> bool:
    """Whether she said that she is under 18, or went the way of those who are (SAFETY 12)."""
    if answers_of(memory).get("P1") == "deny":
        return True
    return any(
        state.startswith("minors.") and state not in ABOUT_ANOTHER
        for state in (*memory.trail, memory.state)
    )


def drop_line(turn: Turn) -> None:
    """Leave out the line she tapped."""
    position = int(turn.chosen.removeprefix("line_"))
    turn.memory.summary = [
        line for place, line in enumerate(turn.memory.summary) if place != position
    ]


def keep_own_words(turn: Turn) -> None:
    """Her own words instead of the lines."""
    turn.memory.summary = [turn.event.text.strip()[:LONGEST_OWN_WORDS]]


def send_nothing(turn: Turn) -> None:
    """A person, without any summary."""
    turn.memory.summary = []


def allow_writing_first(turn: Turn) -> None:
    """A counselor may write to her first, in neutral words, until she says otherwise."""
    turn.memory.writing_first = "anytime"


def allow_writing_by_day(turn: Turn) -> None:
    """The same, but only from 8:00 to 20:00."""
    turn.memory.writing_first = "daytime"


def open_handoff(turn: Turn) -> None:
    """She approved: the handoff waits in the queue with its risk."""
    memory = turn.memory
    turn.effects.append(
        OpenHandoff(tuple(memory.summary), _risk(turn), memory.writing_first, WORDING)
    )


def open_urgent_handoff(turn: Turn) -> None:
    """In danger one question is enough: only that she is in danger is told."""
    turn.memory.summary = [turn.phrase("handoff.in_danger")]
    turn.effects.append(
        OpenHandoff(tuple(turn.memory.summary), "urgent", turn.memory.writing_first, WORDING)
    )


HIGH_NEEDS = frozenset(
    {"violencia", "violencia_sexual", "control", "extorsion", "abuso_policial", "ninez", "albergue"}
)
"""Needs whose harm is likely without a plan: ALTA in Annex 2 (routes §6)."""


ABOUT_ANOTHER = ("minors.child", "minors.report", "minors.apart", "minors.school", "minors.owes")
"""Who comes by here is worried about a child, and is none."""
ANSWER_SOON: tuple[Risk, ...] = ("urgent", "high")
"""Levels that the gentle questions may speak for. Each is a line of the summary: it counts only
while it stands in what she approves."""


def _risk(turn: Turn) -> Risk:
    if turn.memory.is_urgent:
        return "urgent"
    for level in ANSWER_SOON:
        if turn.phrase(f"handoff.answer_{level}") in turn.memory.summary:
            return level
    return "high" if turn.memory.need in HIGH_NEEDS else "normal"


ACTIONS: tuple[Callable[[Turn], None], ...] = (
    draft_summary,
    drop_line,
    keep_own_words,
    send_nothing,
    allow_writing_first,
    allow_writing_by_day,
    open_handoff,
    open_urgent_handoff,
)
