"""What somebody of the staff changes of her own way in. One second factor always stays."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, delete, func, select, update

from bot import passkeys, signin
from bot.audit import Ledger
from bot.errors import SigninRefused
from bot.models import Passkey, Staff, StaffSession, Trial
from bot.passkeys import Kept


@dataclass(frozen=True, slots=True)
class Standing:
    """Her second factors, and at how many places she is signed in."""

    has_code: bool
    keys: Sequence[Kept]
    sessions: int

    @property
    def is_last(self) -> bool:
        """Whether there is one second factor only, which stays."""
        return self.has_code + len(self.keys) < 2


def standing(connection: Connection, staff_id: int, now: datetime) -> Standing:
    """How she comes in now."""
    has_code = select(Staff.secret_sealed.is_not(None)).where(Staff.id == staff_id)
    open_ones = select(func.count()).where(StaffSession.staff_id == staff_id, signin.is_open(now))
    return Standing(
        has_code=bool(connection.scalar(has_code)),
        keys=passkeys.list_of(connection, staff_id),
        sessions=connection.scalar(open_ones) or 0,
    )


def change_password(
    connection: Connection,
    ledger: Ledger,
    staff_id: int,
    password_hash: str,
    token: str,
    now: datetime,
) -> str:
    """Everywhere else she is signed out; a new token here, for as long as the old one had left."""
    ends_at = signin.ends_at(connection, token)
    connection.execute(
        update(Staff).where(Staff.id == staff_id).values(password_hash=password_hash)
    )
    _end_sessions(connection, staff_id)
    ledger.record(connection, staff_id, "password", now)
    since = None if ends_at is None else ends_at - signin.LONGEST
    return signin.begin(connection, staff_id, now, since)


def sign_out_everywhere(
    connection: Connection, ledger: Ledger, staff_id: int, now: datetime
) -> None:
    """No session of hers is left, and she is off duty."""
    _end_sessions(connection, staff_id)
    connection.execute(update(Staff).where(Staff.id == staff_id).values(presence="off"))
    ledger.record(connection, staff_id, "sign_out", now, reason="everywhere")


def remove_key(
    connection: Connection, ledger: Ledger, staff_id: int, key_id: int, now: datetime
) -> None:
    """One passkey less. Raise `SigninRefused` when it is her last second factor."""
    _require_another(connection, staff_id, now)
    gone = connection.execute(
        delete(Passkey).where(Passkey.id == key_id, Passkey.staff_id == staff_id)
    )
    if gone.rowcount == 1:
        ledger.record(connection, staff_id, "passkey_off", now, subject=str(key_id))


def remove_code(connection: Connection, ledger: Ledger, staff_id: int, now: datetime) -> None:
    """No one-time codes any more, which a copied page could ask her for."""
    _require_another(connection, staff_id, now)
    connection.execute(update(Staff).where(Staff.id == staff_id).values(secret_sealed=None))
    ledger.record(connection, staff_id, "code_off", now)


def _require_another(connection: Connection, staff_id: int, now: datetime) -> None:
    # Two removals at once must not each see the other's factor.
    connection.execute(select(Staff.id).where(Staff.id == staff_id).with_for_update())
    if standing(connection, staff_id, now).is_last:
        raise SigninRefused("last_factor")


def _end_sessions(connection: Connection, staff_id: int) -> None:
    for table in (StaffSession, Trial):
        connection.execute(delete(table).where(table.staff_id == staff_id))
