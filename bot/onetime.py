"""One-time codes of an authenticator app (RFC 6238: SHA-1, 30 seconds, six digits)."""

from __future__ import annotations

import base64
import hmac
import secrets
import struct
from datetime import datetime
from urllib.parse import quote

PERIOD = 30
DIGITS = 6
SECRET_BYTES = 20
DRIFT = (0, -1, 1)
"""Steps that a telephone's clock may be off."""


def new_secret() -> bytes:
    """160 random bits, as RFC 4226 recommends."""
    return secrets.token_bytes(SECRET_BYTES)


def code_at(secret: bytes, step: int) -> str:
    """The code of a time step."""
    digest = hmac.digest(secret, struct.pack(">Q", step), "sha1")
    start = digest[-1] & 15
    number = struct.unpack(">I", digest[start : start + 4])[0] & 0x7FFFFFFF
    return f"{number % 10**DIGITS:0{DIGITS}d}"


def step_of(secret: bytes, typed: str, now: datetime, after: int) -> int | None:
    """The time step whose code was typed, if it is of about now and later than `after`."""
    code = "".join(typed.split()).encode()
    current = int(now.timestamp()) // PERIOD
    for step in (current + drift for drift in DRIFT):
        if step > after and hmac.compare_digest(code_at(secret, step).encode(), code):
            return step
    return None


def spelled(secret: bytes) -> str:
    """The secret as a person types it."""
    return base64.b32encode(secret).decode()


def address(secret: bytes, name: str) -> str:
    """What the QR picture holds (Key URI Format of the authenticator apps)."""
    return f"otpauth://totp/Kuska:{quote(name)}?secret={spelled(secret)}&issuer=Kuska"
