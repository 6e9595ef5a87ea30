"""Times, hours, distances and numbers in her language.

Dates and day names come from Babel; a language it does not know (Haitian Creole) uses French ones.
"""

from __future__ import annotations

import re
from datetime import date, datetime
from functools import lru_cache
from typing import TYPE_CHECKING

from babel import Locale
from babel.dates import format_date, format_time, get_day_names
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from bot.engine.turn import Turn

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_RULE = re.compile(
    r"^(?P<first>[A-Z][a-z])(?:-(?P<last>[A-Z][a-z]))? (?P<from>\d\d:\d\d)-(?P<to>\d\d:\d\d)$"
)
_REGIONS = {"es": "es_PE", "pt": "pt_BR", "ht": "fr_HT", "qu": "es_PE", "en": "en", "fr": "fr"}
NEAR_KM = 1.0


@lru_cache
def locale(language: str) -> Locale:
    """Babel's locale for dates and numbers of a language code of ours."""
    return Locale.parse(_REGIONS.get(language, "es_PE"))


def clock(at: datetime, language: str) -> str:
    """`8:00`, `16:15`: the short time of the language."""
    return format_time(at, "H:mm" if language != "en" else "h:mm a", locale=locale(language))


def day(at: datetime, now: datetime, turn: Turn) -> str:
    """Today, tomorrow with its weekday, or the weekday with its date."""
    language = turn.memory.language
    weekday = get_day_names("wide", locale=locale(language))[at.weekday()]
    distance = (at.date() - now.date()).days
    if distance == 0:
        return turn.phrase("cards.today")
    if distance == 1:
        return turn.phrase("cards.tomorrow", weekday=weekday)
    if distance < 7:
        return turn.phrase("cards.on_weekday", weekday=weekday)
    return format_date(at, "long", locale=locale(language))


def moment(at: datetime | None, turn: Turn) -> str:
    """A day and time in words; nothing for an unknown one."""
    if at is None:
        return ""
    at = at.astimezone(turn.world.now.tzinfo)
    return turn.phrase(
        "cards.moment", day=day(at, turn.world.now, turn), time=clock(at, turn.memory.language)
    )


def hours(rule: str, turn: Turn) -> str:
    """An opening-hours rule in words; nothing for a rule too long to say in a line."""
    if rule == "24/7":
        return turn.phrase("cards.always")
    match = _RULE.match(rule)
    if match is None:
        return ""
    language = turn.memory.language
    names = get_day_names("wide", locale=locale(language))
    first = names[DAYS.index(match["first"])]
    opens, closes = (_spoken(match[name], language) for name in ("from", "to"))
    if match["last"] is None:
        return turn.phrase("cards.hours_day", first=first, opens=opens, closes=closes)
    if (match["first"], match["last"]) == ("Mo", "Su"):
        return turn.phrase("cards.hours_daily", opens=opens, closes=closes)
    last = names[DAYS.index(match["last"])]
    return turn.phrase("cards.hours_days", first=first, last=last, opens=opens, closes=closes)


def _spoken(written: str, language: str) -> str:
    hour, minute = (int(part) for part in written.split(":"))
    if hour == 24:
        return "24:00" if language != "en" else "midnight"
    return clock(datetime(2026, 1, 1, hour, minute), language)


def distance(km: float | None, turn: Turn) -> str:
    """`a 1 km`; under a kilometre in hundreds of metres; nothing when unknown."""
    if km is None:
        return ""
    language = turn.memory.language
    if km < NEAR_KM:
        return turn.phrase("cards.metres", metres=max(100, round(km * 10) * 100))
    shown = format_decimal(round(km, 1 if km < 10 else 0), locale=locale(language))
    return turn.phrase("cards.kilometres", km=shown)


def month(at: date, turn: Turn) -> str:
    """`abril 2023`."""
    language = turn.memory.language
    pattern = "MMMM y"
    return format_date(at, pattern, locale=locale(language))


def number(dialled: str, turn: Turn) -> str:
    """`113 opción 5` with the word for a menu option in her language; others as they are."""
    plain, found, option = dialled.partition(" opción ")
    if not found:
        return dialled
    return turn.phrase("cards.option", number=plain, option=option)
