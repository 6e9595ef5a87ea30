"""What the directory's pages need of the house they stand in: session, rights, shell, store.

The composition root gives it (`web.router`), so that nothing here knows of conversations.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, Protocol, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import Response

from directory.listing import Listing
from directory.proposals import Editor
from directory.search import Directory

T = TypeVar("T")
HOME = "/directory"
Right = Literal["edit", "review"]


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody who may edit; `fields` of a form that was posted, `inside` what the
    shell wants back with each page, `file` what the form sent as one."""

    request: Request
    editor: Editor
    fields: Mapping[str, str]
    inside: object
    file: bytes = b""


Handler = Callable[[Visit], Awaitable[Response]]
Endpoint = Callable[[Request], Awaitable[Response]]


class Desk(Protocol):
    """The house, as an editor's pages see it."""

    languages: Mapping[str, str]
    """In which a card can be shown, with their names."""

    def endpoint(self, right: Right, handler: Handler, *, takes_file: bool = False) -> Endpoint:
        """A path open only to a session with this right. What a handler raises of this package is
        one sentence; NotAllowed is a 403, and recorded."""

    def page(self, visit: Visit, template: str, status: int = 200, **values: object) -> Response:
        """A page in the shell."""

    def go(self, path: str) -> Response:
        """To another page."""

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read the store."""

    async def write(self, work: Callable[[Connection], T]) -> T:
        """One transaction, durable when it returns; what it published is searched from then on."""

    def record(self, connection: Connection, visit: Visit, action: str, subject: str) -> None:
        """Write a deed down where nobody can change it, in the transaction of the deed."""

    def link(self, code: str) -> str:
        """A link by which a service's own staff confirm its entry."""

    def directory(self) -> Directory:
        """What is searched now."""

    def now(self) -> datetime:
        """The house's clock, in Lima time."""

    def cards(self, listing: Listing, language: str, channel: str) -> Sequence[str]:
        """The messages by which a person would see it."""
