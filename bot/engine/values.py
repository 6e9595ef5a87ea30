"""Named words in a text: `{line.police}`, `{place}`, `{wait}`. An unknown one stops the start."""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from bot.engine import outcomes, wording
from directory.places import place

if TYPE_CHECKING:
    from bot.engine.turn import Turn

_FORMATTER = string.Formatter()


class _Lines:
    """`{line.women}`: the number of a national line, from `emergency.yaml` and nowhere else."""

    def __init__(self, turn: Turn) -> None:
        self._turn = turn

    def __getattr__(self, key: str) -> str:
        line = self._turn.world.directory.line(key)
        return wording.number(line.number, self._turn)


def _place(turn: Turn) -> str:
    return place(turn.memory.place).name if turn.memory.place else ""


def _need(turn: Turn) -> str:
    need = turn.memory.need
    if need is None:
        return ""
    row = turn.world.directory.need(need)
    return turn.world.translate(turn.memory.language, f"needs.{need}", row.label_es)


def _guess(turn: Turn) -> str:
    wish = turn.memory.wish or {}
    return turn.phrase(f"menu.guess_{wish.get('intent', 'other')}")


ALL: Mapping[str, Callable[[Turn], Any]] = {
    "line": _Lines,
    "place": _place,
    "need": _need,
    "present": lambda turn: turn.world.duty.present,
    "ahead": lambda turn: turn.world.ahead,
    "guess": _guess,
    "contact": outcomes.contact_name,
    "wait": lambda turn: turn.world.duty.wait_minutes,
    "next_shift": lambda turn: wording.moment(turn.world.duty.next_shift_at, turn),
}


class _Named(dict[str, Any]):
    def __init__(self, turn: Turn) -> None:
        super().__init__()
        self._turn = turn

    def __missing__(self, key: str) -> Any:
        return ALL[key](self._turn)


def fill(turn: Turn, text: str) -> str:
    """The text with its named words; one without any comes back as it is."""
    return _FORMATTER.vformat(text, (), _Named(turn)) if "{" in text else text


def names(text: str) -> list[str]:
    """The named words of a text in order: `line.police`, `place`."""
    return [name for _, name, _, _ in _FORMATTER.parse(text) if name is not None]
