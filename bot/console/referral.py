"""The referral form of a case: typed by its counselor, answered as a PDF, forgotten (SAFETY 24)."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import handoffs, referral, signin
from bot.console.case import case_of, refuse_stranger
from bot.console.pages import HEADERS, LIMA
from bot.console.room import Room, Visit
from bot.errors import HandoffRefused, Unprintable
from bot.referral import Problem

FLOW = "referral."
FILE = "ficha.pdf"
"""Names nobody, in a list of downloads."""


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/cases/{id}/referral`: always empty; nothing is filled in for her."""
    case_id = case_of(visit)
    if (refusal := await refuse_stranger(room, visit, case_id)) is not None:
        return refusal
    return await _page(room, visit, case_id, [])


async def make(room: Room, visit: Visit) -> Response:
    """`POST …/referral`: the PDF, or the page with what was typed and what is wrong with it.

    Who, when, to which organization and by which consent is recorded before the PDF leaves.
    """
    case_id, fields, now = case_of(visit), visit.fields, room.now()
    if (refusal := await refuse_stranger(room, visit, case_id)) is not None:
        return refusal
    found = referral.problems(fields, _organizations(room))
    if found:
        return await _page(room, visit, case_id, found)

    def say(name: str) -> str:
        return room.house.flows.phrases[FLOW + name]

    def record(connection: Connection) -> None:
        handoffs.require_owner(connection, case_id, visit.member.id)
        room.ledger.record(
            connection,
            visit.member.id,
            "referral",
            now,
            subject=str(case_id),
            reason=f"{referral.WORDING} · {fields['kind']} · {fields['organization']}",
        )

    try:
        made = await asyncio.to_thread(referral.compose, fields, say, now.astimezone(LIMA))
        await room.write(record)
    except Unprintable as error:
        return await _page(room, visit, case_id, [Problem("", "unprintable")], str(error))
    except HandoffRefused:
        return await _page(room, visit, case_id, [Problem("", "gone")])
    headers = {**HEADERS, "Content-Disposition": f'attachment; filename="{FILE}"'}
    return Response(made, media_type="application/pdf", headers=headers)


def _organizations(room: Room) -> Sequence[str]:
    """Those of the directory: who gets her data is somebody known, not a typed name."""
    listings = room.house.directory.listings
    return sorted({one.organization for one in listings if one.status == "active"})


async def _page(
    room: Room, visit: Visit, case_id: int, problems: Sequence[Problem], letter: str = ""
) -> Response:
    language = visit.member.language
    words = room.pages.words(language)
    said = [(one.field, _sentence(words, one, letter)) for one in problems]
    if visit.is_live and said:
        return room.say(visit.request, visit, 422, " ".join(each for _, each in said))
    ends_at = await room.read(lambda connection: signin.ends_at(connection, visit.token))
    return room.pages.page(
        "referral.html",
        language,
        422 if problems else 200,
        visit=visit,
        case_id=case_id,
        organizations=_organizations(room),
        form=referral,
        typed=visit.fields,
        problems=said,
        ends_at=ends_at,
    )


def _sentence(words: Any, problem: Problem, letter: str) -> str:
    label = words.get(f"referral_{problem.field}", "")
    sentence = str(words[f"referral_{problem.phrase}"])
    return sentence.format(field=label, longest=problem.longest, letter=letter)
