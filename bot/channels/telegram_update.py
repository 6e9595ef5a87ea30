"""What Telegram posts, read by hand: a known shape or a refusal, never a surprise.

`telegram.Update.de_json` raises whatever it stumbles over and builds the profile fields that we
must not keep (SAFETY 25): only what is named here ever leaves the body.
"""

from __future__ import annotations

import hmac
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

from bot.channels.base import clean, header, limit_body, place
from bot.errors import RejectedInbound
from bot.messages import Inbound, MediaKind

SECRET_HEADER = "X-Telegram-Bot-Api-Secret-Token"  # noqa: S105 — the name of a header

ALLOWED_UPDATES = ("message", "callback_query")
"""Edited messages, groups' events and the like are not even asked for."""

# In this order: an animation also carries a `document`, for old clients.
_MEDIA: tuple[tuple[str, MediaKind], ...] = (
    ("voice", "audio"),
    ("audio", "audio"),
    ("photo", "image"),
    ("video", "video"),
    ("video_note", "video"),
    ("animation", "video"),
    ("sticker", "sticker"),
    ("dice", "sticker"),
    ("document", "document"),
    ("contact", "document"),
    ("poll", "document"),
    ("story", "document"),
)

_COMMAND = re.compile(r"/(\w+)(?:@\w+)?")
_Field = TypeVar("_Field")


@dataclass(frozen=True, slots=True)
class Received:
    """What an update holds: something she did, or nothing; a tap is to be answered by its id."""

    inbound: Inbound | None = None
    callback_id: str | None = None


def parse(headers: Mapping[str, str], body: bytes, secret: str) -> Received:
    """Check and read a webhook body.

    Raises `RejectedInbound`: 413 too large, 403 wrong secret (an empty one never matches), 400 not
    UTF-8 JSON or nested too deep, 422 a missing or wrong field.
    """
    limit_body(body)
    given = header(headers, SECRET_HEADER).encode(errors="replace")
    if not secret or not hmac.compare_digest(given, secret.encode()):
        raise RejectedInbound(403, "the secret does not match")
    try:
        update = json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise RejectedInbound(400, "the body is not JSON") from None
    return read(update)


def read(update: object) -> Received:
    """Read one decoded update; raise `RejectedInbound` (422) when it is not one."""
    if not isinstance(update, dict):
        raise RejectedInbound(422, "the update is not an object")
    provider_id = str(_field(update, "update_id", int))
    if "callback_query" in update:
        return _read_tap(_field(update, "callback_query", dict), provider_id)
    if "message" in update:
        return Received(_read_message(_field(update, "message", dict), provider_id))
    return Received()


def _read_tap(query: dict[str, Any], provider_id: str) -> Received:
    callback_id = _field(query, "id", str)
    if "message" not in query or "data" not in query:
        return Received(callback_id=callback_id)  # a tap under an inline result or a game
    address = _private_chat(_field(query, "message", dict))
    if address is None:
        return Received()
    choice = clean(_field(query, "data", str))
    inbound = Inbound("telegram", address, provider_id, choice=choice) if choice else None
    return Received(inbound, callback_id)


def _read_message(message: dict[str, Any], provider_id: str) -> Inbound | None:
    address = _private_chat(message)
    if address is None:
        return None
    ref = str(_field(message, "message_id", int))
    if "text" in message:
        text = _bare_command(clean(_field(message, "text", str)))
        return (
            Inbound("telegram", address, provider_id, text=text, message_ref=ref) if text else None
        )
    if "location" in message:
        location = _read_place(_field(message, "location", dict))
        return Inbound("telegram", address, provider_id, location=location, message_ref=ref)
    media = next((kind for name, kind in _MEDIA if name in message), None)
    if media is None:
        return None  # a service message: pinned, timer changed, …
    return Inbound("telegram", address, provider_id, media=media, message_ref=ref)


def _private_chat(message: dict[str, Any]) -> str | None:
    chat = _field(message, "chat", dict)
    return str(_field(chat, "id", int)) if _field(chat, "type", str) == "private" else None


def _read_place(location: dict[str, Any]) -> tuple[float, float]:
    lat, lon = location.get("latitude"), location.get("longitude")
    if not isinstance(lat, int | float) or not isinstance(lon, int | float):
        raise RejectedInbound(422, "the location is not a pair of numbers")
    return place(lat, lon)


def _bare_command(text: str) -> str:
    """`/salir` is `salir`; `/start`, with or without a link's parameter, is a greeting."""
    if text.split(maxsplit=1)[:1] == ["/start"]:
        return "hola"
    command = _COMMAND.fullmatch(text)
    return command[1] if command else text


def _field(record: dict[str, Any], name: str, kind: type[_Field]) -> _Field:
    value = record.get(name)
    if not isinstance(value, kind) or isinstance(value, bool):
        raise RejectedInbound(422, f"{name} is missing or has a wrong type")
    return value


def _refuse(constant: str) -> NoReturn:
    raise ValueError(f"{constant} is not JSON")
