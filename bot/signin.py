"""Coming in and staying in: enrolment, password with second factor, pace, sessions (SAFETY 28)."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from sqlalchemy import ColumnElement, Connection, delete, insert, select, update

from bot import onetime, pace, passkeys
from bot.audit import Ledger
from bot.errors import SigninRefused
from bot.masters import Masters
from bot.models import Staff, StaffLink, StaffSession, Trial
from bot.passkeys import Site
from bot.staff import Member, find, token_hash

IDLE = timedelta(minutes=30)
LONGEST = timedelta(hours=8)
SHORTEST_PASSWORD, LONGEST_PASSWORD = 12, 200


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
        self.masters = masters
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
        return Offer(row.id, row.name, self.masters.unwrap(row.secret_sealed, hashed))

    def hashed(self, password: str) -> str:
        """As it is kept. Raise `SigninRefused` when it is too short to be kept."""
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
        used = connection.execute(
            delete(StaffLink).where(StaffLink.token_hash == token_hash(token))
        )
        if used.rowcount != 1:  # somebody else was quicker with the same link
            raise SigninRefused("link_over")
        connection.execute(delete(StaffLink).where(StaffLink.staff_id == offer.staff_id))
        connection.execute(
            update(Staff).where(Staff.id == offer.staff_id).values(password_hash=password_hash)
        )
        self.keep_code(connection, offer.staff_id, offer.secret, step)
        self._ledger.record(connection, offer.staff_id, "enrol", now)
        return begin(connection, offer.staff_id, now)

    def keep_code(self, connection: Connection, staff_id: int, secret: bytes, step: int) -> None:
        """Her one-time codes come from this secret; the one of `step` was used."""
        sealed = self.masters.wrap(secret, _label(staff_id))
        connection.execute(
            update(Staff).where(Staff.id == staff_id).values(secret_sealed=sealed, code_step=step)
        )

    def offer_code(
        self, connection: Connection, staff_id: int, secret: bytes, now: datetime
    ) -> str:
        """Keep a new secret until a code of it is typed; its ticket."""
        sealed = self.masters.wrap(secret, _label(staff_id))
        return passkeys.ask(connection, "code", staff_id, sealed, now)

    def change_code(
        self, connection: Connection, staff_id: int, ticket: str, code: str, now: datetime
    ) -> tuple[str, bytes] | None:
        """Her codes come from the new secret; after a wrong one a fresh ticket and the secret.
        Raise `SigninRefused` when the ticket was used or is too old."""
        asked = passkeys.take(connection, "code", ticket, now)
        if asked.staff_id != staff_id:
            raise SigninRefused("passkey_over")
        secret = self.masters.unwrap(asked.secret, _label(staff_id))
        step = onetime.step_of(secret, code, now, after=0)
        if step is None:
            return self.offer_code(connection, staff_id, secret, now), secret
        self.keep_code(connection, staff_id, secret, step)
        self._ledger.record(connection, staff_id, "code", now)
        return None

    # -- coming in ----------------------------------------------------------------------------

    def kept_hash(
        self, connection: Connection, name: str, now: datetime, *, device: str = ""
    ) -> str | None:
        """The password's hash of a name; None for a name that cannot come in.

        Raise `SigninRefused` when it was tried too often; names that nobody has are paced alike.
        """
        pace.require(connection, pace.counted(self.masters, name, device), now)
        return connection.scalar(
            select(Staff.password_hash).where(Staff.id == find(connection, name), Staff.is_active)
        )

    def matches(self, password_hash: str | None, password: str) -> bool:
        """Whether it is the password; takes as long when there is none to compare with."""
        nobody = self._nobody  # made for the first of all, whoever she is
        try:
            self._hasher.verify(password_hash or nobody, password[: LONGEST_PASSWORD + 1])
        except (VerificationError, InvalidHashError):
            return False
        return password_hash is not None

    def sign_in(
        self,
        connection: Connection,
        name: str,
        code: str,
        now: datetime,
        *,
        is_right: bool,
        device: str = "",
    ) -> str | None:
        """A session's token when the password was right and the code is; None and a longer pace
        when not. Which of the three was wrong is not said.

        Raise `SigninRefused` when a try beside this one used up the pace: many at once are no way
        round it.
        """
        name_hash = pace.counted(self.masters, name, device)
        pace.require(connection, name_hash, now)
        member = connection.execute(
            select(Staff.id, Staff.secret_sealed, Staff.code_step)
            .where(Staff.id == find(connection, name), Staff.is_active)
            .where(Staff.secret_sealed.is_not(None))
            .with_for_update()
        ).one_or_none()
        step = None
        if member is not None and is_right:
            secret = self.masters.unwrap(member.secret_sealed, _label(member.id))
            step = onetime.step_of(secret, code, now, member.code_step)
        if member is None or step is None:
            pace.slow_down(connection, name_hash, now)
            return None
        connection.execute(update(Staff).where(Staff.id == member.id).values(code_step=step))
        return self._let_in(connection, member.id, name_hash, "code", now)

    def invite(
        self,
        connection: Connection,
        site: Site,
        name: str,
        now: datetime,
        *,
        is_right: bool,
        device: str = "",
    ) -> tuple[str, str]:
        """Password first, then a passkey: ticket and options for the browser, the same whether the
        password was right or not. Each counts as a try until one lets in."""
        name_hash = pace.counted(self.masters, name, device)
        pace.require(connection, name_hash, now)
        pace.slow_down(connection, name_hash, now)
        staff_id = find(connection, name) if is_right else None
        return passkeys.invite(connection, site, staff_id, name_hash, now)

    def sign_in_with_passkey(
        self, connection: Connection, site: Site, ticket: str, answer: str, now: datetime
    ) -> str | None:
        """A session's token when a key of hers answered the challenge. Raise `SigninRefused` when
        that was used or is too old."""
        asked = passkeys.take(connection, "sign_in", ticket, now)
        staff_id = passkeys.prove(connection, site, asked, answer, now)
        is_here = select(Staff.id).where(Staff.id == staff_id, Staff.is_active)
        if staff_id is None or asked.name_hash is None or connection.scalar(is_here) is None:
            return None
        return self._let_in(connection, staff_id, asked.name_hash, "passkey", now)

    def _let_in(
        self, connection: Connection, staff_id: int, name_hash: bytes, how: str, now: datetime
    ) -> str:
        pace.forget(connection, name_hash)
        self._ledger.record(connection, staff_id, "sign_in", now, reason=how)
        return begin(connection, staff_id, now)

    def end(self, connection: Connection, token: str) -> None:
        """The session of this token is over, if there was one: another begins in its browser."""
        connection.execute(delete(StaffSession).where(StaffSession.token_hash == token_hash(token)))

    def sign_out(self, connection: Connection, token: str, staff_id: int, now: datetime) -> None:
        """The session ends; with the last one she is off duty."""
        self.end(connection, token)
        others = select(StaffSession.token_hash).where(StaffSession.staff_id == staff_id)
        if connection.execute(others).first() is None:
            connection.execute(update(Staff).where(Staff.id == staff_id).values(presence="off"))
        self._ledger.record(connection, staff_id, "sign_out", now)

    @cached_property
    def _nobody(self) -> str:
        return self._hasher.hash(secrets.token_urlsafe())


def is_open(now: datetime) -> ColumnElement[bool]:
    """What holds of a session that is not over."""
    return (StaffSession.active_at > now - IDLE) & (StaffSession.started_at > now - LONGEST)


def member_of(connection: Connection, token: str, now: datetime) -> Member | None:
    """Who is signed in with this token; None when the session is over or never was."""
    row = connection.execute(
        select(
            Staff.id,
            Staff.name,
            Staff.role,
            Staff.language,
            Staff.presence,
            Staff.organization_id,
        )
        .join(StaffSession, StaffSession.staff_id == Staff.id)
        .where(StaffSession.token_hash == token_hash(token), Staff.is_active)
        .where(is_open(now))
    ).one_or_none()
    return None if row is None else Member(*row)


def ends_at(connection: Connection, token: str) -> datetime | None:
    """When her session ends whatever she does; None when there is none."""
    started_at = connection.scalar(
        select(StaffSession.started_at).where(StaffSession.token_hash == token_hash(token))
    )
    return None if started_at is None else started_at + LONGEST


def touch(connection: Connection, token: str, now: datetime, *, is_active: bool) -> None:
    """Her page was heard of; `is_active` says that it was she who did something."""
    values = {"heard_at": now, "active_at": now} if is_active else {"heard_at": now}
    connection.execute(
        update(StaffSession).where(StaffSession.token_hash == token_hash(token)).values(values)
    )


def drop_over(connection: Connection, now: datetime) -> None:
    """Sessions, links, challenges and paces whose time is over."""
    connection.execute(delete(StaffSession).where(~is_open(now)))
    connection.execute(delete(StaffLink).where(StaffLink.expires_at <= now))
    connection.execute(delete(Trial).where(Trial.expires_at <= now))
    pace.drop_over(connection, now)


def begin(
    connection: Connection, staff_id: int, now: datetime, since: datetime | None = None
) -> str:
    """A new session of hers, or one in the place of that which began at `since`; its token."""
    drop_over(connection, now)
    token = secrets.token_urlsafe(32)
    connection.execute(
        insert(StaffSession).values(
            token_hash=token_hash(token),
            staff_id=staff_id,
            started_at=since or now,
            active_at=now,
            heard_at=now,
        )
    )
    return token


def _label(staff_id: int) -> bytes:
    return f"staff:{staff_id}".encode()
