"""What she has said before any question: no question asks it again (SAFETY 11).

Phrases and taken choices are listed in `flows/intents/told.yaml`. Only the answer is kept, and only
for the session: `Memory.confided`, question to answer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from bot.engine import spoken
from bot.engine.folding import words
from bot.engine.loader import read
from bot.engine.phrases import Phrases
from bot.engine.screening import TIERS
from bot.engine.vocabulary import FOLDER
from bot.errors import ContentError

if TYPE_CHECKING:
    from bot.engine.turn import Turn

FILE = FOLDER / "told.yaml"
ALLOWED: dict[str, tuple[str, ...]] = {
    **{question: tuple(answers) for question, answers in TIERS.items()},
    "work": ("sexual", "other"),
    "harm": ("police", "someone"),
}
"""The names and answers that may be told; `work` and `harm` are the fields of `screening.Told`."""

Answer = tuple[str, str]
"""A question (or `work`, `harm`) and what she said of it."""


@dataclass(frozen=True, slots=True)
class Tellings:
    """The file, ready to be looked up: phrases in free text, choices by `flow.state.key`."""

    phrases: Phrases[Answer]
    taps: dict[str, tuple[Answer, ...]]


@lru_cache(maxsize=1)
def tellings() -> Tellings:
    """What the file lists; raise `ContentError` for a question or answer that does not exist."""
    content, _ = read(FILE)
    taps: dict[str, tuple[Answer, ...]] = {}
    for choice, answer in _pairs(content["taps"]):
        taps[choice] = (*taps.get(choice, ()), answer)
    return Tellings(Phrases(_pairs(content["phrases"])), taps)


def _pairs(section: dict[str, Any]) -> Iterator[tuple[str, Answer]]:
    for name, answers in section.items():
        for answer, listed in answers.items():
            if answer not in ALLOWED.get(name, ()):
                raise ContentError(f"{FILE.name}: `{name}: {answer}` is no answer of a question")
            yield from ((one, (name, answer)) for one in listed)


def told_in(turn: Turn) -> dict[str, str]:
    """What the text of this turn tells; nothing when it denies, is long past, or is of another."""
    heard = turn.heard
    if turn.event.kind != "text" or heard is None:
        return {}
    if heard.negated or heard.past or heard.about_other:
        return {}
    found: dict[str, str] = {}
    for hit in tellings().phrases.find(words(turn.event.text)):
        found.setdefault(*hit.meaning)
    return found


def _welcome_her(turn: Turn) -> None:
    """Who says that she is trans is shown the services that welcome her first."""
    heard, fears = turn.heard, turn.memory.fears
    if heard is not None and "trans" in heard.needs and WELCOME not in fears:
        fears.append(WELCOME)


WELCOME = "friendly_trans"
"""The name of that filter (`directory.listing.FEARS`)."""


def listen(turn: Turn, started_in: str) -> None:
    """Keep what this turn told; a later word replaces an earlier one."""
    confided = turn.memory.confided
    _welcome_her(turn)
    confided.update(told_in(turn))
    if spoken.is_young_herself(turn):
        confided["P1"] = "deny"
    if turn.chosen:
        wired = (
            turn.event.choice.partition(".")[2] or f"{turn.chosen_in or started_in}.{turn.chosen}"
        )
        confided.update(tellings().taps.get(wired, ()))
    if turn.state == "welcome.later":
        confided["P0"] = "later"
    elif started_in == "welcome.later" and turn.memory.is_urgent:
        confided["P0"] = "called"
    kept = turn.memory.screening
    if kept is not None and kept["outcome"] is None and turn.memory.is_urgent:
        kept["outcome"] = 1
