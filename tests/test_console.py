"""The console over the whole service: who may come in, the queue, one conversation, nothing of hers
where it must not be."""

from __future__ import annotations

import asyncio
import re
from datetime import timedelta
from typing import Any

import pytest
from counselor import Counselor, browser_of, hire
from service import CHAT, PHONE, Service
from sqlalchemy import select, update

from bot import desertion, duty
from bot.console import routes
from bot.console.live import Live
from bot.models import AuditEntry, Handoff, OutboxEntry, Staff, StaffSession

pytestmark = pytest.mark.usefixtures("sent_at_once")


async def ask(service: Service, *, chat: int = CHAT, whatsapp: bool = False) -> int:
    """She asks for a person and agrees to be written to at any hour; the handoff's id."""
    for text in ("hola", "si", "quiero hablar con alguien", "enviar", "a cualquier hora"):
        if whatsapp:
            await service.write(text)
        else:
            await service.tell(text, chat)
        service.clock.advance(seconds=2)
        await service.settled()
    newest = select(Handoff.id).where(Handoff.status == "waiting").order_by(Handoff.id.desc())
    with service.store.read() as connection:
        return int(connection.scalars(newest).first() or 0)


def audit(service: Service) -> list[tuple[Any, ...]]:
    """What was recorded of staff: action and subject."""
    with service.store.read() as connection:
        rows = connection.execute(select(AuditEntry.action, AuditEntry.subject))
        return [tuple(row) for row in rows]


def status(service: Service, handoff_id: int) -> str | None:
    """Where a handoff stands."""
    with service.store.read() as connection:
        return connection.scalar(select(Handoff.status).where(Handoff.id == handoff_id))


# -- the door -----------------------------------------------------------------------------------


async def test_every_path_asks_for_a_session(service: Service) -> None:
    """Without one a page leads to the sign-in and nothing is done or said."""
    for method, path, _, _ in routes.GUARDED:
        answer = await service.client.request(method, path.replace("{case}", "7"))
        expected = "/console/signin?over" if method == "POST" else "/console/signin"
        assert (answer.status_code, answer.headers.get("location")) == (303, expected), path


def test_open_paths_are_few() -> None:
    """The visible list of what is not behind the door."""
    assert {path for _, path, _ in routes.OPEN} == {
        "/console/signin",
        "/console/signin/passkey",
        "/console/signin/passkey/done",
        "/console/enroll/{token}",
        "/console/enroll/{token}/code.svg",
    }


async def test_an_editor_opens_no_conversation(service: Service) -> None:
    """Her role has no right to it: 403, and each time recorded."""
    editor = await hire(service, "Eva", "editor")
    theirs = [(method, path) for method, path, right, _ in routes.GUARDED if right == "counsel"]
    assert theirs
    for method, path in theirs:
        before = len(audit(service))
        answer = await editor.client.request(method, path.replace("{case}", "7"))
        assert answer.status_code == 403, path
        assert [action for action, _ in audit(service)[before:]] == ["refused"], path


async def test_signing_in_and_out(service: Service) -> None:
    """With all three she is in, in a cookie closed to scripts; signed out she is off duty."""
    rosa = await hire(service, "Rosa")
    await rosa.presence("on")
    assert (await rosa.post("/console/signout")).status_code == 303
    assert (await rosa.get()).status_code == 303
    assert (await rosa.sign_in(password="no es esta de verdad")).status_code == 403
    service.clock.advance(seconds=60)
    answer = await rosa.sign_in()
    assert answer.headers["location"] == "/console"
    cookie = answer.headers["set-cookie"].lower()
    assert all(part in cookie for part in ("__host-", "httponly", "samesite=strict", "secure"))
    with service.store.read() as connection:
        assert duty.duty(connection, service.clock()).present == 0


@pytest.mark.parametrize(
    "headers",
    [
        {"sec-fetch-site": "cross-site"},
        {"origin": "https://evil.example"},
        {"sec-fetch-site": "same-site"},
    ],
)
async def test_another_site_can_do_nothing(service: Service, headers: dict[str, str]) -> None:
    """A form that a browser says is not ours is refused, the sign-in too."""
    rosa = await hire(service, "Rosa")
    for path in ("/console/presence", "/console/signin"):
        answer = await rosa.client.post(path, data={"presence": "on"}, headers=headers)
        assert answer.status_code == 403


async def test_a_form_without_its_token_is_refused(service: Service) -> None:
    """Also from our own address."""
    rosa = await hire(service, "Rosa")
    for form in ("", "0" * 64):
        answer = await rosa.client.post("/console/presence", data={"form": form, "presence": "on"})
        assert answer.status_code == 403


