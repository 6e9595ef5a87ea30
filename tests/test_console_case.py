"""One conversation of the console over the whole service: services given, drafts, marks, ways out,
closed cases, and what WhatsApp's day leaves open."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml
from counselor import Counselor, hire
from service import CHAT, Service
from sqlalchemy import select, update
from test_console import ask, audit, status, taken

from bot import archive, retention, safeword, shortlist
from bot.channels.rendering import fit_whatsapp
from bot.console.pages import OWN
from bot.messages import Message
from bot.models import Contact, Conversation, Handoff, HandoffChange, OutboxEntry
from bot.refusals import REASONS, why
from bot.safeword import Ear
from directory.named import named

pytestmark = pytest.mark.usefixtures("sent_at_once")


def handoff(service: Service, path: str) -> Any:
    """The row of a case."""
    with service.store.read() as connection:
        number = int(path.rpartition("/")[2])
        return connection.execute(select(Handoff).where(Handoff.id == number)).one()


def signs(service: Service) -> list[tuple[str | None, str | None]]:
    """What was recorded of cases: reason and service."""
    with service.store.read() as connection:
        rows = connection.execute(select(HandoffChange.reason, HandoffChange.service_id))
        return [(row.reason, row.service_id) for row in rows if row.reason]


def labels(flow: str) -> dict[str, str]:
    """The phrases of a file."""
    read: dict[str, dict[str, str]] = yaml.safe_load(Path(f"flows/{flow}.yaml").read_text())
    return read["phrases"]


def keys(page: str) -> list[str]:
    """Offers on a page, by their keys."""
    return re.findall(r'name="service" value="([^"]+)"', page)


# -- services and drafts ------------------------------------------------------------------------


async def test_a_service_is_found_given_and_passed_on_to(service: Service) -> None:
    """A card goes out as the assistant would show it, counts as a reference, and only then may she
    be passed on, with her yes; the case closes here and all of it is recorded."""
    rosa, path = await taken(service)
    found = await rosa.live(f"{path}/services", words="abogada Iquitos")
    key, *_ = keys(found.text)
    assert "Cerca de: Iquitos" in found.text
    typed = await rosa.live(f"{path}/give", service=key, once="1", text="a medias")
    assert typed.status_code == 204
    await rosa.live(f"{path}/give", service=key, once="1", text="a medias")
    await service.settled()
    name = shortlist.name_of(service.house, service_id := key.rpartition("/")[2])
    assert "\n".join(service.shown()).count(name) == 1
    page = (await rosa.get(path)).text
    assert ">a medias</textarea>" in page
    assert f"Le diste el dato de {name}" in page
    assert signs(service).count(("reference", service_id)) == 1

    assert (await rosa.post(f"{path}/move", service=service_id)).status_code == 422
    other = await rosa.post(f"{path}/move", service="LIN-113", consent="yes")
    assert other.status_code == 409
    moved = await rosa.post(f"{path}/move", service=service_id, consent="yes")
    assert moved.status_code == 303
    await service.settled()
    assert "otra vez el asistente" in service.shown()[-1]
    assert ("moved", service_id) in signs(service)
    assert audit(service)[-1][0] == "move"


async def test_without_script_nothing_typed_is_lost(service: Service) -> None:
    """Looking for a service and putting a card or a phrase into the text give the text back."""
    rosa, path = await taken(service)
    found = await rosa.post(f"{path}/services", words="", need="abogada", text="Hola,", once="7")
    assert ">Hola,</textarea>" in found.text
    key = keys(found.text)[0]
    put = await rosa.post(f"{path}/insert", insert=key, text="Hola,", once="7")
    assert re.search(r">Hola,\n\n.+</textarea>", put.text, re.DOTALL)
    assert f'name="given" value="{key.rpartition("/")[2]}"' in put.text
    said = await rosa.post(f"{path}/insert", phrase="canned.slow", text="", once="7")
    assert f">{service.house.phrase('es', 'canned.slow')}</textarea>" in said.text
    sent = await rosa.post(f"{path}/reply", text="Mira", once="7", given=key.rpartition("/")[2])
    assert sent.status_code == 303
    assert ("reference", key.rpartition("/")[2]) in signs(service)
    for wrong in ({"insert": "x/y/z"}, {"insert": "abogada//NO-EXISTE"}):
        assert (await rosa.post(f"{path}/insert", **wrong)).status_code == 409
    assert (await rosa.post(f"{path}/insert", phrase="console.title")).status_code == 422


async def test_a_draft_outlives_the_session_and_not_the_case(service: Service) -> None:
    """It is sealed, comes back after signing in again, is dropped once its reply was taken however
    late it comes, and does not go to the next counselor."""
    rosa, path = await taken(service)
    assert (await rosa.live(f"{path}/draft", text="a la mitad de una fr", once="1")).is_success
    assert b"mitad" not in handoff(service, path).draft_sealed
    await rosa.post("/console/signout")
    service.clock.advance(seconds=60)
    await rosa.sign_in()
    assert ">a la mitad de una fr</textarea>" in (await rosa.get(path)).text
    await rosa.live(f"{path}/reply", text="una frase entera", once="1")
    await rosa.live(f"{path}/draft", text="una frase ent", once="1")
    assert handoff(service, path).draft_sealed is None
    await rosa.live(f"{path}/draft", text="para mí sola", once="2")
    assert (await rosa.live(f"{path}/draft", text="x" * 4_001, once="2")).status_code == 422
    await rosa.post(f"{path}/transfer", to="queue")
    ana = await hire(service, "Ana")
    await ana.post(f"{path}/claim")
    assert "para mí sola" not in (await ana.get(path)).text
    assert (await rosa.live(f"{path}/draft", text="x", once="3")).status_code == 403


async def test_she_erases_while_the_counselor_types(service: Service) -> None:
    """The draft goes with everything of hers; the next save is told so."""
    rosa, path = await taken(service)
    await rosa.live(f"{path}/draft", text="lo que ella contó", once="1")

    def erase(connection: Any) -> None:
        contact_id = connection.scalars(select(Contact.id)).one()
        retention.erase(connection, service.house.vault, contact_id, service.clock())

    await service.store.worker.run(erase)
    assert handoff(service, path).draft_sealed is None
    assert (
        await rosa.live(f"{path}/draft", text="lo que ella contó, y más", once="1")
    ).status_code == 403
    assert (await rosa.live(f"{path}/services", words="abogada")).status_code == 403


def test_a_service_is_found_by_its_name(directory: Any) -> None:
    """Whatever order the words have, hers before what is elsewhere; nothing that is hidden."""
    found = list(named(directory.listings, "alternativo chs", None))
    assert found
    assert all("CHS" in one.name for one in found)
    assert not list(named(directory.listings, "  ", None))


@pytest.fixture(scope="module")
def directory() -> Any:
    """The seed, in memory."""
    from directory_loaded import directory as loaded

    return loaded()


def test_the_place_is_only_what_she_approved(service: Service) -> None:
    """From the line of the summary; not from her own words, not when she dropped it."""
    place = shortlist.approved_place(service.house, "es", ["Busca: una abogada", "Está en: Loreto"])
    assert place is not None
    assert place.name == "Loreto"
    assert shortlist.approved_place(service.house, "es", ["vivo en Loreto"]) is None


# -- marks --------------------------------------------------------------------------------------


async def test_of_the_safe_word_only_a_match_is_shown(service: Service) -> None:
    """Its mark is kept under her key; the word is covered wherever it stands, before and after, and
    each later message of hers says match or no match."""
    rosa, path = await taken(service)
    await rosa.post(f"{path}/reply", text="Nuestra palabra: Mandarina Dulce", once="1")
    await service.tell("mandarina dulce, ya")
    for bad in ("hola", "abc", "salir", "una frase que es larga"):
        assert (await rosa.post(f"{path}/word", word=bad)).status_code == 409
    assert (await rosa.post(f"{path}/word", word="mandarina dulce")).status_code == 303
    service.clock.advance(seconds=5)
    await service.tell("soy yo, MANDARINA  dulce!")
    service.clock.advance(seconds=5)
    await service.tell("¿qué palabra?")
    page = (await rosa.get(path)).text
    assert "mandarina" not in page.lower()
    assert page.count(safeword.COVER) == 3
    assert page.count("Palabra segura, coincide") == 1
    assert page.count("Palabra segura, no coincide") == 1
    assert b"mandarina" not in handoff(service, path).safe_word_mark
    await rosa.post(f"{path}/close", outcome="oriented")
    closed = path.replace("cases", "closed")
    assert "mandarina" not in (await rosa.post(closed, reason="follow_up")).text.lower()


def test_without_a_safe_word_nothing_is_covered(service: Service) -> None:
    """And nothing is compared."""
    assert Ear(service.house.vault, 1, None).cover("mandarina") == ("mandarina", False)


async def test_her_pocket_word_is_no_safe_word(service: Service) -> None:
    """Saying it would end the talk."""
    rosa, path = await taken(service)

    def set_pocket(connection: Any) -> None:
        contact_id = connection.scalars(select(Contact.id)).one()
        mark = service.house.vault.word_mark(contact_id, "mandarina")
        connection.execute(update(Contact).values(pocket_mark=mark))

    await service.store.worker.run(set_pocket)
    assert (await rosa.post(f"{path}/word", word="Mandarina")).status_code == 409


async def test_possibly_under_18_is_marked_and_the_protocol_stands_beside(service: Service) -> None:
    """By her counselor, for every one after her; the page of the protocol opens."""
    rosa, path = await taken(service)
    assert "Ver el protocolo</a></span>" not in (await rosa.get(path)).text
    await rosa.post(f"{path}/minor")
    await rosa.post(f"{path}/transfer", to="queue")
    ana = await hire(service, "Ana")
    await ana.post(f"{path}/claim")
    assert "<strong>Posible menor de edad</strong>" in (await ana.get(path)).text
    protocol = (await ana.get("/console/minors")).text
    assert "<h1>Si puede ser una niña" in protocol
    assert "1810" in protocol


async def test_that_she_is_under_18_is_told_only_if_she_approves(service: Service) -> None:
    """It is a line of the summary; the console marks the case because of it, and only then."""
    rosa = await hire(service, "Rosa")
    for chat, keeps in ((CHAT + 1, True), (CHAT + 2, False)):
        service.bot.double.chats.add(chat)
        for text in ("hola", "si", "tengo 15 años y estoy sin mi familia", "quiero una persona"):
            await service.tell(text, chat)
            service.clock.advance(seconds=2)
            await service.settled()
        assert "Puede tener menos de 18 años" in service.shown(chat)[-1]
        rest = () if keeps else ("cambiar", "sin resumen")
        for text in (*rest, "enviar", "a cualquier hora"):
            await service.tell(text, chat)
            service.clock.advance(seconds=2)
            await service.settled()
        with service.store.read() as connection:
            case = connection.scalars(select(Handoff.id).order_by(Handoff.id.desc())).first()
        await rosa.post(f"/console/cases/{case}/claim")
        page = (await rosa.get(f"/console/cases/{case}")).text
        assert ("<strong>Posible menor de edad</strong>" in page) is keeps


# -- WhatsApp's day -----------------------------------------------------------------------------


async def test_after_a_day_the_approved_knock_goes_out_and_the_text_waits(service: Service) -> None:
    """The page says so before she types; the knock is a template, once; her answer releases what
    was written meanwhile."""
    rosa, path = await taken(service, whatsapp=True)
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    await service.settled()
    service.clock.advance(hours=25)
    await rosa.sign_in()
    page = (await rosa.get(path)).text
    assert "Pasaron 24 horas" in page
    assert "Hola, ya puedo responderte" in page
    assert (await rosa.post(f"{path}/knock")).status_code == 303
    assert (await rosa.post(f"{path}/knock")).status_code == 409
    await service.settled()
    knock = service.outgoing()[-1]
    assert "Hola, ya puedo responderte" in knock["body"]
    (resource,) = [
        c for c in service.twilio.double.contents.values() if "twilio/text" in c["types"]
    ]
    assert "{{" not in resource["types"]["twilio/text"]["body"]
    await rosa.post(f"{path}/reply", text="Encontré dónde", once="2")
    await service.settled()
    assert "Encontré dónde" not in "\n".join(service.written())
    assert "Ya recibió el aviso neutro" in (await rosa.get(path)).text
    await service.write("sí, dime")
    service.clock.advance(seconds=15)
    await service.settled()
    assert "Encontré dónde" in "\n".join(service.written())


@pytest.mark.parametrize(("agreed", "hour"), [("never", 12), ("daytime", 22)])
async def test_who_did_not_agree_gets_no_knock(service: Service, agreed: str, hour: int) -> None:
    """Neither without her word nor outside her hours (SAFETY 8)."""
    rosa, path = await taken(service, whatsapp=True)
    await service.store.worker.run(lambda c: c.execute(update(Handoff).values(hours_ok=agreed)))
    service.clock.advance(hours=25 + (hour - service.clock().hour) % 24)
    await rosa.sign_in()
    before = len(service.written())
    assert "Enviar el aviso neutro" not in (await rosa.get(path)).text
    assert (await rosa.post(f"{path}/knock")).status_code == 409
    await service.settled()
    assert len(service.written()) == before


def test_a_long_reply_goes_out_in_whole_sentences(service: Service) -> None:
    """No message over WhatsApp's 1,600, none cut inside a sentence, nothing lost."""
    sentences = [f"Esta es la frase número {n} de un texto largo." for n in range(70)]
    said = Message(" ".join(sentences), cause="counselor")
    parts = [one.text for one in fit_whatsapp([said], "es", service.house.prompts("es"), ())]
    assert len(parts) == 3
    assert all(len(one) <= 1_600 and one.endswith(".") for one in parts)
    assert " ".join(parts) == said.text


