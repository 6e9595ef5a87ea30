"""The labelled utterances of `flows/intents/utterances/`: read, never written here."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from bot.engine.vocabulary import FOLDER, INTENTS

UTTERANCES = FOLDER / "utterances"
FLAGS = ("urgent", "about_other", "negated", "past")


@dataclass(frozen=True, slots=True)
class Utterance:
    """A text as somebody would type it, with what a careful counselor hears in it."""

    text: str
    intent: str
    flags: frozenset[str]
    language: str
    file: str


def paths(*, held_out: bool) -> list[Path]:
    """The files to learn from, or those by other hands that are kept for the measure."""
    return sorted(
        path for path in UTTERANCES.glob("*.tsv") if path.stem.endswith("-test") == held_out
    )


def read(path: Path) -> list[Utterance]:
    """One file; raise `ValueError` with file and line for a row that is not as the header says."""
    utterances = []
    with path.open(encoding="utf-8", newline="") as file:
        rows = csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE)
        for row in rows:
            if row["intent"] not in INTENTS or any(row[flag] not in ("0", "1") for flag in FLAGS):
                raise ValueError(f"{path.name}:{rows.line_num}: not a labelled utterance: {row}")
            flags = frozenset(flag for flag in FLAGS if row[flag] == "1")
            language = path.stem.partition("-")[0]
            utterances.append(Utterance(row["text"], row["intent"], flags, language, path.name))
    return utterances


def known() -> list[Utterance]:
    """All utterances to learn from."""
    return [utterance for path in paths(held_out=False) for utterance in read(path)]


def unseen() -> list[Utterance]:
    """All utterances kept apart: looked at by nobody who tunes."""
    return [utterance for path in paths(held_out=True) for utterance in read(path)]
