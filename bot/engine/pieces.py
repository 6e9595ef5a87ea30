"""What the learned weights look at: the small pieces of a message.

Words by sound, neighbours, parts of words, and what the rules found. Training and running use this
same function, so a piece always means the same.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache
from itertools import pairwise

from bot.engine.reading import Reading
from bot.engine.repair import Speller

SHORTEST, LONGEST = 3, 5
"""Parts of words, in letters with the marks of beginning and end."""
LENGTHS = (1, 2, 4, 8, 16, 32, 64)
FLAGS = ("negated", "past", "about_other", "unreal")


def spelled(heard: Sequence[str]) -> set[str]:
    """The pieces of the spelling alone, by which the language is known: words `w`, parts `c`."""
    found = {f"w{word}" for word in heard}
    for word in heard:
        found.update(_parts(word))
    return found


def pieces(reading: Reading, text: str, speller: Speller) -> set[str]:
    """Every piece of a message once: its spelling, also of unknown words repaired, neighbours `b`
    and `s`, what the rules found `#`, what words are about `@`."""
    heard = reading.words
    found = spelled(heard) | _about(reading)
    found.update(f"w{word}" for word in speller.repair(heard))
    found.update(f"#{hit.meaning.kind}:{hit.meaning.name}" for hit in reading.hits)
    found.update(f"#phrase:{intent}" for intent in reading.idioms if intent)
    found.update(f"#{flag}" for flag in FLAGS if getattr(reading, flag))
    if reading.idioms:
        found.add("#idiom")
    if "?" in text or "¿" in text:
        found.add("#question")
    found.add(f"#length:{sum(len(heard) > bound for bound in LENGTHS)}")
    edged = ("<", *heard, ">")
    found.update(f"b{first} {second}" for first, second in pairwise(edged))
    found.update(f"s{first} {third}" for first, third in zip(edged, edged[2:], strict=False))
    return found


NEAR = 4
"""Two subjects meet when their words are at most so far apart."""
TENSES = (
    (("ando", "iendo", "endo"), "ing"),
    (("aba", "aban", "abas", "ia", "ian"), "was"),
    (("aron", "ieron", "o", "io", "aste"), "did"),
    (("ado", "ada", "ados", "adas", "ido", "ida", "idos", "idas"), "done"),
    (("ar", "er", "ir", "arme", "erme", "irme", "arte", "arnos"), "to"),
)


def _tense(word: str) -> str:
    return next((name for endings, name in TENSES if word.endswith(endings)), "")


def _about(reading: Reading) -> set[str]:
    """What the words are about, in which tense, and which subjects stand together."""
    subjects = [
        (hit.start, hit.end, hit.meaning.name) for hit in reading.hits if hit.meaning.kind == "word"
    ]
    found = set()
    for at, (_, end, name) in enumerate(subjects):
        found.add(f"@{name}")
        found.add(f"@{name}.{_tense(reading.words[end - 1])}")
        for later, _, other in subjects[at + 1 :]:
            if later > end + NEAR:
                break
            if later >= end:
                found.add(f"@{name}+{other}")
    return found


@lru_cache(maxsize=20_000)
def _parts(word: str) -> tuple[str, ...]:
    edged = f"<{word}>"
    return tuple(
        f"c{edged[at : at + size]}"
        for size in range(SHORTEST, LONGEST + 1)
        for at in range(len(edged) - size + 1)
    )
