"""Pages of the console: templates, words, headers, and the files they load."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import date, datetime
from pathlib import Path
from types import MappingProxyType
from zoneinfo import ZoneInfo

from jinja2 import Environment, FileSystemLoader, StrictUndefined, pass_context
from jinja2.runtime import Context
from starlette.requests import Request
from starlette.responses import HTMLResponse, Response

from bot.channels.webchat.page import Asset
from bot.house import House
from directory.hours import say
from directory.telephone import dialled

LIMA = ZoneInfo("America/Lima")
HERE = Path(__file__).parent
DIRECTORY = HERE.parents[1] / "directory"
LANGUAGES = ("es", "en")
"""Of the console; a conversation has its own."""
OWN, APART = ("console", "team", "case"), ("account", "confirming", "directory", "referral")
"""Files whose phrases pages show; the name of one that stands apart keeps its file, as
`account_title`."""
_KINDS = {".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
_DENIED = """
accelerometer autoplay camera display-capture encrypted-media fullscreen geolocation gyroscope hid
magnetometer microphone midi payment picture-in-picture screen-wake-lock serial usb
xr-spatial-tracking
"""
HEADERS: Mapping[str, str] = MappingProxyType(
    {
        "Cache-Control": "no-store",
        # The one policy, `console`, is for fragments that this server rendered and escaped.
        "Content-Security-Policy": (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
            "connect-src 'self'; form-action 'self'; base-uri 'none'; frame-ancestors 'none'; "
            "require-trusted-types-for 'script'; trusted-types console"
        ),
        "Permissions-Policy": ", ".join(
            [
                "publickey-credentials-get=(self)",
                "publickey-credentials-create=(self)",
                *(f"{name}=()" for name in _DENIED.split()),
            ]
        ),
        "Referrer-Policy": "same-origin",
        "Strict-Transport-Security": "max-age=31536000",
        "X-Content-Type-Options": "nosniff",
        "X-Frame-Options": "DENY",
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "X-Robots-Tag": "noindex, nofollow",
    }
)


class Pages:
    """Renders templates with the words of a language and the clock of the house."""

    def __init__(self, house: House) -> None:
        self._house = house
        self._templates = Environment(
            loader=FileSystemLoader([HERE / "templates", DIRECTORY / "templates"]),
            autoescape=True,
            undefined=StrictUndefined,
            trim_blocks=True,
            lstrip_blocks=True,
        )
        self._templates.filters.update(
            clock=_clock,
            day=_day,
            ago=self._ago,
            date=_date,
            moment=_moment,
            dialled=dialled,
            hours=say,
        )
        self._words = {language: self._of(language) for language in LANGUAGES}

    def words(self, language: str) -> Mapping[str, str]:
        """The labels of the console, in Spanish where a language has none."""
        return self._words.get(language, self._words[LANGUAGES[0]])

    def render(self, template: str, language: str, **values: object) -> str:
        """A page or a fragment."""
        return self._templates.get_template(template).render(
            words=self.words(language), language=language, **values
        )

    def page(
        self, template: str, language: str, status: int = 200, **values: object
    ) -> HTMLResponse:
        """A page as it is sent."""
        return HTMLResponse(self.render(template, language, **values), status, headers=HEADERS)

    def _of(self, language: str) -> dict[str, str]:
        translate = self._house.catalogues.translate
        return {
            _label(key): translate(language, key, text)
            for key, text in self._house.flows.phrases.items()
            if key.partition(".")[0] in (*OWN, *APART)
        }

    @pass_context
    def _ago(self, context: Context, at: datetime) -> str:
        """How long ago, in whole minutes, hours or days."""
        minutes = max(0, int((self._house.clock() - at).total_seconds() // 60))
        words: Mapping[str, str] = context["words"]
        if minutes == 0:
            return words["just_now"]
        if minutes < 60:
            return words["minutes"].format(count=minutes)
        if minutes < 48 * 60:
            return words["hours"].format(count=minutes // 60)
        return words["days"].format(count=minutes // 1440)


def preferred(request: Request) -> str:
    """The language of somebody who is not signed in, as her browser asks."""
    asked = request.headers.get("accept-language", "")[:2].lower()
    return asked if asked in LANGUAGES else LANGUAGES[0]


def assets() -> dict[str, Asset]:
    """Every file that pages load, by name."""
    found = {}
    for path in sorted((HERE / "static").iterdir()):
        content = path.read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()[:16]}"'
        found[path.name] = Asset(content, _KINDS[path.suffix], etag)
    return found


def send(asset: Asset, request: Request) -> Response:
    """A file, or the word that it has not changed."""
    headers = {**HEADERS, "Cache-Control": "no-cache", "ETag": asset.etag}
    if request.headers.get("if-none-match") == asset.etag:
        return Response(status_code=304, headers=headers)
    return Response(asset.content, media_type=asset.media_type, headers=headers)


def _label(key: str) -> str:
    """The name by which templates know a phrase."""
    flow, _, name = key.partition(".")
    return f"{flow}_{name}" if flow in APART else name


def _clock(at: datetime) -> str:
    return at.astimezone(LIMA).strftime("%H:%M")


def _day(at: datetime) -> str:
    return at.astimezone(LIMA).strftime("%d/%m %H:%M")


def _date(at: date) -> str:
    day = at.astimezone(LIMA) if isinstance(at, datetime) else at
    return day.strftime("%d/%m/%Y")


def _moment(at: datetime) -> str:
    return at.astimezone(LIMA).strftime("%d/%m/%Y %H:%M")
