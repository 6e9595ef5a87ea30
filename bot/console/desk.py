"""The console's rooms lent to the directory's editor: sign-in, rights, page shell, store."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import TypeVar, cast

from sqlalchemy import Connection, select
from starlette.responses import Response

from bot.console import preview, room
from bot.console.pages import LIMA
from bot.console.room import Room
from bot.staff import Member
from directory.desk import Endpoint, Handler, Right, Visit
from directory.errors import EditRefused, NotAllowed
from directory.listing import Listing
from directory.models import Organization
from directory.proposals import Editor
from directory.search import Directory

T = TypeVar("T")


class EditorsDesk:
    """`directory.desk.Desk` over the console's room."""

    def __init__(self, rooms: Room, link: Callable[[str], str]) -> None:
        """`link(code)` is a confirmation link of a service."""
        self._room = rooms
        self.link = link
        self.languages: Mapping[str, str] = rooms.house.catalogues.titles

    def endpoint(self, right: Right, handler: Handler, *, takes_file: bool = False) -> Endpoint:
        """Through the console's one door; who may not is told, and it is recorded."""

        async def handled(rooms: Room, visit: room.Visit) -> Response:
            editor = await self.read(lambda connection: _editor(connection, visit.member))
            try:
                return await handler(Visit(visit.request, editor, visit.fields, visit, visit.file))
            except NotAllowed as refusal:
                subject = visit.request.url.path
                return await rooms.refuse(visit, "refused", 403, str(refusal), subject)
            except EditRefused as refusal:
                return rooms.say(visit.request, visit, 409, str(refusal))

        return room.guarded(self._room, right, handled, takes_file=takes_file)

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

    def record(self, connection: Connection, visit: Visit, action: str, subject: str) -> None:
        """A deed, in the transaction of the deed itself."""
        room_ = self._room
        room_.ledger.record(connection, visit.editor.id, action, room_.now(), subject=subject)

    def directory(self) -> Directory:
        """What is searched now."""
        return self._room.house.directory

    def now(self) -> datetime:
        """The house's clock, in Lima."""
        return self._room.now().astimezone(LIMA)

    def cards(self, listing: Listing, language: str, channel: str) -> Sequence[str]:
        """As a person would see it."""
        return preview.cards(self._room.house, listing, language, channel)


def _editor(connection: Connection, member: Member) -> Editor:
    """Somebody of the staff as the directory knows her; her organization goes by code or name."""
    written = member.organization_id or ""
    is_code = written.isascii() and written.isdigit()
    known = Organization.id == int(written) if is_code else Organization.name == written
    number = connection.scalar(select(Organization.id).where(known)) if written else None
    return Editor(member.id, member.name, number, is_reviewer=member.may("review"))
