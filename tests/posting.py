"""Bodies as the providers post them, made from the recorded ones of `tests/payloads/`."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl, urlencode

from doubles import twilio_api
from twilio.request_validator import RequestValidator

PAYLOADS = Path(__file__).parent / "payloads"
PUBLIC_URL = "https://kuska.example.org"
SECRET = "s3cret_Of-the-webhook"


def telegram_body(
    name: str,
    update_id: int,
    chat: int,
    *,
    text: str | None = None,
    data: str | None = None,
    callback_id: str | None = None,
    location: Mapping[str, float] | None = None,
) -> dict[str, Any]:
    """A recorded update with another id, chat and content, profile fields and all."""
    update: dict[str, Any] = json.loads((PAYLOADS / "telegram" / f"{name}.json").read_text())
    update["update_id"] = update_id
    query = update.get("callback_query")
    message = query["message"] if query else update["message"]
    message["chat"]["id"] = chat
    message["message_id"] = update_id % 1_000_000
    if query:
        query["from"]["id"] = chat
        query.update(id=callback_id, data=data)
    if text is not None:
        message["text"] = text
    if location is not None:
        message["location"] = dict(location)
    return update


def whatsapp_form(sid: str, sender: str, **fields: str) -> dict[str, str]:
    """A recorded form with another id, sender and content, profile name and all."""
    recorded = (PAYLOADS / "whatsapp" / "text.form").read_text().strip()
    form = dict(parse_qsl(recorded, keep_blank_values=True))
    form.update(MessageSid=sid, SmsMessageSid=sid, SmsSid=sid, From=sender)
    form["WaId"] = sender.removeprefix("whatsapp:").removeprefix("+")
    form.update(fields)
    return form


def signed(
    form: Mapping[str, str] | bytes, path: str, public_url: str = PUBLIC_URL
) -> tuple[bytes, dict[str, str]]:
    """A body and its headers, signed as Twilio does."""
    raw = form if isinstance(form, bytes) else urlencode(form).encode()
    pairs = dict(parse_qsl(raw.decode("latin-1"), keep_blank_values=True, errors="replace"))
    signature = RequestValidator(twilio_api.TOKEN).compute_signature(f"{public_url}{path}", pairs)
    return raw, {
        "content-type": "application/x-www-form-urlencoded",
        "x-twilio-signature": signature,
    }
