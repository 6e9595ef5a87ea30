"""Services and ready phrases beside the box: looked for, put into the text, or sent as they are."""

from __future__ import annotations

from sqlalchemy import Connection
from starlette.responses import HTMLResponse, Response

from bot import cases, counseling, drafts, records, shortlist
from bot.cases import Case
from bot.console.case import CANNED, Desk, case_of, do, given, page, refuse_stranger
from bot.console.pages import HEADERS
from bot.console.room import Room, Visit
from bot.errors import NoSuchContact, RejectedInbound
from bot.shortlist import Shortlist


async def look_for(room: Room, visit: Visit) -> Response:
    """`POST …/services`: what the directory has for a need, a name or a place; what is typed stays.

    It is posted, so that nothing of it stands in an address.
    """
    case_id = case_of(visit)
    if (refusal := await refuse_stranger(room, visit, case_id)) is not None:
        return refusal
    case = await _case(room, case_id)
    found = _found(room, visit, case)
    if visit.is_live:
        fragment = room.pages.render(
            "offers.html", visit.member.language, case=case, shortlist=found
        )
        return HTMLResponse(fragment, headers=HEADERS)
    return await page(room, visit, case_id, _desk(visit, visit.fields.get("text", ""), found))


async def insert(room: Room, visit: Visit) -> Response:
    """`POST …/insert`: a card or a phrase goes to the end of what is typed, where no script did."""
    case_id = case_of(visit)
    if (refusal := await refuse_stranger(room, visit, case_id)) is not None:
        return refusal
    case, house = await _case(room, case_id), room.house
    services, phrase = given(visit), visit.fields.get("phrase", "")
    if key := visit.fields.get("insert", ""):
        offer = shortlist.offer(house, case.language, key, room.now())
        added, services = offer.text, [*services, offer.service_id]
    elif phrase.startswith(CANNED) and phrase in house.flows.phrases:
        added = house.phrase(case.language, phrase)
    else:
        raise RejectedInbound(422, "unreadable")
    typed = visit.fields.get("text", "").rstrip()
    text = f"{typed}\n\n{added}" if typed else added
    return await page(room, visit, case_id, _desk(visit, text, None, services))


async def give(room: Room, visit: Visit) -> Response:
    """`POST …/give`: a card as a message of its own; what is typed stays a draft."""
    key, text = visit.fields.get("service", ""), visit.fields.get("text", "")
    once, member, house = visit.fields.get("once", ""), visit.member, room.house

    def work(connection: Connection, case_id: int) -> None:
        ref = house.vault.index("received", f"console:{member.id}:{once}:{key}")
        if once and records.is_repeat(connection, ref, house.clock()):
            return
        counseling.give(house, connection, case_id, member.id, key)
        drafts.keep(house, connection, case_id, member.id, text, once)

    return await do(room, visit, work)


def _found(room: Room, visit: Visit, case: Case) -> Shortlist:
    fields = visit.fields
    return shortlist.find(
        room.house,
        case.language,
        fields.get("words", ""),
        room.now(),
        need=fields.get("need", ""),
        at=fields.get("at", ""),
        near=case.place,
    )


def _desk(
    visit: Visit, text: str, found: Shortlist | None, services: list[str] | None = None
) -> Desk:
    fields = visit.fields
    return Desk(
        text,
        words=fields.get("words", "")[: shortlist.LONGEST],
        need=fields.get("need", ""),
        given=" ".join(given(visit) if services is None else services),
        shortlist=found,
    )


async def _case(room: Room, case_id: int) -> Case:
    now = room.now()
    found = await room.read(lambda connection: cases.read(room.house, connection, case_id, now))
    if found is None:
        raise NoSuchContact("the case is over")
    return found
