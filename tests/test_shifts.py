"""Shifts: a plan with Peruvian holidays, told as a plan, and never taken for presence."""

from __future__ import annotations

import re
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest
from counselor import hire
from hypothesis import given
from hypothesis import strategies as st
from service import LIMA, MONDAY_NIGHT, Service
from sqlalchemy import insert, select
from storeroom import Room

from bot import duty, shifts
from bot.errors import HandoffRefused
from bot.models import Staff

ROOT = Path(__file__).parents[1]


def employ(room: Room, name: str, hours: str, **more: Any) -> None:
    """Somebody who enrolled, with her week."""
    row = {"id": len(name) + sum(map(ord, name)), "name": name, "role": "counselor"}
    row |= {"created_at": MONDAY_NIGHT, "password_hash": "x", "hours": hours}
    room.do(lambda connection: connection.execute(insert(Staff).values(**row | more)))


def at(day: int, hour: int, month: int = 11) -> datetime:
    """A moment in Lima in the autumn of 2026; 23 November is a Monday."""
    return datetime(2026, month, day, hour, tzinfo=LIMA)


@pytest.mark.parametrize(
    ("hours", "now", "expected"),
    [
        ("Mo 08:00-14:00; Tu 09:00-14:00", at(23, 22), at(24, 9)),
        ("Mo 08:00-14:00", at(23, 8), at(30, 8)),
        ("Mo 22:00-06:00", at(24, 3), at(30, 22)),
        ("Tu 08:00-14:00", at(7, 22, 12), at(15, 8, 12)),  # 8 December is a public holiday
        ("Tu 08:00-14:00; PH 10:00-12:00", at(7, 22, 12), at(8, 10, 12)),
        ("", at(23, 8), None),
    ],
)
def test_the_next_shift(room: Room, hours: str, now: datetime, expected: datetime | None) -> None:
    """In Lima time; on a holiday only the hours for holidays count."""
    employ(room, "Rosa", hours)
    assert room.do(shifts.next_at, now) == expected


def test_only_who_can_come_counts(room: Room) -> None:
    """The first of all who counsel; not who left, has not enrolled, or does other work."""
    employ(room, "Eva", "Tu 06:00-07:00", role="editor")
    employ(room, "Ines", "Tu 06:00-07:00", is_active=False)
    employ(room, "Nora", "Tu 06:00-07:00", password_hash=None)
    assert room.do(shifts.next_at, MONDAY_NIGHT) is None
    employ(room, "Rosa", "We 08:00-14:00")
    employ(room, "Ana", "Tu 20:00-22:00", role="supervisor")
    assert room.do(shifts.next_at, MONDAY_NIGHT) == at(24, 20)


def test_a_shift_is_no_presence(room: Room) -> None:
    """In the middle of her shift, without an open page, nobody is there."""
    employ(room, "Rosa", "Mo 20:00-02:00; Tu 20:00-23:00")
    found = room.do(duty.duty, MONDAY_NIGHT)
    assert room.do(shifts.in_shift, MONDAY_NIGHT) != frozenset()
    assert (found.present, found.next_shift_at) == (0, at(24, 20))


CLOCKS = st.times().map(lambda time: time.strftime("%H:%M"))
WEEKS = st.dictionaries(st.sampled_from(shifts.DAYS), st.tuples(CLOCKS, CLOCKS))


@given(WEEKS.filter(lambda week: all(begins != ends for begins, ends in week.values())))
def test_what_is_kept_is_read_again(week: dict[str, tuple[str, str]]) -> None:
    """Every week, and it fits into its column."""
    kept = shifts.write(week)
    assert shifts.read(kept) == week
    assert len(kept) <= 200


@pytest.mark.parametrize(
    "pair", [("08:00", ""), ("", "9:00"), ("08:00", "08:00"), ("8-14", "25:00")]
)
def test_hours_that_are_none(pair: tuple[str, str]) -> None:
    """Refused, not guessed."""
    with pytest.raises(HandoffRefused, match="shift_unclear"):
        shifts.write({"Mo": pair})


async def test_each_plans_her_own_week(service: Service) -> None:
    """A colleague's only as a supervisor; what cannot be read changes nothing and stays typed."""
    rosa, marta = await hire(service, "Rosa"), await hire(service, "Marta", "supervisor")
    with service.store.read() as connection:
        ids = {row.name: str(row.id) for row in connection.execute(select(Staff.name, Staff.id))}
    week = {"Tu_from": "08:00", "Tu_to": "14:00"}
    saved = await rosa.post("/console/shifts", member=ids["Rosa"], **week)
    assert (saved.status_code, "Horario guardado" in saved.text) == (200, True)
    assert (await rosa.post("/console/shifts", member=ids["Marta"], **week)).status_code == 403
    assert (await rosa.get(f"/console/shifts?of={ids['Marta']}")).status_code == 403
    assert (await marta.post("/console/shifts", member="7", **week)).status_code == 404
    wrong = await marta.post("/console/shifts", member=ids["Rosa"], Mo_from="09:30")
    assert (wrong.status_code, 'value="09:30"' in wrong.text) == (422, True)
    with service.store.read() as connection:
        kept = connection.scalar(select(Staff.hours).where(Staff.name == "Rosa"))
    assert kept == "Tu 08:00-14:00"
    for text in ("hola", "si", "quiero hablar con alguien"):
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()
    assert "El próximo turno empieza mañana martes a las 8:00" in "\n".join(service.shown())


async def test_a_refusal_speaks_her_language(service: Service) -> None:
    """Every reason that the code names has its words; the English console says them in English."""
    raised = {
        word
        for path in (ROOT / "bot").rglob("*.py")
        for word in re.findall(r'HandoffRefused\("(\w+)"\)', path.read_text(encoding="utf-8"))
    }
    assert len(raised) > 8
    assert all(service.house.reason("en", word) for word in raised)
    marta = await hire(service, "Marta", "supervisor")
    path = "/console/cases/7/release"
    assert "Esta conversación ya no existe" in (await marta.post(path)).text
    await marta.post("/console/language", language="en")
    assert "This conversation no longer exists" in (await marta.post(path)).text
