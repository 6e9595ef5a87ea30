"""Spanish as people type it: letters folded, sounds compared, one slip forgiven."""

from __future__ import annotations

import re
import unicodedata

_WORD = re.compile(r"[a-z0-9]+")
# Spellings that sound alike in Peru, in the order they are read.
_SOUNDS = (
    ("ch", "C"),  # a sound of its own, kept apart from c and h
    ("qu", "k"),
    ("ce", "se"),
    ("ci", "si"),
    ("c", "k"),
    ("z", "s"),
    ("x", "s"),
    ("gue", "ge"),
    ("gui", "gi"),
    ("j", "g"),
    ("hu", "w"),
    ("gu", "w"),
    ("v", "b"),
    ("ll", "y"),
    ("i", "y"),
    ("h", ""),
)
_TWICE = re.compile(r"(.)\1+")


def fold(text: str) -> str:
    """Lower case without accents or signs, words apart by one space."""
    plain = unicodedata.normalize("NFKD", text.lower())
    return " ".join(_WORD.findall("".join(c for c in plain if not unicodedata.combining(c))))


def sound(folded: str) -> str:
    """How folded text sounds: `ikitos` and `iquitos` give the same."""
    heard = folded
    for written, said in _SOUNDS:
        heard = heard.replace(written, said)
    return _TWICE.sub(r"\1", heard)


def slips(heard: str) -> set[str]:
    """The text and everything it becomes when one letter is lost.

    Two words that are one slip apart (lost, added, changed or swapped letter) share one of these.
    """
    return {heard} | {heard[:i] + heard[i + 1 :] for i in range(len(heard))}
