"""Coming in and staying in: enrolment, password with second factor, pace, sessions (SAFETY 28)."""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import Connection, delete, insert, select, update

from bot import onetime
from bot.audit import Ledger
from bot.errors import SigninRefused
from bot.masters import Masters
from bot.models import SigninPace, Staff, StaffLink, StaffSession
from bot.staff import Member, find, token_hash

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200
FREE_TRIES = 5
"""Failures in a row before a name has to wait, twice as long each time."""
FIRST_WAIT, LONGEST_WAIT = timedelta(seconds=30), timedelta(minutes=15)
FORGET_TRIES = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Offer:
    """What an enrolment link opens."""

    staff_id: int
    name: str
    secret: bytes


class Porter:
    """Lets members in. Hashing takes a fifth of a second: call `hashed` and `matches` elsewhere
    than in the store's worker."""

    def __init__(self, masters: Masters, ledger: Ledger) -> None:
        self._masters = masters
        self._ledger = ledger
        self._hasher = PasswordHasher()  # argon2id, RFC 9106's second recommendation

    # -- enrolment ----------------------------------------------------------------------------

    def offer(self, connection: Connection, token: str, now: datetime) -> Offer:
        """What the link is for. Raise `SigninRefused` when it was used or is too old."""
        hashed = token_hash(token)
        row = connection.execute(
            select(Staff.id, Staff.name, StaffLink.secret_sealed)
            .join(Staff, Staff.id == StaffLink.staff_id)
            .where(StaffLink.token_hash == hashed, StaffLink.expires_at > now, Staff.is_active)
        ).one_or_none()
        if row is None:
            raise SigninRefused("link_over")
        return Offer(row.id, row.name, self._masters.unwrap(row.secret_sealed, hashed))

    def hashed(self, password: str) -> str:
        """For `enrol`. Raise `SigninRefused` when it is too short to be kept."""
        if not SHORTEST_PASSWORD <= len(password) <= LONGEST_PASSWORD:
            raise SigninRefused("password_short")
        return self._hasher.hash(password)

    def enrol(
        self, connection: Connection, token: str, password_hash: str, code: str, now: datetime
    ) -> str:
        """The link is used up, the second factor proved; the token of a first session."""
        offer = self.offer(connection, token, now)
        step = onetime.step_of(offer.secret, code, now, after=0)
        if step is None:
            raise SigninRefused("code_wrong")
        connection.execute(delete(StaffLink).where(StaffLink.staff_id == offer.staff_id))
        connection.execute(
            update(Staff)
            .where(Staff.id == offer.staff_id)
            .values(
                password_hash=password_hash,
                secret_sealed=self._masters.wrap(offer.secret, _label(offer.staff_id)),
                code_step=step,
            )
        )
        self._ledger.record(connection, offer.staff_id, "enrol", now)
        return _begin(connection, offer.staff_id, now)

    # -- coming in ----------------------------------------------------------------------------

    def kept_hash(self, connection: Connection, name: str, now: datetime) -> str | None:
        """The password's hash of a name; None for a name that cannot come in.

        Raise `SigninRefused` when it was tried too often; names that nobody has are paced alike.
        """
        waits = select(SigninPace.retry_at).where(SigninPace.name_hash == _mark(name))
        retry_at = connection.scalar(waits)
        if retry_at is not None and retry_at > now:
            raise SigninRefused("too_often")
        return connection.scalar(
            select(Staff.password_hash).where(Staff.id == find(connection, name), Staff.is_active)
        )

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; takes as long when there is none to compare with."""
        try:
            self._hasher.verify(password_hash or self._nobody, password[: LONGEST_PASSWORD + 1])
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def sign_in(
        self, connection: Connection, name: str, code: str, now: datetime, *, is_right: bool
    ) -> str | None:
        """A session's token when the password was right and the code is; None and a longer pace
        when not. Which of the three was wrong is not said."""
        member = connection.execute(
            select(Staff.id, Staff.secret_sealed, Staff.code_step)
            .where(Staff.id == find(connection, name), Staff.is_active)
            .where(Staff.secret_sealed.is_not(None))
            .with_for_update()
        ).one_or_none()
        step = None
        if member is not None and is_right:
            secret = self._masters.unwrap(member.secret_sealed, _label(member.id))
            step = onetime.step_of(secret, code, now, member.code_step)
        if member is None or step is None:
            _slow_down(connection, name, now)
            return None
        connection.execute(delete(SigninPace).where(SigninPace.name_hash == _mark(name)))
        connection.execute(update(Staff).where(Staff.id == member.id).values(code_step=step))
        self._ledger.record(connection, member.id, "sign_in", now)
        return _begin(connection, member.id, now)

    def sign_out(self, connection: Connection, token: str, staff_id: int, now: datetime) -> None:
        """The session ends; with the last one she is off duty."""
        connection.execute(delete(StaffSession).where(StaffSession.token_hash == token_hash(token)))
        others = select(StaffSession.token_hash).where(StaffSession.staff_id == staff_id)
        if connection.execute(others).first() is None:
            connection.execute(update(Staff).where(Staff.id == staff_id).values(presence="off"))
        self._ledger.record(connection, staff_id, "sign_out", now)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())


def member_of(connection: Connection, token: str, now: datetime) -> Member | None:
    """Who is signed in with this token; None when the session is over or never was."""
    row = connection.execute(
        select(Staff.id, Staff.name, Staff.role, Staff.language, Staff.presence)
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(StaffSession.token_hash == token_hash(token), Staff.is_active)
        .where(StaffSession.active_at > now - IDLE, StaffSession.started_at > now - LONGEST)
    ).one_or_none()
    return None if row is None else Member(*row)


def touch(connection: Connection, token: str, now: datetime, *, is_active: bool) -> None:
    """Her page was heard of; `is_active` says that it was she who did something."""
    values = {"heard_at": now, "active_at": now} if is_active else {"heard_at": now}
    connection.execute(
        update(StaffSession).where(StaffSession.token_hash == token_hash(token)).values(values)
    )


def drop_over(connection: Connection, now: datetime) -> None:
    """Sessions, links and paces whose time is over."""
    over = (StaffSession.active_at <= now - IDLE) | (StaffSession.started_at <= now - LONGEST)
    connection.execute(delete(StaffSession).where(over))
    connection.execute(delete(StaffLink).where(StaffLink.expires_at <= now))
    connection.execute(delete(SigninPace).where(SigninPace.retry_at <= now - FORGET_TRIES))


def _begin(connection: Connection, staff_id: int, now: datetime) -> str:
    drop_over(connection, now)
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(StaffSession).values(
            token_hash=token_hash(token),
            staff_id=staff_id,
            started_at=now,
            active_at=now,
            heard_at=now,
        )
    )
    return token


def _slow_down(connection: Connection, name: str, now: datetime) -> None:
    mark = _mark(name)
    failures = connection.scalar(
        select(SigninPace.failures).where(SigninPace.name_hash == mark).with_for_update()
    )
    count = (failures or 0) + 1
    late = min(FIRST_WAIT * 2 ** min(count - FREE_TRIES, 10), LONGEST_WAIT)
    retry_at = now + late if count >= FREE_TRIES else now
    if failures is None:
        connection.execute(
            insert(SigninPace).values(name_hash=mark, failures=count, retry_at=retry_at)
        )
        return
    connection.execute(
        update(SigninPace)
        .where(SigninPace.name_hash == mark)
        .values(failures=count, retry_at=retry_at)
    )


def _mark(name: str) -> bytes:
    folded = " ".join(name.split()).casefold()
    return hashlib.sha256(b"sign in\0" + folded.encode(errors="replace")).digest()


def _label(staff_id: int) -> bytes:
    return f"staff:{staff_id}".encode()
