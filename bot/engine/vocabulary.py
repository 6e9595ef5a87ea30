"""The words of `flows/intents/*.yaml`, ready to be found in a message.

Whole messages are looked up in all languages at once; phrases only in the message's own, because
a word may mean another thing elsewhere ("enfermera" is no locking up, as the French would have it).
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
    *("danger_now", "self_harm", "coercion", "extortion", "sexual_violence", "violence"),
    *("police_abuse", "minor", "missing_person", "rights", "privacy", "services_near", "health"),
    *("migration", "legal_help", "labour", "basic_needs", "human", "language", "exit"),
    *("delete_data", "menu", "greeting", "thanks", "yes", "no", "back", "other"),
)
GRAVE = frozenset(
    "coercion extortion sexual_violence violence police_abuse minor missing_person".split()
)
"""What is happening to her weighs more than anything she names with it."""
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
GROUPS = ("negation", "between", "harm", "past", "recent", "now", "other_person", "unreal")


@dataclass(frozen=True, slots=True)
class Meaning:
    """What a phrase stands for: a need, an intent, or a group of words, with the phrase itself."""

    kind: Kind
    name: str
    phrase: str


@dataclass(frozen=True, slots=True)
class Book:
    """What one language knows; the idioms are taken out before the phrases are read."""

    idioms: Phrases[str]
    phrases: Phrases[Meaning]


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """`whole` maps a whole message, by its sounds, to its intent and to its language when only one
    language has it; `books` has every language's phrases."""

    whole: dict[str, tuple[str, str | None]]
    books: dict[str, Book]


@lru_cache(maxsize=1)
def vocabulary() -> Vocabulary:
    """The vocabulary of all languages; raise `ContentError` for a file that is wrong."""
    files = [(code, _read(code)) for code in LANGUAGES]
    whole: dict[str, tuple[str, str | None]] = {}
    for code, content in files:
        for intent, messages in content.get("whole", {}).items():
            for message in messages:
                heard = " ".join(words(message))
                first, language = whole.get(heard, (_WHOLE.get(intent, intent), code))
                whole[heard] = (first, language if language == code else None)
    contents = dict(files)
    books = {}
    for code, content in files:
        read_with = [content, *(contents[other] for other in content.get("mixes", ()))]
        books[code] = Book(
            Phrases(pair for each in read_with for pair in _pairs(each.get("idioms", {}))),
            Phrases(pair for each in read_with for pair in _meanings(each)),
        )
    return Vocabulary(whole, books)


def _meanings(content: dict[str, Any]) -> Iterator[tuple[str, Meaning]]:
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
