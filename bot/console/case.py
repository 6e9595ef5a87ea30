"""What every handler of one conversation needs: whose it is, its page, its live part."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection
from starlette.responses import Response

from bot import cases, duty
from bot.cases import Case
from bot.console.pages import HEADERS
from bot.console.room import HOME, Room, Visit, go
from bot.errors import HandoffRefused, RejectedInbound
from bot.shortlist import Shortlist
from directory.needs import needs

OUTCOMES = ("oriented", "referred", "no_answer", "no_longer", "other")
"""How a conversation ended, for the count; `console.outcome_…` says it."""
LONGEST_REPLY = 4_000
CANNED = "canned."
MOST_GIVEN = 10
LONG = {"whatsapp": 1_600, "telegram": 4_096}
"""From so many letters on a channel sends in parts (`channels.rendering.split`)."""


@dataclass(frozen=True, slots=True)
class Desk:
    """What stands around the box: `text` in it (the kept draft when None), services found for
    `words` and `need`, and the ids of those whose card is in the text."""

    text: str | None = None
    notice: str = ""
    words: str = ""
    need: str = ""
    given: str = ""
    shortlist: Shortlist | None = None


def case_of(visit: Visit) -> int:
    """The case that the path names; `RejectedInbound` 404 when it is no number of ours."""
    written = visit.request.path_params["case"]
    if not (written.isascii() and written.isdigit() and len(written) <= 19):
        raise RejectedInbound(404, "case_gone")
    return int(written)


async def refuse_stranger(room: Room, visit: Visit, case_id: int) -> Response | None:
    """Nothing of a case is shown to, or done by, anybody but its counselor: 403, and recorded."""
    member = visit.member
    if await room.read(lambda connection: cases.is_hers(connection, case_id, member.id)):
        return None
    return await room.refuse(visit, "refused_case", 403, "not_yours", str(case_id))


async def do(
    room: Room,
    visit: Visit,
    work: Callable[[Connection, int], None],
    *,
    then: str | None = None,
) -> Response:
    """Something done in a case of hers; what was typed is given back when it cannot be. `then` is
    where it leads, back to the case when None."""
    case_id = case_of(visit)
    if (refusal := await refuse_stranger(room, visit, case_id)) is not None:
        return refusal
    try:
        await room.write(lambda connection: work(connection, case_id))
    except HandoffRefused as error:
        if visit.is_live:
            raise
        said = room.pages.words(visit.member.language)[str(error)]
        typed = visit.fields.get("text") if "once" in visit.fields else None
        return await page(room, visit, case_id, Desk(typed, said), status=409)
    if visit.is_live:
        return Response(status_code=204, headers=HEADERS)
    return go(then or f"{HOME}/cases/{case_id}")


async def page(
    room: Room, visit: Visit, case_id: int, desk: Desk, *, status: int = 200
) -> Response:
    """The whole page of a case; one sentence when it is over."""
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
        part=part(room, visit, case),
        colleagues=colleagues,
        outcomes=OUTCOMES,
        desk=desk,
        text=case.draft if desk.text is None else desk.text,
        longest=LONGEST_REPLY,
        long=LONG.get(case.channel, LONGEST_REPLY),
        needs=_needs(room, visit.member.language),
        canned=_canned(room, case.language, visit.member.language),
        once=visit.fields.get("once") or room.house.new_tag() + room.house.new_tag(),
    )


def part(room: Room, visit: Visit, case: Case | None) -> str:
    """What changes of the page while it is open."""
    return room.pages.render(
        "case_part.html",
        visit.member.language,
        case=case,
        form=visit.form,
        now=room.now(),
        knock=room.house.phrase(case.language, "handoff.knock") if case else "",
    )


def text_of(visit: Visit) -> str:
    """What was typed; `RejectedInbound` when it is nothing or too much."""
    text = visit.fields.get("text", "").strip()
    if not text:
        raise RejectedInbound(422, "empty")
    if len(text) > LONGEST_REPLY:
        raise RejectedInbound(422, "too_long")
    return text


def given(visit: Visit) -> list[str]:
    """Services whose cards were put into the text."""
    return list(dict.fromkeys(visit.fields.get("given", "").split()))[:MOST_GIVEN]


def _needs(room: Room, language: str) -> list[tuple[str, str]]:
    """Every need with its label in the console's language."""
    translate = room.house.catalogues.translate
    return [
        (one.id, translate(language, f"needs.{one.id}", one.label_es)) for one in needs().values()
    ]


def _canned(room: Room, hers: str, own: str) -> list[tuple[str, str, str]]:
    """Ready phrases: key, in her language (in Spanish where it has none), and, when that is not the
    counselor's own, what it says."""
    phrase = room.house.phrase
    keys = [key for key in room.house.flows.phrases if key.startswith(CANNED)]
    said = [(key, phrase(hers, key), phrase(own, key)) for key in keys]
    return [(key, text, "" if gloss == text else gloss) for key, text, gloss in said]
