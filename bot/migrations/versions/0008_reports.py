"""Whether services answered people and how often they are shown, counted without the people."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0008"
down_revision = "0007"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "service_report",
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("kind", sa.String(length=12), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "kind", "day", name="pk_service_report"),
    )
    op.create_table(
        "service_shown",
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("month", sa.Date(), nullable=False),
        sa.Column("times", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("service_id", "month", name="pk_service_shown"),
    )
    op.create_table(
        "report_mark",
        sa.Column("owner", sa.LargeBinary(), nullable=False),
        sa.Column("mark", sa.LargeBinary(), nullable=False),
        sa.Column("day", sa.Date(), nullable=False),
        sa.PrimaryKeyConstraint("owner", "mark", name="pk_report_mark"),
    )
    op.create_index("ix_report_mark_day", "report_mark", ["day"], unique=False)


def downgrade() -> None:
    op.drop_index("ix_report_mark_day", table_name="report_mark")
    op.drop_table("report_mark")
    op.drop_table("service_shown")
    op.drop_table("service_report")
