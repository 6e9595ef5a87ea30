"""Learned weights in small integers, read without a numeric library.

A message's pieces are added up into a few dozen hidden units; those above zero vote for the
intents and flags. Beside the units each piece has a direct vote for every language. The file
(`flows/intents/weights.bin`, made by `python -m bench.train_intents`) is compressed: one line of
JSON, then a row of bytes for each piece. A row is kept as one long integer with 32 bits for each
number, so that adding up a message is adding whole numbers.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from operator import mul
from pathlib import Path
from typing import NamedTuple

from bot.engine.repair import Speller
from bot.engine.vocabulary import FOLDER
from bot.errors import ContentError

PATH = FOLDER / "weights.bin"
LANE = 4
"""Bytes for each number of a row: room for sixteen million pieces."""
ZERO = 128
"""Bytes are stored from 0 to 255; this one means a weight of nothing."""


class Total(NamedTuple):
    """What the known ones among some pieces add up to, and how many they are."""

    row: int
    known: int


NOTHING = Total(0, 0)


class Model:
    """Weights of pieces for named outputs; a score is a number of any sign, higher is likelier."""

    def __init__(self, packed: bytes) -> None:
        """Raise `ContentError` when the file is not one of ours."""
        try:
            head, _, table = zlib.decompress(packed).partition(b"\n")
            described = json.loads(head)
            self.outputs: list[str] = described["outputs"]
            self.languages: list[str] = described["languages"]
            self._scales: list[float] = described["scales"]
            self._biases: list[float] = described["biases"]
            self._votes: list[list[float]] = described["votes"]
            self._ends: list[float] = described["ends"]
            names: list[str] = described["pieces"]
        except (zlib.error, ValueError, KeyError) as error:
            raise ContentError(
                f"{PATH.name}: rebuild it with python -m bench.train_intents"
            ) from error
        self.speller = Speller(described["words"])
        width = len(self._scales)
        wide = bytearray(len(table) * LANE)
        wide[::LANE] = table
        self._stride = width * LANE
        self._lanes = struct.Struct(f"<{width}I")
        self._units = width - len(self.languages)
        self._rows = {
            name: int.from_bytes(wide[at * self._stride : (at + 1) * self._stride], "little")
            for at, name in enumerate(names)
        }

    def total(self, pieces: Iterable[str], start: Total = NOTHING) -> Total:
        """The pieces added up, on top of `start`."""
        rows = [row for piece in pieces if (row := self._rows.get(piece)) is not None]
        return Total(sum(rows, start.row), start.known + len(rows))

    def units(self, total: Total) -> list[float]:
        """What a message's pieces make of the hidden units; below zero counts as nothing."""
        return [max(0.0, unit) for unit in self._sums(total, 0, self._units)]

    def scores(self, units: Sequence[float]) -> dict[str, float]:
        """The score of every output for the units of a message."""
        return {
            output: end + sum(map(mul, units, votes))
            for output, end, votes in zip(self.outputs, self._ends, self._votes, strict=True)
        }

    def language_scores(self, total: Total) -> dict[str, float]:
        """The score of every language for the pieces of a message's spelling."""
        return dict(zip(self.languages, self._sums(total, self._units, None), strict=True))

    def weightiest(
        self, units: Sequence[float], among: Iterable[str], output: str, count: int
    ) -> list[str]:
        """Of some pieces of a message, those that spoke most for an output."""
        votes = self._votes[self.outputs.index(output)]
        shares = [
            scale * vote if unit else 0.0
            for unit, scale, vote in zip(units, self._scales, votes, strict=False)
        ]
        none = ZERO * sum(shares)
        weights = {
            piece: sum(map(mul, self._unpacked(row), shares)) - none
            for piece in among
            if (row := self._rows.get(piece)) is not None
        }
        ranked = sorted(weights, key=lambda piece: (-weights[piece], piece))
        return [piece for piece in ranked[:count] if weights[piece] > 0]

    def _sums(self, total: Total, first: int, end: int | None) -> list[float]:
        """What some of a row's numbers come to: the hidden units come first, then languages."""
        length = math.sqrt(total.known or 1)
        zero = ZERO * total.known
        here = slice(first, end)
        return [
            bias + scale * (lane - zero) / length
            for bias, scale, lane in zip(
                self._biases[here],
                self._scales[here],
                self._unpacked(total.row)[here],
                strict=True,
            )
        ]

    def _unpacked(self, row: int) -> Sequence[int]:
        return self._lanes.unpack(row.to_bytes(self._stride, "little"))


def pack(described: dict[str, object], table: bytes) -> bytes:
    """The file's content; `table` has a byte (weight / scale + 128) for each piece and number.

    `described` names `outputs`, `languages`, `pieces`, the known `words` (the more usual first);
    `scales` and `biases` of the hidden units
    and then the languages; `votes` of the units for each output and `ends` added to them.
    """
    return zlib.compress(json.dumps(described, ensure_ascii=False).encode() + b"\n" + table, 9)


@lru_cache(maxsize=1)
def learned(path: Path = PATH) -> Model:
    """The weights in the repository, read once."""
    return Model(path.read_bytes())
