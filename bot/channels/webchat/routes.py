"""The paths of the web chat (INTERFACE 3)."""

from __future__ import annotations

import secrets
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from fastapi import APIRouter, Request
from fastapi.responses import (
    HTMLResponse,
    JSONResponse,
    RedirectResponse,
    Response,
    StreamingResponse,
)

from bot.channels.webchat import page, session, wire
from bot.channels.webchat.pace import Pace
from bot.channels.webchat.streams import MessagesAfter, Streams, follow
from bot.errors import NoSuchContact, RejectedInbound, StoreUnavailable
from bot.messages import Inbound, Message

Receive = Callable[[Inbound], Awaitable[Sequence[Message] | None]]
"""Takes a turn and returns once it is durably stored; StoreUnavailable when it is not.

None while the session goes on: its replies are in the store. When the turn ended it (exit, erase),
the last words, which then come from memory only: an erased contact has no store to read from."""

Words = Callable[[str], Mapping[str, str]]
"""The page's labels (`flows/web.yaml`) in a language, in Spanish where it has none."""

Emergency = Callable[[str], str | None]
"""The danger text for an urgent text, from memory, or None; asked when the store is down."""

SPANISH = "es"


@dataclass(frozen=True)
class _Chat:
    receive: Receive
    messages_after: MessagesAfter
    words: Words
    emergency: Emergency
    streams: Streams
    is_https: bool
    pace: Pace = field(default_factory=Pace)

    async def show(self, request: Request) -> Response:
        """`GET /`: the page, with what was answered in this session."""
        token = session.token_in(request, is_https=self.is_https)
        if token and session.has_left(request):
            await self._end(token)
            token = None
        if token:
            return await self._page(token)
        response = self._html((), SPANISH)
        session.keep(response, session.new_token(), is_https=self.is_https)
        return response

    async def post(self, request: Request) -> Response:
        """`POST /web/messages`: one turn, as JSON or as a plain form."""
        is_form = wire.is_form(request.headers)
        token = session.token_in(request, is_https=self.is_https)
        if not session.is_same_origin(request.headers):
            return await self._refuse(403, "elsewhere", is_form=is_form)
        if token is None:
            return _home() if is_form else await self._refuse(403, "no_session", is_form=False)
        try:
            posted = wire.read(await wire.body_of(request), is_form=is_form)
        except RejectedInbound as refusal:
            return await self._refuse(refusal.status, str(refusal), token=token, is_form=is_form)
        return await self._turn(token, posted, is_form=is_form)

    async def events(self, request: Request) -> Response:
        """`GET /web/events`: what comes later, from after the last position that was seen."""
        token = session.token_in(request, is_https=self.is_https)
        if token is None or not session.is_same_origin(request.headers):
            return await self._refuse(403, "no_session", is_form=False)
        seen = request.headers.get("last-event-id") or request.query_params.get("after", "")
        position = int(seen) if seen.isascii() and seen.isdigit() and len(seen) <= 16 else 0
        address = session.address_of(token)
        return StreamingResponse(
            follow(address, position, self.messages_after, self.streams),
            media_type="text/event-stream",
            headers={**page.HEADERS, "X-Accel-Buffering": "no"},
        )

    async def leave(self, request: Request) -> Response:
        """`/web/exit`: the quick exit, a link (GET) without script and a beacon (POST) with it.

        It may be a link because doing it twice is doing it once, and because SameSite=Strict
        keeps the cookie from any link that stands on another site.
        """
        token = session.token_in(request, is_https=self.is_https)
        if token:
            await self._end(token)
        response = (
            RedirectResponse(page.AWAY, 303, headers=page.HEADERS)
            if request.method == "GET"
            else Response(status_code=204, headers=page.HEADERS)
        )
        session.drop(response, is_https=self.is_https)
        return response

    async def _turn(self, token: str, posted: wire.Posted, *, is_form: bool) -> Response:
        address = session.address_of(token)
        if not self.pace.take(address):
            return await self._refuse(429, "too_fast", token=token, posted=posted, is_form=is_form)
        try:
            seen = posted.after
            if seen is None and not is_form:
                seen = max((at for at, _, _ in await self._after(address, 0)), default=0)
            last_words = await self.receive(posted.inbound(address))
            if last_words is not None:
                return self._farewell(address, last_words, posted, is_form=is_form)
            self.streams.wake(address)
            if is_form:
                return _home()
            replies = await self._after(address, seen or 0)
        except StoreUnavailable:
            return await self._refuse(503, "unavailable", posted=posted, is_form=is_form)
        return _json([wire.written(message, tongue, at) for at, message, tongue in replies])

    def _farewell(
        self, address: str, last_words: Sequence[Message], posted: wire.Posted, *, is_form: bool
    ) -> Response:
        self.streams.close(address)
        language = posted.language or SPANISH
        response: Response
        if is_form:
            response = self._html([(None, message, language) for message in last_words], language)
        else:
            response = _json([wire.written(each, language) for each in last_words], is_over=True)
        session.drop(response, is_https=self.is_https)
        return response

    async def _after(self, address: str, position: int) -> Sequence[tuple[int, Message, str]]:
        try:
            return await self.messages_after(address, position)
        except NoSuchContact:  # erased while she was asking
            return ()

    async def _end(self, token: str) -> None:
        address = session.address_of(token)
        self.streams.close(address)
        leaving = Inbound("web", address, f"{address}:{secrets.token_urlsafe(12)}", text="salir")
        try:
            await self.receive(leaving)
        except StoreUnavailable:
            return  # the cookie goes all the same: without it nobody reaches the conversation

    async def _refuse(
        self,
        status: int,
        reason: str,
        *,
        is_form: bool,
        token: str | None = None,
        posted: wire.Posted | None = None,
    ) -> Response:
        """One clear sentence, and the emergency text when what could not be taken is urgent."""
        language = (posted and posted.language) or SPANISH
        urgent = self.emergency(posted.text) if posted and posted.text else None
        help_now = [Message(urgent, kind="danger")] if urgent else []
        if is_form:
            return await self._page(
                token, status=status, reason=reason, posted=posted, also=help_now
            )
        return _json(
            [wire.written(message, language) for message in help_now],
            status=status,
            error=self.words(language)[reason],
        )

    async def _page(
        self,
        token: str | None,
        *,
        status: int = 200,
        reason: str = "",
        posted: wire.Posted | None = None,
        also: Sequence[Message] = (),
    ) -> Response:
        shown: list[page.Shown] = []
        try:
            if token:
                shown += await self._after(session.address_of(token), 0)
        except StoreUnavailable:
            status, reason = 503, reason or "unavailable"
        language = shown[-1][2] if shown else SPANISH
        shown += [(None, message, language) for message in also]
        return self._html(shown, language, status=status, reason=reason, posted=posted)

    def _html(
        self,
        shown: Sequence[page.Shown],
        language: str,
        *,
        status: int = 200,
        reason: str = "",
        posted: wire.Posted | None = None,
    ) -> Response:
        words = self.words(language)
        html = page.render(
            shown,
            words,
            language,
            notice=words[reason] if reason else "",
            unsent=(posted and posted.text) or "",
            unsent_id=posted.id if posted else None,
        )
        return HTMLResponse(html, status, headers=page.HEADERS)


