"""Learned weights: a linear model in small integers, read without a numeric library.

The file (`flows/intents/weights.bin`, made by `python -m bench.train_intents`) is compressed: one
line of JSON, then a row for each piece with one signed byte for each output. A row is kept as one
long integer with 32 bits for each output, so that adding up a message is adding whole numbers.
"""

from __future__ import annotations

import json
import math
import struct
import zlib
from collections.abc import Iterable, Sequence
from functools import lru_cache
from pathlib import Path

from bot.engine.vocabulary import FOLDER
from bot.errors import ContentError

PATH = FOLDER / "weights.bin"
LANE = 4
"""Bytes for each output in a row: room for sixteen million pieces."""
ZERO = 128
"""Bytes are stored from 0 to 255; this one means a weight of nothing."""


class Model:
    """Weights of pieces for named outputs; a score is a number of any sign, higher is likelier."""

    def __init__(self, packed: bytes) -> None:
        """Raise `ContentError` when the file is not one of ours."""
        try:
            head, _, table = zlib.decompress(packed).partition(b"\n")
            described = json.loads(head)
            self.outputs: list[str] = described["outputs"]
            self._scales: list[float] = described["scales"]
            self._biases: list[float] = described["biases"]
            names: list[str] = described["pieces"]
        except (zlib.error, ValueError, KeyError) as error:
            raise ContentError(
                f"{PATH.name}: rebuild it with python -m bench.train_intents"
            ) from error
        width = len(self.outputs)
        wide = bytearray(len(table) * LANE)
        wide[::LANE] = table
        self._stride = width * LANE
        self._rows = {
            name: int.from_bytes(wide[at * self._stride : (at + 1) * self._stride], "little")
            for at, name in enumerate(names)
        }

    def scores(self, pieces: Iterable[str]) -> dict[str, float]:
        """The score of every output for a message's pieces."""
        rows = [row for piece in pieces if (row := self._rows.get(piece)) is not None]
        length = math.sqrt(len(rows) or 1)
        zero = ZERO * len(rows)
        return {
            output: bias + scale * (total - zero) / length
            for output, bias, scale, total in zip(
                self.outputs, self._biases, self._scales, self._lanes(sum(rows)), strict=True
            )
        }

    def weightiest(self, pieces: Iterable[str], output: str, count: int) -> list[str]:
        """The pieces that spoke most for an output, the weightiest first."""
        lane = self.outputs.index(output) * LANE * 8
        weights = {
            piece: ((row >> lane) & 0xFF) - ZERO
            for piece in pieces
            if (row := self._rows.get(piece)) is not None
        }
        ranked = sorted(weights, key=lambda piece: (-weights[piece], piece))
        return [piece for piece in ranked[:count] if weights[piece] > 0]

    def _lanes(self, total: int) -> Sequence[int]:
        return struct.unpack(f"<{len(self.outputs)}I", total.to_bytes(self._stride, "little"))


def pack(
    outputs: list[str],
    biases: list[float],
    scales: list[float],
    pieces: list[str],
    table: bytes,
) -> bytes:
    """The file's content; `table` has a byte (weight / scale + 128) for each piece and output."""
    head = {"outputs": outputs, "biases": biases, "scales": scales, "pieces": pieces}
    return zlib.compress(json.dumps(head, ensure_ascii=False).encode() + b"\n" + table, 9)


@lru_cache(maxsize=1)
def learned(path: Path = PATH) -> Model:
    """The weights in the repository, read once."""
    return Model(path.read_bytes())
