"""Who works here: an administrator adds, changes, gives a new link, takes off. Each is recorded."""

from __future__ import annotations

from collections.abc import Callable

from sqlalchemy import Connection
from starlette.responses import Response

from bot import staff
from bot.console.room import Room, Visit
from bot.errors import CommandRefused, RejectedInbound
from bot.staff import LONGEST_NAME, ROLES, Entry

LINK = "{origin}/console/enroll/{token}"


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/staff`."""
    return await _page(room, visit)


async def add(room: Room, visit: Visit) -> Response:
    """`POST /console/staff`: somebody new; her link is shown on this answer and nowhere else."""
    name, role, now = visit.fields.get("name", ""), visit.fields.get("role", ""), room.now()
    by_id, organization_id = visit.member.id, _organization(visit)

    def work(connection: Connection) -> str:
        return room.roster.add(connection, name, role, now, organization_id, by_id)

    return await _do(room, visit, work, name)


async def reset(room: Room, visit: Visit) -> Response:
    """`POST /console/staff/{member}/reset`: a new link, shown once; what she had is gone."""
    entry, now = await _other(room, visit), room.now()

    def work(connection: Connection) -> str:
        return room.roster.reset(connection, entry.id, now, visit.member.id)

    return await _do(room, visit, work, entry.name)


async def change(room: Room, visit: Visit) -> Response:
    """`POST /console/staff/{member}`: role and organization."""
    entry, role, now = await _other(room, visit), visit.fields.get("role", ""), room.now()
    organization_id = _organization(visit)

    def work(connection: Connection) -> None:
        roster, me = room.roster, visit.member.id
        roster.change(connection, entry.id, role, organization_id, now, me)

    return await _do(room, visit, work, entry.name)


async def off(room: Room, visit: Visit) -> Response:
    """`POST /console/staff/{member}/off`: signed out everywhere, and no way in."""
    entry, now = await _other(room, visit), room.now()

    def work(connection: Connection) -> None:
        room.roster.off(connection, entry.id, now, visit.member.id)

    return await _do(room, visit, work, entry.name)


async def _other(room: Room, visit: Visit) -> Entry:
    """Whom the path names. Never herself: so one administrator always remains."""
    written = visit.request.path_params["member"]
    for entry in await room.read(staff.everybody):
        if str(entry.id) == written:
            if entry.id == visit.member.id:
                raise CommandRefused("an administrator does not change herself", "not_yourself")
            return entry
    raise RejectedInbound(404, "unreadable")


async def _do(
    room: Room, visit: Visit, work: Callable[[Connection], str | None], name: str
) -> Response:
    try:
        token = await room.write(work)
    except CommandRefused as refusal:
        return await _page(room, visit, 409, wrong=refusal.word)
    if token is None:
        return await _page(room, visit, done="staff_saved")
    # A demo may listen on another port than the default address says.
    here = str(visit.request.base_url).rstrip("/")
    link = LINK.format(origin=room.public_url if room.is_https else here, token=token)
    return await _page(room, visit, link=link, name=" ".join(name.split()))


async def _page(
    room: Room,
    visit: Visit,
    status: int = 200,
    *,
    wrong: str = "",
    done: str = "",
    link: str = "",
    name: str = "",
) -> Response:
    return room.pages.page(
        "staff.html",
        visit.member.language,
        status,
        visit=visit,
        everybody=await room.read(staff.everybody),
        roles=ROLES,
        longest=LONGEST_NAME,
        wrong=wrong,
        done=done,
        link=link,
        name=name,
    )


def _organization(visit: Visit) -> str | None:
    return visit.fields.get("organization", "").strip() or None