def test_every_refusal_has_its_sentence() -> None:
    """Of each code that providers send, and of one that nobody knows."""
    assert all(f"error_{reason}" in labels("console") for reason in REASONS)
    found = [why(code) for code in ("63016", "forbidden", "?", None)]
    assert found == ["window", "blocked", "other", "other"]


def test_no_two_files_of_labels_share_a_name() -> None:
    """Templates know a phrase by its name alone: one would silently hide the other."""
    names = [name for flow in OWN for name in labels(flow)]
    assert len(names) == len(set(names))


# -- closed cases -------------------------------------------------------------------------------


async def closed_case(service: Service) -> tuple[Counselor, str]:
    """A case that its counselor closed; the path under which it is read again."""
    rosa, path = await taken(service)
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    await service.tell("lo que dijo en confianza")
    await rosa.post(f"{path}/close", outcome="oriented")
    await service.settled()
    service.clock.advance(seconds=5)
    await service.tell("lo que dijo después")
    return rosa, path.replace("cases", "closed")


async def test_a_closed_case_is_opened_with_a_reason_and_recorded(service: Service) -> None:
    """Only by its counselor, only read, only up to its end; each time leaves a line in the log."""
    rosa, path = await closed_case(service)
    listed = (await rosa.get("/console/closed")).text
    assert path in listed
    assert "en confianza" not in listed
    assert (await rosa.post(path, reason="")).status_code == 422
    page = (await rosa.post(path, reason="follow_up")).text
    assert "lo que dijo en confianza" in page
    assert "lo que dijo después" not in page
    assert "<textarea" not in page
    assert audit(service)[-1] == ("open_closed", path.rpartition("/")[2])
    marta = await hire(service, "Marta", "supervisor")
    assert (await marta.post(path, reason="complaint")).status_code == 403
    assert ("refused_closed", path.rpartition("/")[2]) in audit(service)


