"""Phrases with small wildcards, found in a list of words.

A phrase is written as in `flows/intents/es.yaml`: `golpe*` is any ending, `a/b` one or the other,
`…` up to three words. Finding looks only at phrases whose first word is there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Generic, TypeVar

from bot.engine.folding import fold, sounds, words
from bot.errors import ContentError

GAP = 3
"""`…` stands for at most so many words."""
STEM = 2
"""The shortest stem before `*`, in sounds (`hij*` has two)."""

Meaning = TypeVar("Meaning")


@dataclass(frozen=True, slots=True)
class Step:
    """One word of a phrase; `is_far` when `…` stands before it."""

    exact: frozenset[str]
    stems: tuple[str, ...]
    is_far: bool

    def fits(self, word: str) -> bool:
        """Whether a word of a message is this one."""
        return word in self.exact or (bool(self.stems) and word.startswith(self.stems))


@dataclass(frozen=True, slots=True)
class Hit(Generic[Meaning]):
    """A phrase found: the words `start` to `end` (not included) of the message."""

    meaning: Meaning
    start: int
    end: int


def steps(phrase: str) -> tuple[Step, ...]:
    """Compile a written phrase; raise `ContentError` when it has no word or too short a stem."""
    compiled: list[Step] = []
    is_far = False
    for written in phrase.split():
        if written in ("…", "..."):
            is_far = True
            continue
        exact: set[str] = set()
        stems: list[str] = []
        for choice in written.split("/"):
            if choice.endswith("*"):
                stems.append(sounds(fold(choice)))
            else:
                exact.update(words(choice))
        if any(len(stem) < STEM for stem in stems) or not exact | set(stems):
            raise ContentError(f"phrase `{phrase}`: `{written}` is too short to be found")
        compiled.append(Step(frozenset(exact), tuple(stems), is_far))
        is_far = False
    if not compiled:
        raise ContentError("an empty phrase")
    return tuple(compiled)


class Phrases(Generic[Meaning]):
    """Many phrases, each with its meaning, indexed by their first word."""

    def __init__(self, written: Iterable[tuple[str, Meaning]]) -> None:
        """Raise `ContentError` for a phrase that cannot be found."""
        self._exact: dict[str, list[tuple[tuple[Step, ...], Meaning]]] = {}
        self._stems: dict[str, list[tuple[tuple[Step, ...], Meaning]]] = {}
        for phrase, meaning in written:
            compiled = steps(phrase)
            for word in compiled[0].exact:
                self._exact.setdefault(word, []).append((compiled, meaning))
            for stem in {stem[:STEM] for stem in compiled[0].stems}:
                self._stems.setdefault(stem, []).append((compiled, meaning))

    def find(self, message: Sequence[str]) -> Iterator[Hit[Meaning]]:
        """Every phrase in the words of a message, from left to right."""
        for start, word in enumerate(message):
            for index in (self._exact.get(word), self._stems.get(word[:STEM])):
                for compiled, meaning in index or ():
                    end = _end(compiled, message, start)
                    if end is not None:
                        yield Hit(meaning, start, end)


def _end(compiled: tuple[Step, ...], message: Sequence[str], start: int) -> int | None:
    """Where a phrase that begins at `start` ends, or nothing when it is not there."""
    at = start
    for step in compiled:
        reach = at + GAP if step.is_far else at
        while at < len(message) and at <= reach and not step.fits(message[at]):
            at += 1
        if at >= len(message) or at > reach:
            return None
        at += 1
    return at
