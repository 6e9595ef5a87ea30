"""The team: who supervises, who is lost to silence, who needs a pause, who works here."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

import pytest
from counselor import Counselor, browser_of, hire
from service import CHAT, Service
from sqlalchemy import insert, select, update
from test_console import ask, audit, status, taken

from bot import desertion, duty
from bot.models import Handoff, Staff, StaffSession


def number_of(service: Service, name: str) -> int:
    """Somebody's id."""
    with service.store.read() as connection:
        return connection.scalars(select(Staff.id).where(Staff.name == name)).one()


async def look(service: Service, after: timedelta, **pages: Any) -> int:
    """The desertion chore, some time from now, with pages as given; how many it took back."""
    now = service.clock() + after

    def work(connection: Any) -> int:
        connection.execute(update(StaffSession).values(heard_at=now, **pages))
        return desertion.take_back(service.house, connection, now)

    return await service.store.worker.run(work)


async def become(service: Service, path: str, risk: str) -> int:
    """Give a case another risk; its number."""
    case = int(path.rpartition("/")[2])
    row = update(Handoff).where(Handoff.id == case).values(risk=risk)
    await service.store.worker.run(lambda connection: connection.execute(row))
    return case


# -- lost to silence ----------------------------------------------------------------------------


@pytest.mark.parametrize(("risk", "minutes"), [("urgent", 2), ("normal", 10)])
async def test_who_does_nothing_while_she_waits_loses_the_case(
    service: Service, risk: str, minutes: int
) -> None:
    """Although her page is open; she is told who is there now, and the one who left no longer
    counts as present."""
    rosa, path = await taken(service)
    await rosa.presence("on")
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    case = await become(service, path, risk)
    service.clock.advance(minutes=1)
    await service.tell("¿sigues ahí?")
    assert await look(service, timedelta(minutes=minutes - 1)) == 0
    assert await look(service, timedelta(minutes=minutes, seconds=1)) == 1
    assert status(service, case) == "transferred"
    await service.settled()
    assert "Te paso con otra persona" in service.shown()[-1] + service.shown()[-2]
    assert "Ahora no hay nadie más conectado" in "\n".join(service.shown())
    with service.store.read() as connection:
        assert duty.presence_of(connection, number_of(service, "Rosa")) == "pause"
    assert "Volvió sola" in (await rosa.get()).text


async def test_who_is_at_work_keeps_the_case(service: Service) -> None:
    """She did something since, or the contact left, or has been answered: nobody takes it away."""
    rosa, path = await taken(service)
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    case = await become(service, path, "urgent")
    service.clock.advance(minutes=1)
    await service.tell("¿sigues ahí?")
    now = service.clock() + timedelta(minutes=5)
    assert await look(service, timedelta(minutes=5), active_at=now) == 0
    await service.tell("salir")
    assert await look(service, timedelta(minutes=5), active_at=service.clock()) == 0
    assert status(service, case) == "live"


async def test_who_no_longer_counsels_keeps_nothing(service: Service) -> None:
    """Another role, or none: what she held goes back into the queue."""
    rosa, path = await taken(service)
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    case = await become(service, path, "urgent")
    editor = update(Staff).where(Staff.name == "Rosa").values(role="editor")
    await service.store.worker.run(lambda connection: connection.execute(editor))
    assert await look(service, timedelta(minutes=3)) == 1
    assert status(service, case) == "transferred"


# -- who supervises -----------------------------------------------------------------------------


async def test_a_supervisor_moves_a_case(service: Service) -> None:
    """To a colleague who is on duty, at once; not to one who is not; the page says who and how."""
    _, path = await taken(service)
    case = int(path.rpartition("/")[2])
    ana, marta = await hire(service, "Ana"), await hire(service, "Marta", "supervisor")
    to = str(number_of(service, "Ana"))
    assert (await marta.post(f"{path}/release", to=to)).status_code == 409
    assert status(service, case) == "claimed"
    await ana.presence("on")
    page = (await marta.get()).text
    assert f'<option value="{to}">Ana · 0 en curso</option>' in page
    assert "Esperan: 0" in page
    assert (await marta.post(f"{path}/release", to=to)).status_code == 303
    assert (await ana.get(path)).status_code == 200
    assert ("take_back", str(case)) in audit(service)
    await service.settled()
    assert "Te paso con otra persona" in "\n".join(service.shown())
    assert "Esperan: 0" not in (await ana.get()).text


async def test_what_is_overdue_is_seen(service: Service) -> None:
    """Waiting or held; and who should be here and is not."""
    marta = await hire(service, "Marta", "supervisor")
    await ask(service)
    late = service.clock() - timedelta(hours=1)

    def work(connection: Any) -> None:
        connection.execute(update(Handoff).values(due_at=late))
        row = {"id": 7, "name": "Ines", "role": "counselor", "created_at": late}
        row |= {"hours": "Mo 20:00-23:30", "password_hash": "x"}
        connection.execute(insert(Staff).values(**row))

    await service.store.worker.run(work)
    page = (await marta.get()).text
    assert "Plazo vencido: 1" in page
    assert re.search(r"Ines <span[^>]*>De turno, sin la consola abierta", page)


