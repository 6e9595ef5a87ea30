"""Shifts: the hours of the week in which each counselor means to be there.

A plan, never presence: nobody is said to be there because of it. It is kept as an `opening_hours`
text (`Mo 08:00-14:00; PH 09:00-12:00`), which the directory reads with Peruvian holidays: on one
of them only the hours of `PH` count.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import NamedTuple

from sqlalchemy import Connection, Select, select, update

from bot.errors import HandoffRefused
from bot.models import Staff
from bot.staff import RIGHTS
from directory import schedules

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su", "PH")
"""The days of a week, and public holidays."""
_CLOCK = re.compile(r"([01]\d|2[0-3]):[0-5]\d")

Hours = Mapping[str, tuple[str, str]]
"""From when to when, by day; a day off is not in it. What ends before it begins ends next day."""


class Plan(NamedTuple):
    """Somebody's week."""

    staff_id: int
    name: str
    hours: Hours
    is_now: bool


def plans(connection: Connection, now: datetime) -> Sequence[Plan]:
    """The week of everybody who counsels, by name."""
    rows = connection.execute(_counselors().order_by(Staff.name))
    return [
        Plan(row.id, row.name, read(row.hours), bool(schedules.is_open(row.hours, now)))
        for row in rows
    ]


def in_shift(connection: Connection, now: datetime) -> frozenset[int]:
    """Whose shift it is, by the plan."""
    return frozenset(plan.staff_id for plan in plans(connection, now) if plan.is_now)


def next_at(connection: Connection, now: datetime) -> datetime | None:
    """When the next shift of anybody begins; None when none is planned."""
    rows = connection.execute(_counselors().where(Staff.hours != ""))
    begins = (schedules.next_opening(row.hours, now) for row in rows)
    return min((at for at in begins if at is not None), default=None)


def plan(connection: Connection, staff_id: int, hours: Hours) -> None:
    """Her week from now on."""
    connection.execute(update(Staff).where(Staff.id == staff_id).values(hours=write(hours)))


def read(kept: str) -> Hours:
    """The hours in a text that `write` made."""
    found = {}
    for rule in kept.split("; ") if kept else ():
        day, _, hours = rule.partition(" ")
        begins, _, ends = hours.partition("-")
        found[day] = (begins, ends)
    return found


def write(hours: Hours) -> str:
    """The text that is kept; `HandoffRefused` for hours that are none."""
    for begins, ends in hours.values():
        if not (_CLOCK.fullmatch(begins) and _CLOCK.fullmatch(ends)) or begins == ends:
            raise HandoffRefused("shift_unclear")
    return "; ".join(f"{day} {'-'.join(hours[day])}" for day in DAYS if day in hours)


def _counselors() -> Select[int, str, str]:
    return select(Staff.id, Staff.name, Staff.hours).where(
        Staff.is_active, Staff.password_hash.is_not(None), Staff.role.in_(RIGHTS["counsel"])
    )
