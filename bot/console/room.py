"""What every handler of the console needs, and the one door through which all paths go."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any, TypeVar

from sqlalchemy import Connection
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response

from bot import passkeys, signin
from bot.audit import Ledger
from bot.calling import Way
from bot.console import sessions
from bot.console.live import Live
from bot.console.pages import HEADERS, Pages, preferred
from bot.errors import (
    CommandRefused,
    HandoffRefused,
    KuskaError,
    NoSuchContact,
    RejectedInbound,
    SigninRefused,
    StoreUnavailable,
)
from bot.house import House
from bot.passkeys import Site
from bot.pings import Pings
from bot.signin import Porter
from bot.staff import Member, Right, Roster
from bot.store import Store

T = TypeVar("T")
HOME, SIGN_IN = "/console", "/console/signin"
LONGEST_SUBJECT = 80
"""Letters of what a deed was about; an address that somebody tried may be longer."""
HASHING_AT_ONCE, HASHING_WAITS = 2, 20
"""Each takes 64 MB and a fifth of a second; beyond what waits, one is told to come back."""


@dataclass(frozen=True, slots=True)
class Visit:
    """One request of somebody signed in; `fields` of a form that was posted, and its `file`."""

    request: Request
    member: Member
    token: str
    fields: Mapping[str, str]
    file: bytes = b""

    @property
    def form(self) -> str:
        """The token of her forms."""
        return sessions.form_token(self.token)

    @property
    def is_live(self) -> bool:
        """Whether our script posted, which wants a sentence and not a page."""
        return self.request.headers.get("accept") == "text/plain"


@dataclass(slots=True)
class Room:
    """House, store and doors; one for the process."""

    house: House
    store: Store
    porter: Porter
    roster: Roster
    pings: Pings
    ways: Mapping[str, Way]
    ledger: Ledger
    live: Live
    public_url: str
    pages: Pages = field(init=False)
    _hashing: ThreadPoolExecutor = field(init=False)
    _waiting: int = 0

    def __post_init__(self) -> None:
        self.pages = Pages(self.house)
        self._hashing = ThreadPoolExecutor(HASHING_AT_ONCE, thread_name_prefix="passwords")

    @property
    def is_https(self) -> bool:
        """Whether cookies may travel enciphered only."""
        return self.public_url.startswith("https://")

    def site(self, request: Request) -> Site | None:
        """Where passkeys are good; None at an address that has no name."""
        return passkeys.site_of(self.public_url, request.headers.get("host", ""))

    async def read(self, work: Callable[[Connection], T]) -> T:
        """Read the store, away from the event loop."""

        def reading() -> T:
            with self.store.read() as connection:
                return work(connection)

        return await asyncio.to_thread(reading)

    async def write(self, work: Callable[[Connection], T]) -> T:
        """One transaction; durable when it returns."""
        return await self.store.worker.run(work)

    async def hash(self, work: Callable[[], T]) -> T:
        """Work on a password, a few at a time."""
        if self._waiting >= HASHING_WAITS:
            raise SigninRefused("too_often")
        self._waiting += 1
        try:
            return await asyncio.get_running_loop().run_in_executor(self._hashing, work)
        finally:
            self._waiting -= 1

    def now(self) -> datetime:
        """The house's clock."""
        return self.house.clock()

    async def visitor(self, request: Request) -> Visit | None:
        """Who is signed in, if anybody is."""
        token = sessions.token_in(request, is_https=self.is_https)
        if token is None:
            return None
        now = self.now()
        member = await self.read(lambda connection: signin.member_of(connection, token, now))
        return None if member is None else Visit(request, member, token, {})

    async def refuse(
        self, visit: Visit, action: str, status: int, word: str, subject: str | None = None
    ) -> Response:
        """What she may not do is said, and recorded."""
        member, now = visit.member, self.now()
        subject = subject and subject[:LONGEST_SUBJECT]
        await self.write(
            lambda connection: self.ledger.record(
                connection, member.id, action, now, subject=subject
            )
        )
        return self.say(visit.request, visit, status, word)

    def say(self, request: Request, visit: Visit | None, status: int, word: str) -> Response:
        """One clear sentence: a phrase's name, or the sentence itself."""
        language = visit.member.language if visit else preferred(request)
        said = self.pages.words(language).get(word, word)
        if request.headers.get("accept") == "text/plain":
            return PlainTextResponse(said, status, headers=HEADERS)
        return self.pages.page("sentence.html", language, status, said=said, visit=visit)


Handler = Callable[[Room, Visit], Awaitable[Response]]


def guarded(
    room: Room, right: Right, handler: Handler, *, takes_file: bool = False
) -> Callable[[Request], Awaitable[Response]]:
    """A path that is open only to a session whose role has `right`; what is refused is one
    sentence, never a 500."""

    async def endpoint(request: Request) -> Response:
        visit: Visit | None = None
        try:
            visit = await room.visitor(request)
            if visit is None:
                return signed_out(room, request)
            if not visit.member.may(right):
                return await room.refuse(visit, "refused", 403, "not_allowed", request.url.path)
            if request.method == "POST" and takes_file:
                fields, file = await sessions.upload_of(request, visit.token)
                visit = replace(visit, fields=fields, file=file)
            elif request.method == "POST":
                visit = replace(visit, fields=await sessions.fields_of(request, visit.token))
            await _seen(room, visit)
            return await handler(room, visit)
        except KuskaError as error:
            status, word = _answer(error)
            return room.say(request, visit, status, word)

    return endpoint


def opened(
    room: Room, handler: Callable[[Room, Request], Awaitable[Response]]
) -> Callable[[Request], Awaitable[Response]]:
    """A path for everybody: signing in, enrolling, and the files of pages."""

    async def endpoint(request: Request) -> Response:
        try:
            return await handler(room, request)
        except KuskaError as error:
            status, word = _answer(error)
            return room.say(request, None, status, word)

    return endpoint


def signed_out(room: Room, request: Request) -> Response:
    """To the sign-in; our script is told instead, so that what was typed stays."""
    if request.headers.get("accept") == "text/plain":
        return room.say(request, None, 403, "session_over")
    # A form that came too late is not sent anywhere: the sign-in says so.
    path = f"{SIGN_IN}?over" if request.method == "POST" else SIGN_IN
    response = RedirectResponse(path, 303, headers=HEADERS)
    sessions.drop(response, is_https=room.is_https)
    return response


def go(path: str) -> Response:
    """To another page of the console."""
    return RedirectResponse(path, 303, headers=HEADERS)


async def _seen(room: Room, visit: Visit) -> None:
    """She did something herself; a stream of her page is not that."""
    if visit.request.url.path.endswith("/events"):
        return
    now = room.now()
    await room.write(lambda connection: signin.touch(connection, visit.token, now, is_active=True))


def _answer(error: Any) -> tuple[int, str]:
    match error:
        case RejectedInbound():
            return error.status, str(error)
        case SigninRefused():
            return (410 if str(error) == "link_over" else 403), str(error)
        case HandoffRefused():
            return 409, str(error)
        case CommandRefused():
            return 409, error.word
        case NoSuchContact():
            return 410, "case_gone"
        case StoreUnavailable():
            return 503, "unavailable"
        case _:
            return 400, "unreadable"