async def test_a_closed_case_is_gone_with_its_texts(service: Service) -> None:
    """After retention, and after her erasure, there is nothing to open."""
    rosa, path = await closed_case(service)
    number = int(path.rpartition("/")[2])

    def let_go(connection: Any) -> None:
        now = service.clock()
        connection.execute(update(Conversation).values(ended_at=now - timedelta(hours=25)))
        retention._let_texts_go(connection, now - timedelta(hours=24))

    await service.store.worker.run(let_go)
    assert (await rosa.post(path, reason="follow_up")).status_code == 410
    assert path not in (await rosa.get("/console/closed")).text
    assert handoff(service, path).safe_word_mark is None
    assert status(service, number) == "closed"
    with service.store.read() as connection:
        assert archive.read(service.house, connection, number) is None


async def test_a_failed_knock_is_shown(service: Service) -> None:
    """A template that WhatsApp refused stands on the page with its reason."""
    rosa, path = await taken(service, whatsapp=True)
    service.clock.advance(minutes=11)
    await rosa.post(f"{path}/knock")
    await service.settled()

    def fail(connection: Any) -> None:
        knocks = update(OutboxEntry).where(OutboxEntry.cause == "agreed")
        connection.execute(knocks.values(status="failed", error_code="63016"))

    await service.store.worker.run(fail)
    assert "No llegó. Pasaron las 24 horas" in (await rosa.get(path)).text


async def test_two_who_ask_at_once_are_two_cases(service: Service) -> None:
    """What belongs to one never stands on the other's page."""
    rosa, first = await taken(service)
    second = f"/console/cases/{await ask(service, chat=4242)}"
    await rosa.post(f"{second}/claim")
    await rosa.live(f"{first}/draft", text="para la primera", once="1")
    await rosa.post(f"{first}/note", text="nota de la primera")
    page = (await rosa.get(second)).text
    assert "primera" not in page
