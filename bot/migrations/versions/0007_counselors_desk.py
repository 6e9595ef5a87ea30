"""What a counselor has on her desk: words not sent yet; and where she referred somebody to."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0007"
down_revision = "0006"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("handoff", sa.Column("draft_sealed", sa.LargeBinary(), nullable=True))
    op.add_column("handoff_change", sa.Column("service_id", sa.String(length=80), nullable=True))


def downgrade() -> None:
    op.drop_column("handoff_change", "service_id")
    op.drop_column("handoff", "draft_sealed")