# -- a pause ------------------------------------------------------------------------------------


async def close(service: Service, rosa: Counselor, number: int, risk: str = "normal") -> str:
    """She takes somebody and closes the case; her first page then."""
    path = f"/console/cases/{await ask(service, chat=CHAT + number)}"
    await rosa.post(f"{path}/claim")
    await become(service, path, risk)
    assert (await rosa.post(f"{path}/close", outcome="oriented")).status_code == 303
    return (await rosa.get()).text


async def test_heavy_cases_suggest_a_pause(service: Service) -> None:
    """After an urgent one, or three in a row; until she turns her switch, either way."""
    rosa = await hire(service, "Rosa")
    await rosa.presence("on")
    asked = "Si quieres, toma una pausa"
    assert asked not in await close(service, rosa, 0)
    assert asked in await close(service, rosa, 1, "urgent")
    await rosa.presence("pause")
    assert asked not in (await rosa.get()).text
    await rosa.presence("on")
    pages = [await close(service, rosa, number) for number in (2, 3, 4)]
    assert [asked in page for page in pages] == [False, False, True]
    await rosa.presence("on")
    assert asked not in (await rosa.get()).text


# -- who works here -----------------------------------------------------------------------------


async def test_an_administrator_hires(service: Service) -> None:
    """The link is shown once, lets in once, and all is recorded with her name."""
    admin = await hire(service, "Nora", "admin")
    added = await admin.post("/console/staff", name=" Luz  Marina ", role="counselor")
    (link,) = re.findall(r"<code>(https://[^<]+/console/enroll/[^<]+)</code>", added.text)
    assert link not in (await admin.get("/console/staff")).text
    assert (await (await browser_of(service)).get(link)).status_code == 200
    with service.store.read() as connection:
        luz = connection.execute(select(Staff).where(Staff.name == "Luz Marina")).one()
        by = {
            row[0]
            for row in service.ask("SELECT staff_id FROM audit_entry WHERE reason = 'counselor'")
        }
    assert by == {number_of(service, "Nora")}
    again = await admin.post("/console/staff", name="luz marina", role="editor")
    assert (again.status_code, "Ya hay alguien" in again.text) == (409, True)
    hers = f"/console/staff/{luz.id}"
    changed = await admin.post(hers, role="supervisor", organization="org-1")
    assert "Cambio guardado" in changed.text
    renewed = await admin.post(f"{hers}/reset")
    assert link not in renewed.text
    assert (await (await browser_of(service)).get(link)).status_code == 410
    assert (await admin.post(f"{hers}/off")).status_code == 200
    with service.store.read() as connection:
        luz = connection.execute(select(Staff).where(Staff.name == "Luz Marina")).one()
    assert (luz.role, luz.organization_id, luz.is_active) == ("supervisor", "org-1", False)
    done = [action for action, subject in audit(service) if subject == str(luz.id)]
    assert done == ["staff_add", "staff_change", "staff_reset", "staff_off"]


@pytest.mark.parametrize(
    ("fields", "said"),
    [
        ({"name": " ", "role": "counselor"}, "de 1 a 80 letras"),
        ({"name": "x" * 90, "role": "counselor"}, "de 1 a 80 letras"),
        ({"name": "Luz", "role": "boss"}, "Ese rol no existe"),
        ({"name": "Luz", "role": "editor", "organization": "x" * 90}, "hasta 80 letras"),
    ],
)
async def test_what_is_no_member_is_said(service: Service, fields: Any, said: str) -> None:
    """In one sentence; nobody is added."""
    admin = await hire(service, "Nora", "admin")
    answer = await admin.post("/console/staff", **fields)
    assert (answer.status_code, said in answer.text) == (409, True)
    assert service.ask("SELECT count(*) FROM staff") == [(1,)]


async def test_an_administrator_does_not_end_herself(service: Service) -> None:
    """So one always remains; somebody unknown is refused, and a supervisor altogether."""
    admin, marta = await hire(service, "Nora", "admin"), await hire(service, "Marta", "supervisor")
    me = number_of(service, "Nora")
    for deed in ("", "/reset", "/off"):
        answer = await admin.post(f"/console/staff/{me}{deed}", role="editor")
        assert (answer.status_code, "A ti misma" in answer.text) == (409, True)
        assert (await admin.post(f"/console/staff/7{deed}", role="editor")).status_code == 404
    assert (await marta.get("/console/staff")).status_code == 403
    assert (await marta.post("/console/staff", name="Luz", role="admin")).status_code == 403
    assert service.ask("SELECT count(*) FROM staff WHERE is_active AND role = 'admin'") == [(1,)]
