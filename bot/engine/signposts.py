"""Which choice, anywhere in the house, a message names although it does not stand before her.

By a phrase of `flows/intents/signposts.yaml` ("que se aleje de mí"), or by the title of a choice.
A title counts only as the whole message and with two telling words or more, and only when all
choices so titled do the same, or those of the flow she is in: "Sí" points nowhere by itself.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import TYPE_CHECKING

from bot.engine.choices import is_titled
from bot.engine.definition import ChoiceMove, Flows
from bot.engine.folding import words
from bot.engine.intents import SURE
from bot.engine.loader import read
from bot.engine.model import learned
from bot.engine.phrases import Phrases
from bot.engine.vocabulary import FOLDER
from bot.errors import ContentError

if TYPE_CHECKING:
    from bot.engine.turn import Turn

FILE = FOLDER / "signposts.yaml"
GRAVE = frozenset(
    "coercion extortion sexual_violence violence police_abuse minor missing_person".split()
)
"""What is happening to her weighs more than anything she names with it."""
QUIET = frozenset("welcome screening handoff privacy safety follow_up menu".split())
"""Flows whose choices are answered where they are asked, and nowhere else."""
DENIALS = frozenset(("no", "ni", "nunca", "tampoko", "not", "dont", "nao", "pas", "pa"))
"""By their sounds: the word after one of them is not what she asks for."""

Post = tuple[str, str]
"""A state and the key of one of its choices."""


@lru_cache(maxsize=1)
def signposts() -> Phrases[Post]:
    """The phrases of the file, each with the choice it stands for."""
    content, _ = read(FILE)
    return Phrases((phrase, _post(name)) for name, phrases in content.items() for phrase in phrases)


def check(flows: Flows) -> None:
    """Raise `ContentError` for a signpost to no choice, or to one that does more than lead on."""
    content, lines = read(FILE)
    for name in content:
        state, key = _post(name)
        choice = flows.states[state].choices.get(key) if state in flows.states else None
        if choice is None or choice.when or choice.do:
            raise ContentError(f"{FILE.name}:{lines[(name,)]}: `{name}` is no plain choice")


def phrased(turn: Turn) -> Post | None:
    """The choice that a phrase in her words stands for; none beside something grave that is surely
    understood."""
    if not _may_be_read(turn):
        return None
    message = words(turn.event.text)
    for spelled in (message, learned().speller.repair(message)):
        for hit in signposts().find(spelled):
            if hit.start == 0 or spelled[hit.start - 1] not in DENIALS:
                return hit.meaning
    return None


def titled(turn: Turn) -> Post | None:
    """The choice whose title her whole message is, when nothing else is surely understood in it."""
    if not _may_be_read(turn) or turn.heard is None or turn.heard.score >= SURE:
        return None
    message = words(turn.event.text)
    posts = [
        ((state, key), choice)
        for state, key, choice in _choices(turn.flows)
        if is_titled(message, words(_title(turn, state, key, choice)))
    ]
    flow = turn.state.partition(".")[0]
    here = [one for one in posts if one[0][0].startswith(f"{flow}.")]
    found = here or posts
    deeds = {(choice.go, choice.need, choice.do) for _, choice in found}
    return found[0][0] if len(deeds) == 1 else None


def _may_be_read(turn: Turn) -> bool:
    heard = turn.heard
    return heard is not None and not (
        heard.urgent or (heard.intent in GRAVE and heard.score >= SURE)
    )


def _choices(flows: Flows) -> Iterator[tuple[str, str, ChoiceMove]]:
    for state, definition in flows.states.items():
        if state.partition(".")[0] not in QUIET:
            for key, choice in definition.choices.items():
                if not (choice.like or choice.when or choice.do):
                    yield state, key, choice


def _title(turn: Turn, state: str, key: str, choice: ChoiceMove) -> str:
    return turn.world.translate(turn.memory.language, f"{state}.{key}", choice.title)


def _post(name: str) -> Post:
    state, _, key = name.rpartition(".")
    return state, key