@pytest.mark.parametrize(
    ("body", "expected"),
    [(b"form=%ff%zz", 400), (b"x" * 140_000, 413), (b"\xff\xfe", 400), (b"&" * 300, 400)],
)
async def test_broken_forms_get_one_sentence(service: Service, body: bytes, expected: int) -> None:
    """Never a 500."""
    rosa = await hire(service, "Rosa")
    kind = {"content-type": "application/x-www-form-urlencoded"}
    answer = await rosa.client.post("/console/presence", content=body, headers=kind)
    assert answer.status_code == expected


@pytest.mark.parametrize("case", ["x", "-1", "9" * 30, "1%00", "7"])
async def test_a_case_that_is_none_is_refused(service: Service, case: str) -> None:
    """Whatever stands in the address."""
    rosa = await hire(service, "Rosa")
    assert (await rosa.get(f"/console/cases/{case}")).status_code in (403, 404)


# -- presence and queue -------------------------------------------------------------------------


async def test_only_who_is_there_counts(service: Service) -> None:
    """On duty and heard of within two minutes; her switch alone does not count."""
    rosa = await hire(service, "Rosa")

    def present() -> int:
        with service.store.read() as connection:
            return duty.duty(connection, service.clock()).present

    assert present() == 0
    await rosa.presence("on")
    assert present() == 1
    for switch in ("busy", "pause", "off"):
        await rosa.presence(switch)
        assert present() == 0
    await rosa.presence("on")
    service.clock.advance(minutes=2, seconds=1)
    assert present() == 0


async def test_she_is_told_the_truth_about_the_team(service: Service) -> None:
    """The offer says how many are there while they are, and that nobody is when they left."""
    rosa = await hire(service, "Rosa")
    await rosa.presence("on")
    for text in ("hola", "si", "quiero hablar con alguien"):
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()
    assert "Ahora hay 1" in "\n".join(service.shown())
    service.clock.advance(minutes=3)
    await service.tell("quiero hablar con alguien")
    await service.settled()
    assert "no hay nadie" in service.shown()[-1]


async def test_the_greater_risk_stands_first(service: Service) -> None:
    """Then what is due first."""
    rosa = await hire(service, "Rosa")
    first, second, third = [await ask(service, chat=CHAT + number) for number in range(3)]

    def rank(connection: Any) -> None:
        for handoff_id, risk in ((second, "high"), (third, "urgent")):
            connection.execute(update(Handoff).where(Handoff.id == handoff_id).values(risk=risk))

    await service.store.worker.run(rank)
    page = (await rosa.get()).text
    places = [page.index(f"/console/cases/{each}/claim") for each in (third, second, first)]
    assert places == sorted(places)


async def test_of_two_at_once_one_claims(service: Service) -> None:
    """The other is told in a sentence, and cannot open it."""
    rosa, ana = await hire(service, "Rosa"), await hire(service, "Ana")
    case = await ask(service)
    answers = await asyncio.gather(
        *(each.post(f"/console/cases/{case}/claim") for each in (rosa, ana))
    )
    assert sorted(answer.status_code for answer in answers) == [303, 409]
    loser = rosa if answers[0].status_code == 409 else ana
    assert (await loser.get(f"/console/cases/{case}")).status_code == 403
    assert ("refused_case", str(case)) in audit(service)


async def test_a_load_limit_holds(service: Service) -> None:
    """With five conversations she cannot take a sixth."""
    rosa = await hire(service, "Rosa")
    cases = [await ask(service, chat=CHAT + number) for number in range(6)]
    answers = [(await rosa.post(f"/console/cases/{each}/claim")).status_code for each in cases]
    assert answers == [303] * 5 + [409]


# -- one conversation ---------------------------------------------------------------------------


async def taken(service: Service, name: str = "Rosa", **how: Any) -> tuple[Counselor, str]:
    """Somebody asked and a counselor took her; the path of the case."""
    counselor = await hire(service, name)
    path = f"/console/cases/{await ask(service, **how)}"
    assert (await counselor.post(f"{path}/claim")).status_code == 303
    return counselor, path


@pytest.mark.parametrize("whatsapp", [False, True], ids=["telegram", "whatsapp"])
async def test_both_write_to_each_other(service: Service, whatsapp: bool) -> None:
    """A reply reaches her, hers stands on the page, with the tick of its delivery."""
    rosa, path = await taken(service, whatsapp=whatsapp)
    assert (await rosa.post(f"{path}/reply", text="Soy Rosa, te leo", once="a")).status_code == 303
    await service.settled()
    said = service.written() if whatsapp else service.shown()
    assert "Soy Rosa, te leo" in "\n".join(said)
    service.clock.advance(seconds=5)
    await (service.write if whatsapp else service.tell)("gracias por leerme")
    page = (await rosa.get(path)).text
    assert page.index("Soy Rosa, te leo") < page.index("gracias por leerme")
    assert 'class="status ' in page
    assert "quiero hablar con alguien" not in page  # was before her consent


