"""The directory's editor over the whole service: who may, what is refused, what the chat says."""

from __future__ import annotations

import re
from collections.abc import Mapping

import httpx
import pytest
from counselor import Counselor, hire
from directory_loaded import directory
from service import Service
from sqlalchemy import Connection, select, update

from bot.models import AuditEntry, Staff
from directory import web
from directory.listing import Listing

HIDDEN = re.compile(r'name="(form|seen)" value="([0-9a-f]+)"')
NUMBER = "(065) 999-999"


def centre() -> Listing:
    """A women's centre, the first that is given in Iquitos."""
    found = directory().row("CEM26-160101-C1")
    assert found is not None
    return found


def page_of(listing: Listing) -> str:
    """Where it is edited."""
    return f"/directory/services/{listing.id}"


def audit(service: Service) -> list[tuple[str, str | None]]:
    """What was recorded of staff."""
    with service.store.read() as connection:
        rows = connection.execute(select(AuditEntry.action, AuditEntry.subject))
        return [(row.action, row.subject) for row in rows]


async def editor_of(service: Service, organization: str) -> Counselor:
    """Somebody of an organization, signed in."""
    olga = await hire(service, "Olga", "editor")

    def belong(connection: Connection) -> None:
        hers = update(Staff).where(Staff.name == "Olga")
        connection.execute(hers.values(organization_id=organization))

    await service.store.worker.run(belong)
    return olga


async def send(
    somebody: Counselor, path: str, fields: Mapping[str, str], to: str | None = None
) -> httpx.Response:
    """Open a page, and send its form with these fields."""
    hidden = dict(HIDDEN.findall((await somebody.get(path)).text))
    return await somebody.client.post(to or path, data={**hidden, **fields})


async def test_every_path_asks_for_a_session(service: Service) -> None:
    """Nobody who is not signed in."""
    for method, path, _, _ in web.PATHS:
        address = path.replace("{service}", centre().id).replace("{number}", "1")
        answer = await service.client.request(method, address)
        expected = "/console/signin?over" if method == "POST" else "/console/signin"
        assert (answer.status_code, answer.headers.get("location")) == (303, expected), path


async def test_a_counselor_edits_nothing(service: Service) -> None:
    """Her role has no right to it."""
    rosa = await hire(service, "Rosa", "counselor")
    assert (await rosa.get("/directory")).status_code == 403
    assert audit(service)[-1] == ("refused", "/directory")


async def test_an_edit_reaches_the_chat(service: Service) -> None:
    """One proposes, another publishes, and whoever asks next is given the new number."""
    rosa, ines = await hire(service, "Rosa", "reviewer"), await hire(service, "Inés", "reviewer")
    one = centre()
    fields = {"phones": NUMBER, "why": "llamé", "alert": "Pregunta por recepción"}
    answer = await send(rosa, page_of(one), fields)
    assert answer.headers["location"].endswith("?done=published_proposed")
    shown = (await rosa.get(answer.headers["location"])).text
    assert "Tiene que verlo otra persona" in shown
    assert service.house.directory.row(one.id).alert == "Pregunta por recepción"  # type: ignore[union-attr]  # it is there
    review = (await ines.get("/directory/review")).text
    assert f'href="tel:+5165999999">{NUMBER}</a>' in review
    own = await send(rosa, "/directory/review", {}, "/directory/review/2/publish")
    assert own.status_code == 403
    done = await send(ines, "/directory/review", {}, "/directory/review/2/publish")
    assert done.headers["location"] == "/directory/review?done=published"
    for text in ("hola", "si", "necesito un abogado", "iquitos"):
        await service.tell(text)
        await service.settled()
    assert any(NUMBER in text for text in service.shown()), service.shown()
    history = (await rosa.get(f"{page_of(one)}/history")).text
    assert "Decidido por Inés" in history
    back = await send(rosa, f"{page_of(one)}/history", {}, "/directory/review/2/revert")
    assert back.headers["location"].endswith("/history?done=published")
    again = await send(rosa, f"{page_of(one)}/history", {}, "/directory/review/2/revert")
    assert (again.status_code, "Cambió mientras tanto" in again.text) == (409, True)


async def test_another_organizations_service_is_not_hers(service: Service) -> None:
    """She may read it; what she sends is refused, and recorded."""
    one = centre()
    olga = await editor_of(service, "AIDS Healthcare Foundation")
    page = (await olga.get(page_of(one))).text
    assert "Este servicio es de otra organización" in page
    for path, fields in (
        (page_of(one), {"phones": NUMBER, "why": "x"}),
        (f"{page_of(one)}/confirm", {}),
    ):
        answer = await send(olga, page_of(one), fields, path)
        assert (answer.status_code, "otra organización" in answer.text) == (403, True)
        assert audit(service)[-1] == ("refused", path)
    assert service.house.directory.row(one.id) == directory().row(one.id)
    review = await send(olga, "/directory/review", {}, "/directory/review/1/publish")
    assert review.status_code == 403


async def test_she_confirms_what_is_hers(service: Service) -> None:
    """One button: called, and they answer."""
    one = centre()
    olga = await editor_of(service, one.organization)
    answer = await send(olga, page_of(one), {}, f"{page_of(one)}/confirm")
    assert answer.headers["location"].endswith("?done=confirmed")
    row = service.house.directory.row(one.id)
    assert row is not None
    assert str(row.confirmed_at) == "2026-11-23"


