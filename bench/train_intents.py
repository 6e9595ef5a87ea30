"""Rebuild `flows/intents/weights.bin` from the labelled utterances.

`python -m bench.train_intents` does it.

Logistic regression over the pieces of a message: the intents (of which one is true) and the flags
(each true or not) by all its pieces, the languages by its spelling. The same utterances always give
the same file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit, log_softmax

from bench.utterances import FLAGS, Utterance, known
from bot.engine.folding import words
from bot.engine.model import PATH, ZERO, pack
from bot.engine.pieces import pieces, spelled
from bot.engine.reading import read
from bot.engine.vocabulary import INTENTS, LANGUAGES

OUTPUTS = [
    *(f"intent:{name}" for name in INTENTS),
    *(f"flag:{name}" for name in FLAGS),
    *(f"language:{name}" for name in LANGUAGES),
]
COUNT = len(INTENTS) + len(FLAGS)
RARE = 3
"""A piece in fewer utterances than this is not learned."""
PULL = 0.15
"""How strongly weights are pulled to nothing (L2)."""
STEPS = 60
LOUD = {"@": 2.0, "#": 2.0, "w": 2.0}
"""Pieces of these kinds speak louder while learning: they carry more from text to text."""

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]
Vector = np.ndarray[tuple[int], np.dtype[np.float64]]


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
    return csr_matrix((values, columns, ends), shape=(len(found), len(names)))


def truth(utterances: Sequence[Utterance]) -> Matrix:
    """1 where an output is true of an utterance."""
    wanted = np.zeros((len(utterances), len(OUTPUTS)))
    for at, utterance in enumerate(utterances):
        wanted[at, OUTPUTS.index(f"intent:{utterance.intent}")] = 1
        wanted[at, OUTPUTS.index(f"language:{utterance.language}")] = 1
        for flag in utterance.flags:
            wanted[at, OUTPUTS.index(f"flag:{flag}")] = 1
    return wanted


def fit(features: csr_matrix, wanted: Matrix, one_of: int, weight: Vector) -> tuple[Matrix, Vector]:
    """Weights and biases that make the wanted outputs likeliest.

    Of the first `one_of` outputs exactly one is true; the others are true or not by themselves.
    `weight` says how much each utterance counts.
    """
    pieces_count, outputs_count = features.shape[1], wanted.shape[1]
    across = features.T.tocsr()
    counts = weight[:, None] / weight.sum()
    pull = PULL / features.shape[0]

    def loss(flat: Vector) -> tuple[float, Vector]:
        weights = flat[:-outputs_count].reshape(pieces_count, outputs_count)
        scores = features @ weights + flat[-outputs_count:]
        logs = log_softmax(scores[:, :one_of], axis=1)
        signed = (2 * wanted[:, one_of:] - 1) * scores[:, one_of:]
        lost = (counts * (np.logaddexp(0, -signed).sum(axis=1, keepdims=True))).sum()
        lost -= (counts * wanted[:, :one_of] * logs).sum()
        errors = counts * (np.hstack([np.exp(logs), expit(scores[:, one_of:])]) - wanted)
        slope = across @ errors + pull * weights
        return lost + pull / 2 * (weights**2).sum(), np.append(slope.ravel(), errors.sum(axis=0))

    start = np.zeros((pieces_count + 1) * outputs_count)
    best = minimize(
        loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 8}
    )
    return best.x[:-outputs_count].reshape(pieces_count, outputs_count), best.x[-outputs_count:]


def learn(utterances: Sequence[Utterance]) -> bytes:
    """The packed weights for some utterances."""
    whole = [pieces(read(each.text, each.language), each.text) for each in utterances]
    spelling = [spelled(words(each.text)) for each in utterances]
    counts = Counter(piece for found in whole for piece in found)
    names = {name: at for at, name in enumerate(sorted(n for n, c in counts.items() if c >= RARE))}
    wanted = truth(utterances)
    meanings, meaning_biases = fit(
        table(names, whole), wanted[:, :COUNT], len(INTENTS), np.ones(len(utterances))
    )
    shares = Counter(utterance.language for utterance in utterances)
    languages, language_biases = fit(
        table(names, spelling),
        wanted[:, COUNT:],
        len(LANGUAGES),
        np.array([1 / shares[utterance.language] for utterance in utterances]),
    )
    weights = np.hstack([meanings, languages])
    weights *= np.array([[LOUD.get(name[0], 1.0)] for name in names])
    scales = np.abs(weights).max(axis=0) / (ZERO - 1)
    small = np.round(weights / scales).astype(int) + ZERO
    used = (small != ZERO).any(axis=1)
    return pack(
        OUTPUTS,
        [round(float(bias), 4) for bias in (*meaning_biases, *language_biases)],
        [float(f"{scale:.5g}") for scale in scales],
        [name for name, at in names.items() if used[at]],
        small[used].astype(np.uint8).tobytes(),
    )


if __name__ == "__main__":
    packed = learn(known())
    PATH.write_bytes(packed)
    print(f"{PATH.name}: {len(packed) / 1e6:.2f} MB from {len(known())} utterances")
