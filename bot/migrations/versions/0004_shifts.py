"""Weekly shifts of counselors, and when she last turned her switch."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0004"
down_revision = "0003"
branch_labels = None
depends_on = None

NUMBER = sa.BigInteger().with_variant(sa.Integer(), "sqlite")


def upgrade() -> None:
    op.add_column("staff", sa.Column("presence_at", NUMBER, nullable=True))
    op.add_column(
        "staff", sa.Column("hours", sa.String(length=200), server_default="", nullable=False)
    )


def downgrade() -> None:
    op.drop_column("staff", "hours")
    op.drop_column("staff", "presence_at")
