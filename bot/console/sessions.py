"""The cookie of a staff session, the token on its forms, and what a browser may post."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response

from bot.channels.base import tidy
from bot.channels.webchat.session import is_same_origin
from bot.errors import RejectedInbound
from bot.signin import LONGEST

MAX_BODY = 128 * 1024
"""Bytes; a letter takes up to nine of them in a form, and a referral form has 12,000."""
MAX_FIELDS = 200
"""A service of the directory has forty, and a box to tick for each topic."""
_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")


def token_in(request: Request, *, is_https: bool) -> str | None:
    """The session's token, or None when the cookie is absent or not of our making."""
    token = request.cookies.get(_cookie_name(is_https), "")
    return token if _TOKEN.fullmatch(token) else None


def keep(response: Response, token: str, *, is_https: bool) -> None:
    """Set the cookie; the store decides how long it is good for."""
    response.set_cookie(
        _cookie_name(is_https),
        token,
        max_age=int(LONGEST.total_seconds()),
        secure=is_https,
        httponly=True,
        samesite="strict",
    )


def drop(response: Response, *, is_https: bool) -> None:
    """Take the cookie away."""
    response.delete_cookie(
        _cookie_name(is_https), secure=is_https, httponly=True, samesite="strict"
    )


def form_token(token: str) -> str:
    """What every form of a session carries: another site can neither read nor guess it."""
    return hashlib.sha256(b"console form\0" + token.encode()).hexdigest()


async def fields_of(request: Request, token: str | None) -> Mapping[str, str]:
    """The fields of a form; `RejectedInbound` when it is too large, broken, or another site's.

    `token` is the session's; None before there is one: then the browser's word must do.
    """
    if not is_same_origin(request.headers):
        raise RejectedInbound(403, "elsewhere")
    try:
        pairs = parse_qsl(
            (await _body(request)).decode("ascii"),
            errors="strict",
            max_num_fields=MAX_FIELDS,
            keep_blank_values=True,
        )
    except ValueError:
        raise RejectedInbound(400, "unreadable") from None
    fields = {name: tidy(value).strip() for name, value in pairs}
    if token is not None and not hmac.compare_digest(
        fields.get("form", "").encode(), form_token(token).encode()
    ):
        raise RejectedInbound(403, "elsewhere")
    return fields


async def _body(request: Request) -> bytes:
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise RejectedInbound(413, "too_large")
    except ClientDisconnect:
        raise RejectedInbound(400, "unreadable") from None
    return bytes(body)


def _cookie_name(is_https: bool) -> str:
    # `__Host-` makes browsers refuse the cookie from a subdomain, a path or plain http.
    return "__Host-staff" if is_https else "staff"
