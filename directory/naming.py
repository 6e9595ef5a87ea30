"""From what somebody typed to the codes of the places it may name.

A sentence is read in windows of words against an index of folded names, longest window first.
Where no name stands exactly, the words after en, de, desde, por or hacia may be one slip away; an
answer to "which city?" may be two. Names that are also everyday words count only after a place
word. Namesakes all count, except where one is meant by nearly everybody: a department or its
capital, or a district that is the heart of its own province.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from rapidfuzz import process
from rapidfuzz.distance import OSA

from directory.spelling import fold, slips, sound

BEFORE_A_PLACE = frozenset({"en", "de", "desde", "por", "hacia"})
SURELY_BEFORE_A_PLACE = frozenset({"en", "desde", "hacia"})
BEFORE_A_STREET = frozenset({"av", "avda", "avenida", "jr", "jiron", "calle", "pasaje", "psje"})
ARTICLES = frozenset({"el", "la", "los", "las"})
MANY_SPACES = 2  # in a name so long that two slips in all of it weigh more than one word of it
SHORTEST = 5  # letters; a shorter word is like too many others to be taken for a misspelt name
SHORTEST_SLIP = 7  # the same for a slip inside a sentence, where no one asked for a city
SHORTEST_WRITTEN = 8  # the same where letters are compared and not sounds: `la puta` is no place
LONGEST = 6  # words in a name

Codes = tuple[str, ...]


class Names:
    """An index of place names; built once, then only read.

    Args:
        places: ubigeo and name of every place.
        popular: folded popular name to the codes it stands for.
        words: names and near-names that are also everyday words or foreign places.
        towns: those of them that stand for the place where a message is nothing but names.
        leading: words that an answer may begin with before it comes to the name.
        short: words as they are shortened in writing, to the whole word.
    """

    def __init__(
        self,
        places: Iterable[tuple[str, str]],
        popular: Mapping[str, Sequence[str]],
        words: Iterable[str],
        towns: Iterable[str],
        leading: Iterable[str],
        short: Mapping[str, str],
    ) -> None:
        namesakes: dict[str, list[str]] = {}
        for code, name in places:
            namesakes.setdefault(fold(name), []).append(code)
        self._namesakes = {name: tuple(codes) for name, codes in namesakes.items()}
        self._popular = {fold(name): tuple(codes) for name, codes in popular.items()}
        self._words = frozenset(fold(word) for word in words)
        self._towns = frozenset(towns)
        self._leading = frozenset(leading)
        self._short = short
        self._by_sound: dict[str, list[str]] = {}
        self._by_slip: dict[str, list[str]] = {}
        for name in self._namesakes.keys() | self._popular.keys():
            if len(name) < SHORTEST:
                continue  # `sjl`, `ate`: only ever exact
            self._by_sound.setdefault(sound(name), []).append(name)
            article, _, bare = name.partition(" ")
            if article in ARTICLES and len(bare) >= SHORTEST:
                self._by_sound.setdefault(sound(bare), []).append(name)  # `agustino`
        for heard in self._by_sound:
            for slip in slips(heard):
                self._by_slip.setdefault(slip, []).append(heard)

    def find(self, text: str, *, within: str | None = None, is_answer: bool = False) -> list[str]:
        """The codes the text may mean, without repetition."""
        words = fold(text).split()
        if is_answer and len(words) <= 2 * LONGEST:
            named = self._answer(words)
        else:
            named = self._alone(words) or self._spoken(words)
        groups = [self._all(name) for name in named]
        found: list[str] = []
        for name, narrowed in zip(named, _narrow(groups), strict=True):
            inside = _inside(narrowed, within)
            whole = len(set(inside)) == len(set(self._all(name)))
            found += self._sensible(name, inside) if whole else _without_nested(inside)
        return list(dict.fromkeys(found))

    def _all(self, name: str) -> Codes:
        return self._namesakes.get(name, ()) + self._popular.get(name, ())

    def _sensible(self, name: str, codes: Codes) -> Codes:
        """The codes nearly everybody means by a name that nothing narrows."""
        if name in self._popular:
            return self._popular[name]
        department = next((code for code in codes if code.endswith("0000")), None)
        if department is not None:
            capital = department[:2] + "0101"
            return (capital if capital in codes else department,)
        return _without_nested(codes)

    def _answer(self, words: list[str]) -> list[str]:
        """Names in an answer to "which city?": all of it if it can be, else a part of it."""
        start = 0
        while start < len(words) - 1 and words[start] in self._leading:
            if self._known(" ".join(words[start:])):
                break
            start += 1
        whole = " ".join(words[start:])
        if known := self._known(whole):
            return [known]
        return (
            self._nothing_but_names(words)
            or list(dict.fromkeys(self._misspelt(" ".join(words)) + self._alike(whole)))
            or (self._rough(whole) if whole.count(" ") >= MANY_SPACES else [])
            or self._spoken(words)
            or self._rough(whole)
        )

    def _alone(self, words: list[str]) -> list[str]:
        """The names that a whole message is made of; none if one of them says something else
        besides."""
        named = self._nothing_but_names(words)
        return [] if any(name in self._words - self._towns for name in named) else named

    def _nothing_but_names(self, words: list[str]) -> list[str]:
        """The names an answer is made of, everyday words or not; none if it says more."""
        named: list[str] = []
        at = 0
        while at < len(words):
            sizes = range(min(LONGEST, len(words) - at), 0, -1)
            size = next((n for n in sizes if self._known(" ".join(words[at : at + n]))), 0)
            if size:
                named.append(self._known(" ".join(words[at : at + size])))
            elif words[at] not in self._leading:
                return []
            at += size or 1
        return named

    def _spoken(self, words: list[str]) -> list[str]:
        """Names in a sentence, from left to right, the longest at each place."""
        named: list[str] = []
        at = 0
        while at < len(words):
            name, size = self._name_at(words, at)
            if name:
                named += name
            at += size or 1
        return named

    def _name_at(self, words: list[str], at: int) -> tuple[list[str], int]:
        """The names that start at a word, and how many words they take."""
        before = words[at - 1] if at else ""
        if before in BEFORE_A_STREET:
            return [], 0
        for size in range(min(LONGEST, len(words) - at), 0, -1):
            window = " ".join(words[at : at + size])
            if known := self._known(window):
                if window not in self._words or before in SURELY_BEFORE_A_PLACE:
                    return [known], size
            elif (before in BEFORE_A_PLACE or size == len(words)) and (
                alike := self._alike_in_sentence(window, before)
            ):
                return alike, size
        return [], 0

    def _alike_in_sentence(self, window: str, before: str) -> list[str]:
        """Names of as many words that sound the same, or are one slip away after "en".

        Everyday words are left alone: after "de" and "por" they are the rule, places the exception.
        """
        if window in self._words or window in self._leading or len(window) < SHORTEST:
            return []
        heard = sound(window)
        names = self._by_sound.get(heard, [])
        is_likely = before in SURELY_BEFORE_A_PLACE or (before == "de" and " " in window)
        if not names and is_likely and len(heard) >= SHORTEST_SLIP:
            names = self._alike(window)
        return [name for name in names if name.count(" ") == window.count(" ")]

    def _known(self, folded: str) -> str:
        """The name it is, initials put together (`s j l`) and short words written out; or ""."""
        if self._is_name(folded):
            return folded
        words = folded.split()
        if len(words) == 1:
            return ""
        if all(len(word) == 1 for word in words):
            whole = "".join(words)
        else:
            whole = " ".join(self._short.get(word, word) for word in words)
        return whole if self._is_name(whole) else ""

    def _is_name(self, folded: str) -> bool:
        return folded in self._namesakes or folded in self._popular

    def _alike(self, folded: str) -> list[str]:
        """Names that sound the same, else those one slip away."""
        if len(folded) < SHORTEST:
            return []
        heard = sound(folded)
        if heard in self._by_sound:
            return self._by_sound[heard]
        if len(folded) <= SHORTEST or folded in self._words:
            return []
        near = {
            other
            for slip in slips(heard)
            for other in self._by_slip.get(slip, ())
            if OSA.distance(heard, other, score_cutoff=1) <= 1
        }
        begun = {other for other in near if other[0] == heard[0]}
        return sorted(name for other in begun or near for name in self._by_sound[other])

    def _misspelt(self, folded: str) -> list[str]:
        """Names one slip away as they are written: `hauncayo` sounds like nothing."""
        if len(folded) < SHORTEST_WRITTEN or folded in self._words:
            return []
        names = self._namesakes.keys() | self._popular.keys()
        near = process.extract(folded, names, scorer=OSA.distance, score_cutoff=1, limit=None)
        return sorted(name for name, _, _ in near)

    def _rough(self, folded: str) -> list[str]:
        """Names two slips away or begun but not finished; only for an answer."""
        if len(folded) < SHORTEST or folded in self._words:
            return []
        heard = sound(folded)
        begun = [name for name in self._namesakes if name.startswith(folded + " ")]
        if begun or len(heard) <= SHORTEST_SLIP:
            return sorted(begun)
        near = process.extract(
            heard, self._by_sound.keys(), scorer=OSA.distance, score_cutoff=2, limit=None
        )
        best = min((distance for _, distance, _ in near), default=0)
        return sorted(
            name
            for other, distance, _ in near
            if distance == best
            for name in self._by_sound[other]
        )


def _narrow(groups: list[Codes]) -> list[Codes]:
    """Namesakes narrowed by another name beside them: "Miraflores, Arequipa" is one place.

    The name that only narrows says nothing more and is left empty.
    """
    narrowed = list(groups)
    for index, group in enumerate(groups):
        for other_index, other in enumerate(groups):
            if index == other_index or set(group) == set(other):
                continue
            both = tuple(code for code in group if code in other)
            if both:  # `gamarra la victoria`: the one place that has both names
                narrowed[index], narrowed[other_index] = both, ()
                return _narrow(narrowed)
            inside = tuple(
                code
                for code in group
                if any(_lies_in(code, around) and code != around for around in other)
            )
            if inside and not any(_lies_in(around, code) for around in other for code in inside):
                narrowed[index] = inside
                narrowed[other_index] = ()
                return narrowed
    return narrowed


def _inside(codes: Codes, within: str | None) -> Codes:
    return codes if within is None else tuple(code for code in codes if _lies_in(code, within))


def _without_nested(codes: Codes) -> Codes:
    """Codes without the province or department that holds another of them by the same name."""
    return tuple(
        code
        for code in codes
        if not any(other != code and _lies_in(other, code) for other in codes)
    )


def _lies_in(code: str, around: str) -> bool:
    """Whether a place lies in (or is) a department or province given by its code or prefix."""
    prefix = around
    while len(prefix) > 2 and prefix.endswith("00"):
        prefix = prefix[:-2]
    return code.startswith(prefix)
