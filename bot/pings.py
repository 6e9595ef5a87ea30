"""Where a counselor is called when somebody waits: a Telegram chat or a mailbox of her own.

She proves that it is hers with a code: sent to the bot from that chat, or typed on the page from
the mail. Addresses are sealed under the staff's keys. A chat that is called holds no conversation.
"""

from __future__ import annotations

import hashlib
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, insert, select

from bot.audit import Ledger
from bot.errors import HandoffRefused
from bot.masters import Masters
from bot.models import Ping, PingCode, Staff

Kind = Literal["telegram", "mail"]
CODE_LIVES = timedelta(minutes=10)
AT_MOST_EVERY = timedelta(minutes=1)
"""A code may be asked for: a page must not flood somebody's mailbox."""
LETTERS = "ABCDEFGHJKMNPQRSTUVWXYZ23456789"
"""Nothing that is read for something else."""
_SAID = re.compile(rf"avisos\s+([{LETTERS}]{{5}}-[{LETTERS}]{{5}})", re.IGNORECASE)
_STOP = re.compile(r"quitar avisos", re.IGNORECASE)
_MAILBOX = re.compile(r"[!-?A-~]{1,64}@(?:[A-Za-z0-9-]{1,63}\.)+[A-Za-z]{2,24}")


class Standing(NamedTuple):
    """How she is called now; `failed_at` when the last call did not arrive."""

    kind: Kind
    failed_at: datetime | None


class Answer(NamedTuple):
    """What the bot says to somebody of the staff: a phrase of the team's, in her language.
    `is_called` says that the chat is hers for pings, and holds no conversation."""

    word: str
    language: str = "es"
    is_called: bool = True


@dataclass(frozen=True, slots=True)
class Pings:
    """Keeps and proves addresses. `index` is the vault's blind index."""

    masters: Masters
    ledger: Ledger
    index: Callable[[str, str], bytes]

    def offer(
        self, connection: Connection, staff_id: int, kind: Kind, address: str, now: datetime
    ) -> str:
        """A code for one way to her, instead of an earlier one; a chat shows its address itself.
        `HandoffRefused` for what is no mailbox, or too soon after the last code."""
        if kind == "mail" and not _MAILBOX.fullmatch(address):
            raise HandoffRefused("ping_no_mailbox")
        hers = PingCode.staff_id == staff_id
        last = connection.scalar(select(PingCode.expires_at).where(hers))
        if last is not None and last - CODE_LIVES > now - AT_MOST_EVERY:
            raise HandoffRefused("ping_too_soon")
        connection.execute(delete(PingCode).where(hers | (PingCode.expires_at <= now)))
        code = "".join(secrets.choice(LETTERS) for _ in range(10))
        sealed = self._seal(staff_id, address) if address else None
        connection.execute(
            insert(PingCode).values(
                code_hash=_hash(code),
                staff_id=staff_id,
                kind=kind,
                address_sealed=sealed,
                expires_at=now + CODE_LIVES,
            )
        )
        return f"{code[:5]}-{code[5:]}"

    def confirm(self, connection: Connection, staff_id: int, typed: str, now: datetime) -> None:
        """The code that came by mail; `HandoffRefused` when it is not that one."""
        row = connection.execute(
            select(PingCode)
            .where(PingCode.code_hash == _hash(typed), PingCode.staff_id == staff_id)
            .where(PingCode.kind == "mail", PingCode.expires_at > now)
        ).one_or_none()
        if row is None:
            raise HandoffRefused("ping_code_wrong")
        self._keep(connection, staff_id, "mail", self.address(staff_id, row.address_sealed), now)

    def meet(
        self, connection: Connection, chat: str, text: str | None, now: datetime
    ) -> Answer | None:
        """What a Telegram chat is told that is called, or wants to be; None for any other."""
        owner = connection.execute(
            select(Staff.id, Staff.language)
            .join(Ping, Ping.staff_id == Staff.id)
            .where(Ping.address_index == self.index("ping", f"telegram:{chat}"))
        ).one_or_none()
        if owner is not None:
            if not _STOP.fullmatch(text or ""):
                return Answer("ping_chat", owner.language)
            self.drop(connection, owner.id, now)
            return Answer("ping_stopped", owner.language)
        said = _SAID.fullmatch(text or "")
        if said is None:
            return None
        owner = connection.execute(
            select(Staff.id, Staff.language)
            .join(PingCode, PingCode.staff_id == Staff.id)
            .where(PingCode.code_hash == _hash(said[1]), PingCode.kind == "telegram")
            .where(PingCode.expires_at > now)
        ).one_or_none()
        if owner is None:
            return Answer("ping_code_wrong", is_called=False)
        self._keep(connection, owner.id, "telegram", chat, now)
        return Answer("ping_linked", owner.language)

    def drop(self, connection: Connection, staff_id: int, now: datetime) -> None:
        """She is called no more, and nothing of the address is left."""
        forget(connection, staff_id)
        self.ledger.record(connection, staff_id, "pings_off", now)

    def address(self, staff_id: int, sealed: bytes) -> str:
        """What was sealed for her."""
        return self.masters.unwrap(sealed, _label(staff_id)).decode()

    def _keep(
        self, connection: Connection, staff_id: int, kind: Kind, address: str, now: datetime
    ) -> None:
        mark = self.index("ping", f"{kind}:{address.lower()}")
        forget(connection, staff_id)
        connection.execute(delete(Ping).where(Ping.address_index == mark))
        connection.execute(
            insert(Ping).values(
                staff_id=staff_id,
                kind=kind,
                address_sealed=self._seal(staff_id, address),
                address_index=mark,
                pinged_at=now,
            )
        )
        self.ledger.record(connection, staff_id, "pings_on", now, reason=kind)

    def _seal(self, staff_id: int, address: str) -> bytes:
        return self.masters.wrap(address.encode(), _label(staff_id))


def standing(connection: Connection, staff_id: int) -> Standing | None:
    """How she is called; None when she is not."""
    row = connection.execute(
        select(Ping.kind, Ping.failed_at).where(Ping.staff_id == staff_id)
    ).one_or_none()
    return None if row is None else Standing(row.kind, row.failed_at)


def forget(connection: Connection, staff_id: int) -> None:
    """Her address and her codes go."""
    connection.execute(delete(PingCode).where(PingCode.staff_id == staff_id))
    connection.execute(delete(Ping).where(Ping.staff_id == staff_id))


def _hash(code: str) -> bytes:
    """How codes are kept, whatever their case and hyphens; fifty random bits for ten minutes."""
    plain = re.sub(r"[\s-]", "", code).upper()
    return hashlib.sha256(b"kuska ping\0" + plain.encode()).digest()


def _label(staff_id: int) -> bytes:
    return f"ping:{staff_id}".encode()
