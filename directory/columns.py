"""The columns of a spreadsheet: their names for people, and the words that stand in their cells."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

from directory.models import FEAR_TAXONOMIES
from directory.seeds import read_yaml
from directory.spelling import fold

COLUMNS = "columns.yaml"
TRUTHS = frozenset({"free", "anonymous", *FEAR_TAXONOMIES})


def title(column: str) -> str:
    """What a column is called in a report: `source_date` is `fecha de la fuente`."""
    return str(_content()["columns"][column]["title"])


def all_columns() -> tuple[str, ...]:
    """Every column in its order."""
    return tuple(_content()["columns"])


def column_of(heading: str) -> str | None:
    """The column that a heading means, in English or Spanish; None when it means none."""
    return _by_heading().get(fold(heading))


def word_of(column: str, written: str) -> str:
    """The word that a cell means (`sí` is `yes`), or what is written when it means none."""
    return _by_word("truth" if column in TRUTHS else column).get(fold(written), written)


@lru_cache(maxsize=1)
def _content() -> dict[str, dict[str, Any]]:
    return dict(read_yaml(COLUMNS))


@lru_cache(maxsize=1)
def _by_heading() -> dict[str, str]:
    return {
        fold(heading): column
        for column, known in _content()["columns"].items()
        for heading in (column, known["title"], *known["also"])
    }


@lru_cache(maxsize=16)
def _by_word(column: str) -> dict[str, str]:
    words = _content()["words"].get(column, {})
    return {fold(one): word for word, others in words.items() for one in (word, *others)}
