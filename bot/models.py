"""What is kept: tables of contacts, conversations, what waits to be sent, handoffs and the record.

Nothing here tells who somebody is or what she talked about: addresses, texts, summaries and the
engine's memory are sealed under her key (`vault`), and the state is inside the memory. Ids are
numbers made here (`new_id`), times are moments in UTC kept as whole milliseconds. The tables of who
works here stand in `personnel`.
"""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import Date, ForeignKey, Index, String, text
from sqlalchemy.orm import Mapped, mapped_column

from bot.columns import from_ms as from_ms
from bot.columns import new_id as new_id
from bot.columns import to_ms as to_ms
from bot.personnel import AuditEntry as AuditEntry
from bot.personnel import Passkey as Passkey
from bot.personnel import Ping as Ping
from bot.personnel import PingCode as PingCode
from bot.personnel import SigninPace as SigninPace
from bot.personnel import Staff as Staff
from bot.personnel import StaffLink as StaffLink
from bot.personnel import StaffSession as StaffSession
from bot.personnel import Trial as Trial
from bot.tables import Base as Base
from bot.tables import key, of


class Contact(Base):
    """A person on one channel. `conversation_id` is her current one.

    It is no foreign key, because the two tables would then need each other. `next_send_at` paces
    what goes to her chat; `last_seen_at` is kept to the hour.
    """

    __tablename__ = "contact"
    id: Mapped[int] = key()
    channel: Mapped[str] = mapped_column(String(16))
    address_index: Mapped[bytes] = mapped_column(unique=True)
    address_sealed: Mapped[bytes]
    conversation_id: Mapped[int]
    language: Mapped[str | None] = mapped_column(String(8))
    pocket_mark: Mapped[bytes | None]
    may_write_first: Mapped[bool] = mapped_column(default=False)
    created_at: Mapped[datetime]
    last_seen_at: Mapped[datetime] = mapped_column(index=True)
    next_send_at: Mapped[datetime]


class Conversation(Base):
    """One session, or longer while its handoff lives. `status` is the memory's session."""

    __tablename__ = "conversation"
    id: Mapped[int] = key()
    contact_id: Mapped[int] = of("contact")
    memory_sealed: Mapped[bytes | None]
    status: Mapped[str] = mapped_column(String(16))
    handoff_id: Mapped[int | None]
    session_started_at: Mapped[datetime]
    last_inbound_at: Mapped[datetime]
    knocked_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None] = mapped_column(index=True)


class Message(Base):
    """What she wrote (`in`), or a counselor's note (`note`); what we said is in the outbox.

    `ref_sealed` is what the provider needs to delete its copy; `is_unwanted` says that it shall.
    """

    __tablename__ = "message"
    id: Mapped[int] = key()
    conversation_id: Mapped[int] = of("conversation")
    direction: Mapped[str] = mapped_column(String(8))
    body_sealed: Mapped[bytes | None]
    ref_sealed: Mapped[bytes | None]
    is_unwanted: Mapped[bool]
    created_at: Mapped[datetime]


class ReceivedId(Base):
    """A provider's message id that made its turn, tied to nobody; a repeat of it makes none."""

    __tablename__ = "received_id"
    __table_args__ = {"sqlite_with_rowid": False}  # noqa: RUF012 - as SQLAlchemy wants it
    ref_index: Mapped[bytes] = mapped_column(primary_key=True)
    received_at: Mapped[datetime] = mapped_column(index=True)


class OutboxEntry(Base):
    """The messages of one turn, waiting or sent; sent again from `parts_sent` on.

    Status: pending, held (a knock went out instead), sending (taken; its answer may be lost), sent,
    failed, void. `passes_cover` marks a cover or danger help, which a covered session lets through.
    """

    __tablename__ = "outbox"
    id: Mapped[int] = key()
    position: Mapped[int]
    conversation_id: Mapped[int] = mapped_column(ForeignKey("conversation.id", ondelete="CASCADE"))
    payload_sealed: Mapped[bytes | None]
    cause: Mapped[str] = mapped_column(String(16))
    passes_cover: Mapped[bool]
    status: Mapped[str] = mapped_column(String(16))
    parts_sent: Mapped[int]
    attempts: Mapped[int]
    due_at: Mapped[datetime]
    error_code: Mapped[str | None] = mapped_column(String(40))
    created_at: Mapped[datetime] = mapped_column(index=True)
    sent_at: Mapped[datetime | None]
    __table_args__ = (
        Index("ix_outbox_order", "conversation_id", "position"),
        Index(
            "ix_outbox_due",
            "due_at",
            sqlite_where=text("status IN ('pending', 'sending')"),
            postgresql_where=text("status IN ('pending', 'sending')"),
        ),
    )


