"""Proposing, publishing, reverting: the one way into the directory."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import timedelta
from functools import lru_cache

import pytest
from directory_loaded import MONDAY_MORNING, changeable, directory
from sqlalchemy import Connection, select
from sqlalchemy.orm import Session
from storeroom import Room

from directory import editing, proposals, publishing, reverting
from directory.errors import EditRefused, HoursUnclear, NotAllowed
from directory.hours import read as read_hours
from directory.hours import say
from directory.listing import is_shown
from directory.models import Organization, Service
from directory.places import place
from directory.proposals import Editor, Proposal
from directory.search import Directory
from directory.seeding import load
from directory.telephone import dialled

NOW = MONDAY_MORNING
ROSA = Editor(1, "Rosa", is_reviewer=True)
INES = Editor(2, "Inés", is_reviewer=True)


@pytest.fixture
def connection() -> Iterator[Connection]:
    """A transaction on a directory of its own."""
    with changeable() as opened:
        yield opened


@lru_cache(maxsize=1)
def code() -> str:
    """A women's centre of the seed with a district and a number."""
    return next(
        one.id
        for one in directory().listings
        if one.kind == "women_center" and one.phones and one.lat and is_shown(one)
    )


def change(
    connection: Connection,
    service: str | None,
    said: Mapping[str, str] | None = None,
    by: Editor = ROSA,
    **more: str,
) -> tuple[Proposal, ...]:
    """A change by the form."""
    fields = {**(said or {}), **more}
    return editing.propose(connection, service, fields, by=by, why="llamé", source="form", now=NOW)


def editor_of(connection: Connection, service: str) -> Editor:
    """Somebody of the service's own organization."""
    own = select(Service.organization_id).where(Service.id == service)
    return Editor(3, "Olga", connection.scalar(own))


def refused(wrong: Mapping[str, str], field: str, words: str) -> None:
    """The sentence of a field says so."""
    assert words in wrong[field], wrong


def test_a_number_waits_for_a_second_pair_of_eyes(connection: Connection) -> None:
    """Nothing is dialled that one person alone wrote; the next search has what two saw."""
    service = code()
    before = Directory.of(Session(connection))
    (waiting,) = change(connection, service, phones="(01) 999-1111", whatsapp="999 888 777")
    assert waiting.state == "proposed"
    assert publishing.current(connection, service)["phones"] == waiting.before["phones"]
    for somebody, words in ((ROSA, "otra persona"), (editor_of(connection, service), "revisa")):
        with pytest.raises(NotAllowed, match=words):
            editing.publish(connection, waiting.id, by=somebody, now=NOW)
    done = editing.publish(connection, waiting.id, by=INES, now=NOW)
    assert (done.state, done.by.name, done.decided_by) == ("published", "Rosa", "Inés")
    after = Directory.of(Session(connection))
    assert after.version == before.version + 1
    row = after.row(service)
    assert row is not None
    assert [phone.text for phone in (*row.phones, *row.whatsapp)] == [
        "(01) 999-1111",
        "999 888 777",
    ]
    with pytest.raises(EditRefused, match="ya decidió"):
        editing.publish(connection, waiting.id, by=INES, now=NOW)


def test_the_rest_is_published_at_once(connection: Connection) -> None:
    """An alert does not wait for the number beside it; a confirmation of the new number does."""
    service = code()
    at_once, waiting = change(
        connection, service, alert="Solo con cita", phones="100", confirmed_at="2026-11-23"
    )
    assert (at_once.state, set(at_once.after)) == ("published", {"alert"})
    assert (waiting.state, set(waiting.after)) == ("proposed", {"phones", "confirmed_at"})
    assert publishing.current(connection, service)["alert"] == "Solo con cita"
    assert change(connection, service, alert=" Solo  con cita ") == ()


def test_every_field_survives_a_change_beside_it(connection: Connection) -> None:
    """Publishing rewrites a service's tables: nothing else about any service is lost."""
    for one in directory().listings[::40]:
        before = publishing.current(connection, one.id)
        publishing.put_in_force(connection, one.id, before, NOW)
        assert publishing.current(connection, one.id) == before