def router(
    *,
    receive: Receive,
    messages_after: MessagesAfter,
    words: Words,
    emergency: Emergency,
    streams: Streams,
    is_https: bool,
    pace: Pace | None = None,
) -> APIRouter:
    """All paths of the web chat, over the ports it is given.

    `streams` is shared with whoever has news for an address (`Streams.wake`); `is_https` says how
    the page is reached from outside and makes the cookie Secure.
    """
    chat = _Chat(receive, messages_after, words, emergency, streams, is_https, pace or Pace())
    paths = APIRouter(include_in_schema=False)
    paths.add_api_route("/", chat.show, methods=["GET"])
    paths.add_api_route("/web/messages", chat.post, methods=["POST"])
    paths.add_api_route("/web/events", chat.events, methods=["GET"])
    paths.add_api_route("/web/exit", chat.leave, methods=["GET", "POST"])
    for name, asset in page.assets().items():
        paths.add_api_route(f"/web/{name}", _sender(asset), methods=["GET"])
    return paths


def _sender(asset: page.Asset) -> Callable[[Request], Awaitable[Response]]:
    headers = {**page.HEADERS, "Cache-Control": "no-cache", "ETag": asset.etag}

    async def send(request: Request) -> Response:
        if request.headers.get("if-none-match") == asset.etag:
            return Response(status_code=304, headers=headers)
        return Response(asset.content, media_type=asset.media_type, headers=headers)

    return send


def _home() -> Response:
    return RedirectResponse("/", 303, headers=page.HEADERS)


def _json(messages: list[dict[str, Any]], *, status: int = 200, **more: object) -> Response:
    return JSONResponse({**more, "messages": messages}, status, headers=page.HEADERS)