async def test_what_is_wrong_stands_beside_its_field(service: Service) -> None:
    """Each wrong field has its sentence, what was typed stays, nothing is kept."""
    rosa = await hire(service, "Rosa", "reviewer")
    typed = {
        "phones": "https://wa.me/51999888777",
        "hours": "lunes 25 a 30",
        "place": "Santa Rosa",
        "lat": "-77.04",
        "lon": "-12.05",
        "topics": "",
    }
    answer = await send(rosa, page_of(centre()), typed)
    assert answer.status_code == 422
    for sentence in (
        "es un enlace, no un teléfono",
        "no es una hora",
        "puede ser más de un lugar",
        "Elige por lo menos uno",
        "Escribe cómo lo sabes",
        'value="lunes 25 a 30"',
    ):
        assert sentence in answer.text
    swapped = await send(rosa, page_of(centre()), {"lat": "-77.04", "lon": "-12.05", "why": "mapa"})
    assert "parecen cambiadas" in swapped.text
    assert service.house.directory.row(centre().id) == directory().row(centre().id)


async def test_two_at_one_form(service: Service) -> None:
    """The second is told that the service changed, and keeps what she typed."""
    rosa, ines = await hire(service, "Rosa", "reviewer"), await hire(service, "Inés", "reviewer")
    path = page_of(centre())
    opened = dict(HIDDEN.findall((await ines.get(path)).text))
    await send(rosa, path, {"alert": "Solo con cita", "why": "llamé"})
    fields = {**opened, "alert": "En obras", "why": "vi el cartel"}
    answer = await ines.client.post(path, data=fields)
    assert (answer.status_code, "mientras la editabas" in answer.text) == (422, True)
    assert 'value="En obras"' in answer.text


async def test_a_new_service_that_looks_like_another(service: Service) -> None:
    """It is asked once whether it is another one; then it waits for review."""
    rosa = await hire(service, "Rosa", "reviewer")
    one = centre()
    fields = {
        "name": one.name,
        "organization": "Casa Abierta",
        "kind": "community",
        "topics": "",
        "topics:violencia": "on",
        "phones": NUMBER,
        "place": f"{one.district} ({one.department}, {one.province})",
        "hours": "24 horas",
        "why": "me lo dijeron",
    }
    asked = await send(rosa, "/directory/new", fields)
    assert (asked.status_code, "nombre parecido en el mismo distrito" in asked.text) == (422, True)
    made = await send(rosa, "/directory/new", {**fields, "sure": "1"})
    assert made.headers["location"] == "/directory?done=proposed"
    assert "Servicio nuevo" in (await rosa.get("/directory/review")).text
    twice = await send(rosa, "/directory/new", {**fields, "id": one.id, "sure": "1"})
    assert "Ya hay un servicio con el código" in twice.text


async def test_the_form_shows_what_it_means(service: Service) -> None:
    """Hours in words, the next openings, numbers to tap, the card on each channel."""
    rosa = await hire(service, "Rosa", "reviewer")
    fields = {"hours": "lunes a viernes de 8 a 5", "channel": "whatsapp", "language": "en"}
    look = await send(rosa, page_of(centre()), fields, f"{page_of(centre())}/look")
    assert "abierto lunes a viernes de 8:00 a 17:00" in look.text
    assert "24/11/2026 08:00" in look.text
    assert 'href="tel:' in look.text
    assert '<p class="card" lang="en">' in look.text
    assert "<html" not in look.text
    names = await rosa.get("/directory/places?q=iqui")
    assert names.json() == ["Iquitos (Loreto, Maynas)"]


@pytest.mark.parametrize(
    ("query", "words"),
    [
        ("q=iquitos", "CEM Regular Iquitos"),
        ("q=999050526", "CEM Regular Iquitos"),
        ("department=16&need=violencia&state=unconfirmed", "CEM Regular Iquitos"),
        ("q=zzz", "No hay ningún servicio así"),
        ("state=nothing&department=99&need=no&page=-1", "Página 1 de"),
        ("page=9999", "Anteriores"),
    ],
)
async def test_services_are_found(service: Service, query: str, words: str) -> None:
    """By text, number, department, need and state; a broken question is none."""
    rosa = await hire(service, "Rosa", "editor")
    answer = await rosa.get(f"/directory?{query}")
    assert (answer.status_code, words in answer.text) == (200, True)


async def test_bad_requests_get_one_sentence(service: Service) -> None:
    """Unknown services and proposals, national lines, forms of another page: never a 500."""
    rosa = await hire(service, "Rosa", "reviewer")
    for path in (
        "/directory/services/NADA",
        "/directory/services/%00%ff",
        "/directory/services/x/history",
    ):
        assert (await rosa.get(path)).status_code == 409
    for path in ("/directory/review/99/publish", "/directory/review/x/refuse"):
        answer = await send(rosa, "/directory/review", {}, path)
        assert (answer.status_code, "ya no existe" in answer.text) == (409, True)
    line = "/directory/services/EMG-105"
    assert "línea nacional" in (await rosa.get(line)).text
    answer = await send(rosa, line, {"phones": "999888777", "why": "x"})
    assert "línea nacional" in answer.text
    assert service.house.directory.row("EMG-105") == directory().row("EMG-105")
    forged = await rosa.client.post(page_of(centre()), data={"phones": "100", "form": "0" * 64})
    assert forged.status_code == 403
    old = next(iter(directory()._superseded))
    assert (await rosa.get(f"/directory/services/{old}")).status_code == 303
