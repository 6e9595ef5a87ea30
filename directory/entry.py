"""The page of one service: its form, what it means, saving it, and "I called and it holds"."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import quote

from sqlalchemy import Connection
from starlette.responses import JSONResponse, Response

from directory import editing, form, proposals, scrutiny
from directory.desk import HOME, Desk, Visit
from directory.errors import EditRefused, NotAllowed
from directory.fields import FIELDS, kinds
from directory.lines import line_services
from directory.links import may_have_link
from directory.models import FEAR_TAXONOMIES
from directory.needs import topics
from directory.newcomers import usual
from directory.overview import organization_of, row
from directory.proposals import Editor, Proposal
from directory.publishing import current

NEW = "new"
CHANNELS = ("web", "whatsapp", "telegram")
NOTHING = dict.fromkeys(FIELDS, "")
SEEN_CHANGED = (
    "Alguien cambió esta ficha mientras la editabas. Lo tuyo sigue aquí, sin guardar: "
    "compara con lo de ahora y guarda otra vez."
)


@dataclass(frozen=True, slots=True)
class Standing:
    """One service as it is now, and what its visitor may do with it."""

    code: str
    said: Mapping[str, str]
    waiting: tuple[Proposal, ...]
    organization: str | None
    closed_to: str

    @property
    def is_new(self) -> bool:
        """Whether it is a form for a new service."""
        return self.code == NEW


async def show(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/services/{service}`: the form, filled; an old code leads to the newer one."""
    code = visit.request.path_params["service"]
    listed = desk.directory().row(code)
    if listed is not None and listed.id != code:
        return desk.go(address(listed.id))
    standing = await desk.read(lambda connection: _standing(connection, visit.editor, code))
    return await _page(desk, visit, standing, {}, None)


