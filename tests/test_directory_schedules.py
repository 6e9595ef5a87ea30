"""Opening hours in Peruvian time, with Peruvian holidays."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from directory.schedules import LIMA, closing, is_holiday, is_known, is_open, next_opening

OFFICE = "Mo-Fr 08:00-18:00"


def lima(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=LIMA)


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (OFFICE, "2026-11-23T07:59:59", False),
        (OFFICE, "2026-11-23T08:00", True),
        (OFFICE, "2026-11-23T17:59:59", True),
        (OFFICE, "2026-11-23T18:00", False),
        (OFFICE, "2026-11-22T10:00", False),  # Sunday
        ("24/7", "2026-11-22T03:00", True),
        ("24/7", "2026-12-25T03:00", True),
        (OFFICE, "2026-12-25T10:00", False),
        (OFFICE, "2026-07-23T10:00", False),  # the three holidays the hours library misses
        (OFFICE, "2026-08-06T10:00", False),
        (OFFICE, "2026-12-09T10:00", False),
        ("Mo-Fr 08:00-18:00; PH 09:00-12:00", "2026-07-23T10:00", True),
        ("Mo-Fr 08:00-18:00; PH 09:00-12:00", "2026-07-23T13:00", False),
        ("Mo-Su 08:00-24:00", "2026-11-22T23:59", True),
        ("Mo-Fr 22:00-06:00", "2026-11-24T01:00", True),
        ("", "2026-11-23T10:00", None),
        ("lunes 9-5", "2026-11-23T10:00", None),
    ],
)
def test_open_or_closed(hours: str, at: str, expected: bool | None) -> None:
    """Offices close at night, at weekends and on every holiday; unreadable hours are unknown."""
    assert is_open(hours, lima(at)) is expected


@pytest.mark.parametrize(
    ("hours", "after", "expected"),
    [
        (OFFICE, "2026-11-23T22:00", "2026-11-24T08:00"),
        (OFFICE, "2026-11-27T19:00", "2026-11-30T08:00"),  # over the weekend
        (OFFICE, "2026-12-07T19:00", "2026-12-10T08:00"),  # 8 and 9 December are holidays
        (OFFICE, "2026-07-27T19:00", "2026-07-30T08:00"),
        ("Mo-Su 08:00-24:00", "2026-11-23T23:00", "2026-11-24T08:00"),
        ("24/7", "2026-11-23T22:00", None),
        ("", "2026-11-23T22:00", None),
    ],
)
def test_next_opening(hours: str, after: str, expected: str | None) -> None:
    """The next opening skips weekends and holidays; what never closes or is unknown has none."""
    assert next_opening(hours, lima(after)) == (lima(expected) if expected else None)


@pytest.mark.parametrize(
    ("hours", "at", "expected"),
    [
        (OFFICE, "2026-11-23T10:00", "2026-11-23T18:00"),
        (OFFICE, "2026-11-23T19:00", None),
        ("Mo-Fr 22:00-06:00", "2026-11-23T23:00", "2026-11-24T06:00"),
        ("24/7", "2026-11-23T23:00", None),
    ],
)
def test_closing(hours: str, at: str, expected: str | None) -> None:
    """An opening ends when it ends, also after midnight; what is closed has no closing."""
    assert closing(hours, lima(at)) == (lima(expected) if expected else None)


def test_another_zone_is_the_same_moment() -> None:
    """13:00 UTC is 8:00 in Lima, whatever zone the clock speaks."""
    assert is_open(OFFICE, datetime(2026, 11, 23, 13, tzinfo=UTC)) is True
    assert is_open(OFFICE, datetime(2026, 11, 23, 12, 59, tzinfo=UTC)) is False


def test_a_time_without_zone_is_refused() -> None:
    """A naive time could be hours off, so it is an error and not a guess."""
    with pytest.raises(ValueError, match="zone"):
        is_open(OFFICE, datetime(2026, 11, 23, 10))


@pytest.mark.parametrize("day", ["2026-07-23", "2026-08-06", "2026-12-09", "2026-04-03"])
def test_national_holidays(day: str) -> None:
    """Holidays of recent laws and the movable ones are known."""
    assert is_holiday(date.fromisoformat(day))


minutes = st.integers(min_value=0, max_value=2 * 366 * 24 * 60)
known_hours = st.sampled_from(
    [
        OFFICE,
        "Mo-Fr 08:00-16:15",
        "Mo-Su 08:00-24:00",
        "Mo-Fr 22:00-06:00",
        "24/7",
        "Sa 09:00-13:00",
    ]
)


@given(hours=known_hours, after=minutes)
def test_what_opens_is_open_then_and_not_before(hours: str, after: int) -> None:
    """At the next opening it is open, and it lies ahead; what is open closes when it says."""
    at = lima("2026-01-01T00:00") + timedelta(minutes=after)
    opens_at = next_opening(hours, at)
    if opens_at is not None:
        assert opens_at > at
        assert is_open(hours, opens_at)
        assert not is_open(hours, opens_at - timedelta(seconds=1))
    closes_at = closing(hours, at)
    if closes_at is not None:
        assert is_open(hours, at)
        assert not is_open(hours, closes_at)
        assert is_open(hours, closes_at - timedelta(seconds=1))


@given(st.text(max_size=40))
def test_any_text_is_hours_or_unknown(hours: str) -> None:
    """Whatever an editor pastes there, it is read or unknown, never an error."""
    assert is_known(hours) in (True, False)
    if not is_known(hours):
        assert is_open(hours, lima("2026-11-23T10:00")) is None
