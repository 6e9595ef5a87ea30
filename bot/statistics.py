"""Figures of whole weeks that betray nobody (SAFETY 29): no text, no place, nothing of a day.

A count under 11 is withheld, and with it whatever would let one compute it: where a part is
withheld the last one is too, whatever it is, and all are when together they are under 11. (To
choose the smallest instead would tell something by the choice.) Only weeks that can no longer
change are told, so that two looks at a page never differ by one person.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from statistics import median
from typing import NamedTuple
from zoneinfo import ZoneInfo

from sqlalchemy import Connection, Select, func, select

from bot.models import Handoff, HandoffChange, Incident

LIMA = ZoneInfo("America/Lima")
LEAST = 11
WEEKS = 12
WEEK = timedelta(days=7)
SOON = timedelta(hours=24)
"""Who was taken later was not helped in time, as an urgent one is due (routes §6)."""
RISKS = ("urgent", "high", "normal")
TAKEN = ("soon", "not_soon")
OUTCOMES = ("oriented", "referred", "no_answer", "no_longer", "expired", "left", "other")
"""How it ended: what the counselor chose; nobody came in time; she withdrew or erased."""
ANSWERS = ("helped", "not_helped")


class Figures(NamedTuple):
    """A sum and its parts as they may be told; None is withheld."""

    total: int | None
    parts: Mapping[str, int | None]


@dataclass(frozen=True, slots=True)
class Week:
    """One week from its Monday on. Half of those taken soon waited `wait_minutes` at most."""

    begins_on: date
    risks: Figures
    taken: Figures
    wait_minutes: int | None
    outcomes: Figures
    answers: Figures


class _Asked(NamedTuple):
    risk: str
    waited: timedelta | None


def weeks(connection: Connection, now: datetime) -> Sequence[Week]:
    """The last weeks that can no longer change, the newest first."""
    last = _monday(now - SOON)
    return [_week(connection, last - number * WEEK) for number in range(1, WEEKS + 1)]


def tell(counts: Mapping[str, int]) -> Figures:
    """What may be told of a sum and its parts, in their order."""
    total = sum(counts.values())
    if total < LEAST:
        return Figures(None, dict.fromkeys(counts))
    withheld = {name for name, count in counts.items() if count < LEAST}
    if withheld:
        withheld.add(tuple(counts)[-1])
        if sum(counts[name] for name in withheld) < LEAST:
            withheld = set(counts)
    return Figures(total, {name: None if name in withheld else counts[name] for name in counts})


def _week(connection: Connection, begins: datetime) -> Week:
    asked = list(_asked(connection, begins))
    waited = (one.waited for one in asked if one.waited is not None and one.waited <= SOON)
    waits = [wait.total_seconds() for wait in waited]
    taken = tell({"soon": len(waits), "not_soon": len(asked) - len(waits)})
    is_told = taken.parts["soon"] is not None
    return Week(
        begins_on=begins.date(),
        risks=tell(_count(RISKS, (one.risk for one in asked))),
        taken=taken,
        wait_minutes=round(median(waits) / 60) if is_told else None,
        outcomes=tell(_count(OUTCOMES, _endings(connection, begins))),
        answers=tell(_answers(connection, begins.date())),
    )


def _asked(connection: Connection, begins: datetime) -> Iterable[_Asked]:
    """Who approved a summary in this week, and how long each waited for the first counselor."""
    claimed = (
        select(HandoffChange.handoff_id, func.min(HandoffChange.changed_at).label("at"))
        .where(HandoffChange.became == "claimed")
        .group_by(HandoffChange.handoff_id)
        .subquery()
    )
    rows = connection.execute(
        _within(begins)
        .add_columns(Handoff.risk, HandoffChange.changed_at, claimed.c.at)
        .where(HandoffChange.was == "offered", HandoffChange.became == "waiting")
        .outerjoin(claimed, claimed.c.handoff_id == Handoff.id)
    )
    for row in rows:
        yield _Asked(row.risk, None if row.at is None else row.at - row.changed_at)


def _endings(connection: Connection, begins: datetime) -> Iterable[str]:
    """How those that ended in this week ended, offers that she did not send left out."""
    rows = connection.execute(
        _within(begins)
        .add_columns(HandoffChange.became, HandoffChange.reason)
        .where(HandoffChange.was != "offered", HandoffChange.became != HandoffChange.was)
        .where(HandoffChange.became.in_(("closed", "expired")))
    )
    for row in rows:
        if row.became == "expired":
            yield "expired"
        else:
            yield row.reason if row.reason in OUTCOMES else "left"


def _answers(connection: Connection, begins_on: date) -> Mapping[str, int]:
    """What they answered when they were asked whether it helped."""
    rows = connection.execute(
        select(Incident.kind, func.sum(Incident.times).label("times"))
        .where(Incident.kind.in_([f"answer_{name}" for name in ANSWERS]))
        .where(Incident.day >= begins_on, Incident.day < begins_on + WEEK)
        .group_by(Incident.kind)
    )
    found = {row.kind.removeprefix("answer_"): int(row.times) for row in rows}
    return {name: found.get(name, 0) for name in ANSWERS}


def _within(begins: datetime) -> Select[int]:
    return (
        select(Handoff.id)
        .join(HandoffChange, HandoffChange.handoff_id == Handoff.id)
        .where(HandoffChange.changed_at >= begins, HandoffChange.changed_at < begins + WEEK)
    )


def _count(names: Sequence[str], found: Iterable[str]) -> Mapping[str, int]:
    counted = Counter(found)
    return {name: counted[name] for name in names}


def _monday(at: datetime) -> datetime:
    day = at.astimezone(LIMA).date()
    return datetime.combine(day - timedelta(days=day.weekday()), time(), LIMA)
