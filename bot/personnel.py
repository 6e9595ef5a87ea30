"""Who works here, as it is kept: members, their ways in, their sessions, and what they did."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import ForeignKey, String
from sqlalchemy.orm import Mapped, mapped_column

from bot.tables import Base, key, of


class Staff(Base):
    """Counselors, editors, reviewers, supervisors and administrators.

    Who has no `password_hash` has not enrolled yet. `code_step` is the time step of the last
    one-time code that was taken: none is taken twice. `presence`: on, busy, pause, off, turned at
    `presence_at`. `hours` are her weekly shifts, as `shifts` writes them.
    """

    __tablename__ = "staff"
    id: Mapped[int] = key()
    name: Mapped[str] = mapped_column(String(80), unique=True)
    role: Mapped[str] = mapped_column(String(16))
    organization_id: Mapped[str | None] = mapped_column(String(80))
    is_active: Mapped[bool] = mapped_column(default=True)
    created_at: Mapped[datetime]
    password_hash: Mapped[str | None] = mapped_column(String(200))
    secret_sealed: Mapped[bytes | None]
    code_step: Mapped[int] = mapped_column(default=0, server_default="0")
    presence: Mapped[str] = mapped_column(String(8), default="off", server_default="off")
    presence_at: Mapped[datetime | None]
    hours: Mapped[str] = mapped_column(String(200), default="", server_default="")
    language: Mapped[str] = mapped_column(String(8), default="es", server_default="es")


class StaffLink(Base):
    """A way in, once and for half an hour: its token is kept as a hash only."""

    __tablename__ = "staff_link"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = of("staff")
    secret_sealed: Mapped[bytes]
    expires_at: Mapped[datetime]


class StaffSession(Base):
    """Somebody of the staff signed in. `active_at` is when she last did something herself,
    `heard_at` when her open page was last heard of."""

    __tablename__ = "staff_session"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = of("staff")
    started_at: Mapped[datetime]
    active_at: Mapped[datetime]
    heard_at: Mapped[datetime]


class SigninPace(Base):
    """How often in a row a name was tried in vain, known or not; the name only as a hash."""

    __tablename__ = "signin_pace"
    name_hash: Mapped[bytes] = mapped_column(primary_key=True)
    failures: Mapped[int]
    retry_at: Mapped[datetime] = mapped_column(index=True)


class Passkey(Base):
    """A key that a device of hers keeps; here is its public half. `uses` is the device's own count:
    one that does not grow was copied."""

    __tablename__ = "passkey"
    id: Mapped[int] = key()
    staff_id: Mapped[int] = of("staff")
    credential_id: Mapped[bytes] = mapped_column(unique=True)
    public_key: Mapped[bytes]
    uses: Mapped[int]
    title: Mapped[str] = mapped_column(String(60))
    created_at: Mapped[datetime]
    used_at: Mapped[datetime | None]


class Trial(Base):
    """A challenge or a new code's secret that waits for proof, once and for a few minutes.

    `staff_id` is empty when somebody at the sign-in did not know the password: she is asked all
    the same. `name_hash` is the name whose pace it counts for.
    """

    __tablename__ = "trial"
    token_hash: Mapped[bytes] = mapped_column(primary_key=True)
    purpose: Mapped[str] = mapped_column(String(16))
    staff_id: Mapped[int | None] = of("staff")
    secret: Mapped[bytes]
    title: Mapped[str] = mapped_column(String(60))
    name_hash: Mapped[bytes | None]
    expires_at: Mapped[datetime]


class Ping(Base):
    """Where a counselor is called when somebody waits: her chat or mailbox, proved.

    `address_index` tells that a chat is hers. `pinged_at` is up to which calls she was told."""

    __tablename__ = "ping"
    staff_id: Mapped[int] = mapped_column(
        ForeignKey("staff.id", ondelete="CASCADE"), primary_key=True, autoincrement=False
    )
    kind: Mapped[str] = mapped_column(String(16))
    address_sealed: Mapped[bytes]
    address_index: Mapped[bytes] = mapped_column(unique=True)
    pinged_at: Mapped[datetime | None]
    failed_at: Mapped[datetime | None]


class PingCode(Base):
    """A code that proves that a chat or a mailbox is hers, once and for some minutes."""

    __tablename__ = "ping_code"
    code_hash: Mapped[bytes] = mapped_column(primary_key=True)
    staff_id: Mapped[int] = of("staff")
    kind: Mapped[str] = mapped_column(String(16))
    address_sealed: Mapped[bytes | None]
    expires_at: Mapped[datetime]


class AuditEntry(Base):
    """What staff did. `digest` covers the entry and the digest before it: a gap shows."""

    __tablename__ = "audit_entry"
    id: Mapped[int] = key()
    staff_id: Mapped[int | None]
    action: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str | None] = mapped_column(String(80))
    reason: Mapped[str | None] = mapped_column(String(200))
    done_at: Mapped[datetime]
    previous: Mapped[bytes] = mapped_column(unique=True)
    digest: Mapped[bytes] = mapped_column(unique=True)