async def test_the_same_form_says_it_once(service: Service) -> None:
    """However often it comes: a lost answer must not double her message."""
    rosa, path = await taken(service)
    for _ in range(3):
        answer = await rosa.live(f"{path}/reply", text="Una vez", once="same")
        assert answer.status_code == 204
    await service.settled()
    assert "\n".join(service.shown()).count("Una vez") == 1


async def test_after_her_exit_nothing_is_sent(service: Service) -> None:
    """The page says «no escribir», what was typed comes back, and nothing goes out."""
    rosa, path = await taken(service)
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    await service.settled()
    await service.tell("salir")
    await service.settled()
    assert "No escribir" in (await rosa.get(path)).text
    answer = await rosa.post(f"{path}/reply", text="¿Sigues ahí?", once="2")
    assert answer.status_code == 409
    assert "¿Sigues ahí?</textarea>" in answer.text
    await service.settled()
    assert "¿Sigues ahí?" not in "\n".join(service.shown())


async def test_after_her_erasure_the_page_is_empty(service: Service) -> None:
    """Summary and texts are gone; a reply says so in a sentence."""
    rosa, path = await taken(service)
    await service.tell("secreto de ella")
    for text in ("borrar", "si, borrar todo"):
        await service.tell(text)
        service.clock.advance(seconds=2)
        await service.settled()
    if service.rows()["contact"]:
        await service.tap("Sí, borrar todo")
    answer = await rosa.live(f"{path}/reply", text="hola", once="1")
    assert answer.status_code == 403
    assert "secreto de ella" not in (await rosa.get(path)).text


async def test_what_did_not_arrive_is_said_and_tried_again(service: Service) -> None:
    """The message says why in plain words, and goes again when she wishes."""
    rosa, path = await taken(service, whatsapp=True)
    await rosa.post(f"{path}/reply", text="Te leo, soy Rosa", once="1")
    await service.settled()
    (entry,) = service.ask("SELECT max(id) FROM outbox WHERE cause = 'counselor'")[0]

    def fail(connection: Any) -> None:
        row = update(OutboxEntry).where(OutboxEntry.id == entry)
        connection.execute(row.values(status="failed", error_code="63014", parts_sent=0))

    await service.store.worker.run(fail)
    page = (await rosa.get(path)).text
    assert "No llegó. Ella bloqueó el número" in page
    assert (await rosa.post(f"{path}/retry", entry=str(entry))).status_code == 303
    await service.settled()
    assert "\n".join(service.written()).count("Te leo, soy Rosa") == 2
    assert (await rosa.post(f"{path}/retry", entry=str(entry))).status_code == 409


async def test_ready_phrases_are_in_her_language(service: Service) -> None:
    """Each as it stands in the flows."""
    rosa, path = await taken(service)
    assert service.house.phrase("es", "canned.slow") in (await rosa.get(path)).text


async def test_a_long_silence_is_said_before_she_types(service: Service) -> None:
    """After ten minutes the page tells of the neutral knock, and the reply is held."""
    rosa, path = await taken(service)
    service.clock.advance(minutes=11)
    assert "aviso neutro" in (await rosa.get(path)).text
    await rosa.post(f"{path}/reply", text="Aquí estoy", once="1")
    await service.settled()
    assert "Aquí estoy" not in "\n".join(service.shown())
    assert "status held" in (await rosa.get(path)).text


async def test_whatsapp_after_a_day_is_said(service: Service) -> None:
    """Outside the window the page says that nothing can be sent."""
    rosa, path = await taken(service, whatsapp=True)
    service.clock.advance(hours=25)
    await rosa.sign_in()
    assert "Pasaron 24 horas" in (await rosa.get(path)).text


async def test_notes_stay_with_the_team(service: Service) -> None:
    """She never sees one; the next counselor does."""
    rosa, path = await taken(service)
    ana = await hire(service, "Ana")
    await ana.presence("on")
    assert (await rosa.post(f"{path}/note", text="prefiere las mañanas")).status_code == 303
    with service.store.read() as connection:
        ana_id = connection.scalars(select(Staff.id).where(Staff.name == "Ana")).one()
    assert (await rosa.post(f"{path}/transfer", to=str(ana_id))).status_code == 303
    assert (await rosa.get(path)).status_code == 403
    assert "prefiere las mañanas" in (await ana.get(path)).text
    await service.settled()
    assert "mañanas" not in "\n".join(service.shown())


