"""One conversation: read it, write to her, note, hand over, close. Only its counselor may."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import cases, counseling, duty, outbox, records
from bot.cases import Case
from bot.console.pages import HEADERS
from bot.console.queue import case_of, looking, stream
from bot.console.room import HOME, Room, Visit, go
from bot.errors import HandoffRefused, RejectedInbound

OUTCOMES = ("oriented", "referred", "no_answer", "no_longer", "other")
"""How a conversation ended, for the count; `console.outcome_…` says it."""
LONGEST_REPLY = 4_000
QUEUE = "queue"
CANNED = "console.canned_"


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/cases/{id}`: 403 and recorded when it is another's (SAFETY 28)."""
    case_id = case_of(visit)
    if (refusal := await _refuse_stranger(room, visit, case_id)) is not None:
        return refusal
    return await _page(room, visit, case_id)


async def events(room: Room, visit: Visit) -> Response:
    """`GET /console/cases/{id}/events`: its live part, until it is no longer hers."""
    case_id = case_of(visit)
    if (refusal := await _refuse_stranger(room, visit, case_id)) is not None:
        return refusal

    def part(connection: Connection) -> str | None:
        if not cases.is_hers(connection, case_id, visit.member.id):
            return _part(room, visit, None)
        return _part(room, visit, cases.read(room.house, connection, case_id, room.now()))

    return stream(room, looking(room, visit, part))


async def reply(room: Room, visit: Visit) -> Response:
    """`POST …/reply`: once, however often the same form comes."""
    case_id, text, once = case_of(visit), _text(visit), visit.fields.get("once", "")
    house, member = room.house, visit.member

    def work(connection: Connection) -> None:
        ref = house.vault.index("received", f"console:{member.id}:{once}")
        if once and records.is_repeat(connection, ref, house.clock()):
            return
        counseling.reply(house, connection, case_id, member.id, text)

    return await _do(room, visit, case_id, work, text)


async def note(room: Room, visit: Visit) -> Response:
    """`POST …/note`: for colleagues only; she never sees it."""
    case_id, text = case_of(visit), _text(visit)

    def work(connection: Connection) -> None:
        counseling.note(room.house, connection, case_id, visit.member.id, text)

    return await _do(room, visit, case_id, work)


async def retry(room: Room, visit: Visit) -> Response:
    """`POST …/retry`: a reply that the provider did not take goes again."""
    case_id, entry = case_of(visit), visit.fields.get("entry", "")
    if not entry.isdigit():
        raise RejectedInbound(422, "unreadable")

    def work(connection: Connection) -> None:
        if not outbox.retry(connection, int(entry), case_id, room.now()):
            raise HandoffRefused("no_retry")

    return await _do(room, visit, case_id, work)


async def transfer(room: Room, visit: Visit) -> Response:
    """`POST …/transfer`: to a colleague who is on duty, or to whoever is free."""
    case_id, to, member, now = case_of(visit), visit.fields.get("to", ""), visit.member, room.now()

    def work(connection: Connection) -> None:
        if to == QUEUE:
            counseling.transfer(room.house, connection, case_id, member.id, None)
        else:
            to_id = duty.colleague(connection, to, now)
            counseling.hand_to(room.house, connection, case_id, member.id, to_id)
        room.ledger.record(connection, member.id, "transfer", now, subject=str(case_id))

    refusal = await _refuse_stranger(room, visit, case_id)
    if refusal is not None:
        return refusal
    await room.write(work)
    return go(HOME)


async def close(room: Room, visit: Visit) -> Response:
    """`POST …/close`: with its outcome; the assistant answers her again, and says so."""
    case_id, outcome, member = case_of(visit), visit.fields.get("outcome", ""), visit.member
    if outcome not in OUTCOMES:
        raise RejectedInbound(422, "choose_outcome")
    now = room.now()

    def work(connection: Connection) -> None:
        counseling.close(room.house, connection, case_id, member.id, outcome)
        room.ledger.record(connection, member.id, "close", now, subject=str(case_id))

    refusal = await _refuse_stranger(room, visit, case_id)
    if refusal is not None:
        return refusal
    await room.write(work)
    return go(HOME)


async def _do(
    room: Room,
    visit: Visit,
    case_id: int,
    work: Callable[[Connection], None],
    text: str = "",
) -> Response:
    """Something done in a case of hers; what was typed is given back when it cannot be."""
    refusal = await _refuse_stranger(room, visit, case_id)
    if refusal is not None:
        return refusal
    try:
        await room.write(work)
    except HandoffRefused as error:
        if visit.is_live:
            raise
        said = room.pages.words(visit.member.language)[str(error)]
        return await _page(room, visit, case_id, status=409, notice=said, unsent=text)
    if visit.is_live:
        return Response(status_code=204, headers=HEADERS)
    return go(f"{HOME}/cases/{case_id}")


async def _refuse_stranger(room: Room, visit: Visit, case_id: int) -> Response | None:
    """Nothing of a case is shown to, or done by, anybody but its counselor."""
    member = visit.member
    if await room.read(lambda connection: cases.is_hers(connection, case_id, member.id)):
        return None
    return await room.refuse(visit, "refused_case", 403, "not_yours", str(case_id))


async def _page(
    room: Room,
    visit: Visit,
    case_id: int,
    *,
    status: int = 200,
    notice: str = "",
    unsent: str = "",
) -> Response:
    now, me = room.now(), visit.member.id

    def read(connection: Connection) -> tuple[Case | None, Any]:
        found = cases.read(room.house, connection, case_id, now)
        return found, [one for one in duty.on_duty(connection, now) if one.id != me]

    case, colleagues = await room.read(read)
    if case is None:
        return room.say(visit.request, visit, 410, "case_gone")
    return room.pages.page(
        "case.html",
        visit.member.language,
        status,
        visit=visit,
        case=case,
        part=_part(room, visit, case),
        colleagues=colleagues,
        outcomes=OUTCOMES,
        notice=notice,
        unsent=unsent,
        longest=LONGEST_REPLY,
        canned=_canned(room, case.language),
        once=room.house.new_tag() + room.house.new_tag(),
    )


def _part(room: Room, visit: Visit, case: Case | None) -> str:
    return room.pages.render(
        "case_part.html", visit.member.language, case=case, form=visit.form, now=room.now()
    )


def _canned(room: Room, language: str) -> list[str]:
    """Ready phrases in her language, in Spanish where it has none."""
    keys = [key for key in room.house.flows.phrases if key.startswith(CANNED)]
    return [room.house.phrase(language, key) for key in keys]


def _text(visit: Visit) -> str:
    text = visit.fields.get("text", "").strip()
    if not text:
        raise RejectedInbound(422, "empty")
    if len(text) > LONGEST_REPLY:
        raise RejectedInbound(422, "too_long")
    return text
