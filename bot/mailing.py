"""Mail by SMTP, where an operator set `SMTP_URL`; services' staff and counselors are written to.

`smtp://name:password@host:587/?from=kuska@ong.pe` speaks STARTTLS, `smtps://` TLS from the first
byte. Only a server on this machine is spoken to without.
"""

from __future__ import annotations

import smtplib
import ssl
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from email.message import EmailMessage
from email.utils import localtime, make_msgid, parseaddr
from urllib.parse import parse_qs, unquote, urlsplit

from bot.errors import CommandRefused, SettingsError

TIMEOUT = 20.0
PORTS = {"smtp": 587, "smtps": 465}
HERE = ("127.0.0.1", "::1", "localhost")
WANTED = "SMTP_URL: write smtp://name:password@host:587/?from=address, or smtps:// for TLS"
Post = Callable[[EmailMessage], str | None]
"""Sends one letter; why its receiver is refused, None when it went out."""


class Mailer:
    """One mail server and who the letters are from."""

    def __init__(self, url: str) -> None:
        """Raise `SettingsError` for an address that names no server or no sender."""
        try:
            parts = urlsplit(url)
            port = parts.port
        except ValueError:
            raise SettingsError(WANTED) from None
        name = unquote(parts.username or "")
        self.sender = parse_qs(parts.query).get("from", [name])[0]
        if parts.scheme not in PORTS or not parts.hostname or "@" not in parseaddr(self.sender)[1]:
            raise SettingsError(WANTED)
        self._is_tls, self._host = parts.scheme == "smtps", parts.hostname
        self._port = port or PORTS[parts.scheme]
        self._login = (name, unquote(parts.password or "")) if name else None

    def letter(self, to: str, subject: str, body: str) -> EmailMessage:
        """A letter in plain text. Raise `ValueError` for an address that is none."""
        letter = EmailMessage()
        letter["From"], letter["To"], letter["Subject"] = self.sender, to, " ".join(subject.split())
        letter["Date"] = localtime()
        letter["Message-ID"] = make_msgid(domain=parseaddr(self.sender)[1].rpartition("@")[2])
        letter["Auto-Submitted"] = "auto-generated"
        letter.set_content(body)
        return letter

    @contextmanager
    def open(self) -> Iterator[Post]:
        """One connection for many letters. Raise `CommandRefused` when the server does not do."""
        try:
            with self._connect() as server:
                yield lambda letter: _send(server, letter)
        except smtplib.SMTPAuthenticationError:
            raise CommandRefused("the mail server does not take the name and password") from None
        except (smtplib.SMTPException, OSError) as error:
            said = type(error).__name__
            raise CommandRefused(f"the mail server does not answer as it should ({said})") from None

    def _connect(self) -> smtplib.SMTP:
        context = ssl.create_default_context()
        if self._is_tls:
            server: smtplib.SMTP = smtplib.SMTP_SSL(
                self._host, self._port, timeout=TIMEOUT, context=context
            )
        else:
            server = smtplib.SMTP(self._host, self._port, timeout=TIMEOUT)
            server.ehlo()
            if server.has_extn("starttls"):
                server.starttls(context=context)
            elif self._host not in HERE:
                server.close()
                raise CommandRefused("the mail server offers no TLS; passwords would be readable")
        if self._login:
            server.login(*self._login)
        return server


def _send(server: smtplib.SMTP, letter: EmailMessage) -> str | None:
    try:
        server.send_message(letter)
    except smtplib.SMTPRecipientsRefused as refused:
        codes: Iterable[int] = (code for code, _ in refused.recipients.values())
        return f"refused with {next(iter(codes), 0)}"
    return None
