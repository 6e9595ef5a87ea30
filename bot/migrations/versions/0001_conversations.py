"""Tables of conversations."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "audit_entry",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("staff_id", NUMBER, nullable=True),
        sa.Column("action", sa.String(length=40), nullable=False),
        sa.Column("subject", sa.String(length=80), nullable=True),
        sa.Column("reason", sa.String(length=200), nullable=True),
        sa.Column("done_at", NUMBER, nullable=False),
        sa.Column("previous", sa.LargeBinary(), nullable=False),
        sa.Column("digest", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_audit_entry"),
        sa.UniqueConstraint("digest", name="uq_audit_entry_digest"),
    )
    op.create_table(
        "contact",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("channel", sa.String(length=16), nullable=False),
        sa.Column("address_index", sa.LargeBinary(), nullable=False),
        sa.Column("address_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("conversation_id", NUMBER, nullable=False),
        sa.Column("language", sa.String(length=8), nullable=True),
        sa.Column("pocket_mark", sa.LargeBinary(), nullable=True),
        sa.Column("may_write_first", sa.Boolean(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("last_seen_at", NUMBER, nullable=False),
        sa.Column("next_send_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_contact"),
        sa.UniqueConstraint("address_index", name="uq_contact_address_index"),
    )
    op.create_index("ix_contact_last_seen_at", "contact", ["last_seen_at"], unique=False)
    op.create_table(
        "content_sid",
        sa.Column("hash", sa.String(length=64), nullable=False),
        sa.Column("sid", sa.String(length=40), nullable=False),
        sa.PrimaryKeyConstraint("hash", name="pk_content_sid"),
    )
    op.create_table(
        "incident",
        sa.Column("kind", sa.String(length=40), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("times", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("kind", "day", name="pk_incident"),
    )
    op.create_table(
        "received_id",
        sa.Column("ref_index", sa.LargeBinary(), nullable=False),
        sa.Column("received_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("ref_index", name="pk_received_id"),
        sqlite_with_rowid=False,
    )
    op.create_index("ix_received_id_received_at", "received_id", ["received_at"], unique=False)
    op.create_table(
        "staff",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("name", sa.String(length=80), nullable=False),
        sa.Column("role", sa.String(length=16), nullable=False),
        sa.Column("organization_id", sa.String(length=80), nullable=True),
        sa.Column("is_active", sa.Boolean(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_staff"),
        sa.UniqueConstraint("name", name="uq_staff_name"),
    )
    op.create_table(
        "conversation",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("contact_id", NUMBER, nullable=False),
        sa.Column("memory_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("handoff_id", NUMBER, nullable=True),
        sa.Column("session_started_at", NUMBER, nullable=False),
        sa.Column("last_inbound_at", NUMBER, nullable=False),
        sa.Column("knocked_at", NUMBER, nullable=True),
        sa.Column("ended_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_conversation_contact_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_conversation"),
    )
    op.create_index("ix_conversation_contact_id", "conversation", ["contact_id"], unique=False)
    op.create_index("ix_conversation_ended_at", "conversation", ["ended_at"], unique=False)
    op.create_table(
        "handoff",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("contact_id", NUMBER, nullable=True),
        sa.Column("conversation_id", NUMBER, nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("risk", sa.String(length=16), nullable=False),
        sa.Column("summary_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("nickname", sa.String(length=40), nullable=True),
        sa.Column("safe_word_mark", sa.LargeBinary(), nullable=True),
        sa.Column("wording", sa.String(length=40), nullable=True),
        sa.Column("consented_at", NUMBER, nullable=True),
        sa.Column("may_write_first", sa.Boolean(), nullable=False),
        sa.Column("hours_ok", sa.String(length=40), nullable=True),
        sa.Column("due_at", NUMBER, nullable=True),
        sa.Column("expires_at", NUMBER, nullable=True),
        sa.Column("called_at", NUMBER, nullable=True),
        sa.Column("counselor_id", NUMBER, nullable=True),
        sa.Column("organization_id", sa.String(length=80), nullable=True),
        sa.Column("opened_at", NUMBER, nullable=False),
        sa.Column("claimed_at", NUMBER, nullable=True),
        sa.Column("closed_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["contact_id"], ["contact.id"], name="fk_handoff_contact_id", ondelete="SET NULL"
        ),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_handoff_conversation_id",
            ondelete="SET NULL",
        ),
        sa.ForeignKeyConstraint(["counselor_id"], ["staff.id"], name="fk_handoff_counselor_id"),
        sa.PrimaryKeyConstraint("id", name="pk_handoff"),
    )
    op.create_index("ix_handoff_contact_id", "handoff", ["contact_id"], unique=False)
    op.create_index("ix_handoff_conversation_id", "handoff", ["conversation_id"], unique=False)
    op.create_index("ix_handoff_counselor_id", "handoff", ["counselor_id"], unique=False)
    op.create_index("ix_handoff_expires_at", "handoff", ["expires_at"], unique=False)
    op.create_index("ix_handoff_status", "handoff", ["status"], unique=False)
    op.create_table(
        "message",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("conversation_id", NUMBER, nullable=False),
        sa.Column("direction", sa.String(length=8), nullable=False),
        sa.Column("body_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("ref_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("is_unwanted", sa.Boolean(), nullable=False),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_message_conversation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_message"),
    )
    op.create_index("ix_message_conversation_id", "message", ["conversation_id"], unique=False)
    op.create_table(
        "outbox",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("position", NUMBER, nullable=False),
        sa.Column("conversation_id", NUMBER, nullable=False),
        sa.Column("payload_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("cause", sa.String(length=16), nullable=False),
        sa.Column("passes_cover", sa.Boolean(), nullable=False),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("parts_sent", NUMBER, nullable=False),
        sa.Column("attempts", NUMBER, nullable=False),
        sa.Column("due_at", NUMBER, nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("created_at", NUMBER, nullable=False),
        sa.Column("sent_at", NUMBER, nullable=True),
        sa.ForeignKeyConstraint(
            ["conversation_id"],
            ["conversation.id"],
            name="fk_outbox_conversation_id",
            ondelete="CASCADE",
        ),
        sa.PrimaryKeyConstraint("id", name="pk_outbox"),
    )
    op.create_index("ix_outbox_created_at", "outbox", ["created_at"], unique=False)
    op.create_index(
        "ix_outbox_due",
        "outbox",
        ["due_at"],
        unique=False,
        sqlite_where=sa.text("status IN ('pending', 'sending')"),
        postgresql_where=sa.text("status IN ('pending', 'sending')"),
    )
    op.create_index("ix_outbox_order", "outbox", ["conversation_id", "position"], unique=False)
    op.create_table(
        "delivery",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("entry_id", NUMBER, nullable=True),
        sa.Column("part", NUMBER, nullable=False),
        sa.Column("ref_index", sa.LargeBinary(), nullable=False),
        sa.Column("ref_sealed", sa.LargeBinary(), nullable=True),
        sa.Column("status", sa.String(length=16), nullable=False),
        sa.Column("error_code", sa.String(length=40), nullable=True),
        sa.Column("is_unwanted", sa.Boolean(), nullable=False),
        sa.Column("sent_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["entry_id"], ["outbox.id"], name="fk_delivery_entry_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_delivery"),
        sa.UniqueConstraint("ref_index", name="uq_delivery_ref_index"),
    )
    op.create_index("ix_delivery_entry_id", "delivery", ["entry_id"], unique=False)
    op.create_index("ix_delivery_sent_at", "delivery", ["sent_at"], unique=False)
    op.create_table(
        "handoff_change",
        sa.Column("id", NUMBER, autoincrement=False, nullable=False),
        sa.Column("handoff_id", NUMBER, nullable=False),
        sa.Column("was", sa.String(length=16), nullable=True),
        sa.Column("became", sa.String(length=16), nullable=False),
        sa.Column("by_id", NUMBER, nullable=True),
        sa.Column("reason", sa.String(length=40), nullable=True),
        sa.Column("changed_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["handoff_id"], ["handoff.id"], name="fk_handoff_change_handoff_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_handoff_change"),
    )
    op.create_index("ix_handoff_change_handoff_id", "handoff_change", ["handoff_id"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_handoff_change_handoff_id", table_name="handoff_change")
    op.drop_table("handoff_change")
    op.drop_index("ix_delivery_sent_at", table_name="delivery")
    op.drop_index("ix_delivery_entry_id", table_name="delivery")
    op.drop_table("delivery")
    op.drop_index("ix_outbox_order", table_name="outbox")
    op.drop_index(
        "ix_outbox_due",
        table_name="outbox",
        sqlite_where=sa.text("status IN ('pending', 'sending')"),
        postgresql_where=sa.text("status IN ('pending', 'sending')"),
    )
    op.drop_index("ix_outbox_created_at", table_name="outbox")
    op.drop_table("outbox")
    op.drop_index("ix_message_conversation_id", table_name="message")
    op.drop_table("message")
    op.drop_index("ix_handoff_status", table_name="handoff")
    op.drop_index("ix_handoff_expires_at", table_name="handoff")
    op.drop_index("ix_handoff_counselor_id", table_name="handoff")
    op.drop_index("ix_handoff_conversation_id", table_name="handoff")
    op.drop_index("ix_handoff_contact_id", table_name="handoff")
    op.drop_table("handoff")
    op.drop_index("ix_conversation_ended_at", table_name="conversation")
    op.drop_index("ix_conversation_contact_id", table_name="conversation")
    op.drop_table("conversation")
    op.drop_table("staff")
    op.drop_index("ix_received_id_received_at", table_name="received_id")
    op.drop_table("received_id")
    op.drop_table("incident")
    op.drop_table("content_sid")
    op.drop_index("ix_contact_last_seen_at", table_name="contact")
    op.drop_table("contact")
    op.drop_table("audit_entry")
