"""The page as HTML, and the headers that lock it."""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from bot.channels.webchat import wire
from bot.messages import Message

AWAY = "https://www.senamhi.gob.pe/"
"""Where a quick exit leads: the Peruvian weather service, in nobody's history a strange place."""

ASSETS = Path(__file__).parent / "assets"

_DENIED = """
accelerometer autoplay camera display-capture encrypted-media fullscreen gyroscope hid
magnetometer microphone midi payment picture-in-picture publickey-credentials-get
screen-wake-lock serial usb xr-spatial-tracking
"""

HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types 'none'"
        ),
        "Permissions-Policy": ", ".join(
            ["geolocation=(self)", *(f"{x}=()" for x in _DENIED.split())]
        ),
        "Referrer-Policy": "no-referrer",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Robots-Tag": "noindex, nofollow",
    }
)

_KINDS = {
    "chat.css": "text/css",
    "chat.js": "text/javascript",
    "leave.js": "text/javascript",
    "icon.svg": "image/svg+xml",
}
_TEMPLATES = Environment(
    loader=FileSystemLoader(ASSETS),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)

_PART = re.compile(r"\*\*(?P<bold>.+?)\*\*|`(?P<key>[^`\n]+)`|[^*`]+|.", re.DOTALL)

Shown = tuple[int | None, Message, str]
"""A message on the page: its position (None: from memory only), itself, its language."""


@dataclass(frozen=True, slots=True)
class Asset:
    """A file that the page needs, as it is sent."""

    content: bytes
    media_type: str
    etag: str


def assets() -> dict[str, Asset]:
    """Everything the page loads, by name."""
    found = {}
    for name, kind in _KINDS.items():
        content = (ASSETS / name).read_bytes()
        found[name] = Asset(content, kind, f'"{hashlib.sha256(content).hexdigest()[:16]}"')
    return found


def pieces(text: str) -> list[tuple[str, str]]:
    """A text cut into `bold` (`**so**`), `key` (a word to type, between backticks) and plain parts.

    A mark without its pair stays as it was typed. `chat.js` cuts in the same way.
    """
    found = []
    for part in _PART.finditer(text):
        mark = part.lastgroup or ""
        found.append((mark, part.group(mark) if mark else part.group()))
    return found


def since_cover(shown: Sequence[Shown]) -> Sequence[Shown]:
    """What may still be seen: nothing from before a cover (SAFETY 4 and 5)."""
    covers = [index for index, (_, message, _) in enumerate(shown) if message.kind == "cover"]
    return shown[covers[-1] :] if covers else shown


def render(
    shown: Sequence[Shown],
    words: Mapping[str, str],
    language: str,
    *,
    notice: str = "",
    unsent: str = "",
    unsent_id: str | None = None,
) -> str:
    """The whole page. `unsent` is put back into the box, under its id, so no turn is made twice."""
    visible = since_cover(shown)
    positions = [position for position, _, _ in shown if position is not None]
    return _TEMPLATES.get_template("page.html").render(
        messages=[(message, tongue, wire.calls(message.service)) for _, message, tongue in visible],
        choices=visible[-1][1].choices if visible else (),
        position=max(positions, default=0),
        words=words,
        language=language,
        notice=notice,
        unsent=unsent,
        form_id=unsent_id or secrets.token_urlsafe(12),
        pieces=pieces,
        away=AWAY,
    )
