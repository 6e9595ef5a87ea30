"""A mail server on 127.0.0.1 that takes letters, and refuses whom it is told to refuse."""

from __future__ import annotations

import email
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import policy
from email.message import EmailMessage
from socketserver import StreamRequestHandler, ThreadingTCPServer
from threading import Thread


@dataclass
class MailServer:
    """What arrived, by envelope; `url` is an `SMTP_URL`."""

    url: str = ""
    refused: set[str] = field(default_factory=set)
    letters: list[tuple[str, EmailMessage]] = field(default_factory=list)


@contextmanager
def mail_server() -> Iterator[MailServer]:
    """One server until the block ends."""
    kept = MailServer()

    class Talk(StreamRequestHandler):
        def handle(self) -> None:
            to = ""
            self._say("220 here")
            while line := self.rfile.readline().decode("ascii").strip():
                verb, address = (
                    line[:4].upper(),
                    line.partition(":")[2].partition(">")[0].strip(" <"),
                )
                if verb == "QUIT":
                    self._say("221 bye")
                    return
                if verb == "RCPT" and address in kept.refused:
                    self._say("550 nobody of that name")
                elif verb == "DATA":
                    self._say("354 go on")
                    kept.letters.append((to, self._letter()))
                    self._say("250 taken")
                else:
                    to = address if verb == "RCPT" else to
                    self._say("250 fine")

        def _letter(self) -> EmailMessage:
            lines = iter(self.rfile.readline, b".\r\n")
            return email.message_from_bytes(b"".join(lines), policy=policy.default)

        def _say(self, line: str) -> None:
            self.wfile.write(f"{line}\r\n".encode())

    with ThreadingTCPServer(("127.0.0.1", 0), Talk) as server:
        Thread(target=server.serve_forever, daemon=True).start()
        kept.url = f"smtp://127.0.0.1:{server.server_address[1]}/?from=kuska@ong.example"
        yield kept
        server.shutdown()
