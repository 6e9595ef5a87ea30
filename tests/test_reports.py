"""Did the service answer? Counted once a person, linked to nobody; it orders, and hides nothing."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import pytest
from counselor import hire
from directory_loaded import MONDAY_MORNING, directory
from service import CHAT, Service
from sqlalchemy import Connection, func, insert, select
from storeroom import PHONE, Room

from bot import reports, retention
from bot.errors import NoSuchContact
from bot.models import ReportMark
from directory import complaints, models
from directory.complaints import TO_REVIEW, Tally
from directory.listing import Listing, is_shown
from directory.places import place
from directory.weighing import MANY

TODAY = date(2026, 11, 23)
IQUITOS, NEED = "160101", "violencia"
CENTER = "CEM-1"


def contact(room: Room, address: str = PHONE) -> int:
    """Somebody who has written."""
    arrival = room.turn(address)
    assert arrival is not None
    return arrival.contact_id


def told(
    room: Room, who: int, kind: str = "nobody", service: str = CENTER, day: date = TODAY
) -> Any:
    """She says how it went; whether it counts."""
    return room.do(reports.take, room.vault, who, service, kind, day)


def tally(room: Room, service: str = CENTER, day: date = TODAY) -> Tally:
    """What is known of a service."""
    with room.store.read() as connection:
        return complaints.tallies(connection, day).get(service, Tally())


def marks(room: Room) -> int:
    """How many marks are kept."""
    with room.store.read() as connection:
        return connection.scalar(select(func.count()).select_from(ReportMark)) or 0


def test_one_report_counts_in_thirty_days(room: Room) -> None:
    """A second one of hers does not, whatever it says; another person's does, and hers later."""
    first, second = contact(room), contact(room, "whatsapp:+51911111111")
    assert told(room, first)
    assert not told(room, first)
    assert not told(room, first, "badly", day=TODAY + timedelta(days=29))
    assert told(room, first, service="CEM-2")
    assert told(room, second)
    assert (tally(room).nobody, tally(room).badly, tally(room, "CEM-2").nobody) == (2, 0, 1)
    assert told(room, first, "answered", day=TODAY + timedelta(days=30))
    assert tally(room, day=TODAY + timedelta(days=30)).complaints == 0


def test_not_tried_may_still_become_an_answer(disk_room: Room) -> None:
    """It is counted, and keeps nothing from counting."""
    who = contact(disk_room)
    assert told(disk_room, who, "not_tried")
    assert marks(disk_room) == 0
    assert told(disk_room, who, "answered")
    assert (tally(disk_room).not_tried, tally(disk_room).answered, tally(disk_room).complaints) == (
        1,
        1,
        0,
    )


def test_a_mark_says_neither_who_nor_what(disk_room: Room) -> None:
    """No contact and no service stands in it, and two people have nothing in common."""
    people = [contact(disk_room), contact(disk_room, "whatsapp:+51911111111")]
    for who in people:
        told(disk_room, who)
    with disk_room.store.read() as connection:
        rows = connection.execute(select(ReportMark)).all()
    assert set(ReportMark.__table__.c.keys()) == {"owner", "mark", "day"}
    assert len({row.owner for row in rows} | {row.mark for row in rows}) == 4
    written = str(rows)
    assert CENTER not in written
    assert not any(str(who) in written for who in people)


def test_erasing_leaves_a_count_of_nobody(room: Room) -> None:
    """Her marks go with her key, another's stay, and so does the number."""
    first, second = contact(room), contact(room, "whatsapp:+51911111111")
    told(room, first)
    told(room, first, service="CEM-2")
    told(room, second)
    room.do(retention.erase, room.vault, first, room.now)
    assert marks(room) == 1
    assert tally(room).nobody == 2
    with pytest.raises(NoSuchContact):
        told(room, first)
    room.do(retention.erase, room.vault, first, room.now)  # once more does nothing


def test_marks_and_counts_end_by_the_clock(room: Room) -> None:
    """A mark after 30 days, a count after a year."""
    told(room, contact(room))
    room.do(complaints.count_shown, [CENTER], TODAY)
    for days, kept in ((29, 1), (30, 0)):
        day = room.now + timedelta(days=days)
        room.do(reports.let_go, day.date())
        assert marks(room) == kept
    for days, kept in ((364, 1), (366, 0)):
        room.do(complaints.let_go, TODAY + timedelta(days=days))
        with room.store.read() as connection:
            assert connection.scalar(select(func.count()).select_from(models.ServiceReport)) == kept
    with room.store.read() as connection:
        assert connection.scalar(select(func.count()).select_from(models.ServiceShown)) == 0


def test_what_is_shown_is_counted_by_month(disk_room: Room) -> None:
    """This month and the last make the order of review."""
    for day in (date(2026, 9, 30), date(2026, 10, 1), TODAY, TODAY):
        disk_room.do(complaints.count_shown, [CENTER, "CEM-2"], day)
    assert tally(disk_room).shown == tally(disk_room, "CEM-2").shown == 3