async def show_new(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/new`: an empty form."""
    standing = await desk.read(lambda connection: _standing(connection, visit.editor, NEW))
    own = {"organization": standing.organization or ""}
    said = {**usual(own, desk.now().date()), **own}
    return await _page(desk, visit, standing, said, None)


async def consider(desk: Desk, visit: Visit) -> Response:
    """`POST …/look`: what the form means, as the right side of the page; nothing is kept."""
    standing, said, look = await _read(desk, visit)
    return desk.page(visit, "directory_look.html", **_meaning(desk, visit, standing, said, look))


async def save(desk: Desk, visit: Visit) -> Response:
    """`POST` of the form: proposed, or back with a sentence beside each field that is wrong."""
    standing, said, look = await _read(desk, visit)
    if "look" in visit.fields:
        return await _page(desk, visit, standing, said, look)
    wrong = dict(look.wrong)
    if not standing.is_new and visit.fields.get("seen") != form.seen(standing.said):
        wrong[""] = SEEN_CHANGED
    if not visit.fields.get("why", "").strip():
        wrong["why"] = "Escribe cómo lo sabes: así otra persona puede comprobarlo."
    is_unsure = bool(look.doubles) and standing.is_new and "sure" not in visit.fields
    if wrong or is_unsure:
        return await _page(desk, visit, standing, said, replace(look, wrong=wrong), 422)
    now, code = desk.now(), None if standing.is_new else standing.code

    def work(connection: Connection) -> tuple[Proposal, ...]:
        why = visit.fields["why"]
        return editing.propose(
            connection, code, said, by=visit.editor, why=why, source="form", now=now
        )

    try:
        made = await desk.write(work)
    except NotAllowed:
        raise
    except EditRefused as refused:
        return await _page(desk, visit, standing, said, replace(look, wrong=refused.wrong), 422)
    done = "_".join(one.state for one in made) or "same"
    if standing.is_new:
        return desk.go(f"{HOME}?done={done}")
    return desk.go(f"{address(standing.code)}?done={done}")


async def confirm(desk: Desk, visit: Visit) -> Response:
    """`POST …/confirm`: she called, they answered, and all of it holds."""
    code, now = visit.request.path_params["service"], desk.now()
    why = visit.fields.get("why", "").strip() or "Llamé y responde"

    def work(connection: Connection) -> object:
        return editing.confirm(connection, code, by=visit.editor, why=why, source="form", now=now)

    await desk.write(work)
    return desk.go(f"{address(code)}?done=confirmed")


async def link(desk: Desk, visit: Visit) -> Response:
    """`POST …/link`: a confirmation link, to be copied into a chat with the service."""
    code = visit.request.path_params["service"]
    listed = desk.directory().row(code)
    if listed is None or not may_have_link(listed):
        raise EditRefused("Este servicio no se muestra o es una línea nacional: no lleva enlace.")

    def work(connection: Connection) -> Standing:
        standing = _standing(connection, visit.editor, code)
        if standing.closed_to:
            raise NotAllowed("Este servicio es de otra organización.")
        desk.record(connection, visit, "directory_link", code)
        return standing

    standing = await desk.write(work)
    return await _page(desk, visit, standing, {}, None, link=desk.link(code))


async def suggest(desk: Desk, visit: Visit) -> Response:
    """`GET /directory/places?q=`: names of places, while one is typed."""
    typed = visit.request.query_params.get("q", "")[:60]
    return JSONResponse(form.suggested(typed), headers={"Cache-Control": "no-store"})


def address(code: str) -> str:
    """Where the page of a service is."""
    return f"{HOME}/services/{quote(code, safe='')}"


def _standing(connection: Connection, editor: Editor, code: str) -> Standing:
    organization = organization_of(connection, editor)
    if code == NEW:
        closed = "" if editor.is_reviewer or organization else "no_organization"
        return Standing(NEW, NOTHING, (), organization, closed)
    said = current(connection, code)
    waiting = [one for one in proposals.history(connection, code) if one.state == "proposed"]
    closed_to = ""
    if code in line_services():
        closed_to = "line"
    else:
        try:
            scrutiny.require_own(connection, editor, said, "form")
        except NotAllowed:
            closed_to = "others" if organization else "no_organization"
    return Standing(code, said, tuple(waiting), organization, closed_to)


async def _read(desk: Desk, visit: Visit) -> tuple[Standing, dict[str, str], form.Look]:
    """A posted form beside the service as it is now."""
    code = visit.request.path_params.get("service", NEW)
    standing = await desk.read(lambda connection: _standing(connection, visit.editor, code))
    said, unclear = form.filled(visit.fields)
    if standing.is_new and not visit.editor.is_reviewer:
        said["organization"] = standing.organization or ""
    told = {name: text for name, text in said.items() if name != "id"}
    if standing.is_new:
        told = {**usual(said, desk.now().date()), **told}
    return standing, said, await _look(desk, standing, told, unclear)


async def _look(
    desk: Desk, standing: Standing, told: Mapping[str, str], unclear: Mapping[str, str]
) -> form.Look:
    """Away from the event loop: every service is compared."""
    others, now, is_new = desk.directory().listings, desk.now(), standing.is_new
    return await asyncio.to_thread(
        form.look, standing.said, told, unclear, others, now, is_new=is_new
    )


async def _page(
    desk: Desk,
    visit: Visit,
    standing: Standing,
    said: Mapping[str, str],
    look: form.Look | None,
    status: int = 200,
    *,
    link: str = "",
) -> Response:
    if look is None and standing.is_new:
        look = form.Look({}, "", (), (), None, ())
    elif look is None:
        look = await _look(desk, standing, {}, {})
    listed = desk.directory().row(standing.code)
    return desk.page(
        visit,
        "directory_form.html",
        status,
        **_meaning(desk, visit, standing, said, look),
        seen=form.seen(standing.said),
        why=visit.fields.get("why", ""),
        place=visit.fields.get(form.PLACE, form.label_of(standing.said["ubigeo"])),
        kinds=kinds(),
        ticks=form.ticks(),
        labels={topic: said for topic, (said, _) in topics().items()},
        chosen=form.CHOSEN,
        fears=FEAR_TAXONOMIES,
        entry=row(
            listed,
            desk.now().date(),
            [one.service_id for one in standing.waiting],
            frozenset(desk.directory().troubles),
        )
        if listed
        else None,
        done=visit.request.query_params.get("done", ""),
        link=link,
        may_have_link=listed is not None and may_have_link(listed),
    )


def _meaning(
    desk: Desk, visit: Visit, standing: Standing, said: Mapping[str, str], look: form.Look
) -> dict[str, Any]:
    """What both the page and its right side show."""
    language = visit.fields.get("language", "es")
    language = language if language in desk.languages else "es"
    asked = visit.fields.get("channel", "web")
    channel = asked if asked in CHANNELS else "web"
    listing = look.listing
    return {
        "standing": standing,
        "said": {**standing.said, **said},
        "look": look,
        "cards": desk.cards(listing, language, channel) if listing else (),
        "language_of_card": language,
        "channel": channel,
        "channels": CHANNELS,
        "languages": desk.languages,
        "base": f"{HOME}/new" if standing.is_new else address(standing.code),
    }
