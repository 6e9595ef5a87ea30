"""Her account: second factors, password, signing out everywhere. Each change asks for the password:
an open page that she left is not she."""

from __future__ import annotations

from collections.abc import Callable

import segno
from sqlalchemy import Connection
from starlette.responses import PlainTextResponse, Response

from bot import account, onetime, pace, passkeys
from bot.console import sessions
from bot.console.pages import HEADERS
from bot.console.room import HOME, SIGN_IN, Room, Visit, go
from bot.errors import SigninRefused
from bot.signin import SHORTEST_PASSWORD

ACCOUNT = f"{HOME}/account"
_QR_SCALE = 5


async def show(room: Room, visit: Visit) -> Response:
    """`GET /console/account`."""
    return await _page(room, visit)


async def show_form_token(room: Room, visit: Visit) -> Response:
    """`GET /console/form`: for a page that was open when the session before ended."""
    return PlainTextResponse(visit.form, headers=HEADERS)


async def offer_key(room: Room, visit: Visit) -> Response:
    """`POST …/passkeys`: the page that asks her device for a key."""
    site, now = room.site(visit.request), room.now()
    title = visit.fields.get("title", "")
    try:
        if site is None:
            raise SigninRefused("passkey_no_name")
        if not title:
            raise SigninRefused("passkey_needs_title")
        await _require_herself(room, visit)
        ticket, options = await room.write(
            lambda connection: passkeys.offer(connection, site, visit.member, title, now)
        )
    except SigninRefused as refusal:
        return await _page(room, visit, refusal)
    return room.pages.page(
        "passkey.html",
        visit.member.language,
        visit=visit,
        kind="create",
        ticket=ticket,
        options=options,
    )


async def keep_key(room: Room, visit: Visit) -> Response:
    """`POST …/passkeys/done`: what her device made."""
    site, now, member = room.site(visit.request), room.now(), visit.member
    ticket, answer = visit.fields.get("ticket", ""), visit.fields.get("answer", "")
    try:
        if site is None:
            raise SigninRefused("passkey_no_name")
        # In a transaction of its own: an answer that is refused has used up its challenge.
        asked = await room.write(
            lambda connection: passkeys.take(connection, "register", ticket, now)
        )
        if asked.staff_id != member.id:
            raise SigninRefused("passkey_refused")
        made = await room.hash(lambda: passkeys.verify_new(site, asked, answer))

        def keep(connection: Connection) -> None:
            passkeys.keep(connection, member.id, made, asked.title, now)
            room.ledger.record(connection, member.id, "passkey", now)

        await room.write(keep)
    except SigninRefused as refusal:
        return await _page(room, visit, refusal)
    return go(ACCOUNT)


async def remove_key(room: Room, visit: Visit) -> Response:
    """`POST …/passkeys/remove`."""
    key, now = visit.fields.get("key", ""), room.now()
    key_id = int(key) if key.isascii() and key.isdigit() and len(key) <= 18 else 0
    return await _change(
        room,
        visit,
        lambda connection: account.remove_key(
            connection, room.ledger, visit.member.id, key_id, now
        ),
    )


async def remove_code(room: Room, visit: Visit) -> Response:
    """`POST …/code/remove`."""
    now = room.now()
    return await _change(
        room,
        visit,
        lambda connection: account.remove_code(connection, room.ledger, visit.member.id, now),
    )


async def offer_code(room: Room, visit: Visit) -> Response:
    """`POST …/code`: a new secret for her telephone, which counts once a code of it was typed."""
    now, secret = room.now(), onetime.new_secret()
    try:
        await _require_herself(room, visit)
        ticket = await room.write(
            lambda connection: room.porter.offer_code(connection, visit.member.id, secret, now)
        )
    except SigninRefused as refusal:
        return await _page(room, visit, refusal)
    return _code_page(room, visit, ticket, secret)


async def keep_code(room: Room, visit: Visit) -> Response:
    """`POST …/code/done`: proved with a first code."""
    ticket, code, now = visit.fields.get("ticket", ""), visit.fields.get("code", ""), room.now()
    try:
        fresh = await room.write(
            lambda connection: room.porter.change_code(
                connection, visit.member.id, ticket, code, now
            )
        )
    except SigninRefused as refusal:
        return await _page(room, visit, refusal)
    return go(ACCOUNT) if fresh is None else _code_page(room, visit, *fresh, wrong="code_wrong")


async def change_password(room: Room, visit: Visit) -> Response:
    """`POST …/password`: here she stays signed in, everywhere else she is out."""
    now, member = room.now(), visit.member
    try:
        await _require_herself(room, visit)
        hashed = await room.hash(lambda: room.porter.hashed(visit.fields.get("new", "")))
    except SigninRefused as refusal:
        return await _page(room, visit, refusal)
    token = await room.write(
        lambda connection: account.change_password(
            connection, room.ledger, member.id, hashed, visit.token, now
        )
    )
    response = go(ACCOUNT)
    sessions.keep(response, token, is_https=room.is_https)
    return response


async def sign_out_everywhere(room: Room, visit: Visit) -> Response:
    """`POST …/everywhere`: no password is asked, for she may be in a hurry."""
    now = room.now()
    await room.write(
        lambda connection: account.sign_out_everywhere(
            connection, room.ledger, visit.member.id, now
        )
    )
    response = go(SIGN_IN)
    sessions.drop(response, is_https=room.is_https)
    return response


async def _change(room: Room, visit: Visit, work: Callable[[Connection], None]) -> Response:
    try:
        await _require_herself(room, visit)
        await room.write(work)
    except SigninRefused as refusal:
        return await _page(room, visit, refusal)
    return go(ACCOUNT)


async def _require_herself(room: Room, visit: Visit) -> None:
    """Raise `SigninRefused` unless her password came along; wrong ones are paced as at the door."""
    name, now = visit.member.name, room.now()
    device = sessions.device_in(visit.request, is_https=room.is_https)
    kept = await room.read(
        lambda connection: room.porter.kept_hash(connection, name, now, device=device)
    )
    password = visit.fields.get("password", "")
    if not await room.hash(lambda: room.porter.matches(kept, password)):
        counted = pace.counted(room.porter.masters, name, device)
        await room.write(lambda connection: pace.slow_down(connection, counted, now))
        raise SigninRefused("password_wrong")


async def _page(room: Room, visit: Visit, refusal: SigninRefused | None = None) -> Response:
    now = room.now()
    standing = await room.read(
        lambda connection: account.standing(connection, visit.member.id, now)
    )
    return room.pages.page(
        "account.html",
        visit.member.language,
        200 if refusal is None else 422,
        visit=visit,
        standing=standing,
        wrong="" if refusal is None else str(refusal),
        shortest=SHORTEST_PASSWORD,
        has_site=room.site(visit.request) is not None,
    )


def _code_page(
    room: Room, visit: Visit, ticket: str, secret: bytes, *, wrong: str = ""
) -> Response:
    drawn = segno.make(onetime.address(secret, visit.member.name), micro=False)
    spelled = onetime.spelled(secret)
    return room.pages.page(
        "code.html",
        visit.member.language,
        422 if wrong else 200,
        visit=visit,
        ticket=ticket,
        picture=drawn.svg_inline(scale=_QR_SCALE, border=4, dark="#000", light="#fff"),
        secret=" ".join(spelled[start : start + 4] for start in range(0, len(spelled), 4)),
        wrong=wrong,
    )
