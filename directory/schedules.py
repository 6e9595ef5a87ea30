"""When a service is open, in Peruvian time and with Peruvian holidays.

Hours are OpenStreetMap `opening_hours` strings. `opening-hours-py` misses 23 July, 6 August and
9 December, so `holidays` is asked first: on a holiday only a 24/7 service, or one whose hours
name public holidays (`PH`), is open. Empty or unreadable hours are unknown, never open.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, time, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from holidays.countries.peru import Peru
from opening_hours import (  # type: ignore[attr-defined]  # its stub forgets ParserError
    OpeningHours,
    ParserError,
    State,
)

LIMA = ZoneInfo("America/Lima")
ALWAYS = "24/7"
LOOK_AHEAD = 21  # days; the longest row of closed days in Peru is Easter week with its weekend
INSTANT = timedelta(seconds=1)

Interval = tuple[datetime, datetime]


def is_open(hours: str, at: datetime) -> bool | None:
    """Whether `hours` are open `at` (an aware time); None when they are unknown."""
    if not is_known(hours):
        return None
    return any(start <= at < end for start, end in intervals(hours, _in_lima(at).date()))


def next_opening(hours: str, after: datetime) -> datetime | None:
    """The first opening later than `after`, in Lima time; None when unknown or never closed."""
    if not is_known(hours) or hours == ALWAYS:
        return None
    today = _in_lima(after).date()
    for days in range(LOOK_AHEAD):
        for start, _ in intervals(hours, today + timedelta(days=days)):
            if start > after and not is_open(hours, start - INSTANT):
                return start
    return None


def closing(hours: str, at: datetime) -> datetime | None:
    """When the opening that holds `at` ends, in Lima time; None when closed, unknown or endless."""
    if hours == ALWAYS or not is_open(hours, at):
        return None
    today = _in_lima(at).date()
    for days in range(LOOK_AHEAD):
        for start, end in intervals(hours, today + timedelta(days=days)):
            if start <= at < end:
                if not is_open(hours, end):
                    return end
                at = end  # it goes on after midnight
    return None


def is_holiday(day: date) -> bool:
    """Whether `day` is a public holiday in all of Peru."""
    return day in _holidays(day.year)


def holidays_within(first: date, days: int) -> list[tuple[date, str]]:
    """The public holidays of the `days` days from `first` on, with their Spanish names."""
    each = (first + timedelta(days=number) for number in range(days))
    return [(day, _holidays(day.year)[day]) for day in each if is_holiday(day)]


@lru_cache(maxsize=4096)
def is_known(hours: str) -> bool:
    """Whether `hours` can be read; empty hours cannot."""
    return _parse(hours) is not None


@lru_cache(maxsize=65536)
def intervals(hours: str, day: date) -> tuple[Interval, ...]:
    """The open parts of `day` as Lima times, cut at its two midnights."""
    parsed = _parse(hours)
    if parsed is None:
        return ()
    told = day
    if hours != ALWAYS and is_holiday(day):
        if "PH" not in hours:
            return ()
        told = date(day.year, 1, 1)  # a holiday that the library knows stands for those it misses
    start = datetime.combine(told, time(), LIMA)
    shift = day - told
    return tuple(
        (begin + shift, end + shift)
        for begin, end, state, _ in parsed.intervals(start, start + timedelta(days=1))
        if state == State.OPEN
    )


@lru_cache(maxsize=4096)
def _parse(hours: str) -> Any:
    """The parsed expression, or None when it is empty or wrong."""
    if not hours.strip():
        return None
    try:
        return OpeningHours(hours, timezone=LIMA, country="PE")
    except ParserError:
        return None


@lru_cache(maxsize=16)
def _holidays(year: int) -> Mapping[date, str]:
    return dict(Peru(years=year, language="es"))


def _in_lima(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise ValueError("a time without zone says nothing about what is open")
    return at.astimezone(LIMA)
