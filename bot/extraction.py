"""Sentences of the flows for Babel: one message per text, its context `flow.state.key`."""

from __future__ import annotations

import csv
import io
from collections.abc import Collection, Iterator, Mapping
from pathlib import Path
from typing import IO, Any

from bot.engine.definition import ChoiceMove, FlowFile, InterruptFile, State
from bot.engine.loader import Places, read

Found = tuple[int, str, tuple[str, str], list[str]]
"""Line, function, (context, text), comments: what Babel expects of an extractor."""


def extract_flow(
    file: IO[bytes], keywords: Mapping[str, Any], tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """Babel's extraction method for `flows/*.yaml`."""
    content, places = read(Path(file.name))
    model = InterruptFile if content.get("flow") == "interrupts" else FlowFile
    flow = model.model_validate(content)
    for key, text in flow.phrases.items():
        yield _found(places.get(("phrases", key), 1), f"{flow.flow}.{key}", text)
    if isinstance(flow, InterruptFile):
        for key, choice in flow.shared.items():
            yield _found(places.get(("shared", key), 1), f"interrupts.shared.{key}", choice.title)
        return
    for name, state in flow.states.items():
        yield from _texts(f"{flow.flow}.{name}", state, ("states", name), places)


def _texts(
    full: str, state: State, trail: tuple[str | int, ...], places: Places
) -> Iterator[Found]:
    for key, saying in state.say.items():
        line = places.get((*trail, "say", key), 1)
        if saying.text:
            yield _found(line, f"{full}.{key}", saying.text)
        if saying.short:
            yield _found(line, f"{full}.{key}.short", saying.short)
    for key, choice in state.choices.items():
        yield _title(places.get((*trail, "choices", key), 1), f"{full}.{key}", choice)
    if state.unclear:
        yield _found(places.get((*trail, "unclear"), 1), f"{full}.unclear", state.unclear)


def extract_needs(
    file: IO[bytes], keywords: Mapping[str, Any], tags: Collection[str], options: Mapping[str, Any]
) -> Iterator[Found]:
    """Babel's extraction method for the names of needs in `directory/seed/needs.csv`."""
    rows = csv.DictReader(io.TextIOWrapper(file, encoding="utf-8", newline=""))
    for line, row in enumerate(rows, start=2):
        yield _found(line, f"needs.{row['need']}", row["label_es"])


def _title(line: int, context: str, choice: ChoiceMove) -> Found:
    return _found(line, context, choice.title)


def _found(line: int, context: str, text: str) -> Found:
    return line, "pgettext", (context, text), []
