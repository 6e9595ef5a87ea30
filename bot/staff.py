"""Who works here: roles and their rights, the one-time link that lets somebody in, and the way out.

A right is denied unless it stands in `RIGHTS`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.audit import Ledger
from bot.columns import new_id
from bot.errors import CommandRefused
from bot.masters import Masters
from bot.models import Passkey, Staff, StaffLink, StaffSession, Trial
from bot.onetime import new_secret

Right = Literal["counsel", "supervise", "edit", "review", "account"]
ROLES = ("counselor", "editor", "reviewer", "supervisor", "admin")
RIGHTS: Mapping[Right, frozenset[str]] = {
    "account": frozenset(ROLES),
    "counsel": frozenset({"counselor", "supervisor", "admin"}),
    "supervise": frozenset({"supervisor", "admin"}),
    "edit": frozenset({"editor", "reviewer", "supervisor", "admin"}),
    "review": frozenset({"reviewer", "supervisor", "admin"}),
}
"""Who may do what. Even then a counselor's cases are hers only (`handoffs.require_owner`)."""
LINK_LIVES = timedelta(minutes=30)
LONGEST_NAME = 80
FIRST = "admin"
"""The name of the first administrator."""


@dataclass(frozen=True, slots=True)
class Member:
    """Somebody of the staff, as pages and doors need her."""

    id: int
    name: str
    role: str
    language: str
    presence: str

    def may(self, right: Right) -> bool:
        """Whether her role has this right."""
        return self.role in RIGHTS[right]


@dataclass(frozen=True, slots=True)
class Roster:
    """Changes of who works here; each is recorded. `masters` seal the second factors."""

    masters: Masters
    ledger: Ledger

    def add(
        self,
        connection: Connection,
        name: str,
        role: str,
        now: datetime,
        organization_id: str | None = None,
    ) -> str:
        """A new member, who enrols with the token that is returned. `CommandRefused` when the name
        is taken or not fit."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise CommandRefused(f"a name has 1 to {LONGEST_NAME} letters")
        if find(connection, name) is not None:
            raise CommandRefused(f"{name}: there is somebody of this name; try `kuska staff reset`")
        staff_id = new_id()
        connection.execute(
            insert(Staff).values(
                id=staff_id,
                name=name,
                role=role,
                organization_id=organization_id,
                created_at=now,
            )
        )
        self.ledger.record(connection, None, "staff_add", now, subject=str(staff_id), reason=role)
        return self._link(connection, staff_id, now)

    def reset(self, connection: Connection, name: str, now: datetime) -> str:
        """Password, second factors and sessions are gone; she enrols anew with the token.

        Somebody who was taken off comes back by it. Raise `CommandRefused` for an unknown name.
        """
        staff_id = _require(connection, name)
        self._shut_out(connection, staff_id, is_active=True)
        self.ledger.record(connection, None, "staff_reset", now, subject=str(staff_id))
        return self._link(connection, staff_id, now)

    def off(self, connection: Connection, name: str, now: datetime) -> None:
        """She no longer works here: signed out everywhere, and no way in."""
        staff_id = _require(connection, name)
        self._shut_out(connection, staff_id, is_active=False)
        self.ledger.record(connection, None, "staff_off", now, subject=str(staff_id))

    def first(self, connection: Connection, now: datetime) -> str | None:
        """The token of a first administrator; None once one has enrolled."""
        admins = select(func.count()).where(Staff.role == "admin", Staff.is_active)
        if connection.scalar(admins.where(Staff.password_hash.is_not(None))):
            return None
        if find(connection, FIRST) is None:
            return self.add(connection, FIRST, "admin", now)
        return self.reset(connection, FIRST, now)

    def _link(self, connection: Connection, staff_id: int, now: datetime) -> str:
        token = secrets.token_urlsafe(32)
        hashed = token_hash(token)
        connection.execute(
            insert(StaffLink).values(
                token_hash=hashed,
                staff_id=staff_id,
                secret_sealed=self.masters.wrap(new_secret(), hashed),
                expires_at=now + LINK_LIVES,
            )
        )
        return token

    def _shut_out(self, connection: Connection, staff_id: int, *, is_active: bool) -> None:
        for table in (StaffLink, StaffSession, Passkey, Trial):
            connection.execute(delete(table).where(table.staff_id == staff_id))
        connection.execute(
            update(Staff)
            .where(Staff.id == staff_id)
            .values(is_active=is_active, password_hash=None, secret_sealed=None, presence="off")
        )


def token_hash(token: str) -> bytes:
    """How links and sessions are kept; 256 random bits need no key and no salt."""
    return hashlib.sha256(b"kuska staff\0" + token.encode()).digest()


def find(connection: Connection, name: str) -> int | None:
    """Who has this name, whatever its capitals: a telephone's keyboard makes its own."""
    wanted = " ".join(name.split()).casefold()
    # Not in SQL: SQLite's lower() knows no Á.
    for row in connection.execute(select(Staff.id, Staff.name)):
        if row.name.casefold() == wanted:
            return int(row.id)
    return None


def _require(connection: Connection, name: str) -> int:
    staff_id = find(connection, name)
    if staff_id is None:
        raise CommandRefused(f"{name}: nobody of this name")
    return staff_id
