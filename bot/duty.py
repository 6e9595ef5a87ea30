"""Who is on duty: presence, whose page is really open, and the wait that is told to her."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from statistics import median
from typing import Literal, NamedTuple, cast, get_args

from sqlalchemy import Connection, Select, func, select, update

from bot import handoffs, shifts
from bot.engine.world import Duty
from bot.errors import HandoffRefused
from bot.models import Handoff, Staff, StaffSession
from bot.signin import IDLE, LONGEST
from bot.staff import RIGHTS

Presence = Literal["on", "busy", "pause", "off"]
PRESENCES: tuple[Presence, ...] = get_args(Presence)
HEARD_WITHIN = timedelta(minutes=2)
"""Whose page was not heard of for longer is not there, whatever her switch says."""
LATELY = timedelta(hours=6)
"""The wait that is told is the one that others really had in this time."""


LEAST_WAIT = 2
"""Minutes; less is not told, because nobody is that quick every time."""


class Colleague(NamedTuple):
    """Somebody whose page is open now."""

    id: int
    name: str
    presence: Presence
    presence_at: datetime | None
    cases: int


def duty(connection: Connection, now: datetime) -> Duty:
    """What the bot may say of the wait: nobody counts who is not really there."""
    on = _here(now).where(Staff.presence == "on").subquery()
    present = connection.scalar(select(func.count()).select_from(on)) or 0
    return Duty(
        present=present,
        wait_minutes=_wait(connection, now),
        waiting=handoffs.count_waiting(connection),
        next_shift_at=None if present else shifts.next_at(connection, now),
    )


def colleagues(connection: Connection, now: datetime) -> Sequence[Colleague]:
    """Who has her page open, with how many cases; those on duty first."""
    held = (
        select(func.count())
        .where(Handoff.counselor_id == Staff.id, Handoff.status.in_(handoffs.WITH_COUNSELOR))
        .scalar_subquery()
    )
    rows = connection.execute(
        _here(now).add_columns(Staff.name, Staff.presence, Staff.presence_at, held.label("cases"))
    )
    here = [
        Colleague(row.id, row.name, cast(Presence, row.presence), row.presence_at, row.cases)
        for row in rows
    ]
    return sorted(here, key=lambda each: (PRESENCES.index(each.presence), each.name))


def on_duty(connection: Connection, now: datetime) -> Sequence[Colleague]:
    """Who can take somebody now."""
    return [each for each in colleagues(connection, now) if each.presence == "on"]


def colleague(connection: Connection, chosen: str, now: datetime) -> int:
    """Who of those on duty was chosen; `HandoffRefused` when she is not there any more."""
    for each in on_duty(connection, now):
        if str(each.id) == chosen:
            return each.id
    raise HandoffRefused("colleague_left")


def presence_of(connection: Connection, staff_id: int) -> Presence:
    """How her switch stands."""
    found = connection.scalar(select(Staff.presence).where(Staff.id == staff_id))
    return cast(Presence, found or "off")


def set_presence(connection: Connection, staff_id: int, presence: Presence, now: datetime) -> None:
    """She turned her switch."""
    turned = update(Staff).where(Staff.id == staff_id)
    connection.execute(turned.values(presence=presence, presence_at=now))


def _here(now: datetime) -> Select[int]:
    return (
        select(Staff.id)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(Staff.is_active, Staff.role.in_(RIGHTS["counsel"]))
        .where(StaffSession.heard_at > now - HEARD_WITHIN)
        .where(StaffSession.active_at > now - IDLE, StaffSession.started_at > now - LONGEST)
        .distinct()
    )


def _wait(connection: Connection, now: datetime) -> int | None:
    """Minutes between her approval and the claim, in the middle of the last hours; None before
    anybody was claimed."""
    rows = connection.execute(
        select(Handoff.consented_at, Handoff.claimed_at).where(
            Handoff.claimed_at > now - LATELY, Handoff.consented_at.is_not(None)
        )
    )
    waits = [(row.claimed_at - row.consented_at).total_seconds() / 60 for row in rows]
    return max(LEAST_WAIT, round(median(waits))) if waits else None
