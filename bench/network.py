"""Two small ways to learn from rows of pieces: a net of one hidden layer, and a linear choice."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import minimize
from scipy.sparse import csr_matrix
from scipy.special import expit, log_softmax, softmax

Array = np.ndarray[Any, np.dtype[np.float32]]

UNITS = 112
ROUNDS = 25
"""Times that every utterance is seen."""
BATCH = 64
STEP = 3e-3
"""The first step of Adam; it shrinks to nothing over the rounds."""
FORGET_PIECES, FORGET_UNITS = 0.5, 0.5
"""Parts hidden at random while learning, so that no single piece is relied upon."""
PULL = 0.15
"""How strongly the weights of the linear choice are pulled to nothing (L2)."""
SEED = 20_26


@dataclass(frozen=True, slots=True)
class Net:
    """`hidden` and `bias` lead from pieces to units, `votes` and `ends` from units to outputs."""

    hidden: Array
    bias: Array
    votes: Array
    ends: Array

    def scores(self, features: csr_matrix) -> Array:
        """A score of any sign for each row and output."""
        scored: Array = np.maximum(features @ self.hidden + self.bias, 0) @ self.votes + self.ends
        return scored


class Adam:
    """Steps that follow the mean slope, measured by its usual size."""

    def __init__(self, weights: Array) -> None:
        self.weights = weights
        self._mean, self._square = np.zeros_like(weights), np.zeros_like(weights)

    def step(self, slope: Array, size: float, rows: Any = slice(None)) -> None:
        """One step; `rows` are those that the batch has touched."""
        mean = self._mean[rows] = 0.9 * self._mean[rows] + 0.1 * slope
        square = self._square[rows] = 0.99 * self._square[rows] + 0.01 * slope**2
        self.weights[rows] -= size * mean / (np.sqrt(square) + 1e-6)


def train_net(features: csr_matrix, wanted: Array, one_of: int) -> Net:
    """A net for outputs: exactly one of the first `one_of` is true, each other by itself."""
    chance = np.random.default_rng(SEED)
    count, outputs = wanted.shape
    hidden = Adam(chance.normal(0, 0.02, (features.shape[1], UNITS)).astype(np.float32))
    bias = Adam(np.full(UNITS, 0.1, np.float32))
    votes = Adam(chance.normal(0, UNITS**-0.5, (UNITS, outputs)).astype(np.float32))
    ends = Adam(np.zeros(outputs, np.float32))
    for turn in range(ROUNDS):
        size = STEP * (1 - turn / ROUNDS)
        order = chance.permutation(count)
        for start in range(0, count, BATCH):
            chosen = order[start : start + BATCH]
            seen = _with_gaps(features[chosen], chance)
            raw = seen @ hidden.weights + bias.weights
            kept = (chance.random(raw.shape) > FORGET_UNITS) / (1 - FORGET_UNITS) * (raw > 0)
            active = (raw * kept).astype(np.float32)
            errors = _errors(active @ votes.weights + ends.weights, wanted[chosen], one_of)
            back = (errors @ votes.weights.T * kept).astype(np.float32)
            touched = np.unique(seen.indices)
            hidden.step(np.asarray(seen[:, touched].T @ back), size, touched)
            bias.step(back.sum(axis=0), size)
            votes.step(active.T @ errors, size)
            ends.step(errors.sum(axis=0), size)
    return Net(hidden.weights, bias.weights, votes.weights, ends.weights)


def _with_gaps(rows: csr_matrix, chance: np.random.Generator) -> csr_matrix:
    rows = rows.copy()
    kept = chance.random(len(rows.data)) > FORGET_PIECES
    rows.data = (rows.data * kept / (1 - FORGET_PIECES)).astype(np.float32)
    rows.eliminate_zeros()
    return rows


def _errors(scores: Array, wanted: Array, one_of: int) -> Array:
    chances = np.hstack([softmax(scores[:, :one_of], axis=1), expit(scores[:, one_of:])])
    errors: Array = ((chances - wanted) / len(wanted)).astype(np.float32)
    return errors


def train_choice(features: csr_matrix, wanted: Array, weight: Array) -> tuple[Array, Array]:
    """Linear weights and biases for outputs of which one is true; `weight` is for each row."""
    width, outputs = features.shape[1], wanted.shape[1]
    across = features.T.tocsr()
    counts = weight[:, None] / weight.sum()
    pull = PULL / len(wanted)

    def loss(flat: Array) -> tuple[float, Array]:
        weights = flat[:-outputs].reshape(width, outputs)
        logs = log_softmax(features @ weights + flat[-outputs:], axis=1)
        errors = counts * (np.exp(logs) - wanted)
        slope = across @ errors + pull * weights
        lost = pull / 2 * (weights**2).sum() - (counts * wanted * logs).sum()
        return float(lost), np.append(slope.ravel(), errors.sum(axis=0))

    start = np.zeros((width + 1) * outputs)
    best = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 60}).x
    return best[:-outputs].reshape(width, outputs), best[-outputs:]
