"""What Twilio posts: messages to the helpline and news of those it sent, signed forms both.

Only the fields named here are read: never the profile name, the telephone apart from the address
to answer, a caption, or the address of a picture (SAFETY 25). New parameters come unannounced.
"""

from __future__ import annotations

import hmac
from collections.abc import Mapping
from types import MappingProxyType
from urllib.parse import parse_qsl, urldefrag, urlparse

from twilio.request_validator import (
    SIGNATURE_HEADER,
    RequestValidator,
    add_port,
    remove_port,
)

from bot.channels.base import Delivery, Status, clean, header, limit_body, place
from bot.channels.twilio_errors import meaning
from bot.errors import RejectedInbound
from bot.messages import Inbound, MediaKind

MAX_FIELDS = 200
"""Twilio sends about thirty."""

# A WhatsApp sticker is a webp picture; a contact card is text/vcard, so a document here.
_MEDIA: tuple[tuple[str, MediaKind], ...] = (
    ("image/webp", "sticker"),
    ("image/", "image"),
    ("audio/", "audio"),
    ("video/", "video"),
)

STATUSES: Mapping[str, Delivery] = MappingProxyType(
    {
        "accepted": "sending",
        "scheduled": "sending",
        "queued": "sending",
        "sending": "sending",
        "sent": "sent",
        "delivered": "delivered",
        "read": "read",
        "failed": "failed",
        "undelivered": "failed",
        "canceled": "failed",
    }
)


class Form(dict[str, list[str]]):
    """A signed form; `getlist` is what the validator reads repeated names by."""

    def getlist(self, name: str) -> list[str]:
        return self[name]

    def text(self, name: str) -> str:
        """The first value of a name, cleaned; empty when missing."""
        return clean(self.get(name, [""])[0])

    def required(self, name: str, longest: int = 200) -> str:
        """A value that must be there; raise `RejectedInbound` (422) otherwise."""
        value = self.text(name)
        if not value or len(value) > longest:
            raise RejectedInbound(422, f"{name} is missing or too long")
        return value


def parse(headers: Mapping[str, str], body: bytes, url: str, token: str) -> Inbound | None:
    """Check and read a message; None when it holds nothing that could be answered.

    `url` is the configured public address and path, never what the request says of itself. Raises
    `RejectedInbound`: 413 too large, 403 unsigned or wrongly signed (an empty token never
    matches), 400 no form, 422 a missing or wrong field.
    """
    form = _verified(headers, body, url, token)
    sid, address = form.required("MessageSid"), form.required("From")
    if not address.startswith("whatsapp:") or len(address.split()) != 1:
        raise RejectedInbound(422, "From is not a WhatsApp address")
    # A template that did not fill in its ids would send the bare variable back: read the title.
    if (choice := form.text("ButtonPayload") or form.text("ListId")) and "{{" not in choice:
        return Inbound("whatsapp", address, sid, choice=choice, message_ref=sid)
    if form.text("Latitude") or form.text("Longitude"):
        location = place(form.text("Latitude"), form.text("Longitude"))
        return Inbound("whatsapp", address, sid, location=location, message_ref=sid)
    if (media := _read_media(form)) is not None:
        return Inbound("whatsapp", address, sid, media=media, message_ref=sid)
    if text := form.text("Body"):
        return Inbound("whatsapp", address, sid, text=text, message_ref=sid)
    return None


def parse_status(headers: Mapping[str, str], body: bytes, url: str, token: str) -> Status | None:
    """Check and read a status callback; None for a status that says nothing of delivery.

    Raises `RejectedInbound` as `parse` does. Callbacks arrive in any order.
    """
    form = _verified(headers, body, url, token)
    ref, status = form.required("MessageSid"), STATUSES.get(form.required("MessageStatus"))
    if status is None:
        return None
    if status != "failed":
        return Status(ref, status, None, is_retryable=False)
    code = form.text("ErrorCode")
    if not (code.isascii() and code.isdigit() and len(code) <= 6):
        code = "unknown"
    return Status(ref, status, code, is_retryable=meaning(code).is_retryable)


def _verified(headers: Mapping[str, str], body: bytes, url: str, token: str) -> Form:
    limit_body(body)
    given = header(headers, SIGNATURE_HEADER).encode(errors="replace")
    if not token or not given:
        raise RejectedInbound(403, "the request is not signed")
    try:
        pairs = parse_qsl(
            body.decode(), keep_blank_values=True, errors="strict", max_num_fields=MAX_FIELDS
        )
    except ValueError:  # too many fields, or not UTF-8 before or after the percent signs
        raise RejectedInbound(400, "the body is not a form") from None
    form = Form()
    for name, value in pairs:
        form.setdefault(name, []).append(value)
    validator = RequestValidator(token)
    signed = [validator.compute_signature(each, form).encode() for each in _spellings(url)]
    if not any(hmac.compare_digest(given, each) for each in signed):
        raise RejectedInbound(403, "the signature does not match")
    return form


def _spellings(url: str) -> tuple[str, str]:
    """Twilio signs the address with or without the default port, and never its fragment."""
    parts = urlparse(urldefrag(url).url)
    return add_port(parts), remove_port(parts)


def _read_media(form: Form) -> MediaKind | None:
    count = form.text("NumMedia") or "0"
    if not (count.isascii() and count.isdigit()):
        raise RejectedInbound(422, "NumMedia is not a number")
    if count.strip("0") == "":
        return None
    content_type = form.text("MediaContentType0").lower()
    return next((kind for start, kind in _MEDIA if content_type.startswith(start)), "document")
