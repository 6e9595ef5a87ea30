"""Enrolment with a one-time link, signing in, signing out, and the language of the console."""

from __future__ import annotations

import io

import segno
from sqlalchemy import Connection, update
from starlette.requests import Request
from starlette.responses import Response

from bot import onetime, pace
from bot.console import sessions
from bot.console.pages import HEADERS, LANGUAGES, preferred
from bot.console.room import HOME, SIGN_IN, Room, Visit, go
from bot.errors import SigninRefused
from bot.models import Staff
from bot.signin import SHORTEST_PASSWORD, Offer, member_of

_QR_SCALE = 5


async def show_signin(room: Room, request: Request) -> Response:
    """`GET /console/signin`."""
    if await room.visitor(request) is not None:
        return go(HOME)
    wrong = "form_over" if "over" in request.query_params else ""
    return _signin_page(room, request, wrong=wrong)


async def post_signin(room: Room, request: Request) -> Response:
    """`POST /console/signin`: name, password and code; which was wrong is not said."""
    fields = await sessions.fields_of(request, None)
    name, code = fields.get("name", ""), fields.get("code", "")
    password, now = fields.get("password", ""), room.now()
    device = sessions.device_in(request, is_https=room.is_https)
    try:
        kept = await room.read(
            lambda connection: room.porter.kept_hash(connection, name, now, device=device)
        )
        is_right = await room.hash(lambda: room.porter.matches(kept, password))
        token = await room.write(
            lambda connection: room.porter.sign_in(
                connection, name, code, now, is_right=is_right, device=device
            )
        )
    except SigninRefused as refusal:
        return _signin_page(room, request, 429, str(refusal), name)
    if token is None:
        return _signin_page(room, request, 403, "signin_wrong", name)
    return await _let_in(room, request, token)


async def ask_for_passkey(room: Room, request: Request) -> Response:
    """`POST /console/signin/passkey`: name and password, then a key; the same page comes whether
    they were right or not."""
    fields = await sessions.fields_of(request, None)
    name, password, now = fields.get("name", ""), fields.get("password", ""), room.now()
    site, device = room.site(request), sessions.device_in(request, is_https=room.is_https)
    try:
        if site is None:
            raise SigninRefused("passkey_no_name")
        kept = await room.read(
            lambda connection: room.porter.kept_hash(connection, name, now, device=device)
        )
        is_right = await room.hash(lambda: room.porter.matches(kept, password))
        ticket, options = await room.write(
            lambda connection: room.porter.invite(
                connection, site, name, now, is_right=is_right, device=device
            )
        )
    except SigninRefused as refusal:
        return _signin_page(room, request, 429, str(refusal), name)
    return room.pages.page(
        "passkey.html", preferred(request), visit=None, kind="get", ticket=ticket, options=options
    )


async def post_passkey(room: Room, request: Request) -> Response:
    """`POST /console/signin/passkey/done`: what her key answered."""
    fields = await sessions.fields_of(request, None)
    ticket, answer = fields.get("ticket", ""), fields.get("answer", "")
    site, now = room.site(request), room.now()
    try:
        if site is None:
            raise SigninRefused("passkey_no_name")
        token = await room.write(
            lambda connection: room.porter.sign_in_with_passkey(
                connection, site, ticket, answer, now
            )
        )
    except SigninRefused as refusal:
        return _signin_page(room, request, 403, str(refusal))
    if token is None:
        return _signin_page(room, request, 403, "passkey_wrong")
    return await _let_in(room, request, token)


async def show_enrolment(room: Room, request: Request) -> Response:
    """`GET /console/enroll/{token}`: changes nothing; the link stays good until it is used."""
    return _enrolment_page(room, request, await _offer(room, request))


async def show_picture(room: Room, request: Request) -> Response:
    """`GET /console/enroll/{token}/code.svg`: the second factor for a telephone's camera."""
    offer = await _offer(room, request)
    drawn = io.BytesIO()
    segno.make(onetime.address(offer.secret, offer.name), micro=False).save(
        drawn, kind="svg", scale=_QR_SCALE, border=4, dark="#000", light="#fff"
    )
    return Response(drawn.getvalue(), media_type="image/svg+xml", headers=HEADERS)


async def post_enrolment(room: Room, request: Request) -> Response:
    """`POST /console/enroll/{token}`: password and a first code; she is signed in."""
    link, now = request.path_params["token"], room.now()
    fields = await sessions.fields_of(request, None)
    offer = await _offer(room, request)
    try:
        hashed = await room.hash(lambda: room.porter.hashed(fields.get("password", "")))
        token = await room.write(
            lambda connection: room.porter.enrol(
                connection, link, hashed, fields.get("code", ""), now
            )
        )
    except SigninRefused as refusal:
        if str(refusal) == "link_over":
            raise
        return _enrolment_page(room, request, offer, 422, str(refusal))
    return await _let_in(room, request, token)


async def post_signout(room: Room, visit: Visit) -> Response:
    """`POST /console/signout`."""
    now = room.now()
    await room.write(
        lambda connection: room.porter.sign_out(connection, visit.token, visit.member.id, now)
    )
    response = go(SIGN_IN)
    sessions.drop(response, is_https=room.is_https)
    return response


async def post_language(room: Room, visit: Visit) -> Response:
    """`POST /console/language`: the console's, not a conversation's."""
    language = visit.fields.get("language", "")
    if language in LANGUAGES:

        def keep(connection: Connection) -> None:
            mine = Staff.id == visit.member.id
            connection.execute(update(Staff).where(mine).values(language=language))

        await room.write(keep)
    return go(HOME)


async def _offer(room: Room, request: Request) -> Offer:
    link, now = request.path_params["token"], room.now()
    return await room.read(lambda connection: room.porter.offer(connection, link, now))


async def _let_in(room: Room, request: Request, token: str) -> Response:
    """In, with a session of its own: one that the browser had before is over."""
    before, now = sessions.token_in(request, is_https=room.is_https), room.now()
    if before is not None:
        await room.write(lambda connection: room.porter.end(connection, before))
    member = await room.read(lambda connection: member_of(connection, token, now))
    response = go(HOME)
    sessions.keep(response, token, is_https=room.is_https)
    if member is not None:
        device = pace.device(room.porter.masters, member.name)
        sessions.know_device(response, device, is_https=room.is_https)
    return response


def _signin_page(
    room: Room, request: Request, status: int = 200, wrong: str = "", name: str = ""
) -> Response:
    return room.pages.page(
        "signin.html",
        preferred(request),
        status,
        wrong=wrong,
        name=name,
        visit=None,
        has_site=room.site(request) is not None,
    )


def _enrolment_page(
    room: Room, request: Request, offer: Offer, status: int = 200, wrong: str = ""
) -> Response:
    spelled = onetime.spelled(offer.secret)
    return room.pages.page(
        "enroll.html",
        preferred(request),
        status,
        wrong=wrong,
        name=offer.name,
        link=request.path_params["token"],
        secret=" ".join(spelled[start : start + 4] for start in range(0, len(spelled), 4)),
        shortest=SHORTEST_PASSWORD,
        visit=None,
    )
