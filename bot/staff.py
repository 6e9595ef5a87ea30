"""Who works here: roles and their rights, the one-time link that lets somebody in, and the way out.

A right is denied unless it stands in `RIGHTS`.
"""

from __future__ import annotations

import hashlib
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from sqlalchemy import Connection, delete, func, insert, select, update

from bot.audit import Ledger
from bot.columns import new_id
from bot.errors import CommandRefused
from bot.masters import Masters
from bot.models import Passkey, Ping, PingCode, Staff, StaffLink, StaffSession, Trial
from bot.onetime import new_secret

Right = Literal["counsel", "supervise", "manage", "edit", "review", "account"]
ROLES = ("counselor", "editor", "reviewer", "supervisor", "admin")
RIGHTS: Mapping[Right, frozenset[str]] = {
    "account": frozenset(ROLES),
    "counsel": frozenset({"counselor", "supervisor", "admin"}),
    "supervise": frozenset({"supervisor", "admin"}),
    "manage": frozenset({"admin"}),
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
    organization_id: str | None = None

    def may(self, right: Right) -> bool:
        """Whether her role has this right."""
        return self.role in RIGHTS[right]


class Entry(NamedTuple):
    """Somebody in the list of who works, or worked, here."""

    id: int
    name: str
    role: str
    organization_id: str | None
    is_active: bool
    has_enrolled: bool


@dataclass(frozen=True, slots=True)
class Roster:
    """Changes of who works here; each is recorded with the administrator who made it on the page
    (`by_id`; None for an operator's command). `masters` seal the second factors."""

    masters: Masters
    ledger: Ledger

    def add(
        self,
        connection: Connection,
        name: str,
        role: str,
        now: datetime,
        organization_id: str | None = None,
        by_id: int | None = None,
    ) -> str:
        """A new member, who enrols with the token that is returned. `CommandRefused` when the name
        is taken or not fit."""
        name = " ".join(name.split())
        if not 0 < len(name) <= LONGEST_NAME or not name.isprintable():
            raise CommandRefused(f"a name has 1 to {LONGEST_NAME} letters", "name_unfit")
        if find(connection, name) is not None:
            raise CommandRefused(
                f"{name}: there is somebody of this name; try `kuska staff reset`", "name_taken"
            )
        _check(role, organization_id)
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
        self.ledger.record(connection, by_id, "staff_add", now, subject=str(staff_id), reason=role)
        return self._link(connection, staff_id, now)

    def reset(
        self, connection: Connection, staff_id: int, now: datetime, by_id: int | None = None
    ) -> str:
        """Password, second factors and sessions are gone; she enrols anew with the token.

        Somebody who was taken off comes back by it."""
        self._shut_out(connection, staff_id, is_active=True)
        self.ledger.record(connection, by_id, "staff_reset", now, subject=str(staff_id))
        return self._link(connection, staff_id, now)

    def off(
        self, connection: Connection, staff_id: int, now: datetime, by_id: int | None = None
    ) -> None:
        """She no longer works here: signed out everywhere, and no way in."""
        self._shut_out(connection, staff_id, is_active=False)
        self.ledger.record(connection, by_id, "staff_off", now, subject=str(staff_id))

    def change(
        self,
        connection: Connection,
        staff_id: int,
        role: str,
        organization_id: str | None,
        now: datetime,
        by_id: int | None = None,
    ) -> None:
        """Another role or organization, from her next click on."""
        _check(role, organization_id)
        hers = update(Staff).where(Staff.id == staff_id)
        connection.execute(hers.values(role=role, organization_id=organization_id))
        self.ledger.record(
            connection, by_id, "staff_change", now, subject=str(staff_id), reason=role
        )

    def first(self, connection: Connection, now: datetime) -> str | None:
        """The token of a first administrator; None once one has enrolled."""
        admins = select(func.count()).where(Staff.role == "admin", Staff.is_active)
        if connection.scalar(admins.where(Staff.password_hash.is_not(None))):
            return None
        known = find(connection, FIRST)
        if known is None:
            return self.add(connection, FIRST, "admin", now)
        return self.reset(connection, known, now)

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
        for table in (StaffLink, StaffSession, Passkey, Trial, Ping, PingCode):
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


def require(connection: Connection, name: str) -> int:
    """Who has this name; `CommandRefused` when nobody has."""
    staff_id = find(connection, name)
    if staff_id is None:
        raise CommandRefused(f"{name}: nobody of this name")
    return staff_id


def everybody(connection: Connection) -> list[Entry]:
    """Who works here, then who did, by name."""
    rows = connection.execute(select(Staff))
    found = [
        Entry(
            row.id,
            row.name,
            row.role,
            row.organization_id,
            row.is_active,
            row.password_hash is not None,
        )
        for row in rows
    ]
    return sorted(found, key=lambda each: (not each.is_active, each.name.casefold()))


def _check(role: str, organization_id: str | None) -> None:
    if role not in ROLES:
        raise CommandRefused(f"{role}: not one of {', '.join(ROLES)}", "role_unknown")
    if organization_id is not None and not (
        0 < len(organization_id) <= LONGEST_NAME and organization_id.isprintable()
    ):
        raise CommandRefused(
            f"an organization's name has 1 to {LONGEST_NAME} letters", "organization_unfit"
        )