async def test_closing_gives_her_back_to_the_assistant(service: Service) -> None:
    """She is told so, and the case is nobody's."""
    rosa, path = await taken(service)
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    assert (await rosa.post(f"{path}/close", outcome="whatever")).status_code == 422
    assert (await rosa.post(f"{path}/close", outcome="oriented")).status_code == 303
    await service.settled()
    assert "otra vez el asistente" in "\n".join(service.shown())
    assert (await rosa.get(path)).status_code == 403


async def test_a_supervisor_gives_a_case_back(service: Service) -> None:
    """Into the queue, and she is told; a counselor may not, a supervisor may not read it."""
    _, path = await taken(service)
    ana, marta = await hire(service, "Ana"), await hire(service, "Marta", "supervisor")
    assert (await ana.post(f"{path}/release")).status_code == 403
    assert (await marta.get(path)).status_code == 403
    assert (await marta.post(f"{path}/release")).status_code == 303
    await service.settled()
    assert "Te paso con otra persona" in "\n".join(service.shown())
    assert (await ana.post(f"{path}/claim")).status_code == 303


@pytest.mark.parametrize(("risk", "minutes"), [("urgent", 2), ("normal", 10)])
async def test_who_does_not_answer_loses_the_case(
    service: Service, risk: str, minutes: int
) -> None:
    """An urgent one after two minutes, another after ten; whoever wrote and is there keeps it."""
    rosa, path = await taken(service)
    case = int(path.rpartition("/")[2])

    async def look(after: timedelta) -> str | None:
        now = service.clock() + after

        def work(connection: Any) -> None:
            connection.execute(update(Handoff).where(Handoff.id == case).values(risk=risk))
            connection.execute(update(StaffSession).values(heard_at=now))
            desertion.take_back(service.house, connection, now)

        await service.store.worker.run(work)
        return status(service, case)

    assert await look(timedelta(minutes=minutes - 1)) == "claimed"
    assert await look(timedelta(minutes=minutes)) == "transferred"
    await rosa.post(f"{path}/claim")
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    assert await look(timedelta(minutes=minutes * 3)) == "live"


# -- what must be nowhere -----------------------------------------------------------------------

TRICK = "<script>alert(1)</script> \u202etxt.exe\u202c"


async def test_her_text_is_only_text(service: Service) -> None:
    """Script and marks that turn the direction of reading are shown, not obeyed."""
    rosa, path = await taken(service)
    await service.tell(TRICK)
    page = (await rosa.get(path)).text
    assert "&lt;script&gt;alert(1)" in page
    assert "<script>alert" not in page
    assert not re.search("[\u202a-\u202e\u2066-\u2069]", page)


async def test_no_number_name_or_chat_id_anywhere(
    service: Service, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    """Neither pages, streams, refusals nor logs hold her telephone, chat id or profile name."""
    rosa, path = await taken(service, whatsapp=True)
    await rosa.post(f"{path}/reply", text="Te leo", once="1")
    other = await ask(service)
    await rosa.post(f"/console/cases/{other}/claim")
    pages = [
        await rosa.get(),
        await rosa.get(path),
        await rosa.get(f"/console/cases/{other}"),
        await rosa.get("/console/cases/1"),
        await rosa.live(f"{path}/retry", entry="1"),
    ]
    seen = "".join(page.text + str(page.headers) for page in pages) + caplog.text
    seen += "".join(capsys.readouterr())
    for secret in (PHONE, PHONE.removeprefix("whatsapp:+51"), str(CHAT), "ProfileName"):
        assert secret not in seen


@pytest.mark.parametrize("path", ["/console/signin", "/console", "/console/enroll/x"])
async def test_pages_are_locked(service: Service, path: str) -> None:
    """Nothing inline, nothing of others, kept nowhere."""
    client = await browser_of(service)
    answer = await client.get(path)
    policy = answer.headers["content-security-policy"]
    assert "unsafe" not in policy
    assert policy.startswith("default-src 'none'")
    assert answer.headers["cache-control"] == "no-store"
    assert "publickey-credentials-get=(self)" in answer.headers["permissions-policy"]
    assert not re.search(r"<script(?![^>]* src=)|\son\w+=|style=", answer.text)


async def test_a_stream_sends_what_changed_and_ends() -> None:
    """Its part at once, again after news only when it differs, and `over` at the end."""
    live, parts = Live(), iter(["one", "one", "two", None])

    async def look() -> str | None:
        live.ring()
        return next(parts)

    events = [event async for event in live.follow(look, beat=5)]
    names = [re.match(r"event: (\w+)|:|retry", event) for event in events]
    assert [found and found.group() for found in names] == [
        "retry",
        "event: part",
        ":",
        "event: part",
        "event: over",
    ]
