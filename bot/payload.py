"""The messages of one turn as bytes, to be sealed; only what is not the default is written."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import date, datetime
from typing import Any

from bot.messages import Choice, Message, ShownService


def pack(messages: Sequence[Message], language: str) -> bytes:
    """The inverse of `unpack`."""
    packed = {"language": language, "messages": [_write(message) for message in messages]}
    return json.dumps(packed, ensure_ascii=False, separators=(",", ":")).encode()


def unpack(packed: bytes) -> tuple[list[Message], str]:
    """The messages in order, and their language."""
    read = json.loads(packed)
    return [_read(message) for message in read["messages"]], read["language"]


def _write(message: Message) -> dict[str, Any]:
    written: dict[str, Any] = {"text": message.text}
    if message.kind != "say":
        written["kind"] = message.kind
    if message.cause != "inbound":
        written["cause"] = message.cause
    if message.choices:
        written["choices"] = [[choice.id, choice.title] for choice in message.choices]
    if message.private:
        written["private"] = True
    if message.service is not None:
        written["service"] = _write_service(message.service)
    return written


def _read(written: dict[str, Any]) -> Message:
    service = written.get("service")
    return Message(
        text=written["text"],
        kind=written.get("kind", "say"),
        cause=written.get("cause", "inbound"),
        choices=tuple(Choice(*choice) for choice in written.get("choices", ())),
        private=written.get("private", False),
        service=None if service is None else _read_service(service),
    )


def _write_service(service: ShownService) -> dict[str, Any]:
    return {
        "id": service.id,
        "phones": service.phones,
        "open": service.open,
        "opens_at": service.opens_at and service.opens_at.isoformat(),
        "source_at": service.source_at and service.source_at.isoformat(),
        "confirmed_at": service.confirmed_at and service.confirmed_at.isoformat(),
        "distance_km": service.distance_km,
    }


def _read_service(written: dict[str, Any]) -> ShownService:
    opens_at, source_at, confirmed_at = (
        written[name] for name in ("opens_at", "source_at", "confirmed_at")
    )
    return ShownService(
        id=written["id"],
        phones=tuple(written["phones"]),
        open=written["open"],
        opens_at=opens_at and datetime.fromisoformat(opens_at),
        source_at=source_at and date.fromisoformat(source_at),
        confirmed_at=confirmed_at and date.fromisoformat(confirmed_at),
        distance_km=written["distance_km"],
    )
