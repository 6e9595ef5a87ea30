"""Words nobody knows, taken for the known word that is one slip away.

`dereshos` is read as `derechos`: letters left out, added, changed or swapped. Words are compared by
sound, as `folding.words` gives them. The last letter stays: it says who and when ("denuncia",
"denuncian").
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rapidfuzz.distance import OSA

SHORTEST = 5
"""Shorter words have too many neighbours."""
LONG = 9
"""From so many letters on, two slips are forgiven."""
LIMIT = 20_000
"""So many different unknown words are remembered."""


class Speller:
    """Known words, the more usual first; which of them is near a word."""

    def __init__(self, known: Iterable[str]) -> None:
        self._rank = {word: at for at, word in enumerate(known)}
        self._near: dict[str, list[str]] = {}
        for word in self._rank:
            if len(word) >= SHORTEST - 1:
                for less in {word, *_without_one(word)}:
                    self._near.setdefault(less, []).append(word)
        self._repaired: dict[str, str] = {}

    def repair(self, heard: Sequence[str]) -> list[str]:
        """The words, each unknown one as its nearest known word when there is one."""
        return [word if word in self._rank else self._nearest(word) for word in heard]

    def _nearest(self, word: str) -> str:
        if len(word) < SHORTEST or word.isdigit():
            return word
        found = self._repaired.get(word)
        if found is None:
            if len(self._repaired) >= LIMIT:
                self._repaired.clear()
            found = self._repaired[word] = self._look_up(word)
        return found

    def _look_up(self, word: str) -> str:
        slips = 2 if len(word) >= LONG else 1
        lesses = {word, *_without_one(word)}
        best: tuple[int, int, str] | None = None
        for known in {known for less in lesses for known in self._near.get(less, ())}:
            distance = OSA.distance(word, known, score_cutoff=slips)
            if distance <= slips and known[0] == word[0] and known[-1] == word[-1]:
                best = min(best or (slips + 1, 0, ""), (distance, self._rank[known], known))
        return best[2] if best else word


def _without_one(word: str) -> Iterable[str]:
    return (word[:at] + word[at + 1 :] for at in range(len(word)))
