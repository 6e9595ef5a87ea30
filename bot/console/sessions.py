"""The cookie of a staff session, the token on its forms, and what a browser may post."""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Mapping
from urllib.parse import parse_qsl

from starlette.datastructures import UploadFile
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.types import Message

from bot.channels.base import tidy
from bot.channels.webchat.session import is_same_origin
from bot.errors import RejectedInbound
from bot.signin import LONGEST

MAX_BODY = 128 * 1024
"""Bytes; a letter takes up to nine of them in a form, and a referral form has 12,000."""
MAX_UPLOAD = 12 * 2**20
"""Bytes; a spreadsheet of the directory's editor has at most ten million, with its form around."""
MAX_DRAINED = 100 * 2**20
"""So much of a heavier one is read and dropped, because a browser hears no answer before."""
MAX_FIELDS = 200
"""A service of the directory has forty, and a box to tick for each topic."""
DEVICE_SECONDS = 90 * 24 * 3600
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


def device_in(request: Request, *, is_https: bool) -> str:
    """What says that she has come in with this browser before; empty when nothing does."""
    return request.cookies.get(_device_name(is_https), "")


def know_device(response: Response, device: str, *, is_https: bool) -> None:
    """Let the browser say so next time."""
    response.set_cookie(
        _device_name(is_https),
        device,
        max_age=DEVICE_SECONDS,
        secure=is_https,
        httponly=True,
        samesite="strict",
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


async def upload_of(request: Request, token: str) -> tuple[Mapping[str, str], bytes]:
    """The fields of a form that sends a file, and what its part `file` holds: a file as the
    browser reads it, or a long text. `RejectedInbound` as in `fields_of`."""
    if not is_same_origin(request.headers):
        raise RejectedInbound(403, "elsewhere")
    body = await _upload(request)

    async def again() -> Message:
        return {"type": "http.request", "body": body, "more_body": False}

    try:
        parts = await Request(request.scope, again).form(
            max_files=1, max_fields=MAX_FIELDS, max_part_size=MAX_UPLOAD
        )
    except (HTTPException, ValueError):
        raise RejectedInbound(400, "unreadable") from None
    sent = parts.get("file", "")
    file = await sent.read() if isinstance(sent, UploadFile) else _bytes(sent)
    fields = {
        name: tidy(value).strip()
        for name, value in parts.items()
        if isinstance(value, str) and name != "file"
    }
    await parts.close()
    if not hmac.compare_digest(fields.get("form", "").encode(), form_token(token).encode()):
        raise RejectedInbound(403, "elsewhere")
    return fields, file


def _bytes(text: str) -> bytes:
    try:
        return text.encode()
    except UnicodeEncodeError:
        raise RejectedInbound(400, "unreadable") from None


async def _upload(request: Request) -> bytes:
    """The body whole; a heavier one is read to its end, and not kept."""
    body, size = bytearray(), 0
    try:
        async for chunk in request.stream():
            size += len(chunk)
            if size <= MAX_UPLOAD:
                body += chunk
            else:
                body.clear()
            if size > MAX_DRAINED:
                break
    except ClientDisconnect:
        raise RejectedInbound(400, "unreadable") from None
    if size > MAX_UPLOAD:
        raise RejectedInbound(413, "file_too_large")
    return bytes(body)


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


def _device_name(is_https: bool) -> str:
    return "__Host-device" if is_https else "device"
