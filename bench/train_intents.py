"""Rebuild `flows/intents/weights.bin` from the labelled utterances: `python -m bench.train_intents`.

Logistic regression over the pieces of a message, one set of weights for all outputs: the intents
and the languages (of which one is true), and the flags (each true or not). The same utterances
always give the same file.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit, log_softmax

from bench.utterances import FLAGS, Utterance, known
from bot.engine.model import PATH, ZERO, pack
from bot.engine.pieces import pieces
from bot.engine.reading import read
from bot.engine.vocabulary import INTENTS, LANGUAGES

OUTPUTS = [
    *(f"intent:{name}" for name in INTENTS),
    *(f"language:{name}" for name in LANGUAGES),
    *(f"flag:{name}" for name in FLAGS),
]
ONE_OF = (slice(0, len(INTENTS)), slice(len(INTENTS), len(INTENTS) + len(LANGUAGES)))
EACH = slice(len(INTENTS) + len(LANGUAGES), len(OUTPUTS))
RARE = 3
"""A piece in fewer utterances than this is not learned."""
PULL = 0.15
"""How strongly weights are pulled to nothing (L2)."""
STEPS = 60
LOUD = {"@": 2.0, "#": 2.0, "w": 2.0}
"""Pieces of these kinds speak louder while learning: they carry more from text to text."""

Matrix = np.ndarray[tuple[int, int], np.dtype[np.float64]]


def table(utterances: Sequence[Utterance], names: dict[str, int], found: Sequence[set[str]]) -> csr_matrix:
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
    return csr_matrix((values, columns, ends), shape=(len(utterances), len(names)))


def truth(utterances: Sequence[Utterance]) -> Matrix:
    """1 where an output is true of an utterance."""
    wanted = np.zeros((len(utterances), len(OUTPUTS)))
    for at, utterance in enumerate(utterances):
        wanted[at, OUTPUTS.index(f"intent:{utterance.intent}")] = 1
        wanted[at, OUTPUTS.index(f"language:{utterance.language}")] = 1
        for flag in utterance.flags:
            wanted[at, OUTPUTS.index(f"flag:{flag}")] = 1
    return wanted


def fit(features: csr_matrix, wanted: Matrix, weight: np.ndarray) -> tuple[Matrix, np.ndarray]:
    """Weights and biases that make the wanted outputs likeliest."""
    pieces_count, outputs_count = features.shape[1], wanted.shape[1]
    across = features.T.tocsr()
    total = weight.sum()

    def loss(flat: np.ndarray) -> tuple[float, np.ndarray]:
        weights = flat[:-outputs_count].reshape(pieces_count, outputs_count)
        scores = features @ weights + flat[-outputs_count:]
        errors = np.empty_like(scores)
        lost = 0.0
        for group in ONE_OF:
            logs = log_softmax(scores[:, group], axis=1)
            lost -= (weight[:, None] * wanted[:, group] * logs).sum()
            errors[:, group] = np.exp(logs) - wanted[:, group]
        chances = expit(scores[:, EACH])
        signs = 2 * wanted[:, EACH] - 1
        lost += (weight[:, None] * np.logaddexp(0, -signs * scores[:, EACH])).sum()
        errors[:, EACH] = chances - wanted[:, EACH]
        errors *= weight[:, None] / total
        slope = across @ errors + PULL / total * weights
        lost = lost / total + PULL / total / 2 * (weights**2).sum()
        return lost, np.concatenate([slope.ravel(), errors.sum(axis=0)])

    start = np.zeros((pieces_count + 1) * outputs_count)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": STEPS, "maxcor": 8})
    return best.x[:-outputs_count].reshape(pieces_count, outputs_count), best.x[-outputs_count:]


def learn(utterances: Sequence[Utterance]) -> bytes:
    """The packed weights for some utterances."""
    found = [pieces(read(utterance.text), utterance.text) for utterance in utterances]
    counts = Counter(piece for one in found for piece in one)
    names = {piece: at for at, piece in enumerate(sorted(p for p, n in counts.items() if n >= RARE))}
    weights, biases = fit(
        table(utterances, names, found), truth(utterances), np.ones(len(utterances))
    )
    weights *= np.array([[LOUD.get(piece[0], 1.0)] for piece in names])
    scales = np.abs(weights).max(axis=0) / (ZERO - 1)
    small = np.round(weights / scales).astype(int) + ZERO
    return pack(
        OUTPUTS,
        [round(float(bias), 4) for bias in biases],
        [float(f"{scale:.5g}") for scale in scales],
        list(names),
        small.astype(np.uint8).tobytes(),
    )


if __name__ == "__main__":
    packed = learn(known())
    PATH.write_bytes(packed)
    print(f"{PATH.name}: {len(packed) / 1e6:.2f} MB from {len(known())} utterances")
