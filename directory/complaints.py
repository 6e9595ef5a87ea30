"""How a service treated people who turned to it, and how often it is shown: counts of nobody.

Whoever was given a contact may say whether it answered (SAFETY 34). What is kept is a number by
service, kind and day; `bot.reports` sees to it that one person counts once. Complaints lower the
order (`weighing`) until the service answers people again or is confirmed anew; five in a day ask an
editor to look. Nothing here hides a service.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, timedelta

from sqlalchemy import Connection, delete, func, select
from sqlalchemy.dialects import postgresql, sqlite

from directory.models import Service, ServiceReport, ServiceShown

COMPLAINTS = ("closed", "nobody", "badly")
KINDS = ("answered", *COMPLAINTS, "not_tried")
COUNTS_FOR = timedelta(days=30)
KEPT = timedelta(days=365)
TO_REVIEW = 5
"""So many complaints in one day ask an editor to look."""


@dataclass(slots=True)
class Tally:
    """What people said of one service in 30 days, since it was confirmed, and how often it was
    shown this month and the last. `is_to_review` asks an editor to look."""

    answered: int = 0
    closed: int = 0
    nobody: int = 0
    badly: int = 0
    not_tried: int = 0
    shown: int = 0
    is_to_review: bool = False

    @property
    def complaints(self) -> int:
        """How many could not reach it or were treated badly."""
        return self.closed + self.nobody + self.badly

    @property
    def trouble(self) -> int:
        """Complaints that no good answer outweighs."""
        return max(0, self.complaints - self.answered)


def count(connection: Connection, service_id: str, kind: str, day: date) -> None:
    """One more answer of this kind about a service."""
    row = {"service_id": service_id, "kind": kind, "day": day, "times": 1}
    _one_more(connection, ServiceReport, row)


def count_shown(connection: Connection, service_ids: Iterable[str], day: date) -> None:
    """Each of these was shown to somebody once more this month."""
    for service_id in sorted(service_ids):  # in one order, so that no two turns wait for each other
        row = {"service_id": service_id, "month": day.replace(day=1), "times": 1}
        _one_more(connection, ServiceShown, row)


def tallies(connection: Connection, today: date) -> dict[str, Tally]:
    """What is known of every service that was shown or spoken of lately, by its code."""
    found: dict[str, Tally] = {}
    last_month = (today.replace(day=1) - timedelta(days=1)).replace(day=1)
    times = func.sum(ServiceShown.times)
    recent = select(ServiceShown.service_id, times).where(ServiceShown.month >= last_month)
    for service_id, shown in connection.execute(recent.group_by(ServiceShown.service_id)):
        found.setdefault(service_id, Tally()).shown = int(shown)
    a_day: dict[tuple[str, date], int] = {}
    for service_id, kind, day, number in _reports(connection, today):
        tally = found.setdefault(service_id, Tally())
        setattr(tally, kind, getattr(tally, kind) + number)
        if kind in COMPLAINTS:
            a_day[service_id, day] = a_day.get((service_id, day), 0) + number
            tally.is_to_review |= a_day[service_id, day] >= TO_REVIEW
    return found


def troubles(connection: Connection, today: date) -> dict[str, int]:
    """Services about which more complaints than good answers came, and how many more."""
    found: dict[str, Tally] = {}
    for service_id, kind, _, number in _reports(connection, today):
        tally = found.setdefault(service_id, Tally())
        setattr(tally, kind, getattr(tally, kind) + number)
    return {service_id: tally.trouble for service_id, tally in found.items() if tally.trouble}


def let_go(connection: Connection, today: date) -> None:
    """Remove counts that are older than a year."""
    connection.execute(delete(ServiceReport).where(ServiceReport.day <= today - KEPT))
    connection.execute(delete(ServiceShown).where(ServiceShown.month <= today - KEPT))


def _reports(connection: Connection, today: date) -> list[tuple[str, str, date, int]]:
    """Reports of the last 30 days; those before a confirmation speak of what was put right."""
    report = ServiceReport
    columns = (report.service_id, report.kind, report.day, report.times, Service.confirmed_at)
    joined = select(*columns).outerjoin(Service, Service.id == report.service_id)
    return [
        (service_id, kind, day, times)
        for service_id, kind, day, times, confirmed_at in connection.execute(
            joined.where(report.day > today - COUNTS_FOR)
        )
        if confirmed_at is None or day > confirmed_at
    ]


def _one_more(
    connection: Connection, table: type[ServiceReport] | type[ServiceShown], row: dict[str, object]
) -> None:
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    keys = [name for name in row if name != "times"]
    once = dialect.insert(table).values(row)
    connection.execute(
        once.on_conflict_do_update(index_elements=keys, set_={"times": table.times + 1})
    )
