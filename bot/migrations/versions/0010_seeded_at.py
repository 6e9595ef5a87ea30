"""When the seed last wrote a service: other systems ask for what changed since."""

from __future__ import annotations

from datetime import UTC, datetime

import sqlalchemy as sa
from alembic import op

revision = "0010"
down_revision = "0009"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.add_column("service", sa.Column("seeded_at", sa.DateTime(timezone=True), nullable=True))
    service = sa.table("service", sa.column("seeded_at", sa.DateTime(timezone=True)))
    op.execute(service.update().values(seeded_at=datetime.now(UTC)))


def downgrade() -> None:
    op.drop_column("service", "seeded_at")
