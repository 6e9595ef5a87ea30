"""One message read by rules: its words, the phrases in it, and who, when and whether it is so.

The flags are hints with reasons, not verdicts: each is also a piece for the learned weights.
"""

from __future__ import annotations

from dataclasses import dataclass

from bot.engine.folding import words
from bot.engine.phrases import Hit, Phrases
from bot.engine.repair import Speller
from bot.engine.vocabulary import Meaning, vocabulary

SOURCE = "es"
"""The language whose words are known well enough to mend others by."""
IDIOM = "~"
"""Stands where an idiom was taken out, so that the words around it do not meet."""
REACH = 5
"""A negation bears on a harm that begins within so many words."""


@dataclass(frozen=True, slots=True)
class Reading:
    """What the rules see.

    `negated`: every harm named stands under a negation. `past`: a time long ago is named, and
    nothing of now. `about_other`: another person is named. `unreal`: a film, a dream, homework.
    """

    words: tuple[str, ...]
    hits: tuple[Hit[Meaning], ...]
    idioms: tuple[str, ...]
    negated: bool
    past: bool
    about_other: bool
    unreal: bool

    def named(self, kind: str) -> list[str]:
        """The names of the hits of one kind, in order, each once."""
        return list(
            dict.fromkeys(hit.meaning.name for hit in self.hits if hit.meaning.kind == kind)
        )


def read(text: str, language: str, speller: Speller) -> Reading:
    """Read a text in a language of ours; in Spanish, phrases are found over a slip in a word."""
    book = vocabulary().books[language]
    heard, idioms = _without_idioms(words(text), book.idioms)
    known = speller.repair(heard) if language == SOURCE else heard
    hits = tuple(book.phrases.find(known))
    groups = {hit.meaning.name for hit in hits if hit.meaning.kind == "group"}
    return Reading(
        words=tuple(heard),
        hits=hits,
        idioms=tuple(idioms),
        negated=_is_negated(hits),
        past="past" in groups and not groups & {"now", "recent"},
        about_other="other_person" in groups,
        unreal="unreal" in groups,
    )


def _without_idioms(heard: list[str], idioms: Phrases[str]) -> tuple[list[str], list[str]]:
    """Take the idioms out; name the intents that some of them stand for."""
    kept: list[str] = []
    meant: list[str] = []
    at = 0
    for hit in idioms.find(heard):
        if hit.start >= at:
            kept += [*heard[at : hit.start], IDIOM]
            meant.append(hit.meaning)
            at = hit.end
    return [*kept, *heard[at:]], meant


def _is_negated(hits: tuple[Hit[Meaning], ...]) -> bool:
    """Whether harm is named and each harm follows a negation with only small words between."""
    small = {
        at
        for hit in hits
        if hit.meaning.name in ("between", "negation")
        for at in range(hit.start, hit.end)
    }
    ends = [hit.end for hit in hits if hit.meaning.name == "negation"]
    harms = {hit.start for hit in hits if hit.meaning.name == "harm"}
    return bool(harms) and all(
        any(
            end <= harm <= end + REACH and all(at in small for at in range(end, harm))
            for end in ends
        )
        for harm in harms
    )
