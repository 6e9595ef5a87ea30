"""Staff sign in: passwords, codes, links, sessions, presence; an audit that cannot fork."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0003"
down_revision = "0002"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.create_table(
        "signin_pace",
        sa.Column("name_hash", sa.LargeBinary(), nullable=False),
        sa.Column("failures", NUMBER, nullable=False),
        sa.Column("retry_at", NUMBER, nullable=False),
        sa.PrimaryKeyConstraint("name_hash", name="pk_signin_pace"),
    )
    op.create_index("ix_signin_pace_retry_at", "signin_pace", ["retry_at"], unique=False)
    op.create_table(
        "staff_link",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", NUMBER, nullable=False),
        sa.Column("secret_sealed", sa.LargeBinary(), nullable=False),
        sa.Column("expires_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name="fk_staff_link_staff_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_link"),
    )
    op.create_index("ix_staff_link_staff_id", "staff_link", ["staff_id"], unique=False)
    op.create_table(
        "staff_session",
        sa.Column("token_hash", sa.LargeBinary(), nullable=False),
        sa.Column("staff_id", NUMBER, nullable=False),
        sa.Column("started_at", NUMBER, nullable=False),
        sa.Column("active_at", NUMBER, nullable=False),
        sa.Column("heard_at", NUMBER, nullable=False),
        sa.ForeignKeyConstraint(
            ["staff_id"], ["staff.id"], name="fk_staff_session_staff_id", ondelete="CASCADE"
        ),
        sa.PrimaryKeyConstraint("token_hash", name="pk_staff_session"),
    )
    op.create_index("ix_staff_session_staff_id", "staff_session", ["staff_id"], unique=False)
    with op.batch_alter_table("audit_entry") as table:
        table.create_unique_constraint("uq_audit_entry_previous", ["previous"])
    # Columns only: SQLite then keeps the table, and the handoffs that point to it.
    op.add_column("staff", sa.Column("password_hash", sa.String(length=200), nullable=True))
    op.add_column("staff", sa.Column("secret_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("staff", sa.Column("code_step", NUMBER, server_default="0", nullable=False))
    op.add_column(
        "staff", sa.Column("presence", sa.String(length=8), server_default="off", nullable=False)
    )
    op.add_column(
        "staff", sa.Column("language", sa.String(length=8), server_default="es", nullable=False)
    )


def downgrade() -> None:
    for name in ("language", "presence", "code_step", "secret_sealed", "password_hash"):
        op.drop_column("staff", name)
    with op.batch_alter_table("audit_entry") as table:
        table.drop_constraint("uq_audit_entry_previous", type_="unique")
    op.drop_table("staff_session")
    op.drop_table("staff_link")
    op.drop_table("signin_pace")
