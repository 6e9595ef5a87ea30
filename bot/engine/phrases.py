"""Phrases with small wildcards, found in a list of words.

A phrase is written as in `flows/intents/es.yaml`: `golpe*` is any ending, `a/b` one or the other,
`…` up to three words. Finding looks only at phrases whose first words are there.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import lru_cache
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


@lru_cache(maxsize=50_000)
def steps(phrase: str) -> tuple[Step, ...]:
    """Compile a written phrase, which languages may share; raise `ContentError` when it has no word
    or too short a stem."""
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


class _Shelf(Generic[Meaning]):
    """Phrases with the same first word, those apart whose second word must follow at once."""

    __slots__ = ("always", "by_next")

    def __init__(self) -> None:
        self.always: list[_Entry[Meaning]] = []
        self.by_next: dict[str, list[_Entry[Meaning]]] = {}

    def put(self, entry: _Entry[Meaning]) -> None:
        compiled = entry[1]
        if len(compiled) == 1 or compiled[1].is_far or compiled[1].stems:
            self.always.append(entry)
            return
        for word in compiled[1].exact:
            self.by_next.setdefault(word, []).append(entry)


_Entry = tuple[int, tuple[Step, ...], Meaning]
"""A phrase with its place among all, in which order hits are given."""


class Phrases(Generic[Meaning]):
    """Many phrases, each with its meaning, indexed by their first two words."""

    def __init__(self, written: Iterable[tuple[str, Meaning]]) -> None:
        """Raise `ContentError` for a phrase that cannot be found."""
        self.words: set[str] = set()
        """Every word written out in them."""
        self._exact: dict[str, _Shelf[Meaning]] = {}
        self._stems: dict[str, _Shelf[Meaning]] = {}
        for place, (phrase, meaning) in enumerate(written):
            entry = (place, steps(phrase), meaning)
            self.words.update(*(step.exact for step in entry[1]))
            first = entry[1][0]
            for word in first.exact:
                self._exact.setdefault(word, _Shelf()).put(entry)
            for stem in first.stems:
                self._stems.setdefault(stem, _Shelf()).put(entry)

    def find(self, message: Sequence[str]) -> Iterator[Hit[Meaning]]:
        """Every phrase in the words of a message, from left to right."""
        for start, word in enumerate(message):
            following = message[start + 1] if start + 1 < len(message) else ""
            stems = (word[:length] for length in range(STEM, len(word) + 1))
            for shelves in (
                [self._exact[word]] if word in self._exact else (),
                [self._stems[stem] for stem in stems if stem in self._stems],
            ):
                for compiled, meaning in _candidates(shelves, following):
                    end = _end(compiled, message, start)
                    if end is not None:
                        yield Hit(meaning, start, end)


def _candidates(
    shelves: Sequence[_Shelf[Meaning]], following: str
) -> Iterator[tuple[tuple[Step, ...], Meaning]]:
    """Phrases that may begin here, each once, in the order in which they were written."""
    entries: dict[int, tuple[tuple[Step, ...], Meaning]] = {}
    for shelf in shelves:
        for some in (shelf.always, shelf.by_next.get(following, ())):
            for place, compiled, meaning in some:
                entries[place] = (compiled, meaning)
    for place in sorted(entries):
        yield entries[place]


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
