"""The session of the web chat: a random cookie, the address made from it, who may post."""

from __future__ import annotations

import hashlib
import re
import secrets
from urllib.parse import urlsplit

from starlette.datastructures import Headers
from starlette.requests import Request
from starlette.responses import Response

LEFT = "left"
"""Cookie that the page sets by script when she leaves: the server hears of an exit made offline."""

_TOKEN = re.compile(r"[A-Za-z0-9_-]{43}")  # 256 bits as `secrets.token_urlsafe(32)` writes them


def new_token() -> str:
    """256 random bits: the whole secret of a web session."""
    return secrets.token_urlsafe(32)


def address_of(token: str) -> str:
    """The address of an `Inbound`: a one-way hash, so that the store never holds the cookie.

    No key is needed, since 256 random bits cannot be guessed from their hash, and so a session
    outlives the rotation of keys.
    """
    return "web:" + hashlib.sha256(b"web session\0" + token.encode()).hexdigest()


def token_in(request: Request, *, is_https: bool) -> str | None:
    """The session's token, or None when the cookie is absent or not of our making."""
    token = request.cookies.get(_cookie_name(is_https), "")
    return token if _TOKEN.fullmatch(token) else None


def has_left(request: Request) -> bool:
    """True after a quick exit that the server may not have heard of."""
    return LEFT in request.cookies


def keep(response: Response, token: str, *, is_https: bool) -> None:
    """Set the cookie, which goes when the browser closes, and forget an earlier exit."""
    response.delete_cookie(LEFT)
    response.set_cookie(
        _cookie_name(is_https), token, secure=is_https, httponly=True, samesite="strict"
    )


def drop(response: Response, *, is_https: bool) -> None:
    """Take the cookie away: whoever opens the page next starts anew."""
    response.delete_cookie(LEFT)
    response.delete_cookie(
        _cookie_name(is_https), secure=is_https, httponly=True, samesite="strict"
    )


def is_same_origin(headers: Headers) -> bool:
    """False for a request that a browser says another site made.

    `Sec-Fetch-Site` decides where the browser sends it, `Origin` against `Host` elsewhere; without
    either it is no browser. SameSite=Strict stands behind both.
    """
    site = headers.get("sec-fetch-site")
    if site is not None:
        return site == "same-origin"
    origin = headers.get("origin")
    return origin is None or urlsplit(origin).netloc == headers.get("host")


def _cookie_name(is_https: bool) -> str:
    # `__Host-` makes browsers refuse the cookie from a subdomain, a path or plain http.
    return "__Host-s" if is_https else "s"
