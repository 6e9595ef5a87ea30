"""The console's rooms lent to the directory's editor: sign-in, rights, page shell, store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy import Connection
from starlette.responses import Response

from bot.console import preview, room
from bot.console.pages import LIMA
from bot.console.room import Room
from bot.staff import Member
from directory.desk import Endpoint, Handler, Right, Visit
from directory.errors import EditRefused, NotAllowed
from directory.listing import Listing
from directory.proposals import Editor
from directory.search import Directory

T = TypeVar("T")


class EditorsDesk:
    """`directory.desk.Desk` over the console's room."""

    def __init__(self, rooms: Room) -> None:
        self._room = rooms
        self.languages: Mapping[str, str] = rooms.house.catalogues.titles

    def endpoint(self, right: Right, handler: Handler) -> Endpoint:
        """Through the console's one door; who may not is told, and it is recorded."""

        async def handled(rooms: Room, visit: room.Visit) -> Response:
            editors = Visit(visit.request, _editor(visit.member), visit.fields, visit)
            try:
                return await handler(editors)
            except NotAllowed as refusal:
                subject = visit.request.url.path
                return await rooms.refuse(visit, "refused", 403, str(refusal), subject)
            except EditRefused as refusal:
                return rooms.say(visit.request, visit, 409, str(refusal))

        return room.guarded(self._room, right, handled)

    def page(self, visit: Visit, template: str, status: int = 200, **values: object) -> Response:
        """A page of the console."""
        inside = cast(room.Visit, visit.inside)
        return self._room.pages.page(
            template, inside.member.language, status, visit=inside, editor=visit.editor, **values
        )

    def go(self, path: str) -> Response:
        """To another page."""
        return room.go(path)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read the store."""
        return await self._room.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """One transaction; what it published is searched from the next message on."""
        answer = await self._room.write(work)
        await asyncio.to_thread(self._room.house.refresh, self._room.store)
        return answer

    def directory(self) -> Directory:
        """What is searched now."""
        return self._room.house.directory

    def now(self) -> datetime:
        """The house's clock, in Lima."""
        return self._room.now().astimezone(LIMA)

    def cards(self, listing: Listing, language: str, channel: str) -> Sequence[str]:
        """As a person would see it."""
        return preview.cards(self._room.house, listing, language, channel)


def _editor(member: Member) -> Editor:
    """Somebody of the staff, as the directory knows her."""
    written = member.organization_id or ""
    number = int(written) if written.isascii() and written.isdigit() else None
    return Editor(member.id, member.name, number, is_reviewer=member.may("review"))
