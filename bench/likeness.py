"""Which utterances are too alike: two that share over 0.7 of their words teach one thing twice.

`python -m bench.likeness` prints them, the later one of two first, and how many there are to learn
from in each language. It takes about a minute.

Words are compared by sound, without numbers and names of places; emojis are words. The part is
that of the words of both together (Jaccard). Only sets that share one of their rarest words are
compared, which misses none: two sets with a likeness over `MOST` must (prefix filtering, Chaudhuri
et al. 2006, "A Primitive Operator for Similarity Joins").
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence

from bench.utterances import Utterance, known
from bot.engine.folding import words
from directory.places import all_places

MOST = 0.7


def too_alike(utterances: Sequence[Utterance]) -> Iterator[tuple[Utterance, Utterance]]:
    """Each utterance that is too like an earlier one of its language, with that one."""
    places = {word for place in all_places().values() for word in words(place.name)}
    sets = [_told(each.text, places) for each in utterances]
    usual = Counter(
        (each.language, word) for each, told in zip(utterances, sets, strict=True) for word in told
    )
    seen: dict[tuple[str, str], list[int]] = {}
    for at, (each, told) in enumerate(zip(utterances, sets, strict=True)):
        rarest = sorted(told, key=lambda word: (usual[each.language, word], word))
        rarest = rarest[: int(len(told) * (1 - MOST)) + 1]
        least, most = MOST * len(told), len(told) / MOST
        near = {
            one
            for word in rarest
            for one in seen.get((each.language, word), ())
            if least < len(sets[one]) < most
        }
        like = next((one for one in sorted(near) if _share(told, sets[one]) > MOST), None)
        if like is not None:
            yield each, utterances[like]
        for word in rarest:
            seen.setdefault((each.language, word), []).append(at)


def _told(text: str, places: set[str]) -> frozenset[str]:
    heard = words(text)
    told = frozenset(word for word in heard if not word.isdigit() and word not in places)
    return told or frozenset(heard)


def _share(one: frozenset[str], other: frozenset[str]) -> float:
    return len(one & other) / len(one | other)


if __name__ == "__main__":
    for later, earlier in too_alike(known()):
        print(f"{later.file}: {later.text}\n    {earlier.file}: {earlier.text}")
    for language, count in Counter(each.language for each in known()).most_common():
        print(f"{language}: {count}")