def test_closed_for_a_while(connection: Connection) -> None:
    """It is closed whatever its hours, until the day after; then it opens by itself."""
    service = code()
    change(connection, service, hours="24 horas", closed_until="2026-11-30")
    row = Directory.of(Session(connection)).row(service)
    assert row is not None
    assert row.ubigeo is not None
    published = Directory.of(Session(connection))

    def found(days: int) -> tuple[bool | None, object]:
        answer = published.search(
            "violencia", place=place(row.ubigeo or ""), at=NOW + timedelta(days=days), limit=9
        )
        return next((one.is_open, one.opens_at) for one in answer.found if one.listing.id == row.id)

    is_open, opens_at = found(0)
    assert is_open is False
    assert str(opens_at) == "2026-12-01 00:00:00-05:00"
    assert found(8) == (True, None)
    change(connection, service, closed_until="")
    assert publishing.current(connection, service)["closed_until"] == ""
    assert publishing.current(connection, service)["hours"] == "24/7"


@pytest.mark.parametrize(
    ("field", "text", "words"),
    [
        ("phones", "https://wa.me/51999", "es un enlace"),
        ("phones", "rosa@ong.pe", "es un correo"),
        ("phones", "390-2800", "código de ciudad"),
        ("phones", "99988877", "no es un teléfono"),
        ("phones", "llamar a Rosa", "no es un teléfono"),
        ("whatsapp", "100", "no sirve para WhatsApp"),
        ("email", "rosa en ong", "no es una dirección"),
        ("email", "rosa.perez@ong.pe", "una sola persona"),
        ("url", "javascript:alert(1)", "no es una página web"),
        ("address", "www.ong.pe", "solo la calle"),
        ("hours", "lunes 25 a 30", "no es una hora"),
        ("hours", "Mo-Su off", "no abre nunca"),
        ("hours", "cuando se pueda", "No entendí"),
        ("lat", "doce", "no es una coordenada"),
        ("lat", "-77.04", "parecen cambiadas"),
        ("lat", "40.4", "no están en el Perú"),
        ("lat", "-3.75", "km de"),
        ("ubigeo", "999999", "ningún lugar"),
        ("kind", "shop", "no vale aquí"),
        ("topics", "violencia; lotería", "«lotería» no vale"),
        ("topics", "", "por lo menos uno"),
        ("coverage", "Atlántida", "no vale aquí"),
        ("free", "gratis", "no vale aquí"),
        ("source_date", "pronto", "no es una fecha"),
        ("confirmed_at", "2027-01-01", "todavía no llega"),
        ("closed_until", "2026-11-01", "ya pasó"),
        ("alert", "llama al 999 888 777", "no lleva números"),
        ("alert", "escribe a wa.me/51", "no lleva números"),
        ("name", "Línea 999888777", "no está en «Teléfonos»"),
        ("name", "", "vacío"),
        ("name", "a\u202eb", "signos invisibles"),
        ("name", "a" * 300, "muy largo"),
        ("id", "OTRO", "no se cambia"),
        ("color", "azul", "No conozco"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    connection: Connection, field: str, text: str, words: str
) -> None:
    """Field by field, with nothing kept."""
    service = code()
    fields = {field: text, "alert": "x"} if field != "alert" else {field: text}
    if words == "parecen cambiadas":
        fields["lon"] = "-12.05"
    with pytest.raises(EditRefused) as found:
        editing.propose(connection, service, fields, by=ROSA, why="", source="form", now=NOW)
    refused(found.value.wrong, field, words)
    assert proposals.history(connection, service) == []


def test_the_place_of_a_shelter_is_never_kept(connection: Connection) -> None:
    """Neither for a shelter nor for what calls itself one (SAFETY 16)."""
    service = code()
    for fields in ({"kind": "shelter"}, {"name": "Casa refugio Aurora"}):
        with pytest.raises(EditRefused) as found:
            change(connection, service, fields)
        refused(found.value.wrong, "address", "casa refugio")
    (made,) = change(
        connection,
        service,
        kind="shelter",
        address="",
        lat="",
        lon="",
        district="",
        province="",
    )
    editing.publish(connection, made.id, by=INES, now=NOW)
    row = Directory.of(Session(connection)).row(service)
    assert row is not None
    assert (row.address, row.lat, row.district, (row.ubigeo or "")[2:]) == (
        None,
        None,
        None,
        "0000",
    )


def test_the_district_is_found_by_its_names(connection: Connection) -> None:
    """A spreadsheet says names; more than one place of a name is asked."""
    service = code()
    clear = {"address": "", "lat": "", "lon": ""}
    (moved,) = change(connection, service, clear, district="Bagua", province="", department="")
    assert moved.after["ubigeo"] == "010201"
    with pytest.raises(EditRefused) as found:
        change(connection, service, clear, district="Santa Rosa", province="", department="")
    refused(found.value.wrong, "district", "más de un lugar")
    with pytest.raises(EditRefused) as found:
        change(connection, service, clear, district="Springfield")
    refused(found.value.wrong, "district", "No encuentro")


def test_national_lines_are_read_only(connection: Connection) -> None:
    """Not even an administrator changes a number of danger here."""
    for service in ("EMG-105", "LIN-100X", "LIN-1818"):
        with pytest.raises(EditRefused, match="línea nacional"):
            change(connection, service, alert="x")
    with pytest.raises(EditRefused, match="línea nacional"):
        change(connection, None, id="EMG-105", name="x")


def test_an_editor_changes_only_what_is_hers(connection: Connection) -> None:
    """Of one NGO never another's row; without an organization none; never how well it is placed."""
    service = code()
    other = connection.scalar(
        select(Organization.id).where(
            Organization.id != editor_of(connection, service).organization_id
        )
    )
    for editor in (Editor(4, "Ana", other), Editor(4, "Ana")):
        with pytest.raises(NotAllowed, match="organización"):
            change(connection, service, by=editor, alert="x")
    olga = editor_of(connection, service)
    assert change(connection, service, by=olga, alert="x")[0].state == "published"
    for field, text in (("priority", "0"), ("confidence", "low"), ("organization", "Otra")):
        with pytest.raises(EditRefused, match="solo quien revisa"):
            change(connection, service, by=olga, said={field: text})
    with pytest.raises(NotAllowed):
        change(connection, None, by=olga, name="Nueva", organization="Otra")


def test_a_new_service(connection: Connection) -> None:
    """It waits whole, gets a code, cannot be twice, and is found once published."""
    fields = {
        "name": "Casa Abierta de Iquitos",
        "organization": "Casa Abierta",
        "kind": "community",
        "topics": "violencia",
        "phones": "(065) 234-567",
        "address": "Jr. Próspero 123",
        "ubigeo": "160101",
        "hours": "lunes a viernes de 8 a 5",
    }
    (made,) = change(connection, None, fields)
    assert (made.is_new, made.state) == (True, "proposed")
    assert made.service_id == "ED-CASA-ABIERTA-DE-IQUITOS"
    assert Directory.of(Session(connection)).row(made.service_id) is None
    editing.publish(connection, made.id, by=INES, now=NOW)
    row = Directory.of(Session(connection)).row(made.service_id)
    assert row is not None
    assert is_shown(row)
    assert (row.hours, row.coverage, row.district) == ("Mo-Fr 08:00-17:00", ("Loreto",), "Iquitos")
    with pytest.raises(EditRefused, match="Ya hay un servicio"):
        change(connection, None, fields, id=made.service_id)
    with pytest.raises(EditRefused) as found:
        change(connection, None, name="Sin nada", organization="")
    assert {"kind", "topics", "organization"} <= found.value.wrong.keys()
    reverting.revert(connection, made.id, by=ROSA, why="no existe", now=NOW)
    hidden = Directory.of(Session(connection)).row(made.service_id)
    assert hidden is not None
    assert not is_shown(hidden)


def test_what_brings_a_hidden_service_to_light_waits(connection: Connection) -> None:
    """Hiding is quick, showing again is not."""
    service = code()
    assert change(connection, service, status="inactive")[0].state == "published"
    assert change(connection, service, status="active")[0].state == "proposed"
    noted = change(connection, service, note="OBSOLETO")
    assert noted[0].state == "published"
    row = Directory.of(Session(connection)).row(service)
    assert row is not None
    assert row.is_withdrawn


def test_a_link_only_confirms_alone(connection: Connection) -> None:
    """Who holds a link says that it holds; whatever she corrects is looked at first."""
    service, link = code(), Editor(None, "Enlace")
    told = {"by": link, "why": "", "now": NOW}
    (done,) = editing.confirm(connection, service, source="link", **told)  # type: ignore[arg-type]
    assert (done.state, done.after) == ("published", {"confirmed_at": "2026-11-23"})
    (waits,) = editing.propose(
        connection,
        service,
        {"hours": "24 horas"},
        source="link",
        **told,  # type: ignore[arg-type]
    )
    assert waits.state == "proposed"
    editing.publish(connection, waits.id, by=ROSA, now=NOW)
    assert publishing.current(connection, service)["hours"] == "24/7"


def test_a_proposal_that_grew_old_is_not_published(connection: Connection) -> None:
    """What changed meanwhile is said, and the newer word stays."""
    service = code()
    (older,) = change(connection, service, phones="100")
    (newer,) = change(connection, service, phones="100; 105")
    editing.publish(connection, newer.id, by=INES, now=NOW)
    with pytest.raises(EditRefused, match="Cambió mientras tanto"):
        editing.publish(connection, older.id, by=INES, now=NOW)
    editing.refuse(connection, older.id, by=ROSA, why="ya no", now=NOW)
    assert [one.state for one in proposals.history(connection, service)] == ["published", "refused"]
    assert proposals.waiting(connection) == []


def test_anything_can_be_reverted(connection: Connection) -> None:
    """By a revision of its own; by who is no reviewer, a number only with a second pair of eyes."""
    service = code()
    olga = editor_of(connection, service)
    before = publishing.current(connection, service)
    (made,) = change(connection, service, phones="100")
    editing.publish(connection, made.id, by=INES, now=NOW)
    asked = reverting.revert(connection, made.id, by=olga, why="era otro", now=NOW)
    assert asked.state == "proposed"
    done = reverting.revert(connection, made.id, by=ROSA, why="era otro", now=NOW)
    assert done.state == "published"
    assert publishing.current(connection, service) == before
    with pytest.raises(EditRefused, match="Cambió mientras tanto"):
        reverting.revert(connection, made.id, by=ROSA, why="", now=NOW)
    assert len(proposals.history(connection, service)) == 3


def test_an_import_is_undone_as_a_whole(connection: Connection) -> None:
    """What it changed goes back, what waits is withdrawn, what changed since stays and is named."""
    services = [one.id for one in directory().listings if one.kind == "prosecutor"][:3]
    batch = proposals.next_batch(connection)
    before = {one: publishing.current(connection, one) for one in services}
    for one in services:
        editing.propose(
            connection,
            one,
            {"alert": "En obras", "phones": "100"},
            by=ROSA,
            why="hoja.xlsx",
            source="import",
            now=NOW,
            batch=batch,
        )
    with pytest.raises(NotAllowed):
        editing.publish_batch(connection, batch, by=ROSA, now=NOW)
    change(connection, services[2], alert="Ya abrió")
    (listed,) = proposals.batches(connection)
    assert (listed.id, listed.why, listed.published, listed.waiting) == (batch, "hoja.xlsx", 3, 3)
    with pytest.raises(NotAllowed):
        reverting.undo_batch(connection, batch, by=Editor(9, "Otra"), now=NOW)
    undone = reverting.undo_batch(connection, batch, by=ROSA, now=NOW)
    assert (undone.reverted, undone.withdrawn, undone.kept) == (2, 3, (services[2],))
    for one in services[:2]:
        assert publishing.current(connection, one) == before[one]
    with pytest.raises(EditRefused, match="ninguna importación"):
        reverting.undo_batch(connection, 99, by=ROSA, now=NOW)


def test_an_import_is_published_as_a_whole(connection: Connection) -> None:
    """By another person; what changed meanwhile goes on waiting."""
    services = [one.id for one in directory().listings if one.kind == "prosecutor"][:2]
    for one in services:
        fields = {"phones": "100"}
        told = {"by": ROSA, "why": "hoja", "now": NOW, "batch": 7}
        editing.propose(connection, one, fields, source="import", **told)  # type: ignore[arg-type]  # mixed
    (other,) = change(connection, services[1], phones="113")
    editing.publish(connection, other.id, by=INES, now=NOW)
    assert editing.publish_batch(connection, 7, by=INES, now=NOW) == (1, (services[1],))
    assert [one.service_id for one in proposals.waiting(connection)] == [services[1]]


def test_it_holds_on_postgresql(postgres_room: Room) -> None:
    """Proposed, published, found by the next search, and undone, on the other database."""

    def work(connection: Connection) -> tuple[str, int, str]:
        with Session(connection, join_transaction_mode="create_savepoint") as session:
            load(session)
            session.commit()
        before = Directory.of(Session(connection)).version
        batch = proposals.next_batch(connection)
        told = {"by": ROSA, "why": "hoja", "source": "import", "now": NOW, "batch": batch}
        made = editing.propose(
            connection,
            code(),
            {"phones": "100", "closed_until": "2026-12-31"},
            **told,  # type: ignore[arg-type]  # mixed
        )
        editing.publish(connection, made[1].id, by=INES, now=NOW)
        row = Directory.of(Session(connection)).row(code())
        assert row is not None
        assert str(row.closed_until) == "2026-12-31"
        (listed,) = proposals.batches(connection)
        assert listed.published == 2
        undone = reverting.undo_batch(connection, batch, by=ROSA, now=NOW)
        grown = Directory.of(Session(connection)).version - before
        return row.phones[0].text, grown, str(undone.kept)

    assert postgres_room.store.worker.submit(work).result() == ("100", 4, "()")


@pytest.mark.parametrize(
    ("typed", "kept", "said"),
    [
        ("lunes a viernes de 8 a 5", "Mo-Fr 08:00-17:00", "lunes a viernes de 8:00 a 17:00"),
        ("24 horas", "24/7", "a toda hora, todos los días"),
        ("lunes 9-5", "Mo 09:00-17:00", "lunes de 9:00 a 17:00"),
        ("L a V 8am-5pm", "Mo-Fr 08:00-17:00", "lunes a viernes de 8:00 a 17:00"),
        (
            "lunes, miércoles y viernes de 9 a 1 y de 3 a 6",
            "Mo,We,Fr 09:00-13:00,15:00-18:00",
            "lunes, miércoles y viernes de 9:00 a 13:00 y de 15:00 a 18:00",
        ),
        (
            "Lun-Vie 8:00 - 16:15; sábados 9 a 1; domingo cerrado",
            "Mo-Fr 08:00-16:15; Sa 09:00-13:00",
            "lunes a viernes de 8:00 a 16:15; sábado de 9:00 a 13:00",
        ),
        ("todos los días 8 p.m. a 6 a.m.", "Mo-Su 20:00-06:00", "todos los días de 20:00 a 6:00"),
        ("de 2 a 6", "Mo-Su 14:00-18:00", "todos los días de 14:00 a 18:00"),
        (
            "lunes a viernes de 8 a 5 incluso feriados",
            "Mo-Fr,PH 08:00-17:00",
            "lunes a viernes de 8:00 a 17:00; feriados de 8:00 a 17:00",
        ),
        ("", "", ""),
    ],
)
def test_hours_in_words(typed: str, kept: str, said: str) -> None:
    """What an office means by what it says, shown back."""
    assert read_hours(typed) == kept
    assert say(kept) == (f"abierto {said}" if said else "")


@pytest.mark.parametrize("typed", ["lunes", "L,M,V 9-12", "9 a 5 y 6", "cerrado", "999888777"])
def test_hours_that_say_nothing(typed: str) -> None:
    """Rather asked again than guessed."""
    with pytest.raises(HoursUnclear, match=r"No entendí|no es una hora"):
        read_hours(typed)


def test_a_number_as_a_phone_dials_it() -> None:
    """Cities lose their zero behind the country's code; short numbers stay as they are."""
    assert dialled("(01) 390-2800 anexo 2701") == "tel:+5113902800"
    assert dialled("+51 999 888 777") == "tel:+51999888777"
    assert dialled("113 opción 5") == "tel:113"
    assert dialled("0800-00205") == "tel:080000205"
    assert dialled("nadie") == ""
