"""Kinds of column: moments as whole milliseconds, and numbers for rows that grow with time."""

from __future__ import annotations

import secrets
import threading
import time
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import BigInteger, Integer, TypeDecorator

EPOCH_MS = 1_767_225_600_000
"""2026-01-01 in milliseconds since 1970: ids count from here."""


def to_ms(at: datetime) -> int:
    """Milliseconds since 1970 of an aware moment."""
    if at.tzinfo is None:
        raise ValueError("a stored time needs its zone")
    return round(at.timestamp() * 1000)


def from_ms(ms: int) -> datetime:
    """The moment in UTC."""
    return datetime.fromtimestamp(ms / 1000, UTC)


Number = BigInteger().with_variant(Integer, "sqlite")
"""64 bits everywhere; on SQLite only a column called INTEGER can be the row's own number."""


class Moment(TypeDecorator[datetime]):
    """An aware moment as whole milliseconds: the same on every database, and quick to compare."""

    impl = Number
    cache_ok = True

    def process_bind_param(self, value: datetime | None, dialect: Any) -> int | None:
        """Aware moment to number."""
        return None if value is None else to_ms(value)

    def process_result_value(self, value: int | None, dialect: Any) -> datetime | None:
        """Number to moment in UTC."""
        return None if value is None else from_ms(value)


class _Ids:
    """Growing numbers below 2^63: hundredths of milliseconds, then ten bits of this process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._process = secrets.randbits(10)
        self._last = 0

    def next(self) -> int:
        with self._lock:
            tick = time.time_ns() // 10_000 - EPOCH_MS * 100
            self._last = max(self._last + 1, tick)
            return self._last << 10 | self._process


new_id = _Ids().next
"""A number for a new row, larger than all this process made before. A contact's comes from the
vault instead, so that it says nothing of when she came."""


def position_of(row_id: int) -> int:
    """The place in order that a number tells; times 16 it is still exact in a browser."""
    return row_id >> 10
