"""The ways of care and the states that carry them, as a table: `docs/ways.md`, `kuska draw --ways`.

`flows/ways.csv` lists each way (a step of the care routes for persons in exploitation, a short
route, a rule of reporting) with the state of the flows that carries it, one row for each state.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from itertools import groupby
from pathlib import Path

from bot.engine.definition import Flows
from bot.errors import ContentError


@dataclass(frozen=True, slots=True)
class Way:
    """One row of the file: a way's short name and title, a state that carries it, what it does."""

    way: str
    title: str
    state: str
    note: str


def read(path: Path) -> list[Way]:
    """The rows of the file in their order; raise `ContentError` for one that is not whole."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    for line, row in enumerate(rows, start=2):
        if set(row) != {"way", "title", "state", "note"} or not all(row.values()):
            raise ContentError(f"{path.name}:{line}: a row has `way`, `title`, `state` and `note`")
    return [Way(**row) for row in rows]


def table(flows: Flows, path: Path) -> str:
    """The ways as a Markdown table; raise `ContentError` for a state that the flows do not have."""
    rows = read(path)
    for line, row in enumerate(rows, start=2):
        if row.state not in flows.states:
            raise ContentError(f"{path.name}:{line}: `{row.state}` is no state of the flows")
    lines = [
        "# The ways of care, and the state of the chat that carries each",
        "",
        "Made by `kuska draw --ways` from `flows/ways.csv`; do not edit by hand.",
        "",
        "| Way | About | State | What it does there |",
        "|---|---|---|---|",
    ]
    for (way, title), carried in groupby(rows, key=lambda row: (row.way, row.title)):
        for position, row in enumerate(carried):
            head = (way, title) if position == 0 else ("", "")
            lines.append(f"| {head[0]} | {head[1]} | `{row.state}` | {row.note} |")
    return "\n".join(lines) + "\n"
