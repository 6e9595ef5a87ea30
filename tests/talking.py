"""Talking with the real engine in tests: a memory, a tap or some words, and the turn they make."""

from __future__ import annotations

import re
from functools import lru_cache
from pathlib import Path

from directory_loaded import MONDAY_MORNING, directory

from bot.engine.loader import load
from bot.engine.memory import Memory
from bot.engine.screening import QUESTIONS
from bot.engine.turn import Engine, Event, Turn
from bot.engine.world import Duty, World
from bot.house import hear

FLOWS = load(Path(__file__).parents[1] / "flows")
ASKING = {f"screening.{question.lower()}": question for question in QUESTIONS}
"""The states that ask, each with its question."""
LABEL = re.compile(
    r"\b(victima\w*|trata|explot\w*|esclav\w*|rescat\w*|salvar\w*|prostitu\w*|otra vida"
    r"|dejar (el|tu|ese) trabajo)\b"
)
"""What nobody is called, and what nobody is told to do."""
WORLD = World(
    now=MONDAY_MORNING,
    directory=directory(),
    translate=lambda language, context, text: text,
    understand=hear,
    new_tag=lambda: "t1",
    is_pocket_word=lambda folded: False,
    ask_duty=Duty,
    languages={"es": "Español"},
)


@lru_cache(maxsize=1)
def engine() -> Engine:
    """One for all tests: it keeps nothing of a turn."""
    return Engine(FLOWS)


def writing(**known: str) -> Memory:
    """She can write calmly, sees what may be happening, and told these things before."""
    return Memory(
        state="situations.topics",
        session="open",
        tag="t1",
        is_safe=True,
        heard_at=MONDAY_MORNING,
        confided=dict(known),
    )


def tap(memory: Memory, key: str) -> Turn:
    """She takes the choice `key` of where she is."""
    return engine().take_turn(memory, Event("choice", choice=f"t1.{memory.state}.{key}"), WORLD)


def say(memory: Memory, text: str) -> Turn:
    """She writes."""
    return engine().take_turn(memory, Event("text", text=text), WORLD)


def agreed(**known: str) -> Memory:
    """She was asked whether she may be asked, and said yes."""
    return tap(tap(writing(**known), "questions").memory, "affirm").memory


def kept(memory: Memory) -> dict[str, object]:
    """What the questions keep; they have begun."""
    assert memory.screening is not None
    return memory.screening