def test_five_complaints_in_a_day_ask_an_editor_to_look(room: Room) -> None:
    """Of any kind together; four, or spread over two days, do not; a confirmation ends it."""

    def count(kind: str, times: int, service: str, day: date = TODAY) -> None:
        for _ in range(times):
            room.do(complaints.count, service, kind, day)

    count("nobody", 3, CENTER)
    count("badly", 2, CENTER)
    count("nobody", 4, "CEM-2")
    count("nobody", 1, "CEM-2", TODAY - timedelta(days=1))
    count("answered", 9, "CEM-3")
    assert TO_REVIEW == 5
    assert tally(room).is_to_review
    assert not tally(room, "CEM-2").is_to_review
    assert not tally(room, "CEM-3").is_to_review
    with room.store.read() as connection:
        assert complaints.troubles(connection, TODAY) == {CENTER: 5, "CEM-2": 5}
    room.do(confirmed, CENTER)
    assert not tally(room).is_to_review
    assert tally(room).complaints == 0
    assert tally(room, day=TODAY + timedelta(days=30)) == Tally()


def confirmed(connection: Connection, service: str) -> None:
    """A service that somebody called today."""
    connection.execute(insert(models.Organization).values(id=1, name="MIMP"))
    connection.execute(
        insert(models.Service).values(
            id=service, organization_id=1, name=service, source="MIMP", status="active",
            confirmed_at=TODAY,
        )
    )  # fmt: skip


# -- the order of answers -----------------------------------------------------------------------


def found(troubles: dict[str, int], need: str = NEED) -> list[Listing]:
    """What is found in Iquitos when people said so."""
    answer = (
        directory()
        .troubled(troubles)
        .search(need, place=place(IQUITOS), at=MONDAY_MORNING, limit=9)
    )
    return [one.listing for one in answer.found]


def test_complaints_lower_the_order_and_hide_nothing() -> None:
    """One lets an equal go before; many, also what is closed; all are still found."""
    before = found({})
    local = [one for one in before if not one.is_national]
    first = local[0]
    once, often = found({first.id: 1}), found({first.id: MANY})
    assert {one.id for one in once} == {one.id for one in often} == {one.id for one in before}
    ranks = [each.index(first) for each in (before, once, often)]
    assert ranks == sorted(ranks)
    assert ranks[0] < ranks[1]
    assert (
        directory()
        .search(NEED, place=place(IQUITOS), at=MONDAY_MORNING, limit=9)
        .found[before.index(first)]
        .listing
        == first
    )  # the shared edition has learned nothing of it


def test_a_national_line_stands_where_it_is() -> None:
    """No number of complaints moves the emergency lines."""
    lines = [one.id for one in found({}, "abogada") if one.is_national]
    assert lines
    assert found(dict.fromkeys(lines, 99), "abogada") == found({}, "abogada")


# -- in a conversation --------------------------------------------------------------------------


async def test_what_she_says_reaches_editors_and_the_next_search(service: Service) -> None:
    """A contact does not answer: the next search knows, the editors have a number; after `borrar`
    nothing of hers is left."""
    for text in ("hola", "si", "necesito una abogada en iquitos"):
        await service.tell(text)
        service.clock.advance(seconds=2)
    await service.settled()
    assert service.ask("SELECT count(*) FROM service_shown WHERE times = 1")[0][0] > 0
    for text in ("llamé y nadie contesta", "1", "nadie contestó"):
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()
    assert "El equipo lo va a revisar" in "\n".join(service.shown())
    ((code, kind, times),) = service.ask("SELECT service_id, kind, times FROM service_report")
    assert (kind, times) == ("nobody", 1)
    service.house.hear_complaints(service.store)
    assert service.house.directory.troubles == {code: 1}
    assert service.ask("SELECT count(*) FROM report_mark") == [(1,)]
    for text in ("borrar", "borrar"):
        await service.tell(text)
        service.clock.advance(seconds=2)
    await service.until(lambda: service.rows()["contact"] == 0)
    assert service.ask("SELECT count(*) FROM report_mark") == [(0,)]
    assert service.ask("SELECT count(*) FROM service_report") == [(1,)]
    assert str(CHAT) not in str(service.ask("SELECT * FROM service_report"))


async def test_editors_see_whom_to_call_first(service: Service) -> None:
    """Five complaints in a day stand first in the review list, marked; the list finds them too."""
    last = max((one for one in directory().listings if is_shown(one)), key=lambda one: one.name)

    def complain(connection: Connection) -> None:
        for _ in range(TO_REVIEW):
            complaints.count(connection, last.id, "nobody", service.clock().date())
        complaints.count_shown(connection, [last.id], service.clock().date())

    await service.store.worker.run(complain)
    service.house.hear_complaints(service.store)
    rosa = await hire(service, "Rosa", "reviewer")
    review = (await rosa.get("/directory/review")).text
    called = review[review.index("A quién volver a llamar") :]
    assert called.index(last.name) < called.index("Revisar hoy") < called.index("</li>")
    assert "nadie contestó 5" in called
    assert "Mostrado desde el mes pasado: 1." in called
    listed = (await rosa.get("/directory?state=complaints")).text
    assert last.name in listed
    assert "Con quejas" in listed
    before = (await rosa.get(f"/directory?q={last.id}")).text
    assert last.name in before  # nothing hides it
