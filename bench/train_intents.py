"""Rebuild `flows/intents/weights.bin` from the utterances: `python -m bench.train_intents`.

The intents (of which one is true) and the flags (each true or not) are learned from all pieces of a
message, the languages from its spelling alone. On one machine the same utterances always give the
same file. It takes about five minutes.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.sparse import csr_matrix

from bench.network import Array, Net, train_choice, train_net
from bench.utterances import FLAGS, Utterance, known
from bot.engine.folding import words
from bot.engine.model import PATH, ZERO, pack
from bot.engine.pieces import pieces, spelled
from bot.engine.reading import read
from bot.engine.repair import Speller
from bot.engine.vocabulary import INTENTS, LANGUAGES, vocabulary

OUTPUTS = [*(f"intent:{name}" for name in INTENTS), *(f"flag:{name}" for name in FLAGS)]
RARE = 6
"""A piece in fewer utterances than this is not learned."""
LOUD = {"@": 2.0, "#": 2.0, "w": 2.0}
"""Pieces of these kinds speak louder while learning: they carry more from text to text."""
FINE = 31
"""Weights are kept in so many steps to each side of nothing: finer ones changed no result."""


def table(names: dict[str, int], found: Sequence[set[str]]) -> csr_matrix:
    """A row for each utterance: its known pieces, each its loudness / sqrt(how many)."""
    loud = {column: LOUD.get(piece[0], 1.0) for piece, column in names.items()}
    columns: list[int] = []
    values: list[float] = []
    ends = [0]
    for one in found:
        here = sorted(names[piece] for piece in one if piece in names)
        columns += here
        values += [loud[column] * len(here) ** -0.5 for column in here]
        ends.append(len(columns))
    return csr_matrix((values, columns, ends), shape=(len(found), len(names)), dtype=np.float32)


def labels(utterances: Sequence[Utterance]) -> Array:
    """1 where an output is true of an utterance."""
    wanted = np.zeros((len(utterances), len(OUTPUTS)), np.float32)
    for at, utterance in enumerate(utterances):
        wanted[at, OUTPUTS.index(f"intent:{utterance.intent}")] = 1
        for flag in utterance.flags:
            wanted[at, OUTPUTS.index(f"flag:{flag}")] = 1
    return wanted


def learn(utterances: Sequence[Utterance]) -> bytes:
    """The packed weights for some utterances."""
    usual = known_words(utterances)
    speller = Speller(usual)
    whole = [
        pieces(read(each.text, each.language, speller), each.text, speller) for each in utterances
    ]
    counts = Counter(piece for found in whole for piece in found)
    names = {name: at for at, name in enumerate(sorted(n for n, c in counts.items() if c >= RARE))}
    net = train_net(table(names, whole), labels(utterances), len(INTENTS))
    return packed(names, usual, net, *learn_languages(utterances, names))


def known_words(utterances: Sequence[Utterance]) -> list[str]:
    """Words not rare, the more usual first, and those of the phrase lists."""
    counts = Counter(word for each in utterances for word in set(words(each.text)))
    listed = {word for book in vocabulary().books.values() for word in book.phrases.words}
    usual = [word for word, count in counts.items() if count >= RARE or word in listed]
    return sorted({*usual, *listed}, key=lambda word: (-counts[word], word))


def learn_languages(utterances: Sequence[Utterance], names: dict[str, int]) -> tuple[Array, Array]:
    """Weights and biases that tell the languages apart; each language counts the same."""
    spelling = [spelled(words(each.text)) for each in utterances]
    wanted = np.array([[each.language == name for name in LANGUAGES] for each in utterances])
    shares = Counter(each.language for each in utterances)
    weight = np.array([1 / shares[each.language] for each in utterances])
    return train_choice(table(names, spelling), wanted.astype(np.float32), weight)


def packed(
    names: dict[str, int], usual: list[str], net: Net, languages: Array, biases: Array
) -> bytes:
    """The weights in small integers, without the pieces that say nothing."""
    weights = np.hstack([net.hidden, languages])
    weights *= np.array([[LOUD.get(name[0], 1.0)] for name in names])
    scales = np.abs(weights).max(axis=0) / FINE
    small = np.round(weights / scales).astype(int) + ZERO
    return pack(
        {
            "outputs": OUTPUTS,
            "languages": list(LANGUAGES),
            "scales": [float(f"{scale:.5g}") for scale in scales],
            "biases": [round(float(bias), 4) for bias in (*net.bias, *biases)],
            "votes": [[round(float(vote), 4) for vote in votes] for votes in net.votes.T],
            "ends": [round(float(end), 4) for end in net.ends],
            "pieces": list(names),
            "words": usual,
        },
        small.astype(np.uint8).tobytes(),
    )


if __name__ == "__main__":
    content = learn(known())
    PATH.write_bytes(content)
    print(f"{PATH.name}: {len(content) / 1e6:.2f} MB from {len(known())} utterances")
