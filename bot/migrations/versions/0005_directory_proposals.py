"""What editors propose and publish in the directory, field by field."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"
branch_labels = None
depends_on = None


def upgrade() -> None:
    op.create_table(
        "proposal",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("service_id", sa.String(length=80), nullable=False),
        sa.Column("is_new", sa.Boolean(), nullable=False),
        sa.Column("state", sa.String(length=10), nullable=False),
        sa.Column("source", sa.String(length=10), nullable=False),
        sa.Column("batch", sa.Integer(), nullable=True),
        sa.Column("why", sa.Text(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=True),
        sa.Column("by_name", sa.String(length=80), nullable=False),
        sa.Column("proposed_at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("decided_by_id", sa.BigInteger(), nullable=True),
        sa.Column("decided_by_name", sa.String(length=80), nullable=True),
        sa.Column("decided_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("decided_why", sa.Text(), nullable=True),
        sa.PrimaryKeyConstraint("id", name="pk_proposal"),
    )
    for name in ("service_id", "state", "batch"):
        op.create_index(f"ix_proposal_{name}", "proposal", [name], unique=False)
    op.create_table(
        "proposal_change",
        sa.Column("id", sa.Integer(), nullable=False),
        sa.Column("proposal_id", sa.Integer(), nullable=False),
        sa.Column("field", sa.String(length=40), nullable=False),
        sa.Column("before", sa.Text(), nullable=False),
        sa.Column("after", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(
            ["proposal_id"], ["proposal.id"], name="fk_proposal_change_proposal_id_proposal"
        ),
        sa.PrimaryKeyConstraint("id", name="pk_proposal_change"),
    )
    op.create_index(
        "ix_proposal_change_proposal_id", "proposal_change", ["proposal_id"], unique=False
    )


def downgrade() -> None:
    op.drop_index("ix_proposal_change_proposal_id", table_name="proposal_change")
    op.drop_table("proposal_change")
    for name in ("batch", "state", "service_id"):
        op.drop_index(f"ix_proposal_{name}", table_name="proposal")
    op.drop_table("proposal")
