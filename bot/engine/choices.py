"""Which choice of a prompt a typed message is: its number, its title, or nearly its title."""

from __future__ import annotations

import re
from collections.abc import Sequence
from functools import lru_cache

from rapidfuzz.distance import OSA

from bot.engine.folding import fold, sounds, words

NUMBERS = {
    name: number
    for number, names in enumerate(
        (
            "uno una primero primera one um uma un une premier premiere youn huk hoq 1ro 1ra",
            "dos segundo segunda two dois duas deux de iskay 2do 2da",
            "tres tercero tercera three trois twa kinsa kimsa 3ro 3ra",
            "cuatro cuarto cuarta four quatro quatre kat tawa",
            "cinco quinto quinta five cinq senk pichqa pisqa",
            "seis sexto sexta six sis soqta suqta",
            "siete septimo septima seven sete sept set qanchis",
            "ocho octavo octava eight oito huit wit pusaq",
            "nueve noveno novena nine nove neuf nef isqun",
            "diez decimo decima ten dez dix dis chunka",
        ),
        start=1,
    )
    for name in names.split()
}
LEADING = frozenset(
    "la el lo opcion numero num nro n option number the opsyon nimewo opcao le yo quiero".split()
)
SMALL = frozenset(
    "el la los las un una de del con a al en y o por para que mi me the to of my os as um uma "
    "com le les du des et an ak pou yo ke kon m t q d k n".split()
)
"""Words that may be missing from a typed title, or stand before it."""
TYPO = 0.25
"""Part of a word's letters that may be wrong."""
_DIGITS = re.compile(r"\d{1,2}")


def match_choice(text: str, titles: Sequence[str]) -> int | None:
    """The position of the choice that the whole message is, or nothing.

    A number ("2", "2.", "la 2", "dos"), the title, or the title cut short or misspelt. A message
    with other words in it is no choice; neither is one that fits two titles alike.
    """
    typed = fold(text).split()
    if not typed or not titles:
        return None
    number = _number(typed)
    if number is not None:
        return number - 1 if 1 <= number <= len(titles) else None
    wanted = [_heard(title) for title in titles]
    mine = [sounds(word) for word in typed]
    for is_fit in (_is_same, _is_cut, _is_near):
        fitting = [at for at, title in enumerate(wanted) if title and is_fit(mine, title)]
        if len(fitting) == 1:
            return fitting[0]
        if fitting:
            return None
    return None


def is_titled(mine: Sequence[str], title: str) -> bool:
    """Whether telling words are nearly those of a whole title that has two or more of them."""
    theirs = title_words(title)
    return len(mine) == len(theirs) >= 2 and all(map(is_near_word, mine, theirs))


def telling_words(text: str) -> list[str]:
    """The words of a text, by their sounds, that carry its meaning."""
    return _telling(words(text))


@lru_cache(4096)
def title_words(title: str) -> list[str]:
    """The same of a title; never of what she wrote, which no cache may keep."""
    return telling_words(title)


@lru_cache(4096)
def _heard(title: str) -> list[str]:
    """A title's words as they sound; never what she wrote, which no cache may keep."""
    return [sounds(word) for word in fold(title).split()]


def _number(typed: list[str]) -> int | None:
    """The number that the message is, with at most an article before it."""
    *before, last = typed
    if len(before) > 2 or any(word not in LEADING for word in before):
        return None
    if _DIGITS.fullmatch(last):
        return int(last)
    return NUMBERS.get(last)


def _is_same(mine: list[str], title: list[str]) -> bool:
    return mine == title


def _is_cut(mine: list[str], title: list[str]) -> bool:
    """The beginning of the title, or its telling words alone ("poco", "persona")."""
    spoken, telling = _telling(mine), _telling(title)
    if not spoken or len(spoken) > len(telling):
        return False
    joined, whole = " ".join(spoken), " ".join(telling)
    return len(joined) >= 3 and (whole.startswith(joined) or set(spoken) <= set(telling))


def _is_near(mine: list[str], title: list[str]) -> bool:
    """Word by word the title, or the beginning of it, with typing mistakes."""
    spoken, telling = _telling(mine), _telling(title)
    return (
        bool(spoken)
        and len(spoken) <= len(telling)
        and (len(spoken) == len(telling) or len("".join(spoken)) >= 5)
        and all(is_near_word(word, other) for word, other in zip(spoken, telling, strict=False))
    )


def is_near_word(word: str, other: str) -> bool:
    """Whether a word is another, or one typing mistake in four letters away from it."""
    allowed = int(max(len(word), len(other)) * TYPO)
    return OSA.distance(word, other, score_cutoff=allowed) <= allowed


def _telling(heard: list[str]) -> list[str]:
    """The words that carry the meaning; all of them when there is no other."""
    return [word for word in heard if word not in SMALL] or heard
