"""Figures that betray nobody: what is withheld cannot be computed from what is told."""

from __future__ import annotations

from collections import defaultdict
from datetime import date, datetime, timedelta
from typing import Any

import pytest
from counselor import hire
from service import LIMA, Service
from sqlalchemy import insert
from storeroom import Room

from bot import statistics
from bot.columns import new_id
from bot.models import Handoff, HandoffChange, Incident
from bot.statistics import tell

MONDAY = datetime(2026, 11, 16, tzinfo=LIMA)
NOW = datetime(2026, 11, 25, 12, tzinfo=LIMA)


@pytest.mark.parametrize(("parts", "least", "most"), [(2, 11, 60), (3, 11, 40), (4, 3, 16)])
def test_what_is_withheld_cannot_be_computed(
    parts: int, least: int, most: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of all tables that look the same from outside, every withheld part has as many values as
    there are small counts."""
    monkeypatch.setattr(statistics, "LEAST", least)
    looks: dict[object, list[tuple[int, ...]]] = defaultdict(list)
    for table in _tables(parts, most):
        told = tell(dict(zip("abcd", table, strict=False)))
        assert all(count is None or count >= least for count in told.parts.values())
        looks[told.total, tuple(told.parts.values())].append(table)
    for tables in looks.values():
        told = tell(dict(zip("abcd", tables[0], strict=False)))
        for place, count in enumerate(told.parts.values()):
            if count is None:
                assert len({table[place] for table in tables}) >= least


def _tables(parts: int, most: int) -> list[tuple[int, ...]]:
    """Every way to divide every sum up to `most`."""
    if parts == 1:
        return [(count,) for count in range(most + 1)]
    return [
        (first, *rest) for first in range(most + 1) for rest in _tables(parts - 1, most - first)
    ]


@pytest.mark.parametrize(
    ("counts", "total", "told"),
    [
        ({"a": 10, "b": 0}, None, {"a": None, "b": None}),
        ({"a": 11, "b": 12}, 23, {"a": 11, "b": 12}),
        ({"a": 3, "b": 11, "c": 40}, 54, {"a": None, "b": 11, "c": None}),
        ({"a": 20, "b": 11, "c": 3}, 34, {"a": None, "b": None, "c": None}),
        ({"a": 30, "b": 5, "c": 6}, 41, {"a": 30, "b": None, "c": None}),
    ],
)
def test_what_is_told(counts: dict[str, int], total: int | None, told: dict[str, Any]) -> None:
    """The sum when it is large enough; a small part hides the last one too."""
    assert tell(counts) == (total, told)


def keep(
    connection: Any, at: datetime, risk: str, taken_after: float | None, ending: tuple[str, str]
) -> None:
    """One handoff from its approval to its end."""
    handoff_id = new_id()
    handoff = insert(Handoff).values(id=handoff_id, status="closed", risk=risk, opened_at=at)
    connection.execute(handoff)
    steps: list[tuple[str | None, str, str | None, datetime]] = [
        (None, "offered", None, at),
        ("offered", "waiting", None, at),
    ]
    if taken_after is not None:
        steps.append(("waiting", "claimed", None, at + timedelta(hours=taken_after)))
    steps.append(("live", "live", "danger", at + timedelta(hours=30)))
    steps.append(("live", *ending, at + timedelta(hours=40)))
    for was, became, reason, when in steps:
        change = insert(HandoffChange).values(was=was, became=became, reason=reason)
        connection.execute(change.values(id=new_id(), handoff_id=handoff_id, changed_at=when))


def test_a_week(room: Room) -> None:
    """Asked, taken, waited, ended and answered, on every database; one that runs is not told."""

    def work(connection: Any) -> None:
        for number in range(24):
            risk = "urgent" if number < 12 else "normal"
            ending = ("closed", "oriented") if number < 12 else ("expired", "expired")
            keep(connection, MONDAY, risk, 0.1 if number < 13 else None, ending)
        keep(connection, MONDAY + timedelta(days=7), "urgent", 1, ("closed", "erased"))
        for kind, times in (("answer_helped", 12), ("answer_not_helped", 3)):
            day = date(2026, 11, 18)
            connection.execute(insert(Incident).values(kind=kind, day=day, times=times))

    room.do(work)
    with room.store.read() as connection:
        newest = statistics.weeks(connection, NOW)[0]
        early = statistics.weeks(connection, MONDAY + timedelta(days=7, hours=23))[0]
    assert newest.begins_on == date(2026, 11, 16)
    assert early.begins_on == date(2026, 11, 9)
    assert newest.risks == (24, {"urgent": 12, "high": None, "normal": None})
    assert newest.taken == (24, {"soon": 13, "not_soon": 11})
    assert newest.wait_minutes == 6
    assert newest.outcomes.total == 24
    assert (newest.outcomes.parts["expired"], newest.outcomes.parts["left"]) == (None, None)
    assert newest.answers == (15, {"helped": None, "not_helped": None})


async def test_only_who_supervises_sees_them(service: Service) -> None:
    """An empty house shows that nothing may be told."""
    rosa, marta = await hire(service, "Rosa"), await hire(service, "Marta", "supervisor")
    assert (await rosa.get("/console/statistics")).status_code == 403
    page = (await marta.get("/console/statistics")).text
    assert (
        "Semana del 16/11/2026" not in page
    )  # ended yesterday at midnight: one may still be taken
    assert "Semana del 09/11/2026" in page
    assert page.count("no se publica") >= 12
