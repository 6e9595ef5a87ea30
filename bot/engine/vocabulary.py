"""The words of `flows/intents/*.yaml`, ready to be found in a message.

All languages are read together: a message often mixes them, and a hit only counts as one piece
among many. Words that mean different things in two languages belong in a longer phrase.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from bot.engine import loader
from bot.engine.folding import words
from bot.engine.phrases import Phrases
from bot.errors import ContentError

FOLDER = Path(__file__).resolve().parents[2] / "flows" / "intents"
LANGUAGES = ("es", "en", "pt", "fr", "ht", "qu")
INTENTS = (
    "danger_now self_harm coercion extortion sexual_violence violence police_abuse minor "
    "missing_person rights privacy services_near health migration legal_help labour basic_needs "
    "human language exit delete_data menu greeting thanks yes no back other"
).split()
_WHOLE = {"affirm": "yes", "deny": "no"}
"""YAML would read the plain keys as truth values."""

Kind = Literal["urgent", "phrase", "need", "group", "word"]
KINDS: dict[str, Kind] = {
    "urgent": "urgent",
    "phrases": "phrase",
    "needs": "need",
    "groups": "group",
    "words": "word",
}
GROUPS = frozenset(
    "negation between harm help_wanted past recent now other_person unreal plain_work".split()
)


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for: a need, an intent, or a group of words, with the phrase itself."""

    kind: Kind
    name: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`whole` maps a whole message (its sounds) to its intent, and its language when only one has it;
    idioms come out first."""

    whole: dict[str, tuple[str, str | None]]
    idioms: Phrases[str]
    phrases: Phrases[Meaning]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary of all languages; raise `ContentError` for a file that is wrong."""
    files = [(code, _read(code)) for code in LANGUAGES if (FOLDER / f"{code}.yaml").exists()]
    whole: dict[str, tuple[str, str | None]] = {}
    for code, content in files:
        for intent, messages in content.get("whole", {}).items():
            for message in messages:
                heard = " ".join(words(message))
                first, language = whole.get(heard, (_WHOLE.get(intent, intent), code))
                whole[heard] = (first, language if language == code else None)
    idioms = [pair for _, content in files for pair in _pairs(content.get("idioms", {}))]
    return Vocabulary(whole, Phrases(idioms), Phrases(_meanings(files)))


def _meanings(files: list[tuple[str, dict[str, Any]]]) -> Iterator[tuple[str, Meaning]]:
    for _, content in files:
        for section, kind in KINDS.items():
            for phrase, name in _pairs(content.get(section, {})):
                yield phrase, Meaning(kind, name, phrase)


def _pairs(section: dict[str, list[str]]) -> Iterator[tuple[str, str]]:
    for name, phrases in section.items():
        yield from ((phrase, name) for phrase in phrases)


def _read(code: str) -> dict[str, Any]:
    content, places = loader.read(FOLDER / f"{code}.yaml")
    for section, allowed in (
        ("whole", {*INTENTS, *_WHOLE}),
        ("urgent", INTENTS),
        ("phrases", INTENTS),
        ("idioms", {"", *INTENTS}),
        ("groups", GROUPS),
    ):
        for name in content.get(section, {}):
            if name not in allowed:
                line = places.get((section, name), 1)
                raise ContentError(f"{code}.yaml:{line}: `{name}` is not known in `{section}`")
    return content