class Delivery(Base):
    """One message as a provider took it. A status that came before our own record of the send has
    no entry yet."""

    __tablename__ = "delivery"
    id: Mapped[int] = key()
    entry_id: Mapped[int | None] = mapped_column(
        ForeignKey("outbox.id", ondelete="CASCADE"), index=True
    )
    part: Mapped[int]
    ref_index: Mapped[bytes] = mapped_column(unique=True)
    ref_sealed: Mapped[bytes | None]
    status: Mapped[str] = mapped_column(String(16))
    error_code: Mapped[str | None] = mapped_column(String(40))
    is_unwanted: Mapped[bool]
    sent_at: Mapped[datetime] = mapped_column(index=True)


class Handoff(Base):
    """A person takes over. After `borrar` it stays for the count, tied to nobody, without text.

    `draft_sealed` is what its counselor has typed and not sent, under the contact's key."""

    __tablename__ = "handoff"
    id: Mapped[int] = key()
    contact_id: Mapped[int | None] = mapped_column(
        ForeignKey("contact.id", ondelete="SET NULL"), index=True
    )
    conversation_id: Mapped[int | None] = mapped_column(
        ForeignKey("conversation.id", ondelete="SET NULL"), index=True
    )
    status: Mapped[str] = mapped_column(String(16), index=True)
    risk: Mapped[str] = mapped_column(String(16))
    summary_sealed: Mapped[bytes | None]
    nickname: Mapped[str | None] = mapped_column(String(40))
    safe_word_mark: Mapped[bytes | None]
    draft_sealed: Mapped[bytes | None]
    wording: Mapped[str | None] = mapped_column(String(40))
    consented_at: Mapped[datetime | None]
    may_write_first: Mapped[bool] = mapped_column(default=False)
    hours_ok: Mapped[str | None] = mapped_column(String(40))
    due_at: Mapped[datetime | None]
    expires_at: Mapped[datetime | None] = mapped_column(index=True)
    called_at: Mapped[datetime | None]
    counselor_id: Mapped[int | None] = mapped_column(ForeignKey("staff.id"), index=True)
    organization_id: Mapped[str | None] = mapped_column(String(80))
    opened_at: Mapped[datetime]
    claimed_at: Mapped[datetime | None]
    closed_at: Mapped[datetime | None]


class HandoffChange(Base):
    """Each step of a handoff: from which status to which, by whom, why (a word, never a text);
    `service_id` is where she was referred to."""

    __tablename__ = "handoff_change"
    id: Mapped[int] = key()
    handoff_id: Mapped[int] = of("handoff")
    was: Mapped[str | None] = mapped_column(String(16))
    became: Mapped[str] = mapped_column(String(16))
    by_id: Mapped[int | None]
    reason: Mapped[str | None] = mapped_column(String(40))
    service_id: Mapped[str | None] = mapped_column(String(80))
    changed_at: Mapped[datetime]


class ReportMark(Base):
    """That a contact spoke of a service, under her own key: `owner` is the same for all her marks
    and found by nobody without the key, `mark` for one service. It keeps a second report from
    counting for 30 days, and goes with her."""

    __tablename__ = "report_mark"
    owner: Mapped[bytes] = mapped_column(primary_key=True)
    mark: Mapped[bytes] = mapped_column(primary_key=True)
    day: Mapped[date] = mapped_column(Date, index=True)


class ContentSid(Base):
    """A content template made at Twilio, found again by the hash of what it shows."""

    __tablename__ = "content_sid"
    hash: Mapped[str] = mapped_column(String(64), primary_key=True)
    sid: Mapped[str] = mapped_column(String(40))


class Incident(Base):
    """How often something went wrong on a day; no text, nobody's."""

    __tablename__ = "incident"
    kind: Mapped[str] = mapped_column(String(40), primary_key=True)
    day: Mapped[date] = mapped_column(Date, primary_key=True)
    times: Mapped[int]
