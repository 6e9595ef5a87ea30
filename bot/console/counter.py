"""What the console lends to pages for people who never sign in: the shell, the store, the clock.

`directory.confirming` asks for it; the directory itself knows nothing of the console.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from bot.console import sessions
from bot.console.pages import preferred
from bot.console.room import Room, opened
from directory.confirming import Handler

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Counter:
    """The room's door to the street."""

    room: Room

    def endpoint(self, handler: Handler) -> Handler:
        """A path for everybody; a broken form is answered with one sentence."""
        return opened(self.room, lambda _, request: handler(request))

    def page(self, request: Request, template: str, status: int, **values: Any) -> Response:
        """A page in the language that her browser asks for."""
        return self.room.pages.page(template, preferred(request), status, **values)

    async def fields(self, request: Request) -> Mapping[str, str]:
        """The fields of a posted form, of this site's own page."""
        return await sessions.fields_of(request, None)

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read the store."""
        return await self.room.read(work)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """One transaction; what it published is searched within seconds."""
        return await self.room.write(work)

    def now(self) -> datetime:
        """The house's clock."""
        return self.room.now()
