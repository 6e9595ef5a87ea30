"""What goes over the wire of the web chat: bodies in, messages out."""

from __future__ import annotations

import json
import re
import secrets
from collections.abc import Mapping
from typing import Annotated, Any
from urllib.parse import parse_qsl

from pydantic import (
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
    model_validator,
)
from starlette.datastructures import Headers
from starlette.requests import ClientDisconnect, Request

from bot.channels.base import clean
from bot.errors import RejectedInbound
from bot.messages import Inbound, MediaKind, Message, ShownService

MAX_BODY = 16 * 1024  # bytes
MAX_TEXT = 4_000  # characters
MAX_FIELDS = 10
MAX_POSITION = 2**53  # the last whole number that a browser tells from the next

_DIALLED = re.compile(r"\+?\(?\d[\d ()-]*\d")  # the number itself: "113 (opción 5)" gives "113"


def _clean(value: Any) -> Any:
    return clean(value) if isinstance(value, str) else value


class Place(BaseModel):
    """WGS 84 degrees."""

    model_config = ConfigDict(strict=True, frozen=True)

    lat: float = Field(ge=-90, le=90)
    lon: float = Field(ge=-180, le=180)


class Posted(BaseModel):
    """One post of the page: exactly one of `text`, `choice`, `location` and `media`.

    `id` is the page's own: a repeat of it makes no second turn. `after` is the last position that
    the page shows, `language` the one its labels are in.
    """

    model_config = ConfigDict(strict=True, frozen=True)

    text: (
        Annotated[
            str,
            BeforeValidator(_clean),
            StringConstraints(strip_whitespace=True, min_length=1, max_length=MAX_TEXT),
        ]
        | None
    ) = None
    choice: Annotated[str, StringConstraints(min_length=1, max_length=64)] | None = None
    location: Place | None = None
    media: MediaKind | None = None
    id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    after: Annotated[int, Field(ge=0, le=MAX_POSITION)] | None = None
    language: Annotated[str, StringConstraints(pattern=r"^[a-z]{2,3}$")] | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> Posted:
        things = (self.text, self.choice, self.location, self.media)
        if sum(thing is not None for thing in things) != 1:
            raise ValueError("exactly one of text, choice, location, media")
        return self

    def inbound(self, address: str) -> Inbound:
        """The neutral message; its provider id holds the address, so nobody else's repeats it."""
        return Inbound(
            channel="web",
            address=address,
            provider_id=f"{address}:{self.id or secrets.token_urlsafe(12)}",
            text=self.text,
            choice=self.choice,
            location=(self.location.lat, self.location.lon) if self.location else None,
            media=self.media,
        )


def is_form(headers: Headers) -> bool:
    """True for the plain form of a page without script; all else is read as JSON."""
    kind = headers.get("content-type", "").partition(";")[0].strip().lower()
    return kind == "application/x-www-form-urlencoded"


async def body_of(request: Request) -> bytes:
    """The whole body; RejectedInbound 413 as soon as it passes `MAX_BODY`."""
    body = bytearray()
    try:
        async for chunk in request.stream():
            body += chunk
            if len(body) > MAX_BODY:
                raise RejectedInbound(413, "too_large")
    except ClientDisconnect:  # half a body, and nobody left to answer
        raise RejectedInbound(400, "unreadable") from None
    return bytes(body)


def read(body: bytes, *, is_form: bool) -> Posted:
    """Parse a body; RejectedInbound 400 (not readable) or 422 (readable, but not a message)."""
    try:
        content = _fields(body) if is_form else json.loads(body.decode(), parse_constant=_refuse)
    except (ValueError, RecursionError):  # broken UTF-8, JSON or percent signs; nested too deep
        raise RejectedInbound(400, "unreadable") from None
    try:
        return Posted.model_validate(content)
    except ValidationError as error:
        is_long = any(each["type"] == "string_too_long" for each in error.errors())
        raise RejectedInbound(422, "too_long" if is_long else "misshapen") from None


def _fields(body: bytes) -> Mapping[str, str]:
    pairs = parse_qsl(
        body.decode("ascii"), errors="strict", max_num_fields=MAX_FIELDS, keep_blank_values=True
    )
    return {name: value for name, value in pairs if name in {"text", "choice", "id"} and value}


def _refuse(name: str) -> None:
    raise ValueError(f"{name} is not JSON")


def written(message: Message, language: str, position: int | None = None) -> dict[str, Any]:
    """A message as INTERFACE 2 shapes it, with its position, its language and what can be dialled.

    `position` is None for what was said from memory only. `silent`: nothing rings on the web.
    """
    return {
        "position": position,
        "language": language,
        "text": message.text,
        "kind": message.kind,
        "cause": message.cause,
        "silent": True,
        "choices": [{"id": choice.id, "title": choice.title} for choice in message.choices],
        "service": _service(message.service),
        "calls": calls(message.service),
    }


def _service(service: ShownService | None) -> dict[str, Any] | None:
    if service is None:
        return None
    return {
        "id": service.id,
        "phones": list(service.phones),
        "open": service.open,
        "opens_at": service.opens_at.isoformat() if service.opens_at else None,
        "source_at": service.source_at.isoformat() if service.source_at else None,
        "confirmed_at": service.confirmed_at.isoformat() if service.confirmed_at else None,
        "distance_km": service.distance_km,
    }


def calls(service: ShownService | None) -> list[dict[str, str]]:
    """Each phone of a card as it reads and as a telephone dials it; what is no number stays out.

    Only the first run of digits counts: an option or an extension must never join the number.
    """
    found = []
    for phone in service.phones if service else ():
        number = _DIALLED.search(phone)
        if number:
            found.append({"title": phone, "tel": re.sub(r"[ ()-]", "", number.group())})
    return found
